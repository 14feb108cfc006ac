//! Puts what a device has into the order of what it should have.

use std::collections::BTreeSet;

use similar::TextDiff;

use super::mask;
use super::tree::{Node, key, read};
use crate::device::{BundleFile, Device, Removal};
use crate::tunnel::TunnelSet;

/// What a device has beside what it should have; without any key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// A unified diff, from the device's text to ours; empty when they say the same.
    pub diff: String,
    /// Lines of the device that are not about this site and were not compared.
    pub others: usize,
    /// Keys that the device shows only in its own cipher, and that were not compared.
    pub sealed: usize,
}

/// Compares a file of the bundle with what was saved from the device.
///
/// A configuration that is loaded into a device's own is compared without regard to order, and
/// beside it only those lines of the device count that are about this site: which have one of its
/// names or addresses, stand within such a line, or say the same thing with another value. A file
/// that is wholly ours is compared line by line.
pub fn compare(
    device: &dyn Device,
    file: &BundleFile,
    saved: &str,
    from: &str,
    set: &TunnelSet,
) -> Compared {
    let ours = String::from_utf8_lossy(file.content());
    let ours = mask::ours(&ours, set);
    let theirs = mask::ours(saved, set);
    let known: BTreeSet<String> = ours.lines().map(key).collect();
    let theirs: Vec<String> = (theirs.lines())
        .map(|line| mask::theirs(line, |line| known.contains(&key(line))))
        .collect();
    let mut sides = Sides::default();
    if matches!(device.removal(), Removal::File(_)) {
        sides.names = names(&ours, set);
        let ours = read(ours.lines());
        let theirs = read(theirs.iter().map(String::as_str));
        sides.align(&ours, &theirs, false);
    } else {
        sides.ours = ours
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect();
        sides.theirs = theirs
            .iter()
            .map(|line| line.trim_end().to_owned())
            .collect();
    }
    let join = |lines: &[String]| {
        lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    let (before, after) = (join(&sides.theirs), join(&sides.ours));
    let diff = if before == after {
        String::new()
    } else {
        TextDiff::from_lines(&before, &after)
            .unified_diff()
            .context_radius(3)
            .header(from, &file.path)
            .to_string()
    };
    Compared {
        diff,
        others: sides.others,
        sealed: sides.sealed,
    }
}

/// The names and addresses by which lines are about this site.
fn names(ours: &str, set: &TunnelSet) -> BTreeSet<String> {
    let site = set.site.name.as_str();
    let mut names: BTreeSet<String> = words(ours)
        .map(str::to_lowercase)
        .filter(|word| {
            let begins = ["up-", "up_", "underpass"]
                .iter()
                .any(|mark| word.starts_with(mark));
            word.len() > 3 && (begins || word.contains(site))
        })
        .collect();
    for tunnel in &set.tunnels {
        names.insert(tunnel.aws.outside.to_string());
        names.insert(tunnel.aws.inside.to_string());
        names.insert(tunnel.customer.inside.to_string());
    }
    if let Some(link) = &set.direct_connect {
        names.insert(link.amazon.addr().to_string());
        names.insert(link.router.addr().to_string());
    }
    names
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "\"'=/,;:()[]{}".contains(c))
        .filter(|word| !word.is_empty())
}

#[derive(Default)]
struct Sides {
    names: BTreeSet<String>,
    ours: Vec<String>,
    theirs: Vec<String>,
    others: usize,
    sealed: usize,
}

impl Sides {
    fn mentions(&self, line: &str) -> bool {
        words(line).any(|word| self.names.contains(&word.to_lowercase()))
    }

    fn is_about(&self, node: &Node) -> bool {
        self.mentions(&node.line) || node.within.iter().any(|node| self.is_about(node))
    }

    /// Lines within one of ours (`owned`) or of the whole configuration.
    fn align(&mut self, ours: &[Node], theirs: &[Node], owned: bool) {
        let known: BTreeSet<&str> = ours.iter().map(|node| node.key.as_str()).collect();
        let mut left: Vec<&Node> = (theirs.iter())
            .filter(|node| !known.contains(node.key.as_str()))
            .collect();
        for node in ours {
            let same = theirs.iter().find(|other| other.key == node.key);
            let sealed = left
                .iter()
                .position(|other| is_sealed_form(&node.key, &other.key));
            if let Some(same) = same {
                self.ours.push(node.line.clone());
                self.theirs.push(node.line.clone());
                let owned = owned || self.mentions(&node.line);
                self.align(&node.within, &same.within, owned);
            } else if let Some(at) = sealed {
                left.remove(at);
                self.sealed += 1;
                self.ours.push(node.line.clone());
                self.theirs.push(node.line.clone());
            } else {
                // The same thing with another value stands beside ours.
                let stem = self.stem(node, owned);
                left.retain(|other| {
                    let rival = stem
                        .as_deref()
                        .is_some_and(|stem| stem_of(&other.key) == stem);
                    if rival {
                        show(other, &mut self.theirs);
                    }
                    !rival
                });
                show(node, &mut self.ours);
            }
        }
        for node in left {
            if owned || self.mentions(&node.line) {
                show(node, &mut self.theirs);
            } else if self.is_about(node) {
                self.theirs.push(node.line.clone());
                self.align(&[], &node.within, false);
            } else {
                self.others += node.lines();
            }
        }
    }

    /// A line but for its last word, where that is a value and not one of our names; outside of
    /// what is ours a single word says too little.
    fn stem(&self, node: &Node, owned: bool) -> Option<String> {
        let (stem, last) = node.key.rsplit_once(' ')?;
        ((owned || stem.contains(' ')) && !self.mentions(last)).then(|| stem.to_owned())
    }
}

fn stem_of(key: &str) -> &str {
    key.rsplit_once(' ').map_or(key, |(stem, _)| stem)
}

/// Whether the device's line is ours with the key in the device's own cipher.
fn is_sealed_form(ours: &str, theirs: &str) -> bool {
    match (ours.split_once("<key of"), theirs.split_once(mask::SEALED)) {
        // Before the key some devices say what kind it is: `0`, `ascii-text`.
        (Some((ours, _)), Some((theirs, _))) => {
            let ours = ours.trim_end().trim_end_matches(" 0");
            ours == theirs.trim_end()
        }
        _ => false,
    }
}

fn show(node: &Node, into: &mut Vec<String>) {
    into.push(node.line.clone());
    for node in &node.within {
        show(node, into);
    }
}
