//! Is everything that a plan deletes or changes really the site's? AWS's tags tell.

use super::report::Report;
use super::{direct_connect_owner as direct, transit};
use crate::aws::{Tags, View, VpnConnection};
use crate::plan::model::{Plan, PlannedStep};
use crate::resource::{Change, TAG_PROPAGATION, TAG_SITE};

pub(super) fn check(plan: &Plan, view: &View, report: &mut Report) {
    steps(plan, view, report, |_| true);
}

/// The same for a run that has begun: an object that AWS does not list may have been deleted by it.
pub(super) fn check_begun(plan: &Plan, view: &View, report: &mut Report) {
    steps(plan, view, report, |id| {
        let listed = |part| transit::is_listed(part, view) || direct::is_listed(part, view);
        parts(id).any(|part| tags(part, view).is_some() || listed(part))
    });
}

fn steps(plan: &Plan, view: &View, report: &mut Report, is_meant: impl Fn(&str) -> bool) {
    for step in &plan.steps {
        let touches = match step.change {
            Change::Delete | Change::Replace => true,
            Change::Update => !plan.policy.adopt_changes,
            Change::Create | Change::Adopt | Change::Keep => false,
        };
        let existing = step.existing.as_deref().filter(|_| touches);
        let Some(id) = existing.filter(|id| is_meant(id)) else {
            continue;
        };
        if direct::is_offered(step, id, view) {
            continue;
        }
        if !is_the_sites(plan, step, id, view) {
            report.step(
                "lint::foreign",
                &step.node.id,
                format!(
                    "would touch {id}, which does not carry the tags of {}",
                    plan.site
                ),
            );
        }
        if let Some(other) = stranger(plan, id, view) {
            report.step(
                "lint::foreign",
                &step.node.id,
                format!("would take {id} from {other}, which is not the site's"),
            );
        }
    }
}

/// The ids in an id: where an object ties two others together, its id is theirs.
fn parts(id: &str) -> impl Iterator<Item = &str> {
    id.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
}

/// By its own tags, or by those of the gateway, connection or attachment that it hangs on.
fn is_the_sites(plan: &Plan, step: &PlannedStep, id: &str, view: &View) -> bool {
    if step.node.kind == "transit_gateway_route" {
        return transit::leads_to_the_site(plan, id, view);
    }
    if step.node.kind == "vpc_route" {
        return transit::is_remembered(plan, id, view);
    }
    if step.node.kind == "dx_gateway_association" {
        return direct::joins_the_sites(plan, id, view);
    }
    let owners: Vec<&Tags> = parts(id).filter_map(|part| tags(part, view)).collect();
    let tagged = |tags: &&Tags| tags.get(TAG_SITE).map(String::as_str) == Some(plan.site.as_str());
    if owners.iter().any(tagged) {
        return true;
    }
    // Propagation from an adopted gateway is remembered on the site's connection to it, and on
    // its customer gateway under the gateway's id.
    let Some((table, gateway)) = id.split_once(':') else {
        return false;
    };
    let names = |tags: &Tags, first: &str| {
        let is_it = |key: &str| {
            let rest = key.strip_prefix(first);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let mut tags = tags.iter();
        tags.any(|(key, value)| is_it(key) && value.split(' ').any(|it| it == table))
    };
    let by_connection = |it: &VpnConnection| {
        let ends_on = it.vpn_gateway.as_ref().map(|it| it.as_str());
        tagged(&&it.tags) && ends_on == Some(gateway) && names(&it.tags, TAG_PROPAGATION)
    };
    let key = format!("{TAG_PROPAGATION}:{gateway}");
    step.node.kind == "route_propagation"
        && (view.vpn_connections.values().any(by_connection)
            || view
                .customer_gateways
                .values()
                .any(|it| tagged(&&it.tags) && names(&it.tags, &key)))
}

/// A live connection or virtual interface of somebody else on what would be deleted.
fn stranger(plan: &Plan, id: &str, view: &View) -> Option<String> {
    let own = |tags: &Tags| tags.get(TAG_SITE).map(String::as_str) == Some(plan.site.as_str());
    view.vpn_connections
        .values()
        .filter(|connection| !connection.state.is_ending() && !own(&connection.tags))
        .find(|connection| {
            let vpn = connection.vpn_gateway.as_ref().map(|it| it.as_str());
            let customer = connection.customer_gateway.as_ref().map(|it| it.as_str());
            let transit = connection.transit_gateway.as_ref().map(|it| it.as_str());
            [vpn, customer, transit].contains(&Some(id))
        })
        .map(|connection| connection.id.to_string())
        .or_else(|| direct::stranger_on(plan, id, view))
        .filter(|_| {
            plan.steps
                .iter()
                .any(|step| step.existing.as_deref() == Some(id) && step.change == Change::Delete)
        })
}

fn tags<'a>(id: &str, view: &'a View) -> Option<&'a Tags> {
    let cgw = || Some(&view.customer_gateways.get(&id.parse().ok()?)?.tags);
    let vgw = || Some(&view.vpn_gateways.get(&id.parse().ok()?)?.tags);
    let vpn = || Some(&view.vpn_connections.get(&id.parse().ok()?)?.tags);
    cgw()
        .or_else(vgw)
        .or_else(vpn)
        .or_else(|| transit::tags(id, view))
        .or_else(|| direct::tags(id, view))
}
