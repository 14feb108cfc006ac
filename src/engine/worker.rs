//! One step on its way: the part that all changes have in common.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::error::{Leftover, StepError, StepProblem};
use super::task::Task;
use super::unwritten::unwritten;
use crate::aws::{Fault, FaultKind, View};
use crate::journal::{Outcome, Record, StepHistory};
use crate::resource::Change;

/// A task with what it has done so far.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) task: Arc<Task>,
    /// What the journal says about this step.
    pub(super) past: StepHistory,
    /// What it would leave behind if it failed now.
    pub(super) left: Leftover,
}

/// A step that is ready, or gone.
#[derive(Debug)]
pub(super) struct StepDone {
    pub(super) change: Change,
    pub(super) id: Option<String>,
    pub(super) outputs: BTreeMap<String, Value>,
}

/// How a step went, and how long.
#[derive(Debug)]
pub(super) struct StepRun {
    pub(super) took: Duration,
    pub(super) result: Result<StepDone, StepError>,
}

impl Worker {
    pub(super) fn new(task: Task, past: StepHistory) -> Self {
        let left = match &past.made {
            Some(id) => Leftover::Known(id.clone()),
            None => Leftover::Nothing,
        };
        Self {
            task: Arc::new(task),
            past,
            left,
        }
    }

    /// Brings the step to its end.
    pub(super) async fn work(mut self) -> StepRun {
        let began = self.task.run.clock.mark();
        let result = self.advance().await.map_err(|problem| StepError {
            step: self.task.id(),
            left: match problem {
                StepProblem::Meddled { gone: true, .. } => Leftover::Nothing,
                _ => self.left.clone(),
            },
            problem,
        });
        StepRun {
            took: self.task.run.clock.passed(began),
            result,
        }
    }

    async fn advance(&mut self) -> Result<StepDone, StepProblem> {
        self.settle_open_call().await?;
        let done = match self.task.step.change {
            Change::Delete => self.remove().await?,
            _ => self.provide().await?,
        };
        if self.past.ready.is_none() {
            self.write(Record::Ready {
                step: self.task.id(),
                id: done.id.clone(),
                outputs: done.outputs.clone(),
            })
            .await?;
        }
        Ok(done)
    }

    /// Writes down that nobody knows what became of the call that a stopped process was making.
    async fn settle_open_call(&mut self) -> Result<(), StepProblem> {
        if let Some(call) = self.past.in_doubt() {
            self.left = Leftover::Maybe(format!("{} {}", call.action, call.about));
        }
        let Some(call) = self.past.open.take() else {
            return Ok(());
        };
        let outcome = Outcome::Unknown(Fault {
            action: call.action.clone(),
            kind: FaultKind::Lost,
            code: None,
            message: "underpass was stopped before the answer was written down".to_owned(),
            request_id: None,
        });
        self.past.last = Some((call, outcome.clone()));
        self.write(Record::Result {
            step: self.task.id(),
            outcome,
        })
        .await
    }

    /// Puts a record on disk; without that nothing may go on.
    pub(super) async fn write(&self, record: Record) -> Result<(), StepProblem> {
        let written = self.task.run.journal.append(record).await;
        written.map_err(unwritten)
    }

    /// Whether a process of this run has called anything for this step.
    pub(super) fn has_called(&self) -> bool {
        self.past.calls > 0
    }

    /// The step's end: what was done, and what others may refer to.
    pub(super) fn done(&self, change: Change, id: String, view: &View) -> StepDone {
        let Task { kind, inputs, .. } = &*self.task;
        StepDone {
            change,
            outputs: kind.outputs_of(inputs, &id, view),
            id: Some(id),
        }
    }
}
