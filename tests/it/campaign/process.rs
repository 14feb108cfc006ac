//! One run of the tool, from the command to its exit: the same library calls in the same order as
//! the command line makes.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;
use underpass::aws::{Breadth, Caller, Client, Decoded, Fault, Target, View};
use underpass::clock::{Clock, IdSource};
use underpass::engine::{
    self, Cancel, Event, Job, KeyRing, KeysError, RunKeys, RunReport, StepProblem,
};
use underpass::journal::{KeyPlace, LockError, LockOwner, RunResult, SiteFolder, Start, Store};
use underpass::plan::{self, Plan, Question, Severity};
use underpass::playbook;
use underpass::resource::{Keys, Policy, is_connection};
use underpass::sandbox::Sandbox;
use underpass::spec::{Site, VpnConnectionId};

use super::body::Body;
use super::check::{Broken, broken};
use super::script::Trouble;
use super::shelf::Shelf;
use super::storage::Mount;
use super::stranger::REGION;

/// How often what comes to light during a teardown is removed as well.
const ROUNDS: usize = 3;

/// A machine: what outlives its processes.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// Journals and locks.
    pub(crate) shelf: Shelf,
    /// Where keys are kept.
    pub(crate) home: Arc<tempfile::TempDir>,
}

impl Machine {
    /// A new one.
    pub(crate) fn new() -> std::io::Result<Self> {
        // Memory where there is any.
        let home = tempfile::TempDir::new_in("/dev/shm").or_else(|_| tempfile::TempDir::new());
        Ok(Self {
            shelf: Shelf::default(),
            home: Arc::new(home?),
        })
    }

    /// Every key that it keeps, out of the one kind of file where they may be.
    pub(crate) fn secrets(&self) -> std::io::Result<Vec<String>> {
        let mut secrets = Vec::new();
        for entry in std::fs::read_dir(self.home.path())? {
            let Ok(text) = std::fs::read(entry?.path().join("keys.json")) else {
                continue;
            };
            let kept: serde_json::Value = serde_json::from_slice(&text)?;
            let shelves = ["keys", "proposed"].map(|shelf| kept[shelf].as_object());
            for (_, keys) in shelves.into_iter().flatten().flatten() {
                let keys = keys.as_object().into_iter().flatten();
                secrets.extend(keys.filter_map(|(_, key)| key.as_str().map(str::to_owned)));
            }
        }
        Ok(secrets)
    }

    /// Every other file, with its text.
    pub(crate) fn files(&self) -> std::io::Result<Vec<(String, Vec<u8>)>> {
        let mut files = Vec::new();
        let mut folders = vec![self.home.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.file_name().is_none_or(|name| name != "keys.json") {
                    files.push((path.display().to_string(), std::fs::read(&path)?));
                }
            }
        }
        Ok(files)
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) enum Exit {
    /// It did what it should.
    Done,
    /// It says why not; the same command may be run again.
    Failed(String),
    /// Preflight refuses; nothing was done.
    Refused(String),
    /// Somebody else works on the site.
    Locked(LockOwner),
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("exit: done"),
            Self::Failed(why) => write!(f, "exit: failed, {why}"),
            Self::Refused(why) => write!(f, "exit: refused, {why}"),
            Self::Locked(owner) => write!(f, "exit: locked by {owner}"),
        }
    }
}

/// A command's exit, or the rule that it broke.
type Ended = Result<Exit, Broken>;

/// One process.
#[derive(Debug)]
pub(crate) struct Process {
    body: Arc<Body>,
    store: Store,
    client: Client,
    caller: Caller,
    clock: Clock,
    ids: IdSource,
}

/// Anything that a command passes on as its failure.
fn failed(error: &dyn std::error::Error) -> Exit {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    Exit::Failed(text)
}

impl Process {
    /// Starts one: connects, and asks who it is.
    pub(crate) async fn start(
        body: Arc<Body>,
        machine: &Machine,
        sandbox: &Sandbox,
        ids: &IdSource,
        decoded: &Decoded,
    ) -> Result<Self, Fault> {
        let target = Target {
            region: region(),
            profile: None,
            endpoint_url: None,
            sandbox: None,
        };
        let clock = body.clock.clone();
        let client = Client::remembering(&target, sandbox, decoded, clock.clone(), ids.clone());
        let caller = client.caller().await?;
        let mount = Mount {
            shelf: machine.shelf.clone(),
            body: Arc::clone(&body),
        };
        Ok(Self {
            store: Store::with(machine.home.path(), Arc::new(mount)),
            body,
            client,
            caller,
            clock,
            ids: ids.clone(),
        })
    }

    /// `underpass onboard`.
    pub(crate) async fn onboard(&self, site: &Site) -> Ended {
        let folder = self.store.site(&site.name);
        let lock = match folder.lock(&self.owner()).await {
            Ok(lock) => lock,
            Err(error) => return Ok(held(error)),
        };
        let plan = match self.plan_onboard(site).await? {
            Ok(plan) => plan,
            Err(exit) => return Ok(exit),
        };
        let fresh = plan.clone();
        let start = match folder.choose(plan, self.clock.now()).await {
            Ok(start) => start,
            Err(error) => return Ok(failed(&error)),
        };
        let place = KeyPlace::new(&self.caller.account, &site.region);
        let ring = KeyRing {
            site,
            site_file: Path::new("site.yaml"),
            folder: &folder,
            place: &place,
        };
        let run_keys = RunKeys {
            folder: &folder,
            place: &place,
        };
        let keys = ring.keys_for(&fresh, &self.client, &self.ids).await;
        let keys = match &start {
            Start::New(_) => keys,
            Start::GoOn(_) => {
                let carried_out = start.plan();
                run_keys
                    .keys_for(carried_out, &self.client, &self.ids)
                    .await
            }
        };
        let mut keys = match keys {
            Ok(keys) => keys,
            Err(error) => return Ok(failed(&error)),
        };
        let plan = start.plan().clone();
        let started = match folder.start(&lock, start, self.clock.clone()).await {
            Ok(started) => started,
            Err(error) => return Ok(failed(&error)),
        };
        let report = self.execute(started, keys.clone()).await?;
        if report.result == RunResult::Done {
            match self.settle(&ring, &plan, keys, &report).await {
                Ok(settled) => keys = settled,
                Err(error) => return Ok(failed(&error)),
            }
        }
        drop(lock);
        match report.result {
            RunResult::Done => self.hand_over(site, &plan, &keys, &report).await,
            result => Ok(Exit::Failed(format!("the run is {result:?}"))),
        }
    }

    /// The keys that the connection has at the end.
    async fn settle(
        &self,
        ring: &KeyRing<'_>,
        plan: &Plan,
        keys: Keys,
        report: &RunReport,
    ) -> Result<Keys, KeysError> {
        match engine::connection_of(plan, report) {
            Some(id) => ring.settle(plan, keys, &id, &self.client).await,
            None => Ok(keys),
        }
    }

    /// What would be done to bring a site up.
    pub(crate) async fn plan_onboard(&self, site: &Site) -> Result<Result<Plan, Exit>, Broken> {
        if matches!(
            site.aws.attach_to,
            underpass::spec::AttachTo::TransitGateway(_)
        ) {
            self.client.expect_transit();
        }
        let view = match self.look(Breadth::Site(&site.name), &site.name).await {
            Ok(view) => view,
            Err(exit) => return Ok(Err(exit)),
        };
        let Some(playbook) = playbook::choose(site) else {
            return broken("plan", "there is no playbook");
        };
        let now = self.clock.now();
        let plan = plan::onboard(&Question {
            site,
            playbook,
            view: Some(&view),
            account: Some(self.caller.account.clone()),
            run: self.ids.ulid(now),
            now,
            policy: Policy::default(),
            accept: &BTreeSet::new(),
        });
        match plan {
            Ok(plan) => linted(plan, &view).map(Ok),
            Err(errors) => Ok(Err(Exit::Refused(told(&errors)))),
        }
    }

    /// Looks at everything, with patience for what the site's last runs may have made.
    async fn look(
        &self,
        breadth: Breadth<'_>,
        site: &underpass::spec::SiteName,
    ) -> Result<View, Exit> {
        let folder = self.store.site(site);
        let now = self.clock.now();
        let runs = folder.recent(&self.caller.account, &region(), now).await;
        let runs = runs.map_err(|error| failed(&error))?;
        let look =
            engine::look_patiently(&self.client, &self.clock, &self.ids, breadth, &runs, |_| {});
        look.await.map_err(|fault| failed(&fault))
    }

    /// `underpass teardown`.
    pub(crate) async fn teardown(&self, site: &underpass::spec::SiteName) -> Ended {
        let folder = self.store.site(site);
        let lock = match folder.lock(&self.owner()).await {
            Ok(lock) => lock,
            Err(error) => return Ok(held(error)),
        };
        let mut view = match self.look(Breadth::Everything(Some(site)), site).await {
            Ok(view) => view,
            Err(exit) => return Ok(exit),
        };
        for _ in 0..ROUNDS {
            let now = self.clock.now();
            let account = Some(self.caller.account.clone());
            let run = self.ids.ulid(now);
            let plan = match plan::teardown(site, &region(), account, &view, run, now) {
                Ok(plan) => linted(plan, &view)?,
                Err(errors) => return Ok(Exit::Refused(errors.to_string())),
            };
            if plan.is_noop() {
                break;
            }
            let report = match self.carry_out(&folder, &lock, plan).await? {
                Ok(report) => report,
                Err(exit) => return Ok(exit),
            };
            if report.result != RunResult::Done {
                return Ok(Exit::Failed(format!("the run is {:?}", report.result)));
            }
            // What has come to light meanwhile goes as well.
            view = match self
                .client
                .whole_view(Breadth::Everything(Some(site)))
                .await
            {
                Ok(view) => view,
                Err(fault) => return Ok(failed(&fault)),
            };
        }
        drop(lock);
        Ok(Exit::Done)
    }

    async fn carry_out(
        &self,
        folder: &SiteFolder,
        lock: &underpass::journal::SiteLock,
        plan: Plan,
    ) -> Result<Result<RunReport, Exit>, Broken> {
        let start = match folder.choose(plan, self.clock.now()).await {
            Ok(start) => start,
            Err(error) => return Ok(Err(failed(&error))),
        };
        match folder.start(lock, start, self.clock.clone()).await {
            Ok(started) => self.execute(started, Keys::new()).await.map(Ok),
            Err(error) => Ok(Err(failed(&error))),
        }
    }

    /// `underpass reap`.
    pub(crate) async fn reap(&self) -> Ended {
        let view = match self.client.whole_view(Breadth::Everything(None)).await {
            Ok(view) => view,
            Err(fault) => return Ok(failed(&fault)),
        };
        let mut exit = Exit::Done;
        for expired in plan::expired(&view, self.clock.now()).expired {
            match self.teardown(&expired.site).await? {
                Exit::Done => {}
                other => exit = other,
            }
        }
        Ok(exit)
    }

    async fn execute(
        &self,
        started: underpass::journal::Started,
        keys: Keys,
    ) -> Result<RunReport, Broken> {
        let job = Job {
            plan: started.plan,
            keys,
            client: self.client.clone(),
            journal: started.journal,
            history: started.history,
            clock: self.clock.clone(),
            ids: self.ids.clone(),
        };
        let cancel = Cancel::new();
        let (send, mut receive) = mpsc::unbounded_channel();
        let run = engine::run(job, send, cancel.clone());
        let listen = async {
            let mut heard = 0;
            while let Some(event) = receive.recv().await {
                heard += 1;
                self.hear(heard, &event, &cancel);
            }
        };
        let (report, ()) = futures_util::future::join(run, listen).await;
        for (step, it) in &report.steps {
            if let Some(failure) = &it.failure
                && let StepProblem::Internal(problem) = &failure.problem
            {
                return broken("internal", format!("{step}: {problem}"));
            }
        }
        if let Some(problem) = &report.journal_problem {
            self.body
                .timeline
                .say(self.body.name, format_args!("{problem}"));
        }
        Ok(report)
    }

    fn hear(&self, nth: u64, event: &Event, cancel: &Cancel) {
        self.body.timeline.event(event);
        for trouble in &self.body.troubles {
            if let Trouble::CtrlC(at, twice) = trouble
                && *at == nth
            {
                self.body
                    .timeline
                    .say(self.body.name, format_args!("Ctrl-C"));
                cancel.stop();
                if *twice {
                    cancel.abandon();
                }
            }
        }
    }

    /// Reads the tunnels back for the router: they must be what was planned.
    async fn hand_over(&self, site: &Site, plan: &Plan, keys: &Keys, report: &RunReport) -> Ended {
        let mut steps = plan.steps.iter();
        let step = steps.find(|step| is_connection(&step.node.kind));
        let id = step
            .and_then(|step| report.steps.get(&step.node.id))
            .and_then(|step| step.id.as_deref())
            .and_then(|id| id.parse::<VpnConnectionId>().ok());
        let Some(id) = id else {
            return broken("handover", "a run that is done names no connection");
        };
        match engine::read_back(&self.client, site, plan, &id, keys).await {
            Ok(_) => Ok(Exit::Done),
            Err(error) => Ok(failed(&error)),
        }
    }

    fn owner(&self) -> LockOwner {
        LockOwner {
            who: self.body.name.to_owned(),
            host: "campaign".to_owned(),
            pid: self.body.pid,
            since: self.clock.now(),
            run: None,
            command: "underpass".to_owned(),
        }
    }
}

fn held(error: LockError) -> Exit {
    match error {
        LockError::Held {
            owner: Some(owner), ..
        } => Exit::Locked(*owner),
        error => failed(&error),
    }
}

/// A plan, if the independent checker finds nothing wrong with it.
fn linted(plan: Plan, view: &View) -> Result<Plan, Broken> {
    let findings = plan::lint_in(&plan, view);
    let mut bad = findings.iter().filter(|it| it.severity == Severity::Error);
    match bad.next() {
        None => Ok(plan),
        Some(finding) => broken("lint", format!("{}: {}", finding.code, finding.message)),
    }
}

#[expect(clippy::unwrap_used, reason = "a constant that is a Region")]
fn region() -> underpass::spec::Region {
    REGION.parse().unwrap()
}

/// Why there is no plan, with what to do about it.
fn told(errors: &plan::PlanErrors) -> String {
    let mut text = errors.to_string();
    if let plan::PlanErrors::Refused(refusals) = errors {
        for refusal in refusals {
            text.push_str(&format!("\n  help: {}", refusal.help));
        }
    }
    text
}
