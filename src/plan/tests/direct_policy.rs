//! What a site with a Direct Connect has to be allowed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::direct_connect::{private, transit};
use crate::plan::testing::{account, planned};
use crate::plan::{LARGEST_POLICY, PolicyFor, Scope, policy};
use crate::spec::Site;

fn scoped(site: &Site, scope: Scope, transit: bool) -> Value {
    policy(&PolicyFor::Site {
        site: &site.name,
        region: &site.region,
        account: Some(&account()),
        scope,
        transit,
        direct_connect: true,
    })
}

fn actions(policy: &Value) -> BTreeSet<&str> {
    let statements = policy["Statement"].as_array().unwrap();
    let actions = statements.iter().map(|it| it["Action"].as_array().unwrap());
    actions.flatten().map(|it| it.as_str().unwrap()).collect()
}

#[test]
fn a_sites_policy_covers_its_plans_and_names_each_service_rightly() {
    for (world, is_transit) in [(private(), false), (transit(), true)] {
        let (site, view) = world;
        let plan = planned(&site, &view).unwrap();
        let onboard = scoped(&site, Scope::Onboard, is_transit);
        let of_plan = policy(&PolicyFor::Plan(&plan));
        for need in &plan.permissions {
            let action = need.action.as_str();
            assert!(actions(&onboard).contains(action), "{action} of the site");
            assert!(actions(&of_plan).contains(action), "{action} of the plan");
        }
        for action in actions(&onboard).union(&actions(&of_plan)) {
            assert!(!action.starts_with("ec2:CreateDirectConnect"), "{action}");
            assert!(!action.contains("FailoverTest"), "{action}");
        }
        assert!(onboard.to_string().len() < LARGEST_POLICY);
        let looks = scoped(&site, Scope::Plan, is_transit);
        assert!(actions(&looks).contains("directconnect:DescribeVirtualInterfaces"));
    }
}

#[test]
fn a_cut_over_may_touch_the_sites_own_virtual_interface_and_nothing_else() {
    let (site, _) = private();
    let policy = scoped(&site, Scope::Cutover, false);
    insta::assert_snapshot!("policy_for_a_cut_over", format!("{policy:#}"));
    let all = actions(&policy);
    let writes = |it: &&&str| {
        let (_, name) = it.split_once(':').unwrap();
        !["Describe", "Get", "List", "Search"]
            .iter()
            .any(|verb| name.starts_with(verb))
    };
    let writes: Vec<&&str> = all.iter().filter(writes).collect();
    assert_eq!(
        writes,
        [
            &"directconnect:StartBgpFailoverTest",
            &"directconnect:StopBgpFailoverTest",
            &"directconnect:TagResource",
            &"directconnect:UntagResource",
        ]
    );
}
