//! Feeds mutated input of every sort to what reads it, for a given time.
//!
//! `cargo run --release --example fuzz -- --minutes 15 --seed 1 [--only site,plan]`
//!
//! Each target gets the same share of the time. The corpus is what the repository ships: examples,
//! bad files of the tests, AWS's documents, and what a sandbox answers. A reader may refuse whatever
//! it likes; a panic, or a case that takes longer than [`SLOW`], ends the target with its input.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use std::{fs, io};

use underpass::clock::{Clock, IdSource};

#[path = "fuzz/targets.rs"]
mod targets;

#[path = "../tests/it/skeleton.rs"]
mod skeleton;

/// How long one case may take; the largest inputs here have some hundred KiB.
const SLOW: Duration = Duration::from_secs(10);

/// Words that mean something to one of the readers, or break many.
const TOKENS: [&str; 44] = [
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
    "\u{1b}[2J",
    "\u{202e}",
    "\u{2028}",
    "$(touch x)",
    "`",
    "'",
    ";",
    "%0a",
    "&Action=",
    "&DryRun=true",
    ".1=",
    "-1",
    "1e999",
    "18446744073709551616",
    "null",
    "[[[[[[[[",
    "<item>",
    "</item>",
    "0.0.0.0",
    "../../etc/passwd",
];

/// A reader, and what it is fed with.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) read: Box<dyn Fn(&[u8])>,
    pub(crate) corpus: Vec<Vec<u8>>,
}

fn main() -> ExitCode {
    let seed = argument("--seed")
        .and_then(|word| word.parse().ok())
        .unwrap_or(1);
    let minutes = argument("--minutes").and_then(|word| word.parse().ok());
    let minutes: u64 = minutes.unwrap_or(4);
    let only = argument("--only");
    let scratch = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(error) => return complain(&error),
    };
    let mut targets = targets::all(Path::new(env!("CARGO_MANIFEST_DIR")), scratch.path());
    if let Some(only) = &only {
        targets.retain(|target| only.split(',').any(|name| name == target.name));
    }
    let clock = Clock::system();
    let ids = IdSource::seeded(seed);
    std::panic::set_hook(Box::new(|_| {}));
    let share =
        Duration::from_secs(minutes * 60) / u32::try_from(targets.len()).unwrap_or(1).max(1);
    let mut failed = false;
    for target in &targets {
        failed |= !run(target, share, &clock, &ids, seed);
    }
    say(if failed {
        "verdict: a reader panicked or hung"
    } else {
        "verdict: no panic, nothing slow"
    });
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Feeds one target for its share of the time; whether all went well.
fn run(target: &Target, share: Duration, clock: &Clock, ids: &IdSource, seed: u64) -> bool {
    let begun = clock.now();
    let (mut cases, mut well) = (0_u64, true);
    let mut slowest = Duration::ZERO;
    while well && clock.since(begun) < share {
        let input = mutate(ids, &target.corpus);
        cases += 1;
        let attempt = || {
            let case = clock.now();
            let panicked = catch_unwind(AssertUnwindSafe(|| (target.read)(&input))).err();
            (clock.since(case), panicked)
        };
        let (mut took, panicked) = attempt();
        // On a busy machine any case may wait for its turn: slow is what is slow again.
        for _ in 0..2 {
            if took > SLOW {
                took = took.min(attempt().0);
            }
        }
        slowest = slowest.max(took);
        let why = match &panicked {
            Some(panic) => format!("PANIC ({})", words(panic.as_ref())),
            None if took > SLOW => format!("took {} s", took.as_secs()),
            None => continue,
        };
        well = false;
        let text = String::from_utf8_lossy(&input);
        say(&format!(
            "{}: {why} after {cases} cases on {text:?}",
            target.name
        ));
    }
    let bytes: usize = target.corpus.iter().map(Vec::len).sum();
    say(&format!(
        "{}: {cases} cases in {} s from {} seeds ({bytes} bytes), slowest {} ms, seed {seed}",
        target.name,
        clock.since(begun).as_secs(),
        target.corpus.len(),
        slowest.as_millis()
    ));
    well
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "without words".to_owned())
}

fn complain(error: &io::Error) -> ExitCode {
    say(&format!("no folder to work in: {error}"));
    ExitCode::FAILURE
}

fn say(text: &str) {
    anstream::println!("{text}");
}

fn argument(name: &str) -> Option<String> {
    let mut words = std::env::args().skip_while(|word| word != name);
    words.nth(1)
}

/// The files of these folders and of those below with one of the endings.
pub(crate) fn corpus(folders: &[PathBuf], kind: &str) -> Vec<Vec<u8>> {
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
