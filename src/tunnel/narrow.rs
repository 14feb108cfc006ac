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
        let options = members(options).map(|(_, name, value)| (name, value));
        let options = options.to_vec();
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

/// Each choice with negotiation's name for it, AWS's, and a list of it alone.
fn members(options: &TunnelOptions) -> [(&'static str, &'static str, String); 7] {
    let list = |value: &dyn fmt::Display| format!("[{{Value={value}}}]");
    let (one, two) = (&options.phase1, &options.phase2);
    [
        ("IKE version", "IKEVersions", list(&options.ike_version)),
        (
            "phase 1 encryption",
            "Phase1EncryptionAlgorithms",
            list(&one.encryption),
        ),
        (
            "phase 1 integrity",
            "Phase1IntegrityAlgorithms",
            list(&one.integrity),
        ),
        (
            "phase 1 DH group",
            "Phase1DHGroupNumbers",
            list(&one.dh_group),
        ),
        (
            "phase 2 encryption",
            "Phase2EncryptionAlgorithms",
            list(&two.encryption),
        ),
        (
            "phase 2 integrity",
            "Phase2IntegrityAlgorithms",
            list(&two.integrity),
        ),
        (
            "phase 2 DH group",
            "Phase2DHGroupNumbers",
            list(&two.dh_group),
        ),
    ]
}

/// For each tunnel the strongest values of the device where a connection's own were refused.
///
/// Empty where nothing of a tunnel's options helps, such as with a device that has no BGP.
pub fn narrow(refused: &NegotiationErrors, abilities: &Abilities) -> Vec<Narrowing> {
    let Some(mut best) = strongest(abilities) else {
        return Vec::new();
    };
    // Beside a GCM cipher any hash will do; here it stands beside the connection's own cipher.
    if let Some(hash) = abilities.phase2_integrity.iter().max() {
        best.phase2.integrity = *hash;
    }
    let members = members(&best);
    let mut all: Vec<Narrowing> = Vec::new();
    for error in &refused.errors {
        let member = members.iter().find(|it| it.0 == error.subject);
        let option = match (member, error.subject) {
            (Some((_, name, value)), _) => (*name, value.clone()),
            (None, "startup action") => ("StartupAction", best.startup_action.to_string()),
            (None, _) => continue,
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
