//! The pre-shared keys of a site: which it has, which AWS has, which have to be made.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use crate::aws::{Client, Collection, Fault};
use crate::clock::IdSource;
use crate::journal::{JournalError, KeyPlace, SiteFolder};
use crate::plan::{Plan, PlannedStep};
use crate::resource::{Change, Keys, TAG_RUN};
use crate::spec::{InsideCidr, InvalidValue, Site};
use crate::tunnel::xml::{self, TunnelXml};
use crate::tunnel::{PreSharedKey, key};
use crate::{files, limits};

/// The kind whose tunnels have the keys.
const KIND: &str = "vpn_connection";

/// Where a site's keys are looked for and kept.
#[derive(Clone, Copy, Debug)]
pub struct KeyRing<'a> {
    /// The site.
    pub site: &'a Site,
    /// Its file: the files of keys that it names lie beside it.
    pub site_file: &'a Path,
    /// Where its own keys are kept.
    pub folder: &'a SiteFolder,
    /// The account and Region that they are for.
    pub place: &'a KeyPlace,
}

/// Why a site's keys could not be had; nothing was changed in AWS.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file of keys cannot be read or written.
    #[error(transparent)]
    Kept(#[from] JournalError),
    /// A file that the site names cannot be read.
    #[error("cannot read the pre-shared key in {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What a file that the site names holds is no key for AWS.
    #[error("{}: {source}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why; never the key.
        source: InvalidValue,
    },
    /// AWS does not tell the keys of the tunnels that it has.
    #[error(transparent)]
    Aws(#[from] Fault),
}

impl KeyRing<'_> {
    /// The keys for a plan: those the site was given, those it has, those that AWS has, and new
    /// ones for the rest.
    ///
    /// A key is made only for a tunnel that will be given it: a new one, or one that gets another
    /// inside CIDR. For a tunnel that stays, a made-up key would be the wrong one; AWS's stands
    /// in, as with a connection that was adopted or brought up from another machine. They are on
    /// disk (0600) when this returns, before the first write to AWS, so that a stop loses none.
    pub async fn keys_for(
        &self,
        plan: &Plan,
        client: &Client,
        ids: &IdSource,
    ) -> Result<Keys, KeysError> {
        let mut keys = self.folder.keys(self.place)?;
        for (tunnel, wishes) in plan.tunnels.iter().zip(&self.site.tunnels) {
            if let Some(file) = &wishes.pre_shared_key_file {
                let folder = self.site_file.parent().unwrap_or(Path::new("."));
                keys.insert(tunnel.options.inside_cidr, read_key(&folder.join(file))?);
            }
        }
        let inside = plan.tunnels.iter().map(|it| it.options.inside_cidr);
        let missing: Vec<InsideCidr> = inside.filter(|it| !keys.contains_key(it)).collect();
        let step = plan.steps.iter().find(|step| step.node.kind == KIND);
        let there = match step {
            Some(step) => self.tunnels_that_stay(step, client).await?,
            None => Staying::default(),
        };
        if there.made_elsewhere {
            let own = |it: &&TunnelXml| {
                let mut pairs = plan.tunnels.iter().zip(&self.site.tunnels);
                pairs.any(|(tunnel, wishes)| {
                    tunnel.options.inside_cidr == it.inside_cidr
                        && wishes.pre_shared_key_file.is_none()
                })
            };
            let theirs = there.tunnels.iter().filter(own);
            keys.extend(theirs.filter_map(|it| Some((it.inside_cidr, it.key.clone()?))));
        }
        if !missing.is_empty() {
            let given = step.is_none_or(|it| !matches!(it.change, Change::Keep | Change::Adopt));
            for inside in missing {
                let key = match there.tunnels.iter().find(|it| it.inside_cidr == inside) {
                    Some(tunnel) => tunnel.key.clone(),
                    None => given.then(|| key::generate(ids)),
                };
                keys.extend(key.map(|key| (inside, key)));
            }
        }
        self.folder.save_keys(self.place, &keys)?;
        Ok(keys)
    }

    async fn tunnels_that_stay(
        &self,
        step: &PlannedStep,
        client: &Client,
    ) -> Result<Staying, KeysError> {
        let stays = !matches!(step.change, Change::Create | Change::Replace);
        let Some(id) = step.existing.as_deref().filter(|_| stays) else {
            return Ok(Staying::default());
        };
        let view = client.view(&[Collection::VpnConnections]).await?;
        let mut seen = view.vpn_connections.values();
        let seen = seen.find(|seen| seen.id.as_str() == id);
        let run = seen.and_then(|seen| seen.tags.get(TAG_RUN));
        let known = self.folder.runs().await?;
        let text = seen.and_then(|seen| seen.configuration.as_ref());
        // What cannot be read is told when the files are written, with what was wrong.
        let read = text.and_then(|text| xml::read(text.expose_secret()).ok());
        Ok(Staying {
            tunnels: read.map(|read| read.tunnels).unwrap_or_default(),
            made_elsewhere: run
                .is_some_and(|run| known.iter().all(|it| it.run.to_string() != *run)),
        })
    }
}

/// The tunnels that AWS has and that the plan leaves where they are.
#[derive(Default)]
struct Staying {
    tunnels: Vec<TunnelXml>,
    /// Whether a run that this folder does not know made them, as when two machines onboarded at
    /// once: then the keys in the folder, if any, are those of a connection that is not used.
    made_elsewhere: bool,
}

fn read_key(path: &Path) -> Result<PreSharedKey, KeysError> {
    let text =
        files::read_text(path, limits::KEY_FILE).map_err(|source| KeysError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
    let key = PreSharedKey::new(text.trim_end_matches(['\r', '\n']).to_owned().into());
    key.map_err(|source| KeysError::Unusable {
        path: path.to_owned(),
        source,
    })
}
