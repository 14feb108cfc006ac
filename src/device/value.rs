//! Types whose `Display` is safe in a device's configuration.
//!
//! Templates get these, numbers, addresses and [`SiteName`](crate::spec::SiteName)s, never a bare
//! `String`: what is not valid by type cannot be rendered.

use std::fmt;

use super::view;
use crate::spec::SiteName;
use crate::tunnel::PreSharedKey;

/// A site's name in at most `MAX` characters, for devices whose names are short: the name itself,
/// or its beginning and six hexadecimal digits that the whole name decides.
#[derive(Clone, Copy)]
pub(super) struct ShortName<'a, const MAX: usize>(pub(super) &'a SiteName);

impl<const MAX: usize> fmt::Display for ShortName<'_, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.as_str();
        if name.len() <= MAX {
            return f.write_str(name);
        }
        let start = name.get(..MAX.saturating_sub(7)).unwrap_or_default();
        write!(f, "{start}-{:06x}", view::tag(self.0))
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_its_beginning_and_stays_its_own() {
        let long = |end: &str| -> SiteName {
            format!("plant-in-the-very-far-north-{end}")
                .parse()
                .unwrap()
        };
        let (one, two) = (long("1"), long("2"));
        let (one, two) = (ShortName::<10>(&one), ShortName::<10>(&two));
        assert!(one.to_string().starts_with("pla-") && two.to_string().starts_with("pla-"));
        assert_eq!((one.to_string().len(), two.to_string().len()), (10, 10));
        assert_ne!(one.to_string(), two.to_string());
        let short = "plant-7".parse().unwrap();
        assert_eq!(ShortName::<10>(&short).to_string(), "plant-7");
    }
}
