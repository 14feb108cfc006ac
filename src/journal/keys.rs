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
use crate::resource::Keys;
use crate::spec::{AccountId, InsideCidr, Region, VpnConnectionId};
use crate::tunnel::{BgpKey, PreSharedKey};
use crate::{files, limits};

const SCHEMA: u32 = 1;

/// Where a connection is: a site of the same name elsewhere has keys of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyPlace(String);

impl KeyPlace {
    /// A Region of an account.
    pub fn new(account: &AccountId, region: &Region) -> Self {
        Self(format!("{account} {region}"))
    }

    fn is_in(&self, region: &Region) -> bool {
        self.0.split(' ').next_back() == Some(region.as_str())
    }
}

/// Keys by place; see [`Keys`].
pub(super) type Places = BTreeMap<KeyPlace, Keys>;

/// A site's keys in one place.
#[derive(Clone, Debug, Default)]
pub struct KeptKeys {
    /// By inside CIDR.
    pub keys: Keys,
    /// The connection that has them; none while it is not known that AWS was told, because a run
    /// can stop before that, and go on elsewhere with other keys.
    pub connection: Option<VpnConnectionId>,
}

/// All keys of a site.
#[derive(Debug, Default)]
pub(super) struct KeyFile {
    pub(super) keys: Places,
    pub(super) connections: BTreeMap<KeyPlace, VpnConnectionId>,
}

/// The keys of every place in a Region, less those of which two accounts have different ones.
pub(super) fn in_region(places: Places, region: &Region) -> Keys {
    let mut keys = Keys::new();
    let mut doubtful = Vec::new();
    let mut two_bgp_keys = false;
    for (_, more) in places.into_iter().filter(|(place, _)| place.is_in(region)) {
        match (&keys.bgp, &more.bgp) {
            (Some(other), Some(key)) if !key.same_as(other) => two_bgp_keys = true,
            (None, key) => keys.bgp.clone_from(key),
            _ => {}
        }
        for (cidr, key) in more {
            match keys.get(&cidr) {
                Some(other) if !key.same_as(other) => doubtful.push(cidr),
                _ => drop(keys.insert(cidr, key)),
            }
        }
    }
    if two_bgp_keys {
        keys.bgp = None;
    }
    for cidr in doubtful {
        keys.remove(&cidr);
    }
    keys
}

#[derive(Serialize)]
struct Written<'a> {
    schema: u32,
    keys: Texts<'a>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    bgp_keys: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    connections: BTreeMap<&'a str, &'a VpnConnectionId>,
}

type Texts<'a> = BTreeMap<&'a str, BTreeMap<InsideCidr, &'a str>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    schema: u32,
    keys: Secrets,
    #[serde(default)]
    bgp_keys: BTreeMap<String, SecretString>,
    #[serde(default)]
    connections: BTreeMap<String, VpnConnectionId>,
}

type Secrets = BTreeMap<String, BTreeMap<InsideCidr, SecretString>>;

pub(super) fn save(path: &Path, file: &KeyFile) -> Result<(), JournalError> {
    let count: usize = file.keys.values().map(|keys| 3 + keys.len()).sum();
    let connections = file.connections.iter();
    let written = Written {
        schema: SCHEMA,
        keys: texts(&file.keys),
        bgp_keys: bgp_texts(&file.keys),
        connections: connections.map(|(it, id)| (it.0.as_str(), id)).collect(),
    };
    // Large enough from the start: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(Vec::with_capacity(256 * (1 + count)));
    serde_json::to_writer_pretty(&mut *text, &written).map_err(|_| unusable(path, "not JSON"))?;
    files::write_secret(path, &text).map_err(JournalError::io("write", path))
}

pub(super) fn load(path: &Path) -> Result<KeyFile, JournalError> {
    let text = match files::read_bounded(path, limits::KEYS) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(KeyFile::default()),
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
    Ok(KeyFile {
        keys: checked(path, read.keys, read.bgp_keys)?,
        connections: read
            .connections
            .into_iter()
            .map(|(place, id)| (KeyPlace(place), id))
            .collect(),
    })
}

fn texts(places: &Places) -> Texts<'_> {
    places
        .iter()
        .map(|(place, keys)| {
            let keys = keys.iter().map(|(cidr, key)| (*cidr, key.expose()));
            (place.0.as_str(), keys.collect())
        })
        .collect()
}

fn bgp_texts(places: &Places) -> BTreeMap<&str, &str> {
    let keys = places.iter();
    keys.filter_map(|(place, keys)| Some((place.0.as_str(), keys.bgp.as_ref()?.expose())))
        .collect()
}

fn checked(
    path: &Path,
    secrets: Secrets,
    bgp_keys: BTreeMap<String, SecretString>,
) -> Result<Places, JournalError> {
    let mut places = Places::new();
    for (place, keys) in secrets {
        let mut checked = Keys::new();
        for (cidr, key) in keys {
            let key = PreSharedKey::new(key)
                .map_err(|_| unusable(path, &format!("the key of {cidr} is not one for AWS")))?;
            checked.insert(cidr, key);
        }
        places.insert(KeyPlace(place), checked);
    }
    for (place, key) in bgp_keys {
        let key = BgpKey::new(key)
            .map_err(|_| unusable(path, "the BGP key of a Direct Connect is not one for AWS"))?;
        places.entry(KeyPlace(place)).or_default().bgp = Some(key);
    }
    Ok(places)
}

fn unusable(path: &Path, problem: &str) -> JournalError {
    JournalError::KeysUnusable {
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}
