//! A site's world just before a step of each kind that has to do with transit gateways.

use serde_json::{Value, json};

use super::build::{inputs, keys, nth, tunnels, world};
use super::fixture::Fixture;
use super::model::apply;
use super::transit::new_table;
use crate::aws::{Call, TransitAttachment, TransitCall, View};
use crate::playbook::StepId;
use crate::resource::{Owner, registry};
use crate::spec::{TransitGatewayId, VpcId};

const VPC: &str = "vpc-00000000000000001";
const ROUTE: &str = "rtb-00000000000000002:10.20.0.0/24";

/// The fixture of a kind that has to do with transit gateways; none for the others.
pub(super) fn transit_fixture(kind: &str, owner: &Owner) -> Option<Fixture> {
    let mut world = world();
    let ours = |name: &str| owner.tags(&StepId::new(name));
    if kind == "transit_gateway" {
        let inputs = json!({"amazon_side_asn": 64513});
        return done("transit-gateway", &inputs, world);
    }
    let create = TransitCall::CreateGateway {
        amazon_side_asn: 64513.try_into().unwrap(),
        cidrs: Vec::new(),
        tags: ours("transit-gateway"),
    };
    let tgw = apply(&mut world, &Call::Transit(create)).unwrap().unwrap();
    let id: TransitGatewayId = tgw.parse().unwrap();
    if kind == "transit_gateway_vpc_attachment" {
        let subnets = ["subnet-00000000000000001", "subnet-00000000000000002"];
        let inputs = json!({"transit_gateway": tgw, "vpc": VPC, "subnets": subnets});
        return done("vpc-attachment", &inputs, world);
    }
    if kind == "vpc_route" {
        let attach = TransitCall::AttachVpc {
            transit_gateway: id.clone(),
            vpc: nth::<VpcId>("vpc", 1),
            subnets: [nth("subnet", 1)].into(),
            tags: ours("vpc-attachment"),
        };
        apply(&mut world, &Call::Transit(attach)).unwrap();
    }
    let create = Call::CreateCustomerGateway {
        ip_address: "198.51.100.7".parse().unwrap(),
        bgp_asn: 65010.try_into().unwrap(),
        device_name: owner.site.to_string(),
        tags: ours("customer-gateway"),
    };
    let cgw = apply(&mut world, &create).unwrap().unwrap();
    let connection = json!({
        "customer_gateway": cgw, "transit_gateway": tgw, "vpc": VPC, "routing": "static",
        "tunnels": tunnels(), "large_bandwidth": true, "accelerated": null,
        "writes_routes": {"rtb-00000000000000002": ["10.20.0.0/24"]},
    });
    if kind == "transit_vpn_connection" {
        return done("connection", &connection, world);
    }
    if kind.starts_with("transit_gateway_") {
        let hub = world.transit_gateways.get_mut(&id).unwrap();
        // Takes nobody in by itself.
        (hub.association_table, hub.propagation_table) = (None, None);
    }
    let step = StepId::new("connection");
    let its_kind = registry().find("transit_vpn_connection").unwrap();
    let create = its_kind.create(&step, &inputs(&connection), owner, &keys(&tunnels()));
    let vpn = apply(&mut world, &create.unwrap()).unwrap().unwrap();
    let is_its = |it: &&TransitAttachment| it.resource == vpn;
    let attachment = world.transit_attachments.values().find(is_its);
    let pair = json!({
        "attachment": attachment.unwrap().id, "route_table": new_table(&mut world, &id),
        "destination": "10.20.0.0/24",
    });
    let route = json!({"route": ROUTE, "transit_gateway": tgw});
    match kind {
        "transit_gateway_association" => done("association", &pair, world),
        "transit_gateway_propagation" => {
            let table = pair["route_table"].as_str().unwrap();
            done(&format!("transit-propagation[{table}]"), &pair, world)
        }
        "transit_gateway_route" => done("transit-route[10.20.0.0/24]", &pair, world),
        "vpc_route" => done(&format!("vpc-route[{ROUTE}]"), &route, world),
        _ => None,
    }
}

pub(super) fn done(step: &str, values: &Value, world: View) -> Option<Fixture> {
    Some(Fixture {
        step: StepId::new(step),
        inputs: inputs(values),
        world,
    })
}
