//! Yamaha's command reference, written down in `tests/judges/yamaha.txt`, over what we write, and
//! then what the configuration must mean.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::Value;
use underpass::device::{self, RenderContext};
use underpass::spec::{Asn, DhGroup, Routing};
use underpass::tunnel::{RouteExchange, TunnelSet};

use super::bundle_sample::{site, tunnel_set};
use super::judge::{Case, Mutation, cases, passes_by};

const FACTS: &str = include_str!("../judges/yamaha.txt");

/// A command with the tunnel that was selected then.
struct Command {
    tunnel: Option<String>,
    words: Vec<String>,
}

impl Command {
    fn is(&self, tunnel: Option<&str>, text: &str) -> bool {
        self.tunnel.as_deref() == tunnel && self.words.join(" ") == text
    }
}

fn is(kinds: &str, word: &str, tunnel: Option<&str>) -> bool {
    let net = |text: &str| text.parse::<Ipv4Net>().is_ok_and(|net| net.trunc() == net);
    let number = |text: &str| text.parse::<u32>().is_ok();
    kinds.split('|').any(|kind| match kind {
        "ip" => word.parse::<Ipv4Addr>().is_ok(),
        "net" => net(word),
        "host" => word.parse::<Ipv4Net>().is_ok(),
        "any" => word == "*",
        "ports" => word.split(',').all(|port| port.parse::<u16>().is_ok()),
        "name" => word.len() <= 64 && !word.contains(['"', '\'', '\\', '?']),
        "key" => word.len() <= 128 && word.is_ascii() && !word.contains(['"', '\'', '\\', '?']),
        "tunnel" => Some(word) == tunnel,
        _ => match kind.split_once('-').map(|(a, b)| (a.parse(), b.parse())) {
            Some((Ok::<u32, _>(least), Ok::<u32, _>(most))) => {
                number(word) && word.parse().is_ok_and(|n: u32| (least..=most).contains(&n))
            }
            _ => kind == word,
        },
    })
}

/// Whether the words of a command fit a line of the facts.
fn fits(fact: &str, words: &[String], tunnel: Option<&str>) -> bool {
    let mut rest = words;
    for part in fact.split_whitespace() {
        let optional = part.starts_with('[');
        let part = part.trim_start_matches('[').trim_end_matches(']');
        let Some((word, after)) = rest.split_first() else {
            if optional {
                continue;
            }
            return false;
        };
        let (prefix, kinds) = match part.split_once('{') {
            Some((prefix, kinds)) => (prefix, kinds.trim_end_matches('}')),
            None => (part, ""),
        };
        if let "nets" | "numbers" = kinds {
            let kind = if kinds == "nets" { "net" } else { "1-21474836" };
            return rest.iter().all(|word| is(kind, word, tunnel));
        }
        let good = match word.strip_prefix(prefix) {
            Some("") if kinds.is_empty() => true,
            Some(value) if !kinds.is_empty() => is(kinds, value, tunnel),
            _ => false,
        };
        if !good {
            return false;
        }
        rest = after;
    }
    rest.is_empty()
}

/// Every command against the facts.
fn commands(config: &str, problems: &mut Vec<String>) -> Vec<Command> {
    let mut tunnel: Option<String> = None;
    let mut all = Vec::new();
    for line in config.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let inside = line.starts_with(' ');
        let known = FACTS
            .lines()
            .filter(|fact| !fact.starts_with('#'))
            .any(|fact| fact.starts_with(' ') == inside && fits(fact, &words, tunnel.as_deref()));
        if !known || (inside && tunnel.is_none()) {
            problems.push(format!("an RTX knows no such command: {line}"));
        }
        if let [one, two, id] = words.as_slice()
            && one == "tunnel"
            && two == "select"
        {
            tunnel = (id != "none").then(|| id.clone());
            continue;
        }
        all.push(Command {
            tunnel: if inside { tunnel.clone() } else { None },
            words,
        });
    }
    if tunnel.is_some() {
        problems.push("a tunnel is still selected at the end".to_owned());
    }
    all
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(text).collect()
}

struct Wanted<'a> {
    commands: &'a [Command],
    problems: Vec<String>,
}

impl Wanted<'_> {
    fn need(&mut self, tunnel: Option<&str>, command: &str) {
        if !self.commands.iter().any(|it| it.is(tunnel, command)) {
            self.problems
                .push(format!("tunnel {tunnel:?} lacks `{command}`"));
        }
    }

    /// The words after a beginning.
    fn after(&self, tunnel: Option<&str>, beginning: &str) -> Vec<String> {
        let length = beginning.split(' ').count();
        let found = self.commands.iter().find(|it| {
            it.tunnel.as_deref() == tunnel
                && it.words.len() > length
                && it.words[..length].join(" ") == beginning
        });
        found.map_or_else(Vec::new, |it| it.words[length..].to_vec())
    }
}

fn phases(leg: &Value, id: &str, wanted: &mut Wanted<'_>) {
    let cipher = |phase: &Value| match text(&phase["encryption"]).as_str() {
        "AES128" => "aes-cbc",
        _ => "aes256-cbc",
    };
    let hash = |phase: &Value| match text(&phase["integrity"]).as_str() {
        "SHA1" => "sha",
        _ => "sha256",
    };
    let (one, two) = (&leg["phase1"], &leg["phase2"]);
    let group = if one["dh_group"] == 14 {
        "modp2048"
    } else {
        "modp1024"
    };
    let (one_cipher, one_hash) = (cipher(one), hash(one));
    for command in [
        format!("ipsec ike version {id} 2"),
        format!("ipsec ike encryption {id} {one_cipher}"),
        format!("ipsec ike hash {id} {one_hash}"),
        format!("ipsec ike group {id} {group}"),
        format!("ipsec ike pfs {id} on"),
        format!("ipsec ike proposal-limitation {id} on"),
        format!("ipsec ike duration isakmp-sa {id} {}", one["lifetime"]),
        format!("ipsec ike duration ipsec-sa {id} {}", two["lifetime"]),
    ] {
        wanted.need(Some(id), &command);
    }
    let policy = wanted.after(Some(id), "ipsec tunnel").join(" ");
    let (cipher, hash) = (cipher(two), hash(two));
    let command =
        format!("ipsec sa policy {policy} {id} esp {cipher} {hash}-hmac anti-replay-check=on");
    wanted.need(Some(id), &command);
}

fn tunnel(intent: &Value, leg: &Value, id: &str, wanted: &mut Wanted<'_>) {
    let (outside, inside) = (text(&leg["aws_outside"]), text(&leg["aws_inside"]));
    let own = text(&leg["customer_inside"]);
    let (wan, public) = (text(&intent["wan"]), text(&intent["public"]));
    phases(leg, id, wanted);
    for command in [
        "tunnel encapsulation ipsec".to_owned(),
        format!("ipsec ike local address {id} {wan}"),
        format!("ipsec ike local name {id} {public} ipv4-addr"),
        format!("ipsec ike remote address {id} {outside}"),
        format!("ipsec ike remote name {id} {outside} ipv4-addr"),
        format!("ipsec ike pre-shared-key {id} text {}", text(&leg["key"])),
        format!(
            "ipsec ike keepalive use {id} on rfc4306 10 {}",
            leg["dpd"].as_u64().unwrap() / 10
        ),
        "ipsec tunnel outer df-bit clear".to_owned(),
        format!("ip tunnel address {own}/30"),
        format!("ip tunnel remote address {inside}"),
        format!("ip tunnel mtu {}", leg["mtu"]),
        format!("ip tunnel tcp mss limit {}", leg["mss"]),
        format!("tunnel enable {id}"),
    ] {
        wanted.need(Some(id), &command);
    }
    let traversal = wanted.after(Some(id), &format!("ipsec ike nat-traversal {id}"));
    if traversal.first().is_some_and(|it| it == "on") != intent["nat"].as_bool().unwrap() {
        wanted
            .problems
            .push("NAT traversal is not as the NAT is".to_owned());
    }
    let filters: Vec<String> = (wanted.after(Some(id), "ip tunnel secure filter in").iter())
        .map(|filter| wanted.after(None, &format!("ip filter {filter}")).join(" "))
        .collect();
    let mut needed: BTreeSet<String> = BTreeSet::from([format!("pass {inside} {own} * * *")]);
    for vpc in list(&intent["vpc"]) {
        for lan in list(&intent["lan"]) {
            needed.insert(format!("pass {vpc} {lan} * * *"));
        }
    }
    if filters.iter().cloned().collect::<BTreeSet<_>>() != needed || filters.len() != needed.len() {
        wanted
            .problems
            .push(format!("tunnel {id} lets in {filters:?}"));
    }
    let second = if intent["nat"] == true {
        "udp * 4500"
    } else {
        "esp * *"
    };
    for what in ["udp * 500", second] {
        let wanted_filter = format!("pass {outside} {wan} {what}");
        let found = (wanted.commands.iter())
            .any(|it| it.words.len() > 3 && it.words[3..].join(" ") == wanted_filter);
        if !found {
            wanted.problems.push(format!("no filter `{wanted_filter}`"));
        }
    }
}

fn bgp(intent: &Value, ids: &[String], wanted: &mut Wanted<'_>) {
    let session = &intent["bgp"];
    let (own, aws) = (&session["customer_asn"], &session["aws_asn"]);
    wanted.need(None, "bgp use on");
    wanted.need(None, &format!("bgp autonomous-system {own}"));
    for (leg, id) in intent["legs"].as_array().unwrap().iter().zip(ids) {
        let (inside, local) = (text(&leg["aws_inside"]), text(&leg["customer_inside"]));
        let hold = &session["hold_time"];
        let command =
            format!("bgp neighbor {id} {aws} {inside} hold-time={hold} local-address={local}");
        wanted.need(None, &command);
    }
    let (lan, vpc) = (
        list(&intent["lan"]).join(" "),
        list(&intent["vpc"]).join(" "),
    );
    let rules = |way: &str, list: Vec<String>, wanted: &Wanted<'_>| -> BTreeSet<String> {
        let rule = |it: &String| {
            wanted
                .after(None, &format!("bgp {way} filter {it}"))
                .join(" ")
        };
        list.iter().map(rule).collect()
    };
    let out = wanted.after(None, &format!("bgp import {aws} static filter"));
    if rules("import", out, wanted) != BTreeSet::from([format!("equal {lan}")]) {
        wanted
            .problems
            .push("announces something else than the LAN".to_owned());
    }
    let taken = wanted.after(None, &format!("bgp export {aws} filter"));
    let needed = BTreeSet::from([format!("reject include {lan}"), format!("include {vpc}")]);
    if rules("export", taken, wanted) != needed {
        wanted
            .problems
            .push("takes something else than the VPC".to_owned());
    }
    // Above the preference of the static routes to nowhere.
    let preference = wanted.after(None, "bgp preference");
    if !preference
        .first()
        .is_some_and(|it| it.parse::<u32>().is_ok_and(|it| it > 10_000))
    {
        wanted
            .problems
            .push("BGP's routes lose against those to nowhere".to_owned());
    }
    if !wanted
        .commands
        .last()
        .is_some_and(|it| it.is(None, "bgp configure refresh"))
    {
        wanted.problems.push("BGP is not told".to_owned());
    }
}

fn judge(case: &Case) -> Vec<String> {
    let mut problems = Vec::new();
    let all = commands(&case.files["config.rtx"], &mut problems);
    let intent = &case.intent;
    let mut wanted = Wanted {
        commands: &all,
        problems,
    };
    let first = intent["options"]["tunnel_number"].as_str().unwrap_or("11");
    let ids = [
        first.to_owned(),
        (first.parse::<u32>().unwrap() + 1).to_string(),
    ];
    for (leg, id) in intent["legs"].as_array().unwrap().iter().zip(&ids) {
        tunnel(intent, leg, id, &mut wanted);
    }
    wanted.need(None, "ipsec auto refresh on");
    for net in list(&intent["vpc"]) {
        wanted.need(None, &format!("ip route {net} gateway null"));
    }
    if intent["bgp"].is_null() {
        for (leg, id) in intent["legs"].as_array().unwrap().iter().zip(&ids) {
            let command = format!(
                "ip keepalive {id} icmp-echo 10 3 {}",
                text(&leg["aws_inside"])
            );
            wanted.need(None, &command);
        }
        for net in list(&intent["vpc"]) {
            let net: Ipv4Net = net.parse().unwrap();
            for half in net.subnets(net.prefix_len() + 1).unwrap() {
                let [one, two] = &ids;
                wanted.need(
                    None,
                    &format!(
                        "ip route {half} gateway tunnel {one} keepalive {one} gateway tunnel {two} \
                         keepalive {two} weight 0"
                    ),
                );
            }
        }
    } else {
        bgp(intent, &ids, &mut wanted);
    }
    if let Some(descriptor) = intent["options"]["nat_descriptor"].as_str() {
        let wan = text(&intent["wan"]);
        let second = if intent["nat"] == true {
            "udp 4500"
        } else {
            "esp"
        };
        for what in ["udp 500", second] {
            let found = all.iter().any(|it| {
                let words = it.words.join(" ");
                words.starts_with(&format!("nat descriptor masquerade static {descriptor} "))
                    && words.ends_with(&format!("{wan} {what}"))
            });
            if !found {
                wanted.problems.push(format!("the NAT takes {what}"));
            }
        }
    }
    wanted.problems
}

const CONFIG: &str = "config.rtx";
const MUTATIONS: &[Mutation] = &[
    (
        "GCM",
        CONFIG,
        "esp aes256-cbc sha256-hmac",
        "esp aes256-gcm sha256-hmac",
    ),
    (
        "a group that is too large",
        CONFIG,
        "group 11 modp2048",
        "group 11 modp4096",
    ),
    (
        "a group by its number",
        CONFIG,
        "group 11 modp2048",
        "group 11 14",
    ),
    (
        "a hash of the other phase",
        CONFIG,
        "ike hash 11 sha256",
        "ike hash 11 sha256-hmac",
    ),
    (
        "a cipher as others write it",
        CONFIG,
        "ike encryption 11 aes256-cbc",
        "ike encryption 11 aes-256-cbc",
    ),
    ("IKEv1", CONFIG, "ike version 11 2", "ike version 11 1"),
    (
        "everything is offered",
        CONFIG,
        "proposal-limitation 11 on",
        "proposal-limitation 11 off",
    ),
    ("DPD of IKEv1", CONFIG, "on rfc4306 10 3", "on dpd 10 3"),
    (
        "the other tunnel's gateway",
        CONFIG,
        "ike remote address 11 ",
        "ike remote address 12 ",
    ),
    (
        "the other tunnel's inside",
        CONFIG,
        "ip tunnel address 169.254.",
        "ip tunnel address 169.253.",
    ),
    (
        "the public address as source behind a NAT",
        CONFIG,
        "local address 7 192.168.77.2",
        "local address 7 192.0.2.10",
    ),
    (
        "connected routes, which BGP has not",
        CONFIG,
        " static filter",
        " connected filter",
    ),
    (
        "a default route to AWS",
        CONFIG,
        "bgp import filter 700100 equal 10.20.0.0/24",
        "bgp import filter 700100 equal 0.0.0.0/0",
    ),
    (
        "a default route from AWS",
        CONFIG,
        "filter 700101 include 10.0.0.0/16",
        "filter 700101 include 0.0.0.0/0",
    ),
    (
        "BGP weaker than the routes to nowhere",
        CONFIG,
        "bgp preference 10001",
        "bgp preference 500",
    ),
    (
        "BGP that is never told",
        CONFIG,
        "\nbgp configure refresh",
        "",
    ),
    (
        "a route that follows nothing",
        CONFIG,
        " keepalive 11 gateway",
        " gateway",
    ),
    ("a tunnel left selected", CONFIG, "tunnel select none\n", ""),
];

#[test]
fn an_rtx_knows_every_command() {
    passes_by("yamaha-rtx", judge, MUTATIONS);
}

/// Every command that was given is taken back, in the tunnel that it was given for.
#[test]
fn an_rtx_takes_away_what_it_made() {
    let stays = [
        "ipsec auto refresh",
        "bgp use",
        "bgp autonomous-system",
        "bgp preference",
        "bgp configure",
    ];
    let in_tunnels = |text: &str| -> Vec<(Option<String>, String)> {
        let mut tunnel = None;
        let mut all = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let inside = line.starts_with(' ');
            match line.trim().strip_prefix("tunnel select ") {
                Some(id) => tunnel = Some(id.to_owned()),
                None => all.push((tunnel.clone().filter(|_| inside), line.trim().to_owned())),
            }
        }
        all
    };
    for case in cases("yamaha-rtx") {
        let made = in_tunnels(&case.files[CONFIG]);
        let gone: Vec<(Option<String>, String)> = (in_tunnels(&case.files["remove.rtx"])
            .into_iter())
        .filter_map(|(tunnel, line)| Some((tunnel, line.strip_prefix("no ")?.to_owned())))
        .collect();
        for (tunnel, line) in &made {
            let taken = gone
                .iter()
                .any(|(its, command)| its == tunnel && line.starts_with(command.as_str()));
            let stays = stays.iter().any(|command| line.starts_with(command));
            assert!(taken != stays, "{}: {line}", case.name);
        }
        for (tunnel, command) in &gone {
            let was = made
                .iter()
                .any(|(its, line)| its == tunnel && line.starts_with(command.as_str()));
            assert!(was, "{}: {command} was never given", case.name);
        }
    }
}

/// What no choice of single values finds, and what is told before anything is made.
#[test]
fn an_rtx_refuses_what_it_cannot_do() {
    let device = device::find("yamaha-rtx").unwrap();
    let context = RenderContext {
        generated_at: jiff::Timestamp::UNIX_EPOCH,
        tool_version: "0.0.0".to_owned(),
    };
    let mut site = site(Routing::Bgp);
    "yamaha-rtx".clone_into(&mut site.gateway.device);
    let good = tunnel_set(&site);
    assert!(device.render(&good, &context).is_ok());
    let refused = |set: &TunnelSet, words: &str| {
        let error = device.render(set, &context).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };

    let mut groups = good.clone();
    groups.tunnels[1].options.phase2.dh_group = DhGroup(2);
    refused(
        &groups,
        "one group for both phases, and tunnel 2 has 14 and 2",
    );

    let mut large = good.clone();
    if let RouteExchange::Bgp(bgp) = &mut large.routes {
        bgp.aws_asn = Asn::try_from(4_200_000_000).unwrap();
    }
    refused(&large, "AS numbers up to 65535");
    site.gateway.asn = Asn::try_from(4_200_000_000).unwrap();
    let problems = device.check_options(&site.gateway);
    assert!(problems.len() == 1 && problems[0].problem.contains("gateway.asn"));

    let mut many = good;
    many.site.lan = Ipv4Net::new([10, 20, 0, 0].into(), 16)
        .unwrap()
        .subnets(23)
        .unwrap()
        .collect();
    refused(&many, "more than 94");
}
