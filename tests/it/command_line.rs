//! What a newcomer meets: help, wrong input, missing credentials.

use crate::env::Env;

const COMMANDS: [&str; 18] = [
    "init",
    "plan",
    "onboard",
    "render",
    "verify",
    "status",
    "cutover",
    "teardown",
    "reap",
    "runs",
    "resume",
    "policy",
    "playbooks",
    "devices",
    "explain",
    "schema",
    "sandbox",
    "completions",
];

#[test]
fn help_of_every_command_is_as_reviewed() {
    let env = Env::new();
    let mut all = env.run(&["--help"]).exits(0).stdout;
    for command in COMMANDS {
        all.push_str(&format!("\n===== {command}\n"));
        all.push_str(&env.run(&[command, "-h"]).exits(0).stdout);
    }
    insta::assert_snapshot!("help", all);
}

#[test]
fn a_command_that_is_not_listed_here_is_forgotten() {
    let help = Env::new().run(&["--help"]).exits(0).stdout;
    let listed: Vec<_> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|word| word != "help" && line_is_command(word))
        .collect();
    for command in COMMANDS {
        assert!(
            listed.iter().any(|word| word == command),
            "{command} is not in {listed:?}"
        );
    }
}

fn line_is_command(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_lowercase())
}

#[test]
fn without_credentials_the_failure_says_so_and_changes_nothing() {
    let env = Env::new();
    let mut command = env.command(&["plan", "examples/plant-7.yaml"]);
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let run = crate::env::ran(command.output().unwrap()).exits(4);
    assert!(run.stderr.contains("credentials"), "{}", run.stderr);
    assert!(run.stderr.contains("next:"), "{}", run.stderr);
}

#[test]
fn a_wrong_file_is_told_with_positions_in_text_and_in_json() {
    let env = Env::new();
    env.write(
        "bad.yaml",
        "site: Plant 7\nregion: eu-central-1\ngateway: {device: strongswam}\n",
    );
    let text = env.run(&["plan", "bad.yaml", "--sandbox"]).exits(3);
    assert!(text.stderr.contains("bad.yaml:1:7"), "{}", text.stderr);
    assert!(
        text.stderr.contains("nothing was changed"),
        "{}",
        text.stderr
    );
    let json = env
        .run(&["plan", "bad.yaml", "--sandbox", "--format", "json"])
        .exits(3);
    let value: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let problems = value["error"]["details"].as_array().unwrap();
    assert!(problems.len() >= 4, "all at once: {value}");
    assert!(
        problems
            .iter()
            .all(|problem| problem["line"].is_u64() && problem["code"].is_string())
    );
    for problem in problems {
        env.run(&["explain", problem["code"].as_str().unwrap()])
            .exits(0);
    }
}

#[test]
fn every_listing_has_json() {
    let env = Env::new();
    for args in [
        &["playbooks"][..],
        &["playbooks", "vgw-bgp"],
        &["devices"],
        &["devices", "strongswan"],
        &["runs"],
        &["explain"],
    ] {
        env.run(&[args, &["--format", "json"]].concat())
            .exits(0)
            .json();
    }
    env.run(&[
        "plan",
        "examples/plant-7.yaml",
        "--offline",
        "--format",
        "json",
    ])
    .exits(0)
    .json();
    for format in ["mermaid", "dot"] {
        let drawn = env
            .run(&["playbooks", "vgw-bgp", "--format", format])
            .exits(0)
            .stdout;
        assert!(
            drawn.contains("customer") && drawn.contains("connection"),
            "{drawn}"
        );
    }
}

#[test]
fn jsonl_is_one_event_a_line_and_stderr_stays_free() {
    let env = Env::new();
    let run = env
        .run(&[
            "onboard",
            "examples/plant-7.yaml",
            "--sandbox",
            "--time-scale",
            "400",
            "--yes",
            "--format",
            "jsonl",
        ])
        .exits(0);
    let lines: Vec<serde_json::Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["event"], "run_started");
    for event in ["calling", "called", "waiting", "ready", "run_ended"] {
        assert!(
            lines.iter().any(|line| line["event"] == event),
            "no {event}"
        );
    }
    assert!(lines.last().unwrap()["schema_version"].is_u64());
    assert_eq!(run.stderr, "");
}

#[test]
fn nobody_there_to_say_yes_means_no() {
    let env = Env::new();
    let run = env
        .run(&["onboard", "examples/plant-7.yaml", "--sandbox"])
        .exits(8);
    assert!(
        run.stderr
            .contains("next: underpass onboard examples/plant-7.yaml --sandbox --yes"),
        "{}",
        run.stderr
    );
    assert!(!env.file("plant-7.bundle").exists());
}

#[test]
fn init_writes_a_file_that_plans() {
    let env = Env::new();
    env.run(&[
        "init",
        "new.yaml",
        "--site",
        "plant-9",
        "--region",
        "eu-central-1",
        "--vpc",
        "vpc-0a1b2c3d4e5f67890",
        "--device",
        "strongswan",
        "--outside-ip",
        "198.51.100.99",
        "--routing",
        "bgp",
        "--asn",
        "65099",
        "--lan",
        "10.99.0.0/24",
    ])
    .exits(0);
    env.run(&["plan", "new.yaml", "--sandbox"]).exits(0);
    env.run(&["init", "new.yaml", "--site", "x"]).exits(3);
    env.run(&["init", "other.yaml"]).exits(3);
}

#[test]
fn the_output_is_plain_where_nobody_looks() {
    let env = Env::new();
    let run = env
        .run(&[
            "onboard",
            "examples/shop-12.yaml",
            "--sandbox",
            "--time-scale",
            "400",
            "--yes",
        ])
        .exits(0);
    assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'));
}

#[test]
fn the_policy_of_a_saved_plan_names_what_it_adopts_and_no_more() {
    let env = Env::new();
    let clinic = "examples/clinic-3.yaml";
    env.run(&["plan", clinic, "--sandbox", "--out", "plan.json"])
        .exits(0);
    let exact = env.run(&["policy", clinic, "--plan", "plan.json"]).exits(0);
    assert!(
        exact
            .stdout
            .contains(":111122223333:vpn-gateway/vgw-0b1b2c3d4e5f60009"),
        "{}",
        exact.stdout
    );
    // The gateway is there already, so nobody needs to be allowed to make one.
    assert!(
        !exact.stdout.contains("ec2:CreateVpnGateway"),
        "{}",
        exact.stdout
    );
    assert!(
        exact.stdout.contains("aws:RequestTag/underpass:site"),
        "{}",
        exact.stdout
    );
    let other = ["policy", "examples/plant-7.yaml", "--plan", "plan.json"];
    assert!(env.run(&other).exits(3).stderr.contains("clinic-3"));
}

#[test]
fn completions_and_man_pages_are_made() {
    let env = Env::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(
            env.run(&["completions", shell])
                .exits(0)
                .stdout
                .contains("onboard"),
            "{shell}"
        );
    }
    env.run(&["man", "pages"]).exits(0);
    for command in COMMANDS {
        assert!(
            env.file(&format!("pages/underpass-{command}.1")).exists(),
            "{command}"
        );
    }
}

#[test]
fn every_command_that_is_suggested_works_when_pasted() {
    let env = Env::new();
    let flags = ["--sandbox", "--time-scale", "400", "--home", "a home"];
    let with = |args: &[&'static str]| [args, &flags].concat();
    let site = "examples/plant-7.yaml";
    let mut told = Vec::new();
    for (args, code) in [
        (&["plan", site][..], 0),
        (&["verify", site], 7),
        (&["onboard", site], 8),
        (&["onboard", site, "--yes", "--accept", "x::y"], 0),
        (&["render", site], 0),
        (&["verify", site], 7),
        (&["status", site], 0),
        (&["runs"], 0),
        (&["teardown", site, "--dry-run"], 0),
        (&["teardown", site], 8),
    ] {
        let run = env.run(&with(args)).exits(code);
        told.extend(suggested(&run.stdout).chain(suggested(&run.stderr)));
    }
    told.sort();
    told.dedup();
    assert!(told.len() >= 6, "{told:#?}");
    for command in told {
        assert!(command.contains("--sandbox"), "{command}");
        assert!(command.contains("--home 'a home'"), "{command}");
        let pasted = command.replacen("underpass", env!("CARGO_BIN_EXE_underpass"), 1);
        // What waits for the router waits for as long as it takes: seeing it accepted is enough.
        let pasted = pasted.replace(" --watch", " --watch --help");
        let mut shell = std::process::Command::new("sh");
        let shell = shell.args(["-c", &pasted]).env_clear().env("CI", "true");
        let ran = crate::env::ran(shell.current_dir(env.path()).output().unwrap());
        assert!([0, 7, 8].contains(&ran.code), "{command}\n{}", ran.stderr);
    }
}

/// The commands of underpass behind a `next:`.
fn suggested(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines()
        .filter_map(|line| line.trim_start().strip_prefix("next:"))
        .map(|command| command.trim().to_owned())
        .filter(|command| command.starts_with("underpass "))
}

#[test]
fn narrow_terminals_get_whole_ids() {
    let env = Env::new();
    let flags = ["--sandbox", "--time-scale", "400"];
    let site = "examples/plant-7.yaml";
    let run = |args: &[&'static str]| {
        let mut command = env.command(&[args, &flags].concat());
        crate::env::ran(command.env("COLUMNS", "80").output().unwrap())
    };
    run(&["onboard", site, "--yes"]).exits(0);
    let json = env
        .run(&[&["status", site, "--format", "json"][..], &flags].concat())
        .json();
    let status = run(&["status", site]).exits(0).stdout;
    for step in json["steps"].as_array().unwrap() {
        let id = step["id"].as_str().unwrap();
        assert!(
            id.contains(':') || status.contains(id),
            "{id} is broken in\n{status}"
        );
    }
    for line in status.lines().filter(|line| !line.contains("next: ")) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_warning_is_told_once_and_only_where_it_matters() {
    let env = Env::new();
    let site = "examples/plant-7.yaml";
    let plan = env.run(&["plan", site, "--sandbox"]).exits(0);
    let all = format!("{}{}", plan.stdout, plan.stderr);
    assert_eq!(
        all.matches("198.51.100.7 is an address").count(),
        1,
        "{all}"
    );
    let teardown = env.run(&["teardown", site, "--sandbox", "--yes"]).exits(0);
    assert_eq!(teardown.stderr, "");
    assert_eq!(
        teardown.stdout,
        "Nothing of site plant-7 is in eu-central-1.\n"
    );
}

#[test]
fn json_of_an_onboarding_in_the_sandbox_has_its_calls() {
    let env = Env::new();
    let flags = [
        "--sandbox",
        "--time-scale",
        "400",
        "--yes",
        "--format",
        "json",
    ];
    let site = "examples/plant-7.yaml";
    let value = env
        .run(&[&["onboard", site][..], &flags].concat())
        .exits(0)
        .json();
    let creates = |value: &serde_json::Value| {
        let calls = value["calls"].as_array().unwrap();
        assert!(
            calls
                .iter()
                .all(|call| call["at"].is_string() && call["outcome"].is_string())
        );
        calls
            .iter()
            .filter(|call| call["action"] == "CreateVpnConnection")
            .count()
    };
    assert_eq!(creates(&value), 1);
    let again = env
        .run(&[&["onboard", site][..], &flags].concat())
        .exits(0)
        .json();
    assert_eq!(
        creates(&again),
        0,
        "of this process alone, and nothing is made twice"
    );
}

#[test]
fn a_playbook_of_ones_own_is_checked_against_the_kinds() {
    let env = Env::new();
    env.write(
        "own.yaml",
        "playbook: mine\nsummary: broken\nsteps:\n  - id: a\n    kind: vpn_gatway\n",
    );
    let told = env.run(&["playbooks", "own.yaml"]).exits(3);
    assert!(told.stderr.contains("own.yaml:5:11"), "{}", told.stderr);
    assert!(
        told.stderr.contains("did you mean `vpn_gateway`"),
        "{}",
        told.stderr
    );
}
