//! OPNsense's own models, written down in `tests/judges/opnsense.txt`, over what we write.

use std::collections::BTreeSet;

use underpass::spec::{Routing, Site};
use underpass::tunnel::TunnelSet;

use super::bundle_sample::{KEYS, site, tunnel_set, written};
use super::config_xml::{Model, Node, merged};

const FACTS: &str = include_str!("../judges/opnsense.txt");
/// A firewall with another VPN, another BGP neighbor and rules of its own.
const BEFORE: &str = r#"<?xml version="1.0"?>
<opnsense>
  <system><hostname>fw</hostname></system>
  <ipsec><enable>1</enable></ipsec>
  <filter>
    <rule><descr>theirs</descr></rule>
    <scrub><rule><interface>wan</interface><descr>theirs</descr></rule></scrub>
  </filter>
  <OPNsense>
    <Swanctl version="1.0.0">
      <Connections><Connection uuid="11111111-2222-4333-8444-555555555555"><description>theirs</description></Connection></Connections>
    </Swanctl>
    <quagga>
      <bgp version="1.1.2">
        <enabled>1</enabled>
        <asnumber>65010</asnumber>
        <networks>192.168.9.0/24</networks>
      </bgp>
    </quagga>
  </OPNsense>
</opnsense>
"#;

fn opnsense() -> Site {
    let mut site = site(Routing::Bgp);
    "opnsense".clone_into(&mut site.gateway.device);
    site
}

fn part(set: &TunnelSet) -> String {
    std::fs::read_to_string(written(set).path().join("opnsense.xml")).unwrap()
}

/// The proposals that the model generates: cipher, hash and group, no hash beside GCM in phase 2.
fn proposal(kind: &str, value: &str) -> bool {
    let words: Vec<&str> = value.split('-').collect();
    let cipher = |word| {
        [
            "aes128",
            "aes192",
            "aes256",
            "aes128gcm16",
            "aes192gcm16",
            "aes256gcm16",
        ]
        .contains(&word)
    };
    let hash = |word| ["sha256", "sha384", "sha512", "aesxcbc"].contains(&word);
    let group = |word| {
        [
            "modp2048", "modp3072", "modp4096", "modp6144", "modp8192", "ecp256", "ecp384",
            "ecp521",
        ]
        .contains(&word)
    };
    let aead = value.contains("gcm");
    match (kind, words.as_slice()) {
        ("phase1", [c, h, g]) => cipher(*c) && hash(*h) && group(*g),
        ("phase2", [c, h, g]) if !aead => cipher(*c) && hash(*h) && group(*g),
        ("phase2", [c, g]) if aead => cipher(*c) && group(*g),
        _ => false,
    }
}

/// The model, then what ties the entries together.
fn judge(set: &TunnelSet, text: &str) -> Vec<String> {
    let Some(root) = Node::read(text) else {
        return vec!["not well-formed".to_owned()];
    };
    let mut problems = Model::of(FACTS).judge(&root, &proposal);
    let entries = |path: &str| root.all(&format!("OPNsense/{path}"));
    for (tunnel, key) in set.tunnels.iter().zip(KEYS) {
        let name = format!("underpass-plant-7-{}", tunnel.number);
        let aws = tunnel.aws.outside.to_string();
        let mut has = |path: &str, wanted: &[(&str, &str)]| {
            let found = entries(path)
                .into_iter()
                .filter(|entry| {
                    wanted
                        .iter()
                        .all(|(field, value)| entry.get(field) == *value)
                })
                .count();
            if found != 1 {
                problems.push(format!("{found} of {path} with {wanted:?}"));
            }
        };
        let (inside, own) = (
            tunnel.aws.inside.to_string(),
            tunnel.customer.inside.to_string(),
        );
        let public = set.site.gateway.outside_ip.to_string();
        has(
            "Swanctl/Connections/Connection",
            &[
                ("description", &name),
                ("remote_addrs", &aws),
                ("version", "2"),
                ("enabled", "1"),
            ],
        );
        has(
            "Swanctl/locals/local",
            &[("description", &name), ("id", &public)],
        );
        has(
            "Swanctl/remotes/remote",
            &[("description", &name), ("id", &aws)],
        );
        has(
            "IPsec/preSharedKeys/preSharedKey",
            &[("ident", &public), ("remote_ident", &aws), ("Key", key)],
        );
        has(
            "quagga/bgp/neighbors/neighbor",
            &[("address", &inside), ("remoteas", "64512")],
        );
        let reqid = entries("Swanctl/children/child")
            .into_iter()
            .find(|child| child.get("description") == name && child.get("policies") == "0")
            .map_or("", |child| child.get("reqid"));
        has(
            "Swanctl/VTIs/VTI",
            &[
                ("reqid", reqid),
                ("remote", &aws),
                ("tunnel_local", &own),
                ("tunnel_remote", &inside),
            ],
        );
    }
    // Each connection has one of everything, and each tunnel an interface of its own.
    for (path, field) in [
        ("Swanctl/locals/local", "connection"),
        ("Swanctl/remotes/remote", "connection"),
        ("Swanctl/children/child", "connection"),
        ("Swanctl/children/child", "reqid"),
        ("Swanctl/VTIs/VTI", "reqid"),
    ] {
        let mut seen = BTreeSet::new();
        let all = entries(path);
        for value in all.iter().map(|entry| entry.get(field)) {
            if !seen.insert(value) {
                problems.push(format!("two of {path} have the {field} {value}"));
            }
        }
    }
    problems
}

#[test]
fn opnsense_knows_every_field() {
    for nat in [false, true] {
        let mut site = opnsense();
        if nat {
            site.gateway.local_ip = Some([192, 168, 77, 2].into());
        }
        let set = tunnel_set(&site);
        let problems = judge(&set, &part(&set));
        assert!(problems.is_empty(), "{problems:#?}");
    }
}

#[test]
fn opnsense_gets_the_part_beside_what_it_has() {
    let set = tunnel_set(&opnsense());
    let config = merged(written(&set).path(), "opnsense.xml", BEFORE);
    let root = Node::read(&config).unwrap();
    assert_eq!(root.all("OPNsense/Swanctl/Connections/Connection").len(), 3);
    let networks = &root.all("OPNsense/quagga/bgp/networks")[0].text;
    assert_eq!(networks, "192.168.9.0/24,10.20.0.0/24");
    assert!(
        !config.contains(" key=") && !config.contains(" merge="),
        "{config}"
    );
}

/// Each is a mistake that people make.
#[test]
fn opnsense_finds_what_is_wrong() {
    let mistakes = [
        ("<dpd_action>start", "<dpd_action>restart"),
        ("<start_action>start", "<start_action>initiate"),
        ("aes256gcm16-sha512-ecp521", "aes256gcm16-prfsha512-ecp521"),
        (
            "<esp_proposals>aes256gcm16-ecp521",
            "<esp_proposals>aes256gcm16-sha512-ecp521",
        ),
        (
            "<tunnel_local>169.254.15.194",
            "<tunnel_local>169.254.15.194/30",
        ),
        ("<policies>0", "<policies>1"),
        ("<version>2", "<version>ikev2"),
        ("<reqid>102</reqid>", "<reqid>101</reqid>"),
        ("<ident>192.0.2.10", "<ident>192.0.2.11"),
        (
            "<remote_ident>203.0.113.166",
            "<remote_ident>198.51.100.126",
        ),
        ("<linkedPrefixlistIn>", "<linkedPrefixlistIn>0"),
        ("<mobike>", "<MOBIKE>"),
        ("<keyType>PSK</keyType>", ""),
    ];
    let set = tunnel_set(&opnsense());
    let text = part(&set);
    for (right, wrong) in mistakes {
        assert!(text.contains(right), "{right} is not there");
        let problems = judge(&set, &text.replace(right, wrong));
        assert!(!problems.is_empty(), "`{wrong}` was let through");
    }
}
