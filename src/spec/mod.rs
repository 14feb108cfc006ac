//! What the user wants: the site file, from YAML text to a [`Site`] that is valid by type.
//!
//! `raw.rs` is the shape that serde reads and the JSON Schema describes; `check.rs` turns it into
//! [`Site`] and collects every problem with line, column and help; nothing behind this stage
//! checks a site again.

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

pub use codes::Code;
pub use crypto::{DhGroup, DpdAction, Encryption, IkeVersion, Integrity, StartupAction};
pub use id::{
    AccountId, CustomerGatewayId, InvalidId, RouteTableId, SubnetId, TransitGatewayId, VpcId,
    VpnConnectionId, VpnGatewayId,
};
pub use load::{Loaded, load, load_bytes, read};
pub use net::{Asn, InsideCidr, InvalidValue, Region, SiteName};
pub use problem::{Findings, Label, Problem, SpecErrors};
pub use schema::schema;
pub use site::{
    Appliance, AttachTo, AwsSide, Environment, Gateway, RouteTables, Routing, Security, Site,
    TunnelWishes,
};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
