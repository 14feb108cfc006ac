//! Where requests really go: to AWS, or to something that speaks like it.
//!
//! An endpoint can be named in many places (a flag, two variables, a profile, a profile's services),
//! and the SDK tells its choice nowhere but in the request. So that is where it is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use super::client::Target;
use super::fault::{Fault, FaultKind};

const AWSS: u8 = 1;
const ANOTHERS: u8 = 2;

impl Target {
    /// Refuses an endpoint that is no address.
    pub(super) fn check_endpoint(&self) -> Result<(), Fault> {
        let address = |url: &String| url.parse::<http::Uri>().is_ok_and(|it| it.host().is_some());
        match &self.endpoint_url {
            Some(url) if !address(url) => {
                let message = format!("`{}` is not the address of an endpoint", url.escape_debug());
                Err(Fault::of_kind("connect", FaultKind::Invalid, &message))
            }
            _ => Ok(()),
        }
    }
}

/// Whose endpoints requests have gone to so far; clones share what they see.
#[derive(Clone, Debug, Default)]
pub(super) struct Endpoints(Arc<AtomicU8>);

impl Endpoints {
    /// Whether every request has gone to AWS; not before one has.
    pub(super) fn are_awss(&self) -> bool {
        self.0.load(Ordering::Relaxed) == AWSS
    }

    fn see(&self, url: &str) {
        let whose = if is_awss(url) { AWSS } else { ANOTHERS };
        self.0.fetch_or(whose, Ordering::Relaxed);
    }
}

impl Intercept for Endpoints {
    fn name(&self) -> &'static str {
        "Endpoints"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.see(context.request().uri());
        Ok(())
    }
}

/// Whether an address is one of AWS's own, such as that of a VPC endpoint.
fn is_awss(url: &str) -> bool {
    let host = url.parse::<http::Uri>().ok();
    let host = host.as_ref().and_then(http::Uri::host).unwrap_or_default();
    ["amazonaws.com", "amazonaws.com.cn", "api.aws"]
        .iter()
        .any(|domain| {
            host.strip_suffix(domain)
                .is_some_and(|rest| rest.ends_with('.'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_elsewhere_is_enough_and_none_proves_nothing() {
        let endpoints = Endpoints::default();
        assert!(!endpoints.are_awss());
        for url in [
            "https://ec2.eu-central-1.amazonaws.com/",
            "https://ec2.cn-north-1.amazonaws.com.cn",
            "https://ec2.eu-central-1.api.aws",
            "https://vpce-0a1b.ec2.eu-central-1.vpce.amazonaws.com",
        ] {
            endpoints.see(url);
            assert!(endpoints.are_awss(), "{url}");
        }
        for url in [
            "http://127.0.0.1:4566/",
            "https://amazonaws.com.example.org/",
            "https://notamazonaws.com/",
        ] {
            let endpoints = Endpoints::default();
            endpoints.see("https://ec2.eu-central-1.amazonaws.com/");
            endpoints.see(url);
            endpoints.see("https://ec2.eu-central-1.amazonaws.com/");
            assert!(!endpoints.are_awss(), "{url}");
        }
    }
}
