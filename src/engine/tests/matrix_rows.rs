//! What the matrix is made of: calls and the lives they happen in, faults, runs.

use crate::sandbox::Injected;

/// What a site is on its way to when the fault hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Onboarding,
    Tags,
    Tunnels,
    Replacement,
    Teardown,
    /// Onboarding on a transit gateway of the site's own.
    Attaching,
    /// Other subnets for the VPC's attachment.
    Subnets,
    /// Onboarding on somebody's transit gateway, with a table that the site file names.
    Tables,
    /// The same site, whose file names no table any more.
    Narrowing,
    /// Teardown of the first.
    Detaching,
    /// Onboarding with a Direct Connect, until people have to act.
    Ordering,
    /// The same with a connection that a partner offers.
    Accepting,
    /// The port is up: a private virtual interface joins.
    Joining,
    /// The same with a transit virtual interface.
    Bridging,
    /// Another prefix, another MTU and another tag for the first of these.
    Widening,
    /// Teardown of the first.
    Unplugging,
}

impl Life {
    pub(super) const fn is_transit(self) -> bool {
        matches!(
            self,
            Self::Attaching
                | Self::Subnets
                | Self::Tables
                | Self::Narrowing
                | Self::Detaching
                | Self::Bridging
        )
    }

    /// Whether AWS takes a tenth of the hours that a Direct Connect takes, in which there are nothing
    /// but looks.
    pub(super) const fn is_quick(self) -> bool {
        matches!(
            self,
            Self::Ordering | Self::Joining | Self::Bridging | Self::Widening | Self::Unplugging
        )
    }

    /// Its name in words.
    pub(super) fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// Whether it ends with people who have to act.
    pub(super) const fn parks(self) -> bool {
        matches!(self, Self::Ordering | Self::Accepting)
    }

    /// Whether it is a teardown.
    pub(super) const fn ends(self) -> bool {
        matches!(self, Self::Teardown | Self::Detaching | Self::Unplugging)
    }
}

/// A call, where it happens, and how often it must have its effect there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) action: &'static str,
    pub(super) life: Life,
    pub(super) effects: usize,
}

impl Row {
    /// Whether it is one of that life.
    pub(super) fn is_in(&self, life: &str) -> bool {
        self.life.name() == life
    }
}

pub(super) const ROWS: [Row; 46] = [
    row("CreateCustomerGateway", Life::Onboarding, 1),
    row("CreateVpnGateway", Life::Onboarding, 1),
    row("AttachVpnGateway", Life::Onboarding, 1),
    row("CreateVpnConnection", Life::Onboarding, 1),
    row("CreateVpnConnectionRoute", Life::Onboarding, 2),
    row("EnableVgwRoutePropagation", Life::Onboarding, 2),
    row("CreateTags", Life::Tags, 3),
    row("ModifyVpnTunnelOptions", Life::Tunnels, 2),
    row("DeleteVpnConnection", Life::Replacement, 1),
    row("CreateVpnConnection", Life::Replacement, 1),
    row("DeleteVpnConnectionRoute", Life::Teardown, 2),
    row("DisableVgwRoutePropagation", Life::Teardown, 2),
    row("DeleteVpnConnection", Life::Teardown, 1),
    row("DetachVpnGateway", Life::Teardown, 1),
    row("DeleteCustomerGateway", Life::Teardown, 1),
    row("DeleteVpnGateway", Life::Teardown, 1),
    row("CreateTransitGateway", Life::Attaching, 1),
    row("CreateTransitGatewayVpcAttachment", Life::Attaching, 1),
    row("CreateVpnConnection", Life::Attaching, 1),
    row("CreateTransitGatewayRoute", Life::Attaching, 2),
    row("CreateRoute", Life::Attaching, 4),
    row("ModifyTransitGatewayVpcAttachment", Life::Subnets, 1),
    row("DisassociateTransitGatewayRouteTable", Life::Tables, 1),
    row("AssociateTransitGatewayRouteTable", Life::Tables, 1),
    row("EnableTransitGatewayRouteTablePropagation", Life::Tables, 1),
    row("CreateVpnConnection", Life::Tables, 1),
    row(
        "DisableTransitGatewayRouteTablePropagation",
        Life::Narrowing,
        1,
    ),
    row("DeleteRoute", Life::Detaching, 4),
    row("DeleteTransitGatewayRoute", Life::Detaching, 2),
    row("DeleteVpnConnection", Life::Detaching, 1),
    row("DeleteCustomerGateway", Life::Detaching, 1),
    row("DeleteTransitGatewayVpcAttachment", Life::Detaching, 1),
    row("DeleteTransitGateway", Life::Detaching, 1),
    row("CreateConnection", Life::Ordering, 1),
    row("CreateDirectConnectGateway", Life::Ordering, 1),
    row("ConfirmConnection", Life::Accepting, 1),
    row("CreatePrivateVirtualInterface", Life::Joining, 1),
    row("CreateDirectConnectGatewayAssociation", Life::Joining, 1),
    row("CreateTransitVirtualInterface", Life::Bridging, 1),
    row("UpdateDirectConnectGatewayAssociation", Life::Widening, 1),
    row("UpdateVirtualInterfaceAttributes", Life::Widening, 1),
    row("TagResource", Life::Widening, 3),
    row("DeleteVirtualInterface", Life::Unplugging, 1),
    row("DeleteDirectConnectGatewayAssociation", Life::Unplugging, 1),
    row("DeleteDirectConnectGateway", Life::Unplugging, 1),
    row("DeleteConnection", Life::Unplugging, 1),
];

const fn row(action: &'static str, life: Life, effects: usize) -> Row {
    Row {
        action,
        life,
        effects,
    }
}

/// A fault, how often in a row it hits the call, and its heading.
pub(super) const FAULTS: [(Injected, u32, &str); 8] = [
    (Injected::Reset, 1, "reset before"),
    (Injected::LostReply, 1, "lost reply"),
    (Injected::Throttled, 5, "throttle ×5"),
    (Injected::InternalError, 1, "500"),
    (Injected::Unavailable, 1, "503"),
    (Injected::LateInternalError, 1, "500 after"),
    (Injected::Spike, 1, "too late"),
    (Injected::Unseen, 1, "unseen"),
];

/// Which run meets the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// The first, which has to cope by itself.
    First,
    /// The first, whose process dies before it can write down the answer; the next goes on.
    Dies,
    /// The one that goes on after a death between the intent and the call.
    Resumed,
}

pub(super) const RUNS: [(Run, &str); 3] = [
    (Run::First, "first"),
    (Run::Dies, "dies"),
    (Run::Resumed, "resumed"),
];

/// Calls that the matrix does not play: `cutover`'s three, which no onboarding and no teardown makes,
/// and MACsec's two, which are repeatable. Both have tests of their own.
pub(super) const ELSEWHERE: [&str; 5] = [
    "AssociateMacSecKey",
    "StartBgpFailoverTest",
    "StopBgpFailoverTest",
    "UntagResource",
    "UpdateConnection",
];
