//! `underpass runs`.

use serde_json::json;

use super::again::same_flags;
use super::args::Global;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::run::remembered;
use super::store::{self, journal_failure};
use super::table::Table;
use super::words::when;
use crate::journal::{RunResult, RunSummary};
use crate::plan::Mode;

/// List the runs that the journal remembers, the newest first
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) async fn run(_args: &Args, global: &Global, output: Output) -> Result<Exit, Failure> {
    let store = store::store(global).await?;
    let runs = store.runs().await;
    let mut runs = runs.map_err(|error| journal_failure(&error))?;
    runs.sort_by_key(|run| std::cmp::Reverse(run.run));
    output.result(&json!({ "schema_version": 1, "runs": runs }), || {
        if runs.is_empty() {
            return format!("No run is remembered in {}.", store::place(global));
        }
        let mut table = Table::new(["run", "site", "what", "began", "ready", "state"]);
        for run in &runs {
            table.add_row([
                run.run.to_string(),
                run.site.to_string(),
                run.mode.map_or("?", Mode::as_str).to_owned(),
                run.started_at.map(when).unwrap_or_default(),
                format!("{}/{}", run.ready, run.steps),
                state(run).to_owned(),
            ]);
        }
        // The command that began it also writes the router's files.
        let stopped = runs
            .iter()
            .find(|run| !run.result.is_some_and(RunResult::is_complete));
        let next = stopped.map(|run| {
            let resume = || format!("underpass resume {}{}", run.run, same_flags(global));
            remembered(&store.site(&run.site)).unwrap_or_else(resume)
        });
        let next = next
            .map(|next| format!("\n\nnext: {next}"))
            .unwrap_or_default();
        format!("{table}{next}")
    })?;
    Ok(Exit::Ok)
}

fn state(run: &RunSummary) -> &'static str {
    match (run.problem.is_some(), run.result) {
        (true, _) => "its journal cannot be read",
        (false, None) => "was killed, or is still running",
        (false, Some(RunResult::Done)) => "done",
        (false, Some(RunResult::Parked)) => "done, but for what waits for people",
        (false, Some(RunResult::Failed)) => "failed; can be resumed",
        (false, Some(RunResult::Cancelled)) => "stopped; can be resumed",
        (false, Some(RunResult::TimedOut)) => "timed out; can be resumed",
    }
}
