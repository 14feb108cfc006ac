//! Fetches what the judgement needs.

use std::net::Ipv4Addr;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::judge::judge;
use super::report::Report;
use super::subject::{Negotiated, Subject};
use crate::aws::{Client, Collection, Fault, View};

/// What is looked at.
const COLLECTIONS: [Collection; 4] = [
    Collection::VpnConnections,
    Collection::VpnGateways,
    Collection::CustomerGateways,
    Collection::RouteTables,
];

/// Looks at AWS and judges: four Describes, and one question per tunnel.
///
/// Fails only when a Describe does. What a tunnel negotiated is `unknown` where AWS does not say:
/// `GetActiveVpnTunnelStatus` is young, and its permission is easily forgotten.
pub async fn inspect(client: &Client, subject: &Subject, now: Timestamp) -> Result<Report, Fault> {
    let view = client.view(&COLLECTIONS).await?;
    let questions = outsides(subject, &view)
        .into_iter()
        .map(|outside| async move {
            (
                outside,
                client.negotiated(&subject.connection, outside).await,
            )
        });
    let negotiated: Negotiated = join_all(questions).await.into_iter().collect();
    Ok(judge(subject, &view, &negotiated, now))
}

/// The tunnels' outside addresses; none before the connection has any.
fn outsides(subject: &Subject, view: &View) -> Vec<Ipv4Addr> {
    view.vpn_connections
        .get(&subject.connection)
        .filter(|connection| !connection.state.is_ending())
        .into_iter()
        .flat_map(|connection| &connection.telemetry)
        .map(|telemetry| telemetry.outside)
        .collect()
}
