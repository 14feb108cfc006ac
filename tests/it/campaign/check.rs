//! What must be true of the world, whatever our own report says.

use std::fmt;

use jiff::Timestamp;
use underpass::resource::TAG_SITE;
use underpass::sandbox::{Region, Sandbox, VpnConnection, World};

use super::check_transit;
use super::draft::{CLINIC, Draft, Known};
use super::stranger::REGION;
use super::watch;

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// The rule, in a word or two.
    pub(crate) rule: &'static str,
    /// What was found instead.
    pub(crate) what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)
    }
}

/// A rule's verdict.
pub(crate) type Held = Result<(), Broken>;

/// Breaks a rule.
pub(crate) fn broken<T>(rule: &'static str, what: impl Into<String>) -> Result<T, Broken> {
    let what = what.into();
    Err(Broken { rule, what })
}

pub(super) fn require(holds: bool, rule: &'static str, what: impl FnOnce() -> String) -> Held {
    if holds { Ok(()) } else { broken(rule, what()) }
}

/// Shows our Region to `judge`.
fn judged(sandbox: &Sandbox, judge: impl FnOnce(&Region, Timestamp) -> Held) -> Held {
    sandbox.inspect(|world, now| match world.regions.get(REGION) {
        Some(region) => judge(region, now),
        None => broken("world", "the Region is gone"),
    })
}

/// Strangers have what they had before anybody used underpass.
pub(crate) fn strangers(sandbox: &Sandbox, before: &World) -> Held {
    let Some(before) = before.regions.get(REGION) else {
        return Ok(());
    };
    judged(sandbox, |region, now| {
        for (id, was) in &before.customer_gateways {
            let same = region.customer_gateways.get(id) == Some(was);
            require(same, "foreign", || format!("{id} was changed"))?;
        }
        for (id, was) in &before.vpn_gateways {
            let is = region.vpn_gateways.get(id);
            let same = is.is_some_and(|is| {
                let attached = was
                    .attachment(now)
                    .is_none_or(|it| is.is_attached_to(&it.vpc, now));
                is.tags == was.tags && is.asn == was.asn && is.life == was.life && attached
            });
            require(same, "foreign", || format!("{id} was changed"))?;
        }
        for (id, was) in &before.route_tables {
            let is = region.route_tables.get(id);
            let same = is.is_some_and(|is| {
                check_transit::has_its_routes(is, was) && was.propagating.is_subset(&is.propagating)
            });
            require(same, "foreign", || format!("{id} was changed"))?;
        }
        check_transit::strangers(region, before, now)
    })
}

/// No step of any site has two objects.
pub(crate) fn single(sandbox: &Sandbox) -> Held {
    judged(sandbox, |region, now| match watch::doubled(region, now) {
        Some((rule, what)) => broken(rule, what),
        None => Ok(()),
    })
}

/// What one site has.
struct Holdings<'a> {
    customer_gateways: usize,
    vpn_gateways: usize,
    transit_gateways: usize,
    connections: Vec<&'a VpnConnection>,
}

fn holdings<'a>(region: &'a Region, site: &str, now: Timestamp) -> Holdings<'a> {
    let of = |tags: &underpass::sandbox::Tags| tags.get(TAG_SITE).is_some_and(|it| it == site);
    let customers = region.customer_gateways.values();
    let gateways = region.vpn_gateways.values();
    let connections = region.vpn_connections.values();
    Holdings {
        customer_gateways: customers
            .filter(|it| of(&it.tags) && it.life.is_wanted(now))
            .count(),
        vpn_gateways: gateways
            .filter(|it| of(&it.tags) && it.life.is_wanted(now))
            .count(),
        transit_gateways: region
            .transit_gateways
            .values()
            .filter(|it| of(&it.tags) && it.life.is_wanted(now))
            .count(),
        connections: connections
            .filter(|it| of(&it.tags) && it.life.is_wanted(now))
            .collect(),
    }
}

/// A site that is up has its connection, and its routes spread.
pub(crate) fn carries(sandbox: &Sandbox, draft: &Draft, known: &Known) -> Held {
    let name = draft.name();
    judged(sandbox, |region, now| {
        let holdings = holdings(region, name, now);
        let [connection] = holdings.connections.as_slice() else {
            let count = holdings.connections.len();
            return broken("cut off", format!("{name} has {count} connections"));
        };
        if draft.transit.is_some() {
            return check_transit::carries(region, draft, connection, known, now);
        }
        let end = connection.vpn_gateway.as_ref();
        let gateway = end.and_then(|id| region.vpn_gateways.get(id));
        let attached = gateway.and_then(|it| it.attachment(now));
        let here = attached
            .is_some_and(|it| it.vpc.to_string() == draft.vpc_id() && it.state(now) == "attached");
        require(here, "cut off", || {
            format!("{name}: {end:?} is not attached")
        })?;
        for table in draft.tables() {
            let mut tables = region.route_tables.iter();
            let learns = tables.any(|(id, it)| {
                id.to_string() == *table && end.is_some_and(|end| it.propagating.contains(end))
            });
            require(learns, "cut off", || {
                format!("{name}: {table} learns nothing")
            })?;
        }
        Ok(())
    })
}

/// A site has exactly one of everything that was planned.
pub(crate) fn exact(sandbox: &Sandbox, draft: &Draft, known: &Known) -> Held {
    let name = draft.name();
    carries(sandbox, draft, known)?;
    judged(sandbox, |region, now| {
        let holdings = holdings(region, name, now);
        let customers = holdings.customer_gateways;
        require(customers == 1, "not exact", || {
            format!("{name} has {customers} customer gateways")
        })?;
        let Some(connection) = holdings.connections.first() else {
            return Ok(());
        };
        let end = connection.vpn_gateway.as_ref();
        let on_transit = draft.transit.is_some();
        let adopted = draft.spare || on_transit || end.is_some_and(|it| it.to_string() == CLINIC);
        let gateways = holdings.vpn_gateways;
        require(gateways <= usize::from(!adopted), "not exact", || {
            format!("{name} has {gateways} gateways")
        })?;
        let fixed = connection.static_routes_only;
        require(fixed == draft.fixed, "not exact", || {
            format!("{name} has the other routing")
        })?;
        let routes = connection.routes.iter().filter(|it| it.life.is_wanted(now));
        let planned = if fixed && !on_transit {
            draft.lan.into()
        } else {
            0
        };
        let routes = routes.count();
        require(routes == planned, "not exact", || {
            format!("{name} has {routes} static routes, not {planned}")
        })?;
        if on_transit {
            let gateways = holdings.transit_gateways;
            check_transit::exact(region, draft, connection, gateways, now)?;
        }
        for tunnel in &connection.tunnels {
            let wanted = tunnel.options.phase1_lifetime == draft.lifetime;
            require(wanted, "not exact", || {
                format!("{name}: tunnel {} has other options", tunnel.outside_ip)
            })?;
        }
        Ok(())
    })
}

/// Nothing of a site costs money any more.
pub(crate) fn gone(sandbox: &Sandbox, name: &str) -> Held {
    judged(sandbox, |region, now| {
        let left: Vec<String> = watch::objects(region)
            .filter(|(_, tags, life)| {
                tags.get(TAG_SITE).is_some_and(|it| it == name) && life.is_wanted(now)
            })
            .map(|(id, ..)| id)
            .collect();
        // A gateway that another site of ours uses stays until that one goes.
        let billable = left.iter().any(|id| id.starts_with("vpn-"));
        require(!billable, "left over", || format!("{name} has {left:?}"))
    })
}

/// Nothing of anybody is left, and everything else is as it was.
///
/// With `forgotten`, what propagates does not count: somebody deleted what bore the memory of it.
pub(crate) fn empty(sandbox: &Sandbox, before: &World, forgotten: bool) -> Held {
    let mut world = living(sandbox.world(), sandbox.now());
    let mut before = living(before.clone(), sandbox.now());
    // An adopted gateway that was attached stays so: nothing in AWS says whose doing it was.
    for world in [&mut world, &mut before] {
        for region in world.regions.values_mut() {
            for gateway in region.vpn_gateways.values_mut() {
                gateway.attachments.clear();
            }
            if forgotten {
                region.transit_route_tables.clear();
                region.route_tables.clear();
            }
        }
    }
    let same = world.regions == before.regions;
    require(same, "left over", || {
        let (Some(is), Some(was)) = (world.regions.get(REGION), before.regions.get(REGION)) else {
            return "the Region is gone".to_owned();
        };
        let had: Vec<String> = watch::objects(was).map(|(id, ..)| id).collect();
        let more: Vec<String> = watch::objects(is)
            .map(|(id, ..)| id)
            .filter(|id| !had.contains(id))
            .collect();
        let tables = is.route_tables.values();
        let tables: Vec<String> = tables
            .filter(|it| was.route_tables.get(&it.id) != Some(it))
            .map(|it| it.id.to_string())
            .collect();
        let transit = is.transit_route_tables.values();
        let transit: Vec<String> = transit
            .filter(|it| was.transit_route_tables.get(&it.id) != Some(it))
            .map(|it| format!("{} {:?} {:?}", it.id, it.routes, it.propagations))
            .collect();
        format!("objects {more:?}, changed route tables {tables:?} {transit:?}")
    })
}

/// The world without what is deleted and merely still listed.
pub(crate) fn living(mut world: World, now: Timestamp) -> World {
    for region in world.regions.values_mut() {
        region.customer_gateways.retain(|_, it| it.life.exists(now));
        region.vpn_gateways.retain(|_, it| it.life.exists(now));
        region.vpn_connections.retain(|_, it| it.life.exists(now));
        for gateway in region.vpn_gateways.values_mut() {
            gateway.attachments.retain(|it| it.state(now) != "detached");
        }
    }
    check_transit::living(&mut world, now);
    world
}
