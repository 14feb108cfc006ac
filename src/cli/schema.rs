//! `underpass schema`.

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use crate::spec;

/// Print the JSON Schema of the site file, for editors
#[derive(Debug, clap::Args)]
pub struct Args {}

pub(super) fn run(_args: &Args, output: Output) -> Result<Exit, Failure> {
    let schema = spec::schema();
    output.result(&schema, || {
        serde_json::to_string_pretty(&schema).unwrap_or_default()
    })?;
    Ok(Exit::Ok)
}
