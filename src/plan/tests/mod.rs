//! Whole plans: what a person reads, what preflight refuses, what a teardown leaves.

mod access;
mod away;
mod direct_connect;
mod direct_policy;
mod halves;
mod memory;
mod pages;
mod refusals;
mod transit;
mod transit_changes;
mod twice;
mod worlds;
