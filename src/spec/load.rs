//! From the file's bytes to a site.

use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

use super::check;
use super::codes::Code;
use super::mask::{mask_lines, take_secrets};
use super::node::{self, Kind, Node};
use super::problem::{Checked, Findings, Problem, Sink, SpecErrors};
use super::raw::RawSite;
use super::read::{Reader, Unread};
use super::site::Site;
use crate::{files, limits};

/// A site that can be used, and what should be thought over all the same.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The site.
    pub site: Site,
    /// Warnings, ready to be rendered; usually none.
    pub warnings: Findings,
}

/// Reads a site file from disk.
///
/// All problems are found at once. A file that cannot be opened is one of them.
pub fn read(path: &Path) -> Result<Loaded, SpecErrors> {
    match files::read_bounded(path, limits::SITE_FILE) {
        Ok(bytes) => load_bytes(&bytes, path),
        Err(error) if error.kind() == ErrorKind::FileTooLarge => Err(too_large(path)),
        Err(error) => {
            let problem = Problem::new(Code::FileUnreadable, format!("cannot read it: {error}"))
                .help("check the path; `underpass init` writes a new site file");
            Err(SpecErrors::new(Findings::new(path, "", vec![problem])))
        }
    }
}

/// Reads a site from bytes that should be UTF-8; `origin` is the name that the reports use.
pub fn load_bytes(bytes: &[u8], origin: &Path) -> Result<Loaded, SpecErrors> {
    if bytes.len() > limits::SITE_FILE {
        return Err(too_large(origin));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => load(text, origin),
        Err(error) => Err(not_utf8(bytes, error.valid_up_to(), origin)),
    }
}

fn too_large(origin: &Path) -> SpecErrors {
    let message = format!("the file has more than {} KiB", limits::SITE_FILE / 1024);
    let problem = Problem::new(Code::TooLarge, message)
        .help("a site file has a few dozen lines: check the path");
    SpecErrors::new(Findings::new(origin, "", vec![problem]))
}

fn not_utf8(bytes: &[u8], valid: usize, origin: &Path) -> SpecErrors {
    let text = bytes.get(..valid).unwrap_or_default();
    let text = String::from_utf8_lossy(text).into_owned() + "\u{fffd}";
    let help = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "it is UTF-16: save it as UTF-8",
        _ => "save it as UTF-8",
    };
    let byte = bytes.get(valid).copied().unwrap_or_default();
    let message = format!("the file is not UTF-8: byte {} is 0x{byte:02x}", valid + 1);
    let problem = Problem::new(Code::NotUtf8, message)
        .at(&(valid..text.len()), "not UTF-8 from here")
        .help(help);
    SpecErrors::new(Findings::new(origin, &mask_lines(&text), vec![problem]))
}

/// Reads a site from text; `origin` is the name that the reports use.
///
/// All problems are found at once, except behind a syntax error, where nothing can be told.
pub fn load(text: &str, origin: &Path) -> Result<Loaded, SpecErrors> {
    if text.len() > limits::SITE_FILE {
        return load_bytes(text.as_bytes(), origin);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let sink = Sink::default();
    let mut shown = mask_lines(text);
    let site = understand(text, &mut shown, &sink);
    let findings = Findings::new(origin, &shown, sink.into_problems());
    match site {
        Ok(site) => Ok(Loaded {
            site,
            warnings: findings,
        }),
        Err(_) => Err(SpecErrors::new(findings)),
    }
}

fn understand(text: &str, shown: &mut String, sink: &Sink) -> Checked<Site> {
    let mut root = node::parse(text, sink)?;
    take_secrets(&mut root, shown, sink);
    let raw = shape(&root, sink)?;
    check::site(&raw, &first_key(&root), sink)
}

/// Reads the shape; wrong fields are marked in it and reported.
fn shape(root: &Node, sink: &Sink) -> Checked<RawSite> {
    let reader = Reader {
        node: root,
        path: String::new(),
        anchor: root.span.start..root.span.start,
        sink,
    };
    RawSite::deserialize(reader).map_err(|error| match error {
        Unread::Reported(reported) => reported,
        Unread::Serde(message) => sink.report(Problem::new(Code::WrongType, message)),
    })
}

fn first_key(root: &Node) -> std::ops::Range<usize> {
    match &root.kind {
        Kind::Map(entries) => entries.first().map(|(key, _)| key.node.span.clone()),
        _ => None,
    }
    .unwrap_or(0..0)
}
