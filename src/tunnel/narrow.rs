//! What AWS would have to be told so that a device can meet a connection.

use std::fmt;

use super::model::{Abilities, TunnelOptions};
use super::negotiate::strongest;
use super::refusal::NegotiationErrors;

/// The options of one tunnel that have to change, in the words of `ModifyVpnTunnelOptions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowing {
    /// 1 or 2.
    pub tunnel: u8,
    /// Names and values in the AWS CLI's shorthand, such as `Phase1DHGroupNumbers` and
    /// `[{Value=20}]`.
    pub options: Vec<(&'static str, String)>,
}

impl Narrowing {
    /// A tunnel that accepts exactly these options.
    pub fn to(tunnel: u8, options: &TunnelOptions) -> Self {
        let list = |value: &dyn fmt::Display| format!("[{{Value={value}}}]");
        let (one, two) = (&options.phase1, &options.phase2);
        let options = vec![
            ("IKEVersions", list(&options.ike_version)),
            ("Phase1EncryptionAlgorithms", list(&one.encryption)),
            ("Phase1IntegrityAlgorithms", list(&one.integrity)),
            ("Phase1DHGroupNumbers", list(&one.dh_group)),
            ("Phase2EncryptionAlgorithms", list(&two.encryption)),
            ("Phase2IntegrityAlgorithms", list(&two.integrity)),
            ("Phase2DHGroupNumbers", list(&two.dh_group)),
        ];
        Self { tunnel, options }
    }

    /// The value of `--tunnel-options`.
    pub fn shorthand(&self) -> String {
        let pairs: Vec<String> = (self.options.iter())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join(",")
    }
}

/// For each tunnel the strongest values of the device where a connection's own were refused.
///
/// Empty where nothing of a tunnel's options helps, such as with a device that has no BGP.
pub fn narrow(refused: &NegotiationErrors, abilities: &Abilities) -> Vec<Narrowing> {
    let Some(best) = strongest(abilities) else {
        return Vec::new();
    };
    let list = |value: &dyn fmt::Display| format!("[{{Value={value}}}]");
    let (one, two) = (&best.phase1, &best.phase2);
    // Beside a GCM cipher any hash will do; here it stands beside the connection's own cipher.
    let hash = abilities.phase2_integrity.iter().max();
    let hash = hash.copied().unwrap_or(two.integrity);
    let mut all: Vec<Narrowing> = Vec::new();
    for error in &refused.errors {
        let option = match error.subject {
            "IKE version" => ("IKEVersions", list(&best.ike_version)),
            "phase 1 encryption" => ("Phase1EncryptionAlgorithms", list(&one.encryption)),
            "phase 1 integrity" => ("Phase1IntegrityAlgorithms", list(&one.integrity)),
            "phase 1 DH group" => ("Phase1DHGroupNumbers", list(&one.dh_group)),
            "phase 2 encryption" => ("Phase2EncryptionAlgorithms", list(&two.encryption)),
            "phase 2 integrity" => ("Phase2IntegrityAlgorithms", list(&hash)),
            "phase 2 DH group" => ("Phase2DHGroupNumbers", list(&two.dh_group)),
            "startup action" => ("StartupAction", best.startup_action.to_string()),
            _ => continue,
        };
        for tunnel in &error.tunnels {
            match all.iter_mut().find(|known| known.tunnel == *tunnel) {
                Some(known) => known.options.push(option.clone()),
                None => all.push(Narrowing {
                    tunnel: *tunnel,
                    options: vec![option.clone()],
                }),
            }
        }
    }
    all.sort_by_key(|narrowing| narrowing.tunnel);
    all
}
