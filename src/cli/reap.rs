//! `underpass reap`.

use serde::Serialize;
use serde_json::json;

use super::again::{self, Again, typed};
use super::args::Global;
use super::confirm::confirm;
use super::connect::{Connection, connect};
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::output::{Line, Output};
use super::store::{self, Breaking};
use super::table::Table;
use super::teardown;
use super::words::when;
use super::{reaped, search};
use crate::aws::Breadth;
use crate::plan::{self, ExpiredSite, Expiry};
use crate::spec::Region;

/// How far this machine's clock may be off before a person is told; AWS's own counts anyway.
const CLOCK_OFF: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

/// Remove test sites whose time is over; never a production site
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The Regions to look in: several with commas, or the option again
    #[arg(
        long,
        env = "AWS_REGION",
        hide_env_values = true,
        value_delimiter = ',',
        required = true
    )]
    region: Vec<Region>,
    /// Only show what would be removed
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// What was found in one Region.
struct Found {
    connection: Connection,
    expiry: Expiry,
}

/// What became of one site, or of one Region that could not be looked at.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    /// What the site's tag says; none for a Region.
    pub(super) site: Option<String>,
    pub(super) region: Region,
    pub(super) result: Fate,
    pub(super) expired_at: Option<jiff::Timestamp>,
    pub(super) objects: Vec<String>,
    pub(super) saves_usd_per_month: f64,
    /// Why it is not gone, in words.
    pub(super) because: Option<String>,
    #[serde(skip)]
    pub(super) exit: Exit,
    /// What helps, where it failed.
    #[serde(skip)]
    pub(super) hints: Vec<String>,
}

/// How a site fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Fate {
    /// Gone.
    Removed,
    /// Gone but for what others need.
    Partly,
    /// Would be removed.
    WouldRemove,
    /// Its tags are no ground to remove it, or its time was extended.
    LeftAlone,
    /// Somebody works on it.
    Locked,
    /// Not gone.
    Failed,
}

pub(super) async fn run(
    args: &Args,
    global: &Global,
    output: Output,
    stop: &Interrupt,
) -> Result<Exit, Failure> {
    let mut regions = args.region.clone();
    regions.sort();
    regions.dedup();
    let (mut found, mut outcomes) = (Vec::new(), Vec::new());
    for region in &regions {
        match look(global, region, output).await {
            Ok(here) => {
                outcomes.extend(reaped::doubtful(region, &here.expiry));
                found.push(here);
            }
            // One Region that does not answer must not keep the others' bills running.
            Err(failure) => outcomes.push(reaped::failed(None, region, &failure)),
        }
    }
    let expired: Vec<(&Found, &ExpiredSite)> = found
        .iter()
        .flat_map(|here| here.expiry.expired.iter().map(move |site| (here, site)))
        .collect();
    if args.dry_run {
        outcomes.extend(expired.iter().map(|(here, site)| would(here, site)));
        let next = (!expired.is_empty()).then(|| command(&regions, global));
        let list: Vec<_> = expired.iter().map(|(_, site)| site).collect();
        let value = json!({ "schema_version": 1, "expired": list, "sites": outcomes });
        return reaped::finish(output, &value, &outcomes, &regions, next);
    }
    if !expired.is_empty() {
        ask(args, output, &expired).await?;
    }
    for (here, site) in expired {
        outcomes.push(remove(global, output, here, site, stop).await);
    }
    let gone = |it: &&Outcome| matches!(it.result, Fate::Removed | Fate::Partly);
    let names: Vec<_> = outcomes.iter().filter(gone).map(|it| &it.site).collect();
    let value = json!({
        "schema_version": 1,
        "reaped": names,
        "sites": outcomes,
        "saves_usd_per_month": reaped::saved(&outcomes),
    });
    reaped::finish(output, &value, &outcomes, &regions, None)
}

/// The command that removes what a dry run shows.
fn command(regions: &[Region], global: &Global) -> String {
    let regions: Vec<&str> = regions.iter().map(Region::as_str).collect();
    format!(
        "underpass reap --region {}{} --yes",
        regions.join(","),
        again::same_flags(global)
    )
}

async fn look(global: &Global, region: &Region, output: Output) -> Result<Found, Failure> {
    let connection = connect(global, region).await?;
    let expiry = expiry(&connection).await?;
    let ahead = connection.client.clock_ahead().unwrap_or_default();
    // A sandbox's time may run faster than ours.
    if ahead.abs() > CLOCK_OFF && connection.clock.is_real_time() {
        output.say(
            Line::Warn,
            &format!(
                "this machine's clock is {:#} {} AWS's: AWS's decides what has expired",
                jiff::SignedDuration::from_secs(ahead.abs().as_secs()),
                if ahead.is_positive() {
                    "ahead of"
                } else {
                    "behind"
                },
            ),
        );
    }
    Ok(Found { connection, expiry })
}

/// What has expired by AWS's clock; by ours where AWS tells no time.
async fn expiry(connection: &Connection) -> Result<Expiry, Failure> {
    let view = connection
        .client
        .whole_view(Breadth::Everything(None))
        .await
        .map_err(Failure::untouched)?;
    Ok(plan::expired(&view, reaped::aws_now(connection)))
}

async fn ask(
    args: &Args,
    output: Output,
    expired: &[(&Found, &ExpiredSite)],
) -> Result<(), Failure> {
    let mut table = Table::new(["site", "Region", "expired at", "objects"]);
    for (here, site) in expired {
        table.add_row([
            site.site.to_string(),
            here.connection.client.region().to_string(),
            when(site.expired_at),
            site.objects.len().to_string(),
        ]);
    }
    let again = again();
    if !args.yes || output.lively {
        output.say(Line::Do, &format!("expired test sites\n{table}"));
    }
    confirm(output, args.yes, "Remove all of them?", &again).await
}

fn again() -> Again {
    Again {
        command: typed(),
        site: None,
    }
}

fn would(here: &Found, site: &ExpiredSite) -> Outcome {
    let region = here.connection.client.region();
    let hourly = site.hourly_usd(plan::Prices::builtin(), region);
    Outcome {
        result: Fate::WouldRemove,
        saves_usd_per_month: hourly * plan::HOURS_PER_MONTH,
        ..reaped::of(site, region)
    }
}

/// Removes one site, if it is still expired once its lock is held.
async fn remove(
    global: &Global,
    output: Output,
    here: &Found,
    site: &ExpiredSite,
    stop: &Interrupt,
) -> Outcome {
    let connection = &here.connection;
    let region = connection.client.region();
    let held = async {
        let folder = store::folder(global, &site.site).await?;
        let lock = store::lock(output, global, &folder, &Breaking::never()).await?;
        Ok((folder, lock))
    };
    let (folder, lock) = match held.await {
        Ok(held) => held,
        Err(failure) => return reaped::not_locked(site, region, &failure),
    };
    // Where nobody watches, a line per site says it all.
    let quiet = Output {
        quiet: output.quiet || !output.lively,
        ..output
    };
    let result = async {
        let view = search::look(
            quiet,
            connection,
            &folder,
            Breadth::Everything(Some(&site.site)),
        )
        .await?;
        let still = plan::expired(&view, reaped::aws_now(connection));
        if still.expired.iter().all(|it| it.site != site.site) {
            return Ok(None);
        }
        let plan = teardown::plan_for(connection, &site.site, &view)?;
        teardown::remove(quiet, connection, &folder, &lock, plan, &again(), stop)
            .await
            .map(Some)
    };
    let result = stop.holding(result).await;
    store::release(output, lock).await;
    match result {
        Ok(Some(plan)) => reaped::removed(site, region, &plan),
        Ok(None) => reaped::changed(site, region),
        Err(failure) => reaped::failed(Some(site), region, &failure),
    }
}
