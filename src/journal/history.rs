//! What a journal adds up to: pure, and strict about what cannot be.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use ulid::Ulid;

use super::record::{Entry, JOURNAL_SCHEMA, Outcome, Record, RunResult};
use crate::limits;
use crate::plan::{Plan, PlannedStep};
use crate::playbook::StepId;

/// An order of records that no run can write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disorder {
    /// The first record is another than `started`, or `started` comes again.
    #[error("a journal begins with one `started` record")]
    NotStarted,
    /// Written by a version of underpass that this one cannot read.
    #[error("the journal's schema is {found}, this underpass reads {JOURNAL_SCHEMA}")]
    Schema {
        /// The schema found.
        found: u32,
    },
    /// The plan inside is another run's.
    #[error("the plan was made for the run {plan}, the journal is that of {run}")]
    OtherRun {
        /// The plan's run.
        plan: Ulid,
        /// The journal's run.
        run: Ulid,
    },
    /// Its plan has more steps than a plan can have.
    #[error("its plan has {found} steps, more than {}", limits::STEPS)]
    TooManySteps {
        /// How many.
        found: usize,
    },
    /// A line is missing.
    #[error("record {found} stands where record {expected} belongs")]
    Gap {
        /// The number that belongs here.
        expected: u64,
        /// The number that stands here.
        found: u64,
    },
    /// After the end only `resumed` may follow.
    #[error("the run had ended")]
    AfterEnd,
    /// The plan has no such step.
    #[error("the plan has no step {0}")]
    NoSuchStep(StepId),
    /// A step moved before what it needs was ready.
    #[error("{step} moved before {needed} was ready")]
    TooEarly {
        /// The step.
        step: StepId,
        /// What it needs.
        needed: StepId,
    },
    /// A call of a step that has not learnt the result of its last one.
    #[error("{0} makes a call while the result of its last one is open")]
    IntentTwice(StepId),
    /// A result that belongs to no call.
    #[error("{0} has a result without an intent")]
    ResultWithoutIntent(StepId),
    /// A step is ready while a call of it is open.
    #[error("{0} is ready while the result of its last call is open")]
    ReadyWithOpenCall(StepId),
    /// A step is ready again, or calls after it was ready.
    #[error("{0} was ready already")]
    AfterReady(StepId),
    /// Done with something not ready.
    #[error("the run is done although {0} is not ready")]
    DoneTooEarly(StepId),
}

/// A call as the journal knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeCall {
    /// When it was about to be made.
    pub at: Timestamp,
    /// The API action.
    pub action: String,
    /// What it was about.
    pub about: String,
    /// 1 for the first try.
    pub attempt: u32,
}

/// A step that is ready.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadyStep {
    /// The resource.
    pub id: Option<String>,
    /// What other steps can refer to.
    pub outputs: BTreeMap<String, Value>,
}

/// What a journal says about one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepHistory {
    /// How many calls it was about to make.
    pub calls: u32,
    /// A call whose result was never written down.
    pub open: Option<MadeCall>,
    /// The last call with a result.
    pub last: Option<(MadeCall, Outcome)>,
    /// The last call without a clear answer, whatever was called after it.
    pub unanswered: Option<MadeCall>,
    /// What AWS said it made last.
    pub made: Option<String>,
    /// Set when the step is ready.
    pub ready: Option<ReadyStep>,
}

impl StepHistory {
    /// The call of which nobody knows whether it had its effect.
    pub fn in_doubt(&self) -> Option<&MadeCall> {
        self.open.as_ref().or(match &self.last {
            Some((call, Outcome::Unknown(_))) => Some(call),
            _ => None,
        })
    }
}

impl StepHistory {
    /// The call whose effect AWS may not list yet: one in doubt, or one that was answered with the
    /// id of what it made, which was not seen ready before the process ended.
    pub fn unseen(&self) -> Option<&MadeCall> {
        if self.ready.is_some() {
            return None;
        }
        self.in_doubt().or(match &self.last {
            Some((call, Outcome::Done { id: Some(_), .. })) => Some(call),
            _ => None,
        })
    }
}

/// A run as its journal tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The run.
    pub run: Ulid,
    /// Its plan.
    pub plan: Plan,
    /// When it began.
    pub started_at: Timestamp,
    /// When it wrote last.
    pub last_at: Timestamp,
    /// How often it was resumed.
    pub resumed: u32,
    /// How it ended; none while it runs or when it was killed.
    pub result: Option<RunResult>,
    /// Bytes of an unfinished last line that were ignored.
    pub torn: usize,
    steps: BTreeMap<StepId, StepHistory>,
    next_seq: u64,
}

impl History {
    /// Begins with the first entry.
    pub fn begin(first: Entry) -> Result<Self, Disorder> {
        let Record::Started { schema, run, plan } = first.record else {
            return Err(Disorder::NotStarted);
        };
        if schema != JOURNAL_SCHEMA {
            return Err(Disorder::Schema { found: schema });
        }
        if first.seq != 0 {
            return Err(Disorder::Gap {
                expected: 0,
                found: first.seq,
            });
        }
        if plan.run != run {
            return Err(Disorder::OtherRun {
                plan: plan.run,
                run,
            });
        }
        if plan.steps.len() > limits::STEPS {
            return Err(Disorder::TooManySteps {
                found: plan.steps.len(),
            });
        }
        let steps = plan
            .steps
            .iter()
            .map(|step| (step.node.id.clone(), StepHistory::default()))
            .collect();
        Ok(Self {
            run,
            plan: *plan,
            started_at: first.at,
            last_at: first.at,
            resumed: 0,
            result: None,
            torn: 0,
            steps,
            next_seq: 1,
        })
    }

    /// Adds one entry, or refuses it and stays as it was.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), Disorder> {
        if entry.seq != self.next_seq {
            return Err(Disorder::Gap {
                expected: self.next_seq,
                found: entry.seq,
            });
        }
        if self.result.is_some() && !matches!(entry.record, Record::Resumed { .. }) {
            return Err(Disorder::AfterEnd);
        }
        self.take(entry.at, &entry.record)?;
        self.last_at = entry.at;
        self.next_seq += 1;
        Ok(())
    }

    fn take(&mut self, at: Timestamp, record: &Record) -> Result<(), Disorder> {
        match record {
            Record::Started { .. } => Err(Disorder::NotStarted),
            Record::Resumed { .. } => {
                self.resumed += 1;
                self.result = None;
                Ok(())
            }
            Record::Intent {
                step,
                action,
                about,
                attempt,
            } => {
                let past = self.moving(step)?;
                if past.open.is_some() {
                    return Err(Disorder::IntentTwice(step.clone()));
                }
                past.calls += 1;
                past.open = Some(MadeCall {
                    at,
                    action: action.clone(),
                    about: about.clone(),
                    attempt: *attempt,
                });
                Ok(())
            }
            Record::Result { step, outcome } => {
                let past = self.moving(step)?;
                let Some(call) = past.open.take() else {
                    return Err(Disorder::ResultWithoutIntent(step.clone()));
                };
                match outcome {
                    Outcome::Done { id: Some(id), .. } => past.made = Some(id.clone()),
                    Outcome::Unknown(_) => past.unanswered = Some(call.clone()),
                    Outcome::Done { .. } | Outcome::Refused(_) => {}
                }
                past.last = Some((call, outcome.clone()));
                Ok(())
            }
            Record::Ready { step, id, outputs } => {
                let past = self.moving(step)?;
                if past.open.is_some() {
                    return Err(Disorder::ReadyWithOpenCall(step.clone()));
                }
                past.ready = Some(ReadyStep {
                    id: id.clone(),
                    outputs: outputs.clone(),
                });
                Ok(())
            }
            Record::Finished { result } => self.finish(*result),
        }
    }

    /// A step that may still do something: known, not ready, and everything it needs is.
    fn moving(&mut self, step: &StepId) -> Result<&mut StepHistory, Disorder> {
        let planned = self
            .planned(step)
            .ok_or_else(|| Disorder::NoSuchStep(step.clone()))?;
        if let Some(needed) = planned.node.needs.iter().find(|need| !self.is_ready(need)) {
            return Err(Disorder::TooEarly {
                step: step.clone(),
                needed: needed.clone(),
            });
        }
        match self.steps.get_mut(step) {
            Some(past) if past.ready.is_none() => Ok(past),
            _ => Err(Disorder::AfterReady(step.clone())),
        }
    }

    fn finish(&mut self, result: RunResult) -> Result<(), Disorder> {
        let unready = self.steps.iter().find(|(_, past)| past.ready.is_none());
        if let (RunResult::Done, Some((step, _))) = (result, unready) {
            return Err(Disorder::DoneTooEarly(step.clone()));
        }
        self.result = Some(result);
        Ok(())
    }

    fn planned(&self, step: &StepId) -> Option<&PlannedStep> {
        self.plan
            .steps
            .iter()
            .find(|planned| planned.node.id == *step)
    }

    fn is_ready(&self, step: &StepId) -> bool {
        self.steps
            .get(step)
            .is_some_and(|past| past.ready.is_some())
    }

    /// What the journal says about a step of the plan.
    pub fn step(&self, step: &StepId) -> Option<&StepHistory> {
        self.steps.get(step)
    }

    /// Every step of the plan with what the journal says about it.
    pub fn steps(&self) -> impl Iterator<Item = (&StepId, &StepHistory)> {
        self.steps.iter()
    }

    /// Whether there is something left to do.
    pub fn is_unfinished(&self) -> bool {
        !self.result.is_some_and(RunResult::is_complete)
    }

    /// Whether to go on with this run's plan rather than to make a new one.
    ///
    /// AWS is the state, so a new plan finds everything that this run made, and it knows what has
    /// changed since. A run that failed would fail again where the world no longer fits its plan.
    /// What only this journal knows is that an answer is missing: for five minutes, in which AWS's
    /// lists may not show yet what was made, its search is worth more than a new plan.
    pub fn is_worth_resuming(&self, now: Timestamp) -> bool {
        let fresh = |call: &MadeCall| now.duration_since(call.at) < SignedDuration::from_mins(5);
        match self.result {
            Some(RunResult::Done | RunResult::Parked) => false,
            Some(RunResult::Failed) => self
                .steps
                .values()
                .any(|step| step.ready.is_none() && step.in_doubt().is_some_and(fresh)),
            // One that has called nothing has nothing to go on with, and its plan is older.
            None | Some(RunResult::Cancelled | RunResult::TimedOut) => self.has_called(),
        }
    }

    /// Whether any call was made, or was about to be.
    fn has_called(&self) -> bool {
        let mut steps = self.steps.values();
        steps.any(|step| step.open.is_some() || step.last.is_some())
    }

    /// The number of the next record.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }
}
