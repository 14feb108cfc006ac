//! All themes, in the order in which a person would ask.

use super::{address, asn, quota, route, target, transit};
use crate::plan::findings::Findings;
use crate::plan::world::World;
use crate::spec::AccountId;

/// Checks everything that needs no playbook.
pub(in crate::plan) fn check(
    world: &World<'_>,
    account: Option<&AccountId>,
    findings: &mut Findings<'_>,
) {
    target::check(world, account, findings);
    transit::check(world, findings);
    address::check(world, findings);
    asn::check(world, findings);
    quota::check(world, account, findings);
    route::check(world, findings);
}
