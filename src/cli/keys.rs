//! The pre-shared keys of a site: which it has, which AWS has, which have to be made.

use std::path::Path;

use secrecy::ExposeSecret;

use super::connect::Connection;
use super::exit::Exit;
use super::failure::Failure;
use super::run::journal_failure;
use crate::aws::Collection;
use crate::journal::SiteFolder;
use crate::plan::{Plan, PlannedStep};
use crate::resource::{Change, Keys, TAG_RUN};
use crate::spec::{InsideCidr, Site};
use crate::tunnel::xml::{self, TunnelXml};
use crate::tunnel::{PreSharedKey, key};

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
    let step = plan.steps.iter().find(|step| step.node.kind == KIND);
    let there = match step {
        Some(step) => tunnels_that_stay(step, folder, connection).await?,
        None => Staying::default(),
    };
    if there.made_elsewhere {
        let own = |it: &&TunnelXml| {
            let mut pairs = plan.tunnels.iter().zip(&site.tunnels);
            pairs.any(|(tunnel, wishes)| {
                tunnel.options.inside_cidr == it.inside_cidr && wishes.pre_shared_key_file.is_none()
            })
        };
        let theirs = there.tunnels.iter().filter(own);
        keys.extend(theirs.filter_map(|it| Some((it.inside_cidr, it.key.clone()?))));
    }
    if !missing.is_empty() {
        let given = step.is_none_or(|step| !matches!(step.change, Change::Keep | Change::Adopt));
        for inside in missing {
            let key = match there.tunnels.iter().find(|it| it.inside_cidr == inside) {
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
#[derive(Default)]
struct Staying {
    tunnels: Vec<TunnelXml>,
    /// Whether a run that this folder does not know made them, as when two machines onboarded at
    /// once: then the keys in the folder, if any, are those of a connection that is not used.
    made_elsewhere: bool,
}

async fn tunnels_that_stay(
    step: &PlannedStep,
    folder: &SiteFolder,
    connection: &Connection,
) -> Result<Staying, Failure> {
    let stays = !matches!(step.change, Change::Create | Change::Replace);
    let Some(id) = step.existing.as_deref().filter(|_| stays) else {
        return Ok(Staying::default());
    };
    let view = connection
        .client
        .view(&[Collection::VpnConnections])
        .await?;
    let mut seen = view.vpn_connections.values();
    let seen = seen.find(|seen| seen.id.as_str() == id);
    let run = seen.and_then(|seen| seen.tags.get(TAG_RUN));
    let known = folder.runs().map_err(|error| journal_failure(&error))?;
    let text = seen.and_then(|seen| seen.configuration.as_ref());
    // What cannot be read is told when the files are written, with what was wrong.
    let read = text.and_then(|text| xml::read(text.expose_secret()).ok());
    Ok(Staying {
        tunnels: read.map(|read| read.tunnels).unwrap_or_default(),
        made_elsewhere: run.is_some_and(|run| known.iter().all(|it| it.run.to_string() != *run)),
    })
}

fn read_key(path: &Path) -> Result<PreSharedKey, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(
            Exit::Input,
            format!(
                "cannot read the pre-shared key in {}: {error}",
                path.display()
            ),
        )
    })?;
    PreSharedKey::new(text.trim_end_matches(['\r', '\n']).to_owned().into()).map_err(|error| {
        Failure::new(Exit::Input, format!("{}: {error}", path.display())).hint(error.help.clone())
    })
}
