//! Does every step do what its change says, and is everything announced that it does?

use std::collections::BTreeSet;

use super::report::Report;
use super::{direct_connect, duplicate, surplus};
use crate::plan::model::{Mode, Plan, PlannedStep};
use crate::playbook::Input;
use crate::resource::{Change, TunnelImpact, is_connection};
use crate::spec::Environment;

/// Every action that underpass calls, with the kinds that call it; tags go on several.
const ACTIONS: [(&str, &str); 29] = [
    (
        "AssociateTransitGatewayRouteTable",
        "transit_gateway_association",
    ),
    ("AttachVpnGateway", "vpn_gateway_attachment"),
    ("CreateCustomerGateway", "customer_gateway"),
    ("CreateRoute", "vpc_route"),
    ("CreateTransitGateway", "transit_gateway"),
    ("CreateTransitGatewayRoute", "transit_gateway_route"),
    (
        "CreateTransitGatewayVpcAttachment",
        "transit_gateway_vpc_attachment",
    ),
    ("CreateVpnConnection", "transit_vpn_connection"),
    ("CreateVpnConnection", "vpn_connection"),
    ("CreateVpnConnectionRoute", "vpn_connection_route"),
    ("CreateVpnGateway", "vpn_gateway"),
    ("DeleteCustomerGateway", "customer_gateway"),
    ("DeleteRoute", "vpc_route"),
    ("DeleteTransitGateway", "transit_gateway"),
    ("DeleteTransitGatewayRoute", "transit_gateway_route"),
    (
        "DeleteTransitGatewayVpcAttachment",
        "transit_gateway_vpc_attachment",
    ),
    ("DeleteVpnConnection", "transit_vpn_connection"),
    ("DeleteVpnConnection", "vpn_connection"),
    ("DeleteVpnConnectionRoute", "vpn_connection_route"),
    ("DeleteVpnGateway", "vpn_gateway"),
    ("DetachVpnGateway", "vpn_gateway_attachment"),
    (
        "DisableTransitGatewayRouteTablePropagation",
        "transit_gateway_propagation",
    ),
    ("DisableVgwRoutePropagation", "route_propagation"),
    (
        "DisassociateTransitGatewayRouteTable",
        "transit_gateway_association",
    ),
    (
        "EnableTransitGatewayRouteTablePropagation",
        "transit_gateway_propagation",
    ),
    ("EnableVgwRoutePropagation", "route_propagation"),
    (
        "ModifyTransitGatewayVpcAttachment",
        "transit_gateway_vpc_attachment",
    ),
    ("ModifyVpnTunnelOptions", "transit_vpn_connection"),
    ("ModifyVpnTunnelOptions", "vpn_connection"),
];
/// Kinds that are billed by the hour (AWS VPN pricing, AWS Transit Gateway pricing).
const BILLED: [&str; 3] = [
    "transit_gateway_vpc_attachment",
    "transit_vpn_connection",
    "vpn_connection",
];
/// Calls that set tags, for which IAM wants `ec2:CreateTags` as well.
const TAGGED: [&str; 5] = [
    "CreateCustomerGateway",
    "CreateTransitGateway",
    "CreateTransitGatewayVpcAttachment",
    "CreateVpnConnection",
    "CreateVpnGateway",
];

pub(super) fn check(plan: &Plan, report: &mut Report) {
    owner(plan, report);
    for step in &plan.steps {
        mode(plan, step, report);
        existing(step, report);
        actions(step, report);
        impact(plan, step, report);
        cost(plan, step, report);
        permissions(plan, step, report);
        direct_connect::check(plan, step, report);
        let usual = &step.usual;
        if usual.from > usual.to || usual.to > usual.limit {
            report.step(
                "lint::usual",
                &step.node.id,
                "its usual times are not in order",
            );
        }
    }
    asn(plan, report);
}

fn owner(plan: &Plan, report: &mut Report) {
    if plan.owner.site != plan.site {
        report.plan(
            "lint::owner",
            format!(
                "it is for {} and would tag for {}",
                plan.site, plan.owner.site
            ),
        );
    }
    if plan.owner.run != plan.run {
        report.plan("lint::owner", "it would tag with another run than its own");
    }
    if plan.mode == Mode::Onboard
        && plan.owner.environment == Environment::Production
        && plan.owner.expires_at.is_some()
    {
        report.plan("lint::owner", "a production site would expire");
    }
}

fn mode(plan: &Plan, step: &PlannedStep, report: &mut Report) {
    let delete = step.change == Change::Delete;
    let removed = duplicate::is_removal(plan, step) || surplus::is_removal(plan, step);
    if delete != (plan.mode == Mode::Teardown) && !removed {
        report.step(
            "lint::mode",
            &step.node.id,
            match plan.mode {
                Mode::Onboard => "onboarding deletes nothing that it could use",
                Mode::Teardown => "teardown does nothing but delete",
            },
        );
    }
}

fn existing(step: &PlannedStep, report: &mut Report) {
    match (&step.existing, step.change) {
        (Some(id), Change::Create) => report.step(
            "lint::existing",
            &step.node.id,
            format!("would be made although {id} exists"),
        ),
        (None, Change::Create) | (Some(_), _) => {}
        (None, _) => report.step("lint::existing", &step.node.id, "does not say what exists"),
    }
}

fn actions(step: &PlannedStep, report: &mut Report) {
    let idle = matches!(step.change, Change::Keep | Change::Adopt);
    if idle != step.actions.is_empty() {
        report.step(
            "lint::actions",
            &step.node.id,
            if idle {
                "changes nothing and calls something"
            } else {
                "changes something and calls nothing"
            },
        );
    }
    for action in &step.actions {
        let kinds = ACTIONS.iter().filter(|(known, _)| known == action);
        let mut kinds = kinds
            .map(|(_, kind)| *kind)
            .chain(direct_connect::callers(action))
            .peekable();
        let fits = match kinds.peek() {
            Some(_) => kinds.any(|kind| kind == step.node.kind) && verb_fits(action, step.change),
            None => action == "CreateTags" && step.change == Change::Update,
        };
        if !fits {
            report.step(
                "lint::actions",
                &step.node.id,
                format!("{action} does not belong to this step"),
            );
        }
    }
}

fn verb_fits(action: &str, change: Change) -> bool {
    let makes = ["Create", "Attach", "Enable", "Associate"]
        .iter()
        .any(|verb| action.starts_with(verb));
    let removes = ["Delete", "Detach", "Disable", "Disassociate"]
        .iter()
        .any(|verb| action.starts_with(verb));
    match change {
        Change::Create => makes,
        Change::Delete => removes,
        Change::Replace => makes || removes,
        // A key that is associated is no object of its own.
        Change::Update => action == "AssociateMacSecKey" || !makes && !removes,
        Change::Keep | Change::Adopt => false,
    }
}

fn impact(plan: &Plan, step: &PlannedStep, report: &mut Report) {
    let id = &step.node.id;
    let told = plan
        .warnings
        .iter()
        .any(|warning| warning.code == "plan::outage");
    match &step.impact {
        TunnelImpact::Both(_) if !told => {
            report.step(
                "lint::impact",
                id,
                "drops both tunnels and no warning says so",
            );
        }
        TunnelImpact::Both(_) | TunnelImpact::OneByOne(_)
            if matches!(step.change, Change::Keep | Change::Adopt | Change::Create) =>
        {
            report.step("lint::impact", id, "drops tunnels without changing one");
        }
        TunnelImpact::None
            if is_connection(&step.node.kind)
                && !duplicate::is_removal(plan, step)
                && (matches!(step.change, Change::Replace | Change::Delete)
                    || step.actions.iter().any(|it| it == "ModifyVpnTunnelOptions")) =>
        {
            report.step("lint::impact", id, "drops tunnels and says that none does");
        }
        _ => {}
    }
}

fn cost(plan: &Plan, step: &PlannedStep, report: &mut Report) {
    let id = step.node.id.as_str();
    let line = plan.cost.iter().find(|line| line.step == id);
    let billed = BILLED.contains(&step.node.kind.as_str()) && step.change != Change::Adopt;
    match line {
        None if billed => report.step("lint::cost", &step.node.id, "is billed and not on the bill"),
        Some(line) if (line.hourly_usd < 0.0) != (step.change == Change::Delete) => {
            report.step(
                "lint::cost",
                &step.node.id,
                "is on the wrong side of the bill",
            );
        }
        Some(line) if (line.monthly_usd - line.hourly_usd * 730.0).abs() > 0.005 => {
            report.look(
                "lint::cost",
                &step.node.id,
                "its month is not 730 of its hours",
            );
        }
        _ => {}
    }
}

fn permissions(plan: &Plan, step: &PlannedStep, report: &mut Report) {
    let listed: BTreeSet<&str> = plan
        .permissions
        .iter()
        .filter_map(|need| Some(need.action.split_once(':')?.1))
        .collect();
    let tags = step.actions.iter().any(|it| TAGGED.contains(&it.as_str()));
    let needed = step.actions.iter().map(String::as_str);
    for action in needed.chain(tags.then_some("CreateTags")) {
        if !listed.contains(action) {
            report.step(
                "lint::permission",
                &step.node.id,
                format!("calls {action}, which is not among the permissions"),
            );
        }
    }
}

/// Both ASNs of a session that this plan makes, where it tells them.
fn asn(plan: &Plan, report: &mut Report) {
    let number = |kind: &str, input: &str| {
        let mut made = plan
            .steps
            .iter()
            .filter(|step| step.node.kind == kind && step.change == Change::Create);
        match made.next()?.node.inputs.get(input)? {
            Input::Known(value) => value.as_u64(),
            _ => None,
        }
    };
    let bgp = plan
        .steps
        .iter()
        .filter(|step| is_connection(&step.node.kind))
        .filter_map(|step| step.node.inputs.get("routing"))
        .any(|routing| *routing == Input::Known("bgp".into()));
    let site = number("customer_gateway", "bgp_asn");
    let amazon = ["vpn_gateway", "transit_gateway"];
    let mut amazon = amazon.iter().filter_map(|it| number(it, "amazon_side_asn"));
    if bgp && site.is_some_and(|site| amazon.any(|it| it == site)) {
        report.plan(
            "lint::asn_equal",
            "both ends of the BGP sessions have one ASN",
        );
    }
}
