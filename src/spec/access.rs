//! The parts of a field, a list and a mapping, as serde asks for them one by one.

use std::ops::Range;

use serde::de::value::{StrDeserializer, U64Deserializer};
use serde::de::{self, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess};

use super::codes::Code;
use super::node::{Key, Kind, Node};
use super::problem::{Problem, Sink};
use super::read::{Reader, Unread};

/// A field's name, the key as it stands in the file, and the value.
pub(super) type Entry<'a> = (&'a str, &'a Key, &'a Node);

/// Visits a value and reports what serde says against it.
fn reported<T>(
    result: Result<T, Unread>,
    span: &Range<usize>,
    name: &str,
    sink: &Sink,
) -> Result<Option<T>, Unread> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Unread::Reported(_)) => Ok(None),
        Err(Unread::Serde(message)) => {
            let message = format!("{name} cannot be read: {message}");
            let _reported = sink.report(Problem::new(Code::WrongType, message).at(span, ""));
            Ok(None)
        }
    }
}

/// What a `Field` is made of: start, end, value.
pub(super) struct FieldParts<'a> {
    pub(super) step: u8,
    pub(super) reader: Reader<'a>,
}

impl<'de> SeqAccess<'de> for FieldParts<'de> {
    type Error = Unread;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Unread> {
        let span = self.reader.span();
        self.step += 1;
        let offset = |at: usize| -> U64Deserializer<Unread> { (at as u64).into_deserializer() };
        match self.step {
            1 => seed.deserialize(offset(span.start)).map(Some),
            2 => seed.deserialize(offset(span.end)).map(Some),
            _ => {
                let reader = &self.reader;
                let child = reader.child(reader.node, reader.path.clone(), reader.anchor.clone());
                reported(seed.deserialize(child), &span, &reader.name(), reader.sink)
            }
        }
    }
}

/// The entries of a list.
pub(super) struct Items<'a> {
    pub(super) items: std::slice::Iter<'a, Node>,
    pub(super) at: usize,
    pub(super) list: Reader<'a>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Unread;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Unread> {
        let Some(node) = self.items.next() else {
            return Ok(None);
        };
        let path = format!("{}[{}]", self.list.path, self.at);
        self.at += 1;
        let anchor = match &node.kind {
            Kind::Map(entries) => entries.first().map(|(key, _)| key.node.span.clone()),
            _ => None,
        };
        let anchor = anchor.unwrap_or_else(|| node.span.clone());
        if matches!(node.kind, Kind::Null) {
            let problem = Problem::new(Code::EmptyValue, format!("`{path}` is empty"))
                .at(&node.span, "nothing here")
                .help("give the entry a value or remove it");
            let _reported = self.list.sink.report(problem);
        }
        seed.deserialize(self.list.child(node, path, anchor))
            .map(Some)
    }
}

/// The entries of a mapping.
pub(super) struct Entries<'a> {
    pub(super) entries: std::vec::IntoIter<Entry<'a>>,
    pub(super) fixed: bool,
    pub(super) current: Option<Entry<'a>>,
    pub(super) map: Reader<'a>,
}

impl Entries<'_> {
    fn path(&self, name: &str) -> String {
        if self.map.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.map.path)
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Unread;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Unread> {
        let Some((name, key, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.current = Some((name, key, value));
        if self.fixed {
            let name: StrDeserializer<'_, Unread> = name.into_deserializer();
            return seed.deserialize(name).map(Some);
        }
        let reader = self
            .map
            .child(&key.node, self.path(name), key.node.span.clone());
        seed.deserialize(reader).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Unread> {
        let Some((name, key, value)) = self.current.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        let reader = self
            .map
            .child(value, self.path(name), key.node.span.clone());
        seed.deserialize(reader)
    }
}
