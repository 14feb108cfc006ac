//! A serde deserializer over the tree that reports and goes on.

use std::fmt;
use std::ops::Range;

use serde::de::value::StrDeserializer;
use serde::de::{self, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::access::{Entries, Entry, FieldParts, Items};
use super::codes::Code;
use super::field::{FIELD, WORD_OR};
use super::node::{Key, Kind, Node};
use super::problem::{Problem, Reported, Sink, nearest, quoted};

/// Why a value could not be read.
#[derive(Debug)]
pub(super) enum Unread {
    /// It has been reported.
    Reported(Reported),
    /// What serde says of it.
    Serde(String),
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reported(_) => f.write_str("already reported"),
            Self::Serde(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Unread {}

impl de::Error for Unread {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Serde(message.to_string())
    }
}

/// Reads one node; `path` and `anchor` say what and where it is.
pub(super) struct Reader<'a> {
    pub(super) node: &'a Node,
    /// The field's name, such as `gateway.asn`; empty at the root.
    pub(super) path: String,
    /// Where to point when the node spans several lines.
    pub(super) anchor: Range<usize>,
    pub(super) sink: &'a Sink,
}

impl<'a> Reader<'a> {
    /// Where to point.
    pub(super) fn span(&self) -> Range<usize> {
        if self.node.compact {
            self.node.span.clone()
        } else {
            self.anchor.clone()
        }
    }

    /// What to call it in a message.
    pub(super) fn name(&self) -> String {
        if self.path.is_empty() {
            "the site file".to_owned()
        } else {
            format!("`{}`", self.path)
        }
    }

    fn wrong_type(&self, wanted: &str, help: String) -> Unread {
        if let Kind::Refused(reported) = self.node.kind {
            return Unread::Reported(reported);
        }
        let found = self.node.kind.describe();
        let message = format!("{} must be {wanted}", self.name());
        let problem = Problem::new(Code::WrongType, message)
            .at(&self.span(), format!("is {found}"))
            .help(help);
        Unread::Reported(self.sink.report(problem))
    }

    fn text(&self, wanted: &str) -> Result<(&'a str, bool), Unread> {
        match &self.node.kind {
            Kind::Scalar { text, plain } => Ok((text, *plain)),
            _ => Err(self.wrong_type(wanted, "write a single value after the colon".to_owned())),
        }
    }

    fn number(&self) -> Result<u64, Unread> {
        let (text, plain) = self.text("a whole number")?;
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let octal = text.len() > 1 && text.starts_with('0');
        match text.parse() {
            Ok(number) if digits && plain && !octal => Ok(number),
            Ok(number) if digits && !plain => {
                Err(self.wrong_type("a whole number", format!("remove the quotes: {number}")))
            }
            _ => {
                let message = format!("{} must be a whole number", self.name());
                let problem = Problem::new(Code::WrongType, message)
                    .at(&self.span(), "is no whole number")
                    .help("write decimal digits only, without unit, sign or leading zero");
                Err(Unread::Reported(self.sink.report(problem)))
            }
        }
    }

    /// A reader of a node within this one.
    pub(super) fn child(&self, node: &'a Node, path: String, anchor: Range<usize>) -> Self {
        Reader {
            node,
            path,
            anchor,
            sink: self.sink,
        }
    }

    /// Pairs each entry with the field that it is, and complains about keys that are none.
    ///
    /// A key that is plainly a misspelt field counts as that field, so that its value is checked
    /// too and the field is not reported as missing besides.
    fn named(&self, entries: &'a [(Key, Node)], fields: &'static [&'static str]) -> Vec<Entry<'a>> {
        let exact = |field: &str| entries.iter().any(|(key, _)| key.text == field);
        let mut free: Vec<_> = fields
            .iter()
            .copied()
            .filter(|field| !exact(field))
            .collect();
        let mut named = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            if let Some(field) = fields.iter().find(|field| **field == key.text) {
                named.push((*field, key, value));
                continue;
            }
            if key.text == "<<" && matches!(value.kind, Kind::Refused(_)) {
                continue;
            }
            let meant = nearest(&key.text, &free);
            self.unknown_key(key, meant, fields);
            if let Some(field) = meant {
                free.retain(|free| *free != field);
                named.push((field, key, value));
            }
        }
        named
    }

    fn unknown_key(&self, key: &Key, meant: Option<&str>, fields: &'static [&'static str]) {
        let place = if self.path.is_empty() {
            "a site file".to_owned()
        } else {
            self.name()
        };
        let message = format!("{place} has no field {}", quoted(&key.text));
        let help = match meant {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("the fields are {}", fields.join(", ")),
        };
        let _reported = self.sink.report(
            Problem::new(Code::UnknownField, message)
                .at(&key.node.span, "unknown")
                .help(help),
        );
    }
}

macro_rules! numbers {
    ($($method:ident),+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
            let span = self.span();
            let number = self.number()?;
            visitor.visit_u64(number).map_err(|_: Unread| {
                let message = format!("{} is out of range: {number}", self.name());
                let problem = Problem::new(Code::OutOfRange, message).at(&span, "too large");
                Unread::Reported(self.sink.report(problem.help("give a smaller number")))
            })
        })+
    };
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Unread;

    numbers!(
        deserialize_u8,
        deserialize_u16,
        deserialize_u32,
        deserialize_u64
    );

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        visitor.visit_str(self.text("a single value")?.0)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        match self.text("true or false")?.0 {
            "true" | "True" | "TRUE" => visitor.visit_bool(true),
            "false" | "False" | "FALSE" => visitor.visit_bool(false),
            text => {
                let message = format!("{} cannot be {}", self.name(), quoted(text));
                let problem = Problem::new(Code::WrongType, message)
                    .at(&self.span(), "neither true nor false")
                    .help("write `true` or `false`");
                Err(Unread::Reported(self.sink.report(problem)))
            }
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        visitor.visit_str(self.text("a single value")?.0)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        self.deserialize_str(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unread> {
        match (&self.node.kind, name) {
            (Kind::Null, FIELD) => visitor.visit_unit(),
            (_, FIELD) => visitor.visit_seq(FieldParts {
                step: 0,
                reader: self,
            }),
            (Kind::Scalar { text, .. }, WORD_OR) => visitor.visit_str(text),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        match &self.node.kind {
            Kind::List(items) => visitor.visit_seq(Items {
                items: items.iter(),
                at: 0,
                list: self,
            }),
            Kind::Scalar { text, .. } => {
                let text = quoted(text);
                let help = format!("put it in brackets: [{}]", text.trim_matches('`'));
                Err(self.wrong_type("a list", help))
            }
            _ => Err(self.wrong_type(
                "a list",
                "write one entry per line, each after a `- `".to_owned(),
            )),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unread> {
        match &self.node.kind {
            Kind::Map(entries) => visitor.visit_map(Entries {
                entries: entries
                    .iter()
                    .map(|(key, value)| (key.text.as_str(), key, value))
                    .collect::<Vec<_>>()
                    .into_iter(),
                fixed: false,
                current: None,
                map: self,
            }),
            _ => Err(self.wrong_type("a mapping", "write `key: value` lines under it".to_owned())),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unread> {
        match &self.node.kind {
            Kind::Map(entries) => visitor.visit_map(Entries {
                entries: self.named(entries, fields).into_iter(),
                fixed: true,
                current: None,
                map: self,
            }),
            _ => {
                let help = format!(
                    "write it as `key: value` lines; the keys are {}",
                    fields.join(", ")
                );
                Err(self.wrong_type("a mapping", help))
            }
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unread> {
        let choices = variants.join(", ");
        let (text, _) = self.text(&format!("one of {choices}"))?;
        if let Some(word) = variants.iter().find(|word| word.eq_ignore_ascii_case(text)) {
            let word: StrDeserializer<'_, Unread> = (*word).into_deserializer();
            return visitor.visit_enum(word);
        }
        let help = match nearest(text, variants) {
            Some(word) => format!("did you mean `{word}`? The choices are {choices}"),
            None => format!("the choices are {choices}"),
        };
        let message = format!("{} cannot be {}", self.name(), quoted(text));
        let problem = Problem::new(Code::NotAChoice, message)
            .at(&self.span(), "not one of the choices")
            .help(help);
        Err(Unread::Reported(self.sink.report(problem)))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 f64 char bytes byte_buf option unit unit_struct tuple
        tuple_struct ignored_any
    }
}
