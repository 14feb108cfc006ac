//! The lock of a folder: an flock on a file whose text says who holds it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use ulid::Ulid;

use super::error::{JournalError, LockError};
use super::lock::LockOwner;
use super::storage::Lease;
use crate::spec::SiteName;
use crate::{files, limits};

/// A held flock.
#[derive(Debug)]
pub(super) struct FileLease {
    path: PathBuf,
    site: SiteName,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    /// None once it was released.
    file: Option<File>,
    owner: LockOwner,
}

impl FileLease {
    pub(super) fn take(
        path: PathBuf,
        site: &SiteName,
        owner: &LockOwner,
    ) -> Result<Self, LockError> {
        let mut file = files::append_private(&path).map_err(JournalError::io("open", &path))?;
        try_lock(&mut file, &path, |owner| LockError::Held {
            site: site.to_string(),
            owner,
        })?;
        write_owner(&mut file, owner).map_err(JournalError::io("write", &path))?;
        // Nobody else writes here now, so what is unfinished will remain so.
        let folder = path.parent().unwrap_or(Path::new("."));
        for folder in [folder.to_owned(), folder.join("runs")] {
            files::sweep(&folder).map_err(JournalError::io("tidy up", &folder))?;
        }
        let lease = Self {
            path,
            site: site.clone(),
            held: Mutex::new(Held {
                file: Some(file),
                owner: owner.clone(),
            }),
        };
        // Between opening and locking, the file may have been swept away with its folder.
        lease.prove()?;
        Ok(lease)
    }

    /// Somebody who holds the lock is alive: an flock does not outlive its process.
    pub(super) fn refuse_if_held(path: &Path, site: &SiteName) -> Result<(), LockError> {
        let mut file = files::append_private(path).map_err(JournalError::io("open", path))?;
        try_lock(&mut file, path, |owner| LockError::Alive {
            site: site.to_string(),
            owner,
        })?;
        file.unlock().map_err(JournalError::io("unlock", path))?;
        Ok(())
    }

    /// The file that we have locked is the one that others would open.
    fn prove(&self) -> Result<(), LockError> {
        let held = self.held();
        let ours = held.file.as_ref().map(File::metadata);
        let there = fs::metadata(&self.path);
        match (ours, there) {
            (Some(Ok(ours)), Ok(there))
                if (ours.dev(), ours.ino()) == (there.dev(), there.ino()) =>
            {
                Ok(())
            }
            _ => Err(LockError::Lost {
                site: self.site.to_string(),
                owner: File::open(&self.path)
                    .ok()
                    .and_then(|mut file| read_owner(&mut file))
                    .filter(|owner| *owner != held.owner)
                    .map(Box::new),
            }),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Unlocks before it closes: a process that another thread has just forked keeps the file open
    /// until it executes its program, and the lock with it.
    fn free(&mut self) {
        if let Some(file) = self.file.take() {
            let _closing_frees_it_too = file.unlock();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.free();
    }
}

#[async_trait]
impl Lease for FileLease {
    async fn name_run(&self, run: Ulid) -> Result<(), LockError> {
        self.prove()?;
        let mut held = self.held();
        let Held { file, owner } = &mut *held;
        owner.run = Some(run.to_string());
        if let Some(file) = file {
            write_owner(file, owner).map_err(JournalError::io("write", &self.path))?;
        }
        Ok(())
    }

    async fn check(&self) -> Result<(), LockError> {
        self.prove()
    }

    async fn release(&self) -> Result<(), LockError> {
        self.held().free();
        Ok(())
    }
}

fn try_lock(
    file: &mut File,
    path: &Path,
    held: impl FnOnce(Option<Box<LockOwner>>) -> LockError,
) -> Result<(), LockError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(held(name_owner(file).map(Box::new))),
        Err(TryLockError::Error(source)) => Err(JournalError::io("lock", path)(source).into()),
    }
}

/// Who holds the lock that we have not got.
///
/// Whoever has just got it may not have written its name yet: until then the file is empty, or it
/// names somebody who is long gone.
fn name_owner(file: &mut File) -> Option<LockOwner> {
    let mut owner = read_owner(file);
    for _ in 0..50 {
        if owner.as_ref().is_some_and(may_be_alive) {
            break;
        }
        thread::sleep(Duration::from_millis(4));
        owner = read_owner(file);
    }
    owner
}

/// Whether the process is there, as far as it can be known from here.
fn may_be_alive(owner: &LockOwner) -> bool {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    host.trim() != owner.host || Path::new("/proc").join(owner.pid.to_string()).exists()
}

fn write_owner(file: &mut File, owner: &LockOwner) -> io::Result<()> {
    file.set_len(0)?;
    let mut text = serde_json::to_string(owner)?;
    text.push('\n');
    file.write_all(text.as_bytes())
}

fn read_owner(file: &mut File) -> Option<LockOwner> {
    let mut text = String::new();
    file.rewind().ok()?;
    let whole = u64::try_from(limits::NOTE).ok()?;
    file.take(whole).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[tokio::test]
    async fn a_lock_is_free_even_while_a_forked_process_still_has_its_file() {
        let home = tempfile::TempDir::new().unwrap();
        fs::create_dir(home.path().join("runs")).unwrap();
        let path = home.path().join("lock");
        let site: SiteName = "plant-7".parse().unwrap();
        let owner = LockOwner {
            who: "kim".to_owned(),
            host: "here".to_owned(),
            pid: std::process::id(),
            since: Clock::system().now(),
            run: None,
            command: "underpass onboard".to_owned(),
        };
        let take = || FileLease::take(path.clone(), &site, &owner);
        // What fork does to it: one more descriptor of the same open file.
        let inherited = |lease: &FileLease| lease.held().file.as_ref().unwrap().try_clone();

        let lease = take().unwrap();
        let kept = inherited(&lease).unwrap();
        assert!(matches!(take(), Err(LockError::Held { .. })));
        lease.release().await.unwrap();
        let lease = take().unwrap();
        drop(kept);
        let kept = inherited(&lease).unwrap();
        drop(lease);
        take().unwrap();
        drop(kept);
    }
}
