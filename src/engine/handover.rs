//! What AWS's half says of itself when it stands: the router's half is made from it.

use ipnet::Ipv4Net;
use secrecy::{ExposeSecret, SecretString};

use super::link::direct_connect_link;
use super::wait::SHORTEST;
use crate::aws::{Client, Collection, Fault, View, VpnConnection};
use crate::plan::Plan;
use crate::resource::Keys;
use crate::spec::{Site, VirtualInterfaceId, VpnConnectionId};
use crate::tunnel::xml::{self, XmlError};
use crate::tunnel::{self, JoinErrors, TunnelOptions, TunnelSet};

/// How many looks it takes to believe that a connection has no configuration.
const LOOKS: u32 = 3;

/// Why there is nothing to hand over to the router.
#[derive(Debug, thiserror::Error)]
pub enum HandoverError {
    /// AWS did not answer.
    #[error(transparent)]
    Aws(#[from] Fault),
    /// AWS has no configuration of the connection.
    #[error("{0} has no configuration to read: AWS gives it only while it is pending or available")]
    NoConfiguration(VpnConnectionId),
    /// Its configuration is not what AWS documents.
    #[error("AWS's configuration of the connection cannot be read: {0}")]
    Unreadable(#[from] XmlError),
    /// What AWS has is not what was planned.
    #[error("the two ends do not fit together: {0}")]
    Disagree(#[from] JoinErrors),
    /// AWS does not say all that the router needs of the virtual interface.
    #[error("the virtual interface {interface} has no {missing} that AWS would show")]
    Incomplete {
        /// The virtual interface.
        interface: VirtualInterfaceId,
        /// What is missing.
        missing: &'static str,
    },
    /// Neither key is shown.
    #[error(
        "the BGP key of {0} is not the one that was kept (neither is shown): somebody has made its \
         session anew, so delete `bgp_keys` of the site's keys.json to take AWS's"
    )]
    OtherKey(VirtualInterfaceId),
    /// The plan is not one for a connection.
    #[error("the plan has {0} tunnels, not 2")]
    Tunnels(usize),
}

/// Reads a connection back from AWS and joins it with what was planned.
pub async fn read_back(
    client: &Client,
    site: &Site,
    plan: &Plan,
    id: &VpnConnectionId,
    keys: &Keys,
) -> Result<TunnelSet, HandoverError> {
    let collections = [Collection::VpnConnections, Collection::Vpcs];
    let mut view = client.view(&collections).await?;
    // The run has just seen it, but a single look may be older than the connection.
    for _ in 1..LOOKS {
        if configuration_of(&view, id).is_some() {
            break;
        }
        client.clock().sleep(SHORTEST).await;
        view = client.view(&collections).await?;
    }
    let configuration =
        configuration_of(&view, id).ok_or_else(|| HandoverError::NoConfiguration(id.clone()))?;
    let vpc = view.vpcs.get(&site.aws.vpc);
    let vpc_cidrs = vpc.map(|vpc| vpc.cidrs.clone()).unwrap_or_default();
    let options = match plan.tunnels.as_slice() {
        [one, two] => [one.options.clone(), two.options.clone()],
        other => return Err(HandoverError::Tunnels(other.len())),
    };
    let text = configuration.expose_secret();
    let mut set = join_xml(site, &options, text, keys, &vpc_cidrs)?;
    let regional = view.vpn_connections.get(id);
    let regional = regional.and_then(VpnConnection::regional_gateway);
    let own = keys.bgp.as_ref();
    set.direct_connect = direct_connect_link(client, site, regional, &vpc_cidrs, own).await?;
    Ok(set)
}

/// AWS's document about a connection, in a look that shows it.
fn configuration_of<'a>(view: &'a View, id: &VpnConnectionId) -> Option<&'a SecretString> {
    view.vpn_connections.get(id)?.configuration.as_ref()
}

/// Joins what was asked with what AWS's document says it assigned.
pub fn join_xml(
    site: &Site,
    options: &[TunnelOptions; 2],
    text: &str,
    keys: &Keys,
    vpc_cidrs: &[Ipv4Net],
) -> Result<TunnelSet, HandoverError> {
    let read = xml::read(text)?;
    Ok(tunnel::join(
        site,
        options,
        &read,
        keys,
        vpc_cidrs.to_vec(),
    )?)
}
