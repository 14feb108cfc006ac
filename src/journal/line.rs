//! One line on disk: JSON with a checksum that is chained to the line before.
//!
//! A line is `{"seq":…,"at":…,"record":{…},"sum":"0123456789abcdef"}`. The sum covers everything in
//! front of it and the previous line's sum, so a changed, missing, moved or foreign line is found.
//! It guards against accidents, not against somebody who wants to deceive.

use sha2::{Digest, Sha256};

use super::history::{Disorder, History};
use super::record::Entry;
use crate::limits;

/// The checksum of a line in hexadecimal; empty before the first line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum(String);

impl Sum {
    /// The sum of a line whose text up to its sum is `body`.
    fn next(&self, body: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0.as_bytes());
        hash.update(body);
        Self::of(hash)
    }

    fn of(hash: Sha256) -> Self {
        let digest = hash.finalize();
        let head = digest.iter().take(8);
        let number = head.fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        Self(format!("{number:016x}"))
    }
}

/// What stands between a line's entry and its sum; the sum has 16 digits.
const SEAM: &str = ",\"sum\":\"";
const TAIL: &str = "\"}";
const TAIL_LEN: usize = SEAM.len() + 16 + TAIL.len();

/// Writes an entry as one line with its line end.
pub(super) fn encode(entry: &Entry, previous: &Sum) -> Result<(String, Sum), serde_json::Error> {
    let mut line = serde_json::to_string(entry)?;
    line.pop();
    let sum = previous.next(line.as_bytes());
    line.push_str(SEAM);
    line.push_str(&sum.0);
    line.push_str(TAIL);
    line.push('\n');
    Ok((line, sum))
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
enum BadLine {
    #[error("its checksum does not fit")]
    Sum,
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

fn decode(line: &[u8], previous: &Sum) -> Result<(Entry, Sum), BadLine> {
    let at = line.len().checked_sub(TAIL_LEN).ok_or(BadLine::Sum)?;
    let (body, tail) = line.split_at(at);
    let sum = previous.next(body);
    if tail != [SEAM, sum.0.as_str(), TAIL].concat().as_bytes() {
        return Err(BadLine::Sum);
    }
    let mut json = body.to_vec();
    json.push(b'}');
    Ok((serde_json::from_slice(&json)?, sum))
}

/// Why a journal cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// A line in the middle was changed, or a line is missing before it.
    #[error("line {line}: {problem}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The records stand in an order that no run can write.
    #[error("line {line}: {source}")]
    Order {
        /// From 1.
        line: usize,
        /// What cannot be.
        source: Disorder,
    },
    /// No run writes that much.
    #[error("it has more than {} MiB, which no run writes", limits::JOURNAL >> 20)]
    Large,
    /// There is not one whole line.
    #[error("it holds no whole line")]
    Empty,
}

/// A journal read back.
#[derive(Debug)]
pub(super) struct Replay {
    pub(super) history: History,
    pub(super) sum: Sum,
    /// The length of the whole lines.
    pub(super) whole: usize,
}

/// Adds a journal's bytes up to a [`History`]; pure.
///
/// A last line without its end is what a stop in the middle of a write leaves: its record was never
/// acknowledged, so it is dropped and [`History::torn`] says so. Anything else that does not fit is
/// [`Damage`].
pub fn replay(bytes: &[u8]) -> Result<History, Damage> {
    read(bytes).map(|replay| replay.history)
}

pub(super) fn read(bytes: &[u8]) -> Result<Replay, Damage> {
    if bytes.len() > limits::JOURNAL {
        return Err(Damage::Large);
    }
    let mut history: Option<History> = None;
    let mut sum = Sum::default();
    let mut whole = 0;
    for (index, text) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let line = index + 1;
        let Some(content) = text.strip_suffix(b"\n") else {
            refuse_if_not_torn(text, &sum, line)?;
            break;
        };
        let (entry, next) = decode(content, &sum).map_err(|bad| Damage::Line {
            line,
            problem: bad.to_string(),
        })?;
        match &mut history {
            None => history = Some(History::begin(entry).map_err(in_line(line))?),
            Some(history) => history.apply(&entry).map_err(in_line(line))?,
        }
        sum = next;
        whole += text.len();
    }
    let mut history = history.ok_or(Damage::Empty)?;
    history.torn = bytes.len() - whole;
    Ok(Replay {
        history,
        sum,
        whole,
    })
}

fn in_line(line: usize) -> impl FnOnce(Disorder) -> Damage {
    move |source| Damage::Order { line, source }
}

/// A torn write is a part of a line. A whole line with something else behind it is a change after
/// the fact: dropping it would forget an acknowledged record.
fn refuse_if_not_torn(text: &[u8], sum: &Sum, line: usize) -> Result<(), Damage> {
    // A record that lost nothing but its line end was not acknowledged, so it may go.
    let longer = text.len().saturating_sub(1);
    let mut hash = Sha256::new();
    hash.update(sum.0.as_bytes());
    let mut hashed = 0;
    for end in TAIL_LEN..=longer {
        let body = end - TAIL_LEN;
        let tail = &text[body..end];
        if !(tail.starts_with(SEAM.as_bytes()) && tail.ends_with(TAIL.as_bytes())) {
            continue;
        }
        // Each byte is hashed once: a line may be made of nothing but such ends.
        hash.update(&text[hashed..body]);
        hashed = body;
        let fits = Sum::of(hash.clone());
        // A sum that fits is no accident, whatever stands in front of it.
        if tail[SEAM.len()..].starts_with(fits.0.as_bytes()) {
            return Err(Damage::Line {
                line,
                problem: "its line end was changed".to_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each of these took minutes when every end was hashed from the line's beginning.
    #[test]
    fn a_torn_line_full_of_ends_is_looked_through_once() {
        let seam = format!("{SEAM}0123456789abcdef{TAIL}");
        for text in [seam.repeat(100_000), TAIL.repeat(1_000_000)] {
            assert!(refuse_if_not_torn(text.as_bytes(), &Sum::default(), 1).is_ok());
        }
        let body = "{\"a\":1";
        let sealed = format!(
            "{body}{SEAM}{}{TAIL}",
            Sum::default().next(body.as_bytes()).0
        );
        let more = format!("{sealed} ");
        assert!(refuse_if_not_torn(more.as_bytes(), &Sum::default(), 1).is_err());
        assert!(refuse_if_not_torn(sealed.as_bytes(), &Sum::default(), 1).is_ok());
    }

    #[test]
    fn a_journal_larger_than_any_is_not_read() {
        let error = read(&vec![b'\n'; limits::JOURNAL + 1]).unwrap_err();
        assert!(matches!(error, Damage::Large), "{error}");
    }
}
