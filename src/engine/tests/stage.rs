//! A site and a sandbox, and how a plan is played there.

use jiff::Timestamp;
use tempfile::TempDir;
use tokio::sync::mpsc;
use ulid::Ulid;

use super::super::{Cancel, Event, Job, RunReport, run};
use super::planner::{plan_onboard, plan_teardown};
use super::wish::Wish;
use crate::aws::{Breadth, Client, Target, View};
use crate::clock::{Clock, IdSource};
use crate::journal::testing::owner;
use crate::journal::{Journal, SiteFolder, SiteLock, Store};
use crate::plan::Plan;
use crate::resource::Keys;
use crate::sandbox::{Faults, GatewaySim, Sandbox, SandboxOptions, World};
use crate::tunnel::{self, BgpKey, PreSharedKey};

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
        let mut keys = Keys::from([
            ("169.254.10.0/30".parse().unwrap(), key()),
            ("169.254.11.0/30".parse().unwrap(), key()),
        ]);
        keys.bgp = Some(BgpKey::generate(&IdSource::seeded(seed)));
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
    let direct = &mut world.direct_connect;
    direct.connections.retain(|_, it| it.life.exists(now));
    direct.gateways.retain(|_, it| it.life.exists(now));
    direct.associations.retain(|_, it| it.life.exists(now));
    direct.interfaces.retain(|_, it| it.life.exists(now));
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

/// How many of what a Direct Connect has to do with there are: connections, gateways, associations,
/// virtual interfaces.
pub(super) fn direct_census(sandbox: &Sandbox) -> [usize; 4] {
    let direct = living(sandbox).direct_connect;
    [
        direct.connections.len(),
        direct.gateways.len(),
        direct.associations.len(),
        direct.interfaces.len(),
    ]
}
