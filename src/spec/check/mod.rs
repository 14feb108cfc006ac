//! From the raw shape to a [`Site`](super::Site), with every problem on the way.
//!
//! A check returns its value or the proof that its absence was reported, and never stops at the
//! first problem: each part is checked before any of them is missed.

mod aws;
mod crypto;
mod direct_connect;
mod gateway;
mod lan;
mod logs;
mod private_vpn;
mod site;
mod special;
mod transit;
mod tunnels;
mod values;

pub(super) use gateway::{local_ip, outside_ip};
pub(super) use lan::network;
pub(super) use site::{expiry, site};
pub(super) use values::{asn, word};
