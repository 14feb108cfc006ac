//! The algorithms that AWS's tunnel options name, ordered from weakest to strongest.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::net::InvalidValue;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// All of them, weakest first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that the EC2 API uses.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                Self::ALL.iter().copied().find(|word| word.as_str().eq_ignore_ascii_case(text)).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|word| word.as_str()).collect();
                    InvalidValue::new(
                        format!(concat!("`{}` is not ", $what), text.escape_debug()),
                        format!("use one of {}", known.join(", ")),
                    )
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(
    /// An encryption algorithm of either phase.
    Encryption, "an encryption algorithm that AWS has" {
        /// AES-CBC with a 128-bit key.
        Aes128 = "AES128",
        /// AES-CBC with a 256-bit key.
        Aes256 = "AES256",
        /// AES-GCM with a 128-bit key and a 16-byte tag.
        Aes128Gcm16 = "AES128-GCM-16",
        /// AES-GCM with a 256-bit key and a 16-byte tag.
        Aes256Gcm16 = "AES256-GCM-16",
    }
);

impl Encryption {
    /// Whether the cipher authenticates by itself, so that no integrity algorithm goes with it.
    pub const fn is_aead(self) -> bool {
        matches!(self, Self::Aes128Gcm16 | Self::Aes256Gcm16)
    }
}

words!(
    /// An integrity algorithm; in phase 1 also the pseudo-random function.
    Integrity, "an integrity algorithm that AWS has" {
        /// HMAC-SHA-1.
        Sha1 = "SHA1",
        /// HMAC-SHA-256.
        Sha256 = "SHA2-256",
        /// HMAC-SHA-384.
        Sha384 = "SHA2-384",
        /// HMAC-SHA-512.
        Sha512 = "SHA2-512",
    }
);

words!(
    /// A version of IKE.
    IkeVersion, "an IKE version" {
        /// RFC 2409.
        V1 = "ikev1",
        /// RFC 7296.
        V2 = "ikev2",
    }
);

words!(
    /// What AWS does when dead peer detection gives up.
    DpdAction, "a DPD time-out action" {
        /// Ends the IKE session and stops.
        Clear = "clear",
        /// Nothing.
        None = "none",
        /// Starts the IKE session anew.
        Restart = "restart",
    }
);

words!(
    /// Who initiates the IKE session.
    StartupAction, "a start-up action" {
        /// The customer gateway.
        Add = "add",
        /// AWS; IKEv2 only.
        Start = "start",
    }
);

/// A Diffie-Hellman group by its IANA number, ordered by strength.
///
/// AWS has 2, 14 to 24 in phase 1 and 5 as well in phase 2. 22 to 24 must not be used (RFC 8247)
/// and are never chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DhGroup(pub u16);

impl DhGroup {
    /// An estimate of the group's strength in bits (NIST SP 800-57 part 1, table 2).
    pub const fn strength(self) -> u16 {
        match self.0 {
            2 | 22 => 80,
            5 => 89,
            14 | 23 | 24 => 112,
            15 | 19 => 128,
            16 => 152,
            17 => 176,
            18 => 191,
            20 => 192,
            21 => 256,
            _ => 0,
        }
    }

    /// strongSwan's and OpenSSL's usual name of the group.
    pub const fn name(self) -> &'static str {
        match self.0 {
            2 => "modp1024",
            5 => "modp1536",
            14 => "modp2048",
            15 => "modp3072",
            16 => "modp4096",
            17 => "modp6144",
            18 => "modp8192",
            19 => "ecp256",
            20 => "ecp384",
            21 => "ecp521",
            22 => "modp1024s160",
            23 => "modp2048s224",
            24 => "modp2048s256",
            _ => "unknown",
        }
    }
}

impl PartialOrd for DhGroup {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DhGroup {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.strength(), self.0).cmp(&(other.strength(), other.0))
    }
}

impl fmt::Display for DhGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
