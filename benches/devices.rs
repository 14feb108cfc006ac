//! How fast configurations are rendered, and what memory thousands of them need.
//!
//! All devices for one site, the whole way from the site file's text to the files, has a bar of
//! 20 ms. Then ten thousand configurations, each for a site of its own, in one process.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::disallowed_methods, reason = "what is measured is real time")]

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use underpass::clock::IdSource;
use underpass::device::{BundleFile, Device, RenderContext, example, registry};
use underpass::spec::load;

/// The most that all devices may take for one site.
const BAR: Duration = Duration::from_millis(20);
/// How many configurations are rendered in one go.
const MANY: u32 = 10_000;

fn context() -> RenderContext {
    RenderContext {
        generated_at: Timestamp::UNIX_EPOCH,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// From a site file's text to a device's files.
fn rendered(device: &dyn Device, text: &str, ids: &IdSource) -> Vec<BundleFile> {
    let site = load(text, Path::new("site.yaml")).expect("an example").site;
    let set = example::connection(device, site, ids).expect("an example");
    device.render(&set, &context()).expect("an example")
}

/// Bytes of memory that the process had at most, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

fn main() {
    let ids = IdSource::seeded(1);
    let devices = registry();
    let texts: Vec<String> = devices.iter().map(|it| example::site_file(*it)).collect();
    let mut runs: Vec<Duration> = (0..21)
        .map(|_| {
            let begin = Instant::now();
            for (device, text) in devices.iter().zip(&texts) {
                std::hint::black_box(rendered(*device, text, &ids));
            }
            begin.elapsed()
        })
        .collect();
    let first = runs[0];
    runs.sort_unstable();
    let median = runs[runs.len() / 2];
    println!(
        "{} devices for one site: {:.2} ms (median of {}), {:.2} ms the first time; the bar is {} ms: {:.0} % of it",
        devices.len(),
        median.as_secs_f64() * 1e3,
        runs.len(),
        first.as_secs_f64() * 1e3,
        BAR.as_millis(),
        100.0 * median.as_secs_f64() / BAR.as_secs_f64(),
    );
    let before = peak();
    let (begin, mut bytes) = (Instant::now(), 0);
    for (number, at) in (0..MANY).zip((0..devices.len()).cycle()) {
        let text = texts[at].replace("plant-7", &format!("plant-{number}"));
        let files = rendered(devices[at], &text, &ids);
        bytes += files.iter().map(|file| file.content().len()).sum::<usize>();
    }
    let took = begin.elapsed().as_secs_f64();
    let (per_second, mib) = (f64::from(MANY) / took, bytes / (1024 * 1024));
    println!(
        "{MANY} configurations of as many sites: {took:.2} s, {per_second:.0} a second, {mib} MiB of files"
    );
    if let (Some(before), Some(after)) = (before, peak()) {
        println!(
            "peak memory: {} KiB, {} KiB of it before the {MANY}",
            after / 1024,
            before / 1024
        );
    }
}
