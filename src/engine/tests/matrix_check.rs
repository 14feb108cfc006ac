//! What has to be true of the sandbox's world and calls when a cell has been played.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::matrix::Cell;
use super::matrix_rows::{Life, Run};
use super::stage::{Stage, census, direct_census, living, transit_census};
use super::wish::OWN_TABLE;
use crate::resource::{TAG_RUN, TAG_SITE, TAG_STEP};
use crate::sandbox::{Attached, Injected, World};

/// What has to be true; the rest of the sentence says what is.
macro_rules! ensure {
    ($holds:expr, $($words:tt)*) => {
        if !$holds {
            return Err(format!($($words)*));
        }
    };
}

pub(super) use ensure;

impl Cell {
    pub(super) fn check_calls(&self, stage: &Stage, from: usize) -> Result<(), String> {
        let calls = stage.sandbox.calls();
        let of_action = || {
            calls[from..]
                .iter()
                .filter(|it| it.action == self.row.action)
        };
        let hits = of_action().filter(|it| it.injected == Some(self.injected));
        let wanted = usize::try_from(self.times).unwrap();
        let hits = hits.count();
        // The call that "never left the machine" is a reset, too.
        let extra = usize::from(self.run == Run::Resumed && self.injected == Injected::Reset);
        ensure!(
            hits == wanted + extra,
            "the fault was met {hits} times, not {wanted}"
        );
        let effects = of_action().filter(|it| it.effect).count();
        let needed = self.row.effects;
        ensure!(effects == needed, "{effects} effects, not {needed}");
        Ok(())
    }

    /// What Direct Connect has to be like, as the wish has it.
    fn check_direct(&self, stage: &Stage) -> Result<(), String> {
        let Some(wish) = self.wish().direct else {
            return Ok(());
        };
        let direct = living(&stage.sandbox).direct_connect;
        let key = stage.keys.bgp.as_ref().unwrap().expose();
        for interface in direct.interfaces.values() {
            let mtu = interface.mtu;
            ensure!(mtu == wish.mtu, "the MTU is {mtu}");
            let peers: Vec<&str> = interface
                .peers
                .iter()
                .map(|it| it.auth_key.expose())
                .collect();
            ensure!(peers == [key], "another key, or another session");
        }
        let wanted: BTreeSet<IpNet> = wish.prefixes.iter().map(|it| it.parse().unwrap()).collect();
        for association in direct.associations.values() {
            let allowed = association.wanted();
            ensure!(*allowed == wanted, "announced: {allowed:?}");
        }
        Ok(())
    }

    fn check_count(&self, stage: &Stage) -> Result<(), String> {
        let sandbox = &stage.sandbox;
        let counted = (
            census(sandbox),
            transit_census(sandbox),
            direct_census(sandbox),
        );
        let expected = match self.row.life {
            Life::Tables => ([1, 1, 1, 1, 0, 0], [1, 2, 3, 0, 1], [0; 4]),
            Life::Narrowing => ([1, 1, 1, 1, 0, 0], [1, 2, 2, 0, 1], [0; 4]),
            // The Direct Connect gateway is attached as well.
            Life::Bridging => ([1, 1, 1, 1, 0, 0], [2, 4, 4, 0, 2], [1; 4]),
            life if life.is_transit() => ([1, 1, 1, 1, 0, 0], [2, 3, 3, 2, 4], [0; 4]),
            Life::Ordering | Life::Accepting => ([1, 2, 1, 2, 2, 0], [1, 1, 1, 0, 0], [1, 1, 0, 0]),
            Life::Joining | Life::Widening => ([1, 2, 1, 2, 2, 0], [1, 1, 1, 0, 0], [1; 4]),
            _ => ([1, 2, 1, 2, 2, 2], [1, 1, 1, 0, 0], [0; 4]),
        };
        ensure!(counted == expected, "there are {counted:?}");
        let world = living(&stage.sandbox);
        for attachment in world.regions["eu-central-1"].transit_attachments.values() {
            match &attachment.resource {
                Attached::Vpn { .. } if self.row.life == Life::Tables => {
                    let table = attachment.association.as_ref().map(|it| it.table.as_str());
                    ensure!(
                        table == Some(OWN_TABLE),
                        "routes are looked up in {table:?}"
                    );
                }
                Attached::Vpc { subnets, .. } if self.row.life == Life::Subnets => {
                    let gone = "subnet-0a1b2c3d4e5f60011";
                    ensure!(
                        subnets.iter().all(|it| it.as_str() != gone),
                        "{gone} is in the attachment"
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn check_world(&self, stage: &Stage, before: &World) -> Result<(), String> {
        self.check_count(stage)?;
        self.check_direct(stage)?;
        let world = living(&stage.sandbox);
        let (now, then) = (
            &world.regions["eu-central-1"],
            &before.regions["eu-central-1"],
        );
        let wish = self.wish();
        let customers = now.customer_gateways.iter().map(|(id, it)| (id, &it.tags));
        let gateways = now.vpn_gateways.iter().map(|(id, it)| (id, &it.tags));
        let connections = now.vpn_connections.iter().map(|(id, it)| (id, &it.tags));
        let hubs = now.transit_gateways.iter().map(|(id, it)| (id, &it.tags));
        let attachments = now.transit_attachments.iter();
        let attachments = attachments.filter(|(_, it)| matches!(it.resource, Attached::Vpc { .. }));
        let attachments = attachments.map(|(id, it)| (id, &it.tags));
        let direct = &world.direct_connect;
        let ports = direct.connections.iter().map(|(id, it)| (id, &it.tags));
        let meeting = direct.gateways.iter().map(|(id, it)| (id, &it.tags));
        let interfaces = direct.interfaces.iter().map(|(id, it)| (id, &it.tags));
        let all = customers.chain(gateways).chain(connections);
        let all = all.chain(ports).chain(meeting).chain(interfaces);
        for (id, tags) in all.chain(hubs).chain(attachments) {
            let was =
                then.transit_gateways.contains_key(id) || then.transit_attachments.contains_key(id);
            let was = was || before.direct_connect.connections.contains_key(id);
            if was || then.vpn_gateways.contains_key(id) {
                continue;
            }
            let ours = tags.get(TAG_SITE).is_some_and(|site| site == "plant-7")
                && [TAG_STEP, TAG_RUN]
                    .iter()
                    .all(|tag| tags.contains_key(*tag))
                && wish
                    .tags
                    .iter()
                    .all(|(key, value)| tags.get(key) == Some(value));
            ensure!(ours, "{id} has the tags {tags:?}");
        }
        for connection in now.vpn_connections.values() {
            ensure!(
                connection.static_routes_only == (wish.routing == "static"),
                "{} is routed otherwise",
                connection.id
            );
            for tunnel in &connection.tunnels {
                let lifetime = tunnel.options.phase1_lifetime;
                ensure!(
                    lifetime == wish.phase1_lifetime,
                    "a tunnel has {lifetime} s"
                );
            }
        }
        Ok(())
    }
}

/// Whether nothing is left but what was there.
pub(super) fn empty(stage: &Stage, before: &World) -> Result<(), String> {
    let left = living(&stage.sandbox);
    ensure!(
        left.regions == before.regions,
        "left: {:?} {:?}",
        census(&stage.sandbox),
        transit_census(&stage.sandbox)
    );
    let ids = |world: &World| {
        let direct = &world.direct_connect;
        let ids = direct.connections.keys().chain(direct.gateways.keys());
        let ids = ids.chain(direct.associations.keys());
        let ids = ids.chain(direct.interfaces.keys());
        ids.cloned().collect::<BTreeSet<_>>()
    };
    let (left, was) = (ids(&left), ids(before));
    ensure!(left == was, "left of Direct Connect: {left:?}");
    Ok(())
}
