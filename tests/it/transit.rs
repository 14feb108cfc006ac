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
