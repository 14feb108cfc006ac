//! What a run may have made that AWS does not list yet: the journal is the only one to know.
//!
//! A teardown that comes moments after a killed onboarding sees AWS's lists as they were before the
//! last calls; what it does not wait for would be billed with nobody looking for it.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use ulid::Ulid;

use super::history::{History, MadeCall, StepHistory};
use super::record::Outcome;
use crate::aws::{Tags, View};
use crate::plan::{Mode, Outputs, PlannedStep, resolve};
use crate::playbook::StepId;
use crate::resource::{self, Finding, TAG_RUN, TAG_SITE, TAG_STEP};

/// How long AWS may take to list what it has just made with its tags, and everywhere: five minutes
/// for the object (EC2 speaks of eventual consistency without a number; Terraform's provider allows
/// five), one more for its tags, and one because a look may go back in time.
pub const LISTED_AFTER: SignedDuration = SignedDuration::from_mins(7);

/// How long a change of something that is listed already may take to show in every look.
const SHOWN_AFTER: SignedDuration = SignedDuration::from_mins(2);

/// Something that may exist although AWS does not list it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unseen {
    /// The run that called.
    pub run: Ulid,
    /// The step.
    pub step: StepId,
    /// The API action.
    pub action: String,
    /// When it was about to be called.
    pub at: Timestamp,
    /// The id, when AWS had answered.
    pub id: Option<String>,
    /// When it is too old to come to light.
    pub until: Timestamp,
}

impl Unseen {
    /// Whether its end is awaited rather than its appearance.
    pub fn is_leaving(&self) -> bool {
        removes(&self.action)
    }
}

fn removes(action: &str) -> bool {
    let verbs = ["Delete", "Detach", "Disable"];
    verbs.iter().any(|verb| action.starts_with(verb))
}

/// What a run may have made that `view` does not show and that is young enough to appear, and what it
/// may have removed so lately that a look may still show it.
pub fn unseen(history: &History, view: &View, now: Timestamp) -> Vec<Unseen> {
    let removed = just_removed(history, view, now);
    if history.plan.mode == Mode::Teardown {
        return removed;
    }
    let outputs: Outputs = history
        .steps()
        .filter_map(|(step, past)| Some((step.clone(), past.ready.as_ref()?.outputs.clone())))
        .collect();
    let steps = history.plan.steps.iter();
    steps
        .filter_map(|step| {
            let past = history.step(&step.node.id)?;
            let made = Creation::of(past)?;
            let unseen =
                now < made.until(history) && !made.is_listed(history, step, &outputs, view);
            unseen.then(|| Unseen {
                run: history.run,
                step: step.node.id.clone(),
                action: made.call.action.clone(),
                at: made.call.at,
                id: made.id.map(str::to_owned),
                until: made.until(history),
            })
        })
        .chain(removed)
        .collect()
}

/// What a teardown, or a replacement, has deleted, detached or disabled so lately that a look may be
/// older than that: who believes the look keeps what is about to vanish. Where it was stopped, one
/// look that shows it gone proves nothing, because the next one may be older still.
fn just_removed(history: &History, view: &View, now: Timestamp) -> Vec<Unseen> {
    let steps = history.plan.steps.iter();
    steps
        .filter_map(|step| {
            let past = history.step(&step.node.id)?;
            let answered = match &past.last {
                Some((call, Outcome::Done { .. } | Outcome::Unknown(_))) => Some(call),
                _ => None,
            };
            let call = past.open.as_ref().or(answered)?;
            let call = Some(call).filter(|call| removes(&call.action))?;
            let until = last(history, call).checked_add(SHOWN_AFTER);
            let until = until.unwrap_or(Timestamp::MAX);
            let young = now < until && (past.ready.is_none() || is_owned(history, step, view));
            young.then(|| Unseen {
                run: history.run,
                step: step.node.id.clone(),
                action: call.action.clone(),
                at: call.at,
                id: step.existing.clone(),
                until,
            })
        })
        .collect()
}

/// When a call was made at the latest: a clock that stood still while the machine slept is set right
/// by the answer to the next look, and the run's records after it tell the right time.
fn last(history: &History, call: &MadeCall) -> Timestamp {
    call.at.max(history.last_at)
}

/// Whether a look shows what a step removed as the site's, and alive.
fn is_owned(history: &History, step: &PlannedStep, view: &View) -> bool {
    let kind = resource::registry().find(&step.node.kind);
    let owned = kind.map(|kind| kind.owned(&history.plan.site, view));
    let mut ids = owned.into_iter().flatten().map(|it| it.id);
    ids.any(|id| step.existing.as_ref() == Some(&id))
}

/// A call that makes something and that may have had its effect.
struct Creation<'a> {
    call: &'a MadeCall,
    id: Option<&'a str>,
}

impl<'a> Creation<'a> {
    fn of(past: &'a StepHistory) -> Option<Self> {
        let makes = |call: &&MadeCall| {
            let verbs = ["Create", "Attach", "Enable"];
            verbs.iter().any(|verb| call.action.starts_with(verb)) && call.action != "CreateTags"
        };
        let answered = match &past.last {
            Some((call, Outcome::Done { id, .. })) => Some((call, id.as_deref())),
            _ => None,
        };
        let open = past.open.as_ref().or(past.unanswered.as_ref());
        let open = open.map(|call| (call, None));
        // The later one: a call is repeated only when the one before was not found.
        let (call, id) = [answered, open]
            .into_iter()
            .flatten()
            .filter(|(call, _)| makes(call))
            .max_by_key(|(call, _)| (call.attempt, call.at))?;
        Some(Self { call, id })
    }

    /// Whether AWS puts tags of ours on it in the same call.
    fn is_tagged(&self) -> bool {
        [
            "CreateCustomerGateway",
            "CreateTransitGateway",
            "CreateTransitGatewayVpcAttachment",
            "CreateVpnGateway",
            "CreateVpnConnection",
        ]
        .contains(&self.call.action.as_str())
    }

    fn until(&self, history: &History) -> Timestamp {
        let patience = if self.is_tagged() {
            LISTED_AFTER
        } else {
            SHOWN_AFTER
        };
        let last = last(history, self.call);
        last.checked_add(patience).unwrap_or(Timestamp::MAX)
    }

    fn is_listed(
        &self,
        history: &History,
        step: &PlannedStep,
        outputs: &Outputs,
        view: &View,
    ) -> bool {
        if !self.is_tagged() {
            return is_shown(history, step, outputs, view);
        }
        let is = |tags: &Tags, key: &str, value: &str| tags.get(key).is_some_and(|it| it == value);
        let any_run = self.call.action == "CreateCustomerGateway";
        all(view).into_iter().any(|(listed, tags)| match self.id {
            // Tags may show later than what they are on, and a teardown finds by tags.
            Some(id) => listed == id && is(tags, TAG_SITE, history.plan.site.as_str()),
            // AWS answers a second create of a customer gateway with the first.
            None => {
                is(tags, TAG_SITE, history.plan.site.as_str())
                    && is(tags, TAG_STEP, step.node.id.as_str())
                    && (any_run || is(tags, TAG_RUN, &history.run.to_string()))
            }
        })
    }
}

/// Whether what a step joins to something is there, or can be no more.
fn is_shown(history: &History, step: &PlannedStep, outputs: &Outputs, view: &View) -> bool {
    let inputs = resolve(&step.node, outputs);
    let Some(kind) = resource::registry().find(&step.node.kind) else {
        return true;
    };
    let found = kind.find(&step.node.id, &inputs, &history.plan.owner, view);
    !matches!(found, Ok(Finding::Absent))
}

/// Everything that is listed with tags, in whatever state.
fn all(view: &View) -> Vec<(&str, &Tags)> {
    let customer = view.customer_gateways.values();
    let customer = customer.map(|it| (it.id.as_str(), &it.tags));
    let vpn = view.vpn_gateways.values();
    let vpn = vpn.map(|it| (it.id.as_str(), &it.tags));
    let connections = view.vpn_connections.values();
    let connections = connections.map(|it| (it.id.as_str(), &it.tags));
    customer.chain(vpn).chain(connections).collect()
}
