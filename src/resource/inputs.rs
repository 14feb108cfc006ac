//! A step's inputs as far as they are known.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// A value that may not be known yet.
#[derive(Clone, Debug, PartialEq)]
pub enum Maybe<T> {
    /// Known.
    Known(T),
    /// Known later; says what is awaited.
    Later(String),
}

impl<T> Maybe<T> {
    /// The value, if it is known.
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Later(_) => None,
        }
    }
}

/// Why a kind cannot work with what it was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KindError {
    /// The playbook does not give a required input.
    #[error("{kind} needs the input `{input}`")]
    Missing {
        /// The kind.
        kind: &'static str,
        /// The input.
        input: String,
    },
    /// An input has the wrong shape.
    #[error("the input `{input}` of {kind} cannot be used: {problem}")]
    Unusable {
        /// The kind.
        kind: &'static str,
        /// The input.
        input: String,
        /// Why.
        problem: String,
    },
    /// An input is needed now and is not known yet.
    #[error("the input `{input}` of {kind} is not known yet: {awaited}")]
    NotYet {
        /// The kind.
        kind: &'static str,
        /// The input.
        input: String,
        /// What is awaited.
        awaited: String,
    },
    /// Neither adopting nor creating is right; a person must decide.
    #[error("{problem}")]
    Conflict {
        /// What stands in the way, with ids.
        problem: String,
        /// What to do about it.
        help: String,
    },
}

/// A step's inputs, resolved as far as the outputs of other steps are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs {
    values: BTreeMap<String, Maybe<Value>>,
}

impl Inputs {
    /// Inputs out of resolved values.
    pub fn new(values: BTreeMap<String, Maybe<Value>>) -> Self {
        Self { values }
    }

    /// Inputs that are all known, as teardown has them.
    pub fn of<'a>(values: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let known = |(name, value): (&str, Value)| (name.to_owned(), Maybe::Known(value));
        Self::new(values.into_iter().map(known).collect())
    }

    /// Every input by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Maybe<Value>)> {
        let values = self.values.iter();
        values.map(|(name, value)| (name.as_str(), value))
    }

    /// An input as far as it is known: none when it is not given or not known yet.
    pub fn given<T: DeserializeOwned>(
        &self,
        kind: &'static str,
        input: &str,
    ) -> Result<Option<T>, KindError> {
        Ok(self.optional(kind, input)?.and_then(Maybe::known))
    }

    /// An optional input.
    pub fn optional<T: DeserializeOwned>(
        &self,
        kind: &'static str,
        input: &str,
    ) -> Result<Option<Maybe<T>>, KindError> {
        match self.values.get(input) {
            None | Some(Maybe::Known(Value::Null)) => Ok(None),
            Some(Maybe::Later(awaited)) => Ok(Some(Maybe::Later(awaited.clone()))),
            Some(Maybe::Known(value)) => T::deserialize(value)
                .map(|value| Some(Maybe::Known(value)))
                .map_err(|error| KindError::Unusable {
                    kind,
                    input: input.to_owned(),
                    problem: error.to_string(),
                }),
        }
    }

    /// A required input that may not be known yet.
    pub fn maybe<T: DeserializeOwned>(
        &self,
        kind: &'static str,
        input: &str,
    ) -> Result<Maybe<T>, KindError> {
        self.optional(kind, input)?
            .ok_or_else(|| KindError::Missing {
                kind,
                input: input.to_owned(),
            })
    }

    /// A required input that must be known by now.
    pub fn known<T: DeserializeOwned>(
        &self,
        kind: &'static str,
        input: &str,
    ) -> Result<T, KindError> {
        match self.maybe(kind, input)? {
            Maybe::Known(value) => Ok(value),
            Maybe::Later(awaited) => Err(KindError::NotYet {
                kind,
                input: input.to_owned(),
                awaited,
            }),
        }
    }
}
