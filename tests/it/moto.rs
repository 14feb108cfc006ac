//! The client against moto, a look-alike that others wrote.
//!
//! It proves that our requests are EC2's, not that our understanding is AWS's. What moto does
//! otherwise than AWS, and this test therefore expects (moto 5.2.5, measured):
//!
//! * everything is available at once, nothing is throttled, nothing is in use;
//! * `DryRun` is carried out: our dry run has to notice;
//! * tunnel options are ignored and not echoed, and there is no telemetry;
//! * `BgpAsnExtended` and `DeviceName` are dropped;
//! * static routes, propagation, tunnel modification and `GetActiveVpnTunnelStatus` do not exist:
//!   HTTP 500 with a page of HTML.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use underpass::aws::{
    Answer, Call, Client, Collection, ConnectionEnd, ConnectionTraits, Fault, FaultKind, Tags,
    Target,
};
use underpass::clock::{Clock, IdSource};
use underpass::spec::{
    Asn, CustomerGatewayId, DhGroup, DpdAction, Encryption, IkeVersion, Integrity, StartupAction,
    VpcId, VpnConnectionId, VpnGatewayId,
};
use underpass::tunnel::{Phase, PreSharedKey, TunnelOptions};

use crate::aws_child;
use crate::sandbox_clients::environment;

/// Starts moto on a free port of loopback and waits until it listens.
pub(crate) async fn moto() -> (Child, String) {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let server = Command::new(environment().join("bin/moto_server"))
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let clock = Clock::system();
    for _ in 0..300 {
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return (server, format!("http://127.0.0.1:{port}"));
        }
        clock.sleep(Duration::from_millis(200)).await;
    }
    panic!("moto does not listen on port {port} after a minute");
}

#[tokio::test]
async fn moto_understands_every_call_that_it_has() {
    let (mut server, endpoint) = moto().await;
    let home = tempfile::tempdir().unwrap();
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIDTEST"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("TEST_ENDPOINT", endpoint.as_str()),
    ];
    let name = "moto::child_makes_every_call";
    let output = aws_child::run(name, home.path(), &variables).await;
    server.kill().await.unwrap();
    aws_child::passed(&output);
}

fn options(inside: &str) -> TunnelOptions {
    let phase = Phase {
        encryption: Encryption::Aes256Gcm16,
        integrity: Integrity::Sha384,
        dh_group: DhGroup(20),
        lifetime: 3600,
    };
    TunnelOptions {
        inside_cidr: inside.parse().unwrap(),
        ike_version: IkeVersion::V2,
        phase1: Phase {
            lifetime: 28_800,
            ..phase
        },
        phase2: phase,
        rekey_margin: 270,
        rekey_fuzz: 100,
        replay_window: 1024,
        dpd_timeout: 30,
        dpd_action: DpdAction::Restart,
        startup_action: StartupAction::Add,
        log_group_arn: None,
        bgp_log_group_arn: None,
        lifecycle_control: false,
    }
}

fn key() -> PreSharedKey {
    PreSharedKey::new(SecretString::from("a.key_of_our_own")).unwrap()
}

fn tags() -> Tags {
    BTreeMap::from([("underpass:site".to_owned(), "plant-7".to_owned())])
}

async fn make<T: std::str::FromStr<Err: std::fmt::Debug>>(client: &Client, call: &Call) -> T {
    let Answer { id, .. } = client.call(call).await.unwrap();
    id.unwrap().parse().unwrap()
}

fn is_missing(result: Result<Answer, Fault>) {
    let fault = result.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Server, "{fault}");
    assert_eq!(fault.message, "HTTP 500 without an error code");
}

#[tokio::test]
#[ignore = "a child of the other test"]
async fn child_makes_every_call() {
    if !aws_child::is_child() {
        return;
    }
    let target = Target {
        region: "eu-central-1".parse().unwrap(),
        profile: None,
        endpoint_url: std::env::var("TEST_ENDPOINT").ok(),
        sandbox: None,
    };
    let client = Client::connect(&target, Clock::system(), IdSource::system())
        .await
        .unwrap();
    assert_eq!(
        client.caller().await.unwrap().account.as_str(),
        "123456789012"
    );
    let view = client
        .view(&[Collection::Vpcs, Collection::RouteTables])
        .await
        .unwrap();
    let vpc: VpcId = view.vpcs.keys().next().unwrap().clone();
    assert!(view.route_tables_of(&vpc).any(|table| table.main));
    assert_eq!(view.vpcs[&vpc].cidrs.len(), 1);

    let create_gateway = Call::CreateVpnGateway {
        amazon_side_asn: Asn::try_from(64513).unwrap(),
        tags: tags(),
    };
    let carried_out = client.dry_run(&create_gateway).await.unwrap().unwrap_err();
    assert!(
        carried_out.message.contains("ignores DryRun"),
        "{carried_out}"
    );
    let gateway: VpnGatewayId = make(&client, &create_gateway).await;
    let create_customer = Call::CreateCustomerGateway {
        ip_address: "198.51.100.7".parse().unwrap(),
        bgp_asn: Asn::try_from(65010).unwrap(),
        device_name: "plant-7".to_owned(),
        tags: tags(),
    };
    let customer: CustomerGatewayId = make(&client, &create_customer).await;
    let attach = Call::AttachVpnGateway {
        vpn_gateway: gateway.clone(),
        vpc: vpc.clone(),
    };
    client.call(&attach).await.unwrap();
    let create_connection = Call::CreateVpnConnection {
        customer_gateway: customer.clone(),
        end: ConnectionEnd::VpnGateway(gateway.clone()),
        traits: ConnectionTraits::default(),
        tunnels: Box::new([
            (options("169.254.10.0/30"), key()),
            (options("169.254.10.4/30"), key()),
        ]),
        tags: tags(),
    };
    let connection: VpnConnectionId = make(&client, &create_connection).await;
    let label = Call::CreateTags {
        resource: connection.to_string(),
        tags: tags(),
    };
    client.call(&label).await.unwrap();
    look(&client, &vpc, &gateway, &customer, &connection).await;

    is_missing(
        client
            .call(&Call::EnableVgwRoutePropagation {
                route_table: view.route_tables.keys().next().unwrap().clone(),
                vpn_gateway: gateway.clone(),
            })
            .await,
    );
    is_missing(
        client
            .call(&Call::CreateVpnConnectionRoute {
                connection: connection.clone(),
                destination: "10.20.0.0/24".parse().unwrap(),
            })
            .await,
    );

    let detach = Call::DetachVpnGateway {
        vpn_gateway: gateway.clone(),
        vpc: vpc.clone(),
    };
    for call in [
        Call::DeleteVpnConnection(connection.clone()),
        detach,
        Call::DeleteCustomerGateway(customer.clone()),
        Call::DeleteVpnGateway(gateway.clone()),
    ] {
        client.call(&call).await.unwrap();
    }
    let view = client.view(&Collection::ALL).await.unwrap();
    assert!(view.vpn_gateway_of(&vpc).is_none());
    assert!(view.vpn_connections[&connection].state.is_ending());
    assert!(view.customer_gateways[&customer].state.is_ending());
    let unknown: CustomerGatewayId = "cgw-0123456789abcdef0".parse().unwrap();
    let gone = client
        .call(&Call::DeleteCustomerGateway(unknown))
        .await
        .unwrap_err();
    assert_eq!(gone.kind, FaultKind::NotFound, "{gone}");
}

async fn look(
    client: &Client,
    vpc: &VpcId,
    gateway: &VpnGatewayId,
    customer: &CustomerGatewayId,
    connection: &VpnConnectionId,
) {
    let view = client.view(&Collection::ALL).await.unwrap();
    let seen = view.vpn_gateway_of(vpc).unwrap();
    assert_eq!((&seen.id, &seen.tags), (gateway, &tags()));
    assert_eq!(seen.amazon_side_asn.unwrap().get(), 64513);
    let seen = &view.customer_gateways[customer];
    assert_eq!(seen.bgp_asn.unwrap().get(), 65010);
    assert_eq!(seen.ip_address.unwrap().to_string(), "198.51.100.7");
    let seen = view.connections_on(gateway).next().unwrap();
    assert_eq!((&seen.id, &seen.tags), (connection, &tags()));
    assert!(seen.state.is("available"));
    assert_eq!(seen.customer_gateway.as_ref(), Some(customer));
    assert!(seen.tunnels.is_empty() && seen.telemetry.is_empty());
    let xml = seen.configuration.as_ref().unwrap().expose_secret();
    assert!(xml.contains("<ipsec_tunnel>"));
}
