//! Token buckets a little below AWS's own, so that a fleet does not throttle itself.
//!
//! EC2 throttles per account, Region and API group; all clones of a client share these buckets.

use std::time::Duration;

use tokio::sync::Mutex;

use crate::clock::{Clock, Mark};

/// A group of API actions that EC2 counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// `Describe*` and `Get*`.
    Read,
    /// Mutating calls, all VPN ones among them.
    Write,
    /// `CreateTags`.
    Tag,
}

impl Group {
    /// The bucket and its refill per second: nine tenths of what AWS grants (EC2 API throttling,
    /// "request token bucket sizes and refill rates": 100/20, 50/5, 100/10), because others in
    /// the account draw on the same buckets.
    const fn limits(self) -> (f64, f64) {
        match self {
            Self::Read => (90.0, 18.0),
            Self::Write => (45.0, 4.5),
            Self::Tag => (90.0, 9.0),
        }
    }
}

/// The buckets of one account and Region.
#[derive(Debug)]
pub(super) struct Pace {
    clock: Clock,
    read: Bucket,
    write: Bucket,
    tag: Bucket,
}

impl Pace {
    pub(super) fn new(clock: Clock) -> Self {
        let now = clock.mark();
        Self {
            clock,
            read: Bucket::new(Group::Read, now),
            write: Bucket::new(Group::Write, now),
            tag: Bucket::new(Group::Tag, now),
        }
    }

    /// Waits for a turn in `group`; whoever asked first goes first.
    pub(super) async fn turn(&self, group: Group) {
        let bucket = match group {
            Group::Read => &self.read,
            Group::Write => &self.write,
            Group::Tag => &self.tag,
        };
        bucket.take(&self.clock).await;
    }
}

/// One bucket: `level` tokens at the time `filled`.
#[derive(Debug)]
struct Bucket {
    size: f64,
    refill: f64,
    state: Mutex<Level>,
}

#[derive(Clone, Copy, Debug)]
struct Level {
    tokens: f64,
    at: Mark,
}

impl Bucket {
    fn new(group: Group, now: Mark) -> Self {
        let (size, refill) = group.limits();
        Self {
            size,
            refill,
            state: Mutex::new(Level {
                tokens: size,
                at: now,
            }),
        }
    }

    /// Takes one token, sleeping until there is one.
    ///
    /// The lock is held while sleeping: tokio's mutex is first come, first served, so the queue at
    /// the lock is the queue for tokens. Dropping the future gives the place up and costs nothing.
    async fn take(&self, clock: &Clock) {
        let mut level = self.state.lock().await;
        loop {
            let now = clock.mark();
            let gained = clock.passed(level.at).as_secs_f64() * self.refill;
            *level = Level {
                tokens: (level.tokens + gained).min(self.size),
                at: now,
            };
            if level.tokens >= 1.0 {
                level.tokens -= 1.0;
                return;
            }
            // A millisecond more than needed: tokio's timers have that grain.
            let missing = (1.0 - level.tokens) / self.refill;
            clock
                .sleep(Duration::from_secs_f64(missing) + Duration::from_millis(1))
                .await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::future::join_all;

    use jiff::Timestamp;

    use super::*;

    fn pace(scale: f64) -> (Clock, Arc<Pace>) {
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH, scale);
        (clock.clone(), Arc::new(Pace::new(clock)))
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_the_rest_goes_in_order_below_awss_rate() {
        let (clock, pace) = pace(1.0);
        let turns = (0..90).map(|n| {
            let (pace, clock) = (pace.clone(), clock.clone());
            async move {
                pace.turn(Group::Write).await;
                (n, clock.since(Timestamp::UNIX_EPOCH).as_secs_f64())
            }
        });
        let turns = join_all(turns).await;
        for pair in turns.windows(2) {
            assert!(pair[0].1 <= pair[1].1, "{pair:?} overtook");
        }
        assert!(turns[44].1.abs() < 1e-9, "the bucket's 45 pass at once");
        let (_, last) = turns[89];
        // AWS: 50 at once, then 5 per second; in any window we must have asked for less.
        assert!(
            (10.0..10.2).contains(&last),
            "45 more at 4.5 per second: {last}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn groups_do_not_wait_for_each_other_and_the_clocks_scale_counts() {
        let (clock, pace) = pace(60.0);
        for _ in 0..45 {
            pace.turn(Group::Write).await;
        }
        pace.turn(Group::Read).await;
        pace.turn(Group::Tag).await;
        assert_eq!(clock.since(Timestamp::UNIX_EPOCH), Duration::ZERO);
        let real = Clock::system();
        let begun = real.now();
        for _ in 0..45 {
            pace.turn(Group::Write).await;
        }
        let passed = real.since(begun).as_secs_f64();
        assert!((0.16..0.3).contains(&passed), "10 s at sixtyfold: {passed}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_takes_nothing() {
        let (clock, pace) = pace(1.0);
        for _ in 0..45 {
            pace.turn(Group::Write).await;
        }
        for _ in 0..20 {
            let patience = Duration::from_millis(10);
            assert!(
                tokio::time::timeout(patience, pace.turn(Group::Write))
                    .await
                    .is_err()
            );
        }
        pace.turn(Group::Write).await;
        assert!(clock.since(Timestamp::UNIX_EPOCH) < Duration::from_millis(240));
    }
}
