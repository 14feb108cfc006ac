//! Disks that are full, cannot be written, or lost the end of a line: a clear error, and with space
//! again the same command finishes.
//!
//! The disks are small tmpfs in a mount namespace of their own, so that nothing of them is left.

use std::fs;
use std::process::{Command, Stdio};

use crate::env::{Ran, ran};
use crate::town::{Town, assert_one_of_each, signal, until};

const SITE: &str = "examples/plant-7.yaml";
const HOME: &str = ".underpass";
const ONBOARD: [&str; 3] = ["onboard", SITE, "--yes"];
const BINARY: &str = env!("CARGO_BIN_EXE_underpass");

/// Runs a script as root of a mount namespace, in the town's folder. `$U` is underpass.
fn in_own_mounts(town: &Town, script: &str) -> Ran {
    let mut command = Command::new("unshare");
    town.dress(&mut command, HOME);
    command
        .args(["-m", "sh", "-c", script])
        .env("U", BINARY)
        .env("NO_COLOR", "1");
    ran(command.output().unwrap())
}

/// The parts of a script's output, which it tells apart by lines of `=== name code`.
fn part<'a>(ran: &'a Ran, name: &str) -> (&'a str, i32) {
    let mark = format!("=== {name} ");
    let mut before = "";
    for piece in ran.stdout.split_inclusive('\n') {
        if let Some(code) = piece.strip_prefix(&mark) {
            let start = before.rfind("=== ").map_or(0, |at| {
                at + before[at..].find('\n').map_or(0, |end| end + 1)
            });
            return (&before[start..], code.trim().parse().unwrap());
        }
        let length = before.len() + piece.len();
        before = &ran.stdout[..length];
    }
    panic!("no {name} in\n{}\n{}", ran.stdout, ran.stderr);
}

/// A clear error: what failed, why, and the command that goes on.
fn assert_clear(said: &str, code: i32, why: &str, when: &str) {
    assert_eq!(code, 1, "{when}\n{said}");
    assert!(said.contains(why), "{when}: {why} is not in\n{said}");
    assert!(!said.contains("panicked"), "{when}\n{said}");
    let last = said.trim_end().lines().last().unwrap_or_default();
    assert!(
        last.starts_with("  next: underpass "),
        "{when}: no command to go on\n{said}"
    );
}

#[test]
fn a_full_disk_is_told_and_with_space_again_the_same_command_finishes() {
    let town = Town::open(600, 1);
    let mut places = std::collections::BTreeSet::new();
    // Pages of 4 KiB that are free. The tag's length moves the page's end from record to record.
    let pages = (2..=26).map(|pages| (pages, 0));
    for (pages, shift) in pages {
        let tag = "x".repeat(1 + 40 * shift);
        let words = [(
            "routing: bgp",
            &*format!("routing: bgp\ntags: {{ note: \"{tag}\" }}"),
        )];
        let site = town.variant(SITE, "full.yaml", &words);
        let script = format!(
            "mkdir -p disk && mount -t tmpfs -o size={size}k tmpfs disk || exit 90
             run() {{ $U onboard {site} --yes --home disk/home --out disk/out \
                --time-scale 600 2>&1; echo \"=== $1 $?\"; }}
             run full; find disk -name '.underpass-*'; echo '=== litter 0'
             mount -o remount,size=16m disk; run again",
            size = 4 * (pages + 1),
        );
        let ended = in_own_mounts(&town, &script);
        let when = format!("{pages} pages, shift {shift}");
        let (said, code) = part(&ended, "full");
        if code != 0 {
            assert_clear(said, code, "No space left on device", &when);
            assert_eq!(part(&ended, "litter").0, "", "{when}\n{said}");
            let line = said.lines().rfind(|line| line.contains("No space left"));
            let line = line.unwrap_or_default();
            println!("{when}: {line}");
            let place = [
                "/lock:",
                "keys.json",
                "plant-7/command",
                "runs/",
                "disk/out",
            ]
            .into_iter()
            .find(|place| line.contains(place));
            let call = if said.contains("left behind: Create") || said.contains("maybe") {
                " with a call in doubt"
            } else {
                ""
            };
            places.insert(format!("{}{call}", place.unwrap_or(line)));
        }
        let (said, code) = part(&ended, "again");
        assert_eq!(code, 0, "{when}\n{}", ended.stdout);
        assert!(!said.contains("panicked"), "{said}");
        let survey = town.survey();
        assert_one_of_each(&survey.holdings("plant-7"), true, &when);
        assert_eq!(survey.untagged(), Vec::<String>::new(), "{when}");
        town.run("elsewhere", &["teardown", SITE, "--yes"]).exits(0);
        assert_eq!(town.survey().left(), Vec::<String>::new(), "{when}");
    }
    println!("the disk was full at: {places:#?}");
    for place in ["keys.json", "runs/", "disk/out"] {
        let hit = places.iter().any(|it| it.starts_with(place));
        assert!(hit, "never at {place}: {places:?}");
    }
}

#[test]
fn a_full_disk_under_the_sandbox_loses_nothing_that_was_answered() {
    let town = Town::open(600, 1);
    for pages in [3, 6, 9, 12, 15, 18, 22, 26] {
        let script = format!(
            "mkdir -p disk && mount -t tmpfs -o size={}k tmpfs disk || exit 90
             unset AWS_ENDPOINT_URL
             run() {{ name=$1; shift; $U \"$@\" --sandbox --home disk/home --time-scale 600 2>&1; \
                echo \"=== $name $?\"; }}
             run full onboard {SITE} --yes --out out
             mount -o remount,size=16m disk
             run again onboard {SITE} --yes --out out
             run same plan {SITE} --detailed-exitcode
             run gone teardown {SITE} --yes
             rm -r out",
            4 * pages
        );
        let ended = in_own_mounts(&town, &script);
        let (said, code) = part(&ended, "full");
        assert!([0, 1, 6].contains(&code), "{pages}\n{said}");
        if code != 0 {
            assert!(said.contains("No space left on device"), "{pages}\n{said}");
            let last = said.trim_end().lines().last().unwrap_or_default();
            assert!(last.starts_with("  next: underpass "), "{pages}\n{said}");
        }
        for name in ["again", "same", "gone"] {
            let (said, code) = part(&ended, name);
            assert_eq!(code, 0, "{pages} {name}\n{said}\n{}", ended.stdout);
        }
    }
}

#[test]
fn folders_that_cannot_be_written_are_told_before_anything_is_made() {
    let town = Town::open(600, 1);
    let script = format!(
        "mkdir -p ro && mount --bind ro ro && mount -o remount,ro,bind ro || exit 90
         run() {{ name=$1; shift; \"$@\" --time-scale 600 2>&1; echo \"=== $name $?\"; }}
         run home $U onboard {SITE} --yes --home ro/home
         echo text > file
         run file $U onboard {SITE} --yes --home file
         echo '=== unchanged 0'
         run out $U onboard {SITE} --yes --out ro/out
         run outfile $U onboard {SITE} --yes --out file/out
         run good $U onboard {SITE} --yes --out out"
    );
    let ended = in_own_mounts(&town, &script);
    for (name, why) in [
        ("home", "Read-only file system"),
        ("file", "ot a directory"),
        ("out", "Read-only file system"),
        ("outfile", "ot a directory"),
    ] {
        let (said, code) = part(&ended, name);
        assert_clear(said, code, why, name);
        let stands = said.contains("left behind: AWS's half");
        assert_eq!(stands, name.starts_with("out"), "{name}\n{said}");
        assert_eq!(
            said.contains("nothing was changed"),
            !stands,
            "{name}\n{said}"
        );
    }
    let (said, code) = part(&ended, "good");
    assert_eq!(code, 0, "{said}");
    assert_one_of_each(&town.survey().holdings("plant-7"), true, "good");
}

#[test]
fn a_result_that_stdout_does_not_take_is_a_failure_unless_nobody_reads() {
    let town = Town::open(600, 1);
    let full = |args: &[&str]| {
        let device = fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let mut command = town.command(HOME, args);
        command.stdout(device).stderr(Stdio::piped());
        ran(command.output().unwrap())
    };
    for args in [
        &["plan", SITE][..],
        &["schema"],
        &["plan", SITE, "--format", "json"],
    ] {
        let ended = full(args);
        assert_clear(
            &ended.stderr,
            ended.code,
            "No space left on device",
            &format!("{args:?}"),
        );
    }
    let ended = full(&ONBOARD);
    assert_clear(
        &ended.stderr,
        ended.code,
        "is done, but the result",
        "onboard",
    );
    assert_one_of_each(&town.survey().holdings("plant-7"), true, "onboard");
    let changes = town.changes();
    town.run(HOME, &ONBOARD).exits(0);
    assert_eq!(town.changes(), changes);

    let piped = format!(
        "$U plan {SITE} --time-scale 600 2>&1 | head -1; echo \"=== head ${{PIPESTATUS}}$?\"
         ($U teardown {SITE} --yes --time-scale 600; echo $? > code) 2>&1 | head -1; \
         echo \"=== gone $(cat code)\""
    );
    let ended = in_own_mounts(&town, &piped);
    let (said, code) = part(&ended, "gone");
    assert_eq!(code, 0, "{said}");
    assert_eq!(town.survey().left(), Vec::<String>::new());
}

#[test]
fn a_journal_that_was_cut_at_any_byte_of_its_last_line_goes_on() {
    let town = Town::open(600, 1);
    let child = town.start(HOME, &ONBOARD);
    assert!(until(30, || town.records(HOME, "plant-7") >= 9));
    signal(&child, "KILL");
    let _killed = child.wait_with_output().unwrap();
    let runs = town.file(".underpass/plant-7/runs");
    let journal = fs::read_dir(&runs).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&journal).unwrap();
    let text = whole.strip_suffix(b"\n").unwrap_or(&whole);
    let last = text.iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    let cut = |at: usize| {
        for entry in fs::read_dir(&runs).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        underpass::files::write_secret(&journal, &whole[..at]).unwrap();
    };

    for at in last..whole.len() {
        cut(at);
        let runs = town.run(HOME, &["runs", "--format", "json"]).exits(0);
        let run = &runs.json()["runs"][0];
        assert_eq!(
            run["problem"],
            serde_json::Value::Null,
            "cut at {at}: {run}"
        );
    }
    let length = whole.len() - last;
    let mut resumed = 0;
    for at in [
        0,
        1,
        length / 4,
        length / 2,
        length - 20,
        length - 2,
        length - 1,
    ] {
        cut(last + at);
        town.run(HOME, &ONBOARD).exits(0);
        let when = format!("cut behind byte {at} of {length}");
        let survey = town.survey();
        assert_one_of_each(&survey.holdings("plant-7"), true, &when);
        assert_eq!(survey.untagged(), Vec::<String>::new(), "{when}");
        let lines = fs::read_to_string(&journal).unwrap();
        resumed += usize::from(lines.contains("\"resumed\""));
    }
    assert_eq!(resumed, 7, "the same run went on each time");
    println!("cut at each of {length} bytes");
}
