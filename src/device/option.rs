//! `gateway.options`: what each device wants to know beyond the site file's common part.

use std::fmt;
use std::str::FromStr;

use crate::spec::{Gateway, InvalidValue};

/// One option of a device.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// The key under `gateway.options`.
    pub name: &'static str,
    /// What it is for, one sentence.
    pub what: &'static str,
    /// The values as a regular expression, for the JSON Schema.
    pub pattern: &'static str,
    /// What stands in when it is left out, for people; none when `required`.
    pub default: Option<&'static str>,
    /// Whether it must be given.
    pub required: bool,
    /// Checks a value.
    pub check: fn(&str) -> Result<(), InvalidValue>,
}

/// Every problem of a gateway's options against a device's list.
pub fn check(specs: &[OptionSpec], gateway: &Gateway) -> Vec<InvalidValue> {
    let missing = specs
        .iter()
        .filter(|spec| spec.required && !gateway.options.contains_key(spec.name))
        .map(|spec| {
            InvalidValue::new(
                format!("gateway.options lacks `{}`", spec.name),
                format!("add it: {}", spec.what),
            )
        });
    let given = gateway.options.iter().filter_map(|(name, value)| {
        match specs.iter().find(|spec| spec.name == name) {
            Some(spec) => (spec.check)(value).err().map(|error| {
                InvalidValue::new(
                    format!("gateway.options.{name}: {}", error.problem),
                    error.help,
                )
            }),
            None => Some(unknown(specs, name, &gateway.device)),
        }
    });
    missing.chain(given).collect()
}

fn unknown(specs: &[OptionSpec], name: &str, device: &str) -> InvalidValue {
    let names: Vec<&str> = specs.iter().map(|spec| spec.name).collect();
    let help = match similar::get_close_matches(name, &names, 1, 0.6).first() {
        Some(close) => format!("did you mean `{close}`?"),
        None if names.is_empty() => "leave gateway.options out".to_owned(),
        None => format!("it has {}", names.join(", ")),
    };
    InvalidValue::new(
        format!(
            "the device `{device}` has no option `{}`",
            name.escape_debug()
        ),
        help,
    )
}

/// The name of a Linux network interface: 1 to 15 of `A-Z a-z 0-9 _ . -`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceName(String);

impl FromStr for InterfaceName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        // The kernel allows more (`dev_valid_name`); this is what needs no quotes anywhere.
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if starts && text.len() <= 15 && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidValue::new(
                format!("`{}` is not an interface name", text.escape_debug()),
                "use 1 to 15 of A-Z, a-z, 0-9, `_`, `.` and `-`, beginning with a letter or digit",
            ))
        }
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
