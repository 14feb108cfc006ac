//! Pre-shared keys, kept out of everything that is printed or serialised.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const REDACTED: &str = "REDACTED";

/// A tunnel's pre-shared key.
///
/// `Debug` and `Serialize` write `REDACTED`; the world's file keeps the keys in a part of its own.
#[derive(Clone)]
pub struct PreSharedKey(SecretString);

impl PreSharedKey {
    pub(super) fn new(key: String) -> Self {
        Self(SecretString::from(key))
    }

    /// The key itself, for the two places that AWS shows it in: the tunnel options and the XML.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for PreSharedKey {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl fmt::Debug for PreSharedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

impl Serialize for PreSharedKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for PreSharedKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
