//! Looking for what stopped runs may have made, before anything is taken for gone.

use std::time::Duration;

use jiff::SignedDuration;

use super::retry::{STALE, back_off, spread};
use super::wait::SHORTEST;
use crate::aws::{Breadth, Client, Fault, FaultKind, View};
use crate::clock::{Clock, IdSource};
use crate::journal::{History, LISTED_AFTER, Unseen, unseen};

/// How often AWS may fail to answer in a row.
const FAILURES: u32 = 8;

/// How long looks that contradict each other are looked again.
const CONTRADICTED: Duration = STALE.saturating_mul(2);

/// What [`look_patiently`] looks again for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited<'a> {
    /// What runs may have made, or removed, and AWS does not show yet.
    Unseen(&'a [Unseen]),
    /// Two looks in a row that agree.
    Agreement,
}

/// Looks at everything until two looks in a row tell the same, and again and again while a run may
/// have made what AWS does not list yet.
///
/// A look may be answered by a server that has not heard of the last minute's changes. A plan made
/// from it would keep what is gone, and a teardown's would leave out what is there.
///
/// `tell` hears before each further look what is searched. Ends with the view in which nothing is
/// missing any more, or with the last one when everything is too old to come to light: seven
/// minutes after the last call at most. Fails when AWS refuses, or does not answer for minutes.
pub async fn look_patiently(
    client: &Client,
    clock: &Clock,
    ids: &IdSource,
    breadth: Breadth<'_>,
    runs: &[History],
    mut tell: impl FnMut(Awaited<'_>),
) -> Result<View, Fault> {
    let (mut nap, mut failures) = (Duration::from_secs(2), 0);
    // A journal that was written by a clock ahead of ours must not make this wait any longer.
    let (begun, limit) = (clock.mark(), LISTED_AFTER.unsigned_abs());
    let (mut before, mut contradicted, mut heard) = (None, None, None);
    loop {
        let view = match client.whole_view(breadth).await {
            Ok(view) => view,
            Err(fault) if is_passing(&fault) && failures < FAILURES => {
                failures += 1;
                let pause = spread(back_off(1, 20, failures), ids.fraction());
                clock.sleep(pause).await;
                continue;
            }
            Err(fault) => return Err(fault),
        };
        failures = 0;
        // The first answer has set a wrong clock right. Whatever sets it after that must not make
        // the wait shorter.
        let (at, mark) = *heard.get_or_insert_with(|| (clock.now(), clock.mark()));
        let since = SignedDuration::try_from(clock.passed(mark)).unwrap_or_default();
        let now = at.checked_add(since).unwrap_or(at);
        let left = limit.saturating_sub(clock.passed(begun));
        let missing: Vec<Unseen> = runs
            .iter()
            .flat_map(|run| unseen(run, &view, now))
            .collect();
        let last = missing.iter().map(|it| it.until).max();
        let Some(last) = last.filter(|_| !left.is_zero()) else {
            let outline = view.outline();
            if before.as_ref() == Some(&outline) {
                return Ok(view);
            }
            if before.replace(outline).is_some() {
                let since = *contradicted.get_or_insert_with(|| clock.mark());
                if clock.passed(since) >= CONTRADICTED {
                    return Ok(view);
                }
                tell(Awaited::Agreement);
                clock.sleep(SHORTEST).await;
            }
            continue;
        };
        before = None;
        tell(Awaited::Unseen(&missing));
        // One more look when the time is up: its answer counts.
        let until = Duration::try_from(last.duration_since(now)).unwrap_or_default();
        let pause = until.min(left) + Duration::from_millis(1);
        clock.sleep(nap.min(pause)).await;
        nap = (nap * 2).min(Duration::from_secs(15));
    }
}

fn is_passing(fault: &Fault) -> bool {
    matches!(
        fault.kind,
        FaultKind::Throttled | FaultKind::Server | FaultKind::Lost
    )
}
