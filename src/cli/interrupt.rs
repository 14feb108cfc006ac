//! Ctrl-C, SIGTERM and a terminal that closes: what each of them ends depends on what goes on.

use std::sync::{Arc, Mutex, PoisonError};

use indicatif::MultiProgress;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

use super::again::typed;
use super::exit::Exit;
use super::failure::Failure;
use super::output::{Line, Output};
use super::progress;
use crate::engine::{Cancel, CancelLevel};

/// What goes on when somebody wants the process to end.
#[derive(Clone, Debug)]
enum Phase {
    /// Nothing that has to be tidied up; in words, what a stop leaves.
    Free(&'static str),
    /// A run, which stops in its own time.
    Run {
        cancel: Cancel,
        output: Output,
        bars: Option<MultiProgress>,
    },
    /// A wait whose natural end is a signal.
    Watch,
}

/// What was asked for so far.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    times: u32,
    /// Set while somebody inside has to give something back before the command may end.
    holds: bool,
    /// Set when the command is to end at once, with what that leaves.
    end: Option<&'static str>,
}

/// The signals that end a process, caught from the first moment to the last; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Interrupt {
    phase: Arc<Mutex<Phase>>,
    asked: Arc<watch::Sender<Asked>>,
}

/// Ends a phase when it is dropped.
#[must_use]
pub(super) struct During<'a> {
    interrupt: &'a Interrupt,
    then: &'static str,
}

impl Drop for During<'_> {
    fn drop(&mut self) {
        self.interrupt.leaves(self.then);
    }
}

/// How urgent a signal is.
#[derive(Clone, Copy, Debug)]
enum Urgency {
    /// Somebody asks.
    Ask,
    /// Nobody is there any more to ask again.
    Gone,
}

impl Interrupt {
    /// Catches signals from now on; needs a runtime.
    pub(super) fn listen() -> Self {
        let interrupt = Self {
            phase: Arc::new(Mutex::new(Phase::Free("nothing was changed"))),
            asked: Arc::default(),
        };
        let (sender, mut receiver) = mpsc::unbounded_channel();
        for (kind, urgency) in [
            (SignalKind::interrupt(), Urgency::Ask),
            (SignalKind::terminate(), Urgency::Ask),
            (SignalKind::hangup(), Urgency::Gone),
        ] {
            // `nohup` has its reasons.
            if kind == SignalKind::hangup() && hangups_are_ignored() {
                continue;
            }
            // Without a handler the signal does what it always did: end the process.
            let Ok(mut signals) = signal(kind) else {
                continue;
            };
            let sender = sender.clone();
            tokio::spawn(async move {
                while signals.recv().await.is_some() && sender.send(urgency).is_ok() {}
            });
        }
        let heard = interrupt.clone();
        tokio::spawn(async move {
            while let Some(urgency) = receiver.recv().await {
                heard.hear(urgency);
            }
        });
        interrupt
    }

    /// Does the work, or as much of it as there is before somebody ends it.
    pub(super) async fn or_ended<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let mut asked = self.asked.subscribe();
        tokio::select! {
            biased;
            done = work => done,
            // Who asks again will not wait for a lock to be given back: it expires.
            Ok(asked) = asked.wait_for(|it| it.end.is_some() && (!it.holds || it.times > 1)) => {
                Err(ended(&asked))
            }
        }
    }

    /// The same for a part of the work that holds what has to be given back behind it.
    pub(super) async fn holding<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.asked.send_modify(|asked| asked.holds = true);
        let mut asked = self.asked.subscribe();
        let done = tokio::select! {
            biased;
            done = work => done,
            Ok(asked) = asked.wait_for(|asked| asked.end.is_some()) => return Err(ended(&asked)),
        };
        self.asked.send_modify(|asked| asked.holds = false);
        done
    }

    /// From now on a signal ends the command at once, and this is what it leaves.
    pub(super) fn leaves(&self, what: &'static str) {
        self.set(Phase::Free(what));
    }

    /// A run begins: a signal stops it by its own rules. Afterwards a signal leaves `then`.
    pub(super) fn run(
        &self,
        output: Output,
        bars: Option<MultiProgress>,
        then: &'static str,
    ) -> (Cancel, During<'_>) {
        let cancel = Cancel::new();
        self.set(Phase::Run {
            cancel: cancel.clone(),
            output,
            bars,
        });
        let interrupt = self;
        (cancel, During { interrupt, then })
    }

    /// A wait begins that [`Self::asked`] ends.
    pub(super) fn watch(&self, then: &'static str) -> During<'_> {
        self.set(Phase::Watch);
        let interrupt = self;
        During { interrupt, then }
    }

    /// Returns as soon as somebody has asked for an end, be it long ago.
    pub(super) async fn asked(&self) {
        let mut asked = self.asked.subscribe();
        // The sender lives in `self`, so this can only end by a signal.
        let _asked = asked.wait_for(|asked| asked.times > 0).await.is_ok();
    }

    fn set(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    fn hear(&self, urgency: Urgency) {
        let phase = self.phase.lock();
        let phase = phase.unwrap_or_else(PoisonError::into_inner).clone();
        let mut end = None;
        match phase {
            Phase::Free(left) => end = Some(left),
            Phase::Run {
                cancel,
                output,
                bars,
            } => stop(&cancel, output, bars.as_ref(), urgency),
            Phase::Watch => {}
        }
        self.asked.send_modify(|asked| {
            asked.times += 1;
            asked.end = asked.end.or(end);
        });
    }
}

fn ended(asked: &Asked) -> Failure {
    let left = asked.end.unwrap_or_default();
    Failure::new(Exit::Cancelled, format!("stopped as you asked: {left}")).next(typed())
}

/// First: start nothing more. Second, or when the terminal has gone: stop waiting too.
fn stop(cancel: &Cancel, output: Output, bars: Option<&MultiProgress>, urgency: Urgency) {
    let first = cancel.level() == CancelLevel::GoOn;
    if first && matches!(urgency, Urgency::Ask) {
        let text = "stopping: nothing new is begun; Ctrl-C once more to stop waiting as well";
        progress::say(output, bars, Line::Warn, text);
        cancel.stop();
    } else {
        let text = "stopping now: what AWS has begun goes on there";
        progress::say(output, bars, Line::Warn, text);
        cancel.abandon();
    }
}

/// Whether this process was started to outlive its terminal.
fn hangups_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Signal n is bit n - 1; SIGHUP is 1.
    ignored.is_some_and(|mask| mask & 1 == 1)
}
