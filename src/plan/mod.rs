//! What will change: complete and boring.
//!
//! The planner is synchronous and, once the world has been observed, pure: the same site and the
//! same view give the same plan. Every choice is made here; the executor makes none.

mod model;

pub use model::{
    Basis, CostLine, Mode, PLAN_SCHEMA, PermissionNeed, Plan, PlannedStep, TunnelPlan, Warning,
};
