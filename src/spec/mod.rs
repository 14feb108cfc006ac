//! What the user wants: the site file, from YAML text to a [`Site`] that is valid by type.
//!
//! `raw.rs` is the shape that serde reads and the JSON Schema describes; `check.rs` turns it into
//! [`Site`] and collects every problem with line, column and help; nothing behind this stage
//! checks a site again.

mod crypto;
mod id;
mod net;
mod site;

pub use crypto::{DhGroup, DpdAction, Encryption, IkeVersion, Integrity, StartupAction};
pub use id::{
    AccountId, CustomerGatewayId, InvalidId, RouteTableId, SubnetId, TransitGatewayId, VpcId,
    VpnConnectionId, VpnGatewayId,
};
pub use net::{Asn, InsideCidr, InvalidValue, Region, SiteName};
pub use site::{
    Appliance, AttachTo, AwsSide, Environment, Gateway, RouteTables, Routing, Security, Site,
    TunnelWishes,
};
