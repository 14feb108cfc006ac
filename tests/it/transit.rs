//! A site on a transit gateway, from its file to nothing, by the real binary.

use underpass::sandbox::{Faults, GatewaySim, Sandbox};

use crate::env::Env;

const REGION: &str = "eu-central-1";
const SITE: &str = "depot.yaml";
const FILE: &str = "\
site: depot-5
region: eu-central-1
environment: test
gateway: { device: strongswan, outside_ip: 203.0.113.50, asn: 65050 }
lan: [10.20.0.0/24]
aws:
  vpc: vpc-0a1b2c3d4e5f67890
  attach_to: { transit_gateway: new }
routing: ROUTING
";

fn changes(sandbox: &Sandbox, from: usize) -> Vec<String> {
    let calls = sandbox.calls();
    let calls = calls[from..].iter().filter(|it| it.mutating && it.effect);
    calls.map(|it| it.action.clone()).collect()
}

#[test]
fn a_site_of_its_own_gateway_comes_grows_and_goes_without_a_bill() {
    for routing in ["bgp", "static"] {
        let env = Env::served(3000.0, Faults::default(), GatewaySim::Online);
        let sandbox = env.sandbox();
        let before = sandbox.world().region(REGION).billed(sandbox.now()).len();
        env.write(SITE, &FILE.replace("ROUTING", routing));
        env.run(&["onboard", SITE, "--yes"]).exits(0);
        let made = sandbox.calls().len();
        let billed = sandbox.world().region(REGION).billed(sandbox.now()).len();
        assert_eq!(billed, before + 3, "a connection and two attachments");

        env.run(&["onboard", SITE, "--yes"]).exits(0);
        assert_eq!(changes(sandbox, made), [""; 0], "{routing}");
        let shown = env.run(&["verify", SITE]).exits(0).stdout;
        for check in [
            "gateway-attached",
            "association",
            "way-to-vpc",
            "transit-route",
        ] {
            assert!(shown.contains(check), "{check} in:\n{shown}");
        }

        let more = FILE.replace("10.20.0.0/24", "10.20.0.0/24, 10.21.0.0/24");
        env.write(SITE, &more.replace("ROUTING", routing));
        let from = sandbox.calls().len();
        env.run(&["onboard", SITE, "--yes"]).exits(0);
        let grown = changes(sandbox, from);
        let count = |action: &str| grown.iter().filter(|it| *it == action).count();
        assert_eq!(count("CreateRoute"), 3, "{grown:?}");
        let fixed = usize::from(routing == "static");
        assert_eq!(count("CreateTransitGatewayRoute"), fixed, "{grown:?}");
        assert!(
            grown.iter().all(|it| !it.starts_with("Delete")),
            "{grown:?}"
        );

        env.run(&["teardown", SITE, "--yes"]).exits(0);
        let left = sandbox.world().region(REGION).billed(sandbox.now()).len();
        assert_eq!(left, before, "{routing}");
        let shown = env.run(&["teardown", SITE, "--yes"]).exits(0);
        assert!(
            shown.stdout.contains("Nothing of site depot-5"),
            "{}",
            shown.stdout
        );
    }
}

/// Two sites reach one VPC over somebody's transit gateway, and the first one made the attachment.
#[test]
fn what_another_site_needs_stays_until_that_one_goes() {
    let env = Env::served(3000.0, Faults::default(), GatewaySim::Online);
    let sandbox = env.sandbox();
    let billed = || {
        let mut world = sandbox.world();
        world.region(REGION).billed(sandbox.now()).len()
    };
    let before = billed();
    let first = FILE
        .replace("ROUTING", "bgp")
        .replace("transit_gateway: new", "transit_gateway: Name=hub-tgw");
    let second = first
        .replace("depot-5", "depot-6")
        .replace("203.0.113.50", "203.0.113.60")
        .replace("65050", "65060")
        .replace("10.20.0.0", "10.26.0.0");
    env.write(SITE, &first);
    env.write("other.yaml", &second);
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    let shown = env.run(&["onboard", "other.yaml", "--yes"]).exits(0);
    assert_eq!(billed(), before + 5, "{}", shown.stdout);

    let left = env.run(&["teardown", SITE, "--yes"]).exits(11);
    let told = format!("{}{}", left.stdout, left.stderr);
    assert!(told.contains("tgw-attach-"), "{told}");
    assert!(told.contains("depot-6"), "{told}");
    assert_eq!(billed(), before + 3, "the attachment and the other site");
    env.run(&["status", "other.yaml"]).exits(0);
    let from = sandbox.calls().len();
    env.run(&["onboard", "other.yaml", "--yes"]).exits(0);
    assert_eq!(changes(sandbox, from), [""; 0]);

    env.run(&["teardown", "other.yaml", "--yes"]).exits(0);
    env.run(&["teardown", SITE, "--yes"]).exits(0);
    assert_eq!(billed(), before);
}

/// A network and a table that are taken out of the file are taken away, and nothing else is.
#[test]
fn what_the_file_no_longer_names_goes() {
    let env = Env::served(3000.0, Faults::default(), GatewaySim::Online);
    let sandbox = env.sandbox();
    let two = FILE
        .replace("ROUTING", "static")
        .replace("10.20.0.0/24", "10.20.0.0/24, 10.21.0.0/24");
    env.write(SITE, &two);
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    let from = sandbox.calls().len();
    env.write(SITE, &FILE.replace("ROUTING", "static"));
    let shown = env.run(&["plan", SITE]).exits(0).stdout;
    assert!(shown.contains("plan::no_longer_named"), "{shown}");
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    let mut gone = changes(sandbox, from);
    gone.sort();
    let routes = ["DeleteRoute"; 3].into_iter();
    let wanted: Vec<&str> = routes.chain(["DeleteTransitGatewayRoute"]).collect();
    assert_eq!(gone, wanted);
    env.run(&["verify", SITE]).exits(0);
    let status = env.run(&["status", SITE]).exits(0).stdout;
    let row = status.lines().find(|it| it.contains("vpc-route["));
    let row = row.unwrap_or_default();
    assert!(row.matches("rtb-0a1b2c3d4e5f6000").count() == 2, "{status}");
    env.run(&["teardown", SITE, "--yes"]).exits(0);
}
