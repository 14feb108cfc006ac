//! One mutating call: written down before, made once, and looked for before it is repeated.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::cancel::CancelLevel;
use super::error::{Leftover, StepProblem};
use super::event::Event;
use super::retry::{CONSISTENCY, Patience, Reaction, STALE, search_window};
use super::task::Task;
use super::unwritten::unwritten;
use super::wait::SHORTEST;
use super::worker::Worker;
use crate::aws::{Answer, Call, Fault, FaultKind, View};
use crate::journal::{Outcome, Record};
use crate::resource::Goal;

/// Looks in a view for the effect of a call; answers the id of what has it.
pub(super) type Evidence<'a> = dyn Fn(&View) -> Result<Option<String>, StepProblem> + Sync + 'a;

/// A call with what proves that it had its effect.
pub(super) struct Attempt<'a> {
    pub(super) call: &'a Call,
    pub(super) goal: Goal,
    /// Whether repeating it costs something: another object, or a tunnel's minutes.
    pub(super) careful: bool,
    /// The object that has to be at rest before a lack of evidence counts.
    pub(super) at_rest: Option<&'a str>,
    pub(super) evidence: &'a Evidence<'a>,
    /// What a look right before the call must not show, if anything.
    pub(super) guard: Option<&'a Guard<'a>>,
}

/// Refuses a call because of what a view shows.
pub(super) type Guard<'a> = dyn Fn(&View) -> Result<(), StepProblem> + Sync + 'a;

/// How a call came to its effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// AWS said so; with the id of what it made, if that has one.
    Done(Option<String>),
    /// AWS did not say so, but the effect is there.
    Found(String),
    /// AWS refused because it was so already.
    Already,
}

impl Worker {
    /// Makes a call until it has had its effect once, or there is no hope.
    pub(super) async fn make(&mut self, attempt: &Attempt<'_>) -> Result<Made, StepProblem> {
        let task = Arc::clone(&self.task);
        let limit = task.kind.usual(attempt.goal).limit;
        let began = task.run.clock.mark();
        let mut patience = Patience::default();
        loop {
            task.refuse_if(CancelLevel::Stop, attempt.goal)?;
            let fault = match self.call_once(attempt).await? {
                Ok(answer) => return Ok(Made::Done(answer.id)),
                Err(fault) => fault,
            };
            let elapsed = task.run.clock.passed(began);
            if task.kind.forgives(attempt.call, &fault) {
                // What AWS does not find to delete, and still lists, is too new for that server.
                let too_new = attempt.goal == Goal::Gone
                    && fault.kind == FaultKind::NotFound
                    && elapsed < CONSISTENCY
                    && task.see(attempt).await?.is_none();
                if !too_new {
                    return Ok(Made::Already);
                }
            }
            let jitter = task.run.ids.fraction();
            let found = match patience.react(&fault, elapsed, limit, jitter) {
                Reaction::GiveUp => task.last_look(attempt, fault).await?,
                Reaction::Again { after, why } => {
                    let throttled = fault.kind == FaultKind::Throttled;
                    task.tell_retrying(fault, why, after);
                    task.pause(after, CancelLevel::Stop).await;
                    if throttled {
                        None
                    } else {
                        task.see(attempt).await?
                    }
                }
                Reaction::Doubt { after } => self.doubt(attempt, fault, patience, after).await?,
            };
            if let Some(id) = found {
                return Ok(Made::Found(id));
            }
        }
    }

    /// Journals the intent, calls, journals the result.
    async fn call_once(
        &mut self,
        attempt: &Attempt<'_>,
    ) -> Result<Result<Answer, Fault>, StepProblem> {
        let Attempt { call, guard, .. } = *attempt;
        let step = self.task.id();
        let (action, about) = (call.action().to_owned(), call.describe());
        self.task.run.calls.fetch_add(1, Ordering::Relaxed);
        self.past.calls += 1;
        let attempt = self.past.calls;
        self.write(Record::Intent {
            step: step.clone(),
            action: action.clone(),
            about: about.clone(),
            attempt,
        })
        .await?;
        self.task.run.tell(Event::Calling {
            at: self.task.run.now(),
            step: step.clone(),
            action: action.clone(),
            about: about.clone(),
        });
        self.task.run.client.turn(call).await;
        if let Some(guard) = guard
            && let Err(problem) = self.task.keep(guard).await
        {
            // Without a result the next run would take it for a call that nobody knows about.
            let message = format!("it was not called: {problem}");
            let fault = Fault::of_kind(&action, FaultKind::Invalid, &message);
            let outcome = Outcome::Refused(fault);
            self.write(Record::Result { step, outcome }).await?;
            return Err(problem);
        }
        // The last thing before the call: this process may have slept, and lost the site's lock.
        let ours = self.task.run.journal.check_lock().await;
        ours.map_err(unwritten)?;
        let answer = self.task.run.client.call_now(call).await;
        let outcome = outcome_of(&answer);
        if matches!(outcome, Outcome::Unknown(_)) {
            self.left = Leftover::Maybe(format!("{action} {about}"));
        }
        self.write(Record::Result {
            step: step.clone(),
            outcome,
        })
        .await?;
        if let Ok(Answer { id, request_id }) = &answer {
            self.task.run.tell(Event::Called {
                at: self.task.run.now(),
                step,
                action,
                id: id.clone(),
                request_id: request_id.clone(),
            });
        }
        Ok(answer)
    }

    /// Looks for the effect of a call without a clear answer.
    async fn doubt(
        &mut self,
        attempt: &Attempt<'_>,
        fault: Fault,
        patience: Patience,
        after: Duration,
    ) -> Result<Option<String>, StepProblem> {
        let window = match attempt.careful {
            true => search_window(attempt.call),
            false => after,
        };
        let why = "nobody knows whether AWS did it: look for it before trying again";
        self.task.tell_retrying(fault.clone(), why, window);
        let mut found = self.task.search(attempt, window).await?;
        if let (None, Some(id)) = (&found, attempt.at_rest) {
            let view = self.task.wait_until_ready(id, true).await?;
            found = (attempt.evidence)(&view)?;
        }
        if found.is_none() && patience.is_exhausted() {
            return Err(StepProblem::NoAnswer {
                fault,
                attempts: patience.in_doubt(),
            });
        }
        Ok(found)
    }
}

/// What the journal says of an answer.
fn outcome_of(answer: &Result<Answer, Fault>) -> Outcome {
    match answer {
        Ok(Answer { id, request_id }) => Outcome::Done {
            id: id.clone(),
            request_id: request_id.clone(),
        },
        Err(fault) if matches!(fault.kind, FaultKind::Lost | FaultKind::Server) => {
            Outcome::Unknown(fault.clone())
        }
        Err(fault) => Outcome::Refused(fault.clone()),
    }
}

impl Task {
    /// Looks whether a call may still be made: the machine may have slept since the last look, and
    /// the world has gone on. A look that forbids it may itself be old.
    async fn keep(&self, guard: &Guard<'_>) -> Result<(), StepProblem> {
        let began = self.run.clock.mark();
        loop {
            match guard(&*self.look_anew().await?) {
                Err(_) if self.run.clock.passed(began) < 2 * STALE => {
                    self.look_again_later(began, CancelLevel::Stop).await?;
                }
                judged => return judged,
            }
        }
    }

    /// Refused for good, unless it is refused because an earlier try had its effect.
    async fn last_look(
        &self,
        attempt: &Attempt<'_>,
        fault: Fault,
    ) -> Result<Option<String>, StepProblem> {
        if fault.kind == FaultKind::AlreadyExists
            && let Some(id) = self.see(attempt).await?
        {
            return Ok(Some(id));
        }
        Err(StepProblem::Refused { fault })
    }

    /// Looks for a call's effect: once, and twice where the effect is that something is not there.
    async fn see(&self, attempt: &Attempt<'_>) -> Result<Option<String>, StepProblem> {
        let view = self.look().await?;
        let found = (attempt.evidence)(&view)?;
        if found.is_none() || attempt.goal == Goal::Ready {
            return Ok(found);
        }
        self.pause(SHORTEST, CancelLevel::Abandon).await;
        let view = self.look().await?;
        (attempt.evidence)(&view)
    }

    /// Looks for a call's effect now, again and again for `window`, and at its end.
    pub(super) async fn search(
        &self,
        attempt: &Attempt<'_>,
        window: Duration,
    ) -> Result<Option<String>, StepProblem> {
        let began = self.run.clock.mark();
        let object = format!("{} {}", attempt.call.action(), attempt.call.describe());
        let mut nap = Duration::from_secs(1);
        loop {
            if let Some(id) = self.see(attempt).await? {
                self.tell_notice(format!("found {id}: {object} had its effect"));
                return Ok(Some(id));
            }
            let waited = self.run.clock.passed(began);
            if waited >= window {
                return Ok(None);
            }
            let sign = |elapsed| Event::Waiting {
                at: self.run.now(),
                step: self.id(),
                goal: attempt.goal,
                object: object.clone(),
                state: "not seen".to_owned(),
                elapsed,
                usual: self.kind.usual(attempt.goal),
            };
            self.rest(nap.min(window.saturating_sub(waited)), waited, sign)
                .await;
            self.refuse_if(CancelLevel::Abandon, attempt.goal)?;
            nap = (nap * 2).min(Duration::from_secs(15));
        }
    }
}
