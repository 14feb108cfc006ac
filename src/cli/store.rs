//! Where runs, locks and keys are, and taking a site's lock.

use super::again::typed;
use super::args::Global;
use super::exit::Exit;
use super::failure::{Failure, Stands};
use super::output::{Line, Output};
use crate::aws::{BucketTarget, Fault, FaultKind, Objects};
use crate::clock::{Clock, IdSource};
use crate::journal::{
    Bucket, JournalError, LockError, LockOwner, LockTimes, SiteFolder, SiteLock, Store,
};
use crate::spec::SiteName;
use std::io::ErrorKind;

/// All sites: runs and locks in the bucket, if there is one; keys always in this machine's folder.
pub(super) async fn store(global: &Global) -> Result<Store, Failure> {
    let Some(address) = &global.journal else {
        return Ok(Store::open(&global.home));
    };
    let target = BucketTarget {
        address: address.clone(),
        profile: global.profile.clone(),
        endpoint_url: endpoint(global),
    };
    let objects = Objects::connect(&target).await;
    let objects = objects.map_err(Failure::untouched)?;
    let times = global.lock_expiry.map(LockTimes::expiring_after);
    let bucket = Bucket::open(objects, times.unwrap_or_default(), IdSource::system());
    Ok(Store::with(&global.home, std::sync::Arc::new(bucket)))
}

/// Where S3 is: a service's own variable says more than one for all services.
fn endpoint(global: &Global) -> Option<String> {
    let own = std::env::var("AWS_ENDPOINT_URL_S3").ok();
    own.filter(|url| !url.is_empty())
        .or_else(|| global.endpoint_url.clone())
}

/// One site.
pub(super) async fn folder(global: &Global, site: &SiteName) -> Result<SiteFolder, Failure> {
    Ok(store(global).await?.site(site))
}

/// One site, of which only the keys are asked for.
pub(super) fn keys_folder(global: &Global, site: &SiteName) -> SiteFolder {
    Store::open(&global.home).site(site)
}

/// Where runs are, as a person would paste it.
pub(super) fn place(global: &Global) -> String {
    match &global.journal {
        Some(address) => address.to_string(),
        None => super::harmless::path(&global.home),
    }
}

/// What a command that may take a lock away is told.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct BreakLock {
    /// Take the site's lock from its holder, who stops before the next call (with --journal)
    #[arg(long)]
    break_lock: bool,
}

/// Whether, and how, a command may take a lock away.
#[derive(Clone, Debug)]
pub(super) struct Breaking {
    /// Whether it was asked to.
    pub(super) now: bool,
    /// The command that would; none when this one cannot.
    pub(super) command: Option<String>,
}

impl Breaking {
    /// For a command that knows `--break-lock`.
    pub(super) fn asked(BreakLock { break_lock: now }: BreakLock) -> Self {
        let command = (!now).then(|| format!("{} --break-lock", typed()));
        Self { now, command }
    }

    /// For a command that does not.
    pub(super) fn never() -> Self {
        Self {
            now: false,
            command: None,
        }
    }
}

/// Takes the site's lock, or says who holds it.
pub(super) async fn lock(
    output: Output,
    global: &Global,
    folder: &SiteFolder,
    breaking: &Breaking,
) -> Result<SiteLock, Failure> {
    let owner = LockOwner {
        who: std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned()),
        host: host(),
        pid: std::process::id(),
        since: Clock::system().now(),
        run: None,
        command: typed(),
    };
    let refused = |error| lock_failure(error, global, breaking);
    let held = match folder.lock(&owner).await {
        Ok(lock) => {
            if breaking.now {
                let text = format!(
                    "site {} was not locked: there was nothing to break",
                    folder.site()
                );
                output.say(Line::Do, &text);
            }
            return Ok(lock);
        }
        Err(error) => error,
    };
    if !breaking.now || !matches!(held, LockError::Held { .. } | LockError::Unreadable { .. }) {
        return Err(refused(held));
    }
    if global.journal.is_some() {
        let text = format!(
            "{held}\n  --break-lock takes it away: if that run is alive, it stops before its next \
             call, and this one waits until it must have"
        );
        output.say(Line::Warn, &text);
    }
    folder.break_lock().await.map_err(refused)?;
    folder.lock(&owner).await.map_err(refused)
}

/// Gives the site free. What was done under the lock is done, so a failure is only told.
pub(super) async fn release(output: Output, lock: SiteLock) {
    match lock.release().await {
        // Whoever took it away has told, or will.
        Ok(()) | Err(LockError::Lost { .. }) => {}
        Err(error) => {
            let text = format!("the site's lock could not be given free, it expires: {error}");
            output.say(Line::Warn, &text);
        }
    }
}

/// The machine's name, as the kernel has it.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() {
        "this machine".to_owned()
    } else {
        name.trim().to_owned()
    }
}

fn lock_failure(error: LockError, global: &Global, breaking: &Breaking) -> Failure {
    let shared = global.journal.is_some();
    let failure = |error: &LockError| {
        Failure::new(Exit::Refused, error.to_string()).stands(Stands::Untouched)
    };
    match &error {
        LockError::Storage(error) => journal_failure(error),
        LockError::Held { .. } if shared => failure(&error)
            .hint(
                "two runs on one site would fight over its tunnels: wait; a holder without a sign \
                 of life for 90 s loses the lock by itself",
            )
            .hint("`--break-lock` takes it from a holder that is alive")
            .next(typed()),
        LockError::Unreadable { place, .. } => match &breaking.command {
            Some(command) => failure(&error)
                .hint("`--break-lock` writes a new one")
                .next(command.clone()),
            None => failure(&error).next(format!("aws s3 rm {place}")),
        },
        LockError::Alive { owner, .. } | LockError::Held { owner, .. } => {
            let failure = failure(&error)
                .hint("two runs on one site would fight over its tunnels: wait, or stop the other");
            match (&error, owner) {
                // Its first signal lets it finish what it has begun.
                (LockError::Alive { .. }, Some(owner)) => {
                    failure.next(format!("kill {}", owner.pid))
                }
                _ => failure.next(typed()),
            }
        }
        LockError::Lost { .. } => failure(&error).next(typed()),
    }
}

/// A problem with what remembers runs.
pub(super) fn journal_failure(error: &JournalError) -> Failure {
    let mut report = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        report.push_str(&format!(": {error}"));
        cause = error.source();
    }
    match error {
        JournalError::Bucket { source, .. } => of_bucket(report, source),
        JournalError::Lock(_) | JournalError::Taken { .. } => {
            Failure::new(Exit::Refused, report).next(typed())
        }
        // All of them come before the first call to AWS; what the engine meets is in its report.
        JournalError::Io { source, .. } => Failure::new(Exit::Internal, report)
            .stands(Stands::Untouched)
            .hint(remedy(source))
            .next(typed()),
        _ => Failure::new(Exit::Internal, report).hint("the folder of runs is named by --home"),
    }
}

/// What helps against a disk that does not do what it should.
fn remedy(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "make room on that disk: the same command goes on where this one stopped"
        }
        _ => "the folder of runs has to be one that you can write: --home names another",
    }
}

fn of_bucket(report: String, fault: &Fault) -> Failure {
    let exit = match fault.kind {
        FaultKind::Credentials | FaultKind::Denied => Exit::Access,
        FaultKind::Invalid => Exit::Input,
        _ => Exit::Aws,
    };
    let failure = Failure::new(exit, report);
    match (fault.kind, fault.hint()) {
        (FaultKind::Denied, _) => failure.hint(
            "`underpass policy SITE --journal …` prints what the journal needs: s3:GetObject, \
             s3:PutObject and s3:ListBucket on its prefix",
        ),
        (_, Some(hint)) => failure.hint(hint),
        (_, None) => failure,
    }
}
