//! Whether a playbook fits the kinds, and whether its steps can be put in an order.

use std::collections::BTreeMap;

use petgraph::algo::{astar, tarjan_scc};
use petgraph::graph::{DiGraph, NodeIndex};

use super::expr::Reference;
use super::model::{Argument, Items, Playbook, Spot, Step};
use super::problem::{PlaybookErrors, Problems, suggest};
use super::read::ROOTS;
use super::yaml::Span;

/// What kinds of resource there are, as far as a playbook needs to know.
pub trait KindCatalog {
    /// The inputs of a kind and whether each is required; none for an unknown kind.
    fn inputs(&self, kind: &str) -> Option<Vec<(&'static str, bool)>>;
    /// The outputs of a kind; none for an unknown kind.
    fn outputs(&self, kind: &str) -> Option<Vec<&'static str>>;
    /// Every kind.
    fn names(&self) -> Vec<&'static str>;
}

/// What `${vpc.…}` offers; the same offline, where only the names are known.
pub(super) const VPC_FIELDS: [&str; 16] = [
    "id",
    "cidrs",
    "route_tables",
    "enables_propagation",
    "remembers_propagation",
    "named_transit_gateway",
    "named_transit_table",
    "transit_subnets",
    "transit_propagation",
    "transit_static_table",
    "writes_routes",
    "routes",
    "dx_connection",
    "dx_order",
    "dx_allowed_prefixes",
    "dx_associates",
];

/// Checks everything about a playbook that does not depend on a site, all at once: kinds, their
/// inputs and outputs, references between steps, and cycles.
pub fn check(playbook: &Playbook, kinds: &dyn KindCatalog) -> Result<(), PlaybookErrors> {
    let mut problems = Problems::new(&playbook.source);
    check_into(playbook, kinds, &mut problems);
    problems.finish(Some(()))
}

pub(super) fn check_into(
    playbook: &Playbook,
    kinds: &dyn KindCatalog,
    problems: &mut Problems<'_>,
) {
    let mut checker = Checker {
        steps: playbook
            .steps
            .iter()
            .map(|step| (step.id(), step))
            .collect(),
        kinds,
        problems,
    };
    for step in &playbook.steps {
        checker.kind(step);
        checker.choices(step);
        for (_, argument) in &step.with {
            checker.argument(step, argument);
        }
        for after in &step.after {
            checker.after(after);
        }
    }
    cycles(playbook, checker.problems);
}

struct Checker<'a, 'b, 's> {
    steps: BTreeMap<&'a str, &'a Step>,
    kinds: &'a dyn KindCatalog,
    problems: &'b mut Problems<'s>,
}

impl Checker<'_, '_, '_> {
    /// The kind and the names of its inputs.
    fn kind(&mut self, step: &Step) {
        let Some(inputs) = self.kinds.inputs(step.kind()) else {
            self.problems.add(
                &step.kind.at,
                "this kind",
                format!("there is no kind `{}`", step.kind().escape_debug()),
                suggest(step.kind(), "kinds", self.kinds.names()),
            );
            return;
        };
        for (name, _) in &step.with {
            if !inputs.iter().any(|(known, _)| *known == name.value) {
                self.problems.add(
                    &name.at,
                    "this input",
                    format!(
                        "`{}` has no input `{}`",
                        step.kind(),
                        name.value.escape_debug()
                    ),
                    suggest(
                        &name.value,
                        "its inputs",
                        inputs.iter().map(|(known, _)| *known),
                    ),
                );
            }
        }
        for (required, _) in inputs.iter().filter(|(_, required)| *required) {
            if !step.with.iter().any(|(name, _)| name.value == *required) {
                self.problems.add(
                    &step.kind.at,
                    "this kind",
                    format!("`{}` needs the input `{required}`", step.kind()),
                    format!("add `{required}: …` to the step's `with`"),
                );
            }
        }
    }

    /// `when` and `for_each`: which steps there are must be known before any of them is done.
    fn choices(&mut self, step: &Step) {
        let mut references: Vec<&Reference> = Vec::new();
        if let Some(when) = step.when() {
            references.extend(when.references());
        }
        match step.for_each.as_ref().map(|for_each| &for_each.items) {
            Some(Items::Of(reference)) => references.push(reference),
            Some(Items::Written(items)) => {
                references.extend(items.iter().flat_map(Argument::references));
            }
            None => {}
        }
        for reference in references {
            if reference.root() == "each" {
                self.problems.add(
                    &reference.at,
                    "this reference",
                    format!("`{reference}` is not known here"),
                    "`when` and `for_each` decide about the whole step, before there is an item",
                );
            } else if self.root(reference) && !ROOTS.contains(&reference.root()) {
                self.problems.add(
                    &reference.at,
                    "this reference",
                    format!("`{reference}` is known only when the step has been done"),
                    "`when` and `for_each` are decided before the first step: refer to \
                     `site` or `vpc`",
                );
            }
        }
    }

    fn argument(&mut self, step: &Step, argument: &Argument) {
        for reference in argument.references() {
            self.reference(step, reference);
        }
        for text in argument.texts() {
            if text.value.whole().is_some() {
                continue;
            }
            for reference in text.value.references() {
                if self.steps.contains_key(reference.root()) {
                    self.problems.add(
                        &reference.at,
                        "this reference",
                        format!("`{reference}` cannot be a part of a longer text"),
                        "what a step will answer can only be an input as it is",
                    );
                }
            }
        }
    }

    fn reference(&mut self, step: &Step, reference: &Reference) {
        if !self.root(reference) {
            return;
        }
        if reference.root() == "each" && !step.is_for_each() {
            self.problems.add(
                &reference.at,
                "this reference",
                format!("`{reference}` in a step without `for_each`"),
                "add `for_each: …` to the step, or refer to a value",
            );
        }
        let Some(target) = self.steps.get(reference.root()).copied() else {
            return;
        };
        if target.is_for_each() {
            self.problems.add(
                &reference.at,
                "this reference",
                format!(
                    "`{}` stands for many steps, so that `{reference}` has no one value",
                    target.id()
                ),
                format!("to wait for all of them, say `after: [{}]`", target.id()),
            );
            return;
        }
        let Some(outputs) = self.kinds.outputs(target.kind()) else {
            return;
        };
        let path = reference.path();
        let known = matches!(path, [output] if outputs.contains(&output.as_str()));
        if !known {
            let asked = path.join(".");
            let problem = if asked.is_empty() {
                format!("`{reference}` does not say which output")
            } else {
                format!("`{}` has no output `{asked}`", target.kind())
            };
            self.problems.add(
                &reference.at,
                "this reference",
                problem,
                suggest(&asked, "its outputs", outputs),
            );
        }
    }

    /// Whether a reference begins with something that there is.
    fn root(&mut self, reference: &Reference) -> bool {
        let root = reference.root();
        if root == "vpc" {
            return self.vpc(reference);
        }
        if ROOTS.contains(&root) || self.steps.contains_key(root) {
            return true;
        }
        let known = ROOTS.into_iter().chain(self.steps.keys().copied());
        self.problems.add(
            &reference.at,
            "this reference",
            format!("there is nothing called `{root}`"),
            suggest(root, "there are", known),
        );
        false
    }

    fn vpc(&mut self, reference: &Reference) -> bool {
        let field = reference.path().first().map_or("", String::as_str);
        let known = VPC_FIELDS.iter().any(|field| reference.begins_below(field));
        if !known {
            self.problems.add(
                &reference.at,
                "this reference",
                format!("`{reference}` is nothing that is known of a VPC"),
                suggest(field, "its fields", VPC_FIELDS),
            );
        }
        known
    }

    fn after(&mut self, after: &Spot<String>) {
        if !self.steps.contains_key(after.value.as_str()) {
            self.problems.add(
                &after.at,
                "this step",
                format!("there is no step `{}`", after.value.escape_debug()),
                suggest(&after.value, "the steps", self.steps.keys().copied()),
            );
        }
    }
}

/// Who waits for whom, and where the playbook says so.
fn waits(playbook: &Playbook) -> DiGraph<&str, Span> {
    let mut graph: DiGraph<&str, Span> = DiGraph::new();
    let nodes: BTreeMap<&str, NodeIndex> = playbook
        .steps
        .iter()
        .map(|step| (step.id(), graph.add_node(step.id())))
        .collect();
    for (step, from) in playbook.steps.iter().zip(graph.node_indices()) {
        let references = step
            .references()
            .into_iter()
            .map(|reference| (reference.root(), &reference.at));
        let after = step
            .after
            .iter()
            .map(|after| (after.value.as_str(), &after.at));
        let edges: Vec<_> = references
            .chain(after)
            .filter_map(|(root, at)| Some((*nodes.get(root)?, at.clone())))
            .collect();
        for (to, at) in edges {
            if graph.find_edge(from, to).is_none() {
                graph.add_edge(from, to, at);
            }
        }
    }
    graph
}

/// Reports each knot of steps that wait for each other, as its shortest round.
fn cycles(playbook: &Playbook, problems: &mut Problems<'_>) {
    let graph = waits(playbook);
    for knot in tarjan_scc(&graph) {
        let rounds = knot.iter().filter_map(|&first| {
            graph
                .neighbors(first)
                .filter_map(|next| astar(&graph, next, |node| node == first, |_| 1, |_| 0))
                .min()
                .map(|(length, round)| (length, first, round))
        });
        let Some((_, first, round)) = rounds.min() else {
            continue;
        };
        let at = round
            .first()
            .and_then(|next| graph.find_edge(first, *next))
            .and_then(|edge| graph.edge_weight(edge));
        let names: Vec<&str> = std::iter::once(first)
            .chain(round)
            .map(|node| graph[node])
            .collect();
        problems.add(
            at.unwrap_or(&(0..0)),
            "the round begins here",
            format!("the steps wait for each other: {}", names.join(" → ")),
            "each step waits for the one behind its arrow: take one reference or `after` away",
        );
    }
}
