//! Small texts that several commands share.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::tunnel::Phase;

/// An input's problems with the lines they are in, without colour.
pub(super) fn report(errors: &(impl miette::Diagnostic + std::fmt::Display)) -> String {
    let mut text = String::new();
    let theme = miette::GraphicalTheme::unicode_nocolor();
    let handler =
        miette::GraphicalReportHandler::new_themed(theme).with_width(super::output::columns());
    match handler.render_report(&mut text, errors) {
        Ok(()) => each(&text),
        Err(std::fmt::Error) => errors.to_string(),
    }
}

/// Each problem with its code above it; the heading that counts them says nothing that the list
/// does not.
fn each(report: &str) -> String {
    let report = report.replace("\nWarning: ", "\nError: ");
    let mut problems = report.split("\nError: ").peekable();
    let heading = problems.next().unwrap_or_default();
    if problems.peek().is_none() {
        return heading.to_owned();
    }
    let mut text = String::new();
    for problem in problems {
        let (code, picture) = problem.split_once('\n').unwrap_or((problem, ""));
        let code = if code.trim().is_empty() {
            String::new()
        } else {
            format!("{code}\n")
        };
        text.push_str(&format!("\n{code}{}\n", picture.trim_matches('\n')));
    }
    text
}

/// Reads `30m`, `1h 30m`, `90s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed: SignedDuration = text
        .parse()
        .map_err(|_| "write a duration like `30m`, `90s` or `1h 30m`".to_owned())?;
    Duration::try_from(parsed).map_err(|_| "a duration cannot be negative".to_owned())
}

/// A moment as people read it, to the second: `2026-11-22 04:22:40Z`.
pub(super) fn when(at: Timestamp) -> String {
    format!("{at:.0}").replace('T', " ")
}

/// Words in lines of at most `width` characters, each line behind `indent` spaces.
pub(super) fn wrapped(words: &str, indent: usize, width: usize) -> String {
    let room = width.saturating_sub(indent).max(20);
    let mut lines = vec![String::new()];
    for word in words.split_whitespace() {
        let used = lines.last().map_or(0, |line| line.chars().count());
        if used > 0 && used + 1 + word.chars().count() > room {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join(&format!("\n{}", " ".repeat(indent)))
}

/// An IKE proposal: an AEAD cipher needs no integrity algorithm, but a PRF.
pub(super) fn ike(version: &str, phase: Phase) -> String {
    let prf = if phase.encryption.is_aead() {
        "PRF "
    } else {
        ""
    };
    format!(
        "{version}, {}, {prf}{}, DH {}",
        phase.encryption, phase.integrity, phase.dh_group
    )
}

/// An ESP proposal: an AEAD cipher has no integrity algorithm beside it.
pub(super) fn esp(phase: Phase) -> String {
    if phase.encryption.is_aead() {
        format!("{}, DH {}", phase.encryption, phase.dh_group)
    } else {
        format!(
            "{}, {}, DH {}",
            phase.encryption, phase.integrity, phase.dh_group
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_long_lines_are_readable() {
        let at: Timestamp = "2026-11-22T04:22:40.116307012Z".parse().unwrap();
        assert_eq!(when(at), "2026-11-22 04:22:40Z");
        let text = wrapped("twenty characters are the least room", 4, 10);
        assert_eq!(text, "twenty characters\n    are the least room");
    }
}
