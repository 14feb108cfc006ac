//! Is everything that stands for an object of AWS's really an id, and of the right kind?
//!
//! Ids go into calls and, by `underpass policy --plan`, into ARNs that somebody grants: a `*` there
//! would be everything.

use std::str::FromStr;

use ipnet::Ipv4Net;

use super::report::Report;
use crate::plan::model::{Plan, PlannedStep};
use crate::playbook::Input;
use crate::spec::{
    CustomerGatewayId, DxAssociationId, DxConnectionId, DxGatewayId, RouteTableId,
    TransitGatewayAttachmentId, TransitGatewayId, TransitGatewayRouteTableId, VirtualInterfaceId,
    VpcId, VpnConnectionId, VpnGatewayId,
};

pub(super) fn check(plan: &Plan, report: &mut Report) {
    for step in &plan.steps {
        let kind = step.node.kind.as_str();
        if let Some(id) = &step.existing
            && !names_a(kind, id)
        {
            let message = format!("`{}` is not the id of a {kind}", id.escape_debug());
            report.step("lint::id", &step.node.id, message);
        }
        inputs(step, kind, report);
    }
}

fn inputs(step: &PlannedStep, kind: &str, report: &mut Report) {
    for (name, input) in &step.node.inputs {
        let Input::Known(value) = input else { continue };
        let Some(text) = value.as_str() else { continue };
        let wanted = meant(kind, name);
        if !names_a(wanted, text) {
            let message = format!(
                "its input `{}` is `{}`, which is no such id",
                name.escape_debug(),
                text.escape_debug()
            );
            report.step("lint::id", &step.node.id, message);
        }
    }
}

/// The kind, or the input of its own sort, whose ids an input of a kind has.
fn meant<'a>(kind: &'a str, input: &'a str) -> &'a str {
    match (kind, input) {
        (_, "id") => kind,
        ("private_virtual_interface" | "transit_virtual_interface", "connection") => {
            "dx_connection"
        }
        (
            "private_virtual_interface" | "transit_virtual_interface" | "dx_gateway_association",
            "gateway",
        ) => "dx_gateway",
        ("dx_gateway_association", "with") | (_, "associates") => "end",
        _ => input,
    }
}

/// Whether a text is the id that a kind's objects have; one part is in front of a colon where the
/// object is what ties two others together. A kind that nobody knows has no wrong ids.
fn names_a(kind: &str, id: &str) -> bool {
    let (first, second) = id.split_once(':').unwrap_or((id, ""));
    match kind {
        "customer_gateway" => is::<CustomerGatewayId>(id),
        "vpn_gateway" => is::<VpnGatewayId>(id),
        "vpn_connection" | "transit_vpn_connection" | "connection" => is::<VpnConnectionId>(id),
        "transit_gateway" => is::<TransitGatewayId>(id),
        "transit_gateway_vpc_attachment" | "attachment" => is::<TransitGatewayAttachmentId>(id),
        "transit_gateway_association" | "transit_gateway_propagation" => {
            is::<TransitGatewayRouteTableId>(first) && is::<TransitGatewayAttachmentId>(second)
        }
        "transit_gateway_route" => is::<TransitGatewayRouteTableId>(first) && is::<Ipv4Net>(second),
        "vpc_route" | "route" => is::<RouteTableId>(first) && is::<Ipv4Net>(second),
        "vpc" => is::<VpcId>(id),
        "route_table" => is::<RouteTableId>(id) || is::<TransitGatewayRouteTableId>(id),
        "vpn_gateway_attachment" => is::<VpnGatewayId>(first) && is::<VpcId>(second),
        "route_propagation" => is::<RouteTableId>(first) && is::<VpnGatewayId>(second),
        "dx_connection" => is::<DxConnectionId>(id),
        "dx_gateway" => is::<DxGatewayId>(id),
        "dx_gateway_association" => is::<DxAssociationId>(id),
        "private_virtual_interface" | "transit_virtual_interface" => is::<VirtualInterfaceId>(id),
        "end" => is::<VpnGatewayId>(id) || is::<TransitGatewayId>(id),
        "vpn_connection_route" => is::<VpnConnectionId>(first) && is::<Ipv4Net>(second),
        _ => true,
    }
}

fn is<T: FromStr>(text: &str) -> bool {
    text.parse::<T>().is_ok()
}
