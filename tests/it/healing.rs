//! What exists twice, what is stuck, what others need: by the real binary, judged by the world.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use underpass::sandbox::{Faults, GatewaySim, Route, Sandbox, World};

use crate::env::{Env, ran};

const REGION: &str = "eu-central-1";
const SITE: &str = "examples/plant-7.yaml";

/// Who made what lives: kind → site → ids.
fn alive(sandbox: &Sandbox) -> BTreeMap<String, Vec<String>> {
    let now = sandbox.now();
    let mut world: World = sandbox.world();
    let region = world.region(REGION);
    let mut alive: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |kind: &str, id: String, tags: &BTreeMap<String, String>| {
        let site = tags.get("underpass:site").map_or("nobody", String::as_str);
        alive
            .entry(format!("{kind} of {site}"))
            .or_default()
            .push(id);
    };
    for it in region
        .customer_gateways
        .values()
        .filter(|it| it.life.is_wanted(now))
    {
        add("cgw", it.id.to_string(), &it.tags);
    }
    for it in region
        .vpn_gateways
        .values()
        .filter(|it| it.life.is_wanted(now))
    {
        add("vgw", it.id.to_string(), &it.tags);
        if let Some(attachment) = it.attachment(now) {
            add("attachment", attachment.vpc.to_string(), &it.tags);
        }
    }
    for it in region
        .vpn_connections
        .values()
        .filter(|it| it.life.is_wanted(now))
    {
        add("vpn", it.id.to_string(), &it.tags);
    }
    alive
}

fn deletes(sandbox: &Sandbox) -> Vec<String> {
    let calls = sandbox.calls();
    let deletes = calls.iter().filter(|it| {
        it.mutating && (it.action.starts_with("Delete") || it.action.starts_with("Detach"))
    });
    deletes
        .map(|it| format!("{} {}", it.action, it.resource.clone().unwrap_or_default()))
        .collect()
}

/// What a second machine has made at the same moment: a gateway that could not be attached, and a
/// connection on it.
fn double(world: &mut World) {
    let region = world.region(REGION);
    let ours = |tags: &BTreeMap<String, String>| tags.contains_key("underpass:site");
    let mut gateway = region
        .vpn_gateways
        .values()
        .find(|it| ours(&it.tags))
        .unwrap()
        .clone();
    gateway.id = "vgw-0ddddddddddddddd1".into();
    gateway.attachments.clear();
    let mut connection = region.vpn_connections.values().next().unwrap().clone();
    connection.id = "vpn-0ddddddddddddddd1".into();
    connection.vpn_gateway = Some(gateway.id.clone());
    for (number, tunnel) in (77..).zip(&mut connection.tunnels) {
        tunnel.outside_ip = [203, 0, 113, number].into();
    }
    region.vpn_gateways.insert(gateway.id.clone(), gateway);
    region
        .vpn_connections
        .insert(connection.id.clone(), connection);
}

#[test]
fn a_second_set_is_named_left_alone_and_removed_when_told() {
    let env = Env::served(400.0, Faults::default(), GatewaySim::Online);
    env.run(&["onboard", SITE, "--yes", "--wait-for-tunnels", "30m"])
        .exits(0);
    let one = alive(env.sandbox());
    env.sandbox().edit(double);

    let plan = env.run(&["plan", SITE, "--format", "json"]).exits(0).json();
    let kinds: Vec<_> = plan["duplicates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["kind"])
        .collect();
    assert_eq!(kinds, ["vpn_gateway", "vpn_connection"], "{plan}");
    assert_eq!(
        plan["duplicates"][1]["others"][0]["id"],
        "vpn-0ddddddddddddddd1"
    );
    // Without the flag the site works on, and nothing is removed.
    let up = env.run(&["onboard", SITE, "--yes"]).exits(0);
    assert!(
        up.stdout.contains(&one["vpn of plant-7"][0]),
        "{}",
        up.stdout
    );
    for command in ["status", "verify"] {
        let told = env.run(&[command, SITE]);
        let text = format!("{}{}", told.stdout, told.stderr);
        assert!(text.contains("vpn-0ddddddddddddddd1"), "{command}: {text}");
    }
    // AWS sees the twin's tunnels up: that has to be said twice.
    let refused = env
        .run(&["onboard", SITE, "--yes", "--remove-duplicates"])
        .exits(5);
    assert!(
        refused.stderr.contains("--accept preflight::duplicate_up"),
        "{}",
        refused.stderr
    );
    assert_eq!(deletes(env.sandbox()), [""; 0]);
    let told = [
        "onboard",
        SITE,
        "--yes",
        "--remove-duplicates",
        "--accept",
        "preflight::duplicate_up",
    ];
    env.run(&told).exits(0);
    assert_eq!(alive(env.sandbox()), one);
    let removed = [
        "DeleteVpnConnection vpn-0ddddddddddddddd1",
        "DeleteVpnGateway vgw-0ddddddddddddddd1",
    ];
    assert_eq!(deletes(env.sandbox()), removed);
    let plan = env
        .run(&["plan", SITE, "--detailed-exitcode", "--format", "json"])
        .exits(0)
        .json();
    assert!(plan["duplicates"].is_null(), "{plan}");
}

#[test]
fn a_saved_plan_removes_what_it_names_and_not_what_came_up_since() {
    let env = Env::served(400.0, Faults::default(), GatewaySim::Offline);
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    let one = alive(env.sandbox());
    env.sandbox().edit(double);
    let save = ["plan", SITE, "--remove-duplicates", "--out", "plan.json"];
    let saved = env.run(&save).exits(0);
    assert!(
        saved.stdout.contains("duplicate[vpn-0ddddddddddddddd1]"),
        "{}",
        saved.stdout
    );
    let heal = [
        "onboard",
        SITE,
        "--yes",
        "--remove-duplicates",
        "--plan",
        "plan.json",
    ];
    env.sandbox().set_gateway(None, GatewaySim::Online);
    std::thread::sleep(std::time::Duration::from_millis(600));
    env.run(&heal).exits(5);
    assert_eq!(deletes(env.sandbox()), [""; 0]);
    env.sandbox().set_gateway(None, GatewaySim::Offline);
    std::thread::sleep(std::time::Duration::from_millis(600));
    env.run(&heal).exits(0);
    assert_eq!(alive(env.sandbox()), one);
}

/// Two machines, each with a folder of its own, at the same moment: whatever comes of it, one
/// onboarding with the flag leaves one of each (two, where the plan says so), and a teardown nothing.
#[test]
fn two_machines_that_share_nothing_end_with_one_site() {
    let mut doubled = 0;
    // On a busy machine the two seldom meet.
    for round in 0..15_u64 {
        if round >= 3 && doubled > 0 {
            break;
        }
        let faults = Faults::default().with_seed(round);
        let env = Env::served(200.0, faults, GatewaySim::Offline);
        let before = alive(env.sandbox());
        let first = env.start(&["onboard", SITE, "--yes", "--home", "first", "--out", "a"]);
        let second = env.start(&["onboard", SITE, "--yes", "--home", "second", "--out", "b"]);
        for child in [first, second] {
            let ended = ran(child.wait_with_output().unwrap());
            // 10: the other's connection was found, with keys that are not ours; run again.
            assert!(
                [0, 5, 6, 9, 10].contains(&ended.code),
                "{}\n{}",
                ended.code,
                ended.stderr
            );
        }
        doubled += usize::from(alive(env.sandbox())["vgw of plant-7"].len() > 1);
        for home in ["second", "first"] {
            let heal = [
                "onboard",
                SITE,
                "--yes",
                "--remove-duplicates",
                "--home",
                home,
                "--out",
                "a",
            ];
            let healed = env.run(&heal).exits(0);
            // Beside a connection that is replaced, its twin stays until the new one stands.
            if healed.stdout.contains("plan again afterwards") {
                env.run(&heal).exits(0);
            }
            let now = alive(env.sandbox());
            for kind in ["cgw", "vgw", "attachment", "vpn"] {
                assert_eq!(
                    now[&format!("{kind} of plant-7")].len(),
                    1,
                    "round {round}: {now:?}"
                );
            }
        }
        env.run(&["teardown", SITE, "--yes", "--home", "first"])
            .exits(0);
        assert_eq!(alive(env.sandbox()), before, "round {round}");
    }
    assert!(
        doubled > 0,
        "no round made two gateways: nothing was healed"
    );
}

fn attachments(sandbox: &Sandbox, until: Option<Timestamp>) {
    sandbox.edit(|world| {
        for gateway in world.region(REGION).vpn_gateways.values_mut() {
            let ours = gateway.tags.contains_key("underpass:site");
            for attachment in gateway.attachments.iter_mut().filter(|_| ours) {
                attachment.detached_at = until;
            }
        }
    });
}

#[test]
fn a_teardown_that_gives_up_says_what_is_there_and_what_it_costs() {
    let env = Env::served(4000.0, Faults::default(), GatewaySim::Offline);
    let before = alive(env.sandbox());
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    let far = env
        .sandbox()
        .now()
        .checked_add(SignedDuration::from_hours(10_000));
    attachments(env.sandbox(), far.ok());
    let stuck = env.run(&["teardown", SITE, "--yes"]).exits(9);
    for words in [
        "is still detaching",
        "still there: vgw-",
        "nothing of it is billed by the hour",
        "Direct Connect virtual interfaces",
        "next: underpass teardown examples/plant-7.yaml --yes",
    ] {
        assert!(
            stuck.stderr.contains(words),
            "{words} in:\n{}",
            stuck.stderr
        );
    }
    attachments(env.sandbox(), Some(env.sandbox().now()));
    env.run(&["teardown", SITE, "--yes"]).exits(0);
    assert_eq!(alive(env.sandbox()), before);
}

#[test]
fn what_others_need_stays_until_they_do_not() {
    let env = Env::served(400.0, Faults::default(), GatewaySim::Offline);
    let before = alive(env.sandbox());
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    let gateway = alive(env.sandbox())["vgw of plant-7"][0].clone();
    // Somebody's route over our gateway, and somebody's connection on it.
    let connect = |world: &mut World| {
        let region = world.region(REGION);
        let mut theirs = region.vpn_connections.values().next().unwrap().clone();
        theirs.id = "vpn-0eeeeeeeeeeeeeee1".into();
        theirs.customer_gateway = "cgw-0eeeeeeeeeeeeeee1".into();
        theirs.tags.clear();
        region.vpn_connections.insert(theirs.id.clone(), theirs);
    };
    env.sandbox().edit(connect);
    env.sandbox().edit(|world| {
        let tables = &mut world.region(REGION).route_tables;
        let table = tables.get_mut(&"rtb-0a1b2c3d4e5f60002".into()).unwrap();
        table.routes.push(Route {
            destination: "10.99.0.0/16".parse().unwrap(),
            gateway: gateway.as_str().into(),
        });
    });
    let left = env.run(&["teardown", SITE, "--yes"]).exits(11);
    assert!(
        left.stderr.contains("vpn-0eeeeeeeeeeeeeee1"),
        "{}",
        left.stderr
    );
    assert!(
        left.stdout.contains("is gone, but for what others need"),
        "{}",
        left.stdout
    );
    let now = alive(env.sandbox());
    assert_eq!(now["vgw of plant-7"], std::slice::from_ref(&gateway));
    assert_eq!(now["attachment of plant-7"].len(), 1);
    assert!(!now.contains_key("vpn of plant-7") && !now.contains_key("cgw of plant-7"));

    env.sandbox().edit(|world| {
        world
            .region(REGION)
            .vpn_connections
            .remove(&"vpn-0eeeeeeeeeeeeeee1".into());
    });
    let again = env.run(&["teardown", SITE, "--yes"]).exits(11);
    assert!(again.stderr.contains("10.99.0.0/16"), "{}", again.stderr);
    assert!(
        again.stdout.contains("Nothing more of site plant-7"),
        "{}",
        again.stdout
    );
    env.sandbox().edit(|world| {
        for table in world.region(REGION).route_tables.values_mut() {
            table.routes.retain(|it| it.gateway.as_str() != gateway);
        }
    });
    env.run(&["teardown", SITE, "--yes"]).exits(0);
    assert_eq!(alive(env.sandbox()), before);
}

/// Killed with a create under way that AWS does not list for minutes; the teardown comes at once.
#[test]
fn a_teardown_right_after_a_kill_finds_what_is_not_listed_yet() {
    let mut searched = 0;
    for seed in 0..3_u64 {
        let faults: Faults = "slow-consistency".parse().unwrap();
        let env = Env::served(200.0, faults.with_seed(seed), GatewaySim::Offline);
        let before = alive(env.sandbox());
        let mut child = env.start(&["onboard", SITE, "--yes"]);
        let made = || {
            let calls = env.sandbox().calls();
            calls
                .iter()
                .any(|it| it.action == "CreateVpnGateway" && !it.dry_run)
        };
        while !made() {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        child.kill().unwrap();
        drop(child.wait());
        let away = env.run(&["teardown", SITE, "--yes"]).exits(0);
        searched += usize::from(away.stderr.contains("looking for"));
        // Whatever was on its way has arrived by now: fifteen minutes of the world's time.
        std::thread::sleep(std::time::Duration::from_millis(4500));
        assert_eq!(
            alive(env.sandbox()),
            before,
            "seed {seed}:\n{}",
            away.stderr
        );
    }
    assert!(searched > 0, "everything was listed at once");
}
