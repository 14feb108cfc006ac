//! Steps that shall be gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::attempt::Attempt;
use super::cancel::CancelLevel;
use super::error::{Leftover, StepProblem};
use super::permit::changed;
use super::task::Task;
use super::wait::{Look, SHORTEST, Wanted};
use super::worker::{StepDone, Worker};
use crate::aws::View;
use crate::plan::Mode;
use crate::resource::{Change, Finding, Goal, Ownership, Seen, TunnelImpact, tunnels_up};

impl Worker {
    /// Deletes exactly what the plan names, if it is still ours, and waits until it is gone.
    pub(super) async fn remove(&mut self) -> Result<StepDone, StepProblem> {
        let task = Arc::clone(&self.task);
        let mut view = task.look().await?;
        if task
            .target(&view)?
            .is_some_and(|seen| seen.ownership != Ownership::Ours)
        {
            // Its tags may merely not be listed yet.
            task.pause(SHORTEST, CancelLevel::Abandon).await;
            view = task.look().await?;
        }
        match task.target(&view)? {
            Some(seen) if seen.ownership != Ownership::Ours => {
                let reason = format!("{} is not ours", seen.id);
                return Err(changed(&task.step, "leave it", reason));
            }
            Some(seen) => {
                task.refuse_what_carries(&seen, &view)?;
                self.delete_one(&seen, &view).await?;
            }
            // Gone already, or on its way: others wait for its end.
            None => {
                self.left = match &task.step.existing {
                    Some(id) => Leftover::Known(id.clone()),
                    None => Leftover::Nothing,
                };
                task.wait_until_gone(task.step.existing.as_deref()).await?;
                self.left = Leftover::Nothing;
            }
        }
        Ok(StepDone {
            change: Change::Delete,
            id: task.step.existing.clone(),
            outputs: BTreeMap::new(),
        })
    }

    /// Deletes one object and waits until it is gone.
    pub(super) async fn delete_one(&mut self, seen: &Seen, view: &View) -> Result<(), StepProblem> {
        let task = Arc::clone(&self.task);
        let call = task.kind.delete(seen, view)?;
        self.left = Leftover::Known(seen.id.clone());
        let attempt = Attempt {
            call: &call,
            goal: Goal::Gone,
            careful: false,
            at_rest: None,
            evidence: &|view| task.vanished(&seen.id, view),
        };
        self.make(&attempt).await?;
        task.wait_until_gone(Some(&seen.id)).await?;
        self.left = Leftover::Nothing;
        Ok(())
    }
}

impl Task {
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
        let planned = self.step.existing.as_ref();
        let is_planned = |seen: &Seen| planned.is_none_or(|id| *id == seen.id);
        Ok(match self.find(view)? {
            Finding::Absent => None,
            Finding::Present(seen) => Some(seen).filter(is_planned),
            Finding::Several(all) => all.into_iter().find(is_planned),
        })
    }

    /// The id, once the object is gone or on its way out.
    fn vanished(&self, id: &str, view: &View) -> Result<Option<String>, StepProblem> {
        let there = match self.find(view)? {
            Finding::Absent => false,
            Finding::Present(seen) => seen.id == id,
            Finding::Several(all) => all.iter().any(|seen| seen.id == id),
        };
        Ok((!there).then(|| id.to_owned()))
    }

    /// Waits until an object is gone; one that is not listed is.
    pub(super) async fn wait_until_gone(&self, id: Option<&str>) -> Result<(), StepProblem> {
        let wanted = Wanted {
            goal: Goal::Gone,
            usual: self.kind.usual(Goal::Gone),
            twice: true,
        };
        let probe =
            |view: &View| -> Result<Look<()>, StepProblem> { self.progress(id, Goal::Gone, view) };
        self.wait(wanted, probe).await?;
        Ok(())
    }
}
