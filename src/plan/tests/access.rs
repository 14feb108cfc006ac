//! Permissions, policies and the calls of a dry run.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::plan::testing::{
    FOREIGN_VGW, account, applied, now, planned, site, static_site, ulid, view, view_with_gateway,
};
use crate::plan::{LARGEST_POLICY, Plan, PolicyFor, Scope, calls, policy, teardown};
use crate::resource::Keys;

fn actions(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().unwrap();
    statements
        .iter()
        .flat_map(|it| it["Action"].as_array().unwrap())
        .map(|it| it.as_str().unwrap().to_owned())
        .collect()
}

/// Every permission that a plan lists is in its policy and nothing else is; writes are bound.
fn exact(plan: &Plan) -> Value {
    let policy = policy(&PolicyFor::Plan(plan));
    let listed: BTreeSet<String> = plan
        .permissions
        .iter()
        .map(|it| it.action.clone())
        .collect();
    assert_eq!(actions(&policy), listed);
    for statement in policy["Statement"].as_array().unwrap() {
        let resources = statement["Resource"].as_array().unwrap();
        let any = resources
            .iter()
            .any(|it| it.as_str().unwrap().ends_with('*'));
        let bound = statement.get("Condition").is_some();
        assert!(bound || !any || statement["Sid"] == "Look", "{statement:#}");
    }
    let compact: String = policy.to_string();
    assert!(compact.len() < LARGEST_POLICY, "{}", compact.len());
    policy
}

#[test]
fn a_plans_policy_allows_exactly_the_plan() {
    let plan = planned(&site(), &view()).unwrap();
    insta::assert_snapshot!("policy_of_a_fresh_site", format!("{:#}", exact(&plan)));
    let adopting = planned(&site(), &view_with_gateway()).unwrap();
    insta::assert_snapshot!(
        "policy_with_an_adopted_gateway",
        format!("{:#}", exact(&adopting))
    );
    let plan = planned(&static_site(), &view()).unwrap();
    exact(&plan);
    let after = applied(&plan, &view());
    let site = static_site();
    let region = site.region.clone();
    let away = teardown(&site.name, &region, Some(account()), &after, ulid(9), now()).unwrap();
    insta::assert_snapshot!("policy_of_a_teardown", format!("{:#}", exact(&away)));
    let again = planned(&site, &after).unwrap();
    exact(&again);
    let after = applied(&adopting, &view_with_gateway());
    let name = crate::plan::testing::site().name;
    let away = teardown(&name, &region, Some(account()), &after, ulid(9), now()).unwrap();
    let policy = exact(&away).to_string();
    assert!(policy.contains(&format!("vpn-gateway/{FOREIGN_VGW}")));
}

#[test]
fn a_sites_policy_covers_every_plan_of_it() {
    let site = site();
    let scoped = |scope| {
        let account = account();
        let subject = PolicyFor::Site {
            site: &site.name,
            region: &site.region,
            account: Some(&account),
            scope,
            transit: false,
            direct_connect: false,
        };
        policy(&subject)
    };
    let onboard = scoped(Scope::Onboard);
    insta::assert_snapshot!("policy_for_onboarding", format!("{:#}", onboard));
    for view in [view(), view_with_gateway()] {
        let plan = planned(&site, &view).unwrap();
        let needed: BTreeSet<_> = plan
            .permissions
            .iter()
            .map(|it| it.action.clone())
            .collect();
        assert!(needed.is_subset(&actions(&onboard)));
    }
    assert!(scoped(Scope::Teardown).to_string().len() < LARGEST_POLICY);
    assert_eq!(actions(&scoped(Scope::Plan)).len(), 13);
    let china = PolicyFor::Site {
        site: &site.name,
        region: &"cn-north-1".parse().unwrap(),
        account: None,
        scope: Scope::Teardown,
        transit: false,
        direct_connect: false,
    };
    assert!(
        policy(&china)
            .to_string()
            .contains("arn:aws-cn:ec2:cn-north-1:*:vpn-gateway/*")
    );
}

#[test]
fn every_step_that_calls_can_be_asked_beforehand() {
    let fresh = planned(&static_site(), &view()).unwrap();
    let after = applied(&fresh, &view());
    let site = static_site();
    let away = teardown(&site.name, &site.region, None, &after, ulid(9), now()).unwrap();
    let mut changed = static_site();
    changed.tunnels[0].dpd_timeout = Some(90);
    let update = planned(&changed, &after).unwrap();
    let kept = planned(&site, &after).unwrap();
    for plan in [&fresh, &away, &update, &kept] {
        let calls = calls(plan, &Keys::new());
        assert_eq!(calls.len(), plan.steps.len());
        for (step, (id, call)) in plan.steps.iter().zip(&calls) {
            assert_eq!(&step.node.id, id);
            let first = step.actions.first().map(String::as_str);
            assert_eq!(call.as_ref().map(crate::aws::Call::action), first, "{id}");
        }
    }
}
