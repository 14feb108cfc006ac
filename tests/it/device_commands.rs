//! `underpass devices`: what people choose a router by.

use serde_json::Value;
use underpass::device::registry;

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
