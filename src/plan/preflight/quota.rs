//! Quotas that would be reached in the middle of a run.

use crate::plan::findings::Findings;
use crate::plan::world::{World, is_of};
use crate::spec::{AccountId, TransitTarget};

/// A quota of the account and Region with its default (AWS VPN guide, quotas).
struct Quota {
    code: &'static str,
    what: &'static str,
    default: usize,
    quota_code: &'static str,
}

const VPN_GATEWAYS: Quota = Quota {
    code: "preflight::quota_vpn_gateways",
    what: "virtual private gateways in the Region",
    default: 5,
    quota_code: "L-7029FAB6",
};
const CUSTOMER_GATEWAYS: Quota = Quota {
    code: "preflight::quota_customer_gateways",
    what: "customer gateways in the Region",
    default: 50,
    quota_code: "L-4FB7FF5D",
};
const CONNECTIONS: Quota = Quota {
    code: "preflight::quota_connections",
    what: "VPN connections in the Region",
    default: 50,
    quota_code: "L-3E6EC3A3",
};
const TRANSIT_GATEWAYS: Quota = Quota {
    code: "preflight::quota_transit_gateways",
    what: "transit gateways in the Region",
    default: 5,
    quota_code: "transit gateways per account",
};
const CONNECTIONS_PER_GATEWAY: Quota = Quota {
    code: "preflight::quota_connections_per_gateway",
    what: "VPN connections on the gateway",
    default: 10,
    quota_code: "L-B91E5754",
};

impl Quota {
    /// Refuses when one more would be too many.
    fn room_for_one(&self, used: usize, findings: &mut Findings<'_>) {
        if used >= self.default {
            findings.refuse(
                self.code,
                format!(
                    "{used} {} are in use, the default quota is {}",
                    self.what, self.default
                ),
                format!(
                    "ask for more (Service Quotas, {}) or remove one; if yours has been raised \
                     already, accept this",
                    self.quota_code
                ),
            );
        }
    }
}

pub(super) fn check(world: &World<'_>, account: Option<&AccountId>, findings: &mut Findings<'_>) {
    let Some(view) = world.view else { return };
    if let Some(target) = world.transit_target() {
        if *target == TransitTarget::New && world.transit_gateway().is_none() {
            let own = view.transit_gateways.values().filter(|it| {
                // Those that are shared count against their owner's quota.
                !it.state.is_ending() && (account.is_none() || it.owner.as_ref() == account)
            });
            TRANSIT_GATEWAYS.room_for_one(own.count(), findings);
        }
    } else if world.gateway.is_none() && world.named_gateway().is_none() {
        VPN_GATEWAYS.room_for_one(world.live_gateways().count(), findings);
    }
    let mut customer_gateways = view
        .customer_gateways
        .values()
        .filter(|gateway| !gateway.state.is_ending());
    let has_one = world.site.aws.customer_gateway.is_some()
        || customer_gateways
            .clone()
            .any(|gateway| is_of(&world.site.name, &gateway.tags));
    if !has_one {
        CUSTOMER_GATEWAYS.room_for_one(customer_gateways.by_ref().count(), findings);
    }
    if world.connection.is_none() && world.site.aws.connection.is_none() {
        CONNECTIONS.room_for_one(world.live_connections().count(), findings);
        CONNECTIONS_PER_GATEWAY.room_for_one(world.gateway_neighbours().len(), findings);
    }
}
