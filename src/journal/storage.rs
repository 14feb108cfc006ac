//! Where runs and locks are kept: what a folder, a bucket and a test's memory have in common.
//!
//! A storage keeps bytes in order and one writer per site; it knows nothing of what the bytes say.
//! What is in a line, which orders of records cannot be and what a stopped run means is the same
//! for all of them, and none of their business.

use std::fmt;

use async_trait::async_trait;
use ulid::Ulid;

use super::error::{JournalError, LockError};
use super::lock::LockOwner;
use crate::spec::SiteName;

/// Keeps the runs and the locks of sites.
///
/// Reading creates nothing: a site or a run that does not exist has no runs and no records.
#[async_trait]
pub trait Storage: fmt::Debug + Send + Sync {
    /// Where a run's records are, in words that a person can paste.
    fn place(&self, site: &SiteName, run: Ulid) -> String;

    /// Every site that was ever locked or journaled here, by name.
    async fn sites(&self) -> Result<Vec<SiteName>, JournalError>;

    /// Every run of a site, in no particular order.
    async fn runs(&self, site: &SiteName) -> Result<Vec<Ulid>, JournalError>;

    /// All lines of a run, one after the other; [`JournalError::NoSuchRun`] when there are none.
    async fn read(&self, site: &SiteName, run: Ulid) -> Result<Vec<u8>, JournalError>;

    /// Begins a run with its record 0, which appears whole or not at all.
    ///
    /// A run that exists is refused with [`JournalError::Taken`] and left as it is.
    async fn begin(
        &self,
        site: &SiteName,
        run: Ulid,
        first: &[u8],
    ) -> Result<Box<dyn Tape>, JournalError>;

    /// Goes on behind a run's last whole line and drops what was torn.
    async fn go_on(
        &self,
        site: &SiteName,
        run: Ulid,
        end: End,
    ) -> Result<Box<dyn Tape>, JournalError>;

    /// Locks a site for one writer; [`LockError::Held`] says who has it.
    async fn lock(&self, site: &SiteName, owner: &LockOwner) -> Result<Box<dyn Lease>, LockError>;

    /// Takes a site's lock from whoever holds it; what it was, or none when it was free.
    ///
    /// When this returns, the former holder makes no further call, or this is an error. The lock is
    /// free then, not ours.
    async fn break_lock(&self, site: &SiteName) -> Result<Option<Broken>, LockError>;
}

/// Where a run's records end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The bytes of its whole lines.
    pub whole: usize,
    /// The bytes of an unfinished line behind them.
    pub torn: usize,
    /// The number of the next record.
    pub next: u64,
}

/// A lock that was taken from its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Whose it was; none when that cannot be read.
    pub owner: Option<LockOwner>,
}

/// A run's records while they are written: one writer, from the first to the last.
#[async_trait]
pub trait Tape: fmt::Debug + Send {
    /// Adds a line, with its line end, as the record `seq`; it is durable when this returns.
    ///
    /// Record numbers come without gaps. After an error, or when the call is dropped half-way,
    /// nobody knows whether the line is there: the journal does not use the tape again.
    async fn append(&mut self, seq: u64, line: &[u8]) -> Result<(), JournalError>;
}

/// A held lock.
///
/// When it is dropped unreleased, as after a crash, the storage gives the site free by itself:
/// a folder at once, a bucket when no sign of life has come for a while.
#[async_trait]
pub trait Lease: fmt::Debug + Send + Sync {
    /// Tells the run to those who find the site locked.
    async fn name_run(&self, run: Ulid) -> Result<(), LockError>;

    /// Proves that the lock is ours still; [`LockError::Lost`] when it is somebody else's.
    ///
    /// Cheap while the last proof is fresh. Asked before every record.
    async fn check(&self) -> Result<(), LockError>;

    /// Gives the site free. Whatever is asked of the lease afterwards is [`LockError::Lost`].
    async fn release(&self) -> Result<(), LockError>;
}
