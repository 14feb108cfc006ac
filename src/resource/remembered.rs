//! Which route propagations this site enabled from a gateway that is not its own.
//!
//! Propagation has no tags in AWS. From a gateway of ours it is ours; from an adopted one only the
//! tables that did not propagate before are. They are remembered on the connection, set in the
//! same call that creates it, so that teardown knows them on any machine.

use std::collections::BTreeSet;

use super::listed;
use super::owner::is_of;
use crate::aws::{Tags, View, VpnConnection};
use crate::spec::{RouteTableId, SiteName, VpnGatewayId};

/// The tag's key; further ones end in `-2`, `-3`, …
pub const TAG_PROPAGATION: &str = "underpass:propagation";
/// What one tag can hold (EC2 tag restrictions).
const VALUE_LENGTH: usize = 256;

/// The route tables into which `site` is remembered to have enabled propagation from `gateway`.
///
/// A connection that is replaced takes its tags with it: what it remembers has to be among the
/// tables that the new one is told to remember.
pub fn remembered_propagation(
    site: &SiteName,
    gateway: &VpnGatewayId,
    view: &View,
) -> BTreeSet<RouteTableId> {
    let gone_counts = is_half_replaced(site, view);
    let connections = view.vpn_connections.values();
    let own = connections
        .filter(|it| is_of(site, &it.tags))
        .filter(|it| gone_counts || !it.state.is("deleted"));
    remembered(gateway, own)
}

/// Whether the site has lost its connection and nothing else, as when a replacement was stopped
/// half-way: a teardown takes the customer gateway with it.
fn is_half_replaced(site: &SiteName, view: &View) -> bool {
    listed::of_site(view.vpn_connections.values(), site).is_empty()
        && !listed::of_site(view.customer_gateways.values(), site).is_empty()
}

/// The route tables into which other sites are remembered to have enabled propagation from it.
///
/// What several sites remember stays until the last of them goes.
pub fn propagation_of_others(
    site: &SiteName,
    gateway: &VpnGatewayId,
    view: &View,
) -> BTreeSet<RouteTableId> {
    let others = view.connections_on(gateway).filter(|connection| {
        listed::site_of(&connection.tags).is_some_and(|of| of != site.as_str())
    });
    remembered(gateway, others)
}

fn remembered<'a>(
    gateway: &VpnGatewayId,
    connections: impl Iterator<Item = &'a VpnConnection>,
) -> BTreeSet<RouteTableId> {
    connections
        .filter(|connection| connection.vpn_gateway.as_ref() == Some(gateway))
        .flat_map(|connection| read(&connection.tags))
        .collect()
}

/// The tags that remember these route tables.
pub(super) fn write(tables: &BTreeSet<RouteTableId>) -> Tags {
    let mut values: Vec<String> = Vec::new();
    for table in tables {
        match values.last_mut() {
            Some(value) if value.len() + 1 + table.as_str().len() <= VALUE_LENGTH => {
                value.push(' ');
                value.push_str(table.as_str());
            }
            _ => values.push(table.to_string()),
        }
    }
    let key = |n: usize| match n {
        1 => TAG_PROPAGATION.to_owned(),
        n => format!("{TAG_PROPAGATION}-{n}"),
    };
    let numbered = values.into_iter().enumerate();
    numbered.map(|(n, value)| (key(n + 1), value)).collect()
}

/// The route tables that an object's tags remember.
pub(super) fn read(tags: &Tags) -> BTreeSet<RouteTableId> {
    let numbered = |key: &str| {
        let rest = key.strip_prefix(TAG_PROPAGATION);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let values = tags.iter().filter(|(key, _)| numbered(key));
    let words = values.flat_map(|(_, value)| value.split_whitespace());
    words.filter_map(|word| word.parse().ok()).collect()
}

/// The tags to set so that these tables are remembered too; what is remembered stays.
pub(super) fn missing(wanted: &BTreeSet<RouteTableId>, has: &Tags) -> Tags {
    let known = read(has);
    if wanted.is_subset(&known) {
        return Tags::new();
    }
    let mut tags = write(&known.union(wanted).cloned().collect());
    tags.retain(|key, value| has.get(key) != Some(value));
    tags
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::testing::nth;

    fn tables(numbers: std::ops::Range<usize>) -> BTreeSet<RouteTableId> {
        numbers.map(|n| nth("rtb", n)).collect()
    }

    #[test]
    fn any_number_of_tables_fits_and_comes_back() {
        for n in [0, 1, 11, 12, 200] {
            let wanted = tables(0..n);
            let tags = write(&wanted);
            assert_eq!(tags.len(), n.div_ceil(11), "{n}");
            assert!(tags.values().all(|value| value.len() <= VALUE_LENGTH));
            assert_eq!(read(&tags), wanted, "{n}");
        }
    }

    #[test]
    fn what_is_remembered_is_never_forgotten() {
        let mut tags = write(&tables(0..13));
        tags.insert(
            "underpass:propagations".into(),
            "rtb-0000000a not ours".into(),
        );
        assert!(missing(&tables(3..9), &tags).is_empty());
        tags.extend(missing(&tables(11..30), &tags));
        assert_eq!(read(&tags), tables(0..30));
    }
}
