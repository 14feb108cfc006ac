//! Stopped by hand.

use std::time::Duration;

use futures_util::FutureExt;

use super::stage::{Stage, census};
use super::wish::Wish;
use crate::engine::{Cancel, CancelLevel, Event, RunReport, StepProblem};
use crate::journal::{LockError, RunResult};
use crate::playbook::StepId;

/// Runs a site and raises the level when `event` comes.
async fn stopped_at(
    stage: &Stage,
    level: CancelLevel,
    event: impl Fn(&Event) -> bool,
) -> (ulid::Ulid, RunReport) {
    let plan = stage.onboard(&Wish::bgp()).await;
    let run = plan.run;
    let journal = stage.begin(&plan).await;
    let watch = |seen: &Event, cancel: &Cancel| {
        if event(seen) {
            match level {
                CancelLevel::GoOn => {}
                CancelLevel::Stop => cancel.stop(),
                CancelLevel::Abandon => cancel.abandon(),
            }
        }
    };
    let job = stage.job(plan, journal);
    let (report, _) = stage.play_until(job, Cancel::new(), watch).await;
    (run, report)
}

fn waits_for_connection(event: &Event) -> bool {
    matches!(event, Event::Waiting { step, .. } if step.as_str() == "connection")
}

#[tokio::test(start_paused = true)]
async fn the_first_ctrl_c_finishes_what_was_called_and_starts_nothing() {
    let stage = Stage::new(6).await;
    let (run, report) = stopped_at(&stage, CancelLevel::Stop, waits_for_connection).await;
    assert_eq!(report.result, RunResult::Cancelled);
    let connection = &report.steps[&StepId::new("connection")];
    assert!(connection.failure.is_none() && connection.skipped.is_none());
    let propagation = &report.steps[&StepId::new("propagation[rtb-0a1b2c3d4e5f60001]")];
    assert_eq!(propagation.skipped.as_deref(), Some("the run was stopped"));
    assert_eq!(census(&stage.sandbox), [1, 2, 1, 2, 0, 0]);

    let resumed = stage.resume(run).await;
    assert_eq!(resumed.result, RunResult::Done, "{resumed:#?}");
    assert_eq!(resumed.calls, 2, "the two propagations");
    assert_eq!(census(&stage.sandbox), [1, 2, 1, 2, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn the_second_ctrl_c_abandons_waits_and_says_what_is_left() {
    let stage = Stage::new(6).await;
    let (run, report) = stopped_at(&stage, CancelLevel::Abandon, waits_for_connection).await;
    assert_eq!(report.result, RunResult::Cancelled);
    assert!(report.took < Duration::from_secs(60), "{:?}", report.took);
    let failure = report.steps[&StepId::new("connection")]
        .failure
        .clone()
        .unwrap();
    assert!(matches!(failure.problem, StepProblem::Cancelled { .. }));
    insta::assert_snapshot!(
        format!("{failure}\n{}", failure.left_behind())
            .replace(report.steps[&StepId::new("connection")].id.as_deref().unwrap(), "vpn-…"),
        @r"
    connection: stopped before it was ready
    vpn-… is there and the next run goes on with it
    "
    );
    let history = stage.folder.read(run).await.unwrap();
    assert_eq!(history.result, Some(RunResult::Cancelled));
    let open = history
        .steps()
        .filter(|(_, step)| step.open.is_some())
        .count();
    assert_eq!(open, 0, "every call has its answer in the journal");

    let resumed = stage.resume(run).await;
    assert_eq!(resumed.result, RunResult::Done, "{resumed:#?}");
    assert_eq!(census(&stage.sandbox), [1, 2, 1, 2, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn stopped_before_it_began_nothing_is_called() {
    let stage = Stage::new(6).await;
    let plan = stage.onboard(&Wish::bgp()).await;
    let run = plan.run;
    let journal = stage.begin(&plan).await;
    let cancel = Cancel::new();
    cancel.stop();
    let from = stage.calls();
    let job = stage.job(plan, journal);
    let (report, _) = stage.play_until(job, cancel.clone(), |_, _| {}).await;
    assert_eq!(report.result, RunResult::Cancelled);
    assert_eq!(stage.calls(), from);
    assert_eq!(stage.resume(run).await.result, RunResult::Done);
    cancel.abandon();
    cancel.stop();
    assert_eq!(cancel.level(), CancelLevel::Abandon, "the level only rises");
}

#[tokio::test(start_paused = true)]
async fn two_engines_on_one_site_are_kept_apart_by_the_lock() {
    let stage = Stage::new(6).await;
    let plan = stage.onboard(&Wish::bgp()).await;
    let lock = stage.lock().await;
    let journal = stage
        .folder
        .begin(&lock, &plan, stage.clock.clone())
        .await
        .unwrap();
    let job = stage.job(plan.clone(), journal);
    let mut refused = 0;
    let watch = |_: &Event, _: &Cancel| {
        let owner = crate::journal::testing::owner("second");
        let second = stage.folder.lock(&owner).now_or_never();
        assert!(matches!(
            second.unwrap(),
            Err(LockError::Held { owner: Some(_), .. })
        ));
        refused += 1;
    };
    let (report, _) = stage.play_until(job, Cancel::new(), watch).await;
    assert_eq!(report.result, RunResult::Done);
    assert!(refused > 20);
    drop(lock);
    let again = stage.run(stage.onboard(&Wish::bgp()).await).await;
    assert_eq!((again.result, again.calls), (RunResult::Done, 0));
}
