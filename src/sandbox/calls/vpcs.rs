//! VPCs and subnets.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::describe::Describe;
use crate::sandbox::calls::{regions, tags};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::world::{RouteTable, Subnet, Tags, Vpc};
use crate::sandbox::xml::Xml;

pub(super) fn describe_vpcs(context: &mut Context<'_>) -> Outcome {
    let describe = Describe {
        ids: "VpcId",
        set: "vpcSet",
        filters: &[
            "cidr",
            "cidr-block",
            "cidr-block-association.association-id",
            "cidr-block-association.cidr-block",
            "cidr-block-association.state",
            "dhcp-options-id",
            "is-default",
            "isDefault",
            "owner-id",
            "state",
            "vpc-id",
        ],
        paged: true,
    };
    let account = context.account;
    describe.run::<Vpc>(
        context,
        |vpc, filter| {
            vec![match filter {
                "cidr" | "cidr-block" | "cidr-block-association.cidr-block" => vpc.cidr.to_string(),
                "cidr-block-association.association-id" => derived(&vpc.id, "vpc-cidr-assoc"),
                "cidr-block-association.state" => "associated".to_owned(),
                "dhcp-options-id" => derived(&vpc.id, "dopt"),
                "is-default" | "isDefault" => "false".to_owned(),
                "owner-id" => account.to_owned(),
                "state" => "available".to_owned(),
                _ => vpc.id.to_string(),
            }]
        },
        |xml, vpc| write_vpc(xml, vpc, account),
    )
}

pub(super) fn describe_subnets(context: &mut Context<'_>) -> Outcome {
    let describe = Describe {
        ids: "SubnetId",
        set: "subnetSet",
        filters: &[
            "availability-zone",
            "availabilityZone",
            "availability-zone-id",
            "cidr",
            "cidr-block",
            "cidrBlock",
            "default-for-az",
            "owner-id",
            "state",
            "subnet-arn",
            "subnet-id",
            "vpc-id",
        ],
        paged: true,
    };
    let account = context.account;
    let region = context.region.name.clone();
    describe.run::<Subnet>(
        context,
        |subnet, filter| {
            vec![match filter {
                "availability-zone" | "availabilityZone" => subnet.zone.clone(),
                "availability-zone-id" => zone_id(&region, subnet),
                "cidr" | "cidr-block" | "cidrBlock" => subnet.cidr.to_string(),
                "default-for-az" => "false".to_owned(),
                "owner-id" => account.to_owned(),
                "state" => "available".to_owned(),
                "subnet-arn" => arn(&region, account, subnet),
                "vpc-id" => subnet.vpc.to_string(),
                _ => subnet.id.to_string(),
            }]
        },
        |xml, subnet| write_subnet(xml, subnet, &region, account),
    )
}

pub(super) fn create_vpc(context: &mut Context<'_>) -> Outcome {
    let text = context.params.required("CidrBlock")?;
    let cidr: Ipv4Net = text
        .parse()
        .map_err(|_| ApiError::value("cidrBlock", text, "Not a CIDR block."))?;
    if !(16..=28).contains(&cidr.prefix_len()) {
        return Err(ApiError::new(
            "InvalidVpc.Range",
            format!("The CIDR '{text}' is invalid."),
        ));
    }
    let given = tags::at_creation(&context.params, Kind::Vpc)?;
    context.gate()?;
    let id = context.new_id::<Vpc>();
    let vpc = Vpc {
        id: id.clone(),
        cidr: cidr.trunc(),
        tags: given,
    };
    let table = context.new_id::<RouteTable>();
    context.region.route_tables.insert(
        table.clone(),
        RouteTable {
            id: table,
            vpc: id.clone(),
            main: true,
            subnets: BTreeSet::new(),
            routes: Vec::new(),
            propagating: BTreeSet::new(),
            tags: Tags::new(),
        },
    );
    let done = Done::changed(&id, |xml| {
        xml.within("vpc", |xml| write_vpc(xml, &vpc, context.account));
    });
    context.region.vpcs.insert(id, vpc);
    Ok(done)
}

fn write_vpc(xml: &mut Xml, vpc: &Vpc, account: &str) {
    xml.text("vpcId", &vpc.id)
        .text("ownerId", account)
        .text("state", "available")
        .text("cidrBlock", vpc.cidr);
    xml.list("cidrBlockAssociationSet", [vpc.cidr], |xml, cidr| {
        xml.text("cidrBlock", cidr)
            .text("associationId", derived(&vpc.id, "vpc-cidr-assoc"))
            .within("cidrBlockState", |xml| {
                xml.text("state", "associated");
            });
    });
    xml.text("dhcpOptionsId", derived(&vpc.id, "dopt"))
        .text("instanceTenancy", "default")
        .text("isDefault", false);
    tags::write(xml, &vpc.tags);
}

fn write_subnet(xml: &mut Xml, subnet: &Subnet, region: &str, account: &str) {
    // AWS keeps five addresses of every subnet.
    let free = (1_u64 << (32 - subnet.cidr.prefix_len())).saturating_sub(5);
    xml.text("subnetId", &subnet.id)
        .text("subnetArn", arn(region, account, subnet))
        .text("state", "available")
        .text("ownerId", account)
        .text("vpcId", &subnet.vpc)
        .text("cidrBlock", subnet.cidr)
        .within("ipv6CidrBlockAssociationSet", |_| ())
        .text("availableIpAddressCount", free)
        .text("availabilityZone", &subnet.zone)
        .text("availabilityZoneId", zone_id(region, subnet))
        .text("defaultForAz", false)
        .text("mapPublicIpOnLaunch", false)
        .text("assignIpv6AddressOnCreation", false);
    tags::write(xml, &subnet.tags);
}

fn arn(region: &str, account: &str, subnet: &Subnet) -> String {
    format!("arn:aws:ec2:{region}:{account}:subnet/{}", subnet.id)
}

fn zone_id(region: &str, subnet: &Subnet) -> String {
    regions::zone_id(region, subnet.zone.strip_prefix(region).unwrap_or_default())
}

/// The id of a thing that has exactly one owner.
fn derived(owner: &ResourceId, prefix: &str) -> String {
    let digits = owner
        .as_str()
        .split_once('-')
        .map_or("", |(_, digits)| digits);
    format!("{prefix}-{digits}")
}
