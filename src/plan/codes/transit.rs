//! The refusals about transit gateways.

use super::{Code, acceptable, refused};

pub(super) const CODES: &[Code] = &[
    refused(
        "preflight::device_no_ecmp",
        "The router would not use both tunnels together",
        "`aws.transit.ecmp` wants both tunnels to carry at once. AWS would send through both, and \
         what underpass writes for this router answers through one: half of the bandwidth at \
         most, and a firewall that keeps states per interface may drop the rest.",
        "Remove `ecmp`, or use a router whose files spread traffic: those with strongSwan or libreswan \
         on Linux, and VyOS.",
    ),
    refused(
        "preflight::transit_gateway_not_found",
        "There is no such transit gateway",
        "The id or the tag in `aws.attach_to` fits no living transit gateway that this account sees \
         in the Region. One of another account is seen only when it is shared through AWS RAM, and \
         its tags are not.",
        "Correct the id, or have the gateway's owner share it.",
    ),
    refused(
        "preflight::transit_gateway_ambiguous",
        "Several transit gateways carry the tag",
        "`aws.attach_to` names a tag, and more than one transit gateway carries it.",
        "Name the one that is meant by its id.",
    ),
    refused(
        "preflight::transit_subnet_not_found",
        "A subnet is not one of the VPC",
        "`aws.transit.subnets` names a subnet that does not exist or that belongs to another VPC.",
        "Correct the id, or leave the list out.",
    ),
    refused(
        "preflight::transit_subnets_share_zone",
        "Two subnets are in one availability zone",
        "A VPC's attachment to a transit gateway has one subnet per availability zone.",
        "Keep one of them.",
    ),
    refused(
        "preflight::transit_no_subnet",
        "The VPC has no subnet for its attachment",
        "A transit gateway reaches a VPC through an address in a subnet of each availability zone, \
         and no subnet of this VPC has a free one.",
        "Make a small subnet, a /28 is enough, in each availability zone that the site shall reach.",
    ),
    refused(
        "preflight::transit_no_association",
        "The connection would look routes up nowhere",
        "The transit gateway's default association is switched off, so a new connection belongs to \
         no route table and everything that comes through it is dropped.",
        "Name the table in `aws.transit.route_table`.",
    ),
    refused(
        "preflight::transit_no_propagation",
        "Nobody would learn the site's routes",
        "The transit gateway's default propagation is switched off, so what the site announces by BGP \
         stays in no route table.",
        "Name the tables in `aws.transit.propagate_to`.",
    ),
    refused(
        "preflight::transit_no_static_table",
        "There is no table for the site's static routes",
        "Static routes go into the table in which the VPC's attachment looks them up. It has none, \
         and the transit gateway has no default one.",
        "Associate the VPC's attachment with a table, or use BGP.",
    ),
    refused(
        "preflight::transit_table_not_found",
        "A route table is not one of the transit gateway",
        "`aws.transit` names a route table that does not exist, is another gateway's, or is not shown \
         to this account because the gateway is shared.",
        "Correct the id; with a shared gateway ask its owner to associate and propagate.",
    ),
    acceptable(
        "preflight::quota_transit_gateways",
        "No room for another transit gateway",
        "An account has 5 transit gateways per Region by default, and the site file asks for one to \
         be made.",
        "Use one that is there, which is what they are for, or ask for more in Service Quotas. If \
         your quota has been raised, accept this.",
    ),
    refused(
        "preflight::transit_prefix_taken",
        "The transit gateway leads elsewhere for one of the site's networks",
        "In the table in which the VPC's attachment looks routes up, a static route or another \
         attachment's learned one has a network of the site, or a part of it. A static route wins \
         over BGP, and of two learned ones AWS takes either.",
        "Delete that route, or correct `lan`.",
    ),
    refused(
        "preflight::transit_no_ecmp",
        "The transit gateway does not use equal routes together",
        "`aws.transit.ecmp` wants both tunnels to carry at once, and the gateway's VPN ECMP support \
         is switched off.",
        "Switch it on, or remove `ecmp`.",
    ),
    refused(
        "preflight::transit_vpc_looks_elsewhere",
        "The VPC looks routes up where the site's are not learned",
        "The VPC's attachment is associated with a route table into which the connection does not \
         propagate: the VPC would have no way back to the site unless somebody writes routes there.",
        "Add the table to `aws.transit.propagate_to`.",
    ),
];
