//! Answers in the protocol of the request.

use serde_json::{Value, json};

use super::asked::Protocol;
use super::cbor;
use crate::sandbox::error::ApiError;
use crate::sandbox::wire::Reply;

/// What the shapes of Direct Connect's errors are called with their namespace, as CBOR has them.
const NAMESPACE: &str = "com.amazonaws.directconnect";
/// Codes that are Direct Connect's own, or common to the protocols it speaks.
const OWN: [&str; 11] = [
    "DirectConnectClientException",
    "DirectConnectServerException",
    "DuplicateTagKeysException",
    "TooManyTagsException",
    "SerializationException",
    "UnknownOperationException",
    "AccessDeniedException",
    "ExpiredTokenException",
    "ThrottlingException",
    "ServiceUnavailableException",
    "MissingAuthenticationTokenException",
];

/// The answer to a request of Direct Connect.
pub(in crate::sandbox) fn reply(
    protocol: Protocol,
    request_id: &str,
    outcome: Result<&Value, &ApiError>,
) -> Reply {
    let (status, document) = match outcome {
        Ok(document) => (200, document.clone()),
        Err(error) => (error.status, refusal(protocol, error)),
    };
    let (kind, body) = match protocol {
        Protocol::Cbor => ("application/cbor", cbor::encode(&document)),
        _ => (
            "application/x-amz-json-1.1",
            document.to_string().into_bytes(),
        ),
    };
    let mut reply = Reply::new(status, kind, body);
    let mut header = |name: &str, value: &str| {
        reply.headers.push((name.to_owned(), value.to_owned()));
    };
    header("x-amzn-requestid", request_id);
    if protocol == Protocol::Cbor {
        header("smithy-protocol", "rpc-v2-cbor");
    }
    reply
}

fn refusal(protocol: Protocol, error: &ApiError) -> Value {
    let code = match protocol {
        Protocol::Cbor => format!("{NAMESPACE}#{}", error.code),
        _ => error.code.clone(),
    };
    json!({"__type": code, "message": error.message})
}

/// An error that EC2 would have, as Direct Connect words it.
///
/// What the service itself refuses has one code for all, with a message for people. That throttles,
/// permissions and credentials have the codes of other services with these protocols is an
/// assumption.
pub(in crate::sandbox) fn worded(error: ApiError) -> ApiError {
    let of = |status, code, message: &str| ApiError::with_status(status, code, message);
    match error.code.as_str() {
        own if OWN.contains(&own) => error,
        "RequestLimitExceeded" => of(400, "ThrottlingException", "Rate exceeded"),
        "InternalError" => of(
            500,
            "DirectConnectServerException",
            "Unable to process request",
        ),
        "Unavailable" => of(503, "ServiceUnavailableException", &error.message),
        "UnauthorizedOperation" => of(400, "AccessDeniedException", &error.message),
        "RequestExpired" => of(
            400,
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        "AuthFailure" | "MissingAuthenticationToken" => of(
            400,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ),
        "InvalidAction" => of(404, "UnknownOperationException", &error.message),
        _ if error.status == 0 => error,
        _ => of(400, "DirectConnectClientException", &error.message),
    }
}
