//! An honest look-alike of the EC2 VPN API: states that take time, and answers like AWS's own.
//!
//! The sandbox is a state machine behind the wire formats of EC2 (Query and XML, version
//! 2016-11-15) and STS. It is used in-process by `--sandbox`, over HTTP by `underpass sandbox`,
//! and by the tests. It depends on no other stage, so that it cannot share their mistakes.
//!
//! What it models: virtual private gateways, transit gateways with their attachments and route
//! tables, customer gateways and VPN connections with every tunnel option, their states on a clock
//! that may run fast, duplicate semantics, `DryRun`, quotas, token buckets, propagated routes,
//! telemetry that follows a simulated site router, which way traffic takes (see [`Path`]), and the
//! ways in which EC2 fails (see [`Faults`]). What it does not model: Cloud WAN, VPN concentrators,
//! outside addresses of IPv6, other accounts' attachments, Direct Connect but for its place in a
//! transit gateway's routes, packets. Signatures are **not** verified: a request must name credentials, and
//! any will do; over HTTP its signature must be no older or newer than five minutes.
//!
//! Reading order: [`Request`] → `session.rs` (one call from end to end) → `calls/` (one file per
//! kind of resource) → `lifecycle.rs`, `telemetry.rs`, `tunnel_options.rs` (what makes it behave)
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
//! | `POST /_underpass/direct-connect?transit-gateway=tgw-…&lan=10.20.0.0/24` | attaches a Direct Connect gateway that brings these prefixes, and answers with the attachment's id; `region`, eu-central-1 without it |
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
mod ids;
mod lifecycle;
mod log_options;
mod path;
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

pub use error::SandboxError;
pub use fault::{Faults, Injected, Stuck, Trouble};
pub use ids::{Kind, ResourceId};
pub use lifecycle::{Lifecycle, State};
pub use log_options::LogOptions;
pub use path::{Gap, Lane, Lanes, Path};
pub use sandbox::{Call, Sandbox, SandboxOptions};
pub use secret::PreSharedKey;
pub use serve::serve;
pub use telemetry::GatewaySim;
pub use transit::{
    Attached, TransitAssociation, TransitAttachment, TransitGateway, TransitGatewayOptions,
    TransitRoute, TransitRouteTable, VpcAttachmentOptions,
};
pub use tunnel_options::TunnelOptions;
pub use wire::{Reply, Request};
pub use witness::{Delivery, Witness};
pub use world::{
    Attachment, CustomerGateway, Region, Route, RouteTable, Site, SiteGateway, StaticRoute, Subnet,
    Tags, Tunnel, Vpc, VpnConnection, VpnFeatures, VpnGateway, World,
};
