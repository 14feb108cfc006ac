//! Credentials of a profile that was asked for by name.

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};

/// The credentials of one profile, from no other source.
///
/// The SDK's usual order lets keys in the environment win over a profile that was asked for by
/// name, and so would reach the wrong account.
#[derive(Debug)]
pub(super) struct NamedProfile {
    name: String,
    file: ProfileFileCredentialsProvider,
}

impl NamedProfile {
    pub(super) fn new(name: &str, config: &ProviderConfig) -> Self {
        let file = ProfileFileCredentialsProvider::builder()
            .configure(config)
            .profile_name(name)
            .build();
        let name = name.to_owned();
        Self { name, file }
    }

    async fn credentials(&self) -> provider::Result {
        let found = self.file.provide_credentials().await;
        found.map_err(|error| match error {
            // The SDK says only that nothing was found, not where it looked.
            CredentialsError::CredentialsNotLoaded(_) => {
                CredentialsError::invalid_configuration(format!(
                    "the AWS configuration files have no profile `{}` with credentials",
                    self.name.escape_debug()
                ))
            }
            other => other,
        })
    }
}

impl ProvideCredentials for NamedProfile {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}
