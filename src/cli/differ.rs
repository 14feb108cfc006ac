//! `underpass render --diff`: what the router has now beside what it should have.

use std::path::Path;

use anstyle::{AnsiColor, Style};
use serde_json::json;

use super::again::typed;
use super::exit::Exit;
use super::failure::Failure;
use super::handover;
use super::harmless;
use super::output::Output;
use super::render::{Ready, saved};
use crate::device::{self, BundleFile, Compared};
use crate::limits;
use secrecy::ExposeSecret as _;

/// Prints how a saved file differs from ours; nothing is written.
pub(super) fn run(ready: &Ready, path: &Path, output: Output) -> Result<Exit, Failure> {
    let (device, files, _) = handover::files(&ready.tunnels, &ready.clock)?;
    let file = like(&files, path)?;
    let text = saved(path, limits::ROUTER)?;
    let from = harmless::path(path);
    let compared = device::compare(device, file, text.expose_secret(), &from, &ready.tunnels);
    let same = compared.diff.is_empty();
    let value = json!({
        "schema_version": 1,
        "connection": ready.connection,
        "device": device.name(),
        "file": file.path,
        "same": same,
        "diff": compared.diff,
        "lines_of_others": compared.others,
        "keys_not_compared": compared.sealed,
    });
    output.result(&value, || words(&compared, file, output.colour()))?;
    Ok(if same { Exit::Ok } else { Exit::Drift })
}

/// The file of the bundle that a saved one should be like: of the same name, or the only one that
/// there is to load.
fn like<'a>(files: &'a [BundleFile], path: &Path) -> Result<&'a BundleFile, Failure> {
    let base = |path: &Path| path.file_name().map(std::ffi::OsStr::to_owned);
    let same = files
        .iter()
        .find(|file| base(Path::new(&file.path)) == base(path));
    let mut secret = files.iter().filter(|file| file.secret);
    let only = match (secret.next(), secret.next()) {
        (Some(only), None) if files.len() <= 4 => Some(only),
        _ => None,
    };
    same.or(only).ok_or_else(|| {
        let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        Failure::new(
            Exit::Input,
            format!(
                "the bundle has several files, and none is called like {}",
                harmless::path(path)
            ),
        )
        .hint(format!("there are {}", names.join(", ")))
        .next(typed())
    })
}

fn words(compared: &Compared, file: &BundleFile, colour: bool) -> String {
    let mut text = String::new();
    if compared.diff.is_empty() {
        text.push_str(&format!("the router has {} as it should be\n", file.path));
    } else {
        for line in compared.diff.lines() {
            text.push_str(&painted(line, colour));
            text.push('\n');
        }
        text.push_str("\n- is on the router, + is what underpass renders; keys are not shown\n");
    }
    if compared.others > 0 {
        let others = compared.others;
        text.push_str(&format!(
            "{others} line(s) of the router are not about this site and were not compared\n"
        ));
    }
    if compared.sealed > 0 {
        let sealed = compared.sealed;
        text.push_str(&format!(
            "{sealed} key(s) are shown by the router in its own cipher and were not compared\n"
        ));
    }
    text
}

fn painted(line: &str, colour: bool) -> String {
    let style = match line.as_bytes().first() {
        _ if !colour => return line.to_owned(),
        Some(b'+') => AnsiColor::Green,
        Some(b'-') => AnsiColor::Red,
        Some(b'@') => AnsiColor::Cyan,
        _ => return line.to_owned(),
    };
    let style = Style::new().fg_color(Some(style.into()));
    // Of the device's own text nothing may colour what follows.
    let plain = line.replace('\u{1b}', "\u{fffd}");
    format!("{style}{plain}{style:#}")
}
