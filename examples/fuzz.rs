//! Feeds mutated site files, playbooks, XML and journals to their parsers for a given time.
//!
//! `cargo run --release --example fuzz -- --minutes 15 --seed 1`
//!
//! The corpus is what the repository ships: examples, bad files of the tests, AWS's documents. A
//! parser may refuse whatever it likes; a panic ends the run with the input that caused it.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use underpass::clock::{Clock, IdSource};
use underpass::{journal, playbook, spec, tunnel};

/// Words that mean something to one of the parsers, or break many.
const TOKENS: [&str; 24] = [
    "\n",
    "\t",
    ": ",
    "- ",
    "&a ",
    "*a",
    "!!binary ",
    "? ",
    "|",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "${",
    "${site.name}",
    "]]>",
    "<!DOCTYPE a [<!ENTITY b \"c\">]>",
    "&b;",
    "<ipsec_tunnel>",
    "\u{0}",
    "\u{feff}",
    "99999999999999999999",
    "169.254.0.0/30",
];

type Parser = fn(&[u8]);

fn main() -> ExitCode {
    let (minutes, seed) = arguments();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let parsers: [(&str, Parser, Vec<Vec<u8>>); 4] = [
        (
            "site",
            site,
            corpus(
                &[
                    root.join("examples"),
                    root.join("tests/scenarios/bad-sites"),
                ],
                "yaml",
            ),
        ),
        (
            "playbook",
            playbook,
            corpus(
                &[
                    root.join("playbooks"),
                    root.join("tests/scenarios/bad-playbooks"),
                ],
                "yaml",
            ),
        ),
        ("xml", xml, corpus(&[root.join("tests/fixtures")], "xml")),
        (
            "journal",
            journal,
            corpus(&[root.join("tests/fixtures")], "jsonl"),
        ),
    ];
    let clock = Clock::system();
    let ids = IdSource::seeded(seed);
    std::panic::set_hook(Box::new(|_| {}));
    let mut failed = false;
    for (name, parse, corpus) in &parsers {
        let begun = clock.now();
        let share = Duration::from_secs(minutes * 60 / 4);
        let mut cases = 0_u64;
        while clock.since(begun) < share {
            let input = mutate(&ids, corpus);
            cases += 1;
            if catch_unwind(AssertUnwindSafe(|| parse(&input))).is_err() {
                failed = true;
                say(&format!(
                    "{name}: PANIC after {cases} cases on {:?}",
                    String::from_utf8_lossy(&input)
                ));
                break;
            }
        }
        let bytes: usize = corpus.iter().map(Vec::len).sum();
        say(&format!(
            "{name}: {cases} cases in {} s from {} seeds ({bytes} bytes), seed {seed}",
            clock.since(begun).as_secs(),
            corpus.len()
        ));
    }
    say(if failed {
        "verdict: a parser panicked"
    } else {
        "verdict: no panic"
    });
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn say(text: &str) {
    anstream::println!("{text}");
}

fn arguments() -> (u64, u64) {
    let words: Vec<String> = std::env::args().collect();
    let after = |name: &str, default: u64| {
        let at = words.iter().position(|word| word == name);
        at.and_then(|at| words.get(at + 1))
            .and_then(|word| word.parse().ok())
            .unwrap_or(default)
    };
    (after("--minutes", 4), after("--seed", 1))
}

fn corpus(folders: &[PathBuf], kind: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for folder in folders {
        let Ok(entries) = fs::read_dir(folder) else {
            continue;
        };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                found.extend(corpus(&[path], kind));
            } else if path.extension().is_some_and(|ending| ending == kind) {
                found.extend(fs::read(&path));
            }
        }
    }
    if found.is_empty() {
        vec![Vec::new()]
    } else {
        found
    }
}

fn mutate(ids: &IdSource, corpus: &[Vec<u8>]) -> Vec<u8> {
    let below = |n: usize| usize::try_from(ids.below(n as u64)).unwrap_or(0);
    let mut input = corpus[below(corpus.len())].clone();
    for _ in 0..=below(6) {
        let at = below(input.len() + 1);
        let end = (at + 1 + below(40)).min(input.len());
        match below(7) {
            0 if at < input.len() => input[at] ^= 1 << below(8),
            1 if at < input.len() => input[at] = u8::try_from(below(256)).unwrap_or(0),
            2 if at < end => drop(input.drain(at..end)),
            3 => drop(input.splice(at..at, TOKENS[below(TOKENS.len())].bytes())),
            4 if at < end => {
                let part = input[at..end].to_vec();
                let times = 1 + below(50);
                drop(input.splice(at..at, part.repeat(times)));
            }
            5 => {
                let other = &corpus[below(corpus.len())];
                let from = below(other.len() + 1);
                let to = (from + below(200)).min(other.len());
                drop(input.splice(at..at, other[from..to].iter().copied()));
            }
            _ => input.truncate(at),
        }
    }
    input
}

fn site(input: &[u8]) {
    if let Ok(loaded) = spec::load_bytes(input, Path::new("fuzz.yaml")) {
        let text = serde_json::to_string(&loaded.site).unwrap_or_default();
        assert!(
            !text.contains("\\n") && !text.contains("\\u00"),
            "a control character got through"
        );
    }
}

fn playbook(input: &[u8]) {
    if let Ok(read) = playbook::parse(&String::from_utf8_lossy(input), "fuzz.yaml") {
        let _tree = playbook::Picture::of_playbook(&read).tree();
    }
}

fn xml(input: &[u8]) {
    let _read = tunnel::xml::read(&String::from_utf8_lossy(input)).is_ok();
}

fn journal(input: &[u8]) {
    let _read = journal::replay(input).is_ok();
}
