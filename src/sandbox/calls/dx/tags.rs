//! Tags of connections, virtual interfaces and gateways, which go by their ARNs.

use serde_json::{Value, json};

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::dx::documents;
use crate::sandbox::calls::dx::params::{limit, refused, required, tags};
use crate::sandbox::direct_connect::{
    DxConnection, DxGateway, DxResource, VirtualInterface, find, find_mut,
};
use crate::sandbox::error::ApiError;
use crate::sandbox::world::Tags;

/// What an ARN names.
enum Named<'a> {
    Connection(&'a str),
    Interface(&'a str),
    Gateway(&'a str),
}

/// Reads an ARN: `arn:aws:directconnect:eu-central-1:111122223333:dxcon/dxcon-…`, and without a
/// region for gateways (service authorization reference).
fn named<'a>(context: &Context<'_>, arn: &'a str) -> Result<Named<'a>, ApiError> {
    let wrong = || refused(format!("Resource ARN {arn} is not valid."));
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, "directconnect", region, account, resource] = parts[..] else {
        return Err(wrong());
    };
    let local = region == context.region.name;
    match resource.split_once('/') {
        _ if account != context.account => Err(wrong()),
        Some(("dxcon", id)) if local => Ok(Named::Connection(id)),
        Some(("dxvif", id)) if local => Ok(Named::Interface(id)),
        Some(("dx-gateway", id)) if region.is_empty() || local => Ok(Named::Gateway(id)),
        _ => Err(wrong()),
    }
}

fn tags_of<'a>(context: &'a mut Context<'_>, arn: &str) -> Result<&'a mut Tags, ApiError> {
    fn of<'a, R: DxResource + 'a>(
        context: &'a mut Context<'_>,
        id: &str,
    ) -> Result<&'a mut Tags, ApiError> {
        let (direct, region) = (&mut *context.direct, &context.region.name);
        let found: &mut R = find_mut(direct, region, id, context.now)?;
        found
            .tags_mut()
            .ok_or_else(|| refused(format!("{id} cannot have tags.")))
    }
    match named(context, arn)? {
        Named::Connection(id) => of::<DxConnection>(context, id),
        Named::Interface(id) => of::<VirtualInterface>(context, id),
        Named::Gateway(id) => of::<DxGateway>(context, id),
    }
}

pub(super) fn describe(context: &mut Context<'_>) -> Outcome {
    let (direct, now) = (&*context.direct, context.now);
    let region = &context.region.name;
    let mut found: Vec<Value> = Vec::new();
    for arn in context.params.strings("resourceArns") {
        let tags = match named(context, arn)? {
            Named::Connection(id) => &find::<DxConnection>(direct, region, id, now)?.tags,
            Named::Interface(id) => &find::<VirtualInterface>(direct, region, id, now)?.tags,
            Named::Gateway(id) => &find::<DxGateway>(direct, region, id, now)?.tags,
        };
        found.push(json!({"resourceArn": arn, "tags": documents::tags(tags)}));
    }
    Ok(Done::shown(json!({"resourceTags": found})))
}

pub(super) fn tag(context: &mut Context<'_>) -> Outcome {
    let arn = required(&context.params, "resourceArn")?.to_owned();
    let given = tags(&context.params)?;
    let known = tags_of(context, &arn)?;
    let mut new = known.clone();
    new.extend(given);
    limit(&new)?;
    let differs = *known != new;
    *known = new;
    Ok(Done::change(&arn, json!({})).if_changed(differs))
}

pub(super) fn untag(context: &mut Context<'_>) -> Outcome {
    let arn = required(&context.params, "resourceArn")?.to_owned();
    let keys: Vec<String> = context
        .params
        .strings("tagKeys")
        .into_iter()
        .map(str::to_owned)
        .collect();
    let known = tags_of(context, &arn)?;
    let before = known.len();
    known.retain(|key, _| !keys.contains(key));
    let differs = known.len() != before;
    Ok(Done::change(&arn, json!({})).if_changed(differs))
}
