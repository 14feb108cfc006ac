//! Every trouble by name: that it happens, how often, and that patience ends it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::sandbox::testing::{CLINIC_VGW, Client, TABLE, VPC, client, pass};
use crate::sandbox::{Call, Faults, Injected, Trouble};

fn troubled(faults: &str) -> Client {
    let client = client();
    client.sandbox.set_faults(faults.parse().unwrap());
    client
}

fn tag(client: &Client) -> bool {
    let tag = [
        ("ResourceId.1", VPC),
        ("Tag.1.Key", "a"),
        ("Tag.1.Value", "b"),
    ];
    client.send("ec2", "CreateTags", &tag).lost
}

/// How often each fault hit, and the most of them in a row.
fn spread(client: &Client) -> (usize, usize) {
    let (mut total, mut row, mut most) = (0, 0, 0);
    for call in client.sandbox.calls() {
        row = if call.injected.is_some() { row + 1 } else { 0 };
        total += usize::from(row > 0);
        most = most.max(row);
    }
    (total, most)
}

#[tokio::test(start_paused = true)]
async fn chance_leaves_a_way_through_and_says_whether_there_was_an_effect() {
    use Injected::{
        InternalError, LateInternalError, LateUnavailable, LostReply, Reset, Spike, Throttled,
        Unavailable,
    };
    let profiles: [(&str, &[Injected], bool, usize); 6] = [
        ("throttle", &[Throttled], false, 3),
        ("resets", &[Reset], false, 2),
        ("lost-replies", &[LostReply], true, 2),
        ("errors", &[InternalError, Unavailable], false, 2),
        (
            "late-errors",
            &[LateInternalError, LateUnavailable],
            true,
            2,
        ),
        ("spikes", &[Spike], true, 2),
    ];
    for (profile, kinds, effect, longest) in profiles {
        let client = troubled(&format!("{profile},seed:3"));
        for _ in 0..80 {
            let lost = tag(&client);
            let call = client.sandbox.calls().pop().unwrap();
            let broken = matches!(call.injected, Some(Reset | LostReply));
            assert_eq!(lost, broken, "{profile}: {call:?}");
            pass(1).await;
        }
        let (total, most) = spread(&client);
        assert!((4..60).contains(&total), "{profile}: {total}");
        assert!(most <= longest, "{profile}: {most} in a row");
        let hit: Vec<_> = client
            .sandbox
            .calls()
            .into_iter()
            .filter(|call| call.injected.is_some())
            .collect();
        let carried_out = |it: &&Call| it.resource.is_some();
        let count = hit.iter().filter(carried_out).count();
        assert_eq!(count, if effect { hit.len() } else { 0 }, "{profile}");
        let seen: BTreeSet<String> = hit
            .iter()
            .map(|call| format!("{:?}", call.injected))
            .collect();
        assert_eq!(seen.len(), kinds.len(), "{profile}: {seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_doubts_together_are_bounded_for_a_request() {
    for seed in 0..5 {
        let client = troubled(&format!(
            "resets,lost-replies,errors,late-errors,spikes,seed:{seed}"
        ));
        for _ in 0..60 {
            tag(&client);
            pass(1).await;
        }
        let (total, most) = spread(&client);
        assert!(total > 25 && most == 2, "seed {seed}: {total}, {most}");
    }
}

#[tokio::test(start_paused = true)]
async fn chance_is_the_same_whatever_else_is_switched_on() {
    let story = |faults: &str| {
        let client = troubled(faults);
        for _ in 0..40 {
            tag(&client);
            client.send("ec2", "DescribeVpcs", &[]);
        }
        let calls = client.sandbox.calls();
        let throttled = calls
            .iter()
            .map(|call| call.injected == Some(Injected::Throttled));
        throttled.collect::<Vec<_>>()
    };
    assert_eq!(
        story("throttle,seed:4"),
        story("throttle,shuffle,latency,seed:4")
    );
    assert_ne!(story("throttle,seed:4"), story("throttle,seed:5"));
}

#[tokio::test(start_paused = true)]
async fn a_spike_takes_longer_than_a_client_waits() {
    let client = client();
    let spike = Faults::default().script("CreateVpnGateway", 1, Injected::Spike);
    client.sandbox.set_faults(spike);
    let late = client.send("ec2", "CreateVpnGateway", &[("Type", "ipsec.1")]);
    assert!(
        !late.lost && late.delay > Duration::from_secs(30),
        "{late:?}"
    );
    pass(1).await;
    let listed = client.ok("DescribeVpnGateways", &[]).all("vpnGatewayId");
    assert_eq!(listed.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_busy_account_is_throttled_by_its_buckets() {
    let client = troubled("busy-account");
    let outcomes: Vec<bool> = (0..12)
        .map(|_| {
            tag(&client);
            client.sandbox.calls().pop().unwrap().outcome == "ok"
        })
        .collect();
    assert_eq!(
        outcomes.iter().filter(|ok| **ok).count(),
        10,
        "a tenth of 100"
    );
    pass(1).await;
    tag(&client);
    assert_eq!(
        client.sandbox.calls().pop().unwrap().outcome,
        "ok",
        "a tenth of 10 a second"
    );
    let throttled = client.sandbox.calls()[10].clone();
    assert_eq!(throttled.injected, Some(Injected::Throttled));
}

#[tokio::test(start_paused = true)]
async fn each_action_sees_a_new_object_at_its_own_time_and_its_tags_last() {
    let client = troubled("slow-consistency,seed:5");
    let create = [
        ("Type", "ipsec.1"),
        ("TagSpecification.1.ResourceType", "vpn-gateway"),
        ("TagSpecification.1.Tag.1.Key", "mine"),
        ("TagSpecification.1.Tag.1.Value", "yes"),
    ];
    let id = client.ok("CreateVpnGateway", &create).text("vpnGatewayId");
    let attach = [("VpnGatewayId", id.as_str()), ("VpcId", VPC)];
    let mut seen: [Option<u64>; 3] = [None; 3];
    for second in 0..=360 {
        let mut note = |which: usize, is: bool| {
            if is {
                seen[which].get_or_insert(second);
            }
        };
        let by_tag = [("Filter.1.Name", "tag:mine"), ("Filter.1.Value.1", "yes")];
        let ids = client.ok("DescribeVpnGateways", &[]).all("vpnGatewayId");
        note(0, ids.contains(&id));
        let tagged = client
            .ok("DescribeVpnGateways", &by_tag)
            .all("vpnGatewayId");
        note(1, tagged.contains(&id));
        note(2, client.call("AttachVpnGateway", &attach).is_ok());
        pass(1).await;
    }
    let [listed, tagged, attached] = seen.map(Option::unwrap);
    assert!(listed < tagged && attached != listed, "{seen:?}");
    assert!(tagged <= 360 + 30 && attached <= 300, "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn changes_of_old_objects_show_late_too() {
    let client = troubled("slow-consistency,seed:2");
    let propagates = || {
        let tables = client.ok(
            "DescribeRouteTables",
            &[("RouteTableId.1", "rtb-0b1b2c3d4e5f60001")],
        );
        tables.has("gatewayId")
            && tables.0.contains(CLINIC_VGW)
            && tables.0.contains("propagatingVgwSet><item>")
    };
    let enable = [
        ("RouteTableId", "rtb-0b1b2c3d4e5f60001"),
        ("GatewayId", CLINIC_VGW),
    ];
    client.ok("EnableVgwRoutePropagation", &enable);
    assert!(!propagates());
    pass(91).await;
    assert!(
        propagates(),
        "a minute for the change, half a one for the list"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stale_look_forgets_for_one_look() {
    let client = troubled("stale-reads,seed:1");
    let id = client.vpn_gateway();
    pass(20).await;
    let mut looks = Vec::new();
    for _ in 0..20 {
        looks.push(client.ok("DescribeVpnGateways", &[]).0.contains(&id));
        pass(1).await;
    }
    assert!(looks.contains(&false) && looks.contains(&true), "{looks:?}");
    assert!(
        !looks.windows(2).any(|pair| pair == [false, false]),
        "{looks:?}"
    );
    pass(60).await;
    for _ in 0..20 {
        assert!(client.ok("DescribeVpnGateways", &[]).0.contains(&id));
    }
    // A former state: what is being deleted is available again for a look.
    client.ok("DeleteVpnGateway", &[("VpnGatewayId", &id)]);
    pass(20).await;
    let mut states = BTreeSet::new();
    for _ in 0..20 {
        let document = client.ok("DescribeVpnGateways", &[]);
        let at = document.all("vpnGatewayId").iter().position(|it| *it == id);
        let places: Vec<usize> = document
            .0
            .match_indices("<state>")
            .map(|(at, _)| at)
            .collect();
        let mine = document.0.find(&id).unwrap();
        let state = places.into_iter().find(|at| *at > mine).unwrap();
        states.insert(document.0[state + 7..state + 14].to_owned());
        assert!(at.is_some());
    }
    assert!(states.len() > 1, "{states:?}");
}

#[tokio::test(start_paused = true)]
async fn unknown_states_come_and_go() {
    let client = troubled("unknown-states,seed:1");
    let id = client.vpn_gateway();
    let mut states = Vec::new();
    for _ in 0..400 {
        if let Ok(document) = client.call("DescribeVpnGateways", &[("VpnGatewayId.1", &id)]) {
            states.push(document.text("state"));
        }
        pass(1).await;
    }
    let unknown = states.iter().filter(|state| *state == "moving").count();
    assert!((60..260).contains(&unknown), "{unknown}");
    let longest = states
        .split(|state| state != "moving")
        .map(<[String]>::len)
        .max();
    assert!(longest <= Some(30), "{longest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_busy_delete_says_so_and_ends() {
    let client = troubled("busy-deletes,seed:1");
    let mut refused = 0;
    for _ in 0..10 {
        let id = client.vpn_gateway();
        pass(10).await;
        let mut tries = 0;
        while let Err(failure) = client.call("DeleteVpnGateway", &[("VpnGatewayId", &id)]) {
            assert_eq!(failure.code, "IncorrectState");
            assert_eq!(failure.message, "The VPN gateway is in use.");
            tries += 1;
            assert!(tries <= 4);
        }
        refused += tries;
        pass(60).await;
    }
    assert!(refused > 3, "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_detachment_is_stuck_for_as_long_as_asked() {
    let state = |client: &Client| {
        let document = client.ok("DescribeVpnGateways", &[("VpnGatewayId.1", CLINIC_VGW)]);
        document.all("state").pop().unwrap()
    };
    let detach = [
        ("VpnGatewayId", CLINIC_VGW),
        ("VpcId", "vpc-0b1b2c3d4e5f67890"),
    ];
    let client = troubled("stuck-detach:1200");
    client.ok("DetachVpnGateway", &detach);
    pass(1199).await;
    assert_eq!(state(&client), "detaching");
    pass(2).await;
    assert_eq!(state(&client), "detached");

    let client = troubled("stuck-detach");
    client.ok("DetachVpnGateway", &detach);
    pass(1_000_000).await;
    assert_eq!(state(&client), "detaching");
    client.sandbox.set_faults(Faults::default());
    pass(61).await;
    assert_eq!(state(&client), "detached", "other faults let it go");
}

#[tokio::test(start_paused = true)]
async fn credentials_expire_and_come_back() {
    let client = troubled("expiring-credentials:60-180");
    client.ok("DescribeVpcs", &[]);
    pass(60).await;
    assert_eq!(client.code("DescribeVpcs", &[]), "RequestExpired");
    assert_eq!(client.send("sts", "GetCallerIdentity", &[]).status, 403);
    pass(119).await;
    assert_eq!(client.code("DescribeVpcs", &[]), "RequestExpired");
    pass(1).await;
    client.ok("DescribeVpcs", &[]);
}

#[tokio::test(start_paused = true)]
async fn dry_runs_can_be_unknown_or_ignored() {
    let dry = [("Type", "ipsec.1"), ("DryRun", "true")];
    let client = troubled("ignored-dry-run");
    client.ok("CreateVpnGateway", &dry);
    pass(1).await;
    let listed = client.ok("DescribeVpnGateways", &[]).all("vpnGatewayId");
    assert_eq!(listed.len(), 2, "it was made");
    // As moto does: reads know it.
    assert_eq!(
        client.code("DescribeVpcs", &[("DryRun", "true")]),
        "DryRunOperation"
    );

    let mut codes = BTreeSet::new();
    for seed in 0..8 {
        let client = troubled(&format!("partial-dry-run,seed:{seed}"));
        codes.insert(client.code("CreateVpnGateway", &dry));
    }
    let both = ["DryRunOperation", "UnsupportedOperation"];
    assert_eq!(codes, both.map(str::to_owned).into());
}

#[tokio::test(start_paused = true)]
async fn what_is_unseen_is_not_found_by_name_either() {
    let client = client();
    let unseen = Faults::default()
        .script("CreateVpnGateway", 1, Injected::Unseen)
        .script("AttachVpnGateway", 2, Injected::Unseen);
    client.sandbox.set_faults(unseen);
    let id = client.vpn_gateway();
    let attach = [("VpnGatewayId", id.as_str()), ("VpcId", VPC)];
    pass(239).await;
    assert_eq!(
        client.code("AttachVpnGateway", &attach),
        "InvalidVpnGatewayID.NotFound"
    );
    pass(2).await;
    client.ok("AttachVpnGateway", &attach);
    let shown = || {
        let gateway = client.ok("DescribeVpnGateways", &[("VpnGatewayId.1", &id)]);
        gateway.all("state").get(1).cloned()
    };
    assert_eq!(shown(), None, "its attachment does not show yet");
    pass(61).await;
    assert!(shown().is_some());
    pass(100).await;
    client.ok(
        "EnableVgwRoutePropagation",
        &[("RouteTableId", TABLE), ("GatewayId", &id)],
    );
}

#[test]
fn every_trouble_has_a_test_here() {
    let tests = include_str!("troubles.rs");
    let elsewhere = [
        "latency",
        "shuffle",
        "sparse-options",
        "expired-credentials",
    ];
    for trouble in Trouble::all() {
        let name = trouble.name();
        assert!(tests.contains(name) || elsewhere.contains(&name), "{name}");
    }
}

/// `UPDATE_DOCS=1 cargo test` writes the table anew.
#[test]
fn the_guide_explains_every_fault() {
    const BEGIN: &str = "<!-- the table is written by UPDATE_DOCS=1 cargo test -->\n";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sandbox.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, shown) = text.split_once(BEGIN).expect("the mark before the table");
    let rows = Faults::table().map(|(name, what)| format!("| `{name}` | {what} |\n"));
    let table = format!(
        "| fault | what happens |\n|---|---|\n{}",
        rows.collect::<String>()
    );
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{head}{BEGIN}{table}")).unwrap();
        return;
    }
    assert_eq!(shown, table, "UPDATE_DOCS=1 writes it");
}
