//! What the sandbox promises, seen through its API.

mod codes;
mod duplicates;
mod faults;
mod states;
mod store;
mod telemetry;
mod tunnels;
