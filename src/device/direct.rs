//! The site's end of a Direct Connect virtual interface, as every router sees it.

use std::net::Ipv4Addr;
use std::ops::Deref;
use std::str::FromStr;

use super::model::{Device, RenderError};
use super::option::{self, OptionSpec};
use super::profile::DirectConnectSide;
use super::registry::registry;
use super::view::{LONGEST_SUBNET, Prefixes};
use crate::spec::{InvalidValue, Routing, Site};
use crate::tunnel::{
    BFD_INTERVAL, BFD_MULTIPLIER, COMMUNITY_HIGH, DirectConnectLink, PREFERRED, RouteExchange,
    TunnelSet, Way,
};

/// The option that names the port which the cross connect ends on.
pub(super) const DIRECT_CONNECT_INTERFACE: &str = "direct_connect_interface";

/// The devices that announce their tunnels' end alone over Direct Connect, and keep what goes through
/// the tunnels off it.
const TUNNELS_OVER_IT: [&str; 2] = ["strongswan", "libreswan"];

/// Prefixes that AWS takes from the site; one more and it closes the session (Direct Connect quotas).
const MOST_ANNOUNCED: u32 = 100;
/// Prefixes that AWS announces over a transit virtual interface (Direct Connect quotas).
const TRANSIT_ROUTES: u32 = 200;
/// Prefixes that AWS announces over a private virtual interface: as many as through a tunnel.
const PRIVATE_ROUTES: u32 = 1_000;
/// Seconds of AWS's own hold time (Direct Connect guide): right where BFD ends the session first.
const HOLD_TIME: u16 = 90;
/// Seconds of hold time without BFD: that of the tunnels.
const SHORT_HOLD_TIME: u16 = 30;

/// [`DIRECT_CONNECT_INTERFACE`] with a device's own names.
pub(super) const fn interface_option(
    pattern: &'static str,
    example: &'static str,
    check: fn(&str) -> Result<(), InvalidValue>,
) -> OptionSpec {
    OptionSpec {
        name: DIRECT_CONNECT_INTERFACE,
        what: "the port that the cross connect of a Direct Connect ends on; the virtual interface \
               is a VLAN on it",
        pattern,
        default: Some("no port: needed with a Direct Connect and otherwise unused"),
        required: false,
        example,
        check,
    }
}

/// The port that a set's link is a VLAN of; none without a link.
pub(super) fn port<T>(set: &TunnelSet) -> Result<Option<T>, RenderError>
where
    T: FromStr<Err = InvalidValue>,
{
    let given = || option::value(&set.site.gateway, DIRECT_CONNECT_INTERFACE, None);
    set.direct_connect.as_ref().map(|_| given()).transpose()
}

/// What the templates of any router show of a virtual interface.
#[derive(Clone, Copy)]
pub(super) struct Direct<'a> {
    link: &'a DirectConnectLink,
    transit: bool,
}

impl Deref for Direct<'_> {
    type Target = DirectConnectLink;

    fn deref(&self) -> &Self::Target {
        self.link
    }
}

impl<'a> Direct<'a> {
    pub(super) const fn new(link: &'a DirectConnectLink, transit: bool) -> Self {
        Self { link, transit }
    }

    /// AWS's address.
    pub(super) fn amazon_address(&self) -> Ipv4Addr {
        self.link.amazon.addr()
    }

    /// The router's address.
    pub(super) fn router_address(&self) -> Ipv4Addr {
        self.link.router.addr()
    }

    /// The mask of the link's network.
    pub(super) fn mask(&self) -> Ipv4Addr {
        self.link.router.netmask()
    }

    /// In clear. A key has letters and digits alone, so no language needs quotes around it.
    pub(super) fn key(&self) -> &'a str {
        self.link.key.expose()
    }

    /// Whether frames are larger than Ethernet's own, so that the port has to be told as well.
    pub(super) const fn is_jumbo(&self) -> bool {
        self.link.mtu > 1_500
    }

    /// Seconds of BGP's hold time.
    pub(super) const fn hold_time(&self) -> u16 {
        if self.link.bfd {
            HOLD_TIME
        } else {
            SHORT_HOLD_TIME
        }
    }

    /// Seconds between BGP keepalives.
    pub(super) const fn keepalive(&self) -> u16 {
        self.hold_time() / 3
    }

    /// As many prefixes as AWS ever announces.
    pub(super) const fn maximum_prefix(&self) -> u32 {
        if self.transit {
            TRANSIT_ROUTES
        } else {
            PRIVATE_ROUTES
        }
    }

    /// As many prefixes as AWS takes.
    pub(super) const fn maximum_announced(&self) -> u32 {
        MOST_ANNOUNCED
    }

    /// What may be learned over it. With a virtual private gateway the allowed prefixes are a filter
    /// over the VPC's networks, with a transit gateway they are announced as they stand.
    pub(super) fn prefixes(&self) -> Vec<Prefixes> {
        let up_to = |own: u8| if self.transit { own } else { LONGEST_SUBNET };
        let all = self.link.allowed_prefixes.iter();
        // A default route is never taken, whatever is allowed.
        let all = all.filter(|net| net.prefix_len() > 0);
        all.map(|net| Prefixes {
            net: *net,
            up_to: up_to(net.prefix_len()),
        })
        .collect()
    }

    /// Whether routes run over it, in both directions or in neither: a longer prefix, or a static
    /// route, would win over any preference, and nothing else is as easily seen from both ends.
    ///
    /// What carries the tunnels themselves carries, whatever the site prefers.
    pub(super) fn carries(&self) -> bool {
        self.link.prefers == Way::DirectConnect || self.link.tunnel_end.is_some()
    }

    /// What a route map does with the routes that may run over it. A rule that stands already changes
    /// in place: nobody has to take the old one away.
    pub(super) fn action(&self) -> &'static str {
        if self.carries() { "permit" } else { "deny" }
    }

    /// Local preference of what is learned over it.
    pub(super) const fn preference(&self) -> u32 {
        PREFERRED
    }

    /// The community of what is announced over it.
    pub(super) const fn community(&self) -> &'static str {
        COMMUNITY_HIGH
    }

    /// Milliseconds between BFD packets.
    pub(super) const fn bfd_interval(&self) -> u16 {
        BFD_INTERVAL
    }

    /// Missed BFD packets that end the session.
    pub(super) const fn bfd_multiplier(&self) -> u8 {
        BFD_MULTIPLIER
    }
}

/// Why a device cannot be given a site's Direct Connect and what would do instead; none where it can.
pub(super) fn refusal(device: &(impl Device + ?Sized), site: &Site) -> Option<InvalidValue> {
    let name = device.name();
    match device.direct_connect() {
        DirectConnectSide::Unable { reason } => {
            let able: Vec<&str> = (registry().iter())
                .filter(|other| other.direct_connect().is_able())
                .map(|other| other.name())
                .collect();
            Some(InvalidValue::new(
                format!("the device `{name}` gets no end of a Direct Connect: {reason}"),
                format!(
                    "keep this router for the VPN alone, or let one of these end both: {}",
                    able.join(", ")
                ),
            ))
        }
        DirectConnectSide::Able { .. }
            if site.aws.private_vpn().is_some() && !TUNNELS_OVER_IT.contains(&name) =>
        {
            Some(InvalidValue::new(
                format!("`{name}` is not written for tunnels that run over Direct Connect"),
                format!(
                    "remove `aws.direct_connect.private_vpn`, or let one of these end it: {}",
                    TUNNELS_OVER_IT.join(", ")
                ),
            ))
        }
        DirectConnectSide::Able { beside_static } => {
            if site.routing == Routing::Static && !beside_static {
                return Some(InvalidValue::new(
                    format!("`{name}` prefers static routes through the tunnels to Direct Connect"),
                    "set routing: bgp: Direct Connect needs BGP in any case",
                ));
            }
            let given = site.gateway.options.contains_key(DIRECT_CONNECT_INTERFACE);
            (!given).then(|| {
                InvalidValue::new(
                    format!("gateway.options lacks `{DIRECT_CONNECT_INTERFACE}`"),
                    "add it: the port of the router that the cross connect ends on",
                )
            })
        }
    }
}

/// Refuses what [`refusal`] does and what contradicts itself, for a set that has a link.
pub(super) fn check(device: &dyn Device, set: &TunnelSet) -> Result<(), RenderError> {
    let Some(link) = &set.direct_connect else {
        return Ok(());
    };
    let unsupported = |problem: String| RenderError::Unsupported {
        device: device.name(),
        problem,
    };
    if let Some(problem) = device.refuse_direct_connect(&set.site) {
        return Err(unsupported(format!(
            "{}; {}",
            problem.problem, problem.help
        )));
    }
    match &set.routes {
        RouteExchange::Bgp(bgp) if bgp.customer_asn != link.router_asn => {
            Err(unsupported(format!(
                "its BGP would be AS {} through the tunnels and AS {} over Direct Connect",
                bgp.customer_asn, link.router_asn
            )))
        }
        _ => Ok(()),
    }
}
