//! YAML as a tree in which every value knows where it stands in the text.
//!
//! A tree instead of derived shapes, so that all the mistakes of a file are found in one pass
//! and not just the first.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_saphyr::{Location, Spanned};

use super::limits;

/// A part of the file as a byte range.
pub(super) type Span = Range<usize>;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) shape: Shape,
    pub(super) at: Span,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<Entry>),
}

/// A key and its value, in the file's order.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_at: Span,
    pub(super) value: Tree,
}

impl Tree {
    /// What the value is, in words.
    pub(super) fn describe(&self) -> &'static str {
        match self.shape {
            Shape::Null => "nothing",
            Shape::Bool(_) => "true or false",
            Shape::Number(_) => "a number",
            Shape::Text(_) => "text",
            Shape::List(_) => "a list",
            Shape::Map(_) => "a mapping",
        }
    }
}

/// Why a text is not YAML, and where.
#[derive(Debug)]
pub(super) struct YamlError {
    pub(super) problem: String,
    pub(super) help: String,
    pub(super) at: Span,
}

/// Reads one YAML document.
pub(super) fn read(text: &str) -> Result<Tree, YamlError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: limits::DEPTH,
            flow_nesting_limit: limits::DEPTH,
            max_nodes: limits::NODES,
            max_anchors: limits::ANCHORS,
            max_aliases: limits::ANCHORS,
            max_documents: 1,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: limits::NODES },
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<Spanned<Bare>>(text, options)
        .map(Tree::from)
        .map_err(|error| explain(&error, text))
}

fn explain(error: &serde_saphyr::Error, text: &str) -> YamlError {
    use serde_saphyr::Error;
    let error = error.without_snippet();
    let message = one_line(&error.to_string());
    // The limits come as several variants, some of them wrapped: the words are what they share.
    let too_big = matches!(error, Error::Budget { .. }) || message.contains("limit exceeded");
    let (problem, help) = match error {
        Error::DuplicateMappingKey { key, .. } => (
            format!("the key `{}` is there twice", key.as_deref().unwrap_or("?")),
            "remove one of the two".to_owned(),
        ),
        _ if too_big => (
            "this is too big for a playbook".to_owned(),
            format!(
                "at most one document, {} values and a depth of {}",
                limits::NODES,
                limits::DEPTH
            ),
        ),
        _ => (
            format!("this is not YAML: {message}"),
            "quote texts that hold `: ` or begin with `!`, `*`, `{` or `[`".to_owned(),
        ),
    };
    let at = error
        .location()
        .map_or(0..0, |location| place(location, text));
    YamlError { problem, help, at }
}

/// The message without the position, which the label shows.
fn one_line(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    let end = first
        .find(" at line ")
        .or_else(|| first.find(", line "))
        .unwrap_or(first.len());
    first[..end].to_owned()
}

/// The bytes of a location; of its line and column when that is all it knows.
fn place(location: Location, text: &str) -> Span {
    let span = bytes(location);
    let start = if span == (0..0) {
        let nth = |number: u64| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        let before: usize = text
            .split_inclusive('\n')
            .take(nth(location.line()))
            .map(str::len)
            .sum();
        let column = text[before..].char_indices().nth(nth(location.column()));
        before + column.map_or(text.len() - before, |(at, _)| at)
    } else {
        span.start
    };
    start.min(text.len())..span.end.clamp(start.min(text.len()), text.len())
}

fn bytes(location: Location) -> Span {
    let span = location.span();
    let offset = |number: Option<u64>| number.and_then(|number| usize::try_from(number).ok());
    match (offset(span.byte_offset()), offset(span.byte_len())) {
        (Some(start), Some(length)) => start..start + length,
        _ => 0..0,
    }
}

/// The deserialised shape whose byte ranges are those of its `Spanned` parts.
#[derive(Debug)]
enum Bare {
    Scalar(Shape),
    List(Vec<Spanned<Bare>>),
    Map(Vec<(Spanned<String>, Spanned<Bare>)>),
}

impl From<Spanned<Bare>> for Tree {
    fn from(spanned: Spanned<Bare>) -> Self {
        let shape = match spanned.value {
            Bare::Scalar(shape) => shape,
            Bare::List(items) => Shape::List(items.into_iter().map(Self::from).collect()),
            Bare::Map(entries) => Shape::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| Entry {
                        key_at: bytes(key.referenced),
                        key: key.value,
                        value: Self::from(value),
                    })
                    .collect(),
            ),
        };
        Self {
            shape,
            at: bytes(spanned.referenced),
        }
    }
}

impl<'de> Deserialize<'de> for Bare {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BareVisitor)
    }
}

struct BareVisitor;

impl<'de> Visitor<'de> for BareVisitor {
    type Value = Bare;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Bare, E> {
        Ok(Bare::Scalar(Shape::Null))
    }

    fn visit_none<E>(self) -> Result<Bare, E> {
        Ok(Bare::Scalar(Shape::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Bare, D::Error> {
        Bare::deserialize(deserializer)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Bare, E> {
        Ok(Bare::Scalar(Shape::Bool(flag)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Bare, E> {
        Ok(Bare::Scalar(Shape::Number(number.into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Bare, E> {
        Ok(Bare::Scalar(Shape::Number(number.into())))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Bare, E> {
        Number::from_f64(number)
            .map(|number| Bare::Scalar(Shape::Number(number)))
            .ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Bare, E> {
        Ok(Bare::Scalar(Shape::Text(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Bare, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Bare::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Bare, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Bare::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_knows_its_bytes() {
        let text = "ä: [1, 'x y', \"${a.b}\"]\nkey: ${site.ö} tail\nn: ~\nno: no\n";
        let tree = read(text).unwrap();
        let Shape::Map(entries) = tree.shape else {
            panic!("not a mapping")
        };
        let slices: Vec<_> = entries
            .iter()
            .map(|entry| (&text[entry.key_at.clone()], &text[entry.value.at.clone()]))
            .collect();
        assert_eq!(slices[1], ("key", "${site.ö} tail"));
        assert_eq!((slices[0].0, slices[2]), ("ä", ("n", "~")));
        assert!(matches!(&entries[3].value.shape, Shape::Text(no) if no == "no"));
        let Shape::List(items) = &entries[0].value.shape else {
            panic!("not a list")
        };
        let items: Vec<_> = items.iter().map(|item| &text[item.at.clone()]).collect();
        assert_eq!(items, ["1", "'x y'", "\"${a.b}\""]);
    }

    #[test]
    fn what_is_not_yaml_is_refused_at_its_place_and_a_bomb_before_it_bursts() {
        let unclosed = read("a: 1\nb: [1,\n").unwrap_err();
        assert_eq!(unclosed.at.start, 8, "{unclosed:?}");
        let repeated = read("a: 1\nb: 2\na: 3\n").unwrap_err();
        assert_eq!(repeated.at, 10..11, "{repeated:?}");
        assert!(repeated.problem.contains("`a` is there twice"));

        let bomb: Vec<String> = (0..30)
            .map(|n| match n {
                0 => "a0: &a0 [1, 1, 1, 1]\n".to_owned(),
                n => format!(
                    "a{n}: &a{n} [{}]\n",
                    vec![format!("*a{}", n - 1); 4].join(", ")
                ),
            })
            .collect();
        assert!(read(&bomb.concat()).is_err());
        assert!(read(&"[".repeat(10_000)).is_err());
        assert!(read(&"- ".repeat(10_000)).is_err());
        assert!(read("a: 1\n---\nb: 2").is_err());
    }
}
