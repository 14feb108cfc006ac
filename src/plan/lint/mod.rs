//! An independent check of a plan, which trusts nothing that the planner did.
//!
//! It repeats no code of the planner: what order is possible, which actions there are, what is
//! weak and what is billed stands here a second time, so that a mistake in one is found by the
//! other. Plans that were saved and edited are checked the same way before they are applied.

mod direct_connect;
mod direct_connect_owner;
mod duplicate;
mod effect;
mod foreign;
mod identity;
mod order;
mod report;
mod secret;
mod surplus;
#[cfg(test)]
mod tests;
mod transit;
mod tunnel;

pub use report::{LintFinding, Severity, lint, lint_begun, lint_in};
