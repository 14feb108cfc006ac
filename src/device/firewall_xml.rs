//! What OPNsense and pfSense have in common: a `config.xml` that is merged into.

use std::fmt;
use std::str::FromStr;

use askama::Template;
use ipnet::Ipv4Net;
use sha2::{Digest, Sha256};

use super::profile::Check;
use super::view::View;
use crate::spec::{InvalidValue, SiteName};
use crate::tunnel::TunnelSet;

/// The program that merges a part into the firewall's configuration.
#[derive(Template)]
#[template(path = "common/merge.php", escape = "none")]
pub(super) struct Merge;

/// The firewall's own name of an interface, such as `wan`, `lan` or `opt3`.
#[derive(Clone, Debug)]
pub(super) struct FirewallInterface(String);

impl FromStr for FirewallInterface {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
        if starts && text.len() <= 15 && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidValue::new(
                format!(
                    "`{}` is not the firewall's name of an interface",
                    text.escape_debug()
                ),
                "use wan, lan, opt1 and so on, as Interfaces > Assignments shows them",
            ))
        }
    }
}

impl fmt::Display for FirewallInterface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `underpass-` and the site's name: FRR's plugin for OPNsense allows 64 characters.
#[derive(Clone, Copy)]
pub(super) struct Names<'a>(pub(super) &'a SiteName);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "underpass-{}", self.0)
    }
}

/// What shows that it works; `first` is the number of tunnel 1's interface.
pub(super) fn checks(set: &TunnelSet, first: u32) -> Vec<Check> {
    let mut checks = vec![
        Check::new(
            "swanctl --list-sas",
            "two IKE_SAs ESTABLISHED, each with one CHILD_SA INSTALLED",
        ),
        Check::new(
            format!("ifconfig ipsec{first}"),
            "RUNNING and the inside address",
        ),
    ];
    for tunnel in &set.tunnels {
        checks.push(Check::new(
            format!(
                "ping -c 3 -S {} {}",
                tunnel.customer.inside, tunnel.aws.inside
            ),
            format!("answers through tunnel {}", tunnel.number),
        ));
    }
    checks.push(Check::new(
        "vtysh -c 'show bgp ipv4 unicast summary'",
        "two neighbors with a number under State/PfxRcd",
    ));
    checks
}

/// A network of the VPC and one of the site.
pub(super) struct Pair {
    pub(super) number: usize,
    pub(super) vpc: Ipv4Net,
    pub(super) lan: Ipv4Net,
}

/// Every network of the VPC with every one of the site: a rule of these firewalls has one of each.
pub(super) fn pairs(view: &View<'_>) -> Vec<Pair> {
    let all = view
        .vpc
        .iter()
        .flat_map(|vpc| view.lan.iter().map(move |lan| (*vpc, *lan)));
    (1..)
        .zip(all)
        .map(|(number, (vpc, lan))| Pair { number, vpc, lan })
        .collect()
}

/// A UUID that the site and a role decide, in the form of a random one (RFC 9562 § 5.4).
///
/// The same one every time: a second merge replaces the first's entries instead of adding to them.
pub(super) fn uuid(site: &SiteName, what: &str, number: impl fmt::Display) -> String {
    let digest = Sha256::digest(format!("underpass {site} {what} {number}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    let (a, b, c, d) = (&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20]);
    format!("{a}-{b}-{c}-{d}-{}", &hex[20..])
}
