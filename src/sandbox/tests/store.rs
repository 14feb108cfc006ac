//! Worlds in files.

use std::os::unix::fs::PermissionsExt;

use crate::clock::Clock;
use crate::sandbox::testing::{Client, of, options, pass};
use crate::sandbox::{GatewaySim, Sandbox, SandboxOptions};

const KEY: &str = "A.key_that_must_stay_secret";

fn open(folder: &tempfile::TempDir) -> Client {
    let file = Some(folder.path().join("state/world.json"));
    of(Sandbox::open(SandboxOptions { file, ..options() }).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_world_survives_its_process_and_its_time_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let client = open(&folder);
    let customer = client.customer_gateway("198.51.100.7", "65010");
    let gateway = client.vpn_gateway();
    pass(10).await;
    let key = [("Options.TunnelOptions.1.PreSharedKey", KEY)];
    let vpn = client
        .vpn(&customer, &gateway, &key)
        .unwrap()
        .text("vpnConnectionId");
    pass(100).await;
    client.sandbox.set_gateway(None, GatewaySim::Online);
    let (before, left_at) = (client.sandbox.world(), client.sandbox.now());
    drop(client);

    let client = open(&folder);
    assert_eq!(client.sandbox.world(), before, "the keys included");
    let jump = client.sandbox.now().duration_since(left_at).as_secs();
    assert!(
        (0..5).contains(&jump),
        "continues where it stood, not at the wall's time: {jump}"
    );
    assert_eq!(client.describe_vpn(&vpn).text("state"), "pending");
    pass(201).await;
    let described = client.describe_vpn(&vpn);
    assert_eq!(described.text("state"), "available");
    assert!(
        described
            .inside("tunnelOptionSet", "preSharedKey")
            .contains(&KEY.to_owned())
    );
}

/// On the wall's time: while no process runs, pending states mature at the scale of the next one.
#[test]
fn a_world_matures_while_nobody_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = Some(folder.path().join("world.json"));
    let fast = || SandboxOptions {
        clock: Clock::scaled(100_000.0),
        file: file.clone(),
        ..options()
    };
    let client = of(Sandbox::open(fast()).unwrap());
    let gateway = client.vpn_gateway();
    drop(client);
    std::thread::sleep(std::time::Duration::from_millis(5));
    let client = of(Sandbox::open(fast()).unwrap());
    let described = client.ok("DescribeVpnGateways", &[("VpnGatewayId.1", &gateway)]);
    assert_eq!(described.text("state"), "available");
}

#[tokio::test(start_paused = true)]
async fn two_processes_share_a_world() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (open(&folder), open(&folder));
    let gateway = one.vpn_gateway();
    pass(5).await;
    let tag = [
        ("ResourceId.1", gateway.as_str()),
        ("Tag.1.Key", "by"),
        ("Tag.1.Value", "other"),
    ];
    other.ok("CreateTags", &tag);
    let seen = one.ok("DescribeVpnGateways", &[("VpnGatewayId.1", &gateway)]);
    assert_eq!(seen.inside("tagSet", "value"), ["other"]);
    assert_eq!(one.sandbox.world(), other.sandbox.world());
}

/// Many threads, each a process of its own as far as the file is concerned.
#[test]
fn no_change_is_lost_between_processes() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for process in 0..4 {
            let client = open(&folder);
            scope.spawn(move || {
                for change in 0..10 {
                    let ip = format!("192.0.2.{}", process * 10 + change + 1);
                    client.customer_gateway(&ip, "65010");
                }
            });
        }
    });
    let region = open(&folder).sandbox.world().regions["eu-central-1"].clone();
    assert_eq!(region.customer_gateways.len(), 40);
}

#[tokio::test(start_paused = true)]
async fn keys_stay_in_the_file_and_the_file_stays_private() {
    let folder = tempfile::tempdir().unwrap();
    let client = open(&folder);
    let customer = client.customer_gateway("198.51.100.7", "65010");
    pass(10).await;
    let gateway = "vgw-0b1b2c3d4e5f60009";
    client
        .vpn(
            &customer,
            gateway,
            &[("Options.TunnelOptions.1.PreSharedKey", KEY)],
        )
        .unwrap();
    let world = client.sandbox.world();
    let printed = [
        format!(
            "{world:?} {:?} {:?}",
            client.sandbox,
            client.sandbox.calls()
        ),
        serde_json::to_string(&world).unwrap(),
        serde_json::to_string(&client.sandbox.calls()).unwrap(),
    ];
    assert!(printed.iter().all(|text| !text.contains(KEY)));
    let path = folder.path().join("state/world.json");
    assert!(std::fs::read_to_string(&path).unwrap().contains(KEY));
    for (path, mode) in [(path.as_path(), 0o600), (path.parent().unwrap(), 0o700)] {
        let found = std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{}", path.display());
    }
}

#[test]
fn a_file_that_is_no_world_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.json");
    crate::files::write_secret(&path, b"{\"format\": 2}").unwrap();
    let error = Sandbox::open(SandboxOptions {
        file: Some(path.clone()),
        ..options()
    })
    .unwrap_err();
    assert!(error.to_string().contains("notes.json"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"{\"format\": 2}");
}
