//! A run that failed does not keep the next one from seeing the world as it is.

use underpass::sandbox::{Faults, GatewaySim};

use crate::env::Env;

const SITE: &str = "examples/plant-7.yaml";

#[test]
fn what_changed_after_a_failed_run_is_planned_anew() {
    let faults = Faults::default().deny("AttachVpnGateway");
    let env = Env::served(400.0, faults, GatewaySim::Online);
    env.run(&["onboard", SITE, "--yes"]).exits(4);

    // Meanwhile somebody attaches the clinic's gateway to the VPC, so that the failed run's plan to
    // attach its own can never be carried out.
    env.sandbox().set_faults(Faults::default());
    env.sandbox().edit(|world| {
        let region = world.region("eu-central-1");
        let plant = region.vpcs.keys().next().unwrap().clone();
        for gateway in region.vpn_gateways.values_mut() {
            if gateway
                .tags
                .get("Name")
                .is_some_and(|tag| tag == "clinic-vgw")
            {
                gateway.attachments[0].vpc = plant.clone();
            }
        }
    });
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    let now = env.sandbox().now();
    let world = env.sandbox().world();
    let region = &world.regions["eu-central-1"];
    let connections = region.vpn_connections.values();
    let ends: Vec<_> = connections
        .filter(|it| it.life.exists(now))
        .map(|it| it.vpn_gateway.clone().unwrap())
        .collect();
    assert_eq!(ends.len(), 1, "the connection was replaced, not doubled");
    let gateway = &region.vpn_gateways[&ends[0]];
    assert_eq!(gateway.tags["Name"], "clinic-vgw");

    env.run(&["teardown", SITE, "--yes"]).exits(0);
    let world = env.sandbox().world();
    let now = env.sandbox().now();
    let live = world.regions["eu-central-1"]
        .vpn_gateways
        .values()
        .filter(|it| it.life.exists(now));
    assert_eq!(live.count(), 1, "only the clinic's is left");
}
