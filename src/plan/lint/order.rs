//! Can the steps be done in this order?

use std::collections::{BTreeMap, BTreeSet};

use super::report::Report;
use crate::plan::model::{Mode, Plan, PlannedStep};
use crate::playbook::{Input, StepId};
use crate::resource::{Change, is_connection};

/// Kinds that must be there before another: the second needs the first to exist, and the
/// connection remembers which propagation from an adopted gateway is the site's; where the
/// customer gateway is adopted too, nothing else does.
const BEFORE: [(&str, &str); 17] = [
    ("customer_gateway", "vpn_connection"),
    ("vpn_gateway", "vpn_connection"),
    ("vpn_gateway", "vpn_gateway_attachment"),
    ("vpn_gateway", "route_propagation"),
    ("vpn_gateway_attachment", "route_propagation"),
    ("vpn_connection", "route_propagation"),
    ("vpn_connection", "vpn_connection_route"),
    ("customer_gateway", "transit_vpn_connection"),
    ("transit_gateway", "transit_gateway_vpc_attachment"),
    ("transit_gateway", "transit_vpn_connection"),
    ("transit_gateway", "vpc_route"),
    ("transit_gateway_vpc_attachment", "vpc_route"),
    ("transit_vpn_connection", "transit_gateway_association"),
    ("transit_vpn_connection", "transit_gateway_propagation"),
    ("transit_vpn_connection", "transit_gateway_route"),
    ("transit_vpn_connection", "vpc_route"),
    ("customer_gateway", "vpc_route"),
];

/// Kinds that must be gone before another (AWS VPN guide, deleting a connection): the first before
/// the second. Which propagation from an adopted gateway is the site's, only its connection and its
/// customer gateway know.
const GONE_BEFORE: [(&str, &str); 20] = [
    ("route_propagation", "vpn_gateway"),
    ("route_propagation", "vpn_connection"),
    ("route_propagation", "customer_gateway"),
    ("vpn_connection_route", "vpn_connection"),
    ("route_propagation", "vpn_gateway_attachment"),
    ("vpn_connection", "customer_gateway"),
    ("vpn_connection", "vpn_gateway"),
    ("vpn_connection", "vpn_gateway_attachment"),
    ("vpn_gateway_attachment", "vpn_gateway"),
    ("transit_gateway_route", "transit_vpn_connection"),
    ("transit_gateway_route", "transit_gateway"),
    ("transit_gateway_route", "customer_gateway"),
    ("vpc_route", "transit_gateway"),
    ("vpc_route", "transit_vpn_connection"),
    ("vpc_route", "transit_gateway_vpc_attachment"),
    ("vpc_route", "customer_gateway"),
    ("transit_vpn_connection", "customer_gateway"),
    ("transit_vpn_connection", "transit_gateway_vpc_attachment"),
    ("transit_vpn_connection", "transit_gateway"),
    ("transit_gateway_vpc_attachment", "transit_gateway"),
];

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let mut earlier: BTreeMap<&StepId, &PlannedStep> = BTreeMap::new();
    for step in &plan.steps {
        let id = &step.node.id;
        for need in &step.node.needs {
            if !earlier.contains_key(need) {
                report.step(
                    "lint::order",
                    id,
                    format!("needs {need}, which is not before it"),
                );
            }
        }
        references(step, report);
        if earlier.insert(id, step).is_some() {
            report.step("lint::step_name", id, "is there twice");
        }
    }
    match plan.mode {
        Mode::Onboard => {
            kinds(plan, &BEFORE, false, report);
            remembered(plan, report);
        }
        Mode::Teardown => {}
    }
    kinds(plan, &GONE_BEFORE, true, report);
}

fn references(step: &PlannedStep, report: &mut Report) {
    let mut used = BTreeSet::new();
    for input in step.node.inputs.values() {
        collect(input, &mut used);
    }
    for other in used {
        if !step.node.needs.contains(other) {
            report.step(
                "lint::reference",
                &step.node.id,
                format!("uses an output of {other} and does not wait for it"),
            );
        }
    }
}

fn collect<'a>(input: &'a Input, used: &mut BTreeSet<&'a StepId>) {
    match input {
        Input::Known(_) | Input::Later(_) => {}
        Input::Output { step, .. } => {
            used.insert(step);
        }
        Input::List(items) => items.iter().for_each(|item| collect(item, used)),
        Input::Map(entries) => entries.values().for_each(|item| collect(item, used)),
    }
}

/// Propagation waits for the connection, whose tags remember whose it is.
///
/// From an adopted gateway nothing else tells; from the site's own the gateway's tags do.
fn remembered(plan: &Plan, report: &mut Report) {
    let adopted = plan
        .steps
        .iter()
        .any(|step| step.node.kind == "vpn_gateway" && step.change == Change::Adopt);
    let connections = plan
        .steps
        .iter()
        .filter(|step| is_connection(&step.node.kind) && step.change != Change::Delete);
    for connection in connections.map(|step| &step.node.id) {
        for step in plan
            .steps
            .iter()
            .filter(|step| step.node.kind == "route_propagation")
        {
            if waits_for(plan, &step.node.id).contains(connection) {
                continue;
            }
            let message = format!("does not wait for {connection}, which remembers it");
            if adopted {
                report.step("lint::order", &step.node.id, message);
            } else {
                report.look("lint::order", &step.node.id, message);
            }
        }
    }
}

/// Every step of the second kind waits, over any number of steps, for every one of the first that
/// it has to do with.
fn kinds(plan: &Plan, rules: &[(&'static str, &'static str)], deletes: bool, report: &mut Report) {
    let of = |kind: &'static str| {
        let steps = plan.steps.iter();
        steps.filter(move |step| {
            step.node.kind == kind && deletes == (step.change == Change::Delete)
        })
    };
    for (first, second) in rules {
        for late in of(second) {
            let waits = waits_for(plan, &late.node.id);
            for early in of(first) {
                if !waits.contains(&early.node.id) {
                    report.step(
                        "lint::order",
                        &late.node.id,
                        format!("does not wait for {}", early.node.id),
                    );
                }
            }
        }
    }
}

pub(super) fn waits_for<'a>(plan: &'a Plan, step: &'a StepId) -> BTreeSet<&'a StepId> {
    let needs: BTreeMap<&StepId, _> = plan
        .steps
        .iter()
        .map(|step| (&step.node.id, &step.node.needs))
        .collect();
    let mut waits = BTreeSet::new();
    let mut open = vec![step];
    while let Some(id) = open.pop() {
        for need in needs.get(id).copied().into_iter().flatten() {
            if waits.insert(need) {
                open.push(need);
            }
        }
    }
    waits
}
