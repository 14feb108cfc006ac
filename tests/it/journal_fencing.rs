//! Who lost the lock makes no further call: the holder that slept, and the holder that was robbed.

use std::process::Child;
use std::time::Duration;

use underpass::sandbox::{Faults, GatewaySim};

use crate::env::{Env, Ran, ran};
use crate::journal_bucket::until_called;
use crate::stores::{Store, operator};

const SITE: &str = "examples/plant-7.yaml";

fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args([name, &pid])
        .status();
    assert!(sent.unwrap().success());
}

/// The changing calls that the sandbox has answered, by who made them.
fn changes(env: &Env) -> usize {
    env.sandbox()
        .calls()
        .iter()
        .filter(|call| call.mutating)
        .count()
}

fn start(env: &Env, store: &Store, home: &str, args: &[&str]) -> Child {
    operator(env, store, home, args)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap()
}

fn end(child: Child) -> Ran {
    ran(child.wait_with_output().unwrap())
}

#[test]
fn a_holder_that_slept_through_its_expiry_makes_no_call_when_it_wakes() {
    slept(&Store::moto());
}

#[test]
fn the_same_on_ministack() {
    slept(&Store::ministack());
}

fn slept(store: &Store) {
    let env = Env::served(100.0, Faults::default(), GatewaySim::Online);
    let onboard = ["onboard", SITE, "--yes", "--lock-expiry", "6s"];
    let sleeper = start(&env, store, "kim", &onboard);
    until_called(&env, "CreateCustomerGateway");
    signal(&sleeper, "-STOP");
    std::thread::sleep(Duration::from_millis(300));
    assert!(
        !env.sandbox()
            .calls()
            .iter()
            .any(|call| call.action == "EnableVgwRoutePropagation"),
        "it was stopped before its work was done"
    );

    // Nobody can tell a holder that sleeps from one that is busy, before the lock expires.
    let early = end(start(&env, store, "ari", &onboard)).exits(5);
    assert!(
        early.stderr.contains("is locked by kim on"),
        "{}",
        early.stderr
    );
    std::thread::sleep(Duration::from_secs(8));
    end(start(&env, store, "ari", &onboard)).exits(0);

    let before = changes(&env);
    signal(&sleeper, "-CONT");
    let woke = end(sleeper);
    assert_eq!(changes(&env), before, "{}", woke.stderr);
    // Its lock is gone; where it slept in the middle of a record, that record is there already.
    let fenced = [
        "was taken away",
        "somebody else writes this run",
        "lock was lost",
    ];
    assert!(
        fenced.iter().any(|it| woke.stderr.contains(it)),
        "{}",
        woke.stderr
    );
    // As if the lock had been somebody else's from the start.
    assert_eq!(woke.code, 5, "{}", woke.stderr);
    let noop = end(start(&env, store, "kim", &onboard)).exits(0);
    assert!(
        noop.stderr.contains("AWS is not touched"),
        "{}",
        noop.stderr
    );
}

#[test]
fn a_broken_lock_stops_its_holder_and_lets_the_other_go_on() {
    let store = Store::moto();
    // Slow enough that the first one is still waiting for its connection.
    let env = Env::served(8.0, Faults::default(), GatewaySim::Online);
    let onboard = ["onboard", SITE, "--yes", "--lock-expiry", "6s"];
    let robbed = start(&env, &store, "kim", &onboard);
    until_called(&env, "CreateVpnConnection");
    std::thread::sleep(Duration::from_secs(1));

    let refused = end(start(&env, &store, "ari", &onboard)).exits(5);
    let pid = format!("process {}", robbed.id());
    for part in [
        "is locked by kim on",
        pid.as_str(),
        "since",
        "`underpass onboard",
        ", run 01",
    ] {
        assert!(
            refused.stderr.contains(part),
            "{part} in {}",
            refused.stderr
        );
    }
    assert!(
        refused.stderr.contains("--break-lock"),
        "{}",
        refused.stderr
    );

    let breaker = start(
        &env,
        &store,
        "ari",
        &[&onboard[..], &["--break-lock"]].concat(),
    );
    let robbed = end(robbed);
    assert!(
        robbed.stderr.contains("was taken away"),
        "{}",
        robbed.stderr
    );
    assert_eq!(robbed.code, 5, "{}", robbed.stderr);
    let breaker = end(breaker).exits(0);
    assert!(
        breaker.stderr.contains("is locked by kim on"),
        "{}",
        breaker.stderr
    );
    let creates = |name: &str| {
        let calls = env.sandbox().calls();
        calls.iter().filter(|call| call.action == name).count()
    };
    assert_eq!(creates("CreateVpnConnection"), 1);
    assert_eq!(creates("CreateVpnGateway"), 1);
}

#[test]
fn the_lock_of_a_folder_is_not_broken_and_names_the_process() {
    let env = Env::served(8.0, Faults::default(), GatewaySim::Online);
    let onboard = ["onboard", SITE, "--yes"];
    let mut holder = env.start(&onboard);
    until_called(&env, "CreateVpnConnection");
    let refused = env
        .run(&["onboard", SITE, "--yes", "--break-lock"])
        .exits(5);
    let said = &refused.stderr;
    assert!(said.contains("that process is alive"), "{said}");
    assert!(said.contains(", run 01"), "{said}");
    let next = said.lines().last().unwrap();
    assert!(next.ends_with(&format!("kill {}", holder.id())), "{next}");
    holder.kill().unwrap();
    holder.wait().unwrap();
    let taken = env
        .run(&["onboard", SITE, "--yes", "--break-lock"])
        .exits(0);
    assert!(
        taken.stderr.contains("there was nothing to break"),
        "{}",
        taken.stderr
    );
}

#[test]
fn a_lock_that_is_swept_away_ends_the_run_as_one_that_somebody_holds_would() {
    let env = Env::served(20.0, Faults::default(), GatewaySim::Online);
    let holder = env.start(&["onboard", SITE, "--yes"]);
    until_called(&env, "CreateVpnConnection");
    std::fs::remove_file(env.file(".underpass/plant-7/lock")).unwrap();
    let ended = end(holder).exits(5);
    let said = &ended.stderr;
    assert!(
        said.contains("nothing more was called: the lock of the site plant-7 was taken away"),
        "{said}"
    );
    assert!(said.contains("does what is left"), "{said}");
    let next = said.trim_end().lines().last().unwrap();
    assert!(next.contains("next: underpass onboard"), "{said}");
    env.run(&["onboard", SITE, "--yes"]).exits(0);
}
