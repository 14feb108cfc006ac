//! A run that failed does not keep the next one from seeing the world as it is; one that was stopped
//! is gone on with, and shown as far as it is.

use underpass::sandbox::{Faults, GatewaySim};

use std::time::Duration;

use crate::env::{Env, ran};

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

/// Starts an onboarding and stops it once `step` is ready.
fn stopped_behind(env: &Env, step: &str) {
    let child = env.start(&["onboard", SITE, "--yes"]);
    let ready = format!("{{\"ready\":{{\"step\":\"{step}\"");
    let is_ready = || {
        let runs = std::fs::read_dir(env.file(".underpass/plant-7/runs")).into_iter();
        let texts = runs.flatten().flatten().map(|run| run.path());
        texts
            .filter_map(|run| std::fs::read_to_string(run).ok())
            .any(|text| text.contains(&ready))
    };
    for _ in 0..1200 {
        if is_ready() {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    for _ in 0..2 {
        let pid = child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status();
        assert!(sent.unwrap().success());
        std::thread::sleep(Duration::from_millis(200));
    }
    ran(child.wait_with_output().unwrap()).exits(8);
}

/// The line of a step in a plan.
fn line<'a>(plan: &'a str, step: &str) -> &'a str {
    let mut lines = plan.lines();
    let of_step = |line: &&str| line.split_whitespace().nth(1) == Some(step);
    lines
        .find(of_step)
        .unwrap_or_else(|| panic!("{step} in {plan}"))
}

#[test]
fn what_is_shown_of_a_stopped_run_is_what_it_has_done_and_what_is_left() {
    let env = Env::served(20.0, Faults::default(), GatewaySim::Online);
    stopped_behind(&env, "attachment");
    let asked = env.run(&["onboard", SITE]).exits(8);
    let plan = &asked.stdout;
    for made in ["vpn-gateway", "customer-gateway", "attachment"] {
        let line = line(plan, made);
        assert!(line.trim_start().starts_with('✓'), "{line}");
        assert!(line.ends_with("made by this run"), "{line}");
    }
    let connection = line(plan, "connection");
    assert!(connection.trim_start().starts_with('+'), "{connection}");
    assert!(
        connection.ends_with("is made: waits until it is ready"),
        "{connection}"
    );
    let said = &asked.stderr;
    assert!(
        said.contains("with 3 of 7 steps ready: this goes on with it"),
        "{said}"
    );
    assert!(!said.contains("has changed since"), "{said}");

    // Somebody takes the gateway off the VPC: the run made that and would not make it again.
    env.sandbox().edit(|world| {
        let region = world.region("eu-central-1");
        for gateway in region.vpn_gateways.values_mut() {
            if gateway.tags.contains_key("underpass:site") {
                gateway.attachments.clear();
            }
        }
    });
    let refused = env.run(&["onboard", SITE, "--yes"]).exits(5);
    let said = &refused.stderr;
    assert!(
        said.contains("what exists has changed since: attachment would be planned otherwise now"),
        "{said}"
    );
    let anew = env.run(&["onboard", SITE, "--yes"]).exits(0);
    assert!(!anew.stderr.contains("goes on with it"), "{}", anew.stderr);
    let attachment = line(&anew.stdout, "attachment");
    assert!(attachment.trim_start().starts_with('+'), "{attachment}");
}
