//! Direct Connect's objects in our own types.

use std::collections::BTreeSet;
use std::fmt;

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::model::{State, Tags};
use super::view::View;
use crate::spec::{
    AccountId, Asn, DxAssociationId, DxConnectionId, DxGatewayId, Region, VirtualInterfaceId,
    VpnGatewayId,
};
use crate::tunnel::BgpKey;

/// A port at a Direct Connect location, or a partner's share of one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DxConnection {
    /// Its id.
    pub id: DxConnectionId,
    /// Its name.
    pub name: String,
    /// `ordering requested pending available down deleting deleted rejected unknown`, and others
    /// that AWS does not document.
    pub state: State,
    /// The account that it belongs to.
    pub owner: Option<AccountId>,
    /// The Region of its location.
    pub region: Option<Region>,
    /// The location's code, such as `EqDC2`.
    pub location: String,
    /// Such as `1Gbps`.
    pub bandwidth: String,
    /// The VLAN that a partner has chosen: set on a hosted connection alone, which carries one
    /// virtual interface.
    pub vlan: Option<u16>,
    /// The partner who provides a hosted connection.
    pub partner: Option<String>,
    /// When AWS issued the letter of authorization; none before.
    pub loa_issued_at: Option<Timestamp>,
    /// Whether it carries frames of more than 1500 bytes.
    pub jumbo: bool,
    /// Whether it can encrypt with MACsec.
    pub macsec_capable: bool,
    /// `no_encrypt should_encrypt must_encrypt`.
    pub encryption_mode: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

impl DxConnection {
    /// Whether a partner provides it.
    pub fn is_hosted(&self) -> bool {
        self.vlan.is_some() || self.partner.is_some()
    }
}

/// A Direct Connect gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DxGateway {
    /// Its id.
    pub id: DxGatewayId,
    /// Its name, which need not be the only one.
    pub name: String,
    /// `pending available deleting deleted`.
    pub state: State,
    /// Why a change of state failed.
    pub state_change_error: Option<String>,
    /// The account that it belongs to.
    pub owner: Option<AccountId>,
    /// AWS's ASN.
    pub amazon_side_asn: Option<Asn>,
    /// Its tags.
    pub tags: Tags,
}

/// What joins a Direct Connect gateway to a virtual private gateway or a transit gateway.
///
/// AWS has no tags for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DxAssociation {
    /// Its id.
    pub id: DxAssociationId,
    /// The Direct Connect gateway.
    pub gateway: DxGatewayId,
    /// `associating associated updating disassociating disassociated`.
    pub state: State,
    /// Why a change of state failed.
    pub state_change_error: Option<String>,
    /// The id of the gateway in a Region: `vgw-…` or `tgw-…`.
    pub associated: String,
    /// That gateway's Region.
    pub region: Option<Region>,
    /// With a virtual private gateway a filter, with a transit gateway what is announced.
    pub allowed_prefixes: BTreeSet<IpNet>,
}

/// What a virtual interface leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VirtualInterfaceKind {
    /// A virtual private gateway, by way of a Direct Connect gateway or not.
    Private,
    /// A transit gateway, by way of a Direct Connect gateway.
    Transit,
}

impl VirtualInterfaceKind {
    /// AWS's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Transit => "transit",
        }
    }
}

impl fmt::Display for VirtualInterfaceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A virtual interface.
#[derive(Clone, Debug, Serialize)]
pub struct VirtualInterface {
    /// Its id.
    pub id: VirtualInterfaceId,
    /// Its name.
    pub name: String,
    /// `private transit public`.
    pub kind: String,
    /// `confirming verifying pending available down testing deleting deleted rejected unknown`, and
    /// others that AWS does not document, such as `approving`.
    pub state: State,
    /// The account that it belongs to.
    pub owner: Option<AccountId>,
    /// The Region of its connection.
    pub region: Option<Region>,
    /// The connection.
    pub connection: Option<DxConnectionId>,
    /// Its VLAN.
    pub vlan: Option<u16>,
    /// The site's ASN.
    pub asn: Option<Asn>,
    /// AWS's ASN.
    pub amazon_side_asn: Option<Asn>,
    /// 1500, 8500 or 9001 bytes.
    pub mtu: Option<u16>,
    /// The Direct Connect gateway that it leads to.
    pub gateway: Option<DxGatewayId>,
    /// The virtual private gateway that it leads to by itself.
    pub vpn_gateway: Option<VpnGatewayId>,
    /// Its BGP sessions, one for each family of addresses.
    pub peers: Vec<BgpPeer>,
    /// Its tags.
    pub tags: Tags,
}

/// A BGP session of a virtual interface.
#[derive(Clone, Debug, Serialize)]
pub struct BgpPeer {
    /// Its id, such as `dxpeer-…`.
    pub id: String,
    /// `ipv4` or `ipv6`.
    pub family: String,
    /// AWS's address, with the mask of the link.
    pub amazon_address: Option<IpNet>,
    /// The router's address, with the mask of the link.
    pub customer_address: Option<IpNet>,
    /// The site's ASN.
    pub asn: Option<Asn>,
    /// `verifying pending available deleting deleted`.
    pub state: State,
    /// `up`, `down` or `unknown`.
    pub status: String,
    /// The key that AWS shows in clear to whoever may look.
    #[serde(skip)]
    pub key: Option<BgpKey>,
}

/// The routes of a virtual interface's sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InterfaceRoutes {
    /// What AWS has learned from the site.
    pub accepted: BTreeSet<IpNet>,
    /// What AWS announces to the site.
    pub advertised: BTreeSet<IpNet>,
}

/// A test of what happens when a virtual interface's sessions end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailoverTest {
    /// Its id.
    pub id: String,
    /// AWS's word, such as `IN_PROGRESS`, `COMPLETED`, `STOPPED`.
    pub status: String,
    /// How long it was to last.
    pub minutes: Option<u32>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended or is to end.
    pub ended_at: Option<Timestamp>,
}

/// The partition of a Region, as ARNs have it.
fn partition(region: Option<&Region>) -> &'static str {
    match region.map(Region::as_str).unwrap_or_default() {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

impl DxConnection {
    /// Its ARN; none when AWS does not say where and whose it is.
    pub fn arn(&self) -> Option<String> {
        let (region, owner) = self.region.as_ref().zip(self.owner.as_ref())?;
        let partition = partition(Some(region));
        let id = &self.id;
        Some(format!(
            "arn:{partition}:directconnect:{region}:{owner}:dxcon/{id}"
        ))
    }
}

impl VirtualInterface {
    /// Its ARN; none when AWS does not say where and whose it is.
    pub fn arn(&self) -> Option<String> {
        let (region, owner) = self.region.as_ref().zip(self.owner.as_ref())?;
        let partition = partition(Some(region));
        let id = &self.id;
        Some(format!(
            "arn:{partition}:directconnect:{region}:{owner}:dxvif/{id}"
        ))
    }
}

impl DxGateway {
    /// Its ARN, which names no Region; none when AWS does not say whose it is.
    pub fn arn(&self) -> Option<String> {
        let (owner, partition) = (self.owner.as_ref()?, partition(None));
        let id = &self.id;
        Some(format!(
            "arn:{partition}:directconnect::{owner}:dx-gateway/{id}"
        ))
    }
}

impl BgpPeer {
    /// Whether the session is established.
    pub fn is_up(&self) -> bool {
        self.status == "up"
    }
}

impl View {
    /// Takes an object of Direct Connect out: so it is once a plan has taken it away.
    pub fn without_direct_connect(&mut self, id: &str) {
        let interface = id.parse().ok();
        interface.map(|id: VirtualInterfaceId| self.virtual_interfaces.remove(&id));
        let association = id.parse().ok();
        association.map(|id: DxAssociationId| self.dx_associations.remove(&id));
        let gateway = id.parse().ok();
        gateway.map(|id: DxGatewayId| self.dx_gateways.remove(&id));
        let connection = id.parse().ok();
        connection.map(|id: DxConnectionId| self.dx_connections.remove(&id));
    }
}
