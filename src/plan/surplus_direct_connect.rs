//! A Direct Connect that the site file no longer names: weeks of people's work, and a bill.
//!
//! It is neither taken away without a word nor left to bill unseen: onboarding refuses until the
//! site file names it again, or its removal is accepted.

use std::collections::BTreeSet;

use super::findings::Findings;
use super::model::PlannedStep;
use super::question::Question;
use super::surplus;
use crate::aws::View;
use crate::playbook::StepId;
use crate::resource::{self, Change};

/// The kinds of a Direct Connect, in the order in which they go.
const KINDS: [&str; 5] = [
    "private_virtual_interface",
    "transit_virtual_interface",
    "dx_gateway_association",
    "dx_gateway",
    "dx_connection",
];

/// The code of the refusal, and of the warning once it is accepted.
const CODE: &str = "preflight::dx_no_longer_named";

/// The steps that remove it, each after the ones before, when everything that is kept is ready.
pub(super) fn steps(
    question: &Question<'_>,
    planned: &[PlannedStep],
    view: &View,
    findings: &mut Findings<'_>,
) -> Vec<PlannedStep> {
    let used: BTreeSet<(&str, &str)> = planned
        .iter()
        .filter_map(|step| Some((step.node.kind.as_str(), step.existing.as_deref()?)))
        .collect();
    let mut needs: BTreeSet<StepId> = planned.iter().map(|step| step.node.id.clone()).collect();
    let mut steps: Vec<PlannedStep> = Vec::new();
    let mut after = view.clone();
    for kind in KINDS.iter().filter_map(|it| resource::registry().find(it)) {
        let owned = kind.owned(&question.site.name, view).into_iter();
        let surplus = owned.filter(|it| !used.contains(&(kind.name(), it.id.as_str())));
        let removed: Vec<PlannedStep> = surplus
            .filter_map(|it| surplus::step(kind, it, &needs, &after, findings))
            .collect();
        for id in removed.iter().filter_map(|step| step.existing.as_deref()) {
            after.without_direct_connect(id);
        }
        needs.extend(removed.iter().map(|step| step.node.id.clone()));
        steps.extend(removed);
    }
    // What exists twice is told, and removed, as such.
    steps.retain(|step| !is_a_duplicate(step, planned));
    tell(&steps, findings);
    steps
}

/// Whether the site keeps another of its own of the same kind, made by the same step.
fn is_a_duplicate(step: &PlannedStep, planned: &[PlannedStep]) -> bool {
    planned.iter().any(|it| {
        it.node.kind == step.node.kind && it.existing.is_some() && it.change != Change::Adopt
    })
}

fn tell(steps: &[PlannedStep], findings: &mut Findings<'_>) {
    let ids: Vec<String> = steps
        .iter()
        .filter_map(|step| Some(format!("{} {}", step.title, step.existing.as_ref()?)))
        .collect();
    if ids.is_empty() {
        return;
    }
    findings.refuse(
        CODE,
        format!(
            "the site file no longer names the Direct Connect that this site has: {}",
            ids.join(", ")
        ),
        format!(
            "write it into the site file again, or remove all of it with `--accept {CODE}`: the VPN \
             connection then carries the site, and a port has to be ordered anew to have it back"
        ),
    );
}
