//! What of the file may be shown: no key, and nothing that moves a terminal's cursor.

use std::ops::Range;

use super::codes::Code;
use super::node::{Key, Kind, Node};
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

/// Removes keys and passwords from the tree, reports each, and blackens them in `shown`.
pub(super) fn take_secrets(root: &mut Node, shown: &mut String, sink: &Sink) {
    let mut spans = Vec::new();
    take(root, &mut spans, sink);
    if !spans.is_empty() {
        *shown = blacken(shown, &spans);
    }
}

fn take(node: &mut Node, spans: &mut Vec<Range<usize>>, sink: &Sink) {
    match &mut node.kind {
        Kind::Map(entries) => entries.retain_mut(|(key, value)| {
            let secret = is_secret(&key.text);
            if secret {
                let _reported = sink.report(secret_in_file(key));
                spans.push(value.span.clone());
            } else {
                take(value, spans, sink);
            }
            !secret
        }),
        Kind::List(items) => {
            for item in items {
                take(item, spans, sink);
            }
        }
        Kind::Null | Kind::Scalar { .. } | Kind::Refused(_) => {}
    }
}

fn is_secret(key: &str) -> bool {
    let name = key.to_ascii_lowercase().replace('-', "_");
    // `{psk:value}` without a space is one key to YAML.
    SECRETS.contains(&name.as_str()) || secret_in(key).is_some()
}

fn secret_in_file(key: &Key) -> Problem {
    let message = format!("{} does not belong in a site file", quoted(&key.text));
    Problem::new(Code::SecretInFile, message)
        .at(&key.node.span, "a secret")
        .help(
            "leave it out and a key is generated, or name a file of mode 0600 in \
             `pre_shared_key_file`; treat this one as known to others",
        )
}

/// The text as it may be shown, byte for byte in place: without what stands behind a secret's
/// name on its line or indented under it, and without control characters.
pub(super) fn mask_lines(text: &str) -> String {
    let mut under: Option<usize> = None;
    let mask = |line: &str| {
        let clean: String = line.chars().map(|c| shown(c, false)).collect();
        let whole = |from: usize| from..clean.len();
        let indent = line.len() - line.trim_start().len();
        if line.trim().is_empty() || under.is_some_and(|column| indent > column) {
            return blacken(&clean, &[whole(0)]);
        }
        let found = secret_in(line);
        under = found.map(|(column, _)| column);
        match found {
            Some((_, from)) => blacken(&clean, &[whole(from)]),
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

/// The spans come in the text's order and apart from each other.
fn blacken(text: &str, spans: &[Range<usize>]) -> String {
    let mut spans = spans.iter().peekable();
    let black = |(at, c): (usize, char)| {
        while spans.next_if(|span| span.end <= at).is_some() {}
        let inside = spans.peek().is_some_and(|span| span.contains(&at));
        shown(c, inside && !c.is_whitespace())
    };
    text.char_indices().map(black).collect()
}

/// A character, or as many stand-ins as it has bytes.
fn shown(c: char, secret: bool) -> String {
    if secret {
        "*".repeat(c.len_utf8())
    } else if matches!(c, '\n' | '\t') || !super::text::is_hostile(c) {
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
