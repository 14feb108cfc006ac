//! Reads the text of AWS's `DescribeRouterConfiguration` and holds it against our own link.
//!
//! AWS fills a template per router family out of the virtual interface that it has. What stands in
//! there for Cisco IOS, NX-OS and Junos is a second source of every value that we render: where
//! the two differ, one of them is not about this virtual interface. The shapes that are read are
//! those of the Direct Connect guide ("Example router configuration files").

use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv4Addr;

use secrecy::{ExposeSecret, SecretString};

use crate::tunnel::DirectConnectLink;

/// What a text configures; a set is empty where the text says nothing that we recognise.
#[derive(Clone, Debug, Default)]
pub struct RouterText {
    /// VLANs.
    pub vlans: BTreeSet<u16>,
    /// Bytes of the virtual interface, not of its port.
    pub mtus: BTreeSet<u16>,
    /// The router's addresses.
    pub router: BTreeSet<Ipv4Addr>,
    /// AWS's addresses.
    pub amazon: BTreeSet<Ipv4Addr>,
    /// The site's AS.
    pub router_asns: BTreeSet<u32>,
    /// AWS's AS.
    pub amazon_asns: BTreeSet<u32>,
    /// Whether it announces a default route to AWS, as the guide's examples do.
    pub announces_default: bool,
    keys: Vec<SecretString>,
    /// Whether the lines that are read stand within a VLAN's interface.
    within_vlan: bool,
}

/// A value that AWS's text and our link do not share; never a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which value.
    pub what: &'static str,
    /// Ours.
    pub ours: String,
    /// What AWS's text has in its place.
    pub theirs: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, ours, theirs } = self;
        write!(f, "{what}: ours is {ours}, AWS's text has {theirs}")
    }
}

/// Reads a text for Cisco IOS, NX-OS or Junos.
pub fn read_router_text(text: &str) -> RouterText {
    let mut read = RouterText::default();
    for line in text.lines() {
        let line = line.trim();
        let comment = ["!", "#", "/*"].iter().any(|mark| line.starts_with(mark));
        if !comment {
            let words: Vec<&str> = line
                .split(|c: char| c.is_whitespace() || "\";{}".contains(c))
                .filter(|word| !word.is_empty())
                .collect();
            read.line(&words);
        }
    }
    read
}

fn all<T: ToString>(set: &BTreeSet<T>) -> Vec<String> {
    set.iter().map(ToString::to_string).collect()
}

impl RouterText {
    /// Every value that differs; what the text does not say does not differ.
    ///
    /// A text that is about no virtual interface at all differs in its VLAN, its addresses and its
    /// key, so a stale or empty answer is not taken for agreement.
    pub fn differences(&self, link: &DirectConnectLink) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut check = |what, ours: String, theirs: Vec<String>, must: bool| {
            let agrees = theirs.iter().all(|one| *one == ours);
            if !agrees || (must && theirs.is_empty()) {
                let nothing = theirs.is_empty();
                let theirs = if nothing {
                    "nothing".to_owned()
                } else {
                    theirs.join(", ")
                };
                found.push(Difference { what, ours, theirs });
            }
        };
        check("VLAN", link.vlan.to_string(), all(&self.vlans), true);
        check("MTU", link.mtu.to_string(), all(&self.mtus), false);
        let (router, amazon) = (link.router.addr(), link.amazon.addr());
        check(
            "router's address",
            router.to_string(),
            all(&self.router),
            true,
        );
        check("AWS's address", amazon.to_string(), all(&self.amazon), true);
        let ours = link.router_asn.to_string();
        check("site's AS", ours, all(&self.router_asns), true);
        let ours = link.amazon_asn.to_string();
        check("AWS's AS", ours, all(&self.amazon_asns), true);
        let same = |key: &SecretString| key.expose_secret() == link.key.expose();
        if self.keys.is_empty() || !self.keys.iter().all(same) {
            let theirs = if self.keys.is_empty() {
                "none"
            } else {
                "another"
            };
            check("BGP key", "ours".to_owned(), vec![theirs.to_owned()], true);
        }
        found
    }

    fn line(&mut self, words: &[&str]) {
        if let [first, name, ..] = words
            && matches!(*first, "interface" | "edit")
        {
            self.interface(name);
        }
        if let [.., "network", "0.0.0.0"] | [.., "0.0.0.0/0", "exact"] = words {
            self.announces_default = true;
        }
        for (at, pair) in words.windows(2).enumerate() {
            let before = at.checked_sub(1).map_or("", |at| words[at]);
            self.pair(before, pair[0], pair[1], words.get(at + 2).copied());
        }
    }

    /// `GigabitEthernet0/1.301` and `Vlan301` are a VLAN's, `GigabitEthernet0/1` is a port.
    fn interface(&mut self, name: &str) {
        let svi = name.to_ascii_lowercase();
        let svi = svi.strip_prefix("vlan").and_then(number::<u16>);
        self.within_vlan = svi.is_some() || name.contains('.');
        self.vlans.extend(svi);
    }

    /// A word, its value, the word before and the one after.
    fn pair(&mut self, before: &str, word: &str, value: &str, after: Option<&str>) {
        match (before, word.to_ascii_lowercase().as_str()) {
            ("encapsulation", "dot1q") | (_, "vlan-id") => self.vlans.extend(number::<u16>(value)),
            ("", "vlan") => self.vlans.extend(number::<u16>(value)),
            ("ip" | "inet", "mtu") => self.mtus.extend(number::<u16>(value)),
            ("", "mtu") if self.within_vlan => self.mtus.extend(number::<u16>(value)),
            ("ip" | "inet", "address") | (_, "local-address") => self.router.extend(address(value)),
            ("router", "bgp") | (_, "autonomous-system" | "local-as") => {
                self.router_asns.extend(number::<u32>(value));
            }
            (_, "remote-as" | "peer-as") => self.amazon_asns.extend(number::<u32>(value)),
            (_, "neighbor") => self.amazon.extend(address(value)),
            (_, "password" | "authentication-key") => self.key(value, after),
            _ => {}
        }
    }

    /// Before a key some languages say of which kind it is; of what they have enciphered nobody can
    /// say whether it is ours.
    fn key(&mut self, value: &str, after: Option<&str>) {
        let kind = value.len() == 1 && value.bytes().all(|b| b.is_ascii_digit());
        let key = match (kind, after) {
            (true, Some(key)) if value == "0" => key,
            (false, _) => value,
            _ => return,
        };
        self.keys.push(SecretString::from(key));
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// An address, with or without the length of its network.
fn address(text: &str) -> Option<Ipv4Addr> {
    text.split('/').next().and_then(number)
}

#[cfg(test)]
#[path = "router_text_tests.rs"]
mod tests;
