//! The `${…}` references of a playbook's texts, and the conditions of `when`.
//!
//! ```text
//! text      = { character | "$${" | "${" path "}" }        "$${" stands for a plain "${"
//! path      = name { "." name }                            name: a-z A-Z 0-9 _ -
//! condition = all { "||" all }
//! all       = term { "&&" term }
//! term      = "!" term | "(" condition ")" | operand [ ( "==" | "!=" ) operand ]
//! operand   = "${" path "}" | "'" text "'" | number | "true" | "false" | "null"
//! ```
//!
//! After `!` comes a reference, another `!` or a parenthesis: `!a == b` would mislead one half of
//! its readers.

use std::fmt;

use serde_json::Value;

use super::yaml::Span;

/// Where a text stands in the file, so that a place in the text becomes a place in the file.
#[derive(Clone, Debug)]
pub(super) struct Place {
    whole: Span,
    /// The file's byte at which the text begins, when the file holds it without escapes.
    begins: Option<usize>,
}

impl Place {
    /// The place of a YAML scalar: exact for plain and simply quoted ones, else all of it.
    pub(super) fn of_scalar(text: &str, at: &Span, source: &str) -> Self {
        let written = source.get(at.clone()).unwrap_or_default();
        let begins = if written == text {
            Some(at.start)
        } else {
            let inner = written.get(1..written.len().saturating_sub(1));
            (inner == Some(text)).then_some(at.start + 1)
        };
        Self {
            whole: at.clone(),
            begins,
        }
    }

    /// A text that is the whole file.
    #[cfg(test)]
    pub(super) fn itself(text: &str) -> Self {
        Self::of_scalar(text, &(0..text.len()), text)
    }

    /// Bytes of the text as bytes of the file.
    pub(super) fn at(&self, start: usize, end: usize) -> Span {
        self.begins.map_or_else(
            || self.whole.clone(),
            |begins| begins + start..begins + end.max(start),
        )
    }
}

/// Why a text is not an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExprError {
    pub(super) problem: String,
    pub(super) help: String,
    pub(super) at: Span,
}

/// A dotted path to a value, such as `site.gateway.asn`.
#[derive(Clone, Debug)]
pub struct Reference {
    names: Vec<String>,
    pub(super) at: Span,
}

/// Two references are the same when they name the same, wherever they stand.
impl PartialEq for Reference {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names
    }
}

impl Eq for Reference {}

impl Reference {
    /// The first name: `site`, `vpc`, `tunnels`, `each` or a step.
    pub fn root(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// The names below the root.
    pub fn path(&self) -> &[String] {
        self.names.get(1..).unwrap_or_default()
    }

    /// Whether the first name below the root is this one.
    pub(super) fn begins_below(&self, name: &str) -> bool {
        self.path().first().is_some_and(|first| first == name)
    }

    /// Reads the path between `${` and `}`; `at` is the path's place.
    fn read(path: &str, at: Span) -> Result<Self, ExprError> {
        let name = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        if path.split('.').all(name) {
            let names = path.split('.').map(str::to_owned).collect();
            return Ok(Self { names, at });
        }
        Err(ExprError {
            problem: format!("`${{{}}}` is not a reference", path.escape_debug()),
            help: "write names with dots between them, such as `${site.gateway.asn}`".to_owned(),
            at,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${{{}}}", self.names.join("."))
    }
}

/// A text with references in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Plain text.
    Text(String),
    /// A value to be put in.
    Reference(Reference),
}

impl Template {
    /// Reads a text.
    pub(super) fn parse(text: &str, place: &Place) -> Result<Self, ExprError> {
        let (mut parts, mut plain, mut at) = (Vec::new(), String::new(), 0);
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            if rest.starts_with("$${") {
                plain.push_str("${");
                at += 3;
            } else if rest.starts_with("${") {
                let (reference, length) = read_braced(rest, at, place)?;
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::Reference(reference));
                at += length;
            } else {
                let length = rest.chars().next().map_or(1, char::len_utf8);
                plain.push_str(&rest[..length]);
                at += length;
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// Its pieces.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The reference, when the text is one reference and nothing else: its value keeps its type.
    pub fn whole(&self) -> Option<&Reference> {
        match self.parts.as_slice() {
            [Part::Reference(reference)] => Some(reference),
            _ => None,
        }
    }

    /// Every reference in the text.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.parts.iter().filter_map(|part| match part {
            Part::Reference(reference) => Some(reference),
            Part::Text(_) => None,
        })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(&text.replace("${", "$${")),
            Part::Reference(reference) => reference.fmt(f),
        })
    }
}

/// Reads `${…}` at the beginning of `rest`, which stands at `at`; also says how long it is.
pub(super) fn read_braced(
    rest: &str,
    at: usize,
    place: &Place,
) -> Result<(Reference, usize), ExprError> {
    let Some(end) = rest.find('}') else {
        return Err(ExprError {
            problem: "`${` has no `}`".to_owned(),
            help: "close the reference, or write `$${` for a plain `${`".to_owned(),
            at: place.at(at, at + rest.len()),
        });
    };
    Reference::read(&rest[2..end], place.at(at, at + end + 1)).map(|reference| (reference, end + 1))
}

/// What `when` says.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// A value that must be true or false.
    Is(Operand),
    /// The opposite.
    Not(Box<Condition>),
    /// Both values are the same.
    Equal(Operand, Operand),
    /// The values differ.
    NotEqual(Operand, Operand),
    /// Every one, two or more.
    All(Vec<Condition>),
    /// At least one, of two or more.
    Any(Vec<Condition>),
}

/// A value in a [`Condition`].
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A reference.
    Reference(Reference),
    /// Text, a whole number, true, false or null.
    Literal(Value),
}

impl Condition {
    /// Every reference in the condition.
    pub fn references(&self) -> Vec<&Reference> {
        match self {
            Self::Is(operand) => operand.reference().into_iter().collect(),
            Self::Not(inner) => inner.references(),
            Self::Equal(left, right) | Self::NotEqual(left, right) => left
                .reference()
                .into_iter()
                .chain(right.reference())
                .collect(),
            Self::All(inner) | Self::Any(inner) => {
                inner.iter().flat_map(Self::references).collect()
            }
        }
    }

    fn is_joined(&self) -> bool {
        matches!(self, Self::All(_) | Self::Any(_))
    }
}

impl Operand {
    /// The reference, if it is one.
    pub fn reference(&self) -> Option<&Reference> {
        match self {
            Self::Reference(reference) => Some(reference),
            Self::Literal(_) => None,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(operand) => operand.fmt(f),
            Self::Not(inner) => match **inner {
                Self::Is(Operand::Reference(_)) | Self::Not(_) => write!(f, "!{inner}"),
                _ => write!(f, "!({inner})"),
            },
            Self::Equal(left, right) => write!(f, "{left} == {right}"),
            Self::NotEqual(left, right) => write!(f, "{left} != {right}"),
            Self::All(inner) => join(f, inner, " && ", Self::is_joined),
            Self::Any(inner) => join(f, inner, " || ", |inner| matches!(inner, Self::Any(_))),
        }
    }
}

fn join(
    f: &mut fmt::Formatter<'_>,
    conditions: &[Condition],
    between: &str,
    needs_parentheses: fn(&Condition) -> bool,
) -> fmt::Result {
    for (index, condition) in conditions.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        if needs_parentheses(condition) {
            write!(f, "({condition})")?;
        } else {
            write!(f, "{condition}")?;
        }
    }
    Ok(())
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference(reference) => reference.fmt(f),
            Self::Literal(Value::String(text)) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Literal(value) => value.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
