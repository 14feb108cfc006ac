//! What will change: complete and boring.
//!
//! The planner is synchronous and, once the world has been observed, pure: the same site and the
//! same view give the same plan. Every choice is made here; the executor makes none.
//!
//! [`onboard`] asks `preflight/` what speaks against it, then walks the playbook's graph and lets
//! each kind decide; [`teardown`] needs nothing but a view. `lint/` checks plans and trusts neither
//! of them.

mod basis;
mod changes;
mod codes;
mod cost;
mod direct_connect;
mod duplicates;
mod expired;
mod findings;
mod journal_policy;
mod leaving;
mod lint;
mod memory;
mod model;
mod onboard;
mod order;
mod permissions;
mod policy;
mod preflight;
mod question;
mod resolve;
pub mod show;
mod surplus;
mod surplus_direct_connect;
mod teardown;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod transit;
mod wire;
mod world;

pub use changes::Counts;
pub use codes::{Code, codes, find as find_code};
pub use cost::{HOURS_PER_MONTH, Price, PriceError, Prices};
pub use duplicates::{Duplicate, Twin};
pub use expired::{DoubtfulSite, ExpiredSite, Expiry, expired};
pub use findings::{PlanErrors, Refusal};
pub use journal_policy::journal_policy;
pub use lint::{LintFinding, Severity, lint, lint_begun, lint_in};
pub use model::{
    Basis, CostLine, Mode, PLAN_SCHEMA, PermissionNeed, Plan, PlannedStep, TunnelPlan, Warning,
};
pub use onboard::onboard;
pub use order::Order;
pub use policy::{LARGEST_POLICY, PolicyFor, Scope, policy};
pub use question::Question;
pub use resolve::{Outputs, resolve};
pub use teardown::teardown;
pub use wire::calls;
