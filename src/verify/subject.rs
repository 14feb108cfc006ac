//! What is verified: the end state that a plan promised.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::aws::{ConnectionEnd, FailoverTest, Fault, InterfaceRoutes, NegotiatedTunnel};
use crate::plan::TunnelPlan;
use crate::spec::{RouteTableId, Site, VpcId, VpnConnectionId};

/// A connection and everything that should be true of it.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The site; its `routing` and `lan` say which routes are expected.
    pub site: Site,
    /// The site file as the user named it, for the commands that are suggested.
    pub site_file: String,
    /// The flags that those commands need as well, such as ` --sandbox`; each with a space before.
    pub flags: String,
    /// Both tunnels as planned.
    pub tunnels: Vec<TunnelPlan>,
    /// The connection.
    pub connection: VpnConnectionId,
    /// The gateway that it ends on.
    pub end: ConnectionEnd,
    /// The VPC.
    pub vpc: VpcId,
    /// The VPC's route tables that shall lead to the site's networks.
    pub route_tables: Vec<RouteTableId>,
    /// Lines of the tunnels' IKE log, oldest first, if somebody has them: the best witness of
    /// why a tunnel is down.
    pub ike_log: Vec<String>,
}

/// What `GetActiveVpnTunnelStatus` answered, or why it did not, by outside address.
pub type Negotiated = BTreeMap<Ipv4Addr, Result<NegotiatedTunnel, Fault>>;

/// What Direct Connect answered, where a site has one.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// Why its objects could not be looked at.
    pub unseen: Option<Fault>,
    /// What `ListVirtualInterfaceRoutes` answered; none when there was nothing to ask about.
    pub routes: Option<Result<InterfaceRoutes, Fault>>,
    /// The fail-over tests that AWS tells of, oldest first.
    pub tests: Vec<FailoverTest>,
}
