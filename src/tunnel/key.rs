//! Pre-shared keys of our own.

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::model::PreSharedKey;
use crate::clock::IdSource;

/// Characters of a generated key; AWS allows 8 to 64, and some routers stop at 49.
pub const KEY_LENGTH: usize = 48;

/// AWS's alphabet in the order of base 64: exactly 64 characters, so six random bits are one.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
/// How many of [`ALPHABET`], from its start, are letters.
const LETTERS: u64 = 52;

/// Generates a pre-shared key of 287 random bits.
///
/// The first character is a letter: AWS refuses `0` there, and a leading `.` or digit upsets the
/// parsers of some routers. Every other character is drawn without bias from the whole alphabet.
pub fn generate(ids: &IdSource) -> PreSharedKey {
    let mut bytes = Zeroizing::new([0_u8; KEY_LENGTH]);
    ids.fill(bytes.as_mut_slice());
    let mut text = Zeroizing::new(String::with_capacity(KEY_LENGTH));
    let first = usize::try_from(ids.below(LETTERS)).unwrap_or(0);
    text.push(char::from(ALPHABET[first]));
    for byte in bytes.iter().skip(1) {
        text.push(char::from(ALPHABET[usize::from(byte & 63)]));
    }
    PreSharedKey::in_alphabet(SecretString::from(text.as_str()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn keys_are_valid_different_and_unbiased() {
        let ids = IdSource::seeded(1);
        let mut seen: BTreeMap<char, u32> = BTreeMap::new();
        let mut last = String::new();
        for _ in 0..2_000 {
            let key = generate(&ids);
            let text = key.expose().to_owned();
            assert!(PreSharedKey::new(text.clone().into()).is_ok());
            assert_eq!(text.len(), KEY_LENGTH);
            assert!(text.starts_with(|c: char| c.is_ascii_alphabetic()));
            assert_ne!(text, last);
            text.chars()
                .skip(1)
                .for_each(|c| *seen.entry(c).or_default() += 1);
            last = text;
        }
        assert_eq!(seen.len(), 64);
        // 94 000 draws over 64 characters: 1469 each, standard deviation 38.
        assert!(
            seen.values().all(|n| (1_230..1_710).contains(n)),
            "{seen:?}"
        );
        assert!(!format!("{:?}", generate(&ids)).contains(&generate(&ids).expose()[..4]));
    }
}
