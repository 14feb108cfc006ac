//! The pre-shared keys of a site, for a command.

use std::path::Path;

use super::connect::Connection;
use super::exit::Exit;
use super::failure::Failure;
use super::run::journal_failure;
use crate::engine::{KeyRing, KeysError};
use crate::journal::SiteFolder;
use crate::plan::Plan;
use crate::resource::Keys;
use crate::spec::Site;

/// The keys for a plan, on disk before the first write to AWS.
pub(super) async fn keys(
    folder: &SiteFolder,
    site: &Site,
    site_file: &Path,
    plan: &Plan,
    connection: &Connection,
) -> Result<Keys, Failure> {
    let ring = KeyRing {
        site,
        site_file,
        folder,
        place: &connection.key_place(),
    };
    let keys = ring.keys_for(plan, &connection.client, &connection.ids);
    keys.await.map_err(|error| match &error {
        KeysError::Kept(error) => journal_failure(error),
        KeysError::Unreadable { .. } => Failure::new(Exit::Input, error.to_string()),
        KeysError::Unusable { source, .. } => {
            let help = source.help.clone();
            Failure::new(Exit::Input, error.to_string()).hint(help)
        }
        KeysError::Aws(fault) => fault.clone().into(),
    })
}
