//! VyOS's own interface definitions, written down in `tests/judges/vyos.txt`, over what we write.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use underpass::spec::{Routing, Site};
use underpass::tunnel::TunnelSet;

use super::bundle_sample::{site, tunnel_set, written};
use super::judge::link;

const FACTS: &str = include_str!("../judges/vyos.txt");

/// A statement that a system of Vyatta's family knows.
pub(crate) struct Fact {
    path: Vec<&'static str>,
    several: bool,
    values: Vec<&'static str>,
}

pub(crate) fn facts(text: &'static str) -> Vec<Fact> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (path, values) = line.split_once(" = ").unwrap();
            Fact {
                path: path.split(' ').collect(),
                several: values.starts_with('+'),
                values: values.trim_start_matches("+ ").split('|').collect(),
            }
        })
        .collect()
}

/// Whether a value is of a kind: a word, a range of numbers or one of the names of the facts.
fn is(kind: &str, value: &str) -> bool {
    let named = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let numbered = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if let Some((least, most)) = kind.split_once('-')
        && let (Ok(least), Ok(most)) = (least.parse::<u64>(), most.parse::<u64>())
    {
        return numbered(value) && value.parse().is_ok_and(|n| (least..=most).contains(&n));
    }
    match kind {
        "ip" => value.parse::<Ipv4Addr>().is_ok(),
        "net" => value.parse::<Ipv4Net>().is_ok_and(|net| net.trunc() == net),
        "host" => value.parse::<Ipv4Net>().is_ok(),
        "name" => named(value),
        "clamped" => ["all", "pppoe", "pptp", "tun", "vti"].contains(&value),
        "ruleset" => named(value) && value.len() <= 28,
        "group" => named(value) && value.len() <= 31,
        "script" => value.starts_with("/config/scripts/"),
        "text" => !value.is_empty() && value.len() <= 255,
        "vti" => value.strip_prefix("vti").is_some_and(numbered),
        "neighbor" => value.parse::<Ipv4Addr>().is_ok(),
        "interface" => ["eth", "bond", "br", "pppoe", "vti", "wlan"]
            .iter()
            .any(|kind| {
                value
                    .strip_prefix(kind)
                    .is_some_and(|rest| rest.split('.').all(numbered))
            }),
        "community" => value
            .split_once(':')
            .is_some_and(|(one, two)| is("0-65535", one) && is("0-65535", two)),
        "protocol" => ["udp", "tcp", "esp", "icmp", "all"].contains(&value),
        "ports" => value.split(',').all(|port| is("1-65535", port)),
        word => word == value,
    }
}

/// Words of a line, as VyOS's shell takes them apart.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let word = if let Some(quoted) = rest.strip_prefix('\'') {
            let (word, after) = quoted.split_once('\'')?;
            rest = after;
            word
        } else {
            let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
            rest = after;
            if word.contains(['\'', '"', '$', '`', '\\', ';', '&', '|', '!']) {
                return None;
            }
            word
        };
        words.push(word.to_owned());
        rest = rest.trim_start_matches(' ');
    }
    Some(words)
}

/// The statement's fact, and its value.
fn known<'a>(facts: &'a [Fact], words: &[String]) -> Result<(&'a Fact, String), String> {
    let fits = |fact: &Fact| {
        fact.path.len() <= words.len()
            && fact.path.iter().zip(words).all(|(wanted, word)| {
                match wanted.strip_prefix('{').and_then(|w| w.strip_suffix('}')) {
                    Some(kind) => is(kind, word),
                    None => wanted == word,
                }
            })
    };
    let fact = facts
        .iter()
        .find(|fact| fits(fact))
        .ok_or("there is no such statement")?;
    let values = &words[fact.path.len()..];
    match (fact.values.as_slice(), values) {
        (["-" | "(node)"], []) => Ok((fact, String::new())),
        (["-" | "(node)"], _) => Err("it takes no value".to_owned()),
        (kinds, [value]) if kinds.iter().any(|kind| is(kind, value)) => Ok((fact, value.clone())),
        (kinds, _) => Err(format!("its value is not {}", kinds.join("|"))),
    }
}

/// Every statement against the definitions, then what VyOS checks when it commits.
fn judge(config: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let tree = statements(&facts(FACTS), config, &mut problems);
    problems.extend(commit(&tree));
    problems
}

/// Every statement with its values; what the facts do not know is a problem.
pub(crate) fn statements(
    facts: &[Fact],
    config: &str,
    problems: &mut Vec<String>,
) -> BTreeMap<String, Vec<String>> {
    let mut tree: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in config.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some(words) = line.strip_prefix("set ").and_then(words) else {
            problems.push(format!("not a set command: {line}"));
            continue;
        };
        match known(facts, &words) {
            Ok((fact, value)) => {
                let path = words[..fact.path.len()].join(" ");
                let values = tree.entry(path).or_default();
                if !values.is_empty() && !fact.several {
                    problems.push(format!("said twice: {line}"));
                }
                values.push(value);
            }
            Err(problem) => problems.push(format!("{problem}: {line}")),
        }
    }
    tree
}

/// The names under a path.
pub(crate) fn under<'a>(tree: &'a BTreeMap<String, Vec<String>>, path: &str) -> BTreeSet<&'a str> {
    let prefix = format!("{path} ");
    tree.keys()
        .filter_map(|key| key.strip_prefix(&prefix))
        .filter_map(|rest| rest.split(' ').next())
        .collect()
}

/// What `vpn_ipsec.py`, `protocols_bgp.py`, `protocols_failover.py` and `firewall.py` refuse.
fn commit(tree: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut need = |path: String, wanted: &str| match tree.get(&path) {
        None => problems.push(format!("missing: {path}")),
        Some(values) if !wanted.is_empty() && !values.iter().any(|value| value == wanted) => {
            problems.push(format!("{path} is not {wanted}"));
        }
        Some(_) => {}
    };
    need("vpn ipsec options disable-route-autoinstall".to_owned(), "");
    need("vpn ipsec interface".to_owned(), "");
    let mut references = Vec::new();
    for peer in under(tree, "vpn ipsec site-to-site peer") {
        let peer_path = format!("vpn ipsec site-to-site peer {peer}");
        for leaf in ["local-address", "connection-type", "authentication mode"] {
            need(format!("{peer_path} {leaf}"), "");
        }
        for (leaf, home, must) in [
            (
                "ike-group",
                "vpn ipsec ike-group",
                vec!["key-exchange", "proposal 1 dh-group"],
            ),
            (
                "vti esp-group",
                "vpn ipsec esp-group",
                vec!["pfs", "proposal 1 encryption"],
            ),
            (
                "vti bind",
                "interfaces vti",
                vec!["address", "mtu", "ip adjust-mss"],
            ),
        ] {
            let path = format!("{peer_path} {leaf}");
            need(path.clone(), "");
            for name in tree.get(&path).into_iter().flatten() {
                references.push((leaf, name.clone()));
                for leaf in must.clone() {
                    need(format!("{home} {name} {leaf}"), "");
                }
            }
        }
        // charon finds the key by both identities.
        let id = |leaf: &str| tree.get(&format!("{peer_path} authentication {leaf}"));
        for leaf in ["local-id", "remote-id"] {
            for id in id(leaf).into_iter().flatten() {
                need(format!("vpn ipsec authentication psk {peer} id"), id);
            }
        }
        need(
            format!("{peer_path} remote-address"),
            id("remote-id").map_or("", |id| &id[0]),
        );
    }
    for neighbor in under(tree, "protocols bgp neighbor") {
        need("protocols bgp system-as".to_owned(), "");
        let path = format!("protocols bgp neighbor {neighbor}");
        need(format!("{path} remote-as"), "");
        for way in ["import", "export"] {
            let family = format!("{path} address-family ipv4-unicast");
            let map = tree.get(&format!("{family} route-map {way}"));
            // A route map's only rule names its prefix list.
            let leaf = map.map_or(format!("{family} prefix-list {way}"), |map| {
                let rule = format!("policy route-map {} rule 10", map[0]);
                need(format!("{rule} action"), "permit");
                format!("{rule} match ip address prefix-list")
            });
            need(leaf.clone(), "");
            for list in tree.get(&leaf).into_iter().flatten() {
                for rule in under(tree, &format!("policy prefix-list {list} rule")) {
                    need(format!("policy prefix-list {list} rule {rule} action"), "");
                    need(format!("policy prefix-list {list} rule {rule} prefix"), "");
                }
                need(format!("policy prefix-list {list} rule 5 action"), "");
            }
        }
    }
    for neighbor in under(tree, "protocols bgp neighbor") {
        let leaf = format!("protocols bgp neighbor {neighbor} bfd profile");
        for profile in tree.get(&leaf).into_iter().flatten() {
            for time in ["multiplier", "receive", "transmit"] {
                need(
                    format!("protocols bfd profile {profile} interval {time}"),
                    "",
                );
            }
        }
    }
    for route in under(tree, "protocols failover route") {
        for hop in under(tree, &format!("protocols failover route {route} next-hop")) {
            let path = format!("protocols failover route {route} next-hop {hop}");
            need(format!("{path} check target"), hop);
            need(format!("{path} interface"), "");
        }
    }
    for chain in ["input", "forward"] {
        for kind in ["address", "network"] {
            for way in ["source", "destination"] {
                for rule in under(tree, &format!("firewall ipv4 {chain} filter rule")) {
                    let path = format!("firewall ipv4 {chain} filter rule {rule}");
                    need(format!("{path} action"), "accept");
                    let leaf = format!("{path} {way} group {kind}-group");
                    for group in tree.get(&leaf).into_iter().flatten() {
                        need(format!("firewall group {kind}-group {group} {kind}"), "");
                    }
                }
            }
        }
    }
    for (position, (leaf, name)) in references.iter().enumerate() {
        if references[..position].contains(&(leaf, name.clone())) {
            problems.push(format!("both tunnels have {leaf} {name}"));
        }
    }
    problems
}

fn vyos(routing: Routing) -> Site {
    let mut site = site(routing);
    "vyos".clone_into(&mut site.gateway.device);
    let options = &mut site.gateway.options;
    options.insert("wan_interface".to_owned(), "eth0".to_owned());
    site
}

fn config(set: &TunnelSet) -> String {
    std::fs::read_to_string(written(set).path().join("config.vyos")).unwrap()
}

#[test]
fn vyos_knows_every_statement() {
    for routing in [Routing::Bgp, Routing::Static] {
        for nat in [false, true] {
            let mut site = vyos(routing);
            if nat {
                site.gateway.local_ip = Some([192, 168, 77, 2].into());
            }
            let problems = judge(&config(&tunnel_set(&site)));
            assert!(problems.is_empty(), "{problems:#?}");
        }
    }
}

/// BGP's statements with a Direct Connect on `eth3`.
fn vyos_linked(mtu: u16, bfd: bool) -> TunnelSet {
    let mut site = vyos(Routing::Bgp);
    let options = &mut site.gateway.options;
    options.insert("direct_connect_interface".to_owned(), "eth3".to_owned());
    let mut set = tunnel_set(&site);
    set.direct_connect = Some(link(mtu, bfd));
    set
}

#[test]
fn vyos_knows_every_statement_of_direct_connect() {
    for (mtu, bfd) in [(1_500, true), (8_500, false)] {
        let mut drained = vyos_linked(mtu, bfd);
        if let Some(link) = &mut drained.direct_connect {
            link.prefers = underpass::tunnel::Way::Vpn;
        }
        let drained = config(&drained);
        // Nothing but that both of its route maps let nothing through.
        let problems = judge(&drained);
        assert_eq!(problems.len(), 2, "{problems:?}");
        let denied = |it: &String| it.contains("-dx-") && it.ends_with("is not permit");
        assert!(problems.iter().all(denied), "{problems:?}");
        let config = config(&vyos_linked(mtu, bfd));
        assert_eq!(judge(&config), Vec::<String>::new());
        assert_ne!(config, drained);
        let (vif, peer) = (
            "set interfaces ethernet eth3 vif 301",
            "set protocols bgp neighbor 169.254.96.1",
        );
        for line in [
            format!("{vif} address '169.254.96.6/29'"),
            format!("{vif} mtu '{mtu}'"),
            format!("{peer} remote-as '64513'"),
            format!("{peer} password 'FAKEbgpKey0123456789abcd'"),
            "set policy route-map underpass-plant-7-dx-in rule 10 set local-preference '200'"
                .to_owned(),
            "set policy route-map underpass-plant-7-dx-out rule 10 set community replace \
             '7224:7300'"
                .to_owned(),
        ] {
            assert!(config.lines().any(|other| other == line), "{line}");
        }
        assert_eq!(config.contains("bfd"), bfd);
        for (right, wrong) in [
            ("vif 301 mtu", "vlan 301 mtu"),
            ("set community replace", "set community"),
            (
                "route-map import 'underpass-plant-7-dx-in'",
                "route-map import 'other'",
            ),
            ("password 'FAKE", "password 0 'FAKE"),
            ("ethernet eth3 vif", "eth3 vif"),
        ] {
            assert!(config.contains(right), "{right} is not there");
            assert!(
                !judge(&config.replace(right, wrong)).is_empty(),
                "{wrong} was let through"
            );
        }
    }
}

/// What takes away names the same nodes that were made.
#[test]
fn vyos_takes_away_what_it_made() {
    let plain = [Routing::Bgp, Routing::Static].map(|routing| tunnel_set(&vyos(routing)));
    for set in plain.into_iter().chain([vyos_linked(8_500, true)]) {
        let folder = written(&set);
        let made = config(&set);
        let removal = std::fs::read_to_string(folder.path().join("remove.vyos")).unwrap();
        let deleted: Vec<String> = removal
            .lines()
            .filter_map(|line| line.strip_prefix("delete "))
            .map(|path| format!("set {path}"))
            .collect();
        let stays = [
            "set vpn ipsec interface",
            "set vpn ipsec options",
            "set protocols bgp system-as",
            "set protocols bgp address-family ipv4-unicast maximum-paths",
        ];
        for line in made.lines().filter(|line| line.starts_with("set ")) {
            let gone = deleted.iter().any(|path| line.starts_with(path.as_str()));
            let stays = stays.iter().any(|path| line.starts_with(path));
            assert!(gone != stays, "{line}");
        }
        for path in &deleted {
            assert!(made.contains(path.as_str()), "{path} was never made");
        }
    }
}

/// Each is a mistake that people make.
#[test]
fn vyos_finds_what_is_wrong() {
    let mistakes = [
        // VyOS 1.3
        ("key-exchange 'ikev2'", "ikev2-reauth 'no'"),
        (
            "set vpn ipsec interface 'eth0'",
            "set vpn ipsec ipsec-interfaces interface 'eth0'",
        ),
        ("peer underpass-plant-7-1 ", "peer 203.0.113.166 "),
        (
            "set protocols bgp system-as '65010'",
            "set protocols bgp 65010 parameters router-id '1.1.1.1'",
        ),
        (
            "authentication psk underpass-plant-7-1 secret",
            "site-to-site peer underpass-plant-7-1 authentication pre-shared-secret",
        ),
        ("disable-mobike", "mobike 'disable'"),
        // Words of other dialects
        ("aes256gcm128", "aes256gcm16"),
        ("dh-group '21'", "dh-group 'ecp521'"),
        ("# Tunnel 1", "! Tunnel 1"),
        ("ip adjust-mss", "adjust-mss"),
        ("connection-type 'initiate'", "connection-type 'start'"),
        // The other tunnel's
        ("vti bind 'vti102'", "vti bind 'vti101'"),
        ("remote-id '203.0.113.166'", "remote-id '198.51.100.126'"),
        (
            "prefix-list import 'underpass-plant-7-in'",
            "prefix-list import 'underpass-plant-in'",
        ),
        ("network 10.20.0.0/24\n", "network 10.20.0.1/24\n"),
    ];
    let config = config(&tunnel_set(&vyos(Routing::Bgp)));
    for (right, wrong) in mistakes {
        assert!(config.contains(right), "{right} is not there");
        let problems = judge(&config.replace(right, wrong));
        assert!(!problems.is_empty(), "`{wrong}` was let through");
    }
}
