//! A planner small enough to be seen through.
//!
//! It is not the plan stage's: it asks the kinds what they would do and no more, so that these tests
//! say something about the engine alone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use ulid::Ulid;

use super::wish::Wish;
use crate::aws::View;
use crate::plan::{Mode, Outputs, Plan, PlannedStep, resolve};
use crate::playbook::{self, Context, Input, Node};
use crate::resource::{
    self, Change, Finding, Goal, Kind, Maybe, Owned, Ownership, Policy, TunnelImpact,
};

pub(super) fn plan_onboard(wish: &Wish, view: &View, run: Ulid) -> Plan {
    let tables: Vec<_> = wish
        .route_tables
        .iter()
        .map(|id| id.parse().unwrap())
        .collect();
    let adopted = view.vpn_gateways.values().find(|gateway| {
        let here =
            |it: &crate::aws::Attachment| it.vpc.as_str() == wish.vpc && !it.state.is_ending();
        !gateway.tags.contains_key(resource::TAG_SITE) && gateway.attachments.iter().any(here)
    });
    let enables: BTreeSet<_> = tables
        .iter()
        .filter(|id| adopted.is_some_and(|it| !view.route_tables[*id].propagating.contains(&it.id)))
        .collect();
    let remembers: BTreeMap<_, _> = adopted.map(|it| (&it.id, &enables)).into_iter().collect();
    let routes = tables.iter().flat_map(|table| {
        let nets = wish.lan.iter();
        nets.map(move |net| format!("{table}:{net}"))
    });
    let routes: Vec<String> = routes.collect();
    let direct = wish.direct.as_ref();
    let joins = wish
        .transit
        .as_ref()
        .and_then(|it| it.gateway.map(str::to_owned));
    let joins = joins.or_else(|| adopted.map(|it| it.id.to_string()));
    let context = Context {
        site: wish.site(),
        tunnels: json!(wish.tunnels()),
        vpc: Some(json!({
            "id": wish.vpc, "cidrs": [], "route_tables": tables, "enables_propagation": enables,
            "remembers_propagation": remembers,
            "named_transit_gateway": wish.transit.as_ref().and_then(|it| it.gateway),
            "named_transit_table": wish.transit.as_ref().and_then(|it| it.table),
            "transit_subnets": wish.transit.as_ref().map(|it| &it.subnets),
            "transit_propagation": wish.transit.iter().filter_map(|it| it.table).collect::<Vec<_>>(),
            "dx_connection": direct.and_then(|it| it.connection.as_ref()),
            "dx_order": direct.filter(|it| it.connection.is_none()).map(|_| json!({
                "location": "SBX1", "bandwidth": "1Gbps", "provider": null, "macsec": false,
            })),
            "dx_allowed_prefixes": direct.map(|it| &it.prefixes),
            "dx_associates": direct.and(joins),
            "transit_static_table": null, "routes": routes,
            "writes_routes": tables.iter().map(|it: &crate::spec::RouteTableId| {
                (it.to_string(), json!(wish.lan))
            }).collect::<BTreeMap<_, _>>(),
        })),
    };
    let name = match (direct, &wish.transit) {
        (None, None) => format!("vgw-{}", wish.routing),
        (None, Some(_)) => format!("tgw-{}", wish.routing),
        (Some(_), None) => "dx-private".to_owned(),
        (Some(_), Some(_)) => "dx-transit".to_owned(),
    };
    let book = playbook::builtin()
        .iter()
        .find(|it| it.name() == name)
        .unwrap();
    let graph = playbook::compile(book, &context, resource::registry()).unwrap();

    let mut plan = empty_plan(Mode::Onboard, run);
    plan.owner.extra.clone_from(&wish.tags);
    plan.policy.order = direct.is_some();
    let mut outputs = Outputs::new();
    for node in graph.nodes {
        let kind = resource::registry().find(&node.kind).unwrap();
        let inputs = resolve(&node, &outputs);
        let finding = kind.find(&node.id, &inputs, &plan.owner, view).unwrap();
        let decision = kind.decide(&inputs, &finding, view, plan.policy).unwrap();
        if let Some(seen) = finding.chosen() {
            outputs.insert(node.id.clone(), seen.outputs.clone());
        }
        plan.steps.push(PlannedStep {
            title: kind.title().to_owned(),
            change: decision.change,
            reason: decision.reason,
            differences: decision.differences,
            existing: finding.chosen().map(|seen| seen.id.clone()),
            impact: decision.impact,
            usual: kind.usual(Goal::Ready),
            actions: Vec::new(),
            node,
        });
    }
    spread_less(wish, view, &mut plan);
    plan
}

/// Takes the site's routes out of tables that its file no longer names.
fn spread_less(wish: &Wish, view: &View, plan: &mut Plan) {
    let wanted = wish.transit.iter().filter_map(|it| it.table);
    let wanted: Vec<_> = wanted.map(|it| it.parse().unwrap()).collect();
    let kind = resource::registry().find("transit_gateway_propagation");
    for owned in resource::spread_by_the_site(&plan.site, &wanted, view) {
        let step = doomed_step(plan, kind.unwrap(), owned, view);
        plan.steps.push(step);
    }
}

pub(super) fn plan_teardown(view: &View, run: Ulid) -> Plan {
    let mut plan = empty_plan(Mode::Teardown, run);
    let kinds = resource::registry().kinds();
    let mut doomed: Vec<(&dyn Kind, Owned)> = Vec::new();
    for kind in kinds {
        doomed.extend(
            kind.owned(&plan.site, view)
                .into_iter()
                .map(|it| (*kind, it)),
        );
    }
    while !doomed.is_empty() {
        let later = |kind: &dyn Kind| {
            let before = kind.deleted_after();
            doomed
                .iter()
                .any(|(other, _)| before.contains(&other.name()))
        };
        let (now, rest): (Vec<_>, Vec<_>) = doomed
            .clone()
            .into_iter()
            .partition(|(kind, _)| !later(*kind));
        doomed = rest;
        assert!(!now.is_empty(), "kinds wait for each other");
        for (kind, owned) in now {
            let step = doomed_step(&plan, kind, owned, view);
            plan.steps.push(step);
        }
    }
    plan
}

fn doomed_step(plan: &Plan, kind: &dyn Kind, owned: Owned, view: &View) -> PlannedStep {
    let inputs = &owned.inputs;
    let seen = kind.find(&owned.step, inputs, &plan.owner, view).unwrap();
    let ours = matches!(&seen, Finding::Present(it) if it.ownership == Ownership::Ours);
    assert!(ours, "{owned:?} is not found again");
    let known = kind.inputs().iter().filter_map(|spec| {
        match inputs.optional::<Value>("test", spec.name).unwrap()? {
            Maybe::Known(value) => Some((spec.name.to_owned(), Input::Known(value))),
            Maybe::Later(_) => None,
        }
    });
    let before = kind.deleted_after();
    let needs = plan
        .steps
        .iter()
        .filter(|it| before.contains(&it.node.kind.as_str()));
    PlannedStep {
        title: kind.title().to_owned(),
        change: Change::Delete,
        reason: "it is this site's".to_owned(),
        differences: Vec::new(),
        existing: Some(owned.id),
        impact: TunnelImpact::None,
        usual: kind.usual(Goal::Gone),
        actions: Vec::new(),
        node: Node {
            id: owned.step,
            kind: kind.name().to_owned(),
            inputs: known.collect(),
            needs: needs.map(|it| it.node.id.clone()).collect(),
        },
    }
}

fn empty_plan(mode: Mode, run: Ulid) -> Plan {
    let mut plan = crate::journal::testing::plan(Vec::new());
    plan.mode = mode;
    plan.run = run;
    plan.owner.run = run;
    plan.policy = Policy::default();
    plan
}
