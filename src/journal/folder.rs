//! Runs and locks in a folder of this machine.
//!
//! A run is a file, a record is a line, and durable means `fdatasync`. The lock is an flock, which
//! the kernel gives free when its process ends, however it ends.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use ulid::Ulid;

use super::error::{JournalError, LockError};
use super::flock::FileLease;
use super::lock::LockOwner;
use super::storage::{Broken, End, Lease, Storage, Tape};
use crate::spec::SiteName;
use crate::{files, limits};

/// A folder with one folder per site.
#[derive(Clone, Debug)]
pub struct Folder {
    home: PathBuf,
}

impl Folder {
    /// The storage in `home`, which need not exist.
    pub fn open(home: &Path) -> Self {
        Self {
            home: home.to_owned(),
        }
    }

    /// The folder of a site.
    pub(super) fn site_path(&self, site: &SiteName) -> PathBuf {
        self.home.join(site.as_str())
    }

    fn runs_path(&self, site: &SiteName) -> PathBuf {
        self.site_path(site).join("runs")
    }

    fn run_path(&self, site: &SiteName, run: Ulid) -> PathBuf {
        self.runs_path(site).join(format!("{run}.jsonl"))
    }

    fn lock_path(&self, site: &SiteName) -> PathBuf {
        self.site_path(site).join("lock")
    }

    /// Makes a site's folders, private, and keeps them out of git: they hold keys.
    pub(super) fn prepare(&self, site: &SiteName) -> Result<(), JournalError> {
        let runs = self.runs_path(site);
        files::private_folder(&runs).map_err(JournalError::io("create", &runs))?;
        let ignore = self.home.join(".gitignore");
        if !ignore.exists() {
            files::write_public(&ignore, b"*\n").map_err(JournalError::io("write", &ignore))?;
        }
        // The names of new folders must survive a crash as well as the files in them.
        for folder in [&self.home, &self.site_path(site)] {
            File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(JournalError::io("write", folder))?;
        }
        Ok(())
    }
}

#[async_trait]
impl Storage for Folder {
    fn place(&self, site: &SiteName, run: Ulid) -> String {
        self.run_path(site, run).display().to_string()
    }

    async fn sites(&self) -> Result<Vec<SiteName>, JournalError> {
        let names = names(&self.home)?;
        let mut sites: Vec<SiteName> = names.iter().filter_map(|name| name.parse().ok()).collect();
        sites.sort();
        Ok(sites)
    }

    async fn runs(&self, site: &SiteName) -> Result<Vec<Ulid>, JournalError> {
        let names = names(&self.runs_path(site))?;
        let runs = names.iter().filter_map(|name| name.strip_suffix(".jsonl"));
        Ok(runs.filter_map(|run| run.parse().ok()).collect())
    }

    async fn read(&self, site: &SiteName, run: Ulid) -> Result<Vec<u8>, JournalError> {
        let path = self.run_path(site, run);
        files::read_bounded(&path, limits::JOURNAL).map_err(|error| match error.kind() {
            ErrorKind::NotFound => JournalError::NoSuchRun {
                site: site.to_string(),
                run,
            },
            _ => JournalError::io("read", &path)(error),
        })
    }

    async fn begin(
        &self,
        site: &SiteName,
        run: Ulid,
        first: &[u8],
    ) -> Result<Box<dyn Tape>, JournalError> {
        self.prepare(site)?;
        let path = self.run_path(site, run);
        files::create_secret(&path, first).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => JournalError::Taken {
                place: path.display().to_string(),
            },
            _ => JournalError::io("write", &path)(error),
        })?;
        Ok(Box::new(FileTape::open(path)?))
    }

    async fn go_on(
        &self,
        site: &SiteName,
        run: Ulid,
        end: End,
    ) -> Result<Box<dyn Tape>, JournalError> {
        let path = self.run_path(site, run);
        let tape = FileTape::open(path)?;
        if end.torn > 0 {
            let whole = u64::try_from(end.whole).unwrap_or(u64::MAX);
            tape.file
                .set_len(whole)
                .and_then(|()| tape.file.sync_all())
                .map_err(JournalError::io("cut the torn last line off", &tape.path))?;
        }
        Ok(Box::new(tape))
    }

    async fn lock(&self, site: &SiteName, owner: &LockOwner) -> Result<Box<dyn Lease>, LockError> {
        self.prepare(site)?;
        let lease = FileLease::take(self.lock_path(site), site, owner)?;
        Ok(Box::new(lease))
    }

    async fn break_lock(&self, site: &SiteName) -> Result<Option<Broken>, LockError> {
        let path = self.lock_path(site);
        if path.exists() {
            FileLease::refuse_if_held(&path, site)?;
        }
        Ok(None)
    }
}

/// A run's file.
///
/// Appending blocks the thread for one small write and one `fdatasync`, milliseconds against calls
/// that take seconds; a thread pool would cost the order that makes the journal worth having.
#[derive(Debug)]
struct FileTape {
    path: PathBuf,
    file: File,
}

impl FileTape {
    fn open(path: PathBuf) -> Result<Self, JournalError> {
        let file = files::append_private(&path).map_err(JournalError::io("open", &path))?;
        Ok(Self { path, file })
    }
}

#[async_trait]
impl Tape for FileTape {
    async fn append(&mut self, _seq: u64, line: &[u8]) -> Result<(), JournalError> {
        self.file
            .write_all(line)
            .and_then(|()| self.file.sync_data())
            .map_err(JournalError::io("append to", &self.path))
    }
}

/// The names in a folder; none when it does not exist.
fn names(folder: &Path) -> Result<Vec<String>, JournalError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(JournalError::io("list", folder)(error)),
    };
    entries
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_, _>>()
        .map_err(JournalError::io("list", folder))
}
