//! `underpass status`.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use super::args::Global;
use super::connect::{Connection, connect_for};
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::run::Again;
use super::survey::{HowToPlan, survey};
use super::{load, verify};
use crate::plan::Plan;
use crate::resource::Change;
use crate::spec::Site;

/// How often `--watch` looks.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// Show how a site is doing
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The site file
    site: PathBuf,
    #[command(flatten)]
    how: HowToPlan,
    /// Look again until Ctrl-C, or until both tunnels are up
    #[arg(short, long)]
    watch: bool,
}

pub(super) async fn run(args: &Args, global: &Global, output: Output) -> Result<Exit, Failure> {
    let site = load::site(output, &args.site)?;
    let connection = connect_for(global, &site).await?;
    loop {
        let plan = survey(&site, &args.site, &connection, &args.how).await?;
        let up = show(args, global, output, &connection, &site, &plan).await?;
        if !args.watch || up {
            let drifted = plan
                .steps
                .iter()
                .any(|step| matches!(step.change, Change::Update | Change::Replace));
            return Ok(if drifted { Exit::Drift } else { Exit::Ok });
        }
        tokio::select! {
            () = connection.clock.sleep(LOOK_EVERY) => {}
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Ok),
        }
    }
}

async fn show(
    args: &Args,
    global: &Global,
    output: Output,
    connection: &Connection,
    site: &Site,
    plan: &Plan,
) -> Result<bool, Failure> {
    let again = Again::new("onboard", &args.site, global);
    let mut table = super::table(["", "step", "what", "id", "state"]);
    for step in &plan.steps {
        let state = match step.change {
            Change::Keep | Change::Adopt => "as planned",
            Change::Create => "missing",
            Change::Update | Change::Replace => "differs",
            Change::Delete => "to be removed",
        };
        table.add_row([
            step.change.glyph().to_string(),
            step.node.id.to_string(),
            step.title.clone(),
            step.existing.clone().unwrap_or_default(),
            state.to_owned(),
        ]);
    }
    let exists = plan
        .steps
        .iter()
        .any(|step| step.node.kind == "vpn_connection" && step.existing.is_some());
    let report = if exists {
        Some(verify::report(connection, site, plan, &again).await?)
    } else {
        None
    };
    let steps: Vec<_> = plan
        .steps
        .iter()
        .map(|step| json!({ "step": step.node.id, "kind": step.node.kind, "id": step.existing, "change": step.change, "reason": step.reason }))
        .collect();
    let value = json!({ "schema_version": 1, "site": site.name, "at": connection.clock.now(), "steps": steps, "verification": report });
    output.result(&value, || {
        let tunnels = report.as_ref().map_or_else(
            || format!("\nNot deployed.\nnext: {}\n", again.command),
            |report| format!("\n{}", verify::text(report)),
        );
        format!(
            "Site {} at {}\n{table}\n{tunnels}",
            site.name,
            connection.clock.now()
        )
    })?;
    Ok(report.is_some_and(|report| report.is_up()))
}
