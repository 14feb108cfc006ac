//! Looking at a deployed site, once or until its tunnels are up.

use std::time::Duration;

use super::connect::Connection;
use super::failure::Failure;
use super::output::{Line, Output};
use super::progress::plain;
use crate::plan::Plan;
use crate::playbook::Input;
use crate::spec::{RouteTableId, Site, VpnConnectionId, VpnGatewayId};
use crate::verify::{self, Report, Subject};

/// How often the tunnels are looked at: AWS's telemetry moves in minutes.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// What is to be verified: the plan's end state.
///
/// `vpn_gateway` is what the run found or made; it is in the plan only when it existed before.
pub(super) fn subject(
    site: &Site,
    site_file: &str,
    plan: &Plan,
    connection: &VpnConnectionId,
    vpn_gateway: &VpnGatewayId,
) -> Subject {
    let mut route_tables: Vec<RouteTableId> = Vec::new();
    for step in plan
        .steps
        .iter()
        .filter(|step| step.node.kind == "route_propagation")
    {
        if let Some(Input::Known(table)) = step.node.inputs.get("route_table")
            && let Some(table) = table.as_str().and_then(|table| table.parse().ok())
        {
            route_tables.push(table);
        }
    }
    Subject {
        site: site.clone(),
        site_file: site_file.to_owned(),
        tunnels: plan.tunnels.clone(),
        connection: connection.clone(),
        vpn_gateway: vpn_gateway.clone(),
        vpc: site.aws.vpc.clone(),
        route_tables,
        ike_log: Vec::new(),
    }
}

/// One look.
pub(super) async fn look(connection: &Connection, subject: &Subject) -> Result<Report, Failure> {
    Ok(verify::inspect(&connection.client, subject, connection.clock.now()).await?)
}

/// Looks until both tunnels are up or `limit` has passed; Ctrl-C ends the wait.
pub(super) async fn until_up(
    output: Output,
    connection: &Connection,
    subject: &Subject,
    limit: Duration,
) -> Result<Report, Failure> {
    let begun = connection.clock.now();
    let mut said = String::new();
    loop {
        let report = look(connection, subject).await?;
        let waited = connection.clock.since(begun);
        if report.is_up() {
            output.say(
                Line::Ready,
                &format!("both tunnels are up after {}", plain(waited)),
            );
            return Ok(report);
        }
        let summary = report.summary();
        if summary != said {
            output.say(
                Line::Wait,
                &format!("{summary} ({} of {})", plain(waited), plain(limit)),
            );
            said = summary;
        }
        if waited >= limit {
            return Ok(report);
        }
        tokio::select! {
            () = connection.clock.sleep(LOOK_EVERY.min(limit.saturating_sub(waited))) => {}
            _ = tokio::signal::ctrl_c() => {
                output.say(Line::Warn, "no longer watching: the site stays deployed");
                return Ok(report);
            }
        }
    }
}
