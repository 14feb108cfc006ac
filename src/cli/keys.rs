//! The pre-shared keys of a site, and what it means when they cannot be had.

use std::path::Path;

use super::connect::Connection;
use super::exit::Exit;
use super::failure::Failure;
use super::run::Done;
use super::store::journal_failure;
use crate::engine::{KeyRing, KeysError, SiteKeys, doubtful_connection};
use crate::journal::{KeyPlace, SiteFolder};
use crate::plan::Plan;
use crate::spec::Site;

/// Where the keys of one command come from.
pub(super) struct Keyring<'a> {
    pub(super) given: Option<(&'a Site, &'a Path)>,
    pub(super) folder: &'a SiteFolder,
    pub(super) connection: &'a Connection,
}

impl Keyring<'_> {
    fn ring<'b>(&'b self, place: &'b KeyPlace) -> KeyRing<'b> {
        KeyRing {
            given: self.given,
            folder: self.folder,
            place,
            client: &self.connection.client,
            ids: &self.connection.ids,
        }
    }

    /// The keys for plans, on disk before the first write to AWS.
    pub(super) async fn keys_for(&self, plans: &[&Plan]) -> Result<SiteKeys, Failure> {
        let place = self.connection.key_place();
        self.ring(&place).keys_for(plans).await.map_err(failure)
    }

    /// Counts the keys of a run that is done as AWS's.
    pub(super) async fn settle(&self, keys: &mut SiteKeys, done: &Done) -> Result<(), Failure> {
        let place = self.connection.key_place();
        let doubtful = doubtful_connection(&done.plan, &done.report, done.went_on);
        let settled = self.ring(&place).settle(keys, doubtful.as_ref()).await;
        settled.map_err(failure)
    }
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
