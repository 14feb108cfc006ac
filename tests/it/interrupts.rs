//! Ctrl-C, SIGTERM and a terminal that closes, in each stage: the process says what is there and
//! how to go on, and then it goes on.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::env::{Ran, ran};
use crate::town::{Town, assert_one_of_each, signal, until};

const SITE: &str = "examples/plant-7.yaml";
const HOME: &str = ".underpass";
const ONBOARD: [&str; 3] = ["onboard", SITE, "--yes"];
const TEARDOWN: [&str; 3] = ["teardown", SITE, "--yes"];

fn ends(child: Child) -> Ran {
    ran(child.wait_with_output().unwrap())
}

/// Stopped on purpose, with the command to go on as its last line.
fn assert_stopped(ended: Ran, says: &str) -> String {
    let ended = ended.exits(8);
    assert!(
        ended.stderr.contains(says),
        "{says} is not in\n{}",
        ended.stderr
    );
    let last = ended.stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with("  next: underpass "), "{}", ended.stderr);
    ended.stderr
}

/// Runs the command again: the site is there once, and a third time changes nothing.
fn goes_on(town: &Town, when: &str) {
    town.run(HOME, &ONBOARD).exits(0);
    let survey = town.survey();
    assert_one_of_each(&survey.holdings("plant-7"), true, when);
    let changes = town.changes();
    town.run(HOME, &ONBOARD).exits(0);
    assert_eq!(town.changes(), changes, "{when}");
}

/// Starts a command and waits until it has written so many records.
fn started(town: &Town, args: &[&str], records: usize) -> Child {
    let before = town.records(HOME, "plant-7");
    let mut child = town.start(HOME, args);
    let there = until(30, || {
        town.records(HOME, "plant-7") >= before + records || child.try_wait().unwrap().is_some()
    });
    assert!(
        there && child.try_wait().unwrap().is_none(),
        "no record {records}"
    );
    child
}

#[test]
fn before_the_first_call_a_signal_changes_nothing() {
    let town = Town::open(400, 1);
    for name in ["INT", "TERM", "HUP"] {
        for args in [&ONBOARD[..], &["plan", SITE], &TEARDOWN] {
            town.freeze();
            let child = town.start(HOME, args);
            thread::sleep(Duration::from_millis(400));
            signal(&child, name);
            let said = assert_stopped(ends(child), "nothing was changed");
            town.thaw();
            assert!(
                said.contains(&format!("next: underpass {}", args[0])),
                "{said}"
            );
            assert_eq!(town.changes(), Vec::<String>::new(), "{name} {args:?}");
        }
    }
    goes_on(&town, "after nine signals");
}

#[test]
fn a_question_can_be_answered_with_ctrl_c() {
    let town = Town::open(400, 1);
    let asked = |args: &[&str], question: &str, does: &str| {
        let mut command = Command::new("python3");
        town.dress(&mut command, HOME);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/clients/terminal.py");
        command
            .args([script, question, does, env!("CARGO_BIN_EXE_underpass")])
            .args(args)
            .args(["--time-scale", "400"])
            .env_remove("CI")
            .env("TERM", "xterm");
        ran(command.output().unwrap()).exits(0).stdout
    };
    for does in ["\x03", "hangup"] {
        let said = asked(&["onboard", SITE], "Bring this site up?", does);
        assert!(said.ends_with("exit: 8\n"), "{said}");
        if does == "\x03" {
            assert!(
                said.contains("stopped as you asked: nothing was changed"),
                "{said}"
            );
        }
        assert_eq!(town.changes(), Vec::<String>::new());
    }
    let said = asked(&["onboard", SITE], "Bring this site up?", "y\n");
    assert!(said.ends_with("exit: 0\n"), "{said}");
    let before = town.changes();
    let said = asked(&["teardown", SITE], "Remove all of this?", "\x03");
    assert!(said.ends_with("exit: 8\n"), "{said}");
    assert_eq!(town.changes(), before);
    // The same in a run: the terminal closes while AWS works.
    let said = asked(&["teardown", SITE], "Remove all of this?", "y\n");
    assert!(said.ends_with("exit: 0\n"), "{said}");
    let said = asked(&["onboard", SITE, "--yes"], "vpn-", "hangup");
    assert!(said.ends_with("exit: 8\n"), "{said}");
    goes_on(&town, "after a hangup");
}

#[test]
fn a_call_in_flight_gets_its_answer_and_its_record() {
    for (name, times) in [("INT", 1), ("INT", 2), ("TERM", 2), ("HUP", 1)] {
        let town = Town::open(400, 1);
        // Two records: the plan and the intent of the first create.
        let mut child = started(&town, &ONBOARD, 2);
        town.freeze();
        for _ in 0..times {
            signal(&child, name);
            thread::sleep(Duration::from_millis(100));
        }
        thread::sleep(Duration::from_millis(300));
        let alive = child.try_wait().unwrap().is_none();
        town.thaw();
        let said = assert_stopped(ends(child), "stopped as you asked");
        assert!(
            said.contains(&format!("next: underpass {}", ONBOARD.join(" "))),
            "{said}"
        );
        assert!(
            alive,
            "{name}: it left before its call was answered\n{said}"
        );
        goes_on(&town, &format!("{name} {times} times in a call"));
    }
}

#[test]
fn a_wait_ends_at_the_second_signal_or_when_nobody_is_there() {
    for (args, name, times) in [
        (&ONBOARD, "INT", 2),
        (&ONBOARD, "TERM", 1),
        (&ONBOARD, "HUP", 1),
        (&TEARDOWN, "INT", 2),
        (&TEARDOWN, "HUP", 1),
    ] {
        let town = Town::open(100, 1);
        if args[0] == "teardown" {
            town.run(HOME, &ONBOARD).exits(0);
        }
        let child = started(&town, args, 5);
        for _ in 0..times {
            signal(&child, name);
            thread::sleep(Duration::from_millis(50));
        }
        let said = assert_stopped(ends(child), "stopped as you asked");
        assert!(
            said.contains(&format!("next: underpass {}", args.join(" "))),
            "{said}"
        );
        if args[0] == "teardown" {
            town.run(HOME, args).exits(0);
            assert_eq!(town.survey().left(), Vec::<String>::new(), "{name}");
        } else {
            goes_on(&town, &format!("{name} {times} times in a wait"));
        }
    }
}

#[test]
fn between_the_run_and_the_files_a_signal_says_what_stands() {
    for name in ["INT", "TERM", "HUP"] {
        let town = Town::open(400, 1);
        let records = {
            let other = Town::open(400, 1);
            other.run(HOME, &ONBOARD).exits(0);
            other.records(HOME, "plant-7")
        };
        let child = started(&town, &ONBOARD, records - 1);
        // What is left is `finished`; AWS is asked once more, for what the files are made of.
        town.freeze();
        assert!(
            until(20, || town.records(HOME, "plant-7") >= records),
            "not finished"
        );
        thread::sleep(Duration::from_millis(200));
        signal(&child, name);
        let ended = ends(child);
        town.thaw();
        let said = assert_stopped(ended, "AWS's half stands");
        assert!(
            said.contains(&format!("next: underpass {}", ONBOARD.join(" "))),
            "{said}"
        );
        goes_on(&town, name);
        assert!(town.file("plant-7.bundle/manifest.json").exists());
    }
}

#[test]
fn watching_for_tunnels_ends_with_a_signal() {
    let town = Town::open(400, 1);
    town.ask("POST", "gateway?state=offline");
    town.run(HOME, &ONBOARD).exits(0);
    for name in ["INT", "TERM", "HUP"] {
        let watching = [&ONBOARD[..], &["--wait-for-tunnels", "500h"]].concat();
        let mut child = town.start(HOME, &watching);
        thread::sleep(Duration::from_millis(1500));
        assert!(child.try_wait().unwrap().is_none(), "it does not watch");
        signal(&child, name);
        assert!(
            until(10, || child.try_wait().unwrap().is_some()),
            "{name} is not heard"
        );
        let ended = ends(child).exits(7);
        assert!(
            ended.stderr.contains("next: underpass verify"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn nohup_outlives_its_terminal_and_a_closed_pipe_is_no_failure() {
    let town = Town::open(200, 1);
    let mut command = Command::new("sh");
    town.dress(&mut command, HOME);
    let run = format!(
        "trap '' HUP; exec {} onboard {SITE} --yes --time-scale 200",
        env!("CARGO_BIN_EXE_underpass")
    );
    let child = command
        .args(["-c", &run])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    assert!(until(20, || town.records(HOME, "plant-7") >= 4));
    signal(&child, "HUP");
    ends(child).exits(0);
    goes_on(&town, "nohup");

    // Nobody reads any more, neither the result nor what goes on.
    let mut child = town.start(HOME, &TEARDOWN);
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(town.survey().left(), Vec::<String>::new());
}
