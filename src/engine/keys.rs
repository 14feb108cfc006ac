//! The pre-shared keys of a site: which it has, which AWS has, which have to be made.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::run::RunReport;
use crate::aws::{Client, Collection, Fault, Tags, VpnConnection};
use crate::clock::IdSource;
use crate::journal::{JournalError, KeyPlace, SiteFolder};
use crate::plan::{Plan, PlannedStep};
use crate::resource::{Change, Keys, TAG_RUN, TAG_SITE};
use crate::spec::{InvalidValue, Site, VpnConnectionId};
use crate::tunnel::xml::{self, TunnelXml};
use crate::tunnel::{PreSharedKey, key};
use crate::{files, limits};

/// The kind whose tunnels have the keys.
const KIND: &str = "vpn_connection";

/// Where a site's keys are looked for and kept.
#[derive(Clone, Copy, Debug)]
pub struct KeyRing<'a> {
    /// The site and its file: the files of keys that it names lie beside it. None when a stopped
    /// run goes on of which only the journal is known.
    pub given: Option<(&'a Site, &'a Path)>,
    /// Where its own keys are kept.
    pub folder: &'a SiteFolder,
    /// The account and Region that they are for.
    pub place: &'a KeyPlace,
    /// AWS, which knows the keys of what it has.
    pub client: &'a Client,
    /// Where new keys come from.
    pub ids: &'a IdSource,
}

/// A site's keys, and which of them AWS may never have been told.
#[derive(Clone, Debug, Default)]
pub struct SiteKeys {
    settled: Keys,
    proposed: Keys,
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

impl SiteKeys {
    /// All of them.
    pub fn all(&self) -> Keys {
        let mut all = self.proposed.clone();
        all.extend(self.settled.clone());
        all
    }
}

/// The connection of a run that is done, if it may be one that an earlier process has asked for.
pub fn doubtful_connection(
    plan: &Plan,
    report: &RunReport,
    went_on: bool,
) -> Option<VpnConnectionId> {
    let step = plan.steps.iter().find(|it| it.node.kind == KIND)?;
    let done = report.steps.get(&step.node.id)?;
    let doubtful = went_on || done.change != Change::Create;
    done.id
        .as_deref()
        .filter(|_| doubtful)
        .and_then(|id| id.parse().ok())
}

impl KeyRing<'_> {
    /// The keys for plans: those the site was given, those that AWS has, those that the folder
    /// has, and new ones for the rest.
    ///
    /// A key is made only for a tunnel that will be given it: a new one, or one that gets another
    /// inside CIDR. For a tunnel that stays AWS's is the right one, whatever the folder says: the
    /// connection may have been brought up from another machine, or adopted. They are on disk
    /// (0600) when this returns, before the first write to AWS, so that a stop loses none; until
    /// the run is done new ones count as proposed only, because it may go on elsewhere, with other
    /// keys.
    ///
    /// `plans` are the plan that was just made and the one that is carried out: another one when a
    /// stopped run goes on.
    pub async fn keys_for(&self, plans: &[&Plan]) -> Result<SiteKeys, KeysError> {
        let mut keys = SiteKeys {
            settled: self.folder.keys(self.place)?,
            proposed: self.folder.proposed_keys(self.place)?,
        };
        let given = self.given_keys(plans)?;
        for plan in plans {
            self.complete(&mut keys, &given, plan).await?;
        }
        keys.settled.extend(given);
        self.save(&keys)?;
        Ok(keys)
    }

    /// Counts as AWS's, once the run is done, what was proposed.
    ///
    /// `doubtful` is the connection, where an earlier process may have asked for it, perhaps on
    /// another machine: AWS has then the keys that only that machine and AWS know.
    pub async fn settle(
        &self,
        keys: &mut SiteKeys,
        doubtful: Option<&VpnConnectionId>,
    ) -> Result<(), KeysError> {
        if keys.proposed.is_empty() {
            return Ok(());
        }
        let mut sent = std::mem::take(&mut keys.proposed);
        if let Some(id) = doubtful {
            for tunnel in self.tunnels_of(|seen| seen.id == *id).await? {
                if let (Some(key), true) = (tunnel.key, sent.contains_key(&tunnel.inside_cidr)) {
                    sent.insert(tunnel.inside_cidr, key);
                }
            }
        }
        for (inside, key) in sent {
            keys.settled.entry(inside).or_insert(key);
        }
        self.save(keys)
    }

    /// The keys in the files that the site names.
    fn given_keys(&self, plans: &[&Plan]) -> Result<Keys, KeysError> {
        let mut keys = Keys::new();
        let Some((site, file)) = self.given else {
            return Ok(keys);
        };
        let folder = file.parent().unwrap_or(Path::new("."));
        for plan in plans {
            for (tunnel, wishes) in plan.tunnels.iter().zip(&site.tunnels) {
                if let Some(name) = &wishes.pre_shared_key_file {
                    let key = read_key(&folder.join(name))?;
                    keys.insert(tunnel.options.inside_cidr, key);
                }
            }
        }
        Ok(keys)
    }

    /// Adds what a plan's tunnels lack.
    async fn complete(
        &self,
        keys: &mut SiteKeys,
        given: &Keys,
        plan: &Plan,
    ) -> Result<(), KeysError> {
        let step = plan.steps.iter().find(|step| step.node.kind == KIND);
        let there = match step {
            Some(step) => self.tunnels_that_stay(step, plan).await?,
            None => Vec::new(),
        };
        let new = step.is_none_or(|it| !matches!(it.change, Change::Keep | Change::Adopt));
        for inside in plan.tunnels.iter().map(|it| it.options.inside_cidr) {
            let theirs = there.iter().find(|tunnel| tunnel.inside_cidr == inside);
            let known = keys.settled.contains_key(&inside) || keys.proposed.contains_key(&inside);
            if let Some(key) = theirs.and_then(|tunnel| tunnel.key.clone()) {
                keys.settled.insert(inside, key);
                keys.proposed.remove(&inside);
            } else if theirs.is_none() && new && !known && !given.contains_key(&inside) {
                keys.proposed.insert(inside, key::generate(self.ids));
            }
        }
        Ok(())
    }

    /// The tunnels that AWS has and that the plan leaves where they are, or that its run has made.
    async fn tunnels_that_stay(
        &self,
        step: &PlannedStep,
        plan: &Plan,
    ) -> Result<Vec<TunnelXml>, Fault> {
        let stays = !matches!(step.change, Change::Create | Change::Replace);
        let existing = step.existing.as_deref().filter(|_| stays);
        let run = plan.run.to_string();
        let made = |tags: &Tags| {
            tags.get(TAG_SITE).map(String::as_str) == Some(plan.site.as_str())
                && tags.get(TAG_RUN) == Some(&run)
        };
        self.tunnels_of(|seen| {
            Some(seen.id.as_str()) == existing || (made(&seen.tags) && !seen.state.is_ending())
        })
        .await
    }

    /// The tunnels of the first connection that is asked for.
    async fn tunnels_of(
        &self,
        wanted: impl Fn(&VpnConnection) -> bool,
    ) -> Result<Vec<TunnelXml>, Fault> {
        let view = self.client.view(&[Collection::VpnConnections]).await?;
        let mut seen = view.vpn_connections.values();
        let text = seen
            .find(|seen| wanted(seen))
            .and_then(|seen| seen.configuration.as_ref());
        // What cannot be read is told when the files are written, with what was wrong.
        let read = text.and_then(|text| xml::read(text.expose_secret()).ok());
        Ok(read.map(|read| read.tunnels).unwrap_or_default())
    }

    fn save(&self, keys: &SiteKeys) -> Result<(), KeysError> {
        self.folder
            .save_all_keys(self.place, &keys.settled, &keys.proposed)?;
        Ok(())
    }
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
