//! The letter of authorization beside the router's files, as soon as AWS has issued it.

use std::io;
use std::path::{Path, PathBuf};

use super::connect::Connection;
use super::harmless;
use super::output::{Line, Output};
use crate::aws::{Collection, DxConnection, Fault, View};
use crate::device::bundle::LETTER;
use crate::resource::TAG_SITE;
use crate::spec::{DxTarget, Site};
use crate::{files, limits};

/// Why there is no letter on disk.
#[derive(Debug, thiserror::Error)]
enum LetterError {
    #[error("AWS does not hand it over: {0}")]
    Aws(#[from] Fault),
    #[error("{path} cannot be written: {source}")]
    Io { path: String, source: io::Error },
}

/// Saves the letter of a port that waits for its cable, and says where it is; none where there is no
/// such letter.
///
/// Written only when it is another one than what is there: it lapses after 90 days, and AWS then issues
/// another. That it cannot be had stops nobody.
pub(super) async fn save(
    output: Output,
    connection: &Connection,
    site: &Site,
    folder: &Path,
) -> Option<PathBuf> {
    site.aws.direct_connect.as_ref()?;
    match fetch(connection, site, folder).await {
        Ok(path) => path,
        Err(error) => {
            let text = format!("the letter of authorization is not saved: {error}");
            output.say(Line::Warn, &text);
            None
        }
    }
}

async fn fetch(
    connection: &Connection,
    site: &Site,
    folder: &Path,
) -> Result<Option<PathBuf>, LetterError> {
    let client = &connection.client;
    let view = client.view(&[Collection::DxConnections]).await?;
    let Some(port) = port(site, &view).filter(|it| waits_for_its_cable(it)) else {
        return Ok(None);
    };
    let provider = match site.aws.direct_connect.as_ref().map(|it| &it.connection) {
        Some(DxTarget::Order(order)) => order.provider.as_deref(),
        _ => None,
    };
    let letter = client.letter(&port.id, provider).await?;
    let path = folder.join(format!("{LETTER}{}.pdf", port.id));
    let io = |source| LetterError::Io {
        path: harmless::path(&path),
        source,
    };
    let same = files::read_bounded(&path, limits::BUNDLE_FILE).is_ok_and(|it| it == letter);
    if !same {
        files::private_folder(folder).map_err(io)?;
        files::write_secret(&path, &letter).map_err(io)?;
    }
    Ok(Some(path))
}

/// The site's connection.
fn port<'a>(site: &Site, view: &'a View) -> Option<&'a DxConnection> {
    let connections = &view.dx_connections;
    match &site.aws.direct_connect.as_ref()?.connection {
        DxTarget::Existing(id) => connections.get(id),
        DxTarget::Order(_) => connections.values().find(|it| {
            let of_site = it.tags.get(TAG_SITE).map(String::as_str);
            of_site == Some(site.name.as_str()) && !it.state.is_ending()
        }),
    }
}

fn waits_for_its_cable(port: &DxConnection) -> bool {
    let there = port.state.is("available") || port.state.is("down");
    port.loa_issued_at.is_some() && !port.is_hosted() && !there && !port.state.is_ending()
}
