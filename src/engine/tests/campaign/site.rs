//! A site file that can change.

use std::fmt::Write;
use std::path::Path;

use crate::clock::IdSource;
use crate::spec::{self, Site};

/// The VPCs of the sandbox, the clinic's with somebody else's gateway, and their route tables.
const VPCS: [(&str, &[&str]); 3] = [
    (
        "vpc-0a1b2c3d4e5f67890",
        &[
            "rtb-0a1b2c3d4e5f60001",
            "rtb-0a1b2c3d4e5f60002",
            "rtb-0a1b2c3d4e5f60003",
        ],
    ),
    (
        "vpc-0b1b2c3d4e5f67890",
        &["rtb-0b1b2c3d4e5f60001", "rtb-0b1b2c3d4e5f60002"],
    ),
    ("vpc-0c1b2c3d4e5f67890", &["rtb-0c1b2c3d4e5f60001"]),
];

/// Names of which one begins with the other.
const NAMES: [&str; 3] = ["plant", "plant-7", "plant-70"];

/// What a person writes into the file.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) name: &'static str,
    address: String,
    asn: u32,
    lan: Vec<String>,
    vpc: usize,
    /// The first so many of the VPC's route tables; all where there is no list.
    tables: Option<usize>,
    routing: &'static str,
    pub(super) gateway: Option<String>,
    lifetime: u32,
    tag: Option<u64>,
}

impl Draft {
    pub(super) fn draw(number: usize, dice: &IdSource) -> Self {
        // Two sites may stand behind one address with one number: two lines of one router.
        let twin = dice.below(4) == 0;
        let own = u32::try_from(number).unwrap();
        let vpc = usize::try_from(dice.below(3)).unwrap();
        Self {
            name: NAMES[number],
            address: format!("198.51.100.{}", if twin { 1 } else { 10 + own }),
            asn: match (twin, dice.below(2)) {
                (true, _) => 65_001,
                (false, 0) => 4_200_000_100 + own,
                (false, _) => 65_100 + own,
            },
            lan: vec![format!("10.{}.0.0/24", 100 + own)],
            vpc,
            tables: (dice.below(2) == 0).then_some(1),
            routing: if dice.below(2) == 0 { "bgp" } else { "static" },
            gateway: None,
            lifetime: 28_800,
            tag: None,
        }
    }

    /// Lets the site use this gateway in the shop's VPC.
    pub(super) fn move_to_the_shop(&mut self, gateway: String) {
        self.vpc = 2;
        self.tables = None;
        self.gateway = Some(gateway);
    }

    /// One change of mind.
    pub(super) fn change(&mut self, dice: &IdSource) {
        match dice.below(5) {
            0 => self.lifetime = 14_400 + 3_600 * u32::try_from(dice.below(3)).unwrap(),
            1 => {
                let net = self.lan[0].replace(".0.0/24", &format!(".{}.0/24", self.lan.len()));
                self.lan.push(net);
            }
            2 => self.note(dice.below(1000)),
            3 => self.tables = None,
            _ => self.reroute(),
        }
    }

    /// Another tag of the user's own.
    pub(super) fn note(&mut self, number: u64) {
        self.tag = Some(number);
    }

    /// The other routing, which AWS cannot change in place.
    pub(super) fn reroute(&mut self) {
        self.routing = if self.is_static() { "bgp" } else { "static" };
    }

    pub(super) fn is_static(&self) -> bool {
        self.routing == "static"
    }

    pub(super) fn lan(&self) -> usize {
        self.lan.len()
    }

    pub(super) fn vpc(&self) -> &'static str {
        VPCS[self.vpc].0
    }

    /// The route tables that shall learn.
    pub(super) fn tables(&self) -> &'static [&'static str] {
        let all = VPCS[self.vpc].1;
        &all[..self.tables.unwrap_or(all.len())]
    }

    pub(super) fn site(&self) -> Site {
        let text = self.text();
        let loaded = spec::load(&text, Path::new("site.yaml"));
        loaded
            .unwrap_or_else(|error| panic!("{error:?}\n{text}"))
            .site
    }

    fn text(&self) -> String {
        let mut text = format!(
            "site: {}\nregion: eu-central-1\nenvironment: test\nexpires_after: 48h\n\
             gateway: {{ device: strongswan, outside_ip: {}, asn: {} }}\nlan: [{}]\n\
             routing: {}\n",
            self.name,
            self.address,
            self.asn,
            self.lan.join(", "),
            self.routing,
        );
        writeln!(
            text,
            "tunnels:\n  - {{ phase1_lifetime: {0} }}\n  - {{ phase1_lifetime: {0} }}",
            self.lifetime
        )
        .unwrap();
        if let Some(tag) = self.tag {
            writeln!(text, "tags: {{ note: \"{tag}\" }}").unwrap();
        }
        writeln!(text, "aws:\n  vpc: {}", self.vpc()).unwrap();
        if self.tables.is_some() {
            writeln!(text, "  route_tables: [{}]", self.tables().join(", ")).unwrap();
        }
        if let Some(gateway) = &self.gateway {
            writeln!(
                text,
                "  attach_to: {{ virtual_private_gateway: {gateway} }}"
            )
            .unwrap();
        }
        text
    }
}
