//! What AWS sees of the tunnels, given what the site's router does.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::Ipv4Net;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::SandboxError;
use super::lifecycle::{self, State, TUNNEL_UP, draw, fraction};
use super::world::{Region, Site, Tunnel, VpnConnection};

/// What the simulated router of a site does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GatewaySim {
    /// Both tunnels and BGP come up.
    Online,
    /// Nothing comes up.
    #[default]
    Offline,
    /// One tunnel of each connection comes up.
    HalfUp,
    /// IPsec comes up, BGP does not.
    NoBgp,
}

impl GatewaySim {
    fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
            Self::HalfUp => "half-up",
            Self::NoBgp => "no-bgp",
        }
    }
}

impl fmt::Display for GatewaySim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for GatewaySim {
    type Err = SandboxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Online, Self::Offline, Self::HalfUp, Self::NoBgp]
            .into_iter()
            .find(|sim| sim.name() == text)
            .ok_or_else(|| SandboxError::Unknown {
                what: "gateway state",
                given: text.to_owned(),
                known: "online, offline, half-up, no-bgp",
            })
    }
}

/// One entry of `vgwTelemetry`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Telemetry {
    pub(super) up: bool,
    /// Whether IPsec is up, BGP or not.
    pub(super) ipsec: bool,
    pub(super) message: String,
    pub(super) accepted_routes: usize,
    pub(super) changed_at: Timestamp,
}

/// The router at the other end of a connection.
pub(super) fn customer_ip(region: &Region, connection: &VpnConnection) -> Option<IpAddr> {
    region
        .customer_gateways
        .get(&connection.customer_gateway)?
        .ip
}

/// What AWS reports about a tunnel.
pub(super) fn of_tunnel(
    region: &Region,
    site: &Site,
    connection: &VpnConnection,
    tunnel: &Tunnel,
    now: Timestamp,
) -> Telemetry {
    let address = customer_ip(region, connection);
    let router = site.gateway(address);
    let ready = [connection.life.available_at, router.since]
        .into_iter()
        .chain(tunnel.replaced_until)
        .max()
        .unwrap_or(connection.life.available_at);
    let outside = tunnel.outside_ip.to_string();
    let up_at = lifecycle::later(ready, draw(0, &outside, "up", TUNNEL_UP));
    let reachable = match router.sim {
        GatewaySim::Online | GatewaySim::NoBgp => true,
        GatewaySim::Offline => false,
        GatewaySim::HalfUp => is_the_lucky_one(connection, tunnel),
    };
    let alive = matches!(connection.state(now), State::Available | State::Modifying);
    let ipsec = alive && reachable && up_at <= now;
    let changed_at = if ipsec { up_at } else { ready.min(now) };
    if connection.static_routes_only {
        return Telemetry {
            up: ipsec,
            ipsec,
            message: String::new(),
            // AWS counts them even while the tunnel is down.
            accepted_routes: static_prefixes(connection, now).count(),
            changed_at,
        };
    }
    let bgp = ipsec && router.sim != GatewaySim::NoBgp && !is_internal(region, connection);
    let accepted_routes = if bgp && !connection.features.inside_ipv6 {
        site.lan(address).len()
    } else {
        0
    };
    let message = match (ipsec, bgp) {
        (false, _) => "IPSEC IS DOWN".to_owned(),
        // Not documented by AWS; users report the status DOWN with this message until BGP is up.
        (true, false) => "IPSEC IS UP".to_owned(),
        (true, true) => format!("{accepted_routes} BGP ROUTES"),
    };
    Telemetry {
        up: bgp,
        ipsec,
        message,
        accepted_routes,
        changed_at,
    }
}

/// The site's prefixes that a connection brings into the VPC at a time.
pub(super) fn learned_prefixes(
    region: &Region,
    site: &Site,
    connection: &VpnConnection,
    now: Timestamp,
) -> Vec<Ipv4Net> {
    // The site's prefixes are IPv4, and a connection carries one family.
    if !matches!(connection.state(now), State::Available | State::Modifying)
        || connection.features.inside_ipv6
    {
        return Vec::new();
    }
    if connection.static_routes_only {
        return static_prefixes(connection, now).collect();
    }
    let up = connection
        .tunnels
        .iter()
        .any(|tunnel| of_tunnel(region, site, connection, tunnel, now).up);
    if up {
        site.lan(customer_ip(region, connection))
    } else {
        Vec::new()
    }
}

fn static_prefixes(
    connection: &VpnConnection,
    now: Timestamp,
) -> impl Iterator<Item = Ipv4Net> + '_ {
    connection
        .routes
        .iter()
        .filter(move |route| route.life.state(now) == State::Available)
        .map(|route| route.destination)
}

/// The same ASN at both ends makes the session internal BGP, which does not come up.
fn is_internal(region: &Region, connection: &VpnConnection) -> bool {
    let site = region.customer_gateways.get(&connection.customer_gateway);
    matches!((site, aws_asn(region, connection)), (Some(site), Some(aws)) if site.asn == aws)
}

/// The ASN at AWS's end; none while the connection is not associated.
pub(super) fn aws_asn(region: &Region, connection: &VpnConnection) -> Option<u32> {
    if let Some(id) = &connection.transit_gateway {
        let gateway = region.transit_gateways.get(id);
        return gateway.map(|gateway| gateway.options.asn);
    }
    let gateway = region.vpn_gateways.get(connection.vpn_gateway.as_ref()?);
    gateway.map(|gateway| gateway.asn)
}

fn is_the_lucky_one(connection: &VpnConnection, tunnel: &Tunnel) -> bool {
    let first = fraction(0, connection.id.as_str(), "half-up") < 0.5;
    let [one, other] = &connection.tunnels;
    let lucky = if first { one } else { other };
    lucky.outside_ip == tunnel.outside_ip
}
