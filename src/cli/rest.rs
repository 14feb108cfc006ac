//! What is left of a run that was stopped: what a command that goes on with it will do.

use std::time::Duration;

use jiff::Timestamp;

use super::progress::plain;
use crate::journal::{History, Outcome, StepHistory};
use crate::plan::{Plan, PlannedStep};
use crate::resource::{Change, TunnelImpact};

/// The run's own plan, for a person: what is done is kept, and what has begun says how far it is.
///
/// To be shown and nothing else; what is carried out is what the journal says.
pub(super) fn plan(run: &History) -> Plan {
    let mut plan = run.plan.clone();
    for step in &mut plan.steps {
        let Some(past) = run.step(&step.node.id) else {
            continue;
        };
        if let Some(ready) = &past.ready {
            step.existing = ready.id.clone().or(step.existing.take());
            step.reason = done(step.change).to_owned();
            if !matches!(step.change, Change::Keep | Change::Adopt) {
                step.change = Change::Keep;
            }
            step.differences.clear();
            step.actions.clear();
            step.impact = TunnelImpact::None;
        } else if let Some(begun) = begun(past) {
            step.reason = begun;
        }
    }
    plan
}

/// Which run it is, and how far it is.
pub(super) fn told(run: &History, now: Timestamp) -> String {
    let ready = run.steps().filter(|(_, past)| past.ready.is_some()).count();
    // A clock that was set back since tells nothing.
    let ago = now
        .duration_since(run.last_at)
        .max(jiff::SignedDuration::ZERO);
    format!(
        "run {} was stopped {} ago with {ready} of {} steps ready: this goes on with it, nothing \
         is made twice",
        run.run,
        plain(Duration::from_secs(ago.unsigned_abs().as_secs())),
        run.plan.steps.len()
    )
}

/// What a new plan would do otherwise, if anything: the world has changed since.
pub(super) fn changed(run: &History, fresh: &Plan) -> Option<String> {
    let of_run = |step: &PlannedStep| run.plan.steps.iter().find(|it| it.node.id == step.node.id);
    let steps: Vec<&str> = fresh
        .steps
        .iter()
        .filter(|step| step.change != Change::Keep)
        .filter(|step| match of_run(step) {
            None => true,
            Some(planned) => {
                let past = run.step(&step.node.id);
                let ready = past.is_some_and(|past| past.ready.is_some());
                let deleted = planned.change == Change::Replace && step.change == Change::Create;
                let same = planned.change == step.change && planned.existing == step.existing;
                !(deleted || same) || ready && step.change != Change::Adopt
            }
        })
        .map(|step| step.node.id.as_str())
        .collect();
    if steps.is_empty() {
        return None;
    }
    Some(format!(
        "what exists has changed since: {} would be planned otherwise now; where this run no \
         longer fits it stops, and the same command once more makes a new plan",
        steps.join(", ")
    ))
}

fn done(change: Change) -> &'static str {
    match change {
        Change::Create => "made by this run",
        Change::Update => "changed by this run",
        Change::Replace => "made anew by this run",
        Change::Delete => "deleted by this run",
        Change::Keep => "is as it should be",
        Change::Adopt => "is used as it is",
    }
}

/// How far a step is that is not ready.
fn begun(past: &StepHistory) -> Option<String> {
    if let Some(call) = past.in_doubt() {
        return Some(format!(
            "nobody knows whether AWS carried out {}: looks for it first",
            call.action
        ));
    }
    let (call, outcome) = past.last.as_ref()?;
    Some(match outcome {
        Outcome::Done { id: Some(id), .. } => format!("{id} is made: waits until it is ready"),
        Outcome::Done { id: None, .. } => {
            format!("{} is called: waits until it is done", call.action)
        }
        Outcome::Refused(fault) | Outcome::Unknown(fault) => format!(
            "{} was refused ({}): tries again",
            call.action,
            fault.code.as_deref().unwrap_or("without a code")
        ),
    })
}
