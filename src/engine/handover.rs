//! What AWS's half says of itself when it stands: the router's half is made from it.

use ipnet::Ipv4Net;
use secrecy::ExposeSecret;

use crate::aws::{Client, Collection, Fault};
use crate::plan::Plan;
use crate::resource::Keys;
use crate::spec::{Site, VpnConnectionId};
use crate::tunnel::xml::{self, XmlError};
use crate::tunnel::{self, JoinErrors, TunnelOptions, TunnelSet};

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
    let view = client
        .view(&[Collection::VpnConnections, Collection::Vpcs])
        .await?;
    let configuration = view
        .vpn_connections
        .get(id)
        .and_then(|seen| seen.configuration.as_ref())
        .ok_or_else(|| HandoverError::NoConfiguration(id.clone()))?;
    let vpc = view.vpcs.get(&site.aws.vpc);
    let vpc_cidrs = vpc.map(|vpc| vpc.cidrs.clone()).unwrap_or_default();
    let options = match plan.tunnels.as_slice() {
        [one, two] => [one.options.clone(), two.options.clone()],
        other => return Err(HandoverError::Tunnels(other.len())),
    };
    join_xml(
        site,
        &options,
        configuration.expose_secret(),
        keys,
        &vpc_cidrs,
    )
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
