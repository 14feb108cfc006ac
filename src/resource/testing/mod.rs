//! Worlds for tests: builders of views, and a model of what a call does to one.

mod build;
mod clutter;
mod direct_connect;
mod fixture;
mod fixture_direct_connect;
mod fixture_transit;
mod model;
mod transit;

pub(crate) use build::{
    KEY, echo, inputs, keys, looked, nth, options, owner, set_state, set_up, tags_of, telemetry,
    tunnels, world,
};
pub(crate) use clutter::cluttered;
pub(crate) use direct_connect::BGP_KEY;
pub(crate) use fixture::{Fixture, fixture, foreign_gateway};
pub(crate) use model::apply;
pub(crate) use transit::new_table;
