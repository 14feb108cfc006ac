//! A site that is valid by type: what every later stage works on.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use ipnet::Ipv4Net;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::crypto::{DhGroup, DpdAction, Encryption, IkeVersion, Integrity, StartupAction};
use super::id::{
    AccountId, CustomerGatewayId, DxConnectionId, DxGatewayId, RouteTableId, SubnetId,
    TransitGatewayId, TransitGatewayRouteTableId, VpcId, VpnConnectionId, VpnGatewayId,
};
use super::net::{Asn, InsideCidr, Region, SiteName};

/// One site: a router, the networks behind it, and the VPC that they shall reach.
///
/// Holds no secret: a pre-shared key of the user's own is named by the file that holds it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Site {
    /// Unique per account and Region; part of every name and tag.
    pub name: SiteName,
    /// Where the VPC is.
    pub region: Region,
    /// Whether teardown asks for the name.
    pub environment: Environment,
    /// How long a test site lives before `reap` takes it; only with [`Environment::Test`].
    pub expires_after: Option<SignedDuration>,
    /// The site's router.
    pub gateway: Gateway,
    /// The site's networks, not overlapping, in the file's order, at least one.
    pub lan: Vec<Ipv4Net>,
    /// Machines behind the router, each inside one of `lan`.
    pub appliances: Vec<Appliance>,
    /// The AWS side.
    pub aws: AwsSide,
    /// How routes are learned.
    pub routing: Routing,
    /// Which cryptography is good enough.
    pub security: Security,
    /// What the user asked of each tunnel, tunnel 1 first; empty wishes mean "choose well".
    pub tunnels: [TunnelWishes; 2],
    /// Further tags for every AWS object; never a key that begins with `underpass:` or `aws:`.
    pub tags: BTreeMap<String, String>,
}

/// What a site is for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Environment {
    /// May expire and be reaped.
    Test,
    /// Is never reaped, and teardown asks for the site's name.
    Production,
}

impl Environment {
    /// The word of the site file and of the tag.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Production => "production",
        }
    }
}

/// The site's router and its place in the network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gateway {
    /// A name out of `underpass devices`.
    pub device: String,
    /// The public address that AWS sees: the router's own, or that of the NAT in front of it.
    pub outside_ip: Ipv4Addr,
    /// The router's own WAN address when a NAT stands in front of it; none means `outside_ip`.
    pub local_ip: Option<Ipv4Addr>,
    /// The site's ASN; with static routing [`Asn::STATIC_DEFAULT`] unless given.
    pub asn: Asn,
    /// MTU of the uplink in bytes, 1280 to 1500: less than 1500 on PPPoE and LTE.
    pub uplink_mtu: u16,
    /// What the device's renderer needs to know, such as interface names; checked by the device.
    pub options: BTreeMap<String, String>,
}

impl AwsSide {
    /// The transit gateway's network that the tunnels' ends come out of, where they run over Direct
    /// Connect.
    pub fn private_vpn(&self) -> Option<Ipv4Net> {
        self.direct_connect.as_ref()?.private_vpn
    }
}

impl Gateway {
    /// The address that the router itself has on its WAN side.
    pub fn wan_address(&self) -> Ipv4Addr {
        self.local_ip.unwrap_or(self.outside_ip)
    }

    /// Whether a NAT stands between the router and AWS, so that ESP travels in UDP 4500.
    pub fn behind_nat(&self) -> bool {
        self.local_ip.is_some_and(|local| local != self.outside_ip)
    }
}

/// A machine at the site whose traffic shall be private.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Appliance {
    /// Its name, in a site name's alphabet.
    pub name: SiteName,
    /// Its address, inside one of the site's networks.
    pub address: IpAddr,
    /// The profile of AWS services it needs, if any.
    pub profile: Option<String>,
}

/// What the site connects to in AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AwsSide {
    /// The account the user means; onboarding another one is refused.
    pub account: Option<AccountId>,
    /// The VPC.
    pub vpc: VpcId,
    /// The gateway on AWS's side.
    pub attach_to: AttachTo,
    /// How the connection joins a transit gateway; as if nothing was said on a virtual private one.
    pub transit: TransitSide,
    /// A Direct Connect beside the VPN connection.
    pub direct_connect: Option<DirectConnectSide>,
    /// AWS's ASN for a gateway that is to be created.
    pub amazon_side_asn: Asn,
    /// Which route tables learn the site's routes.
    pub route_tables: RouteTables,
    /// An existing customer gateway to use.
    pub customer_gateway: Option<CustomerGatewayId>,
    /// An existing connection to use.
    pub connection: Option<VpnConnectionId>,
}

/// The gateway on AWS's side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttachTo {
    /// A virtual private gateway: the named one, else the VPC's own, else a new one.
    VirtualPrivateGateway(Option<VpnGatewayId>),
    /// A transit gateway.
    TransitGateway(TransitTarget),
}

/// Which transit gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TransitTarget {
    /// This one.
    Existing(TransitGatewayId),
    /// The one that carries this tag.
    Tagged {
        /// The tag's key.
        key: String,
        /// Its value.
        value: String,
    },
    /// One that is made for the site.
    New,
}

/// How a connection joins a transit gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TransitSide {
    /// Subnets for the VPC's attachment, sorted; empty means to choose.
    pub subnets: Vec<SubnetId>,
    /// The table that the connection looks routes up in; none means the gateway's default.
    pub route_table: Option<TransitGatewayRouteTableId>,
    /// The tables that learn the site's routes, sorted; empty means the gateway's default.
    pub propagate_to: Vec<TransitGatewayRouteTableId>,
    /// Over AWS Global Accelerator.
    pub accelerated: bool,
    /// Large tunnels.
    pub large_bandwidth: bool,
    /// Both tunnels carry at once.
    pub ecmp: bool,
}

/// A Direct Connect beside the VPN connection, which stays as its backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DirectConnectSide {
    /// The connection.
    pub connection: DxTarget,
    /// 1 to 4094.
    pub vlan: u16,
    /// An existing Direct Connect gateway; none means one of the site's own.
    pub gateway: Option<DxGatewayId>,
    /// AWS's ASN for a Direct Connect gateway that is to be created.
    pub gateway_asn: Asn,
    /// Both ends' addresses; none lets AWS choose.
    pub addresses: Option<LinkAddresses>,
    /// 1500, 8500 or 9001 bytes.
    pub mtu: u16,
    /// What AWS announces, sorted; empty means the VPC's networks.
    pub allowed_prefixes: Vec<Ipv4Net>,
    /// Whether the router speaks BFD.
    pub bfd: bool,
    /// The transit gateway's network that the ends of a VPN connection over the virtual interface come
    /// out of; none where the VPN connection runs over the Internet.
    pub private_vpn: Option<Ipv4Net>,
}

/// Which Direct Connect connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DxTarget {
    /// This one.
    Existing(DxConnectionId),
    /// One that is ordered.
    Order(DxOrder),
}

/// A port that is to be ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DxOrder {
    /// The location's code.
    pub location: String,
    /// Such as `1Gbps`.
    pub bandwidth: String,
    /// Who makes the cross connect.
    pub provider: Option<String>,
    /// Whether it shall be able to encrypt.
    pub macsec: bool,
}

/// Both ends of a link, each address with the link's mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkAddresses {
    /// AWS's.
    pub amazon: Ipv4Net,
    /// The router's.
    pub router: Ipv4Net,
}

/// Which of the VPC's route tables learn the site's routes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteTables {
    /// Every route table of the VPC.
    All,
    /// Only these, sorted and without repeats.
    Listed(Vec<RouteTableId>),
}

/// How routes are learned.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Routing {
    /// By BGP inside the tunnels.
    Bgp,
    /// By static routes on the connection.
    Static,
}

impl Routing {
    /// The word of the site file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bgp => "bgp",
            Self::Static => "static",
        }
    }
}

/// Which cryptography the site accepts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Security {
    /// The strongest that device and AWS share, never below AES-256, SHA-256 and group 14.
    #[default]
    Strong,
    /// As strong as the device can, down to AES-128, SHA-1 and group 2 where it must.
    Compatible,
}

/// What the user asks of one tunnel; what is left out is chosen.
///
/// The members are AWS's tunnel options (`VpnTunnelOptionsSpecification`), validated by type and
/// range. A list of algorithms narrows the choice to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TunnelWishes {
    /// The /30 inside the tunnel.
    pub inside_cidr: Option<InsideCidr>,
    /// A file that holds the user's own pre-shared key, relative to the site file.
    pub pre_shared_key_file: Option<PathBuf>,
    /// `ikev1`, `ikev2`; ikev2 alone unless asked.
    pub ike_versions: Vec<IkeVersion>,
    /// Phase 1 ciphers to choose from.
    pub phase1_encryption: Vec<Encryption>,
    /// Phase 1 hashes to choose from.
    pub phase1_integrity: Vec<Integrity>,
    /// Phase 1 Diffie-Hellman groups to choose from.
    pub phase1_dh_groups: Vec<DhGroup>,
    /// Seconds, 900 to 28800.
    pub phase1_lifetime: Option<u32>,
    /// Phase 2 ciphers to choose from.
    pub phase2_encryption: Vec<Encryption>,
    /// Phase 2 hashes to choose from.
    pub phase2_integrity: Vec<Integrity>,
    /// Phase 2 Diffie-Hellman groups to choose from.
    pub phase2_dh_groups: Vec<DhGroup>,
    /// Seconds, 900 to 3600, less than phase 1.
    pub phase2_lifetime: Option<u32>,
    /// Seconds before the end at which AWS rekeys, 60 to half of phase 2.
    pub rekey_margin: Option<u32>,
    /// Percent by which the margin varies, 0 to 100.
    pub rekey_fuzz: Option<u32>,
    /// Packets, 64 to 2048.
    pub replay_window: Option<u32>,
    /// Seconds, at least 30.
    pub dpd_timeout: Option<u32>,
    /// What AWS does when the peer is dead.
    pub dpd_action: Option<DpdAction>,
    /// Who initiates.
    pub startup_action: Option<StartupAction>,
    /// CloudWatch log group for the tunnel's IKE log.
    pub log_group_arn: Option<String>,
    /// CloudWatch log group for the tunnel's BGP log.
    pub bgp_log_group_arn: Option<String>,
    /// Whether the user decides when AWS replaces the tunnel's endpoint.
    pub lifecycle_control: Option<bool>,
}
