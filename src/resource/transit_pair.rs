//! `transit_gateway_association` and `transit_gateway_propagation`: an attachment and a route table.
//!
//! An attachment looks routes up in the one table that it is associated with, and its own routes
//! are learned by the tables that it propagates into. AWS has no tags for either: they are ours
//! when the attachment is, and end with it. Ids are `<table>:<attachment>`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::inputs::{Inputs, KindError};
use super::keys::Keys;
use super::kind::{
    Change, Decision, Finding, Goal, InputSpec, Kind, Owned, Ownership, Policy, Progress, Seen,
    Usual,
};
use super::listed;
use super::owner::Owner;
use crate::aws::{
    Call, Collection, Fault, FaultKind, State, TransitAttachment, TransitCall, TransitPair, View,
};
use crate::playbook::StepId;
use crate::spec::{SiteName, TransitGatewayAttachmentId, TransitGatewayRouteTableId};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pairing {
    Association,
    Propagation,
}

/// The kinds `transit_gateway_association` and `transit_gateway_propagation`.
#[derive(Debug)]
pub(super) struct TransitPairKind {
    pairing: Pairing,
}

impl TransitPairKind {
    /// Where an attachment looks routes up.
    pub(super) const ASSOCIATION: Self = Self {
        pairing: Pairing::Association,
    };
    /// Where an attachment's routes are learned.
    pub(super) const PROPAGATION: Self = Self {
        pairing: Pairing::Propagation,
    };

    /// The table and the state in which the attachment is paired now: with an association, whatever
    /// the table; otherwise with this one.
    fn paired(
        &self,
        wanted: Option<&TransitGatewayRouteTableId>,
        attachment: &TransitGatewayAttachmentId,
        view: &View,
    ) -> Option<(TransitGatewayRouteTableId, State)> {
        match self.pairing {
            Pairing::Association => {
                let association = view
                    .transit_attachments
                    .get(attachment)?
                    .association
                    .as_ref();
                association.map(|it| (it.table.clone(), it.state.clone()))
            }
            Pairing::Propagation => {
                let table = wanted?;
                let contents = view.transit_table_contents.get(table)?;
                let all = contents.propagations.iter();
                let of_it = all.filter(|it| it.attachment == *attachment);
                let propagation = of_it.max_by_key(|it| !ends(&it.state))?;
                Some((table.clone(), propagation.state.clone()))
            }
        }
    }

    /// AWS's words for being paired, and for not being so any more.
    const fn words(&self) -> (&'static str, &'static str) {
        match self.pairing {
            Pairing::Association => ("associated", "disassociated"),
            Pairing::Propagation => ("enabled", "disabled"),
        }
    }

    const fn collection(&self) -> Collection {
        match self.pairing {
            Pairing::Association => Collection::TransitAttachments,
            Pairing::Propagation => Collection::TransitTableContents,
        }
    }
}

/// Whether a pairing is ended, or on its way there.
fn ends(state: &State) -> bool {
    let words = ["disassociating", "disassociated", "disabling", "disabled"];
    words.iter().any(|word| state.is(word))
}

impl Kind for TransitPairKind {
    fn name(&self) -> &'static str {
        match self.pairing {
            Pairing::Association => "transit_gateway_association",
            Pairing::Propagation => "transit_gateway_propagation",
        }
    }

    fn title(&self) -> &'static str {
        match self.pairing {
            Pairing::Association => "route table association",
            Pairing::Propagation => "transit route propagation",
        }
    }

    fn inputs(&self) -> &'static [InputSpec] {
        const {
            &[
                InputSpec::required("attachment", "what is attached to the transit gateway"),
                InputSpec::required("route_table", "the transit gateway's route table"),
            ]
        }
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["id"]
    }

    fn collections(&self) -> &'static [Collection] {
        match self.pairing {
            Pairing::Association => &[Collection::TransitAttachments, Collection::VpnConnections],
            Pairing::Propagation => &[
                Collection::TransitTableContents,
                Collection::TransitAttachments,
                Collection::VpnConnections,
            ],
        }
    }

    fn find(
        &self,
        _step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        view: &View,
    ) -> Result<Finding, KindError> {
        let name = self.name();
        let wanted: Option<TransitGatewayRouteTableId> = inputs.given(name, "route_table")?;
        let attachment: Option<TransitGatewayAttachmentId> = inputs.given(name, "attachment")?;
        let Some(attachment) = attachment else {
            return Ok(Finding::Absent);
        };
        let paired = self.paired(wanted.as_ref(), &attachment, view);
        let Some((table, _)) = paired.filter(|(_, state)| !ends(state)) else {
            return Ok(Finding::Absent);
        };
        let id = id_of(&table, &attachment);
        Ok(Finding::Present(Seen {
            outputs: listed::only_id(&id),
            id,
            ownership: if is_ours(&owner.site, &attachment, view) {
                Ownership::Ours
            } else {
                Ownership::Adopted("the attachment is not this site's".into())
            },
            missing_tags: BTreeMap::new(),
        }))
    }

    fn decide(
        &self,
        inputs: &Inputs,
        finding: &Finding,
        view: &View,
        _policy: Policy,
    ) -> Result<Decision, KindError> {
        let name = self.name();
        let wanted: Option<TransitGatewayRouteTableId> = inputs.given(name, "route_table")?;
        let Some(seen) = finding.chosen() else {
            let attachment: Option<TransitGatewayAttachmentId> =
                inputs.given(name, "attachment")?;
            let known = attachment.and_then(|id| view.transit_attachments.get(&id));
            return match known.filter(|it| !is_own(it, view)) {
                None => Ok(Decision::new(Change::Create, "there is none yet")),
                Some(other) => Err(KindError::Conflict {
                    problem: format!(
                        "{} ({} {}) is not this site's and has no {}",
                        other.id,
                        other.resource_type,
                        other.resource,
                        self.title()
                    ),
                    help: "whoever made the attachment has to add it".into(),
                }),
            };
        };
        let (table, attachment) = parts(name, &seen.id)?;
        let right = wanted.as_ref().is_none_or(|wanted| *wanted == table);
        match &seen.ownership {
            Ownership::Adopted(why) => Ok(Decision::new(Change::Adopt, why)),
            Ownership::Ours if right => Ok(Decision::new(Change::Keep, "is there")),
            Ownership::Ours => {
                let mut decision = Decision::new(
                    Change::Replace,
                    format!(
                        "{attachment} looks routes up in another table; it is cut off for seconds \
                         while that changes"
                    ),
                );
                let wanted = wanted.map_or(String::new(), |it| it.to_string());
                decision.differences = vec![("route_table".into(), table.to_string(), wanted)];
                Ok(decision)
            }
        }
    }

    fn create(
        &self,
        _step: &StepId,
        inputs: &Inputs,
        _owner: &Owner,
        _keys: &Keys,
    ) -> Result<Call, KindError> {
        let pair = TransitPair {
            table: inputs.known(self.name(), "route_table")?,
            attachment: inputs.known(self.name(), "attachment")?,
        };
        Ok(Call::Transit(match self.pairing {
            Pairing::Association => TransitCall::Associate(pair),
            Pairing::Propagation => TransitCall::EnablePropagation(pair),
        }))
    }

    fn update(
        &self,
        _step: &StepId,
        _inputs: &Inputs,
        _seen: &Seen,
        _view: &View,
        _owner: &Owner,
        _keys: &Keys,
    ) -> Result<Option<Call>, KindError> {
        Ok(None)
    }

    fn delete(&self, seen: &Seen, _view: &View) -> Result<Call, KindError> {
        listed::refuse_adopted(self.title(), seen)?;
        let (table, attachment) = parts(self.name(), &seen.id)?;
        let pair = TransitPair { table, attachment };
        Ok(Call::Transit(match self.pairing {
            Pairing::Association => TransitCall::Disassociate(pair),
            Pairing::Propagation => TransitCall::DisablePropagation(pair),
        }))
    }

    fn progress(&self, inputs: &Inputs, id: Option<&str>, goal: Goal, view: &View) -> Progress {
        let name = self.name();
        let of_id = id.and_then(|id| parts(name, id).ok());
        let of_inputs = || {
            let table = inputs.given(name, "route_table").ok().flatten();
            table.zip(inputs.given(name, "attachment").ok().flatten())
        };
        let Some((table, attachment)) = of_id.or_else(of_inputs) else {
            return Progress::Waiting {
                object: self.title().to_owned(),
                state: "absent".to_owned(),
            };
        };
        let paired = self.paired(Some(&table), &attachment, view);
        let state = paired.filter(|(with, _)| *with == table).map(|it| it.1);
        let waiting = |state: &str| Progress::Waiting {
            object: id_of(&table, &attachment),
            state: state.to_owned(),
        };
        let looked = view.looked_at.contains_key(&self.collection());
        match (goal, state) {
            (Goal::Ready, Some(state)) if state.is(self.words().0) => Progress::Done,
            (Goal::Gone, Some(state)) if state.is(self.words().1) => Progress::Done,
            (Goal::Gone, None) if looked => Progress::Done,
            (Goal::Ready, None) => waiting("absent"),
            (Goal::Gone, None) => waiting("not looked at"),
            (_, Some(state)) => waiting(state.as_str()),
        }
    }

    fn outputs_of(&self, _inputs: &Inputs, id: &str, _view: &View) -> BTreeMap<String, Value> {
        listed::only_id(id)
    }

    fn usual(&self, goal: Goal) -> Usual {
        match goal {
            Goal::Ready | Goal::Gone => Usual::secs(1, 60, 600),
        }
    }

    fn forgives(&self, call: &Call, fault: &Fault) -> bool {
        match call {
            // The wait finds out with which table.
            Call::Transit(TransitCall::Associate(_) | TransitCall::EnablePropagation(_)) => {
                fault.kind == FaultKind::AlreadyExists
            }
            Call::Transit(TransitCall::Disassociate(_) | TransitCall::DisablePropagation(_)) => {
                listed::is_gone(fault)
            }
            _ => false,
        }
    }

    fn owned(&self, _site: &SiteName, _view: &View) -> Vec<Owned> {
        // They end with the attachment, which is the connection's or tagged.
        Vec::new()
    }

    fn deleted_after(&self) -> &'static [&'static str] {
        &[]
    }

    fn is_made_by_aws(&self) -> bool {
        // A transit gateway's default tables take new attachments in by themselves.
        true
    }
}

fn id_of(table: &TransitGatewayRouteTableId, attachment: &TransitGatewayAttachmentId) -> String {
    format!("{table}:{attachment}")
}

fn parts(
    kind: &'static str,
    id: &str,
) -> Result<(TransitGatewayRouteTableId, TransitGatewayAttachmentId), KindError> {
    let (table, attachment) = id.split_once(':').unwrap_or((id, ""));
    Ok((
        listed::id(kind, "id", table)?,
        listed::id(kind, "id", attachment)?,
    ))
}

/// Whether an attachment is the site's: by its own tags, or as that of the site's connection.
fn is_ours(site: &SiteName, attachment: &TransitGatewayAttachmentId, view: &View) -> bool {
    view.transit_attachments
        .get(attachment)
        .is_some_and(|it| site_of_attachment(it, view) == Some(site.as_str()))
}

/// Whether an attachment was made by underpass for any site.
fn is_own(attachment: &TransitAttachment, view: &View) -> bool {
    site_of_attachment(attachment, view).is_some()
}

/// The site that an attachment belongs to; those of connections carry no tags of their own.
pub(super) fn site_of_attachment<'a>(
    attachment: &'a TransitAttachment,
    view: &'a View,
) -> Option<&'a str> {
    let connections = view.vpn_connections.values();
    let mut its = connections.filter(|it| attachment.resource == it.id.as_str());
    listed::site_of(&attachment.tags).or_else(|| its.find_map(|it| listed::site_of(&it.tags)))
}
