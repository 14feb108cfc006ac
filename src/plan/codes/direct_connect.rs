//! The refusals and warnings about Direct Connect.

use super::{Code, acceptable, refused};

pub(super) const CODES: &[Code] = &[
    refused(
        "preflight::dx_vlan_taken",
        "The VLAN is another virtual interface's",
        "A VLAN of a connection is one virtual interface's, and AWS refuses a second one with it.",
        "Choose another VLAN, which the location's switch has to carry as well.",
    ),
    refused(
        "preflight::dx_addresses_taken",
        "The link's network is in use",
        "The addresses of a virtual interface's two ends lie in a network that the site, the VPC, a \
         tunnel or another virtual interface of the connection has as well. AWS takes them, and the \
         router has two ways to one address.",
        "Leave `aws.direct_connect.addresses` out: AWS chooses them.",
    ),
    refused(
        "preflight::dx_too_many_networks",
        "The site has more networks than a virtual interface takes",
        "AWS takes 100 networks in one session. With one more it ends the session, and the site is left \
         to the tunnels.",
        "Summarise the site's networks.",
    ),
    refused(
        "preflight::dx_too_many_prefixes",
        "More prefixes than AWS announces",
        "Of one transit gateway AWS announces 200 prefixes over a virtual interface.",
        "Summarise the allowed prefixes.",
    ),
    acceptable(
        "preflight::quota_dx_gateways",
        "There is no room for another Direct Connect gateway",
        "An account has 200 Direct Connect gateways unless more were asked for.",
        "Use one that is there, or ask for more. Accept this if the quota has been raised.",
    ),
    refused(
        "preflight::dx_gateway_asn",
        "A Direct Connect gateway has a private ASN",
        "AWS makes one with 64512 to 65534, or with 4200000000 to 4294967294, and with nothing else.",
        "Choose a private ASN, and not that of the transit gateway.",
    ),
    acceptable(
        "preflight::dx_in_no_table",
        "Direct Connect would be in no route table",
        "The attachment of a Direct Connect gateway comes with its association and goes by the transit \
         gateway's default tables. Where the transit gateway has none, it carries nothing, without any \
         error.",
        "Let the transit gateway have default tables. Accept this if somebody associates and propagates \
         the attachment.",
    ),
    refused(
        "preflight::dx_other_table",
        "The two ways are in different route tables",
        "The site file names tables for the VPN connection, and the Direct Connect gateway's attachment \
         goes by the transit gateway's defaults. What only one of them learns is lost when the other \
         one takes over.",
        "Give both attachments the same tables.",
    ),
    refused(
        "preflight::dx_tunnels_win",
        "The tunnels win although Direct Connect is preferred",
        "Over Direct Connect AWS announces the allowed prefixes as they are written, through the tunnels \
         the VPC's own networks. Where the former are wider, the longer prefix wins, whatever is \
         preferred, and Direct Connect is paid for and not used.",
        "List the VPC's own networks, or leave `aws.direct_connect.allowed_prefixes` out.",
    ),
    refused(
        "preflight::dx_no_transit_network",
        "The transit gateway has no network for the tunnels' ends",
        "The outside addresses of a VPN connection over Direct Connect come out of a CIDR block of the \
         transit gateway's own. One that is made for the site gets it; one that exists is changed by \
         whoever it belongs to.",
        "Add the block to the transit gateway, or name one that it has.",
    ),
    refused(
        "preflight::dx_beside_tunnels",
        "Traffic would pass beside the tunnels",
        "Over a Direct Connect that carries tunnels AWS shall announce where they end, and nothing \
         else: a network that is announced as well is reached without encryption, because it is the \
         same prefix or a longer one.",
        "Leave `aws.direct_connect.allowed_prefixes` out.",
    ),
    refused(
        "preflight::dx_ends_in_vpc",
        "A tunnel's end lies in what the tunnel carries",
        "The transit gateway's network and the router's private address must not overlap with a \
         network of the VPC's: the way to the end of a tunnel would lead into the tunnel.",
        "Use networks that nothing else has.",
    ),
    refused(
        "preflight::dx_vlan_fixed",
        "A hosted connection has a VLAN of its own",
        "The partner who provides a hosted connection chooses its VLAN, and AWS refuses a virtual \
         interface with another one.",
        "Write the connection's VLAN into the site file.",
    ),
    refused(
        "preflight::dx_not_jumbo",
        "The connection carries no jumbo frames",
        "A virtual interface with an MTU of more than 1500 bytes needs a connection that can, and \
         this one says that it cannot.",
        "Use an MTU of 1500.",
    ),
    refused(
        "preflight::dx_jumbo_beside_vpn",
        "Jumbo frames do not pay beside a VPN connection",
        "Where the same prefix is reached over a virtual interface with jumbo frames and over a VPN \
         connection, AWS uses an MTU of 1500.",
        "Leave the MTU at 1500, or announce other prefixes through the VPN connection.",
    ),
    refused(
        "preflight::dx_port_full",
        "The connection has no room for another virtual interface",
        "A hosted connection carries one virtual interface; a dedicated one 50 private or public and \
         4 transit ones.",
        "Use another connection, or delete a virtual interface that nobody needs.",
    ),
    refused(
        "preflight::dx_gateway_mixed",
        "A Direct Connect gateway takes one kind of gateway",
        "It is joined to virtual private gateways or to transit gateways, never to both.",
        "Have a Direct Connect gateway made for the site, or name another one.",
    ),
    refused(
        "preflight::dx_gateway_full",
        "The Direct Connect gateway is full",
        "It takes 20 virtual private gateways or 6 transit gateways, and 30 virtual interfaces.",
        "Have a Direct Connect gateway made for the site, or name another one.",
    ),
    refused(
        "preflight::dx_prefixes_overlap",
        "Two transit gateways would announce the same prefix",
        "What the transit gateways of one Direct Connect gateway announce must not overlap.",
        "Narrow `aws.direct_connect.allowed_prefixes`.",
    ),
    refused(
        "preflight::dx_announces_lan",
        "AWS would announce the site's own network to it",
        "An allowed prefix overlaps with the site's networks: with a transit gateway AWS announces it \
         whether it has a route or not, and the router would send its own network to AWS.",
        "Take the prefix out of the list.",
    ),
    refused(
        "preflight::dx_announces_nothing",
        "AWS would announce nothing to the site",
        "With a virtual private gateway the allowed prefixes are a filter: one as wide as the VPC's \
         network, or wider, lets it through, and a narrower one lets nothing through. With a transit \
         gateway they are what is announced. Either way nothing of the VPC would be, without any error.",
        "Leave `aws.direct_connect.allowed_prefixes` out, or list the VPC's networks.",
    ),
    refused(
        "preflight::dx_announces_part",
        "A part of the VPC is not reached over Direct Connect",
        "Not all of the VPC's networks are among the allowed prefixes.",
        "Add the rest, unless it shall go through the VPN connection.",
    ),
    refused(
        "preflight::dx_asn_of_transit_gateway",
        "Two gateways have one ASN",
        "A Direct Connect gateway cannot be joined to a transit gateway that has the same ASN.",
        "Give the Direct Connect gateway another one; AWS's default is the same for both.",
    ),
    refused(
        "preflight::dx_asn_of_site",
        "The Direct Connect gateway has the site's ASN",
        "Two ends of one BGP session with the same ASN do not exchange what the other side of either \
         has to learn.",
        "Give the Direct Connect gateway another one.",
    ),
    refused(
        "preflight::dx_device",
        "The device gets no end of the virtual interface",
        "The site file lacks what the device needs for its end, or no configuration of a Direct \
         Connect is written for this device.",
        "Add what is named, or let another router of the site end both.",
    ),
    acceptable(
        "preflight::dx_no_longer_named",
        "The site has a Direct Connect that its file does not name",
        "The site file says nothing of it any more. It goes on carrying the site's traffic, and \
         billing; to have a port back takes weeks.",
        "Write it into the site file again. Accept the refusal to remove all of it and keep the VPN.",
    ),
];
