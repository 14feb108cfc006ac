//! The Describe calls of transit gateways: one collection → a [`View`] of it.

use std::collections::BTreeMap;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::Filter;
use futures_util::future::try_join_all;

use super::convert_transit as convert;
use super::describe::{done, keyed};
use super::fault::{Fault, FaultKind};
use super::pace::{Group, Pace};
use super::transit::TransitTableContents;
use super::view::{Collection, View};
use crate::spec::TransitGatewayRouteTableId;

/// EC2's largest pages of these lists.
pub(super) const PER_PAGE: i32 = 1000;

/// Lists all of `collection`, which is one of subnets or transit gateways.
pub(super) async fn look(
    client: &Client,
    pace: &Pace,
    collection: Collection,
) -> Result<View, Fault> {
    let mut view = View::default();
    match collection {
        Collection::Subnets => {
            let pages = client.describe_subnets().into_paginator();
            let pages = pages.page_size(PER_PAGE).items().send();
            let subnets = done(collection, pages.collect::<Result<Vec<_>, _>>().await)?;
            view.subnets = keyed(&subnets, convert::subnet, |it| it.id.clone());
        }
        Collection::TransitGateways => {
            let pages = client.describe_transit_gateways().into_paginator();
            let pages = pages.page_size(PER_PAGE).items().send();
            let gateways = done(collection, pages.collect::<Result<Vec<_>, _>>().await)?;
            view.transit_gateways = keyed(&gateways, convert::transit_gateway, |it| it.id.clone());
        }
        Collection::TransitAttachments => {
            let pages = client.describe_transit_gateway_attachments();
            let pages = pages.into_paginator().page_size(PER_PAGE).items().send();
            let attachments = done(collection, pages.collect::<Result<Vec<_>, _>>().await)?;
            view.transit_attachments = keyed(&attachments, convert::attachment, |it| it.id.clone());
        }
        Collection::TransitVpcAttachments => {
            let pages = client.describe_transit_gateway_vpc_attachments();
            let pages = pages.into_paginator().page_size(PER_PAGE).items().send();
            let attachments = done(collection, pages.collect::<Result<Vec<_>, _>>().await)?;
            view.transit_vpc_attachments =
                keyed(&attachments, convert::vpc_attachment, |it| it.id.clone());
        }
        Collection::TransitRouteTables => {
            let pages = client.describe_transit_gateway_route_tables();
            let pages = pages.into_paginator().page_size(PER_PAGE).items().send();
            let tables = done(collection, pages.collect::<Result<Vec<_>, _>>().await)?;
            view.transit_route_tables = keyed(&tables, convert::route_table, |it| it.id.clone());
        }
        _ => view.transit_table_contents = contents(client, pace).await?,
    }
    Ok(view)
}

/// What is in every route table that is there: AWS answers for one table at a time.
///
/// A server that has not heard of a table that another one lists says that there is none; so it is
/// left out, as a list of that server's would leave it out.
async fn contents(
    client: &Client,
    pace: &Pace,
) -> Result<BTreeMap<TransitGatewayRouteTableId, TransitTableContents>, Fault> {
    let pages = client.describe_transit_gateway_route_tables();
    let pages = pages.into_paginator().page_size(PER_PAGE).items().send();
    let listed = pages.collect::<Result<Vec<_>, _>>().await;
    let tables = done(Collection::TransitRouteTables, listed)?;
    let tables = tables.iter().filter_map(convert::route_table);
    let looks = tables
        .filter(|table| !table.state.is_ending())
        .map(|table| async {
            match content(client, pace, &table.id).await {
                Ok(contents) => Ok(Some((table.id, contents))),
                Err(fault) if fault.kind == FaultKind::NotFound => Ok(None),
                Err(fault) => Err(fault),
            }
        });
    let contents: Vec<_> = try_join_all(looks).await?;
    Ok(contents.into_iter().flatten().collect())
}

async fn content(
    client: &Client,
    pace: &Pace,
    table: &TransitGatewayRouteTableId,
) -> Result<TransitTableContents, Fault> {
    pace.turn(Group::Read).await;
    let pages = client
        .get_transit_gateway_route_table_propagations()
        .transit_gateway_route_table_id(table.as_str())
        .into_paginator()
        .page_size(PER_PAGE)
        .items()
        .send();
    let propagations = pages.collect::<Result<Vec<_>, _>>().await;
    let propagations = propagations
        .map_err(|error| Fault::from_sdk("GetTransitGatewayRouteTablePropagations", &error))?;
    pace.turn(Group::Read).await;
    // A filter is required; with these values it leaves nothing out that matters.
    let states = Filter::builder()
        .name("state")
        .values("pending")
        .values("active")
        .values("blackhole")
        .values("deleting")
        .build();
    let pages = client
        .search_transit_gateway_routes()
        .transit_gateway_route_table_id(table.as_str())
        .filters(states)
        .into_paginator()
        .page_size(PER_PAGE)
        .items()
        .send();
    let routes = pages.collect::<Result<Vec<_>, _>>().await;
    let routes = routes.map_err(|error| Fault::from_sdk("SearchTransitGatewayRoutes", &error))?;
    Ok(TransitTableContents {
        propagations: propagations
            .iter()
            .filter_map(convert::propagation)
            .collect(),
        routes: routes.iter().filter_map(convert::route).collect(),
    })
}
