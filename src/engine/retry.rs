//! What a fault means to the call that met it: pure, with every number in one place.

use std::time::Duration;

use crate::aws::{Call, ConnectionEnd, Fault, FaultKind};
use crate::journal::LISTED_AFTER;

/// How often a call without a clear answer is made in all.
pub(super) const ATTEMPTS_IN_DOUBT: u32 = 3;

/// How long AWS may take to list what it has just made; EC2's guide speaks of eventual consistency
/// without a number, Terraform's provider allows five minutes.
pub(super) const CONSISTENCY: Duration = Duration::from_secs(300);

/// How old a list may be that AWS answers with, beside the time that a new object takes to show.
pub(super) const STALE: Duration = Duration::from_secs(30);

/// How long a call's effect is looked for before the call is repeated, where a wrong guess costs
/// something, such as a tunnel's minutes.
pub(super) const SEARCH: Duration = Duration::from_secs(75);

/// How often a throttled call is tried: with the back-off below, about three minutes.
const THROTTLED: u32 = 12;

/// What to do about a fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reaction {
    /// It will not get better.
    GiveUp,
    /// Make the call again: it had no effect.
    Again {
        /// After this.
        after: Duration,
        /// In words.
        why: &'static str,
    },
    /// The effect may have happened: look before anything else.
    Doubt {
        /// How long to let AWS recover before the call is repeated, if it has to be.
        after: Duration,
    },
}

/// What one call has met so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patience {
    throttled: u32,
    in_doubt: u32,
}

impl Patience {
    /// Decides about a fault that came `elapsed` after the first try; `limit` bounds the waiting
    /// for others, `jitter` lies in 0.0..1.0.
    pub(super) fn react(
        &mut self,
        fault: &Fault,
        elapsed: Duration,
        limit: Duration,
        jitter: f64,
    ) -> Reaction {
        match fault.kind {
            FaultKind::Throttled if self.throttled < THROTTLED => {
                self.throttled += 1;
                Reaction::Again {
                    after: spread(back_off(1, 20, self.throttled), jitter),
                    why: "AWS asks for fewer calls: wait and try again",
                }
            }
            FaultKind::NotYet if elapsed < limit => Reaction::Again {
                after: spread(slow(elapsed), jitter),
                why: "something else has to finish first: wait and try again",
            },
            FaultKind::NotFound if elapsed < CONSISTENCY.min(limit) => Reaction::Again {
                after: spread(slow(elapsed), jitter),
                why: "AWS does not see yet what it has just made: wait and try again",
            },
            FaultKind::Server | FaultKind::Lost => {
                self.in_doubt += 1;
                Reaction::Doubt {
                    after: spread(back_off(1, 20, self.in_doubt), jitter),
                }
            }
            _ => Reaction::GiveUp,
        }
    }

    /// Whether a call without a clear answer has been made often enough.
    pub(super) fn is_exhausted(self) -> bool {
        self.in_doubt >= ATTEMPTS_IN_DOUBT
    }

    /// How often the call had no clear answer.
    pub(super) fn in_doubt(self) -> u32 {
        self.in_doubt
    }
}

/// How long the effect of a careful call is looked for before the call is repeated.
///
/// AWS answers a second create of a customer gateway, or of a connection on a virtual private
/// gateway, with the first one; of a gateway, or of a connection on a transit gateway, it makes
/// another. Waiting costs time once in a blue moon.
pub(super) fn search_window(call: &Call) -> Duration {
    match call {
        Call::CreateVpnGateway { .. }
        | Call::CreateVpnConnection {
            end: ConnectionEnd::TransitGateway(_),
            ..
        } => LISTED_AFTER.unsigned_abs(),
        Call::Transit(call) if call.is_unrepeatable() => LISTED_AFTER.unsigned_abs(),
        // A second port would bill for months.
        Call::DirectConnect(call) if call.is_unrepeatable() => LISTED_AFTER.unsigned_abs(),
        _ => SEARCH,
    }
}

/// `first` seconds, doubled with every time, at most `most`.
pub(super) fn back_off(first: u64, most: u64, times: u32) -> Duration {
    let factor = 1_u64 << times.saturating_sub(1).min(16);
    Duration::from_secs(first.saturating_mul(factor).min(most))
}

/// Between 3 and 15 seconds, the longer it takes the slower.
fn slow(elapsed: Duration) -> Duration {
    (elapsed / 8).clamp(Duration::from_secs(3), Duration::from_secs(15))
}

/// 80 to 120 percent of a duration: so that many waiters do not come at the same moment.
pub(super) fn spread(duration: Duration, jitter: f64) -> Duration {
    duration.mul_f64(0.8 + 0.4 * jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: FaultKind) -> Fault {
        Fault {
            action: "CreateVpnGateway".to_owned(),
            kind,
            code: None,
            message: String::new(),
            request_id: None,
        }
    }

    #[test]
    fn throttles_back_off_and_end() {
        let mut patience = Patience::default();
        let mut waits = Vec::new();
        while let Reaction::Again { after, .. } = patience.react(
            &fault(FaultKind::Throttled),
            Duration::ZERO,
            Duration::ZERO,
            0.5,
        ) {
            waits.push(after.as_secs());
            assert!(waits.len() < 100);
        }
        assert_eq!(waits[..6], [1, 2, 4, 8, 16, 20]);
        assert_eq!(waits.len(), 12);
    }

    #[test]
    fn only_what_may_get_better_is_tried_again() {
        let limit = Duration::from_secs(900);
        let late = Duration::from_secs(600);
        let react = |kind, elapsed| Patience::default().react(&fault(kind), elapsed, limit, 0.5);
        for kind in [
            FaultKind::Denied,
            FaultKind::Credentials,
            FaultKind::Invalid,
            FaultKind::Quota,
            FaultKind::AlreadyExists,
            FaultKind::WouldSucceed,
        ] {
            assert_eq!(react(kind, Duration::ZERO), Reaction::GiveUp, "{kind:?}");
        }
        assert!(matches!(
            react(FaultKind::NotYet, late),
            Reaction::Again { .. }
        ));
        assert_eq!(react(FaultKind::NotYet, limit), Reaction::GiveUp);
        assert_eq!(react(FaultKind::NotFound, late), Reaction::GiveUp);
        assert!(matches!(
            react(FaultKind::Lost, limit),
            Reaction::Doubt { .. }
        ));
    }
}
