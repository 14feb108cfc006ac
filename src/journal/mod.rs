//! The memory of a run: append-only JSON lines, on disk before and after every mutating call.
//!
//! No state file decides anything: what exists is found by tags. The journal exists because EC2's
//! VPN calls have no client token: it tells a lost reply from a call never made.
//!
//! ```text
//! <home>/.gitignore              *
//! <home>/<site>/lock             flock; its text says who holds it
//! <home>/<site>/keys.json        0600, the pre-shared keys by account, Region and inside CIDR
//! <home>/<site>/runs/<ulid>.jsonl
//! ```
//!
//! Runs and locks can lie elsewhere, behind [`Storage`]; keys never do.
//!
//! `record.rs` is what a line says, `line.rs` how it is written and proven whole, `history.rs` what
//! a journal adds up to (and which orders cannot be), `log.rs` the open journal of the running run,
//! `storage.rs` what runs and locks are kept in, `folder.rs` and `flock.rs` the folder, `bucket.rs`
//! and `bucket_lock.rs` the bucket, `lock.rs` the one writer per site, `keys.rs` the keys' file,
//! `store.rs` all of it by site, `start.rs` whether to begin or to go on, `unseen.rs` what a stopped
//! run may have made that AWS does not list yet.

mod bucket;
mod bucket_lock;
mod error;
mod flock;
mod folder;
mod history;
mod keys;
mod line;
mod lock;
mod log;
mod record;
mod start;
mod storage;
mod store;
mod unseen;

pub use bucket::Bucket;
pub use bucket_lock::LockTimes;
pub use error::{JournalError, LockError};
pub use folder::Folder;
pub use history::{Disorder, History, MadeCall, ReadyStep, StepHistory};
pub use keys::{KeptKeys, KeyPlace};
pub use line::{Damage, replay};
pub use lock::{LockOwner, SiteLock};
pub use log::Journal;
pub use record::{Entry, JOURNAL_SCHEMA, Outcome, Record, RunResult};
pub use start::{Start, Started};
pub use storage::{Broken, End, Lease, Storage, Tape};
pub use store::{RunSummary, SiteFolder, Store};
pub use unseen::{LISTED_AFTER, Unseen, unseen};

#[cfg(test)]
mod bucket_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
