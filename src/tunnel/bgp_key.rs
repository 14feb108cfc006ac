//! The key that protects a Direct Connect BGP session (TCP MD5, RFC 2385).

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::clock::IdSource;
use crate::spec::InvalidValue;

/// Characters of a generated key: 142 bits, and no character that a router would have to quote.
///
/// IOS takes 25 at most where `service password-encryption` is on, and its first may be no digit
/// (Cisco IOS BGP command reference, `neighbor password`).
const LENGTH: usize = 24;
/// How many characters of the alphabet are letters, which stand first in it.
const LETTERS: usize = 52;
const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A BGP key that AWS and every router takes: 6 to 80 letters and digits.
///
/// AWS takes more characters; a blank at the end, for one, makes a session that never comes up. Shows
/// itself nowhere.
#[derive(Clone)]
pub struct BgpKey(SecretString);

impl BgpKey {
    /// Checks a key; the error never repeats it.
    pub fn new(key: SecretString) -> Result<Self, InvalidValue> {
        let text = key.expose_secret();
        let help = "6 to 80 of A-Z, a-z and 0-9: every router takes those as they are";
        let problem = if (6..=80).contains(&text.len()) {
            text.bytes()
                .position(|b| !b.is_ascii_alphanumeric())
                .map(|at| format!("byte {} of the BGP key is not allowed", at + 1))
        } else {
            Some(format!("the BGP key has {} characters", text.len()))
        };
        problem.map_or(Ok(Self(key)), |problem| {
            Err(InvalidValue::new(problem, help))
        })
    }

    /// A new key.
    pub fn generate(ids: &IdSource) -> Self {
        let pick = |n| {
            let among = if n == 0 { LETTERS } else { ALPHABET.len() };
            let count = u64::try_from(among).unwrap_or(1);
            let at = usize::try_from(ids.below(count)).unwrap_or(0);
            char::from(ALPHABET[at])
        };
        Self(SecretString::from(
            (0..LENGTH).map(pick).collect::<String>(),
        ))
    }

    /// Whether both are the same key.
    pub fn same_as(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }

    /// The key in clear: for the call that sends it and the file that holds it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for BgpKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BgpKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_key_is_one_that_every_router_takes() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            let key = BgpKey::generate(&IdSource::seeded(seed));
            let text = key.expose();
            assert!(
                text.starts_with(|c: char| c.is_ascii_alphabetic()),
                "{text}"
            );
            assert!(text.len() <= 25 && BgpKey::new(text.into()).is_ok());
            assert!(seen.insert(text.to_owned()));
        }
    }
}
