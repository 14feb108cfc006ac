//! Who is next: pure, and the only place that knows the graph while a plan runs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::plan::PlannedStep;
use crate::playbook::StepId;
use crate::resource::Change;

/// Where a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Waiting,
    Running,
    Ready,
    Failed,
    Skipped,
}

/// The steps, what they need, and how long the way from each to the end usually is.
#[derive(Debug)]
pub(super) struct Order {
    needs: BTreeMap<StepId, BTreeSet<StepId>>,
    way: BTreeMap<StepId, Duration>,
    place: BTreeMap<StepId, Place>,
}

impl Order {
    pub(super) fn new(steps: &[PlannedStep]) -> Self {
        let needs = steps
            .iter()
            .map(|step| (step.node.id.clone(), step.node.needs.clone()))
            .collect();
        let place = steps
            .iter()
            .map(|step| (step.node.id.clone(), Place::Waiting))
            .collect();
        Self {
            needs,
            way: ways(steps),
            place,
        }
    }

    /// Takes the step to start next: of those whose needs are ready, the one with the longest way.
    pub(super) fn take_next(&mut self) -> Option<StepId> {
        let next = self
            .at(Place::Waiting)
            .filter(|step| {
                self.needs[*step]
                    .iter()
                    .all(|need| self.is(need, Place::Ready))
            })
            .max_by(|a, b| self.way[*a].cmp(&self.way[*b]).then_with(|| b.cmp(a)))
            .cloned()?;
        self.place.insert(next.clone(), Place::Running);
        Some(next)
    }

    pub(super) fn ready(&mut self, step: &StepId) {
        self.place.insert(step.clone(), Place::Ready);
    }

    /// Marks a step as failed and everything that needs it as skipped; returns the skipped ones.
    pub(super) fn failed(&mut self, step: &StepId) -> Vec<StepId> {
        self.place.insert(step.clone(), Place::Failed);
        let mut skipped = Vec::new();
        loop {
            let next: Vec<StepId> = self
                .at(Place::Waiting)
                .filter(|waiting| {
                    self.needs[*waiting]
                        .iter()
                        .any(|need| self.is(need, Place::Failed) || self.is(need, Place::Skipped))
                })
                .cloned()
                .collect();
            if next.is_empty() {
                return skipped;
            }
            for step in &next {
                self.place.insert(step.clone(), Place::Skipped);
            }
            skipped.extend(next);
        }
    }

    /// The steps that nobody started.
    pub(super) fn never_started(&self) -> Vec<StepId> {
        self.at(Place::Waiting).cloned().collect()
    }

    /// The steps that are running.
    pub(super) fn running(&self) -> Vec<StepId> {
        self.at(Place::Running).cloned().collect()
    }

    fn is(&self, step: &StepId, place: Place) -> bool {
        self.place.get(step) == Some(&place)
    }

    fn at(&self, place: Place) -> impl Iterator<Item = &StepId> {
        self.place
            .iter()
            .filter(move |(_, at)| **at == place)
            .map(|(step, _)| step)
    }
}

/// The usual time from each step's start to the end of the last step that waits for it.
///
/// Goes backwards through the plan, in which a step stands behind everything it needs.
fn ways(steps: &[PlannedStep]) -> BTreeMap<StepId, Duration> {
    let mut behind: BTreeMap<StepId, Duration> = BTreeMap::new();
    let mut ways = BTreeMap::new();
    for step in steps.iter().rev() {
        let own = match step.change {
            Change::Keep | Change::Adopt => Duration::ZERO,
            _ => step.usual.to,
        };
        let way = own + behind.get(&step.node.id).copied().unwrap_or_default();
        for need in &step.node.needs {
            let longest = behind.entry(need.clone()).or_default();
            *longest = way.max(*longest);
        }
        ways.insert(step.node.id.clone(), way);
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::testing::step;
    use crate::resource::Usual;

    fn slow(mut step: PlannedStep, to: u64) -> PlannedStep {
        step.usual = Usual::secs(0, to, 1000);
        step
    }

    fn steps() -> Vec<PlannedStep> {
        vec![
            slow(step("attached-gateway", "k", Change::Create, &[]), 5),
            slow(step("customer", "k", Change::Create, &[]), 9),
            slow(step("gateway", "k", Change::Create, &[]), 5),
            slow(step("attachment", "k", Change::Create, &["gateway"]), 100),
            slow(
                step("connection", "k", Change::Create, &["customer", "gateway"]),
                300,
            ),
            slow(step("route", "k", Change::Create, &["connection"]), 5),
        ]
    }

    #[test]
    fn the_longest_way_goes_first_and_nothing_before_what_it_needs() {
        let mut order = Order::new(&steps());
        let mut started = Vec::new();
        while let Some(next) = order.take_next() {
            started.push(next.to_string());
        }
        // 9 + 300 + 5, then 5 + 300 + 5, then 5.
        assert_eq!(started, ["customer", "gateway", "attached-gateway"]);
        order.ready(&StepId::new("gateway"));
        assert_eq!(order.take_next(), Some(StepId::new("attachment")));
        assert_eq!(order.take_next(), None, "the connection needs both");
        order.ready(&StepId::new("customer"));
        assert_eq!(order.take_next(), Some(StepId::new("connection")));
    }

    #[test]
    fn a_failure_skips_what_hangs_on_it_and_nothing_else() {
        let mut order = Order::new(&steps());
        let skipped = order.failed(&StepId::new("customer"));
        assert_eq!(skipped, ["connection", "route"].map(StepId::new));
        assert_eq!(order.take_next(), Some(StepId::new("gateway")));
        order.ready(&StepId::new("gateway"));
        assert_eq!(order.take_next(), Some(StepId::new("attachment")));
    }

    #[test]
    fn a_need_that_nobody_provides_is_never_started() {
        let mut order = Order::new(&[step("lonely", "k", Change::Create, &["nobody"])]);
        assert_eq!(order.take_next(), None);
        assert_eq!(order.never_started(), [StepId::new("lonely")]);
    }
}
