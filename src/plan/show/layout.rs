//! Lines of limited width, with colours that can be left out.

use anstyle::{AnsiColor, Color, Style};

use crate::resource::Change;

/// A text that grows line by line.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) width: usize,
    colour: bool,
    text: String,
}

impl Page {
    /// An empty page; narrower than 40 columns nothing can be read.
    pub(super) fn new(width: usize, colour: bool) -> Self {
        Self {
            width: width.max(40),
            colour,
            text: String::new(),
        }
    }

    /// The finished text.
    pub(super) fn finish(self) -> String {
        self.text
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.text.push('\n');
    }

    /// A line as it is.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// A section's heading.
    pub(super) fn heading(&mut self, heading: &str) {
        let heading = self.paint(heading, Style::new().bold());
        self.gap();
        self.line(&heading);
    }

    /// Words behind `lead`, wrapped so that every further line begins below the first word.
    ///
    /// `lead_width` is the width of `lead` as it is seen, which colours do not add to.
    pub(super) fn item(&mut self, lead: &str, lead_width: usize, words: &str) {
        let room = self.width.saturating_sub(lead_width).max(20);
        let mut lines = wrap(words, room).into_iter();
        let first = lines.next().unwrap_or_default();
        self.line(&format!("{lead}{first}"));
        for line in lines {
            self.line(&format!("{}{line}", " ".repeat(lead_width)));
        }
    }

    /// Words behind spaces, wrapped.
    pub(super) fn indented(&mut self, indent: usize, words: &str) {
        self.item(&" ".repeat(indent), indent, words);
    }

    /// The text in a style, unless colours are off.
    pub(super) fn paint(&self, text: &str, style: Style) -> String {
        if self.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

/// The style of a change, the same in every list.
pub(super) fn style_of(change: Change) -> Style {
    let colour = match change {
        Change::Create => AnsiColor::Green,
        Change::Update | Change::Replace => AnsiColor::Yellow,
        Change::Delete => AnsiColor::Red,
        Change::Adopt => AnsiColor::Cyan,
        Change::Keep => return Style::new().dimmed(),
    };
    Style::new().fg_color(Some(Color::Ansi(colour)))
}

/// The style of a warning's sign.
pub(super) fn warning_style() -> Style {
    Style::new()
        .fg_color(Some(Color::Ansi(AnsiColor::Yellow)))
        .bold()
}

/// Breaks words into lines of at most `width` characters; a longer word gets a line of its own.
fn wrap(words: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in words.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += length;
        }
    }
    lines
}

/// The text with spaces up to `width` characters.
pub(super) fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_counted_in_characters() {
        assert_eq!(wrap("a bc def", 4), ["a bc", "def"]);
        assert_eq!(wrap("⇄⇄⇄ ⇄⇄⇄", 7), ["⇄⇄⇄ ⇄⇄⇄"]);
        assert_eq!(wrap("longerthanfour a", 4), ["longerthanfour", "a"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
