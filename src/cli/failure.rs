//! The one error of the command line: every stage's error becomes a [`Failure`] here.

use serde_json::{Value, json};

use super::exit::Exit;
use super::harmless;
use crate::aws::{Fault, FaultKind};

/// What stands in AWS when a command fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// The command ended before its first call that changes anything.
    Untouched,
    /// A run is done, and the keys that the connection has are not noted.
    Unsettled,
}

impl Stands {
    /// The words for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Untouched => "nothing was changed",
            Self::Unsettled => "AWS's half stands, but its keys are not noted yet",
        }
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What stands in AWS, in words: the first thing that a person wants to know.
    pub stands: Option<Stands>,
    /// What failed, why, and what was left behind; may span lines.
    pub report: String,
    /// Details for machines, such as each problem of a site file with its position.
    pub details: Value,
    /// What may help.
    pub hints: Vec<String>,
    /// The command to run next: the last line of the report.
    pub next: Option<String>,
    /// Whether the result was printed all the same, so that machines have their one document.
    pub after_result: bool,
}

impl Failure {
    /// A failure with nothing but its report.
    pub fn new(exit: Exit, report: impl Into<String>) -> Self {
        let report = report.into();
        Self {
            exit,
            stands: None,
            report,
            details: Value::Null,
            hints: Vec::new(),
            next: None,
            after_result: false,
        }
    }

    /// Says what stands in AWS, whatever was said of it before.
    #[must_use]
    pub fn stands(mut self, what: Stands) -> Self {
        self.stands = Some(what);
        self
    }

    /// The report, behind what stands in AWS.
    pub fn text(&self) -> String {
        match self.stands {
            Some(what) => format!("{}: {}", what.as_str(), self.report),
            None => self.report.clone(),
        }
    }

    /// Adds what may help.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Sets the command to run next.
    #[must_use]
    pub fn next(mut self, command: impl Into<String>) -> Self {
        self.next = Some(command.into());
        self
    }

    /// Says that the result was printed all the same.
    #[must_use]
    pub fn after_result(mut self) -> Self {
        self.after_result = true;
        self
    }

    /// Adds details for machines.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// A call that failed before anything was changed.
    pub fn untouched(fault: Fault) -> Self {
        Self::from(fault).stands(Stands::Untouched)
    }

    /// A file that cannot be read or written.
    pub fn file(what: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(
            Exit::Internal,
            format!("cannot {what} {}: {error}", harmless::path(path)),
        )
        .next(super::again::typed())
    }

    /// The failure as JSON, for `--format json`.
    pub fn to_json(&self) -> Value {
        json!({
            "schema_version": 1,
            "error": {
                "exit_code": self.exit.code(),
                "kind": self.exit,
                "message": self.text(),
                "details": self.details,
                "hints": self.hints,
                "next": self.next,
            }
        })
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let exit = match fault.kind {
            FaultKind::Credentials | FaultKind::Denied => Exit::Access,
            _ => Exit::Aws,
        };
        let request = fault
            .request_id
            .as_ref()
            .map(|id| format!("\n  request id {id}"))
            .unwrap_or_default();
        let hint = fault.hint().map(|hint| hint.to_string());
        let next = match fault.kind {
            FaultKind::Credentials => Some("aws sts get-caller-identity"),
            _ => None,
        };
        let mut failure = Self::new(exit, format!("a call to AWS failed: {fault}{request}"));
        failure.hints.extend(hint);
        if fault.kind == FaultKind::Credentials {
            let hint = "without an account, `--sandbox` does the same in the built-in look-alike";
            failure.hints.push(hint.to_owned());
        }
        failure.next = next.map(str::to_owned);
        failure
    }
}
