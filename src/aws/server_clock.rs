//! What time AWS says it is: the `Date` header of its answers.
//!
//! What expires is judged by AWS's clock, so that a machine whose clock is wrong removes nothing
//! too early.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;

/// The last answer's time by AWS's clock, and by ours.
#[derive(Clone, Debug)]
pub(super) struct ServerClock {
    clock: Clock,
    last: Arc<Mutex<Option<(Timestamp, Timestamp)>>>,
}

impl ServerClock {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            last: Arc::default(),
        }
    }

    /// How far our clock is ahead of AWS's; none before AWS has told its time.
    pub(super) fn ahead(&self) -> Option<SignedDuration> {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.map(|(theirs, ours)| ours.duration_since(theirs))
    }

    /// Remembers the time that a `Date` header tells; what cannot be read tells none.
    fn hear(&self, date: &str) {
        if let Ok(theirs) = jiff::fmt::rfc2822::parse(date) {
            let told = (theirs.timestamp(), self.clock.now());
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
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
    async fn a_clock_an_hour_ahead_is_noticed_and_nonsense_is_not_believed() {
        let start: Timestamp = "2026-11-22T09:00:05Z".parse().unwrap();
        let clock = ServerClock::new(Clock::starting_at(start, 1.0));
        assert_eq!(clock.ahead(), None);
        clock.hear("Sun, 22 Nov 2026 08:00:05 GMT");
        assert_eq!(clock.ahead(), Some(SignedDuration::from_hours(1)));
        clock.hear("yesterday");
        clock.hear("Sun, 22 Nov 2026 25:00:05 GMT");
        assert_eq!(clock.ahead(), Some(SignedDuration::from_hours(1)));
    }
}
