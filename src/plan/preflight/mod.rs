//! Everything that would go wrong later and can be known now, found before the first write.
//!
//! AWS accepts most of these and says nothing: tunnels that never come up, routes that never win.
//! Each theme has its file; each refusal has a code in [`codes`](super::codes); all of them are
//! reported at once.

mod address;
mod asn;
mod check;
mod cryptography;
mod direct_connect;
mod direct_connect_limits;
mod private_vpn;
mod quota;
mod route;
mod target;
mod transit;

pub(super) use check::check;
pub(super) use cryptography::negotiated;
