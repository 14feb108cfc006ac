//! The SDK's errors, and what they mean: the one way from `SdkError` to [`Fault`].

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::error::ProvideErrorMetadata;
use aws_sdk_ec2::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;

use super::fault::{Fault, FaultKind};

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
                    fault.request_id = request_id.map(str::to_owned);
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
                fault.request_id = error.request_id().map(str::to_owned);
                fault
            }
            SdkError::ConstructionFailure(_) => {
                let kind = credentials(error).unwrap_or(FaultKind::Invalid);
                Self::of_kind(action, kind, &chain(error))
            }
            // Time-outs, failed dispatches, and whatever the SDK may add.
            _ => {
                let kind = credentials(error).unwrap_or(FaultKind::Lost);
                Self::of_kind(action, kind, &chain(error))
            }
        }
    }
}

/// [`FaultKind::Credentials`] when the request was never signed for want of credentials.
fn credentials(error: &(dyn Error + 'static)) -> Option<FaultKind> {
    causes(error)
        .any(|cause| cause.is::<CredentialsError>())
        .then_some(FaultKind::Credentials)
}

/// The error and its causes, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        (*error).source()
    })
}

/// What the error and its causes say, each once.
///
/// By `Display` only: the SDK's `Debug` prints whole responses, and those hold keys.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string();
        if !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
    }
    said.join(": ")
}
