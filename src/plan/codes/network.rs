//! Addresses, numbers and routes that preflight refuses or warns about.

use super::{Code, acceptable, refused};

pub(super) const CODES: &[Code] = &[
    refused(
        "preflight::amazon_asn_differs",
        "AWS's ASN is not the one asked for",
        "The VPC has a virtual private gateway already, and its number cannot be changed. The site \
         file asks for a different one in `aws.amazon_side_asn`.",
        "Nothing, if the router may use the gateway's number: the bundle has the right one. Write \
         it into the site file to be rid of the warning.",
    ),
    refused(
        "preflight::amazon_asn_range",
        "AWS's ASN is out of range",
        "A new virtual private gateway takes 64512 to 65534 or 4200000000 to 4294967294, the \
         private ranges of RFC 6996.",
        "Leave out `aws.amazon_side_asn`, or choose one in range that no site uses.",
    ),
    refused(
        "preflight::announces_default",
        "The site announces the default route",
        "`lan` has 0.0.0.0/0. Wherever the VPC's tables have no default route of their own, \
         everything in the VPC would leave through the site.",
        "List the networks that the site has, unless central egress is what you want.",
    ),
    refused(
        "preflight::asn_equal",
        "Both ends have one ASN",
        "The site and the virtual private gateway have the same autonomous system number. AWS \
         accepts that without a word; BGP treats the session as internal and it never comes up.",
        "Give the site another `gateway.asn`. The number of a gateway that exists is fixed; one \
         that is to be made takes `aws.amazon_side_asn`.",
    ),
    refused(
        "preflight::asn_refused",
        "AWS refuses this ASN",
        "7224 everywhere, and one more in each of three Regions, are numbers of AWS itself that \
         CreateCustomerGateway refuses.",
        "Use your own number, or a private one: 64512 to 65534.",
    ),
    refused(
        "preflight::asn_shared",
        "Another site on the gateway has the same ASN",
        "A virtual private gateway passes routes from site to site. A router refuses routes with \
         its own number in the path, so two sites with one number never reach each other, without \
         any error. Both reach the VPC.",
        "Give each site its own ASN if they shall reach each other; else ignore it.",
    ),
    refused(
        "preflight::default_route_wins",
        "A default route in the VPC wins over the site's",
        "The site announces 0.0.0.0/0 and a route table has a static default route, usually to an \
         Internet or NAT gateway. For equal prefixes what was written by hand wins.",
        "Remove the static route from the tables whose traffic shall leave through the site.",
    ),
    refused(
        "preflight::documentation_address",
        "The outside address is one of documentation",
        "192.0.2.0/24, 198.51.100.0/24 and 203.0.113.0/24 are for examples (RFC 5737). The sandbox \
         takes them; in AWS the tunnels would never come up.",
        "Set `gateway.outside_ip` to the router's public address.",
    ),
    refused(
        "preflight::inside_cidr_exhausted",
        "No inside CIDR is free",
        "Every /30 of 169.254.0.0/16 is in use on the gateway or the router, or covered by `lan`; \
         or the site file asks for the same one twice.",
        "Give the tunnels different ones, and keep 169.254.0.0/16 out of `lan`.",
    ),
    refused(
        "preflight::inside_cidr_taken",
        "The inside CIDR is in use",
        "Another connection on the same virtual private gateway or on the same router has this \
         /30. AWS refuses the first; the second leaves the router with one address twice.",
        "Leave out `inside_cidr` and a free one is chosen, the same one every time.",
    ),
    refused(
        "preflight::lan_overlaps_inside",
        "The site's network overlaps the tunnels' own",
        "The addresses inside the tunnels come out of 169.254.0.0/16. A site network there makes \
         the router answer itself.",
        "Leave link-local networks out of `lan`; leave out `inside_cidr`.",
    ),
    refused(
        "preflight::lan_overlaps_vpc",
        "The site and the VPC have addresses in common",
        "A VPC always delivers its own networks itself, whatever more specific route it learns. \
         Machines of the site with such addresses can never be reached from the VPC.",
        "Leave the network out of `lan`, renumber one side, or translate addresses on the router.",
    ),
    refused(
        "preflight::outside_address",
        "AWS cannot reach the router",
        "`gateway.outside_ip` is private, shared or reserved. AWS accepts it for private VPNs only \
         and sends packets for it nowhere.",
        "Set the public address. With a NAT in front of the router that is the NAT's, and the \
         router's own goes into `gateway.local_ip`.",
    ),
    acceptable(
        "preflight::prefix_announced",
        "Another connection has the network already",
        "A connection on the same gateway announces or routes a network that overlaps this \
         site's. The longer prefix, else the shorter path, takes all the traffic.",
        "Correct `lan`, or end the other connection. Accept it for two routers of one site.",
    ),
    refused(
        "preflight::route_left",
        "A static route to a network that the site file no longer names",
        "The site's connection still has a static route to a network that was taken out of `lan`. \
         Onboarding adds routes and removes none, so AWS goes on sending that traffic to the site.",
        "Delete the route with the command that the warning names, or list the network again.",
    ),
    acceptable(
        "preflight::route_shadowed",
        "A route that was written by hand wins over the site's",
        "A selected route table has a static route to a network of the site, or to a part of it. \
         It wins over what is propagated, so the traffic never enters the tunnel. AWS says nothing.",
        "Delete that route, or leave the table out of `aws.route_tables`. Accept it when it is \
         meant, such as during a migration.",
    ),
    refused(
        "preflight::route_taken_over",
        "Traffic that goes elsewhere today will use the VPN",
        "A wider static route covers a network of the site today. The propagated route is more \
         specific and wins as soon as the tunnels are up.",
        "Right when the site moves to the VPN. Otherwise find out whose the network is.",
    ),
    acceptable(
        "preflight::static_beats_bgp",
        "A static connection takes this site's traffic",
        "Another connection on the same gateway has a static route that overlaps this site's \
         networks. A virtual private gateway prefers static routes to BGP, whether or not the \
         other tunnel leads anywhere useful.",
        "Delete that route, or the connection if it is forgotten. Accept it during a migration.",
    ),
    refused(
        "preflight::static_beside_bgp",
        "Static routes beside a BGP connection",
        "The site uses static routes on a gateway on which another connection uses BGP. Where both \
         know a network, the static route wins.",
        "See that the other site announces none of these networks.",
    ),
    refused(
        "preflight::too_many_prefixes",
        "Too many networks",
        "A virtual private gateway takes 100 prefixes from a site, statically or by BGP, a transit \
         gateway 1000. With one more AWS ends the BGP session: the whole site goes dark.",
        "Summarise: announce 10.20.0.0/16 instead of its many parts.",
    ),
];
