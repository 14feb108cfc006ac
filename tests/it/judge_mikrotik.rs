//! RouterOS's own account of its commands, written down in `tests/judges/mikrotik.txt`, over what
//! we write, and then what the configuration must mean.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::Value;

use super::judge::{Case, Mutation, cases, passes_by};

const FACTS: &str = include_str!("../judges/mikrotik.txt");

/// An `add`: its menu and its arguments.
struct Entry {
    menu: String,
    arguments: BTreeMap<String, String>,
}

impl Entry {
    fn get(&self, argument: &str) -> &str {
        self.arguments.get(argument).map_or("", String::as_str)
    }
}

/// Words of a line with their quotes undone; `$` in quotes would be a variable.
fn words(line: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => quoted = !quoted,
            '\\' if quoted => word.extend(letters.next()),
            '$' => return Err(format!("a variable: {line}")),
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            ';' | '{' | '}' | '[' | ']' if !quoted => {
                return Err(format!("a script: {line}"));
            }
            letter => word.push(letter),
        }
    }
    words.push(word);
    if quoted {
        return Err(format!("a quote is open: {line}"));
    }
    Ok(words)
}

/// What can be referred to, by kind.
#[derive(Default)]
struct Known(BTreeMap<&'static str, BTreeSet<String>>);

impl Known {
    fn has(&self, kind: &str, name: &str) -> bool {
        self.0.get(kind).is_some_and(|names| names.contains(name))
    }

    fn learn(&mut self, entry: &Entry) {
        let (kind, name) = match entry.menu.as_str() {
            "/interface bridge" => ("bridge", entry.get("name")),
            "/ip firewall address-list" => ("list", entry.get("list")),
            "/ip ipsec peer" => ("peer", entry.get("name")),
            "/ip ipsec profile" => ("profile", entry.get("name")),
            "/ip ipsec proposal" => ("proposal", entry.get("name")),
            "/routing bgp instance" => ("instance", entry.get("name")),
            "/routing filter rule" => ("chain", entry.get("chain")),
            _ => return,
        };
        self.0.entry(kind).or_default().insert(name.to_owned());
    }

    fn is(&self, kind: &str, value: &str) -> bool {
        if let Some((least, most)) = kind.split_once('-')
            && let (Ok(least), Ok(most)) = (least.parse::<u64>(), most.parse::<u64>())
        {
            return value
                .parse::<u64>()
                .is_ok_and(|n| (least..=most).contains(&n));
        }
        let named = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        let time = |text: &str| {
            let digits = text
                .trim_end_matches("ms")
                .trim_end_matches(['s', 'm', 'h']);
            digits.len() < text.len() && digits.parse::<u32>().is_ok()
        };
        match kind {
            "ip" => value.parse::<Ipv4Addr>().is_ok(),
            "net" => value.parse::<Ipv4Net>().is_ok_and(|net| net.trunc() == net),
            "host" => value.parse::<Ipv4Net>().is_ok(),
            "id" => value
                .strip_prefix("address:")
                .is_some_and(|ip| ip.parse::<Ipv4Addr>().is_ok()),
            "name" | "new" => named(value),
            "range" => value
                .split_once('-')
                .is_some_and(|(a, b)| a.parse::<u16>().is_ok() && b.parse::<u16>().is_ok()),
            "text" => !value.is_empty(),
            "time" => time(value),
            "filter" => filter(value),
            "script" => value.split("; ").all(|line| line.starts_with('/')),
            "none" => value == "none" || value.is_empty(),
            "bridge" | "list" | "peer" | "profile" | "proposal" | "instance" | "chain" => {
                self.has(kind, value)
            }
            word => word == value,
        }
    }
}

/// `reject`, or a condition on the destination and what is done then.
fn filter(rule: &str) -> bool {
    if rule == "reject" || rule == "accept" {
        return true;
    }
    let Some((condition, action)) = rule
        .strip_prefix("if (")
        .and_then(|rest| rest.strip_suffix(" }"))
        .and_then(|rest| rest.split_once(") { "))
    else {
        return false;
    };
    let net = |text: &str| text.parse::<Ipv4Net>().is_ok_and(|net| net.trunc() == net);
    let condition = condition.split(" && ").all(|part| {
        let words: Vec<&str> = part.split(' ').collect();
        match words.as_slice() {
            ["dst", "in" | "==", prefix] => net(prefix),
            ["dst-len", "in", range] => range.split_once('-').is_some_and(|(a, b)| {
                let (a, b) = (a.parse::<u8>(), b.parse::<u8>());
                matches!((a, b), (Ok(a), Ok(b)) if a <= b && b <= 32)
            }),
            _ => false,
        }
    });
    let action = action.split("; ").all(|part| {
        let words: Vec<&str> = part.split(' ').collect();
        match words.as_slice() {
            ["accept" | "reject"] => true,
            ["set", "bgp-path-prepend", count] => count.parse::<u8>().is_ok(),
            _ => false,
        }
    });
    condition && action
}

/// Every `add` with its arguments, against the facts.
fn entries(config: &str, minor: u32, problems: &mut Vec<String>) -> Vec<Entry> {
    let mut facts: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for line in FACTS.lines().filter(|line| !line.starts_with('#')) {
        let (place, kinds) = line.split_once(" = ").unwrap();
        let place = place.split_once(": ").unwrap();
        let (kinds, versions) = kinds.split_once(" @ ").unwrap_or((kinds, "0-99"));
        let (first, last) = versions.split_once('-').unwrap();
        if (first.parse().unwrap()..=last.parse().unwrap()).contains(&minor) {
            facts.insert(place, kinds);
        }
    }
    let (mut menu, mut all, mut known) = ("", Vec::new(), Known::default());
    for line in config.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with('/') {
            menu = line;
            continue;
        }
        if line.starts_with(":if ") {
            let mover = format!("{{ {menu} move [{menu} find where comment~\"^underpass ");
            if !line.contains(&mover) || line.matches('[').count() != line.matches(']').count() {
                problems.push(format!("not the way to move rules: {line}"));
            }
            continue;
        }
        let words = match words(line) {
            Ok(words) => words,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        if words[0] != "add" {
            problems.push(format!("not an add: {line}"));
            continue;
        }
        let mut entry = Entry {
            menu: menu.to_owned(),
            arguments: BTreeMap::new(),
        };
        for word in &words[1..] {
            let (argument, value) = word.split_once('=').unwrap_or((word, ""));
            let Some(kinds) = facts.get(&(menu, argument)) else {
                problems.push(format!("{menu} has no {argument} in 7.{minor}: {line}"));
                continue;
            };
            let (several, kinds) = match kinds.strip_prefix("+ ") {
                Some(kinds) => (true, kinds),
                None => (false, *kinds),
            };
            let fits = |value: &str| kinds.split('|').any(|kind| known.is(kind, value));
            let good = match (kinds, several) {
                ("-", _) => !word.contains('='),
                (_, true) => value.split(',').all(fits),
                (_, false) => fits(value),
            };
            if !good {
                problems.push(format!("{menu} {argument} is not {kinds}: {line}"));
            }
            if entry
                .arguments
                .insert(argument.to_owned(), value.to_owned())
                .is_some()
            {
                problems.push(format!("{argument} twice: {line}"));
            }
        }
        known.learn(&entry);
        all.push(entry);
    }
    all
}

/// The entries of a menu.
struct Menus<'a>(&'a [Entry], &'a mut Vec<String>);

impl Menus<'_> {
    /// Asks for an entry that says all of this.
    fn need(&mut self, menu: &str, wanted: &[(&str, &str)]) {
        let found = self.0.iter().any(|entry| {
            entry.menu == menu && wanted.iter().all(|(name, value)| entry.get(name) == *value)
        });
        if !found {
            self.1.push(format!("{menu} has no entry with {wanted:?}"));
        }
    }
}

/// The watch moves the VPC's policies to tunnel 2 when tunnel 1 is silent, and back; without BGP
/// tunnel 2 is up only meanwhile.
fn watch(entries: &[Entry], site: &str, bgp: bool, problems: &mut Vec<String>) {
    let to = |number: u8| {
        let name = format!("underpass-{site}-{number}");
        format!(
            "/ip ipsec policy set [find where comment=\"underpass {site}: VPC\"] peer={name} \
             proposal={name}"
        )
    };
    let peer =
        |what: &str| format!("/ip ipsec peer {what} [find where name=\"underpass-{site}-2\"]");
    let (down, up) = if bgp {
        (to(2), to(1))
    } else {
        let down = format!("{}; {}", peer("enable"), to(2));
        (down, format!("{}; {}", to(1), peer("disable")))
    };
    let watches: Vec<&Entry> = (entries.iter())
        .filter(|entry| entry.menu == "/tool netwatch")
        .collect();
    let [watch] = watches.as_slice() else {
        problems.push("not one watch".to_owned());
        return;
    };
    if watch.get("down-script") != down || watch.get("up-script") != up {
        problems.push("the watch does not move the policies".to_owned());
    }
    // Out of the box 100 ms on average are a failure.
    for threshold in ["thr-avg", "thr-max", "thr-stdev", "thr-jitter"] {
        if !watch.get(threshold).ends_with('s') || watch.get(threshold).ends_with("ms") {
            problems.push(format!("the watch has a low {threshold}"));
        }
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn hash(value: &Value) -> &'static str {
    match value.as_str().unwrap() {
        "SHA1" => "sha1",
        "SHA2-256" => "sha256",
        "SHA2-512" => "sha512",
        other => panic!("{other}"),
    }
}

fn group(value: &Value) -> &'static str {
    match value.as_u64().unwrap() {
        2 => "modp1024",
        14 => "modp2048",
        20 => "ecp384",
        21 => "ecp521",
        other => panic!("{other}"),
    }
}

fn meaning(case: &Case, minor: u32, entries: &[Entry], problems: &mut Vec<String>) {
    let intent = &case.intent;
    let site = text(&intent["site"]);
    let mut menus = Menus(entries, problems);
    let bgp = !intent["bgp"].is_null();
    let names = format!("underpass-{site}");
    for leg in intent["legs"].as_array().unwrap() {
        let number = text(&leg["number"]);
        let name = &format!("{names}-{number}");
        let (outside, inside) = (&text(&leg["aws_outside"]), &text(&leg["aws_inside"]));
        let own = &text(&leg["customer_inside"]);
        let (one, two) = (&leg["phase1"], &leg["phase2"]);
        let cipher = text(&one["encryption"]);
        let lifetime = |value: &Value| format!("{value}s");
        menus.need("/ip address", &[("address", &format!("{own}/30"))]);
        menus.need(
            "/ip ipsec profile",
            &[
                ("name", name),
                (
                    "enc-algorithm",
                    if cipher == "AES256" {
                        "aes-256"
                    } else {
                        "aes-128"
                    },
                ),
                ("hash-algorithm", hash(&one["integrity"])),
                ("dh-group", group(&one["dh_group"])),
                ("lifetime", &lifetime(&leg["phase1_rekey"])),
                ("nat-traversal", "yes"),
            ],
        );
        let (cipher, hash) = match text(&two["encryption"]).as_str() {
            "AES128" => ("aes-128-cbc", hash(&two["integrity"])),
            "AES256" => ("aes-256-cbc", hash(&two["integrity"])),
            "AES256-GCM-16" => ("aes-256-gcm", ""),
            other => panic!("{other}"),
        };
        menus.need(
            "/ip ipsec proposal",
            &[
                ("name", name),
                ("enc-algorithms", cipher),
                ("auth-algorithms", hash),
                ("pfs-group", group(&two["dh_group"])),
                ("lifetime", &lifetime(&leg["phase2_rekey"])),
            ],
        );
        menus.need(
            "/ip ipsec peer",
            &[
                ("name", name),
                ("address", &format!("{outside}/32")),
                ("local-address", &text(&intent["wan"])),
                ("exchange-mode", "ike2"),
                ("profile", name),
                // Without BGP nothing tells AWS which of two tunnels to answer through.
                ("disabled", if number == "2" && !bgp { "yes" } else { "" }),
            ],
        );
        menus.need(
            "/ip ipsec identity",
            &[
                ("peer", name),
                ("secret", &text(&leg["key"])),
                ("my-id", &format!("address:{}", text(&intent["public"]))),
                ("remote-id", &format!("address:{outside}")),
            ],
        );
        menus.need(
            "/ip ipsec policy",
            &[
                ("peer", name),
                ("proposal", name),
                ("tunnel", "yes"),
                ("src-address", &format!("{own}/32")),
                ("dst-address", &format!("{inside}/32")),
            ],
        );
        for (list, address) in [("aws", outside), ("inside", inside)] {
            let list = format!("{names}-{list}");
            menus.need(
                "/ip firewall address-list",
                &[("list", &list), ("address", address)],
            );
        }
        if bgp {
            let bgp = &intent["bgp"];
            menus.need(
                "/routing bgp connection",
                &[
                    ("name", name),
                    ("local.role", "ebgp"),
                    ("local.address", own),
                    ("remote.address", inside),
                    ("remote.as", &text(&bgp["aws_asn"])),
                    ("hold-time", &lifetime(&bgp["hold_time"])),
                    ("output.network", &format!("{names}-lan")),
                    ("output.filter-chain", &format!("{name}-out")),
                    ("input.filter", &format!("{names}-in")),
                ],
            );
        }
        if number == "1" {
            menus.need("/tool netwatch", &[("host", inside), ("src-address", own)]);
        }
    }
    let mss: Vec<u64> = (intent["legs"].as_array().unwrap().iter())
        .map(|leg| leg["mss"].as_u64().unwrap())
        .collect();
    let mss = mss.iter().min().unwrap().to_string();
    let vpc = &format!("{names}-vpc");
    for way in ["src-address-list", "dst-address-list"] {
        menus.need(
            "/ip firewall mangle",
            &[("new-mss", &mss), ("tcp-flags", "syn"), (way, vpc)],
        );
    }
    menus.need(
        "/ip firewall nat",
        &[
            ("chain", "srcnat"),
            ("action", "accept"),
            ("dst-address-list", vpc),
        ],
    );
    for (chain, action, policy) in [
        ("input", "accept", "in,ipsec"),
        ("forward", "accept", "out,ipsec"),
        ("forward", "accept", "in,ipsec"),
        ("forward", "drop", "out,none"),
    ] {
        menus.need(
            "/ip firewall filter",
            &[
                ("chain", chain),
                ("action", action),
                ("ipsec-policy", policy),
            ],
        );
    }
    for net in intent["vpc"].as_array().unwrap() {
        let net = text(net);
        menus.need("/ip route", &[("dst-address", &net)]);
        menus.need(
            "/ip ipsec policy",
            &[
                ("dst-address", &net),
                ("peer", &format!("{names}-1")),
                ("comment", &format!("underpass {site}: VPC")),
            ],
        );
    }
    if bgp {
        filters(intent, &names, &mut menus);
        own_as(intent, &names, minor, &mut menus);
    }
    watch(entries, &site, bgp, menus.1);
    clashes(entries, menus.1);
}

/// From 7.20 on a connection has its AS from an instance, and before there was none.
fn own_as(intent: &Value, names: &str, minor: u32, menus: &mut Menus<'_>) {
    let asn = &text(&intent["bgp"]["customer_asn"]);
    let its = if minor < 20 {
        ("as", asn.as_str())
    } else {
        menus.need("/routing bgp instance", &[("name", names), ("as", asn)]);
        ("instance", names)
    };
    for number in [1, 2] {
        let name = format!("{names}-{number}");
        menus.need("/routing bgp connection", &[("name", &name), its]);
    }
}

/// What goes out and comes in by BGP.
fn filters(intent: &Value, names: &str, menus: &mut Menus<'_>) {
    let rule = "/routing filter rule";
    for net in intent["lan"].as_array().unwrap() {
        let net = text(net);
        menus.need("/ip route", &[("dst-address", &net), ("distance", "254")]);
        let ours = format!("if (dst in {net}) {{ reject }}");
        let (inward, out) = (format!("{names}-in"), format!("{names}-2-out"));
        menus.need(rule, &[("chain", &inward), ("rule", &ours)]);
        // The second tunnel's path is longer.
        let longer = format!("if (dst == {net}) {{ set bgp-path-prepend 2; accept }}");
        menus.need(rule, &[("chain", &out), ("rule", &longer)]);
    }
    for net in intent["vpc"].as_array().unwrap() {
        let net = text(net);
        let length = net.split_once('/').unwrap().1.to_owned();
        let theirs = format!("if (dst in {net} && dst-len in {length}-28) {{ accept }}");
        menus.need(
            rule,
            &[("chain", &format!("{names}-in")), ("rule", &theirs)],
        );
    }
    for chain in ["in", "1-out", "2-out"] {
        let chain = format!("{names}-{chain}");
        let last = (menus.0.iter())
            .rfind(|entry| entry.menu == rule && entry.get("chain") == chain)
            .map_or("", |entry| entry.get("rule"));
        if last != "reject" {
            menus.1.push(format!("{chain} does not end with reject"));
        }
    }
}

/// Of two policies with the same networks RouterOS marks one as invalid.
fn clashes(entries: &[Entry], problems: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for entry in entries
        .iter()
        .filter(|entry| entry.menu == "/ip ipsec policy")
    {
        let networks = (entry.get("src-address"), entry.get("dst-address"));
        if !seen.insert(networks) || networks == ("0.0.0.0/0", "0.0.0.0/0") {
            problems.push(format!("two policies for {networks:?}"));
        }
    }
}

fn judge(case: &Case) -> Vec<String> {
    let version = case.intent["options"]["routeros_version"].as_str();
    let minor = version.map_or(20, |version| version[2..].parse().unwrap());
    let mut problems = Vec::new();
    let entries = entries(&case.files["config.rsc"], minor, &mut problems);
    meaning(case, minor, &entries, &mut problems);
    problems
}

const MUTATIONS: &[Mutation] = &[
    (
        "IKE as in version 6",
        "config.rsc",
        "exchange-mode=ike2",
        "exchange-mode=ikev2",
    ),
    (
        "BGP as in version 6",
        "config.rsc",
        "/routing bgp connection",
        "/routing bgp peer",
    ),
    (
        "the other phase's cipher",
        "config.rsc",
        "enc-algorithm=aes-256",
        "enc-algorithm=aes-256-cbc",
    ),
    (
        "the other phase's word",
        "config.rsc",
        "hash-algorithm=",
        "auth-algorithms=",
    ),
    (
        "a cipher without a mode",
        "config.rsc",
        "enc-algorithms=aes-256-gcm",
        "enc-algorithms=aes-256",
    ),
    (
        "a hash beside GCM",
        "config.rsc",
        "auth-algorithms=\"\"",
        "auth-algorithms=sha256",
    ),
    (
        "a group by its number",
        "config.rsc",
        "dh-group=ecp521",
        "dh-group=21",
    ),
    (
        "a variable in a key",
        "config.rsc",
        "secret=\"",
        "secret=\"$",
    ),
    (
        "two policies for all",
        "config.rsc",
        "dst-address=10.0.0.0/16 comment",
        "dst-address=0.0.0.0/0 comment",
    ),
    ("transport mode", "config.rsc", "tunnel=yes", "tunnel=no"),
    (
        "the other tunnel's peer",
        "config.rsc",
        "add peer=underpass-plant-7-1 auth",
        "add peer=underpass-plant-7-2 auth",
    ),
    ("no role in BGP", "config.rsc", "local.role=ebgp ", ""),
    (
        "a watch that moves nothing",
        "config.rsc",
        "peer=underpass-plant-7-2 proposal=underpass-plant-7-2\" up",
        "peer=underpass-plant-7-1 proposal=underpass-plant-7-1\" up",
    ),
    (
        "a watch for near peers alone",
        "config.rsc",
        " thr-avg=5s",
        "",
    ),
    (
        "no instance from 7.20 on",
        "config.rsc",
        "instance=underpass-plant-7 local",
        "as=65010 local",
    ),
    (
        "an instance before 7.20",
        "config.rsc",
        "as=65010 local.role",
        "instance=default local.role",
    ),
    (
        "a default route from AWS",
        "config.rsc",
        "rule=\"reject\" comment=\"underpass plant-7: the rest\"",
        "rule=\"accept\" comment=\"underpass plant-7: the rest\"",
    ),
    (
        "the spare tunnel up without BGP",
        "config.rsc",
        " disabled=yes",
        "",
    ),
    (
        "a comment of another vendor",
        "config.rsc",
        "# Phase 1",
        "! Phase 1",
    ),
    (
        "FastTrack left in the way",
        "config.rsc",
        "ipsec-policy=out,ipsec",
        "ipsec-policy=out,none",
    ),
];

#[test]
fn routeros_knows_every_argument() {
    passes_by("mikrotik-routeros", judge, MUTATIONS);
}

/// Every menu that was added to is one that is cleared again, by what marks our entries.
#[test]
fn routeros_takes_away_what_it_made() {
    for case in cases("mikrotik-routeros") {
        let (config, removal) = (&case.files["config.rsc"], &case.files["remove.rsc"]);
        let site = text(&case.intent["site"]);
        let marked = format!("[find where comment~\"^underpass {site}:\"]");
        let menus: BTreeSet<&str> = config
            .lines()
            .filter(|line| line.starts_with('/'))
            .collect();
        for menu in &menus {
            let by_name = *menu == "/ip ipsec profile";
            let line = format!("{menu} remove {marked}");
            let found = removal.lines().any(|it| {
                it == line
                    || (by_name && it.starts_with(&format!("{menu} remove [find where name=")))
            });
            assert!(found, "{}: {menu} stays", case.name);
        }
        for line in removal.lines().filter(|line| line.starts_with('/')) {
            let menu = line.split_once(" remove ").unwrap().0;
            assert!(menus.contains(menu), "{}: {menu} was never made", case.name);
        }
        for line in config.lines().filter(|line| line.starts_with("add ")) {
            let marked = line.contains(&format!("comment=\"underpass {site}: "));
            assert!(marked || line.contains("dpd-interval="), "{line}");
        }
    }
}
