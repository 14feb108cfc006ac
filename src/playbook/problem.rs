//! What is wrong with a playbook: every problem with its place and a way out.

use std::sync::Arc;

use miette::{Diagnostic, NamedSource};

use super::limits;
use super::yaml::Span;
use crate::spec::{can_be_pointed_at, in_place};

/// Everything that is wrong with a playbook, in the order of the file.
#[derive(Clone, Debug, thiserror::Error, Diagnostic)]
#[error("{origin}: the playbook has {}", count(problems.len()))]
#[diagnostic(code(playbook))]
pub struct PlaybookErrors {
    origin: String,
    #[source_code]
    text: NamedSource<Arc<str>>,
    #[related]
    problems: Vec<PlaybookProblem>,
}

fn count(problems: usize) -> String {
    match problems {
        1 => "a problem".to_owned(),
        _ => format!("{problems} problems"),
    }
}

impl PlaybookErrors {
    /// What is wrong, one by one.
    pub fn problems(&self) -> &[PlaybookProblem] {
        &self.problems
    }
}

/// One thing that is wrong with a playbook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Diagnostic)]
#[error("{message}")]
pub struct PlaybookProblem {
    /// What is wrong.
    pub message: String,
    /// What is there, at the place of the problem.
    label: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    #[label("{label}")]
    at: Option<miette::SourceSpan>,
    /// What would be right.
    #[help]
    pub help: String,
}

/// The text of a playbook and its name, for messages.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) origin: String,
    pub(super) text: Arc<str>,
}

/// Collects problems.
#[derive(Debug)]
pub(super) struct Problems<'a> {
    source: &'a Source,
    found: Vec<PlaybookProblem>,
}

impl<'a> Problems<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self {
            source,
            found: Vec::new(),
        }
    }

    /// Adds a problem at a place of the text.
    pub(super) fn add(
        &mut self,
        at: &Span,
        label: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (line, column) = position(&self.source.text, at.start);
        let mut message = clipped(message.into());
        let drawn = can_be_pointed_at(&self.source.text, at);
        if !drawn {
            message += &format!(" (line {line}, column {column})");
        }
        self.found.push(PlaybookProblem {
            message,
            label: clipped(label.into()),
            line,
            column,
            at: drawn.then(|| at.clone().into()),
            help: help.into(),
        });
    }

    /// The value when it could be made and nothing is wrong, else everything that is.
    pub(super) fn finish<T>(mut self, value: Option<T>) -> Result<T, PlaybookErrors> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => {
                self.found
                    .sort_by_key(|problem| (problem.line, problem.column));
                self.found.dedup();
                self.found.truncate(limits::PROBLEMS);
                Err(PlaybookErrors {
                    origin: self.source.origin.clone(),
                    text: NamedSource::new(&self.source.origin, in_place(&self.source.text).into()),
                    problems: self.found,
                })
            }
        }
    }
}

/// Words about a playbook may repeat one of its texts, which may be as long as all of it.
fn clipped(text: String) -> String {
    match text.char_indices().nth(limits::WORDS) {
        Some((end, _)) => format!("{}…", in_place(&text[..end])),
        None => in_place(&text),
    }
}

fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_begin = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_begin..].chars().count() + 1,
    )
}

/// `did you mean …?` and what else there is.
pub(super) fn suggest<'a>(
    word: &str,
    what: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    if known.is_empty() {
        return format!("there are no {what}");
    }
    let all = format!("{what}: {}", known.join(", "));
    match similar::get_close_matches(word, &known, 1, 0.6).first() {
        Some(close) => format!("did you mean `{close}`? {all}"),
        None => all,
    }
}
