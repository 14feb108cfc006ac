//! What can go wrong with what is kept on disk.

use std::io;
use std::path::{Path, PathBuf};

use ulid::Ulid;

use super::history::Disorder;
use super::line::Damage;
use super::lock::LockOwner;

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
    /// A journal that no stopped writer can have left like this.
    #[error("the journal {} cannot be trusted", path.display())]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Where and what.
        source: Damage,
    },
    /// A record that cannot follow what the journal says already; nothing was written.
    #[error("the journal {} refuses this record", path.display())]
    Refused {
        /// The journal.
        path: PathBuf,
        /// Why.
        source: Disorder,
    },
    /// The record has no form on disk.
    #[error("a record for {} cannot be written as JSON", path.display())]
    Unwritable {
        /// The journal.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// An earlier write failed: what is on disk is not known, so nothing may be added.
    #[error("the journal {} is closed since a write to it failed", path.display())]
    Closed {
        /// The journal.
        path: PathBuf,
    },
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
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    }
}

/// Why a site could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else works on the site.
    #[error(
        "the site {site} is locked{}",
        owner.as_ref().map(|owner| format!(" by {owner}")).unwrap_or_default()
    )]
    Held {
        /// The site.
        site: String,
        /// Who; none when the text beside the lock cannot be read.
        owner: Option<Box<LockOwner>>,
    },
    /// The file system refused.
    #[error(transparent)]
    Files(#[from] JournalError),
}
