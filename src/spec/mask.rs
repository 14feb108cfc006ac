//! What of the file may be shown: no key, and nothing that moves a terminal's cursor.

use std::ops::Range;

use super::codes::Code;
use super::node::{Kind, Node};
use super::problem::{Problem, Sink, quoted};

/// Names under which people put keys into files, in lower case with `_` for `-`.
const SECRETS: [&str; 9] = [
    "psk",
    "psks",
    "pre_shared_key",
    "pre_shared_keys",
    "presharedkey",
    "shared_secret",
    "secret",
    "password",
    "passphrase",
];

/// Removes keys and passwords from the tree, reports each, and blackens it in `shown`.
pub(super) fn take_secrets(node: &mut Node, shown: &mut String, sink: &Sink) {
    match &mut node.kind {
        Kind::Map(entries) => entries.retain_mut(|(key, value)| {
            let name = key.text.to_ascii_lowercase().replace('-', "_");
            // `{psk:value}` without a space is one key to YAML.
            let joined = secret_in(&key.text).is_some();
            if !joined && !SECRETS.contains(&name.as_str()) {
                take_secrets(value, shown, sink);
                return true;
            }
            let message = format!("{} does not belong in a site file", quoted(&key.text));
            let _reported = sink.report(
                Problem::new(Code::SecretInFile, message)
                    .at(&key.node.span, "a secret")
                    .help(
                        "leave it out and a key is generated, or name a file of mode 0600 in \
                         `pre_shared_key_file`; treat this one as known to others",
                    ),
            );
            *shown = blacken(shown, &value.span);
            false
        }),
        Kind::List(items) => {
            for item in items {
                take_secrets(item, shown, sink);
            }
        }
        Kind::Null | Kind::Scalar { .. } | Kind::Refused(_) => {}
    }
}

/// The text as it may be shown, byte for byte in place: without what stands behind a secret's
/// name on its line or indented under it, and without control characters.
pub(super) fn mask_lines(text: &str) -> String {
    let mut under: Option<usize> = None;
    let mask = |line: &str| {
        let clean: String = line.chars().map(|c| shown(c, false)).collect();
        let indent = line.len() - line.trim_start().len();
        if line.trim().is_empty() || under.is_some_and(|column| indent > column) {
            return blacken(&clean, &(0..clean.len()));
        }
        let found = secret_in(line);
        under = found.map(|(column, _)| column);
        match found {
            Some((_, from)) => blacken(&clean, &(from..clean.len())),
            None => clean,
        }
    };
    text.split_inclusive('\n').map(mask).collect()
}

/// Where in the line a secret's name and where its value begins.
fn secret_in(line: &str) -> Option<(usize, usize)> {
    let lower = line.to_ascii_lowercase().replace('-', "_");
    SECRETS
        .iter()
        .filter_map(|name| {
            let start = lower.find(name)?;
            let rest = lower.get(start + name.len()..)?;
            let value = rest.trim_start_matches([' ', '"', '\'']);
            let gap = rest.len() - value.len();
            let assigned = value.starts_with([':', '=']);
            assigned.then_some((start, start + name.len() + gap + 1))
        })
        .min_by_key(|(_, value)| *value)
}

fn blacken(text: &str, span: &Range<usize>) -> String {
    let black = |(at, c): (usize, char)| shown(c, span.contains(&at) && !c.is_whitespace());
    text.char_indices().map(black).collect()
}

/// A character, or as many stand-ins as it has bytes.
fn shown(c: char, secret: bool) -> String {
    if secret {
        "*".repeat(c.len_utf8())
    } else if matches!(c, '\n' | '\t') || !super::node::is_hostile(c) {
        c.to_string()
    } else {
        // A carriage return before a line feed is no harm, but shows as nothing either way.
        if c == '\r' {
            " ".to_owned()
        } else {
            "?".repeat(c.len_utf8())
        }
    }
}
