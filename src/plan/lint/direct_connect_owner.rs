//! Whose what belongs to a Direct Connect is. Asked anew, without the kinds that the planner asked.

use crate::aws::{DxAssociation, Tags, View};
use crate::plan::model::{Plan, PlannedStep};
use crate::resource::{TAG_ASSOCIATES, TAG_SITE};

/// The tags of a connection, a gateway or a virtual interface.
pub(super) fn tags<'a>(id: &str, view: &'a View) -> Option<&'a Tags> {
    let connection = || Some(&view.dx_connections.get(&id.parse().ok()?)?.tags);
    let gateway = || Some(&view.dx_gateways.get(&id.parse().ok()?)?.tags);
    let interface = || Some(&view.virtual_interfaces.get(&id.parse().ok()?)?.tags);
    connection().or_else(gateway).or_else(interface)
}

/// Whether a step only accepts a hosted connection: that takes it from nobody, and is what an order is
/// for.
pub(super) fn is_offered(step: &PlannedStep, id: &str, view: &View) -> bool {
    let connection = id.parse().ok();
    let connection = connection.and_then(|id| view.dx_connections.get(&id));
    step.actions == ["ConfirmConnection"]
        && connection.is_some_and(|it| it.is_hosted() && it.state.is("ordering"))
}

/// Whether AWS lists an association, which has no tags.
pub(super) fn is_listed(id: &str, view: &View) -> bool {
    association(id, view).is_some()
}

fn association<'a>(id: &str, view: &'a View) -> Option<&'a DxAssociation> {
    view.dx_associations.get(&id.parse().ok()?)
}

/// Whether an association joins a gateway of the site, or a virtual interface of the site remembers it.
///
/// One that is not listed touches nobody.
pub(super) fn joins_the_sites(plan: &Plan, id: &str, view: &View) -> bool {
    let Some(association) = association(id, view) else {
        return true;
    };
    let is_its = |tags: &Tags| tags.get(TAG_SITE).map(String::as_str) == Some(plan.site.as_str());
    let gateway = view.dx_gateways.get(&association.gateway);
    let vpn = association.associated.parse().ok();
    let vpn = vpn.and_then(|id| view.vpn_gateways.get(&id));
    let transit = association.associated.parse().ok();
    let transit = transit.and_then(|id| view.transit_gateways.get(&id));
    let ends = [
        gateway.map(|it| &it.tags),
        vpn.map(|it| &it.tags),
        transit.map(|it| &it.tags),
    ];
    let mut interfaces = view.virtual_interfaces.values();
    ends.into_iter().flatten().any(is_its)
        || interfaces.any(|it| {
            it.gateway.as_ref() == Some(&association.gateway)
                && is_its(&it.tags)
                && it.tags.get(TAG_ASSOCIATES) == Some(&association.associated)
        })
}

/// A live virtual interface of somebody else on a connection or a gateway.
pub(super) fn stranger_on(plan: &Plan, id: &str, view: &View) -> Option<String> {
    let is_its = |tags: &Tags| tags.get(TAG_SITE).map(String::as_str) == Some(plan.site.as_str());
    let mut interfaces = view.virtual_interfaces.values();
    let other = interfaces.find(|it| {
        let connection = it.connection.as_ref().map(|it| it.as_str());
        let gateway = it.gateway.as_ref().map(|it| it.as_str());
        !it.state.is_ending() && !is_its(&it.tags) && [connection, gateway].contains(&Some(id))
    });
    other.map(|it| it.id.to_string())
}
