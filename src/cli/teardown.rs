//! `underpass teardown`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::again::Again;
use super::args::Global;
use super::confirm::{confirm, confirm_name};
use super::connect::{Connection, connect_for};
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::output::{Line, Output, columns};
use super::store::{self, BreakLock, Breaking};
use super::survey::{linted, refused};
use super::words::wrapped;
use super::{load, plan as plan_command, run, search};
use crate::aws::{Breadth, Collection, View};
use crate::journal::{SiteFolder, SiteLock, Start};
use crate::plan::{self, Plan, PlannedStep, Warning};
use crate::resource::Keys;
use crate::spec::{Environment, Site, SiteName};

/// Remove what onboarding made, and only that
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The site file
    site: PathBuf,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// The site's name, typed again: production asks for it
    #[arg(long = "site", value_name = "NAME")]
    name: Option<String>,
    /// Only show what would be removed
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    breaking: BreakLock,
}

pub(super) async fn run(
    args: &Args,
    global: &Global,
    output: Output,
    stop: &Interrupt,
) -> Result<Exit, Failure> {
    let site = load::site(output, &args.site)?;
    let connection = connect_for(global, &site).await?;
    if let Some(account) = site
        .aws
        .account
        .as_ref()
        .filter(|account| **account != connection.caller.account)
    {
        return Err(Failure::new(
            Exit::Refused,
            format!(
                "nothing was changed: the site is in account {account}, these credentials are of {}",
                connection.caller.account
            ),
        )
        .hint("choose the credentials with --profile")
        .next("aws sts get-caller-identity"));
    }
    let again = Again::new(&args.site, "", global);
    let everything = Breadth::Everything(Some(&site.name));
    if args.dry_run {
        let folder = store::folder(global, &site.name).await?;
        let view = search::look(output, &connection, &folder, everything).await?;
        unseen(output, &view);
        let plan = plan_for(&connection, &site.name, &view)?;
        return would_remove(output, &plan, &again);
    }
    let folder = store::folder(global, &site.name).await?;
    let breaking = Breaking::asked(args.breaking);
    // Before the look: what somebody else is still making would not be in the plan.
    let lock = store::lock(output, global, &folder, &breaking).await?;
    let removed = async {
        let view = search::look(output, &connection, &folder, everything).await?;
        unseen(output, &view);
        let plan = plan_for(&connection, &site.name, &view)?;
        if plan.is_noop() {
            return Ok(plan);
        }
        ask(args, output, &site, &plan, &again).await?;
        remove(output, &connection, &folder, &lock, plan, &again, stop).await
    };
    let removed = stop.holding(removed).await;
    store::release(output, lock).await;
    let plan = removed?;
    output.result(&value(&plan, true), || match plan.is_noop() {
        true => nothing(&plan),
        false => text(&plan),
    })?;
    left(&plan, &again)
}

/// Says what could not be looked at.
fn unseen(output: Output, view: &View) {
    if !view.looked_at.contains_key(&Collection::DxConnections) {
        let text = "Direct Connect could not be looked at: nothing of the site speaks of one, but a \
                    port that was ordered for it would not be seen and would go on billing";
        output.say(Line::Warn, text);
    }
}

/// What would be removed, and the command that does it.
fn would_remove(output: Output, plan: &Plan, again: &Again) -> Result<Exit, Failure> {
    if plan.is_noop() {
        return output
            .result(&value(plan, true), || nothing(plan))
            .map(|()| Exit::Ok);
    }
    if output.is_for_machines() {
        return output
            .result(&value(plan, false), String::new)
            .map(|()| Exit::Ok);
    }
    plan_command::show(output, plan, None, Some(&again.other("teardown")))?;
    Ok(Exit::Ok)
}

/// Nothing to do: nothing is there, or only what others need.
fn nothing(plan: &Plan) -> String {
    let stays: Vec<&str> = stays(plan).map(|it| it.message.as_str()).collect();
    if stays.is_empty() {
        return format!("Nothing of site {} is in {}.", plan.site, plan.region);
    }
    let words = format!(
        "Nothing more of site {} can be removed: {}.",
        plan.site,
        stays.join("; ")
    );
    wrapped(&words, 0, columns())
}

/// What of the site is left because others need it.
pub(super) fn stays(plan: &Plan) -> impl Iterator<Item = &Warning> {
    let left = |it: &&Warning| it.code == "plan::left_in_use";
    plan.warnings.iter().filter(left)
}

/// Done; but for what others need.
fn left(plan: &Plan, again: &Again) -> Result<Exit, Failure> {
    let stays: Vec<&str> = stays(plan).map(|it| it.message.as_str()).collect();
    if stays.is_empty() {
        return Ok(Exit::Ok);
    }
    Err(Failure::new(
        Exit::Left,
        format!("done, but for what others need: {}", stays.join("; ")),
    )
    .hint("it costs nothing by the hour; once nobody needs it, the same command removes it")
    .next(again.command.clone())
    .after_result())
}

/// Shows what will be removed, and asks whether it may be.
async fn ask(
    args: &Args,
    output: Output,
    site: &Site,
    plan: &Plan,
    again: &Again,
) -> Result<(), Failure> {
    if !output.is_for_machines() {
        plan_command::show(output, plan, None, None)?;
    }
    // What the tags say counts as much as what the file says: a file can be edited.
    let production = site.environment == Environment::Production
        || plan.owner.environment == Environment::Production;
    if production {
        let question = format!("{} is a production site: its traffic stops.", site.name);
        let given = args.name.as_deref();
        confirm_name(output, given, site.name.as_str(), &question, again).await?;
    }
    confirm(output, args.yes, "Remove all of this?", again).await
}

/// A teardown plan from AWS's tags alone.
pub(super) fn plan_for(
    connection: &Connection,
    site: &SiteName,
    view: &View,
) -> Result<Plan, Failure> {
    let now = connection.clock.now();
    let account = Some(connection.caller.account.clone());
    let region = connection.client.region();
    let plan = plan::teardown(site, region, account, view, connection.ids.ulid(now), now)
        .map_err(|errors| refused(std::path::Path::new(site.as_str()), &errors))?;
    linted(plan, Some(view))
}

/// How often what comes to light during a teardown is removed as well.
const ROUNDS: usize = 3;

/// Removes what a plan says, and what has come to light by then; answers with all of it.
pub(super) async fn remove(
    output: Output,
    connection: &Connection,
    folder: &SiteFolder,
    lock: &SiteLock,
    plan: Plan,
    again: &Again,
    stop: &Interrupt,
) -> Result<Plan, Failure> {
    let mut all = plan.clone();
    let mut round = execute(output, connection, folder, lock, plan, again, stop).await;
    for _ in 1..ROUNDS {
        if round.as_ref().is_err_and(|it| it.exit != Exit::Aws) {
            break;
        }
        let view = connection
            .client
            .whole_view(Breadth::Everything(Some(&all.site)));
        let view = view.await?;
        let more = plan_for(connection, &all.site, &view)?;
        let new = |step: &PlannedStep| all.steps.iter().all(|it| it.existing != step.existing);
        // Without anything new, what AWS has refused it would refuse again.
        if more.is_noop() || round.is_err() && !more.steps.iter().any(new) {
            all.warnings.retain(|it| it.code != "plan::left_in_use");
            all.warnings.extend(stays(&more).cloned());
            break;
        }
        output.say(Line::Do, "more of the site has come to light");
        let added: Vec<_> = more.steps.iter().filter(|it| new(it)).cloned().collect();
        let billed = |id: &str| added.iter().any(|it| it.node.id.as_str() == id);
        let cost = more.cost.iter().filter(|line| billed(&line.step)).cloned();
        all.cost.extend(cost.collect::<Vec<_>>());
        all.steps.extend(added);
        round = execute(output, connection, folder, lock, more, again, stop).await;
    }
    round.map(|_| all)
}

async fn execute(
    output: Output,
    connection: &Connection,
    folder: &SiteFolder,
    lock: &SiteLock,
    plan: Plan,
    again: &Again,
    stop: &Interrupt,
) -> Result<Plan, Failure> {
    let job = run::Job {
        start: Start::New(Box::new(plan)),
        keys: Keys::new(),
    };
    let done = run::execute(output, connection, folder, lock, job, again, stop).await;
    Ok(done?.plan)
}

/// What is removed, or would be.
fn value(plan: &Plan, done: bool) -> Value {
    let steps: Vec<_> = plan
        .steps
        .iter()
        .map(|step| json!({ "step": step.node.id, "kind": step.node.kind, "id": step.existing }))
        .collect();
    json!({
        "schema_version": 1,
        "site": plan.site,
        "run": plan.run,
        if done { "removed" } else { "would_remove" }: steps,
        "warnings": plan.warnings,
        "saves_usd_per_month": saved(plan),
    })
}

fn text(plan: &Plan) -> String {
    let mut text = format!(
        "\nSite {} is gone{}: {} objects removed, {:.2} USD a month saved (list prices of {}).\n",
        plan.site,
        if stays(plan).next().is_some() {
            ", but for what others need"
        } else {
            ""
        },
        plan.steps.len(),
        saved(plan),
        plan.prices_as_of
    );
    for warning in &plan.warnings {
        // That the tunnels end was the question; what stays is news.
        let words = match warning.code.as_str() {
            "plan::outage" => warning.help.clone(),
            _ => format!("{}: {}", warning.message, warning.help),
        };
        let help = wrapped(&words, 2, columns());
        text.push_str(&format!("  {help}\n"));
    }
    text
}

/// USD a month; not a `sum`, which is -0.00 for nothing.
pub(super) fn saved(plan: &Plan) -> f64 {
    plan.cost
        .iter()
        .map(|line| -line.monthly_usd)
        .fold(0.0, |sum, usd| sum + usd)
}
