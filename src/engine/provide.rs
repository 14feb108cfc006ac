//! Steps that shall be there: create, adopt, keep, replace.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::attempt::{Attempt, Made};
use super::cancel::CancelLevel;
use super::error::{Leftover, StepProblem, verb};
use super::permit::{changed, permit};
use super::retry::{CONSISTENCY, STALE, search_window};
use super::task::Task;
use super::wait::{Look, SHORTEST, Wanted};
use super::worker::{StepDone, Worker};
use crate::aws::{Call, View};
use crate::plan::Mode;
use crate::resource::{Change, Decision, Finding, Goal, Ownership, Seen};

/// How long a created object may be ready without carrying our tags in AWS's lists.
const TAGS: Duration = Duration::from_secs(90);

impl Worker {
    /// Observes, decides again within the plan, and does it.
    pub(super) async fn provide(&mut self) -> Result<StepDone, StepProblem> {
        let task = Arc::clone(&self.task);
        if task.run.plan.mode == Mode::Teardown {
            return Ok(untouched(&task));
        }
        self.search_for_unseen_call().await?;
        let (view, finding, decision) = self.observe().await?;
        match (decision.change, finding.chosen().cloned()) {
            (Change::Keep | Change::Adopt, Some(seen)) => self.keep(seen, decision.change).await,
            (Change::Update, Some(seen)) => self.update(seen).await,
            (Change::Replace, Some(seen)) => {
                self.clear(&seen, &view).await?;
                self.create().await
            }
            (Change::Create, _) => {
                if task.step.change == Change::Replace {
                    // Deleted by an earlier process: its inside CIDRs are taken until it is gone.
                    task.wait_until_gone(task.step.existing.as_deref()).await?;
                }
                self.create().await
            }
            (change, seen) => Err(StepProblem::Internal(format!(
                "the decision to {} does not fit what was found: {seen:?}",
                verb(change)
            ))),
        }
    }

    /// Looks, and again before anything is made or refused.
    ///
    /// A look may be answered by a server that has not heard of a change yet: what it does not list
    /// may be there. Absence counts when it was seen twice, and that of what was ready in this run
    /// when it has lasted longer than AWS's lists lag.
    async fn observe(&self) -> Result<(Arc<View>, Finding, Decision), StepProblem> {
        let task = &self.task;
        let began = task.run.now();
        let mut looks = 0;
        loop {
            let view = task.look().await?;
            looks += 1;
            let judged = self.judge(&view);
            let makes = |change| matches!(change, Change::Create | Change::Replace);
            let sure = judged.as_ref().is_ok_and(|(_, it)| !makes(it.change));
            let missed =
                self.past.ready.is_some() && matches!(task.find(&view), Ok(Finding::Absent));
            let enough = if missed {
                task.run.clock.since(began) >= 2 * STALE
            } else {
                looks >= 2
            };
            if sure || enough {
                return judged.map(|(finding, decision)| (view, finding, decision));
            }
            let pause = if missed { STALE / 6 } else { SHORTEST };
            task.pause(pause, CancelLevel::Abandon).await;
            task.refuse_if(CancelLevel::Abandon, Goal::Ready)?;
        }
    }

    /// What a view means for this step, if the plan covers that.
    fn judge(&self, view: &View) -> Result<(Finding, Decision), StepProblem> {
        let task = &self.task;
        let finding = self.settled(task.find(view)?);
        let policy = task.run.plan.policy;
        let decision = task.kind.decide(&task.inputs, &finding, view, policy)?;
        self.refuse_if_gone_again(&decision)?;
        let made = self.has_made_what_has_no_tags()?;
        permit(&task.step, &finding, &decision, made)?;
        Ok((finding, decision))
    }

    /// Gives AWS's lists the time to show what an earlier process made, or may have made, before
    /// "absent" is believed. Only for calls that must not be made twice.
    ///
    /// The whole time, however old the journal says the call is: a clock that was put forward
    /// meanwhile would make it look older than it is, and the price is a wait once in a blue moon.
    async fn search_for_unseen_call(&mut self) -> Result<(), StepProblem> {
        let Some(unseen) = self.past.unseen() else {
            return Ok(());
        };
        let call = self.task.creation()?;
        if !call.is_unrepeatable() || call.action() != unseen.action {
            return Ok(());
        }
        let attempt = Attempt {
            call: &call,
            goal: Goal::Ready,
            careful: true,
            at_rest: None,
            evidence: &|view| self.task.created(&call, view),
        };
        self.task.search(&attempt, search_window(&call)).await?;
        Ok(())
    }

    /// Whether a call of this run may have made something without tags on what is not ours, such as
    /// an attachment of an adopted gateway: it looks as if it had been there before.
    fn has_made_what_has_no_tags(&self) -> Result<bool, StepProblem> {
        Ok(self.has_called() && !self.task.creation()?.is_tagged())
    }

    /// What this run has made ready and somebody has taken away since is not made again: the
    /// person who took it away should see a plan first.
    fn refuse_if_gone_again(&self, decision: &Decision) -> Result<(), StepProblem> {
        match (&self.past.ready, decision.change) {
            (Some(_), Change::Keep | Change::Adopt) | (None, _) => Ok(()),
            (Some(ready), now) => {
                let id = ready.id.as_deref().unwrap_or("it");
                let reason = format!("{id} was ready in this run and is not any more");
                Err(changed(&self.task.step, verb(now), reason))
            }
        }
    }

    /// The finding with the one object that is meant: the planned one, or the one this run made.
    fn settled(&self, finding: Finding) -> Finding {
        let Finding::Several(all) = finding else {
            return finding;
        };
        let known = [&self.task.step.existing, &self.past.made];
        let is_known = |seen: &&Seen| known.iter().any(|id| id.as_ref() == Some(&seen.id));
        let Some(chosen) = all.iter().find(is_known).or_else(|| all.first()) else {
            return Finding::Absent;
        };
        let ids: Vec<&str> = all.iter().map(|seen| seen.id.as_str()).collect();
        self.task.tell_notice(format!(
            "{} carry the tags of this step; {} is used, and the rest stays until \
             `--remove-duplicates` or somebody removes it",
            ids.join(" and "),
            chosen.id
        ));
        Finding::Present(chosen.clone())
    }

    async fn create(&mut self) -> Result<StepDone, StepProblem> {
        let task = Arc::clone(&self.task);
        let call = task.creation()?;
        let attempt = Attempt {
            call: &call,
            goal: Goal::Ready,
            careful: call.is_unrepeatable(),
            at_rest: None,
            evidence: &|view| task.created(&call, view),
        };
        let id = match self.make(&attempt).await? {
            Made::Done(id) => id,
            Made::Found(id) => Some(id),
            Made::Already => None,
        };
        self.left = Leftover::Known(match &id {
            Some(id) => id.clone(),
            None => format!("{} {}", task.step.title, call.describe()),
        });
        let waited = task.wait_until_ours(&call, id.as_deref()).await;
        if matches!(waited, Err(StepProblem::NotOurs { .. })) {
            self.left = Leftover::Nothing;
        }
        let (seen, view) = waited?;
        Ok(self.done(task.step.change, seen.id, &view))
    }

    /// Uses what is there as it is, once it is ready.
    async fn keep(&mut self, seen: Seen, change: Change) -> Result<StepDone, StepProblem> {
        let mut change = change;
        if self.has_called() {
            change = self.task.step.change;
            self.left = Leftover::Known(seen.id.clone());
        }
        let twice = self.has_called() && self.past.ready.is_none();
        let view = self.task.wait_until_ready(&seen.id, twice).await?;
        Ok(self.done(change, seen.id, &view))
    }
}

/// A teardown leaves what it does not delete.
fn untouched(task: &Task) -> StepDone {
    StepDone {
        change: task.step.change,
        id: task.step.existing.clone(),
        outputs: BTreeMap::new(),
    }
}

// === impl Task ===

impl Task {
    /// The id of what this step's create made, if it is there.
    fn created(&self, call: &Call, view: &View) -> Result<Option<String>, StepProblem> {
        Ok(self.ours(call, None, view)?.map(|seen| seen.id))
    }

    /// What this step made, if AWS lists it as ours; what carries no tags is as good from anybody.
    fn ours(
        &self,
        call: &Call,
        id: Option<&str>,
        view: &View,
    ) -> Result<Option<Seen>, StepProblem> {
        let is_it = |seen: &Seen| {
            let ours = seen.ownership == Ownership::Ours || !call.is_tagged();
            ours && id.is_none_or(|id| id == seen.id)
        };
        Ok(match self.find(view)? {
            Finding::Present(seen) => Some(seen).filter(is_it),
            Finding::Several(all) => all.into_iter().find(is_it),
            Finding::Absent => None,
        })
    }

    /// Waits until an existing object is ready.
    pub(super) async fn wait_until_ready(
        &self,
        id: &str,
        twice: bool,
    ) -> Result<Arc<View>, StepProblem> {
        let wanted = Wanted {
            goal: Goal::Ready,
            usual: self.kind.usual(Goal::Ready),
            twice,
        };
        let probe = |view: &View| self.progress(Some(id), Goal::Ready, view);
        self.wait(wanted, probe).await.map(|((), view)| view)
    }

    /// Waits until what was created is ready and carries our tags.
    async fn wait_until_ours(
        &self,
        call: &Call,
        id: Option<&str>,
    ) -> Result<(Seen, Arc<View>), StepProblem> {
        let began = self.run.now();
        let mut ready_since = None;
        let wanted = Wanted {
            goal: Goal::Ready,
            usual: self.kind.usual(Goal::Ready),
            twice: true,
        };
        let probe = |view: &View| match self.progress(id, Goal::Ready, view)? {
            Look::OnTheWay { object, state } => {
                if state == "absent" && self.run.clock.since(began) > CONSISTENCY {
                    let why = format!("{} was answered, but AWS does not list it", call.action());
                    return Err(StepProblem::Hopeless { object, state, why });
                }
                Ok(Look::OnTheWay { object, state })
            }
            Look::There(()) => {
                if let Some(seen) = self.ours(call, id, view)? {
                    return Ok(Look::There(seen));
                }
                let since = *ready_since.get_or_insert_with(|| self.run.now());
                let object = id.map_or_else(|| call.describe(), str::to_owned);
                if self.run.clock.since(since) > TAGS {
                    return Err(StepProblem::NotOurs { id: object });
                }
                let state = "ready, but its tags are not listed yet".to_owned();
                Ok(Look::OnTheWay { object, state })
            }
        };
        self.wait(wanted, probe).await
    }
}
