//! Addresses and networks that cannot be told apart, or that AWS never reaches.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};

use crate::plan::findings::Findings;
use crate::plan::world::{World, maker};

/// Prefixes that a virtual private gateway takes from a site; one more and AWS ends the BGP
/// session (AWS VPN guide, quotas; the same number of static routes).
pub(super) const MOST_PREFIXES: usize = 100;

/// Prefixes that a transit gateway takes from a site (AWS VPN guide, quotas).
const MOST_TRANSIT_PREFIXES: usize = 1000;

/// Where the tunnels' inside CIDRs come from.
pub(super) const LINK_LOCAL: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 0, 0), 16);

/// What AWS can never send a packet to over the Internet (RFC 6890 and the RFCs it lists).
const NOT_PUBLIC: [(&str, &str); 9] = [
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "of a carrier's NAT"),
    ("127.0.0.0/8", "loopback"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.168.0.0/16", "private"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
];

/// Networks that only documentation uses (RFC 5737): right in an example, wrong in a plant.
const DOCUMENTATION: [&str; 3] = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"];

pub(super) fn check(world: &World<'_>, findings: &mut Findings<'_>) {
    // Over Direct Connect it is private, and the site file's own check.
    if world.site.aws.private_vpn().is_none() {
        outside_address(world.site.gateway.outside_ip, findings);
    }
    lan_against_vpc(world, findings);
    lan_against_tunnels(world, findings);
    inside_cidrs(world, findings);
    prefix_count(world, findings);
    shared_device(world, findings);
}

/// Whether two networks have an address in common.
pub(super) fn overlap(a: Ipv4Net, b: Ipv4Net) -> bool {
    a.contains(&b.network()) || b.contains(&a.network())
}

fn within(address: Ipv4Addr, net: &str) -> bool {
    net.parse::<Ipv4Net>()
        .is_ok_and(|net| net.contains(&address))
}

fn outside_address(address: Ipv4Addr, findings: &mut Findings<'_>) {
    if let Some((net, what)) = NOT_PUBLIC.iter().find(|(net, _)| within(address, net)) {
        findings.refuse(
            "preflight::outside_address",
            format!("AWS cannot reach {address}: {net} is {what}"),
            "set `gateway.outside_ip` to the public address; if a NAT stands in front of the \
             router, that of the NAT, and the router's own as `gateway.local_ip`",
        );
    }
    if DOCUMENTATION.iter().any(|net| within(address, net)) {
        findings.warn(
            "preflight::documentation_address",
            format!("{address} is an address of documentation: no router in the world has it"),
            "fine in the sandbox; set `gateway.outside_ip` before you onboard a real site",
        );
    }
}

fn lan_against_vpc(world: &World<'_>, findings: &mut Findings<'_>) {
    let Some(vpc) = world.vpc else { return };
    let locals = world
        .route_tables
        .iter()
        .flat_map(|table| &table.routes)
        .filter(|route| route.target == "local")
        .filter_map(|route| match route.destination {
            Some(IpNet::V4(net)) => Some(net),
            _ => None,
        });
    let mut cidrs: Vec<Ipv4Net> = vpc.cidrs.iter().copied().chain(locals).collect();
    cidrs.sort();
    cidrs.dedup();
    for lan in world.site.lan.iter().filter(|lan| lan.prefix_len() > 0) {
        for cidr in cidrs.iter().filter(|cidr| overlap(**cidr, *lan)) {
            findings.refuse(
                "preflight::lan_overlaps_vpc",
                format!("the site's {lan} overlaps {cidr} of {}", vpc.id),
                "inside a VPC its own networks always win, so these machines cannot be reached: \
                 renumber one side or leave the network out of `lan`",
            );
        }
    }
}

fn lan_against_tunnels(world: &World<'_>, findings: &mut Findings<'_>) {
    let wished = world.site.tunnels.iter().filter_map(|it| it.inside_cidr);
    let wished: Vec<_> = wished.collect();
    for lan in world.site.lan.iter().filter(|lan| lan.prefix_len() > 0) {
        if let Some(cidr) = wished.iter().find(|cidr| overlap(cidr.net(), *lan)) {
            findings.refuse(
                "preflight::lan_overlaps_inside",
                format!("the site's {lan} overlaps the tunnel's inside CIDR {cidr}"),
                "leave out `inside_cidr` and a free one is chosen",
            );
        } else if overlap(LINK_LOCAL, *lan) {
            findings.refuse(
                "preflight::lan_overlaps_inside",
                format!("the site's {lan} overlaps {LINK_LOCAL}, where the tunnels live"),
                "announce only networks that machines really have",
            );
        }
    }
}

fn inside_cidrs(world: &World<'_>, findings: &mut Findings<'_>) {
    let taken = world.inside_cidrs_in_use();
    for (index, wishes) in world.site.tunnels.iter().enumerate() {
        let Some(wished) = wishes.inside_cidr else {
            continue;
        };
        if let Some(other) = taken.get(&wished) {
            findings.refuse(
                "preflight::inside_cidr_taken",
                format!(
                    "{wished} of tunnel {} is in use by {} ({})",
                    index + 1,
                    other.id,
                    maker(&other.tags)
                ),
                "inside CIDRs are unique per gateway and per router: leave out `inside_cidr` and \
                 a free one is chosen",
            );
        }
    }
}

fn prefix_count(world: &World<'_>, findings: &mut Findings<'_>) {
    let count = world.site.lan.len();
    let (most, gateway) = match world.transit_target() {
        None => (MOST_PREFIXES, "virtual private gateway"),
        Some(_) => (MOST_TRANSIT_PREFIXES, "transit gateway"),
    };
    if count > most {
        findings.refuse(
            "preflight::too_many_prefixes",
            format!("the site has {count} networks, a {gateway} takes {most}"),
            "summarise them: with one too many AWS ends the BGP session of the whole site",
        );
    }
}

fn shared_device(world: &World<'_>, findings: &mut Findings<'_>) {
    for other in world.device_neighbours() {
        findings.warn(
            "preflight::device_shared",
            format!(
                "{} ({}) ends on {} too",
                other.id,
                maker(&other.tags),
                world.site.gateway.outside_ip
            ),
            "fine when it is the same router: the inside CIDRs are kept apart; its configuration \
             must then hold both connections",
        );
    }
}
