//! MACsec of a dedicated connection: first the key, then what happens without one.
//!
//! A connection that must encrypt and has no key carries nothing, so the order counts. Keys that are
//! there besides are left: a router that still has the old one goes on with it.

use super::inputs::{Inputs, KindError};
use super::kind::Progress;
use crate::aws::{Call, DirectConnectCall, DxConnection};
use crate::spec::Macsec;

/// The next thing that is to change.
pub(super) enum Change {
    /// The secret's ARN.
    Key(String),
    /// What happens without a key.
    Mode(String),
}

fn wanted(inputs: &Inputs) -> Result<Option<Macsec>, KindError> {
    inputs.given("dx_connection", "macsec")
}

/// What is to change, in order; nothing before the port is up, which takes no key.
pub(super) fn changes(
    inputs: &Inputs,
    connection: &DxConnection,
) -> Result<Vec<Change>, KindError> {
    let Some(wanted) = wanted(inputs)?.filter(|_| connection.state.is("available")) else {
        return Ok(Vec::new());
    };
    if !connection.macsec_capable {
        return Err(KindError::Conflict {
            problem: format!("{} cannot encrypt with MACsec", connection.id),
            help: "remove `aws.direct_connect.macsec`, or use a dedicated connection that was \
                   ordered with it"
                .to_owned(),
        });
    }
    let mut keys = connection.macsec_keys.iter();
    let has = keys.any(|(arn, state)| *arn == wanted.key_arn && !is_leaving(state.as_str()));
    let same = connection.encryption_mode.as_deref() == Some(wanted.mode.as_str());
    let key = (!has).then_some(Change::Key(wanted.key_arn));
    let mode = (!same).then_some(Change::Mode(wanted.mode));
    Ok(key.into_iter().chain(mode).collect())
}

/// Whether a key is on its way in.
pub(super) fn settling(inputs: &Inputs, connection: &DxConnection) -> Option<Progress> {
    let wanted = wanted(inputs).ok().flatten()?;
    let mut keys = connection.macsec_keys.iter();
    let (arn, state) =
        keys.find(|(arn, state)| *arn == wanted.key_arn && state.is("associating"))?;
    Some(Progress::Waiting {
        object: arn.clone(),
        state: state.to_string(),
    })
}

fn is_leaving(state: &str) -> bool {
    matches!(state, "disassociating" | "disassociated")
}

impl Change {
    pub(super) fn call(self, connection: &DxConnection) -> Call {
        let connection = connection.id.clone();
        Call::DirectConnect(match self {
            Self::Key(secret_arn) => DirectConnectCall::AssociateMacsecKey {
                connection,
                secret_arn,
            },
            Self::Mode(mode) => DirectConnectCall::SetEncryption { connection, mode },
        })
    }

    /// Name, as it is, as it should be.
    pub(super) fn difference(&self, connection: &DxConnection) -> (String, String, String) {
        match self {
            Self::Key(arn) => {
                let keys = connection.macsec_keys.iter().map(|(arn, _)| arn.as_str());
                let keys: Vec<&str> = keys.collect();
                let is = if keys.is_empty() {
                    "none".to_owned()
                } else {
                    keys.join(" ")
                };
                ("macsec key".to_owned(), is, arn.clone())
            }
            Self::Mode(mode) => {
                let is = connection.encryption_mode.clone().unwrap_or_default();
                ("encryption mode".to_owned(), is, mode.clone())
            }
        }
    }
}
