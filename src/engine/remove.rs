//! Steps that shall be gone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::attempt::{Attempt, Made};
use super::cancel::CancelLevel;
use super::error::{Leftover, StepProblem};
use super::event::Event;
use super::permit::changed;
use super::retry::SEARCH;
use super::task::Task;
use super::wait::{Look, Wanted};
use super::worker::{StepDone, Worker};
use crate::aws::{Tags, View};
use crate::clock::Mark;
use crate::journal::Outcome;
use crate::plan::Mode;
use crate::resource::{Change, Finding, Goal, Ownership, Seen, TunnelImpact, tunnels_up};

impl Worker {
    /// Deletes exactly what the plan names, if it is still ours, and waits until it is gone.
    ///
    /// The plan has seen it, so it exists: "not found" and a list without it come from a server
    /// that has not heard of it yet, unless they stay so.
    pub(super) async fn remove(&mut self) -> Result<StepDone, StepProblem> {
        let task = Arc::clone(&self.task);
        let began = task.run.clock.mark();
        loop {
            let view = task.look().await?;
            match task.target(&view)? {
                // Tags may be seen later than the object that carries them.
                Some(seen) if seen.ownership != Ownership::Ours && !task.is_late(began) => {}
                Some(seen) if seen.ownership != Ownership::Ours => {
                    let reason = format!("{} is not ours", seen.id);
                    return Err(changed(&task.step, "leave it", reason));
                }
                Some(seen) => {
                    task.refuse_what_carries(&seen, &view)?;
                    if self.delete_one(&seen, &view).await? || task.is_late(began) {
                        break;
                    }
                }
                // Deleted by an earlier process, or gone for others when no look in a while shows it.
                None if self.has_deleted() || task.is_late(began) => break,
                None => {}
            }
            task.rest_unlisted(began).await?;
        }
        self.left = task.leftover();
        task.wait_until_gone(task.step.existing.as_deref()).await?;
        self.left = Leftover::Nothing;
        Ok(StepDone {
            change: Change::Delete,
            id: task.step.existing.clone(),
            outputs: BTreeMap::new(),
        })
    }

    /// Whether AWS has said to a process of this run that it deletes the object.
    fn has_deleted(&self) -> bool {
        matches!(&self.past.last, Some((_, Outcome::Done { .. })))
    }

    /// Asks AWS to delete an object; answers whether AWS said that it does.
    ///
    /// Otherwise it was not found, or there was no answer and a look did not show it.
    async fn delete_one(&mut self, seen: &Seen, view: &View) -> Result<bool, StepProblem> {
        let task = Arc::clone(&self.task);
        let call = task.kind.delete(seen, view)?;
        self.left = Leftover::Known(seen.id.clone());
        let attempt = Attempt {
            call: &call,
            goal: Goal::Gone,
            careful: false,
            at_rest: None,
            evidence: &|view| task.vanished(&seen.id, view),
            guard: None,
        };
        Ok(matches!(self.make(&attempt).await?, Made::Done(_)))
    }

    /// Deletes what will be made anew, and waits until it is gone.
    pub(super) async fn clear(&mut self, seen: &Seen, view: &View) -> Result<(), StepProblem> {
        self.delete_one(seen, view).await?;
        self.task.wait_until_gone(Some(&seen.id)).await?;
        self.left = Leftover::Nothing;
        Ok(())
    }
}

impl Task {
    /// What is left if it ends before the object has gone.
    fn leftover(&self) -> Leftover {
        let id = self.step.existing.clone();
        id.map_or(Leftover::Nothing, Leftover::Known)
    }

    /// Whether a server that has not heard of the object by now is none that ever will.
    fn is_late(&self, began: Mark) -> bool {
        self.run.clock.passed(began) >= SEARCH
    }

    /// Waits a little, telling what is not seen.
    async fn rest_unlisted(&self, began: Mark) -> Result<(), StepProblem> {
        let sign = |elapsed| Event::Waiting {
            at: self.run.now(),
            step: self.id(),
            goal: Goal::Gone,
            object: self.step.existing.clone().unwrap_or_default(),
            state: "not seen by every server of AWS's".to_owned(),
            elapsed,
            usual: self.kind.usual(Goal::Gone),
        };
        let waited = self.run.clock.passed(began);
        self.rest(Duration::from_secs(5), waited, sign).await;
        self.refuse_if(CancelLevel::Abandon, Goal::Gone)
    }

    /// An onboarding removes a duplicate whose tunnels are down: not one that has come up since.
    fn refuse_what_carries(&self, seen: &Seen, view: &View) -> Result<(), StepProblem> {
        let told = self.step.impact != TunnelImpact::None;
        if self.run.plan.mode == Mode::Teardown || told {
            return Ok(());
        }
        let connection = seen
            .id
            .parse()
            .ok()
            .and_then(|id| view.vpn_connections.get(&id));
        match connection.map_or(0, tunnels_up) {
            0 => Ok(()),
            up => {
                let reason = format!("{} carries: {up} of its tunnels came up meanwhile", seen.id);
                Err(changed(&self.step, "leave it", reason))
            }
        }
    }

    /// The object that the plan wants deleted, if it is there.
    fn target(&self, view: &View) -> Result<Option<Seen>, StepProblem> {
        self.listed(self.step.existing.as_deref(), view)
    }

    /// The object with this id, or the only one where the plan knows none.
    ///
    /// By what the step is called, else among all that the site owns: what the site file no longer
    /// names was made by a step of another name.
    fn listed(&self, id: Option<&str>, view: &View) -> Result<Option<Seen>, StepProblem> {
        let is_meant = |seen: &Seen| id.is_none_or(|id| id == seen.id);
        let found = match self.find(view)? {
            Finding::Absent => None,
            Finding::Present(seen) => Some(seen).filter(is_meant),
            Finding::Several(all) => all.into_iter().find(is_meant),
        };
        let Some(id) = id.filter(|_| found.is_none()) else {
            return Ok(found);
        };
        let mut owned = self.kind.owned(&self.run.plan.site, view).into_iter();
        Ok(owned.find(|it| it.id == id).map(|it| Seen {
            id: it.id,
            ownership: Ownership::Ours,
            outputs: BTreeMap::new(),
            missing_tags: Tags::new(),
        }))
    }

    /// The id, once the object is gone or on its way out.
    fn vanished(&self, id: &str, view: &View) -> Result<Option<String>, StepProblem> {
        let there = self.listed(Some(id), view)?.is_some();
        Ok((!there).then(|| id.to_owned()))
    }

    /// Waits until an object is gone; one that is not listed is.
    pub(super) async fn wait_until_gone(&self, id: Option<&str>) -> Result<(), StepProblem> {
        let wanted = Wanted {
            goal: Goal::Gone,
            usual: self.kind.usual(Goal::Gone),
            twice: true,
            until: CancelLevel::Abandon,
        };
        let probe =
            |view: &View| -> Result<Look<()>, StepProblem> { self.progress(id, Goal::Gone, view) };
        self.wait(wanted, probe).await?;
        Ok(())
    }
}
