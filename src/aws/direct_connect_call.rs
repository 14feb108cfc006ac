//! A mutating Direct Connect call as data.
//!
//! None of them has a DryRun or a client token. Whatever is made carries tags or a name, so that it
//! can be looked for when an answer is lost.

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv4Net};

use super::call::ConnectionEnd;
use super::direct_connect::VirtualInterfaceKind;
use super::model::Tags;
use crate::spec::{Asn, DxAssociationId, DxConnectionId, DxGatewayId, VirtualInterfaceId};
use crate::tunnel::BgpKey;

/// One mutating Direct Connect call.
#[derive(Clone, Debug)]
pub enum DirectConnectCall {
    /// `CreateConnection`: orders a port, which bills from the day it is up, or 90 days after its
    /// letter of authorization at the latest.
    OrderConnection {
        /// Its name.
        name: String,
        /// The location's code.
        location: String,
        /// Such as `1Gbps`.
        bandwidth: String,
        /// The provider of the cross connect, where the location has several.
        provider: Option<String>,
        /// Whether the port shall be able to encrypt: never possible later.
        macsec: bool,
        /// Set in the same call.
        tags: Tags,
    },
    /// `ConfirmConnection`: accepts a hosted connection, which bills from then on.
    ConfirmConnection(DxConnectionId),
    /// `DeleteConnection`.
    DeleteConnection(DxConnectionId),
    /// `AssociateMacSecKey`: a key that Secrets Manager keeps; AWS alone reads it there.
    AssociateMacsecKey {
        /// The connection.
        connection: DxConnectionId,
        /// The secret's ARN.
        secret_arn: String,
    },
    /// `UpdateConnection`: what happens without a key.
    SetEncryption {
        /// The connection.
        connection: DxConnectionId,
        /// `no_encrypt`, `should_encrypt` or `must_encrypt`.
        mode: String,
    },
    /// `CreateDirectConnectGateway`.
    CreateGateway {
        /// Its name.
        name: String,
        /// AWS's ASN, immutable.
        amazon_side_asn: Asn,
        /// Set in the same call.
        tags: Tags,
    },
    /// `DeleteDirectConnectGateway`.
    DeleteGateway(DxGatewayId),
    /// `CreateDirectConnectGatewayAssociation`.
    Associate {
        /// The Direct Connect gateway.
        gateway: DxGatewayId,
        /// The gateway of the VPC.
        with: ConnectionEnd,
        /// What is announced to the site, or may be.
        allowed_prefixes: BTreeSet<Ipv4Net>,
    },
    /// `UpdateDirectConnectGatewayAssociation`: in place, never by way of a deletion.
    UpdateAllowedPrefixes {
        /// The association.
        association: DxAssociationId,
        /// Prefixes that are to be announced as well.
        add: BTreeSet<IpNet>,
        /// Prefixes that are no longer to be.
        remove: BTreeSet<IpNet>,
    },
    /// `DeleteDirectConnectGatewayAssociation`.
    Disassociate(DxAssociationId),
    /// `CreatePrivateVirtualInterface` or `CreateTransitVirtualInterface`.
    CreateVirtualInterface {
        /// Which of the two.
        kind: VirtualInterfaceKind,
        /// The connection.
        connection: DxConnectionId,
        /// The Direct Connect gateway that it leads to.
        gateway: DxGatewayId,
        /// What it is to be.
        options: VirtualInterfaceOptions,
        /// The BGP session's key.
        key: BgpKey,
        /// Set in the same call.
        tags: Tags,
    },
    /// `UpdateVirtualInterfaceAttributes`: a new MTU interrupts every virtual interface of the
    /// connection for half a minute.
    SetMtu {
        /// The virtual interface.
        interface: VirtualInterfaceId,
        /// In bytes.
        mtu: u16,
    },
    /// `DeleteVirtualInterface`.
    DeleteVirtualInterface(VirtualInterfaceId),
    /// `StartBgpFailoverTest`: ends every BGP session of a virtual interface for a while.
    StartFailoverTest {
        /// The virtual interface.
        interface: VirtualInterfaceId,
        /// For how many minutes, 1 to 4320.
        minutes: u16,
    },
    /// `StopBgpFailoverTest`.
    StopFailoverTest(VirtualInterfaceId),
    /// `TagResource`.
    Tag {
        /// The object's ARN.
        arn: String,
        /// Added or overwritten.
        tags: Tags,
    },
    /// `UntagResource`.
    Untag {
        /// The object's ARN.
        arn: String,
        /// The tag that goes.
        key: String,
    },
}

/// What a virtual interface is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualInterfaceOptions {
    /// Its name, at most 100 characters.
    pub name: String,
    /// 1 to 4094.
    pub vlan: u16,
    /// The site's ASN.
    pub asn: Asn,
    /// 1500, 8500 or 9001 bytes.
    pub mtu: u16,
    /// AWS's and the router's address, both with the mask of the link; none lets AWS choose.
    pub addresses: Option<(Ipv4Net, Ipv4Net)>,
}

impl DirectConnectCall {
    /// The action's name.
    pub const fn action(&self) -> &'static str {
        match self {
            Self::OrderConnection { .. } => "CreateConnection",
            Self::ConfirmConnection(_) => "ConfirmConnection",
            Self::DeleteConnection(_) => "DeleteConnection",
            Self::AssociateMacsecKey { .. } => "AssociateMacSecKey",
            Self::SetEncryption { .. } => "UpdateConnection",
            Self::CreateGateway { .. } => "CreateDirectConnectGateway",
            Self::DeleteGateway(_) => "DeleteDirectConnectGateway",
            Self::Associate { .. } => "CreateDirectConnectGatewayAssociation",
            Self::UpdateAllowedPrefixes { .. } => "UpdateDirectConnectGatewayAssociation",
            Self::Disassociate(_) => "DeleteDirectConnectGatewayAssociation",
            Self::CreateVirtualInterface { kind, .. } => match kind {
                VirtualInterfaceKind::Private => "CreatePrivateVirtualInterface",
                VirtualInterfaceKind::Transit => "CreateTransitVirtualInterface",
            },
            Self::SetMtu { .. } => "UpdateVirtualInterfaceAttributes",
            Self::DeleteVirtualInterface(_) => "DeleteVirtualInterface",
            Self::StartFailoverTest { .. } => "StartBgpFailoverTest",
            Self::StopFailoverTest(_) => "StopBgpFailoverTest",
            Self::Tag { .. } => "TagResource",
            Self::Untag { .. } => "UntagResource",
        }
    }

    /// Whether making it twice makes two things, or says of the second only that it failed.
    pub const fn is_unrepeatable(&self) -> bool {
        matches!(
            self,
            Self::OrderConnection { .. }
                | Self::CreateGateway { .. }
                | Self::CreateVirtualInterface { .. }
        )
    }

    /// Whether a change is refused when it is asked for again, or interrupts traffic once more.
    pub const fn is_felt_twice(&self) -> bool {
        matches!(
            self,
            Self::ConfirmConnection(_) | Self::UpdateAllowedPrefixes { .. } | Self::SetMtu { .. }
        )
    }

    /// The call in a few words without any secret.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::OrderConnection {
                location,
                bandwidth,
                ..
            } => format!("{bandwidth} at {location}"),
            Self::ConfirmConnection(id) | Self::DeleteConnection(id) => id.to_string(),
            Self::AssociateMacsecKey {
                connection,
                secret_arn,
            } => format!("{connection} {secret_arn}"),
            Self::SetEncryption { connection, mode } => format!("{connection} {mode}"),
            Self::CreateGateway {
                amazon_side_asn, ..
            } => format!("AS{amazon_side_asn}"),
            Self::DeleteGateway(id) => id.to_string(),
            Self::Associate { gateway, with, .. } => format!("{gateway} {with}"),
            Self::UpdateAllowedPrefixes {
                association,
                add,
                remove,
            } => format!("{association}{}{}", signed(add, '+'), signed(remove, '-')),
            Self::Disassociate(id) => id.to_string(),
            Self::CreateVirtualInterface {
                connection,
                gateway,
                options,
                ..
            } => format!("{connection} VLAN {} {gateway}", options.vlan),
            Self::SetMtu { interface, mtu } => format!("{interface} {mtu}"),
            Self::DeleteVirtualInterface(id) | Self::StopFailoverTest(id) => id.to_string(),
            Self::StartFailoverTest { interface, minutes } => {
                format!("{interface} for {minutes} min")
            }
            Self::Tag { arn, .. } => arn.clone(),
            Self::Untag { arn, key } => format!("{arn} -{key}"),
        }
    }
}

fn signed(prefixes: &BTreeSet<IpNet>, sign: char) -> String {
    prefixes.iter().map(|it| format!(" {sign}{it}")).collect()
}
