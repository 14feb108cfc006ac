//! What a request asks for.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cbor;
use crate::sandbox::error::ApiError;
use crate::sandbox::wire::{self, Request};

/// The name of Direct Connect in the scope of credentials and in the table of actions.
pub(in crate::sandbox) const DIRECT_CONNECT: &str = "directconnect";
/// The name of Direct Connect on the wire.
const OVERTURE: &str = "OvertureService";
/// Stands for a body that could not be read: no JSON begins with it.
const UNREADABLE: &str = "\0";

/// How a request is written, and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Protocol {
    /// A form, answered by XML: EC2 and STS.
    Query,
    /// awsJson 1.1, with the operation in a header.
    Json,
    /// Smithy RPC v2 CBOR, with the operation in the path.
    Cbor,
}

impl Protocol {
    /// The protocol of a request by its path.
    pub(in crate::sandbox) fn of(path: &str) -> Self {
        match operation(path) {
            None => Self::Query,
            Some(_) if path.starts_with("/service/") => Self::Cbor,
            Some(_) => Self::Json,
        }
    }
}

/// The path that stands for the operation in a header `X-Amz-Target`.
pub(in crate::sandbox) fn target(header: &str) -> String {
    format!("/{header}")
}

/// The service and the operation that a path names; none in EC2's Query protocol.
pub(in crate::sandbox) fn operation(path: &str) -> Option<(&str, &str)> {
    let (service, name) = match path.strip_prefix("/service/") {
        Some(rest) => rest.split_once("/operation/")?,
        None => path.strip_prefix('/')?.split_once('.')?,
    };
    let service = if service == OVERTURE {
        DIRECT_CONNECT
    } else {
        service
    };
    Some((service, name))
}

/// A body as the text that the sandbox keeps of it: CBOR becomes the same document in JSON.
pub(in crate::sandbox) fn text_of(path: &str, body: &[u8]) -> String {
    if Protocol::of(path) != Protocol::Cbor {
        return String::from_utf8_lossy(body).into_owned();
    }
    if body.is_empty() {
        return String::new();
    }
    cbor::decode(body).map_or_else(|| UNREADABLE.to_owned(), |value| value.to_string())
}

/// The parameters of a request with its action among them, whatever the protocol.
pub(in crate::sandbox) fn form(request: &Request) -> Result<BTreeMap<String, String>, ApiError> {
    let Some((_, name)) = operation(&request.path) else {
        return Ok(wire::decode(&request.body));
    };
    let mut form = BTreeMap::new();
    if !request.body.is_empty() {
        let document: Option<Value> = serde_json::from_str(&request.body).ok();
        match document {
            Some(Value::Object(members)) => flatten("", &Value::Object(members), &mut form),
            _ => {
                return Err(ApiError::new(
                    "SerializationException",
                    "The request is not a document of this operation.",
                ));
            }
        }
    }
    form.insert("Action".to_owned(), name.to_owned());
    Ok(form)
}

fn flatten(name: &str, value: &Value, form: &mut BTreeMap<String, String>) {
    let below = |key: &str| match name {
        "" => key.to_owned(),
        _ => format!("{name}.{key}"),
    };
    match value {
        Value::Null => {}
        Value::String(text) => {
            form.insert(name.to_owned(), text.clone());
        }
        Value::Bool(_) | Value::Number(_) => {
            form.insert(name.to_owned(), value.to_string());
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                flatten(&below(&(number + 1).to_string()), item, form);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                flatten(&below(key), member, form);
            }
        }
    }
}
