//! Whose what hangs on a transit gateway is. Asked anew, without the kinds that the planner asked.

use ipnet::IpNet;

use crate::aws::{Tags, TransitAttachment, View};
use crate::plan::model::Plan;
use crate::resource::{TAG_ROUTES, TAG_SITE};
use crate::spec::TransitGatewayRouteTableId;

/// The tags of a transit gateway or an attachment; AWS gives a connection's attachment none of its
/// own, so they are the connection's.
pub(super) fn tags<'a>(id: &str, view: &'a View) -> Option<&'a Tags> {
    let gateway = || Some(&view.transit_gateways.get(&id.parse().ok()?)?.tags);
    gateway().or_else(|| {
        let attachment = view.transit_attachments.get(&id.parse().ok()?)?;
        Some(of_attachment(attachment, view))
    })
}

fn of_attachment<'a>(attachment: &'a TransitAttachment, view: &'a View) -> &'a Tags {
    let connection = attachment.resource.parse().ok();
    let connection = connection.and_then(|id| view.vpn_connections.get(&id));
    connection.map_or(&attachment.tags, |it| &it.tags)
}

/// Whether AWS lists what a part of an id names, where it has no tags of its own.
pub(super) fn is_listed(id: &str, view: &View) -> bool {
    let transit_table = id.parse().ok();
    let table = id.parse().ok();
    transit_table.is_some_and(|id| view.transit_route_tables.contains_key(&id))
        || table.is_some_and(|id| view.route_tables.contains_key(&id))
}

fn is_its(plan: &Plan, tags: &Tags) -> bool {
    tags.get(TAG_SITE).map(String::as_str) == Some(plan.site.as_str())
}

/// Whether a static route of a transit gateway leads to an attachment of the site, as it is listed;
/// one that is not listed touches nobody.
pub(super) fn leads_to_the_site(plan: &Plan, id: &str, view: &View) -> bool {
    let Some((table, destination)) = id.split_once(':') else {
        return false;
    };
    let table: Option<TransitGatewayRouteTableId> = table.parse().ok();
    let contents = table.and_then(|id| view.transit_table_contents.get(&id));
    let Some((contents, to)) = contents.zip(destination.parse::<IpNet>().ok()) else {
        return false;
    };
    let written = contents.routes.iter();
    let mut written = written.filter(|it| !it.propagated && it.destination == to);
    written.all(|route| {
        // AWS keeps the route to a connection that is gone, and forgets where it led.
        if route.attachments.is_empty() && route.state.is("blackhole") {
            return has_a_tag_about(plan, &to.to_string(), view);
        }
        let mut ends = route.attachments.iter();
        ends.any(|id| {
            let attachment = view.transit_attachments.get(id);
            attachment.is_some_and(|it| is_its(plan, of_attachment(it, view)))
        })
    })
}

/// Whether the site's connection or customer gateway remembers a route to a network, in any table.
fn has_a_tag_about(plan: &Plan, network: &str, view: &View) -> bool {
    let remembers = |tags: &Tags| {
        let mut tags_of_routes = tags.iter().filter(|(key, _)| key.starts_with(TAG_ROUTES));
        is_its(plan, tags)
            && tags_of_routes.any(|(_, value)| value.split(' ').any(|it| it == network))
    };
    let connections = view.vpn_connections.values().map(|it| &it.tags);
    let customers = view.customer_gateways.values().map(|it| &it.tags);
    connections.chain(customers).any(remembers)
}

/// Whether the site's connection or customer gateway remembers a route of the VPC.
pub(super) fn is_remembered(plan: &Plan, id: &str, view: &View) -> bool {
    let Some((table, destination)) = id.split_once(':') else {
        return false;
    };
    let first = format!("{TAG_ROUTES}:{table}");
    let remembers = |tags: &Tags| {
        is_its(plan, tags)
            && tags.iter().any(|(key, value)| {
                let rest = key.strip_prefix(&first);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
                    && value.split(' ').any(|it| it == destination)
            })
    };
    let connections = view.vpn_connections.values().map(|it| &it.tags);
    let customers = view.customer_gateways.values().map(|it| &it.tags);
    connections.chain(customers).any(remembers)
}
