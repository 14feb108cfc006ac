//! pfSense's own fields and words, written down in `tests/judges/pfsense.txt`, over what we write.

use std::collections::BTreeSet;

use underpass::spec::{Routing, Site};
use underpass::tunnel::TunnelSet;

use super::bundle_sample::{KEYS, site, tunnel_set, written};
use super::config_xml::{Model, Node, merged};

const FACTS: &str = include_str!("../judges/pfsense.txt");
/// A firewall with another tunnel, another BGP neighbor and rules of its own.
const BEFORE: &str = r"<?xml version='1.0'?>
<pfsense>
  <version>23.3</version>
  <interfaces><wan><if>vtnet0</if></wan><lan><if>vtnet1</if></lan></interfaces>
  <ipsec>
    <phase1><ikeid>1</ikeid><descr>theirs</descr></phase1>
    <phase2><ikeid>1</ikeid><uniqid>65a1b2c3d4e5f</uniqid></phase2>
  </ipsec>
  <filter><rule><tracker>1700000000</tracker><descr>theirs</descr></rule></filter>
  <installedpackages>
    <frrbgp><config><enable>on</enable><asnum>65010</asnum><row><distributeroutevalue>192.168.9.0/24</distributeroutevalue></row></config></frrbgp>
  </installedpackages>
</pfsense>
";

fn pfsense() -> Site {
    let mut site = site(Routing::Bgp);
    "pfsense".clone_into(&mut site.gateway.device);
    site
}

fn part(set: &TunnelSet) -> String {
    std::fs::read_to_string(written(set).path().join("pfsense.xml")).unwrap()
}

fn own(kind: &str, value: &str) -> bool {
    match kind {
        "uniqid" => value.len() == 13 && value.bytes().all(|b| b.is_ascii_hexdigit()),
        "macro" => {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
            (1..=22).contains(&value.len()) && value.bytes().all(plain)
        }
        "empty" => value.is_empty(),
        _ => false,
    }
}

/// The fields and words, then what ties the entries together.
fn judge(set: &TunnelSet, text: &str) -> Vec<String> {
    let Some(root) = Node::read(text) else {
        return vec!["not well-formed".to_owned()];
    };
    let mut problems = Model::of(FACTS).judge(&root, &own);
    for (tunnel, key) in set.tunnels.iter().zip(KEYS) {
        let number = (100 + tunnel.number).to_string();
        let aws = tunnel.aws.outside.to_string();
        let public = set.site.gateway.outside_ip.to_string();
        let inside = tunnel.aws.inside.to_string();
        let customer = tunnel.customer.inside.to_string();
        let mut has = |path: &str, wanted: &[(&str, &str)]| {
            let fits = |entry: &&Node| {
                wanted.iter().all(|(field, value)| {
                    let found = entry.all(field);
                    found.len() == 1 && found[0].text == *value
                })
            };
            let found = root.all(path).into_iter().filter(fits).count();
            if found != 1 {
                problems.push(format!("{found} of {path} with {wanted:?}"));
            }
        };
        has(
            "ipsec/phase1",
            &[
                ("ikeid", &number),
                ("iketype", "ikev2"),
                ("remote-gateway", &aws),
                ("myid_data", &public),
                ("peerid_type", "address"),
                ("peerid_data", &aws),
                ("pre-shared-key", key),
                ("encryption/item/encryption-algorithm/name", "aes256gcm"),
                ("encryption/item/encryption-algorithm/keylen", "128"),
                ("encryption/item/hash-algorithm", "sha512"),
                ("encryption/item/dhgroup", "21"),
                ("rekey_time", "28260"),
            ],
        );
        has(
            "ipsec/phase2",
            &[
                ("ikeid", &number),
                ("reqid", &number),
                ("mode", "vti"),
                ("localid/type", "network"),
                ("localid/address", &customer),
                ("localid/netbits", "30"),
                ("remoteid/type", "address"),
                ("remoteid/address", &inside),
                ("encryption-algorithm-option/name", "aes256gcm"),
                ("pfsgroup", "21"),
            ],
        );
        has(
            "installedpackages/frrbgpneighbors/config",
            &[
                ("peer", &inside),
                ("asnum", "64512"),
                ("updatesource", &format!("opt{number}")),
                ("defaultoriginate", "no"),
            ],
        );
    }
    let texts = |path: &str| -> Vec<&str> {
        root.all(path)
            .iter()
            .map(|node| node.text.as_str())
            .collect()
    };
    for path in [
        "filter/rule/tracker",
        "ipsec/phase2/uniqid",
        "ipsec/phase2/reqid",
    ] {
        let all = texts(path);
        if all.iter().collect::<BTreeSet<_>>().len() != all.len() {
            problems.push(format!("{path} is there twice"));
        }
    }
    let lists = texts("installedpackages/frrglobalprefixes/config/name");
    for filter in ["prefixfilter_in", "prefixfilter_out"] {
        for name in texts(&format!(
            "installedpackages/frrbgpneighbors/config/{filter}"
        )) {
            if !lists.contains(&name) {
                problems.push(format!("there is no prefix list {name}"));
            }
        }
    }
    problems
}

#[test]
fn pfsense_knows_every_field() {
    for nat in [false, true] {
        let mut site = pfsense();
        if nat {
            site.gateway.local_ip = Some([192, 168, 77, 2].into());
        }
        let set = tunnel_set(&site);
        let problems = judge(&set, &part(&set));
        assert!(problems.is_empty(), "{problems:#?}");
    }
}

#[test]
fn pfsense_gets_the_part_beside_what_it_has() {
    let set = tunnel_set(&pfsense());
    let config = merged(written(&set).path(), "pfsense.xml", BEFORE);
    let root = Node::read(&config).unwrap();
    assert_eq!(root.all("ipsec/phase1").len(), 3);
    assert_eq!(root.all("interfaces/opt101").len(), 1);
    let networks = root.all("installedpackages/frrbgp/config/row/distributeroutevalue");
    assert_eq!(networks.len(), 2);
    assert!(
        !config.contains(" key=") && !config.contains(" merge="),
        "{config}"
    );
}

/// Each is a mistake that people make.
#[test]
fn pfsense_finds_what_is_wrong() {
    let mistakes = [
        ("<mode>vti", "<mode>route"),
        ("<keylen>128", "<keylen>16"),
        ("<hash-algorithm>sha512", "<hash-algorithm>hmac_sha512"),
        ("<pfsgroup>21", "<pfsgroup>ecp521"),
        ("<reqid>102", "<reqid>101"),
        ("<peerid_type>address", "<peerid_type>any"),
        ("<peerid_data>203.0.113.166", "<peerid_data>198.51.100.126"),
        (
            "<remoteid>\n        <type>address",
            "<remoteid>\n        <type>network",
        ),
        ("<netbits>30", "<netbits>33"),
        ("<closeaction>start", "<closeaction>restart"),
        ("<if>ipsec101", "<if>ipsec1000"),
        (
            "<prefixfilter_in>underpass-plant-7-in",
            "<prefixfilter_in>none",
        ),
        ("<defaultoriginate>no", "<defaultoriginate>yes"),
        ("<iketype>ikev2</iketype>", ""),
    ];
    let set = tunnel_set(&pfsense());
    let text = part(&set);
    for (right, wrong) in mistakes {
        assert!(text.contains(right), "{right} is not there");
        let problems = judge(&set, &text.replace(right, wrong));
        assert!(!problems.is_empty(), "`{wrong}` was let through");
    }
}
