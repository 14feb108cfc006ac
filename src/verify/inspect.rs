//! Fetches what the judgement needs.

use std::net::Ipv4Addr;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::judge::judge;
use super::report::Report;
use super::subject::{Negotiated, Subject};
use crate::aws::{Client, Collection, ConnectionEnd, Fault, View};

/// What is looked at, whatever the connection ends on.
const COLLECTIONS: [Collection; 3] = [
    Collection::VpnConnections,
    Collection::CustomerGateways,
    Collection::RouteTables,
];
/// What is looked at for a transit gateway.
const TRANSIT: [Collection; 4] = [
    Collection::Vpcs,
    Collection::TransitGateways,
    Collection::TransitAttachments,
    Collection::TransitTableContents,
];

/// Looks at AWS and judges: a few Describes, and one question per tunnel.
///
/// Fails only when a Describe does. What a tunnel negotiated is `unknown` where AWS does not say:
/// `GetActiveVpnTunnelStatus` is young, and its permission is easily forgotten.
pub async fn inspect(client: &Client, subject: &Subject, now: Timestamp) -> Result<Report, Fault> {
    let of_end: &[Collection] = match subject.end {
        ConnectionEnd::VpnGateway(_) => &[Collection::VpnGateways],
        ConnectionEnd::TransitGateway(_) => &TRANSIT,
    };
    let view = client.view(&[&COLLECTIONS, of_end].concat()).await?;
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
