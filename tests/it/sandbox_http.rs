//! The sandbox's HTTP server: what the transport does, apart from the API.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use underpass::clock::{Clock, IdSource};
use underpass::sandbox::{self, Faults, GatewaySim, Sandbox, SandboxOptions};

use crate::env::{Env, ran};

struct Server {
    sandbox: Sandbox,
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

async fn start() -> Server {
    let sandbox = Sandbox::open(SandboxOptions {
        clock: Clock::system(),
        ids: IdSource::seeded(1),
        faults: Faults::default(),
        file: None,
        gateway: GatewaySim::Offline,
    })
    .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(sandbox::serve(sandbox.clone(), listener, async {
        stopped.await.ok();
    }));
    Server {
        sandbox,
        address,
        stop,
        task,
    }
}

const AUTHORIZATION: &str =
    "AWS4-HMAC-SHA256 Credential=AKIDSANDBOX/20261122/eu-central-1/ec2/aws4_request";

fn post(path: &str, body: &str, more: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: sandbox\r\nAuthorization: {AUTHORIZATION}\r\n{more}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn exchange(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        text.extend_from_slice(&buffer[..read]);
        let reply = String::from_utf8_lossy(&text).into_owned();
        if read == 0 || is_complete(&reply) {
            return reply;
        }
    }
}

fn is_complete(reply: &str) -> bool {
    let Some((head, body)) = reply.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")
            .map(str::parse)
    });
    length.is_some_and(|length: Result<usize, _>| body.len() >= length.unwrap())
}

#[tokio::test]
async fn a_connection_is_kept_and_a_lost_reply_ends_it() {
    let server = start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for _ in 0..2 {
        let reply = exchange(&mut stream, &post("/", "Action=DescribeVpcs", "")).await;
        assert!(
            reply.starts_with("HTTP/1.1 200") && reply.contains("x-amzn-requestid"),
            "{reply}"
        );
    }
    server
        .sandbox
        .set_faults(Faults::default().lose_reply_of("CreateVpnGateway"));
    let create = post("/", "Action=CreateVpnGateway&Type=ipsec.1", "");
    assert_eq!(
        exchange(&mut stream, &create).await,
        "",
        "not a byte, and the connection closed"
    );
    let region = server.sandbox.world().regions["eu-central-1"].clone();
    assert_eq!(region.vpn_gateways.len(), 2, "but it was made");
}

#[tokio::test]
async fn stopping_lets_idle_connections_go() {
    let server = start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    exchange(&mut stream, &post("/", "Action=DescribeVpcs", "")).await;
    server.stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), server.task)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn only_loopback_is_served_and_bodies_are_bounded() {
    let server = start().await;
    let wide = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = sandbox::serve(server.sandbox.clone(), wide, std::future::pending()).await;
    assert_eq!(
        refused.unwrap_err().kind(),
        std::io::ErrorKind::InvalidInput
    );

    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let huge = format!("Action=DescribeVpcs&x={}", "y".repeat(1024 * 1024));
    let reply = exchange(&mut stream, &post("/", &huge, "")).await;
    assert!(
        reply.starts_with("HTTP/1.1 413"),
        "{}",
        reply.lines().next().unwrap_or_default()
    );
}

#[tokio::test]
async fn people_can_play_the_router_and_look_inside() {
    let server = start().await;
    let ask = async |request: String| {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        exchange(&mut stream, &request).await
    };
    let reply = ask(post(
        "/_underpass/gateway?ip=198.51.100.7&state=half-up",
        "",
        "",
    ))
    .await;
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    let site = server.sandbox.world().site;
    assert_eq!(
        site.gateway("198.51.100.7".parse().ok()).sim,
        GatewaySim::HalfUp
    );
    assert_eq!(
        site.gateway("198.51.100.8".parse().ok()).sim,
        GatewaySim::Offline
    );
    let reply = ask(post("/_underpass/gateway?state=sideways", "", "")).await;
    assert!(
        reply.starts_with("HTTP/1.1 400") && reply.contains("no-bgp"),
        "{reply}"
    );
    let reply = ask(post("/_underpass/faults?set=denied:DescribeVpcs", "", "")).await;
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    let reply = ask(post("/", "Action=DescribeVpcs", "")).await;
    assert!(reply.starts_with("HTTP/1.1 403"), "{reply}");
    let reply = ask("GET /_underpass/calls HTTP/1.1\r\nHost: sandbox\r\n\r\n".to_owned()).await;
    assert!(
        reply.contains("\"outcome\": \"UnauthorizedOperation\""),
        "{reply}"
    );
    let reply = ask("GET /_underpass/world HTTP/1.1\r\nHost: sandbox\r\n\r\n".to_owned()).await;
    assert!(reply.contains("clinic-vgw"), "{reply}");
}

/// However a look-alike is named, it is one: nothing that ignores dry runs is asked for any.
#[test]
fn an_endpoint_that_ignores_dry_runs_is_found_out_wherever_it_is_named() {
    let files = |env: &Env| {
        let url = env.url();
        env.write(
            "services",
            &format!(
                "[default]\nservices = alike\n[services alike]\nec2 =\n  endpoint_url = {url}\n\
                 sts =\n  endpoint_url = {url}\n"
            ),
        );
        let all = format!("[default]\nendpoint_url = {url}\n");
        env.write("all", &all);
    };
    for named in ["AWS_ENDPOINT_URL", "of each service", "services", "all"] {
        let faults: Faults = "ignored-dry-run".parse().unwrap();
        let env = Env::served(100.0, faults, GatewaySim::Offline);
        files(&env);
        let before = env.sandbox().world();
        let mut command = env.command(&["plan", "examples/plant-7.yaml", "--check-permissions"]);
        if named != "AWS_ENDPOINT_URL" {
            command.env_remove("AWS_ENDPOINT_URL");
        }
        match named {
            "AWS_ENDPOINT_URL" => {}
            "of each service" => {
                command.env("AWS_ENDPOINT_URL_EC2", env.url());
                command.env("AWS_ENDPOINT_URL_STS", env.url());
            }
            file => {
                command.env("AWS_CONFIG_FILE", env.file(file));
            }
        }
        let asked = ran(command.output().unwrap());
        assert_eq!(asked.code, 6, "{named}: {}", asked.stderr);
        let said = "the endpoint is not AWS and ignores DryRun";
        assert!(asked.stderr.contains(said), "{named}: {}", asked.stderr);
        assert_eq!(env.sandbox().world(), before, "{named}");
    }
}
