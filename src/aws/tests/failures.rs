//! Every way in which a call can fail, on the wire, and what it means.

use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use crate::aws::client::Client;
use crate::aws::in_process::{self, Exchange};
use crate::aws::testing::{
    KEYS, clock, create_vpn_connection, error, every_call, scripted, target, xml,
};
use crate::aws::transport::{self, Patience};
use crate::aws::{Call, Collection, Fault, FaultKind};
use crate::clock::IdSource;

fn lost() -> Exchange {
    Exchange {
        lost: true,
        ..xml(200, "")
    }
}

/// An attachment: a call that may be repeated.
fn attach() -> Call {
    every_call()
        .into_iter()
        .find(|call| call.action() == "AttachVpnGateway")
        .unwrap()
}

fn connection() -> Call {
    create_vpn_connection("cgw-0a1b2c3d", "vgw-0a1b2c3d")
}

async fn fails(call: &Call, script: Vec<Exchange>) -> (Fault, usize) {
    let (client, sent) = scripted(script);
    let fault = client.call(call).await.unwrap_err();
    let sent = sent.lock().unwrap().len();
    (fault, sent)
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_failure_is_told_apart_and_keeps_its_request_id() {
    use FaultKind as K;
    for (status, code, kind, hinted) in [
        (412, "DryRunOperation", K::WouldSucceed, false),
        (401, "AuthFailure", K::Credentials, true),
        (400, "RequestExpired", K::Credentials, true),
        (403, "UnauthorizedOperation", K::Denied, true),
        (400, "InvalidCustomerGatewayID.NotFound", K::NotFound, false),
        (400, "InvalidVpcState", K::AlreadyExists, true),
        (400, "IncorrectState", K::NotYet, false),
        (400, "VpnConnectionLimitExceeded", K::Quota, true),
        (500, "InternalError", K::Server, false),
        (503, "Unavailable", K::Server, false),
        (400, "InvalidParameterValue", K::Invalid, false),
        (503, "RequestLimitExceeded", K::Throttled, true),
    ] {
        let (fault, sent) = fails(&connection(), vec![error(status, code, "Why.")]).await;
        assert_eq!((fault.kind, sent), (kind, 1), "{code}");
        assert_eq!(fault.code.as_deref(), Some(code));
        assert_eq!(fault.message, "Why.");
        assert_eq!(fault.request_id, Some(format!("req-{code}")));
        assert_eq!(fault.hint().is_some(), hinted, "{code}: {:?}", fault.hint());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_an_answer_is_lost_or_the_servers_fault() {
    let cut = "<CreateVpnConnectionResponse><vpnConnection><vpnConnectionId>vpn-0a1b2c3d4e5f";
    let slow = Exchange {
        delay: Duration::from_secs(31),
        ..xml(200, "<R/>")
    };
    let page = Exchange {
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        ..xml(500, "<!doctype html><title>500</title><p>oops")
    };
    for (exchange, kind) in [
        (lost(), FaultKind::Lost),
        (slow, FaultKind::Lost),
        (xml(200, cut), FaultKind::Lost),
        (xml(200, "<CreateVpnConnectionResponse/>"), FaultKind::Lost),
        (xml(200, "<html>captive portal</html>"), FaultKind::Lost),
        (page, FaultKind::Server),
        (xml(503, ""), FaultKind::Server),
    ] {
        let shown = format!("{exchange:?}");
        let (fault, sent) = fails(&connection(), vec![exchange]).await;
        assert_eq!((fault.kind, sent), (kind, 1), "{shown}: {fault}");
        assert!(fault.code.is_none() && !fault.message.is_empty(), "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_is_never_repeated_and_other_calls_on_throttles_only() {
    let throttled = || error(503, "RequestLimitExceeded", "Request limit exceeded.");
    let (client, sent) = scripted(vec![throttled(), throttled(), throttled()]);
    client.call(&attach()).await.unwrap();
    assert_eq!(sent.lock().unwrap().len(), 4);
    let (fault, sent) = fails(&attach(), (0..9).map(|_| throttled()).collect()).await;
    assert_eq!((fault.kind, sent), (FaultKind::Throttled, 5));
    for broken in [|| error(500, "InternalError", ""), lost] {
        assert_eq!(fails(&attach(), vec![broken()]).await.1, 1);
    }
    for call in every_call().into_iter().filter(Call::is_unrepeatable) {
        for broken in [throttled, || error(500, "InternalError", ""), lost] {
            assert_eq!(fails(&call, vec![broken()]).await.1, 1, "{}", call.action());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn reads_recover_from_whatever_passes() {
    let body = "<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-0a1b2c3d</vpcId></item></vpcSet></DescribeVpcsResponse>";
    let script = vec![
        error(503, "RequestLimitExceeded", ""),
        lost(),
        error(500, "InternalError", ""),
        error(503, "Unavailable", ""),
        xml(200, body),
    ];
    let (client, sent) = scripted(script);
    let view = client.view(&[Collection::Vpcs]).await.unwrap();
    assert_eq!((view.vpcs.len(), sent.lock().unwrap().len()), (1, 5));
    let (client, sent) = scripted((0..9).map(|_| lost()).collect());
    let fault = client.view(&[Collection::Vpcs]).await.unwrap_err();
    assert_eq!(
        (fault.kind, sent.lock().unwrap().len()),
        (FaultKind::Lost, 5)
    );
    assert_eq!(fault.action, "DescribeVpcs");
    // A refusal does not pass.
    let (client, sent) = scripted(vec![error(403, "UnauthorizedOperation", "")]);
    assert!(client.view(&[Collection::Vpcs]).await.is_err());
    assert_eq!(sent.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_aws_repeats_does_not_reach_the_fault() {
    let message = format!("Value ({}) for parameter PreSharedKey is invalid.", KEYS[1]);
    let (fault, _) = fails(
        &connection(),
        vec![error(400, "InvalidParameterValue", &message)],
    )
    .await;
    let shown = format!(
        "{fault} {fault:?} {}",
        serde_json::to_string(&fault).unwrap()
    );
    assert!(
        !shown.contains(KEYS[1]) && shown.contains("redacted"),
        "{shown}"
    );
    // Nor does a whole answer that the SDK could not read.
    let cut = format!(
        "<CreateVpnConnectionResponse><vpnConnection><customerGatewayConfiguration>{}",
        KEYS[0]
    );
    let (fault, _) = fails(&connection(), vec![xml(200, &cut)]).await;
    assert!(!format!("{fault:?}").contains(KEYS[0]));
}

/// Credentials that are not there.
#[derive(Debug)]
struct Nobody;

impl ProvideCredentials for Nobody {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let error = CredentialsError::not_loaded("no providers in chain provided credentials");
        future::ProvideCredentials::ready(Err(error))
    }
}

#[tokio::test(start_paused = true)]
async fn missing_credentials_are_no_lost_call() {
    let http = in_process::http_client(|_| panic!("nothing may be sent without a signature"));
    let target = target(None);
    let config = transport::in_process(&target, http, Patience::default());
    let nobody = SharedCredentialsProvider::new(Nobody);
    let config = config.into_builder().credentials_provider(nobody).build();
    let client = Client::over(&target, &config, clock(), IdSource::seeded(1));
    for fault in [
        client.caller().await.unwrap_err(),
        client.view(&Collection::ALL).await.unwrap_err(),
        client.call(&connection()).await.unwrap_err(),
    ] {
        assert_eq!(fault.kind, FaultKind::Credentials, "{fault}");
        assert!(fault.hint().unwrap().contains("aws sso login"));
        assert!(fault.message.starts_with("no credentials found"), "{fault}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_no_address_is_refused_at_once() {
    for url in ["", "localhost:4566 ", "/x", "http://"] {
        let mut target = target(None);
        target.endpoint_url = Some(url.to_owned());
        let fault = Client::connect(&target, clock(), IdSource::seeded(1))
            .await
            .unwrap_err();
        assert_eq!(fault.kind, FaultKind::Invalid, "{url:?}");
    }
}
