//! What the sandbox promises, seen through its API.

mod codes;
mod duplicates;
mod faults;
mod property;
mod states;
mod store;
mod telemetry;
mod troubles;
mod tunnels;
