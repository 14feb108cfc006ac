//! `vpn_connection`: the Site-to-Site VPN connection with its two tunnels.
//!
//! The one step that takes minutes. Outside addresses are AWS's choice and new with every
//! connection, so nothing is replaced that could be changed in place; tunnels change one at a time.

mod decide;
mod diff;
mod end;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use self::end::End;
pub use self::end::{is_connection, kind_of};
use super::inputs::{Inputs, KindError};
use super::kind::{
    Decision, Finding, Goal, InputSpec, Keys, Kind, Owned, Policy, Progress, Seen, Usual,
};
use super::listed::{self, Listed};
use super::owner::Owner;
use super::rank;
use crate::aws::{Call, Collection, Fault, Tags, View, VpnConnection};
use crate::playbook::StepId;
use crate::spec::{Routing, SiteName, VpnConnectionId};
use crate::tunnel::{PreSharedKey, TunnelOptions};

const NAME: &str = "vpn_connection";
const TITLE: &str = "VPN connection";

/// The kinds `vpn_connection` and `transit_vpn_connection`.
#[derive(Debug)]
pub(super) struct VpnConnectionKind {
    end: End,
}

impl VpnConnectionKind {
    /// One that ends on a virtual private gateway.
    pub(super) const ON_VPN_GATEWAY: Self = Self {
        end: End::VpnGateway,
    };
    /// One that ends on a transit gateway.
    pub(super) const ON_TRANSIT_GATEWAY: Self = Self {
        end: End::TransitGateway,
    };
}

impl Kind for VpnConnectionKind {
    fn name(&self) -> &'static str {
        self.end.kind()
    }

    fn title(&self) -> &'static str {
        TITLE
    }

    fn inputs(&self) -> &'static [InputSpec] {
        self.end.inputs()
    }

    fn outputs(&self) -> &'static [&'static str] {
        self.end.outputs()
    }

    fn collections(&self) -> &'static [Collection] {
        self.end.collections()
    }

    fn find(
        &self,
        step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        view: &View,
    ) -> Result<Finding, KindError> {
        let seen = |connection: &VpnConnection, why: &str| {
            let outputs = outputs(inputs, connection, view);
            let mut seen = listed::seen(connection, step, owner, why, outputs);
            if owner.owns_site(&connection.tags) {
                let missing = self.end.missing_memory(inputs, &connection.tags)?;
                seen.missing_tags.extend(missing);
            }
            Ok(seen)
        };
        if let Some(id) = inputs.given::<VpnConnectionId>(NAME, "id")? {
            let named = view.vpn_connections.get(&id).filter(|it| it.is_live());
            let named = named.map(|connection| seen(connection, "the site file names it"));
            return Ok(listed::finding(
                named.into_iter().collect::<Result<_, _>>()?,
            ));
        }
        let rank = |it: &VpnConnection| rank::connection(it, view);
        let ours = listed::ours(view.vpn_connections.values(), step, owner, rank);
        let ours = ours.into_iter().map(|connection| seen(connection, ""));
        Ok(listed::finding(ours.collect::<Result<_, _>>()?))
    }

    fn decide(
        &self,
        inputs: &Inputs,
        finding: &Finding,
        view: &View,
        policy: Policy,
    ) -> Result<Decision, KindError> {
        match finding.chosen() {
            None => decide::absent(self.end, inputs, view),
            Some(seen) => decide::present(self.end, inputs, seen, view, policy),
        }
    }

    fn create(
        &self,
        step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        keys: &Keys,
    ) -> Result<Call, KindError> {
        let [first, second] = inputs.known::<[TunnelOptions; 2]>(NAME, "tunnels")?;
        let mut tags = owner.tags(step);
        tags.extend(self.end.memory(inputs)?);
        Ok(Call::CreateVpnConnection {
            customer_gateway: inputs.known(NAME, "customer_gateway")?,
            end: self.end.wanted(inputs)?,
            traits: end::traits(inputs)?,
            tunnels: Box::new([with_key(first, keys)?, with_key(second, keys)?]),
            tags,
        })
    }

    fn update(
        &self,
        step: &StepId,
        inputs: &Inputs,
        seen: &Seen,
        view: &View,
        owner: &Owner,
        keys: &Keys,
    ) -> Result<Option<Call>, KindError> {
        let connection = connection(view, &seen.id).ok_or_else(|| not_listed(&seen.id))?;
        if owner.owns_site(&connection.tags) {
            let mut tags = owner.missing_tags(step, &connection.tags);
            tags.extend(self.end.missing_memory(inputs, &connection.tags)?);
            if !tags.is_empty() {
                return Ok(Some(tag(connection, tags)));
            }
        }
        change_tunnel(inputs, connection, keys)
    }

    fn delete(&self, seen: &Seen, _view: &View) -> Result<Call, KindError> {
        listed::refuse_adopted(TITLE, seen)?;
        let id = listed::id(NAME, "id", &seen.id)?;
        Ok(Call::DeleteVpnConnection(id))
    }

    fn progress(&self, inputs: &Inputs, id: Option<&str>, goal: Goal, view: &View) -> Progress {
        let object = id.and_then(|id| connection(view, id));
        let progress = listed::progress(object, id, TITLE, goal, Collection::VpnConnections, view);
        match (progress, object) {
            (Progress::Done, Some(connection)) if goal == Goal::Ready => {
                match between_tunnels(inputs, connection) {
                    Progress::Done if self.end == End::TransitGateway => {
                        end::attaching(view, connection)
                    }
                    progress => progress,
                }
            }
            (progress, _) => progress,
        }
    }

    fn outputs_of(&self, inputs: &Inputs, id: &str, view: &View) -> BTreeMap<String, Value> {
        connection(view, id).map_or_else(
            || listed::only_id(id),
            |connection| outputs(inputs, connection, view),
        )
    }

    fn usual(&self, goal: Goal) -> Usual {
        match goal {
            // Changing a tunnel takes longer than making two: 5 to 13 minutes.
            Goal::Ready => Usual::secs(180, 360, 2400),
            Goal::Gone => Usual::secs(60, 300, 1800),
        }
    }

    fn forgives(&self, call: &Call, fault: &Fault) -> bool {
        matches!(call, Call::DeleteVpnConnection(_)) && listed::is_gone(fault)
    }

    fn owned(&self, site: &SiteName, view: &View) -> Vec<Owned> {
        let mut owned = Vec::new();
        let connections = listed::of_site(view.vpn_connections.values(), site);
        for connection in connections.into_iter().filter(|it| self.end.has(it)) {
            let routing = routing_of(connection);
            let mut inputs = vec![("id", json!(connection.id)), ("routing", json!(routing))];
            let customer = connection.customer_gateway.as_ref();
            inputs.extend(customer.map(|id| ("customer_gateway", json!(id))));
            let vpn = connection.vpn_gateway.as_ref();
            inputs.extend(vpn.map(|id| ("vpn_gateway", json!(id))));
            let transit = connection.transit_gateway.as_ref();
            inputs.extend(transit.map(|id| ("transit_gateway", json!(id))));
            let step = listed::step_of(&connection.tags, "connection");
            let id = connection.id.to_string();
            listed::push_owned(&mut owned, step, id, Inputs::of(inputs));
        }
        owned
    }

    fn deleted_after(&self) -> &'static [&'static str] {
        // Where the customer gateway is adopted, only this connection's tags tell which routes, and
        // which propagation from an adopted gateway, are ours.
        match self.end {
            End::VpnGateway => &["vpn_connection_route", "route_propagation"],
            // A static route would stay behind as a blackhole.
            End::TransitGateway => &["transit_gateway_route", "vpc_route"],
        }
    }
}

/// The connection with this id, deleted ones included.
pub(super) fn connection<'a>(view: &'a View, id: &str) -> Option<&'a VpnConnection> {
    view.vpn_connections.get(&id.parse().ok()?)
}

fn routing_of(connection: &VpnConnection) -> Routing {
    if connection.static_routes_only {
        Routing::Static
    } else {
        Routing::Bgp
    }
}

fn with_key(
    options: TunnelOptions,
    keys: &Keys,
) -> Result<(TunnelOptions, PreSharedKey), KindError> {
    let Some(key) = keys.get(&options.inside_cidr).cloned() else {
        return Err(KindError::Unusable {
            kind: NAME,
            input: "tunnels".to_owned(),
            problem: format!("there is no pre-shared key for {}", options.inside_cidr),
        });
    };
    Ok((options, key))
}

fn not_listed(id: &str) -> KindError {
    KindError::NotYet {
        kind: NAME,
        input: "id".to_owned(),
        awaited: format!("AWS does not list {id}"),
    }
}

fn tag(connection: &VpnConnection, tags: Tags) -> Call {
    Call::CreateTags {
        resource: connection.id.to_string(),
        tags,
    }
}

/// The outside addresses of a connection, each once, in order.
fn outside_addresses(connection: &VpnConnection) -> Vec<Ipv4Addr> {
    let tunnels = connection.tunnels.iter().filter_map(|it| it.outside);
    let all = tunnels.chain(connection.telemetry.iter().map(|it| it.outside));
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The id, and the outside addresses with tunnel 1's first where the tunnels can be told apart.
fn outputs(inputs: &Inputs, connection: &VpnConnection, view: &View) -> BTreeMap<String, Value> {
    let wanted: Option<[TunnelOptions; 2]> = inputs.given(NAME, "tunnels").ok().flatten();
    let joined: Vec<Ipv4Addr> = wanted
        .iter()
        .flat_map(|wanted| diff::pair(wanted, &connection.tunnels))
        .filter_map(|(_, tunnel)| tunnel.outside)
        .collect();
    let all = outside_addresses(connection);
    let known = if joined.len() == all.len() {
        joined
    } else {
        all
    };
    let mut outputs = listed::only_id(connection.id());
    if !known.is_empty() {
        outputs.insert("outside_addresses".into(), json!(known));
    }
    if let Some(attachment) = end::attachment_of(view, connection) {
        outputs.insert("attachment".into(), json!(attachment.id));
    }
    outputs
}

/// The call that changes the next tunnel; none when both are as they should be.
fn change_tunnel(
    inputs: &Inputs,
    connection: &VpnConnection,
    keys: &Keys,
) -> Result<Option<Call>, KindError> {
    let wanted: [TunnelOptions; 2] = inputs.known(NAME, "tunnels")?;
    let drifts = diff::drift(&wanted, connection);
    if let Some(outside) = diff::sole_carrier(&drifts, connection) {
        return Err(KindError::Conflict {
            problem: format!(
                "tunnel {outside} of {} has to be changed and is the only one that is up",
                connection.id
            ),
            help: "changing it would cut the site off: bring the other tunnel up with the new \
                   device configuration, then run this again"
                .into(),
        });
    }
    let Some(drift) = diff::next(&drifts, connection) else {
        return Ok(None);
    };
    let outside = drift
        .outside
        .ok_or_else(|| not_listed("the tunnel's outside address"))?;
    // Keys go by the /30 inside: a tunnel that gets another /30 gets the key that belongs to it.
    let key = drift
        .renumbered
        .then(|| keys.get(&drift.wanted.inside_cidr).cloned())
        .flatten();
    Ok(Some(Call::ModifyVpnTunnelOptions {
        connection: connection.id.clone(),
        outside,
        options: Box::new(drift.wanted.clone()),
        key,
    }))
}

/// Whether the change of one tunnel may be followed by that of the other.
///
/// Between the two the first has to come back: AWS says `available` long before IKE is up again,
/// and changing the second then would cut the site off. Adopted connections that differ and are
/// left as they are do not wait for that.
fn between_tunnels(inputs: &Inputs, connection: &VpnConnection) -> Progress {
    let wanted: Option<[TunnelOptions; 2]> = inputs.given(NAME, "tunnels").ok().flatten();
    let ours = listed::site_of(&connection.tags).is_some();
    let waits_for = wanted
        .filter(|_| ours)
        .and_then(|wanted| diff::sole_carrier(&diff::drift(&wanted, connection), connection));
    match waits_for {
        None => Progress::Done,
        Some(outside) => Progress::Waiting {
            object: connection.id.to_string(),
            state: format!("available; only tunnel {outside} is up"),
        },
    }
}
