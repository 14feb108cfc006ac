//! The one printer: results to stdout, everything else to stderr.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::again::typed;
use super::exit::Exit;
use super::failure::Failure;
use super::harmless;
use super::words::wrapped;

/// In which form results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document with a `schema_version`.
    Json,
    /// Events as JSON lines while they happen; the result is the last line.
    Jsonl,
    /// A diagram for Markdown (`plan`, `playbooks`).
    Mermaid,
    /// A diagram for Graphviz (`plan`, `playbooks`).
    Dot,
}

/// What kind of line is printed; each has one glyph and one colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// ► something begins.
    Do,
    /// ✚ something was made.
    Made,
    /// ◎ something is awaited.
    Wait,
    /// ✔ something is ready.
    Ready,
    /// ⚠ something should be known.
    Warn,
    /// ✗ something failed.
    Fail,
    /// No glyph: a continuation.
    Plain,
}

impl Line {
    /// The glyph.
    pub const fn glyph(self) -> &'static str {
        match self {
            Self::Do => "►",
            Self::Made => "✚",
            Self::Wait => "◎",
            Self::Ready => "✔",
            Self::Warn => "⚠",
            Self::Fail => "✗",
            Self::Plain => " ",
        }
    }

    /// The colour.
    pub fn style(self) -> Style {
        let colour = match self {
            Self::Do => AnsiColor::Blue,
            Self::Made | Self::Ready => AnsiColor::Green,
            Self::Wait => AnsiColor::Cyan,
            Self::Warn => AnsiColor::Yellow,
            Self::Fail => AnsiColor::Red,
            Self::Plain => return Style::new(),
        };
        Style::new().fg_color(Some(colour.into()))
    }
}

/// Where and how to print.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// The form of results.
    pub format: Format,
    /// Whether only results and failures are printed.
    pub quiet: bool,
    /// Whether stderr is a terminal that shows moving bars.
    pub lively: bool,
    /// Whether questions may be asked.
    pub may_ask: bool,
}

impl Output {
    /// Looks at the terminal and the environment once.
    pub fn new(format: Format, quiet: bool) -> Self {
        let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
        let terminal = io::stderr().is_terminal();
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let text = format == Format::Text;
        Self {
            format,
            quiet,
            lively: terminal && !ci && !dumb && text && !quiet,
            may_ask: terminal && io::stdin().is_terminal() && !ci && text,
        }
    }

    /// Whether stdout is for machines, which get one document and no plan before it.
    pub fn is_for_machines(self) -> bool {
        matches!(self.format, Format::Json | Format::Jsonl)
    }

    /// Columns to fill.
    pub fn width(self) -> usize {
        columns()
    }

    /// Columns to wrap sentences on stderr to: only a terminal needs it, a log is searched.
    pub fn prose(self) -> usize {
        if io::stderr().is_terminal() {
            columns()
        } else {
            usize::MAX
        }
    }

    /// Whether stdout wants colour.
    pub fn colour(self) -> bool {
        anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
    }

    /// Prints a result for people, or for machines when the format says so.
    pub fn result<T: Serialize>(
        self,
        value: &T,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Json => self.json(value, true),
            Format::Jsonl => self.json(value, false),
            Format::Text | Format::Mermaid | Format::Dot => {
                write_stdout(&harmless::text(&text()));
                Ok(())
            }
        }
    }

    /// Prints text that is itself the result.
    pub fn text(self, text: &str) {
        write_stdout(&harmless::text(text));
    }

    fn json<T: Serialize>(self, value: &T, pretty: bool) -> Result<(), Failure> {
        let text = if pretty {
            serde_json::to_string_pretty(value)
        } else {
            serde_json::to_string(value)
        };
        let text = text.map_err(|error| {
            Failure::new(
                Exit::Internal,
                format!("cannot write the result as JSON: {error}"),
            )
        })?;
        write_stdout(&harmless::json(&text));
        Ok(())
    }

    /// Prints a line about what is going on.
    pub fn say(self, line: Line, text: &str) {
        if self.quiet || matches!(self.format, Format::Jsonl) {
            return;
        }
        let style = line.style();
        let mut stderr = anstream::stderr().lock();
        // A closed stderr is nobody listening, not an error.
        let _closed = writeln!(
            stderr,
            "{style}{}{style:#} {}",
            line.glyph(),
            harmless::text(text)
        );
    }

    /// Asks: the answer is typed behind the question.
    pub fn ask(self, line: Line, question: &str) {
        let style = line.style();
        let mut stderr = anstream::stderr().lock();
        let _closed = write!(
            stderr,
            "{style}{}{style:#} {} ",
            line.glyph(),
            harmless::text(question)
        );
        let _closed = stderr.flush();
    }

    /// Prints what clap has to say: help, or what is wrong with the words that were typed.
    pub fn usage(error: &clap::Error) {
        let text = error.render().ansi().to_string();
        let text = harmless::text(&text);
        // A closed stream is nobody listening.
        let _closed = if error.use_stderr() {
            anstream::stderr().lock().write_all(text.as_bytes())
        } else {
            anstream::stdout().lock().write_all(text.as_bytes())
        };
    }

    /// Prints a failure; its last line is the command to run next.
    pub fn failure(self, failure: &Failure) {
        if self.is_for_machines() && !failure.after_result {
            write_stdout(&harmless::json(&failure.to_json().to_string()));
        }
        let style = Line::Fail.style();
        let mut stderr = anstream::stderr().lock();
        let _closed = writeln!(
            stderr,
            "{style}{}{style:#} {}",
            Line::Fail.glyph(),
            harmless::text(failure.text().trim_end())
        );
        for hint in &failure.hints {
            // A command stays in one line, to be copied.
            let hint = match hint.rsplit_once(": underpass ") {
                Some((words, command)) if hint.chars().count() + 8 > self.prose() => {
                    let words = wrapped(words, 8, self.prose());
                    format!("{words}:\n        underpass {command}")
                }
                _ => wrapped(hint, 8, self.prose()),
            };
            let _closed = writeln!(stderr, "  hint: {}", harmless::text(&hint));
        }
        if let Some(next) = &failure.next {
            let _closed = writeln!(stderr, "  next: {}", harmless::text(next));
        }
    }
}

/// Columns to fill: those of `COLUMNS`, or of the terminal, or 100 where nobody looks.
pub(super) fn columns() -> usize {
    all_columns().clamp(60, 100)
}

/// The same without the limit at which prose becomes hard to read: for tables with many columns.
pub(super) fn all_columns() -> usize {
    let told = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    let seen = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    told.or_else(seen).unwrap_or(100).clamp(60, 200)
}

/// Why stdout did not take everything, if so: there is one stdout, and many who write to it.
static UNDELIVERED: OnceLock<String> = OnceLock::new();

fn write_stdout(text: &str) {
    let mut stdout = anstream::stdout().lock();
    let mut written = stdout.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        written = written.and_then(|()| stdout.write_all(b"\n"));
    }
    match written.and_then(|()| stdout.flush()) {
        // A reader that went away (`| head`) has all it wants.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            UNDELIVERED.get_or_init(|| error.to_string());
        }
        _ => {}
    }
}

/// The exit of a command whose result got through; a script must not take a cut-off one for whole.
pub(super) fn delivered(exit: Exit) -> Result<Exit, Failure> {
    match UNDELIVERED.get() {
        None => Ok(exit),
        Some(why) => Err(Failure::new(
            Exit::Internal,
            format!(
                "what was asked for is done, but the result cannot be written to stdout: {why}"
            ),
        )
        .next(typed())
        .after_result()),
    }
}
