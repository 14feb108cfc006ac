//! One writer per site.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::LockError;
use super::storage::Lease;
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

/// A held lock; give it free with [`SiteLock::release`].
///
/// When it is dropped without that, a folder is free at once, a bucket when no sign of life has
/// come for a while.
#[derive(Clone, Debug)]
pub struct SiteLock {
    site: SiteName,
    lease: Arc<dyn Lease>,
}

impl SiteLock {
    pub(super) fn new(site: &SiteName, lease: Box<dyn Lease>) -> Self {
        Self {
            site: site.clone(),
            lease: Arc::from(lease),
        }
    }

    /// The site.
    pub fn site(&self) -> &SiteName {
        &self.site
    }

    /// Gives the site free, now and not when the last journal under this lock is gone.
    pub async fn release(self) -> Result<(), LockError> {
        self.lease.release().await
    }

    pub(super) fn lease(&self) -> &Arc<dyn Lease> {
        &self.lease
    }
}
