//! The pre-shared keys of a site: which it has, which AWS has, which have to be made.

use std::path::Path;

use secrecy::ExposeSecret;

use super::connect::Connection;
use super::exit::Exit;
use super::failure::Failure;
use super::run::Done;
use super::store::journal_failure;
use crate::aws::{Collection, Tags, VpnConnection};
use crate::journal::SiteFolder;
use crate::plan::{Plan, PlannedStep};
use crate::resource::{Change, Keys, TAG_RUN, TAG_SITE};
use crate::spec::{InsideCidr, Site};
use crate::tunnel::xml::{self, TunnelXml};
use crate::tunnel::{PreSharedKey, key};

/// A site's keys, and which of them AWS may never have been told.
#[derive(Debug)]
pub(super) struct SiteKeys {
    settled: Keys,
    proposed: Keys,
}

/// The site's keys: those it was given, those it has, those that AWS has, and new ones for the
/// rest.
///
/// A key is made only for a tunnel that will be given it: a new one, or one that gets another
/// inside CIDR. For a tunnel that stays, a made-up key would be the wrong one; AWS's stands in, as
/// with a connection that was adopted or brought up from another machine. They are on disk (0600)
/// before the first write to AWS, so that a stop loses none; until the run is done they count as
/// proposed only, because it may go on elsewhere, with other keys.
///
/// `plans` are the plan that was just made and the one that is carried out: another one when a
/// stopped run goes on.
pub(super) async fn keys(
    folder: &SiteFolder,
    site: &Site,
    site_path: &Path,
    plans: [&Plan; 2],
    connection: &Connection,
) -> Result<SiteKeys, Failure> {
    let mut keys = SiteKeys::known(folder, connection)?;
    for plan in plans {
        for (tunnel, wishes) in plan.tunnels.iter().zip(&site.tunnels) {
            if let Some(file) = &wishes.pre_shared_key_file {
                let path = site_path.parent().unwrap_or(Path::new(".")).join(file);
                let inside = tunnel.options.inside_cidr;
                keys.settled.insert(inside, read_key(&path)?);
            }
        }
    }
    for plan in plans {
        keys.complete(plan, connection).await?;
    }
    keys.save(folder, connection)?;
    Ok(keys)
}

/// The keys of a run that was stopped, perhaps on another machine whose keys are not here.
pub(super) async fn keys_of_run(
    folder: &SiteFolder,
    plan: &Plan,
    connection: &Connection,
) -> Result<SiteKeys, Failure> {
    let mut keys = SiteKeys::known(folder, connection)?;
    keys.complete(plan, connection).await?;
    keys.save(folder, connection)?;
    Ok(keys)
}

impl SiteKeys {
    fn known(folder: &SiteFolder, connection: &Connection) -> Result<Self, Failure> {
        let place = connection.key_place();
        let unreadable = |error| journal_failure(&error);
        Ok(Self {
            settled: folder.keys(&place).map_err(unreadable)?,
            proposed: folder.proposed_keys(&place).map_err(unreadable)?,
        })
    }

    /// All of them.
    pub(super) fn all(&self) -> Keys {
        let mut all = self.proposed.clone();
        all.extend(self.settled.clone());
        all
    }

    /// Adds what a plan's tunnels lack.
    async fn complete(&mut self, plan: &Plan, connection: &Connection) -> Result<(), Failure> {
        let inside = plan.tunnels.iter().map(|it| it.options.inside_cidr);
        let missing: Vec<InsideCidr> = inside.filter(|it| !self.settled.contains_key(it)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let step = plan.steps.iter().find(|step| step.node.kind == KIND);
        let there = match step {
            Some(step) => tunnels_that_stay(step, plan, connection).await?,
            None => Vec::new(),
        };
        let given = step.is_none_or(|step| !matches!(step.change, Change::Keep | Change::Adopt));
        for inside in missing {
            let theirs = there.iter().find(|tunnel| tunnel.inside_cidr == inside);
            if let Some(key) = theirs.and_then(|tunnel| tunnel.key.clone()) {
                self.settled.insert(inside, key);
                self.proposed.remove(&inside);
            } else if theirs.is_none() && given && !self.proposed.contains_key(&inside) {
                self.proposed.insert(inside, key::generate(&connection.ids));
            }
        }
        Ok(())
    }

    /// Counts as AWS's, once the run is done, what was proposed.
    ///
    /// Where the connection may have been asked for by an earlier process, perhaps another
    /// machine's, AWS is asked: what it has are then the keys that only that machine and AWS know.
    pub(super) async fn settle(
        &mut self,
        folder: &SiteFolder,
        done: &Done,
        connection: &Connection,
    ) -> Result<(), Failure> {
        if self.proposed.is_empty() {
            return Ok(());
        }
        let mut sent = std::mem::take(&mut self.proposed);
        if done.may_have_found_its_connection() {
            let id = done.connection()?;
            for tunnel in tunnels_of(connection, |seen| seen.id == id).await? {
                if let (Some(key), true) = (tunnel.key, sent.contains_key(&tunnel.inside_cidr)) {
                    sent.insert(tunnel.inside_cidr, key);
                }
            }
        }
        for (inside, key) in sent {
            self.settled.entry(inside).or_insert(key);
        }
        self.save(folder, connection)
    }

    fn save(&self, folder: &SiteFolder, connection: &Connection) -> Result<(), Failure> {
        folder
            .save_all_keys(&connection.key_place(), &self.settled, &self.proposed)
            .map_err(|error| journal_failure(&error))
    }
}

/// The kind whose tunnels have the keys.
const KIND: &str = "vpn_connection";

/// The tunnels that AWS has and that the plan leaves where they are, or that its run has made.
async fn tunnels_that_stay(
    step: &PlannedStep,
    plan: &Plan,
    connection: &Connection,
) -> Result<Vec<TunnelXml>, Failure> {
    let stays = !matches!(step.change, Change::Create | Change::Replace);
    let existing = step.existing.as_deref().filter(|_| stays);
    let run = plan.run.to_string();
    let made = |tags: &Tags| {
        tags.get(TAG_SITE).map(String::as_str) == Some(plan.site.as_str())
            && tags.get(TAG_RUN) == Some(&run)
    };
    tunnels_of(connection, |seen| {
        Some(seen.id.as_str()) == existing || (made(&seen.tags) && !seen.state.is_ending())
    })
    .await
}

/// The tunnels of the first connection that is asked for.
async fn tunnels_of(
    connection: &Connection,
    wanted: impl Fn(&VpnConnection) -> bool,
) -> Result<Vec<TunnelXml>, Failure> {
    let view = connection
        .client
        .view(&[Collection::VpnConnections])
        .await?;
    let mut seen = view.vpn_connections.values();
    let text = seen
        .find(|seen| wanted(seen))
        .and_then(|seen| seen.configuration.as_ref());
    // What cannot be read is told when the files are written, with what was wrong.
    let read = text.and_then(|text| xml::read(text.expose_secret()).ok());
    Ok(read.map(|read| read.tunnels).unwrap_or_default())
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
