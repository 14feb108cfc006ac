//! `CreateVpnConnection`.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;
use jiff::Timestamp;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::customer_gateways::require_ipsec1;
use crate::sandbox::calls::vpn_targets::{
    Target, attach_connection, check_inside_ipv6_cidrs, features, private_addresses, selector,
    used_addresses, used_inside_ipv6_cidrs,
};
use crate::sandbox::calls::{tags, vpn_connections};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::lifecycle::{State, VPN_CREATE};
use crate::sandbox::quota::Quota;
use crate::sandbox::resource::existing;
use crate::sandbox::tunnel_options::TunnelOptions;
use crate::sandbox::tunnel_values::{pick_inside_cidr, pick_inside_ipv6_cidr};
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
    asked.target.check_transit_gateway(context)?;
    if let Some(id) = &asked.target.vpn_gateway {
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
        asked.target.vpn_gateway.as_ref(),
        None,
        &asked.inside_cidrs(),
    )?;
    let transit = asked.target.transit_gateway.as_ref();
    check_inside_ipv6_cidrs(
        used_inside_ipv6_cidrs(context.region, now, transit, None),
        asked.options.iter().map(|options| options.inside_ipv6_cidr),
    )?;
    let private = asked.features.transport.as_ref();
    let private = private
        .map(|transport| private_addresses(context, &asked.target, transport, customer))
        .transpose()?;
    Ok(finish(context, asked, private))
}

/// The parameters, read and checked.
struct Asked {
    customer_gateway: ResourceId,
    target: Target,
    features: VpnFeatures,
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
        let target = Target::parse(params)?;
        let options = params.within("Options");
        let features = features(&options, &target)?;
        let ipv6 = features.inside_ipv6;
        Ok(Self {
            customer_gateway,
            static_routes_only: options.flag("StaticRoutesOnly")?.unwrap_or(false),
            local_cidr: selector(&options, "Local", ipv6)?,
            remote_cidr: selector(&options, "Remote", ipv6)?,
            keys_in_secrets_manager: key_storage(params)?.unwrap_or(false),
            options: tunnels(context, &target, ipv6, &options)?,
            tags: tags::at_creation(params, Kind::VpnConnection)?,
            target,
            features,
        })
    }

    fn inside_cidrs(&self) -> Vec<Ipv4Net> {
        self.options
            .iter()
            .map(|options| options.inside_cidr)
            .collect()
    }
}

fn finish(context: &mut Context<'_>, asked: Asked, private: Option<[Ipv4Addr; 2]>) -> Done {
    let id = context.new_id::<VpnConnection>();
    let outside = private.unwrap_or_else(|| outside_addresses(context));
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
        vpn_gateway: asked.target.vpn_gateway,
        transit_gateway: asked.target.transit_gateway.clone(),
        features: asked.features,
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
    let available_at = connection.life.available_at;
    context
        .region
        .vpn_connections
        .insert(id.clone(), connection);
    if let Some(transit) = &asked.target.transit_gateway {
        attach_connection(context, &id, transit, available_at);
    }
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

fn tunnels(
    context: &Context<'_>,
    target: &Target,
    inside_ipv6: bool,
    options: &Params<'_>,
) -> Result<[TunnelOptions; 2], ApiError> {
    let (region, now) = (&*context.region, context.now);
    let given = options.list("TunnelOptions");
    if given.len() > 2 {
        return Err(ApiError::value(
            "TunnelOptions",
            &given.len().to_string(),
            "A connection has two tunnels.",
        ));
    }
    let mut used = used_inside_cidrs(region, now, target.vpn_gateway.as_ref(), None);
    // What the request names is not picked for the other tunnel.
    used.extend(given.iter().filter_map(|tunnel| {
        tunnel
            .text("TunnelInsideCidr")?
            .parse::<Ipv4Net>()
            .ok()
            .map(|cidr| cidr.trunc())
    }));
    let transit = target.transit_gateway.as_ref();
    let mut used_ipv6 = used_inside_ipv6_cidrs(region, now, transit, None);
    let mut tunnel = |number: usize| {
        let picked = pick_inside_cidr(&used, context.ids);
        used.push(picked);
        let mut tunnel = TunnelOptions::defaults(picked, context.ids);
        if inside_ipv6 {
            let picked = pick_inside_ipv6_cidr(&used_ipv6, context.ids);
            used_ipv6.push(picked);
            tunnel.inside_ipv6_cidr = Some(picked);
        }
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
    let gateway = asked.target.vpn_gateway.as_ref()?;
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
    for (wanted, quota, has) in [
        (
            asked.features.accelerated,
            Quota::AcceleratedConnections,
            (|features| features.accelerated) as fn(&VpnFeatures) -> bool,
        ),
        (
            asked.features.large_bandwidth,
            Quota::LargeConnections,
            |features| features.large_bandwidth,
        ),
    ] {
        if wanted {
            let those = existing.iter().filter(|other| has(&other.features));
            quota.check(those.count(), quotas)?;
        }
    }
    if asked.target.transit_gateway.is_some() {
        // The quota of the gateway's attachments is a hundred times that of connections.
        return Ok(());
    }
    let beside = existing
        .iter()
        .filter(|connection| connection.transit_gateway.is_none())
        .filter(|connection| connection.vpn_gateway == asked.target.vpn_gateway)
        .count();
    if asked.target.vpn_gateway.is_some() {
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
    let mut used = used_addresses(context.region);
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
