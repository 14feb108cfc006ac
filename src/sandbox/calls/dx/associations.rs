//! Associations of Direct Connect gateways with virtual private and transit gateways.

use std::collections::BTreeSet;

use ipnet::IpNet;
use serde_json::json;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::dx::documents;
use crate::sandbox::calls::dx::gateways::available;
use crate::sandbox::calls::dx::params::{
    association_id, gateway_id, given, new_id, page, refused, required,
};
use crate::sandbox::calls::dx::prefixes;
use crate::sandbox::calls::transit_attachments;
use crate::sandbox::direct_connect::{
    DxAssociation, DxGateway, DxResource as _, InterfaceKind, find, find_mut, missing,
};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{self, Kind, ResourceId};
use crate::sandbox::lifecycle::{DX_ASSOCIATE, DX_DISASSOCIATE, DX_UPDATE, State};
use crate::sandbox::quota::Quota;
use crate::sandbox::resource::existing;
use crate::sandbox::transit::{Attached, TransitAttachment, TransitGateway};
use crate::sandbox::world::{Tags, Vpc, VpnGateway};

/// What is to be associated with a Direct Connect gateway, in the region of the call.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) id: ResourceId,
    pub(super) is_transit: bool,
    /// The ASN of a transit gateway.
    asn: Option<u32>,
    /// The blocks of a virtual private gateway's VPC.
    blocks: BTreeSet<IpNet>,
}

pub(super) fn describe(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let id = match given(params, "associationId") {
        Some(_) => Some(association_id(params)?),
        None => None,
    };
    let gateway = match given(params, "directConnectGatewayId") {
        Some(_) => Some(gateway_id(params)?),
        None => None,
    };
    let associated = given(params, "associatedGatewayId").or(given(params, "virtualGatewayId"));
    if id.is_none() && gateway.is_none() && associated.is_none() {
        return Err(refused(
            "Specify an association, a Direct Connect gateway, or an associated gateway.",
        ));
    }
    let known = context.direct.associations.values();
    let found = known
        .filter(|it| it.is_listed("", context.now))
        .filter(|it| id.is_none_or(|id| it.id.as_str() == id))
        .filter(|it| gateway.is_none_or(|id| it.gateway.as_str() == id))
        .filter(|it| associated.is_none_or(|id| it.associated.as_str() == id))
        .map(|it| documents::association(context, it))
        .collect();
    page(context, "directConnectGatewayAssociations", found)
}

pub(super) fn create(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let gateway = available(context, gateway_id(params)?)?;
    let named = given(params, "gatewayId").or(given(params, "virtualGatewayId"));
    let candidate = candidate(context, named.unwrap_or_default())?;
    let allowed = prefixes::list(params, "addAllowedPrefixesToDirectConnectGateway")?;
    associate(context, &gateway, candidate, allowed)
}

/// The gateway of that id in this region. One of another region is unknown here
/// (terraform-provider-aws 37791, which has the words).
pub(super) fn candidate(context: &Context<'_>, id: &str) -> Result<Candidate, ApiError> {
    let (region, now) = (&*context.region, context.now);
    match ResourceId::kind_of(id) {
        Some(Kind::VpnGateway) => {
            let gateway: Result<&VpnGateway, _> = existing(region, &ResourceId::from(id), now);
            let unknown = |_| refused(format!("The VirtualGateway {id} does not exist."));
            let gateway = gateway.map_err(unknown)?;
            let attached = gateway.attachment(now);
            let attached = attached.filter(|it| it.state(now) == "attached");
            let attached = attached.ok_or_else(|| {
                refused(format!("The VirtualGateway {id} is not attached to a VPC."))
            })?;
            let vpc: Option<&Vpc> = region.vpcs.get(&attached.vpc);
            Ok(Candidate {
                id: gateway.id.clone(),
                is_transit: false,
                asn: None,
                blocks: vpc.map(|vpc| vpc.cidr.into()).into_iter().collect(),
            })
        }
        Some(Kind::TransitGateway) => {
            let gateway: Result<&TransitGateway, _> = existing(region, &ResourceId::from(id), now);
            let unknown = |_| refused(format!("The TransitGateway {id} does not exist."));
            let gateway = gateway.map_err(unknown)?;
            if gateway.state(now) != State::Available {
                return Err(refused(format!(
                    "The TransitGateway {id} is not available."
                )));
            }
            Ok(Candidate {
                id: gateway.id.clone(),
                is_transit: true,
                asn: Some(gateway.options.asn),
                blocks: BTreeSet::new(),
            })
        }
        _ => Err(refused(format!("Gateway ID {id} has an invalid format."))),
    }
}

/// Refuses what cannot be together on one Direct Connect gateway (Direct Connect quotas and user
/// guide).
pub(super) fn check(
    context: &Context<'_>,
    gateway: &DxGateway,
    candidate: &Candidate,
) -> Result<(), ApiError> {
    let (direct, now) = (&*context.direct, context.now);
    let id = &candidate.id;
    if candidate.asn == Some(gateway.asn) {
        return Err(refused(format!(
            "The Amazon side ASN of {id} and of Direct Connect Gateway {} must be different.",
            gateway.id
        )));
    }
    let of: Vec<&DxAssociation> = direct.associations_of(&gateway.id, now).collect();
    if of.iter().any(|it| it.associated == *id) {
        return Err(refused(format!(
            "{id} is already associated with Direct Connect Gateway {}.",
            gateway.id
        )));
    }
    let elsewhere = direct.associations.values();
    let mut elsewhere = elsewhere.filter(|it| it.life.exists(now) && it.associated == *id);
    if !candidate.is_transit && elsewhere.next().is_some() {
        return Err(refused(format!(
            "{id} is already associated with another Direct Connect gateway."
        )));
    }
    let kind = match candidate.is_transit {
        true => InterfaceKind::Transit,
        false => InterfaceKind::Private,
    };
    let other_kind = of.iter().any(|it| it.is_transit != candidate.is_transit)
        || direct
            .interfaces_of(&gateway.id, now)
            .any(|it| it.kind != kind);
    if other_kind {
        return Err(refused(format!(
            "Direct Connect Gateway {} cannot have virtual private gateways and transit gateways \
             together, nor virtual interfaces for both.",
            gateway.id
        )));
    }
    let quota = match candidate.is_transit {
        true => Quota::DxTransitGateways,
        false => Quota::DxVpnGateways,
    };
    quota.check(of.len(), context.faults.quotas())
}

/// Makes an association. Without allowed prefixes that of a virtual private gateway takes its VPC's
/// block, and that of a transit gateway announces nothing, which is no error.
pub(super) fn associate(
    context: &mut Context<'_>,
    gateway: &DxGateway,
    candidate: Candidate,
    mut allowed: BTreeSet<IpNet>,
) -> Outcome {
    check(context, gateway, &candidate)?;
    if candidate.is_transit {
        prefixes::check(context, &gateway.id, &candidate.id, &allowed)?;
    } else if allowed.is_empty() {
        allowed = candidate.blocks;
    }
    let id = new_id::<DxAssociation>(context, || ResourceId::fixed(ids::uuid(context.ids)));
    let life = context.begin(&id, DX_ASSOCIATE);
    let attachment = candidate
        .is_transit
        .then(|| context.new_id::<TransitAttachment>());
    if let Some(attachment) = &attachment {
        let resource = Attached::DirectConnectGateway {
            gateway: gateway.id.to_string(),
        };
        let life = life.clone();
        let hub = &candidate.id;
        transit_attachments::attach(context, attachment, hub, resource, life, Tags::new());
    }
    let made = DxAssociation {
        id: id.clone(),
        gateway: gateway.id.clone(),
        associated: candidate.id,
        region: context.region.name.clone(),
        is_transit: candidate.is_transit,
        allowed,
        update: None,
        attachment,
        state_change_error: None,
        life,
    };
    let document = documents::association(context, &made);
    context.direct.associations.insert(id.clone(), made);
    Ok(Done::change(
        &id,
        json!({"directConnectGatewayAssociation": document}),
    ))
}

pub(super) fn update(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let (id, now) = (association_id(params)?, context.now);
    let found: &DxAssociation = find(context.direct, "", id, now)?;
    if found.state(now) != "associated" {
        return Err(refused(format!(
            "Direct Connect Gateway Association {id} is in state {}.",
            found.state(now)
        )));
    }
    let removed = prefixes::list(params, "removeAllowedPrefixesToDirectConnectGateway")?;
    let added = prefixes::list(params, "addAllowedPrefixesToDirectConnectGateway")?;
    let old = found.allowed_at(now).clone();
    let mut new: BTreeSet<IpNet> = old.difference(&removed).copied().collect();
    new.extend(added);
    let mut changed = found.clone();
    if changed.is_transit {
        prefixes::check(context, &changed.gateway, &changed.associated, &new)?;
    }
    let differs = new != old;
    changed.allowed = old;
    changed.update = differs.then(|| (new, context.due(id, "update", DX_UPDATE)));
    let document = documents::association(context, &changed);
    *find_mut(context.direct, "", id, now)? = changed;
    let document = json!({"directConnectGatewayAssociation": document});
    Ok(Done::change(&id, document).if_changed(differs))
}

/// The association may be named by both of its ends instead, when one is a virtual private gateway.
pub(super) fn delete(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let now = context.now;
    let id = if given(params, "associationId").is_some() {
        association_id(params)?.to_owned()
    } else {
        let gateway = gateway_id(params)?;
        let associated = required(params, "virtualGatewayId")?;
        let all = context.direct.associations.values();
        let found = all
            .filter(|it| it.life.exists(now))
            .find(|it| it.gateway.as_str() == gateway && it.associated.as_str() == associated);
        let found = found.ok_or_else(|| missing::<DxAssociation>(associated))?;
        found.id.to_string()
    };
    let found: &DxAssociation = find(context.direct, "", &id, now)?;
    let takes = context.takes(&id, "disassociate", DX_DISASSOCIATE);
    let mut changed = found.clone();
    let begins = changed.life.delete(now, takes);
    let document = documents::association(context, &changed);
    *find_mut(context.direct, "", &id, now)? = changed;
    let document = json!({"directConnectGatewayAssociation": document});
    Ok(Done::change(&id, document).if_changed(begins))
}
