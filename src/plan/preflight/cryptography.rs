//! Do the site's device, its policy and AWS share tunnel options, and free inside CIDRs?

use std::collections::BTreeSet;

use super::address::LINK_LOCAL;
use crate::device::{self, Device};
use crate::plan::findings::Findings;
use crate::plan::world::World;
use crate::spec::{DhGroup, Encryption, IkeVersion, InsideCidr, Integrity};
use crate::tunnel::{self, TunnelOptions};

/// Both tunnels' options, or findings that say why there are none.
pub(in crate::plan) fn negotiated(
    world: &World<'_>,
    findings: &mut Findings<'_>,
) -> Option<[TunnelOptions; 2]> {
    let site = world.site;
    let device = match device::find(&site.gateway.device) {
        Ok(device) => device,
        Err(unknown) => {
            findings.refuse("preflight::unknown_device", unknown.problem, unknown.help);
            return None;
        }
    };
    device_options(world, device, findings);
    if world.site.aws.transit.ecmp && world.transit_target().is_some() && !device.spreads() {
        findings.refuse(
            "preflight::device_no_ecmp",
            format!(
                "`aws.transit.ecmp` wants both tunnels to carry at once, and what is written for \
                 {} sends through one",
                device.name()
            ),
            "remove `ecmp`: the other tunnel then takes over when the first one fails",
        );
    }
    let inside = inside_cidrs(world, findings)?;
    let options = tunnel::negotiate(site, &device.abilities(), inside).map_err(|refused| {
        for error in &refused.errors {
            let of = match error.tunnels.as_slice() {
                [one] => format!("tunnel {one}, "),
                [_, ..] => "both tunnels, ".to_owned(),
                [] => String::new(),
            };
            findings.refuse(
                "preflight::tunnel_options",
                format!("{of}{}: {}", error.subject, error.value.problem),
                error.value.help.clone(),
            );
        }
    });
    let options = options.ok()?;
    for (number, option) in (1..).zip(&options) {
        weak(number, option, findings);
    }
    Some(options)
}

fn device_options(world: &World<'_>, device: &dyn Device, findings: &mut Findings<'_>) {
    for invalid in device.check_options(&world.site.gateway) {
        findings.refuse("preflight::device_option", invalid.problem, invalid.help);
    }
}

/// The inside CIDRs: the user's own, else those that exist already, else free ones.
fn inside_cidrs(world: &World<'_>, findings: &mut Findings<'_>) -> Option<[InsideCidr; 2]> {
    let site = world.site;
    let wished = [0, 1].map(|index: usize| site.tunnels[index].inside_cidr);
    let mut fixed = wished;
    for (fixed, kept) in fixed.iter_mut().zip(kept(world)) {
        if fixed.is_none() && !wished.contains(&Some(kept)) {
            *fixed = Some(kept);
        }
    }
    let used: BTreeSet<InsideCidr> = world.inside_cidrs_in_use().into_keys().collect();
    // A network as wide as all of them leaves no choice; whether it may be is for others to say.
    let lan = site.lan.iter().filter(|net| !net.contains(&LINK_LOCAL));
    let lan: Vec<_> = lan.copied().collect();
    let chosen = tunnel::inside::choose(&site.name, fixed, &used, &lan);
    if chosen.is_none() {
        let (message, help) = match wished {
            [Some(one), Some(two)] if one == two => (
                format!("both tunnels ask for the inside CIDR {one}"),
                "give each tunnel a /30 of its own, or leave them out",
            ),
            _ => (
                "no inside CIDR is free beside the other connections".to_owned(),
                "end connections on the same gateway, or correct `lan`",
            ),
        };
        findings.refuse("preflight::inside_cidr_exhausted", message, help);
    }
    chosen
}

/// The inside CIDRs of the connection that exists, in the order in which they were chosen.
///
/// The search begins at a place that the site's name decides and goes upwards, so the one that is
/// nearer above that place was found first.
fn kept(world: &World<'_>) -> Vec<InsideCidr> {
    let begin = tunnel::inside::choose(&world.site.name, [None, None], &BTreeSet::new(), &[]);
    let begin = begin.map_or(0, |[first, _]| place(first));
    let mut own: Vec<InsideCidr> = world.own_inside_cidrs().into_iter().collect();
    own.sort_by_key(|cidr| place(*cidr).wrapping_sub(begin) % (InsideCidr::COUNT * 4));
    own
}

fn place(cidr: InsideCidr) -> u32 {
    u32::from(cidr.net().network())
}

/// Says aloud what the policy `compatible` had to settle for.
fn weak(number: u8, options: &TunnelOptions, findings: &mut Findings<'_>) {
    let mut settled = BTreeSet::new();
    if options.ike_version == IkeVersion::V1 {
        settled.insert("IKEv1".to_owned());
    }
    for (name, phase) in [("phase 1", &options.phase1), ("phase 2", &options.phase2)] {
        if matches!(
            phase.encryption,
            Encryption::Aes128 | Encryption::Aes128Gcm16
        ) {
            settled.insert(format!("{} in {name}", phase.encryption));
        }
        if phase.integrity == Integrity::Sha1 {
            settled.insert(format!("SHA1 in {name}"));
        }
        if phase.dh_group < DhGroup(14) {
            settled.insert(format!("DH group {} in {name}", phase.dh_group));
        }
    }
    if !settled.is_empty() {
        let settled: Vec<_> = settled.into_iter().collect();
        findings.warn(
            "preflight::weak_cryptography",
            format!("tunnel {number} settles for {}", settled.join(", ")),
            "say `security: strong` when the device can do better",
        );
    }
}
