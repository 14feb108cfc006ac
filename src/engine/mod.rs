//! Runs a plan: concurrent, resumable, one event stream.
//!
//! The dispatcher alone owns the run's state; a worker owns its step: observe → decide again →
//! journal the intent → call → journal the result → wait until ready → journal ready.

mod event;

pub use event::{Event, StepSummary};
