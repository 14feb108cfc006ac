//! What time AWS says it is: the `Date` header of its answers.
//!
//! What expires is judged by AWS's clock, so that a machine whose clock is wrong removes nothing
//! too early. What a stopped run made is waited for by its age, so a clock that is far off is set to
//! AWS's: records that two processes write, or one before and after its machine's clock was set,
//! must tell one time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;

/// How far our clock may be off before it is set: AWS refuses signatures that are older.
const OFF: SignedDuration = SignedDuration::from_mins(5);

/// The last answer's time by AWS's clock, and by ours.
#[derive(Clone, Debug)]
pub(super) struct ServerClock {
    clock: Clock,
    told: Arc<Mutex<Told>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// How far the machine's clock was ahead at the last answer.
    ahead: Option<SignedDuration>,
    /// By how much our clock was set back because of that.
    set_back: SignedDuration,
}

impl ServerClock {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            told: Arc::default(),
        }
    }

    /// How far the machine's clock is ahead of AWS's; none before AWS has told its time.
    pub(super) fn ahead(&self) -> Option<SignedDuration> {
        self.told().ahead
    }

    /// AWS's time; ours where AWS has told none.
    pub(super) fn now(&self) -> Timestamp {
        let told = *self.told();
        let now = self.clock.now();
        // What our clock was set back by is no longer between the two.
        let off = told
            .ahead
            .map_or(SignedDuration::ZERO, |it| it - told.set_back);
        now.checked_sub(off).unwrap_or(now)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears the time that a `Date` header tells; what cannot be read tells none.
    pub(super) fn hear(&self, date: &str) {
        let Ok(theirs) = jiff::fmt::rfc2822::parse(date) else {
            return;
        };
        let mut told = self.told();
        let off = self.clock.now().duration_since(theirs.timestamp());
        told.ahead = Some(off + told.set_back);
        if off.abs() > OFF {
            self.clock.jump(-off);
            told.set_back += off;
        }
    }
}

impl Intercept for ServerClock {
    fn name(&self) -> &'static str {
        "ServerClock"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date") {
            self.hear(date);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_clock_an_hour_ahead_is_noticed_and_set_and_nonsense_is_not_believed() {
        let start: Timestamp = "2026-11-22T09:00:05Z".parse().unwrap();
        let clock = Clock::starting_at(start, 1.0);
        let server = ServerClock::new(clock.clone());
        assert_eq!(server.ahead(), None);
        for _ in 0..2 {
            server.hear("Sun, 22 Nov 2026 08:00:05 GMT");
            assert_eq!(server.ahead(), Some(SignedDuration::from_hours(1)));
            assert_eq!(clock.now(), start - SignedDuration::from_hours(1));
            assert_eq!(server.now(), clock.now());
        }
        server.hear("yesterday");
        server.hear("Sun, 22 Nov 2026 25:00:05 GMT");
        assert_eq!(server.ahead(), Some(SignedDuration::from_hours(1)));
        // Somebody sets the machine's clock right while we run.
        clock.jump(SignedDuration::from_hours(-1));
        server.hear("Sun, 22 Nov 2026 08:00:05 GMT");
        assert_eq!(server.ahead(), Some(SignedDuration::ZERO));
        assert_eq!(clock.now(), start - SignedDuration::from_hours(1));
    }
}
