//! What bills for months is ordered by whoever names it, and by nobody else.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use underpass::sandbox::{Faults, GatewaySim, Request, Sandbox};

use crate::env::{Env, ran};

const REGION: &str = "eu-central-1";
const SITE: &str = "hub.yaml";
const FILE: &str = "\
site: hub-9
region: eu-central-1
environment: test
gateway:
  device: strongswan
  outside_ip: 203.0.113.50
  asn: 65019
  options: { direct_connect_interface: eth2 }
lan: [10.29.0.0/24]
aws:
  vpc: vpc-0a1b2c3d4e5f67890
  direct_connect:
    TARGET
    vlan: 101
";
const ORDER: &str = "order: { location: SBX1, bandwidth: 1Gbps }";

fn served(target: &str) -> Env {
    let env = Env::served(3000.0, Faults::default(), GatewaySim::Offline);
    env.write(SITE, &FILE.replace("TARGET", target));
    env
}

fn mutations(sandbox: &Sandbox) -> usize {
    sandbox.calls().iter().filter(|it| it.mutating).count()
}

fn calls(sandbox: &Sandbox, action: &str) -> usize {
    let calls = sandbox.calls();
    let calls = calls.iter().filter(|it| it.action == action && it.effect);
    calls.count()
}

/// The same at a terminal of its own, where `question` is answered with `answer`.
fn at_terminal(env: &Env, args: &[&str], question: &str, answer: &str) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/clients/terminal.py");
    let plain = env.command(args);
    let mut command = Command::new("python3");
    command
        .current_dir(env.path())
        .args([script, question, answer])
        .arg(plain.get_program())
        .args(plain.get_args());
    for (name, value) in plain.get_envs() {
        if let Some(value) = value.filter(|_| name != "CI") {
            command.env(name, value);
        }
    }
    command.env_remove("CI").env("TERM", "xterm");
    ran(command.output().unwrap()).exits(0).stdout
}

#[test]
fn a_port_is_ordered_by_its_name_alone() {
    let env = served(ORDER);
    let sandbox = env.sandbox();
    let told = env.run(&["onboard", SITE, "--yes"]).exits(5);
    assert!(told.stderr.contains("--order SBX1"), "{}", told.stderr);
    // A flag copied from another site's script, or without its word.
    let copied = env.run(&["onboard", SITE, "--yes", "--order", "EqFA5"]);
    let copied = copied.exits(5);
    assert!(copied.stderr.contains("SBX1"), "{}", copied.stderr);
    env.run(&["plan", SITE, "--order", "EqFA5"]).exits(5);
    env.run(&["plan", SITE, "--offline", "--order", "sbx1"])
        .exits(5);
    let bare = env.run(&["onboard", SITE, "--yes", "--order"]);
    assert_ne!(bare.code, 0, "{}", bare.stdout);
    // A saved plan orders no more than its flags do.
    env.run(&["plan", SITE, "--order", "SBX1", "--out", "saved.json"])
        .exits(0);
    env.run(&["onboard", SITE, "--yes", "--plan", "saved.json"])
        .exits(5);
    // Named, but nobody there to say yes.
    env.run(&["onboard", SITE, "--order", "SBX1"]).exits(8);
    assert_eq!(mutations(sandbox), 0, "{:?}", sandbox.calls());

    // A person sees the price, and a yes is not enough.
    let asked = |answer: &str| {
        let args = ["onboard", SITE, "--order", "SBX1"];
        at_terminal(&env, &args, "to go on:", answer)
    };
    for answer in ["y\n", "yes\n", "SBX1\n", "10Gbps SBX1\n", "\n"] {
        let said = asked(answer);
        assert!(said.ends_with("exit: 8\n"), "{answer:?}: {said}");
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in [
            "orders a 1Gbps port at SBX1",
            "0.30 USD an hour, 219.00 USD a month",
            "2026-",
            "Type `SBX1 1Gbps`",
        ] {
            assert!(flat.contains(words), "{words}: {said}");
        }
    }
    assert_eq!(mutations(sandbox), 0, "{:?}", sandbox.calls());
    let said = asked("SBX1 1Gbps\n");
    assert!(said.ends_with("exit: 0\n"), "{said}");
    assert_eq!(calls(sandbox, "CreateConnection"), 1);
    // What is ordered already is not asked about by its words, and not ordered again.
    let again = env.run(&["onboard", SITE, "--yes", "--order", "SBX1"]);
    assert!(
        !again
            .exits(0)
            .stdout
            .contains("cron: underpass onboard hub.yaml --yes --order"),
        "a cron job that orders"
    );
    assert_eq!(calls(sandbox, "CreateConnection"), 1);
}

#[test]
fn a_partners_connection_is_accepted_by_its_id_alone() {
    let env = Env::served(3000.0, Faults::default(), GatewaySim::Offline);
    let sandbox = env.sandbox();
    let id = sandbox
        .order_hosted(REGION, "SBX1", "500Mbps", 101)
        .to_string();
    let target = format!("connection: {id}");
    env.write(SITE, &FILE.replace("TARGET", &target));
    let told = env.run(&["onboard", SITE, "--yes"]).exits(5);
    assert!(
        told.stderr.contains(&format!("--order {id}")),
        "{}",
        told.stderr
    );
    for wrong in ["SBX1", "dxcon-fh000001", "hub-9"] {
        env.run(&["onboard", SITE, "--yes", "--order", wrong])
            .exits(5);
    }
    let asked = |answer: &str| {
        let args = ["onboard", SITE, "--order", &id];
        at_terminal(&env, &args, "to go on:", answer)
    };
    let said = asked("y\n");
    assert!(said.ends_with("exit: 8\n"), "{said}");
    assert_eq!(mutations(sandbox), 0);
    let said = asked(&format!("{id}\n"));
    assert!(said.ends_with("exit: 0\n"), "{said}");
    assert_eq!(calls(sandbox, "ConfirmConnection"), 1);
}

#[test]
fn an_order_that_the_site_file_does_not_have_is_refused() {
    let env = Env::new();
    let site = env.file("examples");
    let site = std::fs::read_dir(site).unwrap().next().unwrap().unwrap();
    let site = site.path();
    let site = site.to_str().unwrap();
    let told = env
        .run(&["plan", site, "--offline", "--order", "SBX1"])
        .exits(5);
    assert!(told.stderr.contains("orders nothing"), "{}", told.stderr);
}

/// What AWS hands out, asked for without a client of ours.
fn letter_of(sandbox: &Sandbox, port: &str) -> Vec<u8> {
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/{REGION}/directconnect/aws4_request, \
         SignedHeaders=host, Signature=00"
    );
    let headers = [
        ("Authorization", scope.as_str()),
        ("X-Amz-Target", "OvertureService.DescribeLoa"),
    ];
    let input = json!({ "connectionId": port }).to_string();
    let request = Request::from_http("POST", "/", headers, input.as_bytes());
    let reply: Value = serde_json::from_slice(&sandbox.handle(&request).body).unwrap();
    let content = reply["loaContent"]
        .as_str()
        .unwrap_or_else(|| panic!("{reply}"));
    STANDARD.decode(content).unwrap()
}

#[test]
fn the_letter_lies_beside_the_routers_files() {
    let env = served(ORDER);
    let sandbox = env.sandbox();
    env.run(&["onboard", SITE, "--yes", "--order", "SBX1"])
        .exits(0);
    let port = {
        let world = sandbox.world();
        let mut ports = world.direct_connect.connections.keys();
        ports.next().unwrap().clone()
    };
    let path = format!("hub-9.bundle/LOA-CFA-{port}.pdf");
    assert!(!env.file(&path).exists(), "not issued yet");
    assert_eq!(calls(sandbox, "DescribeLoa"), 0);

    assert!(sandbox.issue_letter(&port, sandbox.now()));
    let told = env.run(&["status", SITE]).exits(0);
    assert!(told.stderr.contains(&path), "{}", told.stderr);
    let letter = letter_of(sandbox, port.as_str());
    assert!(letter.starts_with(b"%PDF"));
    assert_eq!(fs::read(env.file(&path)).unwrap(), letter);
    let seen = fs::metadata(env.file(&path)).unwrap();
    assert_eq!(seen.permissions().mode() & 0o777, 0o600);

    // The same once more: not a byte is written, and the rung says where it is.
    let told = env
        .run(&["onboard", SITE, "--yes", "--format", "json"])
        .exits(0);
    let told = told.json();
    let ladder = &told["waiting_for_people"][0]["ladder"];
    let rungs = ladder.as_array().unwrap();
    let now = rungs.iter().find(|it| it["standing"] == "now").unwrap();
    assert!(now["todo"].as_str().unwrap().contains(&path), "{now}");
    let again = fs::metadata(env.file(&path)).unwrap();
    assert_eq!(again.ino(), seen.ino(), "written anew for nothing");

    // Lost or changed, it is had again; and a folder with the letter alone is no stranger's.
    fs::remove_dir_all(env.file("hub-9.bundle")).unwrap();
    env.run(&["status", SITE]).exits(0);
    assert_eq!(fs::read(env.file(&path)).unwrap(), letter);
    fs::write(env.file(&path), b"%PDF of yesterday").unwrap();
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    assert_eq!(fs::read(env.file(&path)).unwrap(), letter);
    assert!(env.file("hub-9.bundle/manifest.json").exists());

    // What is up needs no letter.
    assert!(sandbox.set_port(&port, true, sandbox.now()));
    let asked = calls(sandbox, "DescribeLoa");
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    assert_eq!(calls(sandbox, "DescribeLoa"), asked);
}
