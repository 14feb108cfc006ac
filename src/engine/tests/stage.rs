//! A site, a sandbox, and a planner small enough to be seen through.
//!
//! The planner is not the plan stage's: it asks the kinds what they would do and no more, so that
//! these tests say something about the engine alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;
use ulid::Ulid;

use super::super::{Cancel, Event, Job, RunReport, run};
use crate::aws::{Breadth, Client, Target, View};
use crate::clock::{Clock, IdSource};
use crate::journal::testing::owner;
use crate::journal::{Journal, SiteFolder, SiteLock, Store};
use crate::plan::{Mode, Outputs, Plan, PlannedStep, resolve};
use crate::playbook::{self, Context, Input, Node};
use crate::resource::{
    self, Change, Finding, Goal, Keys, Kind, Maybe, Owned, Ownership, Policy, TunnelImpact,
};
use crate::sandbox::{Faults, GatewaySim, Sandbox, SandboxOptions, World};
use crate::tunnel::{self, PreSharedKey, TunnelOptions};

/// What a test's site wants.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) routing: &'static str,
    pub(super) vpc: &'static str,
    pub(super) route_tables: Vec<&'static str>,
    pub(super) lan: Vec<&'static str>,
    pub(super) phase1_lifetime: u32,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) transit: Option<Transit>,
}

/// What it wants of transit gateways.
#[derive(Clone, Debug)]
pub(super) struct Transit {
    /// The gateway; none for one of its own.
    pub(super) gateway: Option<&'static str>,
    pub(super) subnets: Vec<&'static str>,
    /// The table that the connection looks routes up in, and that learns the site's.
    pub(super) table: Option<&'static str>,
}

/// A table of the hub that [`Wish::on_hub`] names.
pub(super) const OWN_TABLE: &str = "tgw-rtb-0c1b2c3d4e5f6000a";

/// The router's address.
pub(super) const SITE_IP: &str = "198.51.100.7";

impl Wish {
    /// The plant's VPC, which has no gateway, by BGP.
    pub(super) fn bgp() -> Self {
        Self {
            routing: "bgp",
            vpc: "vpc-0a1b2c3d4e5f67890",
            route_tables: vec!["rtb-0a1b2c3d4e5f60001", "rtb-0a1b2c3d4e5f60002"],
            lan: vec!["10.20.0.0/24"],
            phase1_lifetime: 28800,
            tags: BTreeMap::new(),
            transit: None,
        }
    }

    /// The same with static routes.
    pub(super) fn fixed() -> Self {
        Self {
            routing: "static",
            lan: vec!["10.20.0.0/24", "10.21.0.0/24"],
            ..Self::bgp()
        }
    }

    /// The clinic's VPC, which has somebody else's gateway.
    pub(super) fn adopting() -> Self {
        Self {
            vpc: "vpc-0b1b2c3d4e5f67890",
            route_tables: vec!["rtb-0b1b2c3d4e5f60001", "rtb-0b1b2c3d4e5f60002"],
            ..Self::bgp()
        }
    }

    /// The plant's VPC on a transit gateway of the site's own, with static routes.
    pub(super) fn transit() -> Self {
        Self {
            transit: Some(Transit {
                gateway: None,
                subnets: vec!["subnet-0a1b2c3d4e5f60011", "subnet-0a1b2c3d4e5f60012"],
                table: None,
            }),
            ..Self::fixed()
        }
    }

    /// The shop's VPC on the transit gateway that it is attached to, with a table of the gateway
    /// that takes nobody in by itself.
    pub(super) fn on_hub() -> Self {
        Self {
            vpc: "vpc-0c1b2c3d4e5f67890",
            route_tables: vec!["rtb-0c1b2c3d4e5f60001"],
            transit: Some(Transit {
                gateway: Some("tgw-0c1b2c3d4e5f60009"),
                subnets: vec!["subnet-0c1b2c3d4e5f60011"],
                table: Some(OWN_TABLE),
            }),
            ..Self::bgp()
        }
    }

    fn tunnels(&self) -> [TunnelOptions; 2] {
        let phase = |lifetime: u32| {
            json!({
                "encryption": "AES256-GCM-16", "integrity": "SHA2-384", "dh_group": 20,
                "lifetime": lifetime,
            })
        };
        ["169.254.10.0/30", "169.254.11.0/30"].map(|cidr| {
            serde_json::from_value(json!({
                "inside_cidr": cidr, "ike_version": "ikev2",
                "phase1": phase(self.phase1_lifetime), "phase2": phase(3600),
                "rekey_margin": 270, "rekey_fuzz": 100, "replay_window": 1024,
                "dpd_timeout": 40, "dpd_action": "restart", "startup_action": "add",
                "log_group_arn": null, "bgp_log_group_arn": null, "lifecycle_control": false,
            }))
            .unwrap()
        })
    }

    fn site(&self) -> Value {
        json!({
            "name": "plant-7",
            "lan": self.lan,
            "gateway": {"outside_ip": SITE_IP, "asn": 65010},
            "aws": {
                "vpc": self.vpc, "amazon_side_asn": 64512, "customer_gateway": null,
                "connection": null, "attach_to": {"virtual-private-gateway": null},
                "transit": {
                    "route_table": self.transit.as_ref().and_then(|it| it.table),
                    "accelerated": false, "large_bandwidth": false,
                },
            },
        })
    }
}

/// Everything that a run needs, around one sandbox.
pub(super) struct Stage {
    pub(super) sandbox: Sandbox,
    pub(super) clock: Clock,
    pub(super) ids: IdSource,
    pub(super) client: Client,
    pub(super) folder: SiteFolder,
    pub(super) keys: Keys,
    _home: TempDir,
}

impl Stage {
    pub(super) async fn new(seed: u64) -> Self {
        let start: Timestamp = "2026-03-01T08:00:00Z".parse().unwrap();
        let clock = Clock::starting_at(start, 1.0);
        let ids = IdSource::seeded(seed);
        let sandbox = Sandbox::open(SandboxOptions {
            clock: clock.clone(),
            ids: IdSource::seeded(seed),
            faults: Faults::default().with_seed(seed),
            file: None,
            gateway: GatewaySim::Offline,
        })
        .unwrap();
        // Memory where there is any: thousands of records are synced one by one.
        let home = TempDir::new_in("/dev/shm")
            .or_else(|_| TempDir::new())
            .unwrap();
        let folder = Store::open(home.path()).site(&"plant-7".parse().unwrap());
        let key = || -> PreSharedKey { tunnel::key::generate(&ids) };
        let keys = Keys::from([
            ("169.254.10.0/30".parse().unwrap(), key()),
            ("169.254.11.0/30".parse().unwrap(), key()),
        ]);
        let mut stage = Self {
            client: connect(&sandbox, &clock, &ids).await,
            sandbox,
            clock,
            ids,
            folder,
            keys,
            _home: home,
        };
        stage.fresh_client().await;
        stage
    }

    /// A client with empty token buckets and no looks in flight, as a new process has.
    pub(super) async fn fresh_client(&mut self) {
        self.client = connect(&self.sandbox, &self.clock, &self.ids).await;
    }

    pub(super) async fn view(&self) -> View {
        let faults = self.client.whole_view(Breadth::Everything(None)).await;
        faults.unwrap()
    }

    pub(super) async fn onboard(&self, wish: &Wish) -> Plan {
        plan_onboard(wish, &self.view().await, self.next_run())
    }

    pub(super) async fn teardown(&self) -> Plan {
        plan_teardown(&self.view().await, self.next_run())
    }

    pub(super) fn next_run(&self) -> Ulid {
        self.ids.ulid(self.clock.now())
    }

    pub(super) async fn lock(&self) -> SiteLock {
        self.folder.lock(&owner("test")).await.unwrap()
    }

    pub(super) async fn begin(&self, plan: &Plan) -> Journal {
        let lock = self.lock().await;
        let begun = self.folder.begin(&lock, plan, self.clock.clone()).await;
        begun.unwrap()
    }

    pub(super) fn job(&self, plan: Plan, journal: Journal) -> Job {
        Job {
            plan,
            keys: self.keys.clone(),
            client: self.client.clone(),
            journal,
            history: None,
            clock: self.clock.clone(),
            ids: self.ids.clone(),
        }
    }

    /// The job of a run that stopped.
    pub(super) async fn job_of(&self, run: Ulid) -> Job {
        let lock = self.lock().await;
        let opened = self.folder.open(&lock, run, self.clock.clone()).await;
        let (journal, history) = opened.unwrap();
        Job {
            history: Some(history.clone()),
            ..self.job(history.plan, journal)
        }
    }

    /// Runs a plan to its end.
    pub(super) async fn run(&self, plan: Plan) -> RunReport {
        let journal = self.begin(&plan).await;
        self.play(self.job(plan, journal)).await.0
    }

    /// Goes on with a run that stopped.
    pub(super) async fn resume(&self, id: Ulid) -> RunReport {
        self.play(self.job_of(id).await).await.0
    }

    pub(super) async fn play(&self, job: Job) -> (RunReport, Vec<Event>) {
        self.play_until(job, Cancel::new(), |_, _| {}).await
    }

    /// Plays a job and shows every event to `watch`, which may cancel.
    pub(super) async fn play_until(
        &self,
        job: Job,
        cancel: Cancel,
        mut watch: impl FnMut(&Event, &Cancel),
    ) -> (RunReport, Vec<Event>) {
        let (send, mut receive) = mpsc::unbounded_channel();
        let running = tokio::spawn(run(job, send, cancel.clone()));
        let mut events = Vec::new();
        while let Some(event) = receive.recv().await {
            watch(&event, &cancel);
            events.push(event);
        }
        (running.await.unwrap(), events)
    }

    /// Changing calls that had an effect, as the sandbox saw them, from the n-th call on.
    pub(super) fn changes_since(&self, from: usize) -> Vec<String> {
        let calls = self.sandbox.calls();
        calls[from..]
            .iter()
            .filter(|call| call.mutating && !call.dry_run)
            .map(|call| format!("{} {}", call.action, call.outcome))
            .collect()
    }

    pub(super) fn calls(&self) -> usize {
        self.sandbox.calls().len()
    }
}

async fn connect(sandbox: &Sandbox, clock: &Clock, ids: &IdSource) -> Client {
    let target = Target {
        region: "eu-central-1".parse().unwrap(),
        profile: None,
        endpoint_url: None,
        sandbox: Some(sandbox.clone()),
    };
    Client::connect(&target, clock.clone(), ids.clone())
        .await
        .unwrap()
}

/// The world without what is deleted and merely still listed.
pub(super) fn living(sandbox: &Sandbox) -> World {
    let now = sandbox.now();
    let mut world = sandbox.world();
    for region in world.regions.values_mut() {
        region.customer_gateways.retain(|_, it| it.life.exists(now));
        region.vpn_gateways.retain(|_, it| it.life.exists(now));
        region.vpn_connections.retain(|_, it| it.life.exists(now));
        region.transit_gateways.retain(|_, it| it.life.exists(now));
        region
            .transit_attachments
            .retain(|_, it| it.life.exists(now));
        region
            .transit_route_tables
            .retain(|_, it| it.life.exists(now));
        for table in region.transit_route_tables.values_mut() {
            table.routes.retain(|it| it.life.exists(now));
            let attachments = &region.transit_attachments;
            table.propagations.retain(|it| attachments.contains_key(it));
        }
        for gateway in region.vpn_gateways.values_mut() {
            gateway.attachments.retain(|it| it.state(now) != "detached");
        }
    }
    world
}

/// How many of each there are: customer gateways, virtual private gateways, connections, live
/// attachments, propagations, static routes.
pub(super) fn census(sandbox: &Sandbox) -> [usize; 6] {
    let now = sandbox.now();
    let world = living(sandbox);
    let region = &world.regions["eu-central-1"];
    let attachments = region.vpn_gateways.values().flat_map(|it| &it.attachments);
    let propagations = region.route_tables.values().map(|it| it.propagating.len());
    let routes = region.vpn_connections.values().flat_map(|it| &it.routes);
    [
        region.customer_gateways.len(),
        region.vpn_gateways.len(),
        region.vpn_connections.len(),
        attachments.count(),
        propagations.sum(),
        routes.filter(|it| it.life.exists(now)).count(),
    ]
}

/// How many of what a transit gateway has to do with there are: gateways, attachments, tables that
/// an attachment propagates into, static routes, routes of VPCs to a transit gateway.
pub(super) fn transit_census(sandbox: &Sandbox) -> [usize; 5] {
    let world = living(sandbox);
    let region = &world.regions["eu-central-1"];
    let tables = region.transit_route_tables.values();
    let routes = region.route_tables.values().flat_map(|it| &it.routes);
    [
        region.transit_gateways.len(),
        region.transit_attachments.len(),
        tables.clone().map(|it| it.propagations.len()).sum(),
        tables.map(|it| it.routes.len()).sum(),
        routes
            .filter(|it| it.gateway.as_str().starts_with("tgw-"))
            .count(),
    ]
}

// === the planner ===

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
            "transit_static_table": null, "routes": routes,
            "writes_routes": tables.iter().map(|it: &crate::spec::RouteTableId| {
                (it.to_string(), json!(wish.lan))
            }).collect::<BTreeMap<_, _>>(),
        })),
    };
    let end = if wish.transit.is_some() { "tgw" } else { "vgw" };
    let name = format!("{end}-{}", wish.routing);
    let book = playbook::builtin()
        .iter()
        .find(|it| it.name() == name)
        .unwrap();
    let graph = playbook::compile(book, &context, resource::registry()).unwrap();

    let mut plan = empty_plan(Mode::Onboard, run);
    plan.owner.extra.clone_from(&wish.tags);
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
