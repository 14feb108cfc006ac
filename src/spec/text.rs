//! Text from outside in one harmless line.

/// Whether a character can change a line, hide text, turn its direction, or move a cursor.
///
/// Control characters of both sets (so that no ANSI escape begins), Unicode's line ends, bidi
/// controls (UAX #9), characters without width, and tags (U+E0000 …), which show as nothing.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{ad}' | '\u{61c}' | '\u{180e}'
        )
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A text of somebody else's as one line of at most `longest` characters.
///
/// What is hostile is replaced and not left out: a tag that only looks like ours stays another.
pub fn one_line(text: &str, longest: usize) -> String {
    let mut line: String = text
        .chars()
        .take(longest)
        .map(|c| if is_hostile(c) { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(longest).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_one_line_and_never_becomes_another_harmless_one() {
        let hostile = "plant-7\u{200b}\u{1b}[2J\r\n  next: rm -rf /\u{202e}\u{9b}31m\u{2028}";
        let line = one_line(hostile, 600);
        assert!(!line.chars().any(is_hostile), "{line:?}");
        assert!(line.starts_with("plant-7\u{fffd}"), "{line:?}");
        assert_eq!(one_line(&"ü".repeat(700), 600).chars().count(), 601);
        assert_eq!(one_line("Werk Süd", 600), "Werk Süd");
    }
}
