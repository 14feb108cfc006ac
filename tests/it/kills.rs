//! `kill -9`, for real: the client dies at every kind of moment, and is run again until it is done.
//!
//! `UNDERPASS_KILLS=10` repeats the lives with ten seeds instead of one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use underpass::clock::IdSource;

use crate::env::{Ran, ran};
use crate::town::{Holdings, Town, assert_one_of_each, signal};

const BGP: &str = "examples/plant-7.yaml";
const STATIC: &str = "examples/shop-12.yaml";
/// [`STATIC`] on a transit gateway of its own.
const HUB: &str = "hub-12.yaml";
/// On somebody's transit gateway, which the VPC is attached to already.
const SHARED: &str = "examples/warehouse-4.yaml";
const ADOPTING: &str = "examples/clinic-3.yaml";
const HOME: &str = ".underpass";

/// How fast time goes: a connection is up in half a second.
const SCALE: u32 = 500;

/// A site from its first day to its last.
#[derive(Clone, Copy, Debug)]
struct Life {
    name: &'static str,
    /// Site files; the second one joins the first one's gateway.
    sites: &'static [(&'static str, &'static str)],
    own_gateway: bool,
    propagations: usize,
    faults: &'static str,
    /// Words of the first site's file that change in the middle of its life.
    change: (&'static str, &'static str),
}

const LIVES: [Life; 8] = [
    Life {
        name: "bgp, on a good day",
        sites: &[("plant-7", BGP)],
        own_gateway: true,
        propagations: 3,
        faults: "",
        change: (
            "routing: bgp",
            "routing: bgp\ntunnel_options: { dpd_timeout: 45 }",
        ),
    },
    Life {
        name: "bgp, replies lost",
        sites: &[("plant-7", BGP)],
        own_gateway: true,
        propagations: 3,
        faults: "lost-replies,latency",
        change: (
            "routing: bgp",
            "routing: bgp\ntunnel_options: { phase2_lifetime: 1800 }",
        ),
    },
    Life {
        name: "static, AWS broken",
        sites: &[("shop-12", STATIC)],
        own_gateway: true,
        propagations: 1,
        faults: "errors,shuffle",
        change: ("[10.12.0.0/24]", "[10.12.0.0/24, 10.12.4.0/24]"),
    },
    Life {
        name: "static, lists that lag",
        sites: &[("shop-12", STATIC)],
        own_gateway: true,
        propagations: 1,
        faults: "slow-consistency,shuffle",
        change: ("[10.12.0.0/24]", "[10.12.0.0/24, 10.12.8.0/24]"),
    },
    Life {
        name: "a gateway that was there",
        sites: &[("clinic-3", ADOPTING)],
        own_gateway: false,
        propagations: 1,
        faults: "lost-replies,shuffle",
        change: (
            "routing: bgp",
            "routing: bgp\ntunnel_options: { dpd_timeout: 45 }",
        ),
    },
    Life {
        name: "a transit gateway, replies lost",
        sites: &[("shop-12", HUB)],
        own_gateway: false,
        propagations: 0,
        faults: "lost-replies,latency",
        change: ("[10.12.0.0/24]", "[10.12.0.0/24, 10.12.4.0/24]"),
    },
    Life {
        name: "somebody's transit gateway",
        sites: &[("warehouse-4", SHARED)],
        own_gateway: false,
        propagations: 0,
        faults: "errors,shuffle",
        change: ("[10.40.0.0/24, 10.41.0.0/24]", "[10.40.0.0/24]"),
    },
    Life {
        name: "two sites, one gateway",
        sites: &[("plant-7", BGP), ("plant-8", "plant-8.yaml")],
        own_gateway: true,
        propagations: 3,
        faults: "errors,latency",
        change: (
            "routing: bgp",
            "routing: bgp\ntunnel_options: { dpd_timeout: 45 }",
        ),
    },
];

/// Where a process is stopped.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// When it has written so many records: between an intent and its call, or just after a result.
    Record(usize),
    /// After so many milliseconds.
    Time(u64),
    Never,
}

impl Moment {
    fn draw(dice: &IdSource) -> Self {
        match dice.below(16) {
            0 => Self::Never,
            1..4 => Self::Time(20 + dice.below(200)),
            _ => Self::Record(1 + usize::try_from(dice.below(4)).unwrap()),
        }
    }
}

/// What a life has seen.
#[derive(Debug, Default)]
struct Tally {
    commands: usize,
    killed: usize,
    at_record: usize,
    failed: usize,
}

struct Story {
    life: Life,
    town: Town,
    dice: IdSource,
    tally: Tally,
    log: Vec<String>,
}

impl Story {
    fn begin(life: Life, seed: u64) -> Self {
        let town = Town::open(SCALE, seed);
        let other = [
            ("site: plant-7", "site: plant-8"),
            ("198.51.100.7", "198.51.100.8"),
            ("asn: 65010", "asn: 65018"),
            ("10.20.0.0/24", "10.28.0.0/24"),
            ("10.20.0.10", "10.28.0.10"),
        ];
        town.variant(BGP, "plant-8.yaml", &other);
        town.ask("POST", "gateway?ip=198.51.100.8&lan=10.28.0.0/24");
        let transit = ("aws:\n", "aws:\n  attach_to: { transit_gateway: new }\n");
        town.variant(STATIC, HUB, &[transit]);
        town.faults(life.faults, seed);
        Self {
            life,
            town,
            dice: IdSource::seeded(seed),
            tally: Tally::default(),
            log: vec![format!("{} with seed {seed}", life.name)],
        }
    }

    /// Runs a command until it ends well, killing it on the way as often as the dice say.
    fn until_done(&mut self, site: &str, args: &[&str]) -> Ran {
        self.tally.commands += 1;
        self.log.push(args.join(" "));
        let mut last = None;
        for _ in 0..60 {
            let moment = Moment::draw(&self.dice);
            match self.once(site, args, moment) {
                None => {}
                Some(ended) if ended.code == 0 => return ended,
                // On a bad day a command may say that AWS does not answer; never anything else.
                Some(ended) => {
                    let expected = !self.life.faults.is_empty() && [6, 9].contains(&ended.code);
                    assert!(expected, "{}\n{}", self.told(), ended.stderr);
                    self.tally.failed += 1;
                    self.log.push(format!("  ended with {}", ended.code));
                    last = Some(ended);
                }
            }
        }
        panic!(
            "never done\n{}\n{}",
            self.told(),
            last.map(|it| it.stderr).unwrap_or_default()
        );
    }

    /// One process; none when it was killed before its end.
    fn once(&mut self, site: &str, args: &[&str], moment: Moment) -> Option<Ran> {
        let before = self.town.records(HOME, site);
        let mut child = self.town.start(HOME, args);
        let mut waited = 0;
        let hit = loop {
            let here = match moment {
                Moment::Never => false,
                Moment::Time(millis) => waited >= millis * 5,
                Moment::Record(count) => self.town.records(HOME, site) >= before + count,
            };
            if here || child.try_wait().unwrap().is_some() {
                break here;
            }
            assert!(waited < 5 * 60_000, "stuck\n{}", self.told());
            thread::sleep(Duration::from_micros(200));
            waited += 1;
        };
        if hit {
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        let killed = output.status.code().is_none();
        let ended = ran(output);
        assert!(
            !ended.stderr.contains("panicked"),
            "{}\n{}",
            self.told(),
            ended.stderr
        );
        self.log.push(format!(
            "  {moment:?} {}",
            if killed { "killed" } else { "ended" }
        ));
        if killed {
            self.tally.killed += 1;
            self.tally.at_record += usize::from(matches!(moment, Moment::Record(_)));
            return None;
        }
        Some(ended)
    }

    fn held(&self, site: &str) -> Holdings {
        self.town.survey().holdings(site)
    }

    /// One of each, with our tags, and nothing else of ours.
    fn assert_whole(&self, when: &str) {
        let survey = self.town.survey();
        let when = format!("{when}\n{}\n{:#?}", self.told(), self.town.changes());
        assert_eq!(survey.untagged(), Vec::<String>::new(), "{when}");
        for (index, (site, _)) in self.life.sites.iter().enumerate() {
            // The second site uses the first one's gateway.
            let own = self.life.own_gateway && index == 0;
            assert_one_of_each(&survey.holdings(site), own, &when);
        }
        assert_eq!(
            survey.propagations().len(),
            self.life.propagations,
            "{when}"
        );
    }

    fn assert_settled(&self) {
        self.town.faults("", 0);
        let before = self.town.changes();
        for (_, file) in self.life.sites {
            let again = self.town.run(HOME, &["onboard", file, "--yes"]);
            assert_eq!(again.code, 0, "{}\n{}", self.told(), again.stderr);
        }
        assert_eq!(self.town.changes(), before, "not settled: {}", self.told());
        self.town.faults(self.life.faults, self.dice.below(1000));
    }

    fn told(&self) -> String {
        self.log.join("\n")
    }
}

fn live(life: Life, seed: u64) -> Tally {
    let mut story = Story::begin(life, seed);
    for (site, file) in life.sites {
        story.until_done(site, &["onboard", file, "--yes"]);
    }
    story.assert_whole("brought up");
    story.assert_settled();

    let (site, file) = life.sites[0];
    story.log.push(format!("change {:?}", life.change));
    story.town.variant(file, file, &[life.change]);
    story.until_done(site, &["onboard", file, "--yes"]);
    story.assert_whole("changed");
    story.assert_settled();
    if life.change.1.contains("10.12.8") {
        assert_eq!(story.held(site)["route"], ["10.12.0.0/24", "10.12.8.0/24"]);
    }
    let nets: &[&str] = match file {
        HUB => &["10.12.0.0/24", "10.12.4.0/24"],
        SHARED => &["10.40.0.0/24"],
        _ => &[],
    };
    let survey = story.town.survey();
    assert_eq!(survey.written(), nets, "{}", story.told());
    let fixed = if file == HUB { nets } else { &[] };
    assert_eq!(survey.transit_routes(), fixed, "{}", story.told());

    // The gateway's owner goes last, since the other still uses it.
    for (site, file) in life.sites.iter().rev() {
        story.until_done(site, &["teardown", file, "--yes", "--site", site]);
        assert_eq!(story.held(site), Holdings::new(), "{}", story.told());
    }
    assert_eq!(
        story.town.survey().left(),
        Vec::<String>::new(),
        "{}",
        story.told()
    );
    assert_no_litter(story.town.path());
    story.tally
}

/// A write that was cut off leaves a file with a name of its own; the next run clears it away.
fn assert_no_litter(folder: &Path) {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(!name.starts_with(".underpass-"), "{}", path.display());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
}

#[test]
fn two_hundred_kills_lose_double_and_orphan_nothing() {
    let seeds: u64 = std::env::var("UNDERPASS_KILLS").map_or(1, |text| text.parse().unwrap());
    let first: u64 = std::env::var("UNDERPASS_SEED").map_or(1, |text| text.parse().unwrap());
    let begun = underpass::clock::Clock::system();
    let since = begun.now();
    let todo: Mutex<Vec<(Life, u64)>> = Mutex::new(
        (first..first + seeds)
            .flat_map(|seed| LIVES.map(|life| (life, seed)))
            .collect(),
    );
    let table: Mutex<BTreeMap<&str, Tally>> = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let next = todo.lock().unwrap().pop();
                    let Some((life, seed)) = next else { break };
                    let tally = live(life, seed);
                    let mut table = table.lock().unwrap();
                    let sum = table.entry(life.name).or_default();
                    sum.commands += tally.commands;
                    sum.killed += tally.killed;
                    sum.at_record += tally.at_record;
                    sum.failed += tally.failed;
                }
            });
        }
    });
    let table = table.into_inner().unwrap();
    println!(
        "{:32} {:>8} {:>7} {:>10} {:>7}",
        "life", "commands", "killed", "at records", "failed"
    );
    for (name, tally) in &table {
        let Tally {
            commands,
            killed,
            at_record,
            failed,
        } = tally;
        println!("{name:32} {commands:>8} {killed:>7} {at_record:>10} {failed:>7}");
    }
    let killed: usize = table.values().map(|tally| tally.killed).sum();
    println!(
        "{killed} kills in {:.0} s",
        begun.since(since).as_secs_f64()
    );
    assert!(killed >= 200 || seeds < 1, "only {killed} kills");
}

#[test]
fn a_laptop_lost_at_any_record_is_replaced_by_another() {
    for (lost, record) in (1..40).enumerate() {
        let town = Town::open(SCALE, record as u64);
        let mut child = town
            .command("lost", &["onboard", BGP, "--yes", "--out", "lost.bundle"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let hit = loop {
            if town.records("lost", "plant-7") >= record {
                break true;
            }
            if child.try_wait().unwrap().is_some() {
                break false;
            }
            thread::sleep(Duration::from_micros(200));
        };
        if hit {
            signal(&child, "KILL");
        }
        let ended = child.wait().unwrap();
        fs::remove_dir_all(town.file("lost")).unwrap();

        let when = format!("lost at record {record}");
        let out = ["onboard", BGP, "--yes", "--out", "found.bundle"];
        town.run("found", &out).exits(0);
        let survey = town.survey();
        assert_one_of_each(&survey.holdings("plant-7"), true, &when);
        assert_eq!(survey.untagged(), Vec::<String>::new(), "{when}");
        let written = all_text(&town.file("found.bundle"));
        for key in survey.keys_of("plant-7") {
            assert!(
                written.contains(&key),
                "{when}: another key than AWS's in the bundle"
            );
        }
        let before = town.changes();
        town.run("found", &out).exits(0);
        assert_eq!(town.changes(), before, "{when}");
        town.run("third", &["teardown", BGP, "--yes"]).exits(0);
        assert_eq!(town.survey().left(), Vec::<String>::new(), "{when}");
        if ended.code().is_some() {
            println!("{lost} laptops lost, one at each record of a whole run");
            assert!(lost >= 20, "{lost}");
            return;
        }
    }
    panic!("a run of more than 40 records");
}

fn all_text(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text.push_str(&all_text(&path));
        } else {
            text.push_str(&fs::read_to_string(path).unwrap_or_default());
        }
    }
    text
}
