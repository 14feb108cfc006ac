//! `vpn_gateway`: the virtual private gateway, AWS's end of the tunnels.
//!
//! A VPC has room for one, so the one that is attached already is used, whoever made it. Its ASN
//! cannot be changed.

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
use super::rank;
use super::sharing::{route_over, stranger_on_vpn_gateway};
use crate::aws::{Call, Collection, Fault, View, VpnGateway};
use crate::playbook::StepId;
use crate::spec::{Asn, SiteName, VpcId, VpnGatewayId};

const NAME: &str = "vpn_gateway";
const TITLE: &str = "virtual private gateway";

/// The kind `vpn_gateway`.
#[derive(Debug)]
pub(super) struct VpnGatewayKind;

impl Kind for VpnGatewayKind {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn inputs(&self) -> &'static [InputSpec] {
        const {
            &[
                InputSpec::required(
                    "amazon_side_asn",
                    "AWS's ASN for a gateway that is made; one that exists keeps its own",
                ),
                InputSpec::required(
                    "vpc",
                    "the VPC whose attached gateway is used, if it has one",
                ),
                InputSpec::optional("id", "an existing virtual private gateway to use"),
            ]
        }
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["id", "amazon_side_asn", "attached_here"]
    }

    fn collections(&self) -> &'static [Collection] {
        // Connections tell whether a gateway is in use.
        &[Collection::VpnGateways, Collection::VpnConnections]
    }

    fn find(
        &self,
        step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        view: &View,
    ) -> Result<Finding, KindError> {
        let vpc: Option<VpcId> = inputs.given(NAME, "vpc")?;
        let seen = |gateway: &VpnGateway, why: &str| {
            listed::seen(gateway, step, owner, why, outputs(gateway, vpc.as_ref()))
        };
        if let Some(id) = inputs.given::<VpnGatewayId>(NAME, "id")? {
            let named = view.vpn_gateways.get(&id).filter(|it| it.is_live());
            let named = named.map(|gateway| seen(gateway, "the site file names it"));
            return Ok(listed::finding(named.into_iter().collect()));
        }
        let attached = vpc.as_ref().and_then(|vpc| attached_to(view, vpc));
        if let Some(gateway) = attached.filter(|gateway| !owner.owns(step, &gateway.tags)) {
            let why = "it is attached to the VPC already, which has room for one";
            return Ok(Finding::Present(seen(gateway, why)));
        }
        let rank = |gateway: &VpnGateway| rank::vpn_gateway(gateway, vpc.as_ref(), view);
        let ours = listed::ours(view.vpn_gateways.values(), step, owner, rank);
        Ok(listed::finding(
            ours.into_iter().map(|gateway| seen(gateway, "")).collect(),
        ))
    }

    fn decide(
        &self,
        inputs: &Inputs,
        finding: &Finding,
        view: &View,
        _policy: Policy,
    ) -> Result<Decision, KindError> {
        let Some(seen) = finding.chosen() else {
            return decide_absent(inputs, view);
        };
        let Some(gateway) = gateway(view, &seen.id) else {
            return Ok(Decision::new(Change::Keep, "is there"));
        };
        let wanted: Option<Asn> = inputs.given(NAME, "amazon_side_asn")?;
        let difference = gateway
            .amazon_side_asn
            .zip(wanted)
            .filter(|(is, wanted)| is != wanted);
        match (&seen.ownership, difference) {
            (Ownership::Adopted(why), difference) => {
                let mut decision = Decision::new(Change::Adopt, why);
                decision.differences.extend(difference.map(|(is, wanted)| {
                    ("amazon_side_asn".into(), is.to_string(), wanted.to_string())
                }));
                Ok(decision)
            }
            (Ownership::Ours, Some((is, wanted))) => Err(KindError::Conflict {
                problem: format!(
                    "the virtual private gateway {} has the ASN {is}, the site file says {wanted}",
                    seen.id
                ),
                help: format!(
                    "AWS cannot change it: set `aws.amazon_side_asn: {is}`, or tear the site down \
                     and onboard it again, with new outside addresses and keys"
                ),
            }),
            (Ownership::Ours, None) => Ok(listed::keep_or_tag(seen, &gateway.tags)),
        }
    }

    fn create(
        &self,
        step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        _keys: &Keys,
    ) -> Result<Call, KindError> {
        Ok(Call::CreateVpnGateway {
            amazon_side_asn: inputs.known(NAME, "amazon_side_asn")?,
            tags: owner.tags(step),
        })
    }

    fn update(
        &self,
        step: &StepId,
        _inputs: &Inputs,
        seen: &Seen,
        view: &View,
        owner: &Owner,
        _keys: &Keys,
    ) -> Result<Option<Call>, KindError> {
        Ok(gateway(view, &seen.id).and_then(|gateway| listed::tag(gateway, step, owner)))
    }

    fn delete(&self, seen: &Seen, view: &View) -> Result<Call, KindError> {
        listed::refuse_adopted(TITLE, seen)?;
        let tags = gateway(view, &seen.id).map(|gateway| &gateway.tags);
        let stranger = tags.and_then(|tags| stranger_on_vpn_gateway(view, tags, &seen.id));
        if let Some(connection) = stranger {
            return Err(listed::in_use(TITLE, &seen.id, connection));
        }
        Ok(Call::DeleteVpnGateway(listed::id(NAME, "id", &seen.id)?))
    }

    fn progress(&self, _inputs: &Inputs, id: Option<&str>, goal: Goal, view: &View) -> Progress {
        let object = id.and_then(|id| gateway(view, id));
        listed::progress(object, id, TITLE, goal, Collection::VpnGateways, view)
    }

    fn outputs_of(&self, inputs: &Inputs, id: &str, view: &View) -> BTreeMap<String, Value> {
        let vpc: Option<VpcId> = inputs.given(NAME, "vpc").ok().flatten();
        gateway(view, id).map_or_else(
            || listed::only_id(id),
            |gateway| outputs(gateway, vpc.as_ref()),
        )
    }

    fn usual(&self, goal: Goal) -> Usual {
        match goal {
            Goal::Ready => Usual::secs(1, 15, 600),
            Goal::Gone => Usual::secs(1, 30, 600),
        }
    }

    fn forgives(&self, call: &Call, fault: &Fault) -> bool {
        matches!(call, Call::DeleteVpnGateway(_)) && listed::is_gone(fault)
    }

    fn owned(&self, site: &SiteName, view: &View) -> Vec<Owned> {
        let mut owned = Vec::new();
        for gateway in owned_gateways(site, view) {
            let mut inputs = vec![("id", json!(gateway.id))];
            inputs.extend(
                gateway
                    .amazon_side_asn
                    .map(|asn| ("amazon_side_asn", json!(asn))),
            );
            let vpc = live_attachments(gateway).next();
            inputs.extend(vpc.map(|vpc| ("vpc", json!(vpc))));
            let step = listed::step_of(&gateway.tags, "vpn-gateway");
            listed::push_owned(&mut owned, step, gateway.id.to_string(), Inputs::of(inputs));
        }
        owned
    }

    fn deleted_after(&self) -> &'static [&'static str] {
        // Propagation from a gateway that is gone is nobody's.
        &[
            "vpn_connection",
            "vpn_gateway_attachment",
            "route_propagation",
            "dx_gateway_association",
        ]
    }
}

/// A site's own gateways that nobody else needs: no connection ends on it, no route goes over it.
pub(super) fn owned_gateways<'a>(site: &SiteName, view: &'a View) -> Vec<&'a VpnGateway> {
    let mut gateways = listed::of_site(view.vpn_gateways.values(), site);
    gateways.retain(|it| {
        stranger_on_vpn_gateway(view, &it.tags, it.id()).is_none()
            && route_over(view, it.id()).is_none()
    });
    gateways
}

/// The VPCs that a gateway is attached to or on the way to; AWS keeps detached ones listed.
pub(super) fn live_attachments(gateway: &VpnGateway) -> impl Iterator<Item = &VpcId> {
    let live = gateway
        .attachments
        .iter()
        .filter(|it| !it.state.is_ending());
    live.map(|attachment| &attachment.vpc)
}

/// The live gateway that is attached to a VPC.
pub(super) fn attached_to<'a>(view: &'a View, vpc: &VpcId) -> Option<&'a VpnGateway> {
    let mut live = view.vpn_gateways.values().filter(|it| it.is_live());
    live.find(|gateway| live_attachments(gateway).any(|attached| attached == vpc))
}

/// The gateway with this id, deleted ones included.
pub(super) fn gateway<'a>(view: &'a View, id: &str) -> Option<&'a VpnGateway> {
    view.vpn_gateways.get(&id.parse().ok()?)
}

fn outputs(gateway: &VpnGateway, vpc: Option<&VpcId>) -> BTreeMap<String, Value> {
    let mut outputs = listed::only_id(gateway.id());
    if let Some(asn) = gateway.amazon_side_asn {
        outputs.insert("amazon_side_asn".into(), json!(asn));
    }
    let here = live_attachments(gateway).any(|attached| Some(attached) == vpc);
    outputs.insert("attached_here".into(), json!(here));
    outputs
}

fn decide_absent(inputs: &Inputs, view: &View) -> Result<Decision, KindError> {
    if let Some(id) = inputs.given::<VpnGatewayId>(NAME, "id")? {
        return listed::named_but_absent(
            TITLE,
            id.as_str(),
            "aws.attach_to.virtual_private_gateway",
            Collection::VpnGateways,
            view,
        );
    }
    Ok(Decision::new(
        Change::Create,
        "this site has none yet and none is attached to the VPC",
    ))
}
