//! `transit_gateway_route`: a static route of a transit gateway to a site's attachment.
//!
//! AWS has no tags for it: it is ours when the attachment that it leads to is. Once that is gone AWS
//! keeps the route as a blackhole and no longer says where it led; it is ours then when the site
//! remembers to have had the network and had no BGP. Its id is `<table>:<network>`.

use std::collections::BTreeMap;

use ipnet::{IpNet, Ipv4Net};
use serde_json::{Value, json};

use super::inputs::{Inputs, KindError, Maybe};
use super::keys::Keys;
use super::kind::{
    Change, Decision, Finding, Goal, InputSpec, Kind, Owned, Ownership, Policy, Progress, Seen,
    Usual,
};
use super::listed;
use super::owner::Owner;
use super::remembered_routes::written_routes;
use super::transit_pair::site_of_attachment;
use crate::aws::{
    Call, Collection, Fault, FaultKind, TransitCall, TransitPair, TransitRoute, View,
};
use crate::playbook::StepId;
use crate::spec::{SiteName, TransitGatewayAttachmentId, TransitGatewayRouteTableId};

const NAME: &str = "transit_gateway_route";
const TITLE: &str = "transit gateway route";

/// The kind `transit_gateway_route`.
#[derive(Debug)]
pub(super) struct TransitRouteKind;

impl Kind for TransitRouteKind {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn inputs(&self) -> &'static [InputSpec] {
        const {
            &[
                InputSpec::required("route_table", "the transit gateway's route table"),
                InputSpec::required("destination", "a network of the site"),
                InputSpec::required("attachment", "the connection's attachment"),
            ]
        }
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["id"]
    }

    fn collections(&self) -> &'static [Collection] {
        &[
            Collection::TransitTableContents,
            Collection::TransitAttachments,
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
        let Some(route) = route(view, &table, destination) else {
            return Ok(Finding::Absent);
        };
        let ours = is_ours(&owner.site, route, destination, view);
        let id = id_of(&table, destination);
        Ok(Finding::Present(Seen {
            outputs: listed::only_id(&id),
            id,
            ownership: if ours {
                Ownership::Ours
            } else {
                Ownership::Adopted("it leads elsewhere".into())
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
                "the table has no route to it yet",
            ));
        };
        let wanted: Option<Maybe<TransitGatewayAttachmentId>> =
            inputs.optional(NAME, "attachment")?;
        let (table, destination) = parts(&seen.id)?;
        let route = route(view, &table, destination);
        let right = match (route, wanted) {
            (Some(route), Some(Maybe::Known(wanted))) => route.attachments.contains(&wanted),
            // A new connection gets an attachment of its own.
            (Some(_), Some(Maybe::Later(_))) => false,
            _ => true,
        };
        let is_dead = route.is_some_and(|it| it.attachments.is_empty());
        match &seen.ownership {
            Ownership::Ours if right => Ok(Decision::new(Change::Keep, "is there")),
            Ownership::Ours if is_dead => Ok(Decision::new(
                Change::Replace,
                "it is a blackhole: the connection that it led to is gone",
            )),
            Ownership::Ours => Ok(Decision::new(
                Change::Replace,
                "it leads to another attachment of this site",
            )),
            Ownership::Adopted(_) => Err(KindError::Conflict {
                problem: format!(
                    "{table} has a static route to {destination} already, to {}",
                    route.map_or_else(|| "nowhere".to_owned(), leads_to)
                ),
                help: match is_dead {
                    // Written on purpose, or left of a connection that somebody deleted by hand.
                    true => format!(
                        "if nobody wants that traffic dropped, take the route away and plan again: \
                         aws ec2 delete-transit-gateway-route --transit-gateway-route-table-id \
                         {table} --destination-cidr-block {destination}"
                    ),
                    false => "delete that route, or give the site another network: one table has \
                              one static route to a network"
                        .to_owned(),
                },
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
        Ok(Call::Transit(TransitCall::CreateRoute {
            pair: TransitPair {
                table: inputs.known(NAME, "route_table")?,
                attachment: inputs.known(NAME, "attachment")?,
            },
            destination: inputs.known::<Ipv4Net>(NAME, "destination")?.trunc(),
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
        let (table, destination) = parts(&seen.id)?;
        Ok(Call::Transit(TransitCall::DeleteRoute {
            table,
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
        let contents = view.transit_table_contents.get(&table);
        let routes = contents.into_iter().flat_map(|it| it.routes.iter());
        let written =
            routes.filter(|it| !it.propagated && it.destination == IpNet::V4(destination));
        let written = written.max_by_key(|it| !it.state.is_ending());
        let looked = view
            .looked_at
            .contains_key(&Collection::TransitTableContents);
        match (goal, written) {
            // A blackhole until the attachment is available; that is the connection's to wait for.
            (Goal::Ready, Some(it)) if it.state.is("active") || it.state.is("blackhole") => {
                Progress::Done
            }
            (Goal::Gone, None) if looked => Progress::Done,
            (Goal::Gone, Some(it)) if it.state.is("deleted") => Progress::Done,
            (Goal::Gone, None) => waiting("not looked at"),
            (Goal::Ready, None) => waiting("absent"),
            (_, Some(it)) => waiting(it.state.as_str()),
        }
    }

    fn outputs_of(&self, _inputs: &Inputs, id: &str, _view: &View) -> BTreeMap<String, Value> {
        listed::only_id(id)
    }

    fn usual(&self, goal: Goal) -> Usual {
        match goal {
            Goal::Ready | Goal::Gone => Usual::secs(1, 30, 120),
        }
    }

    fn forgives(&self, call: &Call, fault: &Fault) -> bool {
        match call {
            Call::Transit(TransitCall::CreateRoute { .. }) => {
                fault.kind == FaultKind::AlreadyExists
            }
            Call::Transit(TransitCall::DeleteRoute { .. }) => listed::is_gone(fault),
            _ => false,
        }
    }

    fn owned(&self, site: &SiteName, view: &View) -> Vec<Owned> {
        let mut owned = Vec::new();
        for (table, contents) in &view.transit_table_contents {
            let written = contents.routes.iter().filter(|it| is_there(it));
            for route in written {
                let IpNet::V4(destination) = route.destination else {
                    continue;
                };
                if !is_ours(site, route, destination, view) {
                    continue;
                }
                let inputs = [
                    ("route_table", json!(table)),
                    ("destination", json!(destination)),
                ];
                listed::push_owned(
                    &mut owned,
                    StepId::instance("transit-route", &destination.to_string()),
                    id_of(table, destination),
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

fn id_of(table: &TransitGatewayRouteTableId, destination: Ipv4Net) -> String {
    format!("{table}:{destination}")
}

fn parts(id: &str) -> Result<(TransitGatewayRouteTableId, Ipv4Net), KindError> {
    let (table, destination) = id.split_once(':').unwrap_or((id, ""));
    Ok((
        listed::id(NAME, "id", table)?,
        listed::network(NAME, destination)?,
    ))
}

fn ends(inputs: &Inputs) -> Result<Option<(TransitGatewayRouteTableId, Ipv4Net)>, KindError> {
    let table = inputs.given(NAME, "route_table")?;
    let destination: Option<Ipv4Net> = inputs.given(NAME, "destination")?;
    Ok(table.zip(destination.map(|it| it.trunc())))
}

/// Whether a route was written by somebody, and is there to stay.
fn is_there(route: &TransitRoute) -> bool {
    !route.propagated && !route.state.is_ending()
}

/// Whether a route leads to the site, or did so before its connection was gone.
fn is_ours(site: &SiteName, route: &TransitRoute, destination: Ipv4Net, view: &View) -> bool {
    let attachments = route.attachments.iter();
    let mut attachments = attachments.filter_map(|id| view.transit_attachments.get(id));
    if attachments.any(|it| site_of_attachment(it, view) == Some(site.as_str())) {
        return true;
    }
    route.state.is("blackhole")
        && route.attachments.is_empty()
        && written_routes(site, view)
            .values()
            .any(|nets| nets.contains(&destination))
}

/// The static route to a network; a propagated one beside it gives way.
fn route<'a>(
    view: &'a View,
    table: &TransitGatewayRouteTableId,
    destination: Ipv4Net,
) -> Option<&'a TransitRoute> {
    let mut routes = view.transit_table_contents.get(table)?.routes.iter();
    routes.find(|it| is_there(it) && it.destination == IpNet::V4(destination))
}

fn leads_to(route: &TransitRoute) -> String {
    let ids: Vec<String> = route.attachments.iter().map(ToString::to_string).collect();
    match ids.is_empty() {
        true => "nowhere (a blackhole)".to_owned(),
        false => ids.join(" and "),
    }
}
