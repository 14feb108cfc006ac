//! One proposal per phase: site policy × device abilities × what AWS has × the user's wishes.

use super::choice::Choice;
use super::model::{Abilities, Phase, TunnelOptions};
use super::refusal::{NegotiationError, NegotiationErrors, Refusals, merge};
use crate::spec::{
    DhGroup, DpdAction, Encryption, IkeVersion, InsideCidr, Integrity, InvalidValue, Routing,
    Security, Site, StartupAction, TunnelWishes,
};

/// Phase 1 Diffie-Hellman groups that AWS has (`VpnTunnelOptionsSpecification`) and RFC 8247 allows.
///
/// AWS would take 22 to 24 as well; RFC 8247 says SHOULD NOT and MUST NOT, so they are never used.
pub const AWS_PHASE1_GROUPS: [DhGroup; 9] = [
    DhGroup(2),
    DhGroup(14),
    DhGroup(15),
    DhGroup(16),
    DhGroup(17),
    DhGroup(18),
    DhGroup(19),
    DhGroup(20),
    DhGroup(21),
];

/// Phase 2 Diffie-Hellman groups that AWS has, without 22 to 24: those of phase 1 and group 5.
pub const AWS_PHASE2_GROUPS: [DhGroup; 10] = [
    DhGroup(2),
    DhGroup(5),
    DhGroup(14),
    DhGroup(15),
    DhGroup(16),
    DhGroup(17),
    DhGroup(18),
    DhGroup(19),
    DhGroup(20),
    DhGroup(21),
];

/// Seconds; the longest IKE lifetime that AWS allows, and its default.
const PHASE1_LIFETIME: u32 = 28_800;
/// Seconds; the longest ESP lifetime that AWS allows, and its default.
const PHASE2_LIFETIME: u32 = 3_600;
/// Seconds; AWS's default. With the fuzz AWS begins 270 to 540 s before the end: late enough to
/// waste no key, early enough for a rekey that is retransmitted for two minutes. Renderers make
/// the device begin earlier still ([`TunnelOptions::device_rekey`]), so the two never collide.
const REKEY_MARGIN: u32 = 270;
/// Percent; AWS's default. It spreads the rekeys of many sites.
const REKEY_FUZZ: u32 = 100;
/// Packets; AWS's default. Enough for the reordering of a gigabit path.
const REPLAY_WINDOW: u32 = 1_024;
/// Seconds. AWS's pages say 30 and 40 for the default, so it is always sent.
const DPD_TIMEOUT: u32 = 30;

/// Chooses every option of both tunnels.
///
/// `inside` are the tunnels' inside CIDRs, as [`super::inside::choose`] found them. Refuses with
/// every problem of both tunnels at once, each naming what the device could do.
pub fn negotiate(
    site: &Site,
    abilities: &Abilities,
    inside: [InsideCidr; 2],
) -> Result<[TunnelOptions; 2], NegotiationErrors> {
    let mut errors = site_problems(site, abilities, inside);
    let [one, two] = [0, 1].map(|index| {
        let mut refusals = Refusals::default();
        let options = tunnel(
            &site.security,
            abilities,
            &site.tunnels[index],
            inside[index],
            &mut refusals,
        );
        (options, refusals)
    });
    errors.extend(merge(one.1, two.1));
    match (one.0, two.0) {
        (Some(one), Some(two)) if errors.is_empty() => Ok([one, two]),
        _ => Err(NegotiationErrors { errors }),
    }
}

/// The strongest options that AWS and a device of these abilities share, whatever the policy.
///
/// None when they share none.
pub fn strongest(abilities: &Abilities) -> Option<TunnelOptions> {
    let wishes = TunnelWishes::default();
    let inside = InsideCidr::nth(InsideCidr::COUNT - 1)?;
    let mut refusals = Refusals::default();
    tunnel(
        &Security::Compatible,
        abilities,
        &wishes,
        inside,
        &mut refusals,
    )
}

fn site_problems(
    site: &Site,
    abilities: &Abilities,
    inside: [InsideCidr; 2],
) -> Vec<NegotiationError> {
    let mut errors = Vec::new();
    let mut refuse = |subject, problem: String, help: &str| {
        errors.push(NegotiationError {
            tunnels: Vec::new(),
            subject,
            value: InvalidValue::new(problem, help),
        });
    };
    let device = &site.gateway.device;
    match site.routing {
        Routing::Bgp if !abilities.bgp => refuse(
            "routing",
            format!("the device `{device}` does not speak BGP"),
            "set `routing: static`",
        ),
        Routing::Static if !abilities.static_routing => refuse(
            "routing",
            format!("the device `{device}` cannot fail over between static routes"),
            "set `routing: bgp`",
        ),
        _ => {}
    }
    if inside[0] == inside[1] {
        refuse(
            "inside CIDR",
            format!("{} stands for both tunnels", inside[0]),
            "give each tunnel a /30 of its own, or leave them out",
        );
    }
    errors
}

fn tunnel(
    security: &Security,
    abilities: &Abilities,
    wishes: &TunnelWishes,
    inside_cidr: InsideCidr,
    refusals: &mut Refusals,
) -> Option<TunnelOptions> {
    let version = refusals.take("IKE version", ike_version(security, abilities, wishes));
    let phase1 = phase1(security, abilities, wishes, version, refusals);
    let phase2 = phase2(security, abilities, wishes, refusals);
    let (lifetime1, lifetime2) = lifetimes(wishes, refusals);
    let margin = refusals.number(
        "rekey margin",
        wishes.rekey_margin.unwrap_or(REKEY_MARGIN),
        60..=lifetime2.unwrap_or(PHASE2_LIFETIME) / 2,
    );
    let fuzz = refusals.number(
        "rekey fuzz",
        wishes.rekey_fuzz.unwrap_or(REKEY_FUZZ),
        0..=100,
    );
    let window = wishes.replay_window.unwrap_or(REPLAY_WINDOW);
    let window = refusals.number("replay window", window, 64..=2_048);
    let dpd_timeout = wishes.dpd_timeout.unwrap_or(DPD_TIMEOUT);
    let dpd_timeout = refusals.number("DPD timeout", dpd_timeout, 30..=u32::MAX);
    let (dpd_action, startup_action) = initiation(wishes, version);
    let startup_action = refusals.take("startup action", startup_action);
    let (ike_version, phase1, phase2) = (version?, phase1?, phase2?);
    Some(TunnelOptions {
        inside_cidr,
        ike_version,
        phase1: phase1.lasting(lifetime1?),
        phase2: phase2.lasting(lifetime2?),
        rekey_margin: margin?,
        rekey_fuzz: fuzz?,
        replay_window: window?,
        dpd_timeout: dpd_timeout?,
        dpd_action,
        startup_action: startup_action?,
        log_group_arn: wishes.log_group_arn.clone(),
        bgp_log_group_arn: wishes.bgp_log_group_arn.clone(),
        lifecycle_control: wishes.lifecycle_control.unwrap_or(false),
    })
}

/// IKEv2 alone, unless IKEv1 is asked for or the policy `compatible` meets a device without IKEv2.
fn ike_version(
    security: &Security,
    abilities: &Abilities,
    wishes: &TunnelWishes,
) -> Result<IkeVersion, InvalidValue> {
    Choice {
        aws: IkeVersion::ALL,
        device: &abilities.ike_versions,
        wished: &wishes.ike_versions,
        // Who asks for ikev1 by name knows it; it is not below any floor then.
        floor: |version| version == IkeVersion::V2 || !wishes.ike_versions.is_empty(),
        security,
    }
    .strongest()
}

/// A phase's proposal before its lifetime is known.
#[derive(Clone, Copy)]
struct Proposal {
    encryption: Encryption,
    integrity: Integrity,
    dh_group: DhGroup,
}

impl Proposal {
    fn lasting(self, lifetime: u32) -> Phase {
        Phase {
            encryption: self.encryption,
            integrity: self.integrity,
            dh_group: self.dh_group,
            lifetime,
        }
    }
}

fn phase1(
    security: &Security,
    abilities: &Abilities,
    wishes: &TunnelWishes,
    version: Option<IkeVersion>,
    refusals: &mut Refusals,
) -> Option<Proposal> {
    // RFC 5282 defines AEAD ciphers for IKEv2's own messages only; strongSwan's IKEv1 has none.
    let aws: Vec<Encryption> = (Encryption::ALL.iter().copied())
        .filter(|cipher| version != Some(IkeVersion::V1) || !cipher.is_aead())
        .collect();
    let encryption = Choice {
        aws: &aws,
        device: &abilities.phase1_encryption,
        wished: &wishes.phase1_encryption,
        floor: strong_cipher,
        security,
    };
    // With an AEAD cipher this is the PRF, which IKEv2 then wants named.
    let integrity = Choice {
        aws: Integrity::ALL,
        device: &abilities.phase1_integrity,
        wished: &wishes.phase1_integrity,
        floor: strong_hash,
        security,
    };
    let dh_group = Choice {
        aws: &AWS_PHASE1_GROUPS,
        device: &abilities.phase1_dh_groups,
        wished: &wishes.phase1_dh_groups,
        floor: strong_group,
        security,
    };
    let encryption = refusals.take("phase 1 encryption", encryption.strongest());
    let integrity = refusals.take("phase 1 integrity", integrity.strongest());
    let dh_group = refusals.take("phase 1 DH group", dh_group.strongest());
    Some(Proposal {
        encryption: encryption?,
        integrity: integrity?,
        dh_group: dh_group?,
    })
}

fn phase2(
    security: &Security,
    abilities: &Abilities,
    wishes: &TunnelWishes,
    refusals: &mut Refusals,
) -> Option<Proposal> {
    let encryption = Choice {
        aws: Encryption::ALL,
        device: &abilities.phase2_encryption,
        wished: &wishes.phase2_encryption,
        floor: strong_cipher,
        security,
    };
    let dh_group = Choice {
        aws: &AWS_PHASE2_GROUPS,
        device: &abilities.phase2_dh_groups,
        wished: &wishes.phase2_dh_groups,
        floor: strong_group,
        security,
    };
    let encryption = refusals.take("phase 2 encryption", encryption.strongest());
    // An AEAD cipher authenticates by itself. AWS wants a value all the same and ignores it, so
    // the device need not have it.
    let aead = encryption.is_some_and(Encryption::is_aead);
    let integrity = Choice {
        aws: Integrity::ALL,
        device: if aead {
            Integrity::ALL
        } else {
            &abilities.phase2_integrity
        },
        wished: &wishes.phase2_integrity,
        floor: strong_hash,
        security,
    };
    let integrity = refusals.take("phase 2 integrity", integrity.strongest());
    let dh_group = refusals.take("phase 2 DH group", dh_group.strongest());
    Some(Proposal {
        encryption: encryption?,
        integrity: integrity?,
        dh_group: dh_group?,
    })
}

fn lifetimes(wishes: &TunnelWishes, refusals: &mut Refusals) -> (Option<u32>, Option<u32>) {
    let one = wishes.phase1_lifetime.unwrap_or(PHASE1_LIFETIME);
    // A shorter phase 1 pulls phase 2 along, which AWS wants to be the shorter one.
    let two = wishes.phase2_lifetime;
    let two = two.unwrap_or_else(|| PHASE2_LIFETIME.min(one.saturating_sub(1)).max(900));
    let checked1 = refusals.number("phase 1 lifetime", one, 900..=PHASE1_LIFETIME);
    let checked2 = refusals.number("phase 2 lifetime", two, 900..=PHASE2_LIFETIME);
    if checked1.is_some() && checked2.is_some() && two >= one {
        let error = InvalidValue::new(
            format!("{two} s is not less than phase 1's {one} s"),
            "AWS wants phase 2 to be the shorter: raise phase 1",
        );
        refusals.take::<()>("phase 2 lifetime", Err(error));
    }
    (checked1, checked2)
}

/// Who starts a session, and who starts it again.
///
/// The device initiates (`add`): two initiators that start at once leave a pair of duplicate
/// sessions that tear each other down. After a dead peer AWS starts anew (`restart`), because
/// with `clear` a tunnel without traffic may stay down (AWS VPN guide); AWS can do that with
/// IKEv2 only, so IKEv1 gets `clear` and relies on the device alone.
fn initiation(
    wishes: &TunnelWishes,
    version: Option<IkeVersion>,
) -> (DpdAction, Result<StartupAction, InvalidValue>) {
    let dpd = wishes.dpd_action.unwrap_or(match version {
        Some(IkeVersion::V1) => DpdAction::Clear,
        _ => DpdAction::Restart,
    });
    let startup = wishes.startup_action.unwrap_or(StartupAction::Add);
    let startup = if startup == StartupAction::Start && version == Some(IkeVersion::V1) {
        Err(InvalidValue::new(
            "AWS initiates IKEv2 sessions only",
            "use `add`, or ikev2",
        ))
    } else {
        Ok(startup)
    };
    (dpd, startup)
}

fn strong_cipher(cipher: Encryption) -> bool {
    matches!(cipher, Encryption::Aes256 | Encryption::Aes256Gcm16)
}

fn strong_hash(hash: Integrity) -> bool {
    hash >= Integrity::Sha256
}

fn strong_group(group: DhGroup) -> bool {
    group >= DhGroup(14)
}

#[cfg(test)]
#[path = "negotiate_tests.rs"]
mod tests;
