//! Both ends agree because both come from one model.
//!
//! `negotiate.rs` chooses one proposal per phase out of site policy × device abilities × what AWS
//! allows; the result is sent to AWS as explicit options for both tunnels and rendered for the
//! device. `xml.rs` reads AWS's answer for addresses, ASNs and keys only, never for crypto.

mod model;

pub use model::{
    Abilities, Bgp, Endpoint, Phase, PreSharedKey, RouteExchange, Tunnel, TunnelOptions, TunnelSet,
};
