//! Teardowns of what others have left: half-deleted sites, stuck objects, creates nobody has seen.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::super::{Awaited, RunReport, StepProblem, look_patiently};
use super::crash::die_when;
use super::stage::{Stage, living};
use super::wish::Wish;
use crate::aws::Breadth;
use crate::aws::{Client, Target, View};
use crate::clock::Clock;
use crate::journal::{Outcome, Record, RunResult};
use crate::plan::{self, Plan};
use crate::sandbox::{Faults, Lifecycle, World};

const REGION: &str = "eu-central-1";

/// The planner's own teardown, not this stage's.
fn away(stage: &Stage, view: &View) -> Plan {
    let (site, region) = ("plant-7".parse().unwrap(), REGION.parse().unwrap());
    let (run, now) = (stage.next_run(), stage.clock.now());
    let plan = plan::teardown(&site, &region, None, view, run, now).unwrap();
    assert_eq!(plan::lint_in(&plan, view), []);
    plan
}

async fn tear_down(stage: &Stage) -> RunReport {
    let plan = away(stage, &stage.view().await);
    stage.run(plan).await
}

fn in_minutes(now: Timestamp, minutes: i64) -> Option<Timestamp> {
    now.checked_add(SignedDuration::from_mins(minutes)).ok()
}

/// Deletes behind the API's back, at once or within two minutes.
fn end(life: &mut Lifecycle, now: Timestamp, at_once: bool) {
    life.deleting_at = Some(now);
    life.deleted_at = in_minutes(now, if at_once { 0 } else { 2 });
}

/// Takes away what the bits of `subset` name, as somebody in the console would.
fn take(world: &mut World, subset: u32, now: Timestamp) {
    let gone = |bit: u32| subset & (1 << bit) != 0;
    let at_once = subset.count_ones().is_multiple_of(2);
    let region = world.region(REGION);
    let ours = |tags: &crate::sandbox::Tags| tags.contains_key("underpass:site");
    for connection in region.vpn_connections.values_mut() {
        if gone(0) {
            end(&mut connection.life, now, at_once);
        }
        if gone(1) {
            connection.routes.truncate(1);
        }
    }
    for gateway in region.customer_gateways.values_mut() {
        if gone(2) && ours(&gateway.tags) {
            end(&mut gateway.life, now, at_once);
        }
    }
    for gateway in region.vpn_gateways.values_mut().filter(|it| ours(&it.tags)) {
        // A gateway that is gone is attached to nothing.
        if gone(3) || gone(4) {
            for attachment in &mut gateway.attachments {
                attachment.detached_at = in_minutes(now, if at_once { 0 } else { 2 });
            }
        }
        if gone(4) {
            end(&mut gateway.life, now, at_once);
        }
    }
    let learning = region.route_tables.values_mut();
    let mut learning: Vec<_> = learning.filter(|it| !it.propagating.is_empty()).collect();
    for (bit, table) in (5..).zip(&mut learning) {
        if gone(bit) {
            table.propagating.clear();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_half_of_a_site_is_gone_the_other_half_goes_too() {
    // Every eleventh; the planner's tests take all of them.
    for subset in (0..1_u32 << 7).step_by(11) {
        let stage = Stage::new(u64::from(subset)).await;
        let before = living(&stage.sandbox);
        stage.run(stage.onboard(&Wish::fixed()).await).await;
        let now = stage.sandbox.now();
        stage.sandbox.edit(|world| take(world, subset, now));
        let report = tear_down(&stage).await;
        assert_eq!(report.result, RunResult::Done, "{subset:07b}: {report:#?}");
        stage.clock.sleep(std::time::Duration::from_secs(300)).await;
        // What somebody detached half-way AWS forgets to propagate from.
        let mut after = living(&stage.sandbox);
        let live: BTreeSet<_> = after.region(REGION).vpn_gateways.keys().cloned().collect();
        for table in after.region(REGION).route_tables.values_mut() {
            table.propagating.retain(|gateway| live.contains(gateway));
        }
        assert_eq!(after, before, "{subset:07b}");
        assert!(away(&stage, &stage.view().await).is_noop(), "{subset:07b}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_attachment_that_sticks_ends_the_wait_and_the_next_run_goes_on() {
    let stage = Stage::new(3).await;
    let before = living(&stage.sandbox);
    stage.run(stage.onboard(&Wish::bgp()).await).await;
    let stick = |until: Option<Timestamp>| {
        stage.sandbox.edit(|world| {
            for gateway in world.region(REGION).vpn_gateways.values_mut() {
                let ours = gateway.tags.contains_key("underpass:site");
                for attachment in gateway.attachments.iter_mut().filter(|_| ours) {
                    attachment.detached_at = until;
                }
            }
        });
    };
    stick(in_minutes(stage.clock.now(), 100_000));
    for _ in 0..2 {
        let plan = away(&stage, &stage.view().await);
        let waits = plan.steps.iter().any(|it| it.reason.contains("already"));
        assert!(waits, "{plan:#?}");
        let began = stage.clock.now();
        let report = stage.run(plan).await;
        assert_eq!(report.result, RunResult::TimedOut, "{report:#?}");
        assert!(stage.clock.since(began).as_secs() < 3600);
        let failures = report.steps.values().filter_map(|it| it.failure.as_ref());
        let failures: Vec<_> = failures.collect();
        assert_eq!(failures.len(), 1, "{failures:?}");
        assert!(matches!(failures[0].problem, StepProblem::TimedOut { .. }));
        assert!(failures[0].left_behind().to_string().contains("vgw-"));
    }
    // Only the gateway is left of it, and the next one finishes the job.
    stick(Some(stage.clock.now()));
    let report = tear_down(&stage).await;
    assert_eq!(report.result, RunResult::Done, "{report:#?}");
    assert_eq!(living(&stage.sandbox), before);
}

/// A run that dies with the answer to its n-th create still under way, and a teardown at once.
#[tokio::test(start_paused = true)]
async fn what_a_killed_run_has_just_made_is_looked_for() {
    let mut late = 0;
    for action in [
        "CreateCustomerGateway",
        "CreateVpnGateway",
        "CreateVpnConnection",
        "AttachVpnGateway",
    ] {
        for seed in 0..4 {
            let when = format!("{action}, seed {seed}");
            let mut stage = Stage::new(seed).await;
            let before = living(&stage.sandbox);
            let plan = stage.onboard(&Wish::bgp()).await;
            let faults = "slow-consistency"
                .parse::<Faults>()
                .unwrap()
                .with_seed(seed);
            stage.sandbox.set_faults(faults);
            let kind = kind_of(action);
            let of_kind: BTreeSet<_> = plan
                .steps
                .iter()
                .filter(|it| it.node.kind == kind)
                .map(|it| it.node.id.clone())
                .collect();
            die_when(&mut stage, &plan, move |entry| {
                matches!(
                    &entry.record,
                    Record::Result { step, outcome: Outcome::Done { .. } } if of_kind.contains(step)
                )
            })
            .await;

            let runs = [stage.folder.read(plan.run).await.unwrap()];
            let first = away(&stage, &stage.view().await);
            let mut told = 0;
            let view = look_patiently(
                &stage.client,
                &stage.clock,
                &stage.ids,
                Breadth::Everything(None),
                &runs,
                |awaited| {
                    assert!(matches!(awaited, Awaited::Unseen(missing) if !missing.is_empty()));
                    told += 1;
                },
            )
            .await
            .unwrap();
            let found = away(&stage, &view);
            late += usize::from(found.steps.len() > first.steps.len());
            let mut report = stage.run(found).await;
            if report.result != RunResult::Done {
                // What came to light meanwhile; the command looks again by itself.
                report = tear_down(&stage).await;
            }
            assert_eq!(report.result, RunResult::Done, "{when}: {report:#?}");
            stage.clock.sleep(std::time::Duration::from_secs(900)).await;
            assert_eq!(living(&stage.sandbox), before, "{when}");
            // And nothing is looked for any more.
            let began = stage.clock.now();
            let rest = look_patiently(
                &stage.client,
                &stage.clock,
                &stage.ids,
                Breadth::Everything(None),
                &runs,
                |_| {
                    told += 1;
                },
            );
            drop(rest.await.unwrap());
            assert!(stage.clock.since(began).as_secs() < 1, "{when}");
        }
    }
    assert!(
        late >= 4,
        "only {late} creates were unseen: the search proves nothing"
    );
}

/// A machine that is an hour ahead, or behind, learns so from the first answer and searches all the same.
#[tokio::test(start_paused = true)]
async fn a_wrong_clock_makes_no_search_shorter() {
    for hours in [-1, 1] {
        let mut stage = Stage::new(3).await;
        let plan = stage.onboard(&Wish::bgp()).await;
        let faults = "slow-consistency".parse::<Faults>().unwrap().with_seed(3);
        stage.sandbox.set_faults(faults);
        die_when(&mut stage, &plan, |entry| {
            matches!(
                &entry.record,
                Record::Result { step, outcome: Outcome::Done { .. } }
                    if step.as_str() == "vpn-gateway"
            )
        })
        .await;
        let runs = [stage.folder.read(plan.run).await.unwrap()];
        let wrong = stage.clock.now() + SignedDuration::from_hours(hours);
        let clock = Clock::starting_at(wrong, 1.0);
        let target = Target {
            region: REGION.parse().unwrap(),
            profile: None,
            endpoint_url: None,
            sandbox: Some(stage.sandbox.clone()),
        };
        let client = Client::connect(&target, clock.clone(), stage.ids.clone());
        let client = client.await.unwrap();
        let mut told = 0;
        let look = look_patiently(
            &client,
            &clock,
            &stage.ids,
            Breadth::Everything(None),
            &runs,
            |awaited| {
                told += usize::from(matches!(awaited, Awaited::Unseen(_)));
            },
        );
        let view = look.await.unwrap();
        assert!(told > 0, "{hours} h: nothing was searched for");
        assert_eq!(view.vpn_gateways.len(), 2, "{hours} h");
    }
}

fn kind_of(action: &str) -> &'static str {
    match action {
        "CreateCustomerGateway" => "customer_gateway",
        "CreateVpnGateway" => "vpn_gateway",
        "CreateVpnConnection" => "vpn_connection",
        _ => "vpn_gateway_attachment",
    }
}
