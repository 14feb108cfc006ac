//! One process of the tool: what can happen to it, and whether it lives.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;
use tokio::sync::Notify;
use underpass::clock::Clock;

use super::intents::Intents;
use super::script::{Disk, Moment, Part, Side, Trouble};
use super::timeline::Timeline;

/// A process while it lives, and what will go wrong with it.
#[derive(Debug)]
pub(crate) struct Body {
    /// Who it is, in the timeline.
    pub(crate) name: &'static str,
    /// Its number.
    pub(crate) pid: u32,
    /// What goes wrong.
    pub(crate) troubles: Vec<Trouble>,
    /// Its machine's clock.
    pub(crate) clock: Clock,
    /// AWS's.
    pub(crate) aws: Clock,
    /// Where its end is told.
    pub(crate) timeline: Timeline,
    dead: AtomicBool,
    died: Notify,
    records: AtomicU64,
    calls: AtomicU64,
    changes: AtomicU64,
    fatal: AtomicBool,
    skewed: AtomicI64,
    intents: Mutex<Intents>,
}

impl Body {
    /// A process that has just been started.
    pub(crate) fn new(
        name: &'static str,
        pid: u32,
        troubles: Vec<Trouble>,
        clock: Clock,
        aws: Clock,
        timeline: Timeline,
    ) -> Self {
        Self {
            name,
            pid,
            troubles,
            clock,
            aws,
            timeline,
            dead: AtomicBool::new(false),
            died: Notify::new(),
            records: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            changes: AtomicU64::new(0),
            fatal: AtomicBool::new(false),
            skewed: AtomicI64::new(0),
            intents: Mutex::default(),
        }
    }

    /// Ends it: nothing that it does from now on may be seen by anybody.
    pub(crate) fn die(&self, how: std::fmt::Arguments<'_>) {
        if !self.dead.swap(true, Ordering::Relaxed) {
            self.timeline
                .say(self.name, format_args!("† the process dies: {how}"));
            self.died.notify_one();
        }
    }

    /// By how much its machine's clock was set while it lived.
    pub(crate) fn skewed(&self) -> SignedDuration {
        SignedDuration::from_secs(self.skewed.load(Ordering::Relaxed))
    }

    /// Whether it has died.
    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// Returns when it has died.
    pub(crate) async fn died(&self) {
        self.died.notified().await;
    }

    /// Never returns once it has died.
    pub(crate) async fn live(&self) {
        if self.is_dead() {
            pending::<()>().await;
        }
    }

    /// Counts a record that is about to be written, and says what keeps it from being so.
    pub(crate) fn record(&self) -> RecordFate {
        let nth = self.records.fetch_add(1, Ordering::Relaxed) + 1;
        let mut fate = RecordFate::Written;
        for trouble in &self.troubles {
            match *trouble {
                Trouble::Clock(at, by) if at == nth => {
                    self.skewed.fetch_add(by, Ordering::Relaxed);
                    let by = SignedDuration::from_secs(by);
                    self.clock.jump(by);
                    self.timeline
                        .say(self.name, format_args!("its clock is set by {by:#}"));
                }
                Trouble::Sleep(at, long) if at == nth => {
                    let long = SignedDuration::from_secs(long.try_into().unwrap_or(0));
                    self.aws.jump(long);
                    self.timeline
                        .say(self.name, format_args!("the machine slept for {long:#}"));
                }
                Trouble::Disk(at, disk) if at <= nth => fate = RecordFate::Refused(disk),
                Trouble::Die(Moment::Record(at, part)) if at == nth => {
                    fate = RecordFate::Last(part);
                }
                _ => {}
            }
        }
        fate
    }

    /// Counts a call; whether, and on which side of its effect, it is the last.
    pub(crate) fn call(&self, mutating: bool) -> Option<Side> {
        let nth = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let change = self
            .changes
            .fetch_add(u64::from(mutating), Ordering::Relaxed)
            + 1;
        let side = self.troubles.iter().find_map(|trouble| match *trouble {
            Trouble::Die(Moment::Call(at, side)) if at == nth => Some(side),
            Trouble::Die(Moment::Change(at, side)) if mutating && at == change => Some(side),
            _ => None,
        });
        self.fatal
            .store(side == Some(Side::After), Ordering::Relaxed);
        side
    }

    /// The calls that its journal announces.
    pub(crate) fn intents(&self) -> MutexGuard<'_, Intents> {
        self.intents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the call that is under way is one whose answer it does not live to hear.
    pub(crate) fn last_call_is_fatal(&self) -> bool {
        self.fatal.load(Ordering::Relaxed)
    }

    /// How many calls it has made.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordFate {
    /// It is written.
    Written,
    /// The disk refuses it.
    Refused(Disk),
    /// The process dies at it.
    Last(Part),
}
