//! Names, numbers and networks that a site is made of.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

/// Why a value of the site file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct InvalidValue {
    /// What is wrong, naming the value.
    pub problem: String,
    /// What would be right.
    pub help: String,
}

impl InvalidValue {
    /// A problem and its remedy.
    pub fn new(problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            help: help.into(),
        }
    }
}

macro_rules! text_conversions {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = InvalidValue;

            fn try_from(text: String) -> Result<Self, InvalidValue> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}

/// The name of a site: 1 to 40 of `a-z`, `0-9` and `-`, beginning and ending with a letter or digit.
///
/// Unique per account and Region. The alphabet is what makes the name safe in a file name, a tag
/// and a router's configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SiteName(String);

impl SiteName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SiteName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let alphabet = text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let ends = !text.starts_with('-') && !text.ends_with('-');
        if alphabet && ends && (1..=40).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidValue::new(
                format!("`{}` cannot be a site's name", text.escape_debug()),
                "use 1 to 40 of a-z, 0-9 and `-`, with a letter or digit at both ends",
            ))
        }
    }
}

impl fmt::Display for SiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_conversions!(SiteName);

/// An AWS Region code such as `eu-central-1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

impl Region {
    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let parts: Vec<&str> = text.split('-').collect();
        let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
        let shaped = match parts.as_slice() {
            [words @ .., number] => {
                (2..=3).contains(&words.len())
                    && words.iter().all(word)
                    && (1..=2).contains(&number.len())
                    && number.bytes().all(|b| b.is_ascii_digit())
            }
            [] => false,
        };
        if shaped && text.len() <= 20 {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidValue::new(
                format!("`{}` is not an AWS Region code", text.escape_debug()),
                "write it like `eu-central-1`",
            ))
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_conversions!(Region);

/// A BGP autonomous system number: 1 to 4294967294, 2 or 4 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Asn(u32);

impl Asn {
    /// AWS's default for its own side (`CreateVpnGateway`).
    pub const AMAZON_DEFAULT: Self = Self(64512);
    /// What a statically routed customer gateway stores (AWS VPN guide).
    pub const STATIC_DEFAULT: Self = Self(65000);

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Whether the number lies in a private range of RFC 6996.
    pub const fn is_private(self) -> bool {
        matches!(self.0, 64512..=65534 | 4_200_000_000..=4_294_967_294)
    }
}

impl TryFrom<u32> for Asn {
    type Error = InvalidValue;

    fn try_from(number: u32) -> Result<Self, InvalidValue> {
        // 0 and the last 4-byte number are reserved (RFC 7607, RFC 7300), 23456 stands for
        // "a 4-byte number" on 2-byte speakers (RFC 6793), 65535 is reserved (RFC 7300).
        match number {
            0 | 23456 | 65535 | u32::MAX => Err(InvalidValue::new(
                format!("ASN {number} is reserved and no router can use it"),
                "use your own number, or a private one: 64512 to 65534",
            )),
            _ => Ok(Self(number)),
        }
    }
}

impl From<Asn> for u32 {
    fn from(asn: Asn) -> Self {
        asn.0
    }
}

impl fmt::Display for Asn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// An address at which a tunnel's other end can be: one host's, and not this machine's own.
///
/// Not 0.0.0.0/8 ("this network"), 127.0.0.0/8 (loopback), 169.254.0.0/16 (link-local, where the
/// tunnels' inside is), 224.0.0.0/4 (multicast) or 240.0.0.0/4 (reserved, broadcast): RFC 6890.
/// Private ones are possible: a VPN over Direct Connect has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutsideAddress(Ipv4Addr);

impl OutsideAddress {
    /// The address.
    pub const fn get(self) -> Ipv4Addr {
        self.0
    }
}

impl FromStr for OutsideAddress {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let address: Option<Ipv4Addr> = text.parse().ok();
        let host = |address: &Ipv4Addr| {
            let first = address.octets()[0];
            first != 0 && first < 224 && !address.is_loopback() && !address.is_link_local()
        };
        address.filter(host).map(Self).ok_or_else(|| {
            InvalidValue::new(
                format!("`{}` is no host's IPv4 address", text.escape_debug()),
                "it must be one at which a VPN endpoint can be reached",
            )
        })
    }
}

/// The /30 inside a tunnel, within 169.254.0.0/16.
///
/// AWS has the first host, the customer gateway the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InsideCidr(Ipv4Net);

impl InsideCidr {
    /// The /30s that AWS keeps for itself (`VpnTunnelOptionsSpecification`).
    pub const RESERVED: [&'static str; 7] = [
        "169.254.0.0/30",
        "169.254.1.0/30",
        "169.254.2.0/30",
        "169.254.3.0/30",
        "169.254.4.0/30",
        "169.254.5.0/30",
        "169.254.169.252/30",
    ];
    /// How many /30s 169.254.0.0/16 holds.
    pub const COUNT: u32 = 1 << 14;

    /// The n-th /30 of 169.254.0.0/16; none when AWS reserves it or `n` is past the last.
    pub fn nth(n: u32) -> Option<Self> {
        let base = u32::from(Ipv4Addr::new(169, 254, 0, 0));
        let net = Ipv4Net::new(Ipv4Addr::from(base + n.checked_mul(4)?), 30).ok()?;
        (n < Self::COUNT)
            .then(|| Self::try_from(net).ok())
            .flatten()
    }

    /// The network.
    pub const fn net(self) -> Ipv4Net {
        self.0
    }

    /// AWS's address inside the tunnel.
    pub fn aws(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.0.network()) + 1)
    }

    /// The customer gateway's address inside the tunnel.
    pub fn customer(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.0.network()) + 2)
    }
}

impl TryFrom<Ipv4Net> for InsideCidr {
    type Error = InvalidValue;

    fn try_from(net: Ipv4Net) -> Result<Self, InvalidValue> {
        // AWS has been seen to answer in host form (169.254.15.193/30), so mask before comparing.
        let net = net.trunc();
        let text = net.to_string();
        let link_local = net.network().is_link_local() && net.prefix_len() == 30;
        if !link_local {
            return Err(InvalidValue::new(
                format!("{text} cannot be a tunnel's inside CIDR"),
                "use a /30 out of 169.254.0.0/16, or leave it out and one is chosen",
            ));
        }
        if Self::RESERVED.contains(&text.as_str()) {
            return Err(InvalidValue::new(
                format!("{text} is reserved by AWS"),
                format!(
                    "AWS keeps {} for itself: take another /30",
                    Self::RESERVED.join(", ")
                ),
            ));
        }
        Ok(Self(net))
    }
}

impl FromStr for InsideCidr {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let net: Ipv4Net = text.parse().map_err(|_| {
            InvalidValue::new(
                format!("`{}` is not a CIDR", text.escape_debug()),
                "write it like 169.254.10.0/30",
            )
        })?;
        net.try_into()
    }
}

impl fmt::Display for InsideCidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_conversions!(InsideCidr);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_cidrs_mask_and_refuse_what_aws_reserves() {
        let cidr: InsideCidr = "169.254.15.193/30".parse().unwrap();
        assert_eq!(cidr.to_string(), "169.254.15.192/30");
        assert_eq!(cidr.aws().to_string(), "169.254.15.193");
        assert_eq!(cidr.customer().to_string(), "169.254.15.194");
        for reserved in InsideCidr::RESERVED {
            assert!(reserved.parse::<InsideCidr>().is_err(), "{reserved}");
        }
        assert_eq!(
            (0..InsideCidr::COUNT).filter_map(InsideCidr::nth).count(),
            (1 << 14) - 7
        );
        assert_eq!(InsideCidr::nth(InsideCidr::COUNT), None);
    }

    #[test]
    fn a_site_name_cannot_carry_a_line() {
        for bad in [
            "",
            "-a",
            "a-",
            "a b",
            "a\nb",
            "ü",
            "A",
            "a".repeat(41).as_str(),
            "../x",
        ] {
            assert!(bad.parse::<SiteName>().is_err(), "{bad:?}");
        }
        assert!("plant-7".parse::<SiteName>().is_ok());
    }
}
