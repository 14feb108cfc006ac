//! Onboarding into any world and tearing down again leaves the world as it was.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::aws::{Call, Tags, View};
use crate::playbook::StepId;
use crate::resource::testing::{apply, foreign_gateway, inputs, keys, nth, owner, tunnels, world};
use crate::resource::{Change, Finding, Inputs, Owner, Policy, registry};
use crate::spec::{RouteTableId, VpnGatewayId};

/// A world that was there before the site.
#[derive(Clone, Debug)]
struct Before {
    /// Whether somebody's gateway is attached to the VPC.
    attached: bool,
    /// The route tables into which that gateway propagates already.
    propagating: BTreeSet<usize>,
    /// Whether somebody's customer gateway looks just like ours.
    twin: bool,
    /// Whether another site uses the same gateway.
    neighbour: bool,
    /// How the site routes.
    routing: &'static str,
}

fn before() -> impl Strategy<Value = Before> {
    let tables = proptest::collection::btree_set(1_usize..=3, 0..=3);
    let routing = prop_oneof![Just("bgp"), Just("static")];
    (any::<bool>(), tables, any::<bool>(), any::<bool>(), routing).prop_map(
        |(attached, propagating, twin, neighbour, routing)| Before {
            attached,
            propagating,
            twin,
            neighbour,
            routing,
        },
    )
}

impl Before {
    fn world(&self) -> View {
        let mut view = world();
        foreign_gateway(&mut view, 2, 64600);
        if self.twin {
            let twin = Call::CreateCustomerGateway {
                ip_address: "198.51.100.7".parse().unwrap(),
                bgp_asn: 65010.try_into().unwrap(),
                device_name: "plant-7".into(),
                tags: Tags::new(),
            };
            apply(&mut view, &twin).unwrap();
        }
        if self.attached {
            let vgw: VpnGatewayId = foreign_gateway(&mut view, 1, 64700).parse().unwrap();
            for n in &self.propagating {
                let enable = Call::EnableVgwRoutePropagation {
                    route_table: nth("rtb", *n),
                    vpn_gateway: vgw.clone(),
                };
                apply(&mut view, &enable).unwrap();
            }
        }
        if self.neighbour {
            onboard(&mut view, &owner("plant-8", 900_000), 65020, "bgp");
        }
        view
    }
}

/// Does one step: look, decide, call; answers its outputs.
fn step(
    view: &mut View,
    owner: &Owner,
    kind: &str,
    step: &StepId,
    inputs: &Inputs,
) -> (Change, BTreeMap<String, Value>) {
    let kind = registry().find(kind).unwrap();
    let finding = kind.find(step, inputs, owner, view).unwrap();
    let decision = kind.decide(inputs, &finding, view, Policy::default());
    let change = decision.unwrap().change;
    match (change, finding.chosen()) {
        (Change::Create, _) => {
            let call = kind.create(step, inputs, owner, &keys(&tunnels())).unwrap();
            apply(view, &call).unwrap();
        }
        (Change::Update, Some(seen)) => {
            let all = &keys(&tunnels());
            let call = kind.update(step, inputs, seen, view, owner, all).unwrap();
            apply(view, &call.unwrap()).unwrap();
        }
        _ => {}
    }
    let Finding::Present(seen) = kind.find(step, inputs, owner, view).unwrap() else {
        panic!("{step} is not there after {change:?}");
    };
    (change, kind.outputs_of(inputs, &seen.id, view))
}

/// Does what the built-in playbooks do; answers every change.
fn onboard(view: &mut View, owner: &Owner, asn: u32, routing: &str) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut run = |view: &mut View, kind: &str, name: StepId, with: &Value| {
        let (change, outputs) = step(view, owner, kind, &name, &inputs(with));
        changes.push(change);
        outputs["id"].clone()
    };
    let vpc = json!("vpc-00000000000000001");
    let gateway = json!({
        "ip_address": "198.51.100.7", "bgp_asn": asn, "device_name": owner.site,
    });
    let cgw = run(
        view,
        "customer_gateway",
        StepId::new("customer-gateway"),
        &gateway,
    );
    let gateway = json!({"amazon_side_asn": 64512, "vpc": vpc, "id": null});
    let vgw = run(view, "vpn_gateway", StepId::new("vpn-gateway"), &gateway);
    let vgw_id: VpnGatewayId = vgw.as_str().unwrap().parse().unwrap();
    let adopted = !owner.owns_site(&view.vpn_gateways[&vgw_id].tags);
    let not_yet = view
        .route_tables
        .values()
        .filter(|table| adopted && !table.propagating.contains(&vgw_id));
    let enables: Vec<RouteTableId> = not_yet.map(|table| table.id.clone()).collect();
    let attachment = json!({"vpn_gateway": vgw, "vpc": vpc});
    run(
        view,
        "vpn_gateway_attachment",
        StepId::new("attachment"),
        &attachment,
    );
    let connection = json!({
        "customer_gateway": cgw, "vpn_gateway": vgw, "routing": routing, "tunnels": tunnels(),
        "enables_propagation": enables,
    });
    let vpn = run(
        view,
        "vpn_connection",
        StepId::new("connection"),
        &connection,
    );
    for n in 1..=3 {
        let table: RouteTableId = nth("rtb", n);
        let name = StepId::instance("propagation", table.as_str());
        let with = json!({"route_table": table, "vpn_gateway": vgw});
        run(view, "route_propagation", name, &with);
    }
    if routing == "static" {
        for lan in ["10.20.0.0/24", "10.20.7.0/24"] {
            let with = json!({"connection": vpn, "destination": lan});
            run(
                view,
                "vpn_connection_route",
                StepId::instance("route", lan),
                &with,
            );
        }
    }
    changes
}

/// Deletes all that the site owns, in the order that the kinds demand; `stop` after so many calls.
fn teardown(view: &mut View, owner: &Owner, stop: usize) -> usize {
    let mut calls = 0;
    let mut left: Vec<_> = registry().kinds().iter().collect();
    while !left.is_empty() {
        let free = |kind: &&&dyn crate::resource::Kind| {
            let after = kind.deleted_after();
            !left.iter().any(|other| after.contains(&other.name()))
        };
        let next = left.iter().position(free).unwrap();
        let kind = left.remove(next);
        for owned in kind.owned(&owner.site, view) {
            if calls == stop {
                return calls;
            }
            let found = kind.find(&owned.step, &owned.inputs, owner, view).unwrap();
            let Finding::Present(seen) = found else {
                panic!("{} was not found again: {found:?}", owned.id);
            };
            let call = kind.delete(&seen, view).unwrap();
            apply(view, &call).unwrap_or_else(|code| panic!("{call:?}: {code}"));
            calls += 1;
        }
    }
    calls
}

/// The world without what was deleted, to be compared.
fn living(view: &View) -> String {
    let mut view = view.clone();
    view.customer_gateways.retain(|_, it| !it.state.is_ending());
    view.vpn_gateways.retain(|_, it| !it.state.is_ending());
    for gateway in view.vpn_gateways.values_mut() {
        gateway.attachments.retain(|it| !it.state.is_ending());
    }
    view.vpn_connections.retain(|_, it| !it.state.is_ending());
    serde_json::to_string_pretty(&view).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn teardown_undoes_onboarding_and_nothing_else(before in before(), stop in 0_usize..12) {
        let mut view = before.world();
        let untouched = living(&view);
        let site = owner("plant-7", 1_000_000);
        let changes = onboard(&mut view, &site, 65010, before.routing);
        prop_assert!(changes.contains(&Change::Create));
        let onboarded = living(&view);

        // A later run finds nothing to do.
        let later = owner("plant-7", 1_020_000);
        let again = onboard(&mut view, &later, 65010, before.routing);
        let idle = |change: &Change| matches!(change, Change::Keep | Change::Adopt);
        prop_assert!(again.iter().all(idle), "{:?}", again);
        prop_assert_eq!(living(&view), onboarded);

        // Stopped anywhere, the next teardown finishes the job.
        teardown(&mut view, &site, stop);
        teardown(&mut view, &later, usize::MAX);
        prop_assert_eq!(living(&view), untouched);
        prop_assert_eq!(teardown(&mut view, &later, usize::MAX), 0);
    }
}
