//! AWS on a bad day.

use super::stage::{Stage, census, living};
use super::wish::Wish;
use crate::engine::{Event, Leftover, RunReport, StepProblem};
use crate::journal::RunResult;
use crate::plan::{Mode, Plan};
use crate::playbook::StepId;
use crate::sandbox::{Faults, Injected};

fn assert_done(report: &RunReport, when: &str) {
    assert_eq!(report.result, RunResult::Done, "{when}: {report:#?}");
}

/// The calls of a whole life, in both directions.
const CREATES: [&str; 5] = [
    "CreateCustomerGateway",
    "CreateVpnGateway",
    "CreateVpnConnection",
    "AttachVpnGateway",
    "EnableVgwRoutePropagation",
];
const DELETES: [&str; 6] = [
    "DeleteVpnConnectionRoute",
    "DisableVgwRoutePropagation",
    "DeleteVpnConnection",
    "DeleteCustomerGateway",
    "DetachVpnGateway",
    "DeleteVpnGateway",
];

#[tokio::test(start_paused = true)]
async fn a_lost_reply_or_an_error_at_any_call_makes_nothing_twice() {
    let faults = [
        Injected::LostReply,
        Injected::InternalError,
        Injected::Throttled,
    ];
    for injected in faults {
        for action in CREATES.into_iter().chain(["CreateVpnConnectionRoute"]) {
            let when = format!("{injected:?} of {action}");
            let stage = Stage::new(7).await;
            let plan = stage.onboard(&Wish::fixed()).await;
            let from = stage.calls();
            stage
                .sandbox
                .set_faults(Faults::default().script(action, 1, injected));
            settle(&stage, plan, &when).await;
            assert_eq!(census(&stage.sandbox), [1, 2, 1, 2, 2, 2], "{when}");
            let made = stage.changes_since(from);
            let tries = made
                .iter()
                .filter(|call| call.split(' ').next() == Some(action))
                .count();
            let needed = match action {
                "EnableVgwRoutePropagation" | "CreateVpnConnectionRoute" => 2,
                _ => 1,
            };
            let expected = needed + usize::from(injected != Injected::LostReply);
            assert_eq!(tries, expected, "{when}: {made:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_or_an_error_at_any_delete_leaves_nothing() {
    for injected in [
        Injected::LostReply,
        Injected::Unavailable,
        Injected::Throttled,
    ] {
        for action in DELETES {
            let when = format!("{injected:?} of {action}");
            let stage = Stage::new(7).await;
            let before = living(&stage.sandbox);
            assert_done(&stage.run(stage.onboard(&Wish::fixed()).await).await, &when);
            stage
                .sandbox
                .set_faults(Faults::default().script(action, 1, injected));
            assert_done(&stage.run(stage.teardown().await).await, &when);
            assert_eq!(living(&stage.sandbox), before, "{when}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn bad_days_end_well() {
    let days = [
        "throttle",
        "lost-replies",
        "slow-consistency",
        "errors,latency",
        "shuffle,latency",
        "throttle,errors,latency,shuffle",
    ];
    for day in days {
        for seed in 0..2 {
            let when = format!("{day}, seed {seed}");
            let mut stage = Stage::new(seed).await;
            let before = living(&stage.sandbox);
            let plan = stage.onboard(&Wish::fixed()).await;
            let faults: Faults = day.parse().unwrap();
            stage.sandbox.set_faults(faults.with_seed(seed));
            settle(&stage, plan, &when).await;
            assert_eq!(census(&stage.sandbox), [1, 2, 1, 2, 2, 2], "{when}");
            stage.sandbox.set_faults(Faults::default());
            stage.clock.sleep(std::time::Duration::from_secs(300)).await;
            stage.fresh_client().await;
            let plan = stage.teardown().await;
            let faults: Faults = day.parse().unwrap();
            stage.sandbox.set_faults(faults.with_seed(seed));
            settle(&stage, plan, &when).await;
            assert_eq!(living(&stage.sandbox), before, "{when}");
        }
    }
}

/// Runs a plan as a person would on a bad day: again, while AWS gives no answer as often as it may
/// be asked. Which calls fail depends on the order in which steps get to run, so even with a seed
/// a run may meet more errors in a row than it takes.
async fn settle(stage: &Stage, plan: Plan, when: &str) {
    let run = plan.run;
    let mut report = stage.run(plan).await;
    for _ in 0..5 {
        let failures = report
            .steps
            .values()
            .filter_map(|step| step.failure.as_ref());
        for failure in failures {
            let patient = matches!(failure.problem, StepProblem::NoAnswer { .. });
            assert!(patient, "{when}: {failure:#?}");
        }
        if report.result == RunResult::Done {
            return;
        }
        report = stage.resume(run).await;
    }
    assert_done(&report, when);
}

#[tokio::test(start_paused = true)]
async fn denied_in_the_middle_lets_the_rest_finish_and_is_resumed_with_permission() {
    let stage = Stage::new(8).await;
    let plan = stage.onboard(&Wish::bgp()).await;
    let run = plan.run;
    stage
        .sandbox
        .set_faults(Faults::default().deny("CreateVpnConnection"));
    let report = stage.run(plan).await;
    assert_eq!(report.result, RunResult::Failed);
    let failure = report.steps[&StepId::new("connection")]
        .failure
        .clone()
        .unwrap();
    let StepProblem::Refused { fault } = &failure.problem else {
        panic!("{failure}");
    };
    assert_eq!(fault.code.as_deref(), Some("UnauthorizedOperation"));
    assert!(
        failure
            .to_string()
            .contains(fault.request_id.as_deref().unwrap())
    );
    assert_eq!(failure.left, Leftover::Nothing);
    assert_eq!(
        failure.next_command(Mode::Onboard, "plant-7.yaml"),
        "underpass plan plant-7.yaml --check-permissions"
    );
    assert!(report.steps[&StepId::new("attachment")].failure.is_none());
    assert_eq!(census(&stage.sandbox), [1, 2, 0, 2, 0, 0]);
    assert_eq!(stage.folder.unfinished().await.unwrap(), Some(run));

    stage.sandbox.set_faults(Faults::default());
    let resumed = stage.resume(run).await;
    assert_done(&resumed, "with permission");
    assert_eq!(census(&stage.sandbox), [1, 2, 1, 2, 2, 0]);
    assert_eq!(stage.folder.unfinished().await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_expire_during_the_long_wait_leave_a_resumable_run() {
    let mut stage = Stage::new(9).await;
    let plan = stage.onboard(&Wish::bgp()).await;
    let run = plan.run;
    let journal = stage.begin(&plan).await;
    let sandbox = stage.sandbox.clone();
    let watch = move |event: &Event, _: &crate::engine::Cancel| {
        if matches!(event, Event::Waiting { step, .. } if step.as_str() == "connection") {
            sandbox.set_faults("expired-credentials".parse().unwrap());
        }
    };
    let job = stage.job(plan, journal);
    let (report, _) = stage
        .play_until(job, crate::engine::Cancel::new(), watch)
        .await;
    assert_eq!(report.result, RunResult::Failed);
    let connection = &report.steps[&StepId::new("connection")];
    let failure = connection.failure.clone().unwrap();
    assert_eq!(
        failure.left,
        Leftover::Known(connection.id.clone().unwrap())
    );
    stage.sandbox.set_faults(Faults::default());
    stage.fresh_client().await;
    assert_done(&stage.resume(run).await, "with new credentials");
    assert_eq!(census(&stage.sandbox), [1, 2, 1, 2, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn three_answers_lost_before_the_effect_end_the_search_and_say_so() {
    let stage = Stage::new(10).await;
    let plan = stage.onboard(&Wish::bgp()).await;
    let run = plan.run;
    let broken = (1..=3).fold(Faults::default(), |faults, nth| {
        faults.script("CreateVpnGateway", nth, Injected::InternalError)
    });
    stage.sandbox.set_faults(broken);
    let report = stage.run(plan).await;
    let failure = report.steps[&StepId::new("vpn-gateway")]
        .failure
        .clone()
        .unwrap();
    assert!(
        matches!(failure.problem, StepProblem::NoAnswer { attempts: 3, .. }),
        "{failure}"
    );
    assert_eq!(
        failure.left,
        Leftover::Maybe("CreateVpnGateway AS64512".to_owned())
    );
    // Each repetition came only after a patient search.
    assert!(
        report.took >= std::time::Duration::from_secs(3 * 75),
        "{:?}",
        report.took
    );
    let history = stage.folder.read(run).await.unwrap();
    let gateway = history.step(&StepId::new("vpn-gateway")).unwrap();
    assert_eq!((gateway.calls, gateway.in_doubt().is_some()), (3, true));
    assert_done(&stage.resume(run).await, "afterwards");
    assert_eq!(census(&stage.sandbox), [1, 2, 1, 2, 2, 0]);
}
