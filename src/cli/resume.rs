//! `underpass resume`.

use serde_json::json;
use ulid::Ulid;

use super::args::Global;
use super::connect::connect;
use super::exit::Exit;
use super::failure::Failure;
use super::output::{Line, Output};
use super::run::{self, Again, Job, Unfinished, journal_failure};
use crate::journal::{RunResult, RunSummary, Store};

/// Go on with a run that was stopped; the newest one unless named
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A run out of `underpass runs`
    run: Option<Ulid>,
}

pub(super) async fn run(args: &Args, global: &Global, output: Output) -> Result<Exit, Failure> {
    let store = Store::open(&global.home);
    let mut runs = store.runs().map_err(|error| journal_failure(&error))?;
    runs.retain(|run| args.run.map_or(!is_done(run), |wanted| run.run == wanted));
    let Some(found) = runs.into_iter().max_by_key(|run| run.run) else {
        return match args.run {
            Some(run) => Err(Failure::new(
                Exit::Input,
                format!("no run {run} is remembered in {}", global.home.display()),
            )
            .next("underpass runs")),
            None => {
                output.say(Line::Ready, "no run is waiting to go on");
                output
                    .result(
                        &json!({ "schema_version": 1, "resumed": null }),
                        String::new,
                    )
                    .map(|()| Exit::Ok)
            }
        };
    };
    if is_done(&found) {
        output.say(Line::Ready, &format!("run {} is done already", found.run));
        return Ok(Exit::Ok);
    }
    let folder = run::folder(global, &found.site);
    let command = format!(
        "underpass resume {}{}",
        found.run,
        super::same_flags(global)
    );
    let again = Again {
        command: command.clone(),
        site: None,
    };
    let lock = run::lock(&folder, &command)?;
    let plan = folder
        .read(found.run)
        .map_err(|error| journal_failure(&error))?
        .plan;
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
        .next(command));
    }
    let keys = folder.keys().map_err(|error| journal_failure(&error))?;
    let (journal, history) = folder
        .open(&lock, found.run, connection.clock.clone())
        .map_err(|error| journal_failure(&error))?;
    let job = Job {
        plan: plan.clone(),
        keys,
        unfinished: Some(Unfinished {
            journal,
            history,
            plan,
        }),
    };
    let done = run::execute(output, &connection, &folder, &lock, job, &again).await?;
    let value = json!({ "schema_version": 1, "resumed": done.plan.run, "site": done.plan.site, "mode": done.plan.mode });
    output.result(&value, || {
        format!("Run {} of site {} is done.\nnext: run the command that began it once more: it writes the router's files and changes nothing else", done.plan.run, done.plan.site)
    })?;
    Ok(Exit::Ok)
}

fn is_done(run: &RunSummary) -> bool {
    run.result == Some(RunResult::Done)
}
