//! The plan's steps as a graph, coloured by what is done.

use std::fmt::Write;

use crate::plan::model::{Plan, PlannedStep};
use crate::resource::Change;

/// A change's name and fill colour; dark text is readable on all of them.
const fn class(change: Change) -> (&'static str, &'static str) {
    match change {
        Change::Create => ("create", "#c8e6c9"),
        Change::Adopt => ("adopt", "#b3e5fc"),
        Change::Update => ("update", "#fff9c4"),
        Change::Replace => ("replace", "#ffe0b2"),
        Change::Delete => ("delete", "#ffcdd2"),
        Change::Keep => ("keep", "#eeeeee"),
    }
}

const CHANGES: [Change; 6] = [
    Change::Create,
    Change::Adopt,
    Change::Update,
    Change::Replace,
    Change::Delete,
    Change::Keep,
];

/// The steps as a mermaid flowchart.
pub fn mermaid(plan: &Plan) -> String {
    let mut text = String::from("flowchart LR\n");
    for (index, step) in plan.steps.iter().enumerate() {
        let (name, _) = class(step.change);
        let label = label(step, "<br/>").replace('"', "#quot;");
        line(&mut text, format_args!("  s{index}[\"{label}\"]:::{name}"));
    }
    for (from, to) in edges(plan) {
        line(&mut text, format_args!("  s{from} --> s{to}"));
    }
    for change in CHANGES {
        if plan.steps.iter().any(|step| step.change == change) {
            let (name, fill) = class(change);
            line(
                &mut text,
                format_args!("  classDef {name} fill:{fill},stroke:#333,color:#000"),
            );
        }
    }
    text
}

/// The steps as a graph for Graphviz.
pub fn dot(plan: &Plan) -> String {
    let mut text = String::from("digraph plan {\n  rankdir=LR\n  node [shape=box, style=filled]\n");
    for (index, step) in plan.steps.iter().enumerate() {
        let (_, fill) = class(step.change);
        let label = label(step, "\n")
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        line(
            &mut text,
            format_args!("  s{index} [label=\"{label}\", fillcolor=\"{fill}\"]"),
        );
    }
    for (from, to) in edges(plan) {
        line(&mut text, format_args!("  s{from} -> s{to}"));
    }
    text.push_str("}\n");
    text
}

fn label(step: &PlannedStep, newline: &str) -> String {
    let mut label = format!("{} {}", step.change.glyph(), step.node.id);
    if let Some(id) = &step.existing {
        label = format!("{label}{newline}{id}");
    }
    label
}

/// The needs that no other need implies, as positions.
fn edges(plan: &Plan) -> Vec<(usize, usize)> {
    let position =
        |id: &crate::playbook::StepId| plan.steps.iter().position(|step| step.node.id == *id);
    let direct: Vec<Vec<usize>> = plan
        .steps
        .iter()
        .map(|step| step.node.needs.iter().filter_map(position).collect())
        .collect();
    let mut edges = Vec::new();
    for (to, needs) in direct.iter().enumerate() {
        for from in needs {
            let implied = needs
                .iter()
                .any(|other| other != from && reaches(&direct, *other, *from));
            if !implied {
                edges.push((*from, to));
            }
        }
    }
    edges.sort_unstable();
    edges
}

/// Whether `from` needs `to`, over any number of steps.
fn reaches(direct: &[Vec<usize>], from: usize, to: usize) -> bool {
    let mut seen = vec![false; direct.len()];
    let mut stack = vec![from];
    while let Some(at) = stack.pop() {
        if at == to {
            return true;
        }
        if let Some(visited) = seen.get_mut(at)
            && !std::mem::replace(visited, true)
        {
            stack.extend(direct.get(at).into_iter().flatten());
        }
    }
    false
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{line}");
}
