//! AWS at arm's length: the only stage that names the SDK.
//!
//! Reads come as a [`View`] of our own types, writes go out as a [`Call`], which is data: it can be
//! planned, dry-run, paced, journaled and shown before it is made. Every failure is a [`Fault`].
//!
//! Reading order: [`Client`] → `transport.rs` (credentials, HTTP, retries; `bounded.rs` for
//! answers that end, `in_process.rs` for the sandbox, `endpoint.rs` for where they go) → `describe.rs` and `convert*.rs` (a look) →
//! `request.rs` (a call) → `sdk_error.rs` and `codes.rs` (what a failure means) → `pace.rs` and
//! `share.rs` (many sites at once). Beside them stands `objects.rs`: small objects in S3, for what a
//! team shares.

mod bounded;
mod bucket_address;
mod call;
mod client;
mod codes;
mod convert;
mod convert_direct_connect;
mod convert_transit;
mod convert_vpn;
mod date_header;
mod decoded;
mod describe;
mod describe_direct_connect;
mod describe_transit;
mod direct_connect;
mod direct_connect_call;
mod direct_connect_look;
mod endpoint;
mod fault;
mod in_process;
mod letter;
mod look;
mod model;
mod objects;
mod pace;
mod profile;
mod request;
mod request_direct_connect;
mod request_transit;
mod samples;
mod sdk_error;
mod server_clock;
mod share;
mod transit;
mod transit_call;
mod transport;
mod tunnel_request;
mod view;
mod wishes;

#[cfg(test)]
pub(crate) mod fake_s3;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod testing_direct_connect;
#[cfg(test)]
mod tests;

pub use bucket_address::{BucketAddress, BucketAddressError};
pub use call::{Answer, Call, ConnectionEnd, ConnectionTraits, service_of};
pub use client::{Caller, Client, Target};
pub use decoded::Decoded;
pub use direct_connect::{
    BgpPeer, DxAssociation, DxConnection, DxGateway, FailoverTest, InterfaceRoutes,
    VirtualInterface, VirtualInterfaceKind,
};
pub use direct_connect_call::{DirectConnectCall, VirtualInterfaceOptions};
pub use fault::{Fault, FaultKind};
pub use model::{
    Attachment, CustomerGateway, NegotiatedTunnel, Route, RouteTable, SeenTunnel, State,
    StaticRoute, Tags, Telemetry, Vpc, VpnConnection, VpnGateway,
};
pub use objects::{BucketTarget, Etag, Listing, Object, Objects, Put};
pub use samples::DeviceType;
pub use transit::{
    Subnet, TransitAssociation, TransitAttachment, TransitGateway, TransitPropagation,
    TransitRoute, TransitRouteTable, TransitTableContents, TransitVpcAttachment,
};
pub use transit_call::{TransitCall, TransitPair};
pub use view::{Breadth, Collection, TAG_DIRECT_CONNECT, TAG_SITE, TAG_TRANSIT, View};
