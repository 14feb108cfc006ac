//! What of a site AWS is deleting already: it is in the way of the rest until it is gone.
//!
//! An earlier teardown that was stopped leaves such objects. A gateway cannot be deleted while one
//! of them hangs on it, so a plan waits for each by name instead of asking again and again.

use serde_json::json;

use super::world::is_of;
use crate::aws::{View, VpnConnection};
use crate::playbook::StepId;
use crate::resource::{self, Inputs, Kind, Owned};
use crate::spec::SiteName;

/// An object on its way out, with the action that sent it there.
pub(super) struct Leaving {
    pub(super) kind: &'static dyn Kind,
    pub(super) owned: Owned,
    pub(super) action: &'static str,
}

/// Connections of the site that are being deleted, and attachments of gateways among `going` that
/// are being detached.
pub(super) fn all(site: &SiteName, view: &View, going: &[&str]) -> Vec<Leaving> {
    let connections = view
        .vpn_connections
        .values()
        .filter(|it| is_of(site, &it.tags) && it.state.is("deleting"))
        .filter_map(connection);
    let attachments = view
        .vpn_gateways
        .values()
        .filter(|it| going.contains(&it.id.as_str()))
        .flat_map(|gateway| {
            let detaching = gateway.attachments.iter();
            let detaching = detaching.filter(|it| it.state.is("detaching"));
            detaching.filter_map(|it| attachment(gateway.id.as_str(), it.vpc.as_str()))
        });
    connections.chain(attachments).collect()
}

fn connection(connection: &VpnConnection) -> Option<Leaving> {
    let id = connection.id.to_string();
    Some(Leaving {
        kind: resource::registry().find(resource::kind_of(connection))?,
        owned: Owned {
            step: StepId::instance("connection", &id),
            inputs: Inputs::of([("id", json!(id))]),
            id,
        },
        action: "DeleteVpnConnection",
    })
}

fn attachment(gateway: &str, vpc: &str) -> Option<Leaving> {
    let id = format!("{gateway}:{vpc}");
    Some(Leaving {
        kind: resource::registry().find("vpn_gateway_attachment")?,
        owned: Owned {
            step: StepId::instance("attachment", vpc),
            inputs: Inputs::of([("vpn_gateway", json!(gateway)), ("vpc", json!(vpc))]),
            id,
        },
        action: "DetachVpnGateway",
    })
}
