//! Why a run's journal takes nothing more: what ends the run before its next call.

use std::fmt;

use serde::Serialize;

use super::error::StepProblem;
use crate::aws::FaultKind;
use crate::journal::JournalError;

/// Why the journal could not be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JournalProblem {
    /// What kind of reason it is.
    pub cause: JournalCause,
    /// The reason in words, in one line.
    pub text: String,
}

/// What kinds of reasons there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum JournalCause {
    /// The site's lock, or the run, is somebody else's by now.
    Lost,
    /// The bucket refused, or did not answer in time.
    Bucket(FaultKind),
    /// This machine's disk, or a defect.
    Machine,
}

impl JournalProblem {
    /// What the journal's error means to the run.
    pub(super) fn of(error: &JournalError) -> Self {
        let cause = match error {
            _ if error.is_lost() => JournalCause::Lost,
            JournalError::Bucket { source, .. } => JournalCause::Bucket(source.kind),
            _ => JournalCause::Machine,
        };
        Self {
            cause,
            text: with_source(error),
        }
    }

    /// Whether the site is somebody else's by now.
    pub fn is_lost(&self) -> bool {
        self.cause == JournalCause::Lost
    }
}

impl fmt::Display for JournalProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_lost() {
            f.write_str("the journal could not be written, so ")?;
        }
        write!(f, "nothing more was called: {}", self.text)
    }
}

/// Why a step may not go on when its record was not written.
pub(super) fn unwritten(error: JournalError) -> StepProblem {
    match error {
        JournalError::Refused { .. } => StepProblem::Internal(with_source(&error)),
        _ => StepProblem::Journal(JournalProblem::of(&error)),
    }
}

/// An error with everything that caused it, in one line.
fn with_source(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
