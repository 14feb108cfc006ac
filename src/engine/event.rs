//! The one event stream: terminal bars, plain lines, JSON lines and the tests read the same.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use ulid::Ulid;

use crate::aws::Fault;
use crate::journal::RunResult;
use crate::plan::Mode;
use crate::playbook::StepId;
use crate::resource::{Change, Goal, Usual};
use crate::spec::SiteName;

/// A step as the display needs it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepSummary {
    /// The step.
    pub step: StepId,
    /// Such as `VPN connection`.
    pub title: String,
    /// What will be done.
    pub change: Change,
    /// How long it usually takes.
    pub usual: Usual,
}

/// Something happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// The run begins or goes on.
    RunStarted {
        /// When.
        at: Timestamp,
        /// The run.
        run: Ulid,
        /// The site.
        site: SiteName,
        /// What for.
        mode: Mode,
        /// Whether it goes on after a stop.
        resumed: bool,
        /// Every step, in the plan's order.
        steps: Vec<StepSummary>,
    },
    /// A call is about to be made.
    Calling {
        /// When.
        at: Timestamp,
        /// The step.
        step: StepId,
        /// The API action.
        action: String,
        /// What it is about.
        about: String,
    },
    /// AWS did it.
    Called {
        /// When.
        at: Timestamp,
        /// The step.
        step: StepId,
        /// The API action.
        action: String,
        /// What it made.
        id: Option<String>,
        /// AWS's request id.
        request_id: Option<String>,
    },
    /// It did not work and is tried again, or looked for.
    Retrying {
        /// When.
        at: Timestamp,
        /// The step.
        step: StepId,
        /// What happened.
        fault: Fault,
        /// What is done about it, in words.
        action: String,
        /// After how long.
        after: Duration,
    },
    /// The resource is on its way.
    Waiting {
        /// When.
        at: Timestamp,
        /// The step.
        step: StepId,
        /// What for.
        goal: Goal,
        /// The object.
        object: String,
        /// Its state.
        state: String,
        /// Since when.
        elapsed: Duration,
        /// How long it usually takes.
        usual: Usual,
    },
    /// The step is ready, or gone.
    Ready {
        /// When.
        at: Timestamp,
        /// The step.
        step: StepId,
        /// What was done in the end.
        change: Change,
        /// The resource.
        id: Option<String>,
        /// How long it took.
        took: Duration,
    },
    /// A step failed.
    Failed {
        /// When.
        at: Timestamp,
        /// The step.
        step: StepId,
        /// Why, in words.
        problem: String,
        /// What was left behind, in words.
        left_behind: String,
    },
    /// A step waits for people; the run goes on without it.
    Parked {
        /// When.
        at: Timestamp,
        /// The step.
        step: StepId,
        /// For what and for whom, in words.
        problem: String,
    },
    /// A step was not begun because something it needs failed or the run was stopped.
    Skipped {
        /// When.
        at: Timestamp,
        /// The step.
        step: StepId,
        /// Why.
        because: String,
    },
    /// Something a person should know.
    Notice {
        /// When.
        at: Timestamp,
        /// The step, if it is about one.
        step: Option<StepId>,
        /// What.
        message: String,
    },
    /// The run has ended.
    RunEnded {
        /// When.
        at: Timestamp,
        /// How.
        result: RunResult,
        /// How long it took.
        took: Duration,
    },
}
