//! A step's inputs out of what other steps have answered.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::playbook::{Input, Node, StepId};
use crate::resource::{Inputs, Maybe};

/// What steps have answered so far, by step and output.
pub type Outputs = BTreeMap<StepId, BTreeMap<String, Value>>;

/// A node's inputs as far as `outputs` tells them.
pub fn resolve(node: &Node, outputs: &Outputs) -> Inputs {
    let values = node.inputs.iter();
    Inputs::new(
        values
            .map(|(name, input)| (name.clone(), value_of(input, outputs)))
            .collect(),
    )
}

fn value_of(input: &Input, outputs: &Outputs) -> Maybe<Value> {
    match input {
        Input::Known(value) => Maybe::Known(value.clone()),
        Input::Later(awaited) => Maybe::Later(awaited.clone()),
        Input::Output { step, output } => outputs
            .get(step)
            .and_then(|of_step| of_step.get(output))
            .map_or_else(
                || Maybe::Later(format!("the {output} of {step}")),
                |value| Maybe::Known(value.clone()),
            ),
        Input::List(items) => all(
            items.iter().map(|item| value_of(item, outputs)),
            Value::Array,
        ),
        Input::Map(entries) => all(
            entries
                .iter()
                .map(|(name, item)| pair(name, value_of(item, outputs))),
            |pairs: Vec<(String, Value)>| Value::Object(pairs.into_iter().collect::<Map<_, _>>()),
        ),
    }
}

fn pair(name: &str, value: Maybe<Value>) -> Maybe<(String, Value)> {
    match value {
        Maybe::Known(value) => Maybe::Known((name.to_owned(), value)),
        Maybe::Later(awaited) => Maybe::Later(awaited),
    }
}

/// Known when every item is; else awaits the first that is not.
fn all<T>(
    items: impl Iterator<Item = Maybe<T>>,
    together: impl FnOnce(Vec<T>) -> Value,
) -> Maybe<Value> {
    let known: Result<Vec<T>, String> = items
        .map(|item| match item {
            Maybe::Known(item) => Ok(item),
            Maybe::Later(awaited) => Err(awaited),
        })
        .collect();
    known.map_or_else(Maybe::Later, |items| Maybe::Known(together(items)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_waits_for_its_last_unknown_item() {
        let of = |output: &str| Input::Output {
            step: StepId::new("a"),
            output: output.to_owned(),
        };
        let node = Node {
            id: StepId::new("b"),
            kind: "k".to_owned(),
            inputs: BTreeMap::from([(
                "list".to_owned(),
                Input::List(vec![
                    Input::Known(json!(1)),
                    Input::Map(BTreeMap::from([("x".to_owned(), of("id"))])),
                ]),
            )]),
            needs: [StepId::new("a")].into(),
        };
        let list = |outputs: &Outputs| resolve(&node, outputs).maybe::<Value>("k", "list");
        let mut outputs = Outputs::new();
        let awaited = list(&outputs).unwrap();
        assert_eq!(awaited, Maybe::Later("the id of a".to_owned()));
        outputs.insert(
            StepId::new("a"),
            BTreeMap::from([("id".to_owned(), json!("vgw-1"))]),
        );
        let known = list(&outputs).unwrap();
        assert_eq!(known, Maybe::Known(json!([1, {"x": "vgw-1"}])));
    }
}
