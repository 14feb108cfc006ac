//! How much a Direct Connect takes, and what of it is taken already.
//!
//! AWS refuses the few; of the rest it says nothing, and a session ends or a path is never used.

use ipnet::{IpNet, Ipv4Net};

use super::address::overlap;
use crate::plan::findings::Findings;
use crate::plan::world::World;
use crate::spec::{DirectConnectSide, LinkAddresses};

/// Networks that AWS takes from the site in one session; one more and it ends it, all sites' traffic
/// with it (Direct Connect quotas).
const FROM_SITE: usize = 100;
/// Prefixes that AWS announces of one transit gateway (Direct Connect quotas).
const OF_TRANSIT_GATEWAY: usize = 200;
/// Direct Connect gateways of an account (Direct Connect quotas).
const GATEWAYS: usize = 200;

pub(super) fn check(world: &World<'_>, wanted: &DirectConnectSide, findings: &mut Findings<'_>) {
    vlan(world, wanted, findings);
    if let Some(link) = wanted.addresses {
        addresses(world, link, findings);
    }
    counts(world, wanted, findings);
    new_gateway(world, wanted, findings);
    if world.transit_target().is_some() {
        tables(world, findings);
        longer_prefixes(world, wanted, findings);
    }
}

/// A VLAN is one virtual interface's.
fn vlan(world: &World<'_>, wanted: &DirectConnectSide, findings: &mut Findings<'_>) {
    let own = world.own_interface().map(|it| &it.id);
    let mut others = world.dx_interfaces().filter(|it| Some(&it.id) != own);
    if let Some(other) = others.find(|it| it.vlan == Some(wanted.vlan)) {
        findings.refuse(
            "preflight::dx_vlan_taken",
            format!(
                "VLAN {} is that of {} ({})",
                wanted.vlan, other.id, other.name
            ),
            "choose another `aws.direct_connect.vlan`, or delete that virtual interface if nobody \
             needs it",
        );
    }
}

/// The link's network is the link's alone.
fn addresses(world: &World<'_>, link: LinkAddresses, findings: &mut Findings<'_>) {
    let net = link.router.trunc();
    let lan = world
        .site
        .lan
        .iter()
        .map(|it| (*it, "the site's".to_owned()));
    let vpc = world.vpc.into_iter();
    let vpc = vpc.flat_map(|vpc| vpc.cidrs.iter().map(|it| (*it, format!("{}'s", vpc.id))));
    let inside = world.site.tunnels.iter().filter_map(|it| it.inside_cidr);
    let inside = inside.map(|it| (it.net(), "a tunnel's".to_owned()));
    let own = world.own_interface().map(|it| &it.id);
    let others = world.dx_interfaces().filter(|it| Some(&it.id) != own);
    let others = others.flat_map(|it| {
        let nets = it.peers.iter().filter_map(|peer| peer.amazon_address);
        nets.filter_map(|net| match net {
            IpNet::V4(net) => Some((net.trunc(), it.id.to_string())),
            IpNet::V6(_) => None,
        })
    });
    let mut taken = lan.chain(vpc).chain(inside).chain(others);
    if let Some((other, whose)) = taken.find(|(other, _)| overlap(*other, net)) {
        findings.refuse(
            "preflight::dx_addresses_taken",
            format!("the link's {net} overlaps {other}, which is {whose}"),
            "give the link a network of its own in `aws.direct_connect.addresses`, or leave it out: \
             AWS chooses one",
        );
    }
}

fn counts(world: &World<'_>, wanted: &DirectConnectSide, findings: &mut Findings<'_>) {
    let lan = world.site.lan.len();
    if wanted.private_vpn.is_none() && lan > FROM_SITE {
        findings.refuse(
            "preflight::dx_too_many_networks",
            format!("the site has {lan} networks, and a virtual interface takes {FROM_SITE}"),
            "summarise them: with one more AWS ends the session",
        );
    }
    let allowed = world.allowed_prefixes().len();
    if world.transit_target().is_some() && allowed > OF_TRANSIT_GATEWAY {
        findings.refuse(
            "preflight::dx_too_many_prefixes",
            format!(
                "{allowed} prefixes are to be announced, and of one transit gateway AWS announces \
                 {OF_TRANSIT_GATEWAY}"
            ),
            "summarise them in `aws.direct_connect.allowed_prefixes`",
        );
    }
}

/// What AWS asks of a Direct Connect gateway that is to be made.
fn new_gateway(world: &World<'_>, wanted: &DirectConnectSide, findings: &mut Findings<'_>) {
    let Some(view) = world.view.filter(|_| wanted.gateway.is_none()) else {
        return;
    };
    if world.dx_gateway().is_some() {
        return;
    }
    let gateways = view.dx_gateways.values();
    let live = gateways.filter(|it| !it.state.is_ending()).count();
    if live >= GATEWAYS {
        findings.refuse(
            "preflight::quota_dx_gateways",
            format!("{live} Direct Connect gateways are in use, the default quota is {GATEWAYS}"),
            "name one that is there in `aws.direct_connect.gateway`, ask for more, or accept this if \
             yours has been raised",
        );
    }
    let asn = wanted.gateway_asn;
    if !asn.is_private() {
        findings.refuse(
            "preflight::dx_gateway_asn",
            format!("a new Direct Connect gateway cannot have the ASN {asn}"),
            "choose a private one: 64512 to 65534, or 4200000000 to 4294967294",
        );
    }
}

/// The Direct Connect gateway's attachment goes by the transit gateway's defaults: nobody else puts it
/// anywhere. The VPN connection has to see the same routes, or one cannot stand in for the other.
fn tables(world: &World<'_>, findings: &mut Findings<'_>) {
    let Some(gateway) = world.transit_gateway() else {
        return;
    };
    if world.dx_association().is_none() {
        let missing = match (&gateway.association_table, &gateway.propagation_table) {
            (None, _) => Some("associates no attachment with a table by itself"),
            (_, None) => Some("propagates no attachment's routes by itself"),
            _ => None,
        };
        if let Some(missing) = missing {
            findings.refuse(
                "preflight::dx_in_no_table",
                format!("{} {missing}: Direct Connect would carry nothing", gateway.id),
                "accept this if you associate and propagate the Direct Connect gateway's attachment \
                 yourself, once it is there",
            );
        }
    }
    let transit = &world.site.aws.transit;
    let elsewhere = transit.route_table.as_ref();
    let elsewhere = elsewhere.filter(|it| gateway.association_table.as_ref() != Some(it));
    let spread = gateway.propagation_table.as_ref();
    let spread =
        spread.filter(|it| !transit.propagate_to.is_empty() && !transit.propagate_to.contains(it));
    if let Some(table) = elsewhere.or(spread) {
        findings.warn(
            "preflight::dx_other_table",
            format!(
                "the VPN connection and Direct Connect do not meet in {table}: the latter goes by the \
                 defaults of {}",
                gateway.id
            ),
            "give the Direct Connect gateway's attachment the same tables, or the two ways see \
             different routes",
        );
    }
}

/// Whatever is preferred, the longest prefix wins: the VPC's own come through the tunnels.
fn longer_prefixes(world: &World<'_>, wanted: &DirectConnectSide, findings: &mut Findings<'_>) {
    let Some(vpc) = world.vpc.filter(|_| wanted.private_vpn.is_none()) else {
        return;
    };
    let allowed = world.allowed_prefixes();
    let wider = |cidr: &Ipv4Net| {
        let mut holding = allowed.iter().filter(|it| it.contains(cidr));
        // The longest of them decides.
        let holds = holding.clone().next().is_some();
        holds && holding.all(|it| it != cidr)
    };
    let won: Vec<String> = vpc
        .cidrs
        .iter()
        .filter(|it| wider(it))
        .map(ToString::to_string)
        .collect();
    if !won.is_empty() {
        findings.warn(
            "preflight::dx_tunnels_win",
            format!(
                "{} goes through the tunnels for good: over Direct Connect AWS announces only what is \
                 wider, and the longer prefix wins",
                won.join(", ")
            ),
            format!(
                "add {} to `aws.direct_connect.allowed_prefixes`, or leave the list out",
                won.join(", ")
            ),
        );
    }
}
