//! What can go wrong with what is kept of runs.

use std::io;
use std::path::{Path, PathBuf};

use ulid::Ulid;

use super::history::Disorder;
use super::line::Damage;
use super::lock::LockOwner;
use crate::aws::Fault;

/// Why the journal, or a file beside it, could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// Such as `append to`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// S3 refused.
    #[error("cannot {doing} {place}{}", request(source))]
    Bucket {
        /// Such as `write`.
        doing: &'static str,
        /// The object or prefix.
        place: String,
        /// Why.
        source: Box<Fault>,
    },
    /// A journal that no stopped writer can have left like this.
    #[error("the journal {place} cannot be trusted")]
    Damaged {
        /// The journal.
        place: String,
        /// Where and what.
        source: Damage,
    },
    /// A record that cannot follow what the journal says already; nothing was written.
    #[error("the journal {place} refuses this record")]
    Refused {
        /// The journal.
        place: String,
        /// Why.
        source: Disorder,
    },
    /// The record has no form on disk.
    #[error("a record for {place} cannot be written as JSON")]
    Unwritable {
        /// The journal.
        place: String,
        /// Why.
        source: serde_json::Error,
    },
    /// Somebody else has written this run, or this record of it.
    #[error("{place} is there already: somebody else writes this run")]
    Taken {
        /// The run or the record.
        place: String,
    },
    /// An earlier write failed: what is on disk is not known, so nothing may be added.
    #[error("the journal {place} is closed since {}", closed_by(*lost))]
    Closed {
        /// The journal.
        place: String,
        /// Whether it was not the write that failed: the lock or the run was somebody else's.
        lost: bool,
    },
    /// The site's lock is not held any more, or nobody can say whether it is.
    #[error(transparent)]
    Lock(Box<LockError>),
    /// There is no such run.
    #[error("the site {site} has no run {run}")]
    NoSuchRun {
        /// The site.
        site: String,
        /// The run.
        run: Ulid,
    },
    /// The plan, the folder or the lock is another site's.
    #[error("the {what} is for the site {found}, not for {wanted}")]
    OtherSite {
        /// Such as `plan`.
        what: &'static str,
        /// Whose it is.
        found: String,
        /// Whose it should be.
        wanted: String,
    },
    /// Others may read the keys.
    #[error(
        "{} has mode {mode:o}, so others may read the pre-shared keys: `chmod 600` it, and rotate \
         the keys if anyone could have",
        path.display()
    )]
    KeysExposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The keys' file is not one of ours; the message never repeats its content.
    #[error("{} does not hold pre-shared keys: {problem}", path.display())]
    KeysUnusable {
        /// The file.
        path: PathBuf,
        /// What is wrong, without any content.
        problem: String,
    },
}

impl JournalError {
    /// Whether the site, or the run, is somebody else's by now.
    pub fn is_lost(&self) -> bool {
        matches!(
            self,
            Self::Lock(_) | Self::Taken { .. } | Self::Closed { lost: true, .. }
        )
    }

    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    }
}

impl From<LockError> for JournalError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Storage(error) => error,
            other => Self::Lock(Box::new(other)),
        }
    }
}

/// Why a site could not be locked, or is not locked by us any more.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else works on the site.
    #[error("the site {site} is locked{}", by(owner.as_deref()))]
    Held {
        /// The site.
        site: String,
        /// Who; none when the text beside the lock cannot be read.
        owner: Option<Box<LockOwner>>,
    },
    /// The lock was ours once.
    #[error("the lock of the site {site} was taken away{}", by(owner.as_deref()))]
    Lost {
        /// The site.
        site: String,
        /// Who has it now, if anybody.
        owner: Option<Box<LockOwner>>,
    },
    /// The lock cannot be broken, because its holder is a living process of this machine.
    #[error(
        "the site {site} is locked{}, and that process is alive: the lock of a folder ends with \
         its holder, so there is nothing to break",
        by(owner.as_deref())
    )]
    Alive {
        /// The site.
        site: String,
        /// Who.
        owner: Option<Box<LockOwner>>,
    },
    /// What lies where the lock should be is none.
    #[error("{place} is not a lock of underpass: {problem}")]
    Unreadable {
        /// The object.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Where locks are kept cannot be read or written.
    #[error(transparent)]
    Storage(#[from] JournalError),
}

fn request(fault: &Fault) -> String {
    let id = fault.request_id.as_ref();
    id.map(|id| format!(" (request id {id})"))
        .unwrap_or_default()
}

fn closed_by(lost: bool) -> &'static str {
    if lost {
        "the site's lock was lost"
    } else {
        "a write to it failed"
    }
}

fn by(owner: Option<&LockOwner>) -> String {
    owner
        .map(|owner| format!(" by {owner}"))
        .unwrap_or_default()
}
