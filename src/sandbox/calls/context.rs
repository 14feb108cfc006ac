//! What an action gets to work with, and what it hands back.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::clock::IdSource;
use crate::sandbox::calls::Action;
use crate::sandbox::consistency;
use crate::sandbox::direct_connect::{Beyond, DirectConnect};
use crate::sandbox::error::ApiError;
use crate::sandbox::fault::{Faults, Trouble};
use crate::sandbox::ids::ResourceId;
use crate::sandbox::lifecycle::{self, CONSISTENCY, Lifecycle, SLOW_CONSISTENCY, Seconds};
use crate::sandbox::resource::Resource;
use crate::sandbox::site::Site;
use crate::sandbox::wire::Params;
use crate::sandbox::world::Region;
use crate::sandbox::xml::Xml;

/// One call's surroundings.
pub(in crate::sandbox) struct Context<'a> {
    /// The region that the call is for.
    pub(in crate::sandbox) region: &'a mut Region,
    /// The account of the caller.
    pub(in crate::sandbox) account: &'a str,
    /// The routers at the other ends.
    pub(in crate::sandbox) site: &'a Site,
    /// Direct Connect, in all regions.
    pub(in crate::sandbox) direct: &'a mut DirectConnect,
    /// The world's time.
    pub(in crate::sandbox) now: Timestamp,
    /// The action.
    pub(in crate::sandbox) action: &'static Action,
    /// The request's parameters.
    pub(in crate::sandbox) params: Params<'a>,
    /// Randomness for ids, keys and orders.
    pub(in crate::sandbox) ids: &'a IdSource,
    /// The seed of drawn durations, quotas, shuffling.
    pub(in crate::sandbox) faults: &'a Faults,
}

impl Context<'_> {
    /// What lies beyond the region.
    pub(super) fn beyond(&self) -> Beyond<'_> {
        Beyond {
            site: self.site,
            direct: self.direct,
        }
    }

    /// Ends a dry run.
    ///
    /// Stands after the checks of permissions and parameters and before those of the world: AWS's
    /// dry runs look at neither quotas nor states nor whether an id exists.
    pub(super) fn gate(&self) -> Result<(), ApiError> {
        let has = |trouble| self.action.is_mutating() && self.faults.has(trouble);
        match self.params.flag("DryRun")? {
            Some(true) if has(Trouble::IgnoredDryRun) => Ok(()),
            Some(true) if has(Trouble::PartialDryRun) && self.knows_no_dry_run() => {
                Err(ApiError::new(
                    "UnsupportedOperation",
                    "The requested operation is not supported: DryRun.",
                ))
            }
            Some(true) => Err(ApiError::dry_run()),
            _ => Ok(()),
        }
    }

    /// Whether the action is among those that refuse DryRun under that fault.
    fn knows_no_dry_run(&self) -> bool {
        lifecycle::fraction(self.faults.seed, self.action.name, "dry run") < 0.5
    }

    /// A state as a describe words it.
    pub(super) fn shown(&self, object: &str, word: &'static str) -> &'static str {
        if self.faults.has(Trouble::UnknownStates) && !self.action.is_mutating() {
            return consistency::disguised(self.faults.seed, object, word, self.now);
        }
        word
    }

    /// An id that nothing has yet: processes with the same seed draw the same ones.
    pub(super) fn new_id<R: Resource>(&self) -> ResourceId {
        loop {
            let id = ResourceId::random(R::KIND, self.ids);
            if !R::shelf(self.region).contains_key(&id) {
                return id;
            }
        }
    }

    /// The life of a new object.
    pub(super) fn begin(&self, id: &ResourceId, takes: Seconds) -> Lifecycle {
        let takes = self.takes(id.as_str(), "create", takes);
        self.begin_for(id, takes)
    }

    /// The life of a new object that is available after a given time.
    pub(super) fn begin_for(&self, id: &ResourceId, takes: Duration) -> Lifecycle {
        let id = id.as_str();
        let unseen = if self.faults.has(Trouble::SlowConsistency) {
            lifecycle::draw(self.faults.seed, id, "unseen", SLOW_CONSISTENCY)
        } else if lifecycle::fraction(self.faults.seed, id, "seen") < 0.5 {
            Duration::ZERO
        } else {
            lifecycle::draw(self.faults.seed, id, "unseen", CONSISTENCY)
        };
        Lifecycle::begin(self.now, unseen, takes)
    }

    /// How long a transition takes for an object.
    pub(super) fn takes(&self, object: &str, purpose: &str, range: Seconds) -> Duration {
        let takes = lifecycle::draw(self.faults.seed, object, purpose, range);
        if self.faults.quick { takes / 10 } else { takes }
    }

    /// When a transition that begins now is complete.
    pub(super) fn due(&self, object: &str, purpose: &str, range: Seconds) -> Timestamp {
        // The time is part of the draw: the second modification need not take as long.
        let purpose = format!("{purpose} at {}", self.now);
        lifecycle::later(self.now, self.takes(object, &purpose, range))
    }

    /// A coin, for orders that mean nothing.
    pub(super) fn coin(&self) -> bool {
        self.ids.below(2) == 0
    }
}

/// The document of an answer.
#[derive(Debug)]
pub(in crate::sandbox) enum Body {
    /// What stands after the request id.
    Xml(Xml),
    /// The whole of it.
    Json(Value),
}

/// A successful call.
#[derive(Debug)]
pub(in crate::sandbox) struct Done {
    /// What stands in the response.
    pub(in crate::sandbox) body: Body,
    /// Whether the world changed.
    pub(in crate::sandbox) effect: bool,
    /// What it was about.
    pub(in crate::sandbox) resource: Option<String>,
}

impl Done {
    /// An answer that changes nothing.
    pub(super) fn read(body: Xml) -> Self {
        Self {
            body: Body::Xml(body),
            effect: false,
            resource: None,
        }
    }

    /// A change, with its answer.
    pub(super) fn changed(resource: &impl ToString, write: impl FnOnce(&mut Xml)) -> Self {
        let mut body = Xml::new();
        write(&mut body);
        Self {
            body: Body::Xml(body),
            effect: true,
            resource: Some(resource.to_string()),
        }
    }

    /// A document that changes nothing.
    pub(super) fn shown(document: Value) -> Self {
        Self {
            body: Body::Json(document),
            effect: false,
            resource: None,
        }
    }

    /// A change, with its document.
    pub(super) fn change(resource: &impl ToString, document: Value) -> Self {
        Self {
            body: Body::Json(document),
            effect: true,
            resource: Some(resource.to_string()),
        }
    }

    /// The same answer, to a call that found everything as it should be.
    pub(super) fn if_changed(mut self, changed: bool) -> Self {
        self.effect = changed;
        self
    }

    /// A change that is answered by `<return>true</return>`.
    pub(super) fn truth(resource: &impl ToString) -> Self {
        Self::changed(resource, |xml| {
            xml.text("return", true);
        })
    }
}

/// What an action returns.
pub(in crate::sandbox) type Outcome = Result<Done, ApiError>;
