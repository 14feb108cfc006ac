//! What of a site exists twice: which one is kept and why, and the steps that remove the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::cost::{HOURS_PER_MONTH, Prices};
use super::findings::Findings;
use super::model::PlannedStep;
use super::question::Question;
use super::teardown::tagged;
use super::wire;
use crate::aws::{Tags, View, VpnConnection};
use crate::playbook::{Node, StepId};
use crate::resource::{
    self, Change, Goal, Kind, Owned, Ownership, Seen, TAG_RUN, TAG_SITE, TAG_STEP, TunnelImpact,
    is_connection, tunnels_up, why_kept,
};

/// The base of the names of steps that remove a duplicate.
const STEP: &str = "duplicate";

/// One step's objects, of which there should be one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duplicate {
    /// The step.
    pub step: StepId,
    /// Its kind.
    pub kind: String,
    /// The one that the plan goes on with.
    pub kept: Twin,
    /// Why that one.
    pub because: String,
    /// The others, which nothing needs.
    pub others: Vec<Twin>,
}

/// One of several objects, with what tells it from the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Twin {
    /// Its id.
    pub id: String,
    /// The run that made it, by its tag.
    pub run: Option<String>,
    /// When that run began.
    pub made_at: Option<Timestamp>,
    /// How many of its tunnels, or of the tunnels that end on it, are up.
    pub tunnels_up: usize,
    /// What it is joined to: a gateway's VPCs, a connection's gateways.
    pub joined_to: Vec<String>,
    /// The connections that end on it.
    pub connections: Vec<String>,
    /// Why it cannot be removed now; never set for the one that is kept.
    pub obstacle: Option<String>,
}

/// Everything of the site that exists beside what the steps use.
pub(super) fn found(question: &Question<'_>, steps: &[PlannedStep]) -> Vec<Duplicate> {
    let Some(view) = question.view else {
        return Vec::new();
    };
    let others: BTreeMap<&StepId, Vec<&str>> = steps
        .iter()
        .map(|step| (&step.node.id, beside(question, step, view)))
        .filter(|(_, others)| !others.is_empty())
        .collect();
    // What is replaced is gone, too, by the time that duplicates go.
    let mut all: BTreeSet<&str> = others.values().flatten().copied().collect();
    let replaced = steps.iter().filter(|it| it.change == Change::Replace);
    all.extend(replaced.filter_map(|it| it.existing.as_deref()));
    let found = steps.iter().filter_map(|step| {
        let others = others.get(&step.node.id)?;
        let kept = step.existing.as_deref()?;
        let (kind, vpc) = (&step.node.kind, &question.site.aws.vpc);
        let because = match (step.change, others.first()) {
            (Change::Adopt, _) | (_, None) => step.reason.clone(),
            (_, Some(other)) => why_kept(kind, kept, other, vpc, view).to_owned(),
        };
        let twin = |id: &&str| Twin {
            obstacle: obstacle(step, id, &all, view),
            ..twin(id, view)
        };
        Some(Duplicate {
            step: step.node.id.clone(),
            kind: kind.clone(),
            kept: self::twin(kept, view),
            because,
            others: others.iter().map(twin).collect(),
        })
    });
    found.collect()
}

/// The site's live objects that carry a step's name and are not what the step uses.
fn beside<'a>(question: &Question<'_>, step: &PlannedStep, view: &'a View) -> Vec<&'a str> {
    let Some(kept) = step.existing.as_deref() else {
        return Vec::new();
    };
    let prefix = kept.split_once('-').map_or("", |(prefix, _)| prefix);
    let is = |tags: &Tags, key: &str, value: &str| tags.get(key).is_some_and(|it| it == value);
    let mut others = tagged(view);
    others.retain(|(id, tags)| {
        id.split_once('-').is_some_and(|(it, _)| it == prefix)
            && *id != kept
            && !kept.contains(':')
            && is(tags, TAG_SITE, question.site.name.as_str())
            && is(tags, TAG_STEP, step.node.id.as_str())
    });
    others.into_iter().map(|(id, _)| id).collect()
}

fn connection<'a>(id: &str, view: &'a View) -> Option<&'a VpnConnection> {
    view.vpn_connections.get(&id.parse().ok()?)
}

/// The live connections that end on a gateway.
fn connections_on<'a>(id: &str, view: &'a View) -> Vec<&'a VpnConnection> {
    let on = |it: &&VpnConnection| {
        let ends = [
            it.customer_gateway.as_ref().map(|end| end.as_str()),
            it.vpn_gateway.as_ref().map(|end| end.as_str()),
        ];
        !it.state.is_ending() && ends.contains(&Some(id))
    };
    view.vpn_connections.values().filter(on).collect()
}

/// The VPCs that a virtual private gateway is attached to.
fn attached_to(id: &str, view: &View) -> Vec<String> {
    let gateway = id.parse().ok().and_then(|id| view.vpn_gateways.get(&id));
    let live = gateway
        .into_iter()
        .flat_map(|gateway| &gateway.attachments)
        .filter(|attachment| !attachment.state.is_ending());
    live.map(|attachment| attachment.vpc.to_string()).collect()
}

fn twin(id: &str, view: &View) -> Twin {
    let tags = tagged(view).into_iter().find(|(it, _)| *it == id);
    let run = tags.and_then(|(_, tags)| tags.get(TAG_RUN).cloned());
    let made_at = run
        .as_ref()
        .and_then(|run| Ulid::from_string(run).ok())
        .and_then(|run| Timestamp::from_millisecond(i64::try_from(run.timestamp_ms()).ok()?).ok());
    let on_it = connections_on(id, view);
    let (tunnels, joined_to) = match connection(id, view) {
        Some(own) => {
            let customer = own.customer_gateway.iter().map(ToString::to_string);
            let vpn = own.vpn_gateway.iter().map(ToString::to_string);
            (tunnels_up(own), customer.chain(vpn).collect())
        }
        None => (
            on_it.iter().map(|it| tunnels_up(it)).sum(),
            attached_to(id, view),
        ),
    };
    Twin {
        id: id.to_owned(),
        run,
        made_at,
        tunnels_up: tunnels,
        joined_to,
        connections: on_it.iter().map(|it| it.id.to_string()).collect(),
        obstacle: None,
    }
}

/// Why a duplicate has to stay; `all` is all that goes by then: duplicates, and what is replaced.
fn obstacle(step: &PlannedStep, id: &str, all: &BTreeSet<&str>, view: &View) -> Option<String> {
    if step.change == Change::Replace {
        return Some("what is kept is replaced first: plan again afterwards".to_owned());
    }
    if let Some(vpc) = attached_to(id, view).first() {
        return Some(format!(
            "it is attached to {vpc}: detach it by hand if nothing there needs it"
        ));
    }
    let needed_by = connections_on(id, view)
        .into_iter()
        .find(|it| !all.contains(it.id.as_str()));
    needed_by.map(|it| format!("{} ends on it", it.id))
}

/// Tells of duplicates, and refuses to remove one that is in use without being told to.
pub(super) fn judge(question: &Question<'_>, found: &[Duplicate], findings: &mut Findings<'_>) {
    for duplicate in found {
        for other in &duplicate.others {
            told(question, duplicate, other, findings);
            let removed = question.policy.remove_duplicates && other.obstacle.is_none();
            if removed && other.tunnels_up > 0 && is_connection(&duplicate.kind) {
                findings.refuse(
                    "preflight::duplicate_up",
                    format!(
                        "{} is to be removed as a duplicate of {}, and {} of its tunnels {} up",
                        other.id,
                        duplicate.kept.id,
                        other.tunnels_up,
                        if other.tunnels_up == 1 { "is" } else { "are" },
                    ),
                    "configure the router for the one that is kept and wait until the other is \
                     down: `underpass status` tells",
                );
            }
        }
    }
}

fn told(question: &Question<'_>, duplicate: &Duplicate, other: &Twin, findings: &mut Findings<'_>) {
    let kind = resource::registry().find(&duplicate.kind);
    let title = kind.map_or("object", |kind| kind.title());
    let hourly = Prices::builtin().hourly_usd(&duplicate.kind, &question.site.region);
    let cost = hourly.map_or_else(String::new, |usd| {
        format!(", at {:.2} USD a month", usd * HOURS_PER_MONTH)
    });
    let help = match &other.obstacle {
        _ if question.policy.remove_duplicates && other.obstacle.is_none() => {
            "it is removed when everything that is kept is ready".to_owned()
        }
        Some(obstacle) => format!("{} stays: {obstacle}", other.id),
        None => {
            "`--remove-duplicates` with the next onboarding removes it once everything else is \
                 ready; without it, what is kept is used and the other one stays"
                .to_owned()
        }
    };
    findings.warn(
        "preflight::duplicate",
        format!(
            "this site has one {title} too many: {} is kept because {}; nothing needs {}{cost}",
            duplicate.kept.told(),
            duplicate.because,
            other.told(),
        ),
        help,
    );
}

impl Twin {
    /// The id with what tells it from the others.
    pub fn told(&self) -> String {
        let mut facts = Vec::new();
        facts.extend(self.made_at.map(|at| format!("made {at:.0}")));
        let run = self.run.as_ref().map(|run| run.escape_debug().to_string());
        facts.extend(run.map(|run| format!("run {run}")));
        match self.joined_to.as_slice() {
            [] if self.id.starts_with("vgw-") => facts.push("not attached".to_owned()),
            [] => {}
            ends if self.id.starts_with("vpn-") => {
                facts.push(format!("between {}", ends.join(" and ")));
            }
            ends => facts.push(format!("attached to {}", ends.join(", "))),
        }
        if self.id.starts_with("vpn-") {
            facts.push(match self.tunnels_up {
                0 => "no tunnel up".to_owned(),
                1 => "1 tunnel up".to_owned(),
                up => format!("{up} tunnels up"),
            });
        } else if self.connections.is_empty() {
            facts.push("no connection ends on it".to_owned());
        } else {
            facts.push(format!("used by {}", self.connections.join(", ")));
        }
        format!("{} ({})", self.id, facts.join(", "))
    }
}

/// The steps that remove duplicates: behind everything that is kept, and in the order in which
/// they can go.
pub(super) fn steps(
    question: &Question<'_>,
    found: &[Duplicate],
    kept: &[PlannedStep],
    findings: &mut Findings<'_>,
) -> Vec<PlannedStep> {
    let Some(view) = question.view.filter(|_| question.policy.remove_duplicates) else {
        return Vec::new();
    };
    let mut doomed: Vec<(&dyn Kind, Owned, &Duplicate)> = Vec::new();
    for kind in resource::registry().kinds() {
        for owned in kind.owned(&question.site.name, view) {
            let of = found.iter().find(|duplicate| {
                let mut others = duplicate.others.iter();
                others.any(|it| it.id == owned.id && it.obstacle.is_none())
            });
            doomed.extend(of.map(|of| (*kind, owned, of)));
        }
    }
    let names: Vec<(&str, StepId)> = doomed
        .iter()
        .map(|(kind, owned, _)| (kind.name(), StepId::instance(STEP, &owned.id)))
        .collect();
    let mut steps: Vec<PlannedStep> = doomed
        .into_iter()
        .filter_map(|(kind, owned, of)| {
            let before = kind.deleted_after();
            let gone = names.iter().filter(|(kind, _)| before.contains(kind));
            let ready = kept.iter().map(|step| step.node.id.clone());
            let needs = ready.chain(gone.map(|(_, step)| step.clone())).collect();
            step(kind, owned, needs, of, view)
        })
        .collect();
    // Kinds delete connections first, and gateways do not wait for each other.
    steps.sort_by_key(|step| step.node.needs.len());
    for step in &steps {
        if let TunnelImpact::Both(_) = step.impact {
            let id = step.existing.as_deref().unwrap_or_default();
            findings.warn(
                "plan::outage",
                format!("{id}: the tunnels of this duplicate end, although they are up"),
                "see that the router uses the tunnels of the one that is kept",
            );
        }
    }
    steps
}

fn step(
    kind: &dyn Kind,
    owned: Owned,
    needs: BTreeSet<StepId>,
    of: &Duplicate,
    view: &View,
) -> Option<PlannedStep> {
    let seen = Seen {
        id: owned.id.clone(),
        ownership: Ownership::Ours,
        outputs: BTreeMap::new(),
        missing_tags: Tags::new(),
    };
    let call = kind.delete(&seen, view).ok()?;
    Some(PlannedStep {
        title: kind.title().to_owned(),
        change: Change::Delete,
        reason: format!(
            "a duplicate: {} is kept, because {}",
            of.kept.id, of.because
        ),
        differences: Vec::new(),
        impact: impact(&owned.id, view),
        usual: kind.usual(Goal::Gone),
        actions: vec![call.action().to_owned()],
        node: Node {
            id: StepId::instance(STEP, &owned.id),
            kind: kind.name().to_owned(),
            inputs: wire::node_inputs(&owned.inputs),
            needs,
        },
        existing: Some(owned.id),
    })
}

/// Tunnels that are down end without anybody noticing.
fn impact(id: &str, view: &View) -> TunnelImpact {
    let Some(connection) = connection(id, view).filter(|it| tunnels_up(it) > 0) else {
        return TunnelImpact::None;
    };
    let outside: BTreeSet<Ipv4Addr> = connection.telemetry.iter().map(|it| it.outside).collect();
    TunnelImpact::Both(outside.into_iter().collect())
}
