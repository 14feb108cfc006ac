//! The table of actions.

use crate::sandbox::bucket::Group;
use crate::sandbox::calls::context::{Context, Outcome};
use crate::sandbox::calls::{
    customer_gateways, devices, propagation, regions, route_tables, static_routes, sts, tags,
    transit_attachments, transit_gateways, transit_relations, transit_routes, transit_tables,
    transit_vpcs, tunnels, vpcs, vpn_connections, vpn_create, vpn_gateways, vpn_modify,
};

/// An action of an API.
#[derive(Clone, Copy)]
pub(in crate::sandbox) struct Action {
    pub(in crate::sandbox) service: &'static str,
    pub(in crate::sandbox) name: &'static str,
    /// The bucket that it is throttled by; everything but reads counts as a change.
    pub(in crate::sandbox) group: Group,
    /// The type of resource that a refusal names.
    pub(in crate::sandbox) resource_type: &'static str,
    pub(in crate::sandbox) run: fn(&mut Context<'_>) -> Outcome,
}

impl Action {
    pub(in crate::sandbox) fn is_mutating(&self) -> bool {
        matches!(self.group, Group::Write | Group::Tags)
    }
}

/// The action of that name.
pub(in crate::sandbox) fn action(service: &str, name: &str) -> Option<&'static Action> {
    ACTIONS
        .iter()
        .find(|action| action.service == service && action.name == name)
}

type Run = fn(&mut Context<'_>) -> Outcome;

const fn read(name: &'static str, resource_type: &'static str, run: Run) -> Action {
    Action {
        service: "ec2",
        name,
        group: Group::Read,
        resource_type,
        run,
    }
}

const fn write(name: &'static str, resource_type: &'static str, run: Run) -> Action {
    Action {
        service: "ec2",
        name,
        group: Group::Write,
        resource_type,
        run,
    }
}

const fn tag(name: &'static str, run: Run) -> Action {
    Action {
        service: "ec2",
        name,
        group: Group::Tags,
        resource_type: "*",
        run,
    }
}

const ATTACHMENT: &str = "transit-gateway-attachment";
const TABLE: &str = "transit-gateway-route-table";

const ACTIONS: &[Action] = &[
    Action {
        service: "sts",
        name: "GetCallerIdentity",
        group: Group::Unlimited,
        resource_type: "*",
        run: sts::get_caller_identity,
    },
    read(
        "DescribeAvailabilityZones",
        "*",
        regions::describe_availability_zones,
    ),
    read("DescribeRegions", "*", regions::describe_regions),
    read("DescribeVpcs", "*", vpcs::describe_vpcs),
    read("DescribeSubnets", "*", vpcs::describe_subnets),
    write("CreateVpc", "vpc", vpcs::create_vpc),
    read(
        "DescribeRouteTables",
        "*",
        route_tables::describe_route_tables,
    ),
    write("CreateRoute", "route-table", route_tables::create_route),
    write("ReplaceRoute", "route-table", route_tables::replace_route),
    write("DeleteRoute", "route-table", route_tables::delete_route),
    write(
        "EnableVgwRoutePropagation",
        "route-table",
        propagation::enable,
    ),
    write(
        "DisableVgwRoutePropagation",
        "route-table",
        propagation::disable,
    ),
    read("DescribeCustomerGateways", "*", customer_gateways::describe),
    write(
        "CreateCustomerGateway",
        "customer-gateway",
        customer_gateways::create,
    ),
    write(
        "DeleteCustomerGateway",
        "customer-gateway",
        customer_gateways::delete,
    ),
    read("DescribeVpnGateways", "*", vpn_gateways::describe),
    write("CreateVpnGateway", "vpn-gateway", vpn_gateways::create),
    write("DeleteVpnGateway", "vpn-gateway", vpn_gateways::delete),
    write("AttachVpnGateway", "vpn-gateway", vpn_gateways::attach),
    write("DetachVpnGateway", "vpn-gateway", vpn_gateways::detach),
    read("DescribeVpnConnections", "*", vpn_connections::describe),
    write("CreateVpnConnection", "vpn-connection", vpn_create::create),
    write(
        "DeleteVpnConnection",
        "vpn-connection",
        vpn_connections::delete,
    ),
    write(
        "ModifyVpnConnection",
        "vpn-connection",
        vpn_modify::retarget,
    ),
    write(
        "ModifyVpnConnectionOptions",
        "vpn-connection",
        vpn_modify::connection_options,
    ),
    write(
        "ModifyVpnTunnelOptions",
        "vpn-connection",
        vpn_modify::tunnel_options,
    ),
    write(
        "CreateVpnConnectionRoute",
        "vpn-connection",
        static_routes::create,
    ),
    write(
        "DeleteVpnConnectionRoute",
        "vpn-connection",
        static_routes::delete,
    ),
    write("ReplaceVpnTunnel", "vpn-connection", tunnels::replace),
    read(
        "GetVpnTunnelReplacementStatus",
        "vpn-connection",
        tunnels::replacement_status,
    ),
    read(
        "GetActiveVpnTunnelStatus",
        "vpn-connection",
        tunnels::active_status,
    ),
    read("GetVpnConnectionDeviceTypes", "*", devices::types),
    read(
        "GetVpnConnectionDeviceSampleConfiguration",
        "vpn-connection",
        devices::sample_configuration,
    ),
    read("DescribeTransitGateways", "*", transit_gateways::describe),
    write(
        "CreateTransitGateway",
        "transit-gateway",
        transit_gateways::create,
    ),
    write(
        "ModifyTransitGateway",
        "transit-gateway",
        transit_gateways::modify,
    ),
    write(
        "DeleteTransitGateway",
        "transit-gateway",
        transit_gateways::delete,
    ),
    read(
        "DescribeTransitGatewayAttachments",
        "*",
        transit_attachments::describe,
    ),
    read(
        "DescribeTransitGatewayVpcAttachments",
        "*",
        transit_vpcs::describe,
    ),
    write(
        "CreateTransitGatewayVpcAttachment",
        ATTACHMENT,
        transit_vpcs::create,
    ),
    write(
        "ModifyTransitGatewayVpcAttachment",
        ATTACHMENT,
        transit_vpcs::modify,
    ),
    write(
        "DeleteTransitGatewayVpcAttachment",
        ATTACHMENT,
        transit_vpcs::delete,
    ),
    read(
        "DescribeTransitGatewayRouteTables",
        "*",
        transit_tables::describe,
    ),
    write(
        "CreateTransitGatewayRouteTable",
        TABLE,
        transit_tables::create,
    ),
    write(
        "DeleteTransitGatewayRouteTable",
        TABLE,
        transit_tables::delete,
    ),
    write(
        "AssociateTransitGatewayRouteTable",
        TABLE,
        transit_relations::associate,
    ),
    write(
        "DisassociateTransitGatewayRouteTable",
        TABLE,
        transit_relations::disassociate,
    ),
    read(
        "GetTransitGatewayRouteTableAssociations",
        TABLE,
        transit_relations::associations,
    ),
    write(
        "EnableTransitGatewayRouteTablePropagation",
        TABLE,
        transit_relations::enable,
    ),
    write(
        "DisableTransitGatewayRouteTablePropagation",
        TABLE,
        transit_relations::disable,
    ),
    read(
        "GetTransitGatewayRouteTablePropagations",
        TABLE,
        transit_relations::propagations,
    ),
    write("CreateTransitGatewayRoute", TABLE, transit_routes::create),
    write("DeleteTransitGatewayRoute", TABLE, transit_routes::delete),
    read("SearchTransitGatewayRoutes", TABLE, transit_routes::search),
    read("DescribeTags", "*", tags::describe),
    tag("CreateTags", tags::create),
    tag("DeleteTags", tags::delete),
];
