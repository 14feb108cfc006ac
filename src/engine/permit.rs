//! What a worker may do about what it finds now, given what the plan says.
//!
//! The person who said yes said it to the plan. A worker may do that or less, never something else.

use super::error::{StepProblem, verb};
use crate::plan::PlannedStep;
use crate::resource::{Change, Decision, Finding};

/// Refuses a decision that the plan does not cover.
///
/// What this run has made itself it may use, even where it looks like somebody else's; what AWS has
/// made by itself meanwhile may be made right.
pub(super) fn permit(
    planned: &PlannedStep,
    finding: &Finding,
    decision: &Decision,
    made: bool,
    made_by_aws: bool,
) -> Result<(), StepProblem> {
    let creates = planned.change == Change::Create;
    let uses_own = made && creates && decision.change == Change::Adopt;
    let corrects = made_by_aws && creates && decision.change == Change::Replace;
    if !uses_own && !corrects && !covers(planned.change, decision.change) {
        return Err(changed(
            planned,
            verb(decision.change),
            decision.reason.clone(),
        ));
    }
    let (Some(existing), Finding::Present(seen)) = (&planned.existing, finding) else {
        return Ok(());
    };
    // A replacement has another id by design, and what is created had none.
    let same = matches!(planned.change, Change::Create | Change::Replace) || *existing == seen.id;
    if same {
        return Ok(());
    }
    let reason = format!("{existing} is not there any more, {} is", seen.id);
    Err(changed(planned, verb(decision.change), reason))
}

/// The same, or the rest of it: what an earlier run or a lost reply has done already.
const fn covers(planned: Change, now: Change) -> bool {
    match planned {
        Change::Create => matches!(now, Change::Create | Change::Keep),
        // What somebody else has is as wanted, and used as it is.
        Change::Update => matches!(now, Change::Update | Change::Keep | Change::Adopt),
        Change::Adopt => matches!(now, Change::Adopt | Change::Keep),
        Change::Keep => matches!(now, Change::Keep),
        Change::Replace => matches!(now, Change::Replace | Change::Create | Change::Keep),
        Change::Delete => false,
    }
}

pub(super) fn changed(planned: &PlannedStep, now: &str, reason: String) -> StepProblem {
    let object = planned
        .existing
        .as_ref()
        .map(|id| format!(" ({id})"))
        .unwrap_or_default();
    StepProblem::WorldChanged {
        planned: format!("{}{object}", verb(planned.change)),
        now: now.to_owned(),
        reason,
    }
}
