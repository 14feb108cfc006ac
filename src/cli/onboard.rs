//! `underpass onboard`: the main job.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::again::{self, Again};
use super::args::Global;
use super::confirm::confirm;
use super::connect::{Connection, connect_for};
use super::exit::Exit;
use super::failure::Failure;
use super::handover::{self, Handover};
use super::interrupt::Interrupt;
use super::output::{Line, Output};
use super::run::Done;
use super::store::{self, Breaking, journal_failure};
use super::survey::{HowToPlan, linted, read_plan, survey};
use super::words::when;
use super::{keys, load, plan as plan_command, run, watch};
use crate::journal::{SiteFolder, SiteLock};
use crate::plan::Plan;
use crate::resource::Keys;
use crate::spec::Site;
use crate::verify::Subject;

/// Bring a site up: AWS's half, the router's half, and what to do next
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The site file
    site: PathBuf,
    #[command(flatten)]
    how: HowToPlan,
    /// Remove what of this site exists twice, once everything that is kept is ready
    #[arg(long)]
    remove_duplicates: bool,
    /// Apply exactly this saved plan; refused if the world has changed since
    #[arg(long, value_name = "FILE", conflicts_with_all = ["playbook", "adopt_changes", "prices", "remove_duplicates"])]
    plan: Option<PathBuf>,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Take the site's lock from its holder, who stops before the next call (with --journal)
    #[arg(long)]
    break_lock: bool,
    /// Folder for the router's files [default: SITE.bundle]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Keep watching until both tunnels are up, at most this long (such as 30m)
    #[arg(long, value_name = "DURATION", value_parser = super::duration)]
    wait_for_tunnels: Option<Duration>,
}

pub(super) async fn run(
    args: &Args,
    global: &Global,
    output: Output,
    stop: &Interrupt,
) -> Result<Exit, Failure> {
    let site = load::site(output, &args.site)?;
    let connection = connect_for(global, &site).await?;
    let folder = store::folder(global, &site.name).await?;
    let mut how = args.how.removing(args.remove_duplicates);
    let again = Again::new(&args.site, &how.flags(), global);
    let asked = asked(args, &mut how, &again)?;
    let breaking = Breaking::asked(args.break_lock);
    let lock = store::lock(output, global, &folder, &breaking).await?;
    let made = async {
        let (report, keys) = bring_up(
            args,
            &how,
            asked,
            output,
            &site,
            &connection,
            &folder,
            &lock,
            &again,
            stop,
        )
        .await?;
        let out = handover::folder(args.out.as_deref(), &site.name);
        let id = report.connection()?;
        // Under the lock, so that nobody tears down what the files are being written for.
        let handover = handover::write(&connection, &site, &report.plan, &id, &keys, &out)
            .await
            .map_err(|failure| half_done(failure, &again, &Again::new(&args.site, "", global)))?;
        Ok((report, handover))
    };
    let made = stop.holding(made).await;
    store::release(output, lock).await;
    let (report, handover) = made?;
    let subject = watch::subject(
        &site,
        &args.site,
        &args.how.flags(),
        global,
        &report.plan,
        &handover.connection,
        &report.vpn_gateway()?,
    );
    finish(
        args,
        output,
        &connection,
        &subject,
        &report.plan,
        &handover,
        &again,
        stop,
    )
    .await
}

/// Plans, asks, and carries the plan out, or the rest of a run that was stopped on the way to it.
async fn bring_up(
    args: &Args,
    how: &HowToPlan,
    asked: Option<(&Path, Plan)>,
    output: Output,
    site: &Site,
    connection: &Connection,
    folder: &SiteFolder,
    lock: &SiteLock,
    again: &Again,
    stop: &Interrupt,
) -> Result<(Done, Keys), Failure> {
    let fresh = survey(site, &args.site, connection, how).await?;
    let plan = match asked {
        Some((path, plan)) => saved(path, plan, site, &fresh, again)?,
        None => fresh,
    };
    let start = folder.choose(plan.clone(), connection.clock.now()).await;
    let start = start.map_err(|error| journal_failure(&error))?;
    if plan.is_noop() && !start.goes_on() {
        let text = format!(
            "{}: everything is as it should be, AWS is not touched",
            site.name
        );
        output.say(Line::Ready, &text);
    } else {
        if !output.is_for_machines() {
            plan_command::show(output, &plan, None, None)?;
        }
        if start.goes_on() {
            let text = "an earlier run was stopped: this goes on with it, nothing is made twice";
            output.say(Line::Do, text);
        }
        confirm(output, args.yes, "Bring this site up?", again).await?;
    }
    let keys = keys::keys(folder, site, &args.site, &plan, &start, connection).await?;
    let job = run::Job {
        start,
        keys: keys.clone(),
    };
    let done = run::execute(output, connection, folder, lock, job, again, stop).await?;
    let site = Some((site, args.site.as_path()));
    let keys = keys::settled(folder, site, &done, keys, connection).await?;
    Ok((done, keys))
}

/// The saved plan that is to be applied; it holds how bold it is.
fn asked<'a>(
    args: &'a Args,
    how: &mut HowToPlan,
    again: &Again,
) -> Result<Option<(&'a Path, Plan)>, Failure> {
    let Some(path) = &args.plan else {
        return Ok(None);
    };
    let plan = read_plan(path).map_err(|it| it.next(replan(path, again)))?;
    how.adopt_changes = plan.policy.adopt_changes;
    how.remove_duplicates = plan.policy.remove_duplicates;
    Ok(Some((path, plan)))
}

/// The command that makes a saved plan anew.
fn replan(path: &Path, again: &Again) -> String {
    format!("{} --out {}", again.other("plan"), again::path(path))
}

/// A saved plan, if it still fits.
fn saved(
    path: &Path,
    mut plan: Plan,
    site: &Site,
    fresh: &Plan,
    again: &Again,
) -> Result<Plan, Failure> {
    let plan_again = replan(path, again);
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
        .next(plan_again));
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
            when(plan.basis.observed_at)
        ))
        .next(plan_again));
    }
    // A plan may be applied late, or once more: a run is one execution, and a life begins with it.
    plan.run = fresh.run;
    plan.owner = fresh.owner.clone();
    linted(plan, None)
}

/// AWS's half stands, but there is no half for the router. Teardown knows fewer flags.
fn half_done(mut failure: Failure, again: &Again, teardown: &Again) -> Failure {
    failure.report.push_str(
        "\n  left behind: AWS's half, complete and paid for by the hour; no file for the router",
    );
    failure
        .hint(format!(
            "mend what is named above, then `{}` writes the router's files; `{}` removes AWS's half",
            again.other("render"),
            teardown.other("teardown")
        ))
        .next(again.other("verify"))
}

async fn finish(
    args: &Args,
    output: Output,
    connection: &Connection,
    subject: &Subject,
    plan: &Plan,
    handover: &Handover,
    again: &Again,
    stop: &Interrupt,
) -> Result<Exit, Failure> {
    let verify = again.other("verify");
    let (report, waited) = match args.wait_for_tunnels {
        Some(limit) => {
            output.say(Line::Made, &handover.where_to());
            watch::until_up(output, connection, subject, Some(limit), stop).await?
        }
        None => (watch::look(connection, subject).await?, Duration::ZERO),
    };
    let up = report.is_up();
    let mut value = handover.to_json(plan, &report);
    if let (Some(sandbox), Some(value)) = (&connection.sandbox, value.as_object_mut()) {
        // What the look-alike was asked by this process: for those who check what we do.
        value.insert("calls".to_owned(), serde_json::json!(sandbox.calls()));
    }
    output.result(&value, || handover.text(plan, &report, &verify))?;
    match (args.wait_for_tunnels, up) {
        (Some(_), false) => Err(Failure::new(
            Exit::NotVerified,
            format!(
                "deployed, but not everything is up after {}: {}",
                super::progress::plain(waited),
                report.summary()
            ),
        )
        .next(verify)
        .after_result()),
        _ => Ok(Exit::Ok),
    }
}
