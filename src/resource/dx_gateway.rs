//! `dx_gateway`: the global object that virtual interfaces and gateways of VPCs meet at.

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
use crate::aws::{Call, Collection, DirectConnectCall, DxGateway, Fault, View};
use crate::playbook::StepId;
use crate::spec::{Asn, DxGatewayId, SiteName};

const NAME: &str = "dx_gateway";
const TITLE: &str = "Direct Connect gateway";

/// The kind `dx_gateway`.
#[derive(Debug)]
pub(super) struct DxGatewayKind;

impl Kind for DxGatewayKind {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn inputs(&self) -> &'static [InputSpec] {
        const {
            &[
                InputSpec::optional("id", "an existing Direct Connect gateway to use"),
                InputSpec::required("name", "the name of one that is made"),
                InputSpec::required(
                    "amazon_side_asn",
                    "AWS's ASN for one that is made; one that exists keeps its own",
                ),
            ]
        }
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["id", "amazon_side_asn"]
    }

    fn collections(&self) -> &'static [Collection] {
        &[
            Collection::DxGateways,
            Collection::DxAssociations,
            Collection::VirtualInterfaces,
        ]
    }

    fn find(
        &self,
        step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        view: &View,
    ) -> Result<Finding, KindError> {
        let seen = |it: &DxGateway, why: &str| listed::seen(it, step, owner, why, outputs(it));
        if let Some(id) = inputs.given::<DxGatewayId>(NAME, "id")? {
            let named = view.dx_gateways.get(&id).filter(|it| it.is_live());
            let named = named.map(|it| seen(it, "the site file names it"));
            return Ok(listed::finding(named.into_iter().collect()));
        }
        let used = |gateway: &DxGateway| {
            let interfaces = view.virtual_interfaces.values().filter(|it| it.is_live());
            let interfaces = interfaces.filter(|it| it.gateway.as_ref() == Some(&gateway.id));
            let associations = view.dx_associations.values();
            let associations = associations.filter(|it| it.gateway == gateway.id);
            [interfaces.count(), associations.count(), 0, 0]
        };
        let ours = listed::ours(view.dx_gateways.values(), step, owner, used);
        let ours = ours.into_iter().map(|it| seen(it, ""));
        Ok(listed::finding(ours.collect()))
    }

    fn decide(
        &self,
        inputs: &Inputs,
        finding: &Finding,
        view: &View,
        _policy: Policy,
    ) -> Result<Decision, KindError> {
        let Some(seen) = finding.chosen() else {
            return match inputs.given::<DxGatewayId>(NAME, "id")? {
                None => Ok(Decision::new(Change::Create, "this site has none yet")),
                Some(id) => listed::named_but_absent(
                    TITLE,
                    id.as_str(),
                    "aws.direct_connect.gateway",
                    Collection::DxGateways,
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
                    "the Direct Connect gateway {} has the ASN {is}, the site file says {wanted}",
                    seen.id
                ),
                help: format!(
                    "a gateway keeps its ASN: set `aws.direct_connect.gateway_asn: {is}`, or tear \
                     the site down and onboard it again"
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
        Ok(Call::DirectConnect(DirectConnectCall::CreateGateway {
            name: inputs.known(NAME, "name")?,
            amazon_side_asn: inputs.known(NAME, "amazon_side_asn")?,
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
        Ok(gateway(view, &seen.id)
            .and_then(|it| listed::tag_direct_connect(it, it.arn(), step, owner)))
    }

    fn delete(&self, seen: &Seen, view: &View) -> Result<Call, KindError> {
        listed::refuse_adopted(TITLE, seen)?;
        let id: DxGatewayId = listed::id(NAME, "id", &seen.id)?;
        if let Some(other) = in_the_way(&id, view) {
            return Err(KindError::Conflict {
                problem: format!("the Direct Connect gateway {id} cannot be deleted: {other}"),
                help: "remove that first, then run this again".to_owned(),
            });
        }
        Ok(Call::DirectConnect(DirectConnectCall::DeleteGateway(id)))
    }

    fn progress(&self, _inputs: &Inputs, id: Option<&str>, goal: Goal, view: &View) -> Progress {
        let object = id.and_then(|id| gateway(view, id));
        listed::progress(object, id, TITLE, goal, Collection::DxGateways, view)
    }

    fn outputs_of(&self, _inputs: &Inputs, id: &str, view: &View) -> BTreeMap<String, Value> {
        gateway(view, id).map_or_else(|| listed::only_id(id), outputs)
    }

    fn usual(&self, _goal: Goal) -> Usual {
        // 44 to 48 s, measured by the tests of Terraform's provider.
        Usual::secs(30, 60, 600)
    }

    fn forgives(&self, call: &Call, fault: &Fault) -> bool {
        let deletes = matches!(
            call,
            Call::DirectConnect(DirectConnectCall::DeleteGateway(_))
        );
        deletes && listed::is_gone(fault)
    }

    fn owned(&self, site: &SiteName, view: &View) -> Vec<Owned> {
        let mut owned = Vec::new();
        for gateway in listed::of_site(view.dx_gateways.values(), site) {
            let inputs = Inputs::of([("id", json!(gateway.id))]);
            let step = listed::step_of(&gateway.tags, "dx-gateway");
            listed::push_owned(&mut owned, step, gateway.id.to_string(), inputs);
        }
        owned
    }

    fn deleted_after(&self) -> &'static [&'static str] {
        &[
            "dx_gateway_association",
            "private_virtual_interface",
            "transit_virtual_interface",
        ]
    }
}

/// What keeps a gateway from being deleted: AWS takes the call, and minutes later the gateway is
/// `available` again (terraform-provider-aws PR 10214).
///
/// The site's own virtual interfaces and associations go before, see `deleted_after`; every
/// association of a gateway of the site's is the site's.
fn in_the_way(id: &DxGatewayId, view: &View) -> Option<String> {
    let site = view.dx_gateways.get(id);
    let site = site.and_then(|it| listed::site_of(&it.tags));
    let mut associations = view.dx_associations.values();
    let association = associations
        .find(|it| site.is_none() && it.gateway == *id && !it.state.is("disassociated"));
    let association = association.map(|it| format!("{} is associated with it", it.associated));
    let mut interfaces = view.virtual_interfaces.values().filter(|it| it.is_live());
    let interface = interfaces.find(|it| {
        let others = site.is_none() || listed::site_of(&it.tags) != site;
        it.gateway.as_ref() == Some(id) && others
    });
    association.or_else(|| {
        interface.map(|it| format!("the virtual interface {} ({}) leads to it", it.id, it.name))
    })
}

/// The gateway with this id, deleted ones included.
pub(super) fn gateway<'a>(view: &'a View, id: &str) -> Option<&'a DxGateway> {
    view.dx_gateways.get(&id.parse().ok()?)
}

fn outputs(gateway: &DxGateway) -> BTreeMap<String, Value> {
    let mut outputs = listed::only_id(gateway.id());
    if let Some(asn) = gateway.amazon_side_asn {
        outputs.insert("amazon_side_asn".into(), json!(asn));
    }
    outputs
}
