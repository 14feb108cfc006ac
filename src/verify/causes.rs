//! Why a tunnel is down: what a log line means, and what is likely when there is none.

use std::net::Ipv4Addr;

use super::subject::Subject;
use crate::plan::TunnelPlan;
use crate::spec::{Asn, StartupAction};

/// What the detail of a tunnel's log says, and what it means (AWS VPN guide, tunnel logs).
const MEANINGS: &[(&[&str], &str)] = &[
    (
        &["no proposal match found", "no proposal chosen"],
        "the two ends offer different algorithms or Diffie-Hellman groups: the router does not \
         run the configuration that was rendered for this connection",
    ),
    (
        &[
            "pre-shared key mismatch",
            "invalid pre-shared key",
            "authentication_failed",
        ],
        "the pre-shared key or the IKE identity is wrong: the router's identity must be the \
         public address that AWS knows, even behind a NAT",
    ),
    (
        &["ts_unacceptable"],
        "the traffic selectors differ: both sides need 0.0.0.0/0",
    ),
    (
        &["timeout: deleting un-established phase 1"],
        "IKE began and was not answered: UDP 500 or 4500 is blocked, or the peer is not this \
         router",
    ),
    (
        &["child_rekey collision", "redundant sa"],
        "both sides rekeyed at once: let the router rekey earlier than AWS does",
    ),
    (
        &["dpd timed out", "declaring peer dead"],
        "the router stopped answering: the uplink was down, or a rekey went wrong",
    ),
    (
        &["received delete for phase 2 sa", "ike_sa from cgw"],
        "the router closed the session: it was reloaded, or its lifetime or idle time ran out",
    ),
];

/// What a line of a tunnel's IKE log means, if it is a line that explains a failure.
pub fn meaning(line: &str) -> Option<&'static str> {
    let line = line.to_ascii_lowercase();
    MEANINGS
        .iter()
        .find(|(signs, _)| signs.iter().any(|sign| line.contains(sign)))
        .map(|(_, meaning)| *meaning)
}

/// What the newest line of the log that explains anything says about a tunnel.
///
/// A line that names another tunnel's outside address is about that one.
fn logged(subject: &Subject, outside: Ipv4Addr, all: &[Ipv4Addr]) -> Option<&'static str> {
    let about_another = |line: &str| {
        let others = all.iter().filter(|other| **other != outside);
        !names(line, outside) && others.into_iter().any(|other| names(line, *other))
    };
    subject
        .ike_log
        .iter()
        .rev()
        .filter(|line| !about_another(line))
        .find_map(|line| meaning(line))
}

/// Whether a line holds an address, and not only a longer one that contains it.
fn names(line: &str, address: Ipv4Addr) -> bool {
    let address = address.to_string();
    line.match_indices(&address).any(|(at, _)| {
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        !digit(line[..at].chars().next_back()) && !digit(line[at + address.len()..].chars().next())
    })
}

/// Why IPsec is probably down.
pub(super) fn of_ipsec(
    subject: &Subject,
    tunnel: &TunnelPlan,
    outside: Ipv4Addr,
    all: &[Ipv4Addr],
) -> String {
    if let Some(meaning) = logged(subject, outside, all) {
        return format!("AWS's log says: {meaning}");
    }
    let gateway = &subject.site.gateway;
    let starts = match tunnel.options.startup_action {
        StartupAction::Add => {
            "AWS waits for the router to begin (start-up action `add`): the router does not run \
             this tunnel yet, or sends nothing through it"
        }
        StartupAction::Start => "the router does not answer AWS, which begins",
    };
    let (blocked, identity) = if gateway.behind_nat() {
        (
            "UDP 500 or UDP 4500 is blocked",
            format!(", the router's IKE identity is not {}", gateway.outside_ip),
        )
    } else {
        (
            "UDP 500, UDP 4500 or IP protocol 50 (ESP) is blocked",
            String::new(),
        )
    };
    format!(
        "{starts}. Else: {blocked} between the router and {outside}{identity}, or the pre-shared \
         key differs"
    )
}

/// Why IPsec is up and BGP is probably down.
pub(super) fn of_bgp(subject: &Subject, tunnel: &TunnelPlan, amazon_asn: Option<Asn>) -> String {
    let site_asn = subject.site.gateway.asn;
    if amazon_asn == Some(site_asn) {
        return format!(
            "both ends have the ASN {site_asn}: AWS's side speaks external BGP only, and a \
             gateway's ASN cannot be changed"
        );
    }
    let inside = tunnel.options.inside_cidr;
    let aws = amazon_asn.map_or_else(
        || "AWS's ASN".to_owned(),
        |asn| format!("{asn} on AWS's side"),
    );
    format!(
        "a wrong ASN on the router ({site_asn} on its side, {aws}), wrong inside addresses (the \
         router has {}, AWS {}), TCP 179 blocked between them, or traffic selectors other than \
         0.0.0.0/0",
        inside.customer(),
        inside.aws()
    )
}
