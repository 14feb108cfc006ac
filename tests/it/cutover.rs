//! A site with two ways: waiting for people, moving from one way to the other, and the drill; by the
//! real binary, with the sandbox's route model as the witness of what traffic does.

use std::fs;
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ipnet::Ipv4Net;
use serde_json::Value;
use underpass::sandbox::{Faults, GatewaySim, Lane, Lanes, ResourceId, Sandbox};

use crate::env::{Env, Ran, ran};
use crate::town::signal;

const REGION: &str = "eu-central-1";
const VPC: &str = "vpc-0a1b2c3d4e5f67890";
const LAN: &str = "10.29.0.0/24";
const SITE: &str = "hub.yaml";
const FILE: &str = "\
site: hub-9
region: eu-central-1
environment: test
gateway:
  device: strongswan
  outside_ip: 203.0.113.50
  asn: 65019
  options: { direct_connect_interface: eth2 }
lan: [10.29.0.0/24]
aws:
  vpc: vpc-0a1b2c3d4e5f67890
  attach_to: ATTACH
  direct_connect:
    order: { location: SBX1, bandwidth: 1Gbps }
    vlan: 101
    bfd: true
";
const PRIVATE: &str = "virtual-private-gateway";
const TRANSIT: &str = "{ transit_gateway: new }";

fn lan() -> Vec<Ipv4Net> {
    vec![LAN.parse().unwrap()]
}

/// A site in a sandbox, and its virtual interface once there is one.
struct Town {
    env: Env,
    interface: Option<ResourceId>,
}

impl Town {
    /// The tunnels are up, and the port is ordered.
    fn ordered(attach: &str, scale: f64) -> Self {
        let env = Env::served(scale, Faults::default(), GatewaySim::Online);
        env.write(SITE, &FILE.replace("ATTACH", attach));
        let router: std::net::Ipv4Addr = "203.0.113.50".parse().unwrap();
        env.sandbox().set_lan(router.into(), lan());
        env.run(&["onboard", SITE, "--yes", "--order", "SBX1"])
            .exits(0);
        let town = Self {
            env,
            interface: None,
        };
        town.until("vpn");
        town
    }

    /// Both ways are up, and Direct Connect is taken.
    fn with_both(attach: &str, scale: f64) -> Self {
        let mut town = Self::ordered(attach, scale);
        let sandbox = town.sandbox();
        let now = sandbox.now();
        let port = town.port();
        assert!(sandbox.issue_letter(&port, now));
        assert!(sandbox.set_port(&port, true, now));
        town.env.run(&["onboard", SITE, "--yes"]).exits(0);
        let world = town.sandbox().world();
        town.interface = world.direct_connect.interfaces.keys().next().cloned();
        // From now on it has a router of its own, that does not follow the tunnels'.
        let interface = town.interface.as_ref().unwrap();
        assert!(town.sandbox().set_dx_router(interface, Some(false), None));
        town.install();
        town.until("dx");
        town.until_verified();
        town
    }

    fn sandbox(&self) -> &Sandbox {
        self.env.sandbox()
    }

    fn port(&self) -> ResourceId {
        let world = self.sandbox().world();
        world
            .direct_connect
            .connections
            .keys()
            .next()
            .unwrap()
            .clone()
    }

    /// The router does over Direct Connect what its files say.
    fn install(&self) {
        let conf = "hub-9.bundle/etc/underpass/hub-9/frr.conf";
        let conf = fs::read_to_string(self.env.path().join(conf)).unwrap();
        let permits = |direction: &str| {
            let rule = format!("route-map underpass-hub-9-dx-{direction} permit 10\n");
            conf.contains(&rule)
        };
        assert_eq!(permits("in"), permits("out"), "{conf}");
        let announced = if permits("out") { lan() } else { Vec::new() };
        let interface = self.interface.as_ref().unwrap();
        let done = self
            .sandbox()
            .set_dx_router(interface, Some(true), Some(announced));
        assert!(done);
    }

    fn run(&self, args: &[&str]) -> Ran {
        let mut all = vec![args[0], SITE];
        all.extend(&args[1..]);
        self.env.run(&all)
    }

    /// Which way the network is reached, from every route table; none when one is cut off.
    fn way(&self) -> Option<&'static str> {
        let now = self.sandbox().now();
        let paths = self
            .sandbox()
            .world()
            .paths(REGION, &VPC.into(), lan()[0], now);
        let mut ways = paths.values().map(|path| {
            let (there, back) = (path.there.as_ref().ok()?, path.back.as_ref().ok()?);
            let direct = |it: &Lanes| {
                let mut lanes = it.lanes.iter();
                lanes.all(|it| matches!(it, Lane::DirectConnect { .. }))
            };
            Some(match (direct(there), direct(back)) {
                (true, true) => "dx",
                (false, false) => "vpn",
                _ => "both",
            })
        });
        let first = ways.next().flatten()?;
        ways.all(|it| it == Some(first)).then_some(first)
    }

    fn until(&self, wanted: &str) {
        self.wait(|| self.way() == Some(wanted), wanted);
    }

    fn wait(&self, there: impl Fn() -> bool, what: &str) {
        for _ in 0..6_000 {
            if there() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("not {what}: {:?}", self.way());
    }

    fn until_verified(&self) {
        self.wait(|| self.run(&["verify"]).code == 0, "verified");
    }

    /// The mutating calls since then.
    fn changes(&self, from: usize) -> Vec<String> {
        let calls = self.sandbox().calls();
        let calls = calls[from..].iter().filter(|it| it.mutating && it.effect);
        calls.map(|it| it.action.clone()).collect()
    }

    fn calls(&self) -> usize {
        self.sandbox().calls().len()
    }

    /// Looks at the way all the time: never is there none.
    fn never_cut<T>(&self, work: impl FnOnce() -> T) -> T {
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watching = scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    assert!(self.way().is_some(), "cut off");
                    std::thread::sleep(Duration::from_millis(5));
                }
            });
            let work = std::panic::AssertUnwindSafe(work);
            let result = std::panic::catch_unwind(work);
            done.store(true, Ordering::Relaxed);
            watching.join().unwrap();
            result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn direct(&self) -> Value {
        let status = self.run(&["status", "--format", "json"]).exits(0).json();
        status["verification"]["direct_connect"].clone()
    }
}

fn ends(child: Child) -> Ran {
    ran(child.wait_with_output().unwrap())
}

fn contains(text: &str, words: &[&str]) {
    for words in words {
        assert!(text.contains(words), "no `{words}` in:\n{text}");
    }
}

#[test]
fn a_site_that_waits_for_people_is_up_and_says_for_whom() {
    let town = Town::ordered(PRIVATE, 3000.0);
    town.until_verified();
    let verified = town.run(&["verify"]).exits(0);
    contains(
        &verified.stdout,
        &[
            "Site hub-9 is up",
            "traffic goes by vpn",
            "Waiting for people: dxcon-",
            "cross connect made",
            "The VPN connection carries the site meanwhile.",
        ],
    );
    let now = town.sandbox().now();
    assert!(town.sandbox().issue_letter(&town.port(), now));
    let status = town.run(&["status"]).exits(0);
    let date = now.to_string();
    contains(&status.stdout, &["(LOA-CFA) issued", &date[..10]]);
    let direct = town.direct();
    assert_eq!(direct["waiting_for_people"].as_array().unwrap().len(), 4);
    assert_eq!(direct["ways"][0]["goes"], "vpn");
    let early = town.run(&["cutover", "--to", "dx", "--yes"]).exits(5);
    contains(
        &early.stderr,
        &["nothing was changed", "dx-connection", "waits for"],
    );
}

fn there_and_back(attach: &str) {
    let town = Town::with_both(attach, 3000.0);
    let up = town.run(&["verify"]).exits(0);
    contains(
        &up.stdout,
        &["dx-session", "dx-routes", "traffic goes by dx"],
    );

    let from = town.calls();
    let unasked = town.run(&["cutover", "--to", "vpn"]).exits(8);
    contains(&unasked.stdout, &["What will happen", "no backup"]);
    assert_eq!(town.changes(from), [""; 0], "a cut-over takes a yes");

    town.never_cut(|| town.run(&["cutover", "--to", "vpn", "--yes"]).exits(0));
    assert_eq!(town.changes(from), ["TagResource"]);
    assert_eq!(town.way(), Some("dx"), "nothing moves before the files run");
    let half = town.run(&["verify"]).exits(7);
    contains(
        &half.stdout,
        &[
            "✗ dx-routes",
            "the files that were written with the cut-over",
        ],
    );
    town.never_cut(|| {
        town.install();
        town.until("vpn");
    });
    town.until_verified();
    let direct = town.direct();
    assert_eq!(direct["prefers"], "vpn");
    assert_eq!(direct["ways"][0]["goes"], "vpn");
    assert_eq!(direct["up"], true, "the session stays up");

    // Whoever writes the files anew, and wherever, keeps to it.
    let from = town.calls();
    fs::remove_dir_all(town.env.path().join("hub-9.bundle")).unwrap();
    town.run(&["onboard", "--yes"]).exits(0);
    town.run(&["cutover", "--to", "vpn", "--yes"]).exits(0);
    assert_eq!(town.changes(from), [""; 0], "done is done");
    town.install();
    assert_eq!(town.way(), Some("vpn"));

    let back = town.never_cut(|| {
        let args = [
            "cutover", SITE, "--to", "dx", "--yes", "--wait", "10h", "--format", "json",
        ];
        let moving = town.env.start(&args);
        town.wait(
            || town.changes(from) == ["UntagResource"],
            "the tag is gone",
        );
        let written = || {
            let readme = town.env.path().join("hub-9.bundle/README.md");
            fs::read_to_string(readme).is_ok_and(|it| !it.contains("cutover --to vpn"))
        };
        town.wait(written, "the files are written");
        town.install();
        ends(moving).exits(0).json()
    });
    assert_eq!((&back["from"], &back["to"]), (&"vpn".into(), &"dx".into()));
    assert!(back["moved_after_seconds"].is_u64(), "{back}");
    town.until("dx");
    town.until_verified();
}

#[test]
fn a_private_interface_gives_way_to_the_tunnels_and_takes_over_again() {
    there_and_back(PRIVATE);
}

#[test]
fn a_transit_interface_gives_way_to_the_tunnels_and_takes_over_again() {
    there_and_back(TRANSIT);
}

#[test]
fn a_way_that_would_not_carry_is_refused_with_every_reason() {
    let town = Town::with_both(PRIVATE, 3000.0);
    let interface = town.interface.clone().unwrap();
    let from = town.calls();
    town.sandbox().set_gateway(None, GatewaySim::Offline);
    town.wait(
        || town.run(&["verify"]).stdout.contains("no tunnel is up"),
        "down",
    );
    assert_eq!(town.way(), Some("dx"));
    let still = town.run(&["verify"]).exits(7);
    contains(
        &still.stdout,
        &["Site hub-9 is degraded", "traffic goes by dx"],
    );
    for args in [&["--to", "vpn"][..], &["--drill"]] {
        let mut all = vec!["cutover"];
        all.extend(args);
        all.push("--yes");
        let refused = town.run(&all).exits(5);
        contains(
            &refused.stderr,
            &["nothing was changed", "tunnel-up", "redundancy"],
        );
    }
    town.sandbox().set_gateway(None, GatewaySim::Online);
    town.until_verified();
    let wide = vec![lan()[0], "10.77.0.0/16".parse().unwrap()];
    town.sandbox().set_dx_router(&interface, None, Some(wide));
    let wide = town.run(&["cutover", "--to", "vpn", "--yes"]).exits(5);
    contains(&wide.stderr, &["same-networks", "10.77.0.0/16"]);
    town.sandbox()
        .set_dx_router(&interface, Some(false), Some(lan()));
    town.until("vpn");
    let down = town
        .run(&["cutover", "--to", "dx", "--yes", "--format", "json"])
        .exits(5);
    let error: Value = serde_json::from_str(&down.stdout).unwrap();
    let ids = error["error"]["details"].as_array().unwrap().iter();
    let ids: Vec<&str> = ids.map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["dx-interface", "dx-session"]);
    // The way that is left may be down: a move may be the mend of just that.
    town.run(&["cutover", "--to", "vpn", "--yes"]).exits(0);
    assert_eq!(town.changes(from), ["TagResource"]);
}

#[test]
fn a_drill_ends_the_session_and_tells_who_took_over() {
    let town = Town::with_both(PRIVATE, 600.0);
    let from = town.calls();
    town.run(&["cutover", "--drill"]).exits(8);
    assert_eq!(town.changes(from), [""; 0]);
    let args = ["cutover", "--drill", "--minutes", "20", "--yes"];
    let report = town.never_cut(|| town.run(&args).exits(0));
    contains(
        &report.stdout,
        &["Drill of site hub-9 on dxvif-", ": passed", "never"],
    );
    assert_eq!(town.changes(from), ["StartBgpFailoverTest"]);
    assert_eq!(town.way(), Some("dx"));
    let last = town.direct()["last_drill"].clone();
    assert_eq!(
        (&last["status"], &last["minutes"]),
        (&"COMPLETED".into(), &20.into())
    );
    let status = town.run(&["status"]);
    contains(&status.stdout, &["Last drill: 20", "20 min, COMPLETED"]);
}

#[test]
fn a_drill_that_somebody_leaves_is_over() {
    let town = Town::with_both(TRANSIT, 600.0);
    let from = town.calls();
    let none = town.run(&["cutover", "--drill", "--stop"]).exits(0);
    contains(&none.stdout, &["No drill runs"]);
    let args = ["cutover", SITE, "--drill", "--minutes", "4320", "--yes"];
    for end in ["INT", "TERM", "HUP", "stop"] {
        let before = town.changes(from).len();
        let drill = town.env.start(&args);
        town.wait(|| town.changes(from).len() > before, "the test runs");
        town.until("vpn");
        if end == "stop" {
            let other = town.run(&["cutover", "--drill", "--stop"]).exits(0);
            contains(&other.stdout, &["is over"]);
            ends(drill).exits(0);
        } else {
            signal(&drill, end);
            let ended = ends(drill).exits(8);
            contains(&ended.stdout, &["ended before its time"]);
        }
        let made = town.changes(from);
        assert_eq!(
            made[before..],
            ["StartBgpFailoverTest", "StopBgpFailoverTest"],
            "{end}"
        );
        town.until("dx");
        town.until_verified();
    }
}

#[test]
fn a_drill_that_cuts_the_site_off_ends_itself() {
    let town = Town::with_both(PRIVATE, 300.0);
    let from = town.calls();
    let args = ["cutover", SITE, "--drill", "--minutes", "4320", "--yes"];
    let drill = town.env.start(&args);
    town.wait(|| !town.changes(from).is_empty(), "the test runs");
    town.until("vpn");
    town.sandbox().set_gateway(None, GatewaySim::Offline);
    let failed = ends(drill).exits(7);
    contains(&failed.stdout, &[": failed", "the tunnels"]);
    assert_eq!(
        town.changes(from),
        ["StartBgpFailoverTest", "StopBgpFailoverTest"]
    );
    assert_eq!(town.way(), Some("dx"));
}
