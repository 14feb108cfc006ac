//! `CreateVpnConnection`.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;
use jiff::Timestamp;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::customer_gateways::require_ipsec1;
use crate::sandbox::calls::{tags, vpn_connections};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::lifecycle::{State, VPN_CREATE};
use crate::sandbox::quota::Quota;
use crate::sandbox::resource::existing;
use crate::sandbox::tunnel_options::TunnelOptions;
use crate::sandbox::tunnel_values::pick_inside_cidr;
use crate::sandbox::wire::Params;
use crate::sandbox::world::{
    CustomerGateway, Region, Tags, Tunnel, VpnConnection, VpnFeatures, VpnGateway,
};

/// How many connections may wait for a gateway (Site-to-Site VPN quotas).
const MOST_UNASSOCIATED: usize = 10;

pub(super) fn create(context: &mut Context<'_>) -> Outcome {
    let asked = Asked::parse(context)?;
    context.gate()?;
    let now = context.now;
    let customer: &CustomerGateway = existing(context.region, &asked.customer_gateway, now)?;
    check_gateway_state(customer.life.state(now), "customer gateway")?;
    check_customer(customer, &asked)?;
    if let Some(id) = &asked.vpn_gateway {
        let gateway: &VpnGateway = existing(context.region, id, now)?;
        check_gateway_state(gateway.life.state(now), "VPN gateway")?;
    }
    if let Some(twin) = twin(context, &asked) {
        // The same two gateways again: the existing connection is the answer, and neither the
        // options nor the tags of this call are applied.
        let mut done = vpn_connections::answer(context, twin);
        done.effect = false;
        return Ok(done);
    }
    check_quotas(context, &asked)?;
    check_inside_cidrs(
        context.region,
        context.now,
        asked.vpn_gateway.as_ref(),
        None,
        &asked.inside_cidrs(),
    )?;
    Ok(finish(context, asked))
}

/// The parameters, read and checked.
struct Asked {
    customer_gateway: ResourceId,
    vpn_gateway: Option<ResourceId>,
    static_routes_only: bool,
    local_cidr: String,
    remote_cidr: String,
    keys_in_secrets_manager: bool,
    options: [TunnelOptions; 2],
    tags: Tags,
}

impl Asked {
    fn parse(context: &Context<'_>) -> Result<Self, ApiError> {
        let params = &context.params;
        require_ipsec1(params)?;
        let customer_gateway = params.id("CustomerGatewayId", Kind::CustomerGateway)?;
        let vpn_gateway = params.optional_id("VpnGatewayId", Kind::VpnGateway)?;
        refuse_other_targets(params, vpn_gateway.is_some())?;
        let options = params.within("Options");
        refuse_unsupported(&options)?;
        Ok(Self {
            customer_gateway,
            static_routes_only: options.flag("StaticRoutesOnly")?.unwrap_or(false),
            local_cidr: selector(&options, "LocalIpv4NetworkCidr")?,
            remote_cidr: selector(&options, "RemoteIpv4NetworkCidr")?,
            keys_in_secrets_manager: key_storage(params)?.unwrap_or(false),
            options: tunnels(context, vpn_gateway.as_ref(), &options)?,
            tags: tags::at_creation(params, Kind::VpnConnection)?,
            vpn_gateway,
        })
    }

    fn inside_cidrs(&self) -> Vec<Ipv4Net> {
        self.options
            .iter()
            .map(|options| options.inside_cidr)
            .collect()
    }
}

fn finish(context: &mut Context<'_>, asked: Asked) -> Done {
    let id = context.new_id::<VpnConnection>();
    let outside = outside_addresses(context);
    let mut addresses = outside.into_iter();
    let tunnels = asked.options.map(|options| Tunnel {
        outside_ip: addresses.next().unwrap_or(Ipv4Addr::UNSPECIFIED),
        options,
        replaced_until: None,
        maintained_at: None,
    });
    let connection = VpnConnection {
        id: id.clone(),
        customer_gateway: asked.customer_gateway,
        vpn_gateway: asked.vpn_gateway,
        transit_gateway: None,
        features: VpnFeatures::default(),
        static_routes_only: asked.static_routes_only,
        local_cidr: asked.local_cidr,
        remote_cidr: asked.remote_cidr,
        keys_in_secrets_manager: asked.keys_in_secrets_manager,
        tunnels,
        routes: Vec::new(),
        modifying_until: None,
        life: context.begin(&id, VPN_CREATE),
        tags: asked.tags,
    };
    let done = vpn_connections::answer(context, &connection);
    context.region.vpn_connections.insert(id, connection);
    done
}

/// Where the pre-shared keys go: `true` for Secrets Manager.
pub(super) fn key_storage(params: &Params<'_>) -> Result<Option<bool>, ApiError> {
    match params.text("PreSharedKeyStorage") {
        None | Some("") => Ok(None),
        Some("Standard") => Ok(Some(false)),
        Some("SecretsManager") => Ok(Some(true)),
        Some(other) => Err(ApiError::value(
            "PreSharedKeyStorage",
            other,
            "Must be Standard or SecretsManager.",
        )),
    }
}

/// A traffic selector; everything by default.
pub(super) fn selector(params: &Params<'_>, name: &str) -> Result<String, ApiError> {
    let network = params.parsed::<Ipv4Net>(name)?.unwrap_or_default();
    Ok(network.trunc().to_string())
}

/// Inside networks are unique on a virtual private gateway, and within a connection.
pub(super) fn check_inside_cidrs(
    region: &Region,
    now: Timestamp,
    gateway: Option<&ResourceId>,
    except: Option<&ResourceId>,
    wanted: &[Ipv4Net],
) -> Result<(), ApiError> {
    let used = used_inside_cidrs(region, now, gateway, except);
    let mut seen = BTreeSet::new();
    for cidr in wanted {
        if used.contains(cidr) || !seen.insert(*cidr) {
            return Err(ApiError::value(
                "TunnelInsideCidr",
                &cidr.to_string(),
                "The CIDR is already in use by another tunnel of the gateway.",
            ));
        }
    }
    Ok(())
}

fn used_inside_cidrs(
    region: &Region,
    now: Timestamp,
    gateway: Option<&ResourceId>,
    except: Option<&ResourceId>,
) -> Vec<Ipv4Net> {
    region
        .vpn_connections
        .values()
        .filter(|connection| connection.vpn_gateway.as_ref() == gateway && gateway.is_some())
        .filter(|connection| Some(&connection.id) != except)
        // A connection keeps its networks until it is deleted. Unverified: AWS may free them sooner.
        .filter(|connection| connection.life.exists(now))
        .flat_map(|connection| &connection.tunnels)
        .map(|tunnel| tunnel.options.inside_cidr)
        .collect()
}

fn refuse_other_targets(params: &Params<'_>, has_gateway: bool) -> Result<(), ApiError> {
    let given = |name| params.text(name).filter(|text: &&str| !text.is_empty());
    let transit = given("TransitGatewayId");
    let concentrator = given("VpnConcentratorId");
    if usize::from(has_gateway)
        + usize::from(transit.is_some())
        + usize::from(concentrator.is_some())
        > 1
    {
        return Err(ApiError::combination(
            "At most one of VpnGatewayId, TransitGatewayId and VpnConcentratorId can be given.",
        ));
    }
    if let Some(id) = transit {
        // The sandbox has none, so every id is unknown.
        return Err(ApiError::new(
            "InvalidTransitGatewayID.NotFound",
            format!("Transit Gateway {id} was deleted or does not exist."),
        ));
    }
    match concentrator {
        Some(id) => Err(ApiError::value(
            "VpnConcentratorId",
            id,
            "It does not exist.",
        )),
        None => Ok(()),
    }
}

/// What virtual private gateways cannot do (Site-to-Site VPN user guide).
fn refuse_unsupported(options: &Params<'_>) -> Result<(), ApiError> {
    let not_on_vgw = [
        ("TunnelInsideIpVersion", "ipv4"),
        ("OutsideIpAddressType", "PublicIpv4"),
        ("TunnelBandwidth", "standard"),
    ];
    for (name, only) in not_on_vgw {
        if let Some(value) = options
            .text(name)
            .filter(|value| !value.is_empty() && *value != only)
        {
            return Err(ApiError::combination(&format!(
                "{name} {value} is not supported on a virtual private gateway."
            )));
        }
    }
    if options.flag("EnableAcceleration")? == Some(true) {
        return Err(ApiError::combination(
            "EnableAcceleration is not supported on a virtual private gateway.",
        ));
    }
    for name in ["LocalIpv6NetworkCidr", "RemoteIpv6NetworkCidr"] {
        if options.text(name).is_some_and(|value| !value.is_empty()) {
            return Err(ApiError::combination(&format!(
                "{name} needs an IPv6 connection."
            )));
        }
    }
    Ok(())
}

fn tunnels(
    context: &Context<'_>,
    gateway: Option<&ResourceId>,
    options: &Params<'_>,
) -> Result<[TunnelOptions; 2], ApiError> {
    let given = options.list("TunnelOptions");
    if given.len() > 2 {
        return Err(ApiError::value(
            "TunnelOptions",
            &given.len().to_string(),
            "A connection has two tunnels.",
        ));
    }
    let mut used = used_inside_cidrs(context.region, context.now, gateway, None);
    // What the request names is not picked for the other tunnel.
    used.extend(given.iter().filter_map(|tunnel| {
        tunnel
            .text("TunnelInsideCidr")?
            .parse::<Ipv4Net>()
            .ok()
            .map(|cidr| cidr.trunc())
    }));
    let mut tunnel = |number: usize| {
        let picked = pick_inside_cidr(&used, context.ids);
        used.push(picked);
        let mut tunnel = TunnelOptions::defaults(picked, context.ids);
        if let Some(params) = given.get(number) {
            tunnel.apply(params)?;
        }
        Ok(tunnel)
    };
    Ok([tunnel(0)?, tunnel(1)?])
}

fn check_gateway_state(state: State, what: &str) -> Result<(), ApiError> {
    if matches!(state, State::Pending | State::Available) {
        return Ok(());
    }
    let code = if what == "customer gateway" {
        "InvalidCustomerGatewayState"
    } else {
        "InvalidVpnGatewayState"
    };
    Err(ApiError::new(
        code,
        format!("The {what} is not in a valid state."),
    ))
}

fn check_customer(customer: &CustomerGateway, asked: &Asked) -> Result<(), ApiError> {
    let starts = asked
        .options
        .iter()
        .any(|options| options.startup_action == "start");
    match customer.ip {
        None if starts => Err(ApiError::combination(
            "StartupAction start needs a customer gateway with an IP address.",
        )),
        Some(IpAddr::V6(_)) => Err(ApiError::combination(
            "A customer gateway with an IPv6 address needs OutsideIpAddressType Ipv6.",
        )),
        _ => Ok(()),
    }
}

fn twin<'a>(context: &'a Context<'_>, asked: &Asked) -> Option<&'a VpnConnection> {
    let gateway = asked.vpn_gateway.as_ref()?;
    context.region.vpn_connections.values().find(|connection| {
        connection.vpn_gateway.as_ref() == Some(gateway)
            && connection.customer_gateway == asked.customer_gateway
            && connection.life.is_wanted(context.now)
    })
}

fn check_quotas(context: &Context<'_>, asked: &Asked) -> Result<(), ApiError> {
    let existing: Vec<_> = context
        .region
        .vpn_connections
        .values()
        .filter(|connection| connection.life.exists(context.now))
        .collect();
    let quotas = context.faults.quotas();
    Quota::VpnConnections.check(existing.len(), quotas)?;
    let beside = existing
        .iter()
        .filter(|connection| connection.vpn_gateway == asked.vpn_gateway)
        .count();
    if asked.vpn_gateway.is_some() {
        Quota::VpnConnectionsPerGateway.check(beside, quotas)
    } else if beside >= MOST_UNASSOCIATED {
        Err(ApiError::new(
            "VpnConnectionLimitExceeded",
            "The maximum number of unassociated VPN connections has been reached.",
        ))
    } else {
        Ok(())
    }
}

/// Two addresses that nothing in the region has: from the documentation networks, and from the
/// benchmarking network when those run out.
fn outside_addresses(context: &Context<'_>) -> [Ipv4Addr; 2] {
    let region = &*context.region;
    let mut used: BTreeSet<Ipv4Addr> = region
        .vpn_connections
        .values()
        .flat_map(|connection| connection.tunnels.iter().map(|tunnel| tunnel.outside_ip))
        .collect();
    used.extend(
        region
            .customer_gateways
            .values()
            .filter_map(|gateway| match gateway.ip {
                Some(IpAddr::V4(ip)) => Some(ip),
                _ => None,
            }),
    );
    let mut pick = |network: [u8; 3]| {
        let [first, second, third] = network;
        let start = context.ids.below(150);
        let ours = (0..150_u64).map(|step| {
            let host = u8::try_from((start + step) % 150).unwrap_or(0) + 100;
            Ipv4Addr::new(first, second, third, host)
        });
        let spare = (1..=u16::MAX).map(|number| {
            let [high, low] = number.to_be_bytes();
            Ipv4Addr::new(198, 18, high, low)
        });
        let found = ours
            .chain(spare)
            .find(|ip| !used.contains(ip))
            .unwrap_or(Ipv4Addr::UNSPECIFIED);
        used.insert(found);
        found
    };
    [pick([203, 0, 113]), pick([198, 51, 100])]
}
