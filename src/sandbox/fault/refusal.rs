//! EC2's and STS's words for what was injected.

use std::collections::BTreeMap;

use super::faults::Injected;
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{Kind, ResourceId};

/// Who called what: the words of a refusal.
pub(in crate::sandbox) struct Caller<'a> {
    pub(in crate::sandbox) service: &'a str,
    pub(in crate::sandbox) region: &'a str,
    pub(in crate::sandbox) account: &'a str,
    pub(in crate::sandbox) action: &'a str,
    /// The type of resource in the refusal's ARN.
    pub(in crate::sandbox) resource_type: &'a str,
    /// The request's values, the id of what it is about among them.
    pub(in crate::sandbox) form: &'a BTreeMap<String, String>,
}

/// The error that a failure is answered with; none when the connection is what fails.
pub(in crate::sandbox) fn error(injected: Injected, caller: &Caller<'_>) -> Option<ApiError> {
    Some(match injected {
        Injected::Reset | Injected::LostReply | Injected::Spike | Injected::Unseen => return None,
        Injected::Throttled => ApiError::throttled(),
        Injected::InternalError | Injected::LateInternalError => {
            ApiError::with_status(500, "InternalError", "An internal error has occurred")
        }
        Injected::Unavailable | Injected::LateUnavailable => ApiError::with_status(
            503,
            "Unavailable",
            "The service is unavailable. Please try again shortly.",
        ),
        Injected::NotFound => not_found(caller),
        Injected::IncorrectState => ApiError::new("IncorrectState", in_use(caller.action)),
        Injected::Denied => denied(caller),
        Injected::Expired if caller.service == "sts" => ApiError::with_status(
            403,
            "ExpiredToken",
            "The security token included in the request is expired",
        ),
        Injected::Expired => ApiError::new("RequestExpired", "Request has expired."),
    })
}

fn not_found(caller: &Caller<'_>) -> ApiError {
    let kind = |kind: &Kind| kind.resource_type() == caller.resource_type;
    let kind = Kind::ALL.into_iter().find(kind).unwrap_or(Kind::VpnGateway);
    let mut values = caller.form.values();
    let id = values.find(|value| ResourceId::kind_of(value) == Some(kind));
    kind.not_found(&[id.map_or("", String::as_str)])
}

/// What AWS says while something else is in progress; those with a name are its own words.
fn in_use(action: &str) -> &'static str {
    match action {
        "DeleteCustomerGateway" => "The customer gateway is in use.",
        "DeleteTransitGateway" => "It has non-deleted Transit Gateway Attachments.",
        "DeleteVpnGateway" => "The VPN gateway is in use.",
        _ => "The resource is in an incorrect state for the requested operation.",
    }
}

fn denied(caller: &Caller<'_>) -> ApiError {
    let Caller {
        service,
        region,
        account,
        action,
        resource_type,
        ..
    } = caller;
    if *service == "sts" {
        return ApiError::with_status(
            403,
            "AccessDenied",
            format!(
                "User: arn:aws:iam::{account}:user/sandbox is not authorized to perform: \
                 sts:{action} because no identity-based policy allows the sts:{action} action"
            ),
        );
    }
    ApiError::with_status(
        403,
        "UnauthorizedOperation",
        format!(
            "You are not authorized to perform this operation. User: \
             arn:aws:iam::{account}:user/sandbox is not authorized to perform: ec2:{action} on \
             resource: arn:aws:ec2:{region}:{account}:{resource_type}/* because no identity-based \
             policy allows the ec2:{action} action. Encoded authorization failure message: SANDBOX"
        ),
    )
}
