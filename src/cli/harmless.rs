//! The last line of defence: nothing that is printed moves a cursor, whoever wrote it.
//!
//! Texts from outside are made harmless where they come in. This is for the one that was forgotten:
//! a file's name, a parser's words about a line, an environment variable.

use std::borrow::Cow;
use std::path::Path;

use crate::spec::{is_hostile, one_line};

/// What a terminal may be given: lines, tabs, and colours, which are ours.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if !text.contains(suspicious) {
        return Cow::Borrowed(text);
    }
    let mut harmless = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\u{1b}' => colour(rest),
            c if suspicious(c) => None,
            c => Some(c.len_utf8()),
        };
        match length {
            Some(length) => harmless.push_str(&rest[..length]),
            None => harmless.push('\u{fffd}'),
        }
        rest = &rest[length.unwrap_or(c.len_utf8())..];
    }
    Cow::Owned(harmless)
}

/// The same JSON, with what a terminal should not be given as escapes.
///
/// In what serde_json writes such a character stands in a string and nowhere else.
pub(super) fn json(text: &str) -> Cow<'_, str> {
    if !text.contains(suspicious) {
        return Cow::Borrowed(text);
    }
    let mut harmless = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        if suspicious(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                harmless.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            harmless.push(c);
        }
    }
    Cow::Owned(harmless)
}

/// A file's name in a sentence: one line, whatever the file is called.
pub(super) fn path(path: &Path) -> String {
    const LONGEST: usize = 4096;
    one_line(&path.display().to_string(), LONGEST)
}

fn suspicious(c: char) -> bool {
    is_hostile(c) && !matches!(c, '\n' | '\t')
}

/// The length of the sequence that sets a colour or a weight (ECMA-48, SGR), if this begins one.
fn colour(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("\u{1b}[")?;
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ';'))?;
    // 8 would hide what follows.
    let hides = rest[..end].split(';').any(|number| number == "8");
    (rest[end..].starts_with('m') && !hides).then_some("\u{1b}[".len() + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_stay_and_nothing_else_that_begins_with_escape() {
        let ours = "\u{1b}[32m✔\u{1b}[0m done\n\t\u{1b}[1;31mred\u{1b}[m";
        assert_eq!(text(ours), ours);
        let theirs = "a\u{1b}[2Jb\u{1b}]8;;http://x\u{7}c\u{9b}1md\re\u{202e}f\u{1b}[8mg\u{1b}";
        let shown = text(theirs);
        assert!(!shown.contains(suspicious), "{shown:?}");
        for letter in "abcdefg".chars() {
            assert!(shown.contains(letter));
        }
    }

    #[test]
    fn json_means_the_same() {
        let value = serde_json::json!({ "a\u{9b}": "b\u{7f}\u{202e}\u{e0041}\u{1b}\nü" });
        let written = serde_json::to_string_pretty(&value).unwrap();
        let shown = json(&written);
        assert!(!shown.contains(suspicious), "{shown:?}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
            value
        );
    }
}
