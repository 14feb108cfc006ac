//! A new run, or the rest of one that was stopped?

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use ulid::Ulid;

use super::error::JournalError;
use super::history::History;
use super::lock::SiteLock;
use super::log::Journal;
use super::store::SiteFolder;
use crate::clock::Clock;
use crate::plan::{Mode, Plan};
use crate::resource::Change;

/// What a command is about to carry out.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// A plan that was just made.
    New(Box<Plan>),
    /// The plan of a run that was stopped, as far as it is not done yet.
    GoOn(Box<History>),
}

/// A run that can go.
#[derive(Debug)]
pub struct Started {
    /// Its plan.
    pub plan: Plan,
    /// Its journal.
    pub journal: Journal,
    /// What the journal says already, when the run was stopped before.
    pub history: Option<History>,
}

impl Start {
    /// The plan that will be carried out.
    pub fn plan(&self) -> &Plan {
        match self {
            Self::New(plan) => plan,
            Self::GoOn(history) => &history.plan,
        }
    }

    /// Whether it goes on with a run that was stopped.
    pub fn goes_on(&self) -> bool {
        matches!(self, Self::GoOn(_))
    }
}

/// What a plan removes: of an onboarding, what exists twice.
fn removed(plan: &Plan) -> BTreeSet<&str> {
    let deletes = plan.steps.iter().filter(|it| it.change == Change::Delete);
    deletes.filter_map(|it| it.existing.as_deref()).collect()
}

impl SiteFolder {
    /// Decides whether the site's newest run is gone on with rather than this new plan begun.
    ///
    /// It is when it was stopped on the way to the same: the same command with the same site file
    /// in the same account, with nothing more to remove, and [`History::is_worth_resuming`]. A
    /// stopped teardown is always planned anew: what is gone is simply no longer in the plan.
    pub async fn choose(&self, plan: Plan, now: Timestamp) -> Result<Start, JournalError> {
        if plan.mode == Mode::Onboard
            && let Some(run) = self.newest().await?
        {
            let before = self.read(run).await?;
            let same = before.plan.mode == plan.mode
                && before.plan.basis.site == plan.basis.site
                && before.plan.policy == plan.policy
                && before.plan.account == plan.account
                && removed(&plan).is_subset(&removed(&before.plan));
            if same && before.is_worth_resuming(now) {
                return Ok(Start::GoOn(Box::new(before)));
            }
        }
        Ok(Start::New(Box::new(plan)))
    }

    /// Opens the journal of what was chosen.
    pub async fn start(
        &self,
        lock: &SiteLock,
        start: Start,
        clock: Clock,
    ) -> Result<Started, JournalError> {
        match start {
            Start::New(plan) => {
                let plan = in_order(*plan, self.newest().await?);
                Ok(Started {
                    journal: self.begin(lock, &plan, clock).await?,
                    history: None,
                    plan,
                })
            }
            Start::GoOn(before) => {
                let (journal, history) = self.open(lock, before.run, clock).await?;
                Ok(Started {
                    journal,
                    plan: history.plan.clone(),
                    history: Some(history),
                })
            }
        }
    }
}

/// The plan with a run that sorts behind the site's newest one.
///
/// A clock that was set back, or another machine's that is behind, would put this run in front of
/// an older one: stopped, it would be taken for what that one has long settled, and the call whose
/// answer is missing would be forgotten.
fn in_order(mut plan: Plan, newest: Option<Ulid>) -> Plan {
    let Some(newest) = newest.filter(|newest| *newest >= plan.run) else {
        return plan;
    };
    let behind = newest.timestamp_ms() + 1;
    let late = behind.saturating_sub(plan.run.timestamp_ms());
    let run = Ulid::from_parts(behind, plan.run.random());
    plan.run = run;
    plan.owner.run = run;
    if plan.mode == Mode::Onboard {
        // A test site's life is counted from its run.
        let late = SignedDuration::from_millis(i64::try_from(late).unwrap_or(i64::MAX));
        let expires_at = plan.owner.expires_at;
        plan.owner.expires_at = expires_at.map(|at| at.checked_add(late).unwrap_or(at));
    }
    plan
}
