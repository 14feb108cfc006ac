//! `dx_connection`: the port at a Direct Connect location, or a partner's share of one.
//!
//! Bringing it up takes weeks and several people. None of it can be hurried by a call, so a run does
//! not wait for it: it stops, says who has to do what, and goes on when it is run again.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::errand::{ladder, next_errand};
use super::inputs::{Inputs, KindError};
use super::keys::Keys;
use super::kind::{
    Change, Decision, Finding, Goal, InputSpec, Kind, Owned, Ownership, Policy, Progress, Seen,
    Usual,
};
use super::listed::{self, Listed};
use super::owner::Owner;
use crate::aws::{Call, Collection, DirectConnectCall, DxConnection, Fault, View};
use crate::playbook::StepId;
use crate::spec::{DxConnectionId, DxOrder, SiteName};

const NAME: &str = "dx_connection";
const TITLE: &str = "Direct Connect connection";

/// The kind `dx_connection`.
#[derive(Debug)]
pub(super) struct DxConnectionKind;

impl Kind for DxConnectionKind {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn inputs(&self) -> &'static [InputSpec] {
        const {
            &[
                InputSpec::optional("id", "the connection that there is"),
                InputSpec::optional("order", "the port to order, where there is none"),
                InputSpec::required("name", "the name of a port that is ordered"),
            ]
        }
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["id", "location"]
    }

    fn collections(&self) -> &'static [Collection] {
        &[Collection::DxConnections, Collection::VirtualInterfaces]
    }

    fn find(
        &self,
        step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        view: &View,
    ) -> Result<Finding, KindError> {
        let seen = |it: &DxConnection, why: &str| listed::seen(it, step, owner, why, outputs(it));
        if let Some(id) = inputs.given::<DxConnectionId>(NAME, "id")? {
            let named = view.dx_connections.get(&id).filter(|it| it.is_live());
            let named = named.map(|it| seen(it, "the site file names it"));
            return Ok(listed::finding(named.into_iter().collect()));
        }
        let used = |connection: &DxConnection| {
            let interfaces = view.virtual_interfaces.values();
            let on_it = interfaces.filter(|it| it.connection.as_ref() == Some(&connection.id));
            let up = usize::from(connection.state.is("available"));
            [on_it.filter(|it| it.is_live()).count(), up, 0, 0]
        };
        let ours = listed::ours(view.dx_connections.values(), step, owner, used);
        let ours = ours.into_iter().map(|it| seen(it, ""));
        Ok(listed::finding(ours.collect()))
    }

    fn decide(
        &self,
        inputs: &Inputs,
        finding: &Finding,
        view: &View,
        policy: Policy,
    ) -> Result<Decision, KindError> {
        let Some(seen) = finding.chosen() else {
            return match inputs.given::<DxConnectionId>(NAME, "id")? {
                None => order_of(inputs, policy),
                Some(id) => listed::named_but_absent(
                    TITLE,
                    id.as_str(),
                    "aws.direct_connect.connection",
                    Collection::DxConnections,
                    view,
                ),
            };
        };
        let Some(connection) = connection(view, &seen.id) else {
            return Ok(Decision::new(Change::Keep, "is there"));
        };
        if let Ownership::Adopted(why) = &seen.ownership {
            return accepted(connection, why, policy);
        }
        Ok(listed::keep_or_tag(seen, &connection.tags))
    }

    fn create(
        &self,
        step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        _keys: &Keys,
    ) -> Result<Call, KindError> {
        let name = inputs.known(NAME, "name")?;
        let order: DxOrder = inputs.known(NAME, "order")?;
        Ok(Call::DirectConnect(DirectConnectCall::OrderConnection {
            name,
            location: order.location,
            bandwidth: order.bandwidth,
            provider: order.provider,
            macsec: order.macsec,
            tags: owner.tags(step),
        }))
    }

    fn update(
        &self,
        step: &StepId,
        _inputs: &Inputs,
        seen: &Seen,
        view: &View,
        owner: &Owner,
        _keys: &Keys,
    ) -> Result<Option<Call>, KindError> {
        let Some(connection) = connection(view, &seen.id) else {
            return Ok(None);
        };
        if connection.state.is("ordering") && connection.is_hosted() {
            let id = connection.id.clone();
            return Ok(Some(Call::DirectConnect(
                DirectConnectCall::ConfirmConnection(id),
            )));
        }
        let arn = connection.arn();
        Ok(listed::tag_direct_connect(connection, arn, step, owner))
    }

    fn delete(&self, seen: &Seen, view: &View) -> Result<Call, KindError> {
        listed::refuse_adopted(TITLE, seen)?;
        let id: DxConnectionId = listed::id(NAME, "id", &seen.id)?;
        let mut interfaces = view.virtual_interfaces.values();
        let other = interfaces.find(|it| it.is_live() && it.connection.as_ref() == Some(&id));
        if let Some(other) = other {
            return Err(KindError::Conflict {
                problem: format!(
                    "the connection {id} cannot be deleted: the virtual interface {} ({}) is on it",
                    other.id, other.name
                ),
                help: format!("delete {} first, then run this again", other.id),
            });
        }
        Ok(Call::DirectConnect(DirectConnectCall::DeleteConnection(id)))
    }

    fn progress(&self, _inputs: &Inputs, id: Option<&str>, goal: Goal, view: &View) -> Progress {
        let object = id.and_then(|id| connection(view, id));
        // A partner's connection that waits to be accepted is as ready as it gets without the call that
        // accepts it: to wait for people here would be to wait for ourselves.
        let offered = |it: &DxConnection| it.is_hosted() && it.state.is("ordering");
        if goal == Goal::Ready && object.is_some_and(|it| it.is_live() && offered(it)) {
            return Progress::Done;
        }
        if goal == Goal::Ready
            && let Some(connection) = object.filter(|it| it.is_live())
            && !connection.state.is("available")
        {
            let object = connection.id.to_string();
            let state = connection.state.to_string();
            if connection.state.is("rejected") {
                let why = "it was rejected: name another connection in the site file".to_owned();
                return Progress::Hopeless { object, state, why };
            }
            let ladder = ladder(connection);
            return match next_errand(&ladder).is_some() {
                true => Progress::Parked {
                    object,
                    state,
                    ladder,
                },
                false => Progress::Waiting { object, state },
            };
        }
        listed::progress(object, id, TITLE, goal, Collection::DxConnections, view)
    }

    fn outputs_of(&self, _inputs: &Inputs, id: &str, view: &View) -> BTreeMap<String, Value> {
        connection(view, id).map_or_else(|| listed::only_id(id), outputs)
    }

    fn usual(&self, _goal: Goal) -> Usual {
        // The calls themselves; what people have to do is nobody's wait.
        Usual::secs(1, 30, 600)
    }

    fn forgives(&self, call: &Call, fault: &Fault) -> bool {
        let deletes = matches!(
            call,
            Call::DirectConnect(DirectConnectCall::DeleteConnection(_))
        );
        deletes && listed::is_gone(fault)
    }

    fn owned(&self, site: &SiteName, view: &View) -> Vec<Owned> {
        let mut owned = Vec::new();
        for connection in listed::of_site(view.dx_connections.values(), site) {
            let inputs = Inputs::of([("id", json!(connection.id))]);
            let step = listed::step_of(&connection.tags, "dx-connection");
            listed::push_owned(&mut owned, step, connection.id.to_string(), inputs);
        }
        owned
    }

    fn deleted_after(&self) -> &'static [&'static str] {
        &["private_virtual_interface", "transit_virtual_interface"]
    }
}

/// An order costs money for months, so it takes a word of its own.
fn order_of(inputs: &Inputs, policy: Policy) -> Result<Decision, KindError> {
    let order: Option<DxOrder> = inputs.given(NAME, "order")?;
    let what = order.as_ref().map_or_else(
        || "a port".to_owned(),
        |order| format!("a {} port at {}", order.bandwidth, order.location),
    );
    let location = order.map_or_else(|| "LOCATION".to_owned(), |order| order.location);
    if !policy.order {
        return Err(KindError::Conflict {
            problem: format!(
                "{what} has to be ordered: it bills from the day it is up, or 90 days after its \
                 letter of authorization at the latest"
            ),
            help: format!(
                "give `--order {location}` to order it; without it, leave `aws.direct_connect` out \
                 of the site file for now: the VPN connection is made the same"
            ),
        });
    }
    Ok(Decision::new(Change::Create, format!("{what} is ordered")))
}

/// A partner's connection bills from the moment that it is accepted.
fn accepted(connection: &DxConnection, why: &str, policy: Policy) -> Result<Decision, KindError> {
    if !connection.state.is("ordering") || !connection.is_hosted() {
        return Ok(Decision::new(Change::Adopt, why));
    }
    let partner = connection.partner.as_deref().unwrap_or("a partner");
    if policy.order {
        let reason =
            format!("the hosted connection of {partner} is accepted: it bills from then on");
        return Ok(Decision::new(Change::Update, reason));
    }
    Err(KindError::Conflict {
        problem: format!(
            "the hosted connection {} of {partner} waits to be accepted, and bills from then on",
            connection.id
        ),
        help: format!("give `--order {}` to accept it", connection.id),
    })
}

/// The connection with this id, deleted ones included.
fn connection<'a>(view: &'a View, id: &str) -> Option<&'a DxConnection> {
    view.dx_connections.get(&id.parse().ok()?)
}

fn outputs(connection: &DxConnection) -> BTreeMap<String, Value> {
    let mut outputs = listed::only_id(connection.id());
    outputs.insert("location".into(), json!(connection.location));
    outputs
}
