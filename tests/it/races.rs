//! Five hundred races of two operators for one site, in virtual time: over a folder, and over a
//! store far away whose every answer takes its time, so that they meet at every await.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
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

/// Journals and locks of everybody.
type Kept = Arc<
    Mutex<(
        BTreeMap<(SiteName, Ulid), Vec<u8>>,
        BTreeMap<SiteName, LockOwner>,
    )>,
>;

/// A store at the other end of a slow line: each operation happens at one moment in the middle.
#[derive(Clone, Debug)]
struct Afar {
    kept: Kept,
    clock: Clock,
    dice: IdSource,
}

impl Afar {
    async fn line(&self) {
        let millis = self.dice.below(900);
        self.clock.sleep(Duration::from_millis(millis)).await;
    }

    async fn put(&self, key: (SiteName, Ulid), at: Option<usize>, bytes: &[u8]) -> Option<usize> {
        self.line().await;
        let length = {
            let mut kept = self.kept.lock().unwrap();
            let run = kept.0.entry(key).or_default();
            let fits = at.is_none_or(|at| at == run.len());
            fits.then(|| {
                run.extend_from_slice(bytes);
                run.len()
            })
        };
        self.line().await;
        length
    }
}

#[derive(Debug)]
struct Reel(Afar, (SiteName, Ulid), usize);

#[derive(Debug)]
struct Hold(Afar, SiteName, LockOwner);

#[async_trait]
impl Tape for Reel {
    async fn append(&mut self, _seq: u64, line: &[u8]) -> Result<(), JournalError> {
        // A record that is there already is somebody else's: nobody may write behind our back.
        let put = self.0.put(self.1.clone(), Some(self.2), line).await;
        self.2 = put.expect("two writers in one journal");
        Ok(())
    }
}

#[async_trait]
impl Lease for Hold {
    async fn name_run(&self, _run: Ulid) -> Result<(), LockError> {
        self.check().await
    }

    async fn check(&self) -> Result<(), LockError> {
        self.0.line().await;
        let kept = self.0.kept.lock().unwrap();
        assert_eq!(kept.1.get(&self.1), Some(&self.2), "the lock changed hands");
        Ok(())
    }

    async fn release(&self) -> Result<(), LockError> {
        self.0.line().await;
        self.0.kept.lock().unwrap().1.remove(&self.1);
        Ok(())
    }
}

#[async_trait]
impl Storage for Afar {
    fn place(&self, site: &SiteName, run: Ulid) -> String {
        format!("{site}/{run}")
    }

    async fn sites(&self) -> Result<Vec<SiteName>, JournalError> {
        Ok(Vec::new())
    }

    async fn runs(&self, site: &SiteName) -> Result<Vec<Ulid>, JournalError> {
        self.line().await;
        let kept = self.kept.lock().unwrap();
        let of = kept.0.keys().filter(|(of, _)| of == site);
        Ok(of.map(|(_, run)| *run).collect())
    }

    async fn read(&self, site: &SiteName, run: Ulid) -> Result<Vec<u8>, JournalError> {
        self.line().await;
        let kept = self.kept.lock().unwrap();
        let there = kept.0.get(&(site.clone(), run)).cloned();
        there.ok_or_else(|| JournalError::NoSuchRun {
            site: site.to_string(),
            run,
        })
    }

    async fn begin(
        &self,
        site: &SiteName,
        run: Ulid,
        first: &[u8],
    ) -> Result<Box<dyn Tape>, JournalError> {
        let key = (site.clone(), run);
        let put = self.put(key.clone(), Some(0), first).await;
        Ok(Box::new(Reel(self.clone(), key, put.expect("taken"))))
    }

    async fn go_on(
        &self,
        site: &SiteName,
        run: Ulid,
        end: End,
    ) -> Result<Box<dyn Tape>, JournalError> {
        let key = (site.clone(), run);
        Ok(Box::new(Reel(self.clone(), key, end.whole)))
    }

    async fn lock(&self, site: &SiteName, owner: &LockOwner) -> Result<Box<dyn Lease>, LockError> {
        self.line().await;
        let before = {
            let mut kept = self.kept.lock().unwrap();
            let before = kept.1.get(site).cloned();
            if before.is_none() {
                kept.1.insert(site.clone(), owner.clone());
            }
            before
        };
        self.line().await;
        match before {
            None => Ok(Box::new(Hold(self.clone(), site.clone(), owner.clone()))),
            Some(before) => Err(LockError::Held {
                site: site.to_string(),
                owner: Some(Box::new(before)),
            }),
        }
    }

    async fn break_lock(&self, _site: &SiteName) -> Result<Option<Broken>, LockError> {
        Ok(None)
    }
}

struct Person {
    name: &'static str,
    store: Store,
    sandbox: Sandbox,
    clock: Clock,
    ids: IdSource,
}

impl Person {
    /// As the command line does it; the owner of the lock when somebody else has it.
    async fn onboard(&self, site: &Site) -> Result<(), LockOwner> {
        self.clock
            .sleep(Duration::from_millis(self.ids.below(3000)))
            .await;
        let target = Target {
            region: site.region.clone(),
            profile: None,
            endpoint_url: None,
            sandbox: Some(self.sandbox.clone()),
        };
        let client = Client::connect(&target, self.clock.clone(), self.ids.clone());
        let client = client.await.unwrap();
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
    let kept = Kept::default();
    let person = |name, number: u64| {
        let ids = IdSource::seeded(3 * seed + number);
        let storage = Afar {
            kept: Arc::clone(&kept),
            clock: clock.clone(),
            dice: ids.clone(),
        };
        let store = match afar {
            true => Store::with(home.path(), Arc::new(storage)),
            false => Store::open(home.path()),
        };
        Person {
            name,
            store,
            sandbox: sandbox.clone(),
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

#[tokio::test(start_paused = true)]
async fn of_two_operators_in_five_hundred_races_one_works_each_time() {
    let text = std::fs::read_to_string("examples/plant-7.yaml").unwrap();
    let site = underpass::spec::load(&text, Path::new("plant-7.yaml"))
        .unwrap()
        .site;
    let mut met = [0, 0];
    for seed in 0..250 {
        for afar in [false, true] {
            met[usize::from(afar)] += usize::from(race(seed, &site, afar).await);
        }
    }
    let [near, far] = met;
    println!("500 races: {near} of 250 met over a folder, {far} of 250 over a store far away");
    assert!(near + far > 400, "{near} {far}");
}
