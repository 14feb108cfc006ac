//! The site file's JSON Schema with what each device wants to know.

use serde_json::{Map, Value, json};

use super::model::Device;
use super::option::OptionSpec;
use super::registry::registry;
use crate::spec;

/// The schema of the site file, 2020-12, with `gateway.options` for each device.
///
/// One `if`/`then` a device: editors complete and check the options of the device that the file
/// names, and show what each is for. A device that does not exist is refused.
pub fn schema() -> Value {
    let mut schema = spec::schema();
    let devices = registry();
    let definitions = (devices.iter())
        .map(|device| (definition(*device), options(*device)))
        .collect::<Vec<_>>();
    if let Some(gateway) = schema.pointer_mut("/$defs/Gateway") {
        gateway["allOf"] = devices.iter().map(|device| branch(*device)).collect();
        if let Some(device) = gateway.pointer_mut("/properties/device") {
            device["enum"] = devices.iter().map(|device| device.name()).collect();
            // Not of the standard; editors of YAML show them beside the names.
            device["enumDescriptions"] = devices.iter().map(|device| device.title()).collect();
        }
    }
    if let Some(all) = schema.get_mut("$defs").and_then(Value::as_object_mut) {
        all.extend(definitions);
    }
    schema
}

fn definition(device: &dyn Device) -> String {
    format!("Options.{}", device.name())
}

fn branch(device: &dyn Device) -> Value {
    let mut then = json!({
        "properties": { "options": { "$ref": format!("#/$defs/{}", definition(device)) } }
    });
    if device.options().iter().any(|option| option.required) {
        then["required"] = json!(["options"]);
    }
    json!({
        "if": { "properties": { "device": { "const": device.name() } }, "required": ["device"] },
        "then": then,
    })
}

fn options(device: &dyn Device) -> Value {
    let specs = device.options();
    let properties: Map<String, Value> = (specs.iter())
        .map(|spec| (spec.name.to_owned(), option(spec)))
        .collect();
    let required: Vec<&str> = (specs.iter().filter(|spec| spec.required))
        .map(|spec| spec.name)
        .collect();
    // A field with nothing behind it counts as left out.
    let shape = if required.is_empty() {
        json!(["object", "null"])
    } else {
        json!("object")
    };
    json!({
        "title": format!("Options of {}", device.title()),
        "type": shape,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn option(spec: &OptionSpec) -> Value {
    let pattern = format!("^(?:{})$", spec.pattern);
    let mut shape = json!({
        "description": spec.what,
        "type": "string",
        "pattern": pattern,
        "examples": [spec.example],
    });
    if spec.example.bytes().all(|b| b.is_ascii_digit()) {
        // YAML reads an unquoted number as one; a pattern is about strings alone.
        shape["type"] = json!(["string", "integer"]);
        shape["minimum"] = json!(0);
    }
    if let Some(default) = spec.default {
        shape["description"] = json!(format!("{}. Default: {default}.", spec.what));
        if !spec.required {
            shape["type"] = match &shape["type"] {
                Value::Array(kinds) => {
                    let mut kinds = kinds.clone();
                    kinds.push(json!("null"));
                    Value::Array(kinds)
                }
                kind => json!([kind, "null"]),
            };
        }
    }
    shape
}
