//! The journal of the run that is going on.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ulid::Ulid;

use super::error::JournalError;
use super::history::History;
use super::line::{self, Replay, Sum};
use super::record::{Entry, JOURNAL_SCHEMA, Record};
use crate::clock::Clock;
use crate::files;
use crate::plan::Plan;

/// An open journal: one writer, every record on disk before [`Journal::append`] returns.
///
/// Appending blocks the thread for one small write and one `fdatasync`, milliseconds against calls
/// that take seconds; a thread pool would cost the order that makes the journal worth having.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    clock: Clock,
    run: Ulid,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    sum: Sum,
    history: History,
    /// Cleared when a write fails: what is on disk is not known any more.
    usable: bool,
    #[cfg(test)]
    stop: Option<super::testing::Stop>,
}

impl Journal {
    /// Begins a journal with its `started` record, which appears whole or not at all.
    pub(super) fn begin(path: PathBuf, plan: &Plan, clock: Clock) -> Result<Self, JournalError> {
        let run = plan.run;
        let first = Entry {
            seq: 0,
            at: clock.now(),
            record: Record::Started {
                schema: JOURNAL_SCHEMA,
                run,
                plan: Box::new(plan.clone()),
            },
        };
        let (text, sum) = line::encode(&first, &Sum::default()).map_err(unwritable(&path))?;
        let history = History::begin(first).map_err(|source| JournalError::Refused {
            path: path.clone(),
            source,
        })?;
        files::write_secret(&path, text.as_bytes()).map_err(JournalError::io("write", &path))?;
        let file = files::append_private(&path).map_err(JournalError::io("open", &path))?;
        Ok(Self::new(path, clock, file, sum, history))
    }

    /// Goes on with a journal that was read back, behind its last whole line.
    pub(super) fn resume(
        path: PathBuf,
        mut replay: Replay,
        clock: Clock,
    ) -> Result<Self, JournalError> {
        let file = files::append_private(&path).map_err(JournalError::io("open", &path))?;
        if replay.history.torn > 0 {
            file.set_len(u64::try_from(replay.whole).unwrap_or(u64::MAX))
                .and_then(|()| file.sync_all())
                .map_err(JournalError::io("cut the torn last line off", &path))?;
            replay.history.torn = 0;
        }
        Ok(Self::new(path, clock, file, replay.sum, replay.history))
    }

    fn new(path: PathBuf, clock: Clock, file: File, sum: Sum, history: History) -> Self {
        Self {
            path,
            clock,
            run: history.run,
            state: Mutex::new(State {
                file,
                sum,
                history,
                usable: true,
                #[cfg(test)]
                stop: None,
            }),
        }
    }

    /// Adds a record; when this returns it is on disk.
    ///
    /// A record that cannot follow the ones before it is refused and nothing is written. After a
    /// failed write the journal takes nothing more: the run must stop before its next call.
    pub fn append(&self, record: Record) -> Result<(), JournalError> {
        let mut state = self.state();
        if !state.usable {
            return Err(JournalError::Closed {
                path: self.path.clone(),
            });
        }
        let entry = Entry {
            seq: state.history.next_seq(),
            at: self.clock.now(),
            record,
        };
        #[cfg(test)]
        if state.stop.as_ref().is_some_and(|stop| stop.0(&entry)) {
            state.usable = false;
            return Err(JournalError::Closed {
                path: self.path.clone(),
            });
        }
        let (text, sum) = line::encode(&entry, &state.sum).map_err(unwritable(&self.path))?;
        state
            .history
            .apply(&entry)
            .map_err(|source| JournalError::Refused {
                path: self.path.clone(),
                source,
            })?;
        // Closed until the write has worked: an error must not be followed by another record.
        state.usable = false;
        state
            .file
            .write_all(text.as_bytes())
            .and_then(|()| state.file.sync_data())
            .map_err(JournalError::io("append to", &self.path))?;
        state.usable = true;
        state.sum = sum;
        Ok(())
    }

    /// The run.
    pub fn run(&self) -> Ulid {
        self.run
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the journal adds up to so far.
    pub fn history(&self) -> History {
        self.state().history.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses the first record that `stop` says yes to and every later one, as if the process died
    /// there.
    #[cfg(test)]
    pub(crate) fn stop_when(&self, stop: impl Fn(&Entry) -> bool + Send + 'static) {
        self.state().stop = Some(super::testing::Stop(Box::new(stop)));
    }
}

fn unwritable(path: &Path) -> impl FnOnce(serde_json::Error) -> JournalError {
    move |source| JournalError::Unwritable {
        path: path.to_owned(),
        source,
    }
}
