//! Types whose `Display` is safe in a device's configuration.
//!
//! Templates get these, numbers, addresses and [`SiteName`](crate::spec::SiteName)s, never a bare
//! `String`: what is not valid by type cannot be rendered.

use std::fmt;

use crate::tunnel::PreSharedKey;

/// A key in double quotes: strongSwan's string syntax, and JSON's.
///
/// A key's alphabet has no quote, backslash, `#` or white space, so there is nothing to escape.
#[derive(Clone, Copy)]
pub(super) struct QuotedKey<'a>(pub(super) &'a PreSharedKey);

impl fmt::Display for QuotedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.expose())
    }
}

/// A key that is shown to some readers and withheld from others.
#[derive(Clone, Copy)]
pub(super) enum ShownKey<'a> {
    /// In clear.
    Clear(&'a PreSharedKey),
    /// Withheld.
    Redacted,
}

impl fmt::Display for ShownKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clear(key) => f.write_str(key.expose()),
            Self::Redacted => f.write_str("(withheld)"),
        }
    }
}
