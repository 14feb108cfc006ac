//! One writer per site.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::{JournalError, LockError};
use crate::files;
use crate::spec::SiteName;

/// Who holds a lock, for the one who has to wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockOwner {
    /// The user.
    pub who: String,
    /// The machine.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// Since when.
    pub since: Timestamp,
    /// The run; none before one has begun.
    pub run: Option<String>,
    /// What was typed.
    pub command: String,
}

impl fmt::Display for LockOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            who,
            host,
            pid,
            since,
            run,
            command,
        } = self;
        write!(
            f,
            "{who} on {host} (process {pid}, since {since:.0}: `{command}`"
        )?;
        if let Some(run) = run {
            write!(f, ", run {run}")?;
        }
        f.write_str(")")
    }
}

/// A held lock; free again when it is dropped or its process ends, however it ends.
#[derive(Debug)]
pub struct SiteLock {
    site: SiteName,
    // Held for its flock alone.
    _file: File,
}

impl SiteLock {
    pub(super) fn take(path: &Path, site: &SiteName, owner: &LockOwner) -> Result<Self, LockError> {
        let mut file = files::append_private(path).map_err(JournalError::io("open", path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held {
                    site: site.to_string(),
                    owner: read_owner(&mut file).map(Box::new),
                });
            }
            Err(TryLockError::Error(source)) => {
                return Err(JournalError::io("lock", path)(source).into());
            }
        }
        write_owner(&mut file, owner).map_err(JournalError::io("write", path))?;
        Ok(Self {
            site: site.clone(),
            _file: file,
        })
    }

    /// The site.
    pub fn site(&self) -> &SiteName {
        &self.site
    }
}

fn write_owner(file: &mut File, owner: &LockOwner) -> std::io::Result<()> {
    file.set_len(0)?;
    let mut text = serde_json::to_string(owner)?;
    text.push('\n');
    file.write_all(text.as_bytes())
}

fn read_owner(file: &mut File) -> Option<LockOwner> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
