//! Time and randomness: the only callers of "now" and "random" in the crate.
//!
//! Everything that waits goes through [`Clock::sleep`], so that the sandbox can run an hour of
//! AWS in seconds and a test under tokio's paused time can run it in none.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use ulid::Ulid;

/// A clock that may run faster than the wall.
///
/// `scale` says how many seconds pass on this clock in one real second. Real AWS has scale 1.
/// Built on tokio's clock: under `start_paused` it is virtual.
#[derive(Clone, Debug)]
pub struct Clock {
    epoch: Timestamp,
    started: tokio::time::Instant,
    scale: f64,
    /// By how many nanoseconds it has been set forward since, by hand.
    set: Arc<AtomicI64>,
}

impl Clock {
    /// The wall clock.
    pub fn system() -> Self {
        Self::scaled(1.0)
    }

    /// A clock that starts at the wall's time and runs `scale` times as fast.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn scaled(scale: f64) -> Self {
        Self::starting_at(Timestamp::now(), scale)
    }

    /// A clock that starts at a given time: for tests and for a sandbox that continues its world.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn starting_at(epoch: Timestamp, scale: f64) -> Self {
        Self {
            epoch,
            started: tokio::time::Instant::now(),
            scale: scale.max(1e-6),
            set: Arc::default(),
        }
    }

    /// Whether a second of this clock is a real one.
    pub fn is_real_time(&self) -> bool {
        (self.scale - 1.0).abs() < f64::EPSILON
    }

    /// How many seconds of this clock pass in a real second.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The time on this clock.
    pub fn now(&self) -> Timestamp {
        let passed = self.started.elapsed().mul_f64(self.scale);
        SignedDuration::try_from(passed)
            .ok()
            .and_then(|passed| self.epoch.checked_add(passed).ok())
            .and_then(|now| now.checked_add(self.set()).ok())
            .unwrap_or(self.epoch)
    }

    fn set(&self) -> SignedDuration {
        SignedDuration::from_nanos(self.set.load(Ordering::Relaxed))
    }

    /// Sets this clock and all its clones forward, or back: what a machine's clock does when
    /// somebody corrects it, or when the machine has slept. Sleeps go on as they were.
    pub fn jump(&self, by: SignedDuration) {
        let nanos = i64::try_from(by.as_nanos()).unwrap_or(0);
        self.set.fetch_add(nanos, Ordering::Relaxed);
    }

    /// The time since `earlier` on this clock; zero when it lies in the future.
    pub fn since(&self, earlier: Timestamp) -> Duration {
        Duration::try_from(self.now().duration_since(earlier)).unwrap_or(Duration::ZERO)
    }

    /// This moment, to measure from.
    pub fn mark(&self) -> Mark {
        Mark(self.started.elapsed().mul_f64(self.scale))
    }

    /// The time since `mark` on this clock, whatever it was set to meanwhile.
    pub fn passed(&self, mark: Mark) -> Duration {
        self.mark().0.saturating_sub(mark.0)
    }

    /// Sleeps for `duration` of this clock's time.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration.div_f64(self.scale)).await;
    }
}

/// A moment of a [`Clock`] that setting the clock does not move.
///
/// Whatever waits, shares or gives up after a while measures by it. A clock is set right in the
/// middle of a run, when AWS has told the time; measured by [`Clock::now`], an hour would have passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(Duration);

/// A moment of real time, by two clocks.
///
/// The monotonic clock stands still while a laptop sleeps, and the wall clock can be set back: for
/// "how long ago at the most" it takes both.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    monotonic: tokio::time::Instant,
    wall: Timestamp,
}

impl Moment {
    /// This moment.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn now() -> Self {
        Self {
            monotonic: tokio::time::Instant::now(),
            wall: Timestamp::now(),
        }
    }

    /// How long ago it was, by the clock that says more.
    pub fn passed(&self) -> Duration {
        let now = Self::now();
        let wall = Duration::try_from(now.wall.duration_since(self.wall));
        let monotonic = now.monotonic.duration_since(self.monotonic);
        monotonic.max(wall.unwrap_or_default())
    }
}

/// Where ids, keys and jitter come from.
///
/// The system source seeds ChaCha20 from the operating system; a seeded one is for tests and for
/// the sandbox's faults, and must never make a key that guards a real tunnel.
#[derive(Clone, Debug)]
pub struct IdSource {
    rng: Arc<Mutex<ChaCha20Rng>>,
}

impl IdSource {
    /// Randomness from the operating system.
    pub fn system() -> Self {
        Self {
            rng: Arc::new(Mutex::new(ChaCha20Rng::from_os_rng())),
        }
    }

    /// A reproducible source.
    pub fn seeded(seed: u64) -> Self {
        Self {
            rng: Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed))),
        }
    }

    fn with<T>(&self, draw: impl FnOnce(&mut ChaCha20Rng) -> T) -> T {
        draw(&mut self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A new ULID whose time part is `now`.
    pub fn ulid(&self, now: Timestamp) -> Ulid {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        Ulid::from_parts(
            millis,
            self.with(|rng| u128::from(rng.next_u64()) << 16 | u128::from(rng.next_u32() & 0xffff)),
        )
    }

    /// A number in `0..below`; 0 when `below` is 0.
    pub fn below(&self, below: u64) -> u64 {
        if below == 0 {
            0
        } else {
            self.with(|rng| rng.random_range(0..below))
        }
    }

    /// A fraction in `0.0..1.0`.
    pub fn fraction(&self) -> f64 {
        self.with(|rng| rng.random::<f64>())
    }

    /// `bytes` filled with randomness.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.with(|rng| rng.fill_bytes(bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_scaled_clock_sleeps_less_and_counts_more() {
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH, 60.0);
        clock.sleep(Duration::from_secs(600)).await;
        assert_eq!(clock.now().as_second(), 600);
        assert_eq!(clock.since(Timestamp::UNIX_EPOCH).as_secs(), 600);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_was_set_goes_on_from_there_in_every_clone() {
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH, 1.0);
        let same = clock.clone();
        let mark = clock.mark();
        clock.jump(SignedDuration::from_hours(1));
        same.sleep(Duration::from_secs(5)).await;
        assert_eq!(same.now().as_second(), 3605);
        same.jump(SignedDuration::from_hours(-2));
        assert_eq!(clock.now().as_second(), -3595);
        assert_eq!(clock.since(Timestamp::UNIX_EPOCH), Duration::ZERO);
        assert_eq!(clock.passed(mark), Duration::from_secs(5));
    }

    #[test]
    fn a_seed_repeats_and_the_system_does_not() {
        let (a, b) = (IdSource::seeded(7), IdSource::seeded(7));
        assert_eq!(a.ulid(Timestamp::UNIX_EPOCH), b.ulid(Timestamp::UNIX_EPOCH));
        let (c, d) = (IdSource::system(), IdSource::system());
        assert_ne!(c.ulid(Timestamp::UNIX_EPOCH), d.ulid(Timestamp::UNIX_EPOCH));
    }
}
