//! `underpass status`.

use std::path::PathBuf;

use serde_json::json;

use super::again::Again;
use super::args::Global;
use super::connect::{Connection, connect_for};
use super::exit::Exit;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::output::{Line, Output, columns};
use super::survey::{HowToPlan, survey};
use super::table::Table;
use super::words::{when, wrapped};
use super::{handover, harmless, letter, load, verify, waiting, watch};
use crate::plan::{Plan, Warning};
use crate::resource::{Change, Errand, is_connection};
use crate::spec::DxConnectionId;
use crate::verify::{Report, errands};

/// Show how a site is doing
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The site file
    site: PathBuf,
    #[command(flatten)]
    how: HowToPlan,
    /// Look again until both tunnels are up, or until Ctrl-C
    #[arg(short, long)]
    watch: bool,
}

pub(super) async fn run(
    args: &Args,
    global: &Global,
    output: Output,
    stop: &Interrupt,
) -> Result<Exit, Failure> {
    let site = load::site(output, &args.site)?;
    let connection = connect_for(global, &site).await?;
    let mut plan = survey(&site, &args.site, &connection, &args.how).await?;
    let deployed = plan
        .steps
        .iter()
        .any(|step| is_connection(&step.node.kind) && step.existing.is_some());
    let subject = match deployed {
        true => Some(verify::subject(
            &args.site, &args.how, global, &site, &plan,
        )?),
        false => None,
    };
    if let Some(subject) = subject.as_ref().filter(|_| args.watch) {
        watch::until_up(output, &connection, subject, None, stop).await?;
        plan = survey(&site, &args.site, &connection, &args.how).await?;
    }
    let report = match &subject {
        Some(subject) => Some(watch::look(&connection, subject).await?),
        None => None,
    };
    let folder = handover::folder(None, &site.name);
    if let Some(path) = letter::save(output, &connection, &site, &folder).await {
        let path = harmless::path(&path);
        let text = format!("the letter of authorization is {path}: give it to the operator");
        output.say(Line::Made, &text);
    }
    let waiting = match &report {
        Some(_) => None,
        None => errands(&connection.client, &site).await?,
    };
    let onboard = Again::new(&args.site, &args.how.flags(), global).other("onboard");
    show(
        output,
        &connection,
        &plan,
        (report.as_ref(), waiting),
        &onboard,
    )?;
    let drifted = plan
        .steps
        .iter()
        .any(|step| matches!(step.change, Change::Update | Change::Replace));
    Ok(if drifted { Exit::Drift } else { Exit::Ok })
}

fn show(
    output: Output,
    connection: &Connection,
    plan: &Plan,
    (report, waiting): (Option<&Report>, Option<(DxConnectionId, Vec<Errand>)>),
    onboard: &str,
) -> Result<(), Failure> {
    let at = connection.clock.now();
    let steps: Vec<_> = plan
        .steps
        .iter()
        .map(|step| json!({ "step": step.node.id, "kind": step.node.kind, "id": step.existing, "change": step.change, "reason": step.reason }))
        .collect();
    let mut value = json!({ "schema_version": 1, "site": plan.site, "at": at, "steps": steps, "verification": report, "duplicates": plan.duplicates });
    if let (Some((id, ladder)), Some(all)) = (&waiting, value.as_object_mut()) {
        let waiting = json!([{ "object": id, "ladder": ladder }]);
        all.insert("waiting_for_people".to_owned(), waiting);
    }
    output.result(&value, || {
        let mut steps = format!("Site {} at {}\n\n{}\n", plan.site, when(at), table(plan));
        steps.extend(duplicates(plan).map(|told| format!("\n{told}\n")));
        match report {
            None => {
                let ladder = waiting.map(|(id, ladder)| waiting::ladder(id.as_str(), &ladder));
                let ladder = ladder.unwrap_or_default();
                format!("{steps}{ladder}\nNot deployed.\nnext: {onboard}\n")
            }
            Some(report) if plan.is_noop() => format!("{steps}\n{}", verify::text(report)),
            Some(report) => format!("{steps}\n{}\nnext: {onboard}\n", verify::text(report)),
        }
    })
}

/// What of the site exists twice, in sentences.
pub(super) fn duplicates(plan: &Plan) -> impl Iterator<Item = String> {
    let of_duplicates = |it: &&Warning| it.code == "preflight::duplicate";
    let warnings = plan.warnings.iter().filter(of_duplicates);
    warnings.map(|it| {
        let words = format!("{}; {} ({})", it.message, it.help, it.code);
        format!("⚠ {}", wrapped(&words, 2, columns()))
    })
}

fn table(plan: &Plan) -> Table {
    let mut table = Table::new(["", "step", "id", "state"]);
    for step in &plan.steps {
        let state = match step.change {
            Change::Keep | Change::Adopt => "as planned",
            Change::Create => "missing",
            Change::Update | Change::Replace => "differs",
            Change::Delete => "to be removed",
        };
        // An id that joins two others tells what the step's name tells, but where there are tables
        // of a VPC's and of a transit gateway's.
        let kind = step.node.kind.as_str();
        let tables = kind == "vpc_route" || kind.starts_with("transit_gateway_");
        let id = step.existing.as_deref();
        let id = id.filter(|id| tables || !id.contains(':'));
        let id = id.map(|id| id.split_once(':').map_or(id, |(table, _)| table));
        table.add_row([
            step.change.glyph().to_string(),
            step.node.id.to_string(),
            id.unwrap_or_default().to_owned(),
            state.to_owned(),
        ]);
    }
    table
}
