//! `underpass schema`.

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use crate::device;

/// Print the JSON Schema of the site file, for editors
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which: there is that of the site file, with each device's options
    #[arg(value_enum, default_value_t)]
    of: Which,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Which {
    /// The site file
    #[default]
    Site,
}

pub(super) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let schema = match args.of {
        Which::Site => device::schema(),
    };
    output.result(&schema, || {
        serde_json::to_string_pretty(&schema).unwrap_or_default()
    })?;
    Ok(Exit::Ok)
}
