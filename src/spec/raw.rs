//! The shape of the site file: what serde reads and what the JSON Schema describes.
//!
//! The doc comments are the schema's descriptions, which editors show. Values are text and
//! numbers here, checked only for their YAML type; `check` makes domain types of them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::crypto::{DpdAction, Encryption, IkeVersion, Integrity, StartupAction};
use super::field::{Field, Table, WordOr};
use super::site::{Environment, Routing, Security};

/// A site: a router, the networks behind it, and the VPC that they shall reach.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(title = "underpass site file", extend("required" = ["site", "region", "gateway", "lan", "aws"]))]
pub(super) struct RawSite {
    /// The site's name: 1 to 40 of a-z, 0-9 and `-`. Unique per account and Region.
    #[schemars(regex(pattern = r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"))]
    #[schemars(example = &"plant-7")]
    pub(super) site: Field<String>,
    /// The AWS Region of the VPC.
    #[schemars(example = &"eu-central-1")]
    pub(super) region: Field<String>,
    /// `test` sites may expire; of a `production` site teardown asks the name. Default: test.
    pub(super) environment: Field<Environment>,
    /// How long a test site lives before `underpass reap` takes it: 10m to 30d.
    #[schemars(example = &"8h", example = &"2d")]
    pub(super) expires_after: Field<String>,
    /// The site's router.
    pub(super) gateway: Field<RawGateway>,
    /// The site's IPv4 networks: not overlapping, at most 100.
    #[schemars(length(min = 1), extend("examples" = [["10.20.0.0/24"]]))]
    pub(super) lan: Field<Vec<Field<String>>>,
    /// Machines behind the router whose traffic shall be private.
    pub(super) appliances: Field<Vec<Field<RawAppliance>>>,
    /// The AWS side.
    pub(super) aws: Field<RawAws>,
    /// `bgp` inside the tunnels, or `static` routes on the connection. Default: bgp.
    pub(super) routing: Field<Routing>,
    /// `strong` is never below AES-256, SHA-256 and group 14; `compatible` goes lower where the
    /// device must. Default: strong.
    pub(super) security: Field<Security>,
    /// Options of both tunnels.
    pub(super) tunnel_options: Field<RawTunnel>,
    /// Options of tunnel 1 and of tunnel 2, each before those of `tunnel_options`.
    #[schemars(length(max = 2))]
    pub(super) tunnels: Field<Vec<Field<RawTunnel>>>,
    /// Further tags for every AWS object: at most 40, none beginning with `aws:` or `underpass:`.
    #[schemars(schema_with = "super::schema::table")]
    pub(super) tags: Field<Table>,
}

/// The site's router and its place in the network.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Gateway", extend("required" = ["device", "outside_ip"]))]
pub(super) struct RawGateway {
    /// The router's family: a name out of `underpass devices`.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9_-]{0,39}$"))]
    #[schemars(example = &"strongswan", example = &"generic")]
    pub(super) device: Field<String>,
    /// The public IPv4 address that AWS sees: the router's own, or that of the NAT before it.
    #[schemars(example = &"198.51.100.7")]
    pub(super) outside_ip: Field<String>,
    /// The router's own WAN address where a NAT stands before it. Default: `outside_ip`.
    #[schemars(example = &"192.168.1.2")]
    pub(super) local_ip: Field<String>,
    /// The site's ASN; needed for BGP. Default with static routing: 65000.
    #[schemars(with = "u32", range(min = 1, max = 4_294_967_294_u32), example = 65010)]
    pub(super) asn: Field<String>,
    /// MTU of the uplink in bytes, less than 1500 on PPPoE and LTE. Default: 1500.
    #[schemars(range(min = 1280, max = 1500))]
    pub(super) uplink_mtu: Field<u32>,
    /// What the device's configuration needs besides, such as interface names.
    #[schemars(schema_with = "super::schema::table")]
    pub(super) options: Field<Table>,
}

/// A machine at the site whose traffic shall be private.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Appliance", extend("required" = ["name", "address"]))]
pub(super) struct RawAppliance {
    /// Its name, in a site name's alphabet.
    #[schemars(example = &"cam-hub-1")]
    pub(super) name: Field<String>,
    /// Its address, a host's in one of the networks of `lan`.
    #[schemars(example = &"10.20.0.10")]
    pub(super) address: Field<String>,
    /// The profile of AWS services it needs.
    #[schemars(example = &"greengrass")]
    pub(super) profile: Field<String>,
}

/// The AWS side of the connection.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Aws", extend("required" = ["vpc"]))]
pub(super) struct RawAws {
    /// The account that is meant; another one is refused.
    #[schemars(extend("type" = ["string", "integer"]), example = &"111122223333")]
    pub(super) account: Field<String>,
    /// The VPC.
    #[schemars(regex(pattern = r"^vpc-([0-9a-f]{8}|[0-9a-f]{17})$"))]
    #[schemars(example = &"vpc-0a1b2c3d4e5f67890")]
    pub(super) vpc: Field<String>,
    /// `virtual-private-gateway` (the VPC's own, else a new one), or a mapping that names an
    /// existing gateway. Default: virtual-private-gateway.
    #[schemars(schema_with = "super::schema::attach_to")]
    pub(super) attach_to: Field<WordOr<RawAttachTo>>,
    /// How the connection joins a transit gateway.
    pub(super) transit: Field<RawTransit>,
    /// A Direct Connect beside the VPN connection, which stays as its backup.
    pub(super) direct_connect: Field<RawDirectConnect>,
    /// AWS's ASN for a gateway that is to be created. Default: 64512.
    #[schemars(schema_with = "super::schema::amazon_side_asn")]
    pub(super) amazon_side_asn: Field<String>,
    /// `all` of the VPC's route tables learn the site's routes, or only those listed. Default:
    /// all.
    #[schemars(schema_with = "super::schema::route_tables")]
    pub(super) route_tables: Field<WordOr<Vec<Field<String>>>>,
    /// An existing customer gateway to use.
    #[schemars(regex(pattern = r"^cgw-([0-9a-f]{8}|[0-9a-f]{17})$"))]
    pub(super) customer_gateway: Field<String>,
    /// An existing VPN connection to use.
    #[schemars(regex(pattern = r"^vpn-([0-9a-f]{8}|[0-9a-f]{17})$"))]
    pub(super) connection: Field<String>,
}

/// An existing gateway on AWS's side; exactly one of the two.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "AttachTo")]
pub(super) struct RawAttachTo {
    /// A virtual private gateway.
    #[schemars(regex(pattern = r"^vgw-([0-9a-f]{8}|[0-9a-f]{17})$"))]
    pub(super) virtual_private_gateway: Field<String>,
    /// A transit gateway: its id, `new`, or the one tag that it carries, such as `Name=core`.
    #[schemars(regex(pattern = r"^(tgw-([0-9a-f]{8}|[0-9a-f]{17})|new|[^=]{1,128}=.{1,256})$"))]
    #[schemars(example = &"tgw-0a1b2c3d4e5f67890", example = &"Name=core")]
    pub(super) transit_gateway: Field<String>,
}

/// A Direct Connect: with a virtual private gateway by a private virtual interface, with a transit
/// gateway by a transit one, either by way of a Direct Connect gateway.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "DirectConnect", extend("required" = ["vlan"]))]
pub(super) struct RawDirectConnect {
    /// The connection that there is, a partner's hosted one among them.
    #[schemars(regex(pattern = r"^dxcon-([0-9a-z]{8}|[0-9a-z]{17})$"))]
    #[schemars(example = &"dxcon-fg31dyv6")]
    pub(super) connection: Field<String>,
    /// A port of its own that is to be ordered, where there is none. Ordered with `--order LOCATION` alone.
    pub(super) order: Field<RawDxOrder>,
    /// The VLAN of the virtual interface, free on the connection: 1 to 4094.
    #[schemars(range(min = 1, max = 4094), example = 101)]
    pub(super) vlan: Field<u32>,
    /// An existing Direct Connect gateway. Default: one is made for the site.
    #[schemars(example = &"5f294f92-bafb-4011-916d-9b0b7e2f3c41")]
    pub(super) gateway: Field<String>,
    /// AWS's ASN for a Direct Connect gateway that is to be created; never a transit gateway's.
    /// Default: 64513.
    #[schemars(with = "u32", range(min = 1, max = 4_294_967_294_u32), example = 64513)]
    pub(super) gateway_asn: Field<String>,
    /// Both ends' addresses on the link, with its mask. Default: AWS chooses.
    pub(super) addresses: Field<RawLinkAddresses>,
    /// 1500, or jumbo frames: 8500, and 9001 on a private virtual interface. Default: 1500.
    #[schemars(extend("enum" = [1500, 8500, 9001]))]
    pub(super) mtu: Field<u32>,
    /// What AWS announces to the site. Default: the VPC's networks.
    #[schemars(length(min = 1), extend("examples" = [["10.0.0.0/16"]]))]
    pub(super) allowed_prefixes: Field<Vec<Field<String>>>,
    /// Whether the router notices a dead link within a second (BFD). Default: true.
    pub(super) bfd: Field<bool>,
    /// Encrypts what travels: the VPN connection runs over the virtual interface, and its ends at AWS
    /// have addresses out of this network of the transit gateway's, /24 or larger. `gateway.outside_ip`
    /// is a private address then. Default: the VPN connection runs over the Internet, as a backup.
    #[schemars(example = &"10.255.0.0/24")]
    pub(super) private_vpn: Field<String>,
}

/// A port that is to be ordered: it bills from the day it is up, or 90 days after its letter of
/// authorization at the latest.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "DirectConnectOrder", extend("required" = ["location", "bandwidth"]))]
pub(super) struct RawDxOrder {
    /// The location's code (`aws directconnect describe-locations`).
    #[schemars(example = &"EqFA5")]
    pub(super) location: Field<String>,
    /// The port's speed.
    #[schemars(extend("enum" = ["1Gbps", "10Gbps", "100Gbps", "400Gbps"]))]
    pub(super) bandwidth: Field<String>,
    /// Who makes the cross connect, where the location has several.
    pub(super) provider: Field<String>,
    /// Whether the port shall be able to encrypt; cannot be changed later. Default: false.
    pub(super) macsec: Field<bool>,
}

/// Both ends' addresses on a link.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "LinkAddresses", extend("required" = ["amazon", "router"]))]
pub(super) struct RawLinkAddresses {
    /// AWS's.
    #[schemars(example = &"169.254.100.1/30")]
    pub(super) amazon: Field<String>,
    /// The router's.
    #[schemars(example = &"169.254.100.2/30")]
    pub(super) router: Field<String>,
}

/// How a connection joins a transit gateway; only with `attach_to: { transit_gateway: ... }`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Transit")]
pub(super) struct RawTransit {
    /// Subnets of the VPC for its attachment, one per availability zone. Default: those of the
    /// attachment that there is, else the smallest subnet of each zone.
    #[schemars(length(min = 1))]
    pub(super) subnets: Field<Vec<Field<String>>>,
    /// The transit gateway's route table that the connection looks routes up in. Default: the
    /// gateway's own default.
    #[schemars(regex(pattern = r"^tgw-rtb-([0-9a-f]{8}|[0-9a-f]{17})$"))]
    pub(super) route_table: Field<String>,
    /// The transit gateway's route tables that learn the site's routes. Default: the gateway's own
    /// default.
    #[schemars(length(min = 1))]
    pub(super) propagate_to: Field<Vec<Field<String>>>,
    /// Over AWS Global Accelerator; cannot be changed later. Default: false.
    pub(super) accelerated: Field<bool>,
    /// Large tunnels, five times the bandwidth at twelve times the price; cannot be changed later.
    /// Default: false.
    pub(super) large_bandwidth: Field<bool>,
    /// Both tunnels carry at once; with BGP only. Default: false.
    pub(super) ecmp: Field<bool>,
}

/// What is asked of a tunnel; what is left out is chosen as strong as the device can.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "TunnelOptions")]
pub(super) struct RawTunnel {
    /// The /30 inside the tunnel, out of 169.254.0.0/16. Default: chosen.
    #[schemars(example = &"169.254.10.0/30")]
    pub(super) inside_cidr: Field<String>,
    /// A file that holds your own pre-shared key, relative to this one. Default: generated.
    #[schemars(example = &"plant-7.psk")]
    pub(super) pre_shared_key_file: Field<String>,
    /// IKE versions to choose from. Default: ikev2.
    #[schemars(length(min = 1))]
    pub(super) ike_versions: Field<Vec<Field<IkeVersion>>>,
    /// Phase 1 ciphers to choose from.
    #[schemars(length(min = 1))]
    pub(super) phase1_encryption: Field<Vec<Field<Encryption>>>,
    /// Phase 1 hashes to choose from.
    #[schemars(length(min = 1))]
    pub(super) phase1_integrity: Field<Vec<Field<Integrity>>>,
    /// Phase 1 Diffie-Hellman groups to choose from: 2, 14 to 21.
    #[schemars(length(min = 1))]
    pub(super) phase1_dh_groups: Field<Vec<Field<u32>>>,
    /// Seconds. Default: 28800.
    #[schemars(range(min = 900, max = 28800))]
    pub(super) phase1_lifetime: Field<u32>,
    /// Phase 2 ciphers to choose from.
    #[schemars(length(min = 1))]
    pub(super) phase2_encryption: Field<Vec<Field<Encryption>>>,
    /// Phase 2 hashes to choose from.
    #[schemars(length(min = 1))]
    pub(super) phase2_integrity: Field<Vec<Field<Integrity>>>,
    /// Phase 2 Diffie-Hellman groups to choose from: 2, 5, 14 to 21.
    #[schemars(length(min = 1))]
    pub(super) phase2_dh_groups: Field<Vec<Field<u32>>>,
    /// Seconds, less than phase 1's. Default: 3600.
    #[schemars(range(min = 900, max = 3600))]
    pub(super) phase2_lifetime: Field<u32>,
    /// Seconds before the end at which AWS rekeys, at most half of phase 2. Default: 270.
    #[schemars(range(min = 60, max = 1800))]
    pub(super) rekey_margin: Field<u32>,
    /// Percent by which the margin varies. Default: 100.
    #[schemars(range(max = 100))]
    pub(super) rekey_fuzz: Field<u32>,
    /// Packets. Default: 1024.
    #[schemars(range(min = 64, max = 2048))]
    pub(super) replay_window: Field<u32>,
    /// Seconds after which AWS takes a silent peer for dead. Default: 30.
    #[schemars(range(min = 30))]
    pub(super) dpd_timeout: Field<u32>,
    /// What AWS does when the peer is dead.
    pub(super) dpd_action: Field<DpdAction>,
    /// Who initiates: `add` leaves it to the router, `start` makes AWS do it (IKEv2 only).
    pub(super) startup_action: Field<StartupAction>,
    /// ARN of the CloudWatch log group for the tunnel's IKE log. Default: none.
    #[schemars(example = &"arn:aws:logs:eu-central-1:111122223333:log-group:vpn")]
    pub(super) log_group_arn: Field<String>,
    /// ARN of the CloudWatch log group for the tunnel's BGP log. Default: none.
    pub(super) bgp_log_group_arn: Field<String>,
    /// Whether you decide when AWS replaces the tunnel's endpoint. Default: false.
    pub(super) lifecycle_control: Field<bool>,
}
