//! The fault campaign at length.
//!
//! ```text
//! cargo run --profile campaign --example campaign -- --cases 20000 --seed 1 [--jobs 2] [--minutes 30]
//! cargo run --profile campaign --example campaign -- --replay script.txt
//! ```
//!
//! The last line is the verdict; the exit code is 0 when every invariant held and 1 when not.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]
#![expect(clippy::print_stderr, reason = "a program for a terminal")]

#[path = "../tests/it/campaign/mod.rs"]
mod campaign;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use campaign::many::{Wish, many, story};
use campaign::play::play;
use campaign::script::Script;
use clap::Parser;

/// A quarter of the time would go into the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Plays seeded cases and checks what the world holds.
#[derive(Debug, Parser)]
struct Options {
    /// How many cases
    #[arg(long, default_value_t = 1000)]
    cases: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many threads
    #[arg(long, default_value_t = 2)]
    jobs: u64,
    /// Begin no case after this many minutes
    #[arg(long)]
    minutes: Option<u64>,
    /// Play the script in this file, and tell what happens
    #[arg(long)]
    replay: Option<PathBuf>,
    /// Tell what happens in the first seed's case, broken or not
    #[arg(long)]
    tell: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(path) = &options.replay {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
        return match text.and_then(|text| text.parse::<Script>()) {
            Ok(script) => replay(&script),
            Err(error) => {
                eprintln!("{}: {error}", path.display());
                ExitCode::FAILURE
            }
        };
    }
    if options.tell {
        return replay(&Script::draw(options.seed));
    }
    // A panic is a broken rule like others; its message stands in the story.
    std::panic::set_hook(Box::new(|_| {}));
    let wish = Wish {
        seeds: options.seed..options.seed + options.cases,
        jobs: options.jobs,
        at_most: options.minutes.map(|it| Duration::from_secs(60 * it)),
    };
    let verdict = many(&wish, |seed| {
        if seed % 10_000 == 0 {
            eprintln!("seed {seed}");
        }
    });
    if let Some(seed) = verdict.broken {
        println!("{}", story(&Script::draw(seed)));
    }
    println!("{verdict}");
    match verdict.broken {
        None => ExitCode::SUCCESS,
        Some(_) => ExitCode::FAILURE,
    }
}

fn replay(script: &Script) -> ExitCode {
    let outcome = play(script, true);
    println!("{script}\n\n{}", outcome.timeline);
    match outcome.broken {
        None => {
            println!("every invariant held");
            ExitCode::SUCCESS
        }
        Some(broken) => {
            println!("broken: {broken}");
            ExitCode::FAILURE
        }
    }
}
