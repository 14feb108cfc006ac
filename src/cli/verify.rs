//! `underpass verify`.

use std::path::PathBuf;

use super::args::Global;
use super::connect::{Connection, connect};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::survey::{HowToPlan, survey};
use super::{load, watch};
use crate::plan::Plan;
use crate::spec::Site;
use crate::verify::{self, Report, Verdict};

/// Check that the two halves meet, with the likely cause of each miss
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The site file
    site: PathBuf,
    #[command(flatten)]
    how: HowToPlan,
}

pub(super) async fn run(args: &Args, global: &Global, output: Output) -> Result<Exit, Failure> {
    let site = load::site(output, &args.site)?;
    let connection = connect(global, &site.region).await?;
    let plan = survey(&site, &args.site, &connection, &args.how).await?.plan;
    let onboard = format!("underpass onboard {}{}", args.site.display(), super::same_flags(global));
    let report = report(&connection, &site, &plan, &onboard).await?;
    output.result(&report, || text(&report))?;
    if report.is_up() && report.passed() {
        Ok(Exit::Ok)
    } else {
        Err(Failure::new(Exit::NotVerified, report.summary())
            .next(format!("underpass status {} --watch{}", args.site.display(), super::same_flags(global))))
    }
}

/// One look at a site whose connection exists.
pub(super) async fn report(
    connection: &Connection,
    site: &Site,
    plan: &Plan,
    onboard: &str,
) -> Result<Report, Failure> {
    let id = plan
        .steps
        .iter()
        .find(|step| step.node.kind == "vpn_connection")
        .and_then(|step| step.existing.as_deref())
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| {
            Failure::new(Exit::NotVerified, format!("site {} has no VPN connection in AWS yet", site.name)).next(onboard)
        })?;
    let subject = watch::subject(site, plan, &id);
    Ok(verify::inspect(&connection.client, &subject, connection.clock.now()).await?)
}

/// The report for people: a table, then each miss with its likely cause.
pub(super) fn text(report: &Report) -> String {
    let mut table = super::table(["", "check", "what", "seen", "expected"]);
    for check in &report.checks {
        let glyph = match check.verdict {
            Verdict::Pass => "✔",
            Verdict::Fail => "✗",
            Verdict::Unknown => "◎",
        };
        table.add_row([glyph, check.id.as_str(), check.subject.as_str(), check.saw.as_str(), check.expected.as_str()]);
    }
    let mut text = format!("{table}\n");
    for check in report.checks.iter().filter(|check| check.verdict == Verdict::Fail) {
        text.push_str(&format!("\n✗ {} {}\n", check.id, check.subject));
        for cause in &check.likely_cause {
            text.push_str(&format!("    likely: {cause}\n"));
        }
        if let Some(next) = &check.next {
            text.push_str(&format!("    next:   {next}\n"));
        }
    }
    text.push_str(&format!("\n{}\n", report.summary()));
    text
}
