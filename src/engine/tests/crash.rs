//! Stopped anywhere, run again: no duplicate, no orphan.

use super::stage::{Stage, Wish, census, living};
use crate::engine::RunReport;
use crate::journal::RunResult;
use crate::plan::Plan;
use crate::sandbox::{Faults, Injected, World};

/// What a finished onboarding leaves, and how many records it writes.
async fn undisturbed(wish: &Wish) -> ([usize; 6], u64) {
    let stage = Stage::new(5).await;
    let plan = stage.onboard(wish).await;
    let run = plan.run;
    stage.run(plan).await;
    let records = stage.folder.read(run).unwrap().next_seq();
    (census(&stage.sandbox), records)
}

/// Runs a plan whose process dies when it wants to write the record `seq`.
async fn die_at(stage: &mut Stage, plan: &Plan, seq: u64) -> RunReport {
    let journal = stage.begin(plan);
    journal.stop_at(seq);
    let report = stage.play(stage.job(plan.clone(), journal)).await.0;
    assert!(report.journal_problem.is_some(), "{report:#?}");
    stage.fresh_client().await;
    report
}

fn assert_done(report: &RunReport, when: &str) {
    assert_eq!(report.result, RunResult::Done, "{when}: {report:#?}");
}

async fn tear_down(stage: &Stage, before: &World, when: &str) {
    assert_done(&stage.run(stage.teardown().await).await, when);
    assert_eq!(living(&stage.sandbox), *before, "{when}");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_dies_at_any_record_can_be_resumed() {
    for wish in [Wish::bgp(), Wish::fixed(), Wish::adopting()] {
        let (expected, records) = undisturbed(&wish).await;
        for seq in 1..records {
            let when = format!("{} {} died at record {seq}", wish.vpc, wish.routing);
            let mut stage = Stage::new(5).await;
            let before = living(&stage.sandbox);
            let plan = stage.onboard(&wish).await;
            die_at(&mut stage, &plan, seq).await;
            assert_done(&stage.resume(plan.run).await, &when);
            assert_eq!(census(&stage.sandbox), expected, "{when}");
            tear_down(&stage, &before, &when).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_died_can_be_taken_over_by_a_new_plan() {
    let wish = Wish::fixed();
    let (expected, records) = undisturbed(&wish).await;
    for seq in 1..records {
        let when = format!("died at record {seq}");
        let mut stage = Stage::new(5).await;
        let plan = stage.onboard(&wish).await;
        die_at(&mut stage, &plan, seq).await;
        // A moment later everything that was made is listed.
        stage.clock.sleep(std::time::Duration::from_secs(2)).await;
        assert_done(&stage.run(stage.onboard(&wish).await).await, &when);
        assert_eq!(census(&stage.sandbox), expected, "{when}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_teardown_that_dies_at_any_record_can_be_resumed() {
    let mut seq = 1;
    loop {
        let when = format!("died at record {seq}");
        let mut stage = Stage::new(5).await;
        let before = living(&stage.sandbox);
        assert_done(&stage.run(stage.onboard(&Wish::fixed()).await).await, &when);
        let plan = stage.teardown().await;
        // Routes and propagations, attachment, connection and the two gateways: three records each.
        if seq > 3 * plan.steps.len() as u64 {
            break;
        }
        die_at(&mut stage, &plan, seq).await;
        assert_done(&stage.resume(plan.run).await, &when);
        assert_eq!(living(&stage.sandbox), before, "{when}");
        seq += 1;
    }
    assert!(seq > 20, "{seq}");
}

#[tokio::test(start_paused = true)]
async fn an_open_intent_whose_call_was_never_made_is_made_once() {
    let creates = [
        "CreateCustomerGateway",
        "CreateVpnGateway",
        "CreateVpnConnection",
    ];
    let (expected, records) = undisturbed(&Wish::bgp()).await;
    for action in creates {
        for seq in 1..records {
            let mut stage = Stage::new(5).await;
            let plan = stage.onboard(&Wish::bgp()).await;
            let broken = Faults::default().script(action, 1, Injected::InternalError);
            stage.sandbox.set_faults(broken);
            let when = format!("{action} without effect, died at record {seq}");
            die_at(&mut stage, &plan, seq).await;
            stage.sandbox.set_faults(Faults::default());
            assert_done(&stage.resume(plan.run).await, &when);
            assert_eq!(census(&stage.sandbox), expected, "{when}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_resumed_run_counts_its_attempts_and_does_not_repeat_what_was_ready() {
    let mut stage = Stage::new(5).await;
    let plan = stage.onboard(&Wish::bgp()).await;
    let (_, records) = undisturbed(&Wish::bgp()).await;
    die_at(&mut stage, &plan, records - 2).await;
    let from = stage.calls();
    let report = stage.resume(plan.run).await;
    assert_done(&report, "last records");
    assert_eq!(stage.changes_since(from), Vec::<String>::new());
    let history = stage.folder.read(plan.run).unwrap();
    assert_eq!(history.resumed, 1);
    assert!(history.steps().all(|(_, step)| step.calls == 1));
    assert_eq!(report.steps.len(), plan.steps.len());
    // Resumed once more there is nothing to do at all.
    let again = stage.resume(plan.run).await;
    assert_done(&again, "resumed twice");
    assert_eq!(again.calls, 0);
}
