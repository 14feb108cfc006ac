//! Pictures of a playbook and of a compiled graph: a tree for people, mermaid, DOT.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::graph::{Graph, Input};
use super::model::{Items, Playbook};

/// Cells and arrows: what the three notations draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    title: String,
    cells: Vec<Cell>,
    arrows: Vec<Arrow>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cell {
    name: String,
    kind: String,
    note: Option<String>,
}

/// From a step to one that waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Arrow {
    from: usize,
    to: usize,
    /// The outputs that travel along it; none for a mere `after`.
    outputs: BTreeSet<String>,
}

impl Picture {
    /// A playbook as it is written, whatever the site.
    pub fn of_playbook(playbook: &Playbook) -> Self {
        let places: BTreeMap<&str, usize> = playbook
            .steps
            .iter()
            .enumerate()
            .map(|(place, step)| (step.id(), place))
            .collect();
        let mut cells = Vec::new();
        let mut lines = Vec::new();
        for (to, step) in playbook.steps.iter().enumerate() {
            let each = step.for_each.as_ref().map(|each| match &each.items {
                Items::Of(reference) => format!("for each {reference}"),
                Items::Written(items) => format!("for each of {}", items.len()),
            });
            let when = step.when().map(|when| format!("when {when}"));
            let notes: Vec<String> = each.into_iter().chain(when).collect();
            cells.push(Cell {
                name: step.id().to_owned(),
                kind: step.kind().to_owned(),
                note: (!notes.is_empty()).then(|| notes.join(", ")),
            });
            for reference in step.references() {
                if let Some(from) = places.get(reference.root()) {
                    lines.push((*from, to, Some(reference.path().join("."))));
                }
            }
            for after in step.after() {
                if let Some(from) = places.get(after) {
                    lines.push((*from, to, None));
                }
            }
        }
        Self {
            title: playbook.name.clone(),
            cells,
            arrows: arrows(lines),
        }
    }

    /// A graph as it was compiled for a site.
    pub fn of_graph(graph: &Graph) -> Self {
        let places: BTreeMap<&str, usize> = graph
            .nodes
            .iter()
            .enumerate()
            .map(|(place, node)| (node.id.as_str(), place))
            .collect();
        let mut lines = Vec::new();
        for (to, node) in graph.nodes.iter().enumerate() {
            for need in &node.needs {
                if let Some(from) = places.get(need.as_str()) {
                    lines.push((*from, to, None));
                }
            }
            for (step, output) in node.inputs.values().flat_map(outputs_in) {
                if let Some(from) = places.get(step) {
                    lines.push((*from, to, Some(output.to_owned())));
                }
            }
        }
        let cells = graph
            .nodes
            .iter()
            .map(|node| Cell {
                name: node.id.to_string(),
                kind: node.kind.clone(),
                note: None,
            })
            .collect();
        Self {
            title: graph.playbook.clone(),
            cells,
            arrows: arrows(lines),
        }
    }

    /// A tree in which each step hangs under the last step that it waits for.
    pub fn tree(&self) -> String {
        let parents = self.parents();
        let mut text = format!("{}\n", self.title);
        self.branches(None, &parents, "", &mut text);
        text
    }

    /// A flowchart in mermaid's notation.
    pub fn mermaid(&self) -> String {
        let mut text = "flowchart LR\n".to_owned();
        for (place, step) in self.cells.iter().enumerate() {
            let note = step.note.as_deref().map_or_else(String::new, |note| {
                format!("<br/><i>{}</i>", mermaid_text(note))
            });
            let (name, kind) = (mermaid_text(&step.name), mermaid_text(&step.kind));
            line(
                &mut text,
                format_args!("    s{place}[\"<b>{name}</b><br/>{kind}{note}\"]"),
            );
        }
        for arrow in &self.arrows {
            let Arrow { from, to, outputs } = arrow;
            if outputs.is_empty() {
                line(&mut text, format_args!("    s{from} -.-> s{to}"));
            } else {
                let label = mermaid_text(&joined(outputs));
                line(
                    &mut text,
                    format_args!("    s{from} -->|\"{label}\"| s{to}"),
                );
            }
        }
        text
    }

    /// A graph in the DOT notation of Graphviz.
    pub fn dot(&self) -> String {
        let mut text = format!("digraph \"{}\" {{\n", dot_text(&self.title));
        text.push_str("    rankdir=LR;\n    node [shape=box];\n");
        for (place, step) in self.cells.iter().enumerate() {
            let lines: Vec<String> = [Some(&step.name), Some(&step.kind), step.note.as_ref()]
                .into_iter()
                .flatten()
                .map(|line| dot_text(line))
                .collect();
            line(
                &mut text,
                format_args!("    s{place} [label=\"{}\"];", lines.join("\\n")),
            );
        }
        for arrow in &self.arrows {
            let Arrow { from, to, outputs } = arrow;
            let style = if outputs.is_empty() {
                "style=dashed".to_owned()
            } else {
                format!("label=\"{}\"", dot_text(&joined(outputs)))
            };
            line(&mut text, format_args!("    s{from} -> s{to} [{style}];"));
        }
        text.push_str("}\n");
        text
    }

    /// For each cell the cell that it hangs under: of those it waits for, the one farthest from
    /// the root. Cells in a round hang under the root.
    fn parents(&self) -> Vec<Option<usize>> {
        let mut depths: Vec<Option<usize>> = vec![None; self.cells.len()];
        let mut parents = vec![None; self.cells.len()];
        for _ in 0..self.cells.len() {
            for place in 0..self.cells.len() {
                let needs: Vec<usize> = self.needs(place).collect();
                if depths[place].is_none() && needs.iter().all(|need| depths[*need].is_some()) {
                    let deepest = needs.into_iter().max_by_key(|need| depths[*need]);
                    depths[place] =
                        Some(deepest.and_then(|need| depths[need]).map_or(0, |d| d + 1));
                    parents[place] = deepest;
                }
            }
        }
        parents
    }

    fn needs(&self, place: usize) -> impl Iterator<Item = usize> {
        self.arrows
            .iter()
            .filter(move |arrow| arrow.to == place)
            .map(|arrow| arrow.from)
    }

    fn branches(
        &self,
        parent: Option<usize>,
        parents: &[Option<usize>],
        indent: &str,
        text: &mut String,
    ) {
        let children: Vec<usize> = (0..self.cells.len())
            .filter(|place| parents[*place] == parent)
            .collect();
        for (index, &place) in children.iter().enumerate() {
            let (branch, below) = if index + 1 == children.len() {
                ("└─", "   ")
            } else {
                ("├─", "│  ")
            };
            let step = &self.cells[place];
            let above: BTreeSet<usize> =
                std::iter::successors(parents[place], |above| parents[*above]).collect();
            let also: Vec<&str> = self
                .needs(place)
                .filter(|need| !above.contains(need))
                .map(|need| self.cells[need].name.as_str())
                .collect();
            let also = (!also.is_empty()).then(|| format!("also waits for {}", also.join(", ")));
            let notes: Vec<String> = step.note.clone().into_iter().chain(also).collect();
            let notes = if notes.is_empty() {
                String::new()
            } else {
                format!("  ({})", notes.join("; "))
            };
            line(
                text,
                format_args!("{indent}{branch} {}  {}{notes}", step.name, step.kind),
            );
            self.branches(Some(place), parents, &format!("{indent}{below}"), text);
        }
    }
}

/// One arrow per pair of steps, with all the outputs between them.
fn arrows(lines: Vec<(usize, usize, Option<String>)>) -> Vec<Arrow> {
    let mut merged: BTreeMap<(usize, usize), BTreeSet<String>> = BTreeMap::new();
    for (from, to, output) in lines {
        merged.entry((to, from)).or_default().extend(output);
    }
    merged
        .into_iter()
        .map(|((to, from), outputs)| Arrow { from, to, outputs })
        .collect()
}

fn outputs_in(input: &Input) -> Vec<(&str, &str)> {
    match input {
        Input::Known(_) | Input::Later(_) => Vec::new(),
        Input::Output { step, output } => vec![(step.as_str(), output)],
        Input::List(items) => items.iter().flat_map(outputs_in).collect(),
        Input::Map(entries) => entries.values().flat_map(outputs_in).collect(),
    }
}

fn joined(outputs: &BTreeSet<String>) -> String {
    let outputs: Vec<&str> = outputs.iter().map(String::as_str).collect();
    outputs.join(", ")
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _infallible = writeln!(text, "{line}");
}

/// Text for a quoted mermaid label: entities in mermaid's own notation.
fn mermaid_text(text: &str) -> String {
    let mut quoted = String::new();
    for c in text.chars() {
        match c {
            '#' => quoted.push_str("#35;"),
            '"' => quoted.push_str("#quot;"),
            '&' => quoted.push_str("#amp;"),
            '<' => quoted.push_str("#lt;"),
            '>' => quoted.push_str("#gt;"),
            '`' => quoted.push_str("#96;"),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted
}

/// Text for a quoted DOT string.
fn dot_text(text: &str) -> String {
    let mut quoted = String::new();
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted
}
