//! What the site file no longer names: routes to networks that were taken out of it, and tables of
//! a transit gateway that shall no longer learn the site's routes.
//!
//! Only what hangs on the site's own connection, or what that remembers to have been the site's
//! doing. It goes when everything that is kept is ready, so that a network that has moved to
//! another table is reachable all the time.

use std::collections::{BTreeMap, BTreeSet};

use super::findings::Findings;
use super::model::PlannedStep;
use super::question::Question;
use super::surplus_direct_connect;
use super::teardown;
use super::wire;
use crate::aws::{Tags, View};
use crate::playbook::{Node, StepId};
use crate::resource::{
    self, Change, Goal, Kind, Owned, Ownership, Seen, TunnelImpact, is_connection,
    spread_by_the_site,
};

/// The base of the names of steps that remove something.
const STEP: &str = "surplus";

/// The kinds of what a site file lists, and that is known to be the site's doing.
///
/// A static route on a connection to a virtual private gateway may be somebody else's as well: of
/// those preflight tells.
const KINDS: [&str; 3] = [
    "transit_gateway_route",
    "transit_gateway_propagation",
    "vpc_route",
];

/// The steps that remove it.
pub(super) fn steps(
    question: &Question<'_>,
    planned: &[PlannedStep],
    findings: &mut Findings<'_>,
) -> Vec<PlannedStep> {
    let Some(view) = question.view else {
        return Vec::new();
    };
    // A table and an attachment are an association's id, and a propagation's.
    let used: BTreeSet<(&str, &str)> = planned
        .iter()
        .filter_map(|step| Some((step.node.kind.as_str(), step.existing.as_deref()?)))
        .collect();
    let needs: BTreeSet<StepId> = planned.iter().map(|step| step.node.id.clone()).collect();
    let mut steps = Vec::new();
    for kind in KINDS.iter().filter_map(|it| resource::registry().find(it)) {
        let surplus = owned(kind, question, view).into_iter();
        let surplus = surplus.filter(|it| !used.contains(&(kind.name(), it.id.as_str())));
        // What goes with what is replaced needs nobody to remove it.
        let surplus = surplus.filter(|_| !goes_anyway(kind.name(), planned));
        let surplus = surplus.filter_map(|it| step(kind, it, &needs, view, findings));
        steps.extend(surplus.collect::<Vec<_>>());
    }
    tell(&steps, findings);
    steps.extend(surplus_direct_connect::steps(
        question, planned, view, findings,
    ));
    steps
}

fn owned(kind: &dyn Kind, question: &Question<'_>, view: &View) -> Vec<Owned> {
    match kind.name() {
        // It ends with the attachment, so that a teardown has nothing to do about it.
        "transit_gateway_propagation" => spread_by_the_site(
            &question.site.name,
            &question.site.aws.transit.propagate_to,
            view,
        ),
        _ => kind.owned(&question.site.name, view),
    }
}

/// Whether it goes with a connection that is replaced.
fn goes_anyway(kind: &str, planned: &[PlannedStep]) -> bool {
    let replaced = |step: &PlannedStep| {
        is_connection(&step.node.kind) && matches!(step.change, Change::Replace | Change::Create)
    };
    kind == "transit_gateway_propagation" && planned.iter().any(replaced)
}

/// The step that removes what is owned; none where that cannot be, which is told.
pub(super) fn step(
    kind: &dyn Kind,
    owned: Owned,
    needs: &BTreeSet<StepId>,
    view: &View,
    findings: &mut Findings<'_>,
) -> Option<PlannedStep> {
    let seen = Seen {
        id: owned.id.clone(),
        ownership: Ownership::Ours,
        outputs: BTreeMap::new(),
        missing_tags: Tags::new(),
    };
    let call = match kind.delete(&seen, view) {
        Ok(call) => call,
        Err(error) => {
            teardown::cannot_go(kind, &owned, error, findings);
            return None;
        }
    };
    Some(PlannedStep {
        title: kind.title().to_owned(),
        change: Change::Delete,
        reason: "the site file no longer names it".to_owned(),
        differences: Vec::new(),
        impact: TunnelImpact::None,
        usual: kind.usual(Goal::Gone),
        actions: vec![call.action().to_owned()],
        node: Node {
            id: StepId::instance(STEP, &owned.id),
            kind: kind.name().to_owned(),
            inputs: wire::node_inputs(&owned.inputs),
            needs: needs.clone(),
        },
        existing: Some(owned.id),
    })
}

fn tell(steps: &[PlannedStep], findings: &mut Findings<'_>) {
    let ids: Vec<String> = steps
        .iter()
        .filter_map(|step| Some(format!("{} {}", step.title, step.existing.as_ref()?)))
        .collect();
    if !ids.is_empty() {
        findings.warn(
            "plan::no_longer_named",
            format!(
                "the site file no longer names what this site has: {} will be removed",
                ids.join(", ")
            ),
            "traffic that uses it ends; write it into the site file again to keep it",
        );
    }
}
