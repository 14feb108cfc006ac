//! Every site's runs, lock and keys.
//!
//! Keys stay in the folder of this machine, wherever runs and locks are kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use ulid::Ulid;

use super::error::{JournalError, LockError};
use super::folder::Folder;
use super::history::History;
use super::keys::{self, KeptKeys, KeyPlace};
use super::line::{self, Replay};
use super::lock::{LockOwner, SiteLock};
use super::log::{First, Journal, Means};
use super::record::RunResult;
use super::storage::{Broken, End, Storage};
use super::unseen::LISTED_AFTER;
use crate::clock::Clock;
use crate::plan::{Mode, Plan};
use crate::resource::Keys;
use crate::spec::{AccountId, Region, SiteName};

/// All sites; nothing is created before something is written.
#[derive(Clone, Debug)]
pub struct Store {
    home: PathBuf,
    storage: Arc<dyn Storage>,
}

/// One site.
#[derive(Clone, Debug)]
pub struct SiteFolder {
    home: Folder,
    storage: Arc<dyn Storage>,
    site: SiteName,
}

/// A run in a few words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunSummary {
    /// The run.
    pub run: Ulid,
    /// The site.
    pub site: SiteName,
    /// What it was for; none when its journal cannot be read.
    pub mode: Option<Mode>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it wrote last.
    pub last_at: Option<Timestamp>,
    /// How it ended; none while it runs or when it was killed.
    pub result: Option<RunResult>,
    /// How many steps are ready.
    pub ready: usize,
    /// How many steps it has.
    pub steps: usize,
    /// Why its journal cannot be read.
    pub problem: Option<String>,
}

// === impl Store ===

impl Store {
    /// Runs, locks and keys in `home`, which need not exist.
    pub fn open(home: &Path) -> Self {
        Self::with(home, Arc::new(Folder::open(home)))
    }

    /// Keys in `home`, runs and locks in a storage of their own.
    pub fn with(home: &Path, storage: Arc<dyn Storage>) -> Self {
        Self {
            home: home.to_owned(),
            storage,
        }
    }

    /// The folder of keys.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// A site, which need not exist.
    pub fn site(&self, site: &SiteName) -> SiteFolder {
        SiteFolder {
            home: Folder::open(&self.home),
            storage: Arc::clone(&self.storage),
            site: site.clone(),
        }
    }

    /// Every site that has runs or a lock, by name.
    pub async fn sites(&self) -> Result<Vec<SiteName>, JournalError> {
        self.storage.sites().await
    }

    /// Every run of every site, the newest first.
    pub async fn runs(&self) -> Result<Vec<RunSummary>, JournalError> {
        let mut runs = Vec::new();
        for site in self.sites().await? {
            runs.extend(self.site(&site).runs().await?);
        }
        runs.sort_by_key(|run| std::cmp::Reverse(run.run));
        Ok(runs)
    }
}

// === impl SiteFolder ===

impl SiteFolder {
    /// The site.
    pub fn site(&self) -> &SiteName {
        &self.site
    }

    /// Its folder on this machine.
    pub fn path(&self) -> PathBuf {
        self.home.site_path(&self.site)
    }

    /// Makes its folder on this machine, which only its owner can read.
    pub fn prepare(&self) -> Result<(), JournalError> {
        self.home.prepare(&self.site)
    }

    fn keys_path(&self) -> PathBuf {
        self.path().join("keys.json")
    }

    /// Locks the site, or says who has.
    pub async fn lock(&self, owner: &LockOwner) -> Result<SiteLock, LockError> {
        let lease = self.storage.lock(&self.site, owner).await?;
        Ok(SiteLock::new(&self.site, lease))
    }

    /// Takes the site's lock from whoever holds it; see [`Storage::break_lock`].
    pub async fn break_lock(&self) -> Result<Option<Broken>, LockError> {
        self.storage.break_lock(&self.site).await
    }

    /// The site's keys in one place; none when there are none yet.
    pub fn keys(&self, place: &KeyPlace) -> Result<Keys, JournalError> {
        Ok(self.kept_keys(place)?.keys)
    }

    /// The site's keys in one place, and which connection has them.
    pub fn kept_keys(&self, place: &KeyPlace) -> Result<KeptKeys, JournalError> {
        let mut file = keys::load(&self.keys_path())?;
        Ok(KeptKeys {
            keys: file.keys.remove(place).unwrap_or_default(),
            connection: file.connections.remove(place),
        })
    }

    /// The site's keys in a Region of an account that nobody named.
    pub fn keys_in(&self, region: &Region) -> Result<Keys, JournalError> {
        let file = keys::load(&self.keys_path())?;
        Ok(keys::in_region(file.keys, region))
    }

    /// Replaces the site's keys in one place, in a file that only its owner can read.
    pub fn save_keys(&self, place: &KeyPlace, keys: &Keys) -> Result<(), JournalError> {
        self.keep_keys(
            place,
            KeptKeys {
                keys: keys.clone(),
                connection: None,
            },
        )
    }

    /// The same, with the connection that has them.
    pub fn keep_keys(&self, place: &KeyPlace, kept: KeptKeys) -> Result<(), JournalError> {
        self.prepare()?;
        let mut file = keys::load(&self.keys_path())?;
        file.keys.insert(place.clone(), kept.keys);
        match kept.connection {
            Some(id) => drop(file.connections.insert(place.clone(), id)),
            None => drop(file.connections.remove(place)),
        }
        keys::save(&self.keys_path(), &file)
    }

    /// Begins the journal of a plan's run.
    pub async fn begin(
        &self,
        lock: &SiteLock,
        plan: &Plan,
        clock: Clock,
    ) -> Result<Journal, JournalError> {
        self.same_site("lock", lock.site())?;
        self.same_site("plan", &plan.site)?;
        let place = self.storage.place(&self.site, plan.run);
        let first = First::of(plan, &place, &clock)?;
        lock.lease().name_run(plan.run).await?;
        let line = first.line.as_bytes();
        let tape = self.storage.begin(&self.site, plan.run, line).await?;
        let lease = Arc::clone(lock.lease());
        let means = Means {
            place,
            clock,
            lease,
            tape,
        };
        Ok(Journal::begun(means, first))
    }

    /// Opens the journal of a run that stopped, and says what it had done.
    ///
    /// A torn last line is cut off here; [`History::torn`] says that there was one.
    pub async fn open(
        &self,
        lock: &SiteLock,
        run: Ulid,
        clock: Clock,
    ) -> Result<(Journal, History), JournalError> {
        self.same_site("lock", lock.site())?;
        lock.lease().name_run(run).await?;
        let replay = self.replay(run).await?;
        let history = replay.history.clone();
        let end = End {
            whole: replay.whole,
            torn: history.torn,
            next: history.next_seq(),
        };
        let means = Means {
            place: self.storage.place(&self.site, run),
            clock,
            lease: Arc::clone(lock.lease()),
            tape: self.storage.go_on(&self.site, run, end).await?,
        };
        Ok((Journal::resumed(means, replay), history))
    }

    /// What a run has done, without touching its journal.
    pub async fn read(&self, run: Ulid) -> Result<History, JournalError> {
        self.replay(run).await.map(|replay| replay.history)
    }

    /// Every run of this site, the newest first; one whose journal cannot be read says why.
    pub async fn runs(&self) -> Result<Vec<RunSummary>, JournalError> {
        let mut runs = self.storage.runs(&self.site).await?;
        runs.sort_unstable_by(|a, b| b.cmp(a));
        let mut summaries = Vec::with_capacity(runs.len());
        for run in runs {
            summaries.push(self.summary(run).await);
        }
        Ok(summaries)
    }

    /// The newest run, if there is something left of it to do.
    ///
    /// An older unfinished one does not count: a later run has taken over what it left.
    pub async fn unfinished(&self) -> Result<Option<Ulid>, JournalError> {
        let Some(run) = self.newest().await? else {
            return Ok(None);
        };
        let done = self
            .summary(run)
            .await
            .result
            .is_some_and(RunResult::is_complete);
        Ok(Some(run).filter(|_| !done))
    }

    /// The runs that wrote something in the last five minutes, in one account and Region: what they
    /// made AWS need not list yet ([`unseen`](super::unseen)).
    ///
    /// A journal that cannot be read tells nothing; [`SiteFolder::runs`] says why.
    pub async fn recent(
        &self,
        account: &AccountId,
        region: &Region,
        now: Timestamp,
    ) -> Result<Vec<History>, JournalError> {
        let mut recent = Vec::new();
        for run in self.storage.runs(&self.site).await? {
            let Ok(history) = self.read(run).await else {
                continue;
            };
            let plan = &history.plan;
            let late = now.duration_since(history.last_at) < LISTED_AFTER;
            let here = plan.account.as_ref().is_none_or(|it| it == account);
            if late && here && plan.region == *region {
                recent.push(history);
            }
        }
        Ok(recent)
    }

    /// The newest run.
    pub(super) async fn newest(&self) -> Result<Option<Ulid>, JournalError> {
        Ok(self.storage.runs(&self.site).await?.into_iter().max())
    }

    async fn summary(&self, run: Ulid) -> RunSummary {
        let history = self.read(run).await;
        let problem = history.as_ref().err().map(|error| {
            let mut text = error.to_string();
            if let Some(source) = std::error::Error::source(error) {
                text = format!("{text}: {source}");
            }
            text
        });
        let history = history.ok();
        let ready = |history: &History| history.steps().filter(|(_, s)| s.ready.is_some()).count();
        RunSummary {
            run,
            site: self.site.clone(),
            mode: history.as_ref().map(|history| history.plan.mode),
            started_at: history.as_ref().map(|history| history.started_at),
            last_at: history.as_ref().map(|history| history.last_at),
            result: history.as_ref().and_then(|history| history.result),
            ready: history.as_ref().map(ready).unwrap_or_default(),
            steps: history
                .as_ref()
                .map_or(0, |history| history.plan.steps.len()),
            problem,
        }
    }

    async fn replay(&self, run: Ulid) -> Result<Replay, JournalError> {
        let bytes = self.storage.read(&self.site, run).await?;
        let replay = line::read(&bytes).map_err(|source| JournalError::Damaged {
            place: self.storage.place(&self.site, run),
            source,
        })?;
        self.same_site("journal", &replay.history.plan.site)?;
        Ok(replay)
    }

    fn same_site(&self, what: &'static str, found: &SiteName) -> Result<(), JournalError> {
        if *found == self.site {
            return Ok(());
        }
        Err(JournalError::OtherSite {
            what,
            found: found.to_string(),
            wanted: self.site.to_string(),
        })
    }
}
