//! A site with a Direct Connect: weeks of people's work, a change, and the end, by the real binary.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::SignedDuration;
use underpass::sandbox::{Faults, GatewaySim, Lane, ResourceId, Sandbox};

use crate::env::Env;

const REGION: &str = "eu-central-1";
const VPC: &str = "vpc-0a1b2c3d4e5f67890";
const LAN: &str = "10.29.0.0/24";
const SITE: &str = "hub.yaml";
const FILE: &str = "\
site: hub-9
region: eu-central-1
environment: test
gateway:
  device: strongswan
  outside_ip: 203.0.113.50
  asn: 65019
  options: { direct_connect_interface: eth2 }
lan: [10.29.0.0/24]
aws:
  vpc: vpc-0a1b2c3d4e5f67890
  attach_to: ATTACH
  direct_connect:
    order: { location: SBX1, bandwidth: 1Gbps }
    vlan: 101
";

fn changes(sandbox: &Sandbox, from: usize) -> Vec<String> {
    let calls = sandbox.calls();
    let calls = calls[from..].iter().filter(|it| it.mutating && it.effect);
    calls.map(|it| it.action.clone()).collect()
}

/// Which way the site's network is reached now, from every route table; none when one is cut off.
fn way(sandbox: &Sandbox) -> Option<&'static str> {
    let now = sandbox.now();
    let paths = sandbox
        .world()
        .paths(REGION, &VPC.into(), LAN.parse().unwrap(), now);
    let mut ways = paths.values().map(|path| {
        let (there, back) = (path.there.as_ref().ok()?, path.back.as_ref().ok()?);
        let direct = |lanes: &underpass::sandbox::Lanes| {
            lanes
                .lanes
                .iter()
                .all(|it| matches!(it, Lane::DirectConnect { .. }))
        };
        Some(match (direct(there), direct(back)) {
            (true, true) => "dx",
            (false, false) => "vpn",
            _ => "both",
        })
    });
    let first = ways.next().flatten()?;
    ways.all(|it| it == Some(first)).then_some(first)
}

/// Waits until the site is reached that way.
fn until(sandbox: &Sandbox, wanted: &str) {
    let late = sandbox.now() + SignedDuration::from_mins(60);
    while way(sandbox) != Some(wanted) {
        let now = sandbox.now();
        let world = sandbox.world();
        let paths = world.paths(REGION, &VPC.into(), LAN.parse().unwrap(), now);
        assert!(now < late, "not by {wanted}: {paths:#?}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn port(sandbox: &Sandbox) -> ResourceId {
    let world = sandbox.world();
    let mut ports = world.direct_connect.connections.keys();
    ports.next().unwrap().clone()
}

/// Looks at the site's ways all the time, and says so where once there was none.
fn watched<T>(sandbox: &Sandbox, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                assert!(way(sandbox).is_some(), "cut off at {}", sandbox.now());
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        });
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        done.store(true, Ordering::Relaxed);
        watching.join().unwrap();
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn life(attach: &str) {
    let env = Env::served(3000.0, Faults::default(), GatewaySim::Offline);
    let sandbox = env.sandbox();
    let before = sandbox.world().billed(REGION, sandbox.now()).len();
    let file = FILE.replace("ATTACH", attach);
    env.write(SITE, &file);

    let unasked = env.run(&["onboard", SITE, "--yes"]).exits(5);
    assert!(unasked.stderr.contains("--order"), "{}", unasked.stderr);
    assert_eq!(
        changes(sandbox, 0),
        [""; 0],
        "an order takes a word of its own"
    );

    let first = env
        .run(&["onboard", SITE, "--yes", "--order", "SBX1"])
        .exits(0);
    for words in ["Waiting for people", "LOA-CFA", "port up"] {
        assert!(
            first.stdout.contains(words),
            "{words} in:\n{}",
            first.stdout
        );
    }
    let router: std::net::Ipv4Addr = "203.0.113.50".parse().unwrap();
    sandbox.set_lan(router.into(), vec![LAN.parse().unwrap()]);
    sandbox.set_gateway(None, GatewaySim::Online);
    until(sandbox, "vpn");
    let made = sandbox.calls().len();
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    assert_eq!(changes(sandbox, made), [""; 0], "nothing is ordered twice");

    let now = sandbox.now();
    let port = port(sandbox);
    assert!(sandbox.issue_letter(&port, now));
    assert!(sandbox.set_port(&port, true, now));
    let interface = watched(sandbox, || {
        env.run(&["onboard", SITE, "--yes"]).exits(0);
        let world = sandbox.world();
        let mut interfaces = world.direct_connect.interfaces.keys();
        interfaces.next().unwrap().clone()
    });
    let made = changes(sandbox, made);
    assert!(
        made.iter().any(|it| it.ends_with("VirtualInterface")),
        "{made:?}"
    );
    assert_eq!(
        made.len(),
        2,
        "a virtual interface and an association: {made:?}"
    );

    watched(sandbox, || {
        let lan = vec![LAN.parse().unwrap()];
        assert!(sandbox.set_dx_router(&interface, Some(true), Some(lan)));
        until(sandbox, "dx");
    });

    let more = file.replace(
        "vlan: 101",
        "vlan: 101\n    allowed_prefixes: [10.0.0.0/8, 172.16.0.0/16]",
    );
    env.write(SITE, &more.replace("10.0.0.0/8", "10.0.0.0/16"));
    let from = sandbox.calls().len();
    watched(sandbox, || env.run(&["onboard", SITE, "--yes"]).exits(0));
    assert_eq!(
        changes(sandbox, from),
        ["UpdateDirectConnectGatewayAssociation"],
        "in place, and nothing else"
    );

    let both = more.replace("[10.29.0.0/24]", "[10.29.0.0/24, 10.30.0.0/24]");
    let both = both.replace("10.0.0.0/8", "10.0.0.0/16");
    env.write(SITE, &both);
    let from = sandbox.calls().len();
    watched(sandbox, || env.run(&["onboard", SITE, "--yes"]).exits(0));
    let made = changes(sandbox, from);
    let adds = |it: &String| it == "CreateTags" || it == "CreateRoute";
    assert!(made.iter().all(adds), "BGP tells of a network: {made:?}");
    let files = env.files();
    let frr = files.iter().find(|it| it.ends_with("frr.conf")).unwrap();
    let frr = std::fs::read_to_string(frr).unwrap();
    assert!(frr.contains("10.30.0.0/24"), "{frr}");

    // The Direct Connect goes, the VPN stays.
    let (before_dx, _) = both.split_once("  direct_connect:").unwrap();
    env.write(SITE, before_dx);
    let told = env.run(&["onboard", SITE, "--yes"]).exits(5);
    assert!(told.stderr.contains("no longer names"), "{}", told.stderr);
    watched(sandbox, || {
        let accept = "preflight::dx_no_longer_named";
        env.run(&["onboard", SITE, "--yes", "--accept", accept])
            .exits(0);
        until(sandbox, "vpn");
    });
    let world = sandbox.world();
    let now = sandbox.now();
    let mut ports = world.direct_connect.connections.values();
    assert!(
        ports.all(|it| !it.is_billed(now)),
        "the port goes on billing"
    );
    drop(world);

    env.run(&["teardown", SITE, "--yes"]).exits(0);
    let left = sandbox.world().billed(REGION, sandbox.now()).len();
    assert_eq!(left, before);
    let shown = env.run(&["teardown", SITE, "--yes"]).exits(0);
    assert!(
        shown.stdout.contains("Nothing of site hub-9"),
        "{}",
        shown.stdout
    );
}

#[test]
fn a_private_interface_joins_the_vpn_and_leaves_no_bill() {
    life("virtual-private-gateway");
}

#[test]
fn a_transit_interface_joins_the_vpn_and_leaves_no_bill() {
    life("{ transit_gateway: new }");
}
