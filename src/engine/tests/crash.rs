//! Stopped anywhere, run again: no duplicate, no orphan.

use super::stage::{Stage, census, living};
use super::wish::Wish;
use crate::engine::RunReport;
use crate::journal::{Entry, Outcome, Record, RunResult};
use crate::plan::Plan;
use crate::resource::Change;
use crate::sandbox::{Faults, Injected, World};

/// What a finished onboarding leaves, and how many records it writes.
async fn undisturbed(wish: &Wish) -> ([usize; 6], u64) {
    let stage = Stage::new(5).await;
    let plan = stage.onboard(wish).await;
    let run = plan.run;
    stage.run(plan).await;
    let records = stage.folder.read(run).await.unwrap().next_seq();
    (census(&stage.sandbox), records)
}

/// Runs a plan whose process dies when it wants to write the record `seq`.
async fn die_at(stage: &mut Stage, plan: &Plan, seq: u64) -> RunReport {
    die_when(stage, plan, move |entry| entry.seq >= seq).await
}

/// Runs a plan whose process dies when it wants to write a certain record.
pub(super) async fn die_when(
    stage: &mut Stage,
    plan: &Plan,
    stop: impl Fn(&Entry) -> bool + Send + 'static,
) -> RunReport {
    let journal = stage.begin(plan).await;
    journal.stop_when(stop);
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
    for (wish, every) in [(Wish::fixed(), 1), (Wish::adopting(), 2)] {
        let (expected, records) = undisturbed(&wish).await;
        for seq in (1..records).step_by(every) {
            let when = format!("{} {} died at record {seq}", wish.vpc, wish.routing);
            let mut stage = Stage::new(5).await;
            let before = living(&stage.sandbox);
            let plan = stage.onboard(&wish).await;
            die_at(&mut stage, &plan, seq).await;
            assert_done(&stage.resume(plan.run).await, &when);
            assert_eq!(census(&stage.sandbox), expected, "{when}");
            if seq % 4 == 1 {
                tear_down(&stage, &before, &when).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_died_can_be_taken_over_by_a_new_plan() {
    let wish = Wish::fixed();
    let (expected, records) = undisturbed(&wish).await;
    for seq in (1..records).step_by(2) {
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
        // A step writes three records, so every other one meets all three kinds.
        seq += 2;
    }
    assert!(seq > 20, "{seq}");
}

#[tokio::test(start_paused = true)]
async fn an_open_intent_whose_call_had_no_effect_is_made_once_more() {
    let (expected, _) = undisturbed(&Wish::bgp()).await;
    for action in [
        "CreateCustomerGateway",
        "CreateVpnGateway",
        "CreateVpnConnection",
        "AttachVpnGateway",
    ] {
        let mut stage = Stage::new(5).await;
        let plan = stage.onboard(&Wish::bgp()).await;
        let broken = Faults::default().script(action, 1, Injected::InternalError);
        stage.sandbox.set_faults(broken);
        let is_refused = move |entry: &Entry| match &entry.record {
            Record::Result {
                outcome: Outcome::Unknown(fault),
                ..
            } => fault.action == action,
            _ => false,
        };
        die_when(&mut stage, &plan, is_refused).await;
        let history = stage.folder.read(plan.run).await.unwrap();
        let open: Vec<_> = history
            .steps()
            .filter_map(|(_, step)| step.open.clone())
            .collect();
        assert!(
            open.iter().any(|call| call.action == action),
            "{action}: {open:?}"
        );
        let from = stage.calls();
        assert_done(&stage.resume(plan.run).await, action);
        assert_eq!(census(&stage.sandbox), expected, "{action}");
        assert!(stage.changes_since(from).contains(&format!("{action} ok")));
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
    let history = stage.folder.read(plan.run).await.unwrap();
    assert_eq!(history.resumed, 1);
    assert!(history.steps().all(|(_, step)| step.calls == 1));
    assert_eq!(report.steps.len(), plan.steps.len());
    // Resumed once more there is nothing to do at all.
    let again = stage.resume(plan.run).await;
    assert_done(&again, "resumed twice");
    assert_eq!(again.calls, 0);
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_dies_at_any_record_leaves_one_connection() {
    let mut seq = 1;
    loop {
        let when = format!("died at record {seq}");
        let mut stage = Stage::new(12).await;
        let before = living(&stage.sandbox);
        assert_done(&stage.run(stage.onboard(&Wish::bgp()).await).await, &when);
        let plan = stage.onboard(&Wish::fixed()).await;
        let replaced = plan.steps.iter().filter(|it| it.change == Change::Replace);
        assert_eq!(replaced.count(), 1, "{plan:#?}");
        let journal = stage.begin(&plan).await;
        journal.stop_when(move |entry| entry.seq >= seq);
        let report = stage.play(stage.job(plan.clone(), journal)).await.0;
        if report.journal_problem.is_none() {
            break;
        }
        stage.fresh_client().await;
        assert_done(&stage.resume(plan.run).await, &when);
        assert_eq!(census(&stage.sandbox), [1, 2, 1, 2, 2, 2], "{when}");
        let connections = living(&stage.sandbox).regions["eu-central-1"]
            .vpn_connections
            .clone();
        assert!(
            connections.values().all(|it| it.static_routes_only),
            "{when}"
        );
        if seq % 3 == 0 {
            tear_down(&stage, &before, &when).await;
        }
        seq += 2;
    }
    assert!(seq > 15, "{seq}");
}

#[tokio::test(start_paused = true)]
async fn what_was_answered_but_is_not_listed_yet_is_not_made_again() {
    let (expected, _) = undisturbed(&Wish::bgp()).await;
    for seed in 0..6 {
        for action in ["CreateVpnGateway", "CreateVpnConnection"] {
            let mut stage = Stage::new(5).await;
            let slow: Faults = "slow-consistency".parse().unwrap();
            stage.sandbox.set_faults(slow.with_seed(seed));
            let plan = stage.onboard(&Wish::bgp()).await;
            let mut waited_for = None;
            // The answer with the id is the last thing that this process writes down.
            let after_answer = move |entry: &Entry| {
                let answered = waited_for.is_some();
                match &entry.record {
                    Record::Intent {
                        step, action: it, ..
                    } if it == action => {
                        waited_for = Some(step.clone());
                        false
                    }
                    Record::Result { step, .. } if waited_for.as_ref() == Some(step) => false,
                    _ => answered,
                }
            };
            die_mutably_when(&mut stage, &plan, after_answer).await;
            let when = format!("{action}, seed {seed}");
            assert_done(&stage.resume(plan.run).await, &when);
            assert_eq!(census(&stage.sandbox), expected, "{when}");
        }
    }
}

/// [`die_when`] with a memory.
async fn die_mutably_when(
    stage: &mut Stage,
    plan: &Plan,
    stop: impl FnMut(&Entry) -> bool + Send + 'static,
) {
    let stop = std::sync::Mutex::new(stop);
    die_when(stage, plan, move |entry| stop.lock().unwrap()(entry)).await;
}
