//! The Describe calls of Direct Connect: one collection → a [`View`] of it.

use std::collections::BTreeMap;

use aws_sdk_directconnect::Client;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use futures_util::future::try_join_all;

use super::convert_direct_connect as convert;
use super::describe::keyed;
use super::direct_connect::DxAssociation;
use super::fault::{Fault, FaultKind};
use super::pace::{Group, Pace};
use super::view::{Collection, View};
use crate::spec::{DxAssociationId, DxGatewayId};

/// Direct Connect's largest pages (API reference: "If MaxResults is given a value larger than 100,
/// only 100 results are returned").
pub(super) const PER_PAGE: i32 = 100;

/// More pages than any account has: a server that pages forever is left.
const PAGES: usize = 1000;

/// Lists all of `collection`, which is one of Direct Connect's.
pub(super) async fn look(
    client: &Client,
    pace: &Pace,
    collection: Collection,
) -> Result<View, Fault> {
    let mut view = View::default();
    match collection {
        Collection::DxConnections => {
            let pages = paged(collection.action(), pace, |token| async move {
                let request = client.describe_connections().max_results(PER_PAGE);
                let page = request.set_next_token(token).send().await;
                let page = done(collection.action(), page)?;
                Ok((page.connections.unwrap_or_default(), page.next_token))
            });
            view.dx_connections = keyed(&pages.await?, convert::connection, |it| it.id.clone());
        }
        Collection::DxGateways => {
            let gateways = gateways(client, pace).await?;
            view.dx_gateways = keyed(&gateways, convert::gateway, |it| it.id.clone());
        }
        Collection::VirtualInterfaces => {
            let pages = paged(collection.action(), pace, |token| async move {
                let request = client.describe_virtual_interfaces().max_results(PER_PAGE);
                let page = request.set_next_token(token).send().await;
                let page = done(collection.action(), page)?;
                Ok((page.virtual_interfaces.unwrap_or_default(), page.next_token))
            });
            view.virtual_interfaces = keyed(&pages.await?, convert::interface, |it| it.id.clone());
        }
        _ => view.dx_associations = associations(client, pace).await?,
    }
    Ok(view)
}

async fn gateways(
    client: &Client,
    pace: &Pace,
) -> Result<Vec<aws_sdk_directconnect::types::DirectConnectGateway>, Fault> {
    paged(Collection::DxGateways.action(), pace, |token| async move {
        let request = client.describe_direct_connect_gateways();
        let page = request.max_results(PER_PAGE).set_next_token(token);
        let page = done(Collection::DxGateways.action(), page.send().await)?;
        let gateways = page.direct_connect_gateways.unwrap_or_default();
        Ok((gateways, page.next_token))
    })
    .await
}

/// The associations of every gateway that is there: AWS wants to know of which.
async fn associations(
    client: &Client,
    pace: &Pace,
) -> Result<BTreeMap<DxAssociationId, DxAssociation>, Fault> {
    let gateways = gateways(client, pace).await?;
    let gateways = gateways.iter().filter_map(convert::gateway);
    let looks = gateways
        .filter(|gateway| !gateway.state.is("deleted"))
        .map(|gateway| async move {
            match associations_of(client, pace, &gateway.id).await {
                // One server lists the gateway, another has not heard of it: as if it listed none.
                Err(fault) if fault.kind == FaultKind::NotFound => Ok(BTreeMap::new()),
                other => other,
            }
        });
    let mut all = BTreeMap::new();
    for some in try_join_all(looks).await? {
        all.extend(some);
    }
    Ok(all)
}

async fn associations_of(
    client: &Client,
    pace: &Pace,
    gateway: &DxGatewayId,
) -> Result<BTreeMap<DxAssociationId, DxAssociation>, Fault> {
    pace.turn(Group::Read).await;
    let pages = paged(
        Collection::DxAssociations.action(),
        pace,
        |token| async move {
            let request = client.describe_direct_connect_gateway_associations();
            let request = request.direct_connect_gateway_id(gateway.as_str());
            let page = request.max_results(PER_PAGE).set_next_token(token);
            let page = done(Collection::DxAssociations.action(), page.send().await)?;
            let associations = page.direct_connect_gateway_associations.unwrap_or_default();
            Ok((associations, page.next_token))
        },
    );
    Ok(keyed(&pages.await?, convert::association, |it| {
        it.id.clone()
    }))
}

/// Every page of a list; the SDK has no paginator for these calls.
pub(super) async fn paged<T, F>(
    action: &str,
    pace: &Pace,
    page: impl Fn(Option<String>) -> F,
) -> Result<Vec<T>, Fault>
where
    F: Future<Output = Result<(Vec<T>, Option<String>), Fault>>,
{
    let (mut all, mut token) = (Vec::new(), None);
    for _ in 0..PAGES {
        let (items, next) = page(token).await?;
        all.extend(items);
        token = next.filter(|it| !it.is_empty());
        if token.is_none() {
            return Ok(all);
        }
        pace.turn(Group::Read).await;
    }
    let message = format!("the list has no end: {PAGES} pages");
    let kind = super::fault::FaultKind::Server;
    Err(Fault::of_kind(action, kind, &message))
}

pub(super) fn done<T, E>(
    action: &str,
    result: Result<T, SdkError<E, HttpResponse>>,
) -> Result<T, Fault>
where
    E: std::error::Error + aws_sdk_ec2::error::ProvideErrorMetadata + 'static,
{
    result.map_err(|error| Fault::from_sdk(action, &error))
}
