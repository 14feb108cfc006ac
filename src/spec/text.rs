//! Text from outside in one harmless line.

use std::ops::Range;

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

/// A text with a `?` for each byte of what is hostile, so that every place in it stays.
///
/// A carriage return before a line feed is no harm, but shows as nothing either way.
pub fn in_place(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => shown.push(c),
            '\r' => shown.push(' '),
            c if is_hostile(c) => shown.push_str(&"?".repeat(c.len_utf8())),
            c => shown.push(c),
        }
    }
    shown
}

/// Whether a place can be shown with the lines around it.
///
/// What draws the lines shows them whole, and cannot point behind column 65535.
pub fn can_be_pointed_at(text: &str, place: &Range<usize>) -> bool {
    const LINE: usize = 2000;
    const LINES: usize = 40;
    let start = text.floor_char_boundary(place.start);
    let end = text.floor_char_boundary(place.end).max(start);
    let before = text[..start]
        .rsplitn(3, '\n')
        .take(2)
        .map(str::len)
        .sum::<usize>();
    let after = text[end..]
        .splitn(3, '\n')
        .take(2)
        .map(str::len)
        .sum::<usize>();
    let from = text.floor_char_boundary(start.saturating_sub(before + 1));
    let to = text.floor_char_boundary((end + after + 1).min(text.len()));
    let mut lines = text[from..to].split('\n');
    lines.by_ref().take(LINES).all(|line| line.len() <= LINE) && lines.next().is_none()
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

    #[test]
    fn a_place_in_a_monstrous_line_or_a_monstrous_place_is_not_drawn() {
        let long = format!("a: b\n{}\nc: d\ne: f\n", "x".repeat(100_000));
        assert!(!can_be_pointed_at(&long, &(10..12)));
        assert!(
            !can_be_pointed_at(&long, &(0..1)),
            "the line below is shown too"
        );
        let end = long.len();
        assert!(can_be_pointed_at(&long, &(end - 4..end - 2)));
        assert!(!can_be_pointed_at(&"\n".repeat(1000), &(10..900)));
        assert!(can_be_pointed_at("ü: ö\nä", &(1..900)));
    }
}
