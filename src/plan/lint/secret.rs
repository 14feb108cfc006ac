//! Does anything in the plan look like a key?

use serde_json::{Value, json};

use super::report::Report;
use crate::plan::model::Plan;

/// What fields that hold keys are called, here and in AWS.
const NAMES: [&str; 6] = [
    "psk",
    "presharedkey",
    "pre_shared_key",
    "secret",
    "password",
    "private_key",
];
/// AWS's own keys have 32 characters, ours 48; shorter texts may be anything.
const SHORTEST: usize = 30;

pub(super) fn check(plan: &Plan, report: &mut Report) {
    let mut found = Vec::new();
    walk("plan", &json!(plan), &mut found);
    for path in found {
        // Where it stands, never what it is.
        report.plan("lint::secret", format!("{path} looks like a key"));
    }
}

fn walk(path: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let plain = name.to_ascii_lowercase().replace('-', "_");
                let named = NAMES.iter().any(|secret| plain.contains(secret));
                let path = format!("{path}.{name}");
                // The name of the file that holds a key is not the key.
                if named && !plain.ends_with("_file") && !value.is_null() {
                    found.push(path);
                } else {
                    walk(&path, value, found);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(&format!("{path}[{index}]"), item, found);
            }
        }
        Value::String(text) if is_like_a_key(text) => found.push(path.to_owned()),
        _ => {}
    }
}

/// A word in AWS's alphabet for keys, long and mixed as random ones are.
fn is_like_a_key(text: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_'))
        .any(|word| {
            let has = |test: fn(&u8) -> bool| word.bytes().any(|b| test(&b));
            word.len() >= SHORTEST
                && has(u8::is_ascii_lowercase)
                && has(u8::is_ascii_uppercase)
                && has(u8::is_ascii_digit)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_hashes_ids_and_names() {
        for key in crate::tunnel::sample::KEYS {
            assert!(is_like_a_key(key));
            assert!(is_like_a_key(&format!("psk={key}")));
        }
        for other in [
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "01JD9Q0Z8YV3K6W4T5S2R1P0NM",
            "vgw-0b1b2c3d4e5f60001:vpc-0a1b2c3d4e5f67890",
            "arn:aws:logs:eu-central-1:111122223333:log-group:/vpn/Plant7",
        ] {
            assert!(!is_like_a_key(other), "{other}");
        }
    }
}
