//! `route_propagation`: a route table learns the site's routes from the gateway.
//!
//! AWS has no tags for it. It is ours when the gateway is, or when our connection or our customer
//! gateway remembers that we enabled it. Its id is `<route table>:<gateway>`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::inputs::{Inputs, KindError};
use super::keys::Keys;
use super::kind::{
    Change, Decision, Finding, Goal, InputSpec, Kind, Owned, Ownership, Policy, Progress, Seen,
    Usual,
};
use super::listed;
use super::owner::Owner;
use super::remembered::{propagation_needed_by_others, remembered_propagation};
use super::vpn_gateway::{gateway, owned_gateways};
use crate::aws::{Call, Collection, Fault, View, VpnGateway};
use crate::playbook::StepId;
use crate::spec::{RouteTableId, SiteName, VpnGatewayId};

const NAME: &str = "route_propagation";
const TITLE: &str = "route propagation";

/// The kind `route_propagation`.
#[derive(Debug)]
pub(super) struct RoutePropagationKind;

impl Kind for RoutePropagationKind {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn inputs(&self) -> &'static [InputSpec] {
        const {
            &[
                InputSpec::required("route_table", "the route table that learns"),
                InputSpec::required(
                    "vpn_gateway",
                    "the virtual private gateway, attached to the table's VPC",
                ),
            ]
        }
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["id"]
    }

    fn collections(&self) -> &'static [Collection] {
        &[
            Collection::RouteTables,
            Collection::VpnGateways,
            Collection::VpnConnections,
            Collection::CustomerGateways,
        ]
    }

    fn find(
        &self,
        _step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        view: &View,
    ) -> Result<Finding, KindError> {
        let Some((table, vgw)) = ends(inputs)? else {
            return Ok(Finding::Absent);
        };
        if !propagates(view, &table, &vgw) {
            return Ok(Finding::Absent);
        }
        let id = id_of(&table, &vgw);
        Ok(Finding::Present(Seen {
            outputs: listed::only_id(&id),
            id,
            ownership: if is_ours(&owner.site, &table, &vgw, view) {
                Ownership::Ours
            } else {
                Ownership::Adopted("it was enabled before and not by this site".into())
            },
            missing_tags: BTreeMap::new(),
        }))
    }

    fn decide(
        &self,
        inputs: &Inputs,
        finding: &Finding,
        view: &View,
        _policy: Policy,
    ) -> Result<Decision, KindError> {
        match finding.chosen().map(|seen| &seen.ownership) {
            Some(Ownership::Ours) => return Ok(Decision::new(Change::Keep, "is enabled")),
            Some(Ownership::Adopted(why)) => return Ok(Decision::new(Change::Adopt, why)),
            None => {}
        }
        let table: Option<RouteTableId> = inputs.given(NAME, "route_table")?;
        let looked = view.looked_at.contains_key(&Collection::RouteTables);
        match table.filter(|table| looked && !view.route_tables.contains_key(table)) {
            Some(table) => Err(KindError::Conflict {
                problem: format!("the route table {table} does not exist in this Region"),
                help: "correct `aws.route_tables` in the site file".into(),
            }),
            None => Ok(Decision::new(
                Change::Create,
                "the route table does not learn from the gateway yet",
            )),
        }
    }

    fn create(
        &self,
        _step: &StepId,
        inputs: &Inputs,
        _owner: &Owner,
        _keys: &Keys,
    ) -> Result<Call, KindError> {
        Ok(Call::EnableVgwRoutePropagation {
            route_table: inputs.known(NAME, "route_table")?,
            vpn_gateway: inputs.known(NAME, "vpn_gateway")?,
        })
    }

    fn update(
        &self,
        _step: &StepId,
        _inputs: &Inputs,
        _seen: &Seen,
        _view: &View,
        _owner: &Owner,
        _keys: &Keys,
    ) -> Result<Option<Call>, KindError> {
        Ok(None)
    }

    fn delete(&self, seen: &Seen, _view: &View) -> Result<Call, KindError> {
        listed::refuse_adopted(TITLE, seen)?;
        let (route_table, vpn_gateway) = parts(&seen.id)?;
        Ok(Call::DisableVgwRoutePropagation {
            route_table,
            vpn_gateway,
        })
    }

    fn progress(&self, inputs: &Inputs, id: Option<&str>, goal: Goal, view: &View) -> Progress {
        let ends = id.and_then(|id| parts(id).ok());
        let Some((table, vgw)) = ends.or_else(|| self::ends(inputs).ok().flatten()) else {
            return Progress::Waiting {
                object: TITLE.to_owned(),
                state: "absent".to_owned(),
            };
        };
        let waiting = |state: &str| Progress::Waiting {
            object: id_of(&table, &vgw),
            state: state.to_owned(),
        };
        let looked = view.looked_at.contains_key(&Collection::RouteTables);
        match (goal, propagates(view, &table, &vgw)) {
            (Goal::Ready, true) => Progress::Done,
            (Goal::Ready, false) => waiting("absent"),
            (Goal::Gone, true) => waiting("propagating"),
            (Goal::Gone, false) if looked => Progress::Done,
            (Goal::Gone, false) => waiting("not looked at"),
        }
    }

    fn outputs_of(&self, _inputs: &Inputs, id: &str, _view: &View) -> BTreeMap<String, Value> {
        listed::only_id(id)
    }

    fn usual(&self, goal: Goal) -> Usual {
        match goal {
            Goal::Ready | Goal::Gone => Usual::secs(1, 30, 600),
        }
    }

    fn forgives(&self, call: &Call, fault: &Fault) -> bool {
        // Nothing propagates from a gateway that is not attached.
        let detached = fault.code.as_deref() == Some("Gateway.NotAttached");
        matches!(call, Call::DisableVgwRoutePropagation { .. })
            && (detached || listed::is_gone(fault))
    }

    fn owned(&self, site: &SiteName, view: &View) -> Vec<Owned> {
        let mut owned = Vec::new();
        for table in view.route_tables.values() {
            for vgw in &table.propagating {
                if !is_owned(site, &table.id, vgw, view) {
                    continue;
                }
                let inputs = [
                    ("route_table", json!(table.id)),
                    ("vpn_gateway", json!(vgw)),
                ];
                listed::push_owned(
                    &mut owned,
                    StepId::instance("propagation", table.id.as_str()),
                    id_of(&table.id, vgw),
                    Inputs::of(inputs),
                );
            }
        }
        owned
    }

    fn deleted_after(&self) -> &'static [&'static str] {
        &[]
    }
}

fn id_of(table: &RouteTableId, vgw: &VpnGatewayId) -> String {
    format!("{table}:{vgw}")
}

fn parts(id: &str) -> Result<(RouteTableId, VpnGatewayId), KindError> {
    let (table, vgw) = id.split_once(':').unwrap_or((id, ""));
    Ok((listed::id(NAME, "id", table)?, listed::id(NAME, "id", vgw)?))
}

fn ends(inputs: &Inputs) -> Result<Option<(RouteTableId, VpnGatewayId)>, KindError> {
    let table = inputs.given(NAME, "route_table")?;
    Ok(table.zip(inputs.given(NAME, "vpn_gateway")?))
}

fn propagates(view: &View, table: &RouteTableId, vgw: &VpnGatewayId) -> bool {
    let table = view.route_tables.get(table);
    table.is_some_and(|table| table.propagating.contains(vgw))
}

/// Whether the site enabled it: from its own gateway, or remembered in its tags.
fn is_ours(site: &SiteName, table: &RouteTableId, vgw: &VpnGatewayId, view: &View) -> bool {
    let of_site = listed::of_site(view.vpn_gateways.values(), site);
    of_site.iter().any(|it| it.id == *vgw) || is_remembered(site, table, vgw, view)
}

/// Whether teardown of the site may disable it: no other site's connection needs it.
///
/// Another site needs it when it remembers it too, or when the gateway is its own and in use.
fn is_owned(site: &SiteName, table: &RouteTableId, vgw: &VpnGatewayId, view: &View) -> bool {
    let is_it = |gateway: &&VpnGateway| gateway.id == *vgw;
    if owned_gateways(site, view).iter().any(is_it) {
        return true;
    }
    let owner = gateway(view, vgw.as_str()).and_then(|gateway| listed::site_of(&gateway.tags));
    let used_by_owner = owner.is_some_and(|owner| {
        view.connections_on(vgw)
            .any(|connection| listed::site_of(&connection.tags) == Some(owner))
    });
    is_remembered(site, table, vgw, view)
        && !used_by_owner
        && !propagation_needed_by_others(site, vgw, view).contains(table)
}

fn is_remembered(site: &SiteName, table: &RouteTableId, vgw: &VpnGatewayId, view: &View) -> bool {
    remembered_propagation(site, vgw, view).contains(table)
}
