//! The two tunnels, each known by its outside address.

use std::net::Ipv4Addr;

use jiff::{SignedDuration, Timestamp};

use super::causes;
use super::crypto;
use super::report::{Check, CheckId, TunnelReport};
use super::subject::{Negotiated, Subject};
use crate::aws::{Telemetry, VpnConnection};
use crate::device;
use crate::plan::TunnelPlan;
use crate::spec::{Asn, Routing};

/// Over so many prefixes on a virtual private gateway AWS closes the BGP session
/// (AWS VPN quotas: 100, fixed).
const MOST_PREFIXES: u32 = 100;
/// How long AWS's telemetry may lag behind the router.
const LAG: SignedDuration = SignedDuration::from_mins(5);

/// A connection's tunnels with everything that their checks need.
#[derive(Debug)]
pub(super) struct Tunnels<'a> {
    pub(super) subject: &'a Subject,
    pub(super) connection: &'a VpnConnection,
    pub(super) negotiated: &'a Negotiated,
    pub(super) amazon_asn: Option<Asn>,
    pub(super) now: Timestamp,
}

/// The tunnels' lines in a report about a connection that is not there.
pub(super) fn unseen(subject: &Subject) -> Vec<TunnelReport> {
    let tunnels = subject.tunnels.iter();
    tunnels
        .map(|tunnel| empty(Some(tunnel.number), None))
        .collect()
}

fn empty(number: Option<u8>, outside: Option<Ipv4Addr>) -> TunnelReport {
    TunnelReport {
        number,
        outside,
        up: false,
        message: String::new(),
        accepted_routes: 0,
        changed_at: None,
        negotiated: None,
    }
}

/// Which of AWS's tunnels is a planned one: that with its inside CIDR, whatever the order.
pub(super) fn outside_of(connection: &VpnConnection, tunnel: &TunnelPlan) -> Option<Ipv4Addr> {
    connection
        .tunnels
        .iter()
        .find(|seen| seen.inside_cidr == Some(tunnel.options.inside_cidr))
        .and_then(|seen| seen.outside)
}

/// Whether IPsec is up, BGP or not.
///
/// With BGP the status is that of the session: users report DOWN with the message `IPSEC IS UP`
/// while only BGP is missing.
fn has_ipsec(seen: &Telemetry) -> bool {
    seen.up || seen.message.to_ascii_uppercase().contains("IPSEC IS UP")
}

impl Tunnels<'_> {
    /// How many tunnels AWS says are up.
    pub(super) fn up(&self) -> usize {
        self.connection.telemetry.iter().filter(|t| t.up).count()
    }

    /// The tunnel that the site's device keeps down by design.
    fn reserve(&self) -> Option<u8> {
        let site = &self.subject.site;
        device::find(&site.gateway.device)
            .ok()?
            .standby(site.routing)
    }

    /// Whether this tunnel is rightly down: kept in reserve, and the other one works.
    fn is_in_reserve(&self, number: u8) -> bool {
        self.reserve() == Some(number) && self.up() > 0
    }

    fn telemetry(&self, outside: Ipv4Addr) -> Option<&Telemetry> {
        self.connection
            .telemetry
            .iter()
            .find(|telemetry| telemetry.outside == outside)
    }

    fn outsides(&self) -> Vec<Ipv4Addr> {
        self.connection
            .telemetry
            .iter()
            .map(|telemetry| telemetry.outside)
            .collect()
    }

    /// The planned tunnels by number, then any that was not planned.
    pub(super) fn reports(&self) -> Vec<TunnelReport> {
        let planned: Vec<(u8, Option<Ipv4Addr>)> = self
            .subject
            .tunnels
            .iter()
            .map(|tunnel| (tunnel.number, outside_of(self.connection, tunnel)))
            .collect();
        let strays = self
            .outsides()
            .into_iter()
            .filter(|outside| !planned.iter().any(|(_, known)| *known == Some(*outside)))
            .map(|outside| (None, Some(outside)));
        let planned = planned
            .iter()
            .map(|(number, outside)| (Some(*number), *outside));
        planned
            .chain(strays)
            .map(|(number, outside)| self.report(number, outside))
            .collect()
    }

    fn report(&self, number: Option<u8>, outside: Option<Ipv4Addr>) -> TunnelReport {
        let report = empty(number, outside);
        let negotiated = outside.and_then(|outside| self.negotiated.get(&outside));
        let Some(seen) = outside.and_then(|outside| self.telemetry(outside)) else {
            return report;
        };
        TunnelReport {
            up: seen.up,
            message: seen.message.clone(),
            accepted_routes: seen.accepted_routes,
            changed_at: seen.changed_at,
            negotiated: negotiated.and_then(|answer| answer.as_ref().ok()).cloned(),
            ..report
        }
    }

    pub(super) fn checks(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        for tunnel in &self.subject.tunnels {
            let number = tunnel.number;
            let Some(outside) = outside_of(self.connection, tunnel) else {
                checks.push(self.not_planned(tunnel));
                continue;
            };
            let title = format!("tunnel {number} ({outside})");
            let Some(seen) = self.telemetry(outside) else {
                checks.push(self.silent(&title));
                continue;
            };
            checks.push(self.up_check(&title, tunnel, seen));
            if self.subject.site.routing == Routing::Bgp && seen.up {
                checks.push(self.routes_check(&title, tunnel, seen));
            }
            if let Some(check) = self.crypto_check(&title, tunnel, seen) {
                checks.push(check);
            }
        }
        checks.push(self.redundancy());
        checks
    }

    fn not_planned(&self, tunnel: &TunnelPlan) -> Check {
        let cidr = tunnel.options.inside_cidr;
        let seen: Vec<String> = self
            .connection
            .tunnels
            .iter()
            .filter_map(|seen| seen.inside_cidr)
            .map(|cidr| cidr.to_string())
            .collect();
        let check = Check::new(
            CheckId::TunnelPlanned,
            format!("tunnel {}", tunnel.number),
            format!("inside CIDR {cidr}"),
        );
        if seen.is_empty() {
            check.unknown(
                "AWS does not say which tunnel has which inside CIDR",
                "the connection is still being made, or is older than tunnel options",
                self.subject.verify(),
            )
        } else {
            check.failed(
                format!("inside CIDRs {}", seen.join(", ")),
                "the tunnel was changed outside of underpass, and the router still uses the old \
                 addresses",
                self.subject.onboard(),
            )
        }
    }

    fn silent(&self, title: &str) -> Check {
        Check::new(CheckId::TunnelUp, title, "UP").unknown(
            "AWS sends no telemetry for it yet",
            "the connection is still being made or changed",
            self.subject.verify(),
        )
    }

    fn up_check(&self, title: &str, tunnel: &TunnelPlan, seen: &Telemetry) -> Check {
        let check = Check::new(CheckId::TunnelUp, title, "UP");
        if seen.up {
            return check.passed(match seen.message.as_str() {
                "" => "UP".to_owned(),
                message => format!("UP, {message}"),
            });
        }
        let saw = match seen.message.as_str() {
            "" => "DOWN".to_owned(),
            message => format!("DOWN, {message}"),
        };
        if self.is_in_reserve(tunnel.number) {
            return check.passed(format!(
                "{saw}: {} keeps it in reserve while the other one works",
                self.subject.site.gateway.device
            ));
        }
        let subject = self.subject;
        let (mut cause, next) = if has_ipsec(seen) {
            (
                causes::of_bgp(subject, tunnel, self.amazon_asn),
                subject.show_bgp(tunnel, seen.outside),
            )
        } else {
            (
                causes::of_ipsec(subject, tunnel, seen.outside, &self.outsides()),
                subject.show_ike(tunnel, seen.outside),
            )
        };
        if let Some(changed_at) = seen.changed_at
            && self.now.duration_since(changed_at) < LAG
        {
            cause
                .push_str(". The status is fresh, and AWS's telemetry lags by minutes: look again");
        }
        check.failed(saw, cause, next)
    }

    /// With BGP: whether the tunnel brings routes. With static routing the number that AWS shows
    /// is that of the static routes even while the tunnel is down, so it is not checked.
    fn routes_check(&self, title: &str, tunnel: &TunnelPlan, seen: &Telemetry) -> Check {
        let networks = self.subject.site.lan.len();
        let accepted = seen.accepted_routes;
        let check = Check::new(
            CheckId::TunnelRoutes,
            title,
            format!("1 to {MOST_PREFIXES} routes, for {networks} networks"),
        );
        let saw = format!("{accepted} accepted");
        match accepted {
            0 => check.failed(
                saw,
                "BGP is up and the router announces nothing: its export filter refuses the \
                 site's networks, or they are not in its routing table",
                self.subject.show_bgp(tunnel, seen.outside),
            ),
            1..=MOST_PREFIXES => check.passed(saw),
            _ => check.failed(
                saw,
                format!(
                    "the router announces too much: over {MOST_PREFIXES} prefixes AWS closes the \
                     session. Announce the site's networks only, or summaries of them"
                ),
                self.subject.render(),
            ),
        }
    }

    fn crypto_check(&self, title: &str, tunnel: &TunnelPlan, seen: &Telemetry) -> Option<Check> {
        let expected = crypto::planned_words(&tunnel.options);
        let check = Check::new(CheckId::TunnelCrypto, title, expected);
        let silent = |saw: String| {
            check.clone().unknown(
                saw,
                "AWS tells only of tunnels that are up, and not in every Region",
                self.subject.show_ike(tunnel, seen.outside),
            )
        };
        let agreed = match self.negotiated.get(&seen.outside) {
            Some(Ok(agreed)) => agreed,
            // That a tunnel which is down agreed on nothing is no news.
            _ if !has_ipsec(seen) => return None,
            Some(Err(fault)) => return Some(silent(fault.to_string())),
            None => return Some(silent("AWS was not asked".to_owned())),
        };
        if agreed.provisioning.as_deref() == Some("failed") {
            let reason = agreed.provisioning_reason.as_deref();
            return Some(check.failed(
                format!(
                    "AWS could not set it up: {}",
                    reason.unwrap_or("no reason given")
                ),
                "AWS refused the tunnel's options after it had accepted the call",
                self.subject.onboard(),
            ));
        }
        if !has_ipsec(seen) {
            return None;
        }
        let Some(saw) = crypto::words(agreed) else {
            return Some(silent("AWS names nothing".to_owned()));
        };
        let differences = crypto::differences(&tunnel.options, agreed);
        if differences.is_empty() {
            return Some(check.passed(saw));
        }
        Some(check.failed(
            differences.join(", "),
            "the connection's options were changed outside of underpass, or the router runs an \
             older configuration",
            self.subject.onboard(),
        ))
    }

    fn redundancy(&self) -> Check {
        let all = self.subject.tunnels.len();
        let check = Check::new(
            CheckId::Redundancy,
            self.connection.id.to_string(),
            format!("{all} tunnels up"),
        );
        let reports = self.reports();
        let down = reports.iter().filter(|tunnel| !tunnel.up);
        let rightly =
            |tunnel: &TunnelReport| tunnel.number.is_some_and(|it| self.is_in_reserve(it));
        let all_rightly = down.clone().all(rightly);
        let down: Vec<String> = down.map(TunnelReport::title).collect();
        match self.up() {
            0 if self.connection.telemetry.is_empty() => check.unknown(
                "no telemetry",
                "the connection is still being made",
                self.subject.verify(),
            ),
            0 => check.stopping_traffic().failed(
                "no tunnel is up",
                "the router does not run its configuration yet, or cannot reach AWS: see each \
                 tunnel",
                self.subject.render(),
            ),
            up if up < all && all_rightly => {
                check.passed(format!("{up} up, {} in reserve", down.join(", ")))
            }
            up if up < all => check.failed(
                format!("{} down", down.join(", ")),
                "traffic flows, but nothing takes over when AWS replaces the endpoint of the \
                 tunnel that is left, which it does without asking",
                self.subject.render(),
            ),
            up => check.passed(format!("{up} tunnels up")),
        }
    }
}
