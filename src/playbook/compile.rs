//! Playbook × site → graph: references become values, `for_each` becomes instances.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::check::{KindCatalog, check_into};
use super::decide::{Truth, decide};
use super::graph::{Context, Graph, Input, Node, StepId};
use super::limits;
use super::model::{Argument, ForEach, Items, Playbook, Step};
use super::problem::{PlaybookErrors, Problems};
use super::resolve::{Scope, describe, steps_in};

/// Compiles a playbook against a site, reporting everything that does not fit at once.
///
/// A step whose `when` is false is left out; one whose `when` cannot be decided without AWS is
/// kept. A `for_each` over something that only AWS knows becomes the one step `name[*]`.
/// `after` a step that is left out waits for nothing.
pub fn compile(
    playbook: &Playbook,
    context: &Context,
    kinds: &dyn KindCatalog,
) -> Result<Graph, PlaybookErrors> {
    let mut problems = Problems::new(&playbook.source);
    check_into(playbook, kinds, &mut problems);
    let dropped = dropped(playbook, context, &mut problems);
    let mut compiler = Compiler {
        context,
        dropped: &dropped,
        problems: &mut problems,
        instances: BTreeMap::new(),
    };
    let nodes = compiler.nodes(playbook);
    problems.finish(Some(Graph {
        playbook: playbook.name.clone(),
        nodes: order(nodes),
    }))
}

/// The steps whose `when` is false.
fn dropped<'a>(
    playbook: &'a Playbook,
    context: &Context,
    problems: &mut Problems<'_>,
) -> BTreeSet<&'a str> {
    let nothing = BTreeSet::new();
    let scope = Scope {
        context,
        each: None,
        dropped: &nothing,
    };
    let left_out = |step: &&Step| {
        step.when
            .as_ref()
            .is_some_and(|when| decide(when, scope, problems) == Some(Truth::No))
    };
    playbook
        .steps
        .iter()
        .filter(left_out)
        .map(Step::id)
        .collect()
}

struct Compiler<'a, 'b, 's> {
    context: &'a Context,
    dropped: &'a BTreeSet<&'a str>,
    problems: &'b mut Problems<'s>,
    /// The nodes that a step of the playbook became.
    instances: BTreeMap<&'a str, Vec<StepId>>,
}

impl<'a> Compiler<'a, '_, '_> {
    fn nodes(&mut self, playbook: &'a Playbook) -> Vec<Node> {
        let mut nodes: Vec<(&Step, Node)> = Vec::new();
        for step in &playbook.steps {
            if self.dropped.contains(step.id()) {
                continue;
            }
            for (id, each) in self.instances_of(step) {
                self.instances
                    .entry(step.id())
                    .or_default()
                    .push(id.clone());
                nodes.push((step, self.node(step, id, each.as_ref())));
            }
            if nodes.len() > limits::INSTANCES {
                self.problems.add(
                    &step.id.at,
                    "with this step",
                    format!("there are more than {} steps", limits::INSTANCES),
                    "divide the site, or list fewer items",
                );
                return Vec::new();
            }
        }
        // Only now is every instance known that an `after` may stand for.
        nodes
            .into_iter()
            .map(|(step, mut node)| {
                for after in step.after() {
                    let instances = self.instances.get(after).into_iter().flatten();
                    node.needs.extend(instances.cloned());
                }
                node
            })
            .collect()
    }

    fn node(&mut self, step: &Step, id: StepId, each: Option<&Input>) -> Node {
        let scope = Scope {
            context: self.context,
            each,
            dropped: self.dropped,
        };
        let inputs: BTreeMap<String, Input> = step
            .with
            .iter()
            .filter_map(|(name, argument)| {
                let input = scope.argument(argument, self.problems)?;
                Some((name.value.clone(), input))
            })
            .collect();
        let needs = inputs.values().flat_map(steps_in).cloned().collect();
        Node {
            id,
            kind: step.kind().to_owned(),
            inputs,
            needs,
        }
    }

    /// The nodes of a step: one, or one per item.
    fn instances_of(&mut self, step: &Step) -> Vec<(StepId, Option<Input>)> {
        let Some(for_each) = &step.for_each else {
            return vec![(StepId::new(step.id()), None)];
        };
        let items = match self.items(for_each) {
            Some(Input::Known(Value::Array(items))) => items,
            Some(Input::Known(other)) => {
                self.problems.add(
                    &for_each.at,
                    format!("this is {}", describe(&other)),
                    "`for_each` needs a list",
                    "refer to a list such as `${site.lan}` or `${vpc.route_tables}`",
                );
                return Vec::new();
            }
            Some(later @ Input::Later(_)) => {
                return vec![(StepId::instance(step.id(), "*"), Some(later))];
            }
            // The check has already refused what only a step can answer.
            _ => return Vec::new(),
        };
        let mut instances: Vec<(StepId, Option<Input>)> = Vec::new();
        let mut names = BTreeSet::new();
        for item in items {
            let Some(name) = self.item_name(&item, for_each) else {
                continue;
            };
            let id = StepId::instance(step.id(), &name);
            if names.contains(&name) {
                self.problems.add(
                    &for_each.at,
                    "this list",
                    format!("the item `{name}` is there twice"),
                    "each item becomes a step of its own: list it once",
                );
            } else {
                names.insert(name);
                instances.push((id, Some(Input::Known(item))));
            }
        }
        instances
    }

    fn items(&mut self, for_each: &ForEach) -> Option<Input> {
        let scope = Scope {
            context: self.context,
            each: None,
            dropped: self.dropped,
        };
        match &for_each.items {
            Items::Of(reference) => scope.reference(reference, self.problems),
            Items::Written(items) => {
                let list = Argument::List(items.clone());
                match scope.argument(&list, self.problems)? {
                    Input::List(items) => items
                        .into_iter()
                        .find(|item| matches!(item, Input::Later(_))),
                    known => Some(known),
                }
            }
        }
    }

    /// An item as the part of a step's name between the brackets.
    fn item_name(&mut self, item: &Value, for_each: &ForEach) -> Option<String> {
        let name = match item {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            other => {
                self.problems.add(
                    &for_each.at,
                    "this list",
                    format!("an item of the list is {}", describe(other)),
                    "`for_each` goes through texts and numbers",
                );
                return None;
            }
        };
        let plain = name
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'[' | b']' | b'*'));
        if plain && (1..=limits::ITEM).contains(&name.len()) {
            return Some(name);
        }
        self.problems.add(
            &for_each.at,
            "this list",
            format!("the item `{}` cannot name a step", name.escape_debug()),
            format!(
                "an item has 1 to {} characters, without spaces and `[ ] *`",
                limits::ITEM
            ),
        );
        None
    }
}

/// Puts every node behind what it needs; among those that could come next, the one that the
/// playbook names first does.
fn order(nodes: Vec<Node>) -> Vec<Node> {
    let mut waiting: Vec<Option<Node>> = nodes.into_iter().map(Some).collect();
    let mut done: BTreeSet<StepId> = BTreeSet::new();
    let mut ordered = Vec::with_capacity(waiting.len());
    let ready = |node: &Option<Node>, done: &BTreeSet<StepId>| {
        node.as_ref().is_some_and(|node| node.needs.is_subset(done))
    };
    // With a cycle, which the check has reported, the rest is left out.
    while let Some(next) = waiting
        .iter_mut()
        .find(|node| ready(node, &done))
        .and_then(Option::take)
    {
        done.insert(next.id.clone());
        ordered.push(next);
    }
    ordered
}
