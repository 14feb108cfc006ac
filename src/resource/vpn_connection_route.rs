//! `vpn_connection_route`: one static route from a connection to a network of the site.
//!
//! AWS has no tags for it: it is ours when the connection is. Its id is `<connection>:<network>`.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::inputs::{Inputs, KindError};
use super::kind::{
    Change, Decision, Finding, Goal, InputSpec, Keys, Kind, Owned, Ownership, Policy, Progress,
    Seen, Usual,
};
use super::listed::{self, Listed};
use super::owner::Owner;
use super::vpn_connection::connection;
use crate::aws::{Call, Collection, Fault, FaultKind, StaticRoute, View, VpnConnection};
use crate::playbook::StepId;
use crate::spec::{SiteName, VpnConnectionId};

const NAME: &str = "vpn_connection_route";
const TITLE: &str = "static route";

/// The kind `vpn_connection_route`.
#[derive(Debug)]
pub(super) struct VpnConnectionRouteKind;

impl Kind for VpnConnectionRouteKind {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn inputs(&self) -> &'static [InputSpec] {
        const {
            &[
                InputSpec::required("connection", "the connection, statically routed"),
                InputSpec::required("destination", "the site's network"),
            ]
        }
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["id"]
    }

    fn collections(&self) -> &'static [Collection] {
        &[Collection::VpnConnections]
    }

    fn find(
        &self,
        _step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        view: &View,
    ) -> Result<Finding, KindError> {
        let Some((id, destination)) = ends(inputs)? else {
            return Ok(Finding::Absent);
        };
        let connection = view.vpn_connections.get(&id).filter(|it| it.is_live());
        let live = |route: &&StaticRoute| !route.state.is_ending();
        let Some(connection) = connection.filter(|it| routes_to(it, destination).any(|r| live(&r)))
        else {
            return Ok(Finding::Absent);
        };
        let id = id_of(&id, destination);
        Ok(Finding::Present(Seen {
            outputs: listed::only_id(&id),
            id,
            ownership: if owner.owns_site(&connection.tags) {
                Ownership::Ours
            } else {
                Ownership::Adopted("it is on a connection that is not this site's".into())
            },
            missing_tags: BTreeMap::new(),
        }))
    }

    fn decide(
        &self,
        inputs: &Inputs,
        finding: &Finding,
        view: &View,
        policy: Policy,
    ) -> Result<Decision, KindError> {
        match finding.chosen().map(|seen| &seen.ownership) {
            Some(Ownership::Ours) => Ok(Decision::new(Change::Keep, "is there")),
            Some(Ownership::Adopted(why)) => Ok(Decision::new(Change::Adopt, why)),
            None => decide_absent(inputs, view, policy),
        }
    }

    fn create(
        &self,
        _step: &StepId,
        inputs: &Inputs,
        _owner: &Owner,
        _keys: &Keys,
    ) -> Result<Call, KindError> {
        Ok(Call::CreateVpnConnectionRoute {
            connection: inputs.known(NAME, "connection")?,
            destination: inputs.known::<Ipv4Net>(NAME, "destination")?.trunc(),
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
        let (connection, destination) = parts(&seen.id)?;
        Ok(Call::DeleteVpnConnectionRoute {
            connection,
            destination,
        })
    }

    fn progress(&self, inputs: &Inputs, id: Option<&str>, goal: Goal, view: &View) -> Progress {
        let ends = id.and_then(|id| parts(id).ok());
        let Some((id, destination)) = ends.or_else(|| self::ends(inputs).ok().flatten()) else {
            return Progress::Waiting {
                object: TITLE.to_owned(),
                state: "absent".to_owned(),
            };
        };
        match goal {
            Goal::Ready => arriving(&id, destination, view),
            Goal::Gone => leaving(&id, destination, view),
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
            Call::CreateVpnConnectionRoute { .. } => fault.kind == FaultKind::AlreadyExists,
            Call::DeleteVpnConnectionRoute { .. } => listed::is_gone(fault),
            _ => false,
        }
    }

    fn owned(&self, site: &SiteName, view: &View) -> Vec<Owned> {
        let mut owned = Vec::new();
        for connection in listed::of_site(view.vpn_connections.values(), site) {
            let live = connection.routes.iter().filter(|it| !it.state.is_ending());
            for StaticRoute { destination, .. } in live {
                let destination = destination.trunc();
                let inputs = [
                    ("connection", json!(connection.id)),
                    ("destination", json!(destination)),
                ];
                listed::push_owned(
                    &mut owned,
                    StepId::instance("route", &destination.to_string()),
                    id_of(&connection.id, destination),
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

fn id_of(connection: &VpnConnectionId, destination: Ipv4Net) -> String {
    format!("{connection}:{destination}")
}

fn parts(id: &str) -> Result<(VpnConnectionId, Ipv4Net), KindError> {
    let (connection, destination) = id.split_once(':').unwrap_or((id, ""));
    Ok((
        listed::id(NAME, "id", connection)?,
        listed::network(NAME, destination)?,
    ))
}

fn ends(inputs: &Inputs) -> Result<Option<(VpnConnectionId, Ipv4Net)>, KindError> {
    let connection = inputs.given(NAME, "connection")?;
    let destination: Option<Ipv4Net> = inputs.given(NAME, "destination")?;
    Ok(connection.zip(destination.map(|it| it.trunc())))
}

/// AWS's entries for a network; CIDRs have been seen in host form.
fn routes_to(
    connection: &VpnConnection,
    destination: Ipv4Net,
) -> impl Iterator<Item = &StaticRoute> {
    let routes = connection.routes.iter();
    routes.filter(move |route| route.destination.trunc() == destination)
}

fn decide_absent(inputs: &Inputs, view: &View, policy: Policy) -> Result<Decision, KindError> {
    let create = |reason: &str| Ok(Decision::new(Change::Create, reason));
    let Some((id, destination)) = ends(inputs)? else {
        return create("the connection is not there yet");
    };
    let adopted = view
        .vpn_connections
        .get(&id)
        .filter(|connection| listed::site_of(&connection.tags).is_none());
    match adopted {
        None => create("the connection has no route to it yet"),
        Some(_) if policy.adopt_changes => {
            create("the adopted connection has no route to it yet; teardown will leave the route")
        }
        Some(_) => Err(KindError::Conflict {
            problem: format!("{id} is not this site's and has no route to {destination}"),
            help: "add the route by hand, or allow changes to what is adopted".into(),
        }),
    }
}

/// The state of the route: the entry that says most, should AWS list an old one beside a new one.
fn state(connection: &VpnConnection, destination: Ipv4Net) -> Option<&str> {
    let rank = |state: &&str| match *state {
        "available" => 4,
        "pending" => 3,
        "deleting" => 1,
        "deleted" => 0,
        _ => 2,
    };
    routes_to(connection, destination)
        .map(|route| route.state.as_str())
        .max_by_key(rank)
}

fn arriving(id: &VpnConnectionId, destination: Ipv4Net, view: &View) -> Progress {
    let object = id_of(id, destination);
    let connection = connection(view, id.as_str());
    if let Some(connection) = connection.filter(|it| it.state.is_ending()) {
        return Progress::Hopeless {
            object,
            state: connection.state.to_string(),
            why: format!("{id} was deleted"),
        };
    }
    match connection.and_then(|it| state(it, destination)) {
        Some("available") => Progress::Done,
        state => Progress::Waiting {
            object,
            state: state.unwrap_or("absent").to_owned(),
        },
    }
}

fn leaving(id: &VpnConnectionId, destination: Ipv4Net, view: &View) -> Progress {
    let object = id_of(id, destination);
    if !view.looked_at.contains_key(&Collection::VpnConnections) {
        return Progress::Waiting {
            object,
            state: "not looked at".to_owned(),
        };
    }
    let connection = connection(view, id.as_str()).filter(|it| !it.state.is("deleted"));
    match connection.and_then(|it| state(it, destination)) {
        None | Some("deleted") => Progress::Done,
        Some(state) => Progress::Waiting {
            object,
            state: state.to_owned(),
        },
    }
}
