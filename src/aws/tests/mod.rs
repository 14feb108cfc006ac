//! The stage from outside: what goes over the wire, what comes back, and what it means.

mod answers;
mod bucket;
mod decoded;
mod failures;
mod hostile;
mod lifecycle;
mod trouble;
mod wire;
