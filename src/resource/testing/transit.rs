//! What a call about a transit gateway does to a view, as AWS would have it, but at once.

use ipnet::IpNet;

use super::model::free_id;
use crate::aws::{
    Route, State, TransitAssociation, TransitAttachment, TransitCall, TransitGateway, TransitPair,
    TransitPropagation, TransitRoute, TransitRouteTable, TransitVpcAttachment, View, VpnConnection,
};
use crate::spec::{
    TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId, VpcId,
};

/// Does a call about a transit gateway, as [`apply`](super::apply) does the others.
pub(super) fn apply_transit(
    view: &mut View,
    call: &TransitCall,
) -> Result<Option<String>, &'static str> {
    match call {
        TransitCall::CreateGateway {
            amazon_side_asn,
            cidrs,
            tags,
        } => {
            let id: TransitGatewayId = free_id("tgw", &view.transit_gateways);
            let table = new_table(view, &id);
            let gateway = TransitGateway {
                id: id.clone(),
                state: State::new("available"),
                owner: None,
                amazon_side_asn: Some(*amazon_side_asn),
                vpn_ecmp: true,
                association_table: Some(table.clone()),
                propagation_table: Some(table),
                cidrs: cidrs.iter().copied().map(IpNet::V4).collect(),
                tags: tags.clone(),
            };
            view.transit_gateways.insert(id.clone(), gateway);
            Ok(Some(id.to_string()))
        }
        TransitCall::DeleteGateway(id) => {
            let on_it = |it: &&TransitAttachment| it.transit_gateway.as_ref() == Some(id);
            let mut attachments = view.transit_attachments.values().filter(on_it);
            if attachments.any(|it| !it.state.is("deleted")) {
                return Err("IncorrectState");
            }
            view.transit_gateways.get_mut(id).unwrap().state = State::new("deleted");
            view.transit_route_tables
                .retain(|_, table| table.transit_gateway.as_ref() != Some(id));
            let tables = view.transit_route_tables.clone();
            view.transit_table_contents
                .retain(|table, _| tables.contains_key(table));
            Ok(None)
        }
        TransitCall::AttachVpc {
            transit_gateway,
            vpc,
            subnets,
            tags,
        } => {
            if vpc_attachment(view, transit_gateway, vpc).is_some() {
                return Err("DuplicateTransitGatewayAttachment");
            }
            let id = attach(view, transit_gateway, "vpc", vpc.as_str());
            view.transit_attachments.get_mut(&id).unwrap().tags = tags.clone();
            let attachment = TransitVpcAttachment {
                id: id.clone(),
                vpc: vpc.clone(),
                subnets: subnets.clone(),
            };
            view.transit_vpc_attachments.insert(id.clone(), attachment);
            Ok(Some(id.to_string()))
        }
        TransitCall::ModifyVpcAttachment {
            attachment,
            add,
            remove,
        } => {
            let subnets = &mut view
                .transit_vpc_attachments
                .get_mut(attachment)
                .unwrap()
                .subnets;
            subnets.retain(|it| !remove.contains(it));
            subnets.extend(add.iter().cloned());
            Ok(None)
        }
        TransitCall::DetachVpc(id) => {
            detach(view, id);
            Ok(None)
        }
        in_table => apply_to_table(view, in_table),
    }
}

fn apply_to_table(view: &mut View, call: &TransitCall) -> Result<Option<String>, &'static str> {
    match call {
        TransitCall::Associate(pair) => {
            let attachment = view.transit_attachments.get_mut(&pair.attachment).unwrap();
            if attachment.association.is_some() {
                return Err("Resource.AlreadyAssociated");
            }
            attachment.association = Some(associated(&pair.table));
            Ok(None)
        }
        TransitCall::Disassociate(pair) => {
            let attachment = view.transit_attachments.get_mut(&pair.attachment).unwrap();
            attachment.association = None;
            Ok(None)
        }
        TransitCall::EnablePropagation(pair) => {
            propagate(view, pair);
            Ok(None)
        }
        TransitCall::DisablePropagation(pair) => {
            let contents = view.transit_table_contents.get_mut(&pair.table).unwrap();
            contents
                .propagations
                .retain(|it| it.attachment != pair.attachment);
            Ok(None)
        }
        TransitCall::CreateRoute { pair, destination } => {
            let contents = view.transit_table_contents.get_mut(&pair.table).unwrap();
            let destination = IpNet::V4(*destination);
            let mut written = contents.routes.iter().filter(|it| !it.propagated);
            if written.any(|it| it.destination == destination) {
                return Err("RouteAlreadyExists");
            }
            contents.routes.push(TransitRoute {
                destination,
                attachments: [pair.attachment.clone()].into(),
                propagated: false,
                state: State::new("active"),
            });
            Ok(None)
        }
        TransitCall::DeleteRoute { table, destination } => {
            let contents = view.transit_table_contents.get_mut(table).unwrap();
            let gone =
                |it: &TransitRoute| !it.propagated && it.destination == IpNet::V4(*destination);
            contents.routes.retain(|it| !gone(it));
            Ok(None)
        }
        TransitCall::CreateVpcRoute {
            route_table,
            destination,
            transit_gateway,
        } => {
            let vpc = view.route_tables[route_table].vpc.clone();
            if vpc_attachment(view, transit_gateway, &vpc).is_none() {
                return Err("InvalidTransitGatewayID.NotFound");
            }
            let routes = &mut view.route_tables.get_mut(route_table).unwrap().routes;
            let to = Some(IpNet::V4(*destination));
            if routes
                .iter()
                .any(|it| !it.propagated && it.destination == to)
            {
                return Err("RouteAlreadyExists");
            }
            routes.push(Route {
                destination: to,
                target: transit_gateway.to_string(),
                propagated: false,
                state: State::new("active"),
            });
            Ok(None)
        }
        TransitCall::DeleteVpcRoute {
            route_table,
            destination,
        } => {
            let routes = &mut view.route_tables.get_mut(route_table).unwrap().routes;
            let to = Some(IpNet::V4(*destination));
            routes.retain(|it| it.propagated || it.destination != to);
            Ok(None)
        }
        other => unreachable!("{other:?} is not about a table"),
    }
}

/// What AWS attaches by itself when a connection is made on a transit gateway.
pub(super) fn attach_connection(view: &mut View, connection: &VpnConnection) {
    if let Some(gateway) = &connection.transit_gateway {
        attach(view, gateway, "vpn", connection.id.as_str());
    }
}

/// What AWS takes off by itself when a connection or an association is deleted.
pub(super) fn detach_resource(view: &mut View, resource: &str) {
    let attachments = view.transit_attachments.values();
    let its = attachments.filter(|it| it.resource == resource);
    for id in its.map(|it| it.id.clone()).collect::<Vec<_>>() {
        detach(view, &id);
    }
}

/// A further route table of a transit gateway, which takes nobody in by itself.
pub(crate) fn new_table(view: &mut View, gateway: &TransitGatewayId) -> TransitGatewayRouteTableId {
    let id: TransitGatewayRouteTableId = free_id("tgw-rtb", &view.transit_route_tables);
    let table = TransitRouteTable {
        id: id.clone(),
        transit_gateway: Some(gateway.clone()),
        state: State::new("available"),
        tags: [].into(),
    };
    view.transit_route_tables.insert(id.clone(), table);
    view.transit_table_contents.entry(id.clone()).or_default();
    id
}

pub(super) fn attach(
    view: &mut View,
    gateway: &TransitGatewayId,
    resource_type: &str,
    resource: &str,
) -> TransitGatewayAttachmentId {
    let id: TransitGatewayAttachmentId = free_id("tgw-attach", &view.transit_attachments);
    let hub = view.transit_gateways[gateway].clone();
    let attachment = TransitAttachment {
        id: id.clone(),
        transit_gateway: Some(gateway.clone()),
        state: State::new("available"),
        resource_type: resource_type.to_owned(),
        resource: resource.to_owned(),
        resource_owner: None,
        association: hub.association_table.as_ref().map(associated),
        tags: [].into(),
    };
    view.transit_attachments.insert(id.clone(), attachment);
    if let Some(table) = hub.propagation_table {
        let attachment = id.clone();
        propagate(view, &TransitPair { table, attachment });
    }
    id
}

fn detach(view: &mut View, id: &TransitGatewayAttachmentId) {
    let attachment = view.transit_attachments.get_mut(id).unwrap();
    attachment.state = State::new("deleted");
    attachment.association = None;
    for contents in view.transit_table_contents.values_mut() {
        contents.propagations.retain(|it| it.attachment != *id);
        for route in &mut contents.routes {
            if route.attachments.remove(id) && route.attachments.is_empty() {
                route.state = State::new("blackhole");
            }
        }
    }
}

fn propagate(view: &mut View, pair: &TransitPair) {
    let contents = view.transit_table_contents.entry(pair.table.clone());
    let propagations = &mut contents.or_default().propagations;
    if propagations
        .iter()
        .all(|it| it.attachment != pair.attachment)
    {
        propagations.push(TransitPropagation {
            attachment: pair.attachment.clone(),
            state: State::new("enabled"),
        });
    }
}

fn associated(table: &TransitGatewayRouteTableId) -> TransitAssociation {
    TransitAssociation {
        table: table.clone(),
        state: State::new("associated"),
    }
}

fn vpc_attachment<'a>(
    view: &'a View,
    gateway: &TransitGatewayId,
    vpc: &VpcId,
) -> Option<&'a TransitAttachment> {
    view.transit_attachments.values().find(|it| {
        !it.state.is_ending()
            && it.resource == vpc.as_str()
            && it.transit_gateway.as_ref() == Some(gateway)
    })
}
