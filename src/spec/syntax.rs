//! What is said when the text is not YAML.

use std::ops::Range;

use serde_saphyr::granit_parser::ScanError;

use super::codes::Code;
use super::problem::Problem;

/// The parser's complaint with the cause that people most often meet.
pub(super) fn syntax(text: &str, error: &ScanError, open: Option<&Range<usize>>) -> Problem {
    let at = error.marker().byte_offset().unwrap_or(text.len());
    let at = text.floor_char_boundary(at.min(text.len()));
    let tabs = tabs(text);
    let problem = Problem::new(Code::YamlSyntax, format!("not YAML: {}", error.info()));
    if tabs.is_empty() {
        let width = text
            .get(at..)
            .and_then(|rest| rest.chars().next())
            .map_or(0, |c| if c == '\n' { 0 } else { c.len_utf8() });
        let problem = problem.at(&(at..at + width), "the parser stopped here");
        if let Some(open) = open {
            return problem
                .at(open, "opened here")
                .help("close the bracket, or look for a comma or quote that is missing after it");
        }
        return problem.help(
            "check the indentation, and quote a value that begins with a special character or \
             contains `: ` or ` #`",
        );
    }
    let problem = Problem {
        message: "the file is indented with tabs, which YAML does not allow".to_owned(),
        ..problem
    };
    tabs.iter()
        .take(5)
        .fold(problem, |problem, tab| problem.at(tab, "a tab"))
        .help("replace every tab by two spaces")
}

/// The tabs in the indentation of each line.
fn tabs(text: &str) -> Vec<Range<usize>> {
    let mut offset = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line.get(..indent).and_then(|indent| indent.find('\t')) {
            found.push(offset + tab..offset + indent);
        }
        offset += line.len();
    }
    found
}
