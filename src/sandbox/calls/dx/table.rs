//! The table of Direct Connect's actions.

use super::{
    associations, connections, failover, gateways, interface_changes, interfaces, locations,
    mac_sec, peers, proposals, routers, routes, tags,
};
use crate::sandbox::bucket::Group;
use crate::sandbox::calls::context::{Context, Outcome};
use crate::sandbox::calls::table::Action;
use crate::sandbox::protocol::DIRECT_CONNECT;

type Run = fn(&mut Context<'_>) -> Outcome;

const fn of(name: &'static str, resource_type: &'static str, group: Group, run: Run) -> Action {
    Action {
        service: DIRECT_CONNECT,
        name,
        group,
        resource_type,
        run,
    }
}

const fn read(name: &'static str, run: Run) -> Action {
    of(name, "*", Group::DirectRead, run)
}

const fn write(name: &'static str, resource_type: &'static str, run: Run) -> Action {
    of(name, resource_type, Group::DirectWrite, run)
}

const CONNECTION: &str = "dxcon";
const INTERFACE: &str = "dxvif";
const GATEWAY: &str = "dx-gateway";

pub(in crate::sandbox::calls) const ACTIONS: &[Action] = &[
    read("DescribeLocations", locations::describe),
    read("DescribeLags", locations::lags),
    read("DescribeInterconnects", locations::interconnects),
    read("DescribeCustomerMetadata", locations::customer_metadata),
    read("DescribeVirtualGateways", locations::virtual_gateways),
    read("DescribeConnections", connections::describe),
    read("DescribeHostedConnections", connections::describe_hosted),
    read("DescribeLoa", connections::describe_loa),
    write("CreateConnection", CONNECTION, connections::create),
    write("UpdateConnection", CONNECTION, connections::update),
    write("DeleteConnection", CONNECTION, connections::delete),
    write("ConfirmConnection", CONNECTION, connections::confirm),
    write("AssociateMacSecKey", CONNECTION, mac_sec::associate),
    write("DisassociateMacSecKey", CONNECTION, mac_sec::disassociate),
    read("DescribeDirectConnectGateways", gateways::describe),
    write("CreateDirectConnectGateway", GATEWAY, gateways::create),
    write("UpdateDirectConnectGateway", GATEWAY, gateways::update),
    write("DeleteDirectConnectGateway", GATEWAY, gateways::delete),
    read(
        "DescribeDirectConnectGatewayAttachments",
        gateways::attachments,
    ),
    read(
        "DescribeDirectConnectGatewayAssociations",
        associations::describe,
    ),
    write(
        "CreateDirectConnectGatewayAssociation",
        GATEWAY,
        associations::create,
    ),
    write(
        "UpdateDirectConnectGatewayAssociation",
        GATEWAY,
        associations::update,
    ),
    write(
        "DeleteDirectConnectGatewayAssociation",
        GATEWAY,
        associations::delete,
    ),
    read(
        "DescribeDirectConnectGatewayAssociationProposals",
        proposals::describe,
    ),
    write(
        "CreateDirectConnectGatewayAssociationProposal",
        GATEWAY,
        proposals::create,
    ),
    write(
        "AcceptDirectConnectGatewayAssociationProposal",
        GATEWAY,
        proposals::accept,
    ),
    write(
        "DeleteDirectConnectGatewayAssociationProposal",
        GATEWAY,
        proposals::delete,
    ),
    read("DescribeVirtualInterfaces", interfaces::describe),
    write(
        "CreatePrivateVirtualInterface",
        INTERFACE,
        interfaces::create_private,
    ),
    write(
        "CreateTransitVirtualInterface",
        INTERFACE,
        interfaces::create_transit,
    ),
    write(
        "AllocatePrivateVirtualInterface",
        INTERFACE,
        interfaces::allocate_private,
    ),
    write(
        "AllocateTransitVirtualInterface",
        INTERFACE,
        interfaces::allocate_transit,
    ),
    write(
        "ConfirmPrivateVirtualInterface",
        INTERFACE,
        interface_changes::confirm,
    ),
    write(
        "ConfirmTransitVirtualInterface",
        INTERFACE,
        interface_changes::confirm,
    ),
    write(
        "UpdateVirtualInterfaceAttributes",
        INTERFACE,
        interface_changes::update,
    ),
    write(
        "DeleteVirtualInterface",
        INTERFACE,
        interface_changes::delete,
    ),
    write("CreateBGPPeer", INTERFACE, peers::create),
    write("DeleteBGPPeer", INTERFACE, peers::delete),
    read("DescribeRouterConfiguration", routers::describe),
    read("ListVirtualInterfaceRoutes", routes::list),
    read("ListVirtualInterfaceTestHistory", failover::history),
    write("StartBgpFailoverTest", INTERFACE, failover::start),
    write("StopBgpFailoverTest", INTERFACE, failover::stop),
    read("DescribeTags", tags::describe),
    write("TagResource", "*", tags::tag),
    write("UntagResource", "*", tags::untag),
];
