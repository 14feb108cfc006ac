//! Who sees what when: EC2's many servers do not learn of a change at the same moment.
//!
//! A veil hides one change of one object from those who have not heard of it: they see the object
//! as it was before. Kept only while a fault asks for it, and by each process for itself.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::calls::{not_attached, unknown_transit_gateway};
use super::error::ApiError;
use super::fault::{Faults, Injected, Trouble};
use super::ids::ResourceId;
use super::lifecycle::{fraction, later};
use super::resource::Resource;
use super::transit::{TransitAttachment, TransitGateway, TransitRouteTable};
use super::world::{CustomerGateway, Region, RouteTable, VpnConnection, VpnGateway};

/// By how much the actions differ in when they see a change, under `slow-consistency`.
const SPREAD: Duration = Duration::from_secs(60);
/// How much later than a new object its tags are seen, at most.
const TAGS: Duration = Duration::from_secs(60);
/// How long [`Injected::Unseen`] hides a new object, and a change of an old one.
const UNSEEN: (Duration, Duration) = (Duration::from_secs(240), Duration::from_secs(60));
/// How far looks go back at most, with something to spare.
const MEMORY: SignedDuration = SignedDuration::from_secs(120);

/// Changes that not everybody sees yet, oldest first.
#[derive(Debug, Default)]
pub(super) struct Veils(Vec<Veil>);

#[derive(Debug)]
struct Veil {
    region: String,
    id: ResourceId,
    before: Former,
    seed: u64,
    /// When the first action sees the change.
    from: Timestamp,
    /// How much later the last one does.
    spread: Duration,
    /// How much later than that everybody does.
    extra: Duration,
}

/// An object before a change.
#[derive(Debug)]
enum Former {
    Nothing,
    CustomerGateway(CustomerGateway),
    VpnGateway(VpnGateway),
    VpnConnection(Box<VpnConnection>),
    RouteTable(RouteTable),
    TransitGateway(TransitGateway),
    TransitAttachment(TransitAttachment),
    TransitRouteTable(TransitRouteTable),
}

impl Veil {
    fn until(&self, action: &str) -> Timestamp {
        let share = fraction(self.seed, self.id.as_str(), action);
        later(self.from, self.spread.mul_f64(share) + self.extra)
    }

    fn is_forgotten(&self, now: Timestamp) -> bool {
        now.duration_since(later(self.from, self.spread + self.extra)) > MEMORY
    }
}

impl Veils {
    /// Whether changes have to be noted for calls under these faults.
    pub(super) fn are_wanted(faults: &Faults, injected: Option<Injected>) -> bool {
        injected == Some(Injected::Unseen)
            || faults.has(Trouble::SlowConsistency)
            || faults.has(Trouble::StaleReads)
    }

    /// Notes what a call has changed in a region.
    pub(super) fn note(
        &mut self,
        before: &Region,
        after: &Region,
        faults: &Faults,
        injected: Option<Injected>,
        now: Timestamp,
    ) {
        self.0.retain(|veil| !veil.is_forgotten(now));
        let mut note = Note {
            veils: self,
            region: &after.name,
            slow: faults.has(Trouble::SlowConsistency),
            unseen: injected == Some(Injected::Unseen),
            seed: faults.seed,
            now,
        };
        note.shelf(before, after, Former::CustomerGateway);
        note.shelf(before, after, Former::VpnGateway);
        note.shelf(before, after, |old| Former::VpnConnection(Box::new(old)));
        note.shelf(before, after, Former::RouteTable);
        note.shelf(before, after, Former::TransitGateway);
        note.shelf(before, after, Former::TransitAttachment);
        note.shelf(before, after, Former::TransitRouteTable);
    }

    /// The region as an action sees it at a time; none when it sees all there is.
    pub(super) fn seen_by(&self, action: &str, region: &Region, at: Timestamp) -> Option<Region> {
        let mut seen: Option<Region> = None;
        let mut done: Vec<&ResourceId> = Vec::new();
        let active = self.0.iter().filter(|veil| veil.region == region.name);
        for veil in active.filter(|veil| at < veil.until(action)) {
            if done.contains(&&veil.id) {
                continue;
            }
            done.push(&veil.id);
            veil.before
                .put(&veil.id, seen.get_or_insert_with(|| region.clone()));
        }
        seen
    }

    /// Why a change fails because of what its action does not see yet.
    pub(super) fn refusal(
        &self,
        action: &str,
        form: &BTreeMap<String, String>,
        region: &Region,
        now: Timestamp,
    ) -> Option<ApiError> {
        if self.0.is_empty() {
            return None;
        }
        let seen = self.seen_by(action, region, now)?;
        for value in form.values() {
            if let Some(refusal) = lacks::<CustomerGateway>(value, region, &seen)
                .or_else(|| lacks::<VpnGateway>(value, region, &seen))
                .or_else(|| lacks::<VpnConnection>(value, region, &seen))
                .or_else(|| lacks::<TransitGateway>(value, region, &seen))
                .or_else(|| lacks::<TransitAttachment>(value, region, &seen))
                .or_else(|| lacks::<TransitRouteTable>(value, region, &seen))
            {
                return Some(refusal);
            }
        }
        if !matches!(
            action,
            "EnableVgwRoutePropagation" | "CreateRoute" | "ReplaceRoute"
        ) {
            return None;
        }
        let named = |name| form.get(name).map(|id| ResourceId::from(id.as_str()));
        let vpc = &region.route_tables.get(&named("RouteTableId")?)?.vpc;
        if let Some(gateway) = named("TransitGatewayId") {
            let attached = |region: &Region| {
                let found = region.transit_attachment_of(vpc, &gateway, now);
                found.is_some()
            };
            let unseen = attached(region) && !attached(&seen);
            return unseen.then(|| unknown_transit_gateway(&gateway));
        }
        let gateway = named("GatewayId")?;
        let attached = |region: &Region| {
            let gateway = region.vpn_gateways.get(&gateway);
            gateway.is_some_and(|gateway| gateway.is_attached_to(vpc, now))
        };
        (attached(region) && !attached(&seen)).then(|| not_attached(&gateway, vpc))
    }
}

/// `….NotFound` for what exists and is not seen.
fn lacks<R: Resource>(id: &str, region: &Region, seen: &Region) -> Option<ApiError> {
    let key = ResourceId::from(id);
    let unseen = R::shelf(region).contains_key(&key) && !R::shelf(seen).contains_key(&key);
    unseen.then(|| R::KIND.not_found(&[id]))
}

/// One call's changes on their way under veils.
struct Note<'a> {
    veils: &'a mut Veils,
    region: &'a str,
    slow: bool,
    unseen: bool,
    seed: u64,
    now: Timestamp,
}

impl Note<'_> {
    fn shelf<R: Resource + Clone + PartialEq>(
        &mut self,
        before: &Region,
        after: &Region,
        former: fn(R) -> Former,
    ) {
        for (id, object) in R::shelf(after) {
            match R::shelf(before).get(id) {
                Some(old) if old == object => {}
                Some(old) => self.changed(id, former(old.clone())),
                None => self.made(id, object, former),
            }
        }
    }

    fn made<R: Resource + Clone>(&mut self, id: &ResourceId, object: &R, former: fn(R) -> Former) {
        let visible_at = object.life().map_or(self.now, |life| life.visible_at);
        let extra = if self.unseen {
            UNSEEN.0
        } else {
            Duration::ZERO
        };
        self.veil(id, Former::Nothing, visible_at, extra);
        if self.slow {
            let mut untagged = object.clone();
            untagged.tags_mut().clear();
            let later = TAGS.mul_f64(fraction(self.seed, id.as_str(), "tags"));
            self.veil(id, former(untagged), visible_at, extra + later);
        }
    }

    fn changed(&mut self, id: &ResourceId, former: Former) {
        let extra = if self.unseen {
            UNSEEN.1
        } else {
            Duration::ZERO
        };
        self.veil(id, former, self.now, extra);
    }

    fn veil(&mut self, id: &ResourceId, before: Former, from: Timestamp, extra: Duration) {
        self.veils.0.push(Veil {
            region: self.region.to_owned(),
            id: id.clone(),
            before,
            seed: self.seed,
            from,
            spread: if self.slow { SPREAD } else { Duration::ZERO },
            extra,
        });
    }
}

impl Former {
    fn put(&self, id: &ResourceId, region: &mut Region) {
        let id = id.clone();
        match self {
            Self::Nothing => {
                region.customer_gateways.remove(&id);
                region.vpn_gateways.remove(&id);
                region.vpn_connections.remove(&id);
                region.route_tables.remove(&id);
                region.transit_gateways.remove(&id);
                region.transit_attachments.remove(&id);
                region.transit_route_tables.remove(&id);
            }
            Self::CustomerGateway(old) => {
                region.customer_gateways.insert(id, old.clone());
            }
            Self::VpnGateway(old) => {
                region.vpn_gateways.insert(id, old.clone());
            }
            Self::VpnConnection(old) => {
                region.vpn_connections.insert(id, VpnConnection::clone(old));
            }
            Self::RouteTable(old) => {
                region.route_tables.insert(id, old.clone());
            }
            Self::TransitGateway(old) => {
                region.transit_gateways.insert(id, old.clone());
            }
            Self::TransitAttachment(old) => {
                region.transit_attachments.insert(id, old.clone());
            }
            Self::TransitRouteTable(old) => {
                region.transit_route_tables.insert(id, old.clone());
            }
        }
    }
}

/// A state's word, or for half a minute now and then one that no document names.
///
/// What is over keeps its word, and no half minute of this follows another.
pub(super) fn disguised(
    seed: u64,
    object: &str,
    word: &'static str,
    now: Timestamp,
) -> &'static str {
    let slot = now.as_second().div_euclid(30);
    let hidden = slot % 2 == 0 && fraction(seed, object, &format!("word {slot}")) < 0.6;
    match word {
        _ if !hidden => word,
        "pending" | "attaching" | "associating" | "enabling" => "provisioning",
        "available" | "attached" | "modifying" => "moving",
        "deleting" | "detaching" | "disassociating" | "disabling" => "draining",
        word => word,
    }
}
