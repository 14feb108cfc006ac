//! Autonomous system numbers with which BGP never comes up, or drops routes without a word.

use crate::plan::findings::Findings;
use crate::plan::world::{World, maker};
use crate::spec::{Asn, Routing};

/// Numbers that AWS refuses for a customer gateway, everywhere or in one Region (AWS VPN guide,
/// customer gateway options): they are its own.
const REFUSED: [(u32, Option<&str>); 4] = [
    (7224, None),
    (9059, Some("eu-west-1")),
    (10124, Some("ap-northeast-1")),
    (17943, Some("ap-southeast-1")),
];

pub(super) fn check(world: &World<'_>, findings: &mut Findings<'_>) {
    refused_by_aws(world, findings);
    if world.gateway.is_none() {
        amazon_side(world.site.aws.amazon_side_asn, findings);
    }
    if world.site.routing == Routing::Bgp {
        equal(world, findings);
        other_than_asked(world, findings);
        shared(world, findings);
    }
}

fn refused_by_aws(world: &World<'_>, findings: &mut Findings<'_>) {
    let (asn, region) = (world.site.gateway.asn, world.site.region.as_str());
    let refused = REFUSED
        .iter()
        .any(|(number, only)| asn.get() == *number && only.is_none_or(|only| only == region));
    if refused {
        findings.refuse(
            "preflight::asn_refused",
            format!("AWS refuses the ASN {asn} for a customer gateway in {region}: it is its own"),
            "use your own number, or a private one: 64512 to 65534",
        );
    }
}

/// What `CreateVpnGateway` takes for `AmazonSideAsn` is what RFC 6996 calls private.
fn amazon_side(asn: Asn, findings: &mut Findings<'_>) {
    if !asn.is_private() {
        findings.refuse(
            "preflight::amazon_asn_range",
            format!("a new virtual private gateway cannot have the ASN {asn}"),
            "set `aws.amazon_side_asn` within 64512 to 65534 or 4200000000 to 4294967294",
        );
    }
}

/// AWS's ASN as it will be: that of the gateway that exists, else the one asked for.
fn aws_asn(world: &World<'_>) -> Asn {
    let private = world.gateway.and_then(|gateway| gateway.amazon_side_asn);
    let transit = world.transit_gateway().and_then(|it| it.amazon_side_asn);
    private
        .or(transit)
        .unwrap_or(world.site.aws.amazon_side_asn)
}

fn equal(world: &World<'_>, findings: &mut Findings<'_>) {
    let asn = world.site.gateway.asn;
    if asn != aws_asn(world) {
        return;
    }
    let (whose, help) = match world.gateway {
        Some(gateway) => (
            gateway.id.to_string(),
            "the gateway's number cannot be changed: give the site another `gateway.asn`",
        ),
        None => (
            "the virtual private gateway to be made".to_owned(),
            "change `gateway.asn`, or `aws.amazon_side_asn` while the gateway is not made yet",
        ),
    };
    findings.refuse(
        "preflight::asn_equal",
        format!("the site and {whose} both have the ASN {asn}, so BGP never comes up"),
        help,
    );
}

fn other_than_asked(world: &World<'_>, findings: &mut Findings<'_>) {
    let (asked, is) = (world.site.aws.amazon_side_asn, aws_asn(world));
    if let Some(gateway) = world.gateway.filter(|_| asked != is)
        && asked != Asn::AMAZON_DEFAULT
    {
        findings.warn(
            "preflight::amazon_asn_differs",
            format!(
                "the site file asks for AWS's ASN {asked}, {} has {is}",
                gateway.id
            ),
            format!("the router is configured for {is}; the number of a gateway cannot be changed"),
        );
    }
}

fn shared(world: &World<'_>, findings: &mut Findings<'_>) {
    let Some(view) = world.view else { return };
    for other in world.gateway_neighbours() {
        let gateway = other.customer_gateway.as_ref();
        let gateway = gateway.and_then(|id| view.customer_gateways.get(id));
        let same = gateway.is_some_and(|it| it.bgp_asn == Some(world.site.gateway.asn));
        if same && !other.static_routes_only {
            findings.warn(
                "preflight::asn_shared",
                format!(
                    "{} ({}) on the same gateway has the ASN {} too",
                    other.id,
                    maker(&other.tags),
                    world.site.gateway.asn
                ),
                "both reach the VPC, but not each other: each refuses routes with its own number \
                 in the path; give every site its own ASN if they shall",
            );
        }
    }
}
