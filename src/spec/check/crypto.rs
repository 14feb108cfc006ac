//! The algorithms asked for by hand, against AWS's lists and the site's policy.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;

use super::super::codes::Code;
use super::super::crypto::{DhGroup, Encryption, IkeVersion, Integrity};
use super::super::field::{Field, Spot};
use super::super::problem::{Checked, Problem, Sink, all};
use super::super::raw::RawSite;
use super::super::site::Security;

/// What the site's `security` says about weak algorithms.
pub(super) struct Policy {
    strong: bool,
    /// Where it says so; none when it is the default.
    place: Option<Range<usize>>,
    /// What was asked for against it, by place: one cause, so it becomes one problem.
    weak: RefCell<BTreeMap<usize, (String, Range<usize>)>>,
}

impl Policy {
    /// The policy of the file; a `security` that cannot be read forbids nothing.
    pub(super) fn of(raw: &RawSite) -> Self {
        let (strong, place) = match raw.security.get() {
            Ok(Some(spot)) => (spot.value == Security::Strong, Some(spot.span.clone())),
            Ok(None) => (true, None),
            Err(_) => (false, None),
        };
        Self {
            strong,
            place,
            weak: RefCell::default(),
        }
    }

    fn weigh(&self, value: impl Display, span: &Range<usize>, weak: bool) {
        if weak && self.strong {
            let entry = (value.to_string(), span.clone());
            self.weak.borrow_mut().insert(span.start, entry);
        }
    }

    /// Reports what is too weak; the caller's site is refused by it.
    pub(super) fn report(self, sink: &Sink) {
        const SHOWN: usize = 12;
        let weak = self.weak.into_inner();
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in weak.values() {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        if names.is_empty() {
            return;
        }
        let message = format!("`security: strong` does not allow {}", names.join(", "));
        let problem = Problem::new(Code::WeakCryptography, message);
        let problem = weak
            .values()
            .take(SHOWN)
            .fold(problem, |problem, (_, span)| problem.at(span, "weak"));
        let problem = match &self.place {
            Some(place) => problem.at(place, "the site's policy"),
            None => problem,
        };
        let _reported = sink.report(problem.help(
            "remove what is weak, or set `security: compatible` if the router has nothing better",
        ));
    }
}

/// Only the values, each once, in the file's order.
pub(super) fn values_of<T: PartialEq>(spots: Vec<Spot<T>>) -> Vec<T> {
    let mut values = Vec::with_capacity(spots.len());
    for spot in spots {
        if !values.contains(&spot.value) {
            values.push(spot.value);
        }
    }
    values
}

/// Reads a list of which each entry passes `check`; a list without entries is refused.
fn list<T: Clone, U>(
    field: &Field<Vec<Field<T>>>,
    name: &str,
    sink: &Sink,
    check: impl Fn(&Spot<T>) -> Checked<Spot<U>>,
) -> Checked<Vec<Spot<U>>> {
    let Some(list) = field.get()? else {
        return Ok(Vec::new());
    };
    if list.value.is_empty() {
        return Err(sink.report(
            Problem::new(
                Code::EmptyValue,
                format!("`{name}` lists nothing to choose from"),
            )
            .at(&list.span, "empty")
            .help("remove it, and the strongest that the router has is chosen"),
        ));
    }
    all(list
        .value
        .iter()
        .filter_map(Field::given)
        .map(check)
        .collect())
}

/// Checks a list of IKE versions.
pub(super) fn ike_versions(
    field: &Field<Vec<Field<IkeVersion>>>,
    policy: &Policy,
    sink: &Sink,
) -> Checked<Vec<Spot<IkeVersion>>> {
    list(field, "ike_versions", sink, |spot| {
        policy.weigh(spot.value, &spot.span, spot.value == IkeVersion::V1);
        Ok(spot.clone())
    })
}

/// Checks a list of ciphers.
pub(super) fn ciphers(
    field: &Field<Vec<Field<Encryption>>>,
    name: &str,
    policy: &Policy,
    sink: &Sink,
) -> Checked<Vec<Spot<Encryption>>> {
    list(field, name, sink, |spot| {
        let weak = matches!(spot.value, Encryption::Aes128 | Encryption::Aes128Gcm16);
        policy.weigh(spot.value, &spot.span, weak);
        Ok(spot.clone())
    })
}

/// Checks a list of hashes.
pub(super) fn hashes(
    field: &Field<Vec<Field<Integrity>>>,
    name: &str,
    policy: &Policy,
    sink: &Sink,
) -> Checked<Vec<Spot<Integrity>>> {
    list(field, name, sink, |spot| {
        policy.weigh(spot.value, &spot.span, spot.value == Integrity::Sha1);
        Ok(spot.clone())
    })
}

/// Checks a list of Diffie-Hellman groups of a phase.
pub(super) fn groups(
    field: &Field<Vec<Field<u32>>>,
    phase: u8,
    policy: &Policy,
    sink: &Sink,
) -> Checked<Vec<Spot<DhGroup>>> {
    list(field, &format!("phase{phase}_dh_groups"), sink, |spot| {
        let number = spot.value;
        let refuse = |why: String| {
            sink.report(
                Problem::new(Code::DhGroupUnusable, why)
                    .at(&spot.span, "this group")
                    .help("use 20 or 19, or 14 on old devices"),
            )
        };
        let group = match (u16::try_from(number), phase) {
            (Ok(22..=24), _) => {
                let why = format!("group {number} must not be used any more (RFC 8247)");
                return Err(refuse(why));
            }
            (Ok(known @ (2 | 14..=21)), _) | (Ok(known @ 5), 2) => DhGroup(known),
            _ => {
                let why = format!("AWS has no Diffie-Hellman group {number} in phase {phase}");
                return Err(refuse(why));
            }
        };
        let weak = group.strength() < DhGroup(14).strength();
        policy.weigh(format!("group {group}"), &spot.span, weak);
        Ok(Spot {
            value: group,
            span: spot.span.clone(),
        })
    })
}
