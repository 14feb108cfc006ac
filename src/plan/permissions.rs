//! What the caller of a plan must be allowed to do.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Mode, PermissionNeed, PlannedStep};
use super::policy::ASKING;
use crate::aws::{Collection, service_of};
use crate::resource;

/// Actions that EC2 has no DryRun for (EC2 API model).
const WITHOUT_DRY_RUN: [&str; 2] = ["CreateVpnConnectionRoute", "DeleteVpnConnectionRoute"];
/// Actions that set tags in the same call, which IAM checks as `ec2:CreateTags` too.
const TAGGING: [&str; 5] = [
    "CreateCustomerGateway",
    "CreateTransitGateway",
    "CreateTransitGatewayVpcAttachment",
    "CreateVpnConnection",
    "CreateVpnGateway",
];

/// The same for Direct Connect and its `directconnect:TagResource`.
const TAGGING_DIRECT_CONNECT: [&str; 4] = [
    "CreateConnection",
    "CreateDirectConnectGateway",
    "CreatePrivateVirtualInterface",
    "CreateTransitVirtualInterface",
];

/// The actions that fill these collections, each once.
pub(super) fn describing(collections: impl IntoIterator<Item = Collection>) -> Vec<&'static str> {
    let actions = collections.into_iter().flat_map(Collection::actions);
    let mut all = Vec::new();
    for action in actions.copied() {
        if !all.contains(&action) {
            all.push(action);
        }
    }
    all
}

/// The action that IAM checks besides, where a call of this action sets tags on what it makes.
fn sets_tags(action: &str) -> Option<&'static str> {
    if TAGGING_DIRECT_CONNECT.contains(&action) {
        return Some("TagResource");
    }
    TAGGING.contains(&action).then_some("CreateTags")
}

/// What a run of these steps needs, reads first.
pub(super) fn needed(mode: Mode, steps: &[PlannedStep]) -> Vec<PermissionNeed> {
    let mut needs = reads(mode, steps);
    let mut writes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for step in steps {
        for action in &step.actions {
            writes
                .entry(action)
                .or_default()
                .insert(step.node.id.base());
            if let Some(tagging) = sets_tags(action) {
                writes
                    .entry(tagging)
                    .or_default()
                    .insert(step.node.id.base());
            }
        }
    }
    needs.extend(writes.into_iter().map(|(action, steps)| PermissionNeed {
        action: format!("{}:{action}", service_of(action)),
        dry_run: service_of(action) == "ec2" && !WITHOUT_DRY_RUN.contains(&action),
        why: format!(
            "steps: {}",
            steps.into_iter().collect::<Vec<_>>().join(", ")
        ),
    }));
    needs
}

fn reads(mode: Mode, steps: &[PlannedStep]) -> Vec<PermissionNeed> {
    let read = |action: String, dry_run: bool, why: &str| PermissionNeed {
        action,
        dry_run,
        why: why.to_owned(),
    };
    let mut needs = vec![read(
        "sts:GetCallerIdentity".to_owned(),
        false,
        "which account this is",
    )];
    let of_steps = steps
        .iter()
        .filter_map(|step| resource::registry().find(&step.node.kind))
        .flat_map(|kind| kind.collections().iter().copied());
    // A plan looks at everything, even where its steps would need less.
    let collections: BTreeSet<Collection> = of_steps.chain(Collection::ALL).collect();
    needs.extend(describing(collections).into_iter().map(|action| {
        let why = match action {
            "DescribeVpnConnections" => "what exists; this answer holds the pre-shared keys",
            _ => "what exists",
        };
        let service = service_of(action);
        read(format!("{service}:{action}"), service == "ec2", why)
    }));
    if mode == Mode::Onboard {
        let letters = |step: &PlannedStep| step.node.kind == "dx_connection";
        if steps.iter().any(letters) {
            needs.push(read(
                "directconnect:DescribeLoa".to_owned(),
                false,
                "the letter of authorization for the location's operator",
            ));
        }
        let interfaces = |step: &PlannedStep| step.node.kind.ends_with("virtual_interface");
        if steps.iter().any(interfaces) {
            let why = "which way traffic goes, and when the other one was tried";
            needs.extend(ASKING.map(|it| read(format!("directconnect:{it}"), false, why)));
        }
        needs.push(read(
            "ec2:GetActiveVpnTunnelStatus".to_owned(),
            true,
            "what the two ends really agreed on",
        ));
    }
    needs
}
