//! The kinds of resource: one file per kind, one line in the registry.
//!
//! A kind is pure: it finds itself in a [`View`](crate::aws::View), decides what would have to
//! change, and says so as [`Call`](crate::aws::Call)s. Looking, calling and waiting are the
//! engine's business, so every kind gets crash safety, pacing and waits for nothing.

mod customer_gateway;
mod dx_connection;
mod dx_gateway;
mod dx_gateway_association;
mod errand;
mod inputs;
mod keys;
mod kind;
mod listed;
mod owner;
mod rank;
mod registry;
mod remembered;
mod remembered_routes;
mod remembered_tables;
mod route_propagation;
mod sharing;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod transit_gateway;
mod transit_gateway_route;
mod transit_gateway_vpc_attachment;
mod transit_pair;
mod virtual_interface;
mod vpc_route;
mod vpn_connection;
mod vpn_connection_route;
mod vpn_gateway;
mod vpn_gateway_attachment;

pub use dx_gateway_association::TAG_ASSOCIATES;
pub use errand::{CROSS_CONNECT, Errand, Standing, ladder, next_errand};
pub use inputs::{Inputs, KindError, Maybe};
pub use keys::Keys;
pub use kind::{
    Change, Decision, Finding, Goal, InputSpec, Kind, Owned, Ownership, Policy, Progress, Seen,
    TunnelImpact, Usual,
};
pub use owner::{
    NEVER_EXPIRES, Owner, TAG_ENVIRONMENT, TAG_EXPIRES_AT, TAG_RUN, TAG_SITE, TAG_STEP,
};
pub use rank::{chosen_connection, chosen_vpn_gateway, tunnels_up, why_kept};
pub use registry::{Registry, registry};
pub use remembered::{
    Propagation, TAG_PROPAGATION, all_remembered_propagation, propagation_of_others,
    remembered_propagation,
};
pub use remembered_routes::{TAG_ROUTES, TAG_VPC, WrittenRoutes, written_routes};
pub use remembered_tables::{
    TAG_ASSOCIATED, TAG_PROPAGATES, associated_tables, spread_by_the_site,
};
pub use sharing::{Kept, kept_for_others};
pub use transit_gateway::first_cidr;
pub use virtual_interface::TAG_PREFERS;
pub use vpn_connection::{is_connection, kind_of};
