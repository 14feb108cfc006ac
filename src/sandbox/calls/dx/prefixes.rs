//! Allowed prefixes.

use std::collections::BTreeSet;

use ipnet::IpNet;

use crate::sandbox::calls::context::Context;
use crate::sandbox::calls::dx::params::{refused, required};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::ResourceId;
use crate::sandbox::quota::Quota;
use crate::sandbox::wire::Params;

/// The prefixes of a list; each is to be written as a network.
pub(super) fn list(params: &Params<'_>, name: &str) -> Result<BTreeSet<IpNet>, ApiError> {
    let given = params.list(name);
    given
        .iter()
        .map(|prefix| {
            let text = required(prefix, "cidr")?;
            let network: Option<IpNet> = text.parse().ok();
            network
                .filter(|network| *network == network.trunc())
                .ok_or_else(|| refused(format!("{text} is not a valid CIDR.")))
        })
        .collect()
}

/// Refuses what a transit gateway cannot announce: too much, or what another transit gateway of the
/// same Direct Connect gateway does already (Direct Connect user guide).
pub(super) fn check(
    context: &Context<'_>,
    gateway: &ResourceId,
    associated: &ResourceId,
    prefixes: &BTreeSet<IpNet>,
) -> Result<(), ApiError> {
    if let Some(last) = prefixes.len().checked_sub(1) {
        Quota::DxPrefixes.check(last, context.faults.quotas())?;
    }
    let others = context.direct.associations_of(gateway, context.now);
    for other in others.filter(|it| it.is_transit && it.associated != *associated) {
        let overlap = prefixes.iter().find(|prefix| {
            let mut known = other.wanted().iter();
            known.any(|known| known.contains(*prefix) || prefix.contains(known))
        });
        if let Some(prefix) = overlap {
            return Err(refused(format!(
                "{prefix} overlaps with an allowed prefix of {}, which is associated with the same \
                 Direct Connect gateway.",
                other.associated
            )));
        }
    }
    Ok(())
}
