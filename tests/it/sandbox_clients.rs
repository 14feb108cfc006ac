//! The sandbox's wire format, judged by clients that nobody here wrote.
//!
//! They come from a Python environment that `.ci/tools` installs; without it the tests fail.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::oneshot;
use underpass::clock::{Clock, IdSource};
use underpass::sandbox::{self, Faults, GatewaySim, Sandbox, SandboxOptions};

/// Five minutes are a second. What was deleted stays visible for 12 seconds, in which a slow
/// machine must have started the AWS CLI a few times.
const SCALE: f64 = 300.0;

/// The Python environment that holds the clients.
pub(crate) fn environment() -> PathBuf {
    let venv = std::env::var_os("UNDERPASS_VENV").map_or_else(
        || {
            let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
                || Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
                PathBuf::from,
            );
            target.join("underpass-venv")
        },
        PathBuf::from,
    );
    assert!(
        venv.join(".underpass-pins").exists(),
        "{} holds no clients to test with; run .ci/tools once",
        venv.display()
    );
    venv
}

/// Runs a program of the environment against a new sandbox, and returns the sandbox.
async fn run(program: &str, arguments: &[&str]) -> Sandbox {
    said(program, arguments).await.0
}

/// The same, with what the program says.
pub(crate) async fn said(program: &str, arguments: &[&str]) -> (Sandbox, String) {
    let venv = environment();
    let sandbox = Sandbox::open(SandboxOptions {
        clock: Clock::scaled(SCALE),
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
    let folder = tempfile::tempdir().unwrap();
    let output = client(&venv, folder.path(), program)
        .args(arguments)
        .env("AWS_ENDPOINT_URL", &endpoint)
        .env("AWS_URL", &endpoint)
        .output()
        .await
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
    (sandbox, String::from_utf8(output.stdout).unwrap())
}

/// A program of the environment that knows the sandbox's world and nothing of this machine's.
pub(crate) fn client(venv: &Path, home: &Path, program: &str) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(venv.join("bin")).chain(std::env::split_paths(&path));
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/clients");
    let mut command = Command::new(program);
    command
        .current_dir(&clients)
        .env("PYTHONPATH", clients.join("hurried"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("UNDERPASS_SCALE", SCALE.to_string())
        .env("PATH", std::env::join_paths(path).unwrap())
        // Nothing of the user's configuration may matter, and nothing may leave this machine.
        .env("HOME", home)
        .env("AWS_CONFIG_FILE", home.join("config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", home.join("credentials"))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("ANSIBLE_LOCALHOST_WARNING", "false")
        .env("ANSIBLE_LOCAL_TEMP", home)
        .env("ANSIBLE_REMOTE_TEMP", home)
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_DEFAULT_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "AKIDSANDBOX")
        .env("AWS_SECRET_ACCESS_KEY", "sandbox")
        .env("AWS_DEFAULT_OUTPUT", "text")
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("AWS_PAGER", "")
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_SESSION_TOKEN")
        .stdin(Stdio::null());
    command
}

/// What a client made is gone, and what was there before is as it was.
fn nothing_is_left(sandbox: &Sandbox) {
    let now = sandbox.now();
    let region = sandbox.world().regions.remove("eu-central-1").unwrap();
    assert!(
        region
            .vpn_connections
            .values()
            .all(|connection| !connection.life.exists(now))
    );
    assert!(
        region
            .customer_gateways
            .values()
            .all(|gateway| !gateway.life.is_wanted(now))
    );
    let left: Vec<_> = region
        .vpn_gateways
        .values()
        .filter(|gateway| gateway.life.is_wanted(now))
        .collect();
    assert_eq!(left.len(), 1, "the clinic's gateway");
    let wanted = region
        .transit_gateways
        .values()
        .filter(|gateway| gateway.life.is_wanted(now));
    assert_eq!(wanted.count(), 1, "the shop's gateway");
    assert_eq!(region.billed(now).len(), 1, "the shop's attachment");
    let tables = region.transit_route_tables.values();
    let routes = tables.flat_map(|table| &table.routes);
    assert_eq!(routes.filter(|route| route.life.is_wanted(now)).count(), 0);
    assert!(
        region
            .route_tables
            .values()
            .all(|table| table.propagating.is_empty())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_drives_a_whole_life() {
    let sandbox = run("python", &["boto3_lifecycle.py"]).await;
    nothing_is_left(&sandbox);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_drives_a_whole_life() {
    let sandbox = run("sh", &["awscli_lifecycle.sh"]).await;
    nothing_is_left(&sandbox);
}

#[tokio::test(flavor = "multi_thread")]
async fn ansible_drives_a_whole_life_and_changes_nothing_twice() {
    let arguments = ["-i", "localhost,", "ansible_lifecycle.yml"];
    let sandbox = run("ansible-playbook", &arguments).await;
    nothing_is_left(&sandbox);
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_drives_a_whole_life_on_a_transit_gateway() {
    let sandbox = run("python", &["boto3_transit.py"]).await;
    nothing_is_left(&sandbox);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_drives_a_whole_life_on_a_transit_gateway() {
    let sandbox = run("sh", &["awscli_transit.sh"]).await;
    nothing_is_left(&sandbox);
}
