//! An account with sites, a machine, and the rules that are checked after everything that happens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use underpass::aws::Decoded;
use underpass::clock::{Clock, IdSource};
use underpass::journal;
use underpass::resource::Change as PlannedChange;
use underpass::sandbox::{Faults, GatewaySim, Sandbox, SandboxOptions, World};
use underpass::spec::Site;

use super::body::Body;
use super::check::{self, Broken, Held, broken};
use super::draft::{Change, Draft, Known};
use super::excuse::Excuse;
use super::process::{Exit, Machine, Process};
use super::script::{Command, Deed, Moment, Routers, Script, Stranger, Trouble};
use super::stranger::{self, Done};
use super::timeline::Timeline;
use super::watch::Watch;

/// Longer than any command may take, in AWS's time.
const FOR_EVER: Duration = Duration::from_secs(24 * 3600);

/// How long it takes until everybody has heard of something, with every fault that delays news.
const NEWS: SignedDuration = SignedDuration::from_mins(4);

/// How long a person takes to type the next command: AWS's buckets are full again.
const TYPING: Duration = Duration::from_secs(5);

/// How often a patient person tries.
const TRIES: u32 = 4;

/// What a process came to: its exit, or nothing when it died.
pub(crate) type Ended = Result<Option<Exit>, Broken>;

/// Everything that one case needs.
#[derive(Debug)]
pub(crate) struct Stage {
    /// What happens is told here.
    pub(crate) timeline: Timeline,
    /// What AWS sees.
    pub(crate) watch: Arc<Watch>,
    /// How many processes were started.
    pub(crate) processes: u32,
    sandbox: Sandbox,
    /// Per case: a story must not depend on the cases before it.
    decoded: Decoded,
    aws: Clock,
    ids: IdSource,
    seed: u64,
    sites: Vec<Draft>,
    known: Known,
    half_up: bool,
    quick: bool,
    before: World,
    /// Sites whose last command brought them up, as they were then.
    up: BTreeMap<usize, Draft>,
    /// What others did and a person has to undo.
    undo: Vec<Done>,
    /// Whether they deleted a customer gateway: in the midst of a replacement nothing else tells what
    /// a site enabled on a gateway that is not its own.
    forgotten: bool,
    /// When they did it.
    meddled_at: Option<Timestamp>,
    /// Why a command may fail although nothing goes wrong while it runs.
    excuse: Excuse,
    machines: Vec<Machine>,
    /// By how much the machine's clock is ahead of AWS's.
    skew: SignedDuration,
    /// The lengths of journals that were replayed.
    replayed: BTreeMap<String, usize>,
}

fn trouble(rule: &'static str) -> impl FnOnce(&dyn std::fmt::Display) -> Broken {
    move |error| Broken {
        rule,
        what: error.to_string(),
    }
}

fn machine() -> Result<Machine, Broken> {
    Machine::new().map_err(|error| trouble("disk")(&error))
}

impl Stage {
    /// The account before anybody uses underpass.
    pub(crate) async fn new(script: &Script, told: bool) -> Result<Self, Broken> {
        let start: Timestamp = "2026-03-01T08:00:00Z"
            .parse()
            .map_err(|error| trouble("clock")(&error))?;
        let aws = Clock::starting_at(start, 1.0);
        let sandbox = Sandbox::open(SandboxOptions {
            clock: aws.clone(),
            ids: IdSource::seeded(script.seed ^ 1),
            faults: Faults::default().with_seed(script.seed),
            file: None,
            gateway: match script.routers {
                Routers::Offline => GatewaySim::Offline,
                Routers::Online => GatewaySim::Online,
                Routers::HalfUp => GatewaySim::HalfUp,
            },
        })
        .map_err(|error| trouble("sandbox")(&error))?;
        let mut known = Known::default();
        for stranger in &script.strangers {
            match stranger {
                Stranger::Propagation => stranger::propagate(&sandbox),
                Stranger::ByHand => stranger::register_by_hand(&sandbox),
                Stranger::Spare => known.spare = stranger::spare_gateway(&sandbox),
                Stranger::Table => known.table = stranger::second_table(&sandbox),
            }
        }
        aws.sleep(Duration::from_secs(60)).await;
        let timeline = Timeline::new(&aws, told);
        let watch = Arc::new(Watch::new(timeline.clone()));
        sandbox.set_witness(watch.clone());
        let mut excuse = Excuse::default();
        if script.routers == Routers::HalfUp {
            excuse.give("a tunnel that carries alone is not changed");
        }
        Ok(Self {
            before: sandbox.world(),
            timeline,
            watch,
            processes: 0,
            sandbox,
            decoded: Decoded::default(),
            aws,
            ids: IdSource::seeded(script.seed ^ 2),
            seed: script.seed,
            sites: script.sites.clone(),
            known,
            quick: script.quick,
            half_up: script.routers == Routers::HalfUp,
            up: BTreeMap::new(),
            undo: Vec::new(),
            meddled_at: None,
            forgotten: false,
            excuse,
            machines: vec![machine()?],
            skew: SignedDuration::ZERO,
            replayed: BTreeMap::new(),
        })
    }

    fn set_faults(&self, mut faults: Faults) {
        faults.quick = self.quick;
        self.sandbox.set_faults(faults.with_seed(self.seed));
    }

    fn site(&self, number: usize) -> Result<Site, Broken> {
        let draft = &self.sites[number];
        draft
            .site(&self.known)
            .map_err(|error| trouble("site file")(&error))
    }

    // === what happens ===

    /// Runs a command as one process; none when it died.
    pub(crate) fn run<'a>(
        &mut self,
        name: &'static str,
        command: Command,
        troubles: &'a [Trouble],
    ) -> impl Future<Output = (Ended, Arc<Body>)> + use<'a> {
        self.processes += 1;
        let faults = troubles.iter().find_map(|it| match it {
            Trouble::Faults(day) => Some(day.parse::<Faults>()),
            _ => None,
        });
        let faults = faults
            .transpose()
            .map_err(|error| trouble("faults")(&error));
        if name == "operator" {
            let faults = faults.as_ref().ok().cloned().flatten().unwrap_or_default();
            self.set_faults(faults);
        }
        match command.site() {
            Some(site) => drop(self.up.remove(&site)),
            None => self.up.clear(),
        }
        let now = self.aws.now();
        let clock = Clock::starting_at(now.saturating_add(self.skew).unwrap_or(now), 1.0);
        let body = Arc::new(Body::new(
            name,
            self.processes,
            troubles.to_vec(),
            clock,
            self.aws.clone(),
            self.timeline.clone(),
        ));
        let victim = command.site().map_or("", |site| self.sites[site].name());
        if name == "operator" {
            let followed = (Arc::clone(&body), victim.to_owned());
            self.watch.follow(Some(followed));
        } else {
            self.watch.share();
        }
        let site = command.site().map(|site| self.site(site)).transpose();
        let machine = self.machines.last().cloned();
        let (sandbox, ids, aws) = (self.sandbox.clone(), self.ids.clone(), self.aws.clone());
        let decoded = self.decoded.clone();
        async move {
            let Some(machine) = machine else {
                return (broken("machine", "there is none"), body);
            };
            aws.sleep(TYPING).await;
            let work = async {
                let site = site?;
                drop(faults?);
                let process = Process::start(Arc::clone(&body), &machine, &sandbox, &ids, &decoded);
                let process = process.await;
                let process = match process {
                    Ok(process) => process,
                    Err(fault) => return Ok(Exit::Failed(fault.to_string())),
                };
                match (command, site) {
                    (Command::Onboard(_), Some(site)) => process.onboard(&site).await,
                    (Command::Teardown(_), Some(site)) => process.teardown(&site.name).await,
                    _ => process.reap().await,
                }
            };
            let until = troubles.iter().find_map(|it| match it {
                Trouble::Die(Moment::After(millis)) => Some(Duration::from_millis(*millis)),
                _ => None,
            });
            let ended = tokio::select! {
                biased;
                () = body.died() => Ok(None),
                () = aws.sleep(until.unwrap_or(FOR_EVER)) => match until {
                    Some(_) => {
                        body.die(format_args!("just so"));
                        Ok(None)
                    }
                    None => broken("stuck", "a command takes more than a day"),
                },
                ended = work => ended.map(Some),
            };
            machine.shelf.ended(body.pid);
            (ended, body)
        }
    }

    /// What follows from a command's end.
    pub(crate) fn ended(
        &mut self,
        name: &'static str,
        command: Command,
        (ended, body): (Ended, Arc<Body>),
    ) -> Held {
        self.watch.follow(None);
        self.skew += body.skewed();
        let meddled = self.meddled();
        if let Some(broken) = self.watch.broken() {
            return Err(broken);
        }
        let Some(exit) = ended? else {
            self.excuse.give("a process died");
            return Ok(());
        };
        self.timeline.say(name, format_args!("{exit}"));
        if !self.excuse.accept(&exit, &body.troubles) {
            return broken("let down", format!("nothing went wrong, and yet {exit}"));
        }
        if !matches!(exit, Exit::Done) || meddled {
            return Ok(());
        }
        match command {
            Command::Onboard(site) => {
                let draft = self.sites[site].clone();
                check::exact(&self.sandbox, &draft, &self.known)?;
                self.up.insert(site, draft);
                Ok(())
            }
            Command::Teardown(site) => check::gone(&self.sandbox, self.sites[site].name()),
            Command::Reap => Ok(()),
        }
    }

    /// What follows when two commands have ended that ran at once.
    pub(crate) fn both_ended(
        &mut self,
        (one, first): (Command, (Ended, Arc<Body>)),
        (other, second): (Command, (Ended, Arc<Body>)),
    ) -> Held {
        let same = one.site() == other.site() || one.site().is_none() || other.site().is_none();
        for (me, it) in [("operator", &first), ("colleague", &second)] {
            if let Ok(Some(Exit::Locked(owner))) = &it.0
                && (!same || owner.who == me || owner.who.is_empty())
            {
                return broken("lock", format!("{me} is told that {owner} holds the site"));
            }
        }
        self.excuse.give("two commands ran at once");
        // Whatever the one brought up, the other may have taken down since.
        let judge = |command: Command| if same { Command::Reap } else { command };
        self.ended("operator", judge(one), first)?;
        self.ended("colleague", judge(other), second)
    }

    /// Takes note of what others did; whether they did anything.
    fn meddled(&mut self) -> bool {
        let meddled = self.watch.take_meddled();
        if meddled.is_empty() {
            // Not every server of AWS's knows it yet.
            let now = self.aws.now();
            return self
                .meddled_at
                .is_some_and(|at| now.duration_since(at) < NEWS);
        }
        self.meddled_at = Some(self.aws.now());
        let bearer = |done: &Done| done.deed == Deed::DeleteCustomerGateway;
        self.forgotten |= meddled.iter().any(bearer);
        self.excuse.give("somebody meddled");
        // A gateway that somebody detached may carry more than the one site.
        self.up.clear();
        self.undo.extend(meddled);
        true
    }

    /// Somebody edits a site's file.
    pub(crate) fn edit(&mut self, site: usize, change: Change) {
        self.sites[site].apply(change);
    }

    /// Time passes.
    pub(crate) async fn wait(&self, seconds: u64) {
        self.aws.sleep(Duration::from_secs(seconds)).await;
    }

    /// The machine's clock is set.
    pub(crate) fn set_clock(&mut self, seconds: i64) {
        self.excuse.give("the clock is wrong");
        self.skew += SignedDuration::from_secs(seconds);
    }

    /// The machine is lost; an hour later there is another. By then AWS lists what it has.
    pub(crate) async fn lose_laptop(&mut self) -> Held {
        self.excuse.give("the laptop is lost");
        self.wait(3600).await;
        self.machines.push(machine()?);
        self.skew = SignedDuration::ZERO;
        self.replayed.clear();
        Ok(())
    }

    // === what a patient person does in the end ===

    /// All trouble is over: faults end, clocks are right, tags are put back, and a router with one
    /// tunnel has both, because a tunnel that carries alone is not changed.
    ///
    /// That is all in which meddling relaxes the rules: while it goes on a command may fail, and
    /// what lost its tags is nobody's until a person gives them back. What was deleted stays so.
    pub(crate) async fn calm(&mut self) {
        self.timeline.say("act", format_args!("calm"));
        self.set_faults(Faults::default());
        self.skew = SignedDuration::ZERO;
        if self.half_up {
            self.sandbox.set_gateway(None, GatewaySim::Online);
        }
        for done in std::mem::take(&mut self.undo) {
            if let Some(form) = done.undo {
                stranger::call(&self.sandbox, &form);
            }
        }
        self.wait(400).await;
    }

    /// Brings a site up in peace, as often as a patient person would try.
    pub(crate) async fn finish(&mut self, site: usize) -> Held {
        for _ in 0..TRIES {
            let run = self.run("operator", Command::Onboard(site), &[]);
            let ended = run.await;
            let told = match &ended.0 {
                Ok(Some(exit @ Exit::Refused(_))) => exit.to_string(),
                _ => String::new(),
            };
            self.ended("operator", Command::Onboard(site), ended)?;
            self.check()?;
            self.delete_nobodys_route(&told);
            if self.up.contains_key(&site) {
                return Ok(());
            }
            self.wait(120).await;
        }
        broken(
            "stuck",
            format!("{} does not come up", self.sites[site].name()),
        )
    }

    /// A site is exact, and a new plan finds nothing to do.
    ///
    /// But for one thing: a run that was stopped goes on with its own plan. Where another site on the
    /// same gateway has changed what that plan rests on, what it remembers in tags is of then, and
    /// one more onboarding, which touches nothing but tags, makes it right.
    pub(crate) async fn expect_as_planned(&mut self, number: usize) -> Held {
        match self.left_to_do(number).await? {
            Some((_, true)) if self.shares_a_vpc(number) => self.finish(number).await?,
            Some((todo, _)) => return broken("not a no-op", todo),
            None => return Ok(()),
        }
        match self.left_to_do(number).await? {
            Some((todo, _)) => broken("not a no-op", todo),
            None => Ok(()),
        }
    }

    /// Does as a refusal tells: a route to nowhere is nobody's once somebody has deleted both the
    /// connection and the customer gateway that remembered it.
    fn delete_nobodys_route(&self, told: &str) {
        let command = told.split_once("delete-transit-gateway-route ");
        let Some((_, rest)) = command.filter(|_| self.forgotten) else {
            return;
        };
        let mut words = rest.split_whitespace();
        let (table, network) = (words.nth(1), words.nth(1));
        if let Some((table, network)) = table.zip(network) {
            self.timeline
                .say("operator", format_args!("deletes the route to {network}"));
            stranger::call(
                &self.sandbox,
                &format!(
                    "Action=DeleteTransitGatewayRoute&TransitGatewayRouteTableId={table}\
                     &DestinationCidrBlock={}",
                    network.replace('/', "%2F")
                ),
            );
        }
    }

    fn shares_a_vpc(&self, number: usize) -> bool {
        let vpc = self.sites[number].vpc_id();
        let mut others = self.sites.iter().enumerate();
        others.any(|(other, site)| other != number && site.vpc_id() == vpc)
    }

    /// What a new plan of an exact site finds to do, and whether that is to set tags alone.
    async fn left_to_do(&mut self, number: usize) -> Result<Option<(String, bool)>, Broken> {
        check::exact(&self.sandbox, &self.sites[number], &self.known)?;
        let site = self.site(number)?;
        self.aws.sleep(TYPING).await;
        let clock = Clock::starting_at(self.aws.now(), 1.0);
        let (aws, timeline) = (self.aws.clone(), self.timeline.clone());
        let body = Arc::new(Body::new("operator", 0, Vec::new(), clock, aws, timeline));
        let Some(machine) = self.machines.last() else {
            return Ok(None);
        };
        let process = Process::start(body, machine, &self.sandbox, &self.ids, &self.decoded);
        let process = process.await;
        let process = process.map_err(|error| trouble("plan")(&error))?;
        let plan = match process.plan_onboard(&site).await? {
            Ok(plan) if plan.is_noop() => return Ok(None),
            Ok(plan) => plan,
            Err(exit) => return Ok(Some((exit.to_string(), false))),
        };
        let todo = plan.steps.iter();
        let todo: Vec<_> = todo
            .filter(|it| !matches!(it.change, PlannedChange::Keep | PlannedChange::Adopt))
            .collect();
        let tags = todo.iter().all(|it| {
            let mut differences = it.differences.iter();
            it.change == PlannedChange::Update
                && differences.all(|(what, _, _)| what.starts_with("tag "))
        });
        let told = todo
            .iter()
            .map(|it| format!("{:?} {}: {}", it.change, it.node.id, it.reason));
        Ok(Some((told.collect::<Vec<_>>().join("; "), tags)))
    }

    /// Removes a site in peace.
    pub(crate) async fn remove(&mut self, site: usize) -> Held {
        for _ in 0..TRIES {
            let run = self.run("operator", Command::Teardown(site), &[]);
            let ended = run.await;
            let done = matches!(&ended.0, Ok(Some(Exit::Done)));
            self.ended("operator", Command::Teardown(site), ended)?;
            self.check()?;
            if done {
                return Ok(());
            }
            self.wait(120).await;
        }
        broken(
            "stuck",
            format!("{} does not go away", self.sites[site].name()),
        )
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        check::empty(&self.sandbox, &self.before, self.forgotten).is_ok()
    }

    /// Nothing is left, and nobody has told a secret.
    pub(crate) fn expect_nothing(&mut self) -> Held {
        check::empty(&self.sandbox, &self.before, self.forgotten)?;
        self.secrets()
    }

    // === what always holds ===

    /// Everything that must be true at any time.
    pub(crate) fn check(&mut self) -> Held {
        if let Some(broken) = self.watch.broken() {
            return Err(broken);
        }
        check::strangers(&self.sandbox, &self.before)?;
        check::single(&self.sandbox)?;
        for draft in self.up.values() {
            check::carries(&self.sandbox, draft, &self.known)?;
        }
        self.journals()
    }

    /// Every journal that has grown replays; what is torn is its last line alone, and a process that
    /// has ended says of each of its calls what became of it.
    fn journals(&mut self) -> Held {
        let Some(machine) = self.machines.last() else {
            return Ok(());
        };
        let replayed = &mut self.replayed;
        machine.shelf.each(|site, run, bytes| {
            let key = format!("{site}/{run}");
            if replayed.insert(key, bytes.len()) == Some(bytes.len()) {
                return Ok(());
            }
            match journal::replay(bytes) {
                Ok(history) => {
                    let text = String::from_utf8_lossy(bytes);
                    let (_, last) = text.rsplit_once("{\"resumed\":").unwrap_or(("", &text));
                    let mut open = history.steps().filter(|(_, past)| past.open.is_some());
                    let left = open.find(|(step, _)| {
                        history.result.is_some()
                            && last.contains(&format!("{{\"intent\":{{\"step\":\"{step}\""))
                    });
                    match left {
                        Some((step, _)) => {
                            broken("journal", format!("{site} {run}: {step} has an open call"))
                        }
                        None => Ok(()),
                    }
                }
                Err(damage) => broken("journal", format!("{site} {run}: {damage}")),
            }
        })
    }

    /// No key stands in any journal, event, report or error.
    fn secrets(&self) -> Held {
        let mut secrets = Vec::new();
        for machine in &self.machines {
            secrets.extend(machine.secrets().map_err(|error| trouble("keys")(&error))?);
        }
        let told = self.timeline.text();
        let mut texts = vec![("the timeline".to_owned(), told.into_bytes())];
        for machine in &self.machines {
            texts.extend(machine.files().map_err(|error| trouble("disk")(&error))?);
            machine.shelf.each(|site, run, bytes| {
                texts.push((format!("the journal {site} {run}"), bytes.to_vec()));
                Held::Ok(())
            })?;
        }
        for (place, text) in &texts {
            let text = String::from_utf8_lossy(text);
            if secrets.iter().any(|secret| text.contains(secret.as_str())) {
                return broken("secret", place.clone());
            }
        }
        Ok(())
    }
}

impl Drop for Stage {
    /// Nobody watches any more: the witness knows the processes, and they know the sandbox.
    fn drop(&mut self) {
        self.watch.follow(None);
    }
}
