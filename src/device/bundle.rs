//! Writes a device's files into one folder, and knows later which of them are its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::model::{BundleFile, RenderContext};
use crate::spec::SiteName;
use crate::tunnel::TunnelSet;
use crate::{files, limits};

/// The name of the manifest in the bundle's folder.
pub const MANIFEST: &str = "manifest.json";
/// What the name of a port's letter of authorization begins with: it lies in the folder, and is no file
/// of the router's.
pub const LETTER: &str = "LOA-CFA-";
/// Keeps the bundle, and its keys, out of a repository that the folder may lie in.
const GITIGNORE: &str = ".gitignore";

/// What a bundle holds; `manifest.json` in its folder. Names no key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// 1.
    pub schema_version: u32,
    /// The site.
    pub site: SiteName,
    /// The connection.
    pub connection: Option<String>,
    /// The device's name.
    pub device: String,
    /// The version of underpass that changed the bundle last.
    pub tool_version: String,
    /// When the bundle changed last.
    pub generated_at: Timestamp,
    /// The tunnels, by number.
    pub tunnels: Vec<ManifestTunnel>,
    /// Every file but the manifest, by path.
    pub files: Vec<ManifestFile>,
    /// Files of the last bundle that this one no longer has and that were removed.
    #[serde(skip)]
    pub removed: Vec<String>,
    /// Files of the last bundle that this one no longer has, kept because someone edited them.
    #[serde(skip)]
    pub kept: Vec<String>,
}

/// A tunnel in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestTunnel {
    /// 1 or 2.
    pub number: u8,
    /// AWS's address.
    pub aws_outside: std::net::Ipv4Addr,
    /// AWS's address inside.
    pub aws_inside: std::net::Ipv4Addr,
    /// The site's address inside.
    pub customer_inside: std::net::Ipv4Addr,
}

/// A file in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Relative to the bundle's folder.
    pub path: String,
    /// Permission bits, as four octal digits.
    pub mode: String,
    /// Of the content, in hexadecimal.
    pub sha256: String,
    /// Whether it holds a key.
    pub secret: bool,
    /// What writing it did.
    #[serde(skip)]
    pub change: Change,
}

/// What writing a file did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    New,
    /// It had other content or another mode.
    Changed,
    /// Nothing.
    #[default]
    Same,
}

/// Why a bundle cannot be written. Nothing of the folder is lost in any of these cases.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The folder is somebody else's.
    #[error(
        "{folder} holds files that underpass did not write ({found}); nothing was written: name \
         an empty folder, or move them away"
    )]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// Some of the files.
        found: String,
    },
    /// The manifest is damaged.
    #[error(
        "{path} cannot be read ({problem}); nothing was written: restore it, or name an empty \
         folder"
    )]
    Manifest {
        /// Where.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The bundle of another site.
    #[error("{folder} holds the bundle of site `{found}`; nothing was written")]
    OtherSite {
        /// The folder.
        folder: PathBuf,
        /// Its site.
        found: SiteName,
    },
    /// A path that leaves the folder: a bug in a device.
    #[error("the bundle's path `{0}` is not inside its folder")]
    Path(String),
    /// The file system refused.
    #[error("{path}: {source}; run the same command again to finish the bundle")]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes the files and the manifest.
///
/// The folder is made 0700 and every file gets its mode. Repeating it with the same input changes
/// no byte. A file that underpass did not write is neither overwritten nor removed; one of the
/// last bundle that this one no longer has is removed if nobody edited it. Killed at any point it
/// leaves a folder that the next call finishes.
pub fn write(
    folder: &Path,
    rendered: &[BundleFile],
    set: &TunnelSet,
    device: &str,
    context: &RenderContext,
) -> Result<Manifest, BundleError> {
    let ignore = BundleFile::of_bytes(GITIGNORE, 0o644, Zeroizing::new(b"*\n".to_vec()));
    let rendered: Vec<&BundleFile> = rendered.iter().chain([&ignore]).collect();
    if let Some(file) = rendered.iter().find(|file| !is_inside(&file.path)) {
        return Err(BundleError::Path(file.path.clone()));
    }
    let old = owned(folder, &rendered, &set.site.name)?;
    let mut manifest = describe(folder, &rendered, set, device, context)?;
    let stale = stale(old.as_ref(), &manifest);
    let paths = manifest.files.iter().chain(&stale);
    no_links(folder, paths.map(|file| &file.path))?;
    at(folder, files::private_folder(folder))?;
    at(folder, files::restrict(folder, 0o700))?;
    sweep(folder, &rendered)?;
    let unchanged = old.as_ref().is_some_and(|old| same_bundle(old, &manifest))
        && manifest
            .files
            .iter()
            .all(|file| file.change == Change::Same);
    if let Some(old) = old.filter(|_| unchanged) {
        manifest.generated_at = old.generated_at;
        return Ok(manifest);
    }
    // First what will be ours, so that a run that is killed below leaves nothing foreign.
    let mut intent = manifest.clone();
    intent.files.extend(stale.iter().cloned());
    save(folder, &intent)?;
    for file in &rendered {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent() {
            at(parent, files::private_folder(parent))?;
        }
        at(&path, files::write_atomic(&path, file.content(), file.mode))?;
    }
    for file in stale {
        remove_stale(folder, file, &mut manifest)?;
    }
    save(folder, &manifest)?;
    Ok(manifest)
}

/// Refuses when a folder on the way to a file of the bundle is a link that leads out of it.
fn no_links<'a>(folder: &Path, paths: impl Iterator<Item = &'a String>) -> Result<(), BundleError> {
    for path in paths {
        let parents = Path::new(path).ancestors().skip(1);
        for parent in parents.filter(|parent| !parent.as_os_str().is_empty()) {
            let link = folder.join(parent);
            if link.symlink_metadata().is_ok_and(|it| it.is_symlink()) {
                return Err(BundleError::Foreign {
                    folder: folder.to_owned(),
                    found: format!("{} is a link", parent.display()),
                });
            }
        }
    }
    Ok(())
}

/// Clears away what a process left that was killed while it wrote: keys may be in it.
fn sweep(folder: &Path, rendered: &[&BundleFile]) -> Result<(), BundleError> {
    let paths = rendered.iter().map(|file| folder.join(&file.path));
    let folders: BTreeSet<PathBuf> = paths
        .filter_map(|path| path.parent().map(Path::to_owned))
        .chain([folder.to_owned()])
        .collect();
    for folder in &folders {
        at(folder, files::sweep(folder))?;
    }
    Ok(())
}

/// Reads the manifest of a bundle's folder; none when there is none.
pub fn read_manifest(folder: &Path) -> Result<Option<Manifest>, BundleError> {
    let path = folder.join(MANIFEST);
    let text = match files::read_bounded(&path, limits::BUNDLE_FILE) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(BundleError::Io { path, source }),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| BundleError::Manifest {
            path,
            problem: error.to_string(),
        })
}

/// The folder's last manifest, after making sure that nothing foreign would be overwritten.
fn owned(
    folder: &Path,
    rendered: &[&BundleFile],
    site: &SiteName,
) -> Result<Option<Manifest>, BundleError> {
    let foreign = |found: Vec<String>| BundleError::Foreign {
        folder: folder.to_owned(),
        found: found.join(", "),
    };
    let Some(old) = read_manifest(folder)? else {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            entries => at(folder, entries)?,
        };
        let names = entries
            .map(|entry| {
                let name = at(folder, entry)?.file_name();
                Ok(name.to_string_lossy().into_owned())
            })
            // A process that died over its first file left no manifest, but this.
            .filter(|name| !name.as_ref().is_ok_and(|name| is_beside(name)))
            .take(3)
            .collect::<Result<Vec<_>, BundleError>>()?;
        return if names.is_empty() {
            Ok(None)
        } else {
            Err(foreign(names))
        };
    };
    if old.site != *site {
        return Err(BundleError::OtherSite {
            folder: folder.to_owned(),
            found: old.site,
        });
    }
    let clash: Vec<String> = (rendered.iter().map(|file| &file.path))
        .filter(|path| !old.files.iter().any(|file| file.path == **path))
        .filter(|path| folder.join(path).symlink_metadata().is_ok())
        .cloned()
        .collect();
    if clash.is_empty() {
        Ok(Some(old))
    } else {
        Err(foreign(clash))
    }
}

/// Whether a file says nothing about whose folder it is.
fn is_beside(name: &str) -> bool {
    files::is_unfinished(name) || name.starts_with(LETTER)
}

fn describe(
    folder: &Path,
    rendered: &[&BundleFile],
    set: &TunnelSet,
    device: &str,
    context: &RenderContext,
) -> Result<Manifest, BundleError> {
    let mut files = BTreeMap::new();
    for file in rendered {
        let path = folder.join(&file.path);
        files.insert(
            file.path.clone(),
            ManifestFile {
                path: file.path.clone(),
                mode: format!("{:04o}", file.mode),
                sha256: sha256(file.content()),
                secret: file.secret,
                change: change(&path, file)?,
            },
        );
    }
    Ok(Manifest {
        schema_version: 1,
        site: set.site.name.clone(),
        connection: set.connection.as_ref().map(ToString::to_string),
        device: device.to_owned(),
        tool_version: context.tool_version.clone(),
        generated_at: context.generated_at,
        tunnels: (set.tunnels.iter())
            .map(|tunnel| ManifestTunnel {
                number: tunnel.number,
                aws_outside: tunnel.aws.outside,
                aws_inside: tunnel.aws.inside,
                customer_inside: tunnel.customer.inside,
            })
            .collect(),
        files: files.into_values().collect(),
        removed: Vec::new(),
        kept: Vec::new(),
    })
}

fn change(path: &Path, file: &BundleFile) -> Result<Change, BundleError> {
    match files::read_bounded(path, limits::BUNDLE_FILE).map(Zeroizing::new) {
        Ok(content) if content.as_slice() != file.content() => Ok(Change::Changed),
        Ok(_) if at(path, files::mode(path))? != file.mode => Ok(Change::Changed),
        Ok(_) => Ok(Change::Same),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Change::New),
        Err(source) => Err(BundleError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

/// What the old manifest lists and the new one does not.
fn stale(old: Option<&Manifest>, new: &Manifest) -> Vec<ManifestFile> {
    let old = old.map_or(&[] as &[_], |old| old.files.as_slice());
    old.iter()
        .filter(|file| is_inside(&file.path))
        .filter(|file| !new.files.iter().any(|kept| kept.path == file.path))
        .cloned()
        .collect()
}

/// Whether two manifests say the same but for the time.
fn same_bundle(old: &Manifest, new: &Manifest) -> bool {
    let at = |manifest: &Manifest| {
        let mut manifest = manifest.clone();
        manifest.generated_at = Timestamp::UNIX_EPOCH;
        manifest
    };
    at(old) == at(new)
}

fn remove_stale(
    folder: &Path,
    file: ManifestFile,
    manifest: &mut Manifest,
) -> Result<(), BundleError> {
    let path = folder.join(&file.path);
    match files::read_bounded(&path, limits::BUNDLE_FILE).map(Zeroizing::new) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(BundleError::Io { path, source }),
        Ok(content) if sha256(&content) != file.sha256 => {
            manifest.kept.push(file.path);
            Ok(())
        }
        Ok(_) => {
            at(&path, fs::remove_file(&path))?;
            let parents = path.ancestors().skip(1);
            for parent in parents.take_while(|parent| *parent != folder) {
                // Fails where something else is left in it, which is the point.
                if fs::remove_dir(parent).is_err() {
                    break;
                }
            }
            manifest.removed.push(file.path);
            Ok(())
        }
    }
}

fn save(folder: &Path, manifest: &Manifest) -> Result<(), BundleError> {
    let path = folder.join(MANIFEST);
    let mut text = serde_json::to_vec_pretty(manifest).map_err(|error| BundleError::Manifest {
        path: path.clone(),
        problem: error.to_string(),
    })?;
    text.push(b'\n');
    // 0600: the hash of a file with a short key of the user's own is a place to try keys against.
    at(&path, files::write_secret(&path, &text))
}

fn is_inside(path: &str) -> bool {
    let path = Path::new(path);
    path.components().next().is_some()
        && path
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
        && path != Path::new(MANIFEST)
}

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, BundleError> {
    result.map_err(|source| BundleError::Io {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
#[path = "bundle_tests.rs"]
mod tests;
