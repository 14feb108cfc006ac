//! What must be true of the world.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::fleet::{Fleet, place};
use crate::engine::tests::stage::living;
use crate::resource::TAG_SITE;
use crate::sandbox::{Sandbox, World};

const REGION: &str = "eu-central-1";
/// Somebody else's, attached to the clinic's VPC.
const CLINIC: &str = "vgw-0b1b2c3d4e5f60009";

/// What one site has.
#[derive(Clone, Debug, Default)]
pub(super) struct Holdings {
    customer_gateways: BTreeSet<String>,
    vpn_gateways: BTreeSet<String>,
    connections: BTreeSet<String>,
    /// The gateways that its connections end on.
    ends: BTreeSet<String>,
    routes: usize,
    is_static: bool,
}

/// What was there before anybody used underpass, as text.
#[derive(Clone, Debug, Default)]
pub(super) struct Foreign {
    objects: BTreeMap<String, String>,
    propagating: BTreeSet<(String, String)>,
}

impl Foreign {
    pub(super) fn of(world: &World) -> Self {
        let region = &world.regions[REGION];
        let mut objects = BTreeMap::new();
        for (id, gateway) in &region.customer_gateways {
            objects.insert(
                id.to_string(),
                format!("{:?} {:?}", gateway.tags, gateway.asn),
            );
        }
        for (id, gateway) in &region.vpn_gateways {
            objects.insert(
                id.to_string(),
                format!("{:?} {:?}", gateway.tags, gateway.asn),
            );
        }
        Self {
            objects,
            propagating: propagating(world),
        }
    }
}

fn propagating(world: &World) -> BTreeSet<(String, String)> {
    let tables = world.regions[REGION].route_tables.values();
    tables
        .flat_map(|table| {
            let gateways = table.propagating.iter();
            gateways.map(|gateway| (table.id.to_string(), gateway.to_string()))
        })
        .collect()
}

pub(super) fn holdings(sandbox: &Sandbox) -> BTreeMap<String, Holdings> {
    let now = sandbox.now();
    let world = living(sandbox);
    let region = &world.regions[REGION];
    let mut all: BTreeMap<String, Holdings> = BTreeMap::new();
    for (id, it) in &region.customer_gateways {
        if let Some(site) = it.tags.get(TAG_SITE).filter(|_| it.life.is_wanted(now)) {
            let of = all.entry(site.clone()).or_default();
            of.customer_gateways.insert(id.to_string());
        }
    }
    for (id, it) in &region.vpn_gateways {
        if let Some(site) = it.tags.get(TAG_SITE).filter(|_| it.life.is_wanted(now)) {
            let of = all.entry(site.clone()).or_default();
            of.vpn_gateways.insert(id.to_string());
        }
    }
    for (id, it) in &region.vpn_connections {
        if let Some(site) = it.tags.get(TAG_SITE).filter(|_| it.life.is_wanted(now)) {
            let of = all.entry(site.clone()).or_default();
            of.connections.insert(id.to_string());
            of.ends
                .extend(it.vpn_gateway.as_ref().map(ToString::to_string));
            let routes = it.routes.iter().filter(|it| it.life.is_wanted(now));
            of.routes += routes.count();
            of.is_static = it.static_routes_only;
        }
    }
    all
}

impl Fleet {
    /// Whatever was done to one site, strangers and the other sites have what they had.
    pub(super) fn check_others(&self) {
        let world = living(&self.sandbox);
        let now = Foreign::of(&world);
        for (id, was) in &self.foreign.objects {
            assert_eq!(now.objects.get(id), Some(was), "{id}\n{}", self.story());
        }
        let lost: Vec<_> = self
            .foreign
            .propagating
            .difference(&now.propagating)
            .collect();
        assert!(lost.is_empty(), "{lost:?}\n{}", self.story());
        for which in &self.up {
            self.check_carries(*which, &now);
        }
    }

    /// Two tunnels that carried traffic are never changed so soon after each other that both are
    /// down: here a change takes at least 300 s, and a minute more until the router is back.
    pub(super) fn check_tunnels(&self) {
        let world = self.sandbox.world();
        let mut last: BTreeMap<String, Timestamp> = BTreeMap::new();
        let calls = self.sandbox.calls().into_iter();
        let done = |outcome: &str| matches!(outcome, "ok" | "lost");
        for call in calls.filter(|it| it.action == "ModifyVpnTunnelOptions" && done(&it.outcome)) {
            let id = call.resource.unwrap();
            let connections = &world.regions[REGION].vpn_connections;
            let made = connections.iter().find(|(of, _)| of.to_string() == id);
            let carried = made.is_some_and(|(_, it)| {
                self.online && call.at.duration_since(it.life.available_at).as_secs() > 600
            });
            if let Some(before) = last.insert(id, call.at).filter(|_| carried) {
                let apart = call.at.duration_since(before).as_secs();
                assert!(apart >= 360, "{apart} s\n{}", self.story());
            }
        }
    }

    /// A site that was brought up still has its connection, and its routes still spread.
    fn check_carries(&self, which: usize, now: &Foreign) {
        let draft = &self.sites[which];
        let story = || format!("{} was cut off\n{}", draft.name, self.story());
        let holdings = self.tagged().remove(draft.name).unwrap_or_default();
        assert_eq!(holdings.connections.len(), 1, "{}", story());
        let gateway = holdings.ends.first().unwrap();
        let world = living(&self.sandbox);
        let region = &world.regions[REGION];
        let attached = region.vpn_gateways.iter().any(|(id, it)| {
            id.to_string() == *gateway
                && it.attachments.iter().any(|it| {
                    it.vpc.to_string() == draft.vpc() && it.state(self.sandbox.now()) == "attached"
                })
        });
        assert!(attached, "{gateway}: {}", story());
        for table in draft.tables() {
            let pair = ((*table).to_owned(), gateway.clone());
            assert!(now.propagating.contains(&pair), "{pair:?}: {}", story());
        }
    }

    /// Exactly one of everything that was planned.
    pub(super) fn check_exact(&self, which: usize) {
        let draft = &self.sites[which];
        let holdings = self.tagged().remove(draft.name).unwrap_or_default();
        let story = || format!("{}: {holdings:#?}\n{}", draft.name, self.story());
        assert_eq!(holdings.connections.len(), 1, "{}", story());
        assert_eq!(holdings.customer_gateways.len(), 1, "{}", story());
        assert!(holdings.vpn_gateways.len() <= 1, "{}", story());
        assert_eq!(holdings.is_static, draft.is_static(), "{}", story());
        let routes = if draft.is_static() { draft.lan() } else { 0 };
        assert_eq!(holdings.routes, routes, "{}", story());
        let adopts = draft.gateway.is_some() || holdings.ends.contains(CLINIC);
        assert!(!adopts || holdings.vpn_gateways.is_empty(), "{}", story());
        self.check_carries(which, &Foreign::of(&living(&self.sandbox)));
    }

    /// Nothing of any site is left, and everything else is as it was.
    pub(super) fn check_empty(&self) {
        let mut world = living(&self.sandbox);
        let mut before = self.before.clone();
        // An adopted gateway that was attached stays so: nothing in AWS says whose doing it was.
        for world in [&mut world, &mut before] {
            for gateway in world
                .regions
                .get_mut(REGION)
                .unwrap()
                .vpn_gateways
                .values_mut()
            {
                gateway.attachments.clear();
            }
        }
        assert_eq!(world.regions, before.regions, "{}", self.story());
    }

    /// No key in any file but the one for keys.
    pub(super) fn check_secrets(&self) {
        let mut secrets = Vec::new();
        for which in 0..self.sites.len() {
            let keys = self.folder(which).keys(&place()).unwrap();
            secrets.extend(keys.values().map(|key| key.expose().to_owned()));
        }
        let mut folders = vec![self.home().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.file_name().unwrap() != "keys.json" {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let leak = secrets.iter().any(|secret| text.contains(secret.as_str()));
                    assert!(!leak, "{}", path.display());
                }
            }
        }
        let story = self.story();
        assert!(!secrets.iter().any(|secret| story.contains(secret.as_str())));
    }
}
