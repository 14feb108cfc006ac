//! Why a call to AWS did not do what it should.

use serde::{Deserialize, Serialize};

/// What a failure means for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// `DryRunOperation`: the call would have been allowed.
    WouldSucceed,
    /// No, expired or wrong credentials.
    Credentials,
    /// The caller, or a condition of a policy, does not allow it.
    Denied,
    /// The object does not exist, or does not exist yet.
    NotFound,
    /// It exists already.
    AlreadyExists,
    /// Something is in progress or in use: later it may work.
    NotYet,
    /// Asked too often.
    Throttled,
    /// A quota is reached.
    Quota,
    /// AWS's side failed before or after the effect: look before repeating.
    Server,
    /// No answer: the effect may have happened.
    Lost,
    /// The request was wrong and will always be.
    Invalid,
}

/// A failed call: what was called, what AWS said, and what kind of failure that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{action}: {}{message}", code.as_ref().map(|code| format!("{code}: ")).unwrap_or_default())]
pub struct Fault {
    /// The API action.
    pub action: String,
    /// What it means.
    pub kind: FaultKind,
    /// AWS's error code; none when no answer came.
    pub code: Option<String>,
    /// AWS's message, or what the transport said.
    pub message: String,
    /// AWS's request id.
    pub request_id: Option<String>,
}
