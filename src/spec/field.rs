//! How the raw shape is read: serde over the tree, with the place of every value kept and every
//! wrong one reported instead of ending the reading.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::problem::{Checked, Reported};

/// The newtype by which a [`Field`] asks the reader for its place.
pub(super) const FIELD: &str = "$field";
/// The newtype by which a [`WordOr`] asks whether it is a word.
pub(super) const WORD_OR: &str = "$word-or";

/// One field of the file.
#[derive(Clone, Debug, Default)]
pub(super) enum Field<T> {
    /// Left out, or empty.
    #[default]
    Absent,
    /// Unusable, which has been said.
    Bad(Reported),
    /// Given.
    Given(Spot<T>),
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Spot<T> {
    /// The value.
    pub(super) value: T,
    /// Where to point: the value, or the key of a value of several lines.
    pub(super) span: Range<usize>,
}

impl<T> Field<T> {
    /// The value, none when it was left out.
    pub(super) fn get(&self) -> Checked<Option<&Spot<T>>> {
        match self {
            Self::Absent => Ok(None),
            Self::Bad(reported) => Err(*reported),
            Self::Given(spot) => Ok(Some(spot)),
        }
    }

    /// The value where one was given that could be read.
    pub(super) fn given(&self) -> Option<&Spot<T>> {
        self.get().ok().flatten()
    }

    /// This field, or the other one where this was left out.
    pub(super) fn or(&self, other: &Self) -> Self
    where
        T: Clone,
    {
        match self {
            Self::Absent => other.clone(),
            _ => self.clone(),
        }
    }

    /// Whether the field was left out.
    pub(super) const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(FIELD, FieldVisitor(PhantomData))
    }
}

struct FieldVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field")
    }

    fn visit_unit<E>(self) -> Result<Field<T>, E> {
        Ok(Field::Absent)
    }

    /// Start, end and value; the value is missing when it was reported.
    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Field<T>, A::Error> {
        let start = parts.next_element()?.unwrap_or(0);
        let end = parts.next_element()?.unwrap_or(0);
        Ok(match parts.next_element()? {
            Some(value) => Field::Given(Spot {
                value,
                span: start..end,
            }),
            None => Field::Bad(Reported::by_reader()),
        })
    }
}

impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// Either a single word or a structure.
#[derive(Clone, Debug)]
pub(super) enum WordOr<T> {
    /// A word.
    Word(String),
    /// The structure.
    Other(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for WordOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(WORD_OR, WordOrVisitor(PhantomData))
    }
}

struct WordOrVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for WordOrVisitor<T> {
    type Value = WordOr<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word or a structure")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<WordOr<T>, E> {
        Ok(WordOr::Word(word.to_owned()))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, d: D) -> Result<WordOr<T>, D::Error> {
        T::deserialize(d).map(WordOr::Other)
    }
}

/// A mapping whose keys the user chooses, in the file's order.
#[derive(Clone, Debug)]
pub(super) struct Table(pub(super) Vec<(Field<String>, Field<String>)>);

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TableVisitor)
    }
}

struct TableVisitor;

impl<'de> Visitor<'de> for TableVisitor {
    type Value = Table;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Table, A::Error> {
        let mut table = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            table.push(entry);
        }
        Ok(Table(table))
    }
}
