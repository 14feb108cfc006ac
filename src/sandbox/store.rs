//! The file that keeps a world between processes.
//!
//! One JSON document, replaced atomically, so that a kill at any moment leaves the old or the new
//! world. A lock on a sibling file serialises the processes that share it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::SandboxError;
use super::ids::ResourceId;
use super::secret::PreSharedKey;
use super::world::World;
use crate::files;

/// A world with the time that it was written at.
#[derive(Debug)]
pub(super) struct Saved {
    pub(super) world: World,
    /// The world's time.
    pub(super) world_at: Timestamp,
    /// The wall's time at that moment.
    pub(super) wall_at: Timestamp,
}

#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    lock: PathBuf,
    /// The file that this process has read or written last. Held open, so that its inode number
    /// cannot be given to a later one: equal numbers mean that nobody has replaced it.
    seen: Option<File>,
}

/// Held while a call is answered.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "dropping it releases the lock")] File);

// The keys stand apart, since the world's own serialisation redacts them.
#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    world_at: Timestamp,
    wall_at: Timestamp,
    keys: BTreeMap<&'a ResourceId, [&'a str; 2]>,
    auth_keys: BTreeMap<&'a ResourceId, &'a str>,
    world: &'a World,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    format: u32,
    world_at: Timestamp,
    wall_at: Timestamp,
    keys: BTreeMap<ResourceId, [PreSharedKey; 2]>,
    /// Of BGP sessions over Direct Connect; files of before have none.
    #[serde(default)]
    auth_keys: BTreeMap<ResourceId, PreSharedKey>,
    world: World,
}

const FORMAT: u32 = 1;
/// Bytes of a world: one with every quota used up in every Region has 10 MB.
const LARGEST: u64 = 256 << 20;

impl Store {
    pub(super) fn new(path: PathBuf) -> Result<Self, SandboxError> {
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            files::private_folder(folder).map_err(|error| failed(&path, "written", error))?;
        }
        let mut lock = path.clone().into_os_string();
        lock.push(".lock");
        Ok(Self {
            path,
            lock: lock.into(),
            seen: None,
        })
    }

    /// Waits until no other process answers a call.
    pub(super) fn lock(&self) -> Result<Lock, SandboxError> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&self.lock)
            .and_then(|file| file.lock().map(|()| file));
        file.map(Lock)
            .map_err(|error| failed(&self.lock, "locked", error))
    }

    /// Clears away what a process left that died while it wrote the world.
    pub(super) fn sweep(&self, _lock: &Lock) -> Result<(), SandboxError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        match folder.as_os_str().is_empty() {
            true => Ok(()),
            false => files::sweep(folder).map_err(|error| failed(folder, "tidied up", error)),
        }
    }

    /// The world, when the file was changed by another process or not read yet.
    pub(super) fn load(&mut self) -> Result<Option<Saved>, SandboxError> {
        let unreadable = |error| failed(&self.path, "read", error);
        let file = files::regular(&self.path).and_then(|()| File::open(&self.path));
        let mut file = match file {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        if let Some(seen) = &self.seen
            && inode(seen).map_err(unreadable)? == inode(&file).map_err(unreadable)?
        {
            return Ok(None);
        }
        let mut text = Vec::new();
        let read = (&mut file).take(LARGEST + 1).read_to_end(&mut text);
        read.map_err(unreadable)?;
        if text.len() as u64 > LARGEST {
            let error = io::Error::new(io::ErrorKind::FileTooLarge, "it is no world of ours");
            return Err(unreadable(error));
        }
        let read = parse(&text).map_err(|source| SandboxError::Content {
            path: self.path.clone(),
            source,
        })?;
        self.seen = Some(file);
        Ok(Some(read))
    }

    pub(super) fn save(
        &mut self,
        world: &World,
        world_at: Timestamp,
        wall_at: Timestamp,
    ) -> Result<(), SandboxError> {
        let keys = world
            .regions
            .values()
            .flat_map(|region| region.vpn_connections.values())
            .map(|connection| {
                let keys = connection
                    .tunnels
                    .each_ref()
                    .map(|tunnel| tunnel.options.pre_shared_key.expose());
                (&connection.id, keys)
            })
            .collect();
        let interfaces = world.direct_connect.interfaces.values();
        let auth_keys = interfaces
            .flat_map(|interface| &interface.peers)
            .map(|peer| (&peer.id, peer.auth_key.expose()))
            .collect();
        let written = Written {
            format: FORMAT,
            world_at,
            wall_at,
            keys,
            auth_keys,
            world,
        };
        let text = serde_json::to_vec_pretty(&written).map_err(|source| SandboxError::Content {
            path: self.path.clone(),
            source,
        })?;
        files::write_secret(&self.path, &text)
            .and_then(|()| File::open(&self.path))
            .map(|file| self.seen = Some(file))
            .map_err(|error| failed(&self.path, "written", error))
    }
}

fn parse(text: &[u8]) -> Result<Saved, serde_json::Error> {
    let mut read: Read = serde_json::from_slice(text)?;
    if read.format != FORMAT {
        let message = format!("format {} instead of {FORMAT}", read.format);
        return Err(serde::de::Error::custom(message));
    }
    for region in read.world.regions.values_mut() {
        for connection in region.vpn_connections.values_mut() {
            let keys = read.keys.remove(&connection.id).ok_or_else(|| {
                serde::de::Error::custom(format!("no keys for {}", connection.id))
            })?;
            for (tunnel, key) in connection.tunnels.iter_mut().zip(keys) {
                tunnel.options.pre_shared_key = key;
            }
        }
    }
    let interfaces = read.world.direct_connect.interfaces.values_mut();
    for peer in interfaces.flat_map(|interface| &mut interface.peers) {
        peer.auth_key = read
            .auth_keys
            .remove(&peer.id)
            .ok_or_else(|| serde::de::Error::custom(format!("no key for {}", peer.id)))?;
    }
    Ok(Saved {
        world: read.world,
        world_at: read.world_at,
        wall_at: read.wall_at,
    })
}

fn inode(file: &File) -> io::Result<(u64, u64)> {
    file.metadata()
        .map(|metadata| (metadata.dev(), metadata.ino()))
}

fn failed(path: &Path, action: &'static str, source: io::Error) -> SandboxError {
    SandboxError::File {
        path: path.to_owned(),
        action,
        source,
    }
}
