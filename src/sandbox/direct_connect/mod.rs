//! Direct Connect: ports, virtual interfaces, gateways, and what travels over them.
//!
//! One [`DirectConnect`] for the whole account. Connections and virtual interfaces lie in a region
//! and are shown there only; gateways, their associations and the proposals of those are the same
//! from every region. Nothing runs in the background here either: states are computed from times.
//!
//! `connection.rs`, `interface.rs` and `gateway.rs` are the things, `directory.rs` is where they are
//! kept, `routing.rs` says which prefixes travel where, and `attach.rs` plays those who are not AWS:
//! the people at the colocation and the site's router.

mod attach;
mod connection;
mod directory;
mod gateway;
mod interface;
mod routing;

pub use connection::{DxConnection, Line, MacSecKey};
pub use directory::DirectConnect;
pub use gateway::{DxAssociation, DxGateway, DxProposal};
pub use interface::{
    AddressFamily, BgpPeer, DxRouter, FailoverTest, InterfaceKind, VirtualInterface,
};

pub(super) use connection::PATCHING;
pub(super) use directory::{DxResource, find, find_mut, missing};
pub(super) use routing::{Beyond, announced, carried, learned, learned_by_vpn_gateway, reaches};
