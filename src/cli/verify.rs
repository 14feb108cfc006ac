//! `underpass verify`.

use std::path::{Path, PathBuf};

use super::again::{self, Again};
use super::args::Global;
use super::connect::connect_for;
use super::exit::Exit;
use super::failure::Failure;
use super::harmless;
use super::output::{Line, Output, columns};
use super::survey::{HowToPlan, survey};
use super::table::Table;
use super::words::wrapped;
use super::{load, status, waiting, watch};
use crate::plan::Plan;
use crate::spec::Site;
use crate::verify::{Check, CheckId, Report, Subject, Verdict};

/// Check that the two halves meet, with the likely cause of each miss
///
/// Ends with 0 when everything that AWS tells of is as it should be, and with 7 when something is not.
/// A site whose Direct Connect waits for people, or for an answer that AWS does not give, is as it
/// should be while its tunnels carry it: what is awaited is shown, and counts as unknown.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The site file
    site: PathBuf,
    #[command(flatten)]
    how: HowToPlan,
    /// Lines of the tunnels' IKE log at AWS, oldest first: the best witness of why one is down
    #[arg(long, value_name = "FILE")]
    ike_log: Option<PathBuf>,
}

pub(super) async fn run(args: &Args, global: &Global, output: Output) -> Result<Exit, Failure> {
    let site = load::site(output, &args.site)?;
    let connection = connect_for(global, &site).await?;
    let plan = survey(&site, &args.site, &connection, &args.how).await?;
    let again = Again::new(&args.site, &args.how.flags(), global);
    let mut subject = subject(&args.site, &args.how, global, &site, &plan)?;
    if let Some(path) = &args.ike_log {
        subject.ike_log = lines(path)?;
    }
    let report = watch::look(&connection, &subject).await?;
    for told in status::duplicates(&plan) {
        output.say(Line::Plain, &told);
    }
    output.result(&report, || text(&report))?;
    if report.is_up() {
        Ok(Exit::Ok)
    } else {
        let missed = report.failures().count();
        let text = format!(
            "not verified: {missed} of {} checks failed",
            report.checks.len()
        );
        Err(Failure::new(Exit::NotVerified, text)
            .next(format!("{} --watch", again.other("status")))
            .after_result())
    }
}

fn lines(path: &Path) -> Result<Vec<String>, Failure> {
    let text = crate::files::read_text(path, crate::limits::LOG).map_err(|error| {
        Failure::new(
            Exit::Input,
            format!("cannot read {}: {error}", harmless::path(path)),
        )
        .hint("`aws logs get-log-events` writes one, where the tunnel's log is on")
        .next(again::typed())
    })?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// What there is to verify of a site whose connection exists.
pub(super) fn subject(
    path: &Path,
    how: &HowToPlan,
    global: &Global,
    site: &Site,
    plan: &Plan,
) -> Result<Subject, Failure> {
    let existing = |kind: &str| {
        plan.steps
            .iter()
            .find(|step| step.node.kind == kind)
            .and_then(|step| step.existing.as_deref())
    };
    let id = existing("vpn_connection").or_else(|| existing("transit_vpn_connection"));
    let id = id.and_then(|id| id.parse().ok());
    let end = watch::end(existing);
    let (Some(id), Some(end)) = (id, end) else {
        let text = format!("site {} has no VPN connection in AWS yet", site.name);
        let next = Again::new(path, &how.flags(), global).other("onboard");
        return Err(Failure::new(Exit::NotVerified, text).next(next));
    };
    Ok(watch::subject(
        site,
        path,
        &how.flags(),
        global,
        plan,
        &id,
        &end,
    ))
}

/// The report for people: how it is, a table, then each miss with its likely cause.
pub(super) fn text(report: &Report) -> String {
    let mut table = Table::new(["", "check", "what", "seen"]);
    for check in &report.checks {
        table.add_row([
            glyph(check.verdict),
            &check.id.to_string(),
            &check.subject,
            &check.saw,
        ]);
    }
    let title = format!("Site {} is {}", report.site, report.summary());
    let mut text = format!("{}\n\n{table}\n", wrapped(&title, 2, columns()));
    // What is not known of Direct Connect waits for somebody, and is told like a miss.
    let open =
        |check: &&Check| check.verdict == Verdict::Unknown && check.id.is_of_direct_connect();
    let open = report.checks.iter().filter(open);
    for check in report.failures().chain(open) {
        let glyph = glyph(check.verdict);
        text.push_str(&format!("\n{glyph} {} {}\n", check.id, check.subject));
        let mut add = |name: &str, words: &str| {
            let words = wrapped(words, 14, columns());
            text.push_str(&format!("    {name:9} {words}\n"));
        };
        add("seen:", &check.saw);
        add("expected:", &check.expected);
        if let Some(cause) = &check.likely_cause {
            add("likely:", cause);
        }
        // A command is one line, to be copied.
        if let Some(next) = &check.next {
            text.push_str(&format!("    next:     {next}\n"));
        }
    }
    if let Some(direct) = &report.direct_connect {
        text.push_str(&waiting::of_direct_connect(direct));
    }
    text
}

pub(super) const fn glyph(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✔",
        Verdict::Fail => "✗",
        Verdict::Unknown => "◎",
    }
}

/// The checks that a cut-over depends on.
pub(super) fn both_ways(report: &Report) -> Table {
    let mut table = Table::new(["", "check", "what", "seen"]);
    let shown = |check: &&Check| {
        check.id.is_of_direct_connect()
            || matches!(
                check.id,
                CheckId::TunnelUp | CheckId::TunnelRoutes | CheckId::SameNetworks
            )
            || check.verdict == Verdict::Fail
    };
    for check in report.checks.iter().filter(shown) {
        table.add_row([
            glyph(check.verdict),
            &check.id.to_string(),
            &check.subject,
            &check.saw,
        ]);
    }
    table
}
