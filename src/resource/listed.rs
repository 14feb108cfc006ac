//! What the kinds with an id, a state and tags of their own have in common.

use std::collections::BTreeMap;
use std::str::FromStr;

use ipnet::Ipv4Net;
use serde_json::Value;

use super::inputs::{Inputs, KindError};
use super::kind::{Change, Decision, Finding, Goal, Owned, Ownership, Progress, Seen};
use super::owner::{Owner, TAG_SITE, TAG_STEP, is_of};
use super::rank::{Rank, best_first};
use crate::aws::{
    Call, Collection, CustomerGateway, Fault, FaultKind, State, Tags, TransitAttachment,
    TransitGateway, View, VpnConnection, VpnGateway,
};
use crate::playbook::StepId;
use crate::spec::{InvalidId, SiteName};

/// An object that AWS lists with a state and tags.
pub(super) trait Listed {
    /// Its id.
    fn id(&self) -> &str;
    /// Its state.
    fn state(&self) -> &State;
    /// Its tags.
    fn tags(&self) -> &Tags;

    /// Whether it is there to stay: what is deleted stays listed for a while.
    fn is_live(&self) -> bool {
        !self.state().is_ending()
    }
}

macro_rules! listed {
    ($($object:ty),+) => {
        $(impl Listed for $object {
            fn id(&self) -> &str {
                self.id.as_str()
            }

            fn state(&self) -> &State {
                &self.state
            }

            fn tags(&self) -> &Tags {
                &self.tags
            }
        })+
    };
}

listed!(
    CustomerGateway,
    VpnGateway,
    VpnConnection,
    TransitGateway,
    TransitAttachment
);

/// The live objects that `step` of this site made, the one to go on with first.
pub(super) fn ours<'a, T: Listed>(
    objects: impl IntoIterator<Item = &'a T>,
    step: &StepId,
    owner: &Owner,
    rank: impl Fn(&T) -> Rank,
) -> Vec<&'a T> {
    let ours = objects
        .into_iter()
        .filter(|object| object.is_live() && owner.owns(step, object.tags()));
    best_first(ours.collect(), rank)
}

/// The object as a step sees it; `adopted` says why it was taken if it is not this site's.
pub(super) fn seen<T: Listed>(
    object: &T,
    step: &StepId,
    owner: &Owner,
    adopted: &str,
    outputs: BTreeMap<String, Value>,
) -> Seen {
    let ours = owner.owns_site(object.tags());
    Seen {
        id: object.id().to_owned(),
        ownership: if ours {
            Ownership::Ours
        } else {
            Ownership::Adopted(adopted.to_owned())
        },
        outputs,
        missing_tags: if ours {
            owner.missing_tags(step, object.tags())
        } else {
            Tags::new()
        },
    }
}

/// The finding out of what was seen, the best first.
pub(super) fn finding(mut seen: Vec<Seen>) -> Finding {
    match seen.len() {
        0 => Finding::Absent,
        1 => Finding::Present(seen.remove(0)),
        _ => Finding::Several(seen),
    }
}

/// The decision about an object of ours that is right but perhaps for its tags.
pub(super) fn keep_or_tag(seen: &Seen, has: &Tags) -> Decision {
    if seen.missing_tags.is_empty() {
        return Decision::new(Change::Keep, "is there and as it should be");
    }
    let mut decision = Decision::new(Change::Update, "its tags differ");
    decision.differences = seen
        .missing_tags
        .iter()
        .map(|(key, wanted)| {
            let is = has.get(key).map_or("not set", String::as_str);
            (format!("tag {key}"), is.to_owned(), wanted.clone())
        })
        .collect();
    decision
}

/// The decision about an id that the site file names and that was not found.
///
/// Without a look at AWS it is taken on trust; with one, it does not exist.
pub(super) fn named_but_absent(
    title: &str,
    id: &str,
    field: &str,
    collection: Collection,
    view: &View,
) -> Result<Decision, KindError> {
    if view.looked_at.contains_key(&collection) {
        return Err(KindError::Conflict {
            problem: format!("the {title} {id} does not exist in this account and Region"),
            help: format!("correct `{field}` in the site file, or leave it out to have one made"),
        });
    }
    Ok(Decision::new(
        Change::Adopt,
        format!("the site file names {id}; AWS was not asked whether it exists"),
    ))
}

/// How far an object is from a goal; `available` is the state that all three kinds end in.
pub(super) fn progress<T: Listed>(
    object: Option<&T>,
    id: Option<&str>,
    title: &str,
    goal: Goal,
    collection: Collection,
    view: &View,
) -> Progress {
    let name = id.unwrap_or(title).to_owned();
    let waiting = |state: &str| Progress::Waiting {
        object: name.clone(),
        state: state.to_owned(),
    };
    let Some(object) = object else {
        return match goal {
            Goal::Gone if view.looked_at.contains_key(&collection) => Progress::Done,
            Goal::Gone => waiting("not looked at"),
            // Right after its creation an object may not be listed yet (EC2 eventual consistency).
            Goal::Ready => waiting("absent"),
        };
    };
    let state = object.state();
    let hopeless = |why: &str| Progress::Hopeless {
        object: name.clone(),
        state: state.to_string(),
        why: why.to_owned(),
    };
    match goal {
        Goal::Gone if state.is("deleted") => Progress::Done,
        Goal::Ready if state.is("available") => Progress::Done,
        Goal::Ready if state.is_ending() => hopeless("somebody deleted it"),
        Goal::Ready if state.is("failed") => hopeless("AWS could not make it"),
        _ => waiting(state.as_str()),
    }
}

/// Whether AWS says that the object, or what it hangs on, does not exist.
pub(super) fn is_gone(fault: &Fault) -> bool {
    fault.kind == FaultKind::NotFound
        || fault
            .code
            .as_ref()
            .is_some_and(|code| code.ends_with(".NotFound"))
}

/// The refusal to delete what was adopted; deleting asks this first.
pub(super) fn refuse_adopted(title: &str, seen: &Seen) -> Result<(), KindError> {
    match &seen.ownership {
        Ownership::Ours => Ok(()),
        Ownership::Adopted(why) => Err(KindError::Conflict {
            problem: format!("the {title} {} is not this site's: {why}", seen.id),
            help: "what was adopted is never deleted; delete it by hand if it is not needed".into(),
        }),
    }
}

/// The site that an object's tags name, if they name any.
pub(super) fn site_of(tags: &Tags) -> Option<&str> {
    tags.get(TAG_SITE).map(String::as_str)
}

/// A site's live objects of one kind, by id.
pub(super) fn of_site<'a, T: Listed>(
    objects: impl IntoIterator<Item = &'a T>,
    site: &SiteName,
) -> Vec<&'a T> {
    objects
        .into_iter()
        .filter(|object| object.is_live() && is_of(site, object.tags()))
        .collect()
}

/// The step that an object's tags name; `otherwise` when they name none that could be shown.
pub(super) fn step_of(tags: &Tags, otherwise: &str) -> StepId {
    let showable = |step: &&String| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:/[]".contains(&b);
        !step.is_empty() && step.bytes().all(plain)
    };
    StepId::new(
        tags.get(TAG_STEP)
            .filter(showable)
            .map_or(otherwise, String::as_str),
    )
}

/// Adds to `owned` under a step's name that no other has: a duplicate gets its id as instance.
pub(super) fn push_owned(owned: &mut Vec<Owned>, step: StepId, id: String, inputs: Inputs) {
    let taken = owned.iter().any(|other| other.step == step);
    let step = if taken {
        StepId::instance(step.base(), &id)
    } else {
        step
    };
    owned.push(Owned { step, id, inputs });
}

/// The call that sets the tags which an object of ours lacks; none when it lacks none.
pub(super) fn tag<T: Listed>(object: &T, step: &StepId, owner: &Owner) -> Option<Call> {
    let tags = owner.missing_tags(step, object.tags());
    (owner.owns_site(object.tags()) && !tags.is_empty()).then(|| Call::CreateTags {
        resource: object.id().to_owned(),
        tags,
    })
}

/// The refusal to delete a gateway that carries another site's connection.
pub(super) fn in_use(title: &str, id: &str, connection: &VpnConnection) -> KindError {
    KindError::Conflict {
        problem: format!(
            "the {title} {id} cannot be deleted: {} ends on it and is not this site's",
            connection.id
        ),
        help: format!("delete {} first, then run this again", connection.id),
    }
}

/// An id out of text that came from AWS or a plan.
pub(super) fn id<T: FromStr<Err = InvalidId>>(
    kind: &'static str,
    input: &str,
    text: &str,
) -> Result<T, KindError> {
    text.parse()
        .map_err(|error: InvalidId| KindError::Unusable {
            kind,
            input: input.to_owned(),
            problem: error.to_string(),
        })
}

/// A network out of an id of ours.
pub(super) fn network(kind: &'static str, text: &str) -> Result<Ipv4Net, KindError> {
    text.parse().map_err(|_| KindError::Unusable {
        kind,
        input: "id".to_owned(),
        problem: format!("`{text}` is not a CIDR"),
    })
}

/// The outputs of something of which nothing but the id is known.
pub(super) fn only_id(id: &str) -> BTreeMap<String, Value> {
    BTreeMap::from([("id".to_owned(), Value::from(id))])
}
