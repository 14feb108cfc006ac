//! From a path to a site, with every problem shown.

use std::path::Path;

use serde_json::json;

use super::again::typed;
use super::exit::Exit;
use super::failure::Failure;
use super::harmless;
use super::output::{Line, Output};
use super::words::report;
use crate::spec::{self, Code, Site};

/// Reads a site file; its warnings are printed, but for those that a plan repeats.
pub(super) fn site(output: Output, path: &Path) -> Result<Site, Failure> {
    let loaded = spec::read(path).map_err(|errors| {
        let text = format!(
            "nothing was changed: {} cannot be used\n{}",
            harmless::path(path),
            report(&errors)
        );
        let mut failure = Failure::new(Exit::Input, text)
            .details(json!(errors.problems()))
            .next(typed());
        if let Some(problem) = errors.problems().first() {
            let hint = format!(
                "correct the file and run the same again; `underpass explain {}` says more",
                problem.code
            );
            failure = failure.hint(hint);
        }
        failure
    })?;
    let repeated = |code: Code| code == Code::DocumentationAddress;
    let warnings = loaded.warnings.problems().iter();
    for warning in warnings.filter(|warning| !repeated(warning.code)) {
        let place = format!(
            "{}:{}:{}",
            harmless::path(path),
            warning.line,
            warning.column
        );
        output.say(Line::Warn, &format!("{place}: {}", warning.message));
    }
    Ok(loaded.site)
}
