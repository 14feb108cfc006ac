//! Small texts that several commands share.

use std::time::Duration;

use comfy_table::{ContentArrangement, Table, presets};
use jiff::SignedDuration;

use super::args::Global;
use crate::tunnel::Phase;

/// A table in the house's look, fitted to 100 columns.
pub(super) fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(100)
        .set_header(header);
    table
}

/// An input's problems with the lines they are in, without colour.
pub(super) fn report(errors: &(impl miette::Diagnostic + std::fmt::Display)) -> String {
    let mut text = String::new();
    let theme = miette::GraphicalTheme::unicode_nocolor();
    let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(100);
    match handler.render_report(&mut text, errors) {
        Ok(()) => text,
        Err(std::fmt::Error) => errors.to_string(),
    }
}

/// Reads `30m`, `1h 30m`, `90s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed: SignedDuration = text
        .parse()
        .map_err(|_| "write a duration like `30m`, `90s` or `1h 30m`".to_owned())?;
    Duration::try_from(parsed).map_err(|_| "a duration cannot be negative".to_owned())
}

/// The options that a command needs to reach the same place again.
pub(super) fn same_flags(global: &Global) -> String {
    let mut flags = String::new();
    if global.sandbox {
        flags.push_str(" --sandbox");
    }
    if let Some(profile) = global.profile.as_ref().filter(|_| !global.sandbox) {
        flags.push_str(&format!(" --profile {profile}"));
    }
    if global.home != std::path::Path::new(".underpass") {
        flags.push_str(&format!(" --home {}", global.home.display()));
    }
    flags
}

/// A proposal in one word, such as `ikev2 AES256-GCM-16/SHA2-384/20`.
pub(super) fn suite(version: &str, phase: Phase) -> String {
    let space = if version.is_empty() { "" } else { " " };
    format!(
        "{version}{space}{}/{}/{}",
        phase.encryption, phase.integrity, phase.dh_group
    )
}
