//! Looking at a deployed site, once or until its tunnels are up.

use std::time::Duration;

use super::connect::Connection;
use super::failure::Failure;
use super::handover::Handover;
use super::output::{Line, Output};
use super::progress::plain;
use crate::plan::Plan;
use crate::spec::{Site, VpnConnectionId};
use crate::verify::{self, Report, Subject};

/// How often the tunnels are looked at: AWS's telemetry moves in minutes.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// What is to be verified: the plan's end state.
pub(super) fn subject(site: &Site, plan: &Plan, connection: &VpnConnectionId) -> Subject {
    Subject::of(site, plan, connection)
}

/// One look.
pub(super) async fn look(
    connection: &Connection,
    site: &Site,
    plan: &Plan,
    handover: &Handover,
) -> Result<Report, Failure> {
    let subject = subject(site, plan, &handover.connection);
    Ok(verify::inspect(&connection.client, &subject, connection.clock.now()).await?)
}

/// Looks until both tunnels are up or `limit` has passed; Ctrl-C ends the wait.
pub(super) async fn until_up(
    output: Output,
    connection: &Connection,
    site: &Site,
    plan: &Plan,
    handover: &Handover,
    limit: Duration,
) -> Result<Report, Failure> {
    let begun = connection.clock.now();
    let mut said = String::new();
    loop {
        let report = look(connection, site, plan, handover).await?;
        let waited = connection.clock.since(begun);
        if report.is_up() {
            output.say(Line::Ready, &format!("both tunnels are up after {}", plain(waited)));
            return Ok(report);
        }
        let summary = report.summary();
        if summary != said {
            output.say(Line::Wait, &format!("{summary} ({} of {})", plain(waited), plain(limit)));
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
