//! `underpass verify`.

use std::path::PathBuf;

use super::args::Global;
use super::connect::{Connection, connect_for};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::run::Again;
use super::survey::{HowToPlan, survey};
use super::{load, watch};
use crate::plan::Plan;
use crate::spec::Site;
use crate::verify::{Report, Verdict};

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
    let connection = connect_for(global, &site).await?;
    let plan = survey(&site, &args.site, &connection, &args.how).await?;
    let again = Again::new("onboard", &args.site, global);
    let report = report(&connection, &site, &plan, &again).await?;
    output.result(&report, || text(&report))?;
    if report.is_up() {
        Ok(Exit::Ok)
    } else {
        Err(Failure::new(Exit::NotVerified, report.summary())
            .next(format!(
                "underpass status {} --watch{}",
                args.site.display(),
                super::same_flags(global)
            ))
            .after_result())
    }
}

/// One look at a site whose connection exists.
pub(super) async fn report(
    connection: &Connection,
    site: &Site,
    plan: &Plan,
    again: &Again,
) -> Result<Report, Failure> {
    let existing = |kind: &str| {
        plan.steps
            .iter()
            .find(|step| step.node.kind == kind)
            .and_then(|step| step.existing.as_deref())
    };
    let id = existing("vpn_connection").and_then(|id| id.parse().ok());
    let gateway = existing("vpn_gateway").and_then(|id| id.parse().ok());
    let (Some(id), Some(gateway)) = (id, gateway) else {
        let text = format!("site {} has no VPN connection in AWS yet", site.name);
        return Err(Failure::new(Exit::NotVerified, text).next(again.command.clone()));
    };
    let subject = watch::subject(site, &again.site_file(), plan, &id, &gateway);
    watch::look(connection, &subject).await
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
        table.add_row([
            glyph,
            &check.id.to_string(),
            &check.subject,
            &check.saw,
            &check.expected,
        ]);
    }
    let mut text = format!("{table}\n");
    for check in report
        .checks
        .iter()
        .filter(|check| check.verdict == Verdict::Fail)
    {
        text.push_str(&format!("\n✗ {} {}\n", check.id, check.subject));
        if let Some(cause) = &check.likely_cause {
            text.push_str(&format!("    likely: {cause}\n"));
        }
        if let Some(next) = &check.next {
            text.push_str(&format!("    next:   {next}\n"));
        }
    }
    text.push_str(&format!("\n{}\n", report.summary()));
    text
}
