//! `underpass render --remove`: what takes a configuration away again.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::again::typed;
use super::exit::Exit;
use super::failure::Failure;
use super::handover;
use super::harmless;
use super::output::Output;
use super::render::Ready;
use crate::device::{BundleFile, Removal};

/// Writes only the files that the removal needs, into a folder of their own.
pub(super) fn write(ready: Ready, out: Option<&Path>, output: Output) -> Result<Exit, Failure> {
    let (device, mut files, context) = handover::files(&ready.tunnels, &ready.clock)?;
    let removal = device.removal();
    files.retain(|file| is_needed(file, removal));
    let how = match removal {
        Removal::File(path) => format!("load {path} on the router in the way of the configuration"),
        Removal::Command(command) => format!("run `{command}` in the folder on the router"),
        Removal::ByHand => {
            return Err(Failure::new(
                Exit::Refused,
                format!(
                    "what is typed into {} by hand is taken away by hand: undo the steps of its \
                     README.md in the reverse order",
                    device.title()
                ),
            )
            .next(typed().replace(" --remove", "")));
        }
    };
    let site = &ready.tunnels.site.name;
    let folder = out.map_or_else(|| PathBuf::from(format!("{site}.remove")), Path::to_owned);
    let handover = handover::write_files(
        device,
        &files,
        &context,
        ready.tunnels,
        ready.connection,
        &folder,
    )?;
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let value = json!({
        "schema_version": 1,
        "connection": handover.connection,
        "folder": folder,
        "files": paths,
        "removal": removal,
    });
    output.result(&value, || {
        format!(
            "{}\nTo take the configuration away, {how}; the folder is {}/.\n",
            handover.files(),
            harmless::path(&folder)
        )
    })?;
    Ok(Exit::Ok)
}

/// Whether a file of the bundle takes part in the removal.
fn is_needed(file: &BundleFile, removal: Removal) -> bool {
    match removal {
        Removal::File(path) => file.path == path,
        Removal::Command(command) => {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            let mut words = command
                .split_whitespace()
                .map(|word| word.trim_start_matches("./"));
            words.any(|word| word == file.path) || (!file.secret && name.contains("remove"))
        }
        Removal::ByHand => false,
    }
}
