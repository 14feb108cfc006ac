//! The main job from end to end, by the real binary.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use underpass::sandbox::{Faults, GatewaySim, Sandbox, World};

use crate::env::{Env, ran};

const REGION: &str = "eu-central-1";
const BGP: &str = "examples/plant-7.yaml";
const STATIC: &str = "examples/shop-12.yaml";
const ADOPTING: &str = "examples/clinic-3.yaml";
const GENERIC: &str = "examples/warehouse-generic.yaml";

/// What is alive in the world, and whose: kind → ids with our tag.
fn alive(sandbox: &Sandbox) -> BTreeMap<&'static str, Vec<(String, Option<String>)>> {
    let now = sandbox.clock().now();
    let mut world: World = sandbox.world();
    let region = world.region(REGION);
    let tag = |tags: &BTreeMap<String, String>| tags.get("underpass:site").cloned();
    let ends = |word: &str| matches!(word, "deleting" | "deleted");
    let mut alive = BTreeMap::new();
    alive.insert(
        "customer gateway",
        region
            .customer_gateways
            .values()
            .filter(|gateway| !ends(gateway.life.state(now).as_str()))
            .map(|gateway| (gateway.id.to_string(), tag(&gateway.tags)))
            .collect(),
    );
    alive.insert(
        "VPN gateway",
        region
            .vpn_gateways
            .values()
            .filter(|gateway| !ends(gateway.life.state(now).as_str()))
            .map(|gateway| (gateway.id.to_string(), tag(&gateway.tags)))
            .collect(),
    );
    alive.insert(
        "VPN connection",
        region
            .vpn_connections
            .values()
            .filter(|connection| !ends(connection.life.state(now).as_str()))
            .map(|connection| (connection.id.to_string(), tag(&connection.tags)))
            .collect(),
    );
    alive.insert(
        "propagation",
        region
            .route_tables
            .values()
            .flat_map(|table| {
                table
                    .propagating
                    .iter()
                    .map(|gateway| format!("{} {gateway}", table.id))
            })
            .map(|pair| (pair, None))
            .collect(),
    );
    alive
}

fn of_site(sandbox: &Sandbox, kind: &str, site: &str) -> Vec<String> {
    alive(sandbox)[kind]
        .iter()
        .filter(|(_, tag)| tag.as_deref() == Some(site))
        .map(|(id, _)| id.clone())
        .collect()
}

fn mutating(sandbox: &Sandbox) -> Vec<String> {
    sandbox
        .calls()
        .iter()
        .filter(|call| call.mutating && !call.dry_run)
        .map(|call| call.action.clone())
        .collect()
}

#[test]
fn every_example_comes_up_stays_and_goes_in_process() {
    for (example, site) in [
        (BGP, "plant-7"),
        (STATIC, "shop-12"),
        (ADOPTING, "clinic-3"),
        (GENERIC, "warehouse-generic"),
    ] {
        let env = Env::new();
        let with = |args: &[&'static str]| {
            [
                args,
                &["--sandbox", "--time-scale", "400", "--gateway", "online"],
            ]
            .concat()
        };
        let first = env
            .run(&with(&[
                "onboard",
                example,
                "--yes",
                "--wait-for-tunnels",
                "30m",
                "--format",
                "json",
            ]))
            .exits(0);
        let summary = first.json();
        let folder = env.file(summary["bundle"]["folder"].as_str().unwrap());
        assert!(
            folder.join("manifest.json").exists(),
            "{example}: {summary}"
        );
        let again = env
            .run(&with(&["onboard", example, "--yes", "--format", "json"]))
            .exits(0)
            .json();
        let changed: Vec<_> = again["bundle"]["files"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|file| file["change"] != "same")
            .collect();
        assert!(
            changed.is_empty(),
            "{example}: a second run wrote {changed:?}"
        );
        assert_eq!(again["connection"], summary["connection"], "{example}");

        let verified = env
            .run(&with(&["verify", example, "--format", "json"]))
            .exits(0);
        assert!(verified.stdout.contains("\"pass\""), "{}", verified.stdout);
        assert_eq!(again["site"], site);
        env.run(&with(&["teardown", example, "--yes", "--site", site]))
            .exits(0);
        let plan = env
            .run(&with(&["plan", example, "--detailed-exitcode", "--quiet"]))
            .exits(2);
        assert!(plan.stdout.contains('+'), "{}", plan.stdout);
    }
}

#[test]
fn a_second_onboard_and_every_look_change_nothing() {
    for example in [BGP, STATIC, ADOPTING] {
        let env = Env::served(400.0, Faults::default(), GatewaySim::Online);
        let before = serde_json::to_value(env.sandbox().world()).unwrap();
        env.run(&["plan", example]).exits(0);
        env.run(&["plan", example, "--check-permissions"]).exits(0);
        env.run(&["policy", example, "--for", "onboard"]).exits(0);
        let after = serde_json::to_value(env.sandbox().world()).unwrap();
        assert_eq!(
            before["regions"][REGION], after["regions"][REGION],
            "{example}: a look changed the world"
        );

        env.run(&["onboard", example, "--yes"]).exits(0);
        let calls = mutating(env.sandbox());
        assert!(
            calls.contains(&"CreateVpnConnection".to_owned()),
            "{calls:?}"
        );
        env.run(&["onboard", example, "--yes"]).exits(0);
        env.run(&["plan", example, "--detailed-exitcode"]).exits(0);
        env.run(&["plan", example, "--check-permissions"]).exits(0);
        env.run(&["status", example]).exits(0);
        env.run(&["render", example]).exits(0);
        assert_eq!(
            mutating(env.sandbox()),
            calls,
            "{example}: the second time, AWS was written to"
        );
    }
}

#[test]
fn teardown_leaves_the_world_as_it_was() {
    for (example, name) in [
        (BGP, "plant-7"),
        (STATIC, "shop-12"),
        (ADOPTING, "clinic-3"),
    ] {
        let env = Env::served(400.0, Faults::default(), GatewaySim::Online);
        let before = alive(env.sandbox());
        env.run(&["onboard", example, "--yes"]).exits(0);
        assert_ne!(alive(env.sandbox()), before, "{example}");
        // Another machine: neither the journal nor the keys are there.
        fs::remove_dir_all(env.file(".underpass")).unwrap();
        env.run(&["teardown", example, "--yes", "--site", name])
            .exits(0);
        assert_eq!(alive(env.sandbox()), before, "{example}");
    }
}

#[test]
fn another_machine_takes_the_keys_that_are_in_use() {
    for (example, site) in [(BGP, "plant-7"), (STATIC, "shop-12")] {
        let env = Env::served(400.0, Faults::default(), GatewaySim::Online);
        let keys = env.file(&format!(".underpass/{site}/keys.json"));
        env.run(&["onboard", example, "--yes"]).exits(0);
        let calls = mutating(env.sandbox());
        let made = fs::read_to_string(&keys).unwrap();
        fs::remove_dir_all(env.file(".underpass")).unwrap();

        // Twice: the first must not leave keys behind that the second stumbles over.
        for _ in 0..2 {
            let again = env.run(&["onboard", example, "--yes", "--format", "json"]);
            let again = again.exits(0).json();
            for file in again["bundle"]["files"].as_array().unwrap() {
                assert_eq!(file["change"], "same", "{example}: {file}");
            }
            assert_eq!(fs::read_to_string(&keys).unwrap(), made, "{example}");
        }
        env.run(&["render", example]).exits(0);
        assert_eq!(mutating(env.sandbox()), calls, "{example}");
    }
}

#[test]
fn production_asks_for_the_name_and_takes_no_other() {
    let env = Env::served(400.0, Faults::default(), GatewaySim::Online);
    env.run(&["onboard", ADOPTING, "--yes"]).exits(0);
    let up = alive(env.sandbox());
    env.run(&["teardown", ADOPTING, "--yes"]).exits(8);
    env.run(&["teardown", ADOPTING, "--yes", "--site", "clinic-4"])
        .exits(8);
    // A site file edited to `test` does not get around what the tags say.
    let text = fs::read_to_string(env.file(ADOPTING))
        .unwrap()
        .replace("environment: production", "environment: test");
    env.write("edited.yaml", &text);
    env.run(&["teardown", "edited.yaml", "--yes"]).exits(8);
    assert_eq!(alive(env.sandbox()), up);
}

#[test]
fn killed_at_twelve_moments_and_run_again_there_is_one_of_each() {
    for moment in 0..12_u64 {
        let example = if moment % 3 == 2 { STATIC } else { BGP };
        let site = if moment % 3 == 2 {
            "shop-12"
        } else {
            "plant-7"
        };
        let env = Env::served(150.0, Faults::default(), GatewaySim::Online);
        let mut child = env
            .command(&["onboard", example, "--yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The whole run takes about two seconds at this scale; its calls come in the first one.
        thread::sleep(Duration::from_millis(60 + moment * moment * 12));
        child.kill().unwrap();
        let _status = child.wait().unwrap();
        env.run(&["onboard", example, "--yes"]).exits(0);
        for kind in ["customer gateway", "VPN gateway", "VPN connection"] {
            let ours = of_site(env.sandbox(), kind, site);
            assert_eq!(ours.len(), 1, "killed at moment {moment}: {kind} {ours:?}");
        }
        let made = mutating(env.sandbox());
        let creates = made
            .iter()
            .filter(|action| action.as_str() == "CreateVpnConnection")
            .count();
        assert!(creates >= 1, "{made:?}");
        let tables = alive(env.sandbox())["propagation"].len();
        assert_eq!(
            tables,
            if site == "plant-7" { 3 } else { 1 },
            "killed at moment {moment}"
        );
        env.run(&["onboard", example, "--yes"]).exits(0);
        assert_eq!(
            mutating(env.sandbox()),
            made,
            "killed at moment {moment}: not settled"
        );
    }
}

#[test]
fn ctrl_c_leaves_a_run_that_resume_finishes() {
    let env = Env::served(60.0, Faults::default(), GatewaySim::Online);
    let child = env.start(&["onboard", BGP, "--yes"]);
    thread::sleep(Duration::from_millis(1500));
    let pid = child.id().to_string();
    for _ in 0..2 {
        assert!(
            std::process::Command::new("kill")
                .args(["-INT", &pid])
                .status()
                .unwrap()
                .success()
        );
        thread::sleep(Duration::from_millis(200));
    }
    let stopped = ran(child.wait_with_output().unwrap()).exits(8);
    assert!(
        stopped
            .stderr
            .contains("next: underpass onboard examples/plant-7.yaml"),
        "{}",
        stopped.stderr
    );
    let runs = env.run(&["runs", "--format", "json"]).exits(0).json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1, "{runs}");
    env.run(&["resume"]).exits(0);
    assert_eq!(of_site(env.sandbox(), "VPN connection", "plant-7").len(), 1);
    env.run(&["onboard", BGP, "--yes"]).exits(0);
    assert_eq!(of_site(env.sandbox(), "VPN connection", "plant-7").len(), 1);
}

#[test]
fn a_saved_plan_is_refused_when_the_world_has_changed() {
    let env = Env::served(400.0, Faults::default(), GatewaySim::Online);
    env.run(&["plan", BGP, "--out", "plan.json"]).exits(0);
    // Somebody else attaches a gateway of their own in the meantime.
    env.sandbox().edit(|world| {
        let region = world.region(REGION);
        let mut gateway = region.vpn_gateways.values().next().unwrap().clone();
        gateway.id = "vgw-0dddddddddddddddd".into();
        gateway.attachments[0].vpc = "vpc-0a1b2c3d4e5f67890".into();
        region.vpn_gateways.insert(gateway.id.clone(), gateway);
    });
    env.run(&["onboard", BGP, "--plan", "plan.json", "--yes"])
        .exits(5);
    assert_eq!(mutating(env.sandbox()), Vec::<String>::new());
    env.run(&["plan", BGP, "--out", "plan.json"]).exits(0);
    env.run(&["onboard", BGP, "--plan", "plan.json", "--yes"])
        .exits(0);
    assert!(
        !mutating(env.sandbox()).contains(&"CreateVpnGateway".to_owned()),
        "the gateway is adopted"
    );
}

#[test]
fn a_denied_action_is_named_and_nothing_is_lost() {
    let env = Env::served(
        400.0,
        Faults::default().deny("EnableVgwRoutePropagation"),
        GatewaySim::Online,
    );
    let denied = env.run(&["plan", BGP, "--check-permissions", "--format", "json"]);
    let asked = denied.code;
    let failed = env.run(&["onboard", BGP, "--yes"]).exits(4);
    assert!(
        failed.stderr.contains("EnableVgwRoutePropagation"),
        "{}",
        failed.stderr
    );
    assert!(failed.stderr.contains("left behind"), "{}", failed.stderr);
    // The propagation cannot be asked before the gateway exists; afterwards it can.
    assert!([0, 4].contains(&asked));
    env.run(&["plan", BGP, "--check-permissions"]).exits(4);
    env.sandbox().set_faults(Faults::default());
    env.run(&["onboard", BGP, "--yes"]).exits(0);
    assert_eq!(of_site(env.sandbox(), "VPN connection", "plant-7").len(), 1);
}

#[test]
fn faults_of_every_kind_do_not_double_anything() {
    for (number, faults) in [
        "throttle",
        "lost-replies",
        "slow-consistency",
        "errors",
        "shuffle",
    ]
    .iter()
    .enumerate()
    {
        let faults: Faults = faults.parse().unwrap();
        let env = Env::served(
            400.0,
            faults.with_seed(number as u64 + 1),
            GatewaySim::Online,
        );
        for _ in 0..4 {
            let run = env.run(&["onboard", BGP, "--yes"]);
            if run.code == 0 {
                break;
            }
            assert!([6, 9].contains(&run.code), "{}\n{}", run.stdout, run.stderr);
        }
        env.run(&["onboard", BGP, "--yes"]).exits(0);
        for kind in ["customer gateway", "VPN gateway", "VPN connection"] {
            assert_eq!(
                of_site(env.sandbox(), kind, "plant-7").len(),
                1,
                "faults {number}: {kind}"
            );
        }
    }
}

#[test]
fn tunnels_that_stay_down_are_told_with_the_likely_cause() {
    let env = Env::served(400.0, Faults::default(), GatewaySim::Offline);
    let late = env
        .run(&["onboard", BGP, "--yes", "--wait-for-tunnels", "5m"])
        .exits(7);
    assert!(
        late.stderr.contains("next: underpass verify"),
        "{}",
        late.stderr
    );
    let verified = env.run(&["verify", BGP]).exits(7);
    assert!(verified.stdout.contains("likely:"), "{}", verified.stdout);
    for (sim, code) in [
        (GatewaySim::NoBgp, 7),
        (GatewaySim::HalfUp, 7),
        (GatewaySim::Online, 0),
    ] {
        env.sandbox().set_gateway(None, sim);
        thread::sleep(Duration::from_millis(600));
        env.run(&["verify", BGP]).exits(code);
    }
}

#[test]
fn reap_takes_expired_test_sites_and_never_production() {
    let env = Env::served(2000.0, Faults::default(), GatewaySim::Online);
    env.run(&["onboard", BGP, "--yes"]).exits(0);
    env.run(&["onboard", ADOPTING, "--yes"]).exits(0);
    env.run(&["reap", "--region", REGION, "--yes"]).exits(0);
    assert_eq!(
        of_site(env.sandbox(), "VPN connection", "plant-7").len(),
        1,
        "not yet expired"
    );
    // Eight hours at this scale are fifteen seconds: play the clock instead of waiting.
    env.sandbox().edit(|world| {
        let region = world.region(REGION);
        let tags = region
            .vpn_connections
            .values_mut()
            .map(|connection| &mut connection.tags)
            .chain(
                region
                    .vpn_gateways
                    .values_mut()
                    .map(|gateway| &mut gateway.tags),
            )
            .chain(
                region
                    .customer_gateways
                    .values_mut()
                    .map(|gateway| &mut gateway.tags),
            );
        for tags in tags {
            if let Some(at) = tags.get_mut("underpass:expires-at") {
                "2020-01-01T00:00:00Z".clone_into(at);
            }
        }
    });
    let dry = env
        .run(&["reap", "--region", REGION, "--dry-run", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(dry["expired"][0]["site"], "plant-7", "{dry}");
    assert_eq!(of_site(env.sandbox(), "VPN connection", "plant-7").len(), 1);
    env.run(&["reap", "--region", REGION, "--yes"]).exits(0);
    assert_eq!(of_site(env.sandbox(), "VPN connection", "plant-7").len(), 0);
    assert_eq!(
        of_site(env.sandbox(), "VPN connection", "clinic-3").len(),
        1
    );
}

#[test]
fn the_same_name_in_two_regions_has_two_sets_of_keys() {
    let env = Env::served(400.0, Faults::default(), GatewaySim::Online);
    let mut elsewhere = env.sandbox().world();
    let vpcs = &elsewhere.region("us-east-1").vpcs;
    let vpc = vpcs
        .values()
        .find(|vpc| vpc.cidr.to_string() == "10.0.0.0/16");
    let text = fs::read_to_string(env.file(BGP))
        .unwrap()
        .replace(REGION, "us-east-1")
        .replace("vpc-0a1b2c3d4e5f67890", vpc.unwrap().id.as_str());
    env.write("east.yaml", &text);
    env.run(&["onboard", BGP, "--yes", "--out", "here"])
        .exits(0);
    env.run(&["onboard", "east.yaml", "--yes", "--out", "there"])
        .exits(0);
    let keys = |folder: &str| {
        let path = format!("{folder}/etc/swanctl/conf.d/underpass-plant-7-secrets.conf");
        let text = fs::read_to_string(env.file(&path)).unwrap();
        let lines = text.lines().filter(|line| line.contains("secret ="));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let (here, there) = (keys("here"), keys("there"));
    assert_eq!((here.len(), there.len()), (2, 2));
    assert!(
        here.iter().all(|key| !there.contains(key)),
        "a key is in use twice"
    );
    env.run(&["render", BGP, "--out", "here"]).exits(0);
    assert_eq!(keys("here"), here);
}
