//! `underpass teardown`.

use std::path::PathBuf;

use serde_json::json;

use super::args::Global;
use super::confirm::{confirm, confirm_name};
use super::connect::{Connection, connect_for};
use super::exit::Exit;
use super::failure::Failure;
use super::output::{Line, Output};
use super::run::Again;
use super::survey::{linted, refused};
use super::{load, plan as plan_command, run};
use crate::aws::Collection;
use crate::journal::{SiteFolder, SiteLock};
use crate::plan::{self, Plan};
use crate::resource::Keys;
use crate::spec::{Environment, SiteName};

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
}

pub(super) async fn run(args: &Args, global: &Global, output: Output) -> Result<Exit, Failure> {
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
        ));
    }
    let again = Again::new("teardown", &args.site, global);
    let plan = plan_for(&connection, &site.name).await?;
    if !output.is_for_machines() {
        plan_command::show(output, &plan, None, None)?;
    }
    if args.dry_run {
        return result(output, &plan).map(|()| Exit::Ok);
    }
    if plan.is_noop() {
        output.say(Line::Ready, "nothing of this site is left in AWS");
        return result(output, &plan).map(|()| Exit::Ok);
    }
    // What the tags say counts as much as what the file says: a file can be edited.
    let production = site.environment == Environment::Production
        || plan.owner.environment == Environment::Production;
    if production {
        let question = format!("{} is a production site: its traffic stops.", site.name);
        confirm_name(
            output,
            args.name.as_deref(),
            site.name.as_str(),
            &question,
            &again.command,
        )?;
    }
    confirm(output, args.yes, "Remove all of this?", &again.command)?;
    let folder = run::folder(global, &site.name);
    let lock = run::lock(&folder, &again.command)?;
    let plan = execute(output, &connection, &folder, &lock, plan, &again).await?;
    result(output, &plan).map(|()| Exit::Ok)
}

/// A teardown plan from AWS's tags alone.
pub(super) async fn plan_for(connection: &Connection, site: &SiteName) -> Result<Plan, Failure> {
    let view = connection.client.view(&Collection::ALL).await?;
    let now = connection.clock.now();
    let account = Some(connection.caller.account.clone());
    let region = connection.client.region();
    let plan = plan::teardown(site, region, account, &view, connection.ids.ulid(now), now)
        .map_err(|errors| refused(std::path::Path::new(site.as_str()), &errors))?;
    linted(plan)
}

/// Removes, and says what is gone.
pub(super) async fn execute(
    output: Output,
    connection: &Connection,
    folder: &SiteFolder,
    lock: &SiteLock,
    plan: Plan,
    again: &Again,
) -> Result<Plan, Failure> {
    // A stopped teardown is planned anew: what is gone is simply no longer in the plan.
    let job = run::Job {
        plan,
        keys: Keys::new(),
        unfinished: None,
    };
    Ok(run::execute(output, connection, folder, lock, job, again)
        .await?
        .plan)
}

/// What was removed, what was left and why, and what it saves.
fn result(output: Output, plan: &Plan) -> Result<(), Failure> {
    let removed: Vec<_> = plan
        .steps
        .iter()
        .map(|step| json!({ "step": step.node.id, "kind": step.node.kind, "id": step.existing }))
        .collect();
    let monthly: f64 = plan.cost.iter().map(|line| -line.monthly_usd).sum();
    let value = json!({
        "schema_version": 1,
        "site": plan.site,
        "run": plan.run,
        "removed": removed,
        "left": plan.warnings,
        "saves_usd_per_month": monthly,
    });
    output.result(&value, || {
        let mut text = String::from("\n");
        for step in &plan.steps {
            text.push_str(&format!(
                "  - {} {}\n",
                step.title,
                step.existing.as_deref().unwrap_or_default()
            ));
        }
        for left in &plan.warnings {
            text.push_str(&format!("  ✓ left: {}\n", left.message));
        }
        text.push_str(&format!(
            "\n{} removed; saves {monthly:.2} USD a month (list prices of {})\n",
            plan.steps.len(),
            plan.prices_as_of
        ));
        text
    })
}
