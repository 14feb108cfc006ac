//! Taking a site away, out of what AWS says is the site's: no site file, no journal.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ulid::Ulid;

use super::basis;
use super::cost::Prices;
use super::findings::{Findings, PlanErrors};
use super::leaving;
use super::model::{Basis, Mode, PLAN_SCHEMA, Plan, PlannedStep};
use super::permissions;
use super::wire;
use super::world::is_of;
use crate::aws::{Call, Tags, View, VpnConnection};
use crate::playbook::{Node, StepId};
use crate::resource::{
    self, Change, Goal, Kind, KindError, Owned, Owner, Ownership, Policy, Seen, TAG_ENVIRONMENT,
    TAG_EXPIRES_AT, TAG_RUN, TunnelImpact, kept_for_others,
};
use crate::spec::{AccountId, Environment, Region, SiteName};

/// The playbook's name in a plan that needs none.
const NO_PLAYBOOK: &str = "teardown";

/// Plans the teardown of a site: everything that is the site's, in the order in which it can go.
///
/// What was adopted, and what others have come to depend on, is left and listed among the
/// warnings with the reason. A plan without steps means that nothing is there.
pub fn teardown(
    site: &SiteName,
    region: &Region,
    account: Option<AccountId>,
    view: &View,
    run: Ulid,
    now: Timestamp,
) -> Result<Plan, PlanErrors> {
    let nothing_accepted = BTreeSet::new();
    let mut findings = Findings::new(&nothing_accepted);
    let owner = owner_of(site, run, view);
    let doomed = doomed(site, view, &mut findings);
    let steps = in_order(doomed, view);
    left_behind(site, view, &mut findings);
    if let Some(step) = steps.iter().find(|it| it.impact != TunnelImpact::None) {
        findings.warn(
            "plan::outage",
            format!(
                "{} {}: both tunnels end with it",
                step.title,
                step.existing.as_deref().unwrap_or_default()
            ),
            "remove the configuration from the router as well: the bundle's README tells how",
        );
    }
    let prices = Prices::builtin();
    Ok(Plan {
        schema_version: PLAN_SCHEMA,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        mode: Mode::Teardown,
        site: site.clone(),
        region: region.clone(),
        account,
        playbook: NO_PLAYBOOK.to_owned(),
        run,
        owner,
        policy: Policy::default(),
        basis: Basis {
            site: basis::of_name(site),
            world: Some(basis::of_own(site, view)),
            observed_at: now,
        },
        tunnels: Vec::new(),
        cost: prices.bill(&steps, region),
        prices_as_of: prices.as_of.clone(),
        permissions: permissions::needed(Mode::Teardown, &steps),
        unknowns: Vec::new(),
        warnings: findings.finish()?,
        duplicates: Vec::new(),
        steps,
    })
}

/// Whose the objects are: read from their own tags.
fn owner_of(site: &SiteName, run: Ulid, view: &View) -> Owner {
    let tags: Vec<&Tags> = tags_of(site, view)
        .into_iter()
        .map(|(_, tags)| tags)
        .collect();
    let production = tags.iter().any(|tags| {
        tags.get(TAG_ENVIRONMENT)
            .is_none_or(|it| it != Environment::Test.as_str())
    });
    let expires_at = tags
        .iter()
        .filter_map(|tags| tags.get(TAG_EXPIRES_AT)?.parse().ok())
        .max();
    Owner {
        site: site.clone(),
        run,
        // Whatever is not surely a test is treated with the care that production gets.
        environment: if production && !tags.is_empty() {
            Environment::Production
        } else {
            Environment::Test
        },
        expires_at,
        extra: Tags::new(),
    }
}

/// The id and tags of everything of a site that has tags and is not on its way out.
pub(super) fn tags_of<'a>(site: &SiteName, view: &'a View) -> Vec<(&'a str, &'a Tags)> {
    let mut tags = tagged(view);
    tags.retain(|(_, tags)| is_of(site, tags));
    tags
}

/// The id and tags of everything that has tags and is not on its way out.
pub(super) fn tagged(view: &View) -> Vec<(&str, &Tags)> {
    let customer_gateways = view
        .customer_gateways
        .values()
        .filter(|it| !it.state.is_ending())
        .map(|it| (it.id.as_str(), &it.tags));
    let vpn_gateways = view
        .vpn_gateways
        .values()
        .filter(|it| !it.state.is_ending())
        .map(|it| (it.id.as_str(), &it.tags));
    let connections = view
        .vpn_connections
        .values()
        .filter(|it| !it.state.is_ending())
        .map(|it| (it.id.as_str(), &it.tags));
    let transit_gateways = view
        .transit_gateways
        .values()
        .filter(|it| !it.state.is_ending())
        .map(|it| (it.id.as_str(), &it.tags));
    let attachments = view
        .transit_attachments
        .values()
        .filter(|it| !it.state.is_ending())
        .map(|it| (it.id.as_str(), &it.tags));
    customer_gateways
        .chain(vpn_gateways)
        .chain(connections)
        .chain(tagged_direct_connect(view))
        .chain(transit_gateways)
        .chain(attachments)
        .collect()
}

fn tagged_direct_connect(view: &View) -> impl Iterator<Item = (&str, &Tags)> {
    let ports = view.dx_connections.values();
    let ports = ports.filter(|it| !it.state.is_ending());
    let gateways = view.dx_gateways.values();
    let gateways = gateways.filter(|it| !it.state.is_ending());
    let interfaces = view.virtual_interfaces.values();
    let interfaces = interfaces.filter(|it| !it.state.is_ending());
    let ports = ports.map(|it| (it.id.as_str(), &it.tags));
    let gateways = gateways.map(|it| (it.id.as_str(), &it.tags));
    let interfaces = interfaces.map(|it| (it.id.as_str(), &it.tags));
    ports.chain(gateways).chain(interfaces)
}

/// One thing that goes, with the kind that knows how.
struct Doomed {
    kind: &'static dyn Kind,
    owned: Owned,
    action: String,
    /// Whether it is on its way out already, so that it is only waited for.
    leaving: bool,
}

fn doomed(site: &SiteName, view: &View, findings: &mut Findings<'_>) -> Vec<Doomed> {
    let mut doomed: Vec<Doomed> = Vec::new();
    let (mut after, mut left) = (view.clone(), everything(site, view));
    // What is refused because of what goes as well is asked about again without that.
    loop {
        let before = left.len();
        left.retain(|(kind, owned)| {
            let Ok(call) = deletion(*kind, owned, &after) else {
                return true;
            };
            let mut owned = owned.clone();
            // The names come from tags: two kinds may have the same one.
            if doomed.iter().any(|other| other.owned.step == owned.step) {
                owned.step = StepId::instance(owned.step.base(), &owned.id);
            }
            after.without_direct_connect(&owned.id);
            doomed.push(Doomed {
                kind: *kind,
                action: call.action().to_owned(),
                owned,
                leaving: false,
            });
            false
        });
        if left.len() == before {
            break;
        }
    }
    for (kind, owned) in left {
        if let Err(error) = deletion(kind, &owned, &after) {
            cannot_go(kind, &owned, error, findings);
        }
    }
    let staying: Vec<&str> = doomed.iter().map(|it| it.owned.id.as_str()).collect();
    let leaving: Vec<Doomed> = leaving::all(site, view, &staying)
        .into_iter()
        .map(|it| Doomed {
            kind: it.kind,
            owned: it.owned,
            action: it.action.to_owned(),
            leaving: true,
        })
        .collect();
    doomed.extend(leaving);
    doomed
}

fn everything(site: &SiteName, view: &View) -> Vec<(&'static dyn Kind, Owned)> {
    let kinds = resource::registry().kinds().iter();
    let owned = kinds.flat_map(|kind| {
        let owned = kind.owned(site, view).into_iter();
        owned.map(|owned| (*kind, owned))
    });
    owned.collect()
}

fn deletion(kind: &dyn Kind, owned: &Owned, view: &View) -> Result<Call, KindError> {
    let seen = Seen {
        id: owned.id.clone(),
        ownership: Ownership::Ours,
        outputs: BTreeMap::new(),
        missing_tags: Tags::new(),
    };
    kind.delete(&seen, view)
}

/// Tells what stays although it was to go, and why.
pub(super) fn cannot_go(
    kind: &dyn Kind,
    owned: &Owned,
    error: KindError,
    findings: &mut Findings<'_>,
) {
    let (problem, help) = match error {
        KindError::Conflict { problem, help } => (problem, help),
        other => (
            other.to_string(),
            "look at it in the AWS console".to_owned(),
        ),
    };
    findings.warn(
        "plan::left_in_use",
        format!("{} {} stays: {problem}", kind.title(), owned.id),
        help,
    );
}

/// The steps, each behind the kinds that must be gone before it.
fn in_order(doomed: Vec<Doomed>, view: &View) -> Vec<PlannedStep> {
    let by_kind: Vec<(&str, StepId)> = doomed
        .iter()
        .map(|it| (it.kind.name(), it.owned.step.clone()))
        .collect();
    let mut waiting: Vec<PlannedStep> = doomed
        .into_iter()
        .map(|it| {
            let before = it.kind.deleted_after();
            let needs = by_kind
                .iter()
                .filter(|(kind, _)| before.contains(kind))
                .map(|(_, step)| step.clone())
                .collect();
            step(it, needs, view)
        })
        .collect();
    let mut ordered: Vec<PlannedStep> = Vec::with_capacity(waiting.len());
    let mut done = BTreeSet::new();
    while !waiting.is_empty() {
        let (ready, rest): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|step| step.node.needs.is_subset(&done));
        waiting = rest;
        if ready.is_empty() {
            // Kinds that wait for each other: a bug that the linter reports.
            ordered.append(&mut waiting);
        }
        done.extend(ready.iter().map(|step| step.node.id.clone()));
        ordered.extend(ready);
    }
    ordered
}

fn step(doomed: Doomed, needs: BTreeSet<StepId>, view: &View) -> PlannedStep {
    let Doomed {
        kind,
        owned,
        action,
        leaving,
    } = doomed;
    let connection = connection(view, &owned.id);
    let impact = connection.map_or(TunnelImpact::None, |it| {
        TunnelImpact::Both(outside_addresses(it))
    });
    PlannedStep {
        title: kind.title().to_owned(),
        change: Change::Delete,
        reason: if leaving {
            "AWS is deleting it already: it is waited for".to_owned()
        } else {
            reason(&owned, view)
        },
        differences: Vec::new(),
        existing: Some(owned.id),
        impact,
        usual: kind.usual(Goal::Gone),
        actions: vec![action],
        node: Node {
            id: owned.step,
            kind: kind.name().to_owned(),
            inputs: wire::node_inputs(&owned.inputs),
            needs,
        },
    }
}

fn reason(owned: &Owned, view: &View) -> String {
    let tags = tagged(view)
        .into_iter()
        .find(|(id, _)| *id == owned.id)
        .map(|(_, tags)| tags);
    match tags.and_then(|tags| tags.get(TAG_RUN)) {
        Some(run) => format!("made for this site by the run {}", run.escape_debug()),
        None => "part of this site".to_owned(),
    }
}

fn connection<'a>(view: &'a View, id: &str) -> Option<&'a VpnConnection> {
    view.vpn_connections.get(&id.parse().ok()?)
}

fn outside_addresses(connection: &VpnConnection) -> Vec<std::net::Ipv4Addr> {
    let listed = connection.tunnels.iter().filter_map(|it| it.outside);
    let seen = connection.telemetry.iter().map(|it| it.outside);
    let all: BTreeSet<_> = listed.chain(seen).collect();
    all.into_iter().collect()
}

/// What stays although the site used it, each with the reason.
fn left_behind(site: &SiteName, view: &View, findings: &mut Findings<'_>) {
    for kept in kept_for_others(site, view) {
        findings.warn(
            "plan::left_in_use",
            format!("{} stays: {}", kept.object, kept.because),
            format!(
                "it is free of charge; once the other is gone, `underpass teardown {site}` \
                 removes it"
            ),
        );
    }
    let own: BTreeSet<&str> = tags_of(site, view).into_iter().map(|(id, _)| id).collect();
    let connections = view
        .vpn_connections
        .values()
        .filter(|it| own.contains(it.id.as_str()));
    for connection in connections {
        let customer = connection.customer_gateway.as_ref().map(|it| it.as_str());
        let vpn = connection.vpn_gateway.as_ref().map(|it| it.as_str());
        for id in customer.into_iter().chain(vpn) {
            if !own.contains(id) {
                findings.warn(
                    "plan::left_adopted",
                    format!("{id} stays: this site used it and did not make it"),
                    "delete it by hand if nobody needs it",
                );
            }
        }
    }
}
