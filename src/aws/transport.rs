//! How requests leave: HTTP and TLS, credentials, time-outs, retries.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::identity::IdentityCache;
use aws_config::imds;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};

use super::bounded::bounded;
use super::client::Target;
use super::fault::{Fault, FaultKind};
use super::in_process::ACCESS_KEY;
use super::profile::NamedProfile;
use crate::limits;

/// How often a read is tried; the SDK waits between tries.
const READ_ATTEMPTS: u32 = 5;

/// How long parts of a call may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// To open a connection.
    pub(super) connect: Duration,
    /// From the request's first byte to the answer's last.
    pub(super) attempt: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            attempt: Duration::from_secs(30),
        }
    }
}

/// The SDK's behaviour is pinned, so that an update that changes it is a visible line.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

fn timeouts(patience: Patience) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(patience.connect)
        .operation_attempt_timeout(patience.attempt)
        .build()
}

/// Retries for reads.
fn read_retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(READ_ATTEMPTS)
}

/// No retries: for calls of which a second one could make a second thing.
pub(super) fn no_retries() -> RetryConfig {
    RetryConfig::disabled()
}

/// The configuration for AWS itself, or for an endpoint that speaks like it.
///
/// Credentials, profile, proxy and endpoint overrides come from where every AWS tool takes them.
/// Nothing is sent yet: missing credentials show at the first call.
pub(super) async fn remote(target: &Target, patience: Patience) -> SdkConfig {
    let http = bounded(https_client(), limits::ANSWER);
    let region = Region::new(target.region.to_string());
    let provider = ProviderConfig::without_region()
        .with_http_client(http.clone())
        .with_behavior_version(Some(behavior()));
    let mut loader = aws_config::defaults(behavior())
        .http_client(http)
        .region(region.clone())
        .retry_config(read_retries())
        .timeout_config(timeouts(patience))
        // A profile's credential_process may have to ask a person.
        .identity_cache(
            IdentityCache::lazy()
                .load_timeout(Duration::from_secs(60))
                .build(),
        );
    if let Some(url) = &target.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    let loader = match &target.profile {
        Some(name) => {
            let provider = provider.with_region(Some(region));
            loader
                .profile_name(name)
                .credentials_provider(NamedProfile::new(name, &provider))
        }
        None => loader.credentials_provider(from_anywhere(provider, region).await),
    };
    loader.load().await
}

/// The Region that the environment or the profile names; when none does, one from where S3 tells
/// the way to every other.
pub(super) async fn usual_region(profile: Option<&str>) -> Result<crate::spec::Region, Fault> {
    let mut file = ProfileFileRegionProvider::builder();
    if let Some(name) = profile {
        file = file.profile_name(name);
    }
    let chain = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(file.build());
    let named = chain.region().await.map(|region| region.to_string());
    let named = named.as_deref().unwrap_or("us-east-1").parse();
    named.map_err(|error: crate::spec::InvalidValue| {
        Fault::of_kind("connect", FaultKind::Invalid, &error.to_string())
    })
}

/// Credentials by the usual order: environment, profile, web identity, container, instance.
async fn from_anywhere(provider: ProviderConfig, region: Region) -> DefaultCredentialsChain {
    // On a machine that is no EC2 instance nobody answers at the metadata address: one second of
    // that is enough (the default is four attempts).
    let imds = imds::Client::builder()
        .configure(&provider)
        .max_attempts(1)
        .build();
    DefaultCredentialsChain::builder()
        .configure(provider)
        .imds_client(imds)
        .region(region)
        .build()
        .await
}

/// A configuration that asks nothing of the machine: for an HTTP client inside this process.
pub(super) fn in_process(target: &Target, http: SharedHttpClient, patience: Patience) -> SdkConfig {
    let credentials = Credentials::from_keys(ACCESS_KEY, "sandbox", None);
    SdkConfig::builder()
        .behavior_version(behavior())
        .region(Region::new(target.region.to_string()))
        .http_client(bounded(http, limits::ANSWER))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(read_retries())
        .timeout_config(timeouts(patience))
        .build()
}

/// HTTPS by rustls and ring, through the proxy that the environment names.
///
/// The SDK's own client ignores HTTPS_PROXY, and many sites have no other way out. One connector
/// is kept for each pair of time-outs (EC2's and the metadata service's), for its connections.
fn https_client() -> SharedHttpClient {
    type Key = (Option<Duration>, Option<Duration>);
    let kept: Mutex<BTreeMap<Key, SharedHttpConnector>> = Mutex::default();
    http_client_fn(move |settings, components| {
        let key = (settings.connect_timeout(), settings.read_timeout());
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.entry(key)
            .or_insert_with(|| {
                let mut builder = Connector::builder()
                    .connector_settings(HttpConnectorSettings::clone(settings))
                    .proxy_config(ProxyConfig::from_env());
                builder.set_sleep_impl(components.sleep_impl());
                let tls = Provider::Rustls(CryptoMode::Ring);
                SharedHttpConnector::new(builder.tls_provider(tls).build())
            })
            .clone()
    })
}
