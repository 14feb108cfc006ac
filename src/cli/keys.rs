//! The pre-shared keys of a site, for a command.

use std::path::Path;

use super::connect::Connection;
use super::exit::Exit;
use super::failure::Failure;
use super::run::Done;
use super::store::journal_failure;
use crate::engine::{KeyRing, KeysError, Made, RunKeys};
use crate::journal::{SiteFolder, Start};
use crate::plan::Plan;
use crate::resource::Keys;
use crate::spec::Site;

/// The keys for a plan that was just made, and for the one that is carried out: another one when a
/// stopped run goes on. On disk before the first write to AWS.
pub(super) async fn keys(
    folder: &SiteFolder,
    site: &Site,
    site_file: &Path,
    plan: &Plan,
    start: &Start,
    connection: &Connection,
) -> Result<Keys, Failure> {
    let ring = KeyRing {
        site,
        site_file,
        folder,
        place: &connection.key_place(),
    };
    let keys = ring.keys_for(plan, &connection.client, &connection.ids);
    let keys = keys.await.map_err(failure)?;
    match start {
        Start::New(_) => Ok(keys),
        Start::GoOn(history) => keys_of_run(folder, &history.plan, connection).await,
    }
}

/// The keys of a run that was stopped, perhaps on another machine whose keys are not here.
pub(super) async fn keys_of_run(
    folder: &SiteFolder,
    plan: &Plan,
    connection: &Connection,
) -> Result<Keys, Failure> {
    let place = &connection.key_place();
    let keys = RunKeys { folder, place };
    let keys = keys.keys_for(plan, &connection.client, &connection.ids);
    keys.await.map_err(failure)
}

/// The keys that the connection has at the end; those that the site file names are not asked for.
pub(super) async fn settled(
    folder: &SiteFolder,
    site: Option<(&Site, &Path)>,
    done: &Done,
    keys: Keys,
    connection: &Connection,
) -> Result<Keys, Failure> {
    let place = &connection.key_place();
    let made = Made {
        connection: &done.connection()?,
        here: done.made_the_connection(),
    };
    let client = &connection.client;
    let settled = match site {
        Some((site, site_file)) => {
            let ring = KeyRing {
                site,
                site_file,
                folder,
                place,
            };
            ring.settle(&done.plan, keys, made, client).await
        }
        None => RunKeys { folder, place }.settle(keys, made, client).await,
    };
    settled.map_err(|error| {
        let mut failure = failure(error);
        let stands = "AWS's half stands, but its keys are not noted yet";
        failure.report = failure.report.replacen("nothing was changed", stands, 1);
        failure
    })
}

fn failure(error: KeysError) -> Failure {
    match &error {
        KeysError::Kept(error) => journal_failure(error),
        KeysError::Unreadable { .. } => Failure::new(Exit::Input, error.to_string()),
        KeysError::Unusable { source, .. } => {
            let help = source.help.clone();
            Failure::new(Exit::Input, error.to_string()).hint(help)
        }
        KeysError::Aws(fault) => fault.clone().into(),
    }
}
