//! The client over real HTTP, with credentials and endpoints from where every AWS tool has them.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use underpass::aws::{Client, Collection, FaultKind, Target};
use underpass::clock::{Clock, IdSource};
use underpass::sandbox::{self, Faults, GatewaySim, Sandbox, SandboxOptions};

use crate::aws_child;

const CHILD: &str = "aws_remote::child_asks_who_it_is";

async fn client(profile: Option<&str>) -> Client {
    let target = Target {
        region: "eu-central-1".parse().unwrap(),
        profile: profile.map(str::to_owned),
        endpoint_url: None,
        sandbox: None,
    };
    Client::connect(&target, Clock::system(), IdSource::system())
        .await
        .unwrap()
}

#[tokio::test]
#[ignore = "a child of the other tests"]
async fn child_asks_who_it_is() {
    if !aws_child::is_child() {
        return;
    }
    let profile = std::env::var("TEST_PROFILE").ok();
    let client = client(profile.as_deref()).await;
    match (
        client.caller().await,
        std::env::var("TEST_EXPECTS").as_deref(),
    ) {
        (Ok(caller), Ok("caller")) => {
            assert_eq!(caller.account.as_str(), "111122223333");
            assert!(caller.arn.starts_with("arn:aws:"), "{caller:?}");
            let view = client.view(&Collection::ALL).await.unwrap();
            assert_eq!(view.vpcs.len(), 3);
        }
        (Err(fault), Ok("credentials")) => {
            assert_eq!(fault.kind, FaultKind::Credentials, "{fault}");
            assert!(fault.hint().is_some());
            assert!(fault.message.starts_with("no credentials"), "{fault}");
            if let Some(profile) = profile {
                assert!(fault.message.contains(&profile), "{fault}");
            }
        }
        (Err(fault), Ok("lost")) => assert_eq!(fault.kind, FaultKind::Lost, "{fault}"),
        (result, expected) => panic!("{expected:?} expected, found {result:?}"),
    }
}

async fn with_sandbox(home: &std::path::Path, variables: &[(&str, &str)]) {
    let sandbox = Sandbox::open(SandboxOptions {
        clock: Clock::system(),
        ids: IdSource::system(),
        faults: Faults::default(),
        file: None,
        gateway: GatewaySim::Offline,
    })
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(sandbox::serve(sandbox.clone(), listener, async {
        stopped.await.ok();
    }));
    let mut variables = variables.to_vec();
    variables.extend([
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("TEST_EXPECTS", "caller"),
    ]);
    aws_child::passed(&aws_child::run(CHILD, home, &variables).await);
    let asked: BTreeSet<String> = sandbox.calls().into_iter().map(|it| it.action).collect();
    let looks = Collection::ALL.into_iter().flat_map(Collection::actions);
    let mut wanted: BTreeSet<String> = looks.map(|it| (*it).to_owned()).collect();
    wanted.insert("GetCallerIdentity".to_owned());
    assert_eq!(asked, wanted);
    // Each list once, and two calls for each table of a transit gateway.
    let tables = sandbox
        .world()
        .region("eu-central-1")
        .transit_route_tables
        .len();
    assert!(tables > 0);
    assert_eq!(
        sandbox.calls().len(),
        1 + Collection::ALL.len() + 2 * tables
    );
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn credentials_come_from_the_environment_or_a_profile() {
    let home = tempfile::tempdir().unwrap();
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIDTEST"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    with_sandbox(home.path(), &keys).await;
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let profile = "[plant]\naws_access_key_id = AKIDPLANT\naws_secret_access_key = secret\n";
    let file = home.path().join(".aws/credentials");
    underpass::files::write_secret(&file, profile.as_bytes()).unwrap();
    with_sandbox(home.path(), &[("TEST_PROFILE", "plant")]).await;
    with_sandbox(home.path(), &[("AWS_PROFILE", "plant")]).await;
}

#[tokio::test]
async fn a_profile_asked_for_by_name_is_not_replaced_by_keys_in_the_environment() {
    let home = tempfile::tempdir().unwrap();
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIDTEST"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("TEST_PROFILE", "nobody"),
        ("TEST_EXPECTS", "credentials"),
    ];
    aws_child::passed(&aws_child::run(CHILD, home.path(), &variables).await);
}

#[tokio::test]
async fn missing_credentials_are_told_before_anyone_loses_patience() {
    // A metadata service that accepts and says nothing, as a firewall can make of it.
    let silence = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let metadata = format!("http://{}", silence.local_addr().unwrap());
    let home = tempfile::tempdir().unwrap();
    for more in [None, Some(("TEST_PROFILE", "nobody"))] {
        let mut variables = vec![
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.as_str()),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
            ("TEST_EXPECTS", "credentials"),
        ];
        variables.extend(more);
        let (clock, begun) = (Clock::system(), Clock::system().now());
        let output = aws_child::run(CHILD, home.path(), &variables).await;
        aws_child::passed(&output);
        let took = clock.since(begun);
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}

#[tokio::test]
async fn an_endpoint_where_nobody_listens_is_no_answer() {
    let home = tempfile::tempdir().unwrap();
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIDTEST"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("TEST_EXPECTS", "lost"),
    ];
    aws_child::passed(&aws_child::run(CHILD, home.path(), &variables).await);
}
