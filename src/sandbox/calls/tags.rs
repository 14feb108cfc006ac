//! Tags: at creation, later, and as a list.

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::describe::Page;
use crate::sandbox::error::ApiError;
use crate::sandbox::filter::Filters;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::resource::{Resource, existing, find_mut};
use crate::sandbox::transit::{TransitAttachment, TransitGateway, TransitRouteTable};
use crate::sandbox::wire::Params;
use crate::sandbox::world::{
    CustomerGateway, RouteTable, Subnet, Tags, Vpc, VpnConnection, VpnGateway,
};
use crate::sandbox::xml::Xml;

// EC2 user guide, "Tag restrictions".
const MOST: usize = 50;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// The tags that a create call gives for what it creates.
pub(super) fn at_creation(params: &Params<'_>, kind: Kind) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    // Some calls of transit gateways have the list under its plural.
    let mut given = params.list("TagSpecification");
    given.extend(params.list("TagSpecifications"));
    for specification in given {
        let resource_type = specification.required("ResourceType")?;
        if resource_type != kind.resource_type() {
            return Err(ApiError::new(
                "InvalidParameterValue",
                format!(
                    "'{resource_type}' is not a valid taggable resource type for this operation."
                ),
            ));
        }
        tags.extend(read(&specification)?);
    }
    limit(tags.len())?;
    Ok(tags)
}

pub(super) fn write(xml: &mut Xml, tags: &Tags) {
    xml.list("tagSet", tags, |xml, (key, value)| {
        xml.text("key", key).text("value", value);
    });
}

pub(super) fn create(context: &mut Context<'_>) -> Outcome {
    let ids = resources(&context.params)?;
    let given = read(&context.params)?;
    if given.is_empty() {
        return Err(ApiError::missing("Tag"));
    }
    context.gate()?;
    // All or nothing: AWS checks every id before it tags the first.
    let mut changed = false;
    for (kind, id) in &ids {
        let before = current(context, *kind, id)?;
        let mut tags = before.clone();
        tags.extend(given.clone());
        limit(tags.len())?;
        changed |= tags != before;
    }
    for (kind, id) in &ids {
        change(context, *kind, id, |tags| tags.extend(given.clone()))?;
    }
    Ok(Done::truth(&joined(&ids)).if_changed(changed))
}

pub(super) fn delete(context: &mut Context<'_>) -> Outcome {
    let ids = resources(&context.params)?;
    let given: Vec<(String, Option<String>)> = context
        .params
        .list("Tag")
        .iter()
        .map(|tag| {
            Ok((
                tag.required("Key")?.to_owned(),
                tag.text("Value").map(str::to_owned),
            ))
        })
        .collect::<Result<_, ApiError>>()?;
    context.gate()?;
    for (kind, id) in &ids {
        current(context, *kind, id)?;
    }
    for (kind, id) in &ids {
        change(context, *kind, id, |tags| {
            if given.is_empty() {
                tags.clear();
            }
            // With a value, the tag goes only if it has that value.
            for (key, value) in &given {
                if value
                    .as_ref()
                    .is_none_or(|value| tags.get(key) == Some(value))
                {
                    tags.remove(key);
                }
            }
        })?;
    }
    Ok(Done::truth(&joined(&ids)))
}

pub(super) fn describe(context: &mut Context<'_>) -> Outcome {
    let filters = Filters::parse(
        &context.params,
        &["key", "resource-id", "resource-type", "value"],
    )?;
    let page = Page::parse(context, false)?;
    context.gate()?;
    let mut rows = Vec::new();
    collect::<Vpc>(context, &mut rows);
    collect::<Subnet>(context, &mut rows);
    collect::<RouteTable>(context, &mut rows);
    collect::<CustomerGateway>(context, &mut rows);
    collect::<VpnGateway>(context, &mut rows);
    collect::<VpnConnection>(context, &mut rows);
    collect::<TransitGateway>(context, &mut rows);
    collect::<TransitAttachment>(context, &mut rows);
    collect::<TransitRouteTable>(context, &mut rows);
    rows.retain(|row| {
        filters.match_all(
            &Tags::from([(row.key.clone(), row.value.clone())]),
            |filter| {
                vec![match filter {
                    "key" => row.key.clone(),
                    "resource-id" => row.id.clone(),
                    "resource-type" => row.kind.resource_type().to_owned(),
                    _ => row.value.clone(),
                }]
            },
        )
    });
    let mut body = Xml::new();
    body.list("tagSet", page.of(&rows), |xml, row| {
        xml.text("resourceId", &row.id)
            .text("resourceType", row.kind.resource_type())
            .text("key", &row.key)
            .text("value", &row.value);
    });
    body.optional("nextToken", page.next(rows.len()));
    Ok(Done::read(body))
}

struct Row {
    kind: Kind,
    id: String,
    key: String,
    value: String,
}

fn collect<R: Resource>(context: &Context<'_>, rows: &mut Vec<Row>) {
    for (id, resource) in R::shelf(context.region) {
        if resource.is_visible(context.now) {
            rows.extend(resource.tags().iter().map(|(key, value)| Row {
                kind: R::KIND,
                id: id.to_string(),
                key: key.clone(),
                value: value.clone(),
            }));
        }
    }
}

fn read(params: &Params<'_>) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    for tag in params.list("Tag") {
        let key = tag.required("Key")?;
        let value = tag.text("Value").unwrap_or_default();
        let refused = |why: &str| {
            ApiError::new(
                "InvalidParameterValue",
                format!("Tag key '{key}' is invalid: {why}"),
            )
        };
        if key.starts_with("aws:") {
            return Err(refused(
                "tag keys starting with 'aws:' are reserved for internal use",
            ));
        }
        if key.chars().count() > LONGEST_KEY || value.chars().count() > LONGEST_VALUE {
            return Err(refused("a key has at most 128 characters and a value 256"));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(ApiError::new(
                "InvalidParameterValue",
                format!("Duplicate tag key '{key}' specified."),
            ));
        }
    }
    Ok(tags)
}

fn limit(count: usize) -> Result<(), ApiError> {
    if count > MOST {
        return Err(ApiError::new(
            "TagLimitExceeded",
            "The maximum number of Tags for the resource has been reached.",
        ));
    }
    Ok(())
}

fn resources(params: &Params<'_>) -> Result<Vec<(Kind, ResourceId)>, ApiError> {
    let given = params.strings("ResourceId");
    if given.is_empty() {
        return Err(ApiError::missing("ResourceId"));
    }
    given
        .into_iter()
        .map(|text| {
            let unknown = || ApiError::new("InvalidID", format!("The ID '{text}' is not valid"));
            let kind = ResourceId::kind_of(text).ok_or_else(unknown)?;
            Ok((kind, ResourceId::parse(kind, text)?))
        })
        .collect()
}

fn joined(ids: &[(Kind, ResourceId)]) -> String {
    ids.iter()
        .map(|(_, id)| id.as_str())
        .collect::<Vec<_>>()
        .join(",")
}

fn current(context: &Context<'_>, kind: Kind, id: &ResourceId) -> Result<Tags, ApiError> {
    fn tags_of<R: Resource>(context: &Context<'_>, id: &ResourceId) -> Result<Tags, ApiError> {
        existing::<R>(context.region, id, context.now).map(|found| found.tags().clone())
    }
    match kind {
        Kind::Vpc => tags_of::<Vpc>(context, id),
        Kind::Subnet => tags_of::<Subnet>(context, id),
        Kind::RouteTable => tags_of::<RouteTable>(context, id),
        Kind::CustomerGateway => tags_of::<CustomerGateway>(context, id),
        Kind::VpnGateway => tags_of::<VpnGateway>(context, id),
        Kind::VpnConnection => tags_of::<VpnConnection>(context, id),
        Kind::TransitGateway => tags_of::<TransitGateway>(context, id),
        Kind::TransitGatewayAttachment => tags_of::<TransitAttachment>(context, id),
        Kind::TransitGatewayRouteTable => tags_of::<TransitRouteTable>(context, id),
        Kind::InternetGateway => Err(kind.not_found(&[id.as_str()])),
    }
}

fn change(
    context: &mut Context<'_>,
    kind: Kind,
    id: &ResourceId,
    change: impl FnOnce(&mut Tags),
) -> Result<(), ApiError> {
    fn tags_of<'a, R: Resource + 'a>(
        context: &'a mut Context<'_>,
        id: &ResourceId,
    ) -> Result<&'a mut Tags, ApiError> {
        let now = context.now;
        find_mut::<R>(context.region, id, now).map(Resource::tags_mut)
    }
    let tags = match kind {
        Kind::Vpc => tags_of::<Vpc>(context, id),
        Kind::Subnet => tags_of::<Subnet>(context, id),
        Kind::RouteTable => tags_of::<RouteTable>(context, id),
        Kind::CustomerGateway => tags_of::<CustomerGateway>(context, id),
        Kind::VpnGateway => tags_of::<VpnGateway>(context, id),
        Kind::VpnConnection => tags_of::<VpnConnection>(context, id),
        Kind::TransitGateway => tags_of::<TransitGateway>(context, id),
        Kind::TransitGatewayAttachment => tags_of::<TransitAttachment>(context, id),
        Kind::TransitGatewayRouteTable => tags_of::<TransitRouteTable>(context, id),
        Kind::InternetGateway => Err(kind.not_found(&[id.as_str()])),
    }?;
    change(tags);
    Ok(())
}
