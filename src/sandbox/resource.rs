//! What all resources have in common, so that lookups, describes and tags are written once.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::error::ApiError;
use super::ids::{Kind, ResourceId};
use super::lifecycle::Lifecycle;
use super::transit::{TransitAttachment, TransitGateway, TransitRouteTable};
use super::world::{
    CustomerGateway, Region, RouteTable, Subnet, Tags, Vpc, VpnConnection, VpnGateway,
};

/// A kind of resource that a region holds.
pub(super) trait Resource: Sized {
    const KIND: Kind;

    fn shelf(region: &Region) -> &BTreeMap<ResourceId, Self>;
    fn shelf_mut(region: &mut Region) -> &mut BTreeMap<ResourceId, Self>;
    fn tags(&self) -> &Tags;
    fn tags_mut(&mut self) -> &mut Tags;

    /// Its states; `None` for what always was and stays.
    fn life(&self) -> Option<&Lifecycle> {
        None
    }

    fn is_visible(&self, now: Timestamp) -> bool {
        self.life().is_none_or(|life| life.is_visible(now))
    }
}

/// The resource of that id, or `….NotFound`. A deleted one counts until it is swept.
pub(super) fn find<'a, R: Resource>(
    region: &'a Region,
    id: &ResourceId,
    now: Timestamp,
) -> Result<&'a R, ApiError> {
    R::shelf(region)
        .get(id)
        .filter(|resource| resource.is_visible(now))
        .ok_or_else(|| R::KIND.not_found(&[id.as_str()]))
}

/// Like [`find`], to change it. What is already `deleted` is not found.
pub(super) fn find_mut<'a, R: Resource>(
    region: &'a mut Region,
    id: &ResourceId,
    now: Timestamp,
) -> Result<&'a mut R, ApiError> {
    R::shelf_mut(region)
        .get_mut(id)
        .filter(|resource| resource.is_visible(now))
        .filter(|resource| resource.life().is_none_or(|life| life.exists(now)))
        .ok_or_else(|| R::KIND.not_found(&[id.as_str()]))
}

/// Checks that a resource can be used: like [`find_mut`] without the change.
pub(super) fn existing<'a, R: Resource>(
    region: &'a Region,
    id: &ResourceId,
    now: Timestamp,
) -> Result<&'a R, ApiError> {
    let resource: &R = find(region, id, now)?;
    if resource.life().is_none_or(|life| life.exists(now)) {
        Ok(resource)
    } else {
        Err(R::KIND.not_found(&[id.as_str()]))
    }
}

macro_rules! resource {
    ($type:ty, $kind:ident, $shelf:ident $(, $life:ident)?) => {
        impl Resource for $type {
            const KIND: Kind = Kind::$kind;

            fn shelf(region: &Region) -> &BTreeMap<ResourceId, Self> {
                &region.$shelf
            }

            fn shelf_mut(region: &mut Region) -> &mut BTreeMap<ResourceId, Self> {
                &mut region.$shelf
            }

            fn tags(&self) -> &Tags {
                &self.tags
            }

            fn tags_mut(&mut self) -> &mut Tags {
                &mut self.tags
            }

            $(fn life(&self) -> Option<&Lifecycle> {
                Some(&self.$life)
            })?
        }
    };
}

resource!(Vpc, Vpc, vpcs);
resource!(Subnet, Subnet, subnets);
resource!(RouteTable, RouteTable, route_tables);
resource!(CustomerGateway, CustomerGateway, customer_gateways, life);
resource!(VpnGateway, VpnGateway, vpn_gateways, life);
resource!(VpnConnection, VpnConnection, vpn_connections, life);
resource!(TransitGateway, TransitGateway, transit_gateways, life);
resource!(
    TransitAttachment,
    TransitGatewayAttachment,
    transit_attachments,
    life
);
resource!(
    TransitRouteTable,
    TransitGatewayRouteTable,
    transit_route_tables,
    life
);
