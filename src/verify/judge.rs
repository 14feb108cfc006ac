//! What was planned against what was seen: pure, so that every situation can be made by hand.

use jiff::Timestamp;

use super::direct_connect::DirectConnect;
use super::report::{Check, CheckId, Report};
use super::routes;
use super::subject::{Answers, Negotiated, Subject};
use super::transit;
use super::tunnels::{self, Tunnels};
use crate::aws::{Attachment, ConnectionEnd, CustomerGateway, View, VpnConnection};
use crate::spec::{Asn, Routing, VpnGatewayId};

/// Judges a connection by a view of its connection, gateways and route tables, and by what the
/// tunnels negotiated as far as AWS says.
///
/// What follows from an earlier miss is `unknown` instead of one more failure: where no tunnel is
/// up, missing routes are no news.
pub fn judge(
    subject: &Subject,
    view: &View,
    negotiated: &Negotiated,
    direct: &Answers,
    now: Timestamp,
) -> Report {
    let direct = DirectConnect::of(subject, view, direct);
    let connection = view.vpn_connections.get(&subject.connection);
    let mut checks = vec![available(subject, connection)];
    let living = connection.filter(|connection| !connection.state.is_ending());
    let mut tunnel_reports = Vec::new();
    let mut any_up = false;
    let mut tunnels_carry = false;
    checks.push(match &subject.end {
        ConnectionEnd::VpnGateway(gateway) => attached(subject, gateway, view),
        ConnectionEnd::TransitGateway(_) => transit::attached(subject, view),
    });
    if let Some(connection) = living {
        checks.push(ends(subject, connection));
        checks.push(customer_gateway(subject, connection, view));
        let seen = Tunnels {
            subject,
            connection,
            negotiated,
            amazon_asn: amazon_asn(subject, view),
            now,
        };
        any_up = seen.up() > 0;
        tunnels_carry = any_up;
        checks.extend(seen.checks());
        tunnel_reports = seen.reports();
        checks.extend(routes::of_connection(subject, connection));
    }
    if tunnel_reports.is_empty() {
        tunnel_reports = tunnels::unseen(subject);
    }
    any_up |= direct.as_ref().is_some_and(DirectConnect::may_carry);
    checks.extend(match &subject.end {
        ConnectionEnd::VpnGateway(gateway) => routes::rivals(subject, gateway, view),
        ConnectionEnd::TransitGateway(gateway) => transit::checks(subject, gateway, view, any_up),
    });
    checks.extend(routes::of_tables(subject, view, any_up));
    let direct = direct.map(|it| {
        let report = it.report(&tunnel_reports, tunnels_carry);
        if report.carries() {
            stops_nothing(&mut checks);
        }
        checks.extend(it.checks(&report, &tunnel_reports));
        report
    });
    Report::new(
        subject.site.name.clone(),
        subject.connection.clone(),
        now,
        checks,
        tunnel_reports,
        direct,
    )
}

/// Traffic that goes over Direct Connect does not stop with the tunnels.
fn stops_nothing(checks: &mut [Check]) {
    for check in checks {
        check.stops_traffic &= !is_of_tunnels(check.id);
    }
}

/// Whether a check is about the way through the tunnels, and not about what both ways need.
pub(super) fn is_of_tunnels(id: CheckId) -> bool {
    matches!(
        id,
        CheckId::ConnectionAvailable
            | CheckId::ConnectionEnds
            | CheckId::CustomerGateway
            | CheckId::TunnelPlanned
            | CheckId::TunnelUp
            | CheckId::TunnelRoutes
            | CheckId::TunnelCrypto
            | CheckId::Redundancy
            | CheckId::StaticRoute
            | CheckId::RivalConnection
            | CheckId::ConnectionAttached
            | CheckId::Association
            | CheckId::TransitPropagation
    )
}

fn amazon_asn(subject: &Subject, view: &View) -> Option<Asn> {
    match &subject.end {
        ConnectionEnd::VpnGateway(id) => view.vpn_gateways.get(id)?.amazon_side_asn,
        ConnectionEnd::TransitGateway(id) => view.transit_gateways.get(id)?.amazon_side_asn,
    }
}

fn available(subject: &Subject, connection: Option<&VpnConnection>) -> Check {
    let id = &subject.connection;
    let check = Check::new(
        CheckId::ConnectionAvailable,
        id.to_string(),
        "the connection is available",
    );
    let Some(connection) = connection else {
        return check.stopping_traffic().failed(
            "AWS does not list it",
            "it was deleted, or this is another account or Region",
            subject.onboard(),
        );
    };
    match connection.state.as_str() {
        "available" => check.passed("available"),
        "pending" => check.stopping_traffic().failed(
            "pending",
            "AWS is still making it: 3 to 6 minutes are usual",
            subject.onboard(),
        ),
        // A tunnel at a time is replaced: the other one may carry traffic.
        "modifying" => check.unknown(
            "modifying",
            "AWS is changing a tunnel: 5 to 13 minutes are usual",
            subject.verify(),
        ),
        state => check.stopping_traffic().failed(
            state,
            "somebody has deleted it, or AWS could not make it",
            subject.onboard(),
        ),
    }
}

fn ends(subject: &Subject, connection: &VpnConnection) -> Check {
    let wanted = subject.site.routing;
    let expected = format!("ends on {}, {} routing", subject.end, wanted.as_str());
    let check = Check::new(
        CheckId::ConnectionEnds,
        connection.id.to_string(),
        &expected,
    );
    let routing = if connection.static_routes_only {
        Routing::Static
    } else {
        Routing::Bgp
    };
    let on_vpn_gateway = connection.vpn_gateway.as_ref().map(ToString::to_string);
    let on_transit_gateway = connection.transit_gateway.as_ref().map(ToString::to_string);
    let gateway = on_vpn_gateway.or(on_transit_gateway);
    let right_gateway = gateway.as_deref() == Some(subject.end.as_str());
    let saw = format!(
        "ends on {}, {} routing",
        gateway.as_deref().unwrap_or("nothing"),
        routing.as_str()
    );
    if right_gateway && routing == wanted {
        check.passed(saw)
    } else {
        check.stopping_traffic().failed(
            saw,
            "the connection was made for something else, or the site file has changed since",
            subject.onboard(),
        )
    }
}

fn customer_gateway(subject: &Subject, connection: &VpnConnection, view: &View) -> Check {
    let gateway = &subject.site.gateway;
    let expected = format!("{} AS{}", gateway.outside_ip, gateway.asn);
    let id = connection.customer_gateway.as_ref();
    let about = id.map_or_else(|| connection.id.to_string(), ToString::to_string);
    let check = Check::new(CheckId::CustomerGateway, about, expected);
    let Some(seen) = id.and_then(|id| view.customer_gateways.get(id)) else {
        return check.unknown(
            "AWS does not list it",
            "it was deleted, or may not be looked at",
            subject.onboard(),
        );
    };
    let saw = recorded(seen);
    let same_address = seen.ip_address == Some(gateway.outside_ip.into());
    // With static routing AWS stores an ASN and uses none.
    let same_asn = subject.site.routing == Routing::Static || seen.bgp_asn == Some(gateway.asn);
    if same_address && same_asn {
        return check.passed(saw);
    }
    let cause = if same_address {
        "AWS expects another ASN of the router, so that BGP does not come up"
    } else {
        "AWS expects the router at another address, so that IKE is not answered"
    };
    check.failed(saw, cause, subject.onboard())
}

fn recorded(gateway: &CustomerGateway) -> String {
    let address = gateway.ip_address.map(|address| address.to_string());
    let asn = gateway.bgp_asn.map(|asn| format!(" AS{asn}"));
    format!(
        "{}{}",
        address.as_deref().unwrap_or("no address"),
        asn.unwrap_or_default()
    )
}

fn attached(subject: &Subject, gateway: &VpnGatewayId, view: &View) -> Check {
    let vpc = &subject.vpc;
    let expected = format!("attached to {vpc}");
    let check = Check::new(CheckId::GatewayAttached, gateway.to_string(), expected);
    let Some(seen) = view.vpn_gateways.get(gateway) else {
        return check.stopping_traffic().failed(
            "AWS does not list it",
            "it was deleted, or this is another account or Region",
            subject.onboard(),
        );
    };
    let here = |attachment: &&Attachment| attachment.vpc == *vpc;
    // Old attachments stay listed as detached beside the one that counts.
    let attachment = seen
        .attachments
        .iter()
        .filter(here)
        .max_by_key(|attachment| match attachment.state.as_str() {
            "attached" => 3,
            "attaching" => 2,
            "detached" => 0,
            _ => 1,
        });
    match attachment {
        Some(attachment) if attachment.state.is("attached") => {
            check.passed(format!("attached to {vpc}"))
        }
        Some(attachment) if attachment.state.is("attaching") => check.stopping_traffic().failed(
            "attaching",
            "AWS is still attaching it: one to two minutes are usual",
            subject.onboard(),
        ),
        Some(attachment) => check.stopping_traffic().failed(
            attachment.state.as_str(),
            "somebody has detached it",
            subject.onboard(),
        ),
        None => check.stopping_traffic().failed(
            "not attached to this VPC",
            "attaching it failed or was never done",
            subject.onboard(),
        ),
    }
}
