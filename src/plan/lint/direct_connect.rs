//! Which Direct Connect actions a step may call, and which of them need a word of their own.

use super::report::Report;
use crate::plan::model::{Plan, PlannedStep};
use crate::plan::order::orders;

/// Every Direct Connect action that a plan may call, with the kinds that call it.
const ACTIONS: [(&str, &str); 13] = [
    ("ConfirmConnection", "dx_connection"),
    ("CreateConnection", "dx_connection"),
    ("CreateDirectConnectGateway", "dx_gateway"),
    (
        "CreateDirectConnectGatewayAssociation",
        "dx_gateway_association",
    ),
    ("CreatePrivateVirtualInterface", "private_virtual_interface"),
    ("CreateTransitVirtualInterface", "transit_virtual_interface"),
    ("DeleteConnection", "dx_connection"),
    ("DeleteDirectConnectGateway", "dx_gateway"),
    (
        "DeleteDirectConnectGatewayAssociation",
        "dx_gateway_association",
    ),
    ("DeleteVirtualInterface", "private_virtual_interface"),
    ("DeleteVirtualInterface", "transit_virtual_interface"),
    (
        "UpdateDirectConnectGatewayAssociation",
        "dx_gateway_association",
    ),
    (
        "UpdateVirtualInterfaceAttributes",
        "private_virtual_interface",
    ),
];

/// The kinds that call an action.
pub(super) fn callers(action: &str) -> impl Iterator<Item = &'static str> {
    let mut kinds: Vec<&str> = ACTIONS
        .iter()
        .filter(|(known, _)| *known == action)
        .map(|(_, kind)| *kind)
        .collect();
    if action == "UpdateVirtualInterfaceAttributes" {
        kinds.push("transit_virtual_interface");
    }
    if action == "TagResource" {
        kinds.extend(ACTIONS.iter().map(|(_, kind)| *kind));
    }
    kinds.into_iter()
}

/// A plan that orders was told to order.
pub(super) fn check(plan: &Plan, step: &PlannedStep, report: &mut Report) {
    if orders(step) && !plan.policy.order {
        report.step(
            "lint::order_unconfirmed",
            &step.node.id,
            "orders what bills for months, and nobody said so",
        );
    }
}
