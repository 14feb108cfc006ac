//! What the parameters of Direct Connect's actions have in common.

use serde_json::{Map, Value, json};

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::describe;
use crate::sandbox::direct_connect::DxResource;
use crate::sandbox::error::ApiError;
use crate::sandbox::fault::Trouble;
use crate::sandbox::ids::ResourceId;
use crate::sandbox::wire::Params;
use crate::sandbox::world::Tags;

/// The most entries of one page (API reference).
const PAGE: usize = 100;
// Direct Connect user guide, "Tag resources".
const MOST_TAGS: usize = 50;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// `DirectConnectClientException`: what is wrong stands in the message alone.
pub(super) fn refused(message: impl Into<String>) -> ApiError {
    ApiError::new("DirectConnectClientException", message)
}

/// A member that must be there and not empty.
pub(super) fn required<'a>(params: &Params<'a>, name: &str) -> Result<&'a str, ApiError> {
    params
        .text(name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| refused(format!("The request must contain {name}.")))
}

pub(super) fn given<'a>(params: &Params<'a>, name: &str) -> Option<&'a str> {
    params.text(name).filter(|value| !value.is_empty())
}

/// Refuses an id that none of that kind can have. "Connection ID fake-connection has an invalid
/// format" is from the tests of AWS's own SDKs, "Association ID … has an invalid format." from
/// terraform-provider-aws 9317.
fn well_formed<'a>(what: &str, id: &'a str, fits: bool) -> Result<&'a str, ApiError> {
    let wrong = || refused(format!("{what} ID {id} has an invalid format."));
    fits.then_some(id).ok_or_else(wrong)
}

fn is_short(id: &str, prefix: &str) -> bool {
    id.strip_prefix(prefix).is_some_and(|tail| {
        tail.len() == 8
            && tail
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

fn is_uuid(id: &str) -> bool {
    let parts: Vec<&str> = id.split('-').collect();
    let hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(hex)
}

/// The id of a connection that must be named.
pub(super) fn connection_id<'a>(params: &Params<'a>) -> Result<&'a str, ApiError> {
    let id = required(params, "connectionId")?;
    well_formed("Connection", id, is_short(id, "dxcon-"))
}

/// The id of a virtual interface that must be named.
pub(super) fn interface_id<'a>(params: &Params<'a>) -> Result<&'a str, ApiError> {
    let id = required(params, "virtualInterfaceId")?;
    well_formed("Virtual Interface", id, is_short(id, "dxvif-"))
}

/// The id of a Direct Connect gateway that must be named.
pub(super) fn gateway_id<'a>(params: &Params<'a>) -> Result<&'a str, ApiError> {
    let id = required(params, "directConnectGatewayId")?;
    well_formed("Direct Connect Gateway", id, is_uuid(id))
}

/// The id of an association that must be named.
pub(super) fn association_id<'a>(params: &Params<'a>) -> Result<&'a str, ApiError> {
    let id = required(params, "associationId")?;
    well_formed("Association", id, is_uuid(id))
}

/// The id of a proposal that must be named.
pub(super) fn proposal_id<'a>(params: &Params<'a>) -> Result<&'a str, ApiError> {
    let id = required(params, "proposalId")?;
    well_formed("Proposal", id, is_uuid(id))
}

/// An id that nothing has yet.
pub(super) fn new_id<R: DxResource>(
    context: &Context<'_>,
    draw: impl Fn() -> ResourceId,
) -> ResourceId {
    loop {
        let id = draw();
        if !R::shelf(context.direct).contains_key(&id) {
            return id;
        }
    }
}

/// The tags of a request.
pub(super) fn tags(params: &Params<'_>) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    for tag in params.list("tags") {
        let key = required(&tag, "key")?;
        let value = tag.text("value").unwrap_or_default();
        if key.chars().count() > LONGEST_KEY || value.chars().count() > LONGEST_VALUE {
            return Err(refused(
                "A tag key has at most 128 characters, a tag value 256.",
            ));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(ApiError::new(
                "DuplicateTagKeysException",
                "A tag key was specified more than once.",
            ));
        }
    }
    limit(&tags)?;
    Ok(tags)
}

pub(super) fn limit(tags: &Tags) -> Result<(), ApiError> {
    if tags.len() <= MOST_TAGS {
        return Ok(());
    }
    Err(ApiError::new(
        "TooManyTagsException",
        "You have reached the limit on the number of tags that can be assigned.",
    ))
}

/// One page of a list, under its name.
pub(super) fn page(context: &Context<'_>, name: &str, mut items: Vec<Value>) -> Outcome {
    let params = &context.params;
    let size: usize = params.parsed("maxResults")?.unwrap_or(PAGE);
    if size == 0 {
        return Err(refused("maxResults must be positive."));
    }
    let start: usize = match given(params, "nextToken") {
        None => 0,
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|start| start.parse().ok())
            .ok_or_else(|| refused("The pagination token is invalid."))?,
    };
    let end = start.saturating_add(size.min(PAGE));
    // Pages of a list that changes its order would lose some of it.
    if context.faults.has(Trouble::Shuffle) && start == 0 && items.len() <= end {
        describe::shuffle(context, &mut items);
    }
    let more = end < items.len();
    let shown: Vec<Value> = items.into_iter().take(end).skip(start).collect();
    let mut document = Map::from_iter([(name.to_owned(), Value::Array(shown))]);
    if more {
        document.insert("nextToken".to_owned(), json!(format!("page-{end}")));
    }
    Ok(Done::shown(Value::Object(document)))
}
