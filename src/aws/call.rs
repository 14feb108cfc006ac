//! A mutating call as data.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;

use super::direct_connect_call::DirectConnectCall;
use super::model::Tags;
use super::transit_call::TransitCall;
use crate::spec::{
    Asn, CustomerGatewayId, RouteTableId, TransitGatewayAttachmentId, TransitGatewayId, VpcId,
    VpnConnectionId, VpnGatewayId,
};
use crate::tunnel::{PreSharedKey, TunnelOptions};

/// One mutating EC2 call with everything it needs.
///
/// Not serialisable, because it may hold keys; [`Call::action`] and [`Call::describe`] are what the
/// journal and the screen get.
#[derive(Clone, Debug)]
pub enum Call {
    /// `CreateCustomerGateway`.
    CreateCustomerGateway {
        /// The device's public address.
        ip_address: IpAddr,
        /// The site's ASN; above 2147483647 it goes out as `BgpAsnExtended`.
        bgp_asn: Asn,
        /// Makes this gateway distinct from another site's with the same address and ASN.
        device_name: String,
        /// Set in the same call.
        tags: Tags,
    },
    /// `DeleteCustomerGateway`.
    DeleteCustomerGateway(CustomerGatewayId),
    /// `CreateVpnGateway`.
    CreateVpnGateway {
        /// AWS's ASN, immutable.
        amazon_side_asn: Asn,
        /// Set in the same call.
        tags: Tags,
    },
    /// `DeleteVpnGateway`.
    DeleteVpnGateway(VpnGatewayId),
    /// `AttachVpnGateway`.
    AttachVpnGateway {
        /// The gateway.
        vpn_gateway: VpnGatewayId,
        /// The VPC.
        vpc: VpcId,
    },
    /// `DetachVpnGateway`.
    DetachVpnGateway {
        /// The gateway.
        vpn_gateway: VpnGatewayId,
        /// The VPC.
        vpc: VpcId,
    },
    /// `CreateVpnConnection`, always with two explicit tunnels.
    CreateVpnConnection {
        /// The customer gateway.
        customer_gateway: CustomerGatewayId,
        /// The gateway on AWS's side.
        end: ConnectionEnd,
        /// What cannot be changed later.
        traits: ConnectionTraits,
        /// Both tunnels' options and keys.
        tunnels: Box<[(TunnelOptions, PreSharedKey); 2]>,
        /// Set in the same call.
        tags: Tags,
    },
    /// `DeleteVpnConnection`.
    DeleteVpnConnection(VpnConnectionId),
    /// `CreateVpnConnectionRoute`; has no DryRun.
    CreateVpnConnectionRoute {
        /// The connection.
        connection: VpnConnectionId,
        /// The site's network.
        destination: Ipv4Net,
    },
    /// `DeleteVpnConnectionRoute`; has no DryRun.
    DeleteVpnConnectionRoute {
        /// The connection.
        connection: VpnConnectionId,
        /// The site's network.
        destination: Ipv4Net,
    },
    /// `EnableVgwRoutePropagation`.
    EnableVgwRoutePropagation {
        /// The route table.
        route_table: RouteTableId,
        /// The gateway.
        vpn_gateway: VpnGatewayId,
    },
    /// `DisableVgwRoutePropagation`.
    DisableVgwRoutePropagation {
        /// The route table.
        route_table: RouteTableId,
        /// The gateway.
        vpn_gateway: VpnGatewayId,
    },
    /// `ModifyVpnTunnelOptions`: takes that one tunnel down for minutes.
    ModifyVpnTunnelOptions {
        /// The connection.
        connection: VpnConnectionId,
        /// Which tunnel: AWS's outside address.
        outside: Ipv4Addr,
        /// All of its options.
        options: Box<TunnelOptions>,
        /// A new key, if the key changes too.
        key: Option<PreSharedKey>,
    },
    /// A call about a transit gateway.
    Transit(TransitCall),
    /// A Direct Connect call.
    DirectConnect(DirectConnectCall),
    /// `CreateTags` on an existing object.
    CreateTags {
        /// Any id.
        resource: String,
        /// Added or overwritten.
        tags: Tags,
    },
}

/// The gateway on AWS's side of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConnectionEnd {
    /// A virtual private gateway.
    VpnGateway(VpnGatewayId),
    /// A transit gateway: several connections with the same customer gateway are legal there, so a
    /// call that is repeated blindly makes a second one, which bills.
    TransitGateway(TransitGatewayId),
}

impl ConnectionEnd {
    /// The gateway's id.
    pub fn as_str(&self) -> &str {
        match self {
            Self::VpnGateway(id) => id.as_str(),
            Self::TransitGateway(id) => id.as_str(),
        }
    }
}

impl fmt::Display for ConnectionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a connection is for as long as it lives (AWS VPN guide: none of it can be changed).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionTraits {
    /// Static routing instead of BGP.
    pub static_routes_only: bool,
    /// Its outside addresses are AWS Global Accelerator's; on a transit gateway alone.
    pub accelerated: bool,
    /// Five times the bandwidth, at twelve times the price; on a transit gateway alone.
    pub large_bandwidth: bool,
    /// The Direct Connect gateway's attachment that carries it, with private outside addresses.
    pub transport: Option<TransitGatewayAttachmentId>,
}

/// The service that has an action, by its name in IAM.
///
/// Actions of these two services have no name in common, but for tagging.
pub fn service_of(action: &str) -> &'static str {
    let own = [
        "CreateConnection",
        "ConfirmConnection",
        "DeleteConnection",
        "DescribeConnections",
        "DescribeLoa",
        "TagResource",
        "UntagResource",
        "StartBgpFailoverTest",
        "StopBgpFailoverTest",
    ];
    let named = ["DirectConnect", "VirtualInterface", "VirtualInterfaces"];
    match own.contains(&action) || named.iter().any(|part| action.contains(part)) {
        true => "directconnect",
        false => "ec2",
    }
}

/// What a call answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The id of what was made, where the call makes something that has one.
    pub id: Option<String>,
    /// AWS's request id.
    pub request_id: Option<String>,
}

impl Call {
    /// Every action that changes something.
    pub const ACTIONS: &[&str] = &[
        "CreateCustomerGateway",
        "DeleteCustomerGateway",
        "CreateVpnGateway",
        "DeleteVpnGateway",
        "AttachVpnGateway",
        "DetachVpnGateway",
        "CreateVpnConnection",
        "DeleteVpnConnection",
        "CreateVpnConnectionRoute",
        "DeleteVpnConnectionRoute",
        "EnableVgwRoutePropagation",
        "DisableVgwRoutePropagation",
        "ModifyVpnTunnelOptions",
        "CreateTransitGateway",
        "DeleteTransitGateway",
        "CreateTransitGatewayVpcAttachment",
        "ModifyTransitGatewayVpcAttachment",
        "DeleteTransitGatewayVpcAttachment",
        "AssociateTransitGatewayRouteTable",
        "DisassociateTransitGatewayRouteTable",
        "EnableTransitGatewayRouteTablePropagation",
        "DisableTransitGatewayRouteTablePropagation",
        "CreateTransitGatewayRoute",
        "DeleteTransitGatewayRoute",
        "CreateRoute",
        "DeleteRoute",
        "CreateConnection",
        "ConfirmConnection",
        "DeleteConnection",
        "CreateDirectConnectGateway",
        "DeleteDirectConnectGateway",
        "CreateDirectConnectGatewayAssociation",
        "UpdateDirectConnectGatewayAssociation",
        "DeleteDirectConnectGatewayAssociation",
        "CreatePrivateVirtualInterface",
        "CreateTransitVirtualInterface",
        "UpdateVirtualInterfaceAttributes",
        "DeleteVirtualInterface",
        "StartBgpFailoverTest",
        "StopBgpFailoverTest",
        "TagResource",
        "UntagResource",
        "CreateTags",
    ];

    /// The EC2 action's name.
    pub const fn action(&self) -> &'static str {
        match self {
            Self::CreateCustomerGateway { .. } => "CreateCustomerGateway",
            Self::DeleteCustomerGateway(_) => "DeleteCustomerGateway",
            Self::CreateVpnGateway { .. } => "CreateVpnGateway",
            Self::DeleteVpnGateway(_) => "DeleteVpnGateway",
            Self::AttachVpnGateway { .. } => "AttachVpnGateway",
            Self::DetachVpnGateway { .. } => "DetachVpnGateway",
            Self::CreateVpnConnection { .. } => "CreateVpnConnection",
            Self::DeleteVpnConnection(_) => "DeleteVpnConnection",
            Self::CreateVpnConnectionRoute { .. } => "CreateVpnConnectionRoute",
            Self::DeleteVpnConnectionRoute { .. } => "DeleteVpnConnectionRoute",
            Self::EnableVgwRoutePropagation { .. } => "EnableVgwRoutePropagation",
            Self::DisableVgwRoutePropagation { .. } => "DisableVgwRoutePropagation",
            Self::ModifyVpnTunnelOptions { .. } => "ModifyVpnTunnelOptions",
            Self::Transit(call) => call.action(),
            Self::DirectConnect(call) => call.action(),
            Self::CreateTags { .. } => "CreateTags",
        }
    }

    /// Whether EC2 has a DryRun for it (EC2 API model).
    pub const fn has_dry_run(&self) -> bool {
        !matches!(
            self,
            Self::CreateVpnConnectionRoute { .. }
                | Self::DeleteVpnConnectionRoute { .. }
                | Self::DirectConnect(_)
        )
    }

    /// Whether making it twice makes two things: EC2's VPN creates have no client token.
    pub const fn is_unrepeatable(&self) -> bool {
        match self {
            Self::CreateCustomerGateway { .. }
            | Self::CreateVpnGateway { .. }
            | Self::CreateVpnConnection { .. } => true,
            Self::Transit(call) => call.is_unrepeatable(),
            Self::DirectConnect(call) => call.is_unrepeatable(),
            _ => false,
        }
    }

    /// Whether what it makes carries tags, so that it can be told whose it is.
    pub const fn is_tagged(&self) -> bool {
        self.is_unrepeatable()
    }

    /// The keys that it carries: to be taken out of whatever is said about it.
    pub(super) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::CreateVpnConnection { tunnels, .. } => {
                tunnels.iter().map(|(_, key)| key.expose()).collect()
            }
            Self::ModifyVpnTunnelOptions { key, .. } => {
                key.iter().map(PreSharedKey::expose).collect()
            }
            Self::DirectConnect(DirectConnectCall::CreateVirtualInterface { key, .. }) => {
                vec![key.expose()]
            }
            _ => Vec::new(),
        }
    }

    /// The call in a few words without any secret, such as `rtb-0a… ⇐ vgw-0b…`.
    pub fn describe(&self) -> String {
        match self {
            Self::CreateCustomerGateway {
                ip_address,
                bgp_asn,
                ..
            } => {
                format!("{ip_address} AS{bgp_asn}")
            }
            Self::DeleteCustomerGateway(id) => id.to_string(),
            Self::CreateVpnGateway {
                amazon_side_asn, ..
            } => format!("AS{amazon_side_asn}"),
            Self::DeleteVpnGateway(id) => id.to_string(),
            Self::AttachVpnGateway { vpn_gateway, vpc }
            | Self::DetachVpnGateway { vpn_gateway, vpc } => format!("{vpn_gateway} {vpc}"),
            Self::CreateVpnConnection {
                customer_gateway,
                end,
                tunnels,
                ..
            } => format!(
                "{customer_gateway} {end} inside {} {}",
                tunnels[0].0.inside_cidr, tunnels[1].0.inside_cidr
            ),
            Self::DeleteVpnConnection(id) => id.to_string(),
            Self::CreateVpnConnectionRoute {
                connection,
                destination,
            }
            | Self::DeleteVpnConnectionRoute {
                connection,
                destination,
            } => {
                format!("{connection} {destination}")
            }
            Self::EnableVgwRoutePropagation {
                route_table,
                vpn_gateway,
            }
            | Self::DisableVgwRoutePropagation {
                route_table,
                vpn_gateway,
            } => {
                format!("{route_table} {vpn_gateway}")
            }
            Self::ModifyVpnTunnelOptions {
                connection,
                outside,
                ..
            } => {
                format!("{connection} tunnel {outside}")
            }
            Self::Transit(call) => call.describe(),
            Self::DirectConnect(call) => call.describe(),
            Self::CreateTags { resource, .. } => resource.clone(),
        }
    }
}
