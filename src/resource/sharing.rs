//! What of a site's own stays because another site or person has come to depend on it.

use ipnet::IpNet;

use super::dx_gateway_association::is_association_of;
use super::listed::{Listed, of_site, site_of};
use super::remembered_routes::{all_written_routes, vpc_of};
use super::transit_pair::site_of_attachment;
use crate::aws::{Tags, TransitAttachment, View, VpnConnection};
use crate::spec::{SiteName, TransitGatewayId};

/// An object of a site that teardown leaves, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The object's id.
    pub object: String,
    /// Why it stays, in words with ids.
    pub because: String,
}

/// What teardown of `site` leaves although it is the site's: others' connections end on it.
///
/// A VPC has one virtual private gateway, so a second site's connection may well hang on the one
/// that the first site made. Tearing the first down again, once the second is gone, removes it.
pub fn kept_for_others(site: &SiteName, view: &View) -> Vec<Kept> {
    let kept = |id: &str, connection: &VpnConnection| Kept {
        object: id.to_owned(),
        because: format!(
            "{} of {} ends on it",
            connection.id,
            site_of(&connection.tags)
                .map_or("somebody else".to_owned(), |site| format!("site {site}"))
        ),
    };
    let mut all = Vec::new();
    for gateway in of_site(view.customer_gateways.values(), site) {
        all.extend(
            stranger_on_customer_gateway(view, &gateway.tags, gateway.id())
                .map(|connection| kept(gateway.id(), connection)),
        );
    }
    for gateway in of_site(view.vpn_gateways.values(), site) {
        let connection = stranger_on_vpn_gateway(view, &gateway.tags, gateway.id());
        let route = route_over(view, gateway.id());
        let because = connection.map(|it| kept(gateway.id(), it));
        all.extend(because.or_else(|| {
            Some(Kept {
                object: gateway.id().to_owned(),
                because: route?,
            })
        }));
    }
    for attachment in of_site(view.transit_attachments.values(), site) {
        all.extend(
            need_of_vpc_attachment(view, attachment).map(|because| Kept {
                object: attachment.id.to_string(),
                because,
            }),
        );
    }
    for gateway in of_site(view.transit_gateways.values(), site) {
        let mut others = others_on_transit_gateway(view, &gateway.id, Some(site.as_str()));
        all.extend(others.next().map(|it| Kept {
            object: gateway.id.to_string(),
            because: format!(
                "{} ({} {}) is attached to it",
                it.id, it.resource_type, it.resource
            ),
        }));
    }
    all
}

/// Everything that is attached to a transit gateway and is not `site`'s.
pub(super) fn others_on_transit_gateway<'a>(
    view: &'a View,
    gateway: &'a TransitGatewayId,
    site: Option<&'a str>,
) -> impl Iterator<Item = &'a TransitAttachment> {
    view.transit_attachments.values().filter(move |it| {
        it.is_live()
            && it.transit_gateway.as_ref() == Some(gateway)
            && site_of_attachment(it, view) != site
            && !is_joined_by(site, it, view)
    })
}

/// Whether what is attached is a Direct Connect gateway by an association of the site's: it goes
/// with that.
fn is_joined_by(site: Option<&str>, attachment: &TransitAttachment, view: &View) -> bool {
    let site: Option<SiteName> = site.and_then(|it| it.parse().ok());
    let transit = attachment.transit_gateway.as_ref();
    let mut associations = view.dx_associations.values();
    attachment.resource_type == "direct-connect-gateway"
        && associations.any(|it| {
            it.gateway.as_str() == attachment.resource
                && transit.is_some_and(|id| id.as_str() == it.associated)
                && site
                    .as_ref()
                    .is_some_and(|site| is_association_of(site, it, view))
        })
}

/// Why a VPC's attachment to a transit gateway is needed by others than the site that made it.
///
/// Another site of underpass that reaches the same VPC says so in a tag of its connection. Of
/// others, what shows is a route that somebody wrote in the VPC: before the attachment was made
/// nothing could use it.
pub(super) fn need_of_vpc_attachment(
    view: &View,
    attachment: &TransitAttachment,
) -> Option<String> {
    let (transit, owner) = (&attachment.transit_gateway, site_of(&attachment.tags));
    let connections = view.vpn_connections.values().filter(|it| it.is_live());
    let mut others = connections
        .filter(|it| it.transit_gateway.is_some() && it.transit_gateway == *transit)
        .filter(|it| site_of(&it.tags) != owner)
        .filter(|it| vpc_of(&it.tags).is_some_and(|vpc| vpc.as_str() == attachment.resource));
    if let Some(connection) = others.next() {
        let site = site_of(&connection.tags).unwrap_or("nobody knows which");
        return Some(format!(
            "{} of site {site} is for the same VPC",
            connection.id
        ));
    }
    let written = all_written_routes(view);
    let transit = transit.as_ref()?;
    view.route_tables
        .values()
        .filter(|table| table.vpc.as_str() == attachment.resource)
        .find_map(|table| {
            let route = table.routes.iter().find(|route| {
                let ours = written.get(&table.id).zip(route.destination);
                route.target == transit.as_str()
                    && !route.state.is("blackhole")
                    && !ours.is_some_and(|(nets, to)| nets.iter().any(|it| to == IpNet::V4(*it)))
            })?;
            let to = route
                .destination
                .map_or_else(|| "a prefix list".to_owned(), |net| net.to_string());
            Some(format!(
                "{} has a route to {to} over it, which underpass did not write",
                table.id
            ))
        })
}

/// A route that somebody wrote over a virtual private gateway, in words.
///
/// underpass lets gateways propagate and writes no route, so a written one is somebody else's. One
/// that leads nowhere, as after the gateway was detached, keeps nothing.
pub(super) fn route_over(view: &View, gateway: &str) -> Option<String> {
    view.route_tables.values().find_map(|table| {
        let route = table.routes.iter().find(|route| {
            route.target == gateway && !route.propagated && !route.state.is("blackhole")
        })?;
        let to = route
            .destination
            .map_or_else(|| "a prefix list".to_owned(), |net| net.to_string());
        Some(format!(
            "{} has a route to {to} over it, which underpass did not write",
            table.id
        ))
    })
}

/// A live connection on a customer gateway that belongs to another site than the gateway does.
pub(super) fn stranger_on_customer_gateway<'a>(
    view: &'a View,
    tags: &Tags,
    gateway: &str,
) -> Option<&'a VpnConnection> {
    stranger(view, tags, |connection| {
        let ends_on = connection.customer_gateway.as_ref();
        ends_on.is_some_and(|id| id.as_str() == gateway)
    })
}

/// A live connection on a virtual private gateway that belongs to another site than the gateway.
pub(super) fn stranger_on_vpn_gateway<'a>(
    view: &'a View,
    tags: &Tags,
    gateway: &str,
) -> Option<&'a VpnConnection> {
    stranger(view, tags, |connection| {
        let ends_on = connection.vpn_gateway.as_ref();
        ends_on.is_some_and(|id| id.as_str() == gateway)
    })
}

fn stranger<'a>(
    view: &'a View,
    tags: &Tags,
    ends_on_it: impl Fn(&VpnConnection) -> bool,
) -> Option<&'a VpnConnection> {
    view.vpn_connections
        .values()
        .filter(|connection| connection.is_live() && ends_on_it(connection))
        .find(|connection| site_of(&connection.tags) != site_of(tags))
}
