//! Does a VPN connection over Direct Connect find its two ends, and nothing a way beside it?

use ipnet::{IpNet, Ipv4Net};

use super::address::overlap;
use crate::plan::findings::Findings;
use crate::plan::world::World;

/// `net` is the transit gateway's network that the tunnels' ends at AWS come out of.
pub(super) fn check(world: &World<'_>, net: Ipv4Net, findings: &mut Findings<'_>) {
    beside_the_tunnels(world, findings);
    apart(world, net, findings);
    let Some(gateway) = world.transit_gateway() else {
        return;
    };
    let has = |it: &IpNet| matches!(it, IpNet::V4(it) if it.contains(&net));
    if !gateway.cidrs.iter().any(has) {
        findings.refuse(
            "preflight::dx_no_transit_network",
            format!(
                "{} has no network {net} of its own: AWS would have no addresses for the tunnels",
                gateway.id
            ),
            format!(
                "add it: `aws ec2 modify-transit-gateway --transit-gateway-id {} --options \
                 AddTransitGatewayCidrBlocks={net}`, or name one that it has",
                gateway.id
            ),
        );
    }
}

/// A VPC's network that AWS announces over Direct Connect itself is reached in clear.
fn beside_the_tunnels(world: &World<'_>, findings: &mut Findings<'_>) {
    let Some(vpc) = world.vpc else {
        return;
    };
    for prefix in world.allowed_prefixes() {
        if let Some(cidr) = vpc.cidrs.iter().find(|it| overlap(**it, prefix)) {
            findings.refuse(
                "preflight::dx_beside_tunnels",
                format!(
                    "AWS would announce {prefix} over Direct Connect itself, and {cidr} of {} \
                     would be reached in clear",
                    vpc.id
                ),
                "take it out of `aws.direct_connect.allowed_prefixes`: the VPC's networks are \
                 learned inside the tunnels",
            );
        }
    }
}

/// Neither end of a tunnel may lie in what the tunnels carry.
fn apart(world: &World<'_>, net: Ipv4Net, findings: &mut Findings<'_>) {
    let end = Ipv4Net::from(world.site.gateway.outside_ip);
    let cidrs = world.vpc.into_iter().flat_map(|vpc| &vpc.cidrs);
    for cidr in cidrs {
        for (ours, what) in [
            (net, "the transit gateway's network"),
            (end, "the router's address"),
        ] {
            if overlap(*cidr, ours) {
                findings.refuse(
                    "preflight::dx_ends_in_vpc",
                    format!("{what} {ours} overlaps {cidr} of {}", world.site.aws.vpc),
                    "give it a network that nothing else uses: what the tunnels carry must not \
                     lead to their own ends",
                );
            }
        }
    }
}
