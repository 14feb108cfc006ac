//! The SDK's errors, and what they mean: the one way from `SdkError` to [`Fault`].

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use super::fault::{Fault, FaultKind, WORD};
use crate::spec::one_line;

impl Fault {
    /// The fault that an SDK error stands for.
    pub(super) fn from_sdk<E>(action: &str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        match error {
            SdkError::ServiceError(answer) => {
                let meta = answer.err().meta();
                // EC2 puts its request id into the body, where the SDK takes it from; the header
                // is there as well, and only there when the body is not EC2's.
                let request_id = meta.request_id().or_else(|| error.request_id());
                let status = answer.raw().status();
                if status.is_success() && meta.code().is_none() {
                    // An answer that says "done" in words that the SDK cannot read.
                    let mut fault = Self::of_kind(action, FaultKind::Lost, &chain(error));
                    fault.request_id = request_id.map(|id| one_line(id, WORD));
                    return fault;
                }
                Self::from_answer(
                    action,
                    status.as_u16(),
                    meta.code(),
                    meta.message().unwrap_or_default(),
                    request_id,
                )
            }
            SdkError::ResponseError(answer) => {
                let status = answer.raw().status().as_u16();
                let mut fault = match status {
                    500.. => Self::from_answer(action, status, None, "", error.request_id()),
                    // An answer that says "done" in words that we cannot read.
                    _ => Self::of_kind(action, FaultKind::Lost, &chain(error)),
                };
                fault.request_id = error.request_id().map(|id| one_line(id, WORD));
                fault
            }
            // Never sent, not answered in time, not answered at all, or whatever the SDK may add.
            other => unsent(action, other).unwrap_or_else(|| {
                let kind = match other {
                    SdkError::ConstructionFailure(_) => FaultKind::Invalid,
                    _ => FaultKind::Lost,
                };
                Self::of_kind(action, kind, &chain(other))
            }),
        }
    }
}

/// The fault of a request that was never signed for want of credentials.
fn unsent(action: &str, error: &(dyn Error + 'static)) -> Option<Fault> {
    let credentials = causes(error).find_map(|cause| cause.downcast_ref::<CredentialsError>())?;
    let message = match credentials {
        // The SDK lists each of its sources and why it had nothing: a paragraph that says this.
        CredentialsError::CredentialsNotLoaded(_) => {
            "no credentials found: not in the environment, a profile, a container or an instance"
                .to_owned()
        }
        other => format!("no credentials: {}", chain(other)),
    };
    Some(Fault::of_kind(action, FaultKind::Credentials, &message))
}

/// The error and its causes, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        (*error).source()
    })
}

/// What the causes of an error of the SDK say; the error itself says only which kind it is.
fn chain(error: &(dyn Error + 'static)) -> String {
    said(error.source().unwrap_or(error))
}

/// What an error and its causes say, each once.
///
/// By `Display` only: the SDK's `Debug` prints whole responses, and those hold keys.
fn said(error: &(dyn Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string();
        if !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
    }
    said.join(": ")
}
