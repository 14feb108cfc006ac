//! `underpass cutover`: which of its two ways a site's traffic takes.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::again::Again;
use super::args::Global;
use super::confirm::confirm;
use super::connect::{Connection, connect_for};
use super::exit::Exit;
use super::failure::{Failure, Stands};
use super::handover::{self, Handover};
use super::interrupt::Interrupt;
use super::output::{Line, Output, columns};
use super::progress::plain;
use super::store::{self, BreakLock, Breaking, journal_failure};
use super::survey::{HowToPlan, survey};
use super::words::wrapped;
use super::{drill, harmless, load, verify, watch};
use crate::engine::{self, SteerError};
use crate::plan::Plan;
use crate::spec::{Site, VirtualInterfaceId};
use crate::tunnel::Way;
use crate::verify::{DirectConnectReport, Readiness, Report, Subject, readiness};

/// Move a site's traffic between its tunnels and Direct Connect, or try the fail-over
///
/// AWS prefers Direct Connect to a VPN for the same prefixes whatever the router says, so the router
/// decides: its files are written anew, and with the tunnels preferred its session over Direct Connect
/// stays up and carries nothing in either direction. A tag on the virtual interface remembers it.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["to", "drill"]))]
pub struct Args {
    /// The site file
    site: PathBuf,
    #[command(flatten)]
    how: HowToPlan,
    /// The way that traffic is to take from now on
    #[arg(long, value_enum, value_name = "WAY")]
    to: Option<To>,
    /// Watch until AWS's routes have moved, at most this long (such as 30m)
    #[arg(long, value_name = "DURATION", value_parser = super::duration, conflicts_with = "drill")]
    wait: Option<Duration>,
    /// Folder for the router's files [default: SITE.bundle]
    #[arg(long, value_name = "DIR", conflicts_with = "drill")]
    out: Option<PathBuf>,
    /// Let AWS end Direct Connect's sessions for a while, and watch the tunnels take over
    #[arg(long)]
    drill: bool,
    /// How long the drill lasts; AWS ends it by itself
    #[arg(long, value_name = "N", default_value_t = 10, requires = "drill", value_parser = clap::value_parser!(u16).range(1..=4320))]
    minutes: u16,
    /// End a drill that runs
    #[arg(long, requires = "drill")]
    stop: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    breaking: BreakLock,
}

/// A way as it is typed.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum To {
    /// Over Direct Connect; the tunnels stand in for it.
    Dx,
    /// Through the tunnels; Direct Connect carries nothing.
    Vpn,
}

impl From<To> for Way {
    fn from(to: To) -> Self {
        match to {
            To::Dx => Self::DirectConnect,
            To::Vpn => Self::Vpn,
        }
    }
}

/// What became of a wait for AWS's routes.
#[derive(Clone, Copy, Debug)]
enum Moved {
    /// Nobody asked to wait.
    NotWatched,
    /// They have moved, so long after the files were written.
    After(Duration),
    /// They have not.
    NotYet,
}

/// What every part of the command needs.
pub(super) struct Cutover<'a> {
    pub(super) global: &'a Global,
    pub(super) output: Output,
    pub(super) site: &'a Site,
    pub(super) connection: &'a Connection,
    pub(super) again: &'a Again,
    pub(super) stop: &'a Interrupt,
    pub(super) yes: bool,
}

/// What was seen before anything is done.
pub(super) struct Seen {
    pub(super) plan: Plan,
    pub(super) subject: Subject,
    pub(super) report: Report,
}

pub(super) async fn run(
    args: &Args,
    global: &Global,
    output: Output,
    stop: &Interrupt,
) -> Result<Exit, Failure> {
    let site = load::site(output, &args.site)?;
    let again = Again::new(&args.site, &args.how.flags(), global);
    let why = match (&site.aws.direct_connect, site.aws.private_vpn()) {
        (None, _) => Some("it has no Direct Connect"),
        (_, Some(_)) => Some("its tunnels run over Direct Connect"),
        (Some(_), None) => None,
    };
    if let Some(why) = why {
        let text = format!("site {} has one way only: {why}", site.name);
        return Err(untouched(Failure::new(Exit::Refused, text)).next(again.other("status")));
    }
    let connection = connect_for(global, &site).await?;
    // Whoever runs the drill holds the lock.
    if args.stop {
        return drill::stop(output, &connection, &site, &again).await;
    }
    let folder = store::folder(global, &site.name).await?;
    let breaking = Breaking::asked(args.breaking);
    let lock = store::lock(output, global, &folder, &breaking).await?;
    let cutover = Cutover {
        global,
        output,
        site: &site,
        connection: &connection,
        again: &again,
        stop,
        yes: args.yes,
    };
    let work = async {
        let seen = cutover.look(args).await?;
        match args.to {
            Some(to) => cutover.to(args, &seen, to.into()).await,
            None => drill::run(&cutover, &seen, args.minutes).await,
        }
    };
    let done = stop.holding(work).await;
    store::release(output, lock).await;
    done
}

fn untouched(failure: Failure) -> Failure {
    failure.stands(Stands::Untouched)
}

impl Cutover<'_> {
    async fn look(&self, args: &Args) -> Result<Seen, Failure> {
        let plan = survey(self.site, &args.site, self.connection, &args.how).await?;
        let subject = verify::subject(&args.site, &args.how, self.global, self.site, &plan)?;
        let report = watch::look(self.connection, &subject).await?;
        Ok(Seen {
            plan,
            subject,
            report,
        })
    }

    /// Moves the site's traffic, as far as underpass can: the router's files and what remembers them.
    async fn to(&self, args: &Args, seen: &Seen, to: Way) -> Result<Exit, Failure> {
        let readiness = readiness(&seen.report, to);
        let (direct, interface) = self.interface(seen, &readiness, to)?;
        let out = handover::folder(args.out.as_deref(), &self.site.name);
        if !readiness.is_ready() {
            return Err(self.refused(&readiness, &format!("to {to}")));
        }
        let folder = harmless::path(&out);
        if !self.output.is_for_machines() {
            self.output
                .text(&self.page(&seen.report, direct, to, &folder));
            self.warn(&readiness);
        }
        if direct.prefers != to {
            let question = format!("Let the site prefer {to}?");
            confirm(self.output, self.yes, &question, self.again).await?;
        }
        self.stop.leaves(
            "the virtual interface may remember the new way already; the same command writes the \
             router's files",
        );
        let changed = engine::prefer(&self.connection.client, interface, to).await;
        let changed = changed.map_err(|error| steering(error, self.again))?;
        let handover = self.files(seen, to, &out).await?;
        let moved = match args.wait {
            Some(limit) => {
                self.output.say(Line::Made, &handover.where_to());
                self.until_moved(&seen.subject, to, limit).await?
            }
            None => Moved::NotWatched,
        };
        self.told(seen, direct, to, changed, &handover, moved)
    }

    /// The virtual interface; without one there is nothing to choose between.
    fn interface<'a>(
        &self,
        seen: &'a Seen,
        readiness: &Readiness,
        to: Way,
    ) -> Result<(&'a DirectConnectReport, &'a VirtualInterfaceId), Failure> {
        let direct = seen.report.direct_connect.as_ref();
        if let Some((direct, id)) = direct.and_then(|it| Some((it, it.interface.as_ref()?))) {
            return Ok((direct, id));
        }
        if to == Way::DirectConnect && !readiness.is_ready() {
            return Err(self.refused(readiness, "to dx"));
        }
        let text = format!(
            "site {} has no virtual interface yet: its traffic goes through the tunnels anyway",
            self.site.name
        );
        Err(untouched(Failure::new(Exit::Refused, text)).next(self.again.other("status")))
    }

    /// Refuses with everything that could leave traffic without a way.
    pub(super) fn refused(&self, readiness: &Readiness, what: &str) -> Failure {
        let mut text = format!(
            "{} is not moved {what}, for {} reason{}",
            self.site.name,
            readiness.problems.len(),
            if readiness.problems.len() == 1 {
                ""
            } else {
                "s"
            }
        );
        for check in &readiness.problems {
            text.push_str(&format!(
                "\n  {} {}\n    seen: {}; expected: {}",
                check.id, check.subject, check.saw, check.expected
            ));
            if let Some(cause) = &check.likely_cause {
                let cause = wrapped(cause, 12, self.output.prose());
                text.push_str(&format!("\n    likely: {cause}"));
            }
        }
        untouched(Failure::new(Exit::Refused, text))
            .details(json!(readiness.problems))
            .next(self.again.other("verify"))
    }

    /// What is known beforehand and hinders nothing.
    pub(super) fn warn(&self, readiness: &Readiness) {
        for check in &readiness.warnings {
            let cause = check.likely_cause.as_deref().unwrap_or_default();
            let text = format!("{} {}: {}; {cause}", check.id, check.subject, check.saw);
            self.output.say(Line::Warn, &text);
        }
    }

    fn page(&self, report: &Report, direct: &DirectConnectReport, to: Way, folder: &str) -> String {
        let name = &self.site.name;
        let title = match direct.prefers == to {
            true => format!("Site {name} prefers {to} already; now {}.", direct.going()),
            false => format!(
                "Cut-over of site {name} from {} to {to}; now {}.",
                direct.prefers,
                direct.going()
            ),
        };
        let interface = direct.interface.as_ref().map(ToString::to_string);
        let interface = interface.unwrap_or_default();
        let (tag, session, effect) = match to {
            Way::Vpn => (
                format!(
                    "{interface} gets the tag underpass:prefers=vpn, so that every later onboard \
                         and render keeps to it"
                ),
                "the session over Direct Connect stays up, announces nothing and accepts nothing",
                "through the tunnels",
            ),
            Way::DirectConnect => (
                format!("{interface} loses the tag underpass:prefers"),
                "the session over Direct Connect announces the site's networks and accepts the \
                 allowed prefixes again, preferred to the tunnels",
                "over Direct Connect",
            ),
        };
        let steps = [
            tag,
            format!("the router's files are written to {folder}/: {session}"),
            format!(
                "you install them on the router: both directions then go {effect}, within seconds"
            ),
        ];
        let mut text = format!(
            "{title}\n\n{}\n\nWhat will happen\n",
            verify::both_ways(report)
        );
        for (number, step) in steps.iter().enumerate() {
            let step = wrapped(step, 5, columns());
            text.push_str(&format!("  {}. {step}\n", number + 1));
        }
        let caution = match to {
            Way::Vpn => {
                "Nothing moves before the last step. From then on Direct Connect is no backup: with \
                 both tunnels down the site is cut off until `cutover --to dx` is installed."
            }
            Way::DirectConnect => {
                "Nothing moves before the last step. From then on the tunnels stand in when Direct \
                 Connect fails."
            }
        };
        text.push_str(&format!("{}\n", wrapped(caution, 0, columns())));
        text
    }

    async fn files(
        &self,
        seen: &Seen,
        to: Way,
        out: &std::path::Path,
    ) -> Result<Handover, Failure> {
        let (connection, site) = (self.connection, self.site);
        let keys = store::keys_folder(self.global, &site.name).keys(&connection.key_place());
        let keys = keys.map_err(|error| journal_failure(&error))?;
        let id = &seen.subject.connection;
        let tunnels = engine::read_back(&connection.client, site, &seen.plan, id, &keys).await;
        let mut tunnels = tunnels.map_err(handover::failure)?;
        // A look may be older than the tag that was set a moment ago.
        if let Some(link) = &mut tunnels.direct_connect {
            link.prefers = to;
        }
        handover::render(tunnels, id.clone(), out, &connection.clock)
            .map_err(|failure| failure.next(self.again.command.clone()))
    }

    /// Looks until AWS's routes have moved or `limit` has passed; how long it took, if they have.
    async fn until_moved(
        &self,
        subject: &Subject,
        to: Way,
        limit: Duration,
    ) -> Result<Moved, Failure> {
        const LOOK_EVERY: Duration = Duration::from_secs(15);
        let _watching = self
            .stop
            .watch("the new way is remembered, and its files are written");
        let clock = &self.connection.clock;
        let begun = clock.mark();
        let mut said = String::new();
        loop {
            let report = watch::look(self.connection, subject).await?;
            let waited = clock.passed(begun);
            let direct = report.direct_connect.as_ref();
            if direct.is_some_and(|it| it.all_go(to)) {
                let text = format!("traffic goes by {to} after {}", plain(waited));
                self.output.say(Line::Ready, &text);
                return Ok(Moved::After(waited));
            }
            let now = direct.map(DirectConnectReport::going).unwrap_or_default();
            if now != said {
                let text = format!("{now}, until the router runs its new files");
                self.output.say(Line::Wait, &text);
                said = now;
            }
            let left = limit.saturating_sub(waited);
            if left.is_zero() {
                return Ok(Moved::NotYet);
            }
            tokio::select! {
                () = clock.sleep(LOOK_EVERY.min(left)) => {}
                () = self.stop.asked() => return Ok(Moved::NotYet),
            }
        }
    }

    fn told(
        &self,
        seen: &Seen,
        direct: &DirectConnectReport,
        to: Way,
        changed: bool,
        handover: &Handover,
        moved: Moved,
    ) -> Result<Exit, Failure> {
        let mut value = json!({
            "schema_version": 1,
            "site": self.site.name,
            "interface": direct.interface,
            "from": direct.prefers,
            "to": to,
            "changed": changed,
            "before": seen.report,
        });
        if let (Value::Object(all), Value::Object(more)) = (&mut value, handover.written()) {
            all.extend(more);
            if let Moved::After(waited) = moved {
                all.insert("moved_after_seconds".to_owned(), json!(waited.as_secs()));
            }
        }
        let next = self.again.other("status");
        self.output.result(&value, || {
            let next = match moved {
                Moved::After(_) => String::new(),
                _ => handover.on_the_router(),
            };
            format!(
                "\n{}{next}\nnext: {}\n",
                handover.files(),
                self.again.other("status")
            )
        })?;
        match moved {
            Moved::NotYet => Err(Failure::new(
                Exit::NotVerified,
                format!("the files are written, but AWS does not send traffic by {to} yet"),
            )
            .next(next)
            .after_result()),
            _ => Ok(Exit::Ok),
        }
    }
}

fn steering(error: SteerError, again: &Again) -> Failure {
    let failure = match error {
        SteerError::Aws(fault) => Failure::untouched(fault),
        SteerError::Unnamed(_) => untouched(Failure::new(Exit::Aws, error.to_string())),
    };
    failure.next(again.command.clone())
}
