//! `underpass devices`.

use serde_json::json;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::table::Table;
use crate::device::{self, Device};
use crate::spec::InvalidValue;

/// List the routers that can be configured, or show one
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A device's name
    name: Option<String>,
}

pub(super) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    match &args.name {
        None => list(output)?,
        Some(name) => match device::find(name) {
            Ok(device) => show(output, device)?,
            Err(error) => return Err(unknown(&error)),
        },
    }
    Ok(Exit::Ok)
}

fn list(output: Output) -> Result<(), Failure> {
    let rows: Vec<_> = device::registry()
        .iter()
        .map(|device| json!({ "name": device.name(), "title": device.title(), "abilities": device.abilities() }))
        .collect();
    output.result(&json!({ "schema_version": 1, "devices": rows }), || {
        let mut table = Table::new([
            "device",
            "what",
            "IKE",
            "BGP",
            "static",
            "strongest phase 1",
            "strongest phase 2",
        ]);
        for device in device::registry() {
            let abilities = device.abilities();
            let strongest = |list: &[crate::spec::Encryption]| {
                list.iter()
                    .max()
                    .map(ToString::to_string)
                    .unwrap_or_default()
            };
            table.add_row([
                device.name().to_owned(),
                device.title().to_owned(),
                abilities
                    .ike_versions
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(" "),
                yes(abilities.bgp),
                yes(abilities.static_routing),
                strongest(&abilities.phase1_encryption),
                strongest(&abilities.phase2_encryption),
            ]);
        }
        format!("{table}\n\nnext: underpass devices strongswan")
    })
}

fn yes(can: bool) -> String {
    if can { "✔" } else { "–" }.to_owned()
}

fn show(output: Output, device: &'static dyn Device) -> Result<(), Failure> {
    let abilities = device.abilities();
    let options: Vec<_> = device
        .options()
        .iter()
        .map(|option| {
            json!({
                "name": option.name,
                "what": option.what,
                "pattern": option.pattern,
                "default": option.default,
                "required": option.required,
            })
        })
        .collect();
    let value = json!({
        "schema_version": 1,
        "name": device.name(),
        "title": device.title(),
        "abilities": abilities,
        "options": options,
    });
    output.result(&value, || {
        let mut text = format!("{}: {}\n\n", device.name(), device.title());
        let mut table = Table::new(["ability", "what the device can do"]);
        let join = |words: Vec<String>| words.join(" ");
        table.add_row([
            "IKE versions".to_owned(),
            join(
                abilities
                    .ike_versions
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            ),
        ]);
        table.add_row([
            "phase 1 encryption".to_owned(),
            join(
                abilities
                    .phase1_encryption
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            ),
        ]);
        table.add_row([
            "phase 1 integrity / PRF".to_owned(),
            join(
                abilities
                    .phase1_integrity
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            ),
        ]);
        table.add_row([
            "phase 1 DH groups".to_owned(),
            join(
                abilities
                    .phase1_dh_groups
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            ),
        ]);
        table.add_row([
            "phase 2 encryption".to_owned(),
            join(
                abilities
                    .phase2_encryption
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            ),
        ]);
        table.add_row([
            "phase 2 integrity".to_owned(),
            join(
                abilities
                    .phase2_integrity
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            ),
        ]);
        table.add_row([
            "phase 2 DH groups".to_owned(),
            join(
                abilities
                    .phase2_dh_groups
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            ),
        ]);
        text.push_str(&format!("{table}\n"));
        if !device.options().is_empty() {
            let mut options = Table::new(["gateway.options", "what", "default"]);
            for option in device.options() {
                options.add_row([option.name, option.what, option.default.unwrap_or("–")]);
            }
            text.push_str(&format!("\n{options}\n"));
        }
        text
    })
}

/// There is no such device.
pub(super) fn unknown(error: &InvalidValue) -> Failure {
    Failure::new(Exit::Input, error.problem.clone())
        .hint(error.help.clone())
        .next("underpass devices")
}
