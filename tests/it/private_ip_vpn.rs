//! A VPN connection over a Direct Connect, by the real binary: first the weeks, then the tunnels.

use std::fs;

use jiff::SignedDuration;
use underpass::sandbox::{Faults, GatewaySim, Lane, Sandbox};

use crate::env::Env;

const REGION: &str = "eu-central-1";
const VPC: &str = "vpc-0a1b2c3d4e5f67890";
const LAN: &str = "10.29.0.0/24";
const END: &str = "10.254.0.1";
const SITE: &str = "hub.yaml";
const FILE: &str = "\
site: hub-9
region: eu-central-1
environment: test
gateway:
  device: strongswan
  outside_ip: 10.254.0.1
  asn: 65019
  options: { direct_connect_interface: eth2 }
lan: [10.29.0.0/24]
aws:
  vpc: vpc-0a1b2c3d4e5f67890
  attach_to: { transit_gateway: new }
  direct_connect:
    order: { location: SBX1, bandwidth: 1Gbps }
    vlan: 101
    private_vpn: 10.255.0.0/24
";

fn changes(sandbox: &Sandbox, from: usize) -> Vec<String> {
    let calls = sandbox.calls();
    let calls = calls[from..].iter().filter(|it| it.mutating && it.effect);
    calls.map(|it| it.action.clone()).collect()
}

/// Whether every way between the VPC and the site is a tunnel.
fn by_tunnels(sandbox: &Sandbox, lan: &str) -> bool {
    let now = sandbox.now();
    let world = sandbox.world();
    let paths = world.paths(REGION, &VPC.into(), lan.parse().unwrap(), now);
    !paths.is_empty()
        && paths.values().all(|path| {
            [&path.there, &path.back].iter().all(|lanes| {
                lanes.as_ref().is_ok_and(|it| {
                    let mut lanes = it.lanes.iter();
                    lanes.all(|it| !matches!(it, Lane::DirectConnect { .. }))
                })
            })
        })
}

fn until(sandbox: &Sandbox, what: &str, holds: impl Fn() -> bool) {
    let late = sandbox.now() + SignedDuration::from_mins(90);
    while !holds() {
        assert!(sandbox.now() < late, "{what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn the_tunnels_come_when_the_port_is_up_and_nothing_passes_beside_them() {
    let env = Env::served(3000.0, Faults::default(), GatewaySim::Offline);
    let sandbox = env.sandbox();
    let before = sandbox.world().billed(REGION, sandbox.now()).len();
    env.write(SITE, FILE);

    let first = env.run(&["onboard", SITE, "--yes", "--order", "SBX1"]);
    let first = first.exits(0);
    for words in ["no connection yet", "Waiting for people", "LOA-CFA"] {
        assert!(first.stdout.contains(words), "{words}: {}", first.stdout);
    }
    assert!(!first.stdout.contains("meanwhile"), "{}", first.stdout);
    let made = changes(sandbox, 0);
    assert!(
        !made.contains(&"CreateVpnConnection".to_owned()),
        "{made:?}"
    );
    let port = {
        let world = sandbox.world();
        let mut ports = world.direct_connect.connections.keys();
        ports.next().unwrap().clone()
    };
    assert!(sandbox.issue_letter(&port, sandbox.now()));
    let from = sandbox.calls().len();
    let told = env.run(&["onboard", SITE, "--yes"]).exits(0);
    let letter = format!("hub-9.bundle/LOA-CFA-{port}.pdf");
    assert!(told.stdout.contains("LOA-CFA"), "{}", told.stdout);
    assert!(env.file(&letter).exists());
    assert_eq!(changes(sandbox, from), [""; 0]);

    assert!(sandbox.set_port(&port, true, sandbox.now()));
    let from = sandbox.calls().len();
    let told = env.run(&["onboard", SITE, "--yes"]).exits(0);
    assert!(told.stdout.contains("10.255.0."), "{}", told.stdout);
    let made = changes(sandbox, from);
    let place = |action: &str| made.iter().position(|it| it == action);
    let order = [
        "CreateTransitVirtualInterface",
        "CreateDirectConnectGatewayAssociation",
        "CreateVpnConnection",
    ];
    let places: Vec<_> = order.iter().map(|it| place(it).unwrap()).collect();
    assert!(places.is_sorted(), "{made:?}");

    // AWS is told of the tunnels' end alone, and tells of its own.
    let frr = fs::read_to_string(env.file("hub-9.bundle/etc/underpass/hub-9/frr.conf")).unwrap();
    for line in [
        "ip prefix-list underpass-hub-9-dx-out seq 5 permit 10.254.0.1/32",
        " match ip address prefix-list underpass-hub-9-dx-out",
        "ip prefix-list underpass-hub-9-dx-in seq 10005 permit 10.255.0.0/24",
        "  network 10.254.0.1/32",
    ] {
        assert!(frr.contains(line), "{line} in:\n{frr}");
    }
    let world = sandbox.world();
    let vpns = &world.regions[REGION].vpn_connections;
    let vpn = vpns.values().find(|it| it.features.transport.is_some());
    let vpn = vpn.unwrap();
    let conf = env.files().into_iter();
    let conf = conf.filter(|it| it.extension().is_some_and(|it| it == "conf"));
    let conf: String = conf
        .map(|it| fs::read_to_string(it).unwrap_or_default())
        .collect();
    for tunnel in &vpn.tunnels {
        let net: ipnet::Ipv4Net = "10.255.0.0/24".parse().unwrap();
        assert!(net.contains(&tunnel.outside_ip));
        let remote = format!("remote_addrs = {}\n", tunnel.outside_ip);
        assert!(conf.contains(&remote), "{conf}");
    }
    assert!(conf.contains("local_addrs = 10.254.0.1\n"));
    let interface = {
        let mut interfaces = world.direct_connect.interfaces.keys();
        interfaces.next().unwrap().clone()
    };
    drop(world);

    // What the router does with it.
    let end: std::net::Ipv4Addr = END.parse().unwrap();
    sandbox.set_lan(end.into(), vec![LAN.parse().unwrap()]);
    sandbox.set_gateway(Some(end.into()), GatewaySim::Online);
    let announced = vec![format!("{END}/32").parse().unwrap()];
    assert!(sandbox.set_dx_router(&interface, Some(true), Some(announced)));
    until(sandbox, "no tunnels", || by_tunnels(sandbox, LAN));
    env.run(&["verify", SITE]).exits(0);
    let from = sandbox.calls().len();
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    assert_eq!(changes(sandbox, from), [""; 0], "a second run");

    // Another network of the site's, and another prefix that AWS announces.
    let more = FILE
        .replace("lan: [10.29.0.0/24]", "lan: [10.29.0.0/24, 10.30.0.0/24]")
        .replace(
            "private_vpn",
            "allowed_prefixes: [10.255.0.0/24, 10.253.0.0/24]\n    private_vpn",
        );
    env.write(SITE, &more);
    let from = sandbox.calls().len();
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    let made = changes(sandbox, from);
    assert!(made.contains(&"UpdateDirectConnectGatewayAssociation".to_owned()));
    assert!(
        made.iter().all(|it| !it.starts_with("Delete")),
        "in place: {made:?}"
    );
    assert!(by_tunnels(sandbox, LAN));

    // What would be reached in clear is refused.
    env.write(SITE, &more.replace("10.253.0.0/24", "10.0.0.0/8"));
    let told = env.run(&["onboard", SITE, "--yes"]);
    assert_ne!(told.code, 0);
    env.write(SITE, &more);

    env.run(&["teardown", SITE, "--yes"]).exits(0);
    assert_eq!(sandbox.world().billed(REGION, sandbox.now()).len(), before);
}
