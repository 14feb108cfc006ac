//! Who sees what when: EC2's many servers do not learn of a change at the same moment.
//!
//! A veil hides one change of one object from those who have not heard of it: they see the object
//! as it was before. Kept only while a fault asks for it, and by each process for itself.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::calls::{not_attached, unknown_transit_gateway};
use super::direct_connect::{
    DirectConnect, DxAssociation, DxConnection, DxGateway, DxProposal, DxResource,
    VirtualInterface, missing,
};
use super::error::ApiError;
use super::fault::{Faults, Injected, Trouble};
use super::former::Former;
use super::ids::ResourceId;
use super::lifecycle::{fraction, later};
use super::resource::Resource;
use super::transit::{TransitAttachment, TransitGateway, TransitRouteTable};
use super::world::{CustomerGateway, Region, VpnConnection, VpnGateway};

/// By how much the actions differ in when they see a change, under `slow-consistency`.
const SPREAD: Duration = Duration::from_secs(60);
/// How much later than a new object its tags are seen, at most.
const TAGS: Duration = Duration::from_secs(60);
/// How long [`Injected::Unseen`] hides a new object, and a change of an old one.
const UNSEEN: (Duration, Duration) = (Duration::from_secs(240), Duration::from_secs(60));
/// How far looks go back at most, with something to spare.
const MEMORY: SignedDuration = SignedDuration::from_secs(120);
/// Stands for what belongs to no region.
const EVERYWHERE: &str = "*";

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
        let mut note = self.begin(&after.name, faults, injected, now);
        note.shelf(before, after, Former::CustomerGateway);
        note.shelf(before, after, Former::VpnGateway);
        note.shelf(before, after, |old| Former::VpnConnection(Box::new(old)));
        note.shelf(before, after, Former::RouteTable);
        note.shelf(before, after, Former::TransitGateway);
        note.shelf(before, after, Former::TransitAttachment);
        note.shelf(before, after, Former::TransitRouteTable);
    }

    /// Notes what a call has changed of Direct Connect.
    pub(super) fn note_direct(
        &mut self,
        before: &DirectConnect,
        after: &DirectConnect,
        faults: &Faults,
        injected: Option<Injected>,
        now: Timestamp,
    ) {
        let mut note = self.begin(EVERYWHERE, faults, injected, now);
        note.direct(before, after, |old| Former::DxConnection(Box::new(old)));
        note.direct(before, after, |old| Former::VirtualInterface(Box::new(old)));
        note.direct(before, after, Former::DxGateway);
        note.direct(before, after, |old| Former::DxAssociation(Box::new(old)));
        note.direct(before, after, |old| Former::DxProposal(Box::new(old)));
    }

    fn begin<'a>(
        &'a mut self,
        region: &'a str,
        faults: &Faults,
        injected: Option<Injected>,
        now: Timestamp,
    ) -> Note<'a> {
        self.0.retain(|veil| !veil.is_forgotten(now));
        Note {
            veils: self,
            region,
            slow: faults.has(Trouble::SlowConsistency),
            unseen: injected == Some(Injected::Unseen),
            seed: faults.seed,
            now,
        }
    }

    /// Direct Connect as an action sees it at a time; none when it sees all there is.
    pub(super) fn direct_seen_by(
        &self,
        action: &str,
        direct: &DirectConnect,
        at: Timestamp,
    ) -> Option<DirectConnect> {
        let mut seen: Option<DirectConnect> = None;
        for veil in self.over(EVERYWHERE, action, at) {
            let seen = seen.get_or_insert_with(|| direct.clone());
            veil.before.put_direct(&veil.id, seen);
        }
        seen
    }

    /// The veils that keep something from an action: of each object the oldest.
    fn over(&self, region: &str, action: &str, at: Timestamp) -> Vec<&Veil> {
        let mut found: Vec<&Veil> = Vec::new();
        let active = self.0.iter().filter(|veil| veil.region == region);
        for veil in active.filter(|veil| at < veil.until(action)) {
            if !found.iter().any(|known| known.id == veil.id) {
                found.push(veil);
            }
        }
        found
    }

    /// Why a change fails because its action does not see something of Direct Connect yet.
    pub(super) fn direct_refusal(
        &self,
        action: &str,
        form: &BTreeMap<String, String>,
        direct: &DirectConnect,
        now: Timestamp,
    ) -> Option<ApiError> {
        if self.0.is_empty() {
            return None;
        }
        let seen = self.direct_seen_by(action, direct, now)?;
        form.values().find_map(|id| {
            lacks_direct::<DxConnection>(id, direct, &seen)
                .or_else(|| lacks_direct::<VirtualInterface>(id, direct, &seen))
                .or_else(|| lacks_direct::<DxGateway>(id, direct, &seen))
                .or_else(|| lacks_direct::<DxAssociation>(id, direct, &seen))
                .or_else(|| lacks_direct::<DxProposal>(id, direct, &seen))
        })
    }

    /// The region as an action sees it at a time; none when it sees all there is.
    pub(super) fn seen_by(&self, action: &str, region: &Region, at: Timestamp) -> Option<Region> {
        let mut seen: Option<Region> = None;
        for veil in self.over(&region.name, action, at) {
            let seen = seen.get_or_insert_with(|| region.clone());
            veil.before.put(&veil.id, seen);
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

fn lacks_direct<R: DxResource>(
    id: &str,
    direct: &DirectConnect,
    seen: &DirectConnect,
) -> Option<ApiError> {
    let key = ResourceId::from(id);
    let unseen = R::shelf(direct).contains_key(&key) && !R::shelf(seen).contains_key(&key);
    unseen.then(|| missing::<R>(id))
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

    fn direct<R: DxResource + Clone + PartialEq>(
        &mut self,
        before: &DirectConnect,
        after: &DirectConnect,
        former: fn(R) -> Former,
    ) {
        for (id, object) in R::shelf(after) {
            match R::shelf(before).get(id) {
                Some(old) if old == object => {}
                Some(old) => self.changed(id, former(old.clone())),
                None => {
                    let mut untagged = object.clone();
                    if let Some(tags) = untagged.tags_mut() {
                        tags.clear();
                    }
                    self.appeared(id, object.life().visible_at, former(untagged));
                }
            }
        }
    }

    fn made<R: Resource + Clone>(&mut self, id: &ResourceId, object: &R, former: fn(R) -> Former) {
        let visible_at = object.life().map_or(self.now, |life| life.visible_at);
        let mut untagged = object.clone();
        untagged.tags_mut().clear();
        self.appeared(id, visible_at, former(untagged));
    }

    fn appeared(&mut self, id: &ResourceId, visible_at: Timestamp, untagged: Former) {
        let extra = if self.unseen {
            UNSEEN.0
        } else {
            Duration::ZERO
        };
        self.veil(id, Former::Nothing, visible_at, extra);
        if self.slow {
            let later = TAGS.mul_f64(fraction(self.seed, id.as_str(), "tags"));
            self.veil(id, untagged, visible_at, extra + later);
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

/// A state's word, or for half a minute now and then one that no document names.
///
/// What is over keeps its word, and no half minute of this follows another.
pub(super) fn disguised(
    seed: u64,
    object: &str,
    word: &'static str,
    now: Timestamp,
) -> &'static str {
    let hidden = is_disguised(seed, object, now);
    match word {
        _ if !hidden => word,
        "pending" | "attaching" | "associating" | "enabling" => "provisioning",
        "available" | "attached" | "modifying" => "moving",
        "deleting" | "detaching" | "disassociating" | "disabling" => "draining",
        word => word,
    }
}

/// The same for what Direct Connect has: `approving` is a word that it really uses
/// (terraform-provider-aws 11594).
pub(super) fn disguised_direct(
    seed: u64,
    object: &str,
    word: &'static str,
    now: Timestamp,
) -> &'static str {
    match word {
        _ if !is_disguised(seed, object, now) => word,
        "ordering" | "requested" | "confirming" | "verifying" | "pending" | "down" => "approving",
        "associating" | "updating" | "attaching" => "provisioning",
        "available" | "associated" | "attached" | "testing" => "moving",
        "deleting" | "disassociating" | "detaching" => "draining",
        word => word,
    }
}

fn is_disguised(seed: u64, object: &str, now: Timestamp) -> bool {
    let slot = now.as_second().div_euclid(30);
    slot % 2 == 0 && fraction(seed, object, &format!("word {slot}")) < 0.6
}
