//! Runs and locks in an S3 bucket that a team shares.
//!
//! ```text
//! <prefix>/<site>/lock.json                    who works on the site; see `bucket_lock.rs`
//! <prefix>/<site>/runs/<ulid>/<seq>.jsonl      one record each, six digits
//! ```
//!
//! A record is put with `If-None-Match: *`, so two writers can never both write record *n*: the
//! loser's journal closes before its next call. Nothing is ever deleted or overwritten but the lock.

use async_trait::async_trait;
use ulid::Ulid;

use super::bucket_lock::{BucketLock, LockTimes};
use super::error::{JournalError, LockError};
use super::line::Damage;
use super::lock::LockOwner;
use super::storage::{Broken, End, Lease, Storage, Tape};
use crate::aws::{Fault, Objects, Put};
use crate::clock::{Clock, IdSource};
use crate::spec::SiteName;

/// A place in S3 with one folder per site.
#[derive(Clone, Debug)]
pub struct Bucket {
    objects: Objects,
    times: LockTimes,
    ids: IdSource,
}

impl Bucket {
    /// The storage in a place of S3.
    pub fn open(objects: Objects, times: LockTimes, ids: IdSource) -> Self {
        Self {
            objects,
            times,
            ids,
        }
    }

    fn lock_of(&self, site: &SiteName) -> BucketLock {
        BucketLock {
            objects: self.objects.clone(),
            site: site.clone(),
            times: self.times,
        }
    }

    /// A tape whose writer is like no other.
    fn tape(&self, site: &SiteName, run: Ulid, next: u64) -> BucketTape {
        BucketTape {
            objects: self.objects.clone(),
            folder: run_folder(site, run),
            writer: self.ids.ulid(Clock::system().now()).to_string(),
            next,
        }
    }

    fn failed(&self, doing: &'static str, name: &str) -> impl FnOnce(Fault) -> JournalError {
        failed(&self.objects, doing, name)
    }
}

#[async_trait]
impl Storage for Bucket {
    fn place(&self, site: &SiteName, run: Ulid) -> String {
        self.objects.place(&run_folder(site, run))
    }

    async fn sites(&self) -> Result<Vec<SiteName>, JournalError> {
        let listing = self.objects.list("", false).await;
        let folders = listing.map_err(self.failed("list", ""))?.folders;
        let mut sites: Vec<SiteName> = folders.iter().filter_map(|it| it.parse().ok()).collect();
        sites.sort();
        Ok(sites)
    }

    async fn runs(&self, site: &SiteName) -> Result<Vec<Ulid>, JournalError> {
        let folder = format!("{site}/runs/");
        let listing = self.objects.list(&folder, false).await;
        let folders = listing.map_err(self.failed("list", &folder))?.folders;
        Ok(folders.iter().filter_map(|run| run.parse().ok()).collect())
    }

    async fn read(&self, site: &SiteName, run: Ulid) -> Result<Vec<u8>, JournalError> {
        let folder = run_folder(site, run);
        let listing = self.objects.list(&folder, true).await;
        let keys = listing.map_err(self.failed("list", &folder))?.keys;
        let mut numbers: Vec<u64> = keys.iter().filter_map(|key| number(key)).collect();
        numbers.sort_unstable();
        if numbers.is_empty() {
            return Err(JournalError::NoSuchRun {
                site: site.to_string(),
                run,
            });
        }
        let names = numbers.iter().map(|seq| record(&folder, *seq)).collect();
        let records = self.objects.get_all(names).await;
        let records = records.map_err(self.failed("read", &folder))?;
        Ok(records.into_iter().flat_map(|record| record.body).collect())
    }

    async fn begin(
        &self,
        site: &SiteName,
        run: Ulid,
        first: &[u8],
    ) -> Result<Box<dyn Tape>, JournalError> {
        let mut tape = self.tape(site, run, 0);
        tape.append(0, first).await?;
        Ok(Box::new(tape))
    }

    async fn go_on(
        &self,
        site: &SiteName,
        run: Ulid,
        end: End,
    ) -> Result<Box<dyn Tape>, JournalError> {
        if end.torn > 0 {
            // An object appears whole or not at all, so no stopped writer can have left this.
            return Err(JournalError::Damaged {
                place: self.place(site, run),
                source: Damage::Line {
                    line: usize::try_from(end.next).unwrap_or(usize::MAX) + 1,
                    problem: "its object has no line end".to_owned(),
                },
            });
        }
        Ok(Box::new(self.tape(site, run, end.next)))
    }

    async fn lock(&self, site: &SiteName, owner: &LockOwner) -> Result<Box<dyn Lease>, LockError> {
        let id = self.ids.ulid(Clock::system().now());
        Ok(Box::new(self.lock_of(site).take(id, owner).await?))
    }

    async fn break_lock(&self, site: &SiteName) -> Result<Option<Broken>, LockError> {
        let id = self.ids.ulid(Clock::system().now());
        self.lock_of(site).break_it(id).await
    }
}

/// A run's objects while they are written.
#[derive(Debug)]
struct BucketTape {
    objects: Objects,
    folder: String,
    writer: String,
    next: u64,
}

#[async_trait]
impl Tape for BucketTape {
    async fn append(&mut self, seq: u64, line: &[u8]) -> Result<(), JournalError> {
        let name = record(&self.folder, seq);
        let taken = || JournalError::Taken {
            place: self.objects.place(&name),
        };
        if seq != self.next {
            return Err(taken());
        }
        let put = self.objects.put_if_absent(&name, line, &self.writer).await;
        match put.map_err(failed(&self.objects, "write", &name))? {
            Put::Done(_) => {
                self.next += 1;
                Ok(())
            }
            Put::Lost => Err(taken()),
        }
    }
}

pub(super) fn failed(
    objects: &Objects,
    doing: &'static str,
    name: &str,
) -> impl FnOnce(Fault) -> JournalError {
    let place = objects.place(name);
    move |fault| JournalError::Bucket {
        doing,
        place,
        source: Box::new(fault),
    }
}

fn run_folder(site: &SiteName, run: Ulid) -> String {
    format!("{site}/runs/{run}/")
}

fn record(folder: &str, seq: u64) -> String {
    format!("{folder}{seq:06}.jsonl")
}

/// The number of a record's key; none for what is not ours.
fn number(key: &str) -> Option<u64> {
    let digits = key.strip_suffix(".jsonl")?;
    let number = digits.parse().ok()?;
    (format!("{number:06}") == digits).then_some(number)
}
