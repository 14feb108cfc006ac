//! The JSON Schema of the site file, for editors and for the file's own first line.

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::raw::{RawAttachTo, RawSite};

/// The schema, 2020-12.
///
/// It checks the shape and single values; what relates values to each other only `load` checks.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    generator.into_root_schema_for::<RawSite>().to_value()
}

/// `attach_to`: a word or a mapping.
pub(super) fn attach_to(generator: &mut SchemaGenerator) -> Schema {
    let named = generator.subschema_for::<RawAttachTo>();
    json_schema!({
        "oneOf": [
            { "const": "virtual-private-gateway" },
            { "allOf": [named], "minProperties": 1, "maxProperties": 1 },
        ],
        "default": "virtual-private-gateway",
    })
}

/// `amazon_side_asn`: two ranges.
pub(super) fn amazon_side_asn(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "integer",
        "anyOf": [
            { "minimum": 64_512, "maximum": 65_534 },
            { "minimum": 4_200_000_000_u32, "maximum": 4_294_967_294_u32 },
        ],
        "default": 64_512,
    })
}

/// `route_tables`: the word `all` or a list.
pub(super) fn route_tables(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "oneOf": [
            { "const": "all" },
            {
                "type": "array",
                "minItems": 1,
                "items": { "type": "string", "pattern": "^rtb-([0-9a-f]{8}|[0-9a-f]{17})$" },
            },
        ],
        "default": "all",
    })
}

/// `tags` and `options`: text by name.
pub(super) fn table(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "additionalProperties": { "type": ["string", "number", "boolean", "null"] },
    })
}
