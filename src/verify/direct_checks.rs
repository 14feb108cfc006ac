//! The checks of a site's Direct Connect, each miss with its likely cause.

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv4Net};

use super::direct_connect::DirectConnect;
use super::direct_report::{DirectConnectReport, Going};
use super::report::{Check, CheckId, TunnelReport};
use super::ways::is_covered;
use crate::aws::{ConnectionEnd, DxAssociation, VirtualInterface};
use crate::resource::next_errand;
use crate::spec::{Asn, Routing};
use crate::tunnel::Way;

impl DirectConnect<'_> {
    /// From the port outwards; what follows from people's work that is missing is left out.
    pub(super) fn checks(
        &self,
        report: &DirectConnectReport,
        tunnels: &[TunnelReport],
    ) -> Vec<Check> {
        if let Some(fault) = &self.answers.unseen {
            let check = Check::new(CheckId::DxConnection, "Direct Connect", "can be looked at");
            let cause = "the credentials may not look at Direct Connect, or it does not answer";
            return vec![check.unknown(fault.to_string(), cause, self.subject.policy())];
        }
        let mut checks = vec![self.port()];
        if self.interface.is_some() || !self.waits_for_people() {
            checks.push(self.virtual_interface());
        }
        if let Some(interface) = self.interface {
            checks.push(self.bgp(interface));
            checks.push(self.joined());
            checks.extend(self.association().map(|it| self.allowed(it)));
            checks.extend(self.numbers());
            checks.push(self.learned(interface));
            checks.extend(self.same_networks(report, tunnels));
            checks.extend(self.sizes(interface));
        }
        if !self.waits_for_people() {
            checks.push(self.way(report));
        }
        checks
    }

    fn port(&self) -> Check {
        let subject = self.subject;
        let Some(it) = self.connection else {
            let check = Check::new(CheckId::DxConnection, "Direct Connect", "a connection");
            return check.failed(
                "there is none",
                "it was not ordered yet, or somebody has deleted it",
                format!("{} --order", subject.onboard()),
            );
        };
        let check = Check::new(CheckId::DxConnection, it.id.to_string(), "available");
        match it.state.as_str() {
            "available" => check.passed(format!("available, {} at {}", it.bandwidth, it.location)),
            "rejected" => check.failed(
                "rejected",
                "it was not accepted in time, or somebody has declined it",
                subject.onboard(),
            ),
            _ if it.state.is_ending() => check.failed(
                it.state.as_str(),
                "somebody has deleted it, or AWS has after 90 days without a cross connect",
                subject.onboard(),
            ),
            "down" if self.interface.is_some() => check.failed(
                "down",
                "the port has no light: the fibre, the optics, the router's port, or work at the \
                 location",
                subject.dx_aws(&format!("describe-connections --connection-id {}", it.id)),
            ),
            state => {
                let ladder = crate::resource::ladder(it);
                let (what, cause) = next_errand(&ladder).map_or_else(
                    || (String::new(), "AWS is at work".to_owned()),
                    |errand| {
                        let todo = match errand.todo.as_str() {
                            "" => String::new(),
                            todo => format!(": {todo}"),
                        };
                        (
                            format!(", waits for: {}", errand.what),
                            format!("{} ({}){todo}", errand.who, errand.usual),
                        )
                    },
                );
                check.unknown(format!("{state}{what}"), cause, subject.onboard())
            }
        }
    }

    fn virtual_interface(&self) -> Check {
        let subject = self.subject;
        let Some(it) = self.interface else {
            let title = format!("VLAN {}", self.side.vlan);
            let check = Check::new(CheckId::DxInterface, title, "a virtual interface");
            return check.failed(
                "there is none",
                "the port is up, and nobody has onboarded again since",
                subject.onboard(),
            );
        };
        let check = Check::new(CheckId::DxInterface, it.id.to_string(), "available");
        match it.state.as_str() {
            "available" => check.passed(format!("available, VLAN {}", it.vlan.unwrap_or_default())),
            "down" => check.unknown(
                "down",
                "AWS says so while no BGP session is up",
                subject.verify(),
            ),
            "testing" => check.unknown(
                "testing",
                "a fail-over test keeps its sessions down until it ends",
                subject.stop_drill(),
            ),
            "rejected" => check.failed(
                "rejected",
                "the owner of the connection has rejected it",
                subject.onboard(),
            ),
            state => check.unknown(
                state,
                "AWS, or the owner of the connection, is at work on it",
                subject.verify(),
            ),
        }
    }

    fn bgp(&self, interface: &VirtualInterface) -> Check {
        let subject = self.subject;
        let id = interface.id.to_string();
        let Some(peer) = self.session() else {
            return Check::new(CheckId::DxSession, id, "up").failed(
                "it has no session",
                "somebody has deleted its BGP peer",
                subject.onboard(),
            );
        };
        let asn = |asn: Option<Asn>| asn.map_or_else(|| "an AS".to_owned(), |it| format!("AS{it}"));
        let (amazon, router) = (peer.amazon_address, peer.customer_address);
        let ends = match (amazon, router) {
            (Some(amazon), Some(router)) => format!("{} with {router}", amazon.addr()),
            _ => "no addresses yet".to_owned(),
        };
        let check = Check::new(CheckId::DxSession, id, "up");
        if peer.is_up() {
            return check.passed(format!("up, {ends}"));
        }
        let saw = format!("{}, {ends}", peer.status);
        if interface.state.is("testing") {
            let cause = "a fail-over test keeps it down until it ends";
            return check.unknown(saw, cause, subject.stop_drill());
        }
        let cause = format!(
            "the router has to speak on VLAN {} of the port, from {} to {}, as {} to {}, with the MD5 \
             key of its files (a trailing blank is part of a key); and the port has to be up",
            interface.vlan.unwrap_or(self.side.vlan),
            router.map_or_else(|| "its address".to_owned(), |it| it.to_string()),
            amazon.map_or_else(|| "AWS's".to_owned(), |it| it.addr().to_string()),
            asn(interface.asn.or(peer.asn)),
            asn(interface.amazon_side_asn),
        );
        let next = amazon.map_or_else(|| subject.render(), |it| subject.show_dx_session(it.addr()));
        check.failed(saw, cause, next)
    }

    fn joined(&self) -> Check {
        let subject = self.subject;
        let gateway = self.gateway.map(|it| it.id.to_string());
        let title = gateway.unwrap_or_else(|| "its gateway".to_owned());
        let expected = format!("joined to {}", subject.end);
        let check = Check::new(CheckId::DxAssociation, title, &expected);
        let Some(it) = self.association() else {
            return check.failed(
                "joined to nothing of the site's",
                "the association was never made, or somebody has ended it",
                subject.onboard(),
            );
        };
        if let Some(error) = &it.state_change_error {
            let cause = "AWS could not change it, and says why";
            return check.failed(format!("{}: {error}", it.state), cause, subject.onboard());
        }
        match it.state.as_str() {
            "associated" => check.passed(expected),
            state => check.unknown(
                state,
                "AWS is at work on it: 15 to 20 minutes are usual, and traffic may flow meanwhile",
                subject.verify(),
            ),
        }
    }

    fn allowed(&self, association: &DxAssociation) -> Check {
        let planned = self.planned_prefixes();
        let seen = &association.allowed_prefixes;
        let gateway = association.gateway.to_string();
        let check = Check::new(CheckId::DxAllowedPrefixes, gateway, words(&planned));
        let missing: Vec<IpNet> = planned
            .iter()
            .filter(|it| !seen.contains(it))
            .copied()
            .collect();
        if seen.is_empty() {
            let cause = "an empty list announces nothing of the VPC to the site, without any error";
            return check.failed("none", cause, self.subject.onboard());
        }
        if !missing.is_empty() {
            let saw = format!("{} is missing", words(&missing));
            let cause = "somebody has changed them, or the site file has changed since";
            return check.failed(saw, cause, self.subject.onboard());
        }
        check.passed(words(seen))
    }

    /// A session between two ends with one AS is another kind of BGP, and AWS takes no path with its
    /// own AS in it.
    fn numbers(&self) -> Option<Check> {
        let gateway = self.gateway?;
        let own = gateway.amazon_side_asn?;
        let subject = self.subject;
        let transit = match &subject.end {
            ConnectionEnd::TransitGateway(id) => self.view.transit_gateways.get(id),
            ConnectionEnd::VpnGateway(_) => None,
        };
        let check = Check::new(
            CheckId::DxAsn,
            gateway.id.to_string(),
            "an AS that is nobody else's",
        );
        let saw = format!("AS{own}");
        let advice = "give the site a Direct Connect gateway with another one: \
                      `aws.direct_connect.gateway_asn`";
        Some(match transit.and_then(|it| it.amazon_side_asn) {
            Some(asn) if asn == own => {
                let cause = format!("it is that of the transit gateway, too; {advice}");
                check.failed(saw, cause, subject.onboard())
            }
            _ if subject.site.gateway.asn == own => {
                let cause = format!("it is that of the site's router, too; {advice}");
                check.failed(saw, cause, subject.onboard())
            }
            _ => check.passed(saw),
        })
    }

    fn learned(&self, interface: &VirtualInterface) -> Check {
        let subject = self.subject;
        let end = [Ipv4Net::from(subject.site.gateway.outside_ip)];
        // Over Direct Connect that carries the tunnels, where they end and nothing else.
        let lan = match self.side.private_vpn {
            Some(_) => &end[..],
            None => &subject.site.lan[..],
        };
        let drained = self.prefers() == Way::Vpn;
        let expected = match drained {
            true => "none: the site prefers its tunnels".to_owned(),
            false => words(lan),
        };
        let check = Check::new(CheckId::DxRoutes, interface.id.to_string(), expected);
        let routes = match &self.answers.routes {
            Some(Ok(routes)) => routes,
            Some(Err(fault)) => {
                let cause = "the policy does not allow directconnect:ListVirtualInterfaceRoutes, \
                             which is young, or the Region does not have it";
                return check.unknown(fault.to_string(), cause, subject.policy());
            }
            None => return check.unknown("not asked", "it has just been made", subject.verify()),
        };
        if !self.is_up() {
            let cause = "no session is up, so nothing is learned";
            return check.unknown("none", cause, subject.verify());
        }
        let accepted = &routes.accepted;
        let saw = match accepted.is_empty() {
            true => "none".to_owned(),
            false => words(accepted),
        };
        let missing = |net: &&Ipv4Net| !is_covered(**net, accepted.iter());
        let missing: Vec<_> = lan.iter().filter(missing).copied().collect();
        match drained {
            true if accepted.is_empty() => check.passed(saw),
            true => check.failed(
                saw,
                "the router does not run the files that were written with the cut-over",
                subject.render(),
            ),
            false if missing.is_empty() => check.passed(saw),
            false => check.failed(
                format!("{saw}; {} is missing", words(&missing)),
                "the router does not announce it over Direct Connect: it runs older files, or the \
                 network is not in its routing table",
                subject.render(),
            ),
        }
    }

    /// The ways can stand in for each other only with the same networks: the longer prefix wins
    /// whatever is preferred, and what one way lacks is cut off when the other one fails.
    fn same_networks(
        &self,
        report: &DirectConnectReport,
        tunnels: &[TunnelReport],
    ) -> Option<Check> {
        let lan = &self.subject.site.lan;
        let one_way = self.side.private_vpn.is_some();
        if self.subject.site.routing == Routing::Static || one_way {
            return None;
        }
        let check = Check::new(
            CheckId::SameNetworks,
            "both ways",
            format!("{} and nothing else", words(lan)),
        );
        let planned: BTreeSet<IpNet> = lan.iter().copied().map(IpNet::V4).collect();
        let accepted = report.accepted.as_ref();
        let more: Vec<IpNet> = accepted
            .into_iter()
            .flat_map(|it| it.difference(&planned))
            .copied()
            .collect();
        let next = self.subject.render();
        if !more.is_empty() {
            return Some(check.failed(
                format!("{} over Direct Connect as well", words(&more)),
                "the router announces more over Direct Connect than the site file says, and what \
                 the tunnels do not bring is cut off when Direct Connect fails",
                next,
            ));
        }
        let short = |it: &&TunnelReport| {
            it.up && usize::try_from(it.accepted_routes).is_ok_and(|count| count < planned.len())
        };
        if let Some(tunnel) = tunnels.iter().find(short) {
            return Some(check.failed(
                format!("{} brings {}", tunnel.title(), tunnel.accepted_routes),
                "the router announces less through the tunnels than the site file says",
                next,
            ));
        }
        let seen = tunnels.iter().any(|it| it.up);
        seen.then(|| check.passed(format!("{} through each tunnel that is up", planned.len())))
    }

    /// Told once, as something to know: AWS takes the smaller size where both ways have a network
    /// (Direct Connect guide).
    fn sizes(&self, interface: &VirtualInterface) -> Option<Check> {
        let mtu = interface.mtu.filter(|mtu| *mtu > 1_500)?;
        let tunnels = self.subject.tunnels.iter().map(|it| it.mtu).min();
        let through =
            tunnels.map_or_else(String::new, |mtu| format!(", {mtu} through the tunnels"));
        let check = Check::new(
            CheckId::DxMtu,
            interface.id.to_string(),
            "packets that fit either way",
        );
        Some(check.passed(format!(
            "{mtu} bytes, of which AWS uses 1500 beside a VPN{through}"
        )))
    }

    fn way(&self, report: &DirectConnectReport) -> Check {
        let prefers = report.prefers;
        let expected = format!("by {prefers}");
        let check = Check::new(CheckId::Way, "traffic from AWS", &expected);
        let all = |going: Going| report.ways.iter().all(|it| it.goes == going);
        let some = |going: Going| report.ways.iter().any(|it| it.goes == going);
        let saw = report.going();
        let other = match prefers {
            Way::DirectConnect => Going::Vpn,
            Way::Vpn => Going::Dx,
        };
        if all(Going::from(prefers)) {
            return check.passed(expected);
        }
        if some(Going::Nowhere) {
            return check.stopping_traffic().failed(
                saw,
                match prefers {
                    Way::DirectConnect => "neither way brings AWS the network",
                    Way::Vpn => {
                        "the tunnels do not bring AWS the network, and Direct Connect is kept from \
                         bringing it: the site prefers its tunnels"
                    }
                },
                self.subject.verify(),
            );
        }
        let cause = match some(other) {
            true => "the preferred way does not carry it, and the other one has taken over",
            false => "AWS tells of no route",
        };
        check.unknown(saw, cause, self.subject.verify())
    }
}

/// Networks in a few words.
fn words<T: ToString>(nets: impl IntoIterator<Item = T>) -> String {
    const SHOWN: usize = 4;
    let mut all: Vec<String> = nets.into_iter().map(|it| it.to_string()).collect();
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    let text = all.join(", ");
    match more {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}
