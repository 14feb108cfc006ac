//! What AWS really answers with: lists in any order, and what was deleted among what lives.

use super::direct_connect::clutter_direct_connect;
use crate::aws::{Attachment, State, TransitPropagation, View};

/// The view with every list reversed, and a deleted twin before and after every object and entry.
pub(crate) fn cluttered(view: &View) -> View {
    let mut view = view.clone();
    let deleted = State::new("deleted");
    for gateway in view.customer_gateways.clone().into_values() {
        for id in ["cgw-00000000", "cgw-ffffffff"] {
            let mut twin = gateway.clone();
            (twin.id, twin.state) = (id.parse().unwrap(), deleted.clone());
            view.customer_gateways.insert(twin.id.clone(), twin);
        }
    }
    for gateway in view.vpn_gateways.values_mut() {
        let old = gateway
            .attachments
            .clone()
            .into_iter()
            .map(|it| Attachment {
                state: State::new("detached"),
                ..it
            });
        let old: Vec<_> = old.collect();
        gateway.attachments = [old.clone(), gateway.attachments.clone(), old].concat();
    }
    for gateway in view.vpn_gateways.clone().into_values() {
        for id in ["vgw-00000000", "vgw-ffffffff"] {
            let mut twin = gateway.clone();
            (twin.id, twin.state) = (id.parse().unwrap(), deleted.clone());
            view.vpn_gateways.insert(twin.id.clone(), twin);
        }
    }
    for connection in view.vpn_connections.values_mut() {
        connection.tunnels.reverse();
        connection.telemetry.reverse();
        let mut old = connection.routes.clone();
        for route in &mut old {
            route.state = deleted.clone();
        }
        connection.routes = [old.clone(), connection.routes.clone(), old].concat();
    }
    for connection in view.vpn_connections.clone().into_values() {
        for id in ["vpn-00000000", "vpn-ffffffff"] {
            let mut twin = connection.clone();
            (twin.id, twin.state) = (id.parse().unwrap(), deleted.clone());
            view.vpn_connections.insert(twin.id.clone(), twin);
        }
    }
    clutter_transit(&mut view);
    clutter_direct_connect(&mut view);
    view
}

fn clutter_transit(view: &mut View) {
    let deleted = State::new("deleted");
    for gateway in view.transit_gateways.clone().into_values() {
        for id in ["tgw-00000000", "tgw-ffffffff"] {
            let mut twin = gateway.clone();
            (twin.id, twin.state) = (id.parse().unwrap(), deleted.clone());
            view.transit_gateways.insert(twin.id.clone(), twin);
        }
    }
    for attachment in view.transit_attachments.clone().into_values() {
        for id in ["tgw-attach-00000000", "tgw-attach-ffffffff"] {
            let mut twin = attachment.clone();
            (twin.id, twin.state) = (id.parse().unwrap(), deleted.clone());
            twin.association = None;
            view.transit_attachments.insert(twin.id.clone(), twin);
        }
    }
    for contents in view.transit_table_contents.values_mut() {
        let old = contents.propagations.iter().map(|it| TransitPropagation {
            state: State::new("disabled"),
            ..it.clone()
        });
        let old: Vec<_> = old.collect();
        contents.propagations = [old.clone(), contents.propagations.clone(), old].concat();
        let mut old = contents.routes.clone();
        for route in &mut old {
            route.state = deleted.clone();
        }
        contents.routes = [old.clone(), contents.routes.clone(), old].concat();
    }
}
