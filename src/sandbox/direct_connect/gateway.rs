//! Direct Connect gateways, and what is associated with them.

use std::collections::BTreeSet;

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sandbox::ids::ResourceId;
use crate::sandbox::lifecycle::{Lifecycle, State};
use crate::sandbox::world::Tags;

/// A Direct Connect gateway: of no region, and free of charge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DxGateway {
    /// Its id, a UUID.
    pub id: ResourceId,
    /// Its name; several may have the same.
    pub name: String,
    /// The ASN on Amazon's side.
    pub asn: u32,
    /// Its states.
    pub life: Lifecycle,
    /// Its tags.
    pub tags: Tags,
}

/// The association of a Direct Connect gateway with a virtual private or transit gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DxAssociation {
    /// Its id, a UUID.
    pub id: ResourceId,
    /// The Direct Connect gateway.
    pub gateway: ResourceId,
    /// The virtual private or transit gateway.
    pub associated: ResourceId,
    /// That one's region.
    pub region: String,
    /// Whether it is a transit gateway.
    pub is_transit: bool,
    /// The allowed prefixes.
    pub allowed: BTreeSet<IpNet>,
    /// The allowed prefixes that an update brings, and when.
    pub update: Option<(BTreeSet<IpNet>, Timestamp)>,
    /// What stands for it on the transit gateway.
    pub attachment: Option<ResourceId>,
    /// Why it did not come about, or did not end.
    pub state_change_error: Option<String>,
    /// Its states; `available` is `associated`.
    pub life: Lifecycle,
}

impl DxAssociation {
    /// The state at a time, in AWS's words.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match self.life.state(now) {
            State::Deleting => "disassociating",
            State::Deleted => "disassociated",
            State::Pending => "associating",
            _ if self.update.as_ref().is_some_and(|(_, at)| now < *at) => "updating",
            _ => "associated",
        }
    }

    /// Whether traffic passes.
    pub fn carries(&self, now: Timestamp) -> bool {
        matches!(self.state(now), "associated" | "updating")
    }

    /// The allowed prefixes that are in force at a time.
    pub fn allowed_at(&self, now: Timestamp) -> &BTreeSet<IpNet> {
        match &self.update {
            Some((new, at)) if *at <= now => new,
            _ => &self.allowed,
        }
    }

    /// The allowed prefixes when all that was asked for is done.
    pub fn wanted(&self) -> &BTreeSet<IpNet> {
        self.update.as_ref().map_or(&self.allowed, |(new, _)| new)
    }
}

/// A proposal of an association, by the owner of the virtual private or transit gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DxProposal {
    /// Its id, a UUID.
    pub id: ResourceId,
    /// The Direct Connect gateway.
    pub gateway: ResourceId,
    /// The virtual private or transit gateway.
    pub associated: ResourceId,
    /// That one's region.
    pub region: String,
    /// Whether it is a transit gateway.
    pub is_transit: bool,
    /// The prefixes it asks for.
    pub requested: BTreeSet<IpNet>,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// Its states.
    pub life: Lifecycle,
}

impl DxProposal {
    /// The state at a time, in AWS's words.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match self.life.state(now) {
            State::Deleting | State::Deleted => "deleted",
            _ if self.accepted_at.is_some() => "accepted",
            _ => "requested",
        }
    }
}
