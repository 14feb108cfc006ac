//! Reads AWS's sample configurations by value, whatever the vendor's language.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde::Serialize;

/// What a sample configures; a list is empty where the sample says nothing that we recognise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SampleFacts {
    /// `ikev1`, `ikev2`.
    pub ike_versions: BTreeSet<&'static str>,
    /// AWS's words, such as `AES128`.
    pub ciphers: BTreeSet<&'static str>,
    /// AWS's words, such as `SHA1`.
    pub hashes: BTreeSet<&'static str>,
    /// Diffie-Hellman groups.
    pub groups: BTreeSet<u32>,
    /// Seconds.
    pub lifetimes: BTreeSet<u32>,
    /// The numbers of dead peer detection, in the sample's order.
    pub dpd: Vec<u32>,
    /// Bytes.
    pub mss: BTreeSet<u32>,
    /// Bytes.
    pub mtu: BTreeSet<u32>,
    /// BGP's keepalive and hold time in seconds.
    pub bgp_timers: BTreeSet<u32>,
    /// How many of AWS's endpoints it names.
    pub tunnels: usize,
    /// Whether it announces a default route to AWS.
    pub announces_default: bool,
}

/// Reads a sample; `outside` are AWS's endpoints.
pub fn read_sample(text: &str, outside: &[Ipv4Addr]) -> SampleFacts {
    let mut facts = SampleFacts {
        tunnels: (outside.iter())
            .filter(|address| words(text).any(|word| word == address.to_string()))
            .count(),
        ..SampleFacts::default()
    };
    for line in text.lines().filter(|line| is_statement(line)) {
        facts.line(&line.to_ascii_lowercase());
    }
    facts
}

/// Comments and prose explain choices that the sample does not make.
fn is_statement(line: &str) -> bool {
    let line = line.trim();
    let comment = ["!", "#", "//", ";", "/*", "*"];
    !line.is_empty() && line.len() <= 100 && !comment.iter().any(|mark| line.starts_with(mark))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
        .filter(|word| !word.is_empty())
}

impl SampleFacts {
    fn line(&mut self, line: &str) {
        let squeezed: String = line.chars().filter(char::is_ascii_alphanumeric).collect();
        let has = |word: &str| squeezed.contains(word);
        if has("ikev1") || has("isakmp") {
            self.ike_versions.insert("ikev1");
        }
        if has("ikev2") {
            self.ike_versions.insert("ikev2");
        }
        self.cipher(&squeezed);
        self.hash(line, &squeezed);
        self.group(line, &squeezed);
        let numbers: Vec<u32> = words(line).filter_map(number).collect();
        let within = |least: u32, most: u32| {
            let numbers = numbers.iter().copied();
            numbers.filter(move |number| (least..=most).contains(number))
        };
        if has("lifetime") || has("keylife") {
            self.lifetimes.extend(within(600, 86_400));
        }
        if has("dpd") || has("deadpeer") || has("isakmpkeepalive") {
            let found: Vec<u32> = within(1, 600).collect();
            let new = !found.is_empty() && !self.dpd.ends_with(&found);
            if new && self.dpd.len() < 4 {
                self.dpd.extend(found);
            }
        }
        if has("mss") {
            self.mss.extend(within(500, 1_500));
        } else if has("mtu") {
            self.mtu.extend(within(1_000, 9_216));
        }
        if has("timers") || has("holdtime") || (has("keepalive") && !has("isakmp")) {
            self.bgp_timers
                .extend(within(1, 240).filter(|_| !has("dpd")));
        }
        if has("defaultoriginate") || has("exportdefault") || line.contains("network 0.0.0.0") {
            self.announces_default = true;
        }
    }

    fn cipher(&mut self, squeezed: &str) {
        let gcm = squeezed.contains("gcm");
        if squeezed.contains("aes256")
            || squeezed.contains("aescbc256")
            || squeezed.contains("aesgcm256")
        {
            self.ciphers
                .insert(if gcm { "AES256-GCM-16" } else { "AES256" });
        } else if squeezed.contains("aes128")
            || squeezed.contains("aescbc128")
            || squeezed.contains("encryptionaes")
            || squeezed.contains("espaes")
        {
            // Cisco's `aes` without a number is the short one.
            self.ciphers
                .insert(if gcm { "AES128-GCM-16" } else { "AES128" });
        }
    }

    fn hash(&mut self, line: &str, squeezed: &str) {
        for (words, hash) in [
            (&["sha512", "sha2512"][..], "SHA2-512"),
            (&["sha384", "sha2384"], "SHA2-384"),
            (&["sha256", "sha2256"], "SHA2-256"),
        ] {
            if words.iter().any(|word| squeezed.contains(word)) {
                self.hashes.insert(hash);
                return;
            }
        }
        let bare = words(line).any(|word| word == "sha");
        if squeezed.contains("sha1") || bare {
            self.hashes.insert("SHA1");
        }
    }

    fn group(&mut self, line: &str, squeezed: &str) {
        for (word, group) in [
            ("modp1024", 2),
            ("modp1536", 5),
            ("modp2048", 14),
            ("modp3072", 15),
            ("modp4096", 16),
            ("ecp256", 19),
            ("ecp384", 20),
            ("ecp521", 21),
        ] {
            if squeezed.contains(word) {
                self.groups.insert(group);
            }
        }
        let mut after = false;
        for word in words(line) {
            let number = word.strip_prefix("group").unwrap_or(word);
            let stuck = number.len() < word.len() && !number.is_empty();
            if (after || stuck)
                && let Ok(group) = number.parse::<u32>()
                && (1..=31).contains(&group)
            {
                self.groups.insert(group);
            }
            after = matches!(word, "group" | "dhgrp");
        }
    }
}

/// A number of seconds or bytes; `8h`, `30m` and `10s` are seconds.
fn number(word: &str) -> Option<u32> {
    let (digits, unit) = match word.as_bytes().last()? {
        b'h' => (&word[..word.len() - 1], 3_600),
        b'm' => (&word[..word.len() - 1], 60),
        b's' => (&word[..word.len() - 1], 1),
        _ => (word, 1),
    };
    digits.parse::<u32>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISR: &str = "! Phase 1. Other groups such as 14 may be used.\ncrypto isakmp policy 200\n  \
        encryption aes 128\n  group 2\n  lifetime 28800\n  hash sha\ncrypto ipsec transform-set \
        x esp-aes 128 esp-sha-hmac\n set pfs group2\n set security-association lifetime seconds \
        3600\ncrypto isakmp keepalive 10 10\ntunnel destination 203.0.113.11\nip tcp adjust-mss \
        1379\nneighbor 169.254.11.1 timers 10 30 30\nneighbor 169.254.11.1 default-originate\n";
    const STRONG: &str = "keyexchange=ikev2\nike=aes256gcm16-prfsha384-ecp384\nikelifetime=8h\n\
        lifetime=1h\ndpddelay=10s\ndpdtimeout=30s\nright=203.0.113.11\nright=203.0.113.12\n";

    #[test]
    fn values_are_read_in_any_language_and_comments_are_not() {
        let outside = [[203, 0, 113, 11].into(), [203, 0, 113, 12].into()];
        let isr = read_sample(ISR, &outside);
        assert_eq!(isr.ike_versions, BTreeSet::from(["ikev1"]));
        assert_eq!(isr.ciphers, BTreeSet::from(["AES128"]));
        assert_eq!(isr.hashes, BTreeSet::from(["SHA1"]));
        assert_eq!(isr.groups, BTreeSet::from([2]));
        assert_eq!(isr.lifetimes, BTreeSet::from([3_600, 28_800]));
        assert_eq!((isr.dpd, isr.tunnels), (vec![10, 10], 1));
        assert_eq!(isr.mss, BTreeSet::from([1_379]));
        assert_eq!(isr.bgp_timers, BTreeSet::from([10, 30]));
        assert!(isr.announces_default);
        let strong = read_sample(STRONG, &outside);
        assert_eq!(strong.ike_versions, BTreeSet::from(["ikev2"]));
        assert_eq!(strong.ciphers, BTreeSet::from(["AES256-GCM-16"]));
        assert_eq!(strong.hashes, BTreeSet::from(["SHA2-384"]));
        assert_eq!(strong.groups, BTreeSet::from([20]));
        assert_eq!(strong.lifetimes, BTreeSet::from([3_600, 28_800]));
        assert_eq!((strong.dpd, strong.tunnels), (vec![10, 30], 2));
        assert!(!strong.announces_default && strong.mss.is_empty());
    }
}
