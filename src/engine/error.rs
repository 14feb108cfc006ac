//! Why a step did not get ready, what it left behind, and what to do next.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::unwritten::JournalProblem;
use crate::aws::{Fault, FaultKind};
use crate::plan::Mode;
use crate::playbook::StepId;
use crate::resource::{Change, Errand, Goal, KindError, Usual, next_errand};

/// What a failed step leaves in AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leftover {
    /// It changed nothing.
    Nothing,
    /// It may have: says what the call was about.
    Maybe(String),
    /// This object, with the tags of the site: running again goes on with it.
    Known(String),
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("this step left nothing behind"),
            Self::Maybe(what) => write!(
                f,
                "nobody knows whether AWS carried out {what}; the next run looks before it calls"
            ),
            Self::Known(id) => write!(f, "{id} is there and the next run goes on with it"),
        }
    }
}

/// A step that failed.
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[error("{step}: {problem}")]
pub struct StepError {
    /// The step.
    pub step: StepId,
    /// Why.
    pub problem: StepProblem,
    /// What it leaves in AWS.
    pub left: Leftover,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum StepProblem {
    /// AWS said no, and will say it again.
    #[error("{fault}{}", request(.fault))]
    Refused {
        /// What AWS said.
        fault: Fault,
    },
    /// AWS gave no clear answer as often as we asked.
    #[error("{fault}{} ({attempts} attempts)", request(.fault))]
    NoAnswer {
        /// The last failure.
        fault: Fault,
        /// How often.
        attempts: u32,
    },
    /// What has to be done now is not what the plan says.
    #[error("the plan was to {planned}, but now it would be to {now}: {reason}")]
    WorldChanged {
        /// What the plan says.
        planned: String,
        /// What would be right now.
        now: String,
        /// Why.
        reason: String,
    },
    /// What this run had made ready is gone, or otherwise, and not through this run.
    #[error(
        "{object} was ready in this run, and somebody has {} since: a new plan shows what that means",
        if *.gone { "removed it" } else { "changed it" }
    )]
    Meddled {
        /// The object, or the step's words for what has no id.
        object: String,
        /// Whether it is gone; otherwise it is not as it was made.
        gone: bool,
    },
    /// AWS answered a create with an object that does not carry our tags.
    #[error("AWS answered with {id}, which does not carry the tags of this step: it is not ours")]
    NotOurs {
        /// The object.
        id: String,
    },
    /// The object will never get there.
    #[error("{object} is {state}: {why}")]
    Hopeless {
        /// The object.
        object: String,
        /// Its state.
        state: String,
        /// Why there is no hope.
        why: String,
    },
    /// Only people can bring the object further, and nobody waits for them here.
    #[error("{object} is {state}: {}", awaited(.ladder))]
    Parked {
        /// The object.
        object: String,
        /// Its state.
        state: String,
        /// What has happened and what has to, in order, and by whom.
        ladder: Vec<Errand>,
    },
    /// It took longer than anyone should wait.
    #[error(
        "{object} is still {state} after {}; usual are {} to {}",
        minutes(.waited), minutes(&.usual.from), minutes(&.usual.to)
    )]
    TimedOut {
        /// What was awaited.
        goal: Goal,
        /// The object.
        object: String,
        /// Its state.
        state: String,
        /// For how long.
        waited: Duration,
        /// How long it usually takes.
        usual: Usual,
    },
    /// Changing this tunnel would cut the site off.
    #[error(
        "tunnel {tunnel} of {connection} carries the site alone: {other} is down, and changing \
         {tunnel} takes it down for minutes"
    )]
    LastTunnel {
        /// The connection.
        connection: String,
        /// The tunnel to change.
        tunnel: String,
        /// The tunnel that is down.
        other: String,
    },
    /// A changed tunnel is available again but does not come up.
    #[error(
        "tunnel {tunnel} of {connection} is changed but has not come up again within {}: the \
         router probably still has the old settings for it; the other tunnel was not touched",
        minutes(.waited)
    )]
    TunnelStaysDown {
        /// The connection.
        connection: String,
        /// The tunnel.
        tunnel: String,
        /// For how long it was awaited.
        waited: Duration,
    },
    /// The plan asks for what its kind cannot do.
    #[error("{problem}{}", help.as_ref().map(|help| format!(": {help}")).unwrap_or_default())]
    Unworkable {
        /// What is wrong.
        problem: String,
        /// What to do about it.
        help: Option<String>,
    },
    /// The journal could not be written, so no call may be made.
    #[error("{0}")]
    Journal(JournalProblem),
    /// The user stopped the run.
    #[error("stopped before it was {}", goal_word(*.goal))]
    Cancelled {
        /// What it was on the way to.
        goal: Goal,
    },
    /// A bug in underpass.
    #[error("underpass failed inside: {0}")]
    Internal(String),
}

fn request(fault: &Fault) -> String {
    fault
        .request_id
        .as_ref()
        .map(|id| format!(" (request {id})"))
        .unwrap_or_default()
}

fn awaited(ladder: &[Errand]) -> String {
    next_errand(ladder).map_or_else(String::new, |errand| {
        format!("waiting for {} ({})", errand.what, errand.who)
    })
}

fn goal_word(goal: Goal) -> &'static str {
    match goal {
        Goal::Ready => "ready",
        Goal::Gone => "gone",
    }
}

/// Such as `3 min 20 s`.
fn minutes(duration: &Duration) -> String {
    match (duration.as_secs() / 60, duration.as_secs() % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

/// A change as a verb.
pub(super) const fn verb(change: Change) -> &'static str {
    match change {
        Change::Create => "create it",
        Change::Adopt => "use what exists",
        Change::Update => "change it",
        Change::Replace => "replace it",
        Change::Delete => "delete it",
        Change::Keep => "leave it as it is",
    }
}

// === impl StepError ===

impl StepError {
    /// What it leaves in AWS.
    pub fn left_behind(&self) -> &Leftover {
        &self.left
    }

    /// The command to run next; `site_file` is what the user gave.
    pub fn next_command(&self, mode: Mode, site_file: &str) -> String {
        let again = match mode {
            Mode::Onboard => format!("underpass onboard {site_file}"),
            Mode::Teardown => format!("underpass teardown {site_file}"),
        };
        let plan = match mode {
            Mode::Onboard => format!("underpass plan {site_file}"),
            Mode::Teardown => again.clone(),
        };
        match &self.problem {
            StepProblem::Refused { fault }
                if fault.kind == FaultKind::Denied && mode == Mode::Onboard =>
            {
                format!("underpass plan {site_file} --check-permissions")
            }
            StepProblem::WorldChanged { .. }
            | StepProblem::Meddled { .. }
            | StepProblem::NotOurs { .. }
            | StepProblem::Unworkable { .. } => plan,
            StepProblem::LastTunnel { .. } | StepProblem::TunnelStaysDown { .. } => {
                format!("underpass status {site_file}")
            }
            _ => again,
        }
    }

    /// Whether it was merely stopped, not broken.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.problem, StepProblem::Cancelled { .. })
    }

    /// Whether it waits for people, and for nothing that a run could do.
    pub fn is_parked(&self) -> bool {
        matches!(self.problem, StepProblem::Parked { .. })
    }

    /// Whether a wait gave up on something that may still get there.
    pub fn is_timeout(&self) -> bool {
        matches!(
            self.problem,
            StepProblem::TimedOut { .. } | StepProblem::TunnelStaysDown { .. }
        )
    }
}

impl From<KindError> for StepProblem {
    fn from(error: KindError) -> Self {
        let help = match &error {
            KindError::Conflict { help, .. } => Some(help.clone()),
            _ => None,
        };
        Self::Unworkable {
            problem: error.to_string(),
            help,
        }
    }
}
