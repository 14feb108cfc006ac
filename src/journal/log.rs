//! The journal of the run that is going on.

use std::sync::Arc;
#[cfg(test)]
use std::sync::Mutex as StdMutex;

use tokio::sync::Mutex;
use ulid::Ulid;

use super::error::JournalError;
use super::history::History;
use super::line::{self, Replay, Sum};
use super::record::{Entry, JOURNAL_SCHEMA, Record};
use super::storage::{Lease, Tape};
use crate::clock::Clock;
use crate::plan::Plan;

/// An open journal: one writer, every record durable before [`Journal::append`] returns.
#[derive(Debug)]
pub struct Journal {
    place: String,
    clock: Clock,
    run: Ulid,
    lease: Arc<dyn Lease>,
    state: Mutex<State>,
    #[cfg(test)]
    stop: StdMutex<Option<super::testing::Stop>>,
}

#[derive(Debug)]
struct State {
    tape: Box<dyn Tape>,
    sum: Sum,
    history: History,
    /// Cleared when a write fails: what is written is not known any more.
    usable: bool,
    /// Set when it was not usable any more because somebody else has the site or the run.
    lost: bool,
}

/// A journal's first line, and what follows from it.
#[derive(Debug)]
pub(super) struct First {
    pub(super) line: String,
    sum: Sum,
    history: History,
}

impl First {
    /// The `started` record of a plan's run.
    pub(super) fn of(plan: &Plan, place: &str, clock: &Clock) -> Result<Self, JournalError> {
        let first = Entry {
            seq: 0,
            at: clock.now(),
            record: Record::Started {
                schema: JOURNAL_SCHEMA,
                run: plan.run,
                plan: Box::new(plan.clone()),
            },
        };
        let (line, sum) = line::encode(&first, &Sum::default()).map_err(unwritable(place))?;
        let history = History::begin(first).map_err(|source| JournalError::Refused {
            place: place.to_owned(),
            source,
        })?;
        Ok(Self { line, sum, history })
    }
}

/// What a journal works with.
#[derive(Debug)]
pub(super) struct Means {
    pub(super) place: String,
    pub(super) clock: Clock,
    pub(super) lease: Arc<dyn Lease>,
    pub(super) tape: Box<dyn Tape>,
}

impl Journal {
    /// A journal whose first line has just been written.
    pub(super) fn begun(means: Means, first: First) -> Self {
        Self::new(means, first.sum, first.history)
    }

    /// A journal that was read back, and whose torn last line has been cut off.
    pub(super) fn resumed(means: Means, mut replay: Replay) -> Self {
        replay.history.torn = 0;
        Self::new(means, replay.sum, replay.history)
    }

    fn new(means: Means, sum: Sum, history: History) -> Self {
        Self {
            place: means.place,
            clock: means.clock,
            run: history.run,
            lease: means.lease,
            state: Mutex::new(State {
                tape: means.tape,
                sum,
                history,
                usable: true,
                lost: false,
            }),
            #[cfg(test)]
            stop: StdMutex::default(),
        }
    }

    /// Adds a record; when this returns it is durable, and the site's lock was ours before it.
    ///
    /// A record that cannot follow the ones before it is refused and nothing is written. After a
    /// failed write, a lost lock, or when this is dropped half-way, the journal takes nothing more:
    /// the run must stop before its next call.
    pub async fn append(&self, record: Record) -> Result<(), JournalError> {
        let mut state = self.state.lock().await;
        if !state.usable {
            return Err(self.closed(state.lost));
        }
        let entry = Entry {
            seq: state.history.next_seq(),
            // A clock that is set back must not make a call look older than it is: what a call
            // made is waited for by its age.
            at: self.clock.now().max(state.history.last_at),
            record,
        };
        #[cfg(test)]
        if self.stops_at(&entry) {
            state.usable = false;
            return Err(self.closed(false));
        }
        let (line, sum) = line::encode(&entry, &state.sum).map_err(unwritable(&self.place))?;
        state
            .history
            .apply(&entry)
            .map_err(|source| JournalError::Refused {
                place: self.place.clone(),
                source,
            })?;
        // Closed until the write has worked: an error must not be followed by another record.
        state.usable = false;
        let written = match self.lease.check().await {
            Ok(()) => state.tape.append(entry.seq, line.as_bytes()).await,
            Err(error) => Err(error.into()),
        };
        written.inspect_err(|error| state.lost = error.is_lost())?;
        state.usable = true;
        state.sum = sum;
        Ok(())
    }

    /// Proves that the site's lock is ours still: to be asked directly before a call.
    ///
    /// A process may have slept since its last record, and somebody else may have taken over.
    pub async fn check_lock(&self) -> Result<(), JournalError> {
        let Err(error) = self.lease.check().await else {
            return Ok(());
        };
        let error = JournalError::from(error);
        let mut state = self.state.lock().await;
        state.usable = false;
        state.lost |= error.is_lost();
        Err(error)
    }

    /// The run.
    pub fn run(&self) -> Ulid {
        self.run
    }

    /// Where it is, as a person would name it.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What the journal adds up to so far.
    pub async fn history(&self) -> History {
        self.state.lock().await.history.clone()
    }

    fn closed(&self, lost: bool) -> JournalError {
        JournalError::Closed {
            place: self.place.clone(),
            lost,
        }
    }

    /// Refuses the first record that `stop` says yes to and every later one, as if the process died
    /// there.
    #[cfg(test)]
    pub(crate) fn stop_when(&self, stop: impl Fn(&Entry) -> bool + Send + 'static) {
        *self.stop.lock().unwrap() = Some(super::testing::Stop(Box::new(stop)));
    }

    #[cfg(test)]
    fn stops_at(&self, entry: &Entry) -> bool {
        let stop = self.stop.lock().unwrap();
        stop.as_ref().is_some_and(|stop| stop.0(entry))
    }
}

fn unwritable(place: &str) -> impl FnOnce(serde_json::Error) -> JournalError {
    move |source| JournalError::Unwritable {
        place: place.to_owned(),
        source,
    }
}
