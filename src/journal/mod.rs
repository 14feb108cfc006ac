//! The memory of a run: append-only JSON lines, on disk before and after every mutating call.
//!
//! No state file decides anything: what exists is found by tags. The journal exists because EC2's
//! VPN calls have no client token: it tells a lost reply from a call never made.

mod record;

pub use record::{Entry, JOURNAL_SCHEMA, Outcome, Record, RunResult};
