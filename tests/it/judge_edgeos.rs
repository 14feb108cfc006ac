//! EdgeOS's statements, written down in `tests/judges/edgeos.txt`, over what we write, and then
//! what the configuration must mean.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::judge::{Case, Mutation, cases, passes_by};
use super::judge_vyos::{facts, statements, under};

const FACTS: &str = include_str!("../judges/edgeos.txt");

type Tree = BTreeMap<String, Vec<String>>;

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(text).collect()
}

/// Asks for the values of statements.
struct Wanted<'a> {
    tree: &'a Tree,
    problems: Vec<String>,
}

impl Wanted<'_> {
    fn get(&self, path: &str) -> &str {
        let values = self.tree.get(path).and_then(|values| values.first());
        values.map_or("", String::as_str)
    }

    fn need(&mut self, path: &str, value: &str) {
        let there = self.tree.get(path);
        if !there.is_some_and(|values| values.iter().any(|it| it == value)) {
            self.problems.push(format!("{path} is not `{value}`"));
        }
    }

    /// What a statement refers to has to be there.
    fn refers(&mut self, path: &str, home: &str) {
        let name = self.get(path);
        if name.is_empty() || !under(self.tree, home).contains(name) {
            self.problems.push(format!("{path}: no {home} `{name}`"));
        }
    }
}

fn phases(leg: &Value, name: &str, wanted: &mut Wanted<'_>) {
    let cipher = |value: &Value| text(value).to_lowercase();
    let hash = |value: &Value| text(value).to_lowercase().replace("sha2-", "sha");
    let (one, two) = (&leg["phase1"], &leg["phase2"]);
    let ike = format!("vpn ipsec ike-group {name}");
    wanted.need(&format!("{ike} key-exchange"), "ikev2");
    wanted.need(&format!("{ike} lifetime"), &text(&leg["phase1_rekey"]));
    wanted.need(&format!("{ike} dead-peer-detection action"), "restart");
    let proposal = format!("{ike} proposal 1");
    wanted.need(
        &format!("{proposal} encryption"),
        &cipher(&one["encryption"]),
    );
    wanted.need(&format!("{proposal} hash"), &hash(&one["integrity"]));
    wanted.need(&format!("{proposal} dh-group"), &text(&one["dh_group"]));
    let esp = format!("vpn ipsec esp-group {name}");
    wanted.need(&format!("{esp} mode"), "tunnel");
    wanted.need(&format!("{esp} lifetime"), &text(&leg["phase2_rekey"]));
    wanted.need(
        &format!("{esp} pfs"),
        &format!("dh-group{}", two["dh_group"]),
    );
    let proposal = format!("{esp} proposal 1");
    wanted.need(
        &format!("{proposal} encryption"),
        &cipher(&two["encryption"]),
    );
    wanted.need(&format!("{proposal} hash"), &hash(&two["integrity"]));
}

fn tunnel(intent: &Value, leg: &Value, wanted: &mut Wanted<'_>) -> String {
    let outside = text(&leg["aws_outside"]);
    let peer = format!("vpn ipsec site-to-site peer {outside}");
    let auth = format!("{peer} authentication");
    wanted.need(&format!("{auth} mode"), "pre-shared-secret");
    wanted.need(&format!("{auth} pre-shared-secret"), &text(&leg["key"]));
    wanted.need(&format!("{auth} id"), &text(&intent["public"]));
    wanted.need(&format!("{auth} remote-id"), &outside);
    wanted.need(&format!("{peer} local-address"), &text(&intent["wan"]));
    wanted.need(&format!("{peer} connection-type"), "initiate");
    wanted.refers(&format!("{peer} ike-group"), "vpn ipsec ike-group");
    wanted.refers(&format!("{peer} vti esp-group"), "vpn ipsec esp-group");
    wanted.refers(&format!("{peer} vti bind"), "interfaces vti");
    let name = wanted.get(&format!("{peer} ike-group")).to_owned();
    wanted.need(&format!("{peer} vti esp-group"), &name);
    phases(leg, &name, wanted);
    let interface = wanted.get(&format!("{peer} vti bind")).to_owned();
    let vti = format!("interfaces vti {interface}");
    let inside = format!("{}/30", text(&leg["customer_inside"]));
    wanted.need(&format!("{vti} address"), &inside);
    wanted.need(&format!("{vti} mtu"), &text(&leg["mtu"]));
    for way in ["in", "local"] {
        let path = format!("{vti} firewall {way} name");
        wanted.refers(&path, "firewall name");
        let set = wanted.get(&path).to_owned();
        wanted.need(&format!("firewall name {set} default-action"), "drop");
        for rule in under(wanted.tree, &format!("firewall name {set} rule")) {
            wanted.need(&format!("firewall name {set} rule {rule} action"), "accept");
            for (place, kind) in [
                ("source", "address"),
                ("source", "network"),
                ("destination", "network"),
            ] {
                let path = format!("firewall name {set} rule {rule} {place} group {kind}-group");
                if wanted.tree.contains_key(&path) {
                    wanted.refers(&path, &format!("firewall group {kind}-group"));
                }
            }
        }
    }
    interface
}

fn bgp(intent: &Value, wanted: &mut Wanted<'_>) {
    let session = &intent["bgp"];
    let router = format!("protocols bgp {}", session["customer_asn"]);
    for leg in intent["legs"].as_array().unwrap() {
        let neighbor = format!("{router} neighbor {}", text(&leg["aws_inside"]));
        wanted.need(&format!("{neighbor} remote-as"), &text(&session["aws_asn"]));
        wanted.need(
            &format!("{neighbor} update-source"),
            &text(&leg["customer_inside"]),
        );
        wanted.need(
            &format!("{neighbor} timers holdtime"),
            &text(&session["hold_time"]),
        );
        for way in ["import", "export"] {
            let path = format!("{neighbor} prefix-list {way}");
            wanted.refers(&path, "policy prefix-list");
            let list = wanted.get(&path).to_owned();
            let rules: Vec<String> = under(wanted.tree, &format!("policy prefix-list {list} rule"))
                .into_iter()
                .map(|rule| {
                    let rule = format!("policy prefix-list {list} rule {rule}");
                    let le = wanted.get(&format!("{rule} le"));
                    let le = if le.is_empty() {
                        String::new()
                    } else {
                        format!(" le {le}")
                    };
                    let (action, prefix) = (
                        wanted.get(&format!("{rule} action")),
                        wanted.get(&format!("{rule} prefix")),
                    );
                    format!("{action} {prefix}{le}")
                })
                .collect();
            let needed: Vec<String> = if way == "export" {
                list_of(intent, "lan", "permit", 0)
            } else {
                let mut all = list_of(intent, "lan", "deny", 32);
                all.extend(list_of(intent, "vpc", "permit", 28));
                all
            };
            let same = rules.len() == needed.len() && needed.iter().all(|it| rules.contains(it));
            if !same {
                let problem = format!("prefix-list {way}: {rules:?}, not {needed:?}");
                wanted.problems.push(problem);
            }
        }
    }
    for net in list(&intent["lan"]) {
        wanted.need(&format!("{router} network {net}"), "");
        wanted.need(
            &format!("protocols static route {net} blackhole distance"),
            "254",
        );
    }
}

fn list_of(intent: &Value, key: &str, action: &str, le: u8) -> Vec<String> {
    let nets = list(&intent[key]).into_iter();
    nets.map(|net| {
        let length: u8 = net.split_once('/').unwrap().1.parse().unwrap();
        if le > length {
            format!("{action} {net} le {le}")
        } else {
            format!("{action} {net}")
        }
    })
    .collect()
}

fn judge(case: &Case) -> Vec<String> {
    let mut problems = Vec::new();
    let tree = statements(&facts(FACTS), &case.files["config.edgeos"], &mut problems);
    let intent = &case.intent;
    let mut wanted = Wanted {
        tree: &tree,
        problems,
    };
    wanted.need("vpn ipsec auto-firewall-nat-exclude", "enable");
    wanted.need("firewall options mss-clamp interface-type", "vti");
    let legs = intent["legs"].as_array().unwrap();
    let mss = legs.iter().map(|leg| leg["mss"].as_u64().unwrap()).min();
    wanted.need("firewall options mss-clamp mss", &mss.unwrap().to_string());
    let interfaces: Vec<String> = (legs.iter())
        .map(|leg| tunnel(intent, leg, &mut wanted))
        .collect();
    if interfaces[0] == interfaces[1] {
        wanted.problems.push("both tunnels have one VTI".to_owned());
    }
    if intent["bgp"].is_null() {
        for net in list(&intent["vpc"]) {
            for (interface, distance) in interfaces.iter().zip(["1", "2"]) {
                let route = format!("protocols static interface-route {net} next-hop-interface");
                wanted.need(&format!("{route} {interface} distance"), distance);
            }
        }
        watch(case, legs, &interfaces, &mut wanted);
    } else {
        bgp(intent, &mut wanted);
    }
    for net in list(&intent["vpc"]) {
        wanted.need(
            &format!("protocols static route {net} blackhole distance"),
            "254",
        );
    }
    wanted.problems
}

/// The script that the task-scheduler runs pings each tunnel's own inside.
fn watch(case: &Case, legs: &[Value], interfaces: &[String], wanted: &mut Wanted<'_>) {
    let script = &case.files["watch.sh"];
    for (leg, interface) in legs.iter().zip(interfaces) {
        let (inside, outside) = (text(&leg["aws_inside"]), text(&leg["aws_outside"]));
        let line = format!("watch {interface} {inside} peer-{outside}-tunnel-vti &");
        if !script.lines().any(|it| it == line) {
            wanted.problems.push(format!("watch.sh lacks `{line}`"));
        }
    }
    let tasks = under(wanted.tree, "system task-scheduler task");
    let task = tasks.first().copied().unwrap_or_default();
    let path = format!("system task-scheduler task {task} executable path");
    let file = wanted.get(&path).to_owned();
    if file.is_empty() || !script.contains(&file) {
        wanted.problems.push("nobody runs watch.sh".to_owned());
    }
    // A few of the cases are enough: they differ in addresses alone.
    if case.name.contains("planted") || case.name.ends_with("strong") {
        let mut checker = Command::new("shellcheck")
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = checker.stdin.take().unwrap();
        input.write_all(script.as_bytes()).unwrap();
        drop(input);
        let output = checker.wait_with_output().unwrap();
        if !output.status.success() {
            wanted
                .problems
                .push(String::from_utf8(output.stdout).unwrap());
        }
    }
}

const CONFIG: &str = "config.edgeos";
const MUTATIONS: &[Mutation] = &[
    (
        "BGP as in VyOS 1.4",
        CONFIG,
        "set protocols bgp 65010 neighbor",
        "set protocols bgp neighbor",
    ),
    (
        "the AS as in VyOS 1.4",
        CONFIG,
        "set protocols bgp 65010 network",
        "set protocols bgp system-as '65010'\nset protocols bgp 65010 network",
    ),
    (
        "address families of VyOS 1.2",
        CONFIG,
        "prefix-list import",
        "address-family ipv4-unicast prefix-list import",
    ),
    (
        "a peer by name",
        CONFIG,
        "peer 203.0.113.166 vti bind",
        "peer aws-1 vti bind",
    ),
    (
        "a key as in VyOS 1.4",
        CONFIG,
        "set vpn ipsec site-to-site peer 203.0.113.166 authentication pre-shared-secret",
        "set vpn ipsec authentication psk aws secret",
    ),
    (
        "GCM",
        CONFIG,
        "encryption 'aes256'",
        "encryption 'aes256gcm128'",
    ),
    (
        "close-action of VyOS",
        CONFIG,
        "ikev2-reauth 'no'",
        "close-action 'start'",
    ),
    (
        "an interval that is too short",
        CONFIG,
        "interval '15'",
        "interval '10'",
    ),
    (
        "MSS as in VyOS",
        CONFIG,
        "mtu '1438'",
        "ip adjust-mss '1398'",
    ),
    (
        "the other tunnel's VTI",
        CONFIG,
        "vti bind 'vti10'",
        "vti bind 'vti11'",
    ),
    (
        "the public address as source behind a NAT",
        CONFIG,
        "local-address '192.168.77.2'",
        "local-address '192.0.2.10'",
    ),
    (
        "a rule set that is too long",
        CONFIG,
        "firewall in name 'up-",
        "firewall in name 'up-a-name-that-is-far-too-long-",
    ),
    (
        "a default route from AWS",
        CONFIG,
        "prefix '10.0.0.0/16'",
        "prefix '0.0.0.0/0'",
    ),
    (
        "a comment of another vendor",
        CONFIG,
        "# Tunnel 1",
        "! Tunnel 1",
    ),
    (
        "no offer of the spare route",
        CONFIG,
        " distance '2'",
        " distance '1'",
    ),
    (
        "the watch of the other tunnel",
        "watch.sh",
        "watch vti10 ",
        "watch vti11 ",
    ),
    (
        "a script that is broken",
        "watch.sh",
        "watch() {",
        "watch() {{",
    ),
];

#[test]
fn edgeos_knows_every_statement() {
    passes_by("edgeos", judge, MUTATIONS);
}

/// What takes away names the same nodes that were made.
#[test]
fn edgeos_takes_away_what_it_made() {
    let stays = [
        "set firewall options mss-clamp",
        "set vpn ipsec auto-firewall-nat-exclude",
    ];
    for case in cases("edgeos") {
        let (made, removal) = (&case.files[CONFIG], &case.files["remove.edgeos"]);
        let deleted: Vec<String> = (removal.lines())
            .filter_map(|line| line.strip_prefix("delete "))
            .map(|path| format!("set {path}"))
            .collect();
        for line in made.lines().filter(|line| line.starts_with("set ")) {
            let gone = deleted.iter().any(|path| line.starts_with(path.as_str()));
            let stays = stays.iter().any(|path| line.starts_with(path));
            assert!(gone != stays, "{}: {line}", case.name);
        }
        for path in &deleted {
            assert!(
                made.contains(path.as_str()),
                "{}: {path} was never made",
                case.name
            );
        }
    }
}
