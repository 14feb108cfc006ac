//! What a device family is, and the files it renders.

use std::fmt;

use askama::Template;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::direct;
use super::option::{self, OptionSpec};
use super::profile::{Check, DirectConnectSide, Profile, Removal};
use crate::spec::{Gateway, InvalidValue, Routing, Site};
use crate::tunnel::{Abilities, TunnelSet};

/// A router family that can be configured.
pub trait Device: Sync {
    /// The name in the site file: `a-z`, `0-9` and `-`.
    fn name(&self) -> &'static str;

    /// The name for people, with the versions that are meant.
    fn title(&self) -> &'static str;

    /// Versions, limits, and what has judged its files.
    fn profile(&self) -> Profile;

    /// What it can do: negotiation chooses within.
    fn abilities(&self) -> Abilities;

    /// What `gateway.options` may hold.
    fn options(&self) -> &'static [OptionSpec];

    /// Every problem of `gateway.options`; empty when there is none.
    fn check_options(&self, gateway: &Gateway) -> Vec<InvalidValue> {
        option::check(self.options(), gateway)
    }

    /// The device's files.
    ///
    /// Deterministic: the same tunnels and the same version of underpass give the same bytes.
    fn render(
        &self,
        set: &TunnelSet,
        context: &RenderContext,
    ) -> Result<Vec<BundleFile>, RenderError>;

    /// What the user does next on the device, one step a line, in order.
    fn notes(&self, set: &TunnelSet) -> Vec<String>;

    /// Commands that show whether it works, in the order in which things come up.
    fn checks(&self, set: &TunnelSet) -> Vec<Check>;

    /// How the device is put back as it was.
    fn removal(&self) -> Removal;

    /// Whether it sends through both tunnels at once where BGP brings the same route by both.
    ///
    /// Where a maker's reference names no such statement for what we write, it does not.
    fn spreads(&self) -> bool {
        false
    }

    /// The tunnel that this device keeps down while the other one works; none for nearly all.
    fn standby(&self, _routing: Routing) -> Option<u8> {
        None
    }

    /// Whether its files can hold the router's end of a Direct Connect.
    fn direct_connect(&self) -> DirectConnectSide {
        DirectConnectSide::Unable {
            reason: "its files hold the tunnels alone",
        }
    }

    /// Why this site's Direct Connect cannot end on it, with what would do instead; none where it
    /// can. To be asked before anything is ordered.
    fn refuse_direct_connect(&self, site: &Site) -> Option<InvalidValue> {
        direct::refusal(self, site)
    }
}

impl fmt::Debug for dyn Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Device({})", self.name())
    }
}

/// When and by what the files are rendered.
#[derive(Clone, Debug)]
pub struct RenderContext {
    /// For the manifest only: files with a time in them would differ on every run.
    pub generated_at: Timestamp,
    /// The version of underpass.
    pub tool_version: String,
}

/// Why a device's files cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The site file's options do not suit the device; told by [`Device::check_options`] before.
    #[error("gateway.options: {0}")]
    Option(InvalidValue),
    /// The tunnels need something that the device cannot be given.
    #[error("{device} cannot be configured for this site: {problem}")]
    Unsupported {
        /// The device's name.
        device: &'static str,
        /// What it lacks.
        problem: String,
    },
    /// A template failed, which is a bug.
    #[error("template {path}: {source}")]
    Template {
        /// The file that was rendered.
        path: String,
        /// askama's reason.
        source: askama::Error,
    },
}

/// One file of a bundle.
///
/// Its content is wiped from memory when it goes; `Debug` shows the length alone.
#[derive(Clone)]
pub struct BundleFile {
    /// Relative to the bundle's folder, with `/` between folders.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// Whether it holds a key.
    pub secret: bool,
    content: Zeroizing<Vec<u8>>,
}

impl BundleFile {
    /// A file that everyone may read.
    pub fn public(path: impl Into<String>, template: &impl Template) -> Result<Self, RenderError> {
        Self::render(path.into(), 0o644, template)
    }

    /// A program without secrets.
    pub fn program(path: impl Into<String>, template: &impl Template) -> Result<Self, RenderError> {
        Self::render(path.into(), 0o755, template)
    }

    /// A file with keys in it, for its owner alone.
    pub fn secret(path: impl Into<String>, template: &impl Template) -> Result<Self, RenderError> {
        Self::render(path.into(), 0o600, template)
    }

    /// A file out of bytes that are there already; `mode` 0600 makes it a secret one.
    pub fn of_bytes(path: impl Into<String>, mode: u32, content: Zeroizing<Vec<u8>>) -> Self {
        Self {
            path: path.into(),
            mode,
            secret: mode & 0o077 == 0,
            content,
        }
    }

    /// The bytes, in clear.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    fn render(path: String, mode: u32, template: &impl Template) -> Result<Self, RenderError> {
        // Growing would leave copies of keys behind, so there is room from the start.
        let mut content = Zeroizing::new(Vec::with_capacity(64 * 1024));
        match Template::write_into(template, &mut *content) {
            Ok(()) => {
                // askama drops the newline that ends a template.
                content.push(b'\n');
                Ok(Self::of_bytes(path, mode, content))
            }
            Err(error) => Err(RenderError::Template {
                path,
                source: askama::Error::Custom(Box::new(error)),
            }),
        }
    }
}

impl fmt::Debug for BundleFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BundleFile")
            .field("path", &self.path)
            .field("mode", &format_args!("{:04o}", self.mode))
            .field("secret", &self.secret)
            .field("content", &format_args!("{} bytes", self.content.len()))
            .finish()
    }
}
