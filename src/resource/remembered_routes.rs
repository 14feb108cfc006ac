//! Which routes this site wrote into a VPC's route tables, and which VPC it reaches.
//!
//! Routes have no tags in AWS, and one that leads to a transit gateway may well be somebody else's.
//! Those that a site writes are remembered in tags, set in the calls that create: on the connection
//! and on the customer gateway, for the reason that [`remembered`](super::remembered) tells. So is
//! the VPC, because a connection that ends on a transit gateway does not say which one it is for.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::Ipv4Net;

use super::owner::is_of;
use super::remembered::{missing_under, read_under};
use crate::aws::{Tags, View};
use crate::spec::{RouteTableId, SiteName, VpcId};

/// What the tags' keys begin with: the route table follows, such as `underpass:routes:rtb-0a…`, and
/// `-2`, `-3`, … where one tag is too short.
pub const TAG_ROUTES: &str = "underpass:routes";
/// The VPC that a connection on a transit gateway is for.
pub const TAG_VPC: &str = "underpass:vpc";

/// Networks by the route table that has a route to them.
pub type WrittenRoutes = BTreeMap<RouteTableId, BTreeSet<Ipv4Net>>;

fn key_of(table: &RouteTableId) -> String {
    format!("{TAG_ROUTES}:{table}")
}

/// The tags that an object lacks to remember these routes too; what it remembers stays.
pub(super) fn missing_routes(wanted: &WrittenRoutes, has: &Tags) -> Tags {
    let tables = wanted.iter();
    tables
        .flat_map(|(table, nets)| missing_under(&key_of(table), nets, has))
        .collect()
}

/// The tag that a connection lacks to remember its VPC.
pub(super) fn missing_vpc(vpc: &VpcId, has: &Tags) -> Option<(String, String)> {
    let wanted = (TAG_VPC.to_owned(), vpc.to_string());
    (has.get(TAG_VPC) != Some(&wanted.1)).then_some(wanted)
}

/// The VPC that a connection's tags name.
pub(super) fn vpc_of(tags: &Tags) -> Option<VpcId> {
    tags.get(TAG_VPC)?.parse().ok()
}

/// The routes that `site` is remembered to have written.
pub fn written_routes(site: &SiteName, view: &View) -> WrittenRoutes {
    let connections = view.vpn_connections.values();
    let connections = connections.filter(|it| !it.state.is("deleted"));
    let customers = view.customer_gateways.values();
    let customers = customers.filter(|it| !it.state.is("deleted"));
    let tags = connections.map(|it| &it.tags);
    let tags = tags.chain(customers.map(|it| &it.tags));
    let mut all = WrittenRoutes::new();
    for tags in tags.filter(|tags| is_of(site, tags)) {
        for (table, nets) in read(tags) {
            all.entry(table).or_default().extend(nets);
        }
    }
    all
}

/// The routes that any site is remembered to have written, of sites that are being torn down as
/// well: AWS lists what is deleted for a while, and routes longer than they are there.
pub(super) fn all_written_routes(view: &View) -> WrittenRoutes {
    let connections = view.vpn_connections.values().map(|it| &it.tags);
    let tags = connections.chain(view.customer_gateways.values().map(|it| &it.tags));
    let mut all = WrittenRoutes::new();
    for (table, nets) in tags.flat_map(read) {
        all.entry(table).or_default().extend(nets);
    }
    all
}

fn read(tags: &Tags) -> WrittenRoutes {
    let tables = tags.keys().filter_map(|key| {
        let rest = key.strip_prefix(TAG_ROUTES)?.strip_prefix(':')?;
        // The id itself has one hyphen.
        let end = rest.match_indices('-').nth(1).map_or(rest.len(), |it| it.0);
        rest.get(..end)?.parse::<RouteTableId>().ok()
    });
    let tables: BTreeSet<RouteTableId> = tables.collect();
    let read = |table: RouteTableId| {
        let nets = read_under(&key_of(&table), tags);
        (table, nets)
    };
    tables.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::testing::nth;

    #[test]
    fn any_number_of_networks_in_several_tables_fits_and_comes_back() {
        let nets = |count: u8| -> BTreeSet<Ipv4Net> {
            (0..count)
                .map(|n| format!("100.100.{n}.0/24").parse().unwrap())
                .collect()
        };
        let wanted: WrittenRoutes = [
            (nth("rtb", 1), nets(60)),
            (nth("rtb", 2), nets(1)),
            ("rtb-1a2b3c4d".parse().unwrap(), nets(16)),
        ]
        .into();
        let mut tags = missing_routes(&wanted, &Tags::new());
        assert!(tags.values().all(|value| value.len() <= 256));
        assert_eq!(read(&tags), wanted);
        assert!(missing_routes(&wanted, &tags).is_empty(), "settled");
        let more = [(nth("rtb", 2), nets(9))].into();
        tags.extend(missing_routes(&more, &tags));
        assert_eq!(read(&tags)[&nth("rtb", 2)], nets(9));
        assert_eq!(read(&tags)[&nth("rtb", 1)], nets(60));
    }
}
