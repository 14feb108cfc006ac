//! Takes keys out of a text, ours by value and anybody's by the words before them.

use zeroize::Zeroizing;

use crate::tunnel::TunnelSet;

/// What stands in for a key that the device shows only in a form of its own.
pub(super) const SEALED: &str = "<sealed key>";
/// What stands in for somebody's secret.
const HIDDEN: &str = "<hidden>";

/// How a word ends that stands before a secret in some vendor's language.
const ENDINGS: [&str; 9] = [
    "key",
    "secret",
    "psk",
    "password",
    "passwd",
    "passphrase",
    "ascii-text",
    "key-string",
    "community",
];

/// The text with each of our keys replaced by which it is.
pub(super) fn ours(text: &str, set: &TunnelSet) -> Zeroizing<String> {
    let mut text = Zeroizing::new(text.to_owned());
    if let Some(link) = &set.direct_connect {
        *text = text.replace(link.key.expose(), "<key of Direct Connect>");
    }
    for tunnel in &set.tunnels {
        let name = format!("<key of tunnel {}>", tunnel.number);
        *text = text.replace(tunnel.key.expose(), &name);
    }
    text
}

/// A line of the device without its secrets: `known` are our lines, which hold none any more.
pub(super) fn theirs(line: &str, known: impl Fn(&str) -> bool) -> String {
    if known(line) {
        return line.to_owned();
    }
    let Some(at) = after_word(line) else {
        return line.to_owned();
    };
    let (before, rest) = line.split_at(at);
    let value = rest.trim_matches(|c: char| c.is_whitespace() || "\"'=:>".contains(c));
    if value.is_empty() || is_plain(value) {
        return line.to_owned();
    }
    let mark = if is_sealed(value) { SEALED } else { HIDDEN };
    format!("{before} {mark}")
}

/// Where the first word that stands before a secret ends.
fn after_word(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut at = 0;
    while at < lower.len() {
        let rest = &lower[at..];
        let begin = at + rest.find(part)?;
        let end = lower[begin..]
            .find(|c| !part(c))
            .map_or(lower.len(), |length| begin + length);
        let word = &lower[begin..end];
        let is_md5 = word == "md5";
        // Whatever number it has: `secret_1`.
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
        if is_md5 || ENDINGS.iter().any(|ending| word.ends_with(ending)) {
            return Some(end);
        }
        at = end;
    }
    None
}

/// Whether nothing but one of our keys is there, or a community of BGP's, which is no secret.
fn is_plain(value: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if (value.split_once(':')).is_some_and(|(one, two)| digits(one) && digits(two)) {
        return true;
    }
    let rest = value.trim_start_matches("0 ");
    rest.starts_with("<key of ") && rest.ends_with('>') && rest.matches('<').count() == 1
}

/// Whether a value is a secret in the vendor's own cipher, of which no device tells the plain form.
fn is_sealed(value: &str) -> bool {
    let begins = ["ENC ", "$9$", "$8$", "$6$", "$5$", "-AQ==", "encrypted "];
    let kinds = ["7 ", "6 ", "8 ", "9 ", "5 "];
    begins.iter().any(|mark| value.starts_with(mark))
        || kinds.iter().any(|kind| value.starts_with(kind))
        || value.starts_with("***")
}
