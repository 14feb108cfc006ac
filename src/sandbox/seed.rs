//! The world that a sandbox starts with.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use jiff::Timestamp;

use super::ids::ResourceId;
use super::lifecycle::{Lifecycle, fraction};
use super::telemetry::GatewaySim;
use super::transit::{
    Attached, TransitAssociation, TransitAttachment, TransitGateway, TransitGatewayOptions,
    TransitRouteTable, VpcAttachmentOptions,
};
use super::world::{
    Attachment, Region, Route, RouteTable, Site, SiteGateway, Subnet, Tags, Vpc, VpnGateway, World,
};

/// The account of every access key.
pub(super) const ACCOUNT: &str = "111122223333";

/// What a router announces when nobody said otherwise.
pub(super) const DEFAULT_LAN: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(10, 20, 0, 0), 24);

/// The region whose ids the examples rely on.
const HOME: &str = "eu-central-1";

/// The regions that exist.
pub(super) const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The default world.
pub(super) fn world(sim: GatewaySim, now: Timestamp) -> World {
    World {
        account: ACCOUNT.to_owned(),
        regions: BTreeMap::from([(HOME.to_owned(), region(HOME))]),
        site: Site {
            default: SiteGateway { sim, since: now },
            gateways: BTreeMap::new(),
            lans: BTreeMap::new(),
        },
    }
}

/// A region with three VPCs: a plain one, one that has a gateway already, and a bare one, which is
/// attached to a transit gateway.
///
/// Every region looks the same, but its ids differ: an id of one does not exist in another.
pub(super) fn region(name: &str) -> Region {
    let mut seed = Seed {
        region: name,
        made: empty(name),
    };
    seed.plant();
    seed.clinic();
    seed.shop();
    seed.made
}

fn empty(name: &str) -> Region {
    Region {
        name: name.to_owned(),
        vpcs: BTreeMap::new(),
        subnets: BTreeMap::new(),
        route_tables: BTreeMap::new(),
        customer_gateways: BTreeMap::new(),
        vpn_gateways: BTreeMap::new(),
        vpn_connections: BTreeMap::new(),
        transit_gateways: BTreeMap::new(),
        transit_attachments: BTreeMap::new(),
        transit_route_tables: BTreeMap::new(),
    }
}

struct Seed<'a> {
    region: &'a str,
    made: Region,
}

impl Seed<'_> {
    fn plant(&mut self) {
        let vpc = self.vpc("0a1b2c3d4e5f67890", 0, "plant-vpc");
        let private_a = self.subnet("0a1b2c3d4e5f60011", &vpc, "a", 0, 1);
        let private_b = self.subnet("0a1b2c3d4e5f60012", &vpc, "b", 0, 2);
        self.subnet("0a1b2c3d4e5f60013", &vpc, "c", 0, 3);
        self.route_table("0a1b2c3d4e5f60001", &vpc, None, &[], Vec::new());
        self.route_table(
            "0a1b2c3d4e5f60002",
            &vpc,
            Some("private-a"),
            &[private_a],
            Vec::new(),
        );
        self.route_table(
            "0a1b2c3d4e5f60003",
            &vpc,
            Some("private-b"),
            &[private_b],
            Vec::new(),
        );
    }

    fn clinic(&mut self) {
        let vpc = self.vpc("0b1b2c3d4e5f67890", 1, "clinic-vpc");
        let subnet = self.subnet("0b1b2c3d4e5f60011", &vpc, "a", 1, 1);
        let id = self.id("vgw", "0b1b2c3d4e5f60009");
        let gateway = VpnGateway {
            id: id.clone(),
            asn: 64512,
            zone: None,
            attachments: vec![Attachment {
                vpc: vpc.clone(),
                attached_at: Timestamp::UNIX_EPOCH,
                detached_at: None,
            }],
            life: Lifecycle::settled(),
            tags: named("clinic-vgw"),
        };
        self.made.vpn_gateways.insert(id, gateway);
        self.route_table("0b1b2c3d4e5f60001", &vpc, None, &[], Vec::new());
        let internet = Route {
            destination: Ipv4Net::default(),
            gateway: self.id("igw", "0b1b2c3d4e5f60001"),
        };
        self.route_table(
            "0b1b2c3d4e5f60002",
            &vpc,
            Some("public"),
            &[subnet],
            vec![internet],
        );
    }

    fn shop(&mut self) {
        let vpc = self.vpc("0c1b2c3d4e5f67890", 2, "shop-vpc");
        let subnet = self.subnet("0c1b2c3d4e5f60011", &vpc, "a", 2, 1);
        self.route_table("0c1b2c3d4e5f60001", &vpc, None, &[], Vec::new());
        self.hub(&vpc, subnet);
    }

    /// A transit gateway with one table and one VPC, which no route of the VPC leads to.
    fn hub(&mut self, vpc: &ResourceId, subnet: ResourceId) {
        let ids = ["tgw", "tgw-rtb", "tgw-attach"];
        let [gateway, table, attachment] = ids.map(|prefix| self.id(prefix, "0c1b2c3d4e5f60009"));
        let life = Lifecycle::settled();
        let options = TransitGatewayOptions {
            asn: 64_512,
            cidr_blocks: Vec::new(),
            association_table: Some(table.clone()),
            propagation_table: Some(table.clone()),
            auto_accept: false,
            vpn_ecmp: true,
            dns: true,
            security_groups: false,
            multicast: false,
        };
        let hub = TransitGateway {
            id: gateway.clone(),
            description: None,
            options,
            modifying_until: None,
            life: life.clone(),
            tags: named("hub-tgw"),
        };
        let routing = TransitRouteTable {
            id: table.clone(),
            transit_gateway: gateway.clone(),
            propagations: BTreeSet::from([attachment.clone()]),
            routes: Vec::new(),
            life: life.clone(),
            tags: Tags::new(),
        };
        let shop = TransitAttachment {
            id: attachment.clone(),
            transit_gateway: gateway.clone(),
            resource: Attached::Vpc {
                vpc: vpc.clone(),
                subnets: BTreeSet::from([subnet]),
                options: VpcAttachmentOptions::default(),
            },
            association: Some(TransitAssociation {
                table: table.clone(),
                associated_at: life.available_at,
                disassociated_at: None,
            }),
            modifying_until: None,
            life,
            tags: named("shop"),
        };
        self.made.transit_gateways.insert(gateway, hub);
        self.made.transit_route_tables.insert(table, routing);
        self.made.transit_attachments.insert(attachment, shop);
    }

    fn vpc(&mut self, digits: &str, second: u8, name: &str) -> ResourceId {
        let id = self.id("vpc", digits);
        let vpc = Vpc {
            id: id.clone(),
            cidr: block(second, 0, 16),
            tags: named(name),
        };
        self.made.vpcs.insert(id.clone(), vpc);
        id
    }

    fn subnet(
        &mut self,
        digits: &str,
        vpc: &ResourceId,
        zone: &str,
        second: u8,
        third: u8,
    ) -> ResourceId {
        let id = self.id("subnet", digits);
        let subnet = Subnet {
            id: id.clone(),
            vpc: vpc.clone(),
            zone: format!("{}{zone}", self.region),
            cidr: block(second, third, 24),
            tags: Tags::new(),
        };
        self.made.subnets.insert(id.clone(), subnet);
        id
    }

    /// A table without a name is the main one.
    fn route_table(
        &mut self,
        digits: &str,
        vpc: &ResourceId,
        name: Option<&str>,
        subnets: &[ResourceId],
        routes: Vec<Route>,
    ) {
        let id = self.id("rtb", digits);
        let table = RouteTable {
            id: id.clone(),
            vpc: vpc.clone(),
            main: name.is_none(),
            subnets: subnets.iter().cloned().collect::<BTreeSet<_>>(),
            routes,
            propagating: BTreeSet::new(),
            tags: name.map(named).unwrap_or_default(),
        };
        self.made.route_tables.insert(id, table);
    }

    fn id(&self, prefix: &str, digits: &str) -> ResourceId {
        if self.region == HOME {
            return ResourceId::fixed(format!("{prefix}-{digits}"));
        }
        let high = fraction(0, self.region, digits) * f64::from(u32::MAX);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a fraction of u32::MAX lies within u32"
        )]
        let high = high as u32;
        let tail = digits.get(9..).unwrap_or_default();
        ResourceId::fixed(format!("{prefix}-0{high:08x}{tail}"))
    }
}

fn named(name: &str) -> Tags {
    Tags::from([("Name".to_owned(), name.to_owned())])
}

fn block(second: u8, third: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(10, second, third, 0), length)
}
