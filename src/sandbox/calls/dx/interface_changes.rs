//! Virtual interfaces: confirmed, changed, deleted.

use serde_json::{Value, json};

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::dx::documents;
use crate::sandbox::calls::dx::interfaces::{behind, check_mtu, name};
use crate::sandbox::calls::dx::params::{given, interface_id, refused};
use crate::sandbox::direct_connect::{VirtualInterface, find, find_mut};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::ResourceId;
use crate::sandbox::lifecycle::{DX_INTERFACE, DX_JUMBO};

/// Finds the virtual interface, changes it, and shows it.
pub(super) fn change(
    context: &mut Context<'_>,
    change: impl FnOnce(&Context<'_>, &mut VirtualInterface) -> Result<(), ApiError>,
) -> Result<(ResourceId, Value), ApiError> {
    let id = interface_id(&context.params)?;
    let found: &VirtualInterface = find(context.direct, &context.region.name, id, context.now)?;
    let mut changed = found.clone();
    change(context, &mut changed)?;
    let document = documents::interface(context, &changed);
    let known = find_mut(context.direct, &context.region.name, id, context.now)?;
    *known = changed;
    Ok((ResourceId::from(id), document))
}

/// Its owner accepts a virtual interface that another allocated, and says what it leads to.
pub(super) fn confirm(context: &mut Context<'_>) -> Outcome {
    let (id, _) = change(context, |context, it| {
        if !it.confirming {
            return Err(refused(format!(
                "{} failed. {} is in state {}",
                context.action.name,
                it.id,
                it.state(context.beyond(), context.now)
            )));
        }
        if !context
            .action
            .name
            .to_lowercase()
            .contains(it.kind.as_str())
        {
            return Err(refused(format!(
                "{} is a {} virtual interface.",
                it.id,
                it.kind.as_str()
            )));
        }
        (it.vpn_gateway, it.gateway) = behind(context, &context.params, it.kind)?;
        it.confirming = false;
        let available_at = context.due(it.id.as_str(), "confirm", DX_INTERFACE);
        it.life.available_at = available_at;
        for peer in &mut it.peers {
            peer.life.available_at = available_at;
        }
        Ok(())
    })?;
    Ok(Done::change(
        &id,
        json!({"virtualInterfaceState": "pending"}),
    ))
}

/// A larger packet may cut every virtual interface of the connection for half a minute.
pub(super) fn update(context: &mut Context<'_>) -> Outcome {
    let mut disturbed = None;
    let (id, mut document) = change(context, |context, it| {
        let params = &context.params;
        if let Some(mtu) = params.parsed("mtu")? {
            check_mtu(it.kind, mtu)?;
            if mtu > it.mtu {
                let until = context.due(it.connection.as_str(), "jumbo", DX_JUMBO);
                disturbed = Some((it.connection.clone(), until));
            }
            it.mtu = mtu;
        }
        if let Some(new) = given(params, "virtualInterfaceName") {
            it.name = name(new)?;
        }
        if let Some(site_link) = params.flag("enableSiteLink")? {
            it.site_link = site_link;
        }
        Ok(())
    })?;
    if let Some((connection, until)) = disturbed {
        let all = context.direct.interfaces.values_mut();
        for it in all.filter(|it| it.connection == connection) {
            it.disturbed_until = Some(until);
        }
        if let Some(it) = context.direct.interfaces.get(&id) {
            document = documents::interface(context, it);
        }
    }
    Ok(Done::change(&id, document))
}

pub(super) fn delete(context: &mut Context<'_>) -> Outcome {
    let mut begins = false;
    let (id, _) = change(context, |context, it| {
        let takes = context.takes(it.id.as_str(), "delete", DX_INTERFACE);
        begins = it.life.delete(context.now, takes);
        for peer in &mut it.peers {
            peer.life.delete(context.now, takes);
        }
        Ok(())
    })?;
    let document = json!({"virtualInterfaceState": "deleting"});
    Ok(Done::change(&id, document).if_changed(begins))
}
