//! Connections: a port of one's own, or a partner's share of one.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sandbox::ids::ResourceId;
use crate::sandbox::lifecycle::{Lifecycle, Seconds, State, later};
use crate::sandbox::world::Tags;

const DAY: f64 = 86_400.0;
/// From the letter of authorization to light on the port, when the sites' people are at work. An
/// assumption: colocation providers take days.
pub(in crate::sandbox) const PATCHING: Seconds = (2.0 * DAY, 10.0 * DAY);
/// When a port is billed without ever having been up (Direct Connect pricing).
const BILLED_ANYWAY: Duration = Duration::from_secs(90 * 86_400);

/// A connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DxConnection {
    /// Its id.
    pub id: ResourceId,
    /// The region it belongs to.
    pub region: String,
    /// Its name; several may have the same.
    pub name: String,
    /// The code of the location.
    pub location: String,
    /// Its speed, in AWS's words.
    pub bandwidth: String,
    /// What it is made of.
    pub line: Line,
    /// The provider of the cross connect, when it was given.
    pub provider: Option<String>,
    /// How it is billed.
    pub billing_mode: String,
    /// Whether it was ordered with MACsec.
    pub mac_sec: bool,
    /// `no_encrypt`, `should_encrypt` or `must_encrypt`; of a connection with MACsec.
    pub encryption_mode: String,
    /// Its keys.
    pub mac_sec_keys: Vec<MacSecKey>,
    /// Since when the light is out, after it has been on.
    pub dark_since: Option<Timestamp>,
    /// Its states, but for those of its line.
    pub life: Lifecycle,
    /// Its tags.
    pub tags: Tags,
}

/// What a connection is made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// A port of one's own.
    Dedicated {
        /// When AWS issues the letter of authorization.
        loa_at: Timestamp,
        /// When the cross connect is made; unknown until somebody does it.
        patched_at: Option<Timestamp>,
    },
    /// A partner's share.
    Hosted {
        /// The only VLAN.
        vlan: u16,
        /// The partner.
        partner: String,
        /// When its owner confirmed it.
        confirmed_at: Option<Timestamp>,
        /// When it is available then.
        ready_at: Option<Timestamp>,
    },
}

/// A MACsec key of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MacSecKey {
    /// Where Secrets Manager keeps it.
    pub secret_arn: String,
    /// Its name.
    pub ckn: String,
    /// When it is `associated`.
    pub associated_at: Timestamp,
    /// When it is `disassociated`, once asked for.
    pub disassociated_at: Option<Timestamp>,
}

impl MacSecKey {
    /// The state at a time, in AWS's words.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match self.disassociated_at {
            Some(end) if end <= now => "disassociated",
            Some(_) => "disassociating",
            None if self.associated_at <= now => "associated",
            None => "associating",
        }
    }
}

impl DxConnection {
    /// The state at a time, in AWS's words.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match self.life.state(now) {
            State::Deleting => return "deleting",
            State::Deleted => return "deleted",
            _ => {}
        }
        match &self.line {
            Line::Dedicated { loa_at, .. } if now < *loa_at => "requested",
            Line::Hosted {
                confirmed_at: None, ..
            } => "ordering",
            _ if self.ready_at().is_none_or(|ready| now < ready) => "pending",
            _ if self.dark_since.is_some() => "down",
            _ => "available",
        }
    }

    /// When it can carry traffic, as far as anybody knows.
    pub fn ready_at(&self) -> Option<Timestamp> {
        match &self.line {
            Line::Dedicated { loa_at, patched_at } => patched_at.map(|at| at.max(*loa_at)),
            Line::Hosted { ready_at, .. } => *ready_at,
        }
    }

    /// Whether frames pass: the light is on, and a key is there when encryption is a must.
    pub fn carries(&self, now: Timestamp) -> bool {
        let key = self.encryption_mode != "must_encrypt" || self.is_encrypted(now);
        self.state(now) == "available" && key
    }

    /// Whether MACsec is up, the site's device taken to have the keys.
    pub fn is_encrypted(&self, now: Timestamp) -> bool {
        let mut keys = self.mac_sec_keys.iter();
        self.mac_sec
            && self.encryption_mode != "no_encrypt"
            && self.state(now) == "available"
            && keys.any(|key| matches!(key.state(now), "associated" | "disassociating"))
    }

    /// Whether AWS charges for it: a port of one's own from when it is up, or from 90 days after the
    /// letter of authorization; a hosted one from its acceptance.
    pub fn is_billed(&self, now: Timestamp) -> bool {
        let from = match &self.line {
            Line::Dedicated { loa_at, .. } => {
                let anyway = later(*loa_at, BILLED_ANYWAY);
                Some(self.ready_at().map_or(anyway, |ready| ready.min(anyway)))
            }
            Line::Hosted { confirmed_at, .. } => *confirmed_at,
        };
        self.life.exists(now) && from.is_some_and(|from| from <= now)
    }

    /// Whether it is a partner's share.
    pub fn is_hosted(&self) -> bool {
        matches!(self.line, Line::Hosted { .. })
    }

    /// Whether its VLANs are free to choose; the one of a hosted connection is not.
    pub fn has_vlan(&self, vlan: u16, taken: &BTreeSet<u16>) -> bool {
        match self.line {
            Line::Hosted { vlan: only, .. } => only == vlan && !taken.contains(&vlan),
            Line::Dedicated { .. } => !taken.contains(&vlan),
        }
    }
}
