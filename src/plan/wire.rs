//! The calls behind a plan, before anything is known that only AWS can tell.
//!
//! What is not known yet stands as an id of zeros: well-formed, owned by nobody. Good enough to
//! name the actions of a step and to ask EC2 with DryRun whether the caller may make the call.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use secrecy::SecretString;
use serde_json::json;

use super::model::{Plan, PlannedStep};
use super::resolve::{Outputs, resolve};
use crate::aws::{Call, Tags, View};
use crate::playbook::{Input, Node, StepId};
use crate::resource::{self, Change, Inputs, Keys, Kind, Ownership, Seen, TunnelImpact};
use crate::tunnel::{BgpKey, PreSharedKey, TunnelOptions};

/// What stands for a key where only the shape of a call matters.
const NO_KEY: &str = "underpass.asks.with.no.key";

/// What `--check-permissions` dry-runs: per step its first call, with made-up ids where needed.
///
/// None where the step calls nothing, or nothing that could be asked beforehand. `keys` may be
/// empty: a dry run does not store them, and a made-up one is sent instead.
pub fn calls(plan: &Plan, keys: &Keys) -> Vec<(StepId, Option<Call>)> {
    let mut keys = keys.clone();
    for tunnel in &plan.tunnels {
        if let (false, Some(key)) = (
            keys.contains_key(&tunnel.options.inside_cidr),
            made_up_key(),
        ) {
            keys.insert(tunnel.options.inside_cidr, key);
        }
    }
    let outputs = made_up_outputs(
        plan.steps
            .iter()
            .map(|step| (&step.node, step.existing.as_deref())),
    );
    plan.steps
        .iter()
        .map(|step| {
            let call = resource::registry()
                .find(&step.node.kind)
                .and_then(|kind| first_call(kind, step, plan, &outputs, &keys));
            (step.node.id.clone(), call)
        })
        .collect()
}

fn first_call(
    kind: &dyn Kind,
    step: &PlannedStep,
    plan: &Plan,
    outputs: &Outputs,
    keys: &Keys,
) -> Option<Call> {
    let inputs = resolve(&guessed(&step.node), outputs);
    match step.change {
        Change::Create => kind.create(&step.node.id, &inputs, &plan.owner, keys).ok(),
        Change::Delete | Change::Replace => {
            let seen = ours(step.existing.as_deref()?, Tags::new());
            kind.delete(&seen, &View::default()).ok()
        }
        Change::Update => update(step, plan),
        Change::Keep | Change::Adopt => None,
    }
}

/// The first call of an update, as far as the plan alone tells it.
fn update(step: &PlannedStep, plan: &Plan) -> Option<Call> {
    let resource = step.existing.clone()?;
    match &step.impact {
        TunnelImpact::OneByOne(outside) | TunnelImpact::Both(outside) => {
            Some(Call::ModifyVpnTunnelOptions {
                connection: resource.parse().ok()?,
                outside: *outside.first()?,
                options: Box::new(plan.tunnels.first()?.options.clone()),
                key: None,
            })
        }
        TunnelImpact::None => Some(Call::CreateTags {
            resource,
            tags: plan.owner.tags(&step.node.id),
        }),
    }
}

fn ours(id: &str, missing_tags: Tags) -> Seen {
    Seen {
        id: id.to_owned(),
        ownership: Ownership::Ours,
        outputs: BTreeMap::from([("id".to_owned(), json!(id))]),
        missing_tags,
    }
}

fn made_up_key() -> Option<PreSharedKey> {
    PreSharedKey::new(SecretString::from(NO_KEY)).ok()
}

/// Keys for asking what a call would be.
pub(super) fn made_up_keys(tunnels: Option<&[TunnelOptions; 2]>) -> Keys {
    let inside = tunnels.into_iter().flatten().map(|it| it.inside_cidr);
    let mut keys: Keys = inside
        .filter_map(|cidr| Some((cidr, made_up_key()?)))
        .collect();
    keys.bgp = BgpKey::new("0".repeat(32).into()).ok();
    keys
}

/// An output of every step: the id that exists, else zeros in the kind's shape.
fn made_up_outputs<'a>(steps: impl Iterator<Item = (&'a Node, Option<&'a str>)>) -> Outputs {
    steps
        .map(|(node, existing)| {
            let id = existing.map_or_else(|| made_up_id(&node.kind), str::to_owned);
            let mut outputs = BTreeMap::from([("id".to_owned(), json!(id))]);
            for (name, input) in &node.inputs {
                if let Input::Known(value) = input {
                    outputs.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
            outputs.insert("id".to_owned(), json!(id));
            outputs.insert(
                "outside_addresses".to_owned(),
                json!([Ipv4Addr::UNSPECIFIED, Ipv4Addr::UNSPECIFIED]),
            );
            for name in ["attachment", "association_table", "propagation_table"] {
                let made_up = || json!(made_up_id(name));
                outputs.entry(name.to_owned()).or_insert_with(made_up);
            }
            (node.id.clone(), outputs)
        })
        .collect()
}

/// An id of zeros for a kind, or for an input that is named like one.
fn made_up_id(what: &str) -> String {
    let prefix = match what {
        "customer_gateway" => "cgw",
        "vpn_gateway" | "vpn_gateway_attachment" => "vgw",
        "vpn_connection" | "transit_vpn_connection" | "vpn_connection_route" | "connection" => {
            "vpn"
        }
        "transit_gateway" => "tgw",
        "transit_gateway_vpc_attachment" | "attachment" => "tgw-attach",
        "association_table" | "propagation_table" => "tgw-rtb",
        "vpc" => "vpc",
        "dx_connection" => return "dxcon-00000000".to_owned(),
        "private_virtual_interface" | "transit_virtual_interface" => {
            return "dxvif-00000000".to_owned();
        }
        "dx_gateway" | "dx_gateway_association" => {
            return "00000000-0000-0000-0000-000000000000".to_owned();
        }
        _ => "rtb",
    };
    format!("{prefix}-00000000000000000")
}

/// The node with made-up ids for inputs that only AWS knows, as offline plans have them.
fn guessed(node: &Node) -> Node {
    let mut node = node.clone();
    for (name, input) in &mut node.inputs {
        let is_memory = ["enables_propagation", "remembers_propagation"].contains(&name.as_str());
        if matches!(input, Input::Later(_)) && !is_memory {
            *input = Input::Known(json!(made_up_id(name)));
        }
    }
    node
}

/// The API actions of a step, in order.
///
/// Asked of the kind itself, so that no table can disagree with what the engine calls.
pub(super) fn actions(
    kind: &dyn Kind,
    node: &Node,
    outputs: &Outputs,
    plan: &Asked<'_>,
    decided: &Decided<'_>,
) -> Vec<String> {
    let inputs = || {
        let mut made_up = made_up_outputs(plan.nodes.iter().map(|node| (node, None)));
        made_up.extend(outputs.clone());
        resolve(&guessed(node), &made_up)
    };
    let create = || {
        let inputs = inputs();
        kind.create(&node.id, &inputs, plan.owner, plan.keys).ok()
    };
    let update = || {
        let seen = decided.seen?;
        let call = kind.update(&node.id, &inputs(), seen, plan.view, plan.owner, plan.keys);
        call.ok().flatten()
    };
    let delete = || {
        let seen = decided.seen?;
        kind.delete(seen, plan.view).ok()
    };
    let calls: Vec<Call> = match decided.change {
        Change::Create => create().into_iter().collect(),
        Change::Delete => delete().into_iter().collect(),
        Change::Replace => delete().into_iter().chain(create()).collect(),
        Change::Update => return update_actions(decided, update().as_ref()),
        Change::Keep | Change::Adopt => Vec::new(),
    };
    calls.iter().map(|call| call.action().to_owned()).collect()
}

/// What the planner knows when it asks for a step's actions.
pub(super) struct Asked<'a> {
    pub(super) nodes: &'a [Node],
    pub(super) owner: &'a resource::Owner,
    pub(super) keys: &'a Keys,
    pub(super) view: &'a View,
}

/// What was decided about the step.
pub(super) struct Decided<'a> {
    pub(super) change: Change,
    pub(super) seen: Option<&'a Seen>,
    pub(super) differences: &'a [(String, String, String)],
    pub(super) impact: &'a TunnelImpact,
}

/// One `ModifyVpnTunnelOptions` per tunnel that drops, `CreateTags` where tags differ; of Direct Connect
/// the `first` call, and `TagResource` where tags differ.
fn update_actions(decided: &Decided<'_>, first: Option<&Call>) -> Vec<String> {
    let mut differences = decided.differences.iter();
    let tags = differences.any(|(name, ..)| name.starts_with("tag "));
    if let Some(Call::DirectConnect(call)) = first {
        let mut actions = vec![call.action().to_owned()];
        if tags && actions[0] != "TagResource" {
            actions.push("TagResource".to_owned());
        }
        return actions;
    }
    let tunnels: BTreeSet<Ipv4Addr> = match decided.impact {
        TunnelImpact::None => BTreeSet::new(),
        TunnelImpact::OneByOne(tunnels) | TunnelImpact::Both(tunnels) => {
            tunnels.iter().copied().collect()
        }
    };
    let mut actions = vec!["ModifyVpnTunnelOptions".to_owned(); tunnels.len()];
    if tags || actions.is_empty() {
        actions.push("CreateTags".to_owned());
    }
    actions
}

/// Inputs of a node that are all known, for teardown.
pub(super) fn node_inputs(inputs: &Inputs) -> BTreeMap<String, Input> {
    inputs
        .iter()
        .map(|(name, value)| {
            let input = match value {
                resource::Maybe::Known(value) => Input::Known(value.clone()),
                resource::Maybe::Later(awaited) => Input::Later(awaited.clone()),
            };
            (name.to_owned(), input)
        })
        .collect::<BTreeMap<String, Input>>()
}
