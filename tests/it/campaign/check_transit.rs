//! What must be true of sites over transit gateways.

use std::collections::BTreeSet;

use jiff::Timestamp;
use underpass::sandbox::{
    Region, ResourceId, RouteTable, TransitAttachment, TransitRouteTable, VpnConnection, World,
};

use super::check::{Held, broken, require};
use super::draft::{Draft, HUB, HUB_TABLE, Known};
use super::stranger::attachment_of;

/// Strangers' transit gateways, attachments, tables and routes are as they were.
pub(crate) fn strangers(region: &Region, before: &Region, now: Timestamp) -> Held {
    let changed = |id: &ResourceId| format!("{id} was changed");
    for (id, was) in &before.transit_gateways {
        let same = region.transit_gateways.get(id) == Some(was);
        require(same, "foreign", || changed(id))?;
    }
    for (id, was) in &before.transit_attachments {
        let same = region.transit_attachments.get(id) == Some(was);
        require(same, "foreign", || changed(id))?;
    }
    for (id, was) in &before.transit_route_tables {
        let is = region.transit_route_tables.get(id);
        let same = is.is_some_and(|is| {
            is.tags == was.tags
                && is.life == was.life
                && was.propagations.is_subset(&is.propagations)
                && was.routes.iter().all(|route| is.routes.contains(route))
                && is
                    .propagations
                    .iter()
                    .all(|it| was.propagations.contains(it) || is_new(region, before, it, now))
        });
        require(same, "foreign", || changed(id))?;
    }
    Ok(())
}

/// Whether an attachment was made since, or has been forgotten.
fn is_new(region: &Region, before: &Region, id: &ResourceId, now: Timestamp) -> bool {
    let it = region.transit_attachments.get(id);
    !before.transit_attachments.contains_key(id) && it.is_none_or(|it| it.life.created_at <= now)
}

/// Whether a VPC's table lacks nothing that it had, and has gained only sites' routes.
pub(crate) fn has_its_routes(is: &RouteTable, was: &RouteTable) -> bool {
    let ours = |net: &str| (100..103).any(|number| net.starts_with(&format!("10.{number}.")));
    let gained = is.routes.iter().filter(|it| !was.routes.contains(it));
    let mut gained = gained
        .map(|it| it.gateway.as_str().starts_with("tgw-") && ours(&it.destination.to_string()));
    was.routes.iter().all(|it| is.routes.contains(it)) && gained.all(|own| own)
}

/// The connection of a site that is up ends on its transit gateway, the VPC is attached there, and
/// every table has the site's networks.
pub(crate) fn carries(
    region: &Region,
    draft: &Draft,
    connection: &VpnConnection,
    known: &Known,
    now: Timestamp,
) -> Held {
    let name = draft.name();
    let Some(hub) = &connection.transit_gateway else {
        return broken("cut off", format!("{name} is on no transit gateway"));
    };
    let meant = draft.is_on_hub() == (hub.as_str() == HUB);
    require(meant, "cut off", || format!("{name} is on {hub}"))?;
    let mut attachments = region.transit_attachments.values();
    let vpc = attachments.find(|it| {
        it.transit_gateway == *hub
            && it.vpc().is_some_and(|vpc| vpc.as_str() == draft.vpc_id())
            && it.carries(now)
    });
    let own = attachment_of(region, connection, now);
    let (Some(vpc), Some(own)) = (vpc, own) else {
        let what = format!("{name}: the VPC or the connection is not attached to {hub}");
        return broken("cut off", what);
    };
    for net in draft.nets() {
        for table in draft.tables() {
            let tables = region.route_tables.iter();
            let mut routes = tables
                .filter(|(id, _)| id.as_str() == *table)
                .flat_map(|(_, it)| &it.routes);
            let leads = routes.any(|it| it.destination.to_string() == net && it.gateway == *hub);
            require(leads, "cut off", || {
                format!("{name}: {table} has no route to {net} over {hub}")
            })?;
        }
        let looks = vpc.association(now).map(|it| &it.table);
        let there = looks.is_some_and(|id| has_static(region, id, &net, own, now));
        require(there || !draft.fixed, "cut off", || {
            format!("{name}: {looks:?} has no static route to {net}")
        })?;
    }
    relations(region, draft, own, known, now)
}

fn has_static(
    region: &Region,
    table: &ResourceId,
    net: &str,
    own: &TransitAttachment,
    now: Timestamp,
) -> bool {
    let table = region.transit_route_tables.get(table);
    let mut routes = table.into_iter().flat_map(|it| &it.routes);
    routes.any(|it| {
        it.destination.to_string() == net
            && it.attachment.as_ref() == Some(&own.id)
            && it.life.is_wanted(now)
    })
}

/// Where the connection looks routes up, and which tables learn them.
fn relations(
    region: &Region,
    draft: &Draft,
    own: &TransitAttachment,
    known: &Known,
    now: Timestamp,
) -> Held {
    let name = draft.name();
    if !draft.is_on_hub() {
        let associated = own.association(now).is_some();
        return require(associated, "cut off", || format!("{name} has no table"));
    }
    let second = known.table.as_deref();
    let wanted = second.filter(|_| draft.table).unwrap_or(HUB_TABLE);
    let is = own.association(now).map(|it| it.table.as_str());
    require(is == Some(wanted), "cut off", || {
        format!("{name} looks routes up in {is:?}, not in {wanted}")
    })?;
    let Some(second) = second else { return Ok(()) };
    let learns = |id: &str| {
        let mut tables = region.transit_route_tables.values();
        tables.any(|it| it.id.as_str() == id && it.propagations.contains(&own.id))
    };
    require(learns(HUB_TABLE), "cut off", || {
        format!("{name}: the hub's table learns nothing")
    })?;
    require(learns(second) == draft.spread, "not exact", || {
        format!("{name}: whether {second} learns its routes is not as planned")
    })
}

/// A site has exactly what was planned of a transit gateway, and no more routes than that.
pub(crate) fn exact(
    region: &Region,
    draft: &Draft,
    connection: &VpnConnection,
    gateways: usize,
    now: Timestamp,
) -> Held {
    let name = draft.name();
    let planned = usize::from(!draft.is_on_hub());
    require(gateways == planned, "not exact", || {
        format!("{name} has {gateways} transit gateways, not {planned}")
    })?;
    let nets: BTreeSet<String> = draft.nets().collect();
    let own = format!("10.{}.", 100 + draft.number);
    let others = |net: String| net.starts_with(&own) && !nets.contains(&net);
    for table in region.route_tables.values() {
        let mut routes = table.routes.iter();
        let more = routes.find(|it| others(it.destination.to_string()));
        require(more.is_none(), "not exact", || {
            format!("{name}: {} has {more:?} still", table.id)
        })?;
    }
    let attachment = attachment_of(region, connection, now).map(|it| &it.id);
    for table in region.transit_route_tables.values() {
        let live = table.routes.iter().filter(|it| it.life.is_wanted(now));
        let mut its = live.filter(|it| it.attachment.as_ref() == attachment);
        let more = its.find(|it| others(it.destination.to_string()) || !draft.fixed);
        require(more.is_none(), "not exact", || {
            format!("{name}: {} has {more:?} still", table.id)
        })?;
    }
    Ok(())
}

/// Drops what is deleted and merely still listed.
pub(crate) fn living(world: &mut World, now: Timestamp) {
    for region in world.regions.values_mut() {
        region.transit_gateways.retain(|_, it| it.life.exists(now));
        region
            .transit_attachments
            .retain(|_, it| it.life.exists(now));
        region
            .transit_route_tables
            .retain(|_, it| it.life.exists(now));
        let there: BTreeSet<ResourceId> = region.transit_attachments.keys().cloned().collect();
        for table in region.transit_route_tables.values_mut() {
            let table: &mut TransitRouteTable = table;
            table.routes.retain(|it| it.life.exists(now));
            table.propagations.retain(|it| there.contains(it));
        }
    }
}
