//! Plays thousands of cases on a few threads.

use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::play::{Outcome, play};
use super::script::Script;
use super::shrink::shrink;

/// What to play.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// The seeds.
    pub(crate) seeds: Range<u64>,
    /// The threads.
    pub(crate) jobs: u64,
    /// No case begins after this long.
    pub(crate) at_most: Option<Duration>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// The first seed.
    pub(crate) first: u64,
    /// The seeds that were played, without a gap, up to this one.
    pub(crate) end: u64,
    /// Real time.
    pub(crate) took: Duration,
    /// AWS calls, and processes.
    pub(crate) calls: u64,
    /// Processes of the tool that were started.
    pub(crate) processes: u64,
    /// The lowest seed that broke a rule.
    pub(crate) broken: Option<u64>,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cases = self.end - self.first;
        let millis = u64::try_from(self.took.as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        let pace = cases * 60_000 / millis;
        let (first, end) = (self.first, self.end);
        write!(f, "{cases} cases, seeds {first}..{end}, {pace} cases/min, ")?;
        let (processes, calls) = (self.processes, self.calls);
        write!(f, "{processes} processes, {calls} calls: ")?;
        match self.broken {
            None => write!(f, "every invariant held"),
            Some(seed) => write!(f, "seed {seed} broke an invariant"),
        }
    }
}

/// Plays every seed, and stops at the first that breaks a rule.
#[expect(clippy::disallowed_methods, reason = "a pace is measured in real time")]
pub(crate) fn many(wish: &Wish, progress: impl Fn(u64) + Sync) -> Verdict {
    let began = Instant::now();
    let next = AtomicU64::new(wish.seeds.start);
    let (calls, processes) = (AtomicU64::new(0), AtomicU64::new(0));
    let stop = AtomicBool::new(false);
    let broken: Mutex<Option<u64>> = Mutex::default();
    let work = || {
        while !stop.load(Ordering::Relaxed) && wish.at_most.is_none_or(|it| began.elapsed() < it) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= wish.seeds.end {
                return;
            }
            let outcome = play(&Script::draw(seed), seed.is_multiple_of(16));
            calls.fetch_add(outcome.calls, Ordering::Relaxed);
            processes.fetch_add(outcome.processes.into(), Ordering::Relaxed);
            if outcome.broken.is_some() {
                let mut lowest = broken.lock().unwrap_or_else(PoisonError::into_inner);
                *lowest = Some(lowest.map_or(seed, |it| it.min(seed)));
                stop.store(true, Ordering::Relaxed);
            }
            progress(seed);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..wish.jobs.max(1) {
            scope.spawn(work);
        }
    });
    let broken = broken.into_inner().unwrap_or_else(PoisonError::into_inner);
    Verdict {
        first: wish.seeds.start,
        end: next.into_inner().min(wish.seeds.end),
        took: began.elapsed(),
        calls: calls.into_inner(),
        processes: processes.into_inner(),
        broken,
    }
}

/// What a person needs to mend what a script broke: the rule, the shortest script, its timeline.
pub(crate) fn story(script: &Script) -> String {
    let small = shrink(script);
    let Outcome {
        broken, timeline, ..
    } = play(&small, true);
    let rule = broken.map_or_else(
        || "nothing: it does not repeat".to_owned(),
        |it| it.to_string(),
    );
    format!(
        "seed {} broke this: {rule}\n\n--- the shortest script that does\n{small}\n\n\
         --- what happened\n{timeline}\n\
         --- again\ncargo run --profile campaign --example campaign -- --seed {} --cases 1\n\
         cargo run --profile campaign --example campaign -- --replay FILE   (with the script above in FILE)\n",
        script.seed, script.seed
    )
}
