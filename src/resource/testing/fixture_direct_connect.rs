//! A site's world just before a step of each kind that has to do with Direct Connect.

use serde_json::{Value, json};

use super::build::{inputs, keys, tunnels, world};
use super::fixture::Fixture;
use super::fixture_transit::done;
use super::model::apply;
use crate::aws::{Call, TransitCall, View};
use crate::playbook::StepId;
use crate::resource::{Owner, registry};

/// The fixture of a kind that has to do with Direct Connect; none for the others.
pub(super) fn direct_connect_fixture(kind: &str, owner: &Owner) -> Option<Fixture> {
    let mut world = world();
    let order = json!({
        "name": "underpass-plant-7",
        "order": {"location": "SBX1", "bandwidth": "1Gbps", "provider": null, "macsec": false},
    });
    let gateway = json!({"name": "underpass-plant-7", "amazon_side_asn": 64520});
    match kind {
        "dx_connection" => return done("dx-connection", &order, world),
        "dx_gateway" => return done("dx-gateway", &gateway, world),
        "private_virtual_interface" | "transit_virtual_interface" | "dx_gateway_association" => {}
        _ => return None,
    }
    let tgw = transit_gateway(&mut world, owner);
    let connection = make(&mut world, owner, "dx_connection", "dx-connection", &order);
    let gateway = make(&mut world, owner, "dx_gateway", "dx-gateway", &gateway);
    let interface = json!({
        "connection": connection, "gateway": gateway, "name": "underpass-plant-7", "vlan": 101,
        "asn": 65010, "mtu": 1500, "associates": tgw, "addresses": null,
    });
    if kind != "dx_gateway_association" {
        return done("virtual-interface", &interface, world);
    }
    let leads_to = "transit_virtual_interface";
    make(&mut world, owner, leads_to, "virtual-interface", &interface);
    let association = json!({
        "gateway": gateway, "with": tgw, "allowed_prefixes": ["10.0.0.0/16", "10.1.0.0/16"],
    });
    done("dx-association", &association, world)
}

/// Somebody's transit gateway.
fn transit_gateway(world: &mut View, owner: &Owner) -> String {
    let create = TransitCall::CreateGateway {
        amazon_side_asn: 64513.try_into().unwrap(),
        cidrs: Vec::new(),
        tags: owner.tags(&StepId::new("transit-gateway")),
    };
    apply(world, &Call::Transit(create)).unwrap().unwrap()
}

/// Has a kind make its object.
fn make(world: &mut View, owner: &Owner, kind: &str, step: &str, values: &Value) -> String {
    let kind = registry().find(kind).unwrap();
    let (step, keys) = (StepId::new(step), keys(&tunnels()));
    let call = kind.create(&step, &inputs(values), owner, &keys).unwrap();
    apply(world, &call).unwrap().unwrap()
}
