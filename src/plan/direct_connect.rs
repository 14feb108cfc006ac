//! What a site's Direct Connect meets: its connection, its gateway, what is joined already.

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv4Net};
use serde_json::{Value, json};

use super::world::{World, is_of};
use crate::aws::{DxAssociation, DxConnection, DxGateway, VirtualInterface};
use crate::resource::TAG_ASSOCIATES;
use crate::spec::{DirectConnectSide, DxOrder, DxTarget};

impl<'a> World<'a> {
    /// What the site file says of it.
    pub(super) fn direct_connect(&self) -> Option<&'a DirectConnectSide> {
        self.site.aws.direct_connect.as_ref()
    }

    fn dx_order(&self) -> Option<&'a DxOrder> {
        match &self.direct_connect()?.connection {
            DxTarget::Existing(_) => None,
            DxTarget::Order(order) => Some(order),
        }
    }

    /// The connection: the one that the site file names, or the one that was ordered for the site.
    pub(super) fn dx_connection(&self) -> Option<&'a DxConnection> {
        let connections = &self.view?.dx_connections;
        match &self.direct_connect()?.connection {
            DxTarget::Existing(id) => connections.get(id),
            DxTarget::Order(_) => {
                let mut live = connections.values().filter(|it| !it.state.is_ending());
                live.find(|it| is_of(&self.site.name, &it.tags))
            }
        }
    }

    /// The Direct Connect gateway, when it exists already.
    pub(super) fn dx_gateway(&self) -> Option<&'a DxGateway> {
        let gateways = &self.view?.dx_gateways;
        match &self.direct_connect()?.gateway {
            Some(id) => gateways.get(id).filter(|it| !it.state.is_ending()),
            None => {
                let mut live = gateways.values().filter(|it| !it.state.is_ending());
                live.find(|it| is_of(&self.site.name, &it.tags))
            }
        }
    }

    /// What is associated with that gateway.
    pub(super) fn dx_associations(&self) -> impl Iterator<Item = &'a DxAssociation> {
        let gateway = self.dx_gateway().map(|it| it.id.clone());
        let associations = self.view.into_iter();
        associations
            .flat_map(|view| view.dx_associations.values())
            .filter(move |it| gateway.as_ref() == Some(&it.gateway))
            .filter(|it| !it.state.is_ending())
    }

    /// The virtual interfaces on its connection.
    pub(super) fn dx_interfaces(&self) -> impl Iterator<Item = &'a VirtualInterface> {
        let connection = self.dx_connection().map(|it| it.id.clone());
        let interfaces = self.view.into_iter();
        interfaces
            .flat_map(|view| view.virtual_interfaces.values())
            .filter(move |it| connection.is_some() && it.connection == connection)
            .filter(|it| !it.state.is_ending())
    }

    /// The site's own virtual interface.
    pub(super) fn own_interface(&self) -> Option<&'a VirtualInterface> {
        let mut all = self.dx_interfaces();
        all.find(|it| is_of(&self.site.name, &it.tags))
    }

    /// The gateway in the Region that the Direct Connect gateway is joined to, when it exists.
    pub(super) fn regional_gateway(&self) -> Option<String> {
        let transit = self.transit_gateway().map(|it| it.id.to_string());
        transit.or_else(|| self.gateway.map(|it| it.id.to_string()))
    }

    /// The association of the two, when there is one.
    pub(super) fn dx_association(&self) -> Option<&'a DxAssociation> {
        let regional = self.regional_gateway()?;
        self.dx_associations().find(|it| it.associated == regional)
    }

    /// What AWS announces to the site: what the site file says, else the VPC's networks.
    pub(super) fn allowed_prefixes(&self) -> BTreeSet<Ipv4Net> {
        let Some(direct_connect) = self.direct_connect() else {
            return BTreeSet::new();
        };
        let named = &direct_connect.allowed_prefixes;
        let own = match direct_connect.private_vpn {
            // The tunnels' ends alone: what else were announced would be reached beside the tunnels.
            Some(net) => vec![net],
            None => self.vpc.map(|vpc| vpc.cidrs.clone()).unwrap_or_default(),
        };
        let all = if named.is_empty() { own } else { named.clone() };
        // On a gateway that is shared, what others are announced stays: their sites live by it.
        let others = self.dx_association().filter(|_| named.is_empty());
        let others = others.into_iter().flat_map(|it| &it.allowed_prefixes);
        let others = others.filter_map(|net| match net {
            IpNet::V4(net) if !self.association_is_ours() => Some(*net),
            _ => None,
        });
        all.into_iter().chain(others).collect()
    }

    /// Whether one of the two gateways is the site's, or its virtual interface remembers that it
    /// joined them.
    fn association_is_ours(&self) -> bool {
        let of_site = |tags| is_of(&self.site.name, tags);
        self.dx_gateway().is_some_and(|it| of_site(&it.tags))
            || self.gateway.is_some_and(|it| of_site(&it.tags))
            || self.transit_gateway().is_some_and(|it| of_site(&it.tags))
            || self
                .own_interface()
                .is_some_and(|it| it.tags.get(TAG_ASSOCIATES).cloned() == self.regional_gateway())
    }

    /// The gateway that is going to be associated by this site, to be remembered: nothing when both
    /// were joined before, by somebody else.
    fn dx_associates(&self) -> Option<String> {
        let joined = self.dx_association().is_some() && !self.association_is_ours();
        self.direct_connect()?;
        self.regional_gateway().filter(|_| !joined)
    }

    /// What `${vpc.…}` says about Direct Connect, in this order of `playbook::VPC_FIELDS`.
    pub(super) fn direct_connect_context(&self) -> [(&'static str, Value); 4] {
        let named = match self.direct_connect().map(|it| &it.connection) {
            Some(DxTarget::Existing(id)) => Some(id),
            _ => None,
        };
        [
            ("dx_connection", json!(named)),
            ("dx_order", json!(self.dx_order())),
            ("dx_allowed_prefixes", json!(self.allowed_prefixes())),
            ("dx_associates", json!(self.dx_associates())),
        ]
    }
}
