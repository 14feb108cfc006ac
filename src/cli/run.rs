//! Carrying a plan out: journal, engine, report.

use indicatif::MultiProgress;
use tokio::sync::mpsc;

use super::again::Again;
use super::connect::Connection;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::output::Output;
use super::store::journal_failure;
use super::{progress, stopped, watch};
use crate::aws::ConnectionEnd;
use crate::engine::{self, RunReport};
use crate::journal::{RunResult, SiteFolder, SiteLock, Start};
use crate::plan::{Mode, Plan};
use crate::resource::Keys;
use crate::spec::{VpnConnectionId, one_line};
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
        engine::connection_of(&self.plan, &self.report).ok_or_else(|| no_step("vpn_connection"))
    }

    /// Whether people have to act before there can be a connection at all: it runs over what they build.
    pub(super) fn waits_for_its_connection(&self) -> bool {
        let made = engine::connection_of(&self.plan, &self.report);
        self.report.result == RunResult::Parked && made.is_none()
    }

    /// The gateway on AWS's side that the run made or found.
    pub(super) fn end(&self) -> Result<ConnectionEnd, Failure> {
        let id_of = |kind: &str| {
            let step = self.plan.steps.iter().find(|step| step.node.kind == kind)?;
            self.report.steps.get(&step.node.id)?.id.as_deref()
        };
        watch::end(id_of).ok_or_else(|| no_step("vpn_gateway"))
    }
}

fn no_step(kind: &str) -> Failure {
    Failure::new(
        Exit::Internal,
        format!("the playbook has no {kind} step to write files for"),
    )
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
    if matches!(report.result, RunResult::Done | RunResult::Parked) {
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
    Some(one_line(text.trim(), limits::NOTE)).filter(|command| !command.is_empty())
}
