//! Ownership by tags, set in the same call that creates.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::aws::Tags;
use crate::playbook::StepId;
use crate::spec::{Environment, SiteName};

/// The site that an object belongs to.
pub const TAG_SITE: &str = "underpass:site";
/// The step that made it.
pub const TAG_STEP: &str = "underpass:step";
/// The run that made it.
pub const TAG_RUN: &str = "underpass:run";
/// `test` or `production`.
pub const TAG_ENVIRONMENT: &str = "underpass:environment";
/// When `reap` may take it, RFC 3339; test sites only.
pub const TAG_EXPIRES_AT: &str = "underpass:expires-at";

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
}
