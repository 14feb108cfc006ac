//! `underpass reap`.

use jiff::Timestamp;
use serde_json::json;

use super::again::{self, Again, typed};
use super::args::Global;
use super::confirm::confirm;
use super::connect::connect;
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::output::{Line, Output};
use super::store::{self, Breaking};
use super::table::Table;
use super::teardown;
use super::words::when;
use crate::aws::Collection;
use crate::plan::{self, Plan};
use crate::spec::Region;

/// Remove test sites whose time is over; never a production site
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The Region to look in
    #[arg(long, env = "AWS_REGION", hide_env_values = true)]
    region: Region,
    /// Only show what would be removed
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub(super) async fn run(
    args: &Args,
    global: &Global,
    output: Output,
    stop: &Interrupt,
) -> Result<Exit, Failure> {
    let connection = connect(global, &args.region).await?;
    let view = connection
        .client
        .view(&Collection::ALL)
        .await
        .map_err(Failure::untouched)?;
    let expired = plan::expired(&view, connection.clock.now());
    let command = format!(
        "underpass reap --region {}{}",
        args.region,
        again::same_flags(global)
    );
    let again = Again {
        command: typed(),
        site: None,
    };
    if expired.is_empty() {
        output.result(&json!({ "schema_version": 1, "reaped": [] }), || {
            format!("No test site in {} has expired.", args.region)
        })?;
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(["site", "expired at", "objects"]);
    for site in &expired {
        table.add_row([
            site.site.to_string(),
            when(site.expired_at),
            site.objects.len().to_string(),
        ]);
    }
    if args.dry_run {
        output.result(&json!({ "schema_version": 1, "expired": expired }), || {
            format!("{table}\n\nnext: {command} --yes")
        })?;
        return Ok(Exit::Ok);
    }
    output.say(
        Line::Do,
        &format!("expired test sites in {}\n{table}", args.region),
    );
    confirm(output, args.yes, "Remove all of them?", &again).await?;
    let mut reaped = Vec::new();
    let mut failures = Vec::new();
    for site in &expired {
        let result = async {
            let folder = store::folder(global, &site.site).await?;
            let lock = store::lock(output, global, &folder, &Breaking::never()).await?;
            let removed = async {
                let plan = teardown::plan_for(&connection, &site.site).await?;
                refuse_if_prolonged(&plan, connection.clock.now())?;
                teardown::execute(output, &connection, &folder, &lock, plan, &again, stop).await
            };
            let removed = stop.holding(removed).await;
            store::release(output, lock).await;
            removed
        };
        match result.await {
            Ok(plan) => reaped.push(plan),
            // One stuck site must not keep the others' bills running.
            Err(failure) => {
                output.say(Line::Fail, &format!("{}: {}", site.site, failure.report));
                failures.push(failure);
            }
        }
    }
    let saved: f64 = reaped
        .iter()
        .map(teardown::saved)
        .fold(0.0, |sum, usd| sum + usd);
    let names: Vec<_> = reaped.iter().map(|plan| plan.site.clone()).collect();
    output.result(
        &json!({ "schema_version": 1, "reaped": names, "saves_usd_per_month": saved }),
        || {
            format!(
                "{} removed; saves {saved:.2} USD a month",
                match names.as_slice() {
                    [one] => format!("Test site {one}"),
                    many => format!("{} test sites", many.len()),
                }
            )
        },
    )?;
    match failures.into_iter().next() {
        Some(failure) => Err(failure),
        None => Ok(Exit::Ok),
    }
}

/// Somebody may have given the site more time between the first look and the lock.
fn refuse_if_prolonged(plan: &Plan, now: Timestamp) -> Result<(), Failure> {
    match plan.owner.expires_at {
        Some(at) if at > now => {
            let text = format!("nothing was changed: it was given time until {}", when(at));
            Err(Failure::new(Exit::Refused, text).next(typed()))
        }
        _ => Ok(()),
    }
}
