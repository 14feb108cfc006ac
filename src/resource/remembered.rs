//! Which route propagations this site enabled from a gateway that is not its own.
//!
//! Propagation has no tags in AWS. From a gateway of ours it is ours; from an adopted one only the
//! tables that did not propagate before are. They are remembered in tags, so that teardown knows
//! them on any machine, and in two places: on the connection, and, because a connection is lost
//! half-way through a replacement or when somebody deletes it, on the customer gateway that was
//! made for the site. Both are set in the same call that creates.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::listed;
use super::owner::is_of;
use crate::aws::{CustomerGateway, Tags, View, VpnConnection};
use crate::spec::{RouteTableId, SiteName, VpnGatewayId};

/// The tag's key on a connection; further ones end in `-2`, `-3`, …
///
/// A customer gateway is on no virtual private gateway, so there the key goes on with the id of
/// the one that is meant: `underpass:propagation:vgw-0a…`, `underpass:propagation:vgw-0a…-2`, ….
pub const TAG_PROPAGATION: &str = "underpass:propagation";
/// What one tag can hold (EC2 tag restrictions).
const VALUE_LENGTH: usize = 256;
/// How many tags one object can have (EC2 tag restrictions).
const MOST_TAGS: usize = 50;

/// Route tables by the gateway from which they learn.
pub type Propagation = BTreeMap<VpnGatewayId, BTreeSet<RouteTableId>>;

/// The route tables into which `site` is remembered to have enabled propagation from `gateway`.
///
/// A connection that is replaced takes its tags with it: what it remembers has to be among the
/// tables that the new one is told to remember.
pub fn remembered_propagation(
    site: &SiteName,
    gateway: &VpnGatewayId,
    view: &View,
) -> BTreeSet<RouteTableId> {
    all_remembered_propagation(site, view)
        .remove(gateway)
        .unwrap_or_default()
}

/// All that `site` is remembered to have enabled, from gateways that it has left as well.
pub fn all_remembered_propagation(site: &SiteName, view: &View) -> Propagation {
    remembered(view, |tags| is_of(site, tags))
}

/// The route tables into which other sites are remembered to have enabled propagation from it.
///
/// What several sites use all of them remember, so that the last one to go disables it.
pub fn propagation_of_others(
    site: &SiteName,
    gateway: &VpnGatewayId,
    view: &View,
) -> BTreeSet<RouteTableId> {
    let of_another = |tags: &Tags| listed::site_of(tags).is_some_and(|of| of != site.as_str());
    remembered(view, of_another)
        .remove(gateway)
        .unwrap_or_default()
}

/// Those of them that belong to a site with a connection on the gateway.
///
/// A site that has lost its connection, or is just being torn down, needs none: were its customer
/// gateway's memory counted, each of two sites that go together would leave it to the other.
pub(super) fn propagation_needed_by_others(
    site: &SiteName,
    gateway: &VpnGatewayId,
    view: &View,
) -> BTreeSet<RouteTableId> {
    let connected = view.connections_on(gateway);
    let connected: BTreeSet<&str> = connected
        .filter_map(|connection| listed::site_of(&connection.tags))
        .filter(|of| *of != site.as_str())
        .collect();
    remembered(view, |tags| {
        listed::site_of(tags).is_some_and(|of| connected.contains(of))
    })
    .remove(gateway)
    .unwrap_or_default()
}

/// What objects with such tags remember; what is deleted is forgotten.
fn remembered(view: &View, whose: impl Fn(&Tags) -> bool) -> Propagation {
    let connections = view.vpn_connections.values();
    let connections = connections
        .filter(|it| whose(&it.tags) && !it.state.is("deleted"))
        .filter_map(|it: &VpnConnection| Some((it.vpn_gateway.clone()?, read(&it.tags))));
    let customers = view.customer_gateways.values();
    let customers = customers
        .filter(|it| whose(&it.tags) && !it.state.is("deleted"))
        .flat_map(|it: &CustomerGateway| read_by_gateway(&it.tags));
    let mut all = Propagation::new();
    for (gateway, tables) in connections.chain(customers) {
        all.entry(gateway).or_default().extend(tables);
    }
    all
}

fn key_of(gateway: &VpnGatewayId) -> String {
    format!("{TAG_PROPAGATION}:{gateway}")
}

/// The tags that remember these words, under `key` and its numbered followers.
fn write_under<T: ToString>(key: &str, words: &BTreeSet<T>) -> Tags {
    let mut values: Vec<String> = Vec::new();
    for word in words {
        let word = word.to_string();
        match values.last_mut() {
            Some(value) if value.len() + 1 + word.len() <= VALUE_LENGTH => {
                value.push(' ');
                value.push_str(&word);
            }
            _ => values.push(word),
        }
    }
    let key = |n: usize| match n {
        1 => key.to_owned(),
        n => format!("{key}-{n}"),
    };
    let numbered = values.into_iter().enumerate();
    numbered.map(|(n, value)| (key(n + 1), value)).collect()
}

/// The words that tags under `key` remember.
pub(super) fn read_under<T: FromStr + Ord>(key: &str, tags: &Tags) -> BTreeSet<T> {
    let numbered = |it: &str| {
        let rest = it.strip_prefix(key);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let values = tags.iter().filter(|(key, _)| numbered(key));
    let words = values.flat_map(|(_, value)| value.split_whitespace());
    words.filter_map(|word| word.parse().ok()).collect()
}

/// The tags to set so that these words are remembered too; what is remembered stays.
pub(super) fn missing_under<T>(key: &str, wanted: &BTreeSet<T>, has: &Tags) -> Tags
where
    T: FromStr + ToString + Ord + Clone,
{
    let known = read_under(key, has);
    if wanted.is_subset(&known) {
        return Tags::new();
    }
    let mut tags = write_under(key, &known.union(wanted).cloned().collect());
    tags.retain(|key, value| has.get(key) != Some(value));
    tags
}

/// The route tables that a connection's tags remember.
fn read(tags: &Tags) -> BTreeSet<RouteTableId> {
    read_under(TAG_PROPAGATION, tags)
}

/// The tags that a connection lacks to remember these tables too.
pub(super) fn missing(wanted: &BTreeSet<RouteTableId>, has: &Tags) -> Tags {
    missing_under(TAG_PROPAGATION, wanted, has)
}

/// What a customer gateway's tags remember.
fn read_by_gateway(tags: &Tags) -> Propagation {
    let gateways = tags.keys().filter_map(|key| {
        let rest = key.strip_prefix(TAG_PROPAGATION)?.strip_prefix(':')?;
        let end = rest.match_indices('-').nth(1).map_or(rest.len(), |it| it.0);
        rest.get(..end)?.parse::<VpnGatewayId>().ok()
    });
    let gateways: BTreeSet<VpnGatewayId> = gateways.collect();
    let read = |gateway: VpnGatewayId| {
        let tables = read_under(&key_of(&gateway), tags);
        (gateway, tables)
    };
    gateways.into_iter().map(read).collect()
}

/// The tags that a customer gateway lacks to remember all this too.
///
/// As much as fits: where an object's tags are used up, the rest is left to the connection, which
/// remembers one gateway and has as much room.
pub(super) fn missing_by_gateway(wanted: &Propagation, has: &Tags) -> Tags {
    let mut missing = Tags::new();
    for (gateway, tables) in wanted {
        let key = key_of(gateway);
        let fits = |more: &Tags| {
            let keys = has.keys().chain(missing.keys()).chain(more.keys());
            keys.collect::<BTreeSet<_>>().len() <= MOST_TAGS
        };
        let mut more = missing_under(&key, tables, has);
        if !fits(&more) {
            let mut fitting = BTreeSet::new();
            for table in tables {
                fitting.insert(table.clone());
                if !fits(&missing_under(&key, &fitting, has)) {
                    fitting.remove(table);
                }
            }
            more = missing_under(&key, &fitting, has);
        }
        missing.extend(more);
    }
    missing
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
            let tags = missing(&wanted, &Tags::new());
            assert_eq!(tags.len(), n.div_ceil(11), "{n}");
            assert!(tags.values().all(|value| value.len() <= VALUE_LENGTH));
            assert_eq!(read(&tags), wanted, "{n}");
        }
    }

    #[test]
    fn what_is_remembered_is_never_forgotten() {
        let mut tags = missing(&tables(0..13), &Tags::new());
        tags.insert(
            "underpass:propagations".into(),
            "rtb-0000000a not ours".into(),
        );
        assert!(missing(&tables(3..9), &tags).is_empty());
        tags.extend(missing(&tables(11..30), &tags));
        assert_eq!(read(&tags), tables(0..30));
    }

    #[test]
    fn a_customer_gateway_remembers_several_gateways_and_reads_no_connections_tags() {
        let two: Propagation = [
            (nth("vgw", 1), tables(0..30)),
            ("vgw-1a2b3c4d".parse().unwrap(), tables(5..6)),
        ]
        .into();
        let mut tags = missing_by_gateway(&two, &Tags::new());
        let keys: Vec<&str> = tags.keys().map(String::as_str).collect();
        let long = key_of(&nth("vgw", 1));
        assert_eq!(
            keys,
            [
                long.as_str(),
                &format!("{long}-2"),
                &format!("{long}-3"),
                "underpass:propagation:vgw-1a2b3c4d",
            ]
        );
        assert_eq!(read_by_gateway(&tags), two);
        assert_eq!(read(&tags), tables(0..0), "that is the connection's key");
        tags.extend(write_under(TAG_PROPAGATION, &tables(40..50)));
        tags.insert("underpass:propagation:igw-1".into(), "rtb-1a2b3c4d".into());
        assert_eq!(read_by_gateway(&tags), two);
        assert!(missing_by_gateway(&two, &tags).is_empty());
        let more = [(nth("vgw", 1), tables(29..35))].into();
        tags.extend(missing_by_gateway(&more, &tags));
        assert_eq!(read_by_gateway(&tags)[&nth("vgw", 1)], tables(0..35));
    }

    #[test]
    fn where_tags_are_used_up_as_much_as_fits_is_remembered_and_nothing_forgotten() {
        let mut tags: Tags = (0..46).map(|n| (format!("k{n}"), String::new())).collect();
        let few = [(nth("vgw", 1), tables(40..50))].into();
        tags.extend(missing_by_gateway(&few, &tags));
        let many: Propagation = [
            (nth("vgw", 1), tables(0..60)),
            (nth("vgw", 2), tables(0..1)),
        ]
        .into();
        tags.extend(missing_by_gateway(&many, &tags));
        assert_eq!(tags.len(), MOST_TAGS);
        let read = read_by_gateway(&tags);
        assert_eq!(read[&nth("vgw", 1)].len(), 44, "four tags of eleven");
        assert!(read[&nth("vgw", 1)].is_superset(&tables(40..50)));
        assert!(missing_by_gateway(&many, &tags).is_empty(), "settled");
    }
}
