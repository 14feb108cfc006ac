//! What goes into a run and what comes out of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use ulid::Ulid;

use super::cancel::Cancel;
use super::dispatcher::Dispatcher;
use super::error::StepError;
use super::event::Event;
use super::unwritten::JournalProblem;
use crate::aws::Client;
use crate::clock::{Clock, IdSource};
use crate::journal::{History, Journal, RunResult};
use crate::plan::Plan;
use crate::playbook::StepId;
use crate::resource::{Change, Keys};

/// Everything that a run needs.
#[derive(Debug)]
pub struct Job {
    /// What to do.
    pub plan: Plan,
    /// The pre-shared keys, on disk already.
    pub keys: Keys,
    /// AWS.
    pub client: Client,
    /// The run's journal, just begun or just opened again.
    pub journal: Journal,
    /// What the journal says already, when the run was stopped before; none for a new run.
    pub history: Option<History>,
    /// Time.
    pub clock: Clock,
    /// Jitter.
    pub ids: IdSource,
}

/// How a run went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunReport {
    /// The run.
    pub run: Ulid,
    /// How it ended.
    pub result: RunResult,
    /// What became of each step.
    pub steps: BTreeMap<StepId, StepReport>,
    /// How many mutating calls were made, retries included.
    pub calls: u64,
    /// How long it took.
    pub took: Duration,
    /// Why the journal could not be written to the end, if so.
    pub journal_problem: Option<JournalProblem>,
}

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepReport {
    /// What was done; for a step that is not ready, what was planned.
    pub change: Change,
    /// The resource.
    pub id: Option<String>,
    /// What other steps can refer to.
    pub outputs: BTreeMap<String, Value>,
    /// How long it took.
    pub took: Duration,
    /// Why it failed.
    pub failure: Option<StepError>,
    /// Why it was not begun.
    pub skipped: Option<String>,
}

/// Runs a job to its end, or as far as it goes.
///
/// Everything that happens is told in `events`; nobody has to listen. A failed step stops only what
/// depends on it. Whatever the result, the same job can be run again with what the journal holds.
pub async fn run(job: Job, events: UnboundedSender<Event>, cancel: Cancel) -> RunReport {
    Dispatcher::new(job, events, cancel).run().await
}
