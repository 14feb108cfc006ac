//! Carrying a plan out: lock, keys, journal, engine, Ctrl-C, report.

use std::path::Path;
use std::str::FromStr;

use tokio::sync::mpsc;

use super::args::Global;
use super::connect::Connection;
use super::exit::Exit;
use super::failure::Failure;
use super::output::{Line, Output};
use super::progress;
use crate::aws::FaultKind;
use crate::clock::{Clock, IdSource};
use crate::engine::{self, Cancel, CancelLevel, RunReport, StepProblem};
use crate::journal::{
    History, Journal, JournalError, LockError, LockOwner, RunResult, SiteFolder, SiteLock, Store,
};
use crate::plan::Plan;
use crate::resource::Keys;
use crate::spec::{Site, SiteName, VpnConnectionId, VpnGatewayId};
use crate::tunnel::{PreSharedKey, key};

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
pub(super) fn lock(folder: &SiteFolder, command: &str) -> Result<SiteLock, Failure> {
    let owner = LockOwner {
        who: std::env::var("USER").unwrap_or_else(|_| "somebody".to_owned()),
        host: host(),
        pid: std::process::id(),
        since: Clock::system().now(),
        run: None,
        command: command.to_owned(),
    };
    folder.lock(&owner).map_err(|error| match error {
        LockError::Held { .. } => {
            Failure::new(Exit::Refused, format!("nothing was changed: {error}"))
                .hint("two runs on one site would fight over its tunnels: wait, or stop the other")
                .next(command.to_owned())
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
    let (journal, history) = folder
        .open(lock, run, clock.clone())
        .map_err(|error| journal_failure(&error))?;
    Ok(Some(Unfinished {
        journal,
        plan: history.plan.clone(),
        history,
    }))
}

/// The site's keys: those it has, those it was given, and new ones for the rest.
///
/// They are on disk (0600) before the first write to AWS, so that a stop loses none.
pub(super) fn keys(
    folder: &SiteFolder,
    site: &Site,
    site_path: &Path,
    plan: &Plan,
    ids: &IdSource,
) -> Result<Keys, Failure> {
    let mut keys = folder.keys().map_err(|error| journal_failure(&error))?;
    for (tunnel, wishes) in plan.tunnels.iter().zip(&site.tunnels) {
        let inside = tunnel.options.inside_cidr;
        if let Some(file) = &wishes.pre_shared_key_file {
            let path = site_path.parent().unwrap_or(Path::new(".")).join(file);
            keys.insert(inside, read_key(&path)?);
        } else {
            keys.entry(inside).or_insert_with(|| key::generate(ids));
        }
    }
    folder
        .save_keys(&keys)
        .map_err(|error| journal_failure(&error))?;
    Ok(keys)
}

fn read_key(path: &Path) -> Result<PreSharedKey, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(
            Exit::Input,
            format!(
                "cannot read the pre-shared key in {}: {error}",
                path.display()
            ),
        )
    })?;
    PreSharedKey::new(text.trim_end_matches(['\r', '\n']).to_owned().into()).map_err(|error| {
        Failure::new(Exit::Input, format!("{}: {error}", path.display())).hint(error.help.clone())
    })
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
    let signals = tokio::spawn(listen(output, cancel.clone()));
    let display = tokio::spawn(progress::show(output, receiver));
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
    Err(stopped(&report, &plan, again))
}

fn stopped(report: &RunReport, plan: &Plan, again: &Again) -> Failure {
    let exit = match report.result {
        RunResult::Done => Exit::Ok,
        RunResult::Cancelled => Exit::Cancelled,
        RunResult::TimedOut => Exit::TimedOut,
        RunResult::Failed => failed_exit(report),
    };
    let mut text = match report.result {
        RunResult::Cancelled => "stopped as you asked".to_owned(),
        RunResult::TimedOut => "a wait gave up".to_owned(),
        RunResult::Done | RunResult::Failed => "not finished".to_owned(),
    };
    let errors = report
        .steps
        .values()
        .filter_map(|step| step.failure.as_ref());
    for error in errors.clone() {
        text.push_str(&format!(
            "\n  {error}\n    left behind: {}",
            error.left_behind()
        ));
    }
    if let Some(problem) = &report.journal_problem {
        text.push_str(&format!("\n  {problem}"));
    }
    let next = errors
        .clone()
        .find(|error| !error.is_cancelled())
        .and_then(|error| {
            again
                .site
                .as_ref()
                .map(|site| error.next_command(plan.mode, site))
        })
        .unwrap_or_else(|| again.command.clone());
    let mut failure = Failure::new(exit, text).next(next);
    for error in errors {
        if let StepProblem::Refused { fault } | StepProblem::NoAnswer { fault, .. } = &error.problem
        {
            failure
                .hints
                .extend(fault.hint().map(|hint| hint.to_string()));
        }
    }
    failure.hints.dedup();
    failure.hint("running the same command again finishes the job: nothing is made twice")
}

fn failed_exit(report: &RunReport) -> Exit {
    let problems: Vec<_> = report
        .steps
        .values()
        .filter_map(|step| step.failure.as_ref())
        .map(|error| &error.problem)
        .collect();
    let any = |test: fn(&StepProblem) -> bool| problems.iter().any(|problem| test(problem));
    let access = |problem: &StepProblem| {
        matches!(problem, StepProblem::Refused { fault } | StepProblem::NoAnswer { fault, .. }
            if matches!(fault.kind, FaultKind::Denied | FaultKind::Credentials))
    };
    if any(access) {
        Exit::Access
    } else if any(|problem| {
        matches!(
            problem,
            StepProblem::WorldChanged { .. } | StepProblem::LastTunnel { .. }
        )
    }) {
        Exit::Refused
    } else if any(|problem| matches!(problem, StepProblem::Journal(_) | StepProblem::Internal(_))) {
        Exit::Internal
    } else {
        Exit::Aws
    }
}

/// How to begin the same again.
#[derive(Clone, Debug)]
pub(super) struct Again {
    /// The command.
    pub(super) command: String,
    /// The site file and the flags, where the command names one.
    pub(super) site: Option<String>,
}

impl Again {
    /// For a command that takes a site file.
    pub(super) fn new(command: &str, site: &Path, global: &Global) -> Self {
        let site = format!("{}{}", site.display(), super::same_flags(global));
        Self {
            command: format!("underpass {command} {site}"),
            site: Some(site),
        }
    }

    /// The site file with the flags; empty where the command names none.
    pub(super) fn site_file(&self) -> String {
        self.site.clone().unwrap_or_default()
    }
}

/// First Ctrl-C (or SIGTERM): start nothing more. Second: stop waiting too.
async fn listen(output: Output, cancel: Cancel) {
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
            output.say(
                Line::Warn,
                "stopping: nothing new is begun; once more to stop waiting as well",
            );
            cancel.stop();
        } else {
            output.say(Line::Warn, "stopping now: what AWS has begun goes on there");
            cancel.abandon();
        }
    }
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
