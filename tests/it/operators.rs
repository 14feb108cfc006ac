//! Two people at once: on one site, where one of them has to wait, and on two sites that share a
//! gateway, where neither may hurt the other.

use std::process::Child;
use std::thread;
use std::time::Duration;

use underpass::clock::IdSource;

use crate::env::{Ran, ran};
use crate::town::{Holdings, Town, assert_one_of_each};

const SITE: &str = "examples/plant-7.yaml";
const OTHER: &str = "plant-8.yaml";
const HOME: &str = ".underpass";
const SCALE: u32 = 600;

fn town(seed: u64) -> Town {
    let town = Town::open(SCALE, seed);
    let words = [
        ("site: plant-7", "site: plant-8"),
        ("198.51.100.7", "198.51.100.8"),
        ("asn: 65010", "asn: 65018"),
        ("10.20.0.0/24", "10.28.0.0/24"),
        ("10.20.0.10", "10.28.0.10"),
    ];
    town.variant(SITE, OTHER, &words);
    town.ask("POST", "gateway?ip=198.51.100.8&lan=10.28.0.0/24");
    town
}

/// Starts two commands as close to each other as the dice say, and lets both come to their end.
fn race(town: &Town, dice: &IdSource, both: [(&str, &[&str]); 2]) -> [(u32, Ran); 2] {
    let mut order = [0, 1];
    if dice.below(2) == 0 {
        order.reverse();
    }
    let mut children: Vec<(usize, Child)> = Vec::new();
    for which in order {
        let (who, args) = both[which];
        let mut command = town.command(HOME, args);
        command
            .env("USER", who)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        children.push((which, command.spawn().unwrap()));
        if dice.below(2) == 0 {
            thread::sleep(Duration::from_micros(dice.below(40_000)));
        }
    }
    children.sort_by_key(|(which, _)| *which);
    let ends = children.into_iter().map(|(_, child)| {
        let pid = child.id();
        (pid, ran(child.wait_with_output().unwrap()))
    });
    let ends: Vec<_> = ends.collect();
    ends.try_into().ok().unwrap()
}

/// The loser is told who holds the site: the name, the machine, the process, since when, and what
/// was typed.
fn assert_told(loser: &Ran, winner: (&str, u32, &str)) {
    let (who, pid, command) = winner;
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    for word in [
        format!("locked by {who} on {}", host.trim()),
        format!("process {pid}, since 20"),
        format!("`underpass {command}"),
        "nothing was changed".to_owned(),
    ] {
        assert!(
            loser.stderr.contains(&word),
            "{word} is not in\n{}",
            loser.stderr
        );
    }
    let last = loser.stderr.lines().last().unwrap_or_default();
    assert!(last.starts_with("  next: underpass "), "{}", loser.stderr);
}

#[test]
fn of_two_operators_on_one_site_one_works_and_the_other_learns_who() {
    let dice = IdSource::seeded(50);
    let town = town(1);
    let (onboard, teardown) = (["onboard", SITE, "--yes"], ["teardown", SITE, "--yes"]);
    let (mut races, mut lost, mut after) = (0, 0, 0);
    while races < 51 {
        let up = town.survey().left() != Vec::<String>::new();
        let both: [(&str, &[&str]); 2] = match (races % 3, up) {
            (0, false) => [("kim", &onboard), ("lee", &onboard)],
            (1, true) => [("kim", &onboard), ("lee", &teardown)],
            (2, true) => [("kim", &teardown), ("lee", &teardown)],
            (_, true) => {
                town.run(HOME, &teardown).exits(0);
                continue;
            }
            (_, false) => {
                town.run(HOME, &onboard).exits(0);
                continue;
            }
        };
        races += 1;
        let [first, second] = race(&town, &dice, both);
        let when = format!(
            "race {races} {both:?}\n{}\n{}",
            first.1.stderr, second.1.stderr
        );
        let pairs = [(&first, &second, 1), (&second, &first, 0)];
        match pairs.iter().find(|(one, _, _)| one.1.code == 5) {
            Some((loser, winner, which)) => {
                lost += 1;
                assert_eq!(winner.1.code, 0, "{when}");
                let (who, args) = both[*which];
                assert_told(&loser.1, (who, winner.0, &args.join(" ")));
            }
            // One had finished before the other came to the lock.
            None => {
                after += 1;
                assert_eq!([first.1.code, second.1.code], [0, 0], "{when}");
            }
        }
        let survey = town.survey();
        if !survey.left().is_empty() {
            assert_one_of_each(&survey.holdings("plant-7"), true, &when);
            assert_eq!(survey.propagations().len(), 3, "{when}");
        }
        assert_eq!(survey.untagged(), Vec::<String>::new(), "{when}");
    }
    println!("{races} races of two processes: {lost} were told to wait, {after} came after");
    assert!(lost >= 25, "only {lost} of {races} met");
}

#[test]
fn two_sites_that_share_a_gateway_do_not_hurt_each_other() {
    let mut races = 0;
    for seed in 0..17 {
        let dice = IdSource::seeded(seed);
        let town = town(seed);
        let (up, up_other) = (["onboard", SITE, "--yes"], ["onboard", OTHER, "--yes"]);
        let (down, down_other) = (["teardown", SITE, "--yes"], ["teardown", OTHER, "--yes"]);
        for both in [
            [("kim", &up[..]), ("lee", &up_other)],
            [("kim", &down), ("lee", &up_other)],
            [("kim", &down), ("lee", &down_other)],
        ] {
            races += 1;
            let ends = race(&town, &dice, both);
            for ((_, end), (_, args)) in ends.into_iter().zip(both) {
                again_until_done(&town, args, end);
            }
            let survey = town.survey();
            let when = format!("seed {seed} {both:?}\n{:#?}", town.changes());
            assert_eq!(survey.untagged(), Vec::<String>::new(), "{when}");
            for ((_, args), site) in both.iter().zip(["plant-7", "plant-8"]) {
                let held = survey.holdings(site);
                if args[0] == "onboard" {
                    let connections = held.get("connection").map_or(0, Vec::len);
                    let gateways = held.get("customer gateway").map_or(0, Vec::len);
                    assert_eq!((connections, gateways), (1, 1), "{when}\n{held:?}");
                }
            }
        }
        // Whoever was still used by the other could not go; now everything can.
        for args in [down, down_other, down] {
            let end = town.run(HOME, &args);
            again_until_done(&town, &args, end);
        }
        assert_eq!(
            town.survey().holdings("plant-7"),
            Holdings::new(),
            "seed {seed}"
        );
        assert_eq!(town.survey().left(), Vec::<String>::new(), "seed {seed}");
    }
    println!("{races} races of two sites on one gateway");
}

/// Runs a command again, as its last line says, until it is done.
fn again_until_done(town: &Town, args: &[&str], first: Ran) {
    let mut said = Vec::new();
    let mut end = first;
    for _ in 0..8 {
        if end.code == 0 {
            return;
        }
        assert!(
            [5, 6, 9].contains(&end.code),
            "{args:?} {}\n{}",
            end.code,
            end.stderr
        );
        said.push(end.stderr);
        end = town.run(HOME, args);
    }
    if end.code != 0 {
        panic!(
            "{args:?} is never done\n{}\n{}",
            said.join("\n"),
            end.stderr
        );
    }
}
