//! The pre-shared keys of a site: which it has, which AWS has, which have to be made.

use std::path::Path;

use secrecy::ExposeSecret;

use super::connect::Connection;
use super::exit::Exit;
use super::failure::Failure;
use super::harmless;
use super::run::journal_failure;
use crate::aws::Collection;
use crate::journal::SiteFolder;
use crate::plan::{Plan, PlannedStep};
use crate::resource::{Change, Keys};
use crate::spec::{InsideCidr, Site};
use crate::tunnel::xml::{self, TunnelXml};
use crate::tunnel::{PreSharedKey, key};
use crate::{files, limits};

/// The site's keys: those it was given, those it has, those that AWS has, and new ones for the
/// rest.
///
/// A key is made only for a tunnel that will be given it: a new one, or one that gets another
/// inside CIDR. For a tunnel that stays, a made-up key would be the wrong one; AWS's stands in, as
/// with a connection that was adopted or brought up from another machine. They are on disk (0600)
/// before the first write to AWS, so that a stop loses none.
pub(super) async fn keys(
    folder: &SiteFolder,
    site: &Site,
    site_path: &Path,
    plan: &Plan,
    connection: &Connection,
) -> Result<Keys, Failure> {
    let place = connection.key_place();
    let mut keys = folder
        .keys(&place)
        .map_err(|error| journal_failure(&error))?;
    for (tunnel, wishes) in plan.tunnels.iter().zip(&site.tunnels) {
        if let Some(file) = &wishes.pre_shared_key_file {
            let path = site_path.parent().unwrap_or(Path::new(".")).join(file);
            keys.insert(tunnel.options.inside_cidr, read_key(&path)?);
        }
    }
    let inside = plan.tunnels.iter().map(|it| it.options.inside_cidr);
    let missing: Vec<InsideCidr> = inside.filter(|it| !keys.contains_key(it)).collect();
    if !missing.is_empty() {
        let step = plan.steps.iter().find(|step| step.node.kind == KIND);
        let there = match step {
            Some(step) => tunnels_that_stay(step, connection).await?,
            None => Vec::new(),
        };
        let given = step.is_none_or(|step| !matches!(step.change, Change::Keep | Change::Adopt));
        for inside in missing {
            let key = match there.iter().find(|tunnel| tunnel.inside_cidr == inside) {
                Some(tunnel) => tunnel.key.clone(),
                None => given.then(|| key::generate(&connection.ids)),
            };
            keys.extend(key.map(|key| (inside, key)));
        }
    }
    folder
        .save_keys(&place, &keys)
        .map_err(|error| journal_failure(&error))?;
    Ok(keys)
}

/// The kind whose tunnels have the keys.
const KIND: &str = "vpn_connection";

/// The tunnels that AWS has and that the plan leaves where they are.
async fn tunnels_that_stay(
    step: &PlannedStep,
    connection: &Connection,
) -> Result<Vec<TunnelXml>, Failure> {
    let stays = !matches!(step.change, Change::Create | Change::Replace);
    let Some(id) = step.existing.as_deref().filter(|_| stays) else {
        return Ok(Vec::new());
    };
    let view = connection
        .client
        .view(&[Collection::VpnConnections])
        .await?;
    let mut seen = view.vpn_connections.values();
    let text = seen
        .find(|seen| seen.id.as_str() == id)
        .and_then(|seen| seen.configuration.as_ref());
    // What cannot be read is told when the files are written, with what was wrong.
    let read = text.and_then(|text| xml::read(text.expose_secret()).ok());
    Ok(read.map(|read| read.tunnels).unwrap_or_default())
}

fn read_key(path: &Path) -> Result<PreSharedKey, Failure> {
    let text = files::read_text(path, limits::KEY_FILE).map_err(|error| {
        Failure::new(
            Exit::Input,
            format!(
                "cannot read the pre-shared key in {}: {error}",
                harmless::path(path)
            ),
        )
    })?;
    PreSharedKey::new(text.trim_end_matches(['\r', '\n']).to_owned().into()).map_err(|error| {
        Failure::new(Exit::Input, format!("{}: {error}", harmless::path(path)))
            .hint(error.help.clone())
    })
}
