//! From a site and a look at AWS to everything that one run will do.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::json;

use super::basis;
use super::cost::Prices;
use super::duplicates;
use super::findings::{Findings, PlanErrors};
use super::memory;
use super::model::{Basis, Mode, PLAN_SCHEMA, Plan, PlannedStep, TunnelPlan};
use super::permissions;
use super::preflight;
use super::question::Question;
use super::resolve::{Outputs, resolve};
use super::surplus;
use super::wire::{self, Asked, Decided};
use super::world::World;
use crate::aws::{TAG_DIRECT_CONNECT, TAG_TRANSIT, View};
use crate::playbook::{self, Context, Graph, Node};
use crate::resource::{
    self, Change, Decision, Finding, Goal, Inputs, Keys, Kind, KindError, Owner, Seen,
    TunnelImpact, Usual, is_connection,
};
use crate::spec::{AttachTo, Site};
use crate::tunnel::{self, TunnelOptions};

/// Plans the onboarding of a site, or says everything that speaks against it at once.
pub fn onboard(question: &Question<'_>) -> Result<Plan, PlanErrors> {
    let mut findings = Findings::new(question.accept);
    let world = World::of(question.site, question.view);
    preflight::check(&world, question.account.as_ref(), &mut findings);
    let tunnels = preflight::negotiated(&world, &mut findings);
    let context = Context {
        site: world.site_context(),
        tunnels: json!(tunnels),
        vpc: world.vpc_context(),
    };
    // Without tunnels or with a VPC that is not there the steps would only repeat the refusal.
    if tunnels.is_none() || (question.view.is_some() && world.vpc.is_none()) {
        return Err(findings.into_errors());
    }
    let graph = match playbook::compile(question.playbook, &context, resource::registry()) {
        Ok(graph) => graph,
        // A site that was refused may well not fit its playbook: the refusal says more.
        Err(_) if findings.refused() => return Err(findings.into_errors()),
        Err(problems) => return Err(problems.into()),
    };
    let owner = owner(question);
    let steps = Planner {
        question,
        owner: &owner,
        keys: wire::made_up_keys(tunnels.as_ref()),
        view: question.view.unwrap_or(&EMPTY),
        outputs: Outputs::new(),
    }
    .steps(&graph, &mut findings);
    for step in &steps {
        warn_of(step, &mut findings);
    }
    memory::judge(&steps, &mut findings);
    let surplus = surplus::steps(question, &steps, &mut findings);
    let steps = [steps, surplus].concat();
    let duplicates = duplicates::found(question, &steps);
    duplicates::judge(question, &duplicates, &mut findings);
    let removals = duplicates::steps(question, &duplicates, &steps, &mut findings);
    let steps = [steps, removals].concat();
    let prices = Prices::builtin();
    let region = question.site.region.clone();
    Ok(Plan {
        schema_version: PLAN_SCHEMA,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        mode: Mode::Onboard,
        site: question.site.name.clone(),
        account: question.account.clone(),
        playbook: graph.playbook,
        run: question.run,
        policy: question.policy,
        basis: Basis {
            site: basis::of_site(question.site),
            world: basis::of_world(&world),
            observed_at: question.now,
        },
        tunnels: tunnel_plans(question.site, tunnels.as_ref()),
        cost: prices.bill(&steps, &region),
        prices_as_of: prices.as_of.clone(),
        permissions: permissions::needed(Mode::Onboard, &steps),
        unknowns: unknowns(question, &steps),
        warnings: findings.finish()?,
        duplicates,
        owner,
        region,
        steps,
    })
}

/// What offline planning looks at.
static EMPTY: LazyLock<View> = LazyLock::new(View::default);

fn owner(question: &Question<'_>) -> Owner {
    let site = question.site;
    let mut extra = site.tags.clone();
    if site.aws.direct_connect.is_some() {
        extra.insert(TAG_DIRECT_CONNECT.to_owned(), "yes".to_owned());
    }
    if matches!(site.aws.attach_to, AttachTo::TransitGateway(_)) {
        extra.insert(TAG_TRANSIT.to_owned(), "yes".to_owned());
    }
    let expires_at = site
        .expires_after
        .and_then(|after| question.now.checked_add(after).ok());
    Owner {
        site: site.name.clone(),
        run: question.run,
        environment: site.environment,
        expires_at: expires_at.map(whole_seconds),
        extra,
    }
}

/// A tag that people read needs no nanoseconds.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// Walks the graph in its order, so that every step knows what those before it have answered.
struct Planner<'a> {
    question: &'a Question<'a>,
    owner: &'a Owner,
    keys: Keys,
    view: &'a View,
    outputs: Outputs,
}

impl Planner<'_> {
    fn steps(mut self, graph: &Graph, findings: &mut Findings<'_>) -> Vec<PlannedStep> {
        let mut steps = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            // The playbook was compiled against the registry, so every kind is there.
            let Some(kind) = resource::registry().find(&node.kind) else {
                continue;
            };
            match self.step(kind, node, &graph.nodes) {
                Ok(step) => steps.push(step),
                Err(error) => refuse(node, error, findings),
            }
        }
        steps
    }

    fn step(
        &mut self,
        kind: &dyn Kind,
        node: &Node,
        nodes: &[Node],
    ) -> Result<PlannedStep, KindError> {
        let inputs = resolve(node, &self.outputs);
        let finding = kind.find(&node.id, &inputs, self.owner, self.view)?;
        let decision = kind.decide(&inputs, &finding, self.view, self.question.policy)?;
        let existing = self.existing(&inputs, &finding, &decision);
        let seen = finding.chosen();
        if let Some(seen) = seen
            && decision.change != Change::Replace
        {
            self.outputs.insert(node.id.clone(), seen.outputs.clone());
        } else if let (Change::Adopt, Some(id)) = (decision.change, &existing) {
            let id = BTreeMap::from([("id".to_owned(), json!(id))]);
            self.outputs.insert(node.id.clone(), id);
        }
        let actions = self.actions(kind, node, nodes, seen, &decision);
        Ok(PlannedStep {
            node: node.clone(),
            title: kind.title().to_owned(),
            change: decision.change,
            reason: decision.reason,
            differences: decision.differences,
            existing,
            impact: decision.impact,
            usual: usual(kind, decision.change),
            actions,
        })
    }

    /// The id of what exists; offline that of what the site file names.
    fn existing(&self, inputs: &Inputs, finding: &Finding, decision: &Decision) -> Option<String> {
        let seen = finding.chosen().map(|seen| seen.id.clone());
        let named = || inputs.given::<String>("step", "id").ok().flatten();
        seen.or_else(|| named().filter(|_| decision.change == Change::Adopt))
    }

    fn actions(
        &self,
        kind: &dyn Kind,
        node: &Node,
        nodes: &[Node],
        seen: Option<&Seen>,
        decision: &Decision,
    ) -> Vec<String> {
        let asked = Asked {
            nodes,
            owner: self.owner,
            keys: &self.keys,
            view: self.view,
        };
        let decided = Decided {
            change: decision.change,
            seen,
            differences: &decision.differences,
            impact: &decision.impact,
        };
        wire::actions(kind, node, &self.outputs, &asked, &decided)
    }
}

fn usual(kind: &dyn Kind, change: Change) -> Usual {
    let ready = kind.usual(Goal::Ready);
    match change {
        Change::Keep | Change::Adopt => Usual::secs(0, 0, ready.limit.as_secs()),
        Change::Replace => {
            let gone = kind.usual(Goal::Gone);
            Usual {
                from: ready.from + gone.from,
                to: ready.to + gone.to,
                limit: ready.limit + gone.limit,
            }
        }
        Change::Create | Change::Update => ready,
        Change::Delete => kind.usual(Goal::Gone),
    }
}

fn refuse(node: &Node, error: KindError, findings: &mut Findings<'_>) {
    match error {
        KindError::Conflict { problem, help } => {
            findings.refuse_unless_told("plan::conflict", &node.kind, problem, help);
        }
        other => findings.refuse(
            "plan::inputs",
            format!("step {}: {other}", node.id),
            "correct the playbook: `underpass explain plan::inputs`",
        ),
    }
}

/// What a person should know about a step before saying yes.
fn warn_of(step: &PlannedStep, findings: &mut Findings<'_>) {
    let id = step.existing.as_deref().unwrap_or_default();
    match (&step.impact, step.change) {
        (TunnelImpact::Both(_), _) => findings.warn(
            "plan::outage",
            format!(
                "{} {id}: both tunnels drop, the site is cut off",
                step.title
            ),
            "choose a time when that is acceptable",
        ),
        (TunnelImpact::OneByOne(tunnels), _) if !tunnels.is_empty() => findings.warn(
            "plan::tunnels_drop",
            format!("{} {id}: its tunnels drop one after the other", step.title),
            "the other tunnel carries the traffic, if it is up: `underpass verify` tells",
        ),
        _ => {}
    }
    // The gateway's own number is used as it is; tunnels that differ would not meet the router's.
    if is_connection(&step.node.kind)
        && step.change == Change::Adopt
        && !step.differences.is_empty()
    {
        let (name, is, wanted) = &step.differences[0];
        findings.refuse(
            "plan::adopted_differs",
            format!(
                "{} {id} was not made by underpass and differs in {}: {name} is {is}, planned is \
                 {wanted}",
                step.title,
                match step.differences.len() {
                    1 => "one point".to_owned(),
                    count => format!("{count} points"),
                },
            ),
            "allow the change with --adopt-changes, or write what it has into the site file",
        );
    }
}

fn tunnel_plans(site: &Site, tunnels: Option<&[TunnelOptions; 2]>) -> Vec<TunnelPlan> {
    let nat = site.gateway.behind_nat();
    let uplink = site.gateway.uplink_mtu;
    (1..)
        .zip(tunnels.into_iter().flatten())
        .map(|(number, options)| TunnelPlan {
            number,
            mtu: tunnel::mtu(options, nat, uplink),
            mss: tunnel::mss(options, nat, uplink),
            options: options.clone(),
        })
        .collect()
}

fn unknowns(question: &Question<'_>, steps: &[PlannedStep]) -> Vec<String> {
    let mut unknowns = Vec::new();
    if question.view.is_none() {
        unknowns.push("what exists already: this plan was made without looking at AWS".to_owned());
    }
    let makes_connection = steps.iter().any(|step| {
        is_connection(&step.node.kind) && matches!(step.change, Change::Create | Change::Replace)
    });
    if makes_connection {
        unknowns.push("outside addresses of both tunnels: AWS assigns them".to_owned());
        unknowns.push("pre-shared keys: made when you onboard, never part of a plan".to_owned());
    }
    let awaited = steps
        .iter()
        .filter(|step| step.node.id.as_str().contains("[*]"));
    unknowns.extend(awaited.map(|step| format!("how many steps {} stands for", step.node.id)));
    unknowns
}
