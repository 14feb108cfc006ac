//! Every kind there is.

use super::customer_gateway::CustomerGatewayKind;
use super::kind::Kind;
use super::route_propagation::RoutePropagationKind;
use super::transit_gateway::TransitGatewayKind;
use super::transit_gateway_route::TransitRouteKind;
use super::transit_gateway_vpc_attachment::TransitVpcAttachmentKind;
use super::transit_pair::TransitPairKind;
use super::vpc_route::VpcRouteKind;
use super::vpn_connection::VpnConnectionKind;
use super::vpn_connection_route::VpnConnectionRouteKind;
use super::vpn_gateway::VpnGatewayKind;
use super::vpn_gateway_attachment::VpnGatewayAttachmentKind;
use crate::playbook::KindCatalog;

/// The kinds by name.
#[derive(Debug)]
pub struct Registry {
    kinds: &'static [&'static dyn Kind],
}

/// The registry of all kinds, in the order in which a site usually needs them.
pub fn registry() -> &'static Registry {
    const REGISTRY: &Registry = &Registry {
        kinds: &[
            &CustomerGatewayKind,
            &VpnGatewayKind,
            &VpnGatewayAttachmentKind,
            &VpnConnectionKind::ON_VPN_GATEWAY,
            &VpnConnectionRouteKind,
            &RoutePropagationKind,
            &TransitGatewayKind,
            &TransitVpcAttachmentKind,
            &VpnConnectionKind::ON_TRANSIT_GATEWAY,
            &TransitPairKind::ASSOCIATION,
            &TransitPairKind::PROPAGATION,
            &TransitRouteKind,
            &VpcRouteKind,
        ],
    };
    REGISTRY
}

impl Registry {
    /// All kinds.
    pub const fn kinds(&self) -> &[&'static dyn Kind] {
        self.kinds
    }

    /// The kind of this name.
    pub fn find(&self, name: &str) -> Option<&'static dyn Kind> {
        self.kinds.iter().copied().find(|kind| kind.name() == name)
    }
}

impl KindCatalog for Registry {
    fn inputs(&self, kind: &str) -> Option<Vec<(&'static str, bool)>> {
        let inputs = self.find(kind)?.inputs().iter();
        Some(inputs.map(|input| (input.name, input.required)).collect())
    }

    fn outputs(&self, kind: &str) -> Option<Vec<&'static str>> {
        Some(self.find(kind)?.outputs().to_vec())
    }

    fn names(&self) -> Vec<&'static str> {
        self.kinds.iter().map(|kind| kind.name()).collect()
    }
}
