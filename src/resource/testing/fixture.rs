//! A site's world just before a step of each kind.

use serde_json::json;

use super::build::{inputs, keys, nth, tunnels, world};
use super::fixture_direct_connect::direct_connect_fixture;
use super::fixture_transit::transit_fixture;
use super::model::apply;
use crate::aws::{Call, Tags, View};
use crate::playbook::StepId;
use crate::resource::{Inputs, Owner, registry};
use crate::spec::{RouteTableId, VpnGatewayId};

/// Somebody else's gateway, attached to VPC `vpc`.
pub(crate) fn foreign_gateway(view: &mut View, vpc: usize, asn: u32) -> String {
    let create = Call::CreateVpnGateway {
        amazon_side_asn: asn.try_into().unwrap(),
        tags: Tags::new(),
    };
    let id = apply(view, &create).unwrap().unwrap();
    let attach = Call::AttachVpnGateway {
        vpn_gateway: id.parse().unwrap(),
        vpc: nth("vpc", vpc),
    };
    apply(view, &attach).unwrap();
    id
}

/// Everything that the fixtures of [`fixture`] need and are.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    /// The step.
    pub(crate) step: StepId,
    /// Its inputs.
    pub(crate) inputs: Inputs,
    /// The world before the step, with what it needs.
    pub(crate) world: View,
}

/// A site's world just before a step of each kind; a new kind needs a line here.
pub(crate) fn fixture(kind: &str, owner: &Owner) -> Fixture {
    let mut world = world();
    if let Some(fixture) = direct_connect_fixture(kind, owner) {
        return fixture;
    }
    if let Some(fixture) = transit_fixture(kind, owner) {
        return fixture;
    }
    let step = |name: &str| StepId::new(name);
    let ours = |name: &str| owner.tags(&StepId::new(name));
    let gateway =
        json!({"ip_address": "198.51.100.7", "bgp_asn": 65010, "device_name": owner.site});
    if kind == "customer_gateway" {
        let mut gateway = gateway;
        let (vgw, table) = (nth::<VpnGatewayId>("vgw", 9), nth::<RouteTableId>("rtb", 2));
        gateway["remembers_propagation"] = json!({vgw.to_string(): [table]});
        let inputs = inputs(&gateway);
        return Fixture {
            step: step("customer-gateway"),
            inputs,
            world,
        };
    }
    if kind == "vpn_gateway" {
        let inputs = inputs(&json!({"amazon_side_asn": 64512, "vpc": "vpc-00000000000000001"}));
        return Fixture {
            step: step("vpn-gateway"),
            inputs,
            world,
        };
    }
    let create = Call::CreateVpnGateway {
        amazon_side_asn: 64512.try_into().unwrap(),
        tags: ours("vpn-gateway"),
    };
    let vgw = apply(&mut world, &create).unwrap().unwrap();
    let attachment = json!({"vpn_gateway": vgw, "vpc": "vpc-00000000000000001"});
    if kind == "vpn_gateway_attachment" {
        return Fixture {
            step: step("attachment"),
            inputs: inputs(&attachment),
            world,
        };
    }
    if kind == "route_propagation" {
        let attach = Call::AttachVpnGateway {
            vpn_gateway: vgw.parse().unwrap(),
            vpc: nth("vpc", 1),
        };
        apply(&mut world, &attach).unwrap();
        let table = "rtb-00000000000000002";
        return Fixture {
            step: StepId::instance("propagation", table),
            inputs: inputs(&json!({"route_table": table, "vpn_gateway": vgw})),
            world,
        };
    }
    let create = Call::CreateCustomerGateway {
        ip_address: "198.51.100.7".parse().unwrap(),
        bgp_asn: 65010.try_into().unwrap(),
        device_name: owner.site.to_string(),
        tags: ours("customer-gateway"),
    };
    let cgw = apply(&mut world, &create).unwrap().unwrap();
    let connection = json!({
        "customer_gateway": cgw, "vpn_gateway": vgw, "routing": "static", "tunnels": tunnels(),
        "enables_propagation": [],
    });
    if kind == "vpn_connection" {
        return Fixture {
            step: step("connection"),
            inputs: inputs(&connection),
            world,
        };
    }
    assert_eq!(kind, "vpn_connection_route", "no fixture for {kind}");
    let kind = registry().find("vpn_connection").unwrap();
    let create = kind.create(
        &step("connection"),
        &inputs(&connection),
        owner,
        &keys(&tunnels()),
    );
    let vpn = apply(&mut world, &create.unwrap()).unwrap().unwrap();
    Fixture {
        step: StepId::instance("route", "10.20.0.0/24"),
        inputs: inputs(&json!({"connection": vpn, "destination": "10.20.0.0/24"})),
        world,
    }
}
