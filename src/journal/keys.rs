//! The file of a site's pre-shared keys.
//!
//! Written and read through private shapes, so that no public type of ours can be serialised with
//! a key in it. The buffers are wiped.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::JournalError;
use crate::files;
use crate::resource::Keys;
use crate::spec::InsideCidr;
use crate::tunnel::PreSharedKey;

const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    schema: u32,
    keys: BTreeMap<InsideCidr, &'a str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    schema: u32,
    keys: BTreeMap<InsideCidr, SecretString>,
}

pub(super) fn save(path: &Path, keys: &Keys) -> Result<(), JournalError> {
    let written = Written {
        schema: SCHEMA,
        keys: keys
            .iter()
            .map(|(cidr, key)| (*cidr, key.expose()))
            .collect(),
    };
    // Large enough from the start: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(Vec::with_capacity(256 + 128 * keys.len()));
    serde_json::to_writer_pretty(&mut *text, &written).map_err(|_| unusable(path, "not JSON"))?;
    files::write_secret(path, &text).map_err(JournalError::io("write", path))
}

pub(super) fn load(path: &Path) -> Result<Keys, JournalError> {
    let text = match std::fs::read(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Keys::new()),
        Err(error) => return Err(JournalError::io("read", path)(error)),
    };
    let mode = files::mode(path).map_err(JournalError::io("read", path))?;
    if mode & 0o077 != 0 {
        return Err(JournalError::KeysExposed {
            path: path.to_owned(),
            mode,
        });
    }
    // serde_json's messages may quote what they found, so only the place is passed on.
    let read: Read = serde_json::from_slice(&text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        unusable(path, &place)
    })?;
    if read.schema != SCHEMA {
        return Err(unusable(path, "it was written by another version"));
    }
    let mut keys = Keys::new();
    for (cidr, key) in read.keys {
        let key = PreSharedKey::new(key)
            .map_err(|_| unusable(path, &format!("the key of {cidr} is not one for AWS")))?;
        keys.insert(cidr, key);
    }
    Ok(keys)
}

fn unusable(path: &Path, problem: &str) -> JournalError {
    JournalError::KeysUnusable {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}
