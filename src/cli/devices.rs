//! `underpass devices`.

use std::fmt::Display;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::table::Table;
use super::words::{esp, ike, wrapped};
use crate::clock::IdSource;
use crate::device::{
    self, BundleFile, Device, DirectConnectSide, Removal, RenderContext, Summary, example,
};
use crate::spec::{self, InvalidValue};

/// Columns from which on the table has its two longest columns as well.
const WIDE: usize = 120;
/// Columns below which the hash goes without saying.
const NARROW: usize = 90;

/// List the routers that can be configured, or show one
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// A device's name: the same as `show`
    #[arg(hide = true)]
    name: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Show what one can do, its options, its files, and a block for the site file
    Show {
        /// A device's name
        name: String,
    },
}

pub(super) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let name = match &args.what {
        Some(What::Show { name }) => Some(name),
        None => args.name.as_ref(),
    };
    match name {
        None => list(output)?,
        Some(name) => match device::find(name) {
            Ok(device) => show(output, device)?,
            Err(error) => return Err(unknown(&error)),
        },
    }
    Ok(Exit::Ok)
}

fn list(output: Output) -> Result<(), Failure> {
    let rows: Vec<Summary> = (device::registry().iter())
        .map(|device| Summary::of(*device))
        .collect();
    output.result(&json!({ "schema_version": 1, "devices": rows }), || {
        let width = super::output::all_columns();
        format!(
            "{}\n\n`IKE` lists versions, `GCM` the phases that have it. `strongest` is what AWS \
             and the device\nshare: cipher, hash, DH group of phase 1, then of phase 2. `judged` is \
             how strictly something\nthat knows the device has read its files{}.\n\n\
             next: underpass devices show strongswan",
            table(&rows, width),
            if width < WIDE {
                "; wide terminals show by what"
            } else {
                ""
            }
        )
    })
}

/// The table for so many columns.
fn table(rows: &[Summary], width: usize) -> String {
    let wide = width >= WIDE;
    let mut table = if wide {
        Table::new([
            "device",
            "IKE",
            "BGP",
            "static",
            "IPv6",
            "GCM",
            "strongest",
            "judged by",
            "versions",
        ])
    } else {
        Table::new([
            "device",
            "IKE",
            "BGP",
            "static",
            "IPv6",
            "GCM",
            "strongest",
            "judged",
        ])
    };
    for row in rows {
        let mut cells = facts(row, width < NARROW);
        if wide {
            cells.push(format!("{}: {}", row.judged.level, row.judged.by));
            cells.push(row.versions.to_owned());
        } else {
            cells.push(row.judged.level.to_string());
        }
        table.add_row(cells);
    }
    table.fitted(width)
}

fn facts(row: &Summary, narrow: bool) -> Vec<String> {
    let strongest = row.strongest.map_or_else(
        || "–".to_owned(),
        |best| {
            let ike = if narrow {
                format!("{}/{}", best.phase1.encryption, best.phase1.dh_group)
            } else {
                best.ike()
            };
            format!("{ike}\n{}", best.esp())
        },
    );
    vec![
        row.name.to_owned(),
        row.ike(),
        yes(row.bgp),
        yes(row.static_routing),
        yes(row.ipv6),
        row.gcm(),
        strongest,
    ]
}

fn yes(can: bool) -> String {
    if can { "✔" } else { "–" }.to_owned()
}

fn show(output: Output, device: &'static dyn Device) -> Result<(), Failure> {
    let files = files(device)?;
    output.result(&to_json(device, &files), || text(device, &files))
}

/// The files that the example of the device gives.
fn files(device: &dyn Device) -> Result<Vec<BundleFile>, Failure> {
    let bug = |what: String| Failure::new(Exit::Internal, format!("{}: {what}", device.name()));
    let loaded = spec::load(&example::site_file(device), Path::new("example.yaml"))
        .map_err(|errors| bug(errors.to_string()))?;
    let set = example::connection(device, loaded.site, &IdSource::seeded(7))
        .ok_or_else(|| bug("its example cannot be negotiated".to_owned()))?;
    let context = RenderContext {
        generated_at: Timestamp::UNIX_EPOCH,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    device
        .render(&set, &context)
        .map_err(|error| bug(error.to_string()))
}

fn to_json(device: &dyn Device, files: &[BundleFile]) -> Value {
    let options: Vec<_> = (device.options().iter())
        .map(|option| {
            json!({
                "name": option.name,
                "what": option.what,
                "pattern": option.pattern,
                "default": option.default,
                "required": option.required,
                "example": option.example,
            })
        })
        .collect();
    let files: Vec<_> = (files.iter())
        .map(|file| json!({ "path": file.path, "mode": format!("{:04o}", file.mode), "secret": file.secret }))
        .collect();
    json!({
        "schema_version": 1,
        "name": device.name(),
        "title": device.title(),
        "profile": device.profile(),
        "abilities": device.abilities(),
        "direct_connect": device.direct_connect(),
        "strongest": Summary::of(device).strongest,
        "options": options,
        "files": files,
        "removal": device.removal(),
        "example": example::gateway_block(device),
    })
}

fn text(device: &dyn Device, files: &[BundleFile]) -> String {
    let profile = device.profile();
    let mut text = format!("{}: {}\n\n", device.name(), device.title());
    let mut fact = |name: &str, what: String| {
        let what = wrapped(&what, 11, super::output::columns());
        text.push_str(&format!("{name:9}  {what}\n"));
    };
    fact("for", profile.versions.to_owned());
    let ipv6 = if profile.ipv6 {
        "IPv4 and IPv6"
    } else {
        "IPv4"
    };
    fact(
        "tunnels",
        format!("{}, for {ipv6}", profile.tunnelling.as_str()),
    );
    if let Some(most) = profile.name_limit {
        fact(
            "names",
            format!("at most {most} characters; ours stay below"),
        );
    }
    fact(
        "judged",
        format!("level {}, by {}", profile.judged.level, profile.judged.by),
    );
    fact(
        "private",
        match device.direct_connect() {
            DirectConnectSide::Able { .. } => {
                "an end of a Direct Connect: a VLAN, BGP with a key and \
                 BFD, preferred to the tunnels"
                    .to_owned()
            }
            DirectConnectSide::Unable { reason } => {
                format!("no end of a Direct Connect: {reason}")
            }
        },
    );
    fact(
        "removal",
        match device.removal() {
            Removal::File(path) => format!("load {path}, or see `underpass render --remove`"),
            Removal::Command(command) => format!("`{command}` in the folder of the files"),
            Removal::ByHand => "by hand, in the reverse order of the page".to_owned(),
        },
    );
    fact(
        "of AWS",
        match profile.sample {
            Some(sample) => format!(
                "a sample for {} {}: `underpass render --compare-aws` explains the differences",
                sample.vendor, sample.platform
            ),
            None => "AWS has no sample for it".to_owned(),
        },
    );
    text.push_str(&format!("\n{}\n", abilities(device)));
    text.push_str(&format!("\n{}", options(device)));
    text.push_str("\nFiles of its bundle (with BGP where it can)\n");
    for file in files {
        let secret = if file.secret { "secret" } else { "" };
        text.push_str(format!("  {:04o} {secret:6} {}", file.mode, file.path).trim_end());
        text.push('\n');
    }
    text.push_str(&format!(
        "\nFor the site file\n{}",
        example::gateway_block(device)
    ));
    text
}

fn abilities(device: &dyn Device) -> Table {
    fn words<T: Display>(all: &[T]) -> String {
        let words: Vec<String> = all.iter().map(ToString::to_string).collect();
        words.join(" ")
    }
    let can = device.abilities();
    let best = Summary::of(device).strongest;
    let mut table = Table::new(["ability", "phase 1 (IKE)", "phase 2 (ESP)"]);
    table.add_row([
        "ciphers".to_owned(),
        words(&can.phase1_encryption),
        words(&can.phase2_encryption),
    ]);
    table.add_row([
        "integrity".to_owned(),
        words(&can.phase1_integrity),
        words(&can.phase2_integrity),
    ]);
    table.add_row([
        "DH groups".to_owned(),
        words(&can.phase1_dh_groups),
        words(&can.phase2_dh_groups),
    ]);
    if let Some(best) = best {
        table.add_row([
            "AWS and it agree on".to_owned(),
            ike(best.ike_version.as_str(), best.phase1),
            esp(best.phase2),
        ]);
    }
    let mut routing = Vec::new();
    if can.bgp {
        routing.push("BGP");
    }
    if can.static_routing {
        routing.push("static routes that follow the tunnel");
    }
    table.add_row([
        "IKE, routing".to_owned(),
        words(&can.ike_versions),
        routing.join(", "),
    ]);
    table
}

fn options(device: &dyn Device) -> String {
    if device.options().is_empty() {
        return "It has no gateway.options.\n".to_owned();
    }
    let mut text = "gateway.options\n".to_owned();
    for option in device.options() {
        let default = match option.default {
            Some(default) => format!("default {default}"),
            None => "required".to_owned(),
        };
        let what = wrapped(option.what, 6, super::output::columns());
        text.push_str(&format!(
            "  {}: {default}, such as {}\n      {what}\n      /{}/\n",
            option.name, option.example, option.pattern
        ));
    }
    text
}

/// There is no such device.
pub(super) fn unknown(error: &InvalidValue) -> Failure {
    Failure::new(Exit::Input, error.problem.clone())
        .hint(error.help.clone())
        .next("underpass devices")
}
