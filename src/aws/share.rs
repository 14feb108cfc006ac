//! One look for all who wait: at most one Describe in flight per collection.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::fault::Fault;
use super::view::{Collection, View};
use crate::clock::Mark;

/// When a look began, and what it saw.
type Look = (Mark, Result<Arc<View>, Fault>);

/// The last look at each collection.
#[derive(Debug, Default)]
pub(super) struct Share {
    last: [Mutex<Option<Look>>; Collection::ALL.len()],
}

impl Share {
    /// A look at `collection` that began at or after `since`: somebody else's, or a new one.
    ///
    /// Whoever asks while a look is in flight queues at the lock; when it began too early for
    /// them, the first in the queue looks once more and all behind it share that. A failed look
    /// is shared as well: fifty waiters must not make fifty attempts.
    pub(super) async fn look<F>(
        &self,
        collection: Collection,
        since: Mark,
        fresh: impl FnOnce() -> F,
    ) -> Result<Arc<View>, Fault>
    where
        F: Future<Output = (Mark, Result<View, Fault>)>,
    {
        let mut last = self.last[collection as usize].lock().await;
        if let Some((began, seen)) = &*last
            && *began >= since
        {
            return seen.clone();
        }
        let (began, seen) = fresh().await;
        last.insert((began, seen.map(Arc::new))).1.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures_util::future::join_all;
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::aws::FaultKind;
    use crate::clock::Clock;

    /// A Describe that takes a second and counts how often it was made.
    async fn describe(
        clock: &Clock,
        made: &AtomicUsize,
        fails: bool,
    ) -> (Mark, Result<View, Fault>) {
        made.fetch_add(1, Ordering::Relaxed);
        let mark = clock.mark();
        clock.sleep(Duration::from_secs(1)).await;
        let fault = || Fault {
            action: "DescribeVpnConnections".to_owned(),
            kind: FaultKind::Server,
            code: None,
            message: "no".to_owned(),
            request_id: None,
        };
        let seen = if fails {
            Err(fault())
        } else {
            Ok(View::default())
        };
        (mark, seen)
    }

    #[tokio::test(start_paused = true)]
    async fn fifty_waiters_make_one_describe_per_poll() {
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH, 1.0);
        let (share, made) = (Share::default(), AtomicUsize::new(0));
        for poll in 1..=3 {
            let since = clock.mark();
            let looks = (0..50).map(|_| {
                share.look(Collection::VpnConnections, since, || {
                    describe(&clock, &made, false)
                })
            });
            let seen: Vec<_> = join_all(looks).await;
            assert!(seen.iter().all(Result::is_ok));
            assert_eq!(made.load(Ordering::Relaxed), poll);
            clock.sleep(Duration::from_secs(15)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_began_too_early_is_not_enough() {
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH, 1.0);
        let (share, made) = (Share::default(), AtomicUsize::new(0));
        let ask = |wait: u64| {
            let (share, clock, made) = (&share, &clock, &made);
            async move {
                clock.sleep(Duration::from_millis(wait)).await;
                let asked = clock.mark();
                share
                    .look(Collection::Vpcs, asked, || describe(clock, made, false))
                    .await
            }
        };
        // One at 0 ms; twenty while it is in flight, which all need one that begins later.
        let looks = join_all((0..=20).map(|n| ask(n * 10))).await;
        assert!(looks.iter().all(Result::is_ok));
        assert_eq!(made.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_back_makes_no_look_last() {
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH, 1.0);
        let (share, made) = (Share::default(), AtomicUsize::new(0));
        for looks in 1..=3 {
            let fresh = || describe(&clock, &made, false);
            let seen = share.look(Collection::Vpcs, clock.mark(), fresh);
            assert!(seen.await.is_ok());
            assert_eq!(made.load(Ordering::Relaxed), looks);
            clock.jump(SignedDuration::from_hours(-1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_shared_but_not_kept_for_later_askers() {
        let clock = Clock::starting_at(Timestamp::UNIX_EPOCH, 1.0);
        let (share, made) = (Share::default(), AtomicUsize::new(0));
        let since = clock.mark();
        let looks =
            (0..50).map(|_| share.look(Collection::Vpcs, since, || describe(&clock, &made, true)));
        assert!(join_all(looks).await.iter().all(Result::is_err));
        assert_eq!(made.load(Ordering::Relaxed), 1);
        let again = share
            .look(Collection::Vpcs, clock.mark(), || {
                describe(&clock, &made, false)
            })
            .await;
        assert!(again.is_ok());
    }
}
