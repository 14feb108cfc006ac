//! Step lists: their BGP by FRR's own parser, and every value of the tunnels in the table of its own
//! tunnel.

use std::process::Command;

use serde_json::Value;

use super::judge::{Case, cases};

const LISTS: [&str; 6] = [
    "cisco-meraki",
    "ubiquiti-unifi",
    "sophos-firewall",
    "watchguard-firebox",
    "f5-bigip",
    "h3c-comware",
];

/// Whether FRR's parser takes the lines; the dry run needs no daemon.
fn frr_takes(lines: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bgp.conf");
    #[expect(clippy::disallowed_methods, reason = "a fixture")]
    std::fs::write(&file, lines).unwrap();
    let output = Command::new("vtysh")
        .arg("-C")
        .arg("-f")
        .arg(&file)
        .output();
    output.expect("vtysh; see .ci/packages").status.success()
}

#[test]
fn frr_takes_the_lines_for_bgp() {
    let mut files = 0;
    for device in LISTS {
        for case in cases(device) {
            let Some(lines) = case.files.get("bgp.conf") else {
                continue;
            };
            files += 1;
            assert!(frr_takes(lines), "{}:\n{lines}", case.name);
            for leg in case.intent["legs"].as_array().unwrap() {
                let peer = leg["aws_inside"].as_str().unwrap();
                let asn = &case.intent["bgp"]["aws_asn"];
                assert!(lines.contains(&format!("neighbor {peer} remote-as {asn}\n")));
            }
            for (good, bad) in [
                ("timers 10 30\n", "timers 10 30 30\n"),
                ("prefix-list", "prefixlist"),
                ("remote-as 64512", "remote-as"),
                (" le 28", " le 33"),
                (
                    "address-family ipv4 unicast",
                    "address-family ipv4 unicasts",
                ),
                ("maximum-prefix 1000", "max-prefixes 1000"),
            ] {
                assert!(lines.contains(good), "{}: no {good}", case.name);
                let planted = lines.replacen(good, bad, 1);
                assert!(!frr_takes(&planted), "{}: FRR takes {bad}", case.name);
            }
        }
    }
    assert!(files > 0);
}

/// The part of a page that is about one tunnel, by its heading.
fn part<'a>(page: &'a str, number: u64) -> String {
    let wanted = format!("tunnel {number}");
    let mut parts: Vec<&'a str> = Vec::new();
    for section in page.split("\n#") {
        let heading = section.lines().next().unwrap_or_default().to_lowercase();
        if heading.contains(&wanted) {
            parts.push(section);
        }
    }
    assert!(!parts.is_empty(), "no heading for {wanted}");
    parts.concat()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn problems(case: &Case) -> Vec<String> {
    let page = &case.files["steps.md"];
    let legs = case.intent["legs"].as_array().unwrap();
    let mut found = Vec::new();
    for (leg, other) in [(&legs[0], &legs[1]), (&legs[1], &legs[0])] {
        let number = leg["number"].as_u64().unwrap();
        let own = part(page, number);
        for key in ["aws_outside", "key"] {
            if !own.contains(&text(&leg[key])) {
                found.push(format!("tunnel {number} lacks its {key}"));
            }
            if own.contains(&text(&other[key])) {
                found.push(format!("tunnel {number} has the other's {key}"));
            }
        }
        for group in [&leg["phase1"]["dh_group"], &leg["phase2"]["dh_group"]] {
            let said = own.lines().any(|line| {
                let value = line.trim_end_matches([' ', '|']).rsplit(['|', ' ']);
                line.contains(&text(group)) && value.count() > 1
            });
            if !said {
                found.push(format!("tunnel {number} lacks the group {group}"));
            }
        }
        if !own.contains(&text(&case.intent["public"])) {
            found.push(format!("tunnel {number} lacks the identity"));
        }
    }
    found
}

#[test]
fn every_value_stands_with_its_own_tunnel() {
    for device in LISTS {
        for case in cases(device) {
            let found = problems(&case);
            assert!(found.is_empty(), "{}: {found:?}", case.name);
            let legs = case.intent["legs"].as_array().unwrap();
            for key in ["aws_outside", "key"] {
                let (one, two) = (text(&legs[0][key]), text(&legs[1][key]));
                let mut planted = case.clone();
                let page = planted.files.get_mut("steps.md").unwrap();
                *page = page.replacen(&one, &two, 1);
                assert!(!problems(&planted).is_empty(), "{}: {key}", case.name);
            }
        }
    }
}
