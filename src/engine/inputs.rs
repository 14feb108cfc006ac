//! A step's inputs out of the outputs of the steps before it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::playbook::{Input, StepId};
use crate::resource::{Inputs, Maybe};

/// The outputs of the steps that are ready.
pub(super) type Outputs = BTreeMap<StepId, BTreeMap<String, Value>>;

/// Resolves what is known; what is not says what it waits for, and the kind refuses it.
pub(super) fn resolve(inputs: &BTreeMap<String, Input>, outputs: &Outputs) -> Inputs {
    let values = inputs
        .iter()
        .map(|(name, input)| (name.clone(), value(input, outputs)))
        .collect();
    Inputs::new(values)
}

fn value(input: &Input, outputs: &Outputs) -> Maybe<Value> {
    match input {
        Input::Known(value) => Maybe::Known(value.clone()),
        Input::Later(awaited) => Maybe::Later(awaited.clone()),
        Input::Output { step, output } => outputs
            .get(step)
            .and_then(|ready| ready.get(output))
            .map_or_else(
                || Maybe::Later(format!("the {output} of {step}")),
                |value| Maybe::Known(value.clone()),
            ),
        Input::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for item in items {
                match value(item, outputs) {
                    Maybe::Known(item) => list.push(item),
                    later @ Maybe::Later(_) => return later,
                }
            }
            Maybe::Known(Value::Array(list))
        }
        Input::Map(entries) => {
            let mut map = Map::new();
            for (name, entry) in entries {
                match value(entry, outputs) {
                    Maybe::Known(entry) => map.insert(name.clone(), entry),
                    later @ Maybe::Later(_) => return later,
                };
            }
            Maybe::Known(Value::Object(map))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_unknown_item_makes_the_whole_list_wait_and_says_for_what() {
        let output = Input::Output {
            step: StepId::new("connection"),
            output: "id".to_owned(),
        };
        let nested = Input::Map(BTreeMap::from([
            ("known".to_owned(), Input::Known(json!(1))),
            ("list".to_owned(), Input::List(vec![output])),
        ]));
        let inputs = BTreeMap::from([("in".to_owned(), nested)]);
        let waits = resolve(&inputs, &Outputs::new());
        assert_eq!(
            waits.maybe::<Value>("kind", "in").unwrap(),
            Maybe::Later("the id of connection".to_owned())
        );
        let ready = BTreeMap::from([("id".to_owned(), json!("vpn-1"))]);
        let outputs = Outputs::from([(StepId::new("connection"), ready)]);
        assert_eq!(
            resolve(&inputs, &outputs)
                .known::<Value>("kind", "in")
                .unwrap(),
            json!({"known": 1, "list": ["vpn-1"]})
        );
    }
}
