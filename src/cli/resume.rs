//! `underpass resume`.

use serde_json::json;
use ulid::Ulid;

use super::again::{self, Again};
use super::args::Global;
use super::connect::connect;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::keys;
use super::output::Output;
use super::run::{self, Done, Job};
use super::store::{self, BreakLock, Breaking, journal_failure};
use super::survey::unforged;
use crate::aws::Breadth;
use crate::journal::{RunResult, RunSummary, SiteFolder, SiteLock, Start};
use crate::plan::Mode;

/// Go on with a run that was stopped; the newest one unless named
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A run out of `underpass runs`
    run: Option<Ulid>,
    #[command(flatten)]
    breaking: BreakLock,
}

pub(super) async fn run(
    args: &Args,
    global: &Global,
    output: Output,
    stop: &Interrupt,
) -> Result<Exit, Failure> {
    let store = store::store(global).await?;
    let runs = store.runs().await;
    let mut runs = runs.map_err(|error| journal_failure(&error))?;
    runs.retain(|run| args.run.map_or(!is_done(run), |wanted| run.run == wanted));
    let Some(found) = runs.into_iter().max_by_key(|run| run.run) else {
        return match args.run {
            Some(run) => Err(Failure::new(
                Exit::Input,
                format!("no run {run} is remembered in {}", store::place(global)),
            )
            .next("underpass runs")),
            None => {
                let text = || "No run is waiting to go on.".to_owned();
                let value = json!({ "schema_version": 1, "resumed": null });
                output.result(&value, text).map(|()| Exit::Ok)
            }
        };
    };
    if is_done(&found) {
        let text = || format!("Run {} is done already.", found.run);
        let value = json!({ "schema_version": 1, "resumed": null });
        return output.result(&value, text).map(|()| Exit::Ok);
    }
    let folder = store.site(&found.site);
    let command = format!(
        "underpass resume {}{}",
        found.run,
        again::same_flags(global)
    );
    let again = Again {
        command,
        site: None,
    };
    let breaking = Breaking::asked(args.breaking);
    let lock = store::lock(output, global, &folder, &breaking).await?;
    let done = go_on(&found, global, output, &folder, &lock, &again, stop);
    let done = stop.holding(done).await;
    store::release(output, lock).await;
    let began = run::remembered(&folder);
    let plan = done?.plan;
    let value = json!({ "schema_version": 1, "resumed": plan.run, "site": plan.site, "mode": plan.mode, "next": began });
    output.result(&value, || {
        let done = format!("\nRun {} of site {} is done.\n", plan.run, plan.site);
        match began.filter(|_| plan.mode == Mode::Onboard) {
            None => done,
            Some(began) => format!(
                "{done}The command that began it writes the router's files; it changes nothing else.\nnext: {began}\n"
            ),
        }
    })?;
    Ok(Exit::Ok)
}

/// Carries the rest of a run out.
async fn go_on(
    run: &RunSummary,
    global: &Global,
    output: Output,
    folder: &SiteFolder,
    lock: &SiteLock,
    again: &Again,
    stop: &Interrupt,
) -> Result<Done, Failure> {
    let history = folder.read(run.run).await;
    let history = history.map_err(|error| journal_failure(&error))?;
    let plan = &history.plan;
    let connection = connect(global, &plan.region).await?;
    if plan
        .account
        .as_ref()
        .is_some_and(|account| *account != connection.caller.account)
    {
        return Err(Failure::new(
            Exit::Refused,
            "nothing was changed: these credentials are of another account than the run's",
        )
        .next(again.command.clone()));
    }
    let breadth = match plan.mode {
        Mode::Onboard => Breadth::Site(&plan.site),
        Mode::Teardown => Breadth::Everything(Some(&plan.site)),
    };
    let view = connection.client.whole_view(breadth).await;
    unforged(plan, &view.map_err(Failure::untouched)?)?;
    let keys = keys::keys_of_run(folder, plan, &connection).await?;
    let start = Start::GoOn(Box::new(history));
    let job = Job {
        start,
        keys: keys.clone(),
    };
    let done = run::execute(output, &connection, folder, lock, job, again, stop).await?;
    if done.plan.mode == Mode::Onboard {
        keys::settled(folder, None, &done, keys, &connection).await?;
    }
    Ok(done)
}

fn is_done(run: &RunSummary) -> bool {
    run.result.is_some_and(RunResult::is_complete)
}
