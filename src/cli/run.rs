//! Carrying a plan out: lock, keys, journal, engine, Ctrl-C, report.

use std::str::FromStr;

use indicatif::MultiProgress;
use tokio::sync::mpsc;

use super::again::{Again, typed};
use super::args::Global;
use super::connect::Connection;
use super::exit::Exit;
use super::failure::Failure;
use super::output::{Line, Output};
use super::survey::unforged;
use super::{progress, stopped};
use crate::aws::View;
use crate::clock::Clock;
use crate::engine::{self, Cancel, CancelLevel, RunReport};
use crate::journal::{
    History, Journal, JournalError, LockError, LockOwner, RunResult, SiteFolder, SiteLock, Store,
};
use crate::plan::Plan;
use crate::resource::Keys;
use crate::spec::{SiteName, VpnConnectionId, VpnGatewayId};
use crate::{files, limits};

/// Where the command that began the last run stands in a site's folder.
const COMMAND: &str = "command";

/// A plan, its keys, and the run it continues, if any.
pub(super) struct Job {
    pub(super) plan: Plan,
    pub(super) keys: Keys,
    pub(super) unfinished: Option<Unfinished>,
}

/// A run that was stopped.
pub(super) struct Unfinished {
    pub(super) journal: Journal,
    pub(super) history: History,
    pub(super) plan: Plan,
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
pub(super) fn lock(folder: &SiteFolder) -> Result<SiteLock, Failure> {
    let owner = LockOwner {
        who: std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned()),
        host: host(),
        pid: std::process::id(),
        since: Clock::system().now(),
        run: None,
        command: typed(),
    };
    folder.lock(&owner).map_err(|error| match error {
        LockError::Held { .. } => {
            Failure::new(Exit::Refused, format!("nothing was changed: {error}"))
                .hint("two runs on one site would fight over its tunnels: wait, or stop the other")
                .next(typed())
        }
        LockError::Files(error) => journal_failure(&error),
    })
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

/// The run that was stopped, when it was for the same site file and the same purpose.
pub(super) fn unfinished(
    folder: &SiteFolder,
    lock: &SiteLock,
    plan: &Plan,
    view: &View,
    clock: &Clock,
) -> Result<Option<Unfinished>, Failure> {
    let Some(run) = folder
        .unfinished()
        .map_err(|error| journal_failure(&error))?
    else {
        return Ok(None);
    };
    let before = folder.read(run).map_err(|error| journal_failure(&error))?;
    let same = before.plan.mode == plan.mode
        && before.plan.basis.site == plan.basis.site
        && before.plan.account == plan.account;
    if !same || !before.is_worth_resuming(clock.now()) {
        return Ok(None);
    }
    unforged(&before.plan, view)?;
    let (journal, history) = folder
        .open(lock, run, clock.clone())
        .map_err(|error| journal_failure(&error))?;
    Ok(Some(Unfinished {
        journal,
        plan: history.plan.clone(),
        history,
    }))
}

/// Runs a job to its end, showing it, and turns anything but success into a failure.
pub(super) async fn execute(
    output: Output,
    connection: &Connection,
    folder: &SiteFolder,
    lock: &SiteLock,
    job: Job,
    again: &Again,
) -> Result<Done, Failure> {
    if again.site.is_some() {
        remember(folder, &again.command)?;
    }
    let (journal, history, plan) = match job.unfinished {
        Some(before) => (before.journal, Some(before.history), before.plan),
        None => {
            let journal = folder
                .begin(lock, &job.plan, connection.clock.clone())
                .map_err(|error| journal_failure(&error))?;
            (journal, None, job.plan)
        }
    };
    let (sender, receiver) = mpsc::unbounded_channel();
    let cancel = Cancel::new();
    let bars = output.lively.then(MultiProgress::new);
    let signals = tokio::spawn(listen(output, bars.clone(), cancel.clone()));
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
            journal,
            history,
            clock: connection.clock.clone(),
            ids: connection.ids.clone(),
        },
        sender,
        cancel,
    )
    .await;
    signals.abort();
    let _shown = display.await;
    if report.result == RunResult::Done {
        return Ok(Done { plan, report });
    }
    Err(stopped::failure(output, &report, &plan, again))
}

/// First Ctrl-C (or SIGTERM): start nothing more. Second: stop waiting too.
async fn listen(output: Output, bars: Option<MultiProgress>, cancel: Cancel) {
    let Ok(mut terminate) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    else {
        return;
    };
    loop {
        tokio::select! {
            signal = tokio::signal::ctrl_c() => if signal.is_err() { return },
            _ = terminate.recv() => {}
        }
        if cancel.level() == CancelLevel::GoOn {
            let text = "stopping: nothing new is begun; Ctrl-C once more to stop waiting as well";
            progress::say(output, bars.as_ref(), Line::Warn, text);
            cancel.stop();
        } else {
            let text = "stopping now: what AWS has begun goes on there";
            progress::say(output, bars.as_ref(), Line::Warn, text);
            cancel.abandon();
        }
    }
}

/// Keeps the command that began a run, for the one who resumes it.
fn remember(folder: &SiteFolder, command: &str) -> Result<(), Failure> {
    let path = folder.path().join(COMMAND);
    files::write_secret(&path, format!("{command}\n").as_bytes())
        .map_err(|error| Failure::file("write", &path, &error))
}

/// The command that began the site's last run.
pub(super) fn remembered(folder: &SiteFolder) -> Option<String> {
    let text = files::read_text(&folder.path().join(COMMAND), limits::NOTE).ok()?;
    Some(text.trim().to_owned()).filter(|command| !command.is_empty())
}

/// A problem with the folder that remembers runs.
pub(super) fn journal_failure(error: &JournalError) -> Failure {
    let mut report = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        report.push_str(&format!(": {error}"));
        cause = error.source();
    }
    Failure::new(Exit::Internal, report).hint("the folder of runs is named by --home")
}
