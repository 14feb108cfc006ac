//! Races of two operators for one site, in virtual time: over a folder, and over a store far away
//! whose every answer takes its time, so that they meet at every await.
//!
//! A hundred each time; `UNDERPASS_RACES=500` runs five hundred.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use ulid::Ulid;
use underpass::aws::{Client, Collection, Target};
use underpass::clock::{Clock, IdSource};
use underpass::engine::{self, Cancel, Job, KeyRing};
use underpass::journal::{
    Broken, End, JournalError, KeyPlace, Lease, LockError, LockOwner, RunResult, Storage, Store,
    Tape,
};
use underpass::plan::{self, Question};
use underpass::playbook;
use underpass::resource::Policy;
use underpass::sandbox::{Faults, GatewaySim, Sandbox, SandboxOptions};
use underpass::spec::{Site, SiteName};

use crate::campaign::shelf::Shelf;

/// A store at the other end of a slow line: each operation happens at one moment in the middle.
#[derive(Clone, Debug)]
struct Afar {
    shelf: Shelf,
    line: Line,
}

/// The line.
#[derive(Clone, Debug)]
struct Line {
    clock: Clock,
    dice: IdSource,
}

impl Line {
    /// What happens at its other end; the answer comes back as slowly.
    async fn over<T>(&self, there: impl Future<Output = T>) -> T {
        self.pass().await;
        let answer = there.await;
        self.pass().await;
        answer
    }

    async fn pass(&self) {
        let millis = self.dice.below(900);
        self.clock.sleep(Duration::from_millis(millis)).await;
    }
}

#[derive(Debug)]
struct Reel(Line, Box<dyn Tape>);

#[derive(Debug)]
struct Hold(Line, Box<dyn Lease>);

#[async_trait]
impl Tape for Reel {
    async fn append(&mut self, seq: u64, line: &[u8]) -> Result<(), JournalError> {
        self.0.over(self.1.append(seq, line)).await
    }
}

#[async_trait]
impl Lease for Hold {
    async fn name_run(&self, run: Ulid) -> Result<(), LockError> {
        self.0.over(self.1.name_run(run)).await
    }

    async fn check(&self) -> Result<(), LockError> {
        self.0.over(self.1.check()).await
    }

    async fn release(&self) -> Result<(), LockError> {
        self.0.over(self.1.release()).await
    }
}

#[async_trait]
impl Storage for Afar {
    fn place(&self, site: &SiteName, run: Ulid) -> String {
        self.shelf.place(site, run)
    }

    async fn sites(&self) -> Result<Vec<SiteName>, JournalError> {
        self.line.over(self.shelf.sites()).await
    }

    async fn runs(&self, site: &SiteName) -> Result<Vec<Ulid>, JournalError> {
        self.line.over(self.shelf.runs(site)).await
    }

    async fn read(&self, site: &SiteName, run: Ulid) -> Result<Vec<u8>, JournalError> {
        self.line.over(self.shelf.read(site, run)).await
    }

    async fn begin(
        &self,
        site: &SiteName,
        run: Ulid,
        first: &[u8],
    ) -> Result<Box<dyn Tape>, JournalError> {
        let tape = self.line.over(self.shelf.begin(site, run, first)).await?;
        Ok(Box::new(Reel(self.line.clone(), tape)))
    }

    async fn go_on(
        &self,
        site: &SiteName,
        run: Ulid,
        end: End,
    ) -> Result<Box<dyn Tape>, JournalError> {
        let tape = self.line.over(self.shelf.go_on(site, run, end)).await?;
        Ok(Box::new(Reel(self.line.clone(), tape)))
    }

    async fn lock(&self, site: &SiteName, owner: &LockOwner) -> Result<Box<dyn Lease>, LockError> {
        let lease = self.line.over(self.shelf.lock(site, owner)).await?;
        Ok(Box::new(Hold(self.line.clone(), lease)))
    }

    async fn break_lock(&self, site: &SiteName) -> Result<Option<Broken>, LockError> {
        self.line.over(self.shelf.break_lock(site)).await
    }
}

struct Person {
    name: &'static str,
    store: Store,
    client: Client,
    clock: Clock,
    ids: IdSource,
}

impl Person {
    /// As the command line does it; the owner of the lock when somebody else has it.
    async fn onboard(&self, site: &Site) -> Result<(), LockOwner> {
        self.clock
            .sleep(Duration::from_millis(self.ids.below(3000)))
            .await;
        let client = self.client.clone();
        let account = client.caller().await.unwrap().account;
        let folder = self.store.site(&site.name);
        let lock = match folder.lock(&self.owner()).await {
            Ok(lock) => lock,
            Err(LockError::Held { owner, .. }) => return Err(*owner.expect("nobody is named")),
            Err(error) => panic!("{error}"),
        };
        let view = client.view(&Collection::ALL).await.unwrap();
        let now = self.clock.now();
        let plan = plan::onboard(&Question {
            site,
            playbook: playbook::choose(site).unwrap(),
            view: Some(&view),
            account: Some(account.clone()),
            run: self.ids.ulid(now),
            now,
            policy: Policy::default(),
            accept: &BTreeSet::new(),
        });
        let start = folder.choose(plan.unwrap(), now).await.unwrap();
        let place = KeyPlace::new(&account, &site.region);
        let ring = KeyRing {
            site,
            site_file: Path::new("site.yaml"),
            folder: &folder,
            place: &place,
        };
        let keys = ring.keys_for(start.plan(), &client, &self.ids);
        let keys = keys.await.unwrap();
        let started = folder
            .start(&lock, start, self.clock.clone())
            .await
            .unwrap();
        let job = Job {
            plan: started.plan,
            keys,
            client,
            journal: started.journal,
            history: started.history,
            clock: self.clock.clone(),
            ids: self.ids.clone(),
        };
        let (send, _nobody) = mpsc::unbounded_channel();
        let report = engine::run(job, send, Cancel::new()).await;
        assert_eq!(report.result, RunResult::Done, "{report:#?}");
        lock.release().await.unwrap();
        Ok(())
    }

    fn owner(&self) -> LockOwner {
        LockOwner {
            who: self.name.to_owned(),
            host: "race".to_owned(),
            // This process's, so that it is taken for a living one.
            pid: std::process::id(),
            since: self.clock.now(),
            run: None,
            command: format!("underpass onboard by {}", self.name),
        }
    }
}

/// One race; answers whether the two met.
async fn race(seed: u64, site: &Site, afar: bool) -> bool {
    let clock = Clock::starting_at("2026-03-01T08:00:00Z".parse().unwrap(), 1.0);
    let sandbox = Sandbox::open(SandboxOptions {
        clock: clock.clone(),
        ids: IdSource::seeded(seed),
        faults: Faults::default().with_seed(seed),
        file: None,
        gateway: GatewaySim::Online,
    })
    .unwrap();
    let home = tempfile::TempDir::new_in("/dev/shm").or_else(|_| tempfile::TempDir::new());
    let home = home.unwrap();
    let shelf = Shelf::default();
    // One for both: to make a client costs more than a race.
    let target = Target {
        region: site.region.clone(),
        profile: None,
        endpoint_url: None,
        sandbox: Some(sandbox.clone()),
    };
    let client = Client::connect(&target, clock.clone(), IdSource::seeded(seed));
    let client = client.await.unwrap();
    let person = |name, number: u64| {
        let ids = IdSource::seeded(3 * seed + number);
        let storage = Afar {
            shelf: shelf.clone(),
            line: Line {
                clock: clock.clone(),
                dice: ids.clone(),
            },
        };
        let store = match afar {
            true => Store::with(home.path(), Arc::new(storage)),
            false => Store::open(home.path()),
        };
        Person {
            name,
            store,
            client: client.clone(),
            clock: clock.clone(),
            ids,
        }
    };
    let (kim, lee) = (person("kim", 1), person("lee", 2));
    let (first, second) = tokio::join!(kim.onboard(site), lee.onboard(site));
    let when = format!("seed {seed}, afar {afar}: {first:?} {second:?}");
    match (&first, &second) {
        (Ok(()), Err(owner)) => assert_eq!(owner.who, "kim", "{when}"),
        (Err(owner), Ok(())) => assert_eq!(owner.who, "lee", "{when}"),
        both => assert!(both.0.is_ok() && both.1.is_ok(), "{when}"),
    }
    // Whoever lost tries again, and finds everything as it should be.
    let before = mutating(&sandbox);
    let loser = if first.is_err() { &kim } else { &lee };
    loser.onboard(site).await.unwrap();
    assert_eq!(mutating(&sandbox), before, "{when}");
    let region = sandbox.world().regions["eu-central-1"].clone();
    let counts = [
        region.customer_gateways.len(),
        // The clinic has one.
        region.vpn_gateways.len() - 1,
        region.vpn_connections.len(),
    ];
    assert_eq!(counts, [1, 1, 1], "{when}");
    first.is_err() || second.is_err()
}

fn mutating(sandbox: &Sandbox) -> usize {
    sandbox.calls().iter().filter(|call| call.mutating).count()
}

#[test]
fn of_two_operators_in_any_race_one_works_and_the_other_learns_who() {
    let races: u64 = std::env::var("UNDERPASS_RACES").map_or(100, |text| text.parse().unwrap());
    let text = std::fs::read_to_string("examples/plant-7.yaml").unwrap();
    let loaded = underpass::spec::load(&text, Path::new("plant-7.yaml"));
    let site = &loaded.unwrap().site;
    let meet = |afar| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let mut met = 0;
        for seed in 0..races / 2 {
            met += usize::from(runtime.block_on(race(seed, site, afar)));
        }
        met
    };
    let (near, far) = std::thread::scope(|scope| {
        let far = scope.spawn(|| meet(true));
        (meet(false), far.join().unwrap())
    });
    println!("{races} races: {near} met over a folder, {far} over a store far away");
    assert!(
        near + far > usize::try_from(races).unwrap() * 4 / 5,
        "{near} {far}"
    );
}
