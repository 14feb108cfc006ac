//! Stopping a run by hand.

use std::sync::Arc;

use tokio::sync::watch;

/// How urgently the user wants the run to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum CancelLevel {
    /// Not at all.
    #[default]
    GoOn,
    /// No new call; what was called is waited for.
    Stop,
    /// No wait either; a call in flight still gets its answer into the journal.
    Abandon,
}

/// The handle that stops a run; clones share one level, which only rises.
#[derive(Clone, Debug)]
pub struct Cancel {
    level: Arc<watch::Sender<CancelLevel>>,
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}

impl Cancel {
    /// A handle that lets the run go on.
    pub fn new() -> Self {
        Self {
            level: Arc::new(watch::Sender::new(CancelLevel::GoOn)),
        }
    }

    /// Starts nothing new: the first Ctrl-C.
    pub fn stop(&self) {
        self.raise(CancelLevel::Stop);
    }

    /// Abandons waits too: the second Ctrl-C.
    pub fn abandon(&self) {
        self.raise(CancelLevel::Abandon);
    }

    /// The level now.
    pub fn level(&self) -> CancelLevel {
        *self.level.borrow()
    }

    /// Returns when the level is at least `level`.
    pub async fn reached(&self, level: CancelLevel) {
        let mut watching = self.level.subscribe();
        // The sender lives in `self`, so this can only end by the level being reached.
        let _reached = watching.wait_for(|now| *now >= level).await.is_ok();
    }

    fn raise(&self, level: CancelLevel) {
        self.level.send_if_modified(|now| {
            let rises = *now < level;
            *now = level.max(*now);
            rises
        });
    }
}
