//! Static routes, other connections, and the VPC's route tables.

use ipnet::{IpNet, Ipv4Net};

use super::report::{Check, CheckId};
use super::subject::Subject;
use crate::aws::{ConnectionEnd, Route, RouteTable, View, VpnConnection};
use crate::spec::{RouteTableId, Routing, VpnGatewayId};

/// The static routes of the connection itself.
pub(super) fn of_connection(subject: &Subject, connection: &VpnConnection) -> Vec<Check> {
    let on_transit_gateway = matches!(subject.end, ConnectionEnd::TransitGateway(_));
    if subject.site.routing == Routing::Bgp || on_transit_gateway {
        return Vec::new();
    }
    let check = |network: &Ipv4Net| {
        let check = Check::new(
            CheckId::StaticRoute,
            format!("{} → {network}", connection.id),
            "an available static route",
        );
        let route = connection
            .routes
            .iter()
            .filter(|route| route.destination == *network)
            .min_by_key(|route| !route.state.is("available"));
        match route {
            Some(route) if route.state.is("available") => check.passed("available"),
            Some(route) => check.stopping_traffic().failed(
                route.state.as_str(),
                "AWS is still adding it, or somebody is removing it",
                subject.onboard(),
            ),
            None => check.stopping_traffic().failed(
                "absent",
                "it was never added, or somebody has removed it",
                subject.onboard(),
            ),
        }
    };
    subject.site.lan.iter().map(check).collect()
}

/// Other connections of the gateway that would take the site's traffic: for the same prefix a
/// gateway prefers static routes to BGP, and the longer prefix always (AWS VPN guide, route
/// priority).
pub(super) fn rivals(subject: &Subject, gateway: &VpnGatewayId, view: &View) -> Vec<Check> {
    let mut rivals = Vec::new();
    for other in view.connections_on(gateway) {
        if other.id == subject.connection {
            continue;
        }
        for route in other.routes.iter().filter(|route| !route.state.is_ending()) {
            for network in &subject.site.lan {
                let wins = network.contains(&route.destination)
                    && (subject.site.routing == Routing::Bgp || route.destination != *network);
                let equal = route.destination == *network;
                if !wins && !equal {
                    continue;
                }
                let check = Check::new(
                    CheckId::RivalConnection,
                    format!("{gateway} → {network}"),
                    format!("only {} leads there", subject.connection),
                );
                let cause = if wins {
                    "the gateway prefers that connection's static route to this one"
                } else {
                    "two connections have the same static route: AWS takes either"
                };
                let check = check.failed(
                    format!("{} has a static route to {}", other.id, route.destination),
                    format!("{cause}; it may be left over from an earlier set-up"),
                    subject.show_connection(&other.id),
                );
                // A gateway takes no way whose tunnels are down, until they are up.
                let attracts = other.telemetry.iter().any(|telemetry| telemetry.up);
                rivals.push(if attracts {
                    check.stopping_traffic()
                } else {
                    check
                });
            }
        }
    }
    rivals
}

/// What each route table should know.
pub(super) fn of_tables(subject: &Subject, view: &View, any_up: bool) -> Vec<Check> {
    subject
        .route_tables
        .iter()
        .flat_map(|id| match view.route_tables.get(id) {
            Some(table) => Table {
                subject,
                table,
                any_up,
            }
            .checks(),
            None => vec![missing(subject, id)],
        })
        .collect()
}

fn missing(subject: &Subject, id: &RouteTableId) -> Check {
    let check = Check::new(
        CheckId::Propagation,
        id.to_string(),
        format!("leads to {}", subject.end),
    );
    check.stopping_traffic().failed(
        "AWS does not list it",
        "the route table was deleted",
        subject.onboard(),
    )
}

struct Table<'a> {
    subject: &'a Subject,
    table: &'a RouteTable,
    any_up: bool,
}

impl Table<'_> {
    fn checks(&self) -> Vec<Check> {
        let (mut checks, learns) = match &self.subject.end {
            ConnectionEnd::VpnGateway(gateway) => {
                let learns = self.table.propagating.contains(gateway);
                (vec![self.propagation(gateway)], learns)
            }
            // Its routes are written.
            ConnectionEnd::TransitGateway(_) => (Vec::new(), true),
        };
        for network in &self.subject.site.lan {
            checks.push(self.route(*network, learns));
        }
        checks.push(self.precedence());
        checks.extend(self.default_route());
        checks
    }

    fn propagation(&self, gateway: &VpnGatewayId) -> Check {
        let check = Check::new(
            CheckId::Propagation,
            self.table.id.to_string(),
            format!("learns from {gateway}"),
        );
        if self.table.propagating.contains(gateway) {
            check.passed(format!("learns from {gateway}"))
        } else {
            check.stopping_traffic().failed(
                "does not learn from the gateway",
                "propagation was never enabled, or somebody has disabled it",
                self.subject.onboard(),
            )
        }
    }

    /// The routes to the gateway that can be used.
    fn ours(&self) -> impl Iterator<Item = (Ipv4Net, &Route)> {
        let gateway = self.subject.end.as_str();
        v4(self.table).filter(move |(_, route)| route.target == gateway && route.state.is("active"))
    }

    /// The routes to somewhere else; a blackhole attracts traffic as well as any other.
    fn others(&self) -> impl Iterator<Item = (Ipv4Net, &Route)> {
        let gateway = self.subject.end.as_str();
        v4(self.table).filter(move |(_, route)| route.target != gateway)
    }

    /// The longest route to the gateway that covers a network; a default route does not count as
    /// one that somebody meant for it.
    fn covering(&self, network: Ipv4Net) -> Option<(Ipv4Net, &Route)> {
        self.ours()
            .filter(|(destination, _)| destination.contains(&network))
            .filter(|(destination, _)| destination.prefix_len() > 0 || *destination == network)
            .max_by_key(|(destination, _)| destination.prefix_len())
    }

    fn route(&self, network: Ipv4Net, learns: bool) -> Check {
        let subject = self.subject;
        let check = Check::new(
            CheckId::SiteRoute,
            format!("{} → {network}", self.table.id),
            format!("a route to {}", subject.end),
        );
        if let Some((destination, _)) = self.covering(network) {
            return check.passed(if destination == network {
                subject.end.to_string()
            } else {
                format!("{destination} → {}", subject.end)
            });
        }
        let parts: Vec<Ipv4Net> = self
            .ours()
            .map(|(destination, _)| destination)
            .filter(|destination| network.contains(destination))
            .collect();
        let names: Vec<String> = parts.iter().map(ToString::to_string).collect();
        if Ipv4Net::aggregate(&parts).contains(&network) {
            return check.passed(format!("{} → {}", names.join(", "), subject.end));
        }
        let instead = self.instead(network);
        if !parts.is_empty() {
            return check.failed(
                format!("only {}; for the rest {instead}", names.join(", ")),
                "the router announces parts of the network and not all of it",
                subject.render(),
            );
        }
        self.absent(check, instead, learns)
    }

    /// A site's network to which nothing leads: whether that is news, and why.
    fn absent(&self, check: Check, instead: String, learns: bool) -> Check {
        let subject = self.subject;
        if matches!(subject.end, ConnectionEnd::TransitGateway(_)) {
            let cause = "the route was never written, or somebody has deleted it";
            return check
                .stopping_traffic()
                .failed(instead, cause, subject.onboard());
        }
        if !learns {
            let cause = "the table does not learn from the gateway";
            return check.unknown(instead, cause, subject.onboard());
        }
        if !self.any_up {
            let cause = "no tunnel is up, so nothing is learned";
            return check.unknown(instead, cause, subject.verify());
        }
        let cause = match subject.site.routing {
            Routing::Bgp => {
                "the router does not announce it: its export filter refuses it, or it is not in \
                 its routing table"
            }
            Routing::Static => {
                "the connection lacks this static route, or AWS has not propagated it yet"
            }
        };
        let next = subject.show_route_table(self.table.id.as_str());
        check.stopping_traffic().failed(instead, cause, next)
    }

    /// Where a network's traffic goes without a route to the gateway.
    fn instead(&self, network: Ipv4Net) -> String {
        self.others()
            .filter(|(destination, _)| destination.contains(&network))
            .max_by_key(|(destination, _)| destination.prefix_len())
            .map_or_else(
                || "no route".to_owned(),
                |(destination, route)| format!("traffic takes {destination} → {}", route.target),
            )
    }

    /// Whether another route takes the site's traffic.
    ///
    /// The local route wins against everything that is propagated, else the longer prefix wins,
    /// and between equals the one that somebody wrote (AWS VPC guide, route priority).
    fn precedence(&self) -> Check {
        let check = Check::new(
            CheckId::RoutePrecedence,
            self.table.id.to_string(),
            "no other route takes the site's traffic",
        );
        let winners: Vec<(Ipv4Net, &Route)> = self
            .others()
            .filter(|(destination, route)| {
                let networks = self.subject.site.lan.iter();
                networks
                    .into_iter()
                    .any(|network| self.loses_to(*network, *destination, route))
            })
            .collect();
        let Some((destination, first)) = winners.first() else {
            return check.passed("none does");
        };
        let cause = if first.target == "local" {
            "the VPC has the same addresses as the site, and inside a VPC its own route always \
             wins: number one of the two anew"
        } else if first.state.is("blackhole") {
            "somebody wrote a more preferred route, and its target is gone: delete it"
        } else if self.is_wider_than_a_network(*destination) {
            "the router announces a summary that is wider than this route: let it announce the \
             site's networks themselves"
        } else {
            "somebody wrote a more preferred route: delete it, or narrow it"
        };
        let saw: Vec<String> = winners
            .iter()
            .map(|(destination, route)| format!("{destination} → {}", route.target))
            .collect();
        let next = self.subject.show_route_table(self.table.id.as_str());
        check.stopping_traffic().failed(saw.join(", "), cause, next)
    }

    fn is_wider_than_a_network(&self, destination: Ipv4Net) -> bool {
        let mut networks = self.subject.site.lan.iter();
        networks.any(|network| destination != *network && destination.contains(network))
    }

    /// Whether a network's traffic, or some of it, goes to `destination` instead.
    fn loses_to(&self, network: Ipv4Net, destination: Ipv4Net, route: &Route) -> bool {
        let inside = network.contains(&destination);
        let around = destination.contains(&network);
        if route.target == "local" {
            return inside || around;
        }
        if inside && destination != network {
            return true;
        }
        let Some((ours, our_route)) = self.covering(network) else {
            // Nothing to beat yet, but it would beat the one that is to come; longer ones it cannot.
            let longer = self.ours().any(|(ours, _)| network.contains(&ours));
            return destination == network && !route.propagated && !longer;
        };
        around
            && (destination.prefix_len() > ours.prefix_len()
                || (destination == ours && our_route.propagated && !route.propagated))
    }

    /// A way to everywhere that a router announced, although no site said so.
    fn default_route(&self) -> Option<Check> {
        let wanted = |network: &Ipv4Net| network.prefix_len() == 0;
        if self.subject.site.lan.iter().any(wanted) {
            return None;
        }
        self.ours()
            .find(|(destination, route)| destination.prefix_len() == 0 && route.propagated)
            .map(|_| {
                let check = Check::new(
                    CheckId::DefaultRoute,
                    self.table.id.to_string(),
                    "no router announces 0.0.0.0/0",
                );
                check.failed(
                    format!("0.0.0.0/0 → {}", self.subject.end),
                    "this router, or that of another site on the gateway, announces a default \
                     route: where the table has no other, the VPC's Internet traffic goes there",
                    self.subject.render(),
                )
            })
    }
}

fn v4(table: &RouteTable) -> impl Iterator<Item = (Ipv4Net, &Route)> {
    table
        .routes
        .iter()
        .filter_map(|route| match route.destination {
            Some(IpNet::V4(destination)) => Some((destination, route)),
            _ => None,
        })
}
