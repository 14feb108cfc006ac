//! Files that survive a crash and keep their secrets: atomic writes, 0600 files, 0700 folders,
//! reads that end.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use tempfile::NamedTempFile;
use zeroize::Zeroize;

/// How the names of files begin that are not written to their end yet.
const UNFINISHED: &str = ".underpass-";

/// Creates `folder` and its parents, each new one with mode 0700.
pub fn private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Replaces `path` by `content` in one step, readable by its owner only.
pub fn write_secret(path: &Path, content: &[u8]) -> io::Result<()> {
    write_atomic(path, content, 0o600)
}

/// Replaces `path` by `content` in one step, readable by everyone.
pub fn write_public(path: &Path, content: &[u8]) -> io::Result<()> {
    write_atomic(path, content, 0o644)
}

/// Creates `path` with `content` in one step, readable by its owner only; an error of the kind
/// `AlreadyExists` when there is one.
pub fn create_secret(path: &Path, content: &[u8]) -> io::Result<()> {
    let (folder, file) = written_beside(path, content, 0o600)?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// Replaces `path` by `content` in one step with the given mode.
///
/// The content is on disk before the name points to it, and so is the name when this returns.
pub fn write_atomic(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let (folder, file) = written_beside(path, content, mode)?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// A synced file with no name of its own yet, in the folder of `path`.
fn written_beside<'a>(
    path: &'a Path,
    content: &[u8],
    mode: u32,
) -> io::Result<(&'a Path, NamedTempFile)> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // tempfile creates with 0600, so a secret is never readable in between.
    let mut file = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file()
        .set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    Ok((folder, file))
}

/// Whether a file of this name is what a process left that died in [`write_atomic`].
pub fn is_unfinished(name: &str) -> bool {
    let rest = name.strip_prefix(UNFINISHED);
    rest.is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Removes what processes left in `folder` that died in [`write_atomic`]; there may be keys in it.
///
/// Only for a folder in which nobody else is writing: a file that is being written looks the same.
pub fn sweep(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if is_unfinished(&entry.file_name().to_string_lossy()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Opens `path` for appending, creating it with mode 0600.
pub fn append_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .read(true)
        .mode(0o600)
        .open(path)
}

/// The permission bits of `path`.
pub fn mode(path: &Path) -> io::Result<u32> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o7777)
}

/// Sets the permission bits of a file or folder that exists.
pub fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Reads a file of at most `limit` bytes.
///
/// Nothing but a regular file, behind whatever links: a pipe may never end and never begin, and a
/// device has no length. The errors are sentences about the file without its name.
pub fn read_bounded(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    regular(path)?;
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    is_regular(&metadata)?;
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    let room = usize::try_from(metadata.len().min(limit)).unwrap_or(0);
    // Room from the start, and for one byte more: a buffer that grows leaves copies of keys behind.
    let mut content = Vec::with_capacity(room + 1);
    let read = file.take(limit.saturating_add(1)).read_to_end(&mut content);
    if u64::try_from(read?).unwrap_or(u64::MAX) > limit {
        content.zeroize();
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than {limit} bytes, and none that is needed has"),
        ));
    }
    Ok(content)
}

/// Reads a file of at most `limit` bytes that is text.
pub fn read_text(path: &Path, limit: usize) -> io::Result<String> {
    String::from_utf8(read_bounded(path, limit)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to() + 1;
        let mut content = error.into_bytes();
        content.zeroize();
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it is not UTF-8: byte {at} begins no character"),
        )
    })
}

/// Refuses what is no regular file, before it is opened: opening a pipe waits for a writer.
pub fn regular(path: &Path) -> io::Result<()> {
    is_regular(&fs::metadata(path)?)
}

fn is_regular(metadata: &Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    if kind.is_file() {
        Ok(())
    } else if kind.is_dir() {
        Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a folder",
        ))
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is a pipe, a device or a socket: save it to a file first",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_to_its_limit_and_only_if_it_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_secret(&path, b"12345").unwrap();
        assert_eq!(read_bounded(&path, 5).unwrap(), b"12345");
        let error = read_bounded(&path, 4).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        write_secret(&path, b"12\xff45").unwrap();
        let error = read_text(&path, 5).unwrap_err().to_string();
        assert_eq!(error, "it is not UTF-8: byte 3 begins no character");
        let error = read_bounded(folder.path(), 5).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        let error = read_bounded(Path::new("/dev/zero"), 5).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let error = read_bounded(&folder.path().join("none"), 5).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
