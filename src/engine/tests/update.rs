//! Changes in place: one tunnel at a time.

use std::net::IpAddr;
use std::time::Duration;

use super::stage::{Stage, census};
use super::wish::{SITE_IP, Wish};
use crate::aws::{Collection, View};
use crate::engine::{Cancel, Event, StepProblem};
use crate::journal::{Record, RunResult};
use crate::playbook::StepId;
use crate::resource::Change;
use crate::sandbox::{Faults, GatewaySim, Injected};

fn router() -> Option<IpAddr> {
    Some(SITE_IP.parse().unwrap())
}

/// A site whose router is up, and what it wants to be changed.
async fn living_site(sim: GatewaySim) -> (Stage, Wish) {
    let stage = Stage::new(11).await;
    let report = stage.run(stage.onboard(&Wish::bgp()).await).await;
    assert_eq!(report.result, RunResult::Done, "{report:#?}");
    stage.sandbox.set_gateway(router(), sim);
    stage.clock.sleep(Duration::from_secs(300)).await;
    let mut wish = Wish::bgp();
    wish.phase1_lifetime = 14400;
    (stage, wish)
}

fn tunnels_up(view: &View) -> usize {
    let connections = view.vpn_connections.values();
    connections
        .flat_map(|it| &it.telemetry)
        .filter(|it| it.up)
        .count()
}

#[tokio::test(start_paused = true)]
async fn both_tunnels_change_and_one_always_carries() {
    let (stage, wish) = living_site(GatewaySim::Online).await;
    assert_eq!(tunnels_up(&stage.view().await), 2);
    let plan = stage.onboard(&wish).await;
    let connection = plan
        .steps
        .iter()
        .find(|it| it.node.kind == "vpn_connection")
        .unwrap();
    assert_eq!(connection.change, Change::Update);
    let from = stage.calls();

    let client = stage.client.clone();
    let clock = stage.clock.clone();
    let guard = tokio::spawn(async move {
        let mut least = 2;
        for _ in 0..400 {
            let view = client.view(&[Collection::VpnConnections]).await.unwrap();
            least = least.min(tunnels_up(&view));
            clock.sleep(Duration::from_secs(5)).await;
        }
        least
    });
    let report = stage.run(plan).await;
    assert_eq!(report.result, RunResult::Done, "{report:#?}");
    assert_eq!(stage.changes_since(from), ["ModifyVpnTunnelOptions ok"; 2]);
    assert_eq!(
        guard.await.unwrap(),
        1,
        "one went down at a time, and one did"
    );
    assert_eq!(tunnels_up(&stage.view().await), 2);
    assert_eq!(stage.run(stage.onboard(&wish).await).await.calls, 0);
}

#[tokio::test(start_paused = true)]
async fn the_only_tunnel_that_carries_is_not_touched() {
    let (stage, wish) = living_site(GatewaySim::HalfUp).await;
    let plan = stage.onboard(&wish).await;
    let from = stage.calls();
    let report = stage.run(plan).await;
    assert_eq!(report.result, RunResult::TimedOut, "{report:#?}");
    // The tunnel that is down could be changed; it does not come up, so the other stays.
    let changes = stage.changes_since(from);
    assert!(changes.len() <= 1, "{changes:?}");
    assert_eq!(tunnels_up(&stage.view().await), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_router_both_tunnels_change_and_nobody_waits_for_traffic() {
    let (stage, wish) = living_site(GatewaySim::Offline).await;
    let from = stage.calls();
    let report = stage.run(stage.onboard(&wish).await).await;
    assert_eq!(report.result, RunResult::Done, "{report:#?}");
    assert_eq!(stage.changes_since(from), ["ModifyVpnTunnelOptions ok"; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_router_that_does_not_follow_the_first_change_keeps_its_second_tunnel() {
    let (stage, wish) = living_site(GatewaySim::Online).await;
    let plan = stage.onboard(&wish).await;
    let run = plan.run;
    let journal = stage.begin(&plan).await;
    let from = stage.calls();
    let watch = |event: &Event, _: &Cancel| {
        if matches!(event, Event::Called { action, .. } if action == "ModifyVpnTunnelOptions") {
            // Only one tunnel comes up from now on.
            stage.sandbox.set_gateway(router(), GatewaySim::HalfUp);
        }
    };
    let job = stage.job(plan, journal);
    let (report, _) = stage.play_until(job, Cancel::new(), watch).await;
    let changes = stage.changes_since(from);
    if changes.len() == 1 {
        let failure = report.steps[&StepId::new("connection")]
            .failure
            .clone()
            .unwrap();
        assert!(failure.is_timeout(), "{failure}");
        assert_eq!(report.result, RunResult::TimedOut);
    }
    stage.sandbox.set_gateway(router(), GatewaySim::Online);
    stage.clock.sleep(Duration::from_secs(300)).await;
    let resumed = stage.resume(run).await;
    assert_eq!(resumed.result, RunResult::Done, "{resumed:#?}");
    assert_eq!(stage.changes_since(from), ["ModifyVpnTunnelOptions ok"; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_of_a_tunnel_change_is_not_repeated() {
    let (stage, wish) = living_site(GatewaySim::Online).await;
    let plan = stage.onboard(&wish).await;
    let from = stage.calls();
    let lost = Faults::default().script("ModifyVpnTunnelOptions", 1, Injected::LostReply);
    stage.sandbox.set_faults(lost);
    let report = stage.run(plan).await;
    assert_eq!(report.result, RunResult::Done, "{report:#?}");
    assert_eq!(
        stage.changes_since(from),
        ["ModifyVpnTunnelOptions lost", "ModifyVpnTunnelOptions ok"]
    );
}

#[tokio::test(start_paused = true)]
async fn tags_change_without_touching_a_tunnel() {
    let (stage, _) = living_site(GatewaySim::Online).await;
    let mut wish = Wish::bgp();
    wish.tags
        .insert("cost-centre".to_owned(), "4711".to_owned());
    let from = stage.calls();
    let report = stage.run(stage.onboard(&wish).await).await;
    assert_eq!(report.result, RunResult::Done, "{report:#?}");
    assert_eq!(stage.changes_since(from), ["CreateTags ok"; 3]);
    assert_eq!(tunnels_up(&stage.view().await), 2);
    assert_eq!(census(&stage.sandbox), [1, 2, 1, 2, 2, 0]);
    let problem = report.steps.values().find_map(|step| step.failure.as_ref());
    assert!(problem.is_none_or(|it| !matches!(it.problem, StepProblem::Internal(_))));
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_between_two_tunnels_old_telemetry_is_not_believed() {
    let (mut stage, wish) = living_site(GatewaySim::Online).await;
    let plan = stage.onboard(&wish).await;
    let journal = stage.begin(&plan).await;
    // It dies when the first tunnel's answer should be written down.
    journal.stop_when(|entry| matches!(entry.record, Record::Result { .. }));
    stage.play(stage.job(plan.clone(), journal)).await;
    stage.fresh_client().await;
    // The replacement takes 300 to 480 s here; it is over when the run goes on at last.
    stage.clock.sleep(Duration::from_secs(480)).await;
    let resumed_at = stage.clock.now();
    assert_eq!(stage.resume(plan.run).await.result, RunResult::Done);
    let calls = stage.sandbox.calls();
    let changes = calls
        .iter()
        .filter(|call| call.action == "ModifyVpnTunnelOptions");
    let [_, second] = changes.collect::<Vec<_>>().try_into().unwrap();
    let waited = second.at.duration_since(resumed_at);
    assert!(waited.as_secs() >= 180, "{waited}");
}
