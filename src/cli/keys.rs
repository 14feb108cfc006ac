//! The pre-shared keys of a site, for a command.

use std::path::Path;

use super::connect::Connection;
use super::exit::Exit;
use super::failure::{Failure, Stands};
use super::run::Done;
use super::store::journal_failure;
use crate::engine::{KeyRing, KeysError, RunKeys};
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
    let keys = keys
        .await
        .map_err(|error| failure(&error, Stands::Untouched))?;
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
    keys.await
        .map_err(|error| failure(&error, Stands::Untouched))
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
    if done.waits_for_its_connection() {
        return Ok(keys);
    }
    let made = &done.connection()?;
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
    settled.map_err(|error| failure(&error, Stands::Unsettled))
}

fn failure(error: &KeysError, stands: Stands) -> Failure {
    let failure = match error {
        KeysError::Kept(error) => journal_failure(error),
        KeysError::Unreadable { .. } => Failure::new(Exit::Input, error.to_string()),
        KeysError::Unusable { source, .. } => {
            let help = source.help.clone();
            Failure::new(Exit::Input, error.to_string()).hint(help)
        }
        KeysError::Aws(fault) => fault.clone().into(),
    };
    failure.stands(stands)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::aws::{Fault, FaultKind};
    use crate::journal::JournalError;

    fn errors() -> [KeysError; 3] {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        [
            KeysError::Kept(JournalError::Io {
                doing: "write",
                path: "keys.json".into(),
                source: full(),
            }),
            KeysError::Unreadable {
                path: "first.key".into(),
                source: full(),
            },
            KeysError::Aws(Fault {
                action: "DescribeVpnConnections".to_owned(),
                kind: FaultKind::Denied,
                code: None,
                message: String::new(),
                request_id: None,
            }),
        ]
    }

    #[test]
    fn a_failure_says_what_stands_before_a_run_and_behind_it() {
        for stands in [Stands::Untouched, Stands::Unsettled] {
            for error in errors() {
                let text = failure(&error, stands).text();
                let rest = text
                    .strip_prefix(stands.as_str())
                    .and_then(|it| it.strip_prefix(": "));
                assert!(
                    rest.is_some_and(|it| !it.contains("nothing was changed")),
                    "{text}"
                );
            }
        }
    }
}
