//! How a connection's tunnels differ from what they should be.
//!
//! Tolerant on purpose: what AWS does not echo is unknown, not wrong (connections that kept the
//! defaults echo no options at all), words compare without case, lists without order, and tunnels
//! are joined by what is inside or outside of them, never by their place in a list.

use std::fmt::Display;
use std::net::Ipv4Addr;

use crate::aws::{SeenTunnel, VpnConnection};
use crate::spec::{DhGroup, InsideCidr};
use crate::tunnel::{Phase, TunnelOptions};

/// One attribute: name, as it is, as it should be.
pub(super) type Difference = (String, String, String);

/// A tunnel that is not as it should be.
#[derive(Debug)]
pub(super) struct Drift<'a> {
    /// What it should be.
    pub(super) wanted: &'a TunnelOptions,
    /// Its outside address, where AWS tells it.
    pub(super) outside: Option<Ipv4Addr>,
    /// Whether the /30 inside it changes, and with it the key's name.
    pub(super) renumbered: bool,
    /// What differs, at least one thing.
    pub(super) differences: Vec<Difference>,
}

/// The tunnels that differ; empty where AWS does not tell what they are.
pub(super) fn drift<'a>(
    wanted: &'a [TunnelOptions; 2],
    connection: &VpnConnection,
) -> Vec<Drift<'a>> {
    let pairs = pair(wanted, &connection.tunnels).into_iter();
    let drifts = pairs.map(|(wanted, is)| Drift {
        wanted,
        outside: is.outside,
        renumbered: is
            .inside_cidr
            .is_some_and(|cidr| cidr != wanted.inside_cidr),
        differences: differences(wanted, is),
    });
    drifts
        .filter(|drift| !drift.differences.is_empty())
        .collect()
}

/// The tunnel to change next: one that is down before one that carries traffic.
pub(super) fn next<'d, 'a>(
    drifts: &'d [Drift<'a>],
    connection: &VpnConnection,
) -> Option<&'d Drift<'a>> {
    let up = |outside: Option<Ipv4Addr>| outside.is_some_and(|it| is_up(connection, it));
    drifts
        .iter()
        .min_by_key(|drift| (up(drift.outside), drift.outside))
}

/// The tunnel that would have to be changed next although no other one is up.
///
/// Changing it would cut the site off; it has to wait until the other is back.
pub(super) fn sole_carrier(drifts: &[Drift<'_>], connection: &VpnConnection) -> Option<Ipv4Addr> {
    let outside = next(drifts, connection)?.outside?;
    let others_up = connection
        .telemetry
        .iter()
        .any(|it| it.up && it.outside != outside);
    (is_up(connection, outside) && !others_up).then_some(outside)
}

/// The tunnels that AWS tells of, joined with what they should be, tunnel 1 first.
///
/// By the /30 inside; what is left over is joined in the order of the outside addresses, for it
/// will be renumbered anyway.
pub(super) fn pair<'a, 's>(
    wanted: &'a [TunnelOptions; 2],
    seen: &'s [SeenTunnel],
) -> Vec<(&'a TunnelOptions, &'s SeenTunnel)> {
    let mut rest: Vec<&SeenTunnel> = seen.iter().collect();
    rest.sort_by_key(|tunnel| (tunnel.outside, tunnel.inside_cidr));
    let mut joined: [Option<&SeenTunnel>; 2] = [None, None];
    for (place, wanted) in joined.iter_mut().zip(wanted) {
        let inside = |tunnel: &&SeenTunnel| tunnel.inside_cidr == Some(wanted.inside_cidr);
        *place = rest.iter().position(inside).map(|at| rest.remove(at));
    }
    // A tunnel of which not even the inside is known can only be told by elimination.
    let open = joined.iter().filter(|place| place.is_none()).count();
    if open > 1 {
        rest.retain(|tunnel| tunnel.inside_cidr.is_some());
    }
    let mut rest = rest.into_iter();
    for place in joined.iter_mut().filter(|place| place.is_none()) {
        *place = rest.next();
    }
    let both = wanted.iter().zip(joined);
    both.filter_map(|(wanted, seen)| Some((wanted, seen?)))
        .collect()
}

fn is_up(connection: &VpnConnection, outside: Ipv4Addr) -> bool {
    let mut telemetry = connection.telemetry.iter();
    telemetry.any(|it| it.outside == outside && it.up)
}

fn differences(wanted: &TunnelOptions, is: &SeenTunnel) -> Vec<Difference> {
    let mut found = Found::default();
    found.inside(is.inside_cidr, wanted.inside_cidr);
    found.words(
        "ike_versions",
        &is.ike_versions,
        wanted.ike_version.as_str(),
    );
    found.words(
        "phase1_encryption",
        &is.phase1_encryption,
        wanted.phase1.encryption.as_str(),
    );
    found.words(
        "phase1_integrity",
        &is.phase1_integrity,
        wanted.phase1.integrity.as_str(),
    );
    found.groups(
        "phase1_dh_groups",
        &is.phase1_dh_groups,
        wanted.phase1.dh_group,
    );
    found.number(
        "phase1_lifetime",
        is.phase1_lifetime,
        wanted.phase1.lifetime,
    );
    found.phase2(is, &wanted.phase2);
    found.number("rekey_margin", is.rekey_margin, wanted.rekey_margin);
    found.number("rekey_fuzz", is.rekey_fuzz, wanted.rekey_fuzz);
    found.number("replay_window", is.replay_window, wanted.replay_window);
    found.number("dpd_timeout", is.dpd_timeout, wanted.dpd_timeout);
    found.word(
        "dpd_action",
        is.dpd_action.as_ref(),
        wanted.dpd_action.as_str(),
    );
    found.word(
        "startup_action",
        is.startup_action.as_ref(),
        wanted.startup_action.as_str(),
    );
    found.logging(is, wanted);
    let tunnel = is
        .outside
        .map_or("tunnel".to_owned(), |it| format!("tunnel {it}"));
    let named = found.0.into_iter();
    named
        .map(|(name, is, wanted)| (format!("{tunnel} {name}"), is, wanted))
        .collect()
}

#[derive(Default)]
struct Found(Vec<(&'static str, String, String)>);

impl Found {
    fn add(&mut self, name: &'static str, is: &dyn Display, wanted: &dyn Display) {
        self.0.push((name, is.to_string(), wanted.to_string()));
    }

    fn inside(&mut self, is: Option<InsideCidr>, wanted: InsideCidr) {
        if let Some(is) = is.filter(|is| *is != wanted) {
            self.add("inside_cidr", &is, &wanted);
        }
    }

    fn words(&mut self, name: &'static str, is: &[String], wanted: &str) {
        if is.iter().any(|word| !word.eq_ignore_ascii_case(wanted)) {
            let mut is = is.to_vec();
            is.sort();
            self.add(name, &is.join(", "), &wanted);
        }
    }

    fn word(&mut self, name: &'static str, is: Option<&String>, wanted: &str) {
        self.words(
            name,
            is.map(std::slice::from_ref).unwrap_or_default(),
            wanted,
        );
    }

    fn groups(&mut self, name: &'static str, is: &[u16], wanted: DhGroup) {
        let words: Vec<String> = is.iter().map(ToString::to_string).collect();
        self.words(name, &words, &wanted.to_string());
    }

    fn number(&mut self, name: &'static str, is: Option<u32>, wanted: u32) {
        if let Some(is) = is.filter(|is| *is != wanted) {
            self.add(name, &is, &wanted);
        }
    }

    fn phase2(&mut self, is: &SeenTunnel, wanted: &Phase) {
        self.words(
            "phase2_encryption",
            &is.phase2_encryption,
            wanted.encryption.as_str(),
        );
        // An AEAD cipher authenticates by itself: what AWS lists beside it has no effect.
        if !wanted.encryption.is_aead() {
            self.words(
                "phase2_integrity",
                &is.phase2_integrity,
                wanted.integrity.as_str(),
            );
        }
        self.groups("phase2_dh_groups", &is.phase2_dh_groups, wanted.dh_group);
        self.number("phase2_lifetime", is.phase2_lifetime, wanted.lifetime);
    }

    /// Logs and lifecycle control that were switched on by hand are nobody's mistake: switching
    /// them off would cost minutes of that tunnel.
    fn logging(&mut self, is: &SeenTunnel, wanted: &TunnelOptions) {
        let logs = [
            ("log_group_arn", &is.log_group_arn, &wanted.log_group_arn),
            (
                "bgp_log_group_arn",
                &is.bgp_log_group_arn,
                &wanted.bgp_log_group_arn,
            ),
        ];
        for (name, is, wanted) in logs {
            if let Some(wanted) = wanted
                && is.as_ref() != Some(wanted)
            {
                self.add(name, &is.as_deref().unwrap_or("off"), wanted);
            }
        }
        if wanted.lifecycle_control && is.lifecycle_control == Some(false) {
            self.add("lifecycle_control", &false, &true);
        }
    }
}
