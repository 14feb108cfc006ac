//! Which tables of a transit gateway a site's file has named.
//!
//! Associations and propagations have no tags in AWS, and whoever runs a transit gateway makes some
//! for attachments that are not theirs. Those that a site has asked for are remembered in tags of
//! its connection, so that one which is taken out of the site file is undone, and no other.

use std::collections::BTreeSet;

use serde_json::json;

use super::inputs::Inputs;
use super::kind::Owned;
use super::listed;
use super::owner::is_of;
use super::remembered::{missing_under, read_under};
use crate::aws::{Tags, View};
use crate::playbook::StepId;
use crate::spec::{SiteName, TransitGatewayRouteTableId};

/// The tables that the site's file has named for the connection to look routes up in.
pub const TAG_ASSOCIATED: &str = "underpass:associated";
/// The tables that the site's file has named to learn the site's routes.
pub const TAG_PROPAGATES: &str = "underpass:propagates";

/// The tags that a connection lacks to remember these tables under `key` too.
pub(super) fn missing_tables(
    key: &str,
    wanted: &BTreeSet<TransitGatewayRouteTableId>,
    has: &Tags,
) -> Tags {
    missing_under(key, wanted, has)
}

/// The tables in which a connection with these tags has been put.
pub fn associated_tables(tags: &Tags) -> BTreeSet<TransitGatewayRouteTableId> {
    read_under(TAG_ASSOCIATED, tags)
}

/// Propagations that the site has asked for and, as it `wants` others only, asks for no more.
///
/// Into its default table a transit gateway takes every attachment by itself.
pub fn spread_by_the_site(
    site: &SiteName,
    wants: &[TransitGatewayRouteTableId],
    view: &View,
) -> Vec<Owned> {
    let mut owned = Vec::new();
    let connections = view.vpn_connections.values();
    for connection in connections.filter(|it| !it.state.is_ending() && is_of(site, &it.tags)) {
        let remembered: BTreeSet<TransitGatewayRouteTableId> =
            read_under(TAG_PROPAGATES, &connection.tags);
        let gateway = connection.transit_gateway.as_ref();
        let gateway = gateway.and_then(|id| view.transit_gateways.get(id));
        let default = gateway.and_then(|it| it.propagation_table.as_ref());
        let attachments = view.transit_attachments.values();
        let its =
            attachments.filter(|it| it.resource == connection.id.as_str() && !it.state.is_ending());
        for attachment in its {
            let surplus = remembered.iter().filter(|table| {
                let contents = view.transit_table_contents.get(table);
                let mut all = contents.into_iter().flat_map(|it| &it.propagations);
                !wants.contains(table)
                    && default != Some(*table)
                    && all.any(|it| it.attachment == attachment.id && it.state.is("enabled"))
            });
            for table in surplus {
                let inputs = [
                    ("attachment", json!(attachment.id)),
                    ("route_table", json!(table)),
                ];
                listed::push_owned(
                    &mut owned,
                    StepId::instance("transit-propagation", table.as_str()),
                    format!("{table}:{}", attachment.id),
                    Inputs::of(inputs),
                );
            }
        }
    }
    owned
}
