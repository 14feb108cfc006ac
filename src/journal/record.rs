//! The six kinds of record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ulid::Ulid;

use crate::aws::Fault;
use crate::plan::Plan;
use crate::playbook::StepId;

/// The version of the journal's format.
pub const JOURNAL_SCHEMA: u32 = 1;

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// 0, 1, 2, …: a gap means that a line is missing.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub record: Record,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Record {
    /// The run begins; always the first line.
    Started {
        /// [`JOURNAL_SCHEMA`].
        schema: u32,
        /// The run.
        run: Ulid,
        /// The whole plan; it holds no secret.
        plan: Box<Plan>,
    },
    /// The run goes on in a new process after a stop.
    Resumed {
        /// The new process.
        pid: u32,
    },
    /// A mutating call is about to be made.
    Intent {
        /// The step.
        step: StepId,
        /// The API action.
        action: String,
        /// What it is about; no secret.
        about: String,
        /// 1 for the first try.
        attempt: u32,
    },
    /// What became of the call.
    Result {
        /// The step.
        step: StepId,
        /// What.
        outcome: Outcome,
    },
    /// The step is ready (or, on teardown, gone).
    Ready {
        /// The step.
        step: StepId,
        /// The resource.
        id: Option<String>,
        /// What other steps can refer to.
        outputs: BTreeMap<String, Value>,
    },
    /// The run has ended; nothing follows but a `Resumed`.
    Finished {
        /// How.
        result: RunResult,
    },
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// AWS did it.
    Done {
        /// What it made.
        id: Option<String>,
        /// AWS's request id.
        request_id: Option<String>,
    },
    /// AWS refused: it had no effect.
    Refused(Fault),
    /// No (clear) answer: the effect may have happened.
    Unknown(Fault),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunResult {
    /// Every step is ready.
    Done,
    /// A step failed; can be resumed.
    Failed,
    /// The user stopped it; can be resumed.
    Cancelled,
    /// A wait gave up; can be resumed.
    TimedOut,
    /// Everything is done but what waits for people: a new run goes on.
    Parked,
}

impl RunResult {
    /// Whether nothing is left that a run could do now.
    pub const fn is_complete(self) -> bool {
        matches!(self, Self::Done | Self::Parked)
    }
}
