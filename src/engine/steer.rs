//! Which of a site's two ways is taken, and trying the other one: calls outside of any plan.
//!
//! None of them is journaled: each sets something to a value that a look shows, so that what an answer
//! that was lost has done is found by looking, and the same command again ends in the same state.

use super::link;
use crate::aws::{
    Answer, Call, Client, Collection, DirectConnectCall, Fault, FaultKind, Tags, VirtualInterface,
};
use crate::resource::TAG_PREFERS;
use crate::spec::{Site, VirtualInterfaceId};
use crate::tunnel::Way;

/// Why a way could not be chosen.
#[derive(Debug, thiserror::Error)]
pub enum SteerError {
    /// AWS refused, or did not answer.
    #[error(transparent)]
    Aws(#[from] Fault),
    /// AWS does not list it, or not all of it.
    #[error("AWS does not tell the ARN of {0}, by which it is tagged")]
    Unnamed(VirtualInterfaceId),
}

/// The id of a site's virtual interface; none while it has none.
///
/// # Errors
/// AWS does not answer.
pub async fn interface_of(
    client: &Client,
    site: &Site,
) -> Result<Option<VirtualInterfaceId>, Fault> {
    let view = client.view(&[Collection::VirtualInterfaces]).await?;
    Ok(link::interface(site, &view).map(|it| it.id.clone()))
}

/// Makes a virtual interface remember which way its site prefers; whether anything had to be changed.
///
/// # Errors
/// AWS refuses, or does not list the virtual interface.
pub async fn prefer(
    client: &Client,
    interface: &VirtualInterfaceId,
    way: Way,
) -> Result<bool, SteerError> {
    let view = client.view(&[Collection::VirtualInterfaces]).await?;
    let seen = view.virtual_interfaces.get(interface);
    let arn = seen.and_then(VirtualInterface::arn);
    let (Some(seen), Some(arn)) = (seen, arn) else {
        return Err(SteerError::Unnamed(interface.clone()));
    };
    let key = TAG_PREFERS.to_owned();
    let call = match (way, seen.tags.get(TAG_PREFERS).map(String::as_str)) {
        (Way::DirectConnect, None) => return Ok(false),
        (Way::Vpn, Some(word)) if word == Way::Vpn.as_str() => return Ok(false),
        (Way::DirectConnect, Some(_)) => DirectConnectCall::Untag { arn, key },
        (Way::Vpn, _) => {
            let tags = Tags::from([(key, Way::Vpn.as_str().to_owned())]);
            DirectConnectCall::Tag { arn, tags }
        }
    };
    made(client, call).await?;
    Ok(true)
}

/// Ends the BGP sessions of a virtual interface for so many minutes; AWS brings them back by itself.
///
/// # Errors
/// AWS refuses, or its answer is lost and no test runs.
pub async fn start_failover_test(
    client: &Client,
    interface: &VirtualInterfaceId,
    minutes: u16,
) -> Result<(), Fault> {
    let call = DirectConnectCall::StartFailoverTest {
        interface: interface.clone(),
        minutes,
    };
    let Err(fault) = made(client, call).await else {
        return Ok(());
    };
    // It has no token: whether a lost answer was a yes is seen, and never asked for twice.
    let unclear = matches!(fault.kind, FaultKind::Lost | FaultKind::Server);
    if unclear && is_tested(client, interface).await? {
        return Ok(());
    }
    Err(fault)
}

/// Ends a fail-over test before its time; whether one was running.
///
/// # Errors
/// AWS does not answer, or refuses while the test runs on.
pub async fn stop_failover_test(
    client: &Client,
    interface: &VirtualInterfaceId,
) -> Result<bool, Fault> {
    if !is_tested(client, interface).await? {
        return Ok(false);
    }
    let call = DirectConnectCall::StopFailoverTest(interface.clone());
    let Err(fault) = made(client, call).await else {
        return Ok(true);
    };
    match is_tested(client, interface).await? {
        true => Err(fault),
        false => Ok(true),
    }
}

/// Whether AWS says that a test keeps its sessions down.
async fn is_tested(client: &Client, interface: &VirtualInterfaceId) -> Result<bool, Fault> {
    let view = client.view(&[Collection::VirtualInterfaces]).await?;
    let seen = view.virtual_interfaces.get(interface);
    Ok(seen.is_some_and(|it| it.state.is("testing")))
}

async fn made(client: &Client, call: DirectConnectCall) -> Result<Answer, Fault> {
    client.call(&Call::DirectConnect(call)).await
}
