//! Direct Connect gateways.

use serde_json::{Value, json};

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::dx::documents;
use crate::sandbox::calls::dx::params::{
    gateway_id, given, interface_id, new_id, page, refused, required, tags,
};
use crate::sandbox::direct_connect::{
    DxGateway, DxResource as _, InterfaceKind, VirtualInterface, find, find_mut,
};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{self, ResourceId};
use crate::sandbox::lifecycle::{DX_GATEWAY_CREATE, DX_GATEWAY_DELETE, State};
use crate::sandbox::quota::Quota;
use crate::sandbox::wire::Params;

/// The ASN of a gateway that is given none (API reference).
const DEFAULT_ASN: u32 = 64_512;
const LONGEST_NAME: usize = 100;

/// A gateway that does not exist is no error here: Terraform's provider finds an empty list.
pub(super) fn describe(context: &mut Context<'_>) -> Outcome {
    let wanted = match given(&context.params, "directConnectGatewayId") {
        Some(_) => Some(gateway_id(&context.params)?),
        None => None,
    };
    let known = context.direct.gateways.values();
    let found = known
        .filter(|it| it.is_listed("", context.now))
        .filter(|it| wanted.is_none_or(|id| it.id.as_str() == id))
        .map(|it| documents::gateway(context, it))
        .collect();
    page(context, "directConnectGateways", found)
}

pub(super) fn create(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let name = name(params, "directConnectGatewayName")?;
    let asn = params.parsed("amazonSideAsn")?.unwrap_or(DEFAULT_ASN);
    // RFC 6996.
    if !matches!(asn, 64_512..=65_534 | 4_200_000_000..=4_294_967_294) {
        return Err(refused(format!(
            "Amazon side ASN {asn} is not in the range 64512 to 65534 or 4200000000 to 4294967294."
        )));
    }
    let given_tags = tags(params)?;
    let known = context.direct.gateways.values();
    let existing = known.filter(|it| it.life.exists(context.now)).count();
    Quota::DxGateways.check(existing, context.faults.quotas())?;
    let id = new_id::<DxGateway>(context, || ResourceId::fixed(ids::uuid(context.ids)));
    let made = DxGateway {
        id: id.clone(),
        name,
        asn,
        life: context.begin(&id, DX_GATEWAY_CREATE),
        tags: given_tags,
    };
    let document = documents::gateway(context, &made);
    context.direct.gateways.insert(id.clone(), made);
    Ok(Done::change(&id, json!({"directConnectGateway": document})))
}

fn name(params: &Params<'_>, member: &str) -> Result<String, ApiError> {
    let name = required(params, member)?;
    if name.chars().count() > LONGEST_NAME {
        return Err(refused("Direct Connect Gateway Name is too long."));
    }
    Ok(name.to_owned())
}

fn change(
    context: &mut Context<'_>,
    change: impl FnOnce(&Context<'_>, &mut DxGateway) -> Result<(), ApiError>,
) -> Outcome {
    let id = gateway_id(&context.params)?;
    let found: &DxGateway = find(context.direct, "", id, context.now)?;
    let mut changed = found.clone();
    change(context, &mut changed)?;
    let document = documents::gateway(context, &changed);
    let known = find_mut(context.direct, "", id, context.now)?;
    *known = changed;
    Ok(Done::change(&id, json!({"directConnectGateway": document})))
}

pub(super) fn update(context: &mut Context<'_>) -> Outcome {
    change(context, |context, it| {
        it.name = name(&context.params, "newDirectConnectGatewayName")?;
        Ok(())
    })
}

/// Refused while anything is on it (API reference).
pub(super) fn delete(context: &mut Context<'_>) -> Outcome {
    let mut begins = false;
    let done = change(context, |context, it| {
        let (direct, now) = (&*context.direct, context.now);
        let busy = |what| {
            let message = format!("Direct Connect Gateway {} has {what}.", it.id);
            Err(refused(message))
        };
        if direct.interfaces_of(&it.id, now).next().is_some() {
            return busy("virtual interfaces attached");
        }
        if direct.associations_of(&it.id, now).next().is_some() {
            return busy("gateways associated");
        }
        let takes = context.takes(it.id.as_str(), "delete", DX_GATEWAY_DELETE);
        begins = it.life.delete(now, takes);
        Ok(())
    })?;
    Ok(done.if_changed(begins))
}

/// The gateway of a request, which must be there and at rest.
pub(super) fn available(context: &Context<'_>, id: &str) -> Result<DxGateway, ApiError> {
    let found: &DxGateway = find(context.direct, "", id, context.now)?;
    match found.life.state(context.now) {
        State::Available => Ok(found.clone()),
        state => Err(refused(format!(
            "Direct Connect Gateway {id} is in state {}.",
            state.as_str()
        ))),
    }
}

/// The virtual interfaces on gateways.
pub(super) fn attachments(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let gateway = match given(params, "directConnectGatewayId") {
        Some(_) => Some(gateway_id(params)?),
        None => None,
    };
    let interface = match given(params, "virtualInterfaceId") {
        Some(_) => Some(interface_id(params)?),
        None => None,
    };
    if gateway.is_none() && interface.is_none() {
        return Err(refused(
            "Specify a Direct Connect gateway, a virtual interface, or both.",
        ));
    }
    let known = context.direct.interfaces.values();
    let found = known
        .filter(|it| it.is_listed(&it.region, context.now))
        .filter(|it| interface.is_none_or(|id| it.id.as_str() == id))
        .filter_map(|it| attachment(context, it, gateway))
        .collect();
    page(context, "directConnectGatewayAttachments", found)
}

fn attachment(context: &Context<'_>, it: &VirtualInterface, wanted: Option<&str>) -> Option<Value> {
    let gateway = it.gateway.as_ref()?.as_str();
    if wanted.is_some_and(|wanted| wanted != gateway) {
        return None;
    }
    let word = match it.life.state(context.now) {
        _ if it.confirming => "attaching",
        State::Pending => "attaching",
        State::Deleting => "detaching",
        State::Deleted => "detached",
        _ => "attached",
    };
    Some(json!({
        "directConnectGatewayId": gateway,
        "virtualInterfaceId": it.id.as_str(),
        "virtualInterfaceRegion": it.region,
        "virtualInterfaceOwnerAccount": context.account,
        "attachmentState": documents::state(context, it.id.as_str(), word),
        "attachmentType": match it.kind {
            InterfaceKind::Private => "PrivateVirtualInterface",
            InterfaceKind::Transit => "TransitVirtualInterface",
        },
    }))
}
