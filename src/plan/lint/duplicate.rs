//! Does an onboarding that deletes delete duplicates and nothing else?

use super::order::waits_for;
use super::report::Report;
use crate::aws::View;
use crate::plan::model::{Mode, Plan, PlannedStep};
use crate::resource::{Change, TunnelImpact};

/// Kinds of which there can be two: the others have no id of their own.
const KINDS: [&str; 5] = [
    "customer_gateway",
    "transit_gateway",
    "transit_vpn_connection",
    "vpn_connection",
    "vpn_gateway",
];

/// Whether a step of an onboarding removes a duplicate that the plan lists.
pub(super) fn is_removal(plan: &Plan, step: &PlannedStep) -> bool {
    let asked = plan.mode == Mode::Onboard && plan.policy.remove_duplicates;
    let listed = plan.duplicates.iter().any(|duplicate| {
        let mut others = duplicate.others.iter();
        duplicate.kind == step.node.kind
            && others.any(|it| Some(&it.id) == step.existing.as_ref() && it.obstacle.is_none())
    });
    asked && listed && step.change == Change::Delete && KINDS.contains(&step.node.kind.as_str())
}

pub(super) fn check(plan: &Plan, report: &mut Report) {
    if plan.mode != Mode::Onboard {
        return;
    }
    let (removals, kept): (Vec<_>, Vec<_>) = plan
        .steps
        .iter()
        .partition(|step| step.change == Change::Delete);
    for step in removals {
        let waits = waits_for(plan, &step.node.id);
        for other in &kept {
            let same = other.node.kind == step.node.kind && other.existing == step.existing;
            if same && other.existing.is_some() {
                let message = format!("would remove what {} uses", other.node.id);
                report.step("lint::duplicate", &step.node.id, message);
            }
            if !waits.contains(&other.node.id) {
                let message = format!("does not wait for {}", other.node.id);
                report.step("lint::duplicate", &step.node.id, message);
            }
        }
    }
    for duplicate in &plan.duplicates {
        if duplicate.others.iter().any(|it| it.id == duplicate.kept.id) {
            let message = format!("{} would be kept and removed", duplicate.kept.id);
            report.step("lint::duplicate", &duplicate.step, message);
        }
    }
}

/// What AWS's telemetry says of what an onboarding would remove.
pub(super) fn check_in(plan: &Plan, view: &View, report: &mut Report) {
    let removals = plan
        .steps
        .iter()
        .filter(|step| plan.mode == Mode::Onboard && step.change == Change::Delete);
    for step in removals.filter(|step| step.impact == TunnelImpact::None) {
        let id = step.existing.as_deref().and_then(|id| id.parse().ok());
        let up = id
            .and_then(|id| view.vpn_connections.get(&id))
            .is_some_and(|it| it.telemetry.iter().any(|tunnel| tunnel.up));
        if up {
            let message = "would end tunnels that are up and says that none drops";
            report.step("lint::duplicate", &step.node.id, message);
        }
    }
}
