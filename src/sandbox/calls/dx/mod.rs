//! Direct Connect's actions. Their names and members are those of botocore's model.
//!
//! There is neither `DryRun` nor a client token. What the service refuses has one code for all; its
//! words are AWS's own where a source stands beside them, and guesses everywhere else.

mod associations;
mod connections;
mod documents;
mod failover;
mod gateways;
mod interface_changes;
mod interfaces;
mod locations;
mod mac_sec;
mod params;
mod peers;
mod prefixes;
mod proposals;
mod router_samples;
mod routers;
mod routes;
mod table;
mod tags;

pub(super) use table::ACTIONS;
