//! Proposals of associations, as between accounts. The sandbox's only account can accept its own.

use serde_json::json;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::dx::associations::{associate, candidate, check};
use crate::sandbox::calls::dx::documents;
use crate::sandbox::calls::dx::gateways::available;
use crate::sandbox::calls::dx::params::{
    gateway_id, given, new_id, page, proposal_id, refused, required,
};
use crate::sandbox::calls::dx::prefixes;
use crate::sandbox::direct_connect::{DxProposal, DxResource as _, find, find_mut};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{self, ResourceId};

pub(super) fn describe(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let id = match given(params, "proposalId") {
        Some(_) => Some(proposal_id(params)?),
        None => None,
    };
    let gateway = given(params, "directConnectGatewayId");
    let associated = given(params, "associatedGatewayId");
    let known = context.direct.proposals.values();
    let found = known
        .filter(|it| it.is_listed("", context.now))
        .filter(|it| id.is_none_or(|id| it.id.as_str() == id))
        .filter(|it| gateway.is_none_or(|id| it.gateway.as_str() == id))
        .filter(|it| associated.is_none_or(|id| it.associated.as_str() == id))
        .map(|it| documents::proposal(context, it))
        .collect();
    page(context, "directConnectGatewayAssociationProposals", found)
}

pub(super) fn create(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let gateway = available(context, gateway_id(params)?)?;
    ours(context, "directConnectGatewayOwnerAccount")?;
    let candidate = candidate(context, required(params, "gatewayId")?)?;
    let requested = prefixes::list(params, "addAllowedPrefixesToDirectConnectGateway")?;
    check(context, &gateway, &candidate)?;
    let id = new_id::<DxProposal>(context, || ResourceId::fixed(ids::uuid(context.ids)));
    let made = DxProposal {
        id: id.clone(),
        gateway: gateway.id,
        associated: candidate.id,
        region: context.region.name.clone(),
        is_transit: candidate.is_transit,
        requested,
        accepted_at: None,
        life: context.begin_for(&id, std::time::Duration::ZERO),
    };
    let document = documents::proposal(context, &made);
    context.direct.proposals.insert(id.clone(), made);
    let document = json!({"directConnectGatewayAssociationProposal": document});
    Ok(Done::change(&id, document))
}

fn ours(context: &Context<'_>, member: &str) -> Result<(), ApiError> {
    let account = required(&context.params, member)?;
    if account == context.account {
        return Ok(());
    }
    Err(refused(format!(
        "Account {account} has nothing of that name."
    )))
}

/// Begins the association. An acceptance that was not answered cannot be repeated; the words are
/// those of terraform-provider-aws 14328.
pub(super) fn accept(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let (id, now) = (proposal_id(params)?, context.now);
    let gateway = available(context, gateway_id(params)?)?;
    ours(context, "associatedGatewayOwnerAccount")?;
    let found: &DxProposal = find(context.direct, "", id, now)?;
    if found.gateway != gateway.id {
        let words = <DxProposal as crate::sandbox::direct_connect::DxResource>::missing(id);
        return Err(refused(words));
    }
    if found.accepted_at.is_some() {
        return Err(refused(format!(
            "Direct Connect Gateway Association Proposal {id} has been accepted!"
        )));
    }
    let override_with = prefixes::list(params, "overrideAllowedPrefixesToDirectConnectGateway")?;
    let allowed = match override_with.is_empty() {
        true => found.requested.clone(),
        false => override_with,
    };
    let candidate = candidate(context, found.associated.as_str())?;
    let done = associate(context, &gateway, candidate, allowed)?;
    find_mut::<DxProposal>(context.direct, "", id, now)?.accepted_at = Some(now);
    Ok(done)
}

pub(super) fn delete(context: &mut Context<'_>) -> Outcome {
    let (id, now) = (proposal_id(&context.params)?, context.now);
    let found: &DxProposal = find(context.direct, "", id, now)?;
    let mut changed = found.clone();
    changed.life.delete(now, std::time::Duration::ZERO);
    let document = documents::proposal(context, &changed);
    *find_mut(context.direct, "", id, now)? = changed;
    let document = json!({"directConnectGatewayAssociationProposal": document});
    Ok(Done::change(&id, document))
}
