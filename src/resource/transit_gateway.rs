//! `transit_gateway`: the hub that VPCs, VPN connections and Direct Connect gateways are attached to.
//!
//! Usually it exists and is used as it is, often out of another account. One is made only when the
//! site file asks for it.

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net};
use serde_json::{Value, json};

use super::inputs::{Inputs, KindError};
use super::keys::Keys;
use super::kind::{
    Change, Decision, Finding, Goal, InputSpec, Kind, Owned, Ownership, Policy, Progress, Seen,
    Usual,
};
use super::listed::{self, Listed};
use super::owner::Owner;
use super::sharing::others_on_transit_gateway;
use crate::aws::{Call, Collection, Fault, TransitCall, TransitGateway, View};
use crate::playbook::StepId;
use crate::spec::{Asn, SiteName, TransitGatewayId};

const NAME: &str = "transit_gateway";
const TITLE: &str = "transit gateway";

/// The kind `transit_gateway`.
#[derive(Debug)]
pub(super) struct TransitGatewayKind;

impl Kind for TransitGatewayKind {
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
                    "AWS's ASN for one that is made; one that exists keeps its own",
                ),
                InputSpec::optional("id", "an existing transit gateway to use"),
                InputSpec::optional(
                    "cidrs",
                    "its own networks, for the outside addresses of private IP VPN connections",
                ),
            ]
        }
    }

    fn outputs(&self) -> &'static [&'static str] {
        &[
            "id",
            "amazon_side_asn",
            "association_table",
            "propagation_table",
        ]
    }

    fn collections(&self) -> &'static [Collection] {
        // Attachments and connections tell whether one of ours is in use.
        &[
            Collection::TransitGateways,
            Collection::TransitAttachments,
            Collection::VpnConnections,
        ]
    }

    fn find(
        &self,
        step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        view: &View,
    ) -> Result<Finding, KindError> {
        let seen = |it: &TransitGateway, why: &str| listed::seen(it, step, owner, why, outputs(it));
        if let Some(id) = inputs.given::<TransitGatewayId>(NAME, "id")? {
            let named = view.transit_gateways.get(&id).filter(|it| it.is_live());
            let named = named.map(|gateway| seen(gateway, "the site file names it"));
            return Ok(listed::finding(named.into_iter().collect()));
        }
        let attached = |gateway: &TransitGateway| {
            let attachments = view.transit_attachments.values();
            let on_it = attachments.filter(|it| it.transit_gateway.as_ref() == Some(&gateway.id));
            [on_it.filter(|it| it.is_live()).count(), 0, 0, 0]
        };
        let ours = listed::ours(view.transit_gateways.values(), step, owner, attached);
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
            return match inputs.given::<TransitGatewayId>(NAME, "id")? {
                None => Ok(Decision::new(Change::Create, "this site has none yet")),
                Some(id) => listed::named_but_absent(
                    TITLE,
                    id.as_str(),
                    "aws.attach_to.transit_gateway",
                    Collection::TransitGateways,
                    view,
                ),
            };
        };
        let Some(gateway) = gateway(view, &seen.id) else {
            return Ok(Decision::new(Change::Keep, "is there"));
        };
        if let Ownership::Adopted(why) = &seen.ownership {
            return Ok(Decision::new(Change::Adopt, why));
        }
        let wanted: Option<Asn> = inputs.given(NAME, "amazon_side_asn")?;
        match gateway.amazon_side_asn.zip(wanted) {
            Some((is, wanted)) if is != wanted => Err(KindError::Conflict {
                problem: format!(
                    "the transit gateway {} has the ASN {is}, the site file says {wanted}",
                    seen.id
                ),
                help: format!(
                    "a gateway that carries connections keeps its ASN: set \
                     `aws.amazon_side_asn: {is}`, or tear the site down and onboard it again"
                ),
            }),
            _ => Ok(listed::keep_or_tag(seen, &gateway.tags)),
        }
    }

    fn create(
        &self,
        step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        _keys: &Keys,
    ) -> Result<Call, KindError> {
        let cidrs: Option<Vec<Ipv4Net>> = inputs.given(NAME, "cidrs")?;
        Ok(Call::Transit(TransitCall::CreateGateway {
            amazon_side_asn: inputs.known(NAME, "amazon_side_asn")?,
            cidrs: cidrs.unwrap_or_default(),
            tags: owner.tags(step),
        }))
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
        let id: TransitGatewayId = listed::id(NAME, "id", &seen.id)?;
        let site = gateway(view, &seen.id).and_then(|it| listed::site_of(&it.tags));
        if let Some(other) = others_on_transit_gateway(view, &id, site).next() {
            return Err(KindError::Conflict {
                problem: format!(
                    "the transit gateway {id} cannot be deleted: {} ({} {}) is attached to it and \
                     is not this site's",
                    other.id, other.resource_type, other.resource
                ),
                help: format!("delete {} first, then run this again", other.id),
            });
        }
        Ok(Call::Transit(TransitCall::DeleteGateway(id)))
    }

    fn progress(&self, _inputs: &Inputs, id: Option<&str>, goal: Goal, view: &View) -> Progress {
        let object = id.and_then(|id| gateway(view, id));
        listed::progress(object, id, TITLE, goal, Collection::TransitGateways, view)
    }

    fn outputs_of(&self, _inputs: &Inputs, id: &str, view: &View) -> BTreeMap<String, Value> {
        gateway(view, id).map_or_else(|| listed::only_id(id), outputs)
    }

    fn usual(&self, goal: Goal) -> Usual {
        match goal {
            Goal::Ready | Goal::Gone => Usual::secs(60, 180, 600),
        }
    }

    fn forgives(&self, call: &Call, fault: &Fault) -> bool {
        matches!(call, Call::Transit(TransitCall::DeleteGateway(_))) && listed::is_gone(fault)
    }

    fn owned(&self, site: &SiteName, view: &View) -> Vec<Owned> {
        let mut owned = Vec::new();
        for gateway in listed::of_site(view.transit_gateways.values(), site) {
            let others = others_on_transit_gateway(view, &gateway.id, Some(site.as_str()));
            if others.count() > 0 {
                continue;
            }
            let inputs = Inputs::of([("id", json!(gateway.id))]);
            let step = listed::step_of(&gateway.tags, "transit-gateway");
            listed::push_owned(&mut owned, step, gateway.id.to_string(), inputs);
        }
        owned
    }

    fn deleted_after(&self) -> &'static [&'static str] {
        // Routes that somebody's deletions left have nothing between them and the gateway.
        &[
            "transit_vpn_connection",
            "transit_gateway_vpc_attachment",
            "transit_gateway_route",
            "vpc_route",
            "dx_gateway_association",
        ]
    }
}

/// The gateway with this id, deleted ones included.
pub(super) fn gateway<'a>(view: &'a View, id: &str) -> Option<&'a TransitGateway> {
    view.transit_gateways.get(&id.parse().ok()?)
}

/// The first of a gateway's own IPv4 networks, if it has any.
pub fn first_cidr(gateway: &TransitGateway) -> Option<Ipv4Net> {
    gateway.cidrs.iter().find_map(|net| match net {
        IpNet::V4(net) => Some(*net),
        IpNet::V6(_) => None,
    })
}

fn outputs(gateway: &TransitGateway) -> BTreeMap<String, Value> {
    let mut outputs = listed::only_id(gateway.id());
    if let Some(asn) = gateway.amazon_side_asn {
        outputs.insert("amazon_side_asn".into(), json!(asn));
    }
    if let Some(table) = &gateway.association_table {
        outputs.insert("association_table".into(), json!(table));
    }
    if let Some(table) = &gateway.propagation_table {
        outputs.insert("propagation_table".into(), json!(table));
    }
    outputs
}
