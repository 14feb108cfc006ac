//! `underpass onboard`: the main job.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::again::{self, Again};
use super::args::Global;
use super::connect::{Connection, connect_for};
use super::exit::Exit;
use super::failure::Failure;
use super::handover::{self, Handover};
use super::harmless;
use super::interrupt::Interrupt;
use super::output::{Line, Output};
use super::run::Done;
use super::store::{self, BreakLock, Breaking, journal_failure};
use super::survey::{HowToPlan, planned, read_plan, unforged, with_policy};
use super::words::when;
use super::{keys, letter, load, order, plan as plan_command, rest, run, search, waiting, watch};
use crate::aws::Breadth;
use crate::journal::{SiteFolder, SiteLock, Start};
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
    ///
    /// With the flags that it was made with: what is carried out is planned anew, and the file only
    /// says what it has to be.
    #[arg(long, value_name = "FILE")]
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
    #[command(flatten)]
    breaking: BreakLock,
}

/// What every part of an onboarding needs.
struct Onboarding<'a> {
    args: &'a Args,
    output: Output,
    site: &'a Site,
    connection: &'a Connection,
    /// The same command again.
    again: &'a Again,
    stop: &'a Interrupt,
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
    let how = args.how.removing(args.remove_duplicates);
    let again = Again::new(&args.site, &how.flags(), global);
    let breaking = Breaking::asked(args.breaking);
    let lock = store::lock(output, global, &folder, &breaking).await?;
    let onboarding = Onboarding {
        args,
        output,
        site: &site,
        connection: &connection,
        again: &again,
        stop,
    };
    let made = async {
        let (report, keys) = onboarding.bring_up(&how, &folder, &lock).await?;
        let out = handover::folder(args.out.as_deref(), &site.name);
        if report.waits_for_its_connection() {
            return Ok((report, None));
        }
        let id = report.connection()?;
        // Under the lock, so that nobody tears down what the files are being written for.
        let handover = handover::write(&connection, &site, &report.plan, &id, &keys, &out)
            .await
            .map_err(|failure| half_done(failure, &again, &Again::new(&args.site, "", global)))?;
        Ok((report, Some(handover)))
    };
    let made = stop.holding(made).await;
    store::release(output, lock).await;
    let (report, handover) = made?;
    let Some(handover) = handover else {
        return onboarding.wait_for_people(&report).await;
    };
    let subject = watch::subject(
        &site,
        &args.site,
        &args.how.flags(),
        global,
        &report.plan,
        &handover.connection,
        &report.end()?,
    );
    onboarding.finish(&subject, &report, &handover).await
}

impl Onboarding<'_> {
    /// Plans, asks, and carries the plan out, or the rest of a run that was stopped on the way to it.
    async fn bring_up(
        &self,
        how: &HowToPlan,
        folder: &SiteFolder,
        lock: &SiteLock,
    ) -> Result<(Done, Keys), Failure> {
        let Self {
            args,
            output,
            site,
            connection,
            again,
            stop,
        } = *self;
        // With patience: a run that was stopped may have made what AWS does not list yet, and a new plan
        // must not make it again.
        let view = search::look(output, connection, folder, Breadth::Site(&site.name)).await;
        let view = view.map_err(|failure| with_policy(failure, &args.site))?;
        let plan = planned(site, &args.site, &view, connection, how)?;
        if let Some(path) = &args.plan {
            promised(path, site, &plan, again)?;
        }
        let start = folder.choose(plan.clone(), connection.clock.now()).await;
        let start = start.map_err(|error| journal_failure(&error))?;
        if let Start::GoOn(history) = &start {
            unforged(&history.plan, &view)?;
        }
        if plan.is_noop() && !start.goes_on() {
            let text = format!(
                "{}: everything is as it should be, AWS is not touched",
                site.name
            );
            output.say(Line::Ready, &text);
        } else {
            self.show(&plan, &start)?;
            order::consent(output, args.yes, &plan, "Bring this site up?", again).await?;
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

    /// Shows what will be done: the new plan, or the rest of the run that is gone on with.
    fn show(&self, fresh: &Plan, start: &Start) -> Result<(), Failure> {
        let output = self.output;
        let Start::GoOn(run) = start else {
            return match output.is_for_machines() {
                true => Ok(()),
                false => plan_command::show(output, fresh, None, None),
            };
        };
        if !output.is_for_machines() {
            plan_command::show(output, &rest::plan(run), None, None)?;
        }
        output.say(Line::Do, &rest::told(run, self.connection.clock.now()));
        if let Some(changed) = rest::changed(run, fresh) {
            output.say(Line::Warn, &changed);
        }
        Ok(())
    }

    /// The command that goes on, for cron: what was to be ordered is, and a command that is copied must
    /// not order it anew once somebody has given it up.
    fn daily(&self) -> String {
        let command = &self.again.command;
        let Some(word) = &self.args.how.order else {
            return command.clone();
        };
        let apart = format!(" --order {}", again::quoted(word));
        let joined = format!(" {}", again::quoted(&format!("--order={word}")));
        command.replacen(&apart, "", 1).replacen(&joined, "", 1)
    }

    /// Says what people have to do before there can be a connection.
    async fn wait_for_people(&self, done: &Done) -> Result<Exit, Failure> {
        let folder = handover::folder(self.args.out.as_deref(), &self.site.name);
        let letter = letter::save(self.output, self.connection, self.site, &folder).await;
        let letter = letter.as_deref();
        let value = json!({
            "schema_version": 1,
            "site": done.plan.site,
            "run": done.plan.run,
            "connection": null,
            "waiting_for_people": waiting::to_json(&done.report, letter),
        });
        self.output.result(&value, || {
            let waits = format!(
                "\nSite {} has no connection yet: it runs over what is awaited.\n",
                done.plan.site
            );
            let page = waiting::page(&done.report, letter, &self.daily());
            format!("{waits}{}", page.unwrap_or_default())
        })?;
        Ok(Exit::Ok)
    }

    /// Waits for the tunnels if asked to, and says what is there and what comes next.
    async fn finish(
        &self,
        subject: &Subject,
        done: &Done,
        handover: &Handover,
    ) -> Result<Exit, Failure> {
        let plan = &done.plan;
        let Self {
            args,
            output,
            connection,
            again,
            stop,
            ..
        } = *self;
        let verify = again.other("verify");
        let (report, waited) = match args.wait_for_tunnels {
            Some(limit) => {
                output.say(Line::Made, &handover.where_to());
                watch::until_up(output, connection, subject, Some(limit), stop).await?
            }
            None => (watch::look(connection, subject).await?, Duration::ZERO),
        };
        let up = report.is_up();
        let folder = handover::folder(args.out.as_deref(), &self.site.name);
        let letter = letter::save(output, connection, self.site, &folder).await;
        let letter = letter.as_deref();
        let mut value = handover.to_json(plan, &report);
        if let (Some(sandbox), Some(value)) = (&connection.sandbox, value.as_object_mut()) {
            // What the look-alike was asked by this process: for those who check what we do.
            value.insert("calls".to_owned(), json!(sandbox.calls()));
        }
        if let (Some(waiting), Some(value)) = (
            waiting::to_json(&done.report, letter),
            value.as_object_mut(),
        ) {
            value.insert("waiting_for_people".to_owned(), waiting);
        }
        output.result(&value, || {
            let page = waiting::page(&done.report, letter, &self.daily());
            let text = handover.text(plan, &report, &verify);
            format!("{text}{}", page.unwrap_or_default())
        })?;
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
}

/// Refuses when a saved plan is not what would be done now.
///
/// The file may have lain about and may have been edited: none of it is carried out.
fn promised(path: &Path, site: &Site, fresh: &Plan, again: &Again) -> Result<(), Failure> {
    let plan_again = format!("{} --out {}", again.other("plan"), again::path(path));
    let plan = read_plan(path).map_err(|failure| failure.next(plan_again.clone()))?;
    if plan.site != site.name || plan.region != site.region {
        return Err(Failure::new(
            Exit::Input,
            format!(
                "{} is a plan for site {} in {}",
                harmless::path(path),
                plan.site,
                plan.region
            ),
        )
        .next(plan_again));
    }
    let changed = plan.what_changed_since(fresh);
    if changed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Refused,
        format!(
            "nothing was changed: {} is not what would be done now: {}",
            harmless::path(path),
            changed.join("; ")
        ),
    )
    .hint(format!(
        "it was observed at {}; it is applied with the flags that it was made with",
        when(plan.basis.observed_at)
    ))
    .next(plan_again))
}

/// AWS's half stands, but there is no half for the router. Teardown knows fewer flags.
fn half_done(mut failure: Failure, again: &Again, teardown: &Again) -> Failure {
    failure.report.push_str(
        "\n  left behind: AWS's half, complete and paid for by the hour; no file for the router",
    );
    failure
        .hint(format!(
            "mend what is named above, then the same again or `{}` writes the router's files; `{}` \
             removes AWS's half",
            again.other("render"),
            teardown.other("teardown")
        ))
        .next(again.command.clone())
}
