//! Which route propagations this site enabled from a gateway that is not its own.
//!
//! Propagation has no tags in AWS. From a gateway of ours it is ours; from an adopted one only the
//! tables that did not propagate before are. They are remembered on the connection, set in the
//! same call that creates it, so that teardown knows them on any machine.

use std::collections::BTreeSet;

use crate::aws::Tags;
use crate::spec::RouteTableId;

/// The tag's key; further ones end in `-2`, `-3`, …
pub const TAG_PROPAGATION: &str = "underpass:propagation";
/// What one tag can hold (EC2 tag restrictions).
const VALUE_LENGTH: usize = 256;

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
