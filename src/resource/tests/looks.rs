//! Looking and deciding in one go.

use serde_json::{Value, json};

use crate::aws::{Call, Tags, View};
use crate::playbook::StepId;
use crate::resource::testing::{apply, fixture, inputs, keys, nth, owner, tunnels};
use crate::resource::{Decision, Finding, Inputs, Kind, KindError, Owner, Policy, Seen, registry};
use crate::spec::{CustomerGatewayId, VpnGatewayId};

pub(super) const BOLD: Policy = Policy {
    order: false,
    adopt_changes: true,
    remove_duplicates: false,
};

pub(super) fn kind(name: &str) -> &'static dyn Kind {
    registry().find(name).unwrap()
}

pub(super) fn plant_7() -> Owner {
    owner("plant-7", 1_000_000)
}

/// What `step` of this kind finds and decides.
pub(super) fn look(
    name: &str,
    step: &str,
    inputs: &Inputs,
    view: &View,
    policy: Policy,
) -> (Finding, Result<Decision, KindError>) {
    let kind = kind(name);
    let finding = kind
        .find(&StepId::new(step), inputs, &plant_7(), view)
        .unwrap();
    let decision = kind.decide(inputs, &finding, view, policy);
    (finding, decision)
}

pub(super) fn decide(name: &str, step: &str, inputs: &Inputs, view: &View) -> Decision {
    look(name, step, inputs, view, Policy::default()).1.unwrap()
}

pub(super) fn conflict(name: &str, step: &str, inputs: &Inputs, view: &View) -> (String, String) {
    match look(name, step, inputs, view, Policy::default()).1 {
        Err(KindError::Conflict { problem, help }) => (problem, help),
        other => panic!("{other:?}"),
    }
}

pub(super) fn gateway(device: &str) -> Value {
    json!({"ip_address": "198.51.100.7", "bgp_asn": 65010, "device_name": device})
}

pub(super) fn create_gateway(view: &mut View, device: &str, tags: Tags) -> String {
    let call = Call::CreateCustomerGateway {
        ip_address: "198.51.100.7".parse().unwrap(),
        bgp_asn: 65010.try_into().unwrap(),
        device_name: device.to_owned(),
        tags,
    };
    apply(view, &call).unwrap().unwrap()
}

/// A world with this site's connection and the inputs that made it.
pub(super) fn connected() -> (View, Value, String) {
    let owner = plant_7();
    let before = fixture("vpn_connection", &owner);
    let call =
        kind("vpn_connection").create(&before.step, &before.inputs, &owner, &keys(&tunnels()));
    let mut view = before.world;
    let id = apply(&mut view, &call.unwrap()).unwrap().unwrap();
    let inputs = json!({
        "customer_gateway": nth::<CustomerGatewayId>("cgw", 1),
        "vpn_gateway": nth::<VpnGatewayId>("vgw", 1),
        "routing": "static", "tunnels": tunnels(),
    });
    (view, inputs, id)
}

pub(super) fn with(mut inputs_: Value, field: &str, value: Value) -> Inputs {
    inputs_[field] = value;
    inputs(&inputs_)
}

pub(super) fn present(finding: &Finding) -> &Seen {
    match finding {
        Finding::Present(seen) => seen,
        other => panic!("{other:?}"),
    }
}

pub(super) fn with_id(mut inputs: Value, id: &str) -> Value {
    inputs["id"] = json!(id);
    inputs
}
