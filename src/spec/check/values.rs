//! Checks of single values that several parts share.

use std::ops::{Range, RangeInclusive};
use std::str::FromStr;

use super::super::codes::Code;
use super::super::field::{Field, Spot};
use super::super::net::{Asn, InvalidValue};
use super::super::problem::{Checked, Problem, Sink, quoted};

/// The field's value, or a report at its parent that it is missing.
pub(super) fn required<'a, T>(
    field: &'a Field<T>,
    name: &str,
    help: &str,
    parent: &Range<usize>,
    sink: &Sink,
) -> Checked<&'a Spot<T>> {
    match field.get()? {
        Some(spot) => Ok(spot),
        None => Err(sink.report(
            Problem::new(Code::MissingField, format!("`{name}` is missing"))
                .at(parent, "it belongs here")
                .help(help),
        )),
    }
}

/// What `parse` makes of the text, or a report of its complaint.
pub(super) fn value<T, E: Into<InvalidValue>>(
    spot: &Spot<String>,
    code: Code,
    sink: &Sink,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Checked<T> {
    parse(&spot.value).map_err(|error| {
        let error: InvalidValue = error.into();
        sink.report(
            Problem::new(code, error.problem)
                .at(&spot.span, "")
                .help(error.help),
        )
    })
}

/// The value of a field that may be left out.
pub(super) fn optional<T>(
    field: &Field<String>,
    code: Code,
    sink: &Sink,
) -> Checked<Option<Spot<T>>>
where
    T: FromStr<Err: Into<InvalidValue>>,
{
    match field.get()? {
        None => Ok(None),
        Some(spot) => value(spot, code, sink, T::from_str).map(|value| {
            Some(Spot {
                value,
                span: spot.span.clone(),
            })
        }),
    }
}

/// A number that may be left out, within AWS's range.
pub(super) fn ranged(
    field: &Field<u32>,
    name: &str,
    unit: &str,
    range: RangeInclusive<u32>,
    sink: &Sink,
) -> Checked<Option<u32>> {
    let Some(spot) = field.get()? else {
        return Ok(None);
    };
    if range.contains(&spot.value) {
        return Ok(Some(spot.value));
    }
    let (least, most) = (range.start(), range.end());
    let help = if *most >= i32::MAX.unsigned_abs() {
        format!("give at least {least} {unit}")
    } else {
        format!("give {least} to {most} {unit}")
    };
    let message = format!("`{name}` cannot be {}", spot.value);
    Err(sink.report(
        Problem::new(Code::OutOfRange, message)
            .at(&spot.span, "out of range")
            .help(help),
    ))
}

/// Reads an ASN in asplain notation (RFC 5396); of the other notations it tells the number.
pub(in crate::spec) fn asn(text: &str) -> Result<Asn, InvalidValue> {
    let not_plain = |help: String| {
        let problem = format!("{} is not an ASN in plain notation", quoted(text));
        InvalidValue::new(problem, help)
    };
    let plain = |digits: &str| -> Option<u32> {
        let only = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        only.then(|| digits.parse().ok()).flatten()
    };
    if let Some(number) = plain(text) {
        return number.try_into();
    }
    if let Some(number) = text.get(2..).and_then(plain)
        && text.to_ascii_lowercase().starts_with("as")
    {
        return Err(not_plain(format!("write {number}")));
    }
    if let Some((high, low)) = text.split_once('.')
        && let (Some(high), Some(low)) = (plain(high), plain(low))
        && let (Ok(high), Ok(low)) = (u16::try_from(high), u16::try_from(low))
    {
        let number = u32::from(high) << 16 | u32::from(low);
        return Err(not_plain(format!(
            "this is dotted notation: write {number}"
        )));
    }
    Err(not_plain(
        "write a number from 1 to 4294967294, such as 65010".to_owned(),
    ))
}

/// A word of lower-case letters, digits, `-` and `_`, safe in a file name and a configuration.
pub(in crate::spec) fn word(text: &str, what: &str) -> Result<String, InvalidValue> {
    let alphabet = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    let starts = text
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if starts && text.len() <= 40 && text.bytes().all(alphabet) {
        Ok(text.to_owned())
    } else {
        Err(InvalidValue::new(
            format!("{} cannot be {what}", quoted(text)),
            "use 1 to 40 of a-z, 0-9, `-` and `_`, with a letter or digit first",
        ))
    }
}
