//! How long things take in AWS, and the state that an object is in at a given time.
//!
//! Nothing runs in the background: every object carries the times of its transitions, drawn once
//! when the transition starts, and its state is computed from them.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A range that a duration is drawn from, in seconds of the world's time.
pub(super) type Seconds = (f64, f64);

// Typical times as others saw them in test logs (Terraform's provider and its issues); the API
// reference promises none.
/// A VPN connection until `available`.
pub(super) const VPN_CREATE: Seconds = (180.0, 300.0);
/// A VPN connection until `deleted`.
pub(super) const VPN_DELETE: Seconds = (60.0, 180.0);
/// The replacement of one tunnel endpoint: options, lifecycle control, maintenance.
pub(super) const TUNNEL_REPLACE: Seconds = (300.0, 480.0);
/// A change of the target gateway or of the customer gateway.
pub(super) const VPN_RETARGET: Seconds = (500.0, 760.0);
/// A virtual private gateway or a customer gateway until `available`.
pub(super) const GATEWAY_CREATE: Seconds = (2.0, 6.0);
/// A virtual private gateway or a customer gateway until `deleted`.
pub(super) const GATEWAY_DELETE: Seconds = (3.0, 8.0);
/// An attachment until `attached`.
pub(super) const ATTACH: Seconds = (50.0, 100.0);
/// An attachment until `detached`.
pub(super) const DETACH: Seconds = (60.0, 120.0);
/// A static route on a connection, created or deleted.
pub(super) const STATIC_ROUTE: Seconds = (3.0, 10.0);
/// A transit gateway until `available`, and until `deleted`: a live account took 50 seconds and
/// about a minute (floci 2329).
pub(super) const TRANSIT_GATEWAY: Seconds = (45.0, 120.0);
/// A change of a transit gateway or of a VPC's attachment. Unverified.
pub(super) const TRANSIT_MODIFY: Seconds = (5.0, 30.0);
/// An attachment of a VPC to a transit gateway until `available`, and until `deleted`.
pub(super) const TRANSIT_ATTACH: Seconds = (40.0, 90.0);
/// How long the attachment of a new VPN connection stays unlisted. Terraform's provider looks for
/// it until it is there; the time is an assumption.
pub(super) const TRANSIT_VPN_LISTED: Seconds = (2.0, 20.0);
/// A route table of a transit gateway, created or deleted.
pub(super) const TRANSIT_TABLE: Seconds = (5.0, 20.0);
/// An association with a route table, made or ended.
pub(super) const TRANSIT_ASSOCIATION: Seconds = (5.0, 20.0);
/// A static route of a transit gateway, created or deleted. AWS's examples have `active` and
/// `deleted` in the first answers; `pending` and `deleting` are in its model, and Terraform's
/// provider waits for their end.
pub(super) const TRANSIT_ROUTE: Seconds = (1.0, 6.0);
/// From a reachable site router to a tunnel that reports UP.
pub(super) const TUNNEL_UP: Seconds = (60.0, 90.0);
/// How long a new object may stay unseen by calls that name it. An assumption: AWS documents
/// eventual consistency without a number.
pub(super) const CONSISTENCY: Seconds = (0.0, 0.4);
/// The same under the fault `slow-consistency`, for the first action that sees it: the last one
/// does a minute later, after the 5 minutes that AWS tells clients to allow for.
pub(super) const SLOW_CONSISTENCY: Seconds = (0.0, 240.0);

/// How long a deleted object stays visible.
const LINGER: SignedDuration = SignedDuration::from_hours(1);

/// A duration from `range`, the same for the same seed, object and purpose.
pub(super) fn draw(seed: u64, object: &str, purpose: &str, range: Seconds) -> Duration {
    let (least, most) = range;
    Duration::from_secs_f64(
        fraction(seed, object, purpose)
            .mul_add(most - least, least)
            .max(0.0),
    )
}

/// A number in `0.0..1.0`, the same for the same seed, object and purpose.
pub(super) fn fraction(seed: u64, object: &str, purpose: &str) -> f64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(object.as_bytes());
    hash.update([0]);
    hash.update(purpose.as_bytes());
    let digest = hash.finalize();
    let head = digest
        .iter()
        .take(4)
        .fold(0_u32, |head, byte| head << 8 | u32::from(*byte));
    f64::from(head) / 4_294_967_296.0
}

/// `at` plus `duration`, or the end of time.
pub(super) fn later(at: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| at.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}

/// `at` less `duration`, or the beginning of time.
pub(super) fn earlier(at: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| at.checked_sub(duration).ok())
        .unwrap_or(Timestamp::MIN)
}

/// The state of an object on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Being created.
    Pending,
    /// Ready.
    Available,
    /// Being changed; undocumented, on VPN connections only.
    Modifying,
    /// Being deleted.
    Deleting,
    /// Gone, but still visible.
    Deleted,
}

impl State {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Available => "available",
            Self::Modifying => "modifying",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }
}

/// The times of an object's transitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// When the creating call was answered.
    pub created_at: Timestamp,
    /// From when on other calls see it.
    pub visible_at: Timestamp,
    /// When it becomes `available`.
    pub available_at: Timestamp,
    /// When its deletion was asked for.
    pub deleting_at: Option<Timestamp>,
    /// When that deletion is complete.
    pub deleted_at: Option<Timestamp>,
}

impl Lifecycle {
    /// An object that has existed for a long time.
    pub(super) fn settled() -> Self {
        let at = Timestamp::UNIX_EPOCH;
        Self {
            created_at: at,
            visible_at: at,
            available_at: at,
            deleting_at: None,
            deleted_at: None,
        }
    }

    pub(super) fn begin(now: Timestamp, unseen: Duration, takes: Duration) -> Self {
        Self {
            created_at: now,
            visible_at: later(now, unseen),
            available_at: later(now, takes),
            deleting_at: None,
            deleted_at: None,
        }
    }

    /// Begins the deletion; false when it was under way already.
    pub(super) fn delete(&mut self, now: Timestamp, takes: Duration) -> bool {
        let begins = self.deleting_at.is_none();
        if begins {
            self.deleting_at = Some(now);
            self.deleted_at = Some(later(now, takes));
        }
        begins
    }

    /// The state at a time.
    pub fn state(&self, now: Timestamp) -> State {
        match (self.deleting_at, self.deleted_at) {
            (_, Some(deleted)) if deleted <= now => State::Deleted,
            (Some(deleting), _) if deleting <= now => State::Deleting,
            _ if self.available_at <= now => State::Available,
            _ => State::Pending,
        }
    }

    /// Whether describes show it: no longer too new, and not deleted for more than an hour.
    pub fn is_visible(&self, now: Timestamp) -> bool {
        self.visible_at <= now && !self.is_expired(now)
    }

    /// Whether it was deleted so long ago that nothing of it remains.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.deleted_at
            .is_some_and(|deleted| now.duration_since(deleted) > LINGER)
    }

    /// Whether it exists for quotas, duplicates and dependencies: not `deleted`.
    pub fn exists(&self, now: Timestamp) -> bool {
        self.state(now) != State::Deleted
    }

    /// Whether it exists and is not on its way out.
    pub fn is_wanted(&self, now: Timestamp) -> bool {
        matches!(self.state(now), State::Pending | State::Available)
    }
}
