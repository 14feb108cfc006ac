//! EC2's shapes → ours, for networks and gateways.
//!
//! Tolerant: what does not parse is left out, what is missing is none, and words that nobody knows
//! are kept as they are, but for characters that would move a cursor. Nothing that AWS may answer
//! makes this fail.

use aws_sdk_ec2::types as ec2;

use super::model::{Attachment, CustomerGateway, Route, RouteTable, State, Tags, Vpc, VpnGateway};
use crate::limits;
use crate::spec::{Asn, one_line};

/// A text that may be shown: one line, bounded.
///
/// A tag keeps its look and not its hostile characters: as none of ours has any, a tag that was
/// only made to look like one of ours never equals it.
pub(super) fn shown(text: &str) -> String {
    one_line(text, limits::ANSWER_TEXT)
}

/// A value of our own type from a text that may be missing, empty or odd.
pub(super) fn parsed<T: std::str::FromStr>(text: Option<&str>) -> Option<T> {
    text.map(str::trim).and_then(|text| text.parse().ok())
}

pub(super) fn tags(list: &[ec2::Tag]) -> Tags {
    list.iter()
        .filter_map(|tag| {
            let value = tag.value().unwrap_or_default();
            Some((shown(tag.key()?), shown(value)))
        })
        .collect()
}

/// A state; one that AWS leaves out is `unknown`, which waits.
pub(super) fn state(word: Option<&str>) -> State {
    State::new(&shown(word.map_or("unknown", str::trim)))
}

pub(super) fn vpc(vpc: &ec2::Vpc) -> Option<Vpc> {
    let further = vpc.cidr_block_association_set().iter().filter(|block| {
        let state = block
            .cidr_block_state()
            .and_then(ec2::VpcCidrBlockState::state);
        state.is_none_or(|state| state.as_str() == "associated")
    });
    let mut cidrs = Vec::new();
    let texts = std::iter::once(vpc.cidr_block())
        .chain(further.map(ec2::VpcCidrBlockAssociation::cidr_block));
    for cidr in texts.filter_map(parsed) {
        if !cidrs.contains(&cidr) {
            cidrs.push(cidr);
        }
    }
    Some(Vpc {
        id: parsed(vpc.vpc_id())?,
        cidrs,
        tags: tags(vpc.tags()),
    })
}

pub(super) fn route_table(table: &ec2::RouteTable) -> Option<RouteTable> {
    let main = table.associations().iter().any(|association| {
        let state = association
            .association_state()
            .and_then(ec2::RouteTableAssociationState::state);
        association.main() == Some(true) && state.is_none_or(|state| state.as_str() == "associated")
    });
    Some(RouteTable {
        id: parsed(table.route_table_id())?,
        vpc: parsed(table.vpc_id())?,
        main,
        routes: table.routes().iter().map(route).collect(),
        propagating: table
            .propagating_vgws()
            .iter()
            .filter_map(|gateway| parsed(gateway.gateway_id()))
            .collect(),
        tags: tags(table.tags()),
    })
}

fn route(route: &ec2::Route) -> Route {
    let target = [
        route.gateway_id(),
        route.nat_gateway_id(),
        route.transit_gateway_id(),
        route.vpc_peering_connection_id(),
        route.instance_id(),
        route.network_interface_id(),
        route.egress_only_internet_gateway_id(),
        route.local_gateway_id(),
        route.carrier_gateway_id(),
        route.core_network_arn(),
        route.odb_network_arn(),
        route.ip_address(),
    ];
    let mut targets = target.into_iter().flatten().map(str::trim);
    let target = targets.find(|id| !id.is_empty());
    let destination = route
        .destination_cidr_block()
        .or_else(|| route.destination_ipv6_cidr_block());
    Route {
        destination: parsed(destination),
        target: shown(target.unwrap_or("unknown")),
        propagated: route
            .origin()
            .is_some_and(|origin| origin.as_str() == "EnableVgwRoutePropagation"),
        state: state(route.state().map(ec2::RouteState::as_str)),
    }
}

pub(super) fn vpn_gateway(gateway: &ec2::VpnGateway) -> Option<VpnGateway> {
    Some(VpnGateway {
        id: parsed(gateway.vpn_gateway_id())?,
        state: state(gateway.state().map(ec2::VpnState::as_str)),
        amazon_side_asn: gateway
            .amazon_side_asn()
            .and_then(|asn| u32::try_from(asn).ok())
            .and_then(|asn| Asn::try_from(asn).ok()),
        attachments: gateway
            .vpc_attachments()
            .iter()
            .filter_map(|attachment| {
                Some(Attachment {
                    vpc: parsed(attachment.vpc_id())?,
                    state: state(attachment.state().map(ec2::AttachmentStatus::as_str)),
                })
            })
            .collect(),
        tags: tags(gateway.tags()),
    })
}

pub(super) fn customer_gateway(gateway: &ec2::CustomerGateway) -> Option<CustomerGateway> {
    // Both members are strings; a 4-byte ASN comes in the extended one.
    let asn = parsed::<u32>(gateway.bgp_asn_extended()).or_else(|| parsed(gateway.bgp_asn()));
    Some(CustomerGateway {
        id: parsed(gateway.customer_gateway_id())?,
        state: state(gateway.state()),
        ip_address: parsed(gateway.ip_address()),
        bgp_asn: asn.and_then(|asn| Asn::try_from(asn).ok()),
        device_name: gateway
            .device_name()
            .filter(|name| !name.is_empty())
            .map(shown),
        tags: tags(gateway.tags()),
    })
}
