//! From references to values, as far as they are known before the first step.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::check::VPC_FIELDS;
use super::expr::{Part, Reference, Template};
use super::graph::{Context, Input, StepId};
use super::model::{Argument, Spot};
use super::problem::{Problems, suggest};

/// What references can reach at one place of a playbook.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) context: &'a Context,
    /// The item of the `for_each` around the place.
    pub(super) each: Option<&'a Input>,
    /// The steps whose `when` is false.
    pub(super) dropped: &'a BTreeSet<&'a str>,
}

impl Scope<'_> {
    /// The value of an input; none when a problem was found.
    pub(super) fn argument(
        &self,
        argument: &Argument,
        problems: &mut Problems<'_>,
    ) -> Option<Input> {
        match argument {
            Argument::Scalar(value) => Some(Input::Known(value.clone())),
            Argument::Text(text) => match text.value.whole() {
                Some(reference) => self.reference(reference, problems),
                None => self.text(text, problems),
            },
            Argument::List(items) => {
                let items: Vec<_> = items
                    .iter()
                    .map(|item| self.argument(item, problems))
                    .collect();
                items.into_iter().collect::<Option<_>>().map(list)
            }
            Argument::Map(entries) => {
                let entries: Vec<_> = entries
                    .iter()
                    .map(|(name, value)| Some((name.clone(), self.argument(value, problems)?)))
                    .collect();
                entries.into_iter().collect::<Option<_>>().map(map)
            }
        }
    }

    /// The value of a reference; none when a problem was found here or by the check before.
    pub(super) fn reference(
        &self,
        reference: &Reference,
        problems: &mut Problems<'_>,
    ) -> Option<Input> {
        match reference.root() {
            "site" => dig(&self.context.site, reference, problems),
            "tunnels" => dig(&self.context.tunnels, reference, problems),
            // The check has already refused what is nothing of a VPC.
            "vpc" if !VPC_FIELDS.iter().any(|field| reference.begins_below(field)) => None,
            "vpc" => match &self.context.vpc {
                Some(vpc) => dig(vpc, reference, problems),
                None => Some(Input::Later(awaited(reference))),
            },
            "each" => match self.each? {
                Input::Known(item) => dig(item, reference, problems),
                other => Some(other.clone()),
            },
            step if self.dropped.contains(step) => {
                problems.add(
                    &reference.at,
                    "this reference",
                    format!("`{reference}` refers to a step that is left out for this site"),
                    format!(
                        "the `when` of `{step}` is false: give this step the same `when`, or \
                         do without the reference"
                    ),
                );
                None
            }
            step => Some(Input::Output {
                step: StepId::new(step),
                output: reference.path().join("."),
            }),
        }
    }

    /// A text with its references put in.
    fn text(&self, text: &Spot<Template>, problems: &mut Problems<'_>) -> Option<Input> {
        let (mut whole, mut later, mut readable) = (String::new(), None, true);
        for part in text.value.parts() {
            match part {
                Part::Text(text) => whole.push_str(text),
                Part::Reference(reference) => match self.reference(reference, problems) {
                    Some(Input::Known(Value::String(text))) => whole.push_str(&text),
                    Some(Input::Known(value @ (Value::Number(_) | Value::Bool(_)))) => {
                        whole.push_str(&value.to_string());
                    }
                    Some(Input::Later(awaited)) => later = Some(awaited),
                    Some(Input::Known(value)) => {
                        readable = false;
                        problems.add(
                            &reference.at,
                            "this reference",
                            format!("`{reference}` is {}, not text", describe(&value)),
                            "only text, numbers, true and false can be put into a text",
                        );
                    }
                    // The check has already refused an output inside a text.
                    Some(Input::Output { .. } | Input::List(_) | Input::Map(_)) | None => {
                        readable = false;
                    }
                },
            }
        }
        readable.then(|| later.map_or(Input::Known(Value::String(whole)), Input::Later))
    }
}

/// Follows a reference's path below its root.
fn dig(root: &Value, reference: &Reference, problems: &mut Problems<'_>) -> Option<Input> {
    let mut value = root;
    let mut seen = reference.root().to_owned();
    for name in reference.path() {
        let below = match value {
            Value::Object(fields) => fields.get(name),
            Value::Array(items) => name
                .parse::<usize>()
                .ok()
                .and_then(|index| items.get(index)),
            _ => None,
        };
        let Some(below) = below else {
            let help = match value {
                Value::Object(fields) => {
                    suggest(name, "its fields", fields.keys().map(String::as_str))
                }
                Value::Array(items) => format!("`{seen}` is a list of {}", items.len()),
                other => format!("`{seen}` is {}, with nothing below it", describe(other)),
            };
            problems.add(
                &reference.at,
                "this reference",
                format!("`{seen}` has no `{name}`"),
                help,
            );
            return None;
        };
        value = below;
        seen = format!("{seen}.{name}");
    }
    Some(Input::Known(value.clone()))
}

/// What is awaited when only AWS can tell.
fn awaited(reference: &Reference) -> String {
    match reference.path().first().map(String::as_str) {
        Some("cidrs") => "the VPC's networks".to_owned(),
        Some("route_tables") => "the VPC's route tables".to_owned(),
        Some("enables_propagation" | "remembers_propagation") => {
            "the VPC's route tables that do not propagate yet".to_owned()
        }
        _ => "the VPC".to_owned(),
    }
}

/// What a value is, in words.
pub(super) fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

fn list(items: Vec<Input>) -> Input {
    let known: Option<Vec<Value>> = items.iter().map(known).collect();
    known.map_or(Input::List(items), |values| {
        Input::Known(Value::Array(values))
    })
}

fn map(entries: BTreeMap<String, Input>) -> Input {
    let known: Option<serde_json::Map<String, Value>> = entries
        .iter()
        .map(|(name, value)| Some((name.clone(), known(value)?)))
        .collect();
    known.map_or(Input::Map(entries), |values| {
        Input::Known(Value::Object(values))
    })
}

fn known(input: &Input) -> Option<Value> {
    match input {
        Input::Known(value) => Some(value.clone()),
        _ => None,
    }
}

/// The steps whose outputs an input needs.
pub(super) fn steps_in(input: &Input) -> Vec<&StepId> {
    match input {
        Input::Known(_) | Input::Later(_) => Vec::new(),
        Input::Output { step, .. } => vec![step],
        Input::List(items) => items.iter().flat_map(steps_in).collect(),
        Input::Map(entries) => entries.values().flat_map(steps_in).collect(),
    }
}
