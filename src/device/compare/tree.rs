//! A configuration as lines within lines, by how far they are indented.

use std::collections::BTreeMap;

/// A line and the lines within it.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// As it stands.
    pub(super) line: String,
    /// As it is compared: without quotes and further blanks.
    pub(super) key: String,
    /// In order.
    pub(super) within: Vec<Self>,
    /// Where each key stands in `within`.
    index: BTreeMap<String, usize>,
}

/// Words that end a block and say nothing else.
const ENDS: [&str; 10] = [
    "end",
    "next",
    "exit",
    "quit",
    "exit-address-family",
    "exit-vrf",
    "configure",
    "commit",
    "}",
    "!",
];

impl Node {
    /// How many lines, this one among them.
    pub(super) fn lines(&self) -> usize {
        1 + self.within.iter().map(Self::lines).sum::<usize>()
    }
}

/// Reads lines; comments, empty lines and the ends of blocks are left out.
pub(super) fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Node> {
    let mut root = Node::default();
    // How far the open nodes are indented and where they stand, the outermost first.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut menu = false;
    for line in lines {
        let text = line.trim();
        let comment = ["!", "#", "//", "/*", "*"]
            .iter()
            .any(|mark| text.starts_with(mark));
        if text.is_empty() || comment || ENDS.contains(&text) {
            continue;
        }
        let mut depth = line.len() - line.trim_start().len();
        // RouterOS names a menu once, and its commands stand below it as far left.
        if text.starts_with('/') {
            menu = true;
        } else if menu {
            depth += 1;
        }
        while open.last().is_some_and(|(last, _)| *last >= depth) {
            open.pop();
        }
        let parent = (open.iter()).fold(&mut root, |node, (_, at)| &mut node.within[*at]);
        let key = key(text);
        // A block that is opened again goes on; by what it is called, it is the same.
        let at = match parent.index.get(&key) {
            Some(at) => *at,
            None => {
                parent.index.insert(key.clone(), parent.within.len());
                parent.within.push(Node {
                    line: line.trim_end().to_owned(),
                    key,
                    ..Node::default()
                });
                parent.within.len() - 1
            }
        };
        open.push((depth, at));
    }
    root.within
}

/// A line as it is compared.
pub(super) fn key(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !matches!(c, '"' | '\'')).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}
