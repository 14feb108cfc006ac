//! What a plan is asked for with.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ulid::Ulid;

use crate::aws::View;
use crate::playbook::Playbook;
use crate::resource::Policy;
use crate::spec::{AccountId, Site};

/// Everything that a plan depends on: the same question always gets the same plan.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// What the user wants.
    pub site: &'a Site,
    /// Which steps that takes.
    pub playbook: &'a Playbook,
    /// What exists in AWS, all collections; none offline, where everything counts as absent.
    pub view: Option<&'a View>,
    /// The account that was looked at.
    pub account: Option<AccountId>,
    /// The run that the plan is for; its time is `now`.
    pub run: Ulid,
    /// When.
    pub now: Timestamp,
    /// How bold.
    pub policy: Policy,
    /// Codes of refusals that the user has read and accepts.
    pub accept: &'a BTreeSet<String>,
}
