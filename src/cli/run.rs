//! Carrying a plan out: lock, keys, journal, engine, report.

use std::io::ErrorKind;
use std::str::FromStr;

use indicatif::MultiProgress;
use tokio::sync::mpsc;

use super::again::{Again, typed};
use super::args::Global;
use super::connect::Connection;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::output::{Line, Output};
use super::{progress, stopped};
use crate::clock::Clock;
use crate::engine::{self, RunReport};
use crate::journal::{
    JournalError, LockError, LockOwner, RunResult, SiteFolder, SiteLock, Start, Store,
};
use crate::plan::{Mode, Plan};
use crate::resource::Keys;
use crate::spec::{SiteName, VpnConnectionId, VpnGatewayId};
use crate::{files, limits};

/// Where the command that began the last run stands in a site's folder.
const COMMAND: &str = "command";

/// What to carry out, and its keys.
pub(super) struct Job {
    pub(super) start: Start,
    pub(super) keys: Keys,
}

/// What a run that is done leaves for the next steps.
#[derive(Debug)]
pub(super) struct Done {
    /// The plan that was carried out.
    pub(super) plan: Plan,
    /// What the engine reports.
    pub(super) report: RunReport,
}

impl Done {
    /// The connection that the run made or found.
    pub(super) fn connection(&self) -> Result<VpnConnectionId, Failure> {
        self.id_of("vpn_connection")
    }

    /// The virtual private gateway that the run made or found.
    pub(super) fn vpn_gateway(&self) -> Result<VpnGatewayId, Failure> {
        self.id_of("vpn_gateway")
    }

    fn id_of<T: FromStr>(&self, kind: &str) -> Result<T, Failure> {
        let step = self.plan.steps.iter().find(|step| step.node.kind == kind);
        step.and_then(|step| self.report.steps.get(&step.node.id))
            .and_then(|step| step.id.as_deref())
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| {
                Failure::new(
                    Exit::Internal,
                    format!("the playbook has no {kind} step to write files for"),
                )
            })
    }
}

/// The folder of one site.
pub(super) fn folder(global: &Global, site: &SiteName) -> SiteFolder {
    Store::open(&global.home).site(site)
}

/// Takes the site's lock, or says who holds it.
pub(super) async fn lock(folder: &SiteFolder) -> Result<SiteLock, Failure> {
    let owner = LockOwner {
        who: std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned()),
        host: host(),
        pid: std::process::id(),
        since: Clock::system().now(),
        run: None,
        command: typed(),
    };
    folder.lock(&owner).await.map_err(lock_failure)
}

fn lock_failure(error: LockError) -> Failure {
    match error {
        LockError::Storage(error) => journal_failure(&error),
        error => Failure::new(Exit::Refused, format!("nothing was changed: {error}"))
            .hint("two runs on one site would fight over its tunnels: wait, or stop the other")
            .next(typed()),
    }
}

/// Gives the site free. What was done under the lock is done, so a failure is only told.
pub(super) async fn release(output: Output, lock: SiteLock) {
    if let Err(error) = lock.release().await {
        let text = format!("the site's lock could not be given free: {error}");
        output.say(Line::Warn, &text);
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

/// Runs a job to its end, showing it, and turns anything but success into a failure.
pub(super) async fn execute(
    output: Output,
    connection: &Connection,
    folder: &SiteFolder,
    lock: &SiteLock,
    job: Job,
    again: &Again,
    interrupt: &Interrupt,
) -> Result<Done, Failure> {
    if again.site.is_some() {
        remember(folder, &again.command)?;
    }
    let started = folder
        .start(lock, job.start, connection.clock.clone())
        .await
        .map_err(|error| journal_failure(&error))?;
    let plan = started.plan;
    let (sender, receiver) = mpsc::unbounded_channel();
    let bars = output.lively.then(MultiProgress::new);
    let (cancel, _running) = interrupt.run(output, bars.clone(), after(&plan));
    let show = progress::Show {
        output,
        bars,
        clock: connection.clock.clone(),
        needs: progress::needs(&plan),
    };
    let display = tokio::spawn(show.until_end(receiver));
    let report = engine::run(
        engine::Job {
            plan: plan.clone(),
            keys: job.keys,
            client: connection.client.clone(),
            journal: started.journal,
            history: started.history,
            clock: connection.clock.clone(),
            ids: connection.ids.clone(),
        },
        sender,
        cancel,
    )
    .await;
    let _shown = display.await;
    if report.result == RunResult::Done {
        return Ok(Done { plan, report });
    }
    Err(stopped::failure(output, &report, &plan, again))
}

/// What a stop leaves between a run's end and the command's.
fn after(plan: &Plan) -> &'static str {
    match plan.mode {
        Mode::Onboard => {
            "AWS's half stands, complete and paid for by the hour; the router's files may be \
             missing, and the same command writes them"
        }
        Mode::Teardown => "what was to be removed before is gone",
    }
}

/// Keeps the command that began a run, for the one who resumes it.
fn remember(folder: &SiteFolder, command: &str) -> Result<(), Failure> {
    folder.prepare().map_err(|error| journal_failure(&error))?;
    let path = folder.path().join(COMMAND);
    files::write_secret(&path, format!("{command}\n").as_bytes())
        .map_err(|error| Failure::file("write", &path, &error))
}

/// The command that began the site's last run.
pub(super) fn remembered(folder: &SiteFolder) -> Option<String> {
    let text = files::read_text(&folder.path().join(COMMAND), limits::NOTE).ok()?;
    Some(text.trim().to_owned()).filter(|command| !command.is_empty())
}

/// A problem with the folder that remembers runs. All of them come before the first call to AWS;
/// what the engine meets later is in its report.
pub(super) fn journal_failure(error: &JournalError) -> Failure {
    let mut report = format!("nothing was changed: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        report.push_str(&format!(": {error}"));
        cause = error.source();
    }
    let failure = Failure::new(Exit::Internal, report);
    match error {
        JournalError::Io { source, .. } => failure.hint(remedy(source)).next(typed()),
        _ => failure.hint("the folder of runs is named by --home"),
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
