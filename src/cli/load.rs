//! From a path to a site, with every problem shown.

use std::path::Path;

use serde_json::json;

use super::exit::Exit;
use super::failure::Failure;
use super::output::{Line, Output};
use super::words::report;
use crate::spec::{self, Site};

/// Reads a site file; its warnings are printed.
pub(super) fn site(output: Output, path: &Path) -> Result<Site, Failure> {
    let loaded = spec::read(path).map_err(|errors| {
        let next = match errors.problems().first() {
            Some(problem) => format!("underpass explain {}", problem.code),
            None => format!("underpass plan {}", path.display()),
        };
        let text = format!(
            "nothing was changed: {} cannot be used\n{}",
            path.display(),
            report(&errors)
        );
        Failure::new(Exit::Input, text)
            .details(json!(errors.problems()))
            .next(next)
    })?;
    for warning in loaded.warnings.problems() {
        let place = format!("{}:{}:{}", path.display(), warning.line, warning.column);
        output.say(Line::Warn, &format!("{place}: {}", warning.message));
    }
    Ok(loaded.site)
}
