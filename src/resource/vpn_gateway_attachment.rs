//! `vpn_gateway_attachment`: a virtual private gateway's place in a VPC.
//!
//! AWS has no tags for it: it is ours when the gateway is. Its id is `<gateway>:<vpc>`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::inputs::{Inputs, KindError};
use super::keys::Keys;
use super::kind::{
    Change, Decision, Finding, Goal, InputSpec, Kind, Owned, Ownership, Policy, Progress, Seen,
    Usual,
};
use super::listed::{self, Listed};
use super::owner::Owner;
use super::vpn_gateway::{attached_to, gateway, live_attachments, owned_gateways};
use crate::aws::{Call, Collection, Fault, FaultKind, View, VpnGateway};
use crate::playbook::StepId;
use crate::spec::{SiteName, VpcId, VpnGatewayId};

const NAME: &str = "vpn_gateway_attachment";
const TITLE: &str = "gateway attachment";

/// The kind `vpn_gateway_attachment`.
#[derive(Debug)]
pub(super) struct VpnGatewayAttachmentKind;

impl Kind for VpnGatewayAttachmentKind {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn inputs(&self) -> &'static [InputSpec] {
        const {
            &[
                InputSpec::required("vpn_gateway", "the virtual private gateway"),
                InputSpec::required("vpc", "the VPC"),
            ]
        }
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["id"]
    }

    fn collections(&self) -> &'static [Collection] {
        // Connections tell whether another site has come to depend on the gateway.
        &[Collection::VpnGateways, Collection::VpnConnections]
    }

    fn find(
        &self,
        _step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        view: &View,
    ) -> Result<Finding, KindError> {
        let Some((vgw, vpc)) = ends(inputs)? else {
            return Ok(Finding::Absent);
        };
        let attached = view
            .vpn_gateways
            .get(&vgw)
            .filter(|it| it.is_live() && live_attachments(it).any(|here| *here == vpc));
        let Some(gateway) = attached else {
            return Ok(Finding::Absent);
        };
        let id = id_of(&vgw, &vpc);
        Ok(Finding::Present(Seen {
            outputs: listed::only_id(&id),
            id,
            ownership: if owner.owns_site(&gateway.tags) {
                Ownership::Ours
            } else {
                Ownership::Adopted("the gateway was attached already and is not this site's".into())
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
        match finding.chosen().map(|seen| &seen.ownership) {
            Some(Ownership::Ours) => Ok(Decision::new(Change::Keep, "is attached")),
            Some(Ownership::Adopted(why)) => Ok(Decision::new(Change::Adopt, why)),
            None => {
                refuse_if_taken(inputs, view)?;
                let mut reason = "the gateway is not attached to the VPC yet".to_owned();
                if let Progress::Waiting { object, state } = self.room(inputs, view) {
                    reason = format!("{reason}; waits first, for {object} is still {state}");
                }
                Ok(Decision::new(Change::Create, reason))
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
        Ok(Call::AttachVpnGateway {
            vpn_gateway: inputs.known(NAME, "vpn_gateway")?,
            vpc: inputs.known(NAME, "vpc")?,
        })
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

    fn delete(&self, seen: &Seen, view: &View) -> Result<Call, KindError> {
        listed::refuse_adopted(TITLE, seen)?;
        let (vgw, vpc) = parts(&seen.id)?;
        let stranger = view.vpn_gateways.get(&vgw).and_then(|gateway| {
            super::sharing::stranger_on_vpn_gateway(view, &gateway.tags, vgw.as_str())
        });
        if let Some(connection) = stranger {
            return Err(listed::in_use(TITLE, &seen.id, connection));
        }
        Ok(Call::DetachVpnGateway {
            vpn_gateway: vgw,
            vpc,
        })
    }

    fn progress(&self, inputs: &Inputs, id: Option<&str>, goal: Goal, view: &View) -> Progress {
        let ends = id.and_then(|id| parts(id).ok());
        let Some((vgw, vpc)) = ends.or_else(|| self::ends(inputs).ok().flatten()) else {
            return Progress::Waiting {
                object: TITLE.to_owned(),
                state: "absent".to_owned(),
            };
        };
        match goal {
            Goal::Ready => attaching(&vgw, &vpc, view),
            Goal::Gone => detaching(&vgw, &vpc, view),
        }
    }

    fn room(&self, inputs: &Inputs, view: &View) -> Progress {
        let vgw = inputs.given::<VpnGatewayId>(NAME, "vpn_gateway");
        let vpc = inputs.given::<VpcId>(NAME, "vpc");
        // Inputs that are no ids are told by whoever makes a call of them.
        leaving(vgw.ok().flatten(), vpc.ok().flatten(), view).unwrap_or(Progress::Done)
    }

    fn outputs_of(&self, _inputs: &Inputs, id: &str, _view: &View) -> BTreeMap<String, Value> {
        listed::only_id(id)
    }

    fn usual(&self, goal: Goal) -> Usual {
        match goal {
            Goal::Ready => Usual::secs(50, 100, 900),
            // Minutes, and longer while something still hangs on the gateway.
            Goal::Gone => Usual::secs(30, 240, 1800),
        }
    }

    fn forgives(&self, call: &Call, fault: &Fault) -> bool {
        match call {
            // AWS does not say to which gateway the VPC is attached; the wait finds out, and gives
            // up at once when it is another.
            Call::AttachVpnGateway { .. } => {
                fault.kind == FaultKind::AlreadyExists
                    || fault.code.as_deref() == Some("InvalidVpcState")
                        && fault.message.contains("attached")
            }
            Call::DetachVpnGateway { .. } => listed::is_gone(fault),
            _ => false,
        }
    }

    fn owned(&self, site: &SiteName, view: &View) -> Vec<Owned> {
        let mut owned = Vec::new();
        for gateway in owned_gateways(site, view) {
            for vpc in live_attachments(gateway) {
                let inputs = [("vpn_gateway", json!(gateway.id)), ("vpc", json!(vpc))];
                listed::push_owned(
                    &mut owned,
                    StepId::new("attachment"),
                    id_of(&gateway.id, vpc),
                    Inputs::of(inputs),
                );
            }
        }
        owned
    }

    fn deleted_after(&self) -> &'static [&'static str] {
        &["route_propagation", "vpn_connection"]
    }
}

fn id_of(vgw: &VpnGatewayId, vpc: &VpcId) -> String {
    format!("{vgw}:{vpc}")
}

fn parts(id: &str) -> Result<(VpnGatewayId, VpcId), KindError> {
    let (vgw, vpc) = id.split_once(':').unwrap_or((id, ""));
    Ok((listed::id(NAME, "id", vgw)?, listed::id(NAME, "id", vpc)?))
}

fn ends(inputs: &Inputs) -> Result<Option<(VpnGatewayId, VpcId)>, KindError> {
    let vgw = inputs.given(NAME, "vpn_gateway")?;
    Ok(vgw.zip(inputs.given(NAME, "vpc")?))
}

/// Refuses when the gateway is in another VPC, or another gateway in the VPC.
fn refuse_if_taken(inputs: &Inputs, view: &View) -> Result<(), KindError> {
    let vgw: Option<VpnGatewayId> = inputs.given(NAME, "vpn_gateway")?;
    let Some(vpc) = inputs.given::<VpcId>(NAME, "vpc")? else {
        return Ok(());
    };
    let elsewhere = vgw
        .as_ref()
        .and_then(|vgw| view.vpn_gateways.get(vgw))
        .and_then(|gateway| live_attachments(gateway).find(|it| **it != vpc));
    if let (Some(vgw), Some(other)) = (&vgw, elsewhere) {
        return Err(KindError::Conflict {
            problem: format!(
                "the virtual private gateway {vgw} is attached to {other}, the site file says {vpc}"
            ),
            help: format!(
                "a gateway serves one VPC: set `aws.vpc: {other}`, name another gateway, or tear \
                 the site down before it moves to another VPC"
            ),
        });
    }
    match attached_to(view, &vpc).filter(|it| Some(&it.id) != vgw.as_ref()) {
        None => Ok(()),
        Some(other) => Err(KindError::Conflict {
            problem: format!(
                "{vpc} is attached to the virtual private gateway {} already",
                other.id
            ),
            help: format!(
                "a VPC has room for one: use it with `aws.attach_to: {{ virtual_private_gateway: \
                 {} }}`, or detach it by hand",
                other.id
            ),
        }),
    }
}

/// The detachment that has to end before the gateway can be attached to the VPC: the gateway's own,
/// from whatever VPC, or another gateway's from this one. Both have one place.
fn leaving(vgw: Option<VpnGatewayId>, vpc: Option<VpcId>, view: &View) -> Option<Progress> {
    let gateways = view.vpn_gateways.values();
    gateways
        .filter(|it| !it.state.is("deleted"))
        .flat_map(|gateway| gateway.attachments.iter().map(move |it| (gateway, it)))
        .filter(|(gateway, it)| Some(&gateway.id) == vgw.as_ref() || Some(&it.vpc) == vpc.as_ref())
        .find(|(_, it)| it.state.is("detaching"))
        .map(|(gateway, it)| Progress::Waiting {
            object: id_of(&gateway.id, &it.vpc),
            state: it.state.as_str().to_owned(),
        })
}

/// The state of a gateway's attachment to a VPC: the entry that says most, for AWS keeps old ones.
fn state<'a>(gateway: &'a VpnGateway, vpc: &VpcId) -> Option<&'a str> {
    let here = gateway.attachments.iter().filter(|it| it.vpc == *vpc);
    let rank = |state: &&str| match *state {
        "attached" => 4,
        "attaching" => 3,
        "detaching" => 1,
        "detached" => 0,
        _ => 2,
    };
    here.map(|it| it.state.as_str()).max_by_key(rank)
}

fn attaching(vgw: &VpnGatewayId, vpc: &VpcId, view: &View) -> Progress {
    let object = id_of(vgw, vpc);
    let gateway = gateway(view, vgw.as_str());
    let state = gateway.and_then(|gateway| state(gateway, vpc));
    let hopeless = |state: &str, why: String| Progress::Hopeless {
        object: object.clone(),
        state: state.to_owned(),
        why,
    };
    if let Some(gateway) = gateway.filter(|it| it.state.is_ending()) {
        return hopeless(gateway.state.as_str(), format!("{vgw} was deleted"));
    }
    match (state, attached_to(view, vpc).filter(|it| it.id != *vgw)) {
        (Some("attached"), _) => Progress::Done,
        (Some(state), None) => Progress::Waiting {
            object,
            state: state.to_owned(),
        },
        (None, None) => Progress::Waiting {
            object,
            state: "absent".to_owned(),
        },
        (state, Some(other)) => hopeless(state.unwrap_or("absent"), instead(other, gateway, vpc)),
    }
}

/// Which gateway has the VPC's only place; a twin is told from a stranger's.
fn instead(other: &VpnGateway, gateway: Option<&VpnGateway>, vpc: &VpcId) -> String {
    let site = listed::site_of(&other.tags);
    let twin = site.is_some() && site == gateway.and_then(|it| listed::site_of(&it.tags));
    if twin {
        format!(
            "{} is attached to {vpc} instead, which another run of this site made at the same \
             time: `--remove-duplicates` with the next onboarding removes the one that is not \
             needed",
            other.id
        )
    } else {
        format!("{} is attached to {vpc} instead", other.id)
    }
}

fn detaching(vgw: &VpnGatewayId, vpc: &VpcId, view: &View) -> Progress {
    let object = id_of(vgw, vpc);
    if !view.looked_at.contains_key(&Collection::VpnGateways) {
        return Progress::Waiting {
            object,
            state: "not looked at".to_owned(),
        };
    }
    let gateway = gateway(view, vgw.as_str()).filter(|it| !it.state.is("deleted"));
    match gateway.and_then(|gateway| state(gateway, vpc)) {
        None | Some("detached") => Progress::Done,
        Some(state) => Progress::Waiting {
            object,
            state: state.to_owned(),
        },
    }
}
