//! `underpass reap` as cron runs it: judged by the world, the exit code and one line per site.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use underpass::clock::Clock;
use underpass::sandbox::{CustomerGateway, Faults, GatewaySim, Lifecycle, Sandbox, World};

use crate::env::{Env, Ran};

const REGION: &str = "eu-central-1";
const LONG_AGO: &str = "2020-01-01T00:00:00Z";

fn tags(site: &str, more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut tags: BTreeMap<String, String> = [
        ("underpass:site", site),
        ("underpass:step", "customer-gateway"),
        ("underpass:run", "01M8149T000000000000000007"),
        ("underpass:environment", "test"),
        ("underpass:expires-at", LONG_AGO),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    for (key, value) in more {
        tags.insert((*key).to_owned(), (*value).to_owned());
    }
    tags.retain(|_, value| !value.is_empty());
    tags
}

/// A customer gateway with any tags: enough of a site for a reaper.
fn plant(sandbox: &Sandbox, region: &str, number: u8, tags: BTreeMap<String, String>) -> String {
    let id = format!("cgw-0{number:016x}");
    let at = Timestamp::UNIX_EPOCH;
    let gateway = CustomerGateway {
        id: id.as_str().into(),
        asn: 65000 + u32::from(number),
        ip: Some([198, 51, 100, number].into()),
        certificate_arn: None,
        device_name: None,
        life: Lifecycle {
            created_at: at,
            visible_at: at,
            available_at: at,
            deleting_at: None,
            deleted_at: None,
        },
        tags,
    };
    sandbox.edit(|world| {
        let gateways = &mut world.region(region).customer_gateways;
        gateways.insert(gateway.id.clone(), gateway);
    });
    id
}

/// The customer gateways that live in a Region.
fn living(sandbox: &Sandbox, region: &str) -> Vec<String> {
    let now = sandbox.now();
    let mut world: World = sandbox.world();
    let gateways = world.region(region).customer_gateways.values();
    let wanted = gateways.filter(|it| it.life.is_wanted(now));
    wanted.map(|it| it.id.to_string()).collect()
}

fn line<'a>(ran: &'a Ran, site: &str) -> &'a str {
    let found: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|it| it.contains(&format!(" {site} in ")))
        .collect();
    assert_eq!(found.len(), 1, "one line for {site} in:\n{}", ran.stdout);
    found[0]
}

#[test]
fn only_what_is_surely_an_expired_test_goes_and_the_rest_is_reported() {
    let env = Env::served(400.0, Faults::default(), GatewaySim::Offline);
    let sandbox = env.sandbox();
    plant(sandbox, REGION, 1, tags("expired", &[]));
    let later = [("underpass:expires-at", "2099-01-01T00:00:00Z")];
    let kept = [
        ("alive", tags("alive", &later)),
        (
            "endless",
            tags("endless", &[("underpass:expires-at", "never")]),
        ),
        (
            "production",
            tags("production", &[("underpass:environment", "production")]),
        ),
    ];
    let doubtful = [
        (
            "malformed",
            tags("malformed", &[("underpass:expires-at", "next friday")]),
        ),
        ("copied", tags("copied", &[("underpass:run", "")])),
        (
            "elsewise",
            tags("elsewise", &[("underpass:environment", "staging")]),
        ),
    ];
    for (number, (_, tags)) in (10..).zip(kept.iter().chain(&doubtful)) {
        plant(sandbox, REGION, number, tags.clone());
    }
    // One site whose halves disagree.
    plant(sandbox, REGION, 30, tags("torn", &[]));
    plant(
        sandbox,
        REGION,
        31,
        tags("torn", &[("underpass:environment", "production")]),
    );
    plant(sandbox, REGION, 32, tags("half-dated", &[]));
    plant(
        sandbox,
        REGION,
        33,
        tags("half-dated", &[("underpass:expires-at", "")]),
    );
    let nobody = plant(sandbox, REGION, 40, BTreeMap::new());
    let all = living(sandbox, REGION);

    let dry = env
        .run(&["reap", "--region", REGION, "--dry-run"])
        .exits(11);
    assert!(
        line(&dry, "expired").contains("would be removed"),
        "{}",
        dry.stdout
    );
    assert_eq!(living(sandbox, REGION), all);

    let reaped = env.run(&["reap", "--region", REGION, "--yes"]).exits(11);
    assert!(
        line(&reaped, "expired").starts_with("✔"),
        "{}",
        reaped.stdout
    );
    for (site, why) in [
        ("malformed", "next friday"),
        ("copied", "underpass:run"),
        ("elsewise", "staging"),
        ("torn", "production"),
        ("half-dated", "underpass:expires-at"),
    ] {
        let told = line(&reaped, site);
        assert!(told.starts_with("⚠") && told.contains(why), "{told}");
    }
    for (site, _) in &kept {
        assert!(
            !reaped.stdout.contains(&format!(" {site} in")),
            "{}",
            reaped.stdout
        );
    }
    let left = living(sandbox, REGION);
    assert_eq!(left.len(), all.len() - 1, "{left:?}");
    assert!(left.contains(&nobody));

    let json = env
        .run(&["reap", "--region", REGION, "--yes", "--format", "json"])
        .exits(11)
        .json();
    assert_eq!(json["reaped"].as_array().unwrap().len(), 0, "{json}");
    assert!(
        json["sites"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["result"] == "left-alone")
    );
}

#[test]
fn every_region_is_looked_at_and_nothing_to_do_is_fine() {
    let env = Env::served(400.0, Faults::default(), GatewaySim::Offline);
    let quiet = env
        .run(&["reap", "--region", "eu-central-1,us-east-1", "--yes"])
        .exits(0);
    assert!(
        quiet
            .stdout
            .contains("No test site in eu-central-1, us-east-1"),
        "{}",
        quiet.stdout
    );
    for (number, region) in [(1, REGION), (2, "us-east-1"), (3, "sa-east-1")] {
        plant(env.sandbox(), region, number, tags("away", &[]));
    }
    let both = [
        "reap",
        "--region",
        REGION,
        "--region",
        "us-east-1",
        "--yes",
        "--format",
        "json",
    ];
    let json = env.run(&both).exits(0).json();
    assert_eq!(json["sites"].as_array().unwrap().len(), 2, "{json}");
    assert!(living(env.sandbox(), REGION).is_empty());
    assert!(living(env.sandbox(), "us-east-1").is_empty());
    assert_eq!(
        living(env.sandbox(), "sa-east-1").len(),
        1,
        "nobody asked for it"
    );
}

#[test]
fn a_site_that_somebody_works_on_is_skipped_and_two_reapers_do_no_harm() {
    let env = Env::served(400.0, Faults::default(), GatewaySim::Offline);
    for number in 1..=6 {
        plant(
            env.sandbox(),
            REGION,
            number,
            tags(&format!("site-{number}"), &[]),
        );
    }
    let folder = env.file(".underpass/site-3");
    std::fs::create_dir_all(&folder).unwrap();
    let lock = std::fs::File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let first = env.run(&["reap", "--region", REGION, "--yes"]).exits(11);
    assert!(
        line(&first, "site-3").contains("skipped"),
        "{}",
        first.stdout
    );
    assert_eq!(living(env.sandbox(), REGION).len(), 1);
    drop(lock);

    for number in 11..=16 {
        plant(
            env.sandbox(),
            REGION,
            number,
            tags(&format!("site-{number}"), &[]),
        );
    }
    let reapers = ["here", "here", "there"]
        .map(|home| env.start(&["reap", "--region", REGION, "--yes", "--home", home]));
    for reaper in reapers {
        let ended = crate::env::ran(reaper.wait_with_output().unwrap());
        assert!(
            [0, 11].contains(&ended.code),
            "{}\n{}",
            ended.stdout,
            ended.stderr
        );
    }
    env.run(&["reap", "--region", REGION, "--yes"]).exits(0);
    assert_eq!(living(env.sandbox(), REGION), Vec::<String>::new());
}

#[test]
fn a_machine_whose_clock_is_an_hour_ahead_reaps_nothing_early() {
    let wall = Clock::system().now();
    let ago = |minutes: i64| {
        wall.checked_sub(SignedDuration::from_mins(minutes))
            .unwrap()
    };
    let clock = Clock::starting_at(ago(60), 1.0);
    let env = Env::served_on(clock, Faults::default(), GatewaySim::Offline);
    // By this machine it expired half an hour ago, by AWS it has half an hour left.
    let soon = [("underpass:expires-at", ago(30).to_string())];
    let soon = soon.each_ref().map(|(key, value)| (*key, value.as_str()));
    let kept = plant(env.sandbox(), REGION, 1, tags("half-an-hour-left", &soon));
    let over = ago(90).to_string();
    plant(
        env.sandbox(),
        REGION,
        2,
        tags("over", &[("underpass:expires-at", &over)]),
    );
    let reaped = env.run(&["reap", "--region", REGION, "--yes"]).exits(0);
    assert!(
        reaped.stderr.contains("ahead of AWS's"),
        "{}",
        reaped.stderr
    );
    assert_eq!(living(env.sandbox(), REGION), [kept]);
}

#[test]
fn a_longer_life_is_written_into_the_tags_and_kept() {
    const SITE: &str = "examples/plant-7.yaml";
    let env = Env::served(400.0, Faults::default(), GatewaySim::Offline);
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    let ends = || -> Vec<Timestamp> {
        let mut world = env.sandbox().world();
        let region = world.region(REGION);
        let customer = region.customer_gateways.values().map(|it| &it.tags);
        let vpn = region.vpn_gateways.values().map(|it| &it.tags);
        let connections = region.vpn_connections.values().map(|it| &it.tags);
        let all = customer.chain(vpn).chain(connections);
        let tags = all.filter_map(|tags| tags.get("underpass:expires-at"));
        tags.map(|at| at.parse().unwrap()).collect()
    };
    let before = ends();
    assert_eq!(before.len(), 3);
    let text = std::fs::read_to_string(env.file(SITE)).unwrap();
    assert!(text.contains("expires_after: 8h"), "{text}");
    env.write(
        SITE,
        &text.replace("expires_after: 8h", "expires_after: 48h"),
    );
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    for (before, after) in before.iter().zip(ends()) {
        let longer = after.duration_since(*before);
        assert!((longer.as_hours() - 40).abs() <= 1, "{longer}");
    }
    env.run(&["plan", SITE, "--detailed-exitcode"]).exits(0);
    env.run(&["reap", "--region", REGION, "--yes"]).exits(0);
    assert_eq!(ends().len(), 3);
}
