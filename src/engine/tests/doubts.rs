//! What the wire makes doubtful: looks that are wrong for once, words that nobody knows, answers
//! that come too late. Each of these was a way to a second object, a lost one, or no end.

use std::time::Duration;

use super::stage::{Stage, census, living};
use super::wish::{SITE_IP, Wish};
use crate::aws::FaultKind;
use crate::engine::{Cancel, Event, RunReport, StepProblem};
use crate::journal::{Record, RunResult};
use crate::plan::Plan;
use crate::resource::Goal;
use crate::sandbox::{Faults, GatewaySim, Injected, Trouble};

fn assert_done(report: &RunReport, when: &str) {
    assert_eq!(report.result, RunResult::Done, "{when}: {report:#?}");
}

/// Runs a plan, and goes on as a person would while AWS gives no clear answer.
async fn settle(stage: &Stage, plan: Plan, when: &str) {
    let run = plan.run;
    let mut report = stage.run(plan).await;
    for _ in 0..4 {
        if report.result == RunResult::Done {
            return;
        }
        let failures = report.steps.values().filter_map(|it| it.failure.as_ref());
        for failure in failures {
            let patient = matches!(failure.problem, StepProblem::NoAnswer { .. });
            assert!(patient, "{when}: {failure:#?}");
        }
        report = stage.resume(run).await;
    }
    assert_done(&report, when);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_vanishes_for_a_look_is_not_made_again() {
    for seed in 0..12 {
        let when = format!("seed {seed}");
        let mut stage = Stage::new(seed).await;
        let (first, second) = (
            stage.onboard(&Wish::bgp()).await,
            stage.onboard(&Wish::bgp()).await,
        );
        let stale = Faults::default().with(Trouble::StaleReads).with_seed(seed);
        stage.sandbox.set_faults(stale);
        // Killed when the gateways are there; the next command's plan was made before they were.
        let journal = stage.begin(&first).await;
        journal.stop_when(|entry| {
            matches!(&entry.record, Record::Intent { action, .. } if action == "AttachVpnGateway")
        });
        stage.play(stage.job(first, journal)).await;
        stage.fresh_client().await;
        assert_done(&stage.run(second).await, &when);
        assert_eq!(census(&stage.sandbox), [1, 2, 1, 2, 2, 0], "{when}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_state_is_no_proof_that_a_tunnel_is_being_changed() {
    for seed in 0..4 {
        let when = format!("seed {seed}");
        let stage = Stage::new(11).await;
        assert_done(&stage.run(stage.onboard(&Wish::bgp()).await).await, &when);
        let router = Some(SITE_IP.parse().unwrap());
        stage.sandbox.set_gateway(router, GatewaySim::Online);
        stage.clock.sleep(Duration::from_secs(300)).await;
        let mut wish = Wish::bgp();
        wish.phase1_lifetime = 14400;
        let plan = stage.onboard(&wish).await;
        let from = stage.calls();
        let faults = Faults::default()
            .with(Trouble::UnknownStates)
            .script("ModifyVpnTunnelOptions", 1, Injected::Reset)
            .with_seed(seed);
        stage.sandbox.set_faults(faults);
        assert_done(&stage.run(plan).await, &when);
        let calls = stage.sandbox.calls();
        let effects = calls[from..].iter().filter(|call| call.effect).count();
        assert_eq!(effects, 2, "{when}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_delete_does_not_find_and_the_list_shows_is_deleted_later() {
    let stage = Stage::new(3).await;
    let before = living(&stage.sandbox);
    assert_done(&stage.run(stage.onboard(&Wish::bgp()).await).await, "up");
    // The server that deletes has not heard of the gateway yet; the one that lists has.
    for action in ["DeleteCustomerGateway", "DeleteVpnGateway"] {
        let faults = Faults::default()
            .script(action, 1, Injected::NotFound)
            .script(action, 2, Injected::NotFound);
        stage.sandbox.set_faults(faults);
        let report = stage.run(stage.teardown().await).await;
        assert_done(&report, action);
        let calls = stage.sandbox.calls();
        let hit = calls
            .iter()
            .filter(|call| call.injected == Some(Injected::NotFound));
        assert!(hit.count() >= 2, "{action}");
        assert_eq!(living(&stage.sandbox), before, "{action}");
        stage.sandbox.set_faults(Faults::default());
        stage.clock.sleep(Duration::from_secs(10)).await;
        assert_done(
            &stage.run(stage.onboard(&Wish::bgp()).await).await,
            "up again",
        );
    }
}

#[tokio::test(start_paused = true)]
async fn worse_days_end_well() {
    let days = [
        "resets,late-errors",
        "spikes,latency",
        "stale-reads,busy-deletes",
        "unknown-states,shuffle",
        "slow-consistency,stale-reads,lost-replies",
        "busy-account,errors",
    ];
    for (seed, day) in (0..).zip(days) {
        let when = format!("{day}, seed {seed}");
        let mut stage = Stage::new(seed).await;
        let before = living(&stage.sandbox);
        let plan = stage.onboard(&Wish::fixed()).await;
        let faults: Faults = day.parse().unwrap();
        stage.sandbox.set_faults(faults.clone().with_seed(seed));
        settle(&stage, plan, &when).await;
        assert_eq!(census(&stage.sandbox), [1, 2, 1, 2, 2, 2], "{when}");
        stage.sandbox.set_faults(Faults::default());
        stage.clock.sleep(Duration::from_secs(400)).await;
        stage.fresh_client().await;
        let plan = stage.teardown().await;
        stage.sandbox.set_faults(faults.with_seed(seed));
        settle(&stage, plan, &when).await;
        assert_eq!(living(&stage.sandbox), before, "{when}");
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_that_expire_stop_the_run_and_the_same_command_goes_on() {
    let stage = Stage::new(4).await;
    let plan = stage.onboard(&Wish::bgp()).await;
    let run = plan.run;
    stage
        .sandbox
        .set_faults("expiring-credentials:90-600".parse().unwrap());
    let report = stage.run(plan).await;
    assert_eq!(report.result, RunResult::Failed, "{report:#?}");
    let failures = report.steps.values().filter_map(|it| it.failure.as_ref());
    let mut expired = 0;
    for failure in failures {
        let StepProblem::Refused { fault } = &failure.problem else {
            panic!("{failure}");
        };
        assert_eq!(fault.kind, FaultKind::Credentials);
        expired += 1;
    }
    assert!(expired > 0);
    stage.clock.sleep(Duration::from_secs(600)).await;
    assert_done(&stage.resume(run).await, "with new credentials");
    assert_eq!(census(&stage.sandbox), [1, 2, 1, 2, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_stuck_detachment_is_waited_for_and_given_up_in_the_end() {
    for (stuck, ends) in [
        ("stuck-detach:1200", RunResult::Done),
        ("stuck-detach", RunResult::TimedOut),
    ] {
        let stage = Stage::new(6).await;
        let before = living(&stage.sandbox);
        assert_done(&stage.run(stage.onboard(&Wish::bgp()).await).await, stuck);
        let plan = stage.teardown().await;
        let run = plan.run;
        stage.sandbox.set_faults(stuck.parse().unwrap());
        let report = stage.run(plan).await;
        assert_eq!(report.result, ends, "{stuck}: {report:#?}");
        if ends == RunResult::TimedOut {
            let left = census(&stage.sandbox);
            assert_eq!(left, [0, 2, 0, 2, 0, 0], "all but the gateway is gone");
            stage.sandbox.set_faults(Faults::default());
            assert_done(&stage.resume(run).await, stuck);
        }
        assert_eq!(living(&stage.sandbox), before, "{stuck}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_is_still_being_detached_is_waited_for_before_it_is_attached_again() {
    // Unstuck after 20 minutes, and never; and with a first wish to stop during the wait.
    for (stuck, stop, ends) in [
        ("stuck-detach:1200", false, RunResult::Done),
        ("stuck-detach", false, RunResult::TimedOut),
        ("stuck-detach:1200", true, RunResult::Cancelled),
    ] {
        let when = format!("{stuck}, stop {stop}");
        let stage = Stage::new(6).await;
        assert_done(&stage.run(stage.onboard(&Wish::bgp()).await).await, &when);
        stage.sandbox.set_faults(stuck.parse().unwrap());
        let teardown = stage.teardown().await;
        let journal = stage.begin(&teardown).await;
        let job = stage.job(teardown, journal);
        let detached = |event: &Event, cancel: &Cancel| {
            if matches!(event, Event::Called { action, .. } if action == "DetachVpnGateway") {
                cancel.abandon();
            }
        };
        stage.play_until(job, Cancel::new(), detached).await;
        // By then AWS lists what was deleted as such.
        stage.clock.sleep(Duration::from_secs(60)).await;

        let plan = stage.onboard(&Wish::bgp()).await;
        let step = plan
            .steps
            .iter()
            .find(|it| it.node.id.as_str() == "attachment");
        let reason = step.unwrap().reason.clone();
        assert!(
            reason.contains("waits first") && reason.contains("still detaching"),
            "{reason}"
        );
        let (began, calls) = (stage.clock.now(), stage.calls());
        let journal = stage.begin(&plan).await;
        let mut told = 0;
        let (report, _) = stage
            .play_until(stage.job(plan, journal), Cancel::new(), |event, cancel| {
                let Event::Waiting { goal, state, .. } = event else {
                    return;
                };
                if *goal == Goal::Gone && state == "detaching" {
                    told += 1;
                    if stop && told == 3 {
                        cancel.stop();
                    }
                }
            })
            .await;
        assert_eq!(report.result, ends, "{when}: {report:#?}");
        let changes = stage.changes_since(calls);
        let attached = |it: &&String| it.starts_with("AttachVpnGateway");
        let attached: Vec<_> = changes.iter().filter(attached).collect();
        let took = stage.clock.since(began).as_secs();
        let failure = report.steps.values().find_map(|it| it.failure.as_ref());
        match ends {
            RunResult::Done => {
                assert_eq!(attached, ["AttachVpnGateway ok"], "{when}");
                assert!((1000..1400).contains(&took), "{when}: {took} s");
                assert_eq!(census(&stage.sandbox), [1, 2, 1, 2, 2, 0], "{when}");
            }
            RunResult::TimedOut => {
                assert!(attached.is_empty(), "{when}: {attached:?}");
                assert!((1800..1900).contains(&took), "{when}: {took} s");
                let words = failure.unwrap().to_string();
                assert!(words.contains("is still detaching after 30 min"), "{words}");
            }
            _ => {
                assert!(attached.is_empty(), "{when}: {attached:?}");
                assert!(failure.unwrap().is_cancelled(), "{when}");
            }
        }
    }
}
