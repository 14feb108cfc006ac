//! The pre-shared keys of a site: which it has, which AWS has, which have to be made.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::run::RunReport;
use crate::aws::{Client, Collection, Fault, VpnConnection};
use crate::clock::IdSource;
use crate::journal::{JournalError, KeptKeys, KeyPlace, SiteFolder};
use crate::plan::{Plan, PlannedStep};
use crate::resource::{Change, Keys, TAG_RUN, TAG_SITE, is_connection};
use crate::spec::{InvalidValue, Site, VpnConnectionId};
use crate::tunnel::xml::{self, TunnelXml};
use crate::tunnel::{PreSharedKey, key};
use crate::{files, limits};

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

/// Why a site's keys could not be had, or kept.
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

impl<'a> KeyRing<'a> {
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
        let purse = self.purse();
        purse.complete(plan, &self.given(plan)?, client, ids).await
    }

    /// Says which connection has the keys, once a plan is carried out; see [`RunKeys::settle`].
    pub async fn settle(
        &self,
        plan: &Plan,
        keys: Keys,
        connection: &VpnConnectionId,
        client: &Client,
    ) -> Result<Keys, KeysError> {
        let purse = self.purse();
        purse
            .settle(keys, &self.given(plan)?, connection, client)
            .await
    }

    fn purse(&self) -> Purse<'a> {
        Purse {
            folder: self.folder,
            place: self.place,
            resumed: false,
        }
    }

    /// The keys that the site file names by their files.
    fn given(&self, plan: &Plan) -> Result<Keys, KeysError> {
        let folder = self.site_file.parent().unwrap_or(Path::new("."));
        let tunnels = plan.tunnels.iter().zip(&self.site.tunnels);
        let named = tunnels.filter_map(|(tunnel, wishes)| {
            let file = wishes.pre_shared_key_file.as_ref()?;
            Some((tunnel.options.inside_cidr, folder.join(file)))
        });
        named
            .map(|(inside, path)| Ok((inside, read_key(&path)?)))
            .collect()
    }
}

/// The keys of a run that was stopped, perhaps on another machine whose keys are not here.
#[derive(Clone, Copy, Debug)]
pub struct RunKeys<'a> {
    /// Where the site's own keys are kept.
    pub folder: &'a SiteFolder,
    /// The account and Region that they are for.
    pub place: &'a KeyPlace,
}

impl<'a> RunKeys<'a> {
    /// The keys for the rest of a run: those that are here, those of a connection that the run has
    /// made already, and new ones for tunnels that do not exist yet.
    pub async fn keys_for(
        &self,
        plan: &Plan,
        client: &Client,
        ids: &IdSource,
    ) -> Result<Keys, KeysError> {
        let purse = self.purse();
        purse.complete(plan, &Keys::new(), client, ids).await
    }

    /// Says which connection has the keys, once the run is done, and answers with those that it
    /// has.
    ///
    /// AWS is asked for them, whatever the run believes to have made: what it found after an answer
    /// was lost may be another machine's, with keys that only that machine and AWS know.
    pub async fn settle(
        &self,
        keys: Keys,
        connection: &VpnConnectionId,
        client: &Client,
    ) -> Result<Keys, KeysError> {
        let purse = self.purse();
        purse.settle(keys, &Keys::new(), connection, client).await
    }

    fn purse(&self) -> Purse<'a> {
        Purse {
            folder: self.folder,
            place: self.place,
            resumed: true,
        }
    }
}

/// The connection of a plan whose run is done; none when the plan has none.
pub fn connection_of(plan: &Plan, report: &RunReport) -> Option<VpnConnectionId> {
    let step = plan
        .steps
        .iter()
        .find(|step| is_connection(&step.node.kind))?;
    report.steps.get(&step.node.id)?.id.as_deref()?.parse().ok()
}

/// A site's keys in one place.
#[derive(Clone, Copy, Debug)]
struct Purse<'a> {
    folder: &'a SiteFolder,
    place: &'a KeyPlace,
    /// Whether the plan may have made its connection already.
    resumed: bool,
}

impl Purse<'_> {
    async fn complete(
        &self,
        plan: &Plan,
        given: &Keys,
        client: &Client,
        ids: &IdSource,
    ) -> Result<Keys, KeysError> {
        let KeptKeys {
            mut keys,
            mut connection,
        } = self.folder.kept_keys(self.place)?;
        let step = plan
            .steps
            .iter()
            .find(|step| is_connection(&step.node.kind));
        let there = match step {
            Some(step) => self.connection_that_stays(step, plan, client).await?,
            None => None,
        };
        let tunnels = there.as_ref().map(tunnels_of).unwrap_or_default();
        if let Some(there) = &there
            && connection.as_ref() != Some(&there.id)
        {
            take(&mut keys, &tunnels, connection.is_some());
            connection = Some(there.id.clone());
        }
        keys.extend(given.clone());
        let gives = step.is_none_or(|it| !matches!(it.change, Change::Keep | Change::Adopt));
        for inside in plan.tunnels.iter().map(|it| it.options.inside_cidr) {
            let has = tunnels.iter().any(|it| it.inside_cidr == inside);
            if !has && gives && !keys.contains_key(&inside) {
                keys.insert(inside, key::generate(ids));
                // Until the run is done nobody knows whether AWS was told.
                connection = None;
            }
        }
        let kept = KeptKeys {
            keys: keys.clone(),
            connection,
        };
        self.folder.keep_keys(self.place, kept)?;
        Ok(keys)
    }

    async fn settle(
        &self,
        mut keys: Keys,
        given: &Keys,
        connection: &VpnConnectionId,
        client: &Client,
    ) -> Result<Keys, KeysError> {
        let known = self.folder.kept_keys(self.place)?.connection;
        if known.as_ref() == Some(connection) {
            return Ok(keys);
        }
        let view = client.view(&[Collection::VpnConnections]).await?;
        let seen = view.vpn_connections.get(connection);
        take(&mut keys, &seen.map(tunnels_of).unwrap_or_default(), false);
        keys.extend(given.clone());
        let kept = KeptKeys {
            keys: keys.clone(),
            connection: Some(connection.clone()),
        };
        self.folder.keep_keys(self.place, kept)?;
        Ok(keys)
    }

    /// The connection that AWS has and that the plan leaves where it is, or that its run has made.
    async fn connection_that_stays(
        &self,
        step: &PlannedStep,
        plan: &Plan,
        client: &Client,
    ) -> Result<Option<VpnConnection>, KeysError> {
        let stays = !matches!(step.change, Change::Create | Change::Replace);
        let existing = step.existing.as_deref().filter(|_| stays);
        if existing.is_none() && !self.resumed {
            return Ok(None);
        }
        let run = plan.run.to_string();
        let made = |seen: &VpnConnection| {
            let tag = |name: &str| seen.tags.get(name).map(String::as_str);
            tag(TAG_SITE) == Some(plan.site.as_str())
                && tag(TAG_RUN) == Some(run.as_str())
                && !seen.state.is_ending()
        };
        let view = client.view(&[Collection::VpnConnections]).await?;
        let mut seen = view.vpn_connections.into_values();
        Ok(seen.find(|it| Some(it.id.as_str()) == existing || (self.resumed && made(it))))
    }
}

/// What AWS's document says of a connection's tunnels. What cannot be read is told when the files
/// are written, with what was wrong.
fn tunnels_of(connection: &VpnConnection) -> Vec<TunnelXml> {
    let text = connection.configuration.as_ref();
    let read = text.and_then(|text| xml::read(text.expose_secret()).ok());
    read.map(|read| read.tunnels).unwrap_or_default()
}

/// Takes the keys that a connection has. Those kept for another one are wrong where it tells none.
fn take(keys: &mut Keys, tunnels: &[TunnelXml], kept_for_another: bool) {
    for tunnel in tunnels {
        match &tunnel.key {
            Some(key) => drop(keys.insert(tunnel.inside_cidr, key.clone())),
            None if kept_for_another => drop(keys.remove(&tunnel.inside_cidr)),
            None => {}
        }
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
