//! `underpass cutover --drill`: AWS ends Direct Connect's sessions for a while, and the tunnels have
//! to take over.

use std::time::Duration;

use serde_json::json;

use super::again::Again;
use super::confirm::confirm_word;
use super::connect::Connection;
use super::cutover::{Cutover, Seen};
use super::drill_watch::{Drill, Look, Next, Outcome};
use super::exit::Exit;
use super::failure::{Failure, Stands};
use super::output::{Line, Output, columns};
use super::progress::plain;
use super::verify::both_ways;
use super::watch;
use super::words::wrapped;
use crate::clock::Mark;
use crate::engine;
use crate::spec::{Site, VirtualInterfaceId};
use crate::tunnel::Way;
use crate::verify::{Check, CheckId, Readiness, Report, Subject, Verdict, readiness};

/// How often is looked while every second is told.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How many looks in a row may fail before the test is ended: nobody watches it then.
const BLIND: u32 = 3;

/// A drill that runs.
struct Running<'a> {
    cutover: &'a Cutover<'a>,
    subject: &'a Subject,
    interface: &'a VirtualInterfaceId,
    begun: Mark,
}

/// How a drill ended, and why when it did not pass.
struct Ended {
    drill: Drill,
    outcome: Outcome,
    why: Option<String>,
}

/// Ends a drill that runs, whoever began it.
pub(super) async fn stop(
    output: Output,
    connection: &Connection,
    site: &Site,
    again: &Again,
) -> Result<Exit, Failure> {
    let interface = engine::interface_of(&connection.client, site).await;
    let Some(interface) = interface.map_err(Failure::untouched)? else {
        return Err(without(site, again));
    };
    let stopped = engine::stop_failover_test(&connection.client, &interface).await?;
    let value = json!({
        "schema_version": 1,
        "site": site.name,
        "interface": interface,
        "stopped": stopped,
    });
    output.result(&value, || match stopped {
        true => {
            format!("The drill on {interface} is over: Direct Connect comes back in a minute.\n")
        }
        false => format!("No drill runs on {interface}.\n"),
    })?;
    Ok(Exit::Ok)
}

fn without(site: &Site, again: &Again) -> Failure {
    let text = format!("site {} has no virtual interface yet", site.name);
    let failure = Failure::new(Exit::Refused, text).stands(Stands::Untouched);
    failure.next(again.other("status"))
}

/// Looks, asks, and lets AWS end the sessions.
pub(super) async fn run(cutover: &Cutover<'_>, seen: &Seen, minutes: u16) -> Result<Exit, Failure> {
    let readiness = ready(&seen.report);
    if !readiness.is_ready() {
        return Err(cutover.refused(&readiness, "for a drill"));
    }
    let interface = interface(cutover, &seen.report)?;
    let output = cutover.output;
    if !output.is_for_machines() {
        output.text(&page(cutover, &seen.report, interface, minutes));
        cutover.warn(&readiness);
    }
    let question = format!("Let AWS end the sessions of {interface} now?");
    let (yes, again) = (cutover.yes, cutover.again);
    confirm_word(output, yes, interface.as_str(), &question, again).await?;
    let _watching = cutover.stop.watch("AWS ends the test by itself");
    let client = &cutover.connection.client;
    let begun = cutover.connection.clock.mark();
    let started = engine::start_failover_test(client, interface, minutes).await;
    started.map_err(Failure::untouched)?;
    let running = Running {
        cutover,
        subject: &seen.subject,
        interface,
        begun,
    };
    let ended = running.until_over().await?;
    told(cutover, interface, minutes, &ended)
}

fn interface<'a>(
    cutover: &Cutover<'_>,
    report: &'a Report,
) -> Result<&'a VirtualInterfaceId, Failure> {
    let direct = report.direct_connect.as_ref();
    let interface = direct.and_then(|it| it.interface.as_ref());
    interface.ok_or_else(|| without(cutover.site, cutover.again))
}

/// A drill needs both ways: the one that is taken away, and the one that is to stand in.
fn ready(report: &Report) -> Readiness {
    let mut readiness = readiness(report, Way::Vpn);
    let needs = |check: &Check| match check.id {
        CheckId::DxConnection | CheckId::DxInterface | CheckId::DxSession | CheckId::DxRoutes => {
            check.verdict != Verdict::Pass
        }
        _ => false,
    };
    readiness.warnings.retain(|check| !needs(check));
    let lacking = report.checks.iter().filter(|check| needs(check)).cloned();
    readiness.problems.extend(lacking);
    let prefers = report.direct_connect.as_ref().map(|it| it.prefers);
    let way = report.checks.iter().find(|it| it.id == CheckId::Way);
    if let (Some(Way::Vpn), Some(way)) = (prefers, way) {
        readiness.problems.push(Check {
            expected: "by dx: a drill shows nothing while the site prefers its tunnels".to_owned(),
            ..way.clone()
        });
    }
    readiness
}

fn page(
    cutover: &Cutover<'_>,
    report: &Report,
    interface: &VirtualInterfaceId,
    minutes: u16,
) -> String {
    let direct = cutover.site.aws.direct_connect.as_ref();
    let takes = match direct.is_some_and(|it| it.bfd) {
        true => "about a second (BFD)",
        false => "up to 30 s (BGP's hold time; `bfd: true` makes it one)",
    };
    let steps = [
        format!("AWS ends the BGP sessions of {interface}, for {minutes} min at most"),
        format!(
            "the tunnels take over within seconds (a port that dies without a word takes {takes}); \
             underpass looks every 5 s, and ends the test where they do not carry"
        ),
        "AWS brings the sessions back, and Direct Connect is the way again".to_owned(),
    ];
    let mut text = format!(
        "Drill of site {}: Direct Connect fails, as a test.\n\n{}\n\nWhat will happen\n",
        cutover.site.name,
        both_ways(report)
    );
    for (number, step) in steps.iter().enumerate() {
        let step = wrapped(step, 5, columns());
        text.push_str(&format!("  {}. {step}\n", number + 1));
    }
    let caution = "Ctrl-C, or `--drill --stop` anywhere, ends it sooner. AWS ends it by itself even if \
                   this machine is gone.";
    text.push_str(&format!("{}\n", wrapped(caution, 0, columns())));
    text
}

impl Running<'_> {
    /// Looks until everything was seen, and leaves no test behind that nobody watches.
    async fn until_over(&self) -> Result<Ended, Failure> {
        let Cutover { output, stop, .. } = *self.cutover;
        let clock = &self.cutover.connection.clock;
        let mut drill = Drill::default();
        let (mut blind, mut failed) = (0, None);
        loop {
            tokio::select! {
                () = clock.sleep(LOOK_EVERY) => {}
                () = stop.asked() => {
                    self.end("as you asked").await?;
                    return Ok(Ended { drill, outcome: Outcome::Stopped, why: failed });
                }
            }
            let report = match watch::look(self.cutover.connection, self.subject).await {
                Ok(report) => report,
                Err(failure) => {
                    blind += 1;
                    if blind >= BLIND {
                        self.end("nobody can watch it").await?;
                        return Err(failure.hint("the test was ended: AWS could not be looked at"));
                    }
                    continue;
                }
            };
            blind = 0;
            let Some(direct) = &report.direct_connect else {
                continue;
            };
            let before = drill.clone();
            let next = drill.see(clock.passed(self.begun), Look::of(direct));
            self.tell(&before, &drill);
            match next {
                Next::Watch => {}
                Next::Abort(why) => {
                    self.end(why).await?;
                    failed = Some(why.to_owned());
                }
                Next::Over(why) => {
                    let why = failed.or_else(|| Some(why.to_owned()));
                    let outcome = Outcome::Failed;
                    return Ok(Ended {
                        drill,
                        outcome,
                        why,
                    });
                }
                Next::Done => {
                    let unseen = drill.carried.is_none();
                    let why = failed.or_else(|| {
                        unseen.then(|| "no look saw the tunnels carry everything".to_owned())
                    });
                    let outcome = match why {
                        None => Outcome::Passed,
                        Some(_) => Outcome::Failed,
                    };
                    output.say(Line::Ready, "Direct Connect is back");
                    return Ok(Ended {
                        drill,
                        outcome,
                        why,
                    });
                }
            }
        }
    }

    fn tell(&self, before: &Drill, now: &Drill) {
        let say = |line, was: Option<Duration>, is: Option<Duration>, words: &str| {
            if let (None, Some(at)) = (was, is) {
                let text = format!("{words} after {}", plain(at));
                self.cutover.output.say(line, &text);
            }
        };
        say(Line::Wait, before.down, now.down, "the session is down");
        say(
            Line::Ready,
            before.carried,
            now.carried,
            "the tunnels carry everything",
        );
        say(Line::Wait, before.ended, now.ended, "the test is over");
    }

    async fn end(&self, why: &str) -> Result<(), Failure> {
        let text = format!("ending the test: {why}");
        self.cutover.output.say(Line::Warn, &text);
        let client = &self.cutover.connection.client;
        let ended = engine::stop_failover_test(client, self.interface).await;
        ended.map(drop).map_err(|fault| {
            let stop = self.cutover.again.other("cutover");
            Failure::from(fault)
                .hint("the test may run on: AWS ends it by itself when its time is over")
                .next(format!("{stop} --drill --stop"))
        })
    }
}

fn told(
    cutover: &Cutover<'_>,
    interface: &VirtualInterfaceId,
    minutes: u16,
    ended: &Ended,
) -> Result<Exit, Failure> {
    let Ended {
        drill,
        outcome,
        why,
    } = ended;
    let secs = |at: Option<Duration>| at.map(|at| at.as_secs());
    let value = json!({
        "schema_version": 1,
        "site": cutover.site.name,
        "interface": interface,
        "minutes": minutes,
        "outcome": outcome,
        "why": why,
        "seconds": {
            "session_down": secs(drill.down),
            "tunnels_carried": secs(drill.carried),
            "test_ended": secs(drill.ended),
            "direct_connect_back": secs(drill.back),
            "without_a_way": drill.cut.as_secs(),
        },
    });
    cutover
        .output
        .result(&value, || text(cutover, interface, ended))?;
    match outcome {
        Outcome::Passed => Ok(Exit::Ok),
        Outcome::Failed => {
            let why = why.as_deref().unwrap_or("it did not go as it should");
            Err(
                Failure::new(Exit::NotVerified, format!("the drill failed: {why}"))
                    .next(cutover.again.other("verify"))
                    .after_result(),
            )
        }
        Outcome::Stopped => Err(Failure::new(
            Exit::Cancelled,
            "the drill was ended as you asked: Direct Connect comes back within a minute",
        )
        .next(cutover.again.other("status"))
        .after_result()),
    }
}

fn text(cutover: &Cutover<'_>, interface: &VirtualInterfaceId, ended: &Ended) -> String {
    let Ended {
        drill,
        outcome,
        why,
    } = ended;
    let outcome = match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Stopped => "ended before its time",
    };
    let at = |at: Option<Duration>| at.map_or_else(|| "not seen".to_owned(), plain);
    let back = drill
        .back
        .zip(drill.ended)
        .map(|(back, end)| back.saturating_sub(end));
    let cut = match drill.cut {
        Duration::ZERO => "never".to_owned(),
        cut => format!("{} at most", plain(cut)),
    };
    let mut text = format!(
        "\nDrill of site {} on {interface}: {outcome}\n",
        cutover.site.name
    );
    for (what, when) in [
        ("session down after", at(drill.down)),
        ("tunnels carried everything after", at(drill.carried)),
        ("test over after", at(drill.ended)),
        ("Direct Connect back, from there", at(back)),
        ("seen without a way", cut),
    ] {
        text.push_str(&format!("  {what:34}{when}\n"));
    }
    if let Some(why) = why {
        text.push_str(&format!("  {}\n", wrapped(why, 2, columns())));
    }
    text
}
