//! `dx_gateway_association`: what joins a Direct Connect gateway to the gateway of the VPC.
//!
//! AWS has no tags for it. It is this site's when one of the two gateways is, or when the site's
//! virtual interface remembers it. Its allowed prefixes are changed in place: to take an association
//! away and make another one cuts every site off that uses it, for up to an hour.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::{IpNet, Ipv4Net};
use serde_json::{Value, json};

use super::inputs::{Inputs, KindError};
use super::keys::Keys;
use super::kind::{
    Change, Decision, Finding, Goal, InputSpec, Kind, Owned, Ownership, Policy, Progress, Seen,
    Usual,
};
use super::listed;
use super::owner::{Owner, is_of};
use crate::aws::{
    Call, Collection, ConnectionEnd, DirectConnectCall, DxAssociation, Fault, FaultKind,
    TransitAttachment, View,
};
use crate::playbook::StepId;
use crate::spec::{DxAssociationId, DxGatewayId, SiteName};

const NAME: &str = "dx_gateway_association";
const TITLE: &str = "Direct Connect gateway association";

/// The tag of a virtual interface that remembers the association that was made for it.
pub const TAG_ASSOCIATES: &str = "underpass:associates";

/// The kind `dx_gateway_association`.
#[derive(Debug)]
pub(super) struct DxAssociationKind;

impl Kind for DxAssociationKind {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn inputs(&self) -> &'static [InputSpec] {
        const {
            &[
                InputSpec::required("gateway", "the Direct Connect gateway"),
                InputSpec::required("with", "the virtual private gateway or the transit gateway"),
                InputSpec::required("allowed_prefixes", "what AWS announces to the site"),
                InputSpec::optional(
                    "carries_vpn",
                    "whether a VPN connection runs over it, so that the transit gateway's \
                     attachment is awaited",
                ),
            ]
        }
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["id", "attachment"]
    }

    fn collections(&self) -> &'static [Collection] {
        // Gateways and virtual interfaces tell whose it is.
        &[
            Collection::DxAssociations,
            Collection::DxGateways,
            Collection::VirtualInterfaces,
            Collection::VpnGateways,
            Collection::TransitGateways,
            Collection::TransitAttachments,
        ]
    }

    fn find(
        &self,
        _step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        view: &View,
    ) -> Result<Finding, KindError> {
        let gateway: Option<DxGatewayId> = inputs.given(NAME, "gateway")?;
        let with: Option<String> = inputs.given(NAME, "with")?;
        let Some((gateway, with)) = gateway.zip(with) else {
            return Ok(Finding::Absent);
        };
        let mut live = view.dx_associations.values();
        let it =
            live.find(|it| it.gateway == gateway && it.associated == with && !it.state.is_ending());
        Ok(it.map_or(Finding::Absent, |it| {
            let ours = is_association_of(&owner.site, it, view);
            Finding::Present(Seen {
                id: it.id.to_string(),
                ownership: if ours {
                    Ownership::Ours
                } else {
                    Ownership::Adopted("both gateways were joined before".to_owned())
                },
                outputs: outputs(it, view),
                missing_tags: BTreeMap::new(),
            })
        }))
    }

    fn decide(
        &self,
        inputs: &Inputs,
        finding: &Finding,
        view: &View,
        policy: Policy,
    ) -> Result<Decision, KindError> {
        let Some(seen) = finding.chosen() else {
            return Ok(Decision::new(
                Change::Create,
                "the two gateways are not joined yet",
            ));
        };
        let Some(change) = prefixes_to_change(inputs, &seen.id, view)? else {
            return Ok(match &seen.ownership {
                Ownership::Adopted(why) => Decision::new(Change::Adopt, why),
                Ownership::Ours => Decision::new(Change::Keep, "is there and as it should be"),
            });
        };
        if let Ownership::Adopted(_) = &seen.ownership
            && !policy.adopt_changes
        {
            return Err(KindError::Conflict {
                problem: format!(
                    "the association {} is not this site's, and its allowed prefixes differ:{}",
                    seen.id,
                    change.told()
                ),
                help:
                    "write the prefixes that it has as `aws.direct_connect.allowed_prefixes`, or \
                       give `--adopt-changes` to change them for everybody who uses it"
                        .to_owned(),
            });
        }
        let mut decision = Decision::new(
            Change::Update,
            "its allowed prefixes differ; they are changed in place",
        );
        decision.differences = vec![change.difference(&seen.id, view)];
        Ok(decision)
    }

    fn create(
        &self,
        _step: &StepId,
        inputs: &Inputs,
        _owner: &Owner,
        _keys: &Keys,
    ) -> Result<Call, KindError> {
        let with: String = inputs.known(NAME, "with")?;
        let prefixes: BTreeSet<Ipv4Net> = inputs.known(NAME, "allowed_prefixes")?;
        Ok(Call::DirectConnect(DirectConnectCall::Associate {
            gateway: inputs.known(NAME, "gateway")?,
            with: match with.starts_with("tgw-") {
                true => ConnectionEnd::TransitGateway(listed::id(NAME, "with", &with)?),
                false => ConnectionEnd::VpnGateway(listed::id(NAME, "with", &with)?),
            },
            allowed_prefixes: prefixes,
        }))
    }

    fn update(
        &self,
        _step: &StepId,
        inputs: &Inputs,
        seen: &Seen,
        view: &View,
        _owner: &Owner,
        _keys: &Keys,
    ) -> Result<Option<Call>, KindError> {
        let change = prefixes_to_change(inputs, &seen.id, view)?;
        let id: DxAssociationId = listed::id(NAME, "id", &seen.id)?;
        Ok(change.map(|PrefixChange { add, remove }| {
            Call::DirectConnect(DirectConnectCall::UpdateAllowedPrefixes {
                association: id,
                add,
                remove,
            })
        }))
    }

    fn delete(&self, seen: &Seen, _view: &View) -> Result<Call, KindError> {
        listed::refuse_adopted(TITLE, seen)?;
        let id: DxAssociationId = listed::id(NAME, "id", &seen.id)?;
        Ok(Call::DirectConnect(DirectConnectCall::Disassociate(id)))
    }

    fn progress(&self, inputs: &Inputs, id: Option<&str>, goal: Goal, view: &View) -> Progress {
        let looked = view.looked_at.contains_key(&Collection::DxAssociations);
        let known = id.and_then(|id| association(view, id));
        let wanted = || {
            let gateway: DxGatewayId = inputs.given(NAME, "gateway").ok()??;
            let with: String = inputs.given(NAME, "with").ok()??;
            let mut all = view.dx_associations.values();
            all.find(|it| it.gateway == gateway && it.associated == with && !it.state.is_ending())
        };
        let it = known.or_else(|| if goal == Goal::Ready { wanted() } else { None });
        let object = id.unwrap_or(TITLE).to_owned();
        let Some(it) = it else {
            return match goal {
                Goal::Gone if looked => Progress::Done,
                Goal::Gone => waiting(object, "not looked at"),
                Goal::Ready => waiting(object, "absent"),
            };
        };
        let state = it.state.to_string();
        let failed = it.state_change_error.clone().filter(|it| !it.is_empty());
        match (goal, state.as_str(), failed) {
            (Goal::Ready, "associated", None) => attached(inputs, it, view),
            (Goal::Gone, "disassociated", _) => Progress::Done,
            (Goal::Ready, "associated" | "disassociated", Some(why)) => {
                Progress::Hopeless { object, state, why }
            }
            (Goal::Ready, "disassociating" | "disassociated", None) => Progress::Hopeless {
                object,
                state,
                why: "somebody has taken it away".to_owned(),
            },
            _ => waiting(object, &state),
        }
    }

    fn outputs_of(&self, _inputs: &Inputs, id: &str, view: &View) -> BTreeMap<String, Value> {
        association(view, id).map_or_else(|| listed::only_id(id), |it| outputs(it, view))
    }

    fn usual(&self, goal: Goal) -> Usual {
        // 15 to 20 minutes by the tests of Terraform's provider; over 45 in the field.
        match goal {
            Goal::Ready => Usual::secs(600, 1500, 7200),
            Goal::Gone => Usual::secs(300, 1200, 7200),
        }
    }

    fn forgives(&self, call: &Call, fault: &Fault) -> bool {
        match call {
            Call::DirectConnect(DirectConnectCall::Disassociate(_)) => listed::is_gone(fault),
            Call::DirectConnect(DirectConnectCall::Associate { .. }) => {
                fault.kind == FaultKind::AlreadyExists
            }
            _ => false,
        }
    }

    fn owned(&self, site: &SiteName, view: &View) -> Vec<Owned> {
        let mut owned = Vec::new();
        for it in view.dx_associations.values() {
            if it.state.is_ending() || !is_association_of(site, it, view) {
                continue;
            }
            let inputs = Inputs::of([
                ("gateway", json!(it.gateway)),
                ("with", json!(it.associated)),
                ("allowed_prefixes", json!(it.allowed_prefixes)),
            ]);
            let step = StepId::new("dx-association");
            listed::push_owned(&mut owned, step, it.id.to_string(), inputs);
        }
        owned
    }

    fn deleted_after(&self) -> &'static [&'static str] {
        // A VPN connection may run over it.
        &[
            "private_virtual_interface",
            "transit_virtual_interface",
            "transit_vpn_connection",
        ]
    }
}

/// What stands for an association on a transit gateway: EC2's attachment, listed some time later.
fn attachment<'a>(it: &DxAssociation, view: &'a View) -> Option<&'a TransitAttachment> {
    let mut all = view.transit_attachments.values();
    all.find(|attachment| {
        let gateway = attachment.transit_gateway.as_ref();
        attachment.resource_type == "direct-connect-gateway"
            && attachment.resource == it.gateway.as_str()
            && gateway.is_some_and(|id| id.as_str() == it.associated)
            && !attachment.state.is_ending()
    })
}

/// Whether the attachment is there, where a VPN connection needs it.
fn attached(inputs: &Inputs, it: &DxAssociation, view: &View) -> Progress {
    let needed: Option<bool> = inputs.given(NAME, "carries_vpn").ok().flatten();
    if needed != Some(true) {
        return Progress::Done;
    }
    let object = format!("the attachment of {}", it.id);
    match attachment(it, view) {
        Some(attachment) if attachment.state.is("available") => Progress::Done,
        Some(attachment) => waiting(object, &attachment.state.to_string()),
        None => waiting(object, "absent"),
    }
}

fn outputs(it: &DxAssociation, view: &View) -> BTreeMap<String, Value> {
    let mut outputs = listed::only_id(it.id.as_str());
    if let Some(attachment) = attachment(it, view) {
        outputs.insert("attachment".into(), json!(attachment.id));
    }
    outputs
}

fn waiting(object: String, state: &str) -> Progress {
    Progress::Waiting {
        object,
        state: state.to_owned(),
    }
}

/// The association with this id, ended ones included.
fn association<'a>(view: &'a View, id: &str) -> Option<&'a DxAssociation> {
    view.dx_associations.get(&id.parse().ok()?)
}

/// Whether an association is a site's: one of its ends is, or a virtual interface remembers it.
pub(super) fn is_association_of(site: &SiteName, it: &DxAssociation, view: &View) -> bool {
    let gateway = view.dx_gateways.get(&it.gateway).map(|it| &it.tags);
    let vpn = it.associated.parse().ok();
    let vpn = vpn
        .and_then(|id| view.vpn_gateways.get(&id))
        .map(|it| &it.tags);
    let transit = it.associated.parse().ok();
    let transit = transit.and_then(|id| view.transit_gateways.get(&id));
    let ends = [gateway, vpn, transit.map(|it| &it.tags)];
    if ends.into_iter().flatten().any(|tags| is_of(site, tags)) {
        return true;
    }
    let mut interfaces = view.virtual_interfaces.values();
    interfaces.any(|interface| {
        interface.gateway.as_ref() == Some(&it.gateway)
            && !interface.state.is("deleted")
            && is_of(site, &interface.tags)
            && interface.tags.get(TAG_ASSOCIATES) == Some(&it.associated)
    })
}

/// The prefixes that an association is to gain and to lose.
struct PrefixChange {
    add: BTreeSet<IpNet>,
    remove: BTreeSet<IpNet>,
}

impl PrefixChange {
    fn told(&self) -> String {
        let add = self.add.iter().map(|it| format!(" +{it}"));
        let remove = self.remove.iter().map(|it| format!(" -{it}"));
        add.chain(remove).collect()
    }

    /// Name, as it is, as it should be.
    fn difference(&self, id: &str, view: &View) -> (String, String, String) {
        let is = association(view, id).map(|it| it.allowed_prefixes.clone());
        let is = is.unwrap_or_default();
        let mut wanted: BTreeSet<IpNet> = is.difference(&self.remove).copied().collect();
        wanted.extend(&self.add);
        (
            "allowed_prefixes".to_owned(),
            listed_nets(&is),
            listed_nets(&wanted),
        )
    }
}

fn listed_nets(nets: &BTreeSet<IpNet>) -> String {
    let nets: Vec<String> = nets.iter().map(ToString::to_string).collect();
    nets.join(" ")
}

/// What is to change of an association; none when it is as wanted, or AWS was not asked.
fn prefixes_to_change(
    inputs: &Inputs,
    id: &str,
    view: &View,
) -> Result<Option<PrefixChange>, KindError> {
    let wanted: Option<BTreeSet<IpNet>> = inputs.given(NAME, "allowed_prefixes")?;
    let Some((wanted, it)) = wanted.zip(association(view, id)) else {
        return Ok(None);
    };
    let is = &it.allowed_prefixes;
    let add: BTreeSet<IpNet> = wanted.difference(is).copied().collect();
    let remove: BTreeSet<IpNet> = is.difference(&wanted).copied().collect();
    let differs = !add.is_empty() || !remove.is_empty();
    Ok(differs.then_some(PrefixChange { add, remove }))
}
