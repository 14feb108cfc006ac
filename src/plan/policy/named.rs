//! What a plan names: gateways, connections and networks for a policy's resources.

use std::collections::BTreeSet;

use super::transit::transit_networks;
use crate::plan::model::Plan;
use crate::playbook::Input;
use crate::resource::{Change, is_connection};

/// Gateways that the plan uses and that do not carry the site's tag.
pub(super) fn foreign_gateways(plan: &Plan) -> BTreeSet<String> {
    let is_gateway = |kind: &str| ["vpn_gateway", "transit_gateway"].contains(&kind);
    let own: BTreeSet<&str> = plan
        .steps
        .iter()
        .filter(|step| step.change != Change::Adopt && is_gateway(&step.node.kind))
        .filter_map(|step| step.existing.as_deref())
        .collect();
    let adopted = plan
        .steps
        .iter()
        .filter(|step| step.change == Change::Adopt)
        .filter_map(|step| {
            let id = step.existing.as_deref()?;
            match step.node.kind.as_str() {
                "customer_gateway" => Some(format!("customer-gateway/{id}")),
                "vpn_gateway" => Some(format!("vpn-gateway/{id}")),
                "transit_gateway" => Some(format!("transit-gateway/{id}")),
                _ => None,
            }
        });
    let named = known_inputs(plan, "vpn_gateway")
        .filter(|id| !own.contains(id))
        .map(|id| format!("vpn-gateway/{id}"));
    adopted.chain(named).collect()
}

/// Connections that the plan adopts, or changes with the leave to change what it adopted.
pub(super) fn foreign_connections(plan: &Plan) -> BTreeSet<String> {
    let used = plan.steps.iter().filter(|step| {
        let changed = step.change == Change::Update && plan.policy.adopt_changes;
        is_connection(&step.node.kind) && (step.change == Change::Adopt || changed)
    });
    used.filter_map(|step| Some(format!("vpn-connection/{}", step.existing.as_ref()?)))
        .collect()
}

/// The VPC and the route tables of the plan's steps; none when they are not all known.
pub(super) fn networks(plan: &Plan) -> Option<BTreeSet<String>> {
    let vpcs = known_inputs(plan, "vpc").map(|id| format!("vpc/{id}"));
    let tables = known_inputs(plan, "route_table").filter(|id| id.starts_with("rtb-"));
    let tables = tables.map(|id| format!("route-table/{id}"));
    let known: BTreeSet<String> = vpcs.chain(tables).chain(transit_networks(plan)).collect();
    let later = plan.steps.iter().any(|step| {
        let input = step.node.inputs.get("route_table");
        input.is_some_and(|input| !matches!(input, Input::Known(_)))
    });
    (!later && !known.is_empty()).then_some(known)
}

pub(super) fn known_inputs<'a>(plan: &'a Plan, name: &str) -> impl Iterator<Item = &'a str> {
    plan.steps
        .iter()
        .filter(|step| step.changes_something())
        .filter_map(move |step| match step.node.inputs.get(name)? {
            Input::Known(value) => value.as_str(),
            _ => None,
        })
}
