//! `gateway.options`: what each device wants to know beyond the site file's common part.

use std::fmt;
use std::str::FromStr;

use super::model::RenderError;
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
    /// A value that a real device could have, for documents and tests.
    pub example: &'static str,
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

/// A name of something on a device: 1 to `MAX` of `A-Z a-z 0-9 _ . : / -`, a letter or digit first.
///
/// That is every interface, zone, VRF and routing-instance name that needs quotes in no vendor's
/// language; a device with a narrower alphabet has a type of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<const MAX: usize>(String);

impl<const MAX: usize> FromStr for Token<MAX> {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let plain =
            |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'/' | b'-');
        let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if starts && text.len() <= MAX && text.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidValue::new(
                format!("`{}` is not a name on this device", text.escape_debug()),
                format!(
                    "use 1 to {MAX} of A-Z, a-z, 0-9, `_`, `.`, `:`, `/` and `-`, beginning with a \
                     letter or digit"
                ),
            ))
        }
    }
}

impl<const MAX: usize> fmt::Display for Token<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A whole number between two bounds, such as that of a tunnel interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number<const LEAST: u32, const MOST: u32>(pub(super) u32);

impl<const LEAST: u32, const MOST: u32> FromStr for Number<LEAST, MOST> {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits && (LEAST..=MOST).contains(&number) => Ok(Self(number)),
            _ => Err(InvalidValue::new(
                format!("`{}` is not a number for this", text.escape_debug()),
                format!("use a number from {LEAST} to {MOST}"),
            )),
        }
    }
}

impl<const LEAST: u32, const MOST: u32> fmt::Display for Number<LEAST, MOST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A `T`, or nothing where the site says `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OrNone<T>(pub(super) Option<T>);

impl<T: FromStr<Err = InvalidValue>> FromStr for OrNone<T> {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            NONE => Ok(Self(None)),
            _ => text.parse().map(|value| Self(Some(value))),
        }
    }
}

/// The word of [`OrNone`].
pub(super) const NONE: &str = "none";

/// Checks that a value is a `T`; for [`OptionSpec::check`].
pub(super) fn is<T: FromStr<Err = InvalidValue>>(value: &str) -> Result<(), InvalidValue> {
    value.parse::<T>().map(drop)
}

/// The value of an option, or of what stands in for it.
pub(super) fn value<T: FromStr<Err = InvalidValue>>(
    gateway: &Gateway,
    name: &str,
    otherwise: Option<&str>,
) -> Result<T, RenderError> {
    let given = gateway.options.get(name).map(String::as_str);
    let text = given.or(otherwise).ok_or_else(|| {
        RenderError::Option(InvalidValue::new(
            format!("gateway.options lacks `{name}`"),
            format!(
                "`underpass devices show {}` says what it is for",
                gateway.device
            ),
        ))
    })?;
    text.parse().map_err(RenderError::Option)
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
