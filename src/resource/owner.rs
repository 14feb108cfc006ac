//! Ownership by tags, set in the same call that creates.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::aws::Tags;
use crate::playbook::StepId;
use crate::spec::{Environment, SiteName};

/// The site that an object belongs to.
pub use crate::aws::TAG_SITE;
/// The step that made it.
pub const TAG_STEP: &str = "underpass:step";
/// The run that made it.
pub const TAG_RUN: &str = "underpass:run";
/// `test` or `production`.
pub const TAG_ENVIRONMENT: &str = "underpass:environment";
/// When `reap` may take it, RFC 3339; test sites only.
pub const TAG_EXPIRES_AT: &str = "underpass:expires-at";
/// What [`TAG_EXPIRES_AT`] says when a site that expired no longer shall: a tag that is there can
/// be overwritten by the call that sets tags, but not removed.
pub const NEVER_EXPIRES: &str = "never";
/// How far apart two expiries may lie and still be the same one: they are counted from a run's
/// ULID, which has milliseconds, and from a clock, which has more.
const SAME_EXPIRY: SignedDuration = SignedDuration::from_secs(60);

/// Whose an object is, or shall be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The site.
    pub site: SiteName,
    /// The run.
    pub run: Ulid,
    /// What the site is for.
    pub environment: Environment,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// The user's own tags.
    pub extra: Tags,
}

impl Owner {
    /// The tags of an object that `step` makes.
    pub fn tags(&self, step: &StepId) -> Tags {
        let mut tags = self.extra.clone();
        tags.entry("Name".to_owned())
            .or_insert_with(|| self.site.to_string());
        tags.insert(TAG_SITE.to_owned(), self.site.to_string());
        tags.insert(TAG_STEP.to_owned(), step.to_string());
        tags.insert(TAG_RUN.to_owned(), self.run.to_string());
        tags.insert(
            TAG_ENVIRONMENT.to_owned(),
            self.environment.as_str().to_owned(),
        );
        if let Some(at) = self.expires_at {
            tags.insert(TAG_EXPIRES_AT.to_owned(), at.to_string());
        }
        tags
    }

    /// Whether an object with these tags was made by `step` of this site, in whatever run.
    pub fn owns(&self, step: &StepId, tags: &Tags) -> bool {
        tags.get(TAG_SITE)
            .is_some_and(|site| site == self.site.as_str())
            && tags
                .get(TAG_STEP)
                .is_some_and(|made_by| made_by == step.as_str())
    }

    /// Whether an object with these tags is this site's, whatever made it.
    pub fn owns_site(&self, tags: &Tags) -> bool {
        is_of(&self.site, tags)
    }

    /// The tags to set so that an object that `step` made carries what it should.
    ///
    /// Tolerant where what is there is right: the run stays the one that made the object, a `Name`
    /// given by hand stays unless the site file asks for one, and a life is counted from the run
    /// that made the object, so that a second run finds nothing to do.
    pub fn missing_tags(&self, step: &StepId, has: &Tags) -> Tags {
        let mut tags = self.tags(step);
        tags.remove(TAG_EXPIRES_AT);
        tags.retain(|key, wanted| match has.get(key) {
            None => true,
            Some(_) if key == TAG_RUN => false,
            Some(_) if key == "Name" && !self.extra.contains_key("Name") => false,
            Some(is) => is != wanted,
        });
        if let Some(expiry) = self.missing_expiry(has) {
            tags.insert(TAG_EXPIRES_AT.to_owned(), expiry);
        }
        tags
    }

    fn missing_expiry(&self, has: &Tags) -> Option<String> {
        let is = has.get(TAG_EXPIRES_AT).map(String::as_str);
        let Some(at) = self.expires_at else {
            return is
                .filter(|is| *is != NEVER_EXPIRES)
                .map(|_| NEVER_EXPIRES.to_owned());
        };
        let wanted = self.counted_from_creation(at, has);
        let same = |is: Timestamp| {
            [at, wanted]
                .iter()
                .any(|then| is.duration_since(*then).abs() <= SAME_EXPIRY)
        };
        match is.and_then(|is| is.parse().ok()) {
            Some(is) if same(is) => None,
            _ => Some(wanted.to_string()),
        }
    }

    /// When an object expires whose life of `at` minus this run began with the run that made it.
    fn counted_from_creation(&self, at: Timestamp, has: &Tags) -> Timestamp {
        let began = |run: &Ulid| {
            let millis = i64::try_from(run.timestamp_ms()).ok()?;
            Timestamp::from_millisecond(millis).ok()
        };
        has.get(TAG_RUN)
            .and_then(|run| Ulid::from_string(run).ok())
            .and_then(|made| Some((began(&made)?, began(&self.run)?)))
            .and_then(|(made, now)| made.checked_add(at.duration_since(now)).ok())
            .unwrap_or(at)
    }
}

/// Whether an object with these tags belongs to `site`.
pub(super) fn is_of(site: &SiteName, tags: &Tags) -> bool {
    tags.get(TAG_SITE).is_some_and(|tag| tag == site.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::testing::owner;

    fn keys(tags: &Tags) -> Vec<&str> {
        tags.keys().map(String::as_str).collect()
    }

    #[test]
    fn a_later_run_changes_a_life_only_when_its_length_changed() {
        let step = StepId::new("connection");
        let has = owner("plant-7", 1_000_000).tags(&step);
        let mut later = owner("plant-7", 1_020_000);
        assert!(later.missing_tags(&step, &has).is_empty());

        let expires_at = later.expires_at.unwrap();
        later.expires_at = expires_at.checked_add(SignedDuration::from_hours(1)).ok();
        let missing = later.missing_tags(&step, &has);
        assert_eq!(keys(&missing), [TAG_EXPIRES_AT]);
        let made = Timestamp::from_second(1_000_000 + 9 * 3600).unwrap();
        assert_eq!(missing[TAG_EXPIRES_AT].parse::<Timestamp>().unwrap(), made);
        let mut has: Tags = has.into_iter().chain(missing).collect();
        assert!(
            later.missing_tags(&step, &has).is_empty(),
            "and then it is settled"
        );

        // Whoever keeps the expiry that is there finds nothing to do either.
        later.expires_at = Some(made);
        assert!(later.missing_tags(&step, &has).is_empty());

        later.expires_at = None;
        let missing = later.missing_tags(&step, &has);
        assert_eq!(missing[TAG_EXPIRES_AT], NEVER_EXPIRES);
        has.extend(missing);
        assert!(later.missing_tags(&step, &has).is_empty());
    }

    #[test]
    fn a_name_given_by_hand_stays_and_ownership_is_restored() {
        let step = StepId::new("connection");
        let mut owner = owner("plant-7", 1_000_000);
        let mut has = owner.tags(&step);
        has.insert("Name".into(), "Hall 7 (do not touch)".into());
        assert!(owner.missing_tags(&step, &has).is_empty());
        owner.extra.insert("Name".into(), "hall-7".into());
        has.remove(TAG_STEP);
        has.remove(TAG_RUN);
        let missing = owner.missing_tags(&step, &has);
        assert_eq!(keys(&missing), ["Name", TAG_RUN, TAG_STEP]);
    }
}
