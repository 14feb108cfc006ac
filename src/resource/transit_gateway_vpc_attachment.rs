//! `transit_gateway_vpc_attachment`: a VPC's place on a transit gateway.
//!
//! A VPC has one per transit gateway, so one that exists is used, whoever made it. It bills by the
//! hour.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::inputs::{Inputs, KindError};
use super::kind::{
    Change, Decision, Finding, Goal, InputSpec, Keys, Kind, Owned, Ownership, Policy, Progress,
    Seen, Usual,
};
use super::listed::{self, Listed};
use super::owner::Owner;
use super::sharing::need_of_vpc_attachment;
use crate::aws::{Call, Collection, Fault, FaultKind, TransitAttachment, TransitCall, View};
use crate::playbook::StepId;
use crate::spec::{SiteName, SubnetId, TransitGatewayId, VpcId};

const NAME: &str = "transit_gateway_vpc_attachment";
const TITLE: &str = "VPC attachment";

/// The kind `transit_gateway_vpc_attachment`.
#[derive(Debug)]
pub(super) struct TransitVpcAttachmentKind;

impl Kind for TransitVpcAttachmentKind {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn inputs(&self) -> &'static [InputSpec] {
        const {
            &[
                InputSpec::required("transit_gateway", "the transit gateway"),
                InputSpec::required("vpc", "the VPC"),
                InputSpec::required("subnets", "one subnet per availability zone"),
            ]
        }
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["id"]
    }

    fn collections(&self) -> &'static [Collection] {
        // Connections and routes tell whether somebody else has come to depend on it.
        &[
            Collection::TransitAttachments,
            Collection::TransitVpcAttachments,
            Collection::VpnConnections,
            Collection::RouteTables,
        ]
    }

    fn find(
        &self,
        step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        view: &View,
    ) -> Result<Finding, KindError> {
        let Some((transit, vpc)) = ends(inputs)? else {
            return Ok(Finding::Absent);
        };
        let why = "the VPC is attached to the transit gateway already, and billed as before";
        let here = attached(view, &transit, &vpc);
        let here = here.map(|it| listed::seen(it, step, owner, why, listed::only_id(it.id())));
        Ok(listed::finding(here.into_iter().collect()))
    }

    fn decide(
        &self,
        inputs: &Inputs,
        finding: &Finding,
        view: &View,
        _policy: Policy,
    ) -> Result<Decision, KindError> {
        let Some(seen) = finding.chosen() else {
            return Ok(Decision::new(
                Change::Create,
                "the VPC is not attached to the transit gateway yet",
            ));
        };
        if let Ownership::Adopted(why) = &seen.ownership {
            return Ok(Decision::new(Change::Adopt, why));
        }
        let Some(attachment) = attachment(view, &seen.id) else {
            return Ok(Decision::new(Change::Keep, "is there"));
        };
        let tags = listed::keep_or_tag(seen, &attachment.tags);
        let Some(SubnetChange { add, remove }) = subnets_to_change(inputs, attachment, view)?
        else {
            return Ok(tags);
        };
        let mut decision = Decision::new(
            Change::Update,
            "its subnets differ; only availability zones that it leaves are cut off",
        );
        let differ = |id: &SubnetId, is: &str, wanted: &str| {
            (format!("subnet {id}"), is.to_owned(), wanted.to_owned())
        };
        let added = add.iter().map(|id| differ(id, "not in it", "in it"));
        let removed = remove.iter().map(|id| differ(id, "in it", "not in it"));
        decision.differences = added.chain(removed).chain(tags.differences).collect();
        Ok(decision)
    }

    fn create(
        &self,
        step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        _keys: &Keys,
    ) -> Result<Call, KindError> {
        Ok(Call::Transit(TransitCall::AttachVpc {
            transit_gateway: inputs.known(NAME, "transit_gateway")?,
            vpc: inputs.known(NAME, "vpc")?,
            subnets: inputs.known(NAME, "subnets")?,
            tags: owner.tags(step),
        }))
    }

    fn update(
        &self,
        step: &StepId,
        inputs: &Inputs,
        seen: &Seen,
        view: &View,
        owner: &Owner,
        _keys: &Keys,
    ) -> Result<Option<Call>, KindError> {
        let Some(attachment) = attachment(view, &seen.id) else {
            return Ok(None);
        };
        if let Some(call) = listed::tag(attachment, step, owner) {
            return Ok(Some(call));
        }
        let change = subnets_to_change(inputs, attachment, view)?;
        Ok(change.map(|SubnetChange { add, remove }| {
            Call::Transit(TransitCall::ModifyVpcAttachment {
                attachment: attachment.id.clone(),
                add,
                remove,
            })
        }))
    }

    fn delete(&self, seen: &Seen, view: &View) -> Result<Call, KindError> {
        listed::refuse_adopted(TITLE, seen)?;
        let need = attachment(view, &seen.id).and_then(|it| need_of_vpc_attachment(view, it));
        if let Some(need) = need {
            return Err(KindError::Conflict {
                problem: format!("the {TITLE} {} cannot be deleted: {need}", seen.id),
                help: "end that first, then run this again".into(),
            });
        }
        let id = listed::id(NAME, "id", &seen.id)?;
        Ok(Call::Transit(TransitCall::DetachVpc(id)))
    }

    fn progress(&self, _inputs: &Inputs, id: Option<&str>, goal: Goal, view: &View) -> Progress {
        let object = id.and_then(|id| attachment(view, id));
        let collection = Collection::TransitAttachments;
        match object {
            Some(it) if goal == Goal::Ready && it.state.is("pendingacceptance") => {
                Progress::Waiting {
                    object: it.id.to_string(),
                    state: "pendingAcceptance: the transit gateway's owner has to accept it"
                        .to_owned(),
                }
            }
            Some(it) if goal == Goal::Ready && it.state.is("rejected") => Progress::Hopeless {
                object: it.id.to_string(),
                state: it.state.to_string(),
                why: "the transit gateway's owner rejected it".to_owned(),
            },
            object => listed::progress(object, id, TITLE, goal, collection, view),
        }
    }

    fn outputs_of(&self, _inputs: &Inputs, id: &str, _view: &View) -> BTreeMap<String, Value> {
        listed::only_id(id)
    }

    fn usual(&self, goal: Goal) -> Usual {
        match goal {
            Goal::Ready | Goal::Gone => Usual::secs(30, 90, 600),
        }
    }

    fn forgives(&self, call: &Call, fault: &Fault) -> bool {
        match call {
            Call::Transit(TransitCall::DetachVpc(_)) => listed::is_gone(fault),
            // The wait finds out whose it is.
            Call::Transit(TransitCall::AttachVpc { .. }) => fault.kind == FaultKind::AlreadyExists,
            _ => false,
        }
    }

    fn owned(&self, site: &SiteName, view: &View) -> Vec<Owned> {
        let mut owned = Vec::new();
        for attachment in listed::of_site(view.transit_attachments.values(), site) {
            if attachment.resource_type != "vpc"
                || need_of_vpc_attachment(view, attachment).is_some()
            {
                continue;
            }
            let mut inputs = vec![("vpc", json!(attachment.resource))];
            let transit = attachment.transit_gateway.as_ref();
            inputs.extend(transit.map(|id| ("transit_gateway", json!(id))));
            let step = listed::step_of(&attachment.tags, "vpc-attachment");
            let id = attachment.id.to_string();
            listed::push_owned(&mut owned, step, id, Inputs::of(inputs));
        }
        owned
    }

    fn deleted_after(&self) -> &'static [&'static str] {
        // A route over an attachment that is gone is a blackhole, and so is the way back.
        &["vpc_route", "transit_vpn_connection"]
    }
}

fn ends(inputs: &Inputs) -> Result<Option<(TransitGatewayId, VpcId)>, KindError> {
    let transit = inputs.given(NAME, "transit_gateway")?;
    Ok(transit.zip(inputs.given(NAME, "vpc")?))
}

/// The attachment with this id, deleted ones included.
fn attachment<'a>(view: &'a View, id: &str) -> Option<&'a TransitAttachment> {
    view.transit_attachments.get(&id.parse().ok()?)
}

/// A VPC's living attachment to a transit gateway.
pub(super) fn attached<'a>(
    view: &'a View,
    transit: &TransitGatewayId,
    vpc: &VpcId,
) -> Option<&'a TransitAttachment> {
    view.transit_attachments.values().find(|it| {
        it.is_live()
            && !["rejected", "failed"]
                .iter()
                .any(|state| it.state.is(state))
            && it.resource_type == "vpc"
            && it.resource == vpc.as_str()
            && it.transit_gateway.as_ref() == Some(transit)
    })
}

/// The subnets that an attachment is to gain and to lose.
struct SubnetChange {
    add: BTreeSet<SubnetId>,
    remove: BTreeSet<SubnetId>,
}

/// What is to change of an attachment; none when they are as wanted, or AWS was not asked.
fn subnets_to_change(
    inputs: &Inputs,
    attachment: &TransitAttachment,
    view: &View,
) -> Result<Option<SubnetChange>, KindError> {
    let wanted: Option<BTreeSet<SubnetId>> = inputs.given(NAME, "subnets")?;
    let is = view.transit_vpc_attachments.get(&attachment.id);
    let Some((wanted, is)) = wanted.zip(is.map(|it| &it.subnets)) else {
        return Ok(None);
    };
    let add: BTreeSet<_> = wanted.difference(is).cloned().collect();
    let remove: BTreeSet<_> = is.difference(&wanted).cloned().collect();
    Ok((!add.is_empty() || !remove.is_empty()).then_some(SubnetChange { add, remove }))
}
