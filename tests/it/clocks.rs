//! Clocks that jump: between two runs, in the middle of one, forwards and backwards.
//!
//! The client's clock is bent by libfaketime; AWS's is not.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::env::ran;
use crate::town::{Town, assert_one_of_each, signal, until};

const SITE: &str = "examples/plant-7.yaml";
const HOME: &str = ".underpass";
const ONBOARD: [&str; 3] = ["onboard", SITE, "--yes"];
const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// Starts a command whose wall clock is off by what the file `offset` says, read anew at each look.
fn start(town: &Town, args: &[&str]) -> Child {
    assert!(Path::new(LIBRARY).exists(), "apt-get install faketime");
    let mut command = town.command(HOME, args);
    command
        .env("LD_PRELOAD", LIBRARY)
        .env("FAKETIME_TIMESTAMP_FILE", town.file("offset"))
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn set(town: &Town, offset: &str) {
    underpass::files::write_public(&town.file("offset"), offset.as_bytes()).unwrap();
}

/// Every journal can be read back by the strict reader.
fn assert_journals_legal(town: &Town) {
    let runs = town
        .run(HOME, &["runs", "--format", "json"])
        .exits(0)
        .json();
    for run in runs["runs"].as_array().unwrap() {
        assert_eq!(run["problem"], Value::Null, "{run}");
    }
    for entry in fs::read_dir(town.file(".underpass/plant-7/runs")).unwrap() {
        let text = fs::read(entry.unwrap().path()).unwrap();
        underpass::journal::replay(&text).unwrap();
    }
}

fn assert_one(town: &Town, when: &str) {
    let survey = town.survey();
    assert_one_of_each(&survey.holdings("plant-7"), true, when);
    assert_eq!(survey.untagged(), Vec::<String>::new(), "{when}");
    let vpns = town.changes();
    let creates = |action: &str| {
        let made = vpns.iter().filter_map(|it| it.strip_prefix(action));
        made.collect::<std::collections::BTreeSet<_>>().len()
    };
    for action in ["CreateVpnGateway ok", "CreateVpnConnection ok"] {
        assert_eq!(creates(action), 1, "{when}: {vpns:#?}");
    }
}

#[test]
fn minutes_between_two_runs_double_nothing() {
    for (faults, first, second) in [
        ("", "+0", "+280"),
        ("", "+280", "-280"),
        ("slow-consistency", "-280", "+280"),
        ("slow-consistency", "+280", "-280"),
    ] {
        for record in [2, 3, 5, 8] {
            let town = Town::open(600, record as u64);
            town.faults(faults, record as u64);
            set(&town, first);
            let child = start(&town, &ONBOARD);
            assert!(until(60, || town.records(HOME, "plant-7") >= record));
            signal(&child, "KILL");
            let _killed = child.wait_with_output().unwrap();
            set(&town, second);
            let when = format!("{first} then {second}, killed at {record}, {faults}");
            let ended = ran(start(&town, &ONBOARD).wait_with_output().unwrap());
            assert_eq!(ended.code, 0, "{when}\n{}", ended.stderr);
            assert_one(&town, &when);
            assert_journals_legal(&town);
        }
    }
}

#[test]
fn a_stopped_run_is_found_although_the_clock_was_set_back() {
    let town = Town::open(600, 1);
    // The first run ends in the future; what comes after it is earlier, but newer.
    set(&town, "+280");
    for args in [&ONBOARD, &["teardown", SITE, "--yes"]] {
        ran(start(&town, args).wait_with_output().unwrap()).exits(0);
    }
    set(&town, "-280");
    let before = town.records(HOME, "plant-7");
    let child = start(&town, &ONBOARD);
    assert!(until(60, || town.records(HOME, "plant-7") >= before + 4));
    signal(&child, "KILL");
    let _killed = child.wait_with_output().unwrap();
    let ended = ran(start(&town, &ONBOARD).wait_with_output().unwrap()).exits(0);
    let text = format!("{}{}", ended.stdout, ended.stderr);
    assert!(
        text.contains("this goes on with it"),
        "it was forgotten\n{text}"
    );
    assert_one_of_each(&town.survey().holdings("plant-7"), true, "set back");
}

/// AWS takes no signature of another hour, so nothing can be done by such a clock; that is said,
/// and by the right clock it goes on.
#[test]
fn an_hour_off_is_told_and_once_the_clock_is_right_it_goes_on() {
    for jump in ["+3600", "-3600"] {
        let town = Town::open(300, 1);
        let refused = |args: &[&str]| {
            let ended = ran(start(&town, args).wait_with_output().unwrap()).exits(4);
            assert!(
                ended.stderr.contains("set this machine's clock"),
                "{}",
                ended.stderr
            );
            let last = ended.stderr.lines().last().unwrap_or_default();
            assert!(last.starts_with("  next: "), "{}", ended.stderr);
        };
        // Before a run.
        set(&town, jump);
        refused(&ONBOARD);
        assert_eq!(town.changes(), Vec::<String>::new(), "{jump}");
        // In the middle of one.
        set(&town, "+0");
        let child = start(&town, &ONBOARD);
        assert!(until(60, || town.records(HOME, "plant-7") >= 4));
        set(&town, jump);
        let ended = ran(child.wait_with_output().unwrap()).exits(4);
        assert!(
            ended.stderr.contains("set this machine's clock"),
            "{}",
            ended.stderr
        );
        assert_journals_legal(&town);
        // By a clock that is ahead, the site's life of eight hours is over; it is not.
        set(&town, if jump == "+3600" { "+36000" } else { "-36000" });
        refused(&["reap", "--region", "eu-central-1", "--yes"]);
        set(&town, "+0");
        ran(start(&town, &ONBOARD).wait_with_output().unwrap()).exits(0);
        assert_one(&town, jump);
        assert_journals_legal(&town);
    }
}
