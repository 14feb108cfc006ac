//! Everything that takes its time: looks, seldom at first, often when it usually gets there.

use std::sync::Arc;
use std::time::Duration;

use super::cancel::CancelLevel;
use super::error::StepProblem;
use super::event::Event;
use super::retry::{STALE, spread};
use super::task::Task;
use crate::aws::View;
use crate::clock::Mark;
use crate::resource::{Goal, Usual};

/// At least this often a person is told that we still wait.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// The shortest time between two looks, also between the two equal ones that end a wait.
pub(super) const SHORTEST: Duration = Duration::from_secs(1);

/// What a probe says about one look.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Look<T> {
    /// There.
    There(T),
    /// On its way.
    OnTheWay {
        /// The object.
        object: String,
        /// Its state.
        state: String,
    },
}

/// What a wait waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// What for.
    pub(super) goal: Goal,
    /// How long it usually takes.
    pub(super) usual: Usual,
    /// Whether one look is not enough: what was just changed is seen sooner by one of AWS's
    /// servers than by the next, so two equal looks in a row are wanted.
    pub(super) twice: bool,
    /// The wish to stop that ends it.
    pub(super) until: CancelLevel,
}

impl Task {
    /// Looks until a probe says twice in a row that it is there.
    pub(super) async fn wait<T: PartialEq + Send>(
        &self,
        wanted: Wanted,
        mut probe: impl FnMut(&View) -> Result<Look<T>, StepProblem> + Send,
    ) -> Result<(T, Arc<View>), StepProblem> {
        let Wanted {
            goal,
            usual,
            twice,
            until,
        } = wanted;
        let began = self.run.clock.mark();
        let mut before: Option<T> = None;
        let mut doomed = false;
        loop {
            let view = self.look().await?;
            let looked = match probe(&view) {
                // Despair, too, takes two looks.
                Err(StepProblem::Hopeless { .. }) if !doomed => {
                    doomed = true;
                    self.pause(SHORTEST, until).await;
                    self.refuse_if(until, goal)?;
                    continue;
                }
                looked => looked?,
            };
            doomed = false;
            let waited = self.run.clock.passed(began);
            let (object, state, pause) = match looked {
                Look::There(found)
                    if !twice || before.as_ref() == Some(&found) || waited >= usual.limit =>
                {
                    return Ok((found, view));
                }
                Look::There(found) => {
                    before = Some(found);
                    (String::new(), String::new(), SHORTEST)
                }
                Look::OnTheWay { object, state } => {
                    before = None;
                    let pause = spread(gap(usual, waited), self.run.ids.fraction());
                    (object, state, pause)
                }
            };
            if waited >= usual.limit {
                return Err(StepProblem::TimedOut {
                    goal,
                    object,
                    state,
                    waited,
                    usual,
                });
            }
            let sign = |elapsed| Event::Waiting {
                at: self.run.now(),
                step: self.id(),
                goal,
                object: object.clone(),
                state: state.clone(),
                elapsed,
                usual,
            };
            if before.is_some() {
                self.pause(pause, until).await;
            } else {
                self.rest_until(until, pause, waited, sign).await;
            }
            self.refuse_if(until, goal)?;
        }
    }

    /// Sleeps with a sign of life now and every ten seconds.
    pub(super) async fn rest(
        &self,
        pause: Duration,
        waited: Duration,
        sign: impl Fn(Duration) -> Event + Send,
    ) {
        self.rest_until(CancelLevel::Abandon, pause, waited, sign)
            .await;
    }

    /// Waits a little, telling why, where a look shows what the plan did not expect: it may be old.
    pub(super) async fn look_again_later(
        &self,
        began: Mark,
        until: CancelLevel,
    ) -> Result<(), StepProblem> {
        let sign = |elapsed| Event::Waiting {
            at: self.run.now(),
            step: self.id(),
            goal: Goal::Ready,
            object: self.step.existing.clone().unwrap_or_default(),
            state: "not as planned, by a list that may be old".to_owned(),
            elapsed,
            usual: self.kind.usual(Goal::Ready),
        };
        let waited = self.run.clock.passed(began);
        self.rest_until(until, STALE / 6, waited, sign).await;
        self.refuse_if(until, Goal::Ready)
    }

    async fn rest_until(
        &self,
        until: CancelLevel,
        pause: Duration,
        waited: Duration,
        sign: impl Fn(Duration) -> Event + Send,
    ) {
        let mut slept = Duration::ZERO;
        while slept < pause && self.run.cancel.level() < until {
            self.run.tell(sign(waited + slept));
            let nap = SIGN_OF_LIFE.min(pause.saturating_sub(slept));
            self.pause(nap, until).await;
            slept += nap;
        }
    }
}

/// The time to the next look.
///
/// Before it can be there, half the rest of the way; while it usually gets there, so often that the
/// wait ends within a sixtieth of the range; overdue, slower and slower. A look costs one of the
/// 20 Describe calls that AWS refills per second, and all steps that look at once share it.
fn gap(usual: Usual, waited: Duration) -> Duration {
    let (shortest, longest) = (SHORTEST, Duration::from_secs(15));
    if waited < usual.from {
        (usual.from.saturating_sub(waited) / 2).clamp(shortest, longest)
    } else if waited <= usual.to {
        (usual.to.saturating_sub(usual.from) / 60).clamp(shortest, Duration::from_secs(5))
    } else {
        (waited.saturating_sub(usual.to) / 4).clamp(shortest, longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks until `there`, and by how much the last one came late.
    fn simulate(usual: Usual, there: u64) -> (u32, Duration) {
        let there = Duration::from_secs(there);
        let (mut waited, mut looks) = (Duration::ZERO, 1);
        while waited < there {
            waited += gap(usual, waited);
            looks += 1;
        }
        (looks, waited.checked_sub(there).unwrap())
    }

    #[test]
    fn waits_end_soon_after_the_fact_and_look_seldom() {
        let connection = Usual::secs(180, 360, 2400);
        for there in [20, 170, 181, 240, 300, 359] {
            let (looks, late) = simulate(connection, there);
            assert!(late <= Duration::from_secs(there / 10).max(Duration::from_secs(15)));
            assert!(looks <= 80, "{there} s took {looks} looks");
        }
        let in_range = simulate(connection, 270);
        assert!(in_range.1 <= Duration::from_secs(3), "{in_range:?}");
        let overdue = simulate(connection, 2000);
        assert!(overdue.0 < 200 && overdue.1 <= Duration::from_secs(15));

        let gateway = Usual::secs(1, 5, 600);
        assert!(simulate(gateway, 3).1 <= Duration::from_secs(1));
    }
}
