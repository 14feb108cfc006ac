//! Sites in one account, and the command line's way of bringing them up and down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;

use super::site::Draft;
use super::world::{self, Foreign};
use crate::aws::{Call, Client, Collection, Tags, Target};
use crate::clock::{Clock, IdSource};
use crate::engine::tests::stage::living;
use crate::engine::{Cancel, Event, Job, run};
use crate::journal::testing::owner;
use crate::journal::{History, KeyPlace, RunResult, SiteFolder, Started, Store};
use crate::plan::{self, Mode, Plan, PlanErrors, Question};
use crate::playbook;
use crate::resource::{Keys, Policy};
use crate::sandbox::{Faults, GatewaySim, Sandbox, SandboxOptions, World};
use crate::tunnel;

const REGION: &str = "eu-central-1";

/// What goes wrong during one command.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    None,
    /// A bad day.
    Faults(&'static str),
    /// The process dies at this record.
    Crash(u64),
    /// Ctrl-C at this event, twice if so.
    Cancel(u64, bool),
}

impl Trouble {
    pub(super) fn draw(dice: &IdSource) -> Self {
        const DAYS: [&str; 4] = [
            "lost-replies,latency",
            "errors,shuffle",
            "throttle,sparse-options",
            "lost-replies,errors,slow-consistency",
        ];
        match dice.below(8) {
            0 | 1 => Self::None,
            2 => Self::Cancel(dice.below(40), dice.below(2) == 0),
            3 | 4 => Self::Faults(DAYS[usize::try_from(dice.below(4)).unwrap()]),
            _ => Self::Crash(1 + dice.below(24)),
        }
    }
}

pub(super) struct Fleet {
    pub(super) seed: u64,
    pub(super) dice: IdSource,
    pub(super) clock: Clock,
    pub(super) sites: Vec<Draft>,
    pub(super) sandbox: Sandbox,
    /// Sites whose last command brought them up in peace.
    pub(super) up: BTreeSet<usize>,
    pub(super) before: World,
    pub(super) foreign: Foreign,
    pub(super) log: Vec<String>,
    /// Whether the sites have routers that follow.
    pub(super) online: bool,
    client: Client,
    ids: IdSource,
    home: TempDir,
}

impl Fleet {
    pub(super) async fn new(seed: u64) -> Self {
        let mut fleet = Self::alone(seed).await;
        fleet.settle_strangers().await;
        fleet.online = fleet.dice.below(2) == 0;
        if fleet.online {
            fleet.sandbox.set_gateway(None, GatewaySim::Online);
        }
        fleet.before = living(&fleet.sandbox);
        fleet.foreign = Foreign::of(&fleet.before);
        fleet
    }

    /// One site in the shop's VPC that names a gateway which somebody made and never attached.
    pub(super) async fn with_a_spare_gateway() -> Self {
        let mut fleet = Self::alone(0).await;
        let mut shop = Draft::draw(0, &fleet.dice);
        shop.move_to_the_shop(fleet.spare_gateway().await);
        fleet.sites = vec![shop];
        fleet.clock.sleep(Duration::from_secs(60)).await;
        fleet.before = living(&fleet.sandbox);
        fleet
    }

    /// Sites in an account without strangers.
    async fn alone(seed: u64) -> Self {
        let start: Timestamp = "2026-03-01T08:00:00Z".parse().unwrap();
        let clock = Clock::starting_at(start, 1.0);
        let dice = IdSource::seeded(seed);
        let sandbox = Sandbox::open(SandboxOptions {
            clock: clock.clone(),
            ids: IdSource::seeded(seed + 1),
            faults: Faults::default().with_seed(seed),
            file: None,
            gateway: GatewaySim::Offline,
        })
        .unwrap();
        let ids = IdSource::seeded(seed + 2);
        let client = connect(&sandbox, &clock, &ids).await;
        let count = 1 + usize::try_from(dice.below(3)).unwrap();
        let home = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new());
        Self {
            seed,
            sites: (0..count).map(|n| Draft::draw(n, &dice)).collect(),
            dice,
            clock,
            up: BTreeSet::new(),
            before: sandbox.world(),
            foreign: Foreign::default(),
            log: Vec::new(),
            online: false,
            sandbox,
            client,
            ids,
            home: home.unwrap(),
        }
    }

    /// What others have in the account.
    async fn settle_strangers(&mut self) {
        let clinic: crate::spec::VpnGatewayId = "vgw-0b1b2c3d4e5f60009".parse().unwrap();
        if self.dice.below(2) == 0 {
            self.call(Call::EnableVgwRoutePropagation {
                route_table: "rtb-0b1b2c3d4e5f60001".parse().unwrap(),
                vpn_gateway: clinic.clone(),
            })
            .await;
        }
        if self.dice.below(2) == 0 {
            // The router that two sites may share has been registered by hand, without a name.
            self.call(Call::CreateCustomerGateway {
                ip_address: "198.51.100.1".parse().unwrap(),
                bgp_asn: 65_001.try_into().unwrap(),
                device_name: "by-hand".to_owned(),
                tags: Tags::new(),
            })
            .await;
        }
        let spare = self.spare_gateway().await;
        let shop: Vec<usize> = (0..self.sites.len())
            .filter(|n| self.sites[*n].vpc() == "vpc-0c1b2c3d4e5f67890")
            .collect();
        if self.dice.below(3) == 0 {
            for which in shop {
                self.sites[which].gateway = Some(spare.clone());
            }
        }
        self.clock.sleep(Duration::from_secs(60)).await;
    }

    async fn spare_gateway(&self) -> String {
        let spare = Call::CreateVpnGateway {
            amazon_side_asn: 64_600.try_into().unwrap(),
            tags: Tags::from([("Name".to_owned(), "spare".to_owned())]),
        };
        self.call(spare).await.unwrap()
    }

    async fn call(&self, call: Call) -> Option<String> {
        self.client.call(&call).await.unwrap().id
    }

    pub(super) fn pick(&self) -> usize {
        usize::try_from(self.dice.below(self.sites.len() as u64)).unwrap()
    }

    pub(super) fn shuffled(&self) -> Vec<usize> {
        let mut all: Vec<usize> = (0..self.sites.len()).collect();
        all.sort_by_cached_key(|_| self.dice.below(1000));
        all
    }

    pub(super) fn folder(&self, which: usize) -> SiteFolder {
        Store::open(self.home.path()).site(&self.sites[which].name.parse().unwrap())
    }

    pub(super) fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// What has happened so far, for a failed assertion.
    pub(super) fn story(&self) -> String {
        format!(
            "seed {}\n{:#?}\n{}",
            self.seed,
            self.sites,
            self.log.join("\n")
        )
    }

    /// Ends every trouble and lets AWS come to rest.
    pub(super) async fn calm(&mut self) {
        self.sandbox
            .set_faults(Faults::default().with_seed(self.seed));
        self.clock.sleep(Duration::from_secs(400)).await;
    }

    async fn plan(&mut self, which: usize, mode: Mode) -> Result<Plan, PlanErrors> {
        // A new process each time.
        self.client = connect(&self.sandbox, &self.clock, &self.ids).await;
        let site = self.sites[which].site();
        let mut view = self.client.view(&Collection::ALL).await;
        for _ in 0..20 {
            if view.is_ok() {
                break;
            }
            self.clock.sleep(Duration::from_secs(5)).await;
            view = self.client.view(&Collection::ALL).await;
        }
        let view = view.unwrap();
        let now = self.clock.now();
        let run = self.ids.ulid(now);
        let plan = match mode {
            Mode::Teardown => plan::teardown(&site.name, &site.region, None, &view, run, now)?,
            Mode::Onboard => plan::onboard(&Question {
                site: &site,
                playbook: playbook::choose(&site).unwrap(),
                view: Some(&view),
                account: None,
                run,
                now,
                policy: Policy::default(),
                accept: &BTreeSet::new(),
            })?,
        };
        assert_eq!(plan::lint_in(&plan, &view), [], "{}", self.story());
        Ok(plan)
    }

    fn keys(&self, which: usize, plan: &Plan) -> Keys {
        let folder = self.folder(which);
        let mut keys = folder.keys(&place()).unwrap();
        for tunnel in &plan.tunnels {
            let key = || tunnel::key::generate(&self.ids);
            keys.entry(tunnel.options.inside_cidr).or_insert_with(key);
        }
        folder.save_keys(&place(), &keys).unwrap();
        keys
    }

    async fn execute(&mut self, which: usize, plan: Plan, trouble: &Trouble) -> RunResult {
        let keys = self.keys(which, &plan);
        let folder = self.folder(which);
        let lock = folder.lock(&owner("campaign")).await.unwrap();
        let start = folder.choose(plan, self.clock.now()).await.unwrap();
        let started = folder.start(&lock, start, self.clock.clone()).await;
        let Started {
            plan,
            journal,
            history,
        } = started.unwrap();
        let from = history.as_ref().map_or(0, History::next_seq);
        if let Trouble::Crash(at) = trouble {
            let at = from + at;
            journal.stop_when(move |entry| entry.seq >= at);
        }
        let job = Job {
            plan,
            keys,
            client: self.client.clone(),
            journal,
            history,
            clock: self.clock.clone(),
            ids: self.ids.clone(),
        };
        let cancel = Cancel::new();
        let (send, mut events) = tokio::sync::mpsc::unbounded_channel();
        let running = tokio::spawn(run(job, send, cancel.clone()));
        let heard = AtomicU64::new(0);
        while let Some(event) = events.recv().await {
            let nth = heard.fetch_add(1, Ordering::Relaxed);
            if let Trouble::Cancel(at, twice) = trouble
                && nth == *at
            {
                cancel.stop();
                if *twice {
                    cancel.abandon();
                }
            }
            if !matches!(event, Event::Waiting { .. }) {
                self.log.push(event_line(&event));
            }
        }
        let report = running.await.unwrap();
        for (step, report) in &report.steps {
            if let Some(failure) = &report.failure {
                self.log.push(format!("    {step}: {failure}"));
            }
        }
        report.result
    }

    async fn command(&mut self, which: usize, mode: Mode, trouble: Trouble) -> Option<RunResult> {
        let name = self.sites[which].name;
        self.log
            .push(format!("  {} {name} {trouble:?}", mode.as_str()));
        self.up.remove(&which);
        let faults = match &trouble {
            Trouble::Faults(day) => day.parse::<Faults>().unwrap(),
            _ => Faults::default(),
        };
        self.sandbox.set_faults(faults.with_seed(self.seed));
        let plan = match self.plan(which, mode).await {
            Ok(plan) => plan,
            Err(errors) => {
                self.log.push(format!("    refused: {errors}"));
                return None;
            }
        };
        let changes = plan
            .steps
            .iter()
            .map(|it| format!("{:?} {}", it.change, it.node.id));
        let changes: Vec<_> = changes.collect();
        self.log.push(format!("    {}", changes.join(", ")));
        let result = self.execute(which, plan, &trouble).await;
        self.log.push(format!("    {result:?}"));
        Some(result)
    }

    pub(super) async fn onboard(&mut self, which: usize, trouble: Trouble) {
        let result = self.command(which, Mode::Onboard, trouble).await;
        if result == Some(RunResult::Done) {
            self.up.insert(which);
        }
    }

    pub(super) async fn teardown(&mut self, which: usize, trouble: Trouble) {
        self.command(which, Mode::Teardown, trouble).await;
    }

    /// Brings a site up in peace, as often as a patient person would try.
    pub(super) async fn finish(&mut self, which: usize) {
        for _ in 0..4 {
            self.onboard(which, Trouble::None).await;
            if self.up.contains(&which) {
                return;
            }
            self.clock.sleep(Duration::from_secs(120)).await;
        }
        panic!(
            "{} does not come up\n{}",
            self.sites[which].name,
            self.story()
        );
    }

    pub(super) async fn expect_noop(&mut self, which: usize) {
        let plan = self.plan(which, Mode::Onboard).await.unwrap();
        assert!(plan.is_noop(), "{:#?}\n{}", plan.steps, self.story());
    }

    pub(super) async fn remove(&mut self, which: usize) {
        let result = self.command(which, Mode::Teardown, Trouble::None).await;
        assert_eq!(result, Some(RunResult::Done), "{}", self.story());
    }

    pub(super) fn tagged(&self) -> BTreeMap<String, world::Holdings> {
        world::holdings(&self.sandbox)
    }
}

fn event_line(event: &Event) -> String {
    let line: String = format!("      {event:?}").chars().take(300).collect();
    line
}

async fn connect(sandbox: &Sandbox, clock: &Clock, ids: &IdSource) -> Client {
    let target = Target {
        region: REGION.parse().unwrap(),
        profile: None,
        endpoint_url: None,
        sandbox: Some(sandbox.clone()),
    };
    let client = Client::connect(&target, clock.clone(), ids.clone());
    client.await.unwrap()
}

/// Where the fleet is.
pub(super) fn place() -> KeyPlace {
    KeyPlace::new(
        &"111122223333".parse().unwrap(),
        &"eu-central-1".parse().unwrap(),
    )
}
