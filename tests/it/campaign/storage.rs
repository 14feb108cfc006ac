//! A disk in memory, and one process's hold on it: it tears lines, fills up, and ends with its
//! process.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ulid::Ulid;
use underpass::journal::{Broken, End, JournalError, Lease, LockError, LockOwner, Storage, Tape};
use underpass::spec::SiteName;

use super::body::{Body, RecordFate};
use super::script::{Disk, Part};

/// What outlives a process: journals and locks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    runs: BTreeMap<(SiteName, Ulid), Vec<u8>>,
    locks: BTreeMap<SiteName, (u64, LockOwner)>,
    leases: u64,
}

impl Shelf {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A process has ended: what it had locked is free.
    pub(crate) fn ended(&self, pid: u32) {
        self.kept().locks.retain(|_, (_, owner)| owner.pid != pid);
    }

    /// Shows every journal to `look`.
    pub(crate) fn each<E>(
        &self,
        mut look: impl FnMut(&SiteName, Ulid, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let kept = self.kept();
        let mut runs = kept.runs.iter();
        runs.try_for_each(|((site, run), bytes)| look(site, *run, bytes))
    }
}

/// A process's hold on the shelf.
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    /// The shelf.
    pub(crate) shelf: Shelf,
    /// The process.
    pub(crate) body: Arc<Body>,
}

impl Mount {
    /// Writes `line` behind `run`, as far as the process and its disk get.
    async fn write(
        &self,
        key: &(SiteName, Ulid),
        seq: u64,
        line: &[u8],
    ) -> Result<(), JournalError> {
        self.body.live().await;
        let fate = self.body.record();
        let part = match fate {
            RecordFate::Written | RecordFate::Last(Part::After) => line.len(),
            // A first record appears whole or not at all: it is renamed into place.
            RecordFate::Last(Part::Torn) | RecordFate::Refused(Disk::Full) if seq > 0 => {
                line.len() / 2
            }
            _ => 0,
        };
        if part > 0 {
            let written = line.get(..part).unwrap_or_default();
            let mut kept = self.shelf.kept();
            let run = kept.runs.entry(key.clone()).or_default();
            run.extend_from_slice(written);
        }
        let told = match fate {
            RecordFate::Written => "",
            RecordFate::Last(Part::Before) => " (never written)",
            RecordFate::Last(Part::Torn) => " (torn)",
            RecordFate::Last(Part::After) => " (the last)",
            RecordFate::Refused(Disk::Full) => " (refused: the disk is full)",
            RecordFate::Refused(Disk::ReadOnly) => " (refused: the folder is read-only)",
        };
        self.body.timeline.record(seq, line, told);
        self.body.intents().record(line);
        match fate {
            RecordFate::Written => Ok(()),
            RecordFate::Last(part) => {
                self.body.die(format_args!("record {seq}, {part:?}"));
                self.body.live().await;
                Ok(())
            }
            RecordFate::Refused(disk) => Err(JournalError::Io {
                doing: "append to",
                path: PathBuf::from(key.1.to_string()),
                source: io::Error::from(match disk {
                    Disk::Full => io::ErrorKind::StorageFull,
                    Disk::ReadOnly => io::ErrorKind::ReadOnlyFilesystem,
                }),
            }),
        }
    }

    fn tape(&self, key: (SiteName, Ulid)) -> Box<dyn Tape> {
        Box::new(Reel {
            mount: self.clone(),
            key,
        })
    }
}

#[async_trait]
impl Storage for Mount {
    fn place(&self, site: &SiteName, run: Ulid) -> String {
        format!("{site}/{run}")
    }

    async fn sites(&self) -> Result<Vec<SiteName>, JournalError> {
        let mut sites: Vec<_> = self
            .shelf
            .kept()
            .runs
            .keys()
            .map(|key| key.0.clone())
            .collect();
        sites.dedup();
        Ok(sites)
    }

    async fn runs(&self, site: &SiteName) -> Result<Vec<Ulid>, JournalError> {
        let kept = self.shelf.kept();
        let of = kept.runs.keys().filter(|(of, _)| of == site);
        Ok(of.map(|(_, run)| *run).collect())
    }

    async fn read(&self, site: &SiteName, run: Ulid) -> Result<Vec<u8>, JournalError> {
        let kept = self.shelf.kept();
        let bytes = kept.runs.get(&(site.clone(), run)).cloned();
        bytes.ok_or_else(|| JournalError::NoSuchRun {
            site: site.to_string(),
            run,
        })
    }

    async fn begin(
        &self,
        site: &SiteName,
        run: Ulid,
        first: &[u8],
    ) -> Result<Box<dyn Tape>, JournalError> {
        let key = (site.clone(), run);
        self.write(&key, 0, first).await?;
        Ok(self.tape(key))
    }

    async fn go_on(
        &self,
        site: &SiteName,
        run: Ulid,
        end: End,
    ) -> Result<Box<dyn Tape>, JournalError> {
        let key = (site.clone(), run);
        if let Some(bytes) = self.shelf.kept().runs.get_mut(&key) {
            bytes.truncate(end.whole);
        }
        Ok(self.tape(key))
    }

    async fn lock(&self, site: &SiteName, owner: &LockOwner) -> Result<Box<dyn Lease>, LockError> {
        let mut kept = self.shelf.kept();
        if let Some((_, holder)) = kept.locks.get(site) {
            return Err(LockError::Held {
                site: site.to_string(),
                owner: Some(Box::new(holder.clone())),
            });
        }
        kept.leases += 1;
        let number = kept.leases;
        kept.locks.insert(site.clone(), (number, owner.clone()));
        Ok(Box::new(Flock {
            shelf: self.shelf.clone(),
            site: site.clone(),
            number,
        }))
    }

    async fn break_lock(&self, site: &SiteName) -> Result<Option<Broken>, LockError> {
        let taken = self.shelf.kept().locks.remove(site);
        Ok(taken.map(|(_, owner)| Broken { owner: Some(owner) }))
    }
}

/// One run's tape.
#[derive(Debug)]
struct Reel {
    mount: Mount,
    key: (SiteName, Ulid),
}

#[async_trait]
impl Tape for Reel {
    async fn append(&mut self, seq: u64, line: &[u8]) -> Result<(), JournalError> {
        self.mount.write(&self.key, seq, line).await
    }
}

/// A lock that is free when its process ends, however it ends.
#[derive(Debug)]
struct Flock {
    shelf: Shelf,
    site: SiteName,
    number: u64,
}

impl Flock {
    fn is_held(&self) -> bool {
        let kept = self.shelf.kept();
        kept.locks
            .get(&self.site)
            .is_some_and(|it| it.0 == self.number)
    }
}

#[async_trait]
impl Lease for Flock {
    async fn name_run(&self, run: Ulid) -> Result<(), LockError> {
        if let Some((_, owner)) = self.shelf.kept().locks.get_mut(&self.site) {
            owner.run = Some(run.to_string());
        }
        Ok(())
    }

    async fn check(&self) -> Result<(), LockError> {
        match self.is_held() {
            true => Ok(()),
            false => Err(LockError::Lost {
                site: self.site.to_string(),
                owner: None,
            }),
        }
    }

    async fn release(&self) -> Result<(), LockError> {
        if self.is_held() {
            self.shelf.kept().locks.remove(&self.site);
        }
        Ok(())
    }
}

impl Drop for Flock {
    fn drop(&mut self) {
        if self.is_held() {
            self.shelf.kept().locks.remove(&self.site);
        }
    }
}
