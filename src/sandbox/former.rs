//! Objects as they were before a change.

use super::direct_connect::{
    DirectConnect, DxAssociation, DxConnection, DxGateway, DxProposal, VirtualInterface,
};
use super::ids::ResourceId;
use super::transit::{TransitAttachment, TransitGateway, TransitRouteTable};
use super::world::{CustomerGateway, Region, RouteTable, VpnConnection, VpnGateway};

/// An object before a change.
#[derive(Debug)]
pub(super) enum Former {
    Nothing,
    CustomerGateway(CustomerGateway),
    VpnGateway(VpnGateway),
    VpnConnection(Box<VpnConnection>),
    RouteTable(RouteTable),
    TransitGateway(TransitGateway),
    TransitAttachment(TransitAttachment),
    TransitRouteTable(TransitRouteTable),
    DxConnection(Box<DxConnection>),
    VirtualInterface(Box<VirtualInterface>),
    DxGateway(DxGateway),
    DxAssociation(Box<DxAssociation>),
    DxProposal(Box<DxProposal>),
}

impl Former {
    /// Puts the object back as it was into a region.
    pub(super) fn put(&self, id: &ResourceId, region: &mut Region) {
        let id = id.clone();
        match self {
            Self::Nothing => {
                region.customer_gateways.remove(&id);
                region.vpn_gateways.remove(&id);
                region.vpn_connections.remove(&id);
                region.route_tables.remove(&id);
                region.transit_gateways.remove(&id);
                region.transit_attachments.remove(&id);
                region.transit_route_tables.remove(&id);
            }
            Self::CustomerGateway(old) => {
                region.customer_gateways.insert(id, old.clone());
            }
            Self::VpnGateway(old) => {
                region.vpn_gateways.insert(id, old.clone());
            }
            Self::VpnConnection(old) => {
                region.vpn_connections.insert(id, VpnConnection::clone(old));
            }
            Self::RouteTable(old) => {
                region.route_tables.insert(id, old.clone());
            }
            Self::TransitGateway(old) => {
                region.transit_gateways.insert(id, old.clone());
            }
            Self::TransitAttachment(old) => {
                region.transit_attachments.insert(id, old.clone());
            }
            Self::TransitRouteTable(old) => {
                region.transit_route_tables.insert(id, old.clone());
            }
            // These are of no region.
            Self::DxConnection(_)
            | Self::VirtualInterface(_)
            | Self::DxGateway(_)
            | Self::DxAssociation(_)
            | Self::DxProposal(_) => {}
        }
    }

    /// Puts the object back as it was into Direct Connect.
    pub(super) fn put_direct(&self, id: &ResourceId, direct: &mut DirectConnect) {
        let key = id.clone();
        match self {
            Self::DxConnection(old) => {
                direct.connections.insert(key, DxConnection::clone(old));
            }
            Self::VirtualInterface(old) => {
                direct.interfaces.insert(key, VirtualInterface::clone(old));
            }
            Self::DxGateway(old) => {
                direct.gateways.insert(key, old.clone());
            }
            Self::DxAssociation(old) => {
                direct.associations.insert(key, DxAssociation::clone(old));
            }
            Self::DxProposal(old) => {
                direct.proposals.insert(key, DxProposal::clone(old));
            }
            _ => {
                direct.connections.remove(id);
                direct.interfaces.remove(id);
                direct.gateways.remove(id);
                direct.associations.remove(id);
                direct.proposals.remove(id);
            }
        }
    }
}
