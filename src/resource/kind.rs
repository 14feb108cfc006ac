//! What every kind of resource can do.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::inputs::{Inputs, KindError};
use super::owner::Owner;
use crate::aws::{Call, Collection, Fault, Tags, View};
use crate::playbook::StepId;
use crate::spec::{InsideCidr, SiteName};
use crate::tunnel::PreSharedKey;

/// The run's keys by tunnel; made before the first write, kept in a 0600 file.
pub type Keys = BTreeMap<InsideCidr, PreSharedKey>;

/// What a plan does to one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Make it.
    Create,
    /// Use what exists and is not ours; never changed, never deleted.
    Adopt,
    /// Change it in place.
    Update,
    /// Delete and make anew, because it cannot be changed in place.
    Replace,
    /// Delete it.
    Delete,
    /// Leave it: it is as it should be.
    Keep,
}

impl Change {
    /// The plan's legend.
    pub const fn glyph(self) -> char {
        match self {
            Self::Create => '+',
            Self::Adopt => '⇄',
            Self::Update => '~',
            Self::Replace => '±',
            Self::Delete => '-',
            Self::Keep => '✓',
        }
    }
}

/// What a change does to traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TunnelImpact {
    /// No tunnel drops.
    None,
    /// These tunnels drop for minutes, one after the other.
    OneByOne(Vec<Ipv4Addr>),
    /// Both tunnels drop at once.
    Both(Vec<Ipv4Addr>),
}

/// Whose a resource is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ownership {
    /// Carries our tags for this site and step, or hangs on something that does.
    Ours,
    /// Exists already and is used as it is; says why it was taken.
    Adopted(String),
}

/// A resource that exists.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Its id; where AWS has none (attachment, propagation, static route), the ids it joins.
    pub id: String,
    /// Whose it is.
    pub ownership: Ownership,
    /// What other steps can refer to; `id` is always there.
    pub outputs: BTreeMap<String, Value>,
    /// Tags that it should carry and does not; empty when it is not ours or AWS has no tags for it.
    pub missing_tags: Tags,
}

/// What a look found.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// Nothing that could be it.
    Absent,
    /// It.
    Present(Seen),
    /// More than one of ours: the planner offers to remove the rest.
    ///
    /// The first is the one to go on with: it carries traffic, is in use or is the oldest.
    Several(Vec<Seen>),
}

impl Finding {
    /// The one to go on with, if there is any.
    pub fn chosen(&self) -> Option<&Seen> {
        match self {
            Self::Absent => None,
            Self::Present(seen) => Some(seen),
            Self::Several(seen) => seen.first(),
        }
    }
}

/// How bold a plan may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Whether what was adopted may be changed.
    pub adopt_changes: bool,
    /// Whether duplicates of what is kept are removed.
    #[serde(default)]
    pub remove_duplicates: bool,
}

/// What has to be done about a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What.
    pub change: Change,
    /// Why, in words.
    pub reason: String,
    /// Attributes that differ: name, as it is, as it should be; never a secret.
    pub differences: Vec<(String, String, String)>,
    /// What it does to traffic.
    pub impact: TunnelImpact,
}

impl Decision {
    /// A decision that touches no attribute and no tunnel.
    pub fn new(change: Change, reason: impl Into<String>) -> Self {
        Self {
            change,
            reason: reason.into(),
            differences: Vec::new(),
            impact: TunnelImpact::None,
        }
    }
}

/// What a wait waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// It exists and can be used.
    Ready,
    /// It is gone.
    Gone,
}

/// How far a resource is from a goal.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// There.
    Done,
    /// On the way, or in a state that nobody knows: keep waiting.
    Waiting {
        /// The object, such as `vpn-0a…`.
        object: String,
        /// Its state in AWS's word; `absent` when it is not listed (yet).
        state: String,
    },
    /// It will never get there.
    Hopeless {
        /// The object.
        object: String,
        /// Its state.
        state: String,
        /// Why there is no hope.
        why: String,
    },
}

/// How long something usually takes, and when to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usual {
    /// The shortest that is usual.
    pub from: Duration,
    /// The longest that is usual.
    pub to: Duration,
    /// When to give up.
    pub limit: Duration,
}

impl Usual {
    /// Durations in seconds.
    pub const fn secs(from: u64, to: u64, limit: u64) -> Self {
        Self {
            from: Duration::from_secs(from),
            to: Duration::from_secs(to),
            limit: Duration::from_secs(limit),
        }
    }
}

/// One input of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputSpec {
    /// Its name in a playbook.
    pub name: &'static str,
    /// Whether a playbook must give it.
    pub required: bool,
    /// What it is.
    pub what: &'static str,
}

impl InputSpec {
    /// An input that a playbook must give.
    pub const fn required(name: &'static str, what: &'static str) -> Self {
        Self {
            name,
            required: true,
            what,
        }
    }

    /// An input that a playbook may leave out.
    pub const fn optional(name: &'static str, what: &'static str) -> Self {
        Self {
            name,
            required: false,
            what,
        }
    }
}

/// A resource of a site found by its tags alone, for teardown.
#[derive(Clone, Debug, PartialEq)]
pub struct Owned {
    /// The step that made it.
    pub step: StepId,
    /// Its id.
    pub id: String,
    /// Inputs with which [`Kind::find`] finds it again.
    pub inputs: Inputs,
}

/// A kind of resource: pure knowledge about finding, deciding, calling and waiting.
pub trait Kind: Send + Sync + fmt::Debug {
    /// Its name in a playbook, such as `vpn_connection`.
    fn name(&self) -> &'static str;

    /// Its name for people, such as `VPN connection`.
    fn title(&self) -> &'static str;

    /// What a playbook may tell it.
    fn inputs(&self) -> &'static [InputSpec];

    /// What other steps may refer to.
    fn outputs(&self) -> &'static [&'static str];

    /// What has to be looked at to find it.
    fn collections(&self) -> &'static [Collection];

    /// Finds what this step made, or what it should adopt.
    ///
    /// Objects that are deleted or on their way out do not count. With inputs that are not known
    /// yet, only what our tags prove can be found. Fails on unusable inputs alone: what stands in
    /// the way is for [`Kind::decide`] to say, so that teardown can look without being refused.
    fn find(
        &self,
        step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        view: &View,
    ) -> Result<Finding, KindError>;

    /// Decides what the finding needs; of several, the first is meant.
    fn decide(
        &self,
        inputs: &Inputs,
        finding: &Finding,
        view: &View,
        policy: Policy,
    ) -> Result<Decision, KindError>;

    /// The call that creates it.
    fn create(
        &self,
        step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        keys: &Keys,
    ) -> Result<Call, KindError>;

    /// The next call that brings an existing one closer to what it should be; none when it is.
    ///
    /// One call at a time: after each the engine waits until [`Kind::progress`] says that the
    /// resource is ready, looks and asks again. To be asked only when it is ready, for AWS shows
    /// the old values while a change is on its way.
    fn update(
        &self,
        step: &StepId,
        inputs: &Inputs,
        seen: &Seen,
        view: &View,
        owner: &Owner,
        keys: &Keys,
    ) -> Result<Option<Call>, KindError>;

    /// The call that deletes it.
    fn delete(&self, seen: &Seen, view: &View) -> Result<Call, KindError>;

    /// How far it is from a goal.
    ///
    /// `id` is what [`Kind::create`] answered or [`Kind::find`] found, when either is known.
    fn progress(&self, inputs: &Inputs, id: Option<&str>, goal: Goal, view: &View) -> Progress;

    /// Whether there is room for what [`Kind::create`] makes.
    ///
    /// Waiting while what has the place is on its way out: AWS would refuse the call until then.
    /// What stays there is for [`Kind::decide`] to refuse.
    fn room(&self, _inputs: &Inputs, _view: &View) -> Progress {
        Progress::Done
    }

    /// What other steps can refer to once it is ready.
    fn outputs_of(&self, inputs: &Inputs, id: &str, view: &View) -> BTreeMap<String, Value>;

    /// How long a goal usually takes.
    fn usual(&self, goal: Goal) -> Usual;

    /// Whether a failed call means that the goal is reached, such as NotFound on delete.
    fn forgives(&self, call: &Call, fault: &Fault) -> bool;

    /// Everything of a site that exists and is ours, found without a site file or a journal.
    fn owned(&self, site: &SiteName, view: &View) -> Vec<Owned>;

    /// Whether AWS may make it by itself, and differently: a planned creation may then have to
    /// replace what it finds.
    fn is_made_by_aws(&self) -> bool {
        false
    }

    /// The kinds that must be gone before this one can be deleted.
    fn deleted_after(&self) -> &'static [&'static str];
}
