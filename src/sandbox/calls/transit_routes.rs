//! The routes of transit gateways.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::describe::{Page, shuffle};
use crate::sandbox::calls::transit_relations::{of_the_same_gateway, require_at_rest};
use crate::sandbox::calls::transit_tables::{table_id, usable};
use crate::sandbox::error::ApiError;
use crate::sandbox::fault::Trouble;
use crate::sandbox::filter::Filters;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::lifecycle::{Lifecycle, TRANSIT_ROUTE};
use crate::sandbox::quota::Quota;
use crate::sandbox::resource::{existing, find_mut};
use crate::sandbox::transit::{TransitRoute, TransitRouteTable};
use crate::sandbox::transit_routing::{self, TableRoute};
use crate::sandbox::world::Tags;
use crate::sandbox::xml::Xml;

pub(super) fn create(context: &mut Context<'_>) -> Outcome {
    let table = table_id(context)?;
    let destination = destination(context)?;
    let params = &context.params;
    let dropped = params.flag("Blackhole")? == Some(true);
    let attachment =
        params.optional_id("TransitGatewayAttachmentId", Kind::TransitGatewayAttachment)?;
    if attachment.is_none() && !dropped {
        return Err(ApiError::missing("TransitGatewayAttachmentId"));
    }
    context.gate()?;
    let now = context.now;
    let found = usable(context, &table)?;
    let exists = |route: &&TransitRoute| route.destination == destination && route.life.exists(now);
    if found.routes.iter().any(|route| exists(&route)) {
        return Err(ApiError::new(
            "RouteAlreadyExists",
            format!("Route {destination} already exists in Transit Gateway Route Table {table}."),
        ));
    }
    check_quota(context, found)?;
    // A blackhole names no attachment, even when one was given.
    let attachment = attachment.filter(|_| !dropped);
    if let Some(id) = &attachment {
        require_at_rest(of_the_same_gateway(context, &table, id)?, context)?;
    }
    let takes = context.takes(table.as_str(), &destination.to_string(), TRANSIT_ROUTE);
    let route = TransitRoute {
        destination,
        attachment,
        life: Lifecycle::begin(now, Duration::ZERO, takes),
    };
    let shown = transit_routing::shown(context.region, &route, now);
    let found: &mut TransitRouteTable = find_mut(context.region, &table, now)?;
    found.routes.retain(|route| route.life.exists(now));
    found.routes.push(route);
    Ok(answer(context, &table, &shown))
}

pub(super) fn delete(context: &mut Context<'_>) -> Outcome {
    let table = table_id(context)?;
    let destination = destination(context)?;
    context.gate()?;
    let now = context.now;
    usable(context, &table)?;
    let takes = context.takes(table.as_str(), &format!("no {destination}"), TRANSIT_ROUTE);
    let found: &mut TransitRouteTable = find_mut(context.region, &table, now)?;
    let route = found
        .routes
        .iter_mut()
        .find(|route| route.destination == destination && route.life.exists(now));
    let Some(route) = route else {
        return Err(ApiError::new(
            "InvalidRoute.NotFound",
            format!(
                "The route {destination} does not exist in Transit Gateway Route Table {table}."
            ),
        ));
    };
    let begins = route.life.delete(now, takes);
    let route = route.clone();
    let shown = transit_routing::shown(context.region, &route, now);
    Ok(answer(context, &table, &shown).if_changed(begins))
}

pub(super) fn search(context: &mut Context<'_>) -> Outcome {
    let id = table_id(context)?;
    let known = [
        "attachment.resource-id",
        "attachment.resource-type",
        "attachment.transit-gateway-attachment-id",
        "prefix-list-id",
        "route-search.exact-match",
        "route-search.longest-prefix-match",
        "route-search.subnet-of-match",
        "route-search.supernet-of-match",
        "state",
        "type",
    ];
    if context.params.list("Filter").is_empty() {
        return Err(ApiError::missing("Filters"));
    }
    let mut filters = Filters::parse(&context.params, &known)?;
    let page = Page::parse(context, false)?;
    context.gate()?;
    let table: &TransitRouteTable = existing(context.region, &id, context.now)?;
    let mut routes = transit_routing::of_table(context.region, context.site, table, context.now);
    by_prefix(&mut filters, &mut routes);
    routes.retain(|route| filters.match_all(&Tags::new(), |filter| values(context, route, filter)));
    if context.faults.has(Trouble::Shuffle) && page.is_whole(routes.len()) {
        shuffle(context, &mut routes);
    }
    let mut body = Xml::new();
    body.list("routeSet", page.of(&routes), |xml, route| {
        let object = format!("{id} {}", route.destination);
        write(xml, context, route, context.shown(&object, route.state));
    });
    let next = page.next(routes.len());
    body.text("additionalRoutesAvailable", next.is_some());
    body.optional("nextToken", next);
    Ok(Done::read(body))
}

/// The filters on destinations. A longest match takes an address and yields one route, the others
/// take a CIDR block and include it (a live account, floci 2348).
fn by_prefix(filters: &mut Filters, routes: &mut Vec<TableRoute>) {
    let blocks = |patterns: Vec<String>| -> Vec<IpNet> {
        let blocks = patterns.iter().filter_map(|text| text.parse().ok());
        blocks.collect()
    };
    if let Some(patterns) = filters.take("route-search.exact-match") {
        let wanted = blocks(patterns);
        routes.retain(|route| wanted.contains(&route.destination));
    }
    if let Some(patterns) = filters.take("route-search.supernet-of-match") {
        let wanted = blocks(patterns);
        routes.retain(|route| wanted.iter().any(|block| route.destination.contains(block)));
    }
    if let Some(patterns) = filters.take("route-search.subnet-of-match") {
        let wanted = blocks(patterns);
        routes.retain(|route| {
            wanted
                .iter()
                .any(|block| block.contains(&route.destination))
        });
    }
    if let Some(patterns) = filters.take("route-search.longest-prefix-match") {
        let longest: Vec<TableRoute> = patterns
            .iter()
            .filter_map(|text| text.parse::<IpAddr>().ok())
            .filter_map(|address| {
                let covering = routes
                    .iter()
                    .filter(|route| route.destination.contains(&address));
                covering.max_by_key(|route| route.destination.prefix_len())
            })
            .cloned()
            .collect();
        routes.retain(|route| longest.contains(route));
    }
}

fn values(context: &Context<'_>, route: &TableRoute, filter: &str) -> Vec<String> {
    let attachments = || {
        let known = &context.region.transit_attachments;
        route.attachments.iter().filter_map(|id| known.get(id))
    };
    match filter {
        "attachment.resource-id" => attachments()
            .map(|attachment| attachment.resource.resource_id().to_owned())
            .collect(),
        "attachment.resource-type" => attachments()
            .map(|attachment| attachment.resource.resource_type().to_owned())
            .collect(),
        "attachment.transit-gateway-attachment-id" => {
            attachments().map(|found| found.id.to_string()).collect()
        }
        "state" => vec![route.state.to_owned()],
        "type" => vec![kind(route).to_owned()],
        _ => Vec::new(),
    }
}

/// The quota is on all tables of a gateway together. It counts static routes here.
fn check_quota(context: &Context<'_>, table: &TransitRouteTable) -> Result<(), ApiError> {
    let tables = context.region.transit_route_tables.values();
    let routes = tables
        .filter(|other| other.transit_gateway == table.transit_gateway)
        .flat_map(|other| &other.routes)
        .filter(|route| route.life.exists(context.now));
    Quota::TransitRoutes.check(routes.count(), context.faults.quotas())
}

fn destination(context: &Context<'_>) -> Result<IpNet, ApiError> {
    let text = context.params.required("DestinationCidrBlock")?;
    let network: IpNet = text
        .parse()
        .map_err(|_| ApiError::value("DestinationCidrBlock", text, "Not a CIDR block."))?;
    Ok(network.trunc())
}

fn kind(route: &TableRoute) -> &'static str {
    if route.propagated {
        "propagated"
    } else {
        "static"
    }
}

fn answer(context: &Context<'_>, table: &ResourceId, route: &TableRoute) -> Done {
    Done::changed(&format!("{table} {}", route.destination), |xml| {
        xml.within("route", |xml| write(xml, context, route, route.state));
    })
}

fn write(xml: &mut Xml, context: &Context<'_>, route: &TableRoute, state: &str) {
    xml.text("destinationCidrBlock", route.destination);
    let known = &context.region.transit_attachments;
    let mut attachments = route.attachments.iter().filter_map(|id| known.get(id));
    if let Some(first) = attachments.next() {
        let attachments = std::iter::once(first).chain(attachments);
        xml.list(
            "transitGatewayAttachments",
            attachments,
            |xml, attachment| {
                xml.text("resourceId", attachment.resource.resource_id())
                    .text("transitGatewayAttachmentId", &attachment.id)
                    .text("resourceType", attachment.resource.resource_type());
            },
        );
    }
    xml.text("type", kind(route)).text("state", state);
}
