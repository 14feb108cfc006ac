//! `underpass devices`: what people choose a router by.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use underpass::device::{example, registry};

use crate::env::Env;

/// The devices as JSON tells them.
fn listed(env: &Env) -> Vec<Value> {
    let json = env.run(&["devices", "--format", "json"]).exits(0).json();
    json["devices"].as_array().unwrap().clone()
}

#[test]
fn the_table_fits_narrow_and_wide_terminals_and_says_what_json_says() {
    let env = Env::new();
    let devices = listed(&env);
    assert_eq!(devices.len(), registry().len());
    for width in [80, 100, 140, 200] {
        let mut command = env.command(&["devices"]);
        command.env("COLUMNS", width.to_string());
        let text = crate::env::ran(command.output().unwrap()).exits(0).stdout;
        assert!(!text.contains('\u{1b}'), "colour in a pipe");
        for line in text.lines().take_while(|line| !line.is_empty()) {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
        for device in &devices {
            let name = device["name"].as_str().unwrap();
            let row = text
                .lines()
                .find(|line| line.split_whitespace().next() == Some(name));
            let row = row.unwrap_or_else(|| panic!("{name} is not in\n{text}"));
            let level = device["judged"]["level"].as_str().unwrap();
            assert!(row.contains(level), "{row}");
            let cipher = device["strongest"]["phase1"]["encryption"]
                .as_str()
                .unwrap();
            assert!(row.contains(cipher), "{row}");
            let can = ["bgp", "static_routing", "ipv6"];
            let yes = can.iter().filter(|can| device[**can] == true).count();
            assert_eq!(row.matches('✔').count(), yes, "{row}");
        }
        let versions = devices[0]["versions"].as_str().unwrap();
        let first = versions.split_whitespace().next().unwrap();
        assert_eq!(text.contains("versions\n"), width >= 120, "{text}");
        assert_eq!(text.contains(&format!(" {first}")), width >= 120, "{text}");
    }
}

/// The block is pasted into a site file, and the site can be planned.
#[test]
fn what_show_prints_for_the_site_file_can_be_planned() {
    let env = Env::new();
    for device in registry() {
        let name = device.name();
        let json = env
            .run(&["devices", "show", name, "--format", "json"])
            .exits(0)
            .json();
        let text = env.run(&["devices", "show", name]).exits(0).stdout;
        assert_eq!(text, env.run(&["devices", name]).exits(0).stdout);
        let block = json["example"].as_str().unwrap();
        assert!(text.ends_with(block), "{text}");
        for option in json["options"].as_array().unwrap() {
            assert!(text.contains(option["pattern"].as_str().unwrap()));
        }
        let files = json["files"].as_array().unwrap();
        assert!(files.iter().any(|file| file["secret"] == true), "{files:?}");
        for file in files {
            assert!(text.contains(file["path"].as_str().unwrap()));
        }
        let routing = if device.abilities().bgp {
            "bgp"
        } else {
            "static"
        };
        env.write(
            "site.yaml",
            &format!(
                "site: plant-7\nregion: eu-central-1\n{block}lan: [10.20.0.0/24]\n\
                 aws: {{ vpc: vpc-0a1b2c3d4e5f67890 }}\nrouting: {routing}\n"
            ),
        );
        env.run(&["plan", "site.yaml", "--offline"]).exits(0);
    }
}

#[test]
fn show_is_as_reviewed() {
    let env = Env::new();
    for (name, width) in [("fortinet-fortios", "80"), ("strongswan", "140")] {
        let mut command = env.command(&["devices", "show", name]);
        command.env("COLUMNS", width);
        let text = crate::env::ran(command.output().unwrap()).exits(0).stdout;
        insta::assert_snapshot!(format!("show_{name}_{width}"), text);
    }
    let run = env.run(&["devices", "show", "fortinet-fortinos"]).exits(3);
    assert!(
        run.stderr.contains("did you mean `fortinet-fortios`?"),
        "{}",
        run.stderr
    );
}

/// Asks jsonschema about site files, by name.
fn judged(schema: &Value, cases: &[(String, String)]) -> Value {
    let cases: Vec<Value> = (cases.iter())
        .map(|(name, yaml)| serde_json::json!({ "name": name, "yaml": yaml }))
        .collect();
    let question = serde_json::json!({ "schema": schema, "cases": cases });
    let python = crate::sandbox_clients::environment().join("bin/python");
    let judge = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges/schema.py");
    let mut child = Command::new(python)
        .arg(judge)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(question.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Every device's example is valid, with its defaults written out too; what our own reader refuses
/// in `gateway.options` the schema refuses as well.
#[test]
fn the_schema_knows_each_devices_options() {
    let env = Env::new();
    let schema: Value =
        serde_json::from_str(&env.run(&["schema", "site"]).exits(0).stdout).unwrap();
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for device in registry() {
        let name = device.name();
        let site = |options: &str| {
            format!(
                "site: plant-7\nregion: eu-central-1\ngateway:\n  device: {name}\n  outside_ip: \
                 198.51.100.7\n  asn: 65010\n{options}lan: [10.20.0.0/24]\naws: {{ vpc: \
                 vpc-0a1b2c3d4e5f67890 }}\n"
            )
        };
        let given = |all: &[(&str, &str)]| {
            let lines = all
                .iter()
                .map(|(key, value)| format!("    {key}: {value}\n"));
            format!("  options:\n{}", lines.collect::<String>())
        };
        let options = device.options();
        let all: Vec<(&str, String)> = (options.iter())
            .map(|option| (option.name, format!("\"{}\"", option.example)))
            .collect();
        let all: Vec<(&str, &str)> = all
            .iter()
            .map(|(key, value)| (*key, value.as_str()))
            .collect();
        good.push((name.to_owned(), example::site_file(*device)));
        if !all.is_empty() {
            good.push((format!("{name} full"), site(&given(&all))));
        }
        let more = |pair| given(&[&all[..], &[pair]].concat());
        bad.push((
            format!("{name} unknown"),
            site(&more(("wan_interfice", "eth0"))),
        ));
        for (at, option) in options.iter().enumerate() {
            let mut wrong = all.clone();
            wrong[at].1 = "\"no such; value\"";
            bad.push((
                format!("{name} {} wrong", option.name),
                site(&given(&wrong)),
            ));
            if option.required {
                let mut less = all.clone();
                less.remove(at);
                let less = if less.is_empty() {
                    String::new()
                } else {
                    given(&less)
                };
                bad.push((format!("{name} {} missing", option.name), site(&less)));
            }
        }
    }
    let strangers = site_of("strongswam");
    bad.push(("no such device".to_owned(), strangers));
    let answers = judged(&schema, &[&good[..], &bad[..]].concat());
    for (name, text) in &good {
        assert_eq!(answers[name], serde_json::json!([]), "{text}");
    }
    for (name, text) in &bad {
        let problems = answers[name].as_array().unwrap();
        assert!(!problems.is_empty(), "{name} is accepted:\n{text}");
        assert!(
            problems
                .iter()
                .all(|it| it.as_str().unwrap().starts_with("gateway")),
            "{name}: {problems:?}"
        );
        env.write("bad.yaml", text);
        let ran = env.run(&["plan", "bad.yaml", "--offline"]);
        assert!(
            [3, 5].contains(&ran.code),
            "{name}: ours accepts it\n{text}"
        );
    }
}

fn site_of(device: &str) -> String {
    format!(
        "site: plant-7\nregion: eu-central-1\ngateway: {{ device: {device}, outside_ip: \
         198.51.100.7, asn: 65010 }}\nlan: [10.20.0.0/24]\naws: {{ vpc: vpc-0a1b2c3d4e5f67890 }}\n"
    )
}
