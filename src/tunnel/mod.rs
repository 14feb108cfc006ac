//! Both ends agree because both come from one model.
//!
//! [`negotiate()`] chooses one proposal per phase out of site policy × device abilities × what AWS
//! allows; the result is sent to AWS as explicit options for both tunnels and rendered for the
//! device. [`xml::read`] reads AWS's answer for addresses, ASNs and keys only, never for crypto,
//! and [`join()`] puts the two together.

mod bgp_key;
mod choice;
pub mod direct_connect;
mod element;
pub mod inside;
mod join;
pub mod key;
mod model;
mod mtu;
mod narrow;
mod negotiate;
mod refusal;
#[cfg(test)]
pub(crate) mod sample;
mod weak;
pub mod xml;

pub use bgp_key::BgpKey;
pub use direct_connect::{
    BFD_INTERVAL, BFD_MULTIPLIER, COMMUNITY_HIGH, DirectConnectLink, PREFERRED, Way,
};
pub use join::{JoinError, JoinErrors, join};
pub use model::{
    Abilities, Bgp, Endpoint, Phase, PreSharedKey, RouteExchange, Tunnel, TunnelOptions, TunnelSet,
};
pub use mtu::{mss, mtu};
pub use narrow::{Narrowing, narrow};
pub use negotiate::{AWS_PHASE1_GROUPS, AWS_PHASE2_GROUPS, negotiate, strongest};
pub use refusal::{NegotiationError, NegotiationErrors};
pub use weak::weak_of;
