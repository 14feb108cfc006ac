//! An honest look-alike of the EC2 VPN and Direct Connect APIs: states that take time, and answers like AWS's own.
//!
//! The sandbox is a state machine behind the wire formats of EC2 (Query and XML, version
//! 2016-11-15), STS, and Direct Connect (awsJson 1.1 and Smithy RPC v2 CBOR). It is used in-process by `--sandbox`, over HTTP by `underpass sandbox`,
//! and by the tests. It depends on no other stage, so that it cannot share their mistakes.
//!
//! What it models: virtual private gateways, transit gateways with their attachments and route
//! tables, customer gateways and VPN connections with every tunnel option, their states on a clock
//! that may run fast, duplicate semantics, `DryRun`, quotas, token buckets, propagated routes,
//! telemetry that follows a simulated site router, Direct Connect from the order of a port to the
//! routes that travel over it (see [`DirectConnect`]), which way traffic takes (see [`Path`]), and the
//! ways in which AWS fails (see [`Faults`]). What it does not model: Cloud WAN, VPN concentrators,
//! outside addresses of IPv6, other accounts' attachments, of Direct Connect public virtual
//! interfaces, link aggregation groups, interconnects, prefix pools, rate limits, resiliency groups,
//! routes of IPv6 and what SiteLink carries; packets. Signatures are **not** verified: a request must name credentials, and
//! any will do; over HTTP its signature must be no older or newer than five minutes.
//!
//! Reading order: [`Request`] → `session.rs` (one call from end to end) → `calls/` (one file per
//! kind of resource, Direct Connect's in `calls/dx/`) → `lifecycle.rs`, `telemetry.rs`, `tunnel_options.rs` (what makes it behave)
//! → `store.rs` and [`serve`].
//!
//! # Endpoints for people and scripts
//!
//! Over HTTP the sandbox also answers below `/_underpass/`, without credentials:
//!
//! | Request | Does |
//! |---|---|
//! | `POST /_underpass/gateway?ip=198.51.100.7&state=online` | plays the site's router: `online`, `offline`, `half-up` or `no-bgp`; without `ip`, every router |
//! | `POST /_underpass/gateway?ip=198.51.100.7&lan=10.20.0.0/24,10.21.0.0/24` | sets the prefixes that this router announces |
//! | `POST /_underpass/faults?set=throttle,lost-replies&seed=7` | replaces the injected faults; an empty `set` removes them |
//! | `POST /_underpass/direct-connect?transit-gateway=tgw-…&lan=10.20.0.0/24` | gives a transit gateway a Direct Connect that has been up for years and brings these prefixes, and answers with the attachment's id; `region`, eu-central-1 without it |
//! | `POST /_underpass/direct-connect/association?association=…&error=…` | lets AWS fail to make an association: it ends `disassociated` with that `stateChangeError` |
//! | `POST /_underpass/direct-connect/letter?connection=dxcon-…&after=60` | lets AWS issue the letter of authorization of a port after so many seconds, or now |
//! | `POST /_underpass/direct-connect/port?connection=dxcon-…&state=up&after=864000` | makes the cross connect of a port, or with `down` puts its light out; `after` as above. A port comes up when its letter is issued, not before |
//! | `POST /_underpass/direct-connect/router?interface=dxvif-…&state=up&lan=10.20.0.0/24` | plays the site's router on a virtual interface, `up` or `down`, and sets the prefixes that it announces there; either will do. Untold, it does as the router that stands for all others |
//! | `POST /_underpass/direct-connect/hosted?vlan=381&bandwidth=500Mbps&location=SBX1` | lets a partner order a hosted connection, and answers with its id; `region` as above |
//! | `GET /_underpass/paths?vpc=vpc-…&prefix=10.20.0.0/24` | which way traffic takes between each route table of the VPC and the prefix; `region` as above |
//! | `GET /_underpass/calls` | the calls this process answered, oldest first |
//! | `GET /_underpass/world` | everything that exists, with the pre-shared keys redacted |

mod bucket;
mod calls;
mod configuration;
mod consistency;
mod control;
mod direct_connect;
mod error;
mod fault;
mod filter;
mod former;
mod ids;
mod lifecycle;
mod log_options;
mod path;
mod protocol;
mod quota;
mod resource;
#[expect(
    clippy::module_inception,
    reason = "the file that holds the type `Sandbox`"
)]
mod sandbox;
mod secret;
mod seed;
mod serve;
mod session;
mod site;
mod store;
mod telemetry;
mod transit;
mod transit_routing;
mod tunnel_options;
mod tunnel_values;
mod vpc_routing;
mod wire;
mod witness;
mod world;
mod xml;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use direct_connect::{
    AddressFamily, BgpPeer, DirectConnect, DxAssociation, DxConnection, DxGateway, DxProposal,
    DxRouter, FailoverTest, InterfaceKind, Line, MacSecKey, VirtualInterface,
};
pub use error::SandboxError;
pub use fault::{Faults, Injected, Stuck, Trouble};
pub use ids::{Kind, ResourceId};
pub use lifecycle::{Lifecycle, State};
pub use log_options::LogOptions;
pub use path::{Gap, Lane, Lanes, Path};
pub use sandbox::{Call, Sandbox, SandboxOptions};
pub use secret::PreSharedKey;
pub use serve::serve;
pub use site::{Site, SiteGateway};
pub use telemetry::GatewaySim;
pub use transit::{
    Attached, TransitAssociation, TransitAttachment, TransitGateway, TransitGatewayOptions,
    TransitRoute, TransitRouteTable, VpcAttachmentOptions,
};
pub use tunnel_options::TunnelOptions;
pub use wire::{Reply, Request};
pub use witness::{Delivery, Witness};
pub use world::{
    Attachment, CustomerGateway, Region, Route, RouteTable, StaticRoute, Subnet, Tags, Tunnel, Vpc,
    VpnConnection, VpnFeatures, VpnGateway, World,
};
