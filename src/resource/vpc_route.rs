//! `vpc_route`: a route in a VPC's route table to a site's network, over a transit gateway.
//!
//! A transit gateway does not propagate into a VPC's route tables, so the routes are written. AWS
//! has no tags for them: ours are those that our connection or customer gateway remembers. Its id is
//! `<route table>:<network>`.

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net};
use serde_json::{Value, json};

use super::inputs::{Inputs, KindError};
use super::kind::{
    Change, Decision, Finding, Goal, InputSpec, Keys, Kind, Owned, Ownership, Policy, Progress,
    Seen, Usual,
};
use super::listed;
use super::owner::Owner;
use super::remembered_routes::written_routes;
use crate::aws::{Call, Collection, Fault, FaultKind, Route, TransitCall, View};
use crate::playbook::StepId;
use crate::spec::{RouteTableId, SiteName, TransitGatewayId};

const NAME: &str = "vpc_route";
const TITLE: &str = "VPC route";

/// The kind `vpc_route`.
#[derive(Debug)]
pub(super) struct VpcRouteKind;

impl Kind for VpcRouteKind {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn inputs(&self) -> &'static [InputSpec] {
        const {
            &[
                InputSpec::required(
                    "route",
                    "the VPC's route table and a network of the site, joined by a colon",
                ),
                InputSpec::required(
                    "transit_gateway",
                    "the transit gateway, attached to the table's VPC",
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
        let Some((table, destination)) = ends(inputs)? else {
            return Ok(Finding::Absent);
        };
        if route(view, &table, destination).is_none() {
            return Ok(Finding::Absent);
        }
        let written = written_routes(&owner.site, view);
        let ours = written
            .get(&table)
            .is_some_and(|nets| nets.contains(&destination));
        let id = id_of(&table, destination);
        Ok(Finding::Present(Seen {
            outputs: listed::only_id(&id),
            id,
            ownership: if ours {
                Ownership::Ours
            } else {
                Ownership::Adopted("it was there before and is not this site's".into())
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
        let Some(seen) = finding.chosen() else {
            return Ok(Decision::new(
                Change::Create,
                "the route table has no route to it yet",
            ));
        };
        let wanted: Option<TransitGatewayId> = inputs.given(NAME, "transit_gateway")?;
        let (table, destination) = parts(&seen.id)?;
        let target = route(view, &table, destination).map(|it| it.target.as_str());
        let wanted = wanted.as_ref().map(TransitGatewayId::as_str);
        let right = target.zip(wanted).is_none_or(|(is, wanted)| is == wanted);
        match &seen.ownership {
            Ownership::Ours if right => Ok(Decision::new(Change::Keep, "is there")),
            Ownership::Ours => {
                let mut decision = Decision::new(Change::Replace, "it leads to another gateway");
                let text = |it: Option<&str>| it.unwrap_or("nowhere").to_owned();
                decision.differences = vec![("target".into(), text(target), text(wanted))];
                Ok(decision)
            }
            Ownership::Adopted(why) if right => Ok(Decision::new(Change::Adopt, why)),
            Ownership::Adopted(_) => Err(KindError::Conflict {
                problem: format!(
                    "{table} has a route to {destination} already, over {}, which is not this \
                     site's",
                    target.unwrap_or("nobody knows what")
                ),
                help: "delete that route, or leave the table out with `aws.route_tables`".into(),
            }),
        }
    }

    fn create(
        &self,
        _step: &StepId,
        inputs: &Inputs,
        _owner: &Owner,
        _keys: &Keys,
    ) -> Result<Call, KindError> {
        let (route_table, destination) = parts(&inputs.known::<String>(NAME, "route")?)?;
        Ok(Call::Transit(TransitCall::CreateVpcRoute {
            route_table,
            destination,
            transit_gateway: inputs.known(NAME, "transit_gateway")?,
        }))
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
        let (route_table, destination) = parts(&seen.id)?;
        Ok(Call::Transit(TransitCall::DeleteVpcRoute {
            route_table,
            destination,
        }))
    }

    fn progress(&self, inputs: &Inputs, id: Option<&str>, goal: Goal, view: &View) -> Progress {
        let of_id = id.and_then(|id| parts(id).ok());
        let Some((table, destination)) = of_id.or_else(|| ends(inputs).ok().flatten()) else {
            return Progress::Waiting {
                object: TITLE.to_owned(),
                state: "absent".to_owned(),
            };
        };
        let waiting = |state: &str| Progress::Waiting {
            object: id_of(&table, destination),
            state: state.to_owned(),
        };
        let looked = view.looked_at.contains_key(&Collection::RouteTables);
        match (goal, route(view, &table, destination)) {
            (Goal::Ready, Some(_)) => Progress::Done,
            (Goal::Ready, None) => waiting("absent"),
            (Goal::Gone, Some(it)) => waiting(it.state.as_str()),
            (Goal::Gone, None) if looked => Progress::Done,
            (Goal::Gone, None) => waiting("not looked at"),
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
        match call {
            // The wait finds out where it leads.
            Call::Transit(TransitCall::CreateVpcRoute { .. }) => {
                fault.kind == FaultKind::AlreadyExists
            }
            Call::Transit(TransitCall::DeleteVpcRoute { .. }) => listed::is_gone(fault),
            _ => false,
        }
    }

    fn owned(&self, site: &SiteName, view: &View) -> Vec<Owned> {
        let mut owned = Vec::new();
        for (table, nets) in written_routes(site, view) {
            for destination in nets {
                // What leads elsewhere by now is somebody else's.
                let route = route(view, &table, destination);
                let Some(transit) = route.filter(|it| it.target.starts_with("tgw-")) else {
                    continue;
                };
                let inputs = [
                    ("route", json!(id_of(&table, destination))),
                    ("transit_gateway", json!(transit.target)),
                ];
                listed::push_owned(
                    &mut owned,
                    StepId::instance("vpc-route", &format!("{table}:{destination}")),
                    id_of(&table, destination),
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

fn id_of(table: &RouteTableId, destination: Ipv4Net) -> String {
    format!("{table}:{destination}")
}

fn parts(id: &str) -> Result<(RouteTableId, Ipv4Net), KindError> {
    let (table, destination) = id.split_once(':').unwrap_or((id, ""));
    Ok((
        listed::id(NAME, "id", table)?,
        listed::network(NAME, destination)?,
    ))
}

fn ends(inputs: &Inputs) -> Result<Option<(RouteTableId, Ipv4Net)>, KindError> {
    let route: Option<String> = inputs.given(NAME, "route")?;
    route.map(|route| parts(&route)).transpose()
}

/// The written route to a network; one that a gateway propagated gives way to it.
fn route<'a>(view: &'a View, table: &RouteTableId, destination: Ipv4Net) -> Option<&'a Route> {
    let mut routes = view.route_tables.get(table)?.routes.iter();
    routes.find(|it| !it.propagated && it.destination == Some(IpNet::V4(destination)))
}
