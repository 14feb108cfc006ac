//! Looking at a deployed site, once or until its tunnels are up.

use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::again::same_flags;
use super::args::Global;
use super::connect::Connection;
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::output::{Line, Output};
use super::progress::plain;
use crate::aws::ConnectionEnd;
use crate::plan::Plan;
use crate::playbook::Input;
use crate::spec::{RouteTableId, Site, VpnConnectionId};
use crate::verify::{self, Report, Subject};

/// How often the tunnels are looked at: AWS's telemetry moves in minutes.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// What is to be verified: the plan's end state.
///
/// `end` is what the run found or made; it is in the plan only when it existed before.
pub(super) fn subject(
    site: &Site,
    site_file: &Path,
    flags: &str,
    global: &Global,
    plan: &Plan,
    connection: &VpnConnectionId,
    end: &ConnectionEnd,
) -> Subject {
    let mut route_tables: Vec<RouteTableId> = Vec::new();
    for step in &plan.steps {
        let input = match step.node.kind.as_str() {
            "route_propagation" => "route_table",
            // The table, and one of the networks.
            "vpc_route" => "route",
            _ => continue,
        };
        if let Some(Input::Known(table)) = step.node.inputs.get(input)
            && let Some(table) = table.as_str().and_then(|it| it.split(':').next())
            && let Ok(table) = table.parse()
            && !route_tables.contains(&table)
        {
            route_tables.push(table);
        }
    }
    Subject {
        site: site.clone(),
        site_file: site_file.display().to_string(),
        flags: format!("{flags}{}", same_flags(global)),
        tunnels: plan.tunnels.clone(),
        connection: connection.clone(),
        end: end.clone(),
        vpc: site.aws.vpc.clone(),
        route_tables,
        ike_log: Vec::new(),
    }
}

/// The gateway on AWS's side, by the ids that the steps of a kind have.
pub(super) fn end<'a>(id_of: impl Fn(&str) -> Option<&'a str>) -> Option<ConnectionEnd> {
    let vpn = id_of("vpn_gateway").and_then(|id| id.parse().ok());
    let transit = || id_of("transit_gateway").and_then(|id| id.parse().ok());
    vpn.map(ConnectionEnd::VpnGateway)
        .or_else(|| transit().map(ConnectionEnd::TransitGateway))
}

/// One look.
pub(super) async fn look(connection: &Connection, subject: &Subject) -> Result<Report, Failure> {
    Ok(verify::inspect(&connection.client, subject, connection.clock.now()).await?)
}

/// Looks until both tunnels are up or `limit` has passed; Ctrl-C ends the wait.
///
/// Answers what was seen last, and how long it took.
pub(super) async fn until_up(
    output: Output,
    connection: &Connection,
    subject: &Subject,
    limit: Option<Duration>,
    stop: &Interrupt,
) -> Result<(Report, Duration), Failure> {
    let _watching = stop.watch("the site stays as it is");
    let begun = connection.clock.mark();
    let spinner = output.lively.then(|| {
        let style = ProgressStyle::with_template("◎ {wide_msg}");
        ProgressBar::new_spinner()
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    });
    let mut said = String::new();
    let (report, waited, last) = loop {
        let report = look(connection, subject).await?;
        let waited = connection.clock.passed(begun);
        if report.is_up() {
            // A device may keep one in reserve by design.
            let both = report.tunnels.iter().all(|tunnel| tunnel.up);
            let what = if both {
                "both tunnels are up"
            } else {
                "the site is up, with one tunnel in reserve,"
            };
            let text = format!("{what} after {}", plain(waited));
            break (report, waited, Some((Line::Ready, text)));
        }
        let state = tunnels(&report);
        let line = format!("{state} {} {USUAL}{}", plain(waited), limited(limit));
        if let Some(spinner) = &spinner {
            spinner.set_message(line);
        } else if state != said {
            output.say(Line::Wait, &line);
            said = state;
        }
        let left = limit.map_or(LOOK_EVERY, |limit| limit.saturating_sub(waited));
        if left.is_zero() {
            break (report, waited, None);
        }
        tokio::select! {
            () = connection.clock.sleep(LOOK_EVERY.min(left)) => {}
            () = stop.asked() => {
                let text = "no longer watching: the site stays deployed".to_owned();
                break (report, waited, Some((Line::Warn, text)));
            }
        }
    };
    if let Some(spinner) = spinner {
        spinner.finish_and_clear();
    }
    if let Some((line, text)) = last {
        output.say(line, &text);
    }
    Ok((report, waited))
}

/// How long it usually takes once the router runs its files: AWS's telemetry lags by minutes.
const USUAL: &str = "(usual 1m–5m)";

fn limited(limit: Option<Duration>) -> String {
    limit
        .map(|limit| format!(", at most {}", plain(limit)))
        .unwrap_or_default()
}

/// What keeps the tunnels from being up, such as `tunnel 1 IPSEC IS DOWN, tunnel 2 up`.
fn tunnels(report: &Report) -> String {
    let planned = report
        .tunnels
        .iter()
        .filter(|tunnel| tunnel.number.is_some());
    let told: Vec<String> = planned
        .map(|tunnel| {
            let number = tunnel.number.unwrap_or_default();
            let state = if tunnel.up {
                "up"
            } else {
                tunnel.message.as_str()
            };
            format!("tunnel {number} {state}")
        })
        .collect();
    if report.tunnels.iter().all(|tunnel| tunnel.up) {
        report.summary()
    } else {
        told.join(", ")
    }
}
