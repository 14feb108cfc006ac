//! A test site with a Direct Connect does not outlive its time, and takes nobody's port with it.

use jiff::SignedDuration;
use underpass::sandbox::{Faults, GatewaySim, ResourceId, Sandbox};

use crate::env::Env;

const REGION: &str = "eu-central-1";
const SITE: &str = "hub.yaml";
const FILE: &str = "\
site: hub-9
region: eu-central-1
environment: ENVIRONMENT
gateway:
  device: strongswan
  outside_ip: 203.0.113.50
  asn: 65019
  options: { direct_connect_interface: eth2 }
lan: [10.29.0.0/24]
aws:
  vpc: vpc-0a1b2c3d4e5f67890
  direct_connect:
    order: { location: SBX1, bandwidth: 1Gbps }
    vlan: 101
";

/// Everything of Direct Connect's that is still there, by id.
fn left(sandbox: &Sandbox) -> Vec<String> {
    let now = sandbox.now();
    let world = sandbox.world();
    let all = &world.direct_connect;
    let ports = all.connections.values().filter(|it| it.life.is_wanted(now));
    let gateways = all.gateways.values().filter(|it| it.life.is_wanted(now));
    let interfaces = all.interfaces.values().filter(|it| it.life.is_wanted(now));
    let joined = all
        .associations
        .values()
        .filter(|it| it.life.is_wanted(now));
    let ids = ports.map(|it| &it.id).chain(gateways.map(|it| &it.id));
    let ids = ids.chain(interfaces.map(|it| &it.id));
    ids.chain(joined.map(|it| &it.id))
        .map(ToString::to_string)
        .collect()
}

/// A site whose port is up and whose virtual interface is made.
fn onboarded(environment: &str) -> (Env, ResourceId) {
    let env = Env::served(3000.0, Faults::default(), GatewaySim::Offline);
    let sandbox = env.sandbox();
    env.write(SITE, &FILE.replace("ENVIRONMENT", environment));
    env.run(&["onboard", SITE, "--yes", "--order", "SBX1"])
        .exits(0);
    let port = {
        let world = sandbox.world();
        world
            .direct_connect
            .connections
            .keys()
            .next()
            .unwrap()
            .clone()
    };
    assert!(sandbox.issue_letter(&port, sandbox.now()));
    assert!(sandbox.set_port(&port, true, sandbox.now()));
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    assert_eq!(left(sandbox).len(), 4, "{:?}", left(sandbox));
    (env, port)
}

fn wait(sandbox: &Sandbox, minutes: i64) {
    let until = sandbox.now() + SignedDuration::from_mins(minutes);
    while sandbox.now() < until {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

const REAP: [&str; 4] = ["reap", "--region", REGION, "--yes"];

#[test]
fn a_reaped_site_leaves_no_port_behind() {
    let (env, _) = onboarded("test\nexpires_after: 4h");
    let sandbox = env.sandbox();
    let early = env.run(&REAP).exits(0);
    assert_eq!(left(sandbox).len(), 4, "too early:\n{}", early.stdout);
    wait(sandbox, 5 * 60);
    let told = env.run(&["reap", "--region", REGION, "--dry-run"]).exits(0);
    // A port is 219 USD a month, a VPN connection 36.50.
    assert!(told.stdout.contains("255.50"), "{}", told.stdout);
    let told = env.run(&REAP);
    assert_eq!(left(sandbox), [""; 0], "{}\n{}", told.stdout, told.stderr);
    told.exits(0);
}

#[test]
fn a_port_that_is_all_that_is_left_is_found() {
    let (env, port) = onboarded("test\nexpires_after: 4h");
    let sandbox = env.sandbox();
    // As after a teardown that lost its permissions half way.
    sandbox.edit(|world| {
        let direct = &mut world.direct_connect;
        direct.interfaces.clear();
        direct.associations.clear();
        direct.gateways.clear();
        let region = world.region(REGION);
        region.vpn_connections.clear();
        region.customer_gateways.clear();
        region.vpn_gateways.clear();
    });
    wait(sandbox, 5 * 60);
    env.run(&REAP).exits(0);
    assert_eq!(left(sandbox), [""; 0], "{port}");
}

#[test]
fn a_port_that_others_use_stays_and_is_named() {
    let (env, port) = onboarded("test\nexpires_after: 4h");
    let sandbox = env.sandbox();
    let other = ResourceId::from("dxvif-ff00abcd");
    sandbox.edit(|world| {
        let interfaces = &mut world.direct_connect.interfaces;
        let mut copy = interfaces.values().next().unwrap().clone();
        copy.id = other.clone();
        copy.vlan = 102;
        copy.gateway = None;
        copy.tags.clear();
        interfaces.insert(other.clone(), copy);
    });
    wait(sandbox, 5 * 60);
    let told = env.run(&REAP);
    let said = format!("{}{}", told.stdout, told.stderr);
    assert!(said.contains(port.as_str()), "{said}");
    assert!(said.contains(other.as_str()), "{said}");
    let mut expected = vec![port.to_string(), other.to_string()];
    expected.sort();
    assert_eq!(left(sandbox), expected, "{said}");
}

#[test]
fn production_is_nobodys_to_reap() {
    let (env, _) = onboarded("production");
    let sandbox = env.sandbox();
    wait(sandbox, 5 * 60);
    env.run(&REAP).exits(0);
    assert_eq!(left(sandbox).len(), 4);
    // By its name, and in one go.
    env.run(&["teardown", SITE, "--yes", "--site", "hub-9"])
        .exits(0);
    assert_eq!(left(sandbox), [""; 0]);
}
