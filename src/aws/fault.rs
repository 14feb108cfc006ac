//! Why a call to AWS did not do what it should.

use serde::{Deserialize, Serialize};

use super::codes;
use crate::limits;
use crate::spec::one_line;

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
    /// Asked too often; nothing has happened.
    Throttled,
    /// A quota is reached.
    Quota,
    /// AWS's side failed before or after the effect: look before repeating.
    Server,
    /// No answer that can be read: if the call changes something, that may have happened.
    Lost,
    /// The request was wrong and will always be.
    Invalid,
    /// A dry run was carried out: the endpoint is not AWS, and what the call makes is made.
    CarriedOut,
    /// An endpoint that is not AWS would carry a dry run out, so it was not asked.
    NoDryRun,
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

/// Characters of an error code or a request id; the longest of EC2's have 60.
pub(super) const WORD: usize = 100;

/// The calls whose IAM conditions can look at the tunnel options (AWS VPN guide, "condition
/// keys"; service authorization reference for EC2).
const TUNNEL_CALLS: [&str; 2] = ["CreateVpnConnection", "ModifyVpnTunnelOptions"];

impl Fault {
    /// A fault from AWS's answer; a code that nobody knows means what its HTTP status means.
    pub(super) fn from_answer(
        action: &str,
        status: u16,
        code: Option<&str>,
        message: &str,
        request_id: Option<&str>,
    ) -> Self {
        let known = match code {
            Some(codes::CLIENT_EXCEPTION) => Some(codes::direct_connect(message)),
            code => code.and_then(codes::find).map(|row| row.kind),
        };
        let kind = known.unwrap_or(match status {
            500.. => FaultKind::Server,
            401 => FaultKind::Credentials,
            403 => FaultKind::Denied,
            429 => FaultKind::Throttled,
            _ => FaultKind::Invalid,
        });
        let message = match message.trim() {
            "" if code.is_none() => format!("HTTP {status} without an error code"),
            said => tidy(said),
        };
        Self {
            action: action.to_owned(),
            kind,
            code: code.map(|code| one_line(code, WORD)),
            message,
            request_id: request_id.map(|id| one_line(id, WORD)),
        }
    }

    /// A fault of which AWS said nothing.
    pub(crate) fn of_kind(action: &str, kind: FaultKind, message: &str) -> Self {
        Self {
            action: action.to_owned(),
            kind,
            code: None,
            message: tidy(message),
            request_id: None,
        }
    }

    /// What a person can do about it; none when the message says it all.
    ///
    /// Quotas come with the code under which Service Quotas raises them.
    pub fn hint(&self) -> Option<&'static str> {
        if self.kind == FaultKind::Denied && TUNNEL_CALLS.contains(&self.action.as_str()) {
            return Some(
                "allow the action, and look for a policy condition on the tunnel options \
                 (ec2:Phase1EncryptionAlgorithms, ec2:IKEVersions, ec2:RoutingType, …): such a \
                 condition forbids the call with the same code",
            );
        }
        let known = self.code.as_deref().and_then(codes::find);
        known.and_then(|row| row.hint).or(match self.kind {
            FaultKind::Credentials => Some(
                "set AWS_PROFILE or --profile, run `aws sso login` for a single sign-on profile, \
                 or export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            ),
            FaultKind::Denied => {
                Some("the plan lists the permissions that it needs: ask whoever grants them")
            }
            FaultKind::Lost => Some(
                "look at the network between here and AWS (HTTPS_PROXY, NO_PROXY, DNS), then run \
                 the same command again: it looks before it repeats a call",
            ),
            FaultKind::Throttled => Some("run the same command again in a minute"),
            _ => None,
        })
    }

    /// The fault with every occurrence of the given secrets taken out of its message.
    ///
    /// AWS repeats a refused parameter's value in the message, and the value may be a key.
    #[must_use]
    pub(super) fn without<'a>(mut self, secrets: impl IntoIterator<Item = &'a str>) -> Self {
        for secret in secrets {
            self.message = self.message.replace(secret, "(redacted)");
            if let Some((said, rest)) = self.message.split_once(CUT)
                && let Some(begin) = begin_of_secret(said, secret)
            {
                self.message = format!("{}(redacted){CUT}{rest}", &said[..begin]);
            }
        }
        self
    }
}

/// What stands where a long message was cut.
const CUT: char = '…';

/// Where the first part of a secret begins at the end of a text that was cut in its middle.
fn begin_of_secret(text: &str, secret: &str) -> Option<usize> {
    // Fewer characters than these tell nothing, and words end in them by chance.
    const TELLING: usize = 4;
    let parts = (TELLING..secret.len()).rev();
    parts
        .filter_map(|length| text.strip_suffix(secret.get(..length)?))
        .map(str::len)
        .next()
}

/// A message fit for a line of a terminal: no encoded blob, no control characters, bounded.
fn tidy(message: &str) -> String {
    // UnauthorizedOperation may end in some kilobytes of base64 that only
    // `sts:DecodeAuthorizationMessage` can read.
    const BLOB: &str = "Encoded authorization failure message:";
    let (text, blob) = match message.split_once(BLOB) {
        Some((text, _)) => (text, " (encoded details left out)"),
        None => (message, ""),
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    one_line(&words.join(" "), limits::ANSWER_TEXT) + blob
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(action: &str, code: &str, message: &str) -> Fault {
        Fault::from_answer(action, 400, Some(code), message, None)
    }

    #[test]
    fn a_message_loses_its_blob_its_escapes_and_its_secrets() {
        let raw = format!(
            "You are not authorized to perform this operation. User: arn:aws:iam::111122223333:user/x \
             is not authorized.\u{1b}[2J\n Encoded authorization failure message: {}",
            "A".repeat(4000)
        );
        let fault = refused("CreateVpnConnection", "UnauthorizedOperation", &raw);
        assert_eq!(fault.kind, FaultKind::Denied);
        assert!(
            fault
                .message
                .ends_with("not authorized.\u{fffd}[2J (encoded details left out)")
        );
        assert!(fault.hint().unwrap().contains("ec2:IKEVersions"));
        let echo = "Value (Secret_Key.1234) for parameter PreSharedKey is invalid";
        let fault = refused("CreateVpnConnection", "InvalidParameterValue", echo);
        let fault = fault.without(["Secret_Key.1234"]);
        assert_eq!(
            fault.to_string(),
            "CreateVpnConnection: InvalidParameterValue: \
             Value ((redacted)) for parameter PreSharedKey is invalid"
        );
    }

    #[test]
    fn a_code_that_nobody_knows_means_what_its_status_means() {
        for (status, kind) in [
            (400, FaultKind::Invalid),
            (403, FaultKind::Denied),
            (502, FaultKind::Server),
        ] {
            let fault = Fault::from_answer("X", status, Some("Novel"), "m", None);
            assert_eq!(fault.kind, kind);
        }
        let page = Fault::from_answer("X", 500, None, "", None);
        assert_eq!(page.to_string(), "X: HTTP 500 without an error code");
    }

    #[test]
    fn a_secret_that_was_cut_with_its_message_leaves_nothing() {
        let secret = "Secret_Key.1234567890";
        for before in 560..610 {
            let echo = format!("{} {secret} for PreSharedKey", "x".repeat(before));
            let fault = refused("CreateVpnConnection", "InvalidParameterValue", &echo);
            let said = fault.without([secret]).message;
            assert!(!said.contains("Secr"), "{before}: {said}");
        }
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let fault = Fault::of_kind("X", FaultKind::Server, &"ü".repeat(5000));
        assert_eq!(fault.message.chars().count(), 601);
    }
}
