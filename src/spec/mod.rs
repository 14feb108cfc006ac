//! What the user wants: the site file, from YAML text to a [`Site`] that is valid by type.
//!
//! `node.rs` makes a tree of the YAML text in which every value knows its place; `read.rs` and
//! `access.rs` let serde read the shape of `raw.rs` out of it, which the JSON Schema describes too;
//! `check/` turns the shape into [`Site`]. All of them report and go on, so that one look at the
//! report mends the file. Nothing behind this stage checks a site again.

mod access;
mod check;
mod codes;
mod crypto;
pub mod durations;
mod field;
mod id;
pub mod init;
mod load;
mod mask;
mod net;
mod node;
mod problem;
mod raw;
mod read;
mod schema;
mod site;
mod syntax;
mod text;

pub use codes::Code;
pub use crypto::{DhGroup, DpdAction, Encryption, IkeVersion, Integrity, StartupAction};
pub use id::{
    AccountId, CustomerGatewayId, DxAssociationId, DxConnectionId, DxGatewayId, InvalidId,
    RouteTableId, SubnetId, TransitGatewayAttachmentId, TransitGatewayId,
    TransitGatewayRouteTableId, VirtualInterfaceId, VpcId, VpnConnectionId, VpnGatewayId,
};
pub use load::{Loaded, load, load_bytes, read};
pub use net::{Asn, InsideCidr, InvalidValue, OutsideAddress, Region, SiteName};
pub use problem::{Findings, Label, Problem, SpecErrors};
pub use schema::schema;
pub use site::{
    Appliance, AttachTo, AwsSide, DirectConnectSide, DxOrder, DxTarget, Environment, Gateway,
    LinkAddresses, Macsec, RouteTables, Routing, Security, Site, TransitSide, TransitTarget,
    TunnelWishes,
};
pub use text::{can_be_pointed_at, in_place, is_hostile, one_line};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
