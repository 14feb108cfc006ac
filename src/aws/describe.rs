//! The Describe calls: one collection → a [`View`] of it.

use aws_sdk_ec2::Client;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use jiff::Timestamp;

use super::convert;
use super::convert_vpn;
use super::describe_transit;
use super::fault::Fault;
use super::pace::Pace;
use super::view::{Collection, View};

/// EC2's largest pages of VPCs and of route tables.
const VPCS_PER_PAGE: i32 = 1000;
const ROUTE_TABLES_PER_PAGE: i32 = 100;

impl Collection {
    /// The API action that lists it.
    pub const fn action(self) -> &'static str {
        match self {
            Self::Vpcs => "DescribeVpcs",
            Self::RouteTables => "DescribeRouteTables",
            Self::VpnGateways => "DescribeVpnGateways",
            Self::CustomerGateways => "DescribeCustomerGateways",
            Self::VpnConnections => "DescribeVpnConnections",
            Self::Subnets => "DescribeSubnets",
            Self::TransitGateways => "DescribeTransitGateways",
            Self::TransitAttachments => "DescribeTransitGatewayAttachments",
            Self::TransitVpcAttachments => "DescribeTransitGatewayVpcAttachments",
            Self::TransitRouteTables | Self::TransitTableContents => {
                "DescribeTransitGatewayRouteTables"
            }
        }
    }

    /// Every API action that it takes to list it.
    pub const fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Vpcs => &["DescribeVpcs"],
            Self::RouteTables => &["DescribeRouteTables"],
            Self::VpnGateways => &["DescribeVpnGateways"],
            Self::CustomerGateways => &["DescribeCustomerGateways"],
            Self::VpnConnections => &["DescribeVpnConnections"],
            Self::Subnets => &["DescribeSubnets"],
            Self::TransitGateways => &["DescribeTransitGateways"],
            Self::TransitAttachments => &["DescribeTransitGatewayAttachments"],
            Self::TransitVpcAttachments => &["DescribeTransitGatewayVpcAttachments"],
            Self::TransitRouteTables => &["DescribeTransitGatewayRouteTables"],
            Self::TransitTableContents => &[
                "DescribeTransitGatewayRouteTables",
                "GetTransitGatewayRouteTablePropagations",
                "SearchTransitGatewayRoutes",
            ],
        }
    }

    /// How many objects a page has at most, where there are pages.
    pub(super) const fn page(self) -> Option<i32> {
        match self {
            Self::Vpcs => Some(VPCS_PER_PAGE),
            Self::RouteTables => Some(ROUTE_TABLES_PER_PAGE),
            Self::Subnets
            | Self::TransitGateways
            | Self::TransitAttachments
            | Self::TransitVpcAttachments
            | Self::TransitRouteTables
            | Self::TransitTableContents => Some(describe_transit::PER_PAGE),
            Self::VpnGateways | Self::CustomerGateways | Self::VpnConnections => None,
        }
    }
}

/// Lists all of `collection`, deleted objects that AWS still shows included.
///
/// The three VPN calls have no pages: everything of the Region comes in one answer.
pub(super) async fn look(
    client: &Client,
    pace: &Pace,
    collection: Collection,
    began: Timestamp,
) -> Result<View, Fault> {
    let mut view = View::default();
    match collection {
        Collection::Vpcs => {
            let pages = client.describe_vpcs().into_paginator();
            let pages = pages.page_size(VPCS_PER_PAGE).items().send();
            let vpcs = done(collection, pages.collect::<Result<Vec<_>, _>>().await)?;
            view.vpcs = keyed(&vpcs, convert::vpc, |vpc| vpc.id.clone());
        }
        Collection::RouteTables => {
            let pages = client.describe_route_tables().into_paginator();
            let pages = pages.page_size(ROUTE_TABLES_PER_PAGE).items().send();
            let tables = done(collection, pages.collect::<Result<Vec<_>, _>>().await)?;
            view.route_tables = keyed(&tables, convert::route_table, |table| table.id.clone());
        }
        Collection::VpnGateways => {
            let answer = done(collection, client.describe_vpn_gateways().send().await)?;
            view.vpn_gateways = keyed(answer.vpn_gateways(), convert::vpn_gateway, |gateway| {
                gateway.id.clone()
            });
        }
        Collection::CustomerGateways => {
            let answer = done(collection, client.describe_customer_gateways().send().await)?;
            let gateways = answer.customer_gateways();
            view.customer_gateways = keyed(gateways, convert::customer_gateway, |gateway| {
                gateway.id.clone()
            });
        }
        Collection::VpnConnections => {
            let answer = done(collection, client.describe_vpn_connections().send().await)?;
            let connections = answer.vpn_connections();
            view.vpn_connections = keyed(connections, convert_vpn::vpn_connection, |connection| {
                connection.id.clone()
            });
        }
        Collection::Subnets
        | Collection::TransitGateways
        | Collection::TransitAttachments
        | Collection::TransitVpcAttachments
        | Collection::TransitRouteTables
        | Collection::TransitTableContents => {
            view = describe_transit::look(client, pace, collection).await?;
        }
    }
    view.looked_at.insert(collection, began);
    Ok(view)
}

pub(super) fn done<T, E>(
    collection: Collection,
    result: Result<T, SdkError<E, HttpResponse>>,
) -> Result<T, Fault>
where
    E: std::error::Error + aws_sdk_ec2::error::ProvideErrorMetadata + 'static,
{
    result.map_err(|error| Fault::from_sdk(collection.action(), &error))
}

/// Converts what can be converted and keys it by id.
pub(super) fn keyed<S, T, K: Ord>(
    shapes: &[S],
    convert: impl Fn(&S) -> Option<T>,
    key: impl Fn(&T) -> K,
) -> std::collections::BTreeMap<K, T> {
    let objects = shapes.iter().filter_map(convert);
    objects.map(|object| (key(&object), object)).collect()
}
