//! `underpass onboard`: the main job.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::Global;
use super::confirm::confirm;
use super::connect::{Connection, connect_for};
use super::exit::Exit;
use super::failure::Failure;
use super::handover::{self, Handover};
use super::output::{Line, Output};
use super::run::Again;
use super::survey::{HowToPlan, linted, survey};
use super::{load, plan as plan_command, run, watch};
use crate::plan::Plan;
use crate::spec::Site;
use crate::verify::Subject;

/// Bring a site up: AWS's half, the router's half, and what to do next
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The site file
    site: PathBuf,
    #[command(flatten)]
    how: HowToPlan,
    /// Apply exactly this saved plan; refused if the world has changed since
    #[arg(long, value_name = "FILE", conflicts_with_all = ["playbook", "adopt_changes"])]
    plan: Option<PathBuf>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Folder for the router's files [default: SITE.bundle]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Keep watching until both tunnels are up, at most this long (such as 30m)
    #[arg(long, value_name = "DURATION", value_parser = super::duration)]
    wait_for_tunnels: Option<Duration>,
}

pub(super) async fn run(args: &Args, global: &Global, output: Output) -> Result<Exit, Failure> {
    let site = load::site(output, &args.site)?;
    let connection = connect_for(global, &site).await?;
    let folder = run::folder(global, &site.name);
    let again = Again::new("onboard", &args.site, global);
    let lock = run::lock(&folder, &again.command)?;

    let fresh = survey(&site, &args.site, &connection, &args.how).await?;
    let plan = match &args.plan {
        Some(path) => saved(path, &site, &fresh, &args.site)?,
        None => fresh,
    };
    let unfinished = run::unfinished(&folder, &lock, &plan, &connection.clock)?;
    if !output.is_for_machines() {
        plan_command::show(output, &plan, None, None)?;
    }
    if plan.is_noop() && unfinished.is_none() {
        output.say(
            Line::Ready,
            "everything is as it should be: AWS is not touched",
        );
    } else {
        confirm(output, args.yes, "Bring this site up?", &again.command)?;
    }
    let keys = run::keys(&folder, &site, &args.site, &plan, &connection.ids)?;
    let job = run::Job {
        plan,
        keys: keys.clone(),
        unfinished,
    };
    let report = run::execute(output, &connection, &folder, &lock, job, &again).await?;
    drop(lock);

    let out = handover::folder(args.out.as_deref(), &site.name);
    let handover = handover::write(
        &connection,
        &site,
        &report.plan,
        &report.connection()?,
        &keys,
        &out,
    )
    .await?;
    let subject = watch::subject(
        &site,
        &again.site_file(),
        &report.plan,
        &handover.connection,
        &report.vpn_gateway()?,
    );
    finish(
        args,
        global,
        output,
        &connection,
        &subject,
        &report.plan,
        &handover,
    )
    .await
}

/// A saved plan, if it still fits.
fn saved(path: &Path, site: &Site, fresh: &Plan, site_path: &Path) -> Result<Plan, Failure> {
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::new(
            Exit::Input,
            format!("cannot read {}: {error}", path.display()),
        )
    })?;
    let mut plan: Plan = serde_json::from_slice(&bytes).map_err(|error| {
        Failure::new(
            Exit::Input,
            format!("{} is not a saved plan: {error}", path.display()),
        )
    })?;
    let again = format!(
        "underpass plan {} --out {}",
        site_path.display(),
        path.display()
    );
    if plan.site != site.name || plan.region != site.region {
        return Err(Failure::new(
            Exit::Input,
            format!(
                "{} is a plan for site {} in {}",
                path.display(),
                plan.site,
                plan.region
            ),
        )
        .next(again));
    }
    if !plan.same_world(fresh) {
        return Err(Failure::new(
            Exit::Refused,
            format!(
                "nothing was changed: the site file or AWS has changed since {} was made",
                path.display()
            ),
        )
        .hint(format!(
            "the plan was observed at {}",
            plan.basis.observed_at
        ))
        .next(again));
    }
    // A plan may be applied late, or once more: a run is one execution, and a life begins with it.
    plan.run = fresh.run;
    plan.owner = fresh.owner.clone();
    linted(plan)
}

async fn finish(
    args: &Args,
    global: &Global,
    output: Output,
    connection: &Connection,
    subject: &Subject,
    plan: &Plan,
    handover: &Handover,
) -> Result<Exit, Failure> {
    let flags = super::same_flags(global);
    let verify = format!("underpass verify {}{flags}", args.site.display());
    let report = match args.wait_for_tunnels {
        Some(limit) => watch::until_up(output, connection, subject, limit).await?,
        None => watch::look(connection, subject).await?,
    };
    let up = report.is_up();
    output.result(&handover.to_json(plan, &report), || {
        handover.text(plan, &report, &verify)
    })?;
    match (args.wait_for_tunnels, up) {
        (Some(limit), false) => Err(Failure::new(
            Exit::NotVerified,
            format!(
                "deployed, but not both tunnels are up after {}: {}",
                super::progress::plain(limit),
                report.summary()
            ),
        )
        .next(verify)
        .after_result()),
        _ => Ok(Exit::Ok),
    }
}
