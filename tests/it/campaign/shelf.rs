//! A store in memory: every operation happens at once, and nothing fails.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ulid::Ulid;
use underpass::journal::{Broken, End, JournalError, Lease, LockError, LockOwner, Storage, Tape};
use underpass::spec::SiteName;

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

#[async_trait]
impl Storage for Shelf {
    fn place(&self, site: &SiteName, run: Ulid) -> String {
        format!("{site}/{run}")
    }

    async fn sites(&self) -> Result<Vec<SiteName>, JournalError> {
        let kept = self.kept();
        let mut sites: Vec<_> = kept.runs.keys().map(|key| key.0.clone()).collect();
        sites.dedup();
        Ok(sites)
    }

    async fn runs(&self, site: &SiteName) -> Result<Vec<Ulid>, JournalError> {
        let kept = self.kept();
        let of = kept.runs.keys().filter(|(of, _)| of == site);
        Ok(of.map(|(_, run)| *run).collect())
    }

    async fn read(&self, site: &SiteName, run: Ulid) -> Result<Vec<u8>, JournalError> {
        let bytes = self.kept().runs.get(&(site.clone(), run)).cloned();
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
        let mut reel = Reel {
            shelf: self.clone(),
            key: (site.clone(), run),
            end: 0,
        };
        reel.append(0, first).await?;
        Ok(Box::new(reel))
    }

    async fn go_on(
        &self,
        site: &SiteName,
        run: Ulid,
        end: End,
    ) -> Result<Box<dyn Tape>, JournalError> {
        let key = (site.clone(), run);
        if let Some(bytes) = self.kept().runs.get_mut(&key) {
            bytes.truncate(end.whole);
        }
        Ok(Box::new(Reel {
            shelf: self.clone(),
            key,
            end: end.whole,
        }))
    }

    async fn lock(&self, site: &SiteName, owner: &LockOwner) -> Result<Box<dyn Lease>, LockError> {
        let mut kept = self.kept();
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
            shelf: self.clone(),
            site: site.clone(),
            number,
        }))
    }

    async fn break_lock(&self, site: &SiteName) -> Result<Option<Broken>, LockError> {
        let taken = self.kept().locks.remove(site);
        Ok(taken.map(|(_, owner)| Broken { owner: Some(owner) }))
    }
}

/// One run's tape: whoever has written behind its back is found out.
#[derive(Debug)]
struct Reel {
    shelf: Shelf,
    key: (SiteName, Ulid),
    end: usize,
}

#[async_trait]
impl Tape for Reel {
    async fn append(&mut self, seq: u64, line: &[u8]) -> Result<(), JournalError> {
        if line.is_empty() {
            // Nothing of a first line leaves no run.
            return Ok(());
        }
        let mut kept = self.shelf.kept();
        let run = kept.runs.entry(self.key.clone()).or_default();
        if run.len() != self.end {
            let place = format!("{}/{} {seq}", self.key.0, self.key.1);
            return Err(JournalError::Taken { place });
        }
        run.extend_from_slice(line);
        self.end = run.len();
        Ok(())
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
