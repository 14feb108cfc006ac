//! Where it all lies: one folder per site.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use ulid::Ulid;

use super::error::{JournalError, LockError};
use super::history::History;
use super::keys::{self, KeyPlace};
use super::line::{self, Replay};
use super::lock::{LockOwner, SiteLock};
use super::log::Journal;
use super::record::RunResult;
use crate::clock::Clock;
use crate::files;
use crate::plan::{Mode, Plan};
use crate::resource::Keys;
use crate::spec::{Region, SiteName};

/// The folder that holds all sites; nothing is created before something is written.
#[derive(Clone, Debug)]
pub struct Store {
    home: PathBuf,
}

/// The folder of one site.
#[derive(Clone, Debug)]
pub struct SiteFolder {
    home: PathBuf,
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
    /// The store in `home`, which need not exist.
    pub fn open(home: &Path) -> Self {
        Self {
            home: home.to_owned(),
        }
    }

    /// The folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The folder of a site, which need not exist.
    pub fn site(&self, site: &SiteName) -> SiteFolder {
        SiteFolder {
            home: self.home.clone(),
            site: site.clone(),
        }
    }

    /// Every site that has a folder, by name.
    pub fn sites(&self) -> Result<Vec<SiteName>, JournalError> {
        let mut sites: Vec<SiteName> = names(&self.home)?
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect();
        sites.sort();
        Ok(sites)
    }

    /// Every run of every site, the newest first.
    pub fn runs(&self) -> Result<Vec<RunSummary>, JournalError> {
        let mut runs = Vec::new();
        for site in self.sites()? {
            runs.extend(self.site(&site).runs()?);
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

    /// The folder itself.
    pub fn path(&self) -> PathBuf {
        self.home.join(self.site.as_str())
    }

    fn runs_path(&self) -> PathBuf {
        self.path().join("runs")
    }

    fn run_path(&self, run: Ulid) -> PathBuf {
        self.runs_path().join(format!("{run}.jsonl"))
    }

    fn keys_path(&self) -> PathBuf {
        self.path().join("keys.json")
    }

    /// Makes the folders, private, and keeps them out of git: they hold keys.
    fn prepare(&self) -> Result<(), JournalError> {
        let runs = self.runs_path();
        files::private_folder(&runs).map_err(JournalError::io("create", &runs))?;
        let ignore = self.home.join(".gitignore");
        if !ignore.exists() {
            files::write_public(&ignore, b"*\n").map_err(JournalError::io("write", &ignore))?;
        }
        // The names of new folders must survive a crash as well as the files in them.
        for folder in [&self.home, &self.path()] {
            fs::File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(JournalError::io("write", folder))?;
        }
        Ok(())
    }

    /// Locks the site, or says who has.
    pub fn lock(&self, owner: &LockOwner) -> Result<SiteLock, LockError> {
        self.prepare()?;
        SiteLock::take(&self.path().join("lock"), &self.site, owner)
    }

    /// The site's keys in one place; none when there are none yet.
    pub fn keys(&self, place: &KeyPlace) -> Result<Keys, JournalError> {
        Ok(keys::load(&self.keys_path())?
            .remove(place)
            .unwrap_or_default())
    }

    /// The site's keys in a Region of an account that nobody named.
    pub fn keys_in(&self, region: &Region) -> Result<Keys, JournalError> {
        Ok(keys::in_region(keys::load(&self.keys_path())?, region))
    }

    /// Replaces the site's keys in one place, in a file that only its owner can read.
    pub fn save_keys(&self, place: &KeyPlace, keys: &Keys) -> Result<(), JournalError> {
        self.prepare()?;
        let mut places = keys::load(&self.keys_path())?;
        places.insert(place.clone(), keys.clone());
        keys::save(&self.keys_path(), &places)
    }

    /// Begins the journal of a plan's run.
    pub fn begin(
        &self,
        lock: &SiteLock,
        plan: &Plan,
        clock: Clock,
    ) -> Result<Journal, JournalError> {
        self.same_site("lock", lock.site())?;
        self.same_site("plan", &plan.site)?;
        self.prepare()?;
        Journal::begin(self.run_path(plan.run), plan, clock)
    }

    /// Opens the journal of a run that stopped, and says what it had done.
    ///
    /// A torn last line is cut off here; [`History::torn`] says that there was one.
    pub fn open(
        &self,
        lock: &SiteLock,
        run: Ulid,
        clock: Clock,
    ) -> Result<(Journal, History), JournalError> {
        self.same_site("lock", lock.site())?;
        let replay = self.replay(run)?;
        let history = replay.history.clone();
        Ok((Journal::resume(self.run_path(run), replay, clock)?, history))
    }

    /// What a run has done, without touching its journal.
    pub fn read(&self, run: Ulid) -> Result<History, JournalError> {
        self.replay(run).map(|replay| replay.history)
    }

    /// Every run of this site, the newest first; one whose journal cannot be read says why.
    pub fn runs(&self) -> Result<Vec<RunSummary>, JournalError> {
        let mut runs: Vec<Ulid> = names(&self.runs_path())?
            .iter()
            .filter_map(|name| name.strip_suffix(".jsonl")?.parse().ok())
            .collect();
        runs.sort();
        runs.reverse();
        Ok(runs.into_iter().map(|run| self.summary(run)).collect())
    }

    /// The newest run, if there is something left of it to do.
    ///
    /// An older unfinished one does not count: a later run has taken over what it left.
    pub fn unfinished(&self) -> Result<Option<Ulid>, JournalError> {
        let newest = self.runs()?.into_iter().next();
        Ok(newest
            .filter(|run| run.result != Some(RunResult::Done))
            .map(|run| run.run))
    }

    fn summary(&self, run: Ulid) -> RunSummary {
        let history = self.read(run);
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

    fn replay(&self, run: Ulid) -> Result<Replay, JournalError> {
        let path = self.run_path(run);
        let bytes = fs::read(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => JournalError::NoSuchRun {
                site: self.site.to_string(),
                run,
            },
            _ => JournalError::io("read", &path)(error),
        })?;
        let replay = line::read(&bytes).map_err(|source| JournalError::Damaged {
            path: path.clone(),
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

/// The names in a folder; none when it does not exist.
fn names(folder: &Path) -> Result<Vec<String>, JournalError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(JournalError::io("list", folder)(error)),
    };
    entries
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_, _>>()
        .map_err(JournalError::io("list", folder))
}
