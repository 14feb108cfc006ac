//! From nothing to a site and back.

use super::stage::{Stage, census, living};
use super::wish::Wish;
use crate::engine::{Cancel, Event, Leftover, StepProblem};
use crate::journal::RunResult;
use crate::playbook::StepId;
use crate::resource::Change;

#[tokio::test(start_paused = true)]
async fn a_site_comes_up_once_and_goes_without_a_trace() {
    for wish in [Wish::bgp(), Wish::fixed(), Wish::adopting()] {
        let stage = Stage::new(1).await;
        let before = living(&stage.sandbox);
        let report = stage.run(stage.onboard(&wish).await).await;
        assert_eq!(report.result, RunResult::Done, "{report:#?}");
        let [
            customer,
            vpn,
            connections,
            attachments,
            propagations,
            routes,
        ] = census(&stage.sandbox);
        assert_eq!((customer, connections), (1, 1));
        let foreign = usize::from(before != living(&stage.sandbox));
        assert_eq!(foreign, 1);
        let adopting = wish.vpc == Wish::adopting().vpc;
        assert_eq!(
            vpn,
            if adopting { 1 } else { 2 },
            "the clinic's is one of them"
        );
        assert_eq!(attachments, vpn);
        assert_eq!(propagations, 2);
        assert_eq!(routes, if wish.routing == "static" { 2 } else { 0 });

        let from = stage.calls();
        let again = stage.run(stage.onboard(&wish).await).await;
        assert_eq!(again.result, RunResult::Done, "{again:#?}");
        assert_eq!((again.calls, stage.changes_since(from)), (0, vec![]));
        let ids = |report: &crate::engine::RunReport| -> Vec<_> {
            report.steps.values().map(|step| step.id.clone()).collect()
        };
        assert_eq!(ids(&report), ids(&again));

        let report = stage.run(stage.teardown().await).await;
        assert_eq!(report.result, RunResult::Done, "{report:#?}");
        assert_eq!(living(&stage.sandbox), before);
        assert!(stage.teardown().await.steps.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn events_tell_the_whole_story_in_order() {
    let stage = Stage::new(2).await;
    let plan = stage.onboard(&Wish::bgp()).await;
    let journal = stage.begin(&plan).await;
    let (report, events) = stage.play(stage.job(plan.clone(), journal)).await;
    assert!(
        matches!(&events[0], Event::RunStarted { resumed: false, steps, .. } if steps.len() == 6)
    );
    assert!(matches!(
        events.last(),
        Some(Event::RunEnded {
            result: RunResult::Done,
            ..
        })
    ));
    for step in &plan.steps {
        let of_step: Vec<&str> = events
            .iter()
            .filter_map(|event| match event {
                Event::Calling { step: of, .. } if *of == step.node.id => Some("calling"),
                Event::Called { step: of, .. } if *of == step.node.id => Some("called"),
                Event::Ready {
                    step: of,
                    change: Change::Create,
                    ..
                } if *of == step.node.id => Some("ready"),
                _ => None,
            })
            .collect();
        assert_eq!(of_step, ["calling", "called", "ready"], "{}", step.node.id);
    }
    assert_eq!(report.calls, 6);
    // Nobody is left without a word for more than ten seconds.
    let times = events
        .iter()
        .map(|event| serde_json::to_value(event).unwrap());
    let times: Vec<jiff::Timestamp> = times
        .map(|event| event["at"].as_str().unwrap().parse().unwrap())
        .collect();
    for pair in times.windows(2) {
        let silence = pair[1].duration_since(pair[0]);
        assert!(silence <= jiff::SignedDuration::from_secs(11), "{silence}");
    }
    let json = serde_json::to_string(&(&report, &events)).unwrap();
    for key in stage.keys.values() {
        assert!(!json.contains(key.expose()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_changed_since_the_plan_stops_the_step_and_says_how() {
    let stage = Stage::new(3).await;
    let plan = stage.onboard(&Wish::bgp()).await;
    // Somebody attaches a gateway to the VPC after the plan was made.
    stage.sandbox.edit(|world| {
        let region = world.region("eu-central-1");
        let plant = region.vpcs.keys().next().unwrap().clone();
        let gateway = region.vpn_gateways.values_mut().next().unwrap();
        gateway.attachments[0].vpc = plant;
    });
    let report = stage.run(plan).await;
    assert_eq!(report.result, RunResult::Failed);
    let gateway = &report.steps[&StepId::new("vpn-gateway")];
    let failure = gateway.failure.as_ref().unwrap();
    assert_eq!(failure.left, Leftover::Nothing);
    insta::assert_snapshot!(failure, @"vpn-gateway: the plan was to create it, but now it would be to use what exists: it is attached to the VPC already, which has room for one");
    assert_eq!(
        failure.next_command(crate::plan::Mode::Onboard, "plant-7.yaml"),
        "underpass plan plant-7.yaml"
    );
    let skipped = &report.steps[&StepId::new("connection")];
    assert_eq!(skipped.skipped.as_deref(), Some("vpn-gateway failed"));
    // The customer gateway does not depend on it, and is kept for the next run.
    assert!(
        report.steps[&StepId::new("customer-gateway")]
            .failure
            .is_none()
    );
    let again = stage.run(stage.onboard(&Wish::bgp()).await).await;
    assert_eq!(again.result, RunResult::Done, "{again:#?}");
    assert_eq!(census(&stage.sandbox)[..3], [1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_aws_hands_over_from_somebody_else_is_not_taken_for_ours() {
    let stage = Stage::new(4).await;
    let plan = stage.onboard(&Wish::bgp()).await;
    let journal = stage.begin(&plan).await;
    // The same gateway, but with another's tags: CreateCustomerGateway answers with such a one.
    let watch = |event: &Event, _: &Cancel| {
        if matches!(event, Event::Called { action, .. } if action == "CreateCustomerGateway") {
            stage.sandbox.edit(|world| {
                for gateway in world.region("eu-central-1").customer_gateways.values_mut() {
                    gateway.tags.clear();
                }
            });
        }
    };
    let job = stage.job(plan, journal);
    let (report, _) = stage.play_until(job, Cancel::new(), watch).await;
    let failure = report.steps[&StepId::new("customer-gateway")]
        .failure
        .clone()
        .unwrap();
    assert!(
        matches!(failure.problem, StepProblem::NotOurs { .. }),
        "{failure}"
    );
    assert!(failure.problem.to_string().contains("cgw-"), "{failure}");
    assert_eq!(failure.left, Leftover::Nothing);
    assert!(report.steps[&StepId::new("attachment")].failure.is_none());
}
