//! Plans that were tampered with: every way of breaking one is found, and by the right code.

use std::collections::BTreeSet;

use serde_json::json;

use super::{lint, lint_in};
use crate::aws::View;
use crate::plan::testing::{
    account, add_neighbour, applied, as_tags, now, planned, site, static_site, ulid, view,
    view_with_gateway,
};
use crate::plan::{Plan, PlannedStep, teardown};
use crate::playbook::{Input, StepId};
use crate::resource::testing::tags_of;
use crate::resource::{Change, TunnelImpact};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity};

/// Good plans of every sort, each with the view that it was made from.
fn good() -> Vec<(Plan, View)> {
    let fresh = planned(&site(), &view()).unwrap();
    let fixed = planned(&static_site(), &view()).unwrap();
    let adopting = planned(&site(), &view_with_gateway()).unwrap();
    let built = applied(&fixed, &view());
    let mut changed = static_site();
    changed.tunnels[1].dpd_timeout = Some(60);
    let update = planned(&changed, &built).unwrap();
    let name = static_site().name;
    let region = site().region;
    let away = teardown(&name, &region, Some(account()), &built, ulid(9), now()).unwrap();
    vec![
        (fresh, view()),
        (fixed, view()),
        (adopting, view_with_gateway()),
        (update, built.clone()),
        (away, built),
    ]
}

fn codes(plan: &Plan) -> BTreeSet<&'static str> {
    lint(plan).into_iter().map(|it| it.code).collect()
}

/// Tampers with every good plan; `tamper` says whether it found something to break.
fn caught(code: &str, tamper: impl Fn(&mut Plan) -> bool) {
    let mut broken = 0;
    for (plan, _) in good() {
        let mut plan = plan;
        if tamper(&mut plan) {
            broken += 1;
            assert!(codes(&plan).contains(code), "{code} in {:?}", codes(&plan));
        }
    }
    assert!(broken > 0, "nothing to break for {code}");
}

/// The same for one step after the other.
fn caught_in_steps(code: &str, tamper: impl Fn(&mut PlannedStep) -> bool) {
    let mut broken = 0;
    for (plan, _) in good() {
        for index in 0..plan.steps.len() {
            let mut plan = plan.clone();
            if tamper(&mut plan.steps[index]) {
                broken += 1;
                let found = codes(&plan);
                let step = &plan.steps[index].node.id;
                assert!(found.contains(code), "{code} in {found:?} at {step}");
            }
        }
    }
    assert!(broken > 0, "nothing to break for {code}");
}

fn is_connection(step: &PlannedStep) -> bool {
    step.node.kind == "vpn_connection"
}

#[test]
fn good_plans_have_no_findings() {
    for (plan, view) in good() {
        assert_eq!(lint_in(&plan, &view), []);
    }
}

/// A need that is dropped is found, unless others imply it.
#[test]
fn every_need_counts() {
    let mut dropped = 0;
    for (plan, _) in good() {
        for index in 0..plan.steps.len() {
            for need in plan.steps[index].node.needs.clone() {
                let mut plan = plan.clone();
                plan.steps[index].node.needs.remove(&need);
                let step = plan.steps[index].node.id.clone();
                let implied = super::order::waits_for(&plan, &step).contains(&need);
                dropped += usize::from(!implied);
                assert!(implied || !codes(&plan).is_empty(), "{step} without {need}");
            }
        }
    }
    assert!(dropped > 15, "{dropped}");
}

#[test]
fn order_and_names() {
    for (plan, _) in good() {
        let mut reversed = plan.clone();
        reversed.steps.reverse();
        assert!(codes(&reversed).contains("lint::order"));
        let mut doubled = plan.clone();
        doubled.steps.push(plan.steps[0].clone());
        assert!(codes(&doubled).contains("lint::step_name"));
        let mut lost = plan.clone();
        let needed = plan.steps.iter().flat_map(|it| &it.node.needs).next();
        let needed = needed.cloned().unwrap();
        lost.steps.retain(|it| it.node.id != needed);
        assert!(codes(&lost).contains("lint::order"));
    }
    caught_in_steps("lint::reference", |step| {
        let other = Input::List(vec![Input::Output {
            step: StepId::new("elsewhere"),
            output: "id".to_owned(),
        }]);
        step.node.inputs.insert("vpc".to_owned(), other);
        true
    });
}

#[test]
fn changes_and_their_calls() {
    caught_in_steps("lint::mode", |step| {
        step.change = match step.change {
            Change::Delete => Change::Keep,
            _ => Change::Delete,
        };
        true
    });
    caught_in_steps("lint::existing", |step| {
        step.existing = match step.existing {
            Some(_) => None,
            None => Some("vgw-0a1b2c3d".to_owned()),
        };
        true
    });
    caught_in_steps("lint::actions", |step| {
        step.actions.push("DeleteVpc".to_owned());
        true
    });
    caught_in_steps("lint::actions", |step| {
        let had = !step.actions.is_empty();
        step.actions.clear();
        had
    });
    // A delete that is dressed up as something else.
    caught_in_steps("lint::actions", |step| {
        let create = step.change == Change::Create && step.node.kind == "vpn_gateway";
        step.actions = vec!["DeleteVpnGateway".to_owned()];
        create
    });
    caught_in_steps("lint::usual", |step| {
        step.usual.to = step.usual.limit * 2;
        true
    });
}

#[test]
fn outages_bills_and_permissions() {
    caught_in_steps("lint::impact", |step| {
        let silent = step.impact != TunnelImpact::None;
        step.impact = TunnelImpact::None;
        silent && is_connection(step)
    });
    caught_in_steps("lint::impact", |step| {
        step.impact = TunnelImpact::OneByOne(vec![[203, 0, 113, 1].into()]);
        matches!(step.change, Change::Keep | Change::Adopt | Change::Create)
    });
    caught("lint::impact", |plan| {
        let told = plan.warnings.len();
        plan.warnings.retain(|it| it.code != "plan::outage");
        told > plan.warnings.len()
    });
    caught("lint::cost", |plan| {
        plan.cost.clear();
        plan.steps.iter().any(is_connection)
    });
    caught("lint::cost", |plan| {
        plan.cost
            .iter_mut()
            .for_each(|it| it.hourly_usd = -it.hourly_usd);
        !plan.cost.is_empty()
    });
    for (plan, _) in good() {
        let writes = plan.steps.iter().flat_map(|it| &it.actions);
        for action in writes.cloned().collect::<BTreeSet<_>>() {
            let mut plan = plan.clone();
            plan.permissions
                .retain(|it| it.action != format!("ec2:{action}"));
            assert!(codes(&plan).contains("lint::permission"), "{action}");
        }
    }
    caught("lint::permission", |plan| {
        plan.permissions.retain(|it| it.action != "ec2:CreateTags");
        plan.changes().create > 0
    });
}

#[test]
fn owners_and_formats() {
    caught("lint::schema", |plan| {
        plan.schema_version += 1;
        true
    });
    caught("lint::owner", |plan| {
        plan.owner.site = "somebody-else".parse().unwrap();
        true
    });
    caught("lint::owner", |plan| {
        plan.owner.run = ulid(99);
        true
    });
    caught("lint::owner", |plan| {
        plan.owner.environment = crate::spec::Environment::Production;
        plan.mode == crate::plan::Mode::Onboard
    });
    caught("lint::asn_equal", |plan| {
        let mut changed = false;
        for step in &mut plan.steps {
            let made = step.change == Change::Create && step.node.kind == "vpn_gateway";
            if made && plan.playbook == "vgw-bgp" {
                let asn = Input::Known(json!(65010));
                step.node.inputs.insert("amazon_side_asn".to_owned(), asn);
                changed = true;
            }
        }
        changed
    });
}

#[test]
fn tunnels() {
    let tampered = |code: &str, tamper: &dyn Fn(&mut crate::plan::TunnelPlan)| {
        for index in [0, 1] {
            caught(code, |plan| {
                let Some(tunnel) = plan.tunnels.get_mut(index) else {
                    return false;
                };
                tamper(tunnel);
                // Consistently: only the linter's own knowledge can find it.
                let asked: Vec<_> = plan.tunnels.iter().map(|it| &it.options).collect();
                let asked = Input::Known(json!(asked));
                for step in plan.steps.iter_mut().filter(|it| is_connection(it)) {
                    step.node.inputs.insert("tunnels".to_owned(), asked.clone());
                }
                true
            });
        }
    };
    tampered("lint::weak", &|it| {
        it.options.phase1.encryption = Encryption::Aes128Gcm16;
    });
    tampered("lint::weak", &|it| {
        it.options.phase2.encryption = Encryption::Aes128;
    });
    tampered("lint::weak", &|it| {
        it.options.phase1.integrity = Integrity::Sha1;
    });
    tampered("lint::weak", &|it| it.options.phase2.dh_group = DhGroup(5));
    tampered("lint::weak", &|it| it.options.phase2.dh_group = DhGroup(24));
    tampered("lint::weak", &|it| it.options.ike_version = IkeVersion::V1);
    tampered("lint::tunnels", &|it| it.number += 1);
    tampered("lint::tunnels", &|it| {
        it.options.phase2.lifetime = it.options.phase1.lifetime;
    });
    tampered("lint::tunnels", &|it| it.options.rekey_margin = 1801);
    tampered("lint::tunnels", &|it| it.options.dpd_timeout = 5);
    tampered("lint::tunnels", &|it| it.mss = it.mtu);
    caught("lint::tunnels", |plan| {
        let Some(first) = plan.tunnels.first().cloned() else {
            return false;
        };
        plan.tunnels[1].options.inside_cidr = first.options.inside_cidr;
        true
    });
    caught("lint::tunnels", |plan| plan.tunnels.pop().is_some());
    // What AWS is asked for and what the device gets.
    caught("lint::tunnels", |plan| {
        plan.tunnels.first_mut().is_some_and(|it| {
            it.options.dpd_timeout = 45;
            true
        })
    });
}

#[test]
fn secrets() {
    let key = crate::tunnel::sample::KEYS[0];
    caught_in_steps("lint::secret", |step| {
        step.reason = format!("the key is {key}");
        true
    });
    caught_in_steps("lint::secret", |step| {
        let input = Input::Known(json!({ "PreSharedKey": "short" }));
        step.node.inputs.insert("more".to_owned(), input);
        true
    });
    caught("lint::secret", |plan| {
        plan.owner.extra.insert("note".to_owned(), key.to_owned());
        true
    });
    for (plan, _) in good() {
        let mut plan = plan;
        plan.owner.extra.insert("note".to_owned(), key.to_owned());
        assert!(lint(&plan).iter().all(|it| !it.message.contains(key)));
    }
}

/// Whatever a plan says of itself: AWS's tags decide whose the objects are.
#[test]
fn foreign_objects() {
    let (away, built) = good().pop().unwrap();
    for id in away.steps.iter().filter_map(|it| it.existing.as_deref()) {
        let Some(tagged) = ["cgw-", "vgw-", "vpn-"]
            .iter()
            .find(|it| id.starts_with(**it))
        else {
            continue;
        };
        let own = id.split(':').next().unwrap();
        let mut stolen = built.clone();
        let tags = tags_of(&mut stolen, own);
        tags.insert("underpass:site".to_owned(), "plant-8".to_owned());
        let found: BTreeSet<_> = lint_in(&away, &stolen).iter().map(|it| it.code).collect();
        assert_eq!(found, ["lint::foreign"].into(), "{tagged}");
    }
    let mut shared = built.clone();
    let gateway = shared.vpn_gateways.keys().next().unwrap().to_string();
    add_neighbour(&mut shared, 77, &gateway, as_tags(&[]));
    assert!(
        lint_in(&away, &shared)
            .iter()
            .any(|it| it.code == "lint::foreign")
    );
}

#[test]
fn ids_are_ids_and_steps_are_countable() {
    caught_in_steps("lint::id", |step| {
        let existed = step.existing.is_some();
        step.existing = step.existing.as_ref().map(|_| "*".to_owned());
        existed
    });
    caught_in_steps("lint::id", |step| {
        step.existing = Some("vpn-0a1b2c3d\u{1b}[2J".to_owned());
        true
    });
    for name in ["vpc", "route_table", "vpn_gateway", "customer_gateway"] {
        caught_in_steps("lint::id", |step| {
            let star = Input::Known(json!("vpc-*"));
            step.node.inputs.insert(name.to_owned(), star);
            true
        });
    }
    caught("lint::steps", |plan| {
        let step = plan.steps[0].clone();
        plan.steps.resize(1001, step);
        true
    });
}

/// What a run has deleted already is nobody's; what is still there has an owner.
#[test]
fn a_run_that_has_begun_may_miss_what_it_deleted_and_touches_nothing_foreign() {
    for (plan, view) in good() {
        assert_eq!(super::lint_begun(&plan, &view), []);
        assert_eq!(super::lint_begun(&plan, &View::default()), []);
        let (mut nobodys, mut touched) = (view.clone(), false);
        for connection in nobodys.vpn_connections.values_mut() {
            connection.tags.clear();
        }
        for step in &plan.steps {
            touched |= is_connection(step) && step.change == Change::Delete;
        }
        let found = super::lint_begun(&plan, &nobodys);
        let foreign = found.iter().any(|it| it.code == "lint::foreign");
        assert!(foreign || !touched, "{found:?}");
    }
}
