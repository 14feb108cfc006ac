//! A Direct Connect's virtual interface as its router has to know it.

use ipnet::{IpNet, Ipv4Net};

use super::handover::HandoverError;
use super::wait::SHORTEST;
use crate::aws::{Client, Collection, DxAssociation, View, VirtualInterface};
use crate::resource::{TAG_PREFERS, TAG_SITE, TAG_STEP};
use crate::spec::{DirectConnectSide, Site};
use crate::tunnel::{BgpKey, DirectConnectLink, Way};

/// How many looks it takes to believe that a site has no virtual interface yet.
const LOOKS: u32 = 3;

/// What AWS has of a site's virtual interface, joined with what the site file says.
///
/// None where the site file has no Direct Connect, and as long as people's work is missing for its
/// virtual interface. `regional` is the VPC's gateway, `vgw-…` or `tgw-…`, and `vpc_cidrs` is what AWS
/// announces where it does not say so; `own` is the key that was kept, and AWS's stands in for one
/// that is missing.
///
/// # Errors
/// AWS does not answer, or a virtual interface that is there has no key or no addresses.
pub async fn direct_connect_link(
    client: &Client,
    site: &Site,
    regional: Option<&str>,
    vpc_cidrs: &[Ipv4Net],
    own: Option<&BgpKey>,
) -> Result<Option<DirectConnectLink>, HandoverError> {
    let Some(side) = &site.aws.direct_connect else {
        return Ok(None);
    };
    let collections = [Collection::VirtualInterfaces, Collection::DxAssociations];
    let mut view = client.view(&collections).await?;
    // A single look may be older than the virtual interface that a run has just made.
    for _ in 1..LOOKS {
        if interface(site, &view).is_some_and(is_addressed) {
            break;
        }
        client.clock().sleep(SHORTEST).await;
        view = client.view(&collections).await?;
    }
    let Some(interface) = interface(site, &view) else {
        return Ok(None);
    };
    let announced = announced(interface, regional, &view).unwrap_or_else(|| vpc_cidrs.to_vec());
    link(side, site, interface, announced, own).map(Some)
}

/// The site's virtual interface, the older of two.
pub(super) fn interface<'a>(site: &Site, view: &'a View) -> Option<&'a VirtualInterface> {
    let mut all = view.virtual_interfaces.values();
    all.find(|it| {
        let site_tag = it.tags.get(TAG_SITE).map(String::as_str);
        site_tag == Some(site.name.as_str())
            && it.tags.contains_key(TAG_STEP)
            && !it.state.is_ending()
    })
}

fn is_addressed(it: &VirtualInterface) -> bool {
    addresses(it).is_some()
}

/// AWS's address and the router's.
fn addresses(it: &VirtualInterface) -> Option<(Ipv4Net, Ipv4Net)> {
    it.peers
        .iter()
        .find_map(|peer| match (peer.amazon_address, peer.customer_address) {
            (Some(IpNet::V4(amazon)), Some(IpNet::V4(router))) => Some((amazon, router)),
            _ => None,
        })
}

fn link(
    side: &DirectConnectSide,
    site: &Site,
    it: &VirtualInterface,
    allowed_prefixes: Vec<Ipv4Net>,
    own: Option<&BgpKey>,
) -> Result<DirectConnectLink, HandoverError> {
    let incomplete = |missing: &'static str| HandoverError::Incomplete {
        interface: it.id.clone(),
        missing,
    };
    let (amazon, router) = addresses(it).ok_or_else(|| incomplete("addresses"))?;
    let aws = it.peers.iter().find_map(|peer| peer.key.as_ref());
    if let Some((own, aws)) = own.zip(aws)
        && !own.same_as(aws)
    {
        return Err(HandoverError::OtherKey(it.id.clone()));
    }
    let key = own.or(aws).ok_or_else(|| incomplete("BGP key"))?;
    Ok(DirectConnectLink {
        vlan: it.vlan.unwrap_or(side.vlan),
        mtu: it.mtu.unwrap_or(side.mtu),
        amazon,
        router,
        amazon_asn: it.amazon_side_asn.unwrap_or(side.gateway_asn),
        router_asn: it.asn.unwrap_or(site.gateway.asn),
        key: key.clone(),
        bfd: side.bfd,
        allowed_prefixes,
        tunnel_end: side.private_vpn.map(|_| site.gateway.outside_ip),
        prefers: preferred(it),
    })
}

/// Direct Connect, unless the tag says that the tunnels are preferred.
fn preferred(it: &VirtualInterface) -> Way {
    match it.tags.get(TAG_PREFERS).map(String::as_str) {
        Some("vpn") => Way::Vpn,
        _ => Way::DirectConnect,
    }
}

/// What AWS announces of the VPC over a virtual interface, once its gateway is joined to the VPC's.
///
/// What others have joined to the same gateway is announced as well, and is none of the site's.
fn announced(it: &VirtualInterface, regional: Option<&str>, view: &View) -> Option<Vec<Ipv4Net>> {
    let mut all = view.dx_associations.values();
    let joins = |association: &&DxAssociation| {
        it.gateway.as_ref() == Some(&association.gateway)
            && regional.is_none_or(|id| association.associated == id)
            && !association.state.is_ending()
    };
    let nets = all.find(joins)?.allowed_prefixes.iter();
    let nets: Vec<Ipv4Net> = nets
        .filter_map(|net| match net {
            IpNet::V4(net) => Some(*net),
            IpNet::V6(_) => None,
        })
        .collect();
    (!nets.is_empty()).then_some(nets)
}
