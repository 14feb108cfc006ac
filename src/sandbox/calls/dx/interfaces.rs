//! Virtual interfaces: found and made.

use serde_json::{Value, json};

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::dx::associations::candidate;
use crate::sandbox::calls::dx::documents;
use crate::sandbox::calls::dx::gateways::available;
use crate::sandbox::calls::dx::params::{
    connection_id, given, interface_id, new_id, page, refused, required, tags,
};
use crate::sandbox::calls::dx::peers;
use crate::sandbox::direct_connect::{
    DxConnection, DxResource as _, InterfaceKind, VirtualInterface, find,
};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::lifecycle::DX_INTERFACE;
use crate::sandbox::quota::Quota;
use crate::sandbox::wire::Params;

/// The longest name (API reference).
const LONGEST_NAME: usize = 100;

/// One that does not exist is no error here: Terraform's provider finds an empty list.
pub(super) fn describe(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    let id = match given(params, "virtualInterfaceId") {
        Some(_) => Some(interface_id(params)?),
        None => None,
    };
    let connection = given(params, "connectionId");
    let known = context.direct.interfaces.values();
    let found = known
        .filter(|it| it.is_listed(&context.region.name, context.now))
        .filter(|it| id.is_none_or(|id| it.id.as_str() == id))
        .filter(|it| connection.is_none_or(|id| it.connection.as_str() == id))
        .map(|it| documents::interface(context, it))
        .collect();
    page(context, "virtualInterfaces", found)
}

pub(super) fn create_private(context: &mut Context<'_>) -> Outcome {
    let (id, document) = make(
        context,
        InterfaceKind::Private,
        "newPrivateVirtualInterface",
        false,
    )?;
    Ok(Done::change(&id, document))
}

pub(super) fn create_transit(context: &mut Context<'_>) -> Outcome {
    let (id, document) = make(
        context,
        InterfaceKind::Transit,
        "newTransitVirtualInterface",
        false,
    )?;
    Ok(Done::change(&id, json!({"virtualInterface": document})))
}

pub(super) fn allocate_private(context: &mut Context<'_>) -> Outcome {
    let member = "newPrivateVirtualInterfaceAllocation";
    let (id, document) = make(context, InterfaceKind::Private, member, true)?;
    Ok(Done::change(&id, document))
}

pub(super) fn allocate_transit(context: &mut Context<'_>) -> Outcome {
    let member = "newTransitVirtualInterfaceAllocation";
    let (id, document) = make(context, InterfaceKind::Transit, member, true)?;
    Ok(Done::change(&id, json!({"virtualInterface": document})))
}

/// What stands behind a virtual interface: a virtual private gateway or a Direct Connect gateway.
pub(super) type Behind = (Option<ResourceId>, Option<ResourceId>);

/// Reads what a virtual interface is to lead to, and refuses what it cannot.
pub(super) fn behind(
    context: &Context<'_>,
    params: &Params<'_>,
    kind: InterfaceKind,
) -> Result<Behind, ApiError> {
    let vpn_gateway = given(params, "virtualGatewayId");
    let gateway = given(params, "directConnectGatewayId");
    match (vpn_gateway, gateway, kind) {
        (Some(id), None, InterfaceKind::Private) => {
            if ResourceId::kind_of(id) != Some(Kind::VpnGateway) {
                return Err(refused(format!(
                    "Virtual Gateway ID {id} has an invalid format."
                )));
            }
            let known = context.region.vpn_gateways.get(&ResourceId::from(id));
            if !known.is_some_and(|known| known.life.is_wanted(context.now)) {
                // Unlike for an association, it need not be attached to a VPC.
                return Err(candidate(context, id).err().unwrap_or_else(|| {
                    refused(format!("The VirtualGateway {id} does not exist."))
                }));
            }
            Ok((Some(ResourceId::from(id)), None))
        }
        (None, Some(id), _) => {
            let gateway = available(context, id)?;
            let (direct, now) = (&*context.direct, context.now);
            let transit = kind == InterfaceKind::Transit;
            let other_kind = direct
                .associations_of(&gateway.id, now)
                .any(|it| it.is_transit != transit)
                || direct
                    .interfaces_of(&gateway.id, now)
                    .any(|it| it.kind != kind);
            if other_kind {
                return Err(refused(format!(
                    "Direct Connect Gateway {id} cannot have {} virtual interfaces together with \
                     what it has already.",
                    kind.as_str()
                )));
            }
            let existing = direct.interfaces_of(&gateway.id, now).count();
            Quota::DxInterfacesPerGateway.check(existing, context.faults.quotas())?;
            Ok((None, Some(gateway.id)))
        }
        _ if kind == InterfaceKind::Transit => Err(refused(
            "A transit virtual interface needs directConnectGatewayId.",
        )),
        _ => Err(refused(
            "Specify either virtualGatewayId or directConnectGatewayId.",
        )),
    }
}

fn make(
    context: &mut Context<'_>,
    kind: InterfaceKind,
    member: &str,
    allocated: bool,
) -> Result<(ResourceId, Value), ApiError> {
    let connection = usable(context)?;
    let params = context.params.within(member);
    if allocated {
        required(&context.params, "ownerAccount")?;
    }
    let name = name(required(&params, "virtualInterfaceName")?)?;
    let vlan = vlan(context, &params, &connection)?;
    let mtu = params.parsed("mtu")?.unwrap_or(1_500);
    check_mtu(kind, mtu)?;
    let site_link = params.flag("enableSiteLink")?.unwrap_or(false);
    let given_tags = tags(&params)?;
    let (vpn_gateway, gateway) = match allocated {
        true => (None, None),
        false => behind(context, &params, kind)?,
    };
    check_quota(context, kind, &connection)?;
    let id = new_id::<VirtualInterface>(context, || ResourceId::short("dxvif", context.ids));
    let life = context.begin(&id, DX_INTERFACE);
    // Its first session needs no more time than the interface itself.
    let mut peer = peers::make(context, &params, &connection.id)?;
    peer.life = life.clone();
    let made = VirtualInterface {
        id: id.clone(),
        region: context.region.name.clone(),
        connection: connection.id,
        kind,
        name,
        vlan,
        mtu,
        vpn_gateway,
        gateway,
        site_link,
        confirming: allocated,
        disturbed_until: None,
        peers: vec![peer],
        router: None,
        lan: None,
        tests: Vec::new(),
        life,
        tags: given_tags,
    };
    let document = documents::interface(context, &made);
    context.direct.interfaces.insert(id.clone(), made);
    Ok((id, document))
}

/// The connection of a request, when virtual interfaces can be made on it. The words are those of
/// terraform-provider-equinix 26; that one whose light is out will do is an assumption.
fn usable(context: &Context<'_>) -> Result<DxConnection, ApiError> {
    let id = connection_id(&context.params)?;
    let found: &DxConnection = find(context.direct, &context.region.name, id, context.now)?;
    match found.state(context.now) {
        "available" | "down" => Ok(found.clone()),
        _ => Err(refused("The specified Connection ID is not available.")),
    }
}

pub(super) fn name(name: &str) -> Result<String, ApiError> {
    if name.chars().count() > LONGEST_NAME {
        return Err(refused(
            "Virtual Interface Name must have at most 100 characters.",
        ));
    }
    Ok(name.to_owned())
}

fn vlan(
    context: &Context<'_>,
    params: &Params<'_>,
    connection: &DxConnection,
) -> Result<u16, ApiError> {
    let vlan: u16 = params.parsed("vlan")?.unwrap_or(0);
    if !(1..=4094).contains(&vlan) {
        return Err(refused(format!(
            "VLAN {vlan} is not in the range 1 to 4094."
        )));
    }
    let taken = context.direct.vlans(&connection.id, context.now);
    if !connection.has_vlan(vlan, &taken) {
        let why = match taken.contains(&vlan) {
            true => "is already in use",
            false => "is not the one",
        };
        return Err(refused(format!(
            "VLAN {vlan} {why} on connection {}.",
            connection.id
        )));
    }
    Ok(vlan)
}

/// 1500 or 8500 (API reference); the user guide still has 9001 for private ones.
pub(super) fn check_mtu(kind: InterfaceKind, mtu: u16) -> Result<(), ApiError> {
    match (mtu, kind) {
        (1_500 | 8_500, _) | (9_001, InterfaceKind::Private) => Ok(()),
        _ => Err(refused(format!(
            "MTU {mtu} is not supported. Valid values are 1500 and 8500."
        ))),
    }
}

fn check_quota(
    context: &Context<'_>,
    kind: InterfaceKind,
    connection: &DxConnection,
) -> Result<(), ApiError> {
    let on = context.direct.interfaces_on(&connection.id, context.now);
    let existing = on.filter(|it| connection.is_hosted() || it.kind == kind);
    let existing = existing.count();
    if connection.is_hosted() && existing > 0 {
        return Err(refused(
            "A hosted connection has at most one virtual interface.",
        ));
    }
    let quota = match kind {
        InterfaceKind::Private => Quota::DxPrivateInterfaces,
        InterfaceKind::Transit => Quota::DxTransitInterfaces,
    };
    quota.check(existing, context.faults.quotas())
}
