//! What is wrong with a site file, where, and how to mend it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::ops::Range;
use std::path::Path;

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};
use serde::Serialize;

use super::codes::Code;
use super::mask::mask_lines;
use super::text::{can_be_pointed_at, one_line};

/// How many problems are shown; a file with more has one cause, not hundreds.
const SHOWN: usize = 50;
/// Characters of the file's name.
const LONGEST_NAME: usize = 4096;
/// How many problems are kept at all, so that a hostile file cannot make us slow.
const KEPT: usize = 1000;

/// One problem of a site file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The stable code, which `underpass explain` knows.
    pub code: Code,
    /// Whether the file can be used all the same.
    pub warning: bool,
    /// What is wrong, naming the value.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    /// The line of the first label, from 1.
    pub line: usize,
    /// The column of the first label in characters, from 1.
    pub column: usize,
    /// The places concerned, the first one being where to look.
    pub labels: Vec<Label>,
}

/// A place in the file and its part in the problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    /// The place, in bytes.
    pub span: Range<usize>,
    /// What is said about it.
    pub text: String,
}

impl Problem {
    /// A problem that has no place yet.
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            warning: code.is_warning(),
            message: message.into(),
            help: None,
            line: 1,
            column: 1,
            labels: Vec::new(),
        }
    }

    /// Adds a place.
    pub(super) fn at(mut self, span: &Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span: span.clone(),
            text: text.into(),
        });
        self
    }

    /// Says what would be right.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn start(&self) -> usize {
        self.labels.first().map_or(0, |label| label.span.start)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn severity(&self) -> Option<Severity> {
        Some(if self.warning {
            Severity::Warning
        } else {
            Severity::Error
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().map(|label| {
            let text = Some(label.text.clone()).filter(|text| !text.is_empty());
            LabeledSpan::new(text, label.span.start, label.span.len())
        })))
    }
}

/// The problems of one file, in the file's order, with the text they point into.
#[derive(Clone, Debug)]
pub struct Findings {
    origin: String,
    source: NamedSource<String>,
    problems: Vec<Problem>,
    hidden: usize,
}

impl Findings {
    pub(super) fn new(origin: &Path, text: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| (problem.start(), problem.warning));
        let hidden = problems.len().saturating_sub(SHOWN);
        problems.truncate(SHOWN);
        if hidden > 0 {
            let message = format!("{hidden} more are not shown");
            let last = Problem::new(Code::MoreProblems, message);
            problems.push(last.help("mend the ones above first"));
        }
        for problem in &mut problems {
            (problem.line, problem.column) = position(text, problem.start());
            let mut places = problem.labels.iter().map(|label| &label.span);
            if !places.all(|place| can_be_pointed_at(text, place)) {
                let (line, column) = (problem.line, problem.column);
                problem.message += &format!(" (line {line}, column {column})");
                problem.labels.clear();
            }
        }
        let origin = one_line(&origin.display().to_string(), LONGEST_NAME);
        Self {
            source: NamedSource::new(&origin, text.to_owned()),
            origin,
            problems,
            hidden,
        }
    }

    /// The problems, in the file's order.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    fn refused(&self) -> bool {
        self.problems.iter().any(|problem| !problem.warning)
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (errors, warnings): (Vec<_>, Vec<_>) = self
            .problems
            .iter()
            .filter(|problem| problem.code != Code::MoreProblems)
            .partition(|problem| !problem.warning);
        let (errors, warnings) = (errors.len() + self.hidden, warnings.len());
        let counted = |n: usize, word: &str| match n {
            1 => format!("1 {word}"),
            n => format!("{n} {word}s"),
        };
        match (errors, warnings) {
            (0, w) => write!(f, "{} has {}", self.origin, counted(w, "warning")),
            (e, 0) => write!(f, "{} has {}", self.origin, counted(e, "problem")),
            (e, w) => write!(
                f,
                "{} has {} and {}",
                self.origin,
                counted(e, "problem"),
                counted(w, "warning")
            ),
        }
    }
}

impl std::error::Error for Findings {}

impl Diagnostic for Findings {
    fn severity(&self) -> Option<Severity> {
        Some(if self.refused() {
            Severity::Error
        } else {
            Severity::Warning
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.problems.iter().map(|p| p as &dyn Diagnostic)))
    }
}

/// Why a site file cannot be used: all of its problems, with its warnings among them.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct SpecErrors(Box<Findings>);

impl SpecErrors {
    pub(super) fn new(findings: Findings) -> Self {
        Self(Box::new(findings))
    }

    /// The problems, in the file's order.
    pub fn problems(&self) -> &[Problem] {
        self.0.problems()
    }
}

impl Diagnostic for SpecErrors {
    fn severity(&self) -> Option<Severity> {
        self.0.severity()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.source_code()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        self.0.related()
    }
}

/// A proof that the reason why a value is missing stands among the problems.
///
/// [`Sink::report`] makes them, and a [`Sink`] that made one never yields a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reported(());

impl Reported {
    /// What the reader, which reports before it withholds a value, left as a mark.
    pub(super) const fn by_reader() -> Self {
        Self(())
    }
}

/// A value, or the proof that its absence was reported.
pub(super) type Checked<T> = Result<T, Reported>;

/// Collects the problems while the file is read and checked.
#[derive(Debug, Default)]
pub(super) struct Sink {
    kept: RefCell<Vec<Problem>>,
    refused: Cell<bool>,
}

impl Sink {
    /// Adds a problem that makes the file unusable.
    pub(super) fn report(&self, problem: Problem) -> Reported {
        self.refused.set(true);
        self.keep(Problem {
            warning: false,
            ..problem
        });
        Reported(())
    }

    /// Options of both tunnels are checked for each of them and reported once.
    fn keep(&self, problem: Problem) {
        let mut kept = self.kept.borrow_mut();
        if kept.len() < KEPT && !kept.contains(&problem) {
            kept.push(problem);
        }
    }

    /// Adds a warning.
    pub(super) fn warn(&self, problem: Problem) {
        self.keep(Problem {
            warning: true,
            ..problem
        });
    }

    /// Whether the file is unusable.
    pub(super) fn refused(&self) -> Checked<()> {
        if self.refused.get() {
            Err(Reported(()))
        } else {
            Ok(())
        }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.kept.into_inner()
    }
}

/// Waits for every part before it says that one is missing, so that all of them are checked.
pub(super) fn all<T>(parts: Vec<Checked<T>>) -> Checked<Vec<T>> {
    parts.into_iter().collect()
}

/// A value of the file for a message: in backquotes, without control characters or what looks
/// like a key, not too long.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 48;
    let text = &mask_lines(text);
    let clipped: String = text.chars().take(LONGEST).collect();
    let dots = if clipped.len() < text.len() {
        "…"
    } else {
        ""
    };
    format!("`{}{dots}`", clipped.escape_debug())
}

/// Line and column, from 1, the column in characters.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (
        line,
        before.get(start..).unwrap_or_default().chars().count() + 1,
    )
}

/// The word of `known` that `text` was probably meant to be.
pub(super) fn nearest<'a>(text: &str, known: &[&'a str]) -> Option<&'a str> {
    let text = text.to_ascii_lowercase().replace('-', "_");
    let score =
        |word: &str| strsim::jaro_winkler(&text, &word.to_ascii_lowercase().replace('-', "_"));
    known
        .iter()
        .map(|word| (score(word), *word))
        .filter(|(score, _)| *score > 0.82)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, word)| word)
}
