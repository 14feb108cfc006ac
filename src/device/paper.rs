//! The page that goes with a configuration: how to load it, how to see that it works, how to undo.

use askama::Template;

use super::direct;
use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::profile::{Check, Removal};
use super::view::View;
use crate::tunnel::TunnelSet;

/// A file of the bundle in a few words.
pub(super) struct Listed {
    pub(super) path: String,
    pub(super) what: &'static str,
}

#[derive(Template)]
#[template(path = "common/README.md", escape = "none")]
struct Readme<'a> {
    v: &'a View<'a>,
    title: &'static str,
    version: &'a str,
    about: &'a [String],
    files: &'a [Listed],
    notes: Vec<String>,
    checks: Vec<Check>,
    removal: String,
}

/// `README.md` of a device whose configuration is pasted or loaded.
pub(super) fn readme(
    device: &dyn Device,
    set: &TunnelSet,
    context: &RenderContext,
    about: &[String],
    files: &[Listed],
) -> Result<BundleFile, RenderError> {
    // Every device comes by here: none leaves a virtual interface out without a word.
    direct::check(device, set)?;
    let removal = match device.removal() {
        Removal::File(path) => format!(
            "To remove all of this from the device, load `{path}` in the same way: it takes away \
             what the configuration made, and nothing else."
        ),
        Removal::Command(command) => format!("To remove all of this, run `{command}`."),
        Removal::ByHand => "To remove all of this, undo the steps in reverse order.".to_owned(),
    };
    let page = Readme {
        v: &View::of(set),
        title: device.title(),
        version: &context.tool_version,
        about,
        files,
        notes: device.notes(set),
        checks: device.checks(set),
        removal,
    };
    BundleFile::public("README.md", &page)
}
