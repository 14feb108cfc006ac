//! Transit gateways, what is attached to them, and their route tables.

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv4Net};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::ResourceId;
use super::lifecycle::{Lifecycle, State};
use super::world::Tags;

/// A transit gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransitGateway {
    /// Its id.
    pub id: ResourceId,
    /// The text given for it.
    pub description: Option<String>,
    /// What it does.
    pub options: TransitGatewayOptions,
    /// The end of a modification under way.
    pub modifying_until: Option<Timestamp>,
    /// Its states.
    pub life: Lifecycle,
    /// Its tags.
    pub tags: Tags,
}

impl TransitGateway {
    /// The state at a time, `modifying` included.
    pub fn state(&self, now: Timestamp) -> State {
        modified(&self.life, self.modifying_until, now)
    }
}

/// The options of a transit gateway, the defaults filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransitGatewayOptions {
    /// The ASN on Amazon's side.
    pub asn: u32,
    /// The CIDR blocks that it takes outside addresses from.
    pub cidr_blocks: Vec<IpNet>,
    /// The table that new attachments are associated with; `None` is the option's `disable`.
    pub association_table: Option<ResourceId>,
    /// The table that new attachments propagate into; `None` is the option's `disable`.
    pub propagation_table: Option<ResourceId>,
    /// Whether attachments of other accounts need nobody's consent.
    pub auto_accept: bool,
    /// Whether traffic is spread over equal VPN connections and their tunnels.
    pub vpn_ecmp: bool,
    /// Whether names of one VPC resolve in another.
    pub dns: bool,
    /// Whether security groups of one VPC can be named in another.
    pub security_groups: bool,
    /// Whether it takes multicast.
    pub multicast: bool,
}

/// Something attached to a transit gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransitAttachment {
    /// Its id.
    pub id: ResourceId,
    /// The gateway.
    pub transit_gateway: ResourceId,
    /// What is attached.
    pub resource: Attached,
    /// The table that its incoming traffic is looked up in.
    pub association: Option<TransitAssociation>,
    /// The end of a modification under way.
    pub modifying_until: Option<Timestamp>,
    /// Its states.
    pub life: Lifecycle,
    /// Its tags.
    pub tags: Tags,
}

impl TransitAttachment {
    /// The state at a time, `modifying` included.
    pub fn state(&self, now: Timestamp) -> State {
        modified(&self.life, self.modifying_until, now)
    }

    /// Whether traffic passes.
    pub fn carries(&self, now: Timestamp) -> bool {
        matches!(self.state(now), State::Available | State::Modifying)
    }

    /// The association that is not yet `disassociated`; a deleted attachment has none.
    pub fn association(&self, now: Timestamp) -> Option<&TransitAssociation> {
        self.association
            .as_ref()
            .filter(|association| association.state(now) != "disassociated")
            .filter(|_| self.life.exists(now))
    }

    /// The table that decides where incoming traffic goes at a time.
    pub fn routed_by(&self, now: Timestamp) -> Option<&ResourceId> {
        self.association(now)
            .filter(|association| association.state(now) == "associated")
            .map(|association| &association.table)
    }

    /// The VPC, for an attachment of one.
    pub fn vpc(&self) -> Option<&ResourceId> {
        match &self.resource {
            Attached::Vpc { vpc, .. } => Some(vpc),
            _ => None,
        }
    }

    /// The VPN connection, for an attachment of one.
    pub fn vpn(&self) -> Option<&ResourceId> {
        match &self.resource {
            Attached::Vpn { connection } => Some(connection),
            _ => None,
        }
    }
}

/// What is attached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attached {
    /// A VPC.
    Vpc {
        /// Which.
        vpc: ResourceId,
        /// The subnets it enters by, one per availability zone.
        subnets: BTreeSet<ResourceId>,
        /// What the attachment does.
        options: VpcAttachmentOptions,
    },
    /// A site-to-site VPN connection; made and removed with it.
    Vpn {
        /// Which.
        connection: ResourceId,
    },
    /// A Direct Connect gateway. The sandbox has no API of Direct Connect: such attachments are
    /// made by [`Sandbox::attach_direct_connect`](super::Sandbox::attach_direct_connect).
    DirectConnectGateway {
        /// Which; a UUID.
        gateway: String,
        /// The site's prefixes that it brings.
        prefixes: Vec<Ipv4Net>,
    },
}

impl Attached {
    /// AWS's word for the kind of thing.
    pub fn resource_type(&self) -> &'static str {
        match self {
            Self::Vpc { .. } => "vpc",
            Self::Vpn { .. } => "vpn",
            Self::DirectConnectGateway { .. } => "direct-connect-gateway",
        }
    }

    /// The id of the thing.
    pub fn resource_id(&self) -> &str {
        match self {
            Self::Vpc { vpc, .. } => vpc.as_str(),
            Self::Vpn { connection } => connection.as_str(),
            Self::DirectConnectGateway { gateway, .. } => gateway,
        }
    }
}

/// The options of a VPC's attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcAttachmentOptions {
    /// Whether names resolve across it.
    pub dns: bool,
    /// Whether security groups can be named across it.
    pub security_groups: bool,
    /// Whether it takes IPv6.
    pub ipv6: bool,
    /// Whether a flow keeps to one availability zone in both directions.
    pub appliance_mode: bool,
}

impl Default for VpcAttachmentOptions {
    // The attachment's own defaults, as seen on a live account: security groups can be named
    // across an attachment, although not across the gateway, unless it is told so (floci 2347).
    fn default() -> Self {
        Self {
            dns: true,
            security_groups: true,
            ipv6: false,
            appliance_mode: false,
        }
    }
}

/// The association of an attachment with a route table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitAssociation {
    /// The table.
    pub table: ResourceId,
    /// When it is `associated`.
    pub associated_at: Timestamp,
    /// When it is `disassociated`, once asked for.
    pub disassociated_at: Option<Timestamp>,
}

impl TransitAssociation {
    /// The state at a time, in AWS's words.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match self.disassociated_at {
            Some(end) if end <= now => "disassociated",
            Some(_) => "disassociating",
            None if self.associated_at <= now => "associated",
            None => "associating",
        }
    }
}

/// A route table of a transit gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransitRouteTable {
    /// Its id.
    pub id: ResourceId,
    /// The gateway it belongs to.
    pub transit_gateway: ResourceId,
    /// The attachments whose prefixes it takes.
    pub propagations: BTreeSet<ResourceId>,
    /// Its static routes.
    pub routes: Vec<TransitRoute>,
    /// Its states.
    pub life: Lifecycle,
    /// Its tags.
    pub tags: Tags,
}

/// A static route of a transit gateway's route table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransitRoute {
    /// Where to.
    pub destination: IpNet,
    /// By which attachment; `None` drops the traffic.
    pub attachment: Option<ResourceId>,
    /// Its states.
    pub life: Lifecycle,
}

fn modified(life: &Lifecycle, until: Option<Timestamp>, now: Timestamp) -> State {
    match life.state(now) {
        State::Available if until.is_some_and(|until| now < until) => State::Modifying,
        state => state,
    }
}
