//! The compiled form: nodes in an order in which every node follows what it needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The name of a step; an instance of a `for_each` step is written `propagation[rtb-0a…]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(String);

impl StepId {
    /// A plain step.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The instance of a `for_each` step that stands for `item`.
    pub fn instance(name: &str, item: &str) -> Self {
        Self(format!("{name}[{item}]"))
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The step's name in the playbook, without the instance.
    pub fn base(&self) -> &str {
        self.0.split_once('[').map_or(&self.0, |(base, _)| base)
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One input of a node: known now, or known when something else is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Known: from the playbook, the site or the VPC.
    Known(Value),
    /// An output of another step, known when that step is ready.
    Output {
        /// The other step.
        step: StepId,
        /// Its output, such as `id`.
        output: String,
    },
    /// Known only when AWS answers; says in words what is awaited (offline plans only).
    Later(String),
    /// A list of which some items are not yet known.
    List(Vec<Input>),
    /// A mapping of which some values are not yet known.
    Map(BTreeMap<String, Input>),
}

/// One step, ready for the planner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Its name, unique in the graph.
    pub id: StepId,
    /// The kind of resource it manages, such as `vpn_connection`.
    pub kind: String,
    /// What the kind is told.
    pub inputs: BTreeMap<String, Input>,
    /// Every step that must be ready before: by reference or by `after`.
    pub needs: BTreeSet<StepId>,
}

/// The steps of one site, in a topological order that is the same every time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    /// The playbook's name.
    pub playbook: String,
    /// The steps; a node stands behind everything in its `needs`.
    pub nodes: Vec<Node>,
}

/// What `${…}` may refer to, apart from other steps.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// `${site.…}`: the validated site as JSON.
    pub site: Value,
    /// `${tunnels}`: the two negotiated `tunnel::TunnelOptions` as JSON.
    pub tunnels: Value,
    /// `${vpc.…}`: `id`, `cidrs`, `route_tables` (the ids that the site selects); none offline.
    pub vpc: Option<Value>,
}
