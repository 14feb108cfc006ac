//! How close an onboarding comes to the shortest time that the same AWS allows.
//!
//! For each seed the sandbox draws other durations. The critical path is computed afterwards from
//! the times that the sandbox's world really took, over the plan's own graph: what a run without
//! any looking, waiting or deciding would need. The ratio is the engine's price; the bar is 1.10.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use underpass::aws::{Client, Collection, Target};
use underpass::clock::{Clock, IdSource};
use underpass::engine::{Cancel, Job, RunReport, run};
use underpass::journal::{LockOwner, RunResult, Store};
use underpass::plan::{Plan, Question, onboard};
use underpass::playbook::{StepId, choose};
use underpass::resource::{Keys, Policy};
use underpass::sandbox::{Faults, GatewaySim, Sandbox, SandboxOptions};
use underpass::spec::load;
use underpass::tunnel::key;

const SITE: &str = "
site: plant-7
region: eu-central-1
environment: test
gateway: { device: strongswan, outside_ip: 198.51.100.7, asn: 65010 }
lan: [10.20.0.0/24, 10.21.0.0/24]
aws: { vpc: vpc-0a1b2c3d4e5f67890, attach_to: virtual-private-gateway }
";

/// The most that a run may take, as a multiple of its critical path.
pub(crate) const BAR: f64 = 1.10;

/// One onboarding.
#[derive(Debug)]
pub(crate) struct Measured {
    /// What the sandbox drew from.
    pub(crate) seed: u64,
    /// `bgp` or `static`.
    pub(crate) routing: &'static str,
    /// How long it took.
    pub(crate) took: Duration,
    /// How long it had to take.
    pub(crate) critical: Duration,
}

impl Measured {
    /// How much longer it took than it had to.
    pub(crate) fn ratio(&self) -> f64 {
        self.took.as_secs_f64() / self.critical.as_secs_f64()
    }
}

/// Onboards one site in virtual time.
pub(crate) fn measure(seed: u64, routing: &'static str) -> Measured {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(measured(seed, routing))
}

async fn measured(seed: u64, routing: &'static str) -> Measured {
    let ids = IdSource::seeded(seed);
    let clock = Clock::starting_at(Timestamp::UNIX_EPOCH, 1.0);
    let sandbox = Sandbox::open(SandboxOptions {
        clock: clock.clone(),
        ids: IdSource::seeded(seed),
        faults: Faults::default().with_seed(seed),
        file: None,
        gateway: GatewaySim::Offline,
    })
    .expect("a sandbox");
    let loaded = load(
        &format!("{SITE}routing: {routing}\n"),
        Path::new("site.yaml"),
    );
    let site = loaded.expect("a site").site;
    let target = Target {
        region: site.region.clone(),
        profile: None,
        endpoint_url: None,
        sandbox: Some(sandbox.clone()),
    };
    let client = Client::connect(&target, clock.clone(), ids.clone()).await;
    let client = client.expect("a client");
    let view = client.view(&Collection::ALL).await.expect("a view");
    let question = Question {
        site: &site,
        playbook: choose(&site).expect("a playbook"),
        view: Some(&view),
        account: None,
        run: ids.ulid(clock.now()),
        now: clock.now(),
        policy: Policy::default(),
        accept: &BTreeSet::new(),
    };
    let plan = onboard(&question).expect("a plan");
    let report = carried_out(&plan, client, &clock, &ids).await;
    assert_eq!(report.result, RunResult::Done, "{report:#?}");
    Measured {
        seed,
        routing,
        took: report.took,
        critical: critical_path(&plan, &report, &sandbox),
    }
}

async fn carried_out(plan: &Plan, client: Client, clock: &Clock, ids: &IdSource) -> RunReport {
    let home = tempfile::tempdir().expect("a folder");
    let folder = Store::open(home.path()).site(&plan.site);
    let owner = LockOwner {
        who: "bench".to_owned(),
        host: "bench".to_owned(),
        pid: std::process::id(),
        since: clock.now(),
        run: None,
        command: "bench".to_owned(),
    };
    let lock = folder.lock(&owner).await.expect("the lock");
    let journal = folder.begin(&lock, plan, clock.clone()).await;
    let journal = journal.expect("a journal");
    let inside = plan.tunnels.iter().map(|tunnel| tunnel.options.inside_cidr);
    let keys: Keys = inside.map(|cidr| (cidr, key::generate(ids))).collect();
    let (events, _nobody_listens) = mpsc::unbounded_channel();
    let job = Job {
        plan: plan.clone(),
        keys,
        client,
        journal,
        history: None,
        clock: clock.clone(),
        ids: ids.clone(),
    };
    run(job, events, Cancel::new()).await
}

/// The longest way through the plan's graph, with each step as long as the sandbox took for it.
fn critical_path(plan: &Plan, report: &RunReport, sandbox: &Sandbox) -> Duration {
    let mut ends: BTreeMap<&StepId, Duration> = BTreeMap::new();
    for step in &plan.steps {
        let starts = step.node.needs.iter().map(|need| ends[need]).max();
        let id = report.steps[&step.node.id].id.as_deref().expect("an id");
        let own = duration(&step.node.kind, id, sandbox);
        ends.insert(&step.node.id, starts.unwrap_or_default() + own);
    }
    ends.into_values().max().unwrap_or_default()
}

/// How long the sandbox took from the call to the end of a step.
fn duration(kind: &str, id: &str, sandbox: &Sandbox) -> Duration {
    let world = sandbox.world();
    let region = &world.regions["eu-central-1"];
    let between = |from: Timestamp, to: Timestamp| {
        Duration::try_from(to.duration_since(from)).unwrap_or_default()
    };
    let (object, part) = id.split_once([':', ' ']).unwrap_or((id, ""));
    let lives = region
        .customer_gateways
        .values()
        .map(|it| (&it.id, &it.life))
        .chain(region.vpn_gateways.values().map(|it| (&it.id, &it.life)))
        .chain(region.vpn_connections.values().map(|it| (&it.id, &it.life)));
    match kind {
        "vpn_gateway_attachment" => {
            let calls = sandbox.calls();
            let call = calls.iter().find(|call| call.action == "AttachVpnGateway");
            let gateway = region
                .vpn_gateways
                .values()
                .find(|it| it.id.as_str() == object);
            let attached = gateway.and_then(|it| it.attachments.first());
            between(
                call.expect("a call").at,
                attached.expect("an attachment").attached_at,
            )
        }
        "vpn_connection_route" => {
            let mut routes = region.vpn_connections.values().flat_map(|it| &it.routes);
            let route = routes.find(|it| part.contains(&it.destination.to_string()));
            let life = &route.expect("a route").life;
            between(life.created_at, life.available_at)
        }
        "route_propagation" => Duration::ZERO,
        _ => {
            let life = lives
                .filter(|(id, _)| id.as_str() == object)
                .map(|(_, life)| life)
                .next();
            let life = life.expect("an object");
            between(life.created_at, life.available_at)
        }
    }
}

/// Prints a table; fails when a run misses the bar.
pub(crate) fn main() {
    println!("routing  seed  took s  critical s  ratio");
    let mut worst = 0.0_f64;
    let mut sum = 0.0;
    let runs: Vec<(u64, &str)> = (0..20)
        .flat_map(|seed| [(seed, "bgp"), (seed, "static")])
        .collect();
    for (seed, routing) in &runs {
        let measured = measure(*seed, routing);
        let ratio = measured.ratio();
        println!(
            "{:<7} {:>5} {:>7.1} {:>11.1} {ratio:>6.3}",
            measured.routing,
            measured.seed,
            measured.took.as_secs_f64(),
            measured.critical.as_secs_f64()
        );
        worst = worst.max(ratio);
        sum += ratio;
    }
    let mean = sum / f64::from(u32::try_from(runs.len()).unwrap_or(u32::MAX));
    println!("worst {worst:.3}, mean {mean:.3}, bar {BAR:.2}");
    assert!(
        worst <= BAR,
        "a run took longer than {BAR} times its critical path"
    );
}
