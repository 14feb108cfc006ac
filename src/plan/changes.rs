//! What a plan amounts to: counts, impact on traffic, and whether two plans are the same.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;

use serde::Serialize;

use super::model::{Plan, PlannedStep};
use crate::playbook::StepId;
use crate::resource::{Change, TunnelImpact};

/// How many steps do what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Steps that make something.
    pub create: usize,
    /// Steps that use what is not ours.
    pub adopt: usize,
    /// Steps that change something in place.
    pub update: usize,
    /// Steps that delete and make anew.
    pub replace: usize,
    /// Steps that delete.
    pub delete: usize,
    /// Steps with nothing to do.
    pub keep: usize,
}

impl Plan {
    /// How many steps do what.
    pub fn changes(&self) -> Counts {
        let mut counts = Counts::default();
        for step in &self.steps {
            *match step.change {
                Change::Create => &mut counts.create,
                Change::Adopt => &mut counts.adopt,
                Change::Update => &mut counts.update,
                Change::Replace => &mut counts.replace,
                Change::Delete => &mut counts.delete,
                Change::Keep => &mut counts.keep,
            } += 1;
        }
        counts
    }

    /// Whether applying it would call nothing that changes AWS.
    pub fn is_noop(&self) -> bool {
        let counts = self.changes();
        counts.create + counts.update + counts.replace + counts.delete == 0
    }

    /// What the whole plan does to traffic: the worst of its steps, with every tunnel concerned.
    pub fn tunnel_impact(&self) -> TunnelImpact {
        let mut one_by_one = BTreeSet::<Ipv4Addr>::new();
        let mut both = BTreeSet::<Ipv4Addr>::new();
        let mut any_both = false;
        for step in &self.steps {
            match &step.impact {
                TunnelImpact::None => {}
                TunnelImpact::OneByOne(tunnels) => one_by_one.extend(tunnels),
                TunnelImpact::Both(tunnels) => {
                    any_both = true;
                    both.extend(tunnels);
                }
            }
        }
        if any_both {
            both.extend(one_by_one);
            TunnelImpact::Both(both.into_iter().collect())
        } else if one_by_one.is_empty() {
            TunnelImpact::None
        } else {
            TunnelImpact::OneByOne(one_by_one.into_iter().collect())
        }
    }

    /// How long the run usually takes, shortest and longest: the critical path over `needs`.
    pub fn usual(&self) -> (Duration, Duration) {
        let mut ends: Vec<(&StepId, Duration, Duration)> = Vec::new();
        for step in &self.steps {
            let needed = ends
                .iter()
                .filter(|(id, ..)| step.node.needs.contains(id))
                .fold((Duration::ZERO, Duration::ZERO), |(from, to), end| {
                    (from.max(end.1), to.max(end.2))
                });
            let own = if step.changes_something() {
                (step.usual.from, step.usual.to)
            } else {
                (Duration::ZERO, Duration::ZERO)
            };
            ends.push((
                &step.node.id,
                needed.0.saturating_add(own.0),
                needed.1.saturating_add(own.1),
            ));
        }
        ends.iter().fold(
            (Duration::ZERO, Duration::ZERO),
            |(from, to), (_, end_from, end_to)| (from.max(*end_from), to.max(*end_to)),
        )
    }

    /// Whether `other`, made later, would do the same to the same world.
    ///
    /// The times, the run and the prices may differ; the site, what was observed, every step and
    /// every tunnel option may not. `onboard --plan FILE` asks this before it applies the file.
    pub fn same_world(&self, other: &Self) -> bool {
        self.what_changed_since(other).is_empty()
    }

    /// Why `other`, made later, is not the same plan; empty when it is.
    pub fn what_changed_since(&self, other: &Self) -> Vec<String> {
        let mut changed = Vec::new();
        let mut note = |differs: bool, what: &str| {
            if differs {
                changed.push(what.to_owned());
            }
        };
        note(
            (self.mode, &self.site, &self.region, &self.playbook)
                != (other.mode, &other.site, &other.region, &other.playbook),
            "it is for another site, Region, playbook or purpose",
        );
        let offline = self.basis.world.is_none() && other.basis.world.is_some();
        note(offline, "it was made without looking at AWS");
        note(
            self.account != other.account && !offline,
            "it is for another account",
        );
        note(
            self.schema_version != other.schema_version,
            "it was saved by a version of underpass with another plan format",
        );
        note(self.basis.site != other.basis.site, "the site file changed");
        note(
            self.basis.world != other.basis.world && !offline,
            "what exists in AWS changed",
        );
        note(
            self.policy != other.policy || self.tunnels != other.tunnels,
            "the tunnel options or the permitted changes differ",
        );
        note(
            !self
                .steps
                .iter()
                .map(Fixed::of)
                .eq(other.steps.iter().map(Fixed::of)),
            "the steps differ",
        );
        changed
    }
}

/// The part of a step that two plans of the same world share.
#[derive(PartialEq)]
struct Fixed<'a> {
    node: &'a crate::playbook::Node,
    change: Change,
    existing: Option<&'a str>,
    impact: &'a TunnelImpact,
    actions: &'a [String],
}

impl<'a> Fixed<'a> {
    fn of(step: &'a PlannedStep) -> Self {
        Self {
            node: &step.node,
            change: step.change,
            existing: step.existing.as_deref(),
            impact: &step.impact,
            actions: &step.actions,
        }
    }
}

impl PlannedStep {
    /// Whether the step calls something that changes AWS.
    pub fn changes_something(&self) -> bool {
        !matches!(self.change, Change::Keep | Change::Adopt)
    }
}
