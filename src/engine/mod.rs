//! Runs a plan: concurrent, resumable, one event stream.
//!
//! The dispatcher alone owns the run's state; a worker owns its step: observe → decide again →
//! journal the intent → call → journal the result → wait until ready → journal ready.
//!
//! `run.rs` is what goes in and comes out, `order.rs` who is next, `dispatcher.rs` the run,
//! `task.rs` what a step is, `worker.rs` what it does, with `provide.rs`, `update.rs` and `remove.rs` for what a step does,
//! `attempt.rs` for one call that must not happen twice, `retry.rs` for what a fault means to it,
//! `wait.rs` for everything that takes its time, and `search.rs` for what stopped runs may have made.
//! `keys.rs` is what a run needs before its first call, `handover.rs` what it leaves behind for the
//! router; `steer.rs` chooses between a site's two ways, outside of any run. `docs/engine.md` tells the story.

mod attempt;
mod bgp_key;
mod cancel;
mod dispatcher;
mod error;
mod event;
mod handover;
mod keys;
mod link;
mod order;
mod permit;
mod provide;
mod remove;
mod retry;
mod run;
mod search;
mod steer;
mod task;
mod unwritten;
mod update;
mod wait;
mod worker;

pub use bgp_key::bgp_key_of;
pub use cancel::{Cancel, CancelLevel};
pub use error::{Leftover, StepError, StepProblem};
pub use event::{Event, StepSummary};
pub use handover::{HandoverError, join_xml, read_back};
pub use keys::{KeyRing, KeysError, RunKeys, connection_of};
pub use link::direct_connect_link;
pub use run::{Job, RunReport, StepReport, run};
pub use search::{Awaited, look_patiently};
pub use steer::{SteerError, interface_of, prefer, start_failover_test, stop_failover_test};
pub use unwritten::{JournalCause, JournalProblem};

#[cfg(test)]
mod tests;
