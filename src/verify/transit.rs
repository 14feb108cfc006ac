//! What a transit gateway has to know: who is attached, and the way there and back.

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv4Net};

use super::direct_connect;
use super::report::{Check, CheckId};
use super::subject::Subject;
use crate::aws::{TransitAttachment, TransitRoute, View};
use crate::spec::{
    Routing, TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId,
};

/// Whether the VPC has its place on the transit gateway.
pub(super) fn attached(subject: &Subject, view: &View) -> Check {
    let (gateway, vpc) = (&subject.end, &subject.vpc);
    let expected = format!("attached to {vpc}");
    let check = Check::new(CheckId::GatewayAttached, gateway.to_string(), expected);
    match attachment(subject, view, vpc.as_str()) {
        Some(it) if it.state.is("available") => {
            check.passed(format!("attached to {vpc} as {}", it.id))
        }
        Some(it) if it.state.is("pendingacceptance") => check.stopping_traffic().failed(
            "pendingAcceptance",
            "the transit gateway's owner has not accepted the VPC yet",
            subject.onboard(),
        ),
        Some(it) => check.stopping_traffic().failed(
            it.state.as_str(),
            "AWS is still attaching the VPC, or somebody takes it off",
            subject.onboard(),
        ),
        None => check.stopping_traffic().failed(
            "not attached to this VPC",
            "attaching it failed, or somebody has taken it off",
            subject.onboard(),
        ),
    }
}

/// Everything between the connection and the VPC's attachment.
pub(super) fn checks(
    subject: &Subject,
    gateway: &TransitGatewayId,
    view: &View,
    any_up: bool,
) -> Vec<Check> {
    let connection = attachment(subject, view, subject.connection.as_str());
    let vpc = attachment(subject, view, subject.vpc.as_str());
    let mut checks = vec![joined(subject, connection)];
    if let Some(connection) = connection {
        checks.push(association(subject, connection));
        let hub = Hub {
            subject,
            view,
            connection,
            vpc,
            direct: direct_connect::gateway(&subject.site, view)
                .and_then(|id| attachment(subject, view, id.as_str())),
            any_up,
        };
        checks.extend(hub.learning(gateway));
        checks.extend(subject.site.lan.iter().filter_map(|net| hub.route(*net)));
        checks.extend(hub.way_to_vpc());
    }
    checks.extend(equal_cost(subject, gateway, view));
    checks
}

/// The living attachment of a VPC, a connection or a Direct Connect gateway to the site's transit
/// gateway.
pub(super) fn attachment<'a>(
    subject: &Subject,
    view: &'a View,
    resource: &str,
) -> Option<&'a TransitAttachment> {
    view.transit_attachments.values().find(|it| {
        let gateway = it.transit_gateway.as_ref();
        !it.state.is_ending()
            && it.resource == resource
            && gateway.is_some_and(|id| id.as_str() == subject.end.as_str())
    })
}

fn joined(subject: &Subject, attachment: Option<&TransitAttachment>) -> Check {
    let check = Check::new(
        CheckId::ConnectionAttached,
        subject.connection.to_string(),
        format!("attached to {}", subject.end),
    );
    match attachment {
        Some(it) if it.state.is("available") => check.passed(it.id.to_string()),
        Some(it) => check.stopping_traffic().failed(
            format!("{} {}", it.id, it.state),
            "AWS is still attaching it",
            subject.verify(),
        ),
        None => check.stopping_traffic().failed(
            "AWS lists no attachment",
            "AWS is still attaching it, or the gateway is another account's and tells nothing",
            subject.verify(),
        ),
    }
}

/// Traffic from the site is dropped where its attachment looks up in no table.
fn association(subject: &Subject, attachment: &TransitAttachment) -> Check {
    let wanted = subject.site.aws.transit.route_table.as_ref();
    let expected = wanted.map_or_else(
        || "looks routes up in some table".to_owned(),
        |table| format!("looks routes up in {table}"),
    );
    let check = Check::new(CheckId::Association, attachment.id.to_string(), expected);
    match &attachment.association {
        Some(it) if wanted.is_some_and(|wanted| *wanted != it.table) => check.failed(
            it.table.as_str(),
            "somebody has associated it with another table",
            subject.onboard(),
        ),
        Some(it) if it.state.is("associated") => check.passed(it.table.as_str()),
        Some(it) => check.stopping_traffic().failed(
            format!("{} {}", it.table, it.state),
            "AWS is still changing it",
            subject.verify(),
        ),
        None => check.stopping_traffic().failed(
            "in none",
            "the gateway associates nothing by itself, or somebody has ended it",
            "name a table in `aws.transit.route_table`, then onboard again",
        ),
    }
}

fn equal_cost(subject: &Subject, gateway: &TransitGatewayId, view: &View) -> Option<Check> {
    if !subject.site.aws.transit.ecmp {
        return None;
    }
    let check = Check::new(
        CheckId::EqualCost,
        gateway.to_string(),
        "uses equal routes together",
    );
    Some(match view.transit_gateways.get(gateway) {
        Some(it) if it.vpn_ecmp => check.passed("VPN ECMP support is on"),
        Some(_) => check.failed(
            "VPN ECMP support is off",
            "it was never switched on, or somebody has switched it off",
            format!(
                "aws ec2 --region {} modify-transit-gateway --transit-gateway-id {gateway} \
                 --options VpnEcmpSupport=enable",
                subject.site.region
            ),
        ),
        None => check.unknown(
            "AWS does not list it",
            "it was deleted, or is not shared any more",
            subject.onboard(),
        ),
    })
}

/// The transit gateway as far as it concerns the site.
struct Hub<'a> {
    subject: &'a Subject,
    view: &'a View,
    connection: &'a TransitAttachment,
    vpc: Option<&'a TransitAttachment>,
    /// The Direct Connect gateway's.
    direct: Option<&'a TransitAttachment>,
    any_up: bool,
}

impl Hub<'_> {
    /// The table in which the VPC's attachment looks routes up.
    fn vpcs_table(&self) -> Option<&TransitGatewayRouteTableId> {
        Some(&self.vpc?.association.as_ref()?.table)
    }

    /// The tables that the site file names learn, and so does one at least.
    fn learning(&self, gateway: &TransitGatewayId) -> Vec<Check> {
        if self.subject.site.routing != Routing::Bgp {
            return Vec::new();
        }
        let default = self.view.transit_gateways.get(gateway);
        let default = default.and_then(|it| it.propagation_table.as_ref());
        let named = self.subject.site.aws.transit.propagate_to.iter();
        let tables: BTreeSet<_> = named.chain(default).collect();
        tables.into_iter().map(|it| self.learns(it)).collect()
    }

    fn learns(&self, table: &TransitGatewayRouteTableId) -> Check {
        let id = &self.connection.id;
        let expected = format!("learns from {id}");
        let check = Check::new(CheckId::TransitPropagation, table.to_string(), &expected);
        let Some(contents) = self.view.transit_table_contents.get(table) else {
            return check.unknown(
                "AWS does not list it",
                "it was deleted, or the gateway is another account's",
                self.subject.onboard(),
            );
        };
        let of_it = contents.propagations.iter();
        let mut of_it = of_it.filter(|it| it.attachment == *id && it.state.is("enabled"));
        if of_it.next().is_some() {
            return check.passed(expected);
        }
        let check = match self.vpcs_table() == Some(table) {
            true => check.stopping_traffic(),
            false => check,
        };
        check.failed(
            "does not learn from it",
            "propagation was never enabled, or somebody has disabled it",
            self.subject.onboard(),
        )
    }

    /// Where the table of the VPC's attachment leads for a network of the site.
    fn route(&self, network: Ipv4Net) -> Option<Check> {
        let table = self.vpcs_table()?;
        let subject = self.subject;
        let id = &self.connection.id;
        let check = Check::new(
            CheckId::TransitRoute,
            format!("{table} → {network}"),
            format!("a route to {id}"),
        );
        let Some(route) = self.lookup(table, network) else {
            let saw = "no route";
            return Some(match subject.site.routing {
                Routing::Bgp if !self.any_up => {
                    let cause = "no tunnel is up, so nothing is learned";
                    check.unknown(saw, cause, subject.verify())
                }
                Routing::Bgp => check.stopping_traffic().failed(
                    saw,
                    "the router does not announce it, or the table does not learn from the \
                     connection",
                    subject.show_transit_table(table.as_str()),
                ),
                Routing::Static => check.stopping_traffic().failed(
                    saw,
                    "the static route was never written, or somebody has deleted it",
                    subject.onboard(),
                ),
            });
        };
        let saw = shown(route);
        let ours = |it: &TransitGatewayAttachmentId| {
            it == id || self.direct.is_some_and(|direct| direct.id == *it)
        };
        if route.attachments.iter().any(ours) && route.state.is("active") {
            return Some(check.passed(saw));
        }
        // With BGP a wider route, such as one to everywhere, stands in until the site's is learned.
        if subject.site.routing == Routing::Bgp && !self.any_up {
            let cause = "no tunnel is up, so the site's own is not learned";
            return Some(check.unknown(saw, cause, subject.verify()));
        }
        Some(check.stopping_traffic().failed(
            saw,
            "somebody's route is preferred to the site's: a longer one, or a static one to the same \
             network",
            subject.show_transit_table(table.as_str()),
        ))
    }

    /// Whether what comes from the site finds the VPC.
    fn way_to_vpc(&self) -> Vec<Check> {
        let associated = self.connection.association.as_ref();
        let Some((table, vpc)) = associated.map(|it| &it.table).zip(self.vpc) else {
            return Vec::new();
        };
        let nets = self.view.vpcs.get(&self.subject.vpc);
        let nets = nets.into_iter().flat_map(|it| it.cidrs.iter().copied());
        let way = |net: Ipv4Net| {
            let check = Check::new(
                CheckId::WayToVpc,
                format!("{table} → {net}"),
                format!("a route to {}", vpc.id),
            );
            match self.lookup(table, net) {
                Some(route) if route.attachments.contains(&vpc.id) && route.state.is("active") => {
                    check.passed(shown(route))
                }
                found => check.stopping_traffic().failed(
                    found.map_or_else(|| "no route".to_owned(), shown),
                    "the VPC's attachment does not propagate into the table in which the \
                     connection looks routes up, or another route is preferred",
                    self.subject.show_transit_table(table.as_str()),
                ),
            }
        };
        nets.map(way).collect()
    }

    /// The route that a table takes to a network: the longest, and a written one before one that is
    /// learned (AWS Transit Gateway guide, route evaluation order).
    fn lookup(
        &self,
        table: &TransitGatewayRouteTableId,
        network: Ipv4Net,
    ) -> Option<&TransitRoute> {
        lookup(self.view, table, network)
    }
}

/// The route that a table takes to a network.
pub(super) fn lookup<'a>(
    view: &'a View,
    table: &TransitGatewayRouteTableId,
    network: Ipv4Net,
) -> Option<&'a TransitRoute> {
    let contents = view.transit_table_contents.get(table)?;
    let covers = |route: &&TransitRoute| {
        !route.state.is_ending() && route.destination.contains(&IpNet::V4(network))
    };
    let routes = contents.routes.iter().filter(covers);
    routes.max_by_key(|it| (it.destination.prefix_len(), !it.propagated))
}

fn shown(route: &TransitRoute) -> String {
    let ids: Vec<&str> = route.attachments.iter().map(|it| it.as_str()).collect();
    let to = match ids.is_empty() {
        true => "nowhere".to_owned(),
        false => ids.join(" and "),
    };
    let how = if route.propagated {
        "learned"
    } else {
        "written"
    };
    format!("{} → {to}, {how}", route.destination)
}
