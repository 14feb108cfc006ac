//! What is to happen to a call.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use jiff::Timestamp;

use super::faults::{Faults, Injected};
use super::trouble::Trouble;
use crate::sandbox::lifecycle;

/// How long a reply takes that comes too late, in real time: clients wait for 30 seconds or so.
const SPIKE: Duration = Duration::from_secs(40);

/// How often in a row the same request can stay without a clear answer, whatever the reasons.
const MOST_IN_DOUBT: u32 = 2;

/// A call, as far as chance looks at it.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Asked<'a> {
    pub(in crate::sandbox) action: &'a str,
    pub(in crate::sandbox) mutating: bool,
    /// The whole form: a repetition has the same.
    pub(in crate::sandbox) body: &'a str,
    pub(in crate::sandbox) now: Timestamp,
}

/// What is to happen to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct Fate {
    /// What goes wrong.
    pub(in crate::sandbox) injected: Option<Injected>,
    /// How much of the world's time passes before the reply.
    pub(in crate::sandbox) latency: Duration,
    /// How much real time passes before the reply.
    pub(in crate::sandbox) spike: Duration,
    /// How far a read goes back in time.
    pub(in crate::sandbox) back: Duration,
}

impl Injected {
    /// Whether the call has its effect.
    pub(in crate::sandbox) fn takes_effect(self) -> bool {
        matches!(
            self,
            Self::LostReply
                | Self::LateInternalError
                | Self::LateUnavailable
                | Self::Spike
                | Self::Unseen
        )
    }
}

/// The faults with what they remember from call to call.
#[derive(Debug)]
pub(in crate::sandbox) struct FaultState {
    pub(in crate::sandbox) faults: Faults,
    /// When they were set.
    since: Timestamp,
    counts: BTreeMap<String, u32>,
    in_a_row: BTreeMap<(&'static str, u64), u32>,
}

impl FaultState {
    pub(in crate::sandbox) fn new(faults: Faults, now: Timestamp) -> Self {
        Self {
            faults,
            since: now,
            counts: BTreeMap::new(),
            in_a_row: BTreeMap::new(),
        }
    }

    /// Decides about a call.
    pub(in crate::sandbox) fn decide(&mut self, asked: &Asked<'_>) -> Fate {
        let count = self.counts.entry(asked.action.to_owned()).or_default();
        *count += 1;
        let dice = Dice {
            seed: self.faults.seed,
            call: format!("{}#{count}", asked.action),
        };
        let scripted = self
            .faults
            .script
            .iter()
            .find(|scripted| scripted.action == asked.action && scripted.nth == *count)
            .map(|scripted| scripted.injected);
        let injected = scripted.or_else(|| self.refusal(asked)).or_else(|| {
            let request = request(asked);
            self.mishap(asked, request, &dice)
        });
        let latency = match self.faults.has(Trouble::Latency) {
            true => Duration::from_secs_f64(dice.roll("latency").mul_add(1.9, 0.1)),
            false => Duration::ZERO,
        };
        Fate {
            injected,
            latency,
            spike: match injected {
                Some(Injected::Spike) => SPIKE,
                _ => Duration::ZERO,
            },
            back: match asked.mutating {
                true => Duration::ZERO,
                false => self.back(asked, &dice),
            },
        }
    }

    /// What fails for everybody alike, without chance.
    fn refusal(&self, asked: &Asked<'_>) -> Option<Injected> {
        let age = Duration::try_from(asked.now.duration_since(self.since)).unwrap_or_default();
        let expired = match self.faults.expiring_credentials {
            Some((from, to)) => age >= from && to.is_none_or(|to| age < to),
            None => false,
        };
        if expired || self.faults.has(Trouble::ExpiredCredentials) {
            return Some(Injected::Expired);
        }
        let denied = self.faults.denied.contains(asked.action);
        denied.then_some(Injected::Denied)
    }

    /// What goes wrong by chance.
    fn mishap(&mut self, asked: &Asked<'_>, request: u64, dice: &Dice) -> Option<Injected> {
        let happens = |trouble: Trouble, chance| {
            self.faults.has(trouble) && dice.roll(trouble.name()) < chance
        };
        let (throttled, busy) = (
            happens(Trouble::Throttle, 0.3),
            is_delete(asked.action) && happens(Trouble::BusyDeletes, 0.5),
        );
        let doubt = if happens(Trouble::Resets, 0.2) {
            Some(Injected::Reset)
        } else if happens(Trouble::Errors, 0.2) {
            Some(dice.either(Injected::InternalError, Injected::Unavailable))
        } else if happens(Trouble::Spikes, 0.1) {
            Some(Injected::Spike)
        } else if asked.mutating && happens(Trouble::LostReplies, 0.4) {
            Some(Injected::LostReply)
        } else if asked.mutating && happens(Trouble::LateErrors, 0.3) {
            Some(dice.either(Injected::LateInternalError, Injected::LateUnavailable))
        } else {
            None
        };
        if self.happens_again("throttle", request, throttled, 3) {
            return Some(Injected::Throttled);
        }
        if self.happens_again("busy", request, busy, 4) {
            return Some(Injected::IncorrectState);
        }
        let in_doubt = self.happens_again("doubt", request, doubt.is_some(), MOST_IN_DOUBT);
        doubt.filter(|_| in_doubt)
    }

    /// How far this look goes back.
    fn back(&mut self, asked: &Asked<'_>, dice: &Dice) -> Duration {
        let lag = match self.faults.has(Trouble::SlowConsistency) {
            true => dice.roll("lag") * 30.0,
            false => 0.0,
        };
        let stale = self.faults.has(Trouble::StaleReads) && dice.roll("stale") < 0.25;
        let jump = match self.happens_again("stale", request(asked), stale, 1) {
            true => dice.roll("jump") * 60.0,
            false => 0.0,
        };
        Duration::from_secs_f64(lag + jump)
    }

    /// Bounds what happens to the same request to `most` in a row.
    fn happens_again(&mut self, what: &'static str, request: u64, drawn: bool, most: u32) -> bool {
        if !drawn {
            self.in_a_row.remove(&(what, request));
            return false;
        }
        let row = self.in_a_row.entry((what, request)).or_default();
        let happens = *row < most;
        *row = if happens { *row + 1 } else { 0 };
        happens
    }
}

/// Chance that depends on the seed and the call alone.
struct Dice {
    seed: u64,
    call: String,
}

impl Dice {
    fn roll(&self, purpose: &str) -> f64 {
        lifecycle::fraction(self.seed, &self.call, purpose)
    }

    fn either<T>(&self, one: T, other: T) -> T {
        if self.roll("either") < 0.5 {
            one
        } else {
            other
        }
    }
}

/// Equal for repetitions of a request.
fn request(asked: &Asked<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    asked.body.hash(&mut hasher);
    hasher.finish()
}

fn is_delete(action: &str) -> bool {
    ["Delete", "Detach", "Disassociate"]
        .iter()
        .any(|verb| action.starts_with(verb))
        && action != "DeleteTags"
}
