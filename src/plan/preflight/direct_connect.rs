//! Does the Direct Connect take the site in, and does what is announced find its way?
//!
//! AWS takes most of these without a word: an association that announces nothing, a session that
//! never comes up, a gateway that refuses its second kind of neighbour after twenty minutes.

use ipnet::{IpNet, Ipv4Net};

use super::{direct_connect_limits, private_vpn};
use crate::aws::{DxConnection, DxGateway};
use crate::device;
use crate::plan::findings::Findings;
use crate::plan::world::World;
use crate::spec::{Asn, DirectConnectSide};

/// Gateways of VPCs and transit gateways that a Direct Connect gateway takes, and virtual interfaces
/// (Direct Connect quotas; none of them can be raised but the last).
const VPN_GATEWAYS: usize = 20;
const TRANSIT_GATEWAYS: usize = 6;
const INTERFACES: usize = 30;
/// Private and public, and transit virtual interfaces of a dedicated connection (Direct Connect
/// quotas).
const ON_PORT: usize = 50;
const TRANSIT_ON_PORT: usize = 4;

pub(super) fn check(world: &World<'_>, findings: &mut Findings<'_>) {
    let Some(wanted) = world.direct_connect() else {
        return;
    };
    router(world, findings);
    match wanted.private_vpn {
        None => announced(world, findings),
        Some(net) => private_vpn::check(world, net, findings),
    }
    if let Some(connection) = world.dx_connection() {
        port(world, wanted, connection, findings);
    }
    if let Some(gateway) = world.dx_gateway() {
        joined(world, gateway, findings);
    }
    asns(world, wanted, findings);
    direct_connect_limits::check(world, wanted, findings);
}

/// Whether the site's device can be told of a virtual interface: weeks before it has to be.
fn router(world: &World<'_>, findings: &mut Findings<'_>) {
    // A device that nobody knows is told elsewhere.
    let Ok(device) = device::find(&world.site.gateway.device) else {
        return;
    };
    if let Some(refusal) = device.refuse_direct_connect(world.site) {
        findings.refuse("preflight::dx_device", refusal.problem, refusal.help);
    }
}

/// What the connection can carry.
fn port(
    world: &World<'_>,
    wanted: &DirectConnectSide,
    connection: &DxConnection,
    findings: &mut Findings<'_>,
) {
    let id = &connection.id;
    if let Some(vlan) = connection.vlan.filter(|it| *it != wanted.vlan) {
        findings.refuse(
            "preflight::dx_vlan_fixed",
            format!(
                "{id} is a hosted connection of VLAN {vlan}, the site file says {}",
                wanted.vlan
            ),
            format!("write `aws.direct_connect.vlan: {vlan}`: the partner has chosen it"),
        );
    }
    // Before a port is up AWS does not say what it can.
    if wanted.mtu > 1500 && !connection.jumbo && connection.state.is("available") {
        findings.refuse(
            "preflight::dx_not_jumbo",
            format!("{id} carries no frames of {} bytes", wanted.mtu),
            "write `aws.direct_connect.mtu: 1500`, or leave it out",
        );
    }
    if wanted.mtu > 1500 {
        findings.warn(
            "preflight::dx_jumbo_beside_vpn",
            "where a prefix is reached over Direct Connect and over the VPN connection, AWS sends \
             packets of at most 1500 bytes"
                .to_owned(),
            "jumbo frames pay only where the VPN connection does not carry the same prefixes",
        );
    }
    let own = world.own_interface().map(|it| &it.id);
    let others: Vec<_> = world
        .dx_interfaces()
        .filter(|it| Some(&it.id) != own)
        .collect();
    let transit = others.iter().filter(|it| it.kind == "transit").count();
    let full = match connection.is_hosted() {
        true => !others.is_empty(),
        false if world.transit_target().is_some() => transit >= TRANSIT_ON_PORT,
        false => others.len() - transit >= ON_PORT,
    };
    if full && own.is_none() {
        let first = others
            .first()
            .map(|it| it.id.to_string())
            .unwrap_or_default();
        findings.refuse(
            "preflight::dx_port_full",
            format!("{id} has no room for another virtual interface: {first} and others are on it"),
            "a hosted connection carries one, a dedicated one 50 private or public and 4 transit \
             ones: use another connection, or delete one that nobody needs",
        );
    }
}

/// What the Direct Connect gateway is joined to already.
fn joined(world: &World<'_>, gateway: &DxGateway, findings: &mut Findings<'_>) {
    let id = &gateway.id;
    let to_transit = world.transit_target().is_some();
    let regional = world.regional_gateway();
    let others: Vec<_> = world
        .dx_associations()
        .filter(|it| Some(&it.associated) != regional.as_ref())
        .collect();
    let is_transit = |associated: &str| associated.starts_with("tgw-");
    if let Some(other) = others
        .iter()
        .find(|it| is_transit(&it.associated) != to_transit)
    {
        findings.refuse(
            "preflight::dx_gateway_mixed",
            format!(
                "{id} is joined to {}, and never takes both kinds of gateway",
                other.associated
            ),
            "leave `aws.direct_connect.gateway` out to have one made, or name another one",
        );
    }
    let most = if to_transit {
        TRANSIT_GATEWAYS
    } else {
        VPN_GATEWAYS
    };
    if others.len() >= most && world.dx_association().is_none() {
        findings.refuse(
            "preflight::dx_gateway_full",
            format!(
                "{id} is joined to {} gateways, and takes {most}",
                others.len()
            ),
            "leave `aws.direct_connect.gateway` out to have one made, or name another one",
        );
    }
    let interfaces = world
        .view
        .into_iter()
        .flat_map(|view| view.virtual_interfaces.values());
    let interfaces = interfaces.filter(|it| it.gateway.as_ref() == Some(id));
    if interfaces.filter(|it| !it.state.is_ending()).count() >= INTERFACES
        && world.own_interface().is_none()
    {
        findings.refuse(
            "preflight::dx_gateway_full",
            format!("{INTERFACES} virtual interfaces lead to {id}, and it takes no more"),
            "leave `aws.direct_connect.gateway` out to have one made, or name another one",
        );
    }
    if !to_transit {
        return;
    }
    let ours = world.allowed_prefixes();
    for other in others {
        let shared = other
            .allowed_prefixes
            .iter()
            .find_map(|theirs| match theirs {
                IpNet::V4(net) => ours.iter().find(|ours| overlap(**ours, *net)),
                IpNet::V6(_) => None,
            });
        if let Some(shared) = shared {
            findings.refuse(
                "preflight::dx_prefixes_overlap",
                format!(
                    "{shared} overlaps with what {id} announces for {}",
                    other.associated
                ),
                "transit gateways of one Direct Connect gateway announce prefixes that are apart: \
                 narrow `aws.direct_connect.allowed_prefixes`",
            );
        }
    }
}

fn overlap(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other) || other.contains(&one)
}

/// What AWS will announce, and whether anything of the VPC is in it.
fn announced(world: &World<'_>, findings: &mut Findings<'_>) {
    let allowed = world.allowed_prefixes();
    for net in &world.site.lan {
        if let Some(prefix) = allowed.iter().find(|it| overlap(**it, *net)) {
            findings.refuse(
                "preflight::dx_announces_lan",
                format!("AWS would announce {prefix} to the site, which is the site's own {net}"),
                "take it out of `aws.direct_connect.allowed_prefixes`",
            );
        }
    }
    let Some(vpc) = world.vpc else {
        return;
    };
    let missing: Vec<String> = vpc
        .cidrs
        .iter()
        .filter(|cidr| !allowed.iter().any(|it| it.contains(*cidr)))
        .map(ToString::to_string)
        .collect();
    // To a virtual private gateway the list is a filter for whole networks; to a transit gateway it
    // is what is announced, and may be a part.
    let none_left = missing.len() == vpc.cidrs.len();
    let parts = allowed
        .iter()
        .any(|it| vpc.cidrs.iter().any(|cidr| overlap(*it, *cidr)));
    let silent = match world.transit_target() {
        None => none_left,
        Some(_) => !parts,
    };
    if silent {
        findings.refuse(
            "preflight::dx_announces_nothing",
            format!(
                "AWS would announce nothing of {} to the site, and say nothing of it",
                vpc.id
            ),
            format!(
                "add {} to `aws.direct_connect.allowed_prefixes`, or leave the list out",
                missing.join(", ")
            ),
        );
    } else if !missing.is_empty() {
        findings.warn(
            "preflight::dx_announces_part",
            format!(
                "over Direct Connect the site does not learn {}",
                missing.join(", ")
            ),
            "what is not announced there goes through the VPN connection",
        );
    }
}

/// A Direct Connect gateway shares its ASN neither with the transit gateway nor with the site.
fn asns(world: &World<'_>, wanted: &DirectConnectSide, findings: &mut Findings<'_>) {
    let existing = world.dx_gateway().and_then(|it| it.amazon_side_asn);
    let asn: Asn = existing.unwrap_or(wanted.gateway_asn);
    let transit = world.transit_target().map(|_| {
        let existing = world.transit_gateway().and_then(|it| it.amazon_side_asn);
        existing.unwrap_or(world.site.aws.amazon_side_asn)
    });
    if transit == Some(asn) {
        findings.refuse(
            "preflight::dx_asn_of_transit_gateway",
            format!("the Direct Connect gateway and the transit gateway would both have AS{asn}"),
            "give the Direct Connect gateway another one: `aws.direct_connect.gateway_asn`",
        );
    }
    if world.site.gateway.asn == asn {
        findings.refuse(
            "preflight::dx_asn_of_site",
            format!("the Direct Connect gateway and the site would both have AS{asn}"),
            "give the Direct Connect gateway another one: `aws.direct_connect.gateway_asn`",
        );
    }
}
