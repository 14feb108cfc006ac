//! Small plans and stores for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use ulid::Ulid;

use super::lock::LockOwner;
use super::record::Entry;
use crate::plan::{Basis, Mode, PLAN_SCHEMA, Plan, PlannedStep};
use crate::playbook::{Node, StepId};
use crate::resource::{Change, Owner, Policy, TunnelImpact, Usual};
use crate::spec::Environment;

pub(crate) const RUN: Ulid = Ulid(0x0192_f000_0000_0000_0000_0000_0000_0001);

/// Where a journal pretends that its process dies.
pub(super) struct Stop(pub(super) Box<dyn Fn(&Entry) -> bool + Send>);

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stop")
    }
}

/// A step of `kind` that needs other steps, without inputs.
pub(crate) fn step(id: &str, kind: &str, change: Change, needs: &[&str]) -> PlannedStep {
    PlannedStep {
        node: Node {
            id: StepId::new(id),
            kind: kind.to_owned(),
            inputs: BTreeMap::new(),
            needs: needs
                .iter()
                .copied()
                .map(StepId::new)
                .collect::<BTreeSet<_>>(),
        },
        title: kind.to_owned(),
        change,
        reason: "it does not exist".to_owned(),
        differences: Vec::new(),
        existing: None,
        impact: TunnelImpact::None,
        usual: Usual::secs(1, 5, 60),
        actions: Vec::new(),
    }
}

/// A plan for the site `plant-7` of these steps.
pub(crate) fn plan(steps: Vec<PlannedStep>) -> Plan {
    Plan {
        schema_version: PLAN_SCHEMA,
        tool_version: "0.0.0".to_owned(),
        mode: Mode::Onboard,
        site: "plant-7".parse().unwrap(),
        region: "eu-central-1".parse().unwrap(),
        account: None,
        playbook: "vgw-bgp".to_owned(),
        run: RUN,
        owner: Owner {
            site: "plant-7".parse().unwrap(),
            run: RUN,
            environment: Environment::Test,
            expires_at: None,
            extra: BTreeMap::new(),
        },
        policy: Policy::default(),
        basis: Basis {
            site: String::new(),
            world: None,
            observed_at: Timestamp::UNIX_EPOCH,
        },
        steps,
        tunnels: Vec::new(),
        cost: Vec::new(),
        prices_as_of: String::new(),
        permissions: Vec::new(),
        unknowns: Vec::new(),
        warnings: Vec::new(),
        duplicates: Vec::new(),
    }
}

/// Somebody who locks.
pub(crate) fn owner(command: &str) -> LockOwner {
    LockOwner {
        who: "kim".to_owned(),
        host: "bench-2".to_owned(),
        pid: 4711,
        since: Timestamp::UNIX_EPOCH,
        run: None,
        command: command.to_owned(),
    }
}
