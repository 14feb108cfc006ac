//! Does an onboarding that deletes what its site file no longer names delete nothing else?

use crate::plan::model::{Mode, Plan, PlannedStep};
use crate::playbook::Input;
use crate::resource::Change;

/// Kinds of what an onboarding may remove, with the inputs that tell one from the next.
const KINDS: [(&str, &[&str]); 8] = [
    (
        "transit_gateway_propagation",
        &["route_table", "attachment"],
    ),
    ("transit_gateway_route", &["route_table", "destination"]),
    ("vpc_route", &["route"]),
    // Objects of their own: by their ids alone.
    ("private_virtual_interface", &["id"]),
    ("transit_virtual_interface", &["id"]),
    ("dx_gateway_association", &["id"]),
    ("dx_gateway", &["id"]),
    ("dx_connection", &["id"]),
];

/// Whether a step of an onboarding removes what no other step of the plan uses or makes.
pub(super) fn is_removal(plan: &Plan, step: &PlannedStep) -> bool {
    let kind = KINDS.iter().find(|(kind, _)| *kind == step.node.kind);
    let Some((kind, inputs)) = kind.filter(|_| plan.mode == Mode::Onboard) else {
        return false;
    };
    let kept = plan.steps.iter().filter(|it| it.node.kind == *kind);
    let mut kept = kept.filter(|it| it.change != Change::Delete);
    let same = |other: &PlannedStep| {
        other.existing == step.existing
            || inputs.iter().all(|input| {
                let known = |it: &PlannedStep| match it.node.inputs.get(*input) {
                    Some(Input::Known(value)) => Some(value.clone()),
                    _ => None,
                };
                known(step).is_some() && known(step) == known(other)
            })
    };
    step.change == Change::Delete && step.existing.is_some() && !kept.any(same)
}
