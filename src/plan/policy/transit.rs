//! What a policy says about transit gateways.

use std::collections::BTreeSet;

use serde_json::Value;

use super::named::known_inputs;
use super::{Subject, statement};
use crate::plan::model::Plan;
use crate::playbook::Input;

/// What onboarding a site on a transit gateway may call.
pub(super) const ONBOARDING: [&str; 14] = [
    "AssociateTransitGatewayRouteTable",
    "CreateCustomerGateway",
    "CreateRoute",
    "CreateTransitGateway",
    "CreateTransitGatewayRoute",
    "CreateTransitGatewayVpcAttachment",
    "CreateVpnConnection",
    "DeleteRoute",
    "DeleteTransitGatewayRoute",
    "DisableTransitGatewayRouteTablePropagation",
    "DisassociateTransitGatewayRouteTable",
    "EnableTransitGatewayRouteTablePropagation",
    "ModifyTransitGatewayVpcAttachment",
    "ModifyVpnTunnelOptions",
];
/// What tearing it down may call.
pub(super) const TEARING_DOWN: [&str; 6] = [
    "DeleteCustomerGateway",
    "DeleteRoute",
    "DeleteTransitGateway",
    "DeleteTransitGatewayRoute",
    "DeleteTransitGatewayVpcAttachment",
    "DeleteVpnConnection",
];
/// Actions on routes and route tables, which carry no tag of a site.
pub(super) const ROUTING: [&str; 8] = [
    "AssociateTransitGatewayRouteTable",
    "CreateRoute",
    "CreateTransitGatewayRoute",
    "DeleteRoute",
    "DeleteTransitGatewayRoute",
    "DisableTransitGatewayRouteTablePropagation",
    "DisassociateTransitGatewayRouteTable",
    "EnableTransitGatewayRouteTablePropagation",
];
/// Those of them that AWS checks on an attachment too.
const ON_ATTACHMENTS: [&str; 5] = [
    "AssociateTransitGatewayRouteTable",
    "CreateTransitGatewayRoute",
    "DisableTransitGatewayRouteTablePropagation",
    "DisassociateTransitGatewayRouteTable",
    "EnableTransitGatewayRouteTablePropagation",
];
/// What AWS checks on the VPC, its subnets and the transit gateway as well.
const ATTACHING: [&str; 2] = [
    "CreateTransitGatewayVpcAttachment",
    "ModifyTransitGatewayVpcAttachment",
];

impl Subject {
    /// Attaching a VPC is checked on what is joined, which the request does not tag.
    pub(super) fn attach_vpc(&self) -> Vec<Value> {
        let actions = self.chosen(&ATTACHING);
        if actions.is_empty() {
            return Vec::new();
        }
        let joined = ["subnet/", "vpc/"].iter().flat_map(|first| {
            let networks = self.networks.iter().flatten();
            let named = networks.filter(|it| it.starts_with(first));
            let named: Vec<String> = named.map(|name| self.resource(name)).collect();
            match named.is_empty() {
                true => vec![self.resource(&format!("{first}*"))],
                false => named,
            }
        });
        let mut joined: Vec<String> = joined.collect();
        let foreign = self.gateways.iter().flatten();
        let foreign: Vec<String> = foreign
            .filter(|name| name.starts_with("transit-gateway/"))
            .map(|name| self.resource(name))
            .collect();
        let any = self.resource("transit-gateway/*");
        let mut statements = Vec::new();
        match &self.gateways {
            Some(_) if foreign.is_empty() => {
                let own = statement("AttachOwn", &actions, &[any], Some(self.has_tag()));
                statements.push(own);
            }
            Some(_) => joined.extend(foreign),
            None => joined.push(any),
        }
        statements.insert(0, statement("AttachVpc", &actions, &joined, None));
        statements
    }

    /// Routes, and who learns them.
    ///
    /// The connection's attachment has no tags and its id is AWS's choice, so that no condition
    /// narrows it; what is done with it is bound by the tables.
    pub(super) fn route(&self) -> Vec<Value> {
        let mut statements = Vec::new();
        let actions = self.chosen(&ROUTING);
        if actions.is_empty() {
            return statements;
        }
        let tables = self.networks.iter().flatten();
        let tables = tables.filter(|name| name.contains("route-table/"));
        let mut tables: Vec<String> = tables.map(|name| self.resource(name)).collect();
        if tables.is_empty() {
            let any = ["route-table/*", "transit-gateway-route-table/*"];
            tables.extend(any.map(|name| self.resource(name)));
        }
        statements.push(statement("Route", &actions, &tables, None));
        let actions = self.chosen(&ON_ATTACHMENTS);
        if !actions.is_empty() {
            let any = [self.resource("transit-gateway-attachment/*")];
            statements.push(statement("RouteToAttachments", &actions, &any, None));
        }
        statements
    }
}

/// Whether a plan has to do with transit gateways.
pub(super) fn has_transit(plan: &Plan) -> bool {
    let kinds = plan.steps.iter().map(|step| step.node.kind.as_str());
    kinds
        .into_iter()
        .any(|kind| kind.starts_with("transit_") || kind == "vpc_route")
}

/// The tables and subnets of a plan's steps that are known.
pub(super) fn transit_networks(plan: &Plan) -> BTreeSet<String> {
    let tables = known_inputs(plan, "route_table").filter(|id| id.starts_with("tgw-rtb-"));
    let tables = tables.map(|id| format!("transit-gateway-route-table/{id}"));
    let routes = known_inputs(plan, "route").filter_map(|it| it.split(':').next());
    let routes = routes.map(|id| format!("route-table/{id}"));
    let lists = plan.steps.iter().filter(|step| step.changes_something());
    let lists = lists.filter_map(|step| match step.node.inputs.get("subnets")? {
        Input::Known(Value::Array(ids)) => Some(ids),
        _ => None,
    });
    let subnets = lists.flatten().filter_map(Value::as_str);
    let subnets = subnets.map(|id| format!("subnet/{id}"));
    tables.chain(routes).chain(subnets).collect()
}
