//! Whether both ends agreed on what was planned.

use crate::aws::NegotiatedTunnel;
use crate::tunnel::{Phase, TunnelOptions};

/// Everything that AWS names and that is not as planned, in words.
///
/// What AWS leaves out is not compared: the first phase 2 of IKEv2 has no Diffie-Hellman group of
/// its own (RFC 7296 § 1.2). Nor is integrity beside an AEAD cipher: phase 2 has none, and what
/// AWS calls so in phase 1 is then a pseudo-random function.
pub(super) fn differences(planned: &TunnelOptions, agreed: &NegotiatedTunnel) -> Vec<String> {
    let version = [(
        "IKE version",
        planned.ike_version.as_str(),
        &agreed.ike_version,
    )];
    let phase1 = phase_words(
        ["phase 1 encryption", "phase 1 integrity"],
        planned.phase1,
        [&agreed.phase1_encryption, &agreed.phase1_integrity],
    );
    let phase2 = phase_words(
        ["phase 2 encryption", "phase 2 integrity"],
        planned.phase2,
        [&agreed.phase2_encryption, &agreed.phase2_integrity],
    );
    let words =
        version
            .into_iter()
            .chain(phase1)
            .chain(phase2)
            .filter_map(|(name, planned, agreed)| {
                let agreed = agreed.as_deref().filter(|agreed| !agreed.is_empty())?;
                (!agreed.eq_ignore_ascii_case(planned)).then(|| differs(name, planned, agreed))
            });
    let groups = [
        (
            "phase 1 group",
            planned.phase1.dh_group,
            agreed.phase1_dh_group,
        ),
        (
            "phase 2 group",
            planned.phase2.dh_group,
            agreed.phase2_dh_group,
        ),
    ];
    let groups = groups.into_iter().filter_map(|(name, planned, agreed)| {
        let agreed = agreed.filter(|agreed| *agreed != 0 && *agreed != planned.0)?;
        Some(differs(name, &planned.to_string(), &agreed.to_string()))
    });
    words.chain(groups).collect()
}

fn differs(name: &str, planned: &str, agreed: &str) -> String {
    format!("{name} {agreed} instead of {planned}")
}

/// A name, the planned word and the agreed one.
type Words<'a> = (&'static str, &'static str, &'a Option<String>);

fn phase_words<'a>(
    [encryption, integrity]: [&'static str; 2],
    planned: Phase,
    agreed: [&'a Option<String>; 2],
) -> impl Iterator<Item = Words<'a>> {
    let integrity = (integrity, planned.integrity.as_str(), agreed[1]);
    let integrity = (!planned.encryption.is_aead()).then_some(integrity);
    std::iter::once((encryption, planned.encryption.as_str(), agreed[0])).chain(integrity)
}

/// What was planned, in the order of [`words`].
pub(super) fn planned_words(planned: &TunnelOptions) -> String {
    let phase = |phase: Phase| {
        format!(
            "{} {} group {}",
            phase.encryption, phase.integrity, phase.dh_group
        )
    };
    format!(
        "{} {} / {}",
        planned.ike_version,
        phase(planned.phase1),
        phase(planned.phase2)
    )
}

/// What was agreed, in a few words; none when AWS named nothing.
pub(super) fn words(agreed: &NegotiatedTunnel) -> Option<String> {
    let group = |group: Option<u16>| {
        group
            .filter(|group| *group != 0)
            .map(|g| format!("group {g}"))
    };
    let parts: Vec<String> = [
        agreed.ike_version.clone(),
        agreed.phase1_encryption.clone(),
        agreed.phase1_integrity.clone(),
        group(agreed.phase1_dh_group),
        agreed
            .phase2_encryption
            .as_ref()
            .map(|cipher| format!("/ {cipher}")),
        agreed.phase2_integrity.clone(),
        group(agreed.phase2_dh_group),
    ]
    .into_iter()
    .flatten()
    .filter(|part| !part.is_empty())
    .collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}
