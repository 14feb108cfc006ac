//! Steps that shall be there: create, adopt, keep, replace.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::attempt::{Attempt, Made};
use super::cancel::CancelLevel;
use super::error::{Leftover, StepProblem, verb};
use super::permit::permit;
use super::retry::{CONSISTENCY, STALE, search_window};
use super::task::{Task, looked};
use super::wait::{Look, SHORTEST, Wanted};
use super::worker::{StepDone, Worker};
use crate::aws::{Call, View};
use crate::journal::LISTED_AFTER;
use crate::plan::Mode;
use crate::resource::{Change, Decision, Finding, Goal, Ownership, Progress, Seen};

/// How long a created object may be ready without carrying our tags in AWS's lists.
const TAGS: Duration = Duration::from_secs(90);

impl Worker {
    /// Observes, decides again within the plan, and does it.
    pub(super) async fn provide(&mut self) -> Result<StepDone, StepProblem> {
        let task = Arc::clone(&self.task);
        if task.run.plan.mode == Mode::Teardown {
            return Ok(untouched(&task));
        }
        let found = self.search_for_unseen_call().await?;
        let (view, finding, decision) = self.observe(found.is_some()).await?;
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
                task.wait_for_room(&view).await?;
                self.create().await
            }
            (change, seen) => Err(StepProblem::Internal(format!(
                "the decision to {} does not fit what was found: {seen:?}",
                verb(change)
            ))),
        }
    }

    /// Looks, and again before anything is made or refused, or where it is not as planned.
    ///
    /// A look may be answered by a server that has not heard of a change yet: what it does not list
    /// may be there, and what it lists may be gone. What is to be made, and what this run has made,
    /// counts when two looks in a row tell it; what the plan did not expect, when it has lasted
    /// longer than AWS's lists lag. So does that nothing is there any more where an earlier look has
    /// `found` it.
    async fn observe(&self, found: bool) -> Result<(Arc<View>, Finding, Decision), StepProblem> {
        let task = &self.task;
        let began = task.run.clock.mark();
        let mut before = None;
        loop {
            let view = task.look().await?;
            let judged = self.judge(&view);
            let told = judged.as_ref().ok().map(|(finding, decision)| {
                let id = finding.chosen().map(|seen| seen.id.clone());
                (decision.change, id)
            });
            let planned = told.as_ref().is_some_and(|(it, _)| *it == task.step.change);
            let makes = matches!(task.step.change, Change::Create | Change::Replace);
            let known = found || self.past.ready.is_some();
            let missed = known && matches!(task.find(&view), Ok(Finding::Absent));
            let expected = !missed && (planned || (told.is_some() && self.has_called()));
            let agreed = expected && before.as_ref() == Some(&told);
            let late = task.run.clock.passed(began) >= 2 * STALE;
            if (planned && !makes) || agreed || late {
                return judged.map(|(finding, decision)| (view, finding, decision));
            }
            before = Some(told);
            if expected {
                task.pause(SHORTEST, CancelLevel::Abandon).await;
                task.refuse_if(CancelLevel::Abandon, Goal::Ready)?;
            } else {
                task.look_again_later(began, CancelLevel::Abandon).await?;
            }
        }
    }

    /// What a view means for this step, if the plan covers that.
    fn judge(&self, view: &View) -> Result<(Finding, Decision), StepProblem> {
        let task = &self.task;
        let finding = self.settled(task.find(view)?);
        let policy = task.run.plan.policy;
        let decision = task.kind.decide(&task.inputs, &finding, view, policy)?;
        self.refuse_if_meddled(&finding, &decision)?;
        let made = self.has_made_what_has_no_tags()?;
        permit(
            &task.step,
            &finding,
            &decision,
            made,
            task.kind.is_made_by_aws(),
        )?;
        Ok((finding, decision))
    }

    /// Gives AWS's lists the time to show what an earlier process made, or may have made, before
    /// "absent" is believed. Only for calls that must not be made twice.
    ///
    /// The whole time, however old the journal says the call is: a clock that was put forward
    /// meanwhile would make it look older than it is, and the price is a wait once in a blue moon.
    async fn search_for_unseen_call(&mut self) -> Result<Option<String>, StepProblem> {
        // What is there and is changed, such as a partner's connection, was never created by us.
        let Some(unseen) = self.past.unseen().filter(|_| self.creates()) else {
            return Ok(None);
        };
        let call = self.task.creation()?;
        if !call.is_unrepeatable() || call.action() != unseen.action {
            return Ok(None);
        }
        let attempt = Attempt {
            call: &call,
            goal: Goal::Ready,
            careful: true,
            at_rest: None,
            evidence: &|view| self.task.ours(&call, None, view),
            guard: None,
        };
        // What AWS has answered is there; its tags may be listed later than it is.
        let window = match self.past.in_doubt() {
            Some(_) => search_window(&call),
            None => LISTED_AFTER.unsigned_abs(),
        };
        self.task.search(&attempt, window).await
    }

    /// Whether a call of this run may have made something without tags on what is not ours, such as
    /// an attachment of an adopted gateway: it looks as if it had been there before.
    fn has_made_what_has_no_tags(&self) -> Result<bool, StepProblem> {
        Ok(self.has_called() && self.creates() && !self.task.creation()?.is_tagged())
    }

    /// Whether the plan has this step make something.
    fn creates(&self) -> bool {
        matches!(self.task.step.change, Change::Create | Change::Replace)
    }

    /// What this run has made ready and somebody has taken away since is not made again: the
    /// person who took it away should see a plan first.
    fn refuse_if_meddled(&self, finding: &Finding, decision: &Decision) -> Result<(), StepProblem> {
        let Some(ready) = &self.past.ready else {
            return Ok(());
        };
        if matches!(decision.change, Change::Keep | Change::Adopt) {
            return Ok(());
        }
        let step = || self.task.id().to_string();
        Err(StepProblem::Meddled {
            object: ready.id.clone().unwrap_or_else(step),
            gone: matches!(finding, Finding::Absent),
        })
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
            evidence: &|view| task.ours(&call, None, view),
            guard: None,
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
        let (id, view) = waited?;
        Ok(self.done(task.step.change, id, &view))
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
    /// The id of what this step made, if AWS lists it as ours; what carries no tags is as good from anybody.
    ///
    /// By its tags first: what this step would use by now may be another's, such as a gateway that
    /// was attached to the VPC meanwhile.
    fn ours(
        &self,
        call: &Call,
        id: Option<&str>,
        view: &View,
    ) -> Result<Option<String>, StepProblem> {
        if call.is_tagged() {
            let owned = self.kind.owned(&self.run.plan.site, view).into_iter();
            let mut of_step = owned
                .filter(|it| it.step == self.step.node.id)
                .map(|it| it.id);
            let made = of_step.find(|it| id.is_none_or(|id| id == it));
            if made.is_some() {
                return Ok(made);
            }
        }
        let is_it = |seen: &Seen| {
            let ours = seen.ownership == Ownership::Ours || !call.is_tagged();
            ours && id.is_none_or(|id| id == seen.id)
        };
        let seen = match self.find(view)? {
            Finding::Present(seen) => Some(seen).filter(is_it),
            Finding::Several(all) => all.into_iter().find(is_it),
            Finding::Absent => None,
        };
        Ok(seen.map(|seen| seen.id))
    }

    /// Waits until what has the place of the new object is gone, if it is on its way out.
    ///
    /// Nothing has been called for it yet, so the first wish to stop ends this wait.
    async fn wait_for_room(&self, seen: &View) -> Result<(), StepProblem> {
        if self.kind.room(&self.inputs, seen) == Progress::Done {
            return Ok(());
        }
        let wanted = Wanted {
            goal: Goal::Gone,
            usual: self.kind.usual(Goal::Gone),
            twice: true,
            until: CancelLevel::Stop,
        };
        let probe = |view: &View| looked(self.kind.room(&self.inputs, view));
        self.wait(wanted, probe).await?;
        Ok(())
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
            until: CancelLevel::Abandon,
        };
        let probe = |view: &View| self.progress(Some(id), Goal::Ready, view);
        self.wait(wanted, probe).await.map(|((), view)| view)
    }

    /// Waits until what was created is ready and carries our tags.
    async fn wait_until_ours(
        &self,
        call: &Call,
        id: Option<&str>,
    ) -> Result<(String, Arc<View>), StepProblem> {
        let began = self.run.clock.mark();
        let mut ready_since = None;
        let wanted = Wanted {
            goal: Goal::Ready,
            usual: self.kind.usual(Goal::Ready),
            twice: true,
            until: CancelLevel::Abandon,
        };
        let probe = |view: &View| match self.progress(id, Goal::Ready, view)? {
            Look::OnTheWay { object, state } => {
                if state == "absent" && self.run.clock.passed(began) > CONSISTENCY {
                    let why = format!("{} was answered, but AWS does not list it", call.action());
                    return Err(StepProblem::Hopeless { object, state, why });
                }
                Ok(Look::OnTheWay { object, state })
            }
            Look::There(()) => {
                if let Some(seen) = self.ours(call, id, view)? {
                    return Ok(Look::There(seen));
                }
                let since = *ready_since.get_or_insert_with(|| self.run.clock.mark());
                let object = id.map_or_else(|| call.describe(), str::to_owned);
                if self.run.clock.passed(since) > TAGS {
                    return Err(StepProblem::NotOurs { id: object });
                }
                let state = "ready, but its tags are not listed yet".to_owned();
                Ok(Look::OnTheWay { object, state })
            }
        };
        self.wait(wanted, probe).await
    }
}
