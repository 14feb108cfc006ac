//! AWS at arm's length: the only stage that names the SDK.
//!
//! Reads come as a [`View`] of our own types, writes go out as a [`Call`], which is data: it can be
//! planned, dry-run, paced, journaled and shown before it is made. Every failure is a [`Fault`].

mod call;
mod codes;
mod fault;
mod model;
mod pace;
mod share;
mod view;

pub use call::{Answer, Call};
pub use fault::{Fault, FaultKind};
pub use model::{
    Attachment, CustomerGateway, NegotiatedTunnel, Route, RouteTable, SeenTunnel, State,
    StaticRoute, Tags, Telemetry, Vpc, VpnConnection, VpnGateway,
};
pub use view::{Collection, View};
