//! A site's Direct Connect in a view: which objects are the site's, and how they are.

use ipnet::IpNet;

use super::direct_report::DirectConnectReport;
use super::report::TunnelReport;
use super::subject::{Answers, Subject};
use super::ways;
use crate::aws::{
    BgpPeer, DxAssociation, DxConnection, DxGateway, InterfaceRoutes, Tags, View, VirtualInterface,
};
use crate::resource::{self, TAG_PREFERS, TAG_SITE, TAG_STEP};
use crate::spec::{DirectConnectSide, DxGatewayId, DxTarget, Site};
use crate::tunnel::Way;

/// Everything that is to be judged.
#[derive(Debug)]
pub(super) struct DirectConnect<'a> {
    pub(super) subject: &'a Subject,
    pub(super) side: &'a DirectConnectSide,
    pub(super) view: &'a View,
    pub(super) answers: &'a Answers,
    pub(super) connection: Option<&'a DxConnection>,
    pub(super) gateway: Option<&'a DxGateway>,
    pub(super) interface: Option<&'a VirtualInterface>,
}

fn is_of(site: &Site, tags: &Tags) -> bool {
    tags.get(TAG_SITE).map(String::as_str) == Some(site.name.as_str())
}

/// The site's port: the one that the site file names, or the one that was ordered for the site.
fn connection<'a>(site: &Site, view: &'a View) -> Option<&'a DxConnection> {
    match &site.aws.direct_connect.as_ref()?.connection {
        DxTarget::Existing(id) => view.dx_connections.get(id),
        DxTarget::Order(_) => {
            let mut all = view.dx_connections.values();
            all.find(|it| !it.state.is_ending() && is_of(site, &it.tags))
        }
    }
}

/// The site's virtual interface.
pub(super) fn interface<'a>(site: &Site, view: &'a View) -> Option<&'a VirtualInterface> {
    let mut all = view.virtual_interfaces.values();
    all.find(|it| !it.state.is_ending() && it.tags.contains_key(TAG_STEP) && is_of(site, &it.tags))
}

/// The site's Direct Connect gateway.
pub(super) fn gateway<'a>(site: &Site, view: &'a View) -> Option<&'a DxGatewayId> {
    Some(&found_gateway(site, view)?.id)
}

fn found_gateway<'a>(site: &Site, view: &'a View) -> Option<&'a DxGateway> {
    let side = site.aws.direct_connect.as_ref()?;
    let leads_to = interface(site, view).and_then(|it| it.gateway.as_ref());
    if let Some(id) = leads_to.or(side.gateway.as_ref()) {
        return view.dx_gateways.get(id);
    }
    let mut all = view.dx_gateways.values();
    all.find(|it| !it.state.is_ending() && is_of(site, &it.tags))
}

impl<'a> DirectConnect<'a> {
    /// None where the site file has no Direct Connect.
    pub(super) fn of(subject: &'a Subject, view: &'a View, answers: &'a Answers) -> Option<Self> {
        let site = &subject.site;
        Some(Self {
            subject,
            side: site.aws.direct_connect.as_ref()?,
            view,
            answers,
            connection: connection(site, view),
            gateway: found_gateway(site, view),
            interface: interface(site, view),
        })
    }

    /// The way that the site's traffic is to take.
    pub(super) fn prefers(&self) -> Way {
        let tag = self.interface.and_then(|it| it.tags.get(TAG_PREFERS));
        match tag.map(String::as_str) {
            Some("vpn") => Way::Vpn,
            _ => Way::DirectConnect,
        }
    }

    /// Its IPv4 session; the site's networks are IPv4.
    pub(super) fn session(&self) -> Option<&'a BgpPeer> {
        let mut peers = self.interface?.peers.iter();
        peers.find(|it| it.family != "ipv6" && !it.state.is_ending())
    }

    pub(super) fn is_up(&self) -> bool {
        self.session().is_some_and(BgpPeer::is_up)
    }

    /// Whether routes run over it, as far as the session's state and the preference say.
    pub(super) fn may_carry(&self) -> bool {
        self.is_up() && self.prefers() == Way::DirectConnect
    }

    /// What AWS learned and announces over it, if it said so.
    pub(super) fn routes(&self) -> Option<&'a InterfaceRoutes> {
        self.answers.routes.as_ref()?.as_ref().ok()
    }

    /// What joins its gateway to that of the VPC.
    pub(super) fn association(&self) -> Option<&'a DxAssociation> {
        let gateway = &self.gateway?.id;
        let mut all = self.view.dx_associations.values();
        all.find(|it| {
            it.gateway == *gateway
                && it.associated == self.subject.end.as_str()
                && !it.state.is_ending()
        })
    }

    /// Whether people have to act before anything else can happen.
    pub(super) fn waits_for_people(&self) -> bool {
        self.interface.is_none() && self.connection.is_some_and(|it| !it.state.is("available"))
    }

    /// What is shown of it; `tunnels_carry` when a tunnel is up.
    pub(super) fn report(
        &self,
        tunnels: &[TunnelReport],
        tunnels_carry: bool,
    ) -> DirectConnectReport {
        let ladder = self
            .connection
            .filter(|_| self.waits_for_people())
            .map(resource::ladder);
        DirectConnectReport {
            connection: self.connection.map(|it| it.id.clone()),
            interface: self.interface.map(|it| it.id.clone()),
            state: self.interface.map(|it| it.state.to_string()),
            up: self.is_up(),
            prefers: self.prefers(),
            waiting_for_people: ladder.unwrap_or_default(),
            accepted: self.routes().map(|it| it.accepted.clone()),
            ways: ways::of(self, tunnels, tunnels_carry),
            last_drill: self.answers.tests.last().cloned(),
        }
    }

    /// The prefixes that shall be announced to the site: what the site file says, else the VPC's.
    pub(super) fn planned_prefixes(&self) -> Vec<IpNet> {
        let vpc = self.view.vpcs.get(&self.subject.vpc);
        let ends = self.side.private_vpn;
        let planned = match self.side.allowed_prefixes.as_slice() {
            // Tunnels over it leave it nothing but their own ends.
            [] if ends.is_some() => ends.as_slice(),
            [] => vpc.map_or(&[][..], |it| &it.cidrs),
            named => named,
        };
        planned.iter().copied().map(IpNet::V4).collect()
    }
}
