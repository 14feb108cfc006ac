//! Reads `CustomerGatewayConfiguration`: addresses, ASNs and keys, never cryptography.
//!
//! AWS fills the crypto elements with one fixed weak set (SHA-1, AES-128, group 2) whatever the
//! tunnels use, so they are not even looked at; what was asked for is in
//! [`TunnelOptions`](super::TunnelOptions). The order of the tunnels in the document means nothing.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use ipnet::Ipv4Net;

use super::element::{Element, Tree};
use super::model::{Endpoint, PreSharedKey};
use crate::spec::{
    Asn, CustomerGatewayId, InsideCidr, OutsideAddress, VpnConnectionId, VpnGatewayId,
};

/// Seconds; what AWS writes when it writes a hold time at all.
const DEFAULT_HOLD_TIME: u16 = 30;
/// Seconds; RFC 4271 § 4.2 allows 0 besides, which would keep a dead session for ever.
const SHORTEST_HOLD_TIME: u16 = 3;

/// What AWS's document says about a connection.
#[derive(Clone, Debug)]
pub struct ConnectionXml {
    /// The connection.
    pub connection: VpnConnectionId,
    /// The customer gateway.
    pub customer_gateway: Option<CustomerGatewayId>,
    /// The virtual private gateway; none on a transit gateway, whose id the document never has.
    pub vpn_gateway: Option<VpnGatewayId>,
    /// Whether the connection is marked as statically routed.
    pub static_routes_only: bool,
    /// The tunnels, in the document's meaningless order.
    pub tunnels: Vec<TunnelXml>,
}

/// What AWS's document says about one tunnel.
#[derive(Clone, Debug)]
pub struct TunnelXml {
    /// The /30 inside.
    pub inside_cidr: InsideCidr,
    /// AWS's end.
    pub aws: Endpoint,
    /// The site's address as AWS sees it; none when a certificate stands for it.
    pub customer_outside: Option<Ipv4Addr>,
    /// The BGP sessions' parameters; none with static routing.
    pub bgp: Option<BgpXml>,
    /// The key; none when AWS keeps it elsewhere (`REDACTED`) or a certificate stands for it.
    pub key: Option<PreSharedKey>,
}

/// What AWS's document says about a tunnel's BGP session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BgpXml {
    /// The site's ASN.
    pub customer_asn: Asn,
    /// AWS's ASN.
    pub aws_asn: Asn,
    /// Seconds.
    pub hold_time: u16,
}

/// Why the document cannot be read. Never repeats a value that may be a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Not well-formed, or over a limit.
    #[error("the customer gateway configuration is not usable XML: {0}")]
    Malformed(String),
    /// Another document.
    #[error("the document is not a `vpn_connection`")]
    Root,
    /// An element that every connection has.
    #[error("`{0}` is missing from the customer gateway configuration")]
    Missing(Path),
    /// An element whose text is not what it should be.
    #[error("`{path}` in the customer gateway configuration is not {wanted}")]
    Invalid {
        /// Where.
        path: Path,
        /// What should stand there.
        wanted: &'static str,
    },
}

/// Where an element stands, such as `ipsec_tunnel[2]/vpn_gateway/bgp/asn`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    fn root() -> Self {
        Self("vpn_connection".to_owned())
    }

    fn join(&self, rest: impl fmt::Display) -> Self {
        Self(format!("{}/{rest}", self.0))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the document.
///
/// Unknown elements, empty elements and white space are fine; a document type, an entity of its
/// own, more than 256 KiB or 16 levels are not.
pub fn read(text: &str) -> Result<ConnectionXml, XmlError> {
    let tree = Tree::parse(text).map_err(|error| XmlError::Malformed(error.to_string()))?;
    let root = tree.root();
    if root.name() != "vpn_connection" {
        return Err(XmlError::Root);
    }
    let here = Path::root();
    let id = root
        .attribute("id")
        .ok_or_else(|| XmlError::Missing(here.join("@id")))?;
    let attributes = root.children("vpn_connection_attributes");
    let tunnels = (root.children("ipsec_tunnel").zip(1..))
        .map(|(element, number)| {
            tunnel(element, &here.join(format_args!("ipsec_tunnel[{number}]")))
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(ConnectionXml {
        connection: parse(id, &here.join("@id"), "a VPN connection id")?,
        customer_gateway: id_of(root, &here, "customer_gateway_id")?,
        vpn_gateway: id_of(root, &here, "vpn_gateway_id")?,
        static_routes_only: attributes.filter_map(Element::text).any(|text| {
            text.split_whitespace()
                .any(|word| word == "NoBGPVPNConnection")
        }),
        tunnels,
    })
}

fn tunnel(element: Element<'_>, here: &Path) -> Result<TunnelXml, XmlError> {
    let customer = required(element, here, "customer_gateway")?;
    let aws = required(element, here, "vpn_gateway")?;
    let (there_customer, there_aws) = (here.join("customer_gateway"), here.join("vpn_gateway"));
    let inside_cidr = inside_cidr(aws, &there_aws)?;
    if inside_cidr != self::inside_cidr(customer, &there_customer)? {
        return Err(XmlError::Invalid {
            path: there_customer.join("tunnel_inside_address"),
            wanted: "in the /30 of AWS's inside address",
        });
    }
    let inside = inside_address(aws, &there_aws)?;
    if inside != inside_cidr.aws() {
        return Err(XmlError::Invalid {
            path: there_aws.join("tunnel_inside_address"),
            wanted: "the first host of its /30, which is AWS's",
        });
    }
    let outside = outside_address(aws, &there_aws)?;
    let outside = outside
        .ok_or_else(|| XmlError::Missing(there_aws.join("tunnel_outside_address/ip_address")))?;
    Ok(TunnelXml {
        inside_cidr,
        aws: Endpoint { outside, inside },
        customer_outside: outside_address(customer, &there_customer)?,
        bgp: bgp(customer, aws, here)?,
        key: key(element, here)?,
    })
}

fn bgp(customer: Element<'_>, aws: Element<'_>, here: &Path) -> Result<Option<BgpXml>, XmlError> {
    let sides = (customer.child("bgp"), aws.child("bgp"));
    let (Some(customer), Some(aws)) = sides else {
        return Ok(None);
    };
    let asn = |element: Element<'_>, side: &str| {
        let path = here.join(format_args!("{side}/bgp/asn"));
        let text = element.child("asn").and_then(Element::text);
        let text = text.ok_or_else(|| XmlError::Missing(path.clone()))?;
        parse::<u32>(text, &path, "an ASN")?
            .try_into()
            .map_err(|_| XmlError::Invalid {
                path,
                wanted: "an ASN that a router can use",
            })
    };
    let hold = aws.child("hold_time").and_then(Element::text);
    let hold_time = match hold {
        Some(text) => {
            let path = here.join("vpn_gateway/bgp/hold_time");
            let wanted = "a number of seconds from 3 on";
            let seconds: u16 = parse(text, &path, wanted)?;
            if seconds < SHORTEST_HOLD_TIME {
                return Err(XmlError::Invalid { path, wanted });
            }
            seconds
        }
        None => DEFAULT_HOLD_TIME,
    };
    Ok(Some(BgpXml {
        customer_asn: asn(customer, "customer_gateway")?,
        aws_asn: asn(aws, "vpn_gateway")?,
        hold_time,
    }))
}

/// The key; absent, empty and `REDACTED` alike mean that the document does not have it.
fn key(element: Element<'_>, here: &Path) -> Result<Option<PreSharedKey>, XmlError> {
    let text = (element.child("ike"))
        .and_then(|ike| ike.child("pre_shared_key"))
        .and_then(Element::text);
    let Some(text) = text else { return Ok(None) };
    if text.eq_ignore_ascii_case("REDACTED") {
        return Ok(None);
    }
    PreSharedKey::new(text.to_owned().into())
        .map(Some)
        .map_err(|_| XmlError::Invalid {
            path: here.join("ike/pre_shared_key"),
            wanted: "a pre-shared key in AWS's alphabet",
        })
}

fn inside_address(side: Element<'_>, here: &Path) -> Result<Ipv4Addr, XmlError> {
    let path = here.join("tunnel_inside_address/ip_address");
    let text = (side.child("tunnel_inside_address"))
        .and_then(|address| address.child("ip_address"))
        .and_then(Element::text)
        .ok_or_else(|| XmlError::Missing(path.clone()))?;
    parse(text, &path, "an IPv4 address")
}

fn inside_cidr(side: Element<'_>, here: &Path) -> Result<InsideCidr, XmlError> {
    let invalid = || XmlError::Invalid {
        path: here.join("tunnel_inside_address"),
        wanted: "in a /30 of 169.254.0.0/16 that AWS does not reserve",
    };
    let address = inside_address(side, here)?;
    let net = Ipv4Net::new(address, 30).map_err(|_| invalid())?;
    InsideCidr::try_from(net).map_err(|_| invalid())
}

fn outside_address(side: Element<'_>, here: &Path) -> Result<Option<Ipv4Addr>, XmlError> {
    let text = (side.child("tunnel_outside_address"))
        .and_then(|address| address.child("ip_address"))
        .and_then(Element::text);
    let path = here.join("tunnel_outside_address/ip_address");
    let address: Option<OutsideAddress> = text
        .map(|text| {
            let wanted = "the IPv4 address of a host (IPv6 outside is not supported)";
            parse(text, &path, wanted)
        })
        .transpose()?;
    Ok(address.map(OutsideAddress::get))
}

fn id_of<T: FromStr>(
    root: Element<'_>,
    here: &Path,
    name: &'static str,
) -> Result<Option<T>, XmlError> {
    let text = root.child(name).and_then(Element::text);
    text.map(|text| parse(text, &here.join(name), "an id"))
        .transpose()
}

fn required<'a>(
    element: Element<'a>,
    here: &Path,
    name: &'static str,
) -> Result<Element<'a>, XmlError> {
    element
        .child(name)
        .ok_or_else(|| XmlError::Missing(here.join(name)))
}

fn parse<T: FromStr>(text: &str, path: &Path, wanted: &'static str) -> Result<T, XmlError> {
    text.trim().parse().map_err(|_| XmlError::Invalid {
        path: path.clone(),
        wanted,
    })
}

#[cfg(test)]
#[path = "xml_tests.rs"]
mod tests;
