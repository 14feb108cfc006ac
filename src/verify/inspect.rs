//! Fetches what the judgement needs.

use std::net::Ipv4Addr;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::direct_connect;
use super::judge::judge;
use super::report::Report;
use super::subject::{Answers, Negotiated, Subject};
use crate::aws::{Client, Collection, ConnectionEnd, Fault, View};
use crate::resource::{Errand, ladder};
use crate::spec::{DxConnectionId, Site};

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

/// What is looked at besides for a site with a Direct Connect.
const DIRECT_CONNECT: [Collection; 5] = [
    Collection::Vpcs,
    Collection::DxConnections,
    Collection::DxGateways,
    Collection::DxAssociations,
    Collection::VirtualInterfaces,
];

/// Looks at AWS and judges: a few Describes, and one question per tunnel.
///
/// Fails only when a Describe of EC2 does. What a tunnel negotiated is `unknown` where AWS does not say:
/// `GetActiveVpnTunnelStatus` is young, and its permission is easily forgotten.
pub async fn inspect(client: &Client, subject: &Subject, now: Timestamp) -> Result<Report, Fault> {
    let of_end: &[Collection] = match subject.end {
        ConnectionEnd::VpnGateway(_) => &[Collection::VpnGateways],
        ConnectionEnd::TransitGateway(_) => &TRANSIT,
    };
    let mut view = client.view(&[&COLLECTIONS, of_end].concat()).await?;
    let direct = look_at_direct_connect(client, subject, &mut view).await;
    let questions = outsides(subject, &view)
        .into_iter()
        .map(|outside| async move {
            (
                outside,
                client.negotiated(&subject.connection, outside).await,
            )
        });
    let negotiated: Negotiated = join_all(questions).await.into_iter().collect();
    Ok(judge(subject, &view, &negotiated, &direct, now))
}

/// Adds Direct Connect to a look, and asks about the site's virtual interface.
///
/// The VPN may well carry the site while nobody may look at Direct Connect: what is refused is told
/// and ends nothing.
async fn look_at_direct_connect(client: &Client, subject: &Subject, view: &mut View) -> Answers {
    let mut answers = Answers::default();
    if subject.site.aws.direct_connect.is_none() {
        return answers;
    }
    match client.view(&DIRECT_CONNECT).await {
        Ok(seen) => view.merge(seen),
        Err(fault) => {
            answers.unseen = Some(fault);
            return answers;
        }
    }
    if let Some(interface) = direct_connect::interface(&subject.site, view) {
        let (routes, tests) = tokio::join!(
            client.interface_routes(&interface.id),
            client.failover_tests(&interface.id)
        );
        answers.routes = Some(routes);
        answers.tests = tests.unwrap_or_default();
    }
    answers
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

/// What people have to do before a site's Direct Connect is there, and for which port; none where
/// nobody has to.
pub async fn errands(
    client: &Client,
    site: &Site,
) -> Result<Option<(DxConnectionId, Vec<Errand>)>, Fault> {
    if site.aws.direct_connect.is_none() {
        return Ok(None);
    }
    let collections = [Collection::DxConnections, Collection::VirtualInterfaces];
    let view = client.view(&collections).await?;
    let waiting = direct_connect::waiting(site, &view);
    Ok(waiting.map(|it| (it.id.clone(), ladder(it))))
}
