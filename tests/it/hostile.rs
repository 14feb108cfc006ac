//! Bad input as an attack: files, plans and journals that somebody else wrote, by the real binary.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use underpass::sandbox::{Faults, GatewaySim, Sandbox};
use underpass::spec::{self, is_hostile};

use crate::bundle_sample::{ok, text};
use crate::env::{Env, Ran, ran};
use crate::skeleton;

const SITE: &str = "examples/plant-7.yaml";
const PLANT: &str = include_str!("../../examples/plant-7.yaml");

/// Longer than this no refusal may take, on a machine that does other things as well.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of a refusal: fifty problems with their pictures have forty thousand.
const WORDY: usize = 100_000;

/// Runs a command that must end soon, with few words and none that moves a cursor.
fn quick(env: &Env, args: &[&str]) -> Ran {
    let began = Instant::now();
    let mut child = env.start(args);
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{args:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(5));
        // Who prints more than a pipe holds has to be read from.
        if began.elapsed() > Duration::from_secs(3) {
            break;
        }
    }
    let ran = ran(child.wait_with_output().unwrap());
    assert!(
        began.elapsed() < PATIENCE,
        "{args:?} took {:?}",
        began.elapsed()
    );
    harmless(&ran, &format!("{args:?}"));
    ran
}

fn harmless(ran: &Ran, what: &str) {
    let hostile = |c: char| is_hostile(c) && !matches!(c, '\n' | '\t');
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains(hostile), "{what} prints {text:?}");
        assert!(text.len() < WORDY, "{what} prints {} bytes", text.len());
    }
    assert_ne!(ran.code, 101, "{what} panics: {}", ran.stderr);
}

/// What no reader of files may be defeated by, as names of files in the folder.
fn monsters(env: &Env) -> Vec<String> {
    let path = |name: &str| env.file(name);
    assert!(
        Command::new("mkfifo")
            .arg(path("pipe"))
            .status()
            .unwrap()
            .success()
    );
    fs::create_dir(path("folder")).unwrap();
    fs::File::create(path("giant"))
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    symlink(path("pipe"), path("link")).unwrap();
    symlink(path("loop"), path("loop")).unwrap();
    let escape = std::ffi::OsStr::from_bytes(b"red\x1b[31m\nnext: rm.yaml");
    env.write("empty", "");
    fs::rename(path("empty"), env.path().join(escape)).unwrap();
    for (name, content) in [
        ("latin1", b"site: pl\xe4nt".as_slice()),
        ("utf16", b"\xff\xfes\0i\0t\0e\0"),
        ("nul", b"site: a\0b\n"),
        ("marked", b"\xef\xbb\xbfsite: a\n"),
        (
            "ansi",
            b"site: \"a\"\n# \x1b[2J\x1b]0;owned\x07\nregion: \xc2\x9b31m\n",
        ),
        (
            "bidi",
            "site: a # \u{202e}evil\u{2066}\nx: \u{2028}\n".as_bytes(),
        ),
    ] {
        underpass::files::write_public(&path(name), content).unwrap();
    }
    let mut names: Vec<String> = [
        "pipe",
        "folder",
        "giant",
        "link",
        "loop",
        "/dev/zero",
        "missing",
    ]
    .map(str::to_owned)
    .to_vec();
    names.extend(["latin1", "utf16", "nul", "marked", "ansi", "bidi"].map(str::to_owned));
    names.push(escape.to_str().unwrap().to_owned());
    names
}

#[test]
fn a_file_that_is_none_or_too_much_ends_every_command_with_one_error() {
    let env = Env::new();
    let names = monsters(&env);
    let before = env.files();
    for name in &names {
        for args in [
            vec!["plan", name, "--offline"],
            vec!["plan", SITE, "--offline", "--playbook", name],
            vec!["plan", SITE, "--offline", "--prices", name],
            vec!["policy", SITE, "--plan", name],
            vec!["render", SITE, "--xml", name, "--vpc-cidr", "10.0.0.0/16"],
        ] {
            let ran = quick(&env, &args).exits(3);
            assert!(ran.stderr.starts_with('✗'), "{args:?}: {}", ran.stderr);
            assert!(
                !ran.stderr.contains("\nnext: rm"),
                "{args:?}: {}",
                ran.stderr
            );
        }
    }
    assert_eq!(env.files(), before, "something was written");
}

/// Site files that are made to be slow, deep, wide or talkative, none larger than allowed.
fn bombs() -> Vec<(&'static str, String)> {
    let lines = |line: &dyn Fn(usize) -> String, count| (0..count).map(line).collect::<String>();
    let laughs = lines(
        &|n| {
            format!(
                "l{}: &l{} [{}]\n",
                n + 1,
                n + 1,
                format!("*l{n},").repeat(9)
            )
        },
        9,
    );
    let deep = lines(&|n| format!("{}a:\n", " ".repeat(n)), 600);
    let networks = lines(&|n| format!("10.{}.{}.0/24,", n % 250, n / 250), 17_000);
    vec![
        ("laughs", format!("l0: &l0 [ha]\n{laughs}{PLANT}")),
        ("deep in brackets", format!("site: {}", "[".repeat(200_000))),
        ("deep in braces", format!("site: {}", "{a: ".repeat(60_000))),
        ("deep in lines", deep),
        ("deep in dashes", "- ".repeat(100_000)),
        ("deep in questions", "? ".repeat(100_000)),
        ("one key", format!("{}: b", "k".repeat(250_000))),
        ("one line", "psk: x ".repeat(30_000)),
        (
            "one text over lines",
            format!("site: \"{}\"", "\n".repeat(200_000)),
        ),
        ("networks", format!("{PLANT}\nlan: [{networks}]\n")),
        (
            "tags",
            format!(
                "{PLANT}tags:\n{}",
                lines(&|n| format!("  k{n}: v\n"), 15_000)
            ),
        ),
        ("fields", lines(&|n| format!("k{n}: v\n"), 18_000)),
        ("again and again", "site: a\n".repeat(30_000)),
        (
            "aliases",
            format!("a: &a [x]\n{}", lines(&|n| format!("b{n}: *a\n"), 15_000)),
        ),
        ("anchors", lines(&|n| format!("k{n}: &a{n} v\n"), 12_000)),
        ("merges", format!("<<: &x {{site: b}}\n{PLANT}")),
        (
            "a tag",
            format!("{PLANT}x: !!python/object/apply:os.system [id]\n"),
        ),
        ("numbers", PLANT.replace("65010", &"9".repeat(100_000))),
        (
            "escapes",
            format!("site: {}", "\"\\u001b[2J".repeat(20_000)),
        ),
        ("tabs", "\tx\n".repeat(80_000)),
        ("comment", format!("#{}", "\u{202e}".repeat(80_000))),
        ("wide", "\u{ff21}".repeat(80_000)),
    ]
}

#[test]
fn a_site_file_made_to_explode_is_refused_in_time_and_in_few_words() {
    let env = Env::new();
    let before = env.files().len();
    for (name, content) in bombs() {
        assert!(
            content.len() <= 256 * 1024,
            "{name} is refused for its size"
        );
        env.write("bomb.yaml", &content);
        for args in [
            ["plan", "bomb.yaml", "--offline"],
            ["plan", "bomb.yaml", "--sandbox"],
        ] {
            let ran = quick(&env, &args);
            assert_eq!(ran.code, 3, "{name}: {}", ran.stderr);
            let placed = ["bomb.yaml:", "(line ", "file is empty"]
                .iter()
                .any(|it| ran.stderr.contains(it));
            assert!(placed, "{name} has no place: {}", ran.stderr);
        }
        // The same as a playbook: another reader.
        let args = ["plan", SITE, "--offline", "--playbook", "bomb.yaml"];
        assert_eq!(quick(&env, &args).code, 3, "{name}");
    }
    assert_eq!(env.files().len(), before + 1, "something was written");
}

#[test]
fn an_environment_does_not_write_to_the_terminal() {
    let env = Env::new();
    let evil = "a\u{1b}[2J\r\nnext: rm -rf /\u{202e}";
    for name in [
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL",
        "USER",
        "UNDERPASS_SANDBOX",
        "COLUMNS",
        "TERM",
    ] {
        for args in [
            vec!["plan", SITE],
            vec!["onboard", SITE, "--yes"],
            vec!["runs"],
            vec!["--help"],
        ] {
            let mut command = env.command(&args);
            command
                .env("AWS_EC2_METADATA_DISABLED", "true")
                .env(name, evil);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            let ran = ran(command.output().unwrap());
            harmless(&ran, &format!("{name} {args:?}"));
            assert!(
                !ran.stderr.contains("\nnext: rm"),
                "{name} {args:?}: {}",
                ran.stderr
            );
        }
    }
}

// === saved plans ===

fn mutating(sandbox: &Sandbox) -> usize {
    sandbox.calls().iter().filter(|call| call.mutating).count()
}

/// A gateway, a connection and a customer gateway of somebody who does not use underpass, at the
/// site's own gateway address.
fn foreign(env: &Env) -> BTreeSet<String> {
    let ids = [
        "cgw-0f000000000000001",
        "vgw-0f000000000000002",
        "vpn-0f000000000000003",
    ];
    env.sandbox().edit(|world| {
        let region = world.region("eu-central-1");
        let mut customer = region.customer_gateways.values().next().unwrap().clone();
        customer.id = ids[0].into();
        customer.tags.clear();
        region
            .customer_gateways
            .insert(customer.id.clone(), customer);
        let mut gateway = region.vpn_gateways.values().next().unwrap().clone();
        gateway.id = ids[1].into();
        gateway.tags.clear();
        gateway.attachments.clear();
        region.vpn_gateways.insert(gateway.id.clone(), gateway);
        let mut connection = region.vpn_connections.values().next().unwrap().clone();
        connection.id = ids[2].into();
        connection.tags.clear();
        region
            .vpn_connections
            .insert(connection.id.clone(), connection);
    });
    ids.map(str::to_owned).into()
}

/// Everything that lives in the world and is not one site's, by id, as it is.
fn others(env: &Env, site: &str) -> BTreeMap<String, Value> {
    let (now, mut world) = (env.sandbox().clock().now(), env.sandbox().world());
    let region = world.region("eu-central-1");
    let mut found = BTreeMap::new();
    let mut add = |id: String, tags: &BTreeMap<String, String>, state: String, value: Value| {
        let own = tags.get("underpass:site").is_some_and(|name| name == site);
        if !own {
            found.insert(id, json!([tags, state, value]));
        }
    };
    for it in region.customer_gateways.values() {
        add(
            it.id.to_string(),
            &it.tags,
            it.life.state(now).as_str().to_owned(),
            Value::Null,
        );
    }
    for it in region.vpn_gateways.values() {
        let attached = json!(it.attachments.len());
        add(
            it.id.to_string(),
            &it.tags,
            it.life.state(now).as_str().to_owned(),
            attached,
        );
    }
    for it in region.vpn_connections.values() {
        add(
            it.id.to_string(),
            &it.tags,
            it.life.state(now).as_str().to_owned(),
            json!(it.routes.len()),
        );
    }
    found
}

fn edited(plan: &Value, edit: impl Fn(&mut Value)) -> String {
    let mut plan = plan.clone();
    edit(&mut plan);
    plan.to_string()
}

fn delete_of(kind: &str, id: &str) -> Value {
    json!({
        "node": {"id": "attack", "kind": kind, "inputs": {"id": {"known": id}}, "needs": []},
        "title": kind, "change": "delete", "reason": "x", "differences": [], "existing": id,
        "impact": "none", "actions": [],
        "usual": {"from": {"secs": 1, "nanos": 0}, "to": {"secs": 2, "nanos": 0},
            "limit": {"secs": 30, "nanos": 0}},
    })
}

#[test]
fn a_saved_plan_that_was_edited_does_nothing_that_was_not_planned() {
    let env = Env::served(400.0, Faults::default(), GatewaySim::Online);
    env.run(&["onboard", "examples/shop-12.yaml", "--yes"])
        .exits(0);
    let strangers = foreign(&env);
    let before = others(&env, "plant-7");
    env.run(&["plan", SITE, "--out", "plan.json"]).exits(0);
    let plan: Value = serde_json::from_slice(&fs::read(env.file("plan.json")).unwrap()).unwrap();
    let made = mutating(env.sandbox());
    let stranger = strangers.iter().next_back().unwrap().as_str();
    let attacks: Vec<(&str, String)> = vec![
        (
            "account",
            edited(&plan, |plan| plan["account"] = json!("999999999999")),
        ),
        (
            "no account",
            edited(&plan, |plan| plan["account"] = Value::Null),
        ),
        (
            "teardown",
            edited(&plan, |plan| plan["mode"] = json!("teardown")),
        ),
        (
            "site",
            edited(&plan, |plan| plan["site"] = json!("shop-12")),
        ),
        (
            "path",
            edited(&plan, |plan| plan["site"] = json!("../../x")),
        ),
        (
            "bold",
            edited(&plan, |plan| plan["policy"]["adopt_changes"] = json!(true)),
        ),
        (
            "a delete more",
            edited(&plan, |plan| {
                let steps = plan["steps"].as_array_mut().unwrap();
                steps.push(delete_of("vpn_connection", stranger));
            }),
        ),
        (
            "a step less",
            edited(&plan, |plan| {
                plan["steps"].as_array_mut().unwrap().pop();
            }),
        ),
        (
            "adopt theirs",
            edited(&plan, |plan| {
                plan["steps"][1]["change"] = json!("adopt");
                plan["steps"][1]["existing"] = json!("vgw-0f000000000000002");
            }),
        ),
        (
            "their gateway",
            edited(&plan, |plan| {
                plan["steps"][0]["node"]["inputs"]["ip_address"] = json!({"known": "203.0.113.66"});
            }),
        ),
        (
            "weak",
            edited(&plan, |plan| {
                plan["tunnels"][0]["options"]["phase1"]["encryption"] = json!("AES128");
            }),
        ),
        (
            "escapes",
            edited(&plan, |plan| plan["\u{1b}[2J\n next: rm"] = json!(1)),
        ),
        (
            "deep",
            format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        ),
        ("not JSON", "\u{1b}[2J".to_owned()),
    ];
    for (name, text) in attacks {
        env.write("edited.json", &text);
        let ran = quick(&env, &["onboard", SITE, "--plan", "edited.json", "--yes"]);
        assert!(
            matches!(ran.code, 3 | 5),
            "{name}: {}\n{}",
            ran.code,
            ran.stderr
        );
        assert_eq!(mutating(env.sandbox()), made, "{name} changed something");
    }
    // What is only said about the plan is not believed: tags, reasons, times, costs.
    let lies = edited(&plan, |plan| {
        plan["owner"]["site"] = json!("shop-12");
        plan["owner"]["environment"] = json!("production");
        plan["owner"]["extra"] = json!({"underpass:site": "shop-12"});
        plan["cost"] = json!([]);
        for step in plan["steps"].as_array_mut().unwrap() {
            step["reason"] = json!("\u{1b}[2J");
            step["usual"]["limit"]["secs"] = json!(u64::MAX);
        }
    });
    env.write("lies.json", &lies);
    let ran = env
        .run(&["onboard", SITE, "--plan", "lies.json", "--yes"])
        .exits(0);
    harmless(&ran, "lies");
    let mut world = env.sandbox().world();
    let region = world.region("eu-central-1");
    let owned = |site: &str| {
        let all = region.vpn_connections.values();
        all.filter(|it| it.tags.get("underpass:site").is_some_and(|tag| tag == site))
            .count()
    };
    assert_eq!((owned("plant-7"), owned("shop-12")), (1, 1));
    assert_eq!(
        others(&env, "plant-7"),
        before,
        "something of others was touched"
    );
}

#[test]
fn a_saved_plan_goes_with_the_flags_that_it_was_made_with() {
    let env = Env::served(400.0, Faults::default(), GatewaySim::Online);
    let prices = "as_of: 2026-01-01\notherwise: eu-central-1\nhourly:\n  vpn_connection:\n    item: x\n    usd: {eu-central-1: 0.07}\n";
    env.write("prices.yaml", prices);
    let flags = ["--adopt-changes", "--prices", "prices.yaml"];
    let mut plan = vec!["plan", SITE, "--out", "plan.json"];
    plan.extend(flags);
    let said = env.run(&plan).exits(0).stdout;
    let next = said
        .lines()
        .find(|line| line.starts_with("next: "))
        .unwrap();
    assert!(
        next.contains("--adopt-changes") && next.contains("--prices"),
        "{next}"
    );
    env.run(&["onboard", SITE, "--plan", "plan.json", "--yes"])
        .exits(5);
    assert_eq!(mutating(env.sandbox()), 0);
    let mut onboard = vec!["onboard", SITE, "--plan", "plan.json", "--yes"];
    onboard.extend(flags);
    env.run(&onboard).exits(0);
}

#[test]
fn no_policy_is_printed_for_a_plan_with_a_star_for_an_id() {
    let env = Env::served(400.0, Faults::default(), GatewaySim::Online);
    env.run(&["plan", SITE, "--out", "plan.json"]).exits(0);
    let plan: Value = serde_json::from_slice(&fs::read(env.file("plan.json")).unwrap()).unwrap();
    let starred = edited(&plan, |plan| {
        plan["steps"][1]["change"] = json!("adopt");
        plan["steps"][1]["existing"] = json!("*");
        plan["steps"][1]["actions"] = json!([]);
    });
    env.write("starred.json", &starred);
    let ran = quick(&env, &["policy", SITE, "--plan", "starred.json"]);
    assert!(ran.code != 0 && ran.stdout.is_empty(), "{}", ran.stdout);
    assert!(ran.stderr.contains("lint::id"), "{}", ran.stderr);
}

// === journals ===

/// A journal's lines with checksums that fit, as somebody who has read the source would write them.
fn sealed(entries: &[Value]) -> String {
    let mut sum = String::new();
    let mut text = String::new();
    for entry in entries {
        let line = entry.to_string();
        let body = &line[..line.len() - 1];
        let digest = Sha256::digest([sum.as_bytes(), body.as_bytes()].concat());
        sum = digest
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        text.push_str(&format!("{body},\"sum\":\"{sum}\"}}\n"));
    }
    text
}

fn started(plan: &Value) -> Value {
    json!({"seq": 0, "at": "2026-11-22T08:00:00Z",
        "record": {"started": {"schema": 1, "run": plan["run"], "plan": plan}}})
}

/// The folder of a site's journals.
fn runs(env: &Env, site: &str) -> std::path::PathBuf {
    let is_runs = |path: &Path| path.ends_with(format!("{site}/runs"));
    let files = env.files();
    let found = files.iter().filter_map(|path| path.parent());
    found
        .into_iter()
        .find(|path| is_runs(path))
        .unwrap()
        .to_owned()
}

/// A run that nobody has begun, newer than every other.
const FORGED: &str = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ";

#[test]
fn a_forged_journal_deletes_and_changes_nothing_of_others() {
    let env = Env::served(400.0, Faults::default(), GatewaySim::Online);
    env.run(&["onboard", "examples/shop-12.yaml", "--yes"])
        .exits(0);
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    foreign(&env);
    let folder = runs(&env, "plant-7");
    let journal = fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let text = fs::read_to_string(&journal).unwrap();
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let mut plan = first["record"]["started"]["plan"].clone();
    plan["run"] = json!(FORGED);
    plan["owner"]["run"] = json!(FORGED);
    assert_eq!(
        text.lines().count(),
        sealed_lines(&text),
        "the seal of this test is not ours"
    );
    let (before, file) = (
        others(&env, "plant-7"),
        folder.join(format!("{FORGED}.jsonl")),
    );
    let teardown = |steps: Vec<Value>| {
        edited(&plan, |plan| {
            plan["mode"] = json!("teardown");
            plan["tunnels"] = json!([]);
            plan["steps"] = json!(steps);
        })
    };
    let theirs: Vec<(String, &str)> = before
        .keys()
        .map(|id| {
            let kind = match &id[..3] {
                "cgw" => "customer_gateway",
                "vgw" => "vpn_gateway",
                _ => "vpn_connection",
            };
            (id.clone(), kind)
        })
        .collect();
    let replaced = |plan: &mut Value| {
        for step in plan["steps"].as_array_mut().unwrap() {
            let kind = step["node"]["kind"].as_str().unwrap_or_default().to_owned();
            if let Some((id, _)) = theirs.iter().find(|(_, theirs)| *theirs == kind) {
                step["change"] = json!("replace");
                step["existing"] = json!(id);
                step["node"]["inputs"]["id"] = json!({"known": id});
            }
        }
    };
    let mut attacks = vec![
        (
            "all of theirs",
            teardown(
                theirs
                    .iter()
                    .map(|(id, kind)| delete_of(kind, id))
                    .collect(),
            ),
        ),
        ("replace theirs", edited(&plan, replaced)),
        (
            "in another's name",
            edited(&plan, |plan| {
                plan["owner"]["site"] = json!("shop-12");
            }),
        ),
        (
            "another's journal",
            edited(&plan, |plan| plan["site"] = json!("shop-12")),
        ),
        (
            "another account",
            edited(&plan, |plan| plan["account"] = json!("999999999999")),
        ),
        (
            "bold",
            edited(&plan, |plan| {
                plan["policy"]["adopt_changes"] = json!(true);
                for step in plan["steps"].as_array_mut().unwrap() {
                    step["change"] = json!("update");
                    step["actions"] = json!(["CreateTags"]);
                }
                replaced(plan);
            }),
        ),
        (
            "an id that is a path",
            edited(&plan, |plan| {
                plan["steps"][0]["existing"] = json!("../../../../etc/passwd");
                plan["steps"][0]["change"] = json!("keep");
                plan["steps"][0]["actions"] = json!([]);
            }),
        ),
    ];
    for (id, kind) in &theirs {
        attacks.push(("one of theirs", teardown(vec![delete_of(kind, id)])));
    }
    for (name, forged) in attacks {
        let forged: Value = serde_json::from_str(&forged).unwrap();
        underpass::files::write_secret(&file, sealed(&[started(&forged)]).as_bytes()).unwrap();
        for args in [
            vec!["resume", FORGED],
            vec!["onboard", SITE, "--yes"],
            vec!["runs"],
        ] {
            let ran = quick(&env, &args);
            assert_eq!(
                others(&env, "plant-7"),
                before,
                "{name} {args:?}: {}",
                ran.stderr
            );
        }
    }
}

/// How many lines of a real journal this test would have sealed alike.
fn sealed_lines(text: &str) -> usize {
    let mut sum = String::new();
    let fits = text.lines().take_while(|line| {
        let (body, tail) = line.split_at(line.len() - 26);
        let digest = Sha256::digest([sum.as_bytes(), body.as_bytes()].concat());
        sum = digest
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        tail.contains(&sum)
    });
    fits.count()
}

#[test]
fn a_journal_made_to_explode_is_refused_in_time() {
    let env = Env::served(400.0, Faults::default(), GatewaySim::Online);
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    let folder = runs(&env, "plant-7");
    let file = folder.join(format!("{FORGED}.jsonl"));
    let seam = ",\"sum\":\"0123456789abcdef\"}";
    for (name, content) in [
        ("seams", seam.repeat(200_000)),
        ("tails", "\"}".repeat(2_000_000)),
        ("deep", format!("{}\n", "[".repeat(1_000_000))),
        ("long", format!("{}\n", "a".repeat(10_000_000))),
        ("lines", "\n".repeat(1_000_000)),
        (
            "deep and sealed",
            sealed(&[json!({"seq": 0, "at": nested(100)})]),
        ),
        (
            "numbers",
            sealed(&[json!({"seq": u64::MAX, "at": "-009999-01-01T00:00:00Z"})]),
        ),
        (
            "escapes",
            sealed(&[json!({"seq": 0, "\u{9b}31m": "\u{1b}[2J"})]),
        ),
    ] {
        underpass::files::write_secret(&file, content.as_bytes()).unwrap();
        for args in [
            vec!["runs"],
            vec!["resume", FORGED],
            vec!["resume"],
            vec!["onboard", SITE, "--yes"],
        ] {
            quick(&env, &args);
        }
        assert!(file.exists(), "{name}");
    }
    let ran = quick(&env, &["resume", "../../../etc/passwd"]);
    assert_eq!(ran.code, 3, "a run's name is no path: {}", ran.stderr);
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

// === bundles ===

#[test]
fn a_bundle_does_not_follow_a_link_out_of_its_folder() {
    let env = Env::served(400.0, Faults::default(), GatewaySim::Online);
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    let (bundle, outside) = (env.file("plant-7.bundle"), env.file("outside"));
    fs::rename(bundle.join("etc"), &outside).unwrap();
    symlink(&outside, bundle.join("etc")).unwrap();
    let count = || {
        env.files()
            .iter()
            .filter(|path| path.starts_with(&outside))
            .count()
    };
    let secret = outside.join("swanctl/conf.d/underpass-plant-7-secrets.conf");
    fs::remove_file(&secret).unwrap();
    let before = count();
    let ran = env.run(&["render", SITE]);
    assert!(
        ran.code != 0 && ran.stderr.contains("is a link"),
        "{}",
        ran.stderr
    );
    assert_eq!(count(), before);
    assert!(!secret.exists(), "a key was written through a link");
}

/// Texts that a shell, a template, a router or a terminal would take for something else.
fn evil() -> impl Strategy<Value = String> {
    let pieces = select(vec![
        "$(touch CANARY)",
        "`touch CANARY`",
        ";touch CANARY;",
        "'",
        "\"",
        "\\",
        "|",
        "&",
        "{{ 7 }}",
        "{% if %}",
        "${x}",
        "#",
        "!",
        "exit",
        "end",
        "}",
        "\n",
        "\r",
        "\u{2028}",
        "\u{1b}[2J",
        "../",
        "<b>",
        "|x|",
        "a",
        "b-1",
        "7",
        " ",
        "=",
        "%n",
        "ü",
        "eth0",
        "/vpn",
        ".",
        "_",
        "*",
    ]);
    proptest::collection::vec(pieces, 1..5).prop_map(|pieces| pieces.concat())
}

/// A site file with these texts where it takes texts; quoted as JSON, which YAML reads.
fn with_texts(texts: &[String], routing: &str, device: &str) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| json!(text).to_string()).collect();
    let option = match device {
        "strongswan" => format!("  options: {{wan_interface: {}}}\n", quoted[4]),
        _ => String::new(),
    };
    format!(
        "site: {}\nregion: eu-central-1\nenvironment: test\ngateway:\n  device: {device}\n  \
         outside_ip: 198.51.100.7\n  asn: 65010\n{option}lan: [10.20.0.0/24]\nappliances:\n  - \
         {{name: {}, address: 10.20.0.10, profile: {}}}\naws:\n  vpc: vpc-0a1b2c3d4e5f67890\n  \
         attach_to: virtual-private-gateway\nrouting: {routing}\ntags: {{{}: {}}}\n\
         tunnel_options:\n  log_group_arn: {}\n",
        quoted[0],
        quoted[1],
        quoted[2],
        quoted[3],
        quoted[5],
        json!(format!(
            "arn:aws:logs:eu-central-1:111122223333:log-group:{}",
            texts[6]
        ))
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// One text is evil and the others are harmless, so that many sites are accepted.
    #[test]
    fn rendered_output_has_exactly_the_lines_we_meant(
        evil in evil(), place in 0..7_usize, bgp in any::<bool>(), linux in any::<bool>(),
    ) {
        let mut texts = ["plant-7", "cam-1", "greengrass", "team", "eth0", "ops", "vpn"].map(str::to_owned);
        texts[place] = evil;
        let (routing, device) = (["static", "bgp"][usize::from(bgp)], ["generic", "strongswan"][usize::from(linux)]);
        let file = with_texts(&texts, routing, device);
        if let Ok(loaded) = spec::load(&file, Path::new("site.yaml")) {
            skeleton::assert_same_lines(&loaded.site);
        }
    }
}

#[test]
fn the_harmless_site_of_the_property_is_rendered_by_every_device() {
    let texts = [
        "plant-7",
        "cam-1",
        "greengrass",
        "team",
        "eth0",
        "ops",
        "vpn",
    ]
    .map(str::to_owned);
    for routing in ["bgp", "static"] {
        for device in ["strongswan", "generic"] {
            let file = with_texts(&texts, routing, device);
            let loaded = spec::load(&file, Path::new("site.yaml"));
            let site = loaded
                .unwrap_or_else(|errors| panic!("{:?}", errors.problems()))
                .site;
            assert!(skeleton::assert_same_lines(&site) > 2, "{device}");
        }
    }
}

/// The scripts of a site whose every text is as evil as it may be: a shell makes nothing of them.
#[test]
fn an_install_script_runs_nothing_that_a_site_file_says() {
    let texts = [
        "exit-7",
        "rm-rf",
        "touch",
        "$(touch CANARY);`touch CANARY`'\"|&",
        "eth0.7-x_",
        "';touch CANARY;' \\ ${IFS} | # \" <",
        "a/b_c.d-e#f",
    ];
    let file = with_texts(&texts.map(str::to_owned), "bgp", "strongswan");
    let loaded = spec::load(&file, Path::new("site.yaml"));
    let site = loaded
        .unwrap_or_else(|errors| panic!("{:?}", errors.problems()))
        .site;
    assert!(skeleton::assert_same_lines(&site) > 10);
    let device = underpass::device::find("strongswan").unwrap();
    let set = skeleton::tunnel_set(&site, device).unwrap();
    let (bundle, root) = (
        crate::bundle_sample::written(&set),
        tempfile::tempdir().unwrap(),
    );
    let install = bundle.path().join("install.sh");
    let scripts: Vec<_> = walk(bundle.path())
        .into_iter()
        .filter(|path| path.ends_with(".sh"))
        .collect();
    assert!(scripts.len() >= 3, "{scripts:?}");
    for script in &scripts {
        ok("shellcheck", &["--severity=warning", script]);
    }
    fs::create_dir_all(root.path().join("etc/frr")).unwrap();
    underpass::files::write_public(&root.path().join("etc/frr/frr.conf"), b"hostname r1\n")
        .unwrap();
    underpass::files::write_public(&root.path().join("etc/frr/daemons"), b"bgpd=no\n").unwrap();
    for command in ["--check", "", "--remove"] {
        let mut shell = Command::new("sh");
        shell
            .arg(&install)
            .arg("--root")
            .arg(root.path())
            .current_dir(bundle.path());
        if !command.is_empty() {
            shell.arg(command);
        }
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{command}: {}", text(&output));
    }
    let canary = |folder: &Path| walk(folder).iter().any(|path| path.contains("CANARY"));
    assert!(
        !canary(bundle.path()) && !canary(root.path()),
        "a text was run"
    );
}

fn walk(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.display().to_string());
            }
        }
    }
    found.sort();
    found
}
