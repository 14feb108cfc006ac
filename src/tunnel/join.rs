//! What was asked for and what AWS made, joined into one [`TunnelSet`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::model::{Bgp, Endpoint, PreSharedKey, RouteExchange, Tunnel, TunnelOptions, TunnelSet};
use super::xml::{ConnectionXml, TunnelXml};
use crate::spec::{Asn, InsideCidr, Routing, Site};

/// Why AWS's answer is not the connection that was asked for: every difference at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct JoinErrors {
    /// At least one.
    pub errors: Vec<JoinError>,
}

impl fmt::Display for JoinErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AWS's connection is not the one that was asked for")?;
        self.errors
            .iter()
            .try_for_each(|error| write!(f, "\n  {error}"))
    }
}

/// One difference. None of them ever shows a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// Not two tunnels.
    #[error("the connection has {0} tunnels, not 2")]
    Count(usize),
    /// One inside CIDR for both tunnels.
    #[error("both tunnels have the inside CIDR {0}, so neither can be told from the other")]
    SameInside(InsideCidr),
    /// One outside address for both tunnels, as some emulators of AWS answer.
    #[error(
        "both tunnels have the outside address {0}: real AWS gives each its own, so this answer \
         comes from an emulator or is damaged, and no device can be configured from it"
    )]
    SameOutside(Ipv4Addr),
    /// AWS's end is said to be on the site's side.
    #[error(
        "tunnel {number}: AWS's outside address is said to be {outside}, which is the site's own"
    )]
    OutsideHere {
        /// 1 or 2.
        number: u8,
        /// The address.
        outside: Ipv4Addr,
    },
    /// A tunnel that was asked for is not there.
    #[error("no tunnel has the inside CIDR {wanted} of tunnel {number}; AWS has {found}")]
    NoTunnel {
        /// 1 or 2.
        number: u8,
        /// What was asked for.
        wanted: InsideCidr,
        /// What AWS has, separated by commas.
        found: String,
    },
    /// AWS expects the site elsewhere.
    #[error(
        "tunnel {number}: AWS expects the site at {found}, the site file says outside_ip {wanted}"
    )]
    CustomerAddress {
        /// 1 or 2.
        number: u8,
        /// The customer gateway's address.
        found: Ipv4Addr,
        /// The site file's.
        wanted: Ipv4Addr,
    },
    /// AWS expects another ASN.
    #[error(
        "tunnel {number}: AWS expects the site's ASN to be {found}, the site file says {wanted}"
    )]
    CustomerAsn {
        /// 1 or 2.
        number: u8,
        /// The customer gateway's.
        found: Asn,
        /// The site file's.
        wanted: Asn,
    },
    /// Two gateways behind one connection.
    #[error("AWS has ASN {0} in tunnel 1 and {1} in tunnel 2")]
    AwsAsns(Asn, Asn),
    /// Both sides have one number, which would make the sessions internal ones.
    #[error("AWS and the site both have ASN {0}: give the site another")]
    SameAsn(Asn),
    /// BGP here, static routes there, or the reverse.
    #[error("the site file says `routing: {wanted}`, the connection is routed by {found}")]
    Routing {
        /// The site file's word.
        wanted: &'static str,
        /// The connection's.
        found: &'static str,
    },
    /// Neither side has the key.
    #[error(
        "tunnel {number}: the pre-shared key is neither in the bundle nor in AWS's answer; if it \
         is in Secrets Manager, save it to a file and name it with `pre_shared_key_file`"
    )]
    NoKey {
        /// 1 or 2.
        number: u8,
    },
    /// Both sides have a key, and the keys differ.
    #[error(
        "tunnel {number}: our pre-shared key is not AWS's (neither is shown): one side was \
         changed by hand, so set the same key on both before going on"
    )]
    OtherKey {
        /// 1 or 2.
        number: u8,
    },
}

/// Joins what was asked for with AWS's answer, by inside CIDR and never by order.
///
/// `own_keys` are the keys that were sent, by inside CIDR; AWS's answer stands in for one that is
/// missing, as with a connection that was adopted. `vpc_cidrs` is what the site may reach.
pub fn join(
    site: &Site,
    planned: &[TunnelOptions; 2],
    xml: &ConnectionXml,
    own_keys: &BTreeMap<InsideCidr, PreSharedKey>,
    vpc_cidrs: Vec<Ipv4Net>,
) -> Result<TunnelSet, JoinErrors> {
    let mut errors = duplicates(xml);
    let [one, two] = [(1, &planned[0]), (2, &planned[1])]
        .map(|(number, options)| tunnel(site, number, options, xml, own_keys, &mut errors));
    let routes = routes(site, xml, &mut errors);
    match (one, two, routes) {
        (Some(one), Some(two), Some(routes)) if errors.is_empty() => Ok(TunnelSet {
            connection: Some(xml.connection.clone()),
            site: site.clone(),
            tunnels: [one, two],
            routes,
            vpc_cidrs,
            direct_connect: None,
        }),
        _ => Err(JoinErrors { errors }),
    }
}

fn duplicates(xml: &ConnectionXml) -> Vec<JoinError> {
    let mut errors = Vec::new();
    if xml.tunnels.len() != 2 {
        errors.push(JoinError::Count(xml.tunnels.len()));
    }
    let (mut inside, mut outside) = (BTreeSet::new(), BTreeSet::new());
    for tunnel in &xml.tunnels {
        if !inside.insert(tunnel.inside_cidr) {
            errors.push(JoinError::SameInside(tunnel.inside_cidr));
        }
        if !outside.insert(tunnel.aws.outside) {
            errors.push(JoinError::SameOutside(tunnel.aws.outside));
        }
    }
    errors
}

fn tunnel(
    site: &Site,
    number: u8,
    options: &TunnelOptions,
    xml: &ConnectionXml,
    own_keys: &BTreeMap<InsideCidr, PreSharedKey>,
    errors: &mut Vec<JoinError>,
) -> Option<Tunnel> {
    let wanted = options.inside_cidr;
    let Some(found) = xml
        .tunnels
        .iter()
        .find(|tunnel| tunnel.inside_cidr == wanted)
    else {
        let found: Vec<_> = xml
            .tunnels
            .iter()
            .map(|t| t.inside_cidr.to_string())
            .collect();
        errors.push(JoinError::NoTunnel {
            number,
            wanted,
            found: found.join(", "),
        });
        return None;
    };
    let expected = site.gateway.outside_ip;
    if let Some(found) = found.customer_outside.filter(|found| *found != expected) {
        errors.push(JoinError::CustomerAddress {
            number,
            found,
            wanted: expected,
        });
    }
    let (outside, gateway) = (found.aws.outside, &site.gateway);
    if [gateway.outside_ip, gateway.wan_address()].contains(&outside)
        || site.lan.iter().any(|net| net.contains(&outside))
    {
        errors.push(JoinError::OutsideHere { number, outside });
    }
    let key = key(number, found, own_keys.get(&wanted))
        .map_err(|error| errors.push(error))
        .ok()?;
    Some(Tunnel {
        number,
        aws: found.aws,
        customer: Endpoint {
            outside: expected,
            inside: wanted.customer(),
        },
        options: options.clone(),
        key,
    })
}

fn key(
    number: u8,
    found: &TunnelXml,
    own: Option<&PreSharedKey>,
) -> Result<PreSharedKey, JoinError> {
    match (own, &found.key) {
        (Some(own), Some(theirs)) if !own.same_as(theirs) => Err(JoinError::OtherKey { number }),
        (Some(key), _) | (None, Some(key)) => Ok(key.clone()),
        (None, None) => Err(JoinError::NoKey { number }),
    }
}

fn routes(site: &Site, xml: &ConnectionXml, errors: &mut Vec<JoinError>) -> Option<RouteExchange> {
    let sessions: Vec<_> = xml.tunnels.iter().filter_map(|tunnel| tunnel.bgp).collect();
    let by_bgp = !xml.static_routes_only && sessions.len() == xml.tunnels.len();
    if by_bgp != (site.routing == Routing::Bgp) {
        errors.push(JoinError::Routing {
            wanted: site.routing.as_str(),
            found: if by_bgp { "BGP" } else { "static routes" },
        });
        return None;
    }
    if !by_bgp {
        return Some(RouteExchange::Static);
    }
    let wanted = site.gateway.asn;
    for (number, session) in (1..).zip(&sessions) {
        let found = session.customer_asn;
        if found != wanted {
            errors.push(JoinError::CustomerAsn {
                number,
                found,
                wanted,
            });
        }
    }
    let first = sessions.first()?;
    if let Some(other) = sessions.iter().find(|other| other.aws_asn != first.aws_asn) {
        errors.push(JoinError::AwsAsns(first.aws_asn, other.aws_asn));
    }
    if first.aws_asn == wanted {
        errors.push(JoinError::SameAsn(wanted));
    }
    Some(RouteExchange::Bgp(Bgp {
        customer_asn: wanted,
        aws_asn: first.aws_asn,
        // The smaller of the two is what a session would use anyway (RFC 4271 § 4.2).
        hold_time: sessions.iter().map(|session| session.hold_time).min()?,
    }))
}

#[cfg(test)]
#[path = "join_tests.rs"]
mod tests;
