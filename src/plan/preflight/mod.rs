//! Everything that would go wrong later and can be known now, found before the first write.
//!
//! AWS accepts most of these and says nothing: tunnels that never come up, routes that never win.
//! Each theme has its file; each refusal has a code in [`codes`](super::codes); all of them are
//! reported at once.

mod address;
mod asn;
mod cryptography;
mod quota;
mod route;
mod target;

pub(super) use cryptography::negotiated;

use super::findings::Findings;
use super::world::World;
use crate::spec::AccountId;

/// Checks everything that needs no playbook.
pub(super) fn check(world: &World<'_>, account: Option<&AccountId>, findings: &mut Findings<'_>) {
    target::check(world, account, findings);
    address::check(world, findings);
    asn::check(world, findings);
    quota::check(world, findings);
    route::check(world, findings);
}
