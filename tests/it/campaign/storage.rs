//! A disk in memory, and one process's hold on it: it tears lines, fills up, and ends with its
//! process.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use ulid::Ulid;
use underpass::journal::{Broken, End, JournalError, Lease, LockError, LockOwner, Storage, Tape};
use underpass::spec::SiteName;

use super::body::{Body, RecordFate};
use super::script::{Disk, Part};
use super::shelf::Shelf;

/// A process's hold on the shelf.
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    /// The shelf.
    pub(crate) shelf: Shelf,
    /// The process.
    pub(crate) body: Arc<Body>,
}

impl Mount {
    /// How a line fares that the process is about to write: as much of it as gets to the disk.
    async fn fate<'a>(&self, seq: u64, line: &'a [u8]) -> (RecordFate, &'a [u8]) {
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
        (fate, line.get(..part).unwrap_or_default())
    }

    /// What the process sees of a line's fate.
    async fn suffer(
        &self,
        fate: RecordFate,
        run: Ulid,
        seq: u64,
        line: &[u8],
    ) -> Result<(), JournalError> {
        let told = match fate {
            RecordFate::Written => "",
            RecordFate::Last(Part::Before) => " (never written)",
            RecordFate::Last(Part::Torn) => " (torn)",
            RecordFate::Last(Part::After) => " (the last)",
            RecordFate::Refused(Disk::Full) => " (refused: the disk is full)",
            RecordFate::Refused(Disk::ReadOnly) => " (refused: the folder is read-only)",
        };
        self.body.timeline.record(seq, line, told);
        match fate {
            RecordFate::Written => {
                // What the disk refused announces nothing: no call may follow it.
                self.body.intents().record(line);
                Ok(())
            }
            RecordFate::Last(part) => {
                self.body.die(format_args!("record {seq}, {part:?}"));
                self.body.live().await;
                Ok(())
            }
            RecordFate::Refused(disk) => Err(JournalError::Io {
                doing: "append to",
                path: PathBuf::from(run.to_string()),
                source: io::Error::from(match disk {
                    Disk::Full => io::ErrorKind::StorageFull,
                    Disk::ReadOnly => io::ErrorKind::ReadOnlyFilesystem,
                }),
            }),
        }
    }

    fn reel(&self, run: Ulid, tape: Box<dyn Tape>) -> Box<dyn Tape> {
        Box::new(Reel {
            mount: self.clone(),
            run,
            tape,
        })
    }
}

#[async_trait]
impl Storage for Mount {
    fn place(&self, site: &SiteName, run: Ulid) -> String {
        self.shelf.place(site, run)
    }

    async fn sites(&self) -> Result<Vec<SiteName>, JournalError> {
        self.shelf.sites().await
    }

    async fn runs(&self, site: &SiteName) -> Result<Vec<Ulid>, JournalError> {
        self.shelf.runs(site).await
    }

    async fn read(&self, site: &SiteName, run: Ulid) -> Result<Vec<u8>, JournalError> {
        self.shelf.read(site, run).await
    }

    async fn begin(
        &self,
        site: &SiteName,
        run: Ulid,
        first: &[u8],
    ) -> Result<Box<dyn Tape>, JournalError> {
        let (fate, written) = self.fate(0, first).await;
        let tape = self.shelf.begin(site, run, written).await?;
        self.suffer(fate, run, 0, first).await?;
        Ok(self.reel(run, tape))
    }

    async fn go_on(
        &self,
        site: &SiteName,
        run: Ulid,
        end: End,
    ) -> Result<Box<dyn Tape>, JournalError> {
        let tape = self.shelf.go_on(site, run, end).await?;
        Ok(self.reel(run, tape))
    }

    async fn lock(&self, site: &SiteName, owner: &LockOwner) -> Result<Box<dyn Lease>, LockError> {
        self.shelf.lock(site, owner).await
    }

    async fn break_lock(&self, site: &SiteName) -> Result<Option<Broken>, LockError> {
        self.shelf.break_lock(site).await
    }
}

/// One run's tape, as far as the process and its disk get.
#[derive(Debug)]
struct Reel {
    mount: Mount,
    run: Ulid,
    tape: Box<dyn Tape>,
}

#[async_trait]
impl Tape for Reel {
    async fn append(&mut self, seq: u64, line: &[u8]) -> Result<(), JournalError> {
        let (fate, written) = self.mount.fate(seq, line).await;
        self.tape.append(seq, written).await?;
        self.mount.suffer(fate, self.run, seq, line).await
    }
}
