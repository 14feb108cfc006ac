//! What negotiation refuses: every problem of both tunnels, told at once.

use std::fmt;
use std::ops::RangeInclusive;

use crate::spec::InvalidValue;

/// Why no set of options satisfies everyone: every refusal at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct NegotiationErrors {
    /// At least one.
    pub errors: Vec<NegotiationError>,
}

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NegotiationError {
    /// The tunnels it concerns, 1 and 2; empty when it concerns the whole site.
    pub tunnels: Vec<u8>,
    /// What could not be chosen, such as `phase 1 encryption`.
    pub subject: &'static str,
    /// What is wrong and what would be right.
    pub value: InvalidValue,
}

impl fmt::Display for NegotiationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tunnels.as_slice() {
            [one] => write!(f, "tunnel {one}, ")?,
            [_, ..] => f.write_str("both tunnels, ")?,
            [] => {}
        }
        write!(
            f,
            "{}: {}; {}",
            self.subject, self.value.problem, self.value.help
        )
    }
}

impl fmt::Display for NegotiationErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("site, device and AWS share no set of tunnel options")?;
        self.errors
            .iter()
            .try_for_each(|error| write!(f, "\n  {error}"))
    }
}

/// The refusals met while one tunnel's options are chosen.
#[derive(Default)]
pub(super) struct Refusals {
    found: Vec<(&'static str, InvalidValue)>,
}

impl Refusals {
    /// What was chosen; a refusal is kept.
    pub(super) fn take<T>(
        &mut self,
        subject: &'static str,
        chosen: Result<T, InvalidValue>,
    ) -> Option<T> {
        chosen
            .map_err(|error| self.found.push((subject, error)))
            .ok()
    }

    /// A number within AWS's range; `u32::MAX` means that there is no upper end.
    pub(super) fn number(
        &mut self,
        subject: &'static str,
        value: u32,
        range: RangeInclusive<u32>,
    ) -> Option<u32> {
        let chosen = if range.contains(&value) {
            Ok(value)
        } else if *range.end() == u32::MAX {
            Err(InvalidValue::new(
                format!("{value} is too small"),
                format!("AWS takes {} and more", range.start()),
            ))
        } else {
            Err(InvalidValue::new(
                format!("{value} is out of range"),
                format!("AWS takes {} to {}", range.start(), range.end()),
            ))
        };
        self.take(subject, chosen)
    }
}

/// A refusal that both tunnels share is told once.
pub(super) fn merge(one: Refusals, two: Refusals) -> Vec<NegotiationError> {
    let mut errors: Vec<NegotiationError> = Vec::new();
    for (number, found) in [(1, one.found), (2, two.found)] {
        for (subject, value) in found {
            match errors
                .iter_mut()
                .find(|e| e.subject == subject && e.value == value)
            {
                Some(known) => known.tunnels.push(number),
                None => errors.push(NegotiationError {
                    tunnels: vec![number],
                    subject,
                    value,
                }),
            }
        }
    }
    errors
}
