//! A site file that can change.

use std::path::Path;

use underpass::spec::{self, Site};

/// The VPCs of the sandbox by nickname, with their route tables; the clinic's has somebody else's
/// gateway.
pub(crate) const VPCS: [(&str, &str, &[&str]); 3] = [
    (
        "plant",
        "vpc-0a1b2c3d4e5f67890",
        &[
            "rtb-0a1b2c3d4e5f60001",
            "rtb-0a1b2c3d4e5f60002",
            "rtb-0a1b2c3d4e5f60003",
        ],
    ),
    (
        "clinic",
        "vpc-0b1b2c3d4e5f67890",
        &["rtb-0b1b2c3d4e5f60001", "rtb-0b1b2c3d4e5f60002"],
    ),
    ("shop", "vpc-0c1b2c3d4e5f67890", &["rtb-0c1b2c3d4e5f60001"]),
];

/// Names of which one begins with the other.
pub(crate) const NAMES: [&str; 3] = ["plant", "plant-7", "plant-70"];

/// The clinic's gateway, which is somebody else's.
pub(crate) const CLINIC: &str = "vgw-0b1b2c3d4e5f60009";

/// The transit gateway that is somebody else's, by its id and by its tag, its own table, and its
/// VPC's attachment; the shop's VPC is attached to it.
pub(crate) const HUB: &str = "tgw-0c1b2c3d4e5f60009";
/// The table that everything attached to the hub is associated with by itself.
pub(crate) const HUB_TABLE: &str = "tgw-rtb-0c1b2c3d4e5f60009";

/// Which transit gateway a site's file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transit {
    /// One of its own.
    New,
    /// The hub, by its id.
    Id,
    /// The hub, by its tag.
    Tag,
}

/// What the account holds that only its stage knows the ids of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// The spare gateway.
    pub(crate) spare: Option<String>,
    /// The hub's second table.
    pub(crate) table: Option<String>,
}

/// What a person writes into the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    /// Its place in [`NAMES`].
    pub(crate) number: usize,
    /// Its place in [`VPCS`].
    pub(crate) vpc: usize,
    /// Without BGP.
    pub(crate) fixed: bool,
    /// Whether it shares the first router's address and number with other sites.
    pub(crate) twin: bool,
    /// A number that does not fit in 31 bits.
    pub(crate) long_asn: bool,
    /// Only the first route table; all where there is no list.
    pub(crate) one_table: bool,
    /// Whether it names the spare gateway.
    pub(crate) spare: bool,
    /// Over a transit gateway.
    pub(crate) transit: Option<Transit>,
    /// Whether the connection looks routes up in the hub's second table.
    pub(crate) table: bool,
    /// Whether the hub's second table learns the site's routes.
    pub(crate) spread: bool,
    /// How many networks it has.
    pub(crate) lan: u8,
    /// The lifetime of phase 1 in seconds.
    pub(crate) lifetime: u32,
    /// A tag of the user's own.
    pub(crate) note: Option<u64>,
}

/// One change of mind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Another lifetime: both tunnels are changed, one after the other.
    Lifetime(u32),
    /// One network more.
    Lan,
    /// One network less.
    LanLess,
    /// Another tag.
    Note(u64),
    /// All route tables.
    Tables,
    /// In the hub's second table, or not any more.
    Table,
    /// Spread to the hub's second table, or not any more.
    Spread,
    /// The other routing, which AWS cannot change in place.
    Routing,
}

impl Draft {
    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        NAMES[self.number]
    }

    /// Changes it.
    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Lifetime(lifetime) => self.lifetime = lifetime,
            Change::Lan => self.lan = (self.lan + 1).min(9),
            // Elsewhere a static route may be somebody else's, and stays.
            Change::LanLess if self.transit.is_none() => {}
            Change::LanLess => self.lan = (self.lan - 1).max(1),
            Change::Table => self.table = !self.table,
            Change::Spread => self.spread = !self.spread,
            Change::Note(note) => self.note = Some(note),
            Change::Tables => self.one_table = false,
            Change::Routing => self.fixed = !self.fixed,
        }
    }

    /// The VPC's id.
    pub(crate) fn vpc_id(&self) -> &'static str {
        VPCS[self.vpc].1
    }

    /// The route tables that shall learn.
    pub(crate) fn tables(&self) -> &'static [&'static str] {
        let all = VPCS[self.vpc].2;
        if self.one_table { &all[..1] } else { all }
    }

    /// Its networks.
    pub(crate) fn nets(&self) -> impl Iterator<Item = String> {
        let number = 100 + self.number;
        (0..self.lan).map(move |net| format!("10.{number}.{net}.0/24"))
    }

    /// Whether it means somebody else's transit gateway, with a table of its own choice.
    pub(crate) fn is_on_hub(&self) -> bool {
        matches!(self.transit, Some(Transit::Id | Transit::Tag))
    }

    /// The router's public address.
    pub(crate) fn address(&self) -> String {
        match self.twin {
            true => "198.51.100.1".to_owned(),
            false => format!("198.51.100.{}", 10 + self.number),
        }
    }

    fn asn(&self) -> usize {
        match (self.twin, self.long_asn) {
            (true, _) => 65_001,
            (false, true) => 4_200_000_100 + self.number,
            (false, false) => 65_100 + self.number,
        }
    }

    /// The site, read from its file as a person would write it.
    pub(crate) fn site(&self, known: &Known) -> Result<Site, String> {
        let text = self.text(known);
        match spec::load(&text, Path::new("site.yaml")) {
            Ok(loaded) => Ok(loaded.site),
            Err(error) => Err(format!("{error:?}\n{text}")),
        }
    }

    fn text(&self, known: &Known) -> String {
        let nets: Vec<_> = self.nets().collect();
        let mut text = format!(
            "site: {}\nregion: eu-central-1\nenvironment: test\nexpires_after: 8h\n\
             gateway: {{ device: strongswan, outside_ip: {}, asn: {} }}\nlan: [{}]\n\
             routing: {}\ntunnels:\n  - {{ phase1_lifetime: {lifetime} }}\n  \
             - {{ phase1_lifetime: {lifetime} }}\n",
            self.name(),
            self.address(),
            self.asn(),
            nets.join(", "),
            if self.fixed { "static" } else { "bgp" },
            lifetime = self.lifetime,
        );
        let line = |text: &mut String, line: &str| {
            text.push_str(line);
            text.push('\n');
        };
        if let Some(note) = self.note {
            line(&mut text, &format!("tags: {{ note: \"{note}\" }}"));
        }
        line(&mut text, &format!("aws:\n  vpc: {}", self.vpc_id()));
        if self.one_table {
            let tables = self.tables().join(", ");
            line(&mut text, &format!("  route_tables: [{tables}]"));
        }
        if let Some(gateway) = known.spare.as_ref().filter(|_| self.spare) {
            let attach = format!("  attach_to: {{ virtual_private_gateway: {gateway} }}");
            line(&mut text, &attach);
        }
        if let Some(transit) = self.transit {
            self.transit_text(transit, known, &mut text);
        }
        text
    }

    fn transit_text(&self, transit: Transit, known: &Known, text: &mut String) {
        let gateway = match transit {
            Transit::New => "new",
            Transit::Id => HUB,
            Transit::Tag => "Name=hub-tgw",
        };
        text.push_str(&format!("  attach_to: {{ transit_gateway: {gateway} }}\n"));
        let Some(table) = known.table.as_ref().filter(|_| self.is_on_hub()) else {
            return;
        };
        let wishes = [
            self.table.then(|| format!("route_table: {table}")),
            self.spread.then(|| format!("propagate_to: [{table}]")),
        ];
        let wishes: Vec<String> = wishes.into_iter().flatten().collect();
        if !wishes.is_empty() {
            text.push_str(&format!("  transit: {{ {} }}\n", wishes.join(", ")));
        }
    }
}
