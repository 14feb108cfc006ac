//! What the sandbox promises, seen through its API.

mod codes;
mod duplicates;
mod faults;
mod paths;
mod property;
mod states;
mod store;
mod telemetry;
mod transit_codes;
mod transit_states;
mod transit_vpn;
mod troubles;
mod tunnels;
