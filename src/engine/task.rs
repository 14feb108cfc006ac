//! What a step is and how it sees AWS: everything about it that does not change while it runs.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use super::cancel::{Cancel, CancelLevel};
use super::error::StepProblem;
use super::event::Event;
use super::retry::{back_off, spread};
use super::wait::Look;
use crate::aws::{Call, Client, Fault, FaultKind, View};
use crate::clock::{Clock, IdSource};
use crate::journal::Journal;
use crate::plan::{Plan, PlannedStep};
use crate::playbook::StepId;
use crate::resource::{Finding, Goal, Inputs, Keys, Kind, Progress};

/// For how long AWS may be out of reach before a step gives up looking.
const OUT_OF_REACH: Duration = Duration::from_secs(300);

/// What all workers of a run share.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) plan: Plan,
    pub(super) keys: Keys,
    pub(super) client: Client,
    pub(super) journal: Journal,
    pub(super) clock: Clock,
    pub(super) ids: IdSource,
    pub(super) cancel: Cancel,
    pub(super) events: UnboundedSender<Event>,
    pub(super) calls: AtomicU64,
}

/// One step with its inputs resolved.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) run: Arc<Context>,
    pub(super) step: PlannedStep,
    pub(super) kind: &'static dyn Kind,
    pub(super) inputs: Inputs,
}

impl Context {
    /// Tells an event; nobody has to listen.
    pub(super) fn tell(&self, event: Event) {
        drop(self.events.send(event));
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// What a kind says about one look, for a wait.
pub(super) fn looked(progress: Progress) -> Result<Look<()>, StepProblem> {
    match progress {
        Progress::Done => Ok(Look::There(())),
        Progress::Waiting { object, state } => Ok(Look::OnTheWay { object, state }),
        Progress::Hopeless { object, state, why } => {
            Err(StepProblem::Hopeless { object, state, why })
        }
    }
}

// === impl Task ===

impl Task {
    pub(super) fn id(&self) -> StepId {
        self.step.node.id.clone()
    }

    /// Looks at AWS now, and through an outage of some minutes.
    pub(super) async fn look(&self) -> Result<Arc<View>, StepProblem> {
        self.look_by(true).await
    }

    /// Looks at AWS now, and shares that look with nobody: by a clock that stood still while the
    /// machine slept, an old look may seem to be of this moment.
    pub(super) async fn look_anew(&self) -> Result<Arc<View>, StepProblem> {
        self.look_by(false).await
    }

    async fn look_by(&self, shared: bool) -> Result<Arc<View>, StepProblem> {
        let began = self.run.clock.mark();
        let mut times = 0;
        loop {
            let (client, collections) = (&self.run.client, self.kind.collections());
            let view = match shared {
                true => client.view_since(collections, self.run.clock.mark()).await,
                false => client.view(collections).await.map(Arc::new),
            };
            let fault = match view {
                Ok(view) => return Ok(view),
                Err(fault) => fault,
            };
            times += 1;
            let passing = matches!(
                fault.kind,
                FaultKind::Throttled | FaultKind::Server | FaultKind::Lost
            );
            if !passing {
                return Err(StepProblem::Refused { fault });
            }
            if self.run.clock.passed(began) >= OUT_OF_REACH {
                return Err(StepProblem::NoAnswer {
                    fault,
                    attempts: times,
                });
            }
            let after = spread(back_off(1, 20, times), self.run.ids.fraction());
            self.tell_retrying(fault, "AWS does not answer: look again", after);
            self.pause(after, CancelLevel::Abandon).await;
            self.refuse_if(CancelLevel::Abandon, Goal::Ready)?;
        }
    }

    /// What there is of this step's resource in a view.
    pub(super) fn find(&self, view: &View) -> Result<Finding, StepProblem> {
        let owner = &self.run.plan.owner;
        Ok(self
            .kind
            .find(&self.step.node.id, &self.inputs, owner, view)?)
    }

    /// The call that creates the resource.
    pub(super) fn creation(&self) -> Result<Call, StepProblem> {
        let Context { plan, keys, .. } = &*self.run;
        Ok(self
            .kind
            .create(&self.step.node.id, &self.inputs, &plan.owner, keys)?)
    }

    /// Sleeps, but no longer than until the user's wish to stop reaches `until`.
    pub(super) async fn pause(&self, duration: Duration, until: CancelLevel) {
        tokio::select! {
            // In a fixed order, so that a seeded run repeats itself to the letter.
            biased;
            () = self.run.clock.sleep(duration) => {}
            () = self.run.cancel.reached(until) => {}
        }
    }

    /// An error when the user's wish to stop has reached `level`.
    pub(super) fn refuse_if(&self, level: CancelLevel, goal: Goal) -> Result<(), StepProblem> {
        if self.run.cancel.level() >= level {
            return Err(StepProblem::Cancelled { goal });
        }
        Ok(())
    }

    /// How far an object with a known id is.
    pub(super) fn progress(
        &self,
        id: Option<&str>,
        goal: Goal,
        view: &View,
    ) -> Result<Look<()>, StepProblem> {
        looked(self.kind.progress(&self.inputs, id, goal, view))
    }

    pub(super) fn tell_retrying(&self, fault: Fault, action: &str, after: Duration) {
        self.run.tell(Event::Retrying {
            at: self.run.now(),
            step: self.id(),
            fault,
            action: action.to_owned(),
            after,
        });
    }

    pub(super) fn tell_notice(&self, message: String) {
        self.run.tell(Event::Notice {
            at: self.run.now(),
            step: Some(self.id()),
            message,
        });
    }
}
