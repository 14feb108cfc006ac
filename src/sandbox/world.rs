//! Everything that exists in the sandbox.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use ipnet::Ipv4Net;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::ResourceId;
use super::lifecycle::{Lifecycle, State, later};
use super::seed;
use super::telemetry::{self, GatewaySim};
use super::transit::{TransitAttachment, TransitGateway, TransitRouteTable};
use super::tunnel_options::TunnelOptions;

/// The tags of a resource.
pub type Tags = BTreeMap<String, String>;

/// One AWS account with its regions, and the sites that dial in.
///
/// `Serialize` and `Debug` redact the pre-shared keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct World {
    /// The account's number.
    pub account: String,
    /// The regions that were used so far; each is made when first used.
    pub regions: BTreeMap<String, Region>,
    /// The routers at the other end.
    pub site: Site,
}

impl World {
    /// The region of that name, made when it is not there yet.
    pub fn region(&mut self, name: &str) -> &mut Region {
        self.regions
            .entry(name.to_owned())
            .or_insert_with(|| seed::region(name))
    }

    /// Whether AWS reports each tunnel of a connection as UP, in the order of its `tunnels`.
    pub fn tunnels_up(
        &self,
        region: &Region,
        connection: &VpnConnection,
        now: Timestamp,
    ) -> [bool; 2] {
        let up = |tunnel| telemetry::of_tunnel(region, &self.site, connection, tunnel, now).up;
        connection.tunnels.each_ref().map(up)
    }

    /// Ends what would be `detaching` for ever.
    pub(super) fn free_what_is_stuck(&mut self, now: Timestamp) {
        let gateways = self.regions.values_mut();
        let gateways = gateways.flat_map(|region| region.vpn_gateways.values_mut());
        for attachment in gateways.flat_map(|gateway| &mut gateway.attachments) {
            if attachment.detached_at == Some(Timestamp::MAX) {
                attachment.detached_at = Some(later(now, Duration::from_secs(60)));
            }
        }
    }

    /// Forgets what has been deleted for more than an hour.
    pub(super) fn sweep(&mut self, now: Timestamp) {
        for region in self.regions.values_mut() {
            region
                .customer_gateways
                .retain(|_, gateway| !gateway.life.is_expired(now));
            region
                .vpn_gateways
                .retain(|_, gateway| !gateway.life.is_expired(now));
            region
                .vpn_connections
                .retain(|_, connection| !connection.life.is_expired(now));
            region
                .transit_gateways
                .retain(|_, gateway| !gateway.life.is_expired(now));
            region
                .transit_attachments
                .retain(|_, attachment| !attachment.life.is_expired(now));
            region
                .transit_route_tables
                .retain(|_, table| !table.life.is_expired(now));
        }
    }
}

/// One region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// Its code.
    pub name: String,
    /// VPCs.
    pub vpcs: BTreeMap<ResourceId, Vpc>,
    /// Subnets.
    pub subnets: BTreeMap<ResourceId, Subnet>,
    /// Route tables.
    pub route_tables: BTreeMap<ResourceId, RouteTable>,
    /// Customer gateways.
    pub customer_gateways: BTreeMap<ResourceId, CustomerGateway>,
    /// Virtual private gateways.
    pub vpn_gateways: BTreeMap<ResourceId, VpnGateway>,
    /// VPN connections.
    pub vpn_connections: BTreeMap<ResourceId, VpnConnection>,
    /// Transit gateways.
    #[serde(default)]
    pub transit_gateways: BTreeMap<ResourceId, TransitGateway>,
    /// What is attached to them.
    #[serde(default)]
    pub transit_attachments: BTreeMap<ResourceId, TransitAttachment>,
    /// Their route tables.
    #[serde(default)]
    pub transit_route_tables: BTreeMap<ResourceId, TransitRouteTable>,
}

impl Region {
    /// What AWS charges for by the hour at a time: VPN connections, and the attachments of transit
    /// gateways, those of VPN connections included.
    pub fn billed(&self, now: Timestamp) -> Vec<&ResourceId> {
        let connections = self.vpn_connections.values();
        let connections = connections.map(|connection| (&connection.id, &connection.life));
        let attachments = self.transit_attachments.values();
        let attachments = attachments.map(|attachment| (&attachment.id, &attachment.life));
        connections
            .chain(attachments)
            .filter(|(_, life)| life.exists(now))
            .map(|(id, _)| id)
            .collect()
    }

    /// The attachment of a VPC to a transit gateway that traffic passes at a time.
    pub fn transit_attachment_of(
        &self,
        vpc: &ResourceId,
        transit_gateway: &ResourceId,
        now: Timestamp,
    ) -> Option<&TransitAttachment> {
        self.transit_attachments.values().find(|attachment| {
            attachment.transit_gateway == *transit_gateway
                && attachment.vpc() == Some(vpc)
                && attachment.carries(now)
        })
    }
}

/// A VPC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vpc {
    /// Its id.
    pub id: ResourceId,
    /// Its only CIDR block.
    pub cidr: Ipv4Net,
    /// Its tags.
    pub tags: Tags,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subnet {
    /// Its id.
    pub id: ResourceId,
    /// The VPC it lies in.
    pub vpc: ResourceId,
    /// Its availability zone's name.
    pub zone: String,
    /// Its CIDR block.
    pub cidr: Ipv4Net,
    /// Its tags.
    pub tags: Tags,
}

/// A route table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteTable {
    /// Its id.
    pub id: ResourceId,
    /// The VPC it belongs to.
    pub vpc: ResourceId,
    /// Whether it is the VPC's main table.
    pub main: bool,
    /// The subnets that use it explicitly.
    pub subnets: BTreeSet<ResourceId>,
    /// Its static routes, beside the VPC's local one.
    pub routes: Vec<Route>,
    /// The virtual private gateways whose routes it takes.
    pub propagating: BTreeSet<ResourceId>,
    /// Its tags.
    pub tags: Tags,
}

/// A static route in a route table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// Where to.
    pub destination: Ipv4Net,
    /// The gateway it points to.
    pub gateway: ResourceId,
}

/// A customer gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CustomerGateway {
    /// Its id.
    pub id: ResourceId,
    /// The site's ASN.
    pub asn: u32,
    /// The site's address; absent with certificate authentication only.
    pub ip: Option<IpAddr>,
    /// The site's certificate.
    pub certificate_arn: Option<String>,
    /// The device's name.
    pub device_name: Option<String>,
    /// Its states.
    pub life: Lifecycle,
    /// Its tags.
    pub tags: Tags,
}

/// A virtual private gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VpnGateway {
    /// Its id.
    pub id: ResourceId,
    /// The ASN on Amazon's side.
    pub asn: u32,
    /// The legacy zone, echoed when it was given.
    pub zone: Option<String>,
    /// Its attachments, the detached ones included.
    pub attachments: Vec<Attachment>,
    /// Its states.
    pub life: Lifecycle,
    /// Its tags.
    pub tags: Tags,
}

impl VpnGateway {
    /// The attachment that is not yet `detached`.
    pub fn attachment(&self, now: Timestamp) -> Option<&Attachment> {
        self.attachments
            .iter()
            .find(|attachment| attachment.state(now) != "detached")
    }

    /// Whether it is `attached` to the VPC.
    pub fn is_attached_to(&self, vpc: &ResourceId, now: Timestamp) -> bool {
        self.attachment(now)
            .is_some_and(|attachment| attachment.vpc == *vpc && attachment.state(now) == "attached")
    }
}

/// An attachment of a virtual private gateway to a VPC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// The VPC.
    pub vpc: ResourceId,
    /// When it is `attached`.
    pub attached_at: Timestamp,
    /// When it is `detached`, once asked for.
    pub detached_at: Option<Timestamp>,
}

impl Attachment {
    /// The state at a time, in AWS's words.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match self.detached_at {
            Some(detached) if detached <= now => "detached",
            Some(_) => "detaching",
            None if self.attached_at <= now => "attached",
            None => "attaching",
        }
    }
}

/// A site-to-site VPN connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VpnConnection {
    /// Its id.
    pub id: ResourceId,
    /// The site's end.
    pub customer_gateway: ResourceId,
    /// AWS's end; absent while it is not associated.
    pub vpn_gateway: Option<ResourceId>,
    /// AWS's end when it is a transit gateway.
    #[serde(default)]
    pub transit_gateway: Option<ResourceId>,
    /// What only connections on transit gateways can have.
    #[serde(default)]
    pub features: VpnFeatures,
    /// Whether it runs without BGP.
    pub static_routes_only: bool,
    /// The traffic selector on the site's side.
    pub local_cidr: String,
    /// The traffic selector on AWS's side.
    pub remote_cidr: String,
    /// Whether the keys are in Secrets Manager, so that they are not shown.
    pub keys_in_secrets_manager: bool,
    /// The two tunnels, in the order they were made in; describes do not keep to it.
    pub tunnels: [Tunnel; 2],
    /// The static routes.
    pub routes: Vec<StaticRoute>,
    /// The end of a modification under way.
    pub modifying_until: Option<Timestamp>,
    /// Its states.
    pub life: Lifecycle,
    /// Its tags.
    pub tags: Tags,
}

impl VpnConnection {
    /// The state at a time, `modifying` included.
    pub fn state(&self, now: Timestamp) -> State {
        match self.life.state(now) {
            State::Available if self.modifying_until.is_some_and(|until| now < until) => {
                State::Modifying
            }
            state => state,
        }
    }
}

/// What a VPN connection has beyond the ordinary; none of it on virtual private gateways.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpnFeatures {
    /// Whether it enters AWS's network at the edge that is next to the site.
    pub accelerated: bool,
    /// Whether it carries IPv6 instead of IPv4.
    pub inside_ipv6: bool,
    /// Whether its tunnels carry 5 Gbps instead of 1.25.
    pub large_bandwidth: bool,
    /// The Direct Connect gateway's attachment that it runs over, with private outside addresses.
    pub transport: Option<ResourceId>,
}

/// One of the two tunnels of a connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tunnel {
    /// The address on AWS's side: what a tunnel is known by.
    pub outside_ip: Ipv4Addr,
    /// Its options, the defaults filled in.
    pub options: TunnelOptions,
    /// Until when its endpoint is being replaced, so that it is down.
    pub replaced_until: Option<Timestamp>,
    /// When maintenance was last applied by request.
    pub maintained_at: Option<Timestamp>,
}

/// A static route of a connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StaticRoute {
    /// The site's prefix.
    pub destination: Ipv4Net,
    /// Its states.
    pub life: Lifecycle,
}

/// The routers at the sites, as the sandbox plays them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    /// Every router that is not named below.
    pub default: SiteGateway,
    /// Routers by their public address.
    pub gateways: BTreeMap<IpAddr, SiteGateway>,
    /// The prefixes that routers announce.
    pub lans: BTreeMap<IpAddr, Vec<Ipv4Net>>,
}

/// One router's condition.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteGateway {
    /// What it does.
    pub sim: GatewaySim,
    /// Since when.
    pub since: Timestamp,
}

impl Site {
    /// The condition of the router at an address.
    pub fn gateway(&self, address: Option<IpAddr>) -> SiteGateway {
        address
            .and_then(|address| self.gateways.get(&address).copied())
            .unwrap_or(self.default)
    }

    /// The prefixes that the router at an address announces; one by default.
    pub fn lan(&self, address: Option<IpAddr>) -> Vec<Ipv4Net> {
        address
            .and_then(|address| self.lans.get(&address).cloned())
            .unwrap_or_else(|| vec![seed::DEFAULT_LAN])
    }
}
