//! What a connection needs, with reasons.

use super::diff::{self, Difference, Drift};
use super::end::End;
use super::{NAME, TITLE, connection, outside_addresses, routing_of};
use crate::aws::{Collection, View, VpnConnection};
use crate::resource::inputs::{Inputs, KindError, Maybe};
use crate::resource::kind::{Change, Decision, Ownership, Policy, Seen, TunnelImpact};
use crate::resource::listed::{self, Listed};
use crate::resource::owner::{TAG_SITE, TAG_STEP};
use crate::spec::{CustomerGatewayId, Routing, TransitGatewayId, VpnConnectionId, VpnGatewayId};
use crate::tunnel::TunnelOptions;

/// The decision when nothing was found.
pub(super) fn absent(end: End, inputs: &Inputs, view: &View) -> Result<Decision, KindError> {
    if let Some(id) = inputs.given::<VpnConnectionId>(NAME, "id")? {
        let field = "aws.connection";
        let collection = Collection::VpnConnections;
        return listed::named_but_absent(TITLE, id.as_str(), field, collection, view);
    }
    let customer: Option<CustomerGatewayId> = inputs.given(NAME, "customer_gateway")?;
    let vpn: Option<VpnGatewayId> = inputs.given(NAME, "vpn_gateway")?;
    let transit: Option<TransitGatewayId> = inputs.given(NAME, "transit_gateway")?;
    let same_ends = |it: &&VpnConnection| {
        it.is_live()
            && customer.is_some()
            && it.customer_gateway == customer
            && match end {
                End::VpnGateway => vpn.is_some() && it.vpn_gateway == vpn,
                // Two that join the same ends are legal, but nobody else's is on our own gateway.
                End::TransitGateway => {
                    transit.is_some()
                        && it.transit_gateway == transit
                        && listed::site_of(&it.tags).is_none()
                        && is_of_underpass(customer.as_ref(), view)
                }
            }
    };
    match view.vpn_connections.values().find(same_ends) {
        None => Ok(Decision::new(Change::Create, "this site has none yet")),
        Some(other) if end == End::TransitGateway => Err(KindError::Conflict {
            problem: format!(
                "{} ends on this site's customer gateway and carries no tags of ours: a second \
                 connection would be billed beside it",
                other.id
            ),
            help: format!(
                "if it is this site's and has lost its tags, give them back ({TAG_SITE} and \
                 {TAG_STEP}); to use it as it is, set `aws.connection: {}`; otherwise delete it",
                other.id
            ),
        }),
        Some(other) => Err(KindError::Conflict {
            problem: format!(
                "{}{} joins the same two gateways: AWS would return it instead of making another",
                other.id,
                listed::site_of(&other.tags)
                    .map_or(String::new(), |site| format!(" of site {site}")),
            ),
            help: format!(
                "to use it, set `aws.connection: {}`; otherwise delete it, or leave out \
                 `aws.customer_gateway` so that this site gets its own",
                other.id
            ),
        }),
    }
}

/// Whether a customer gateway was made by underpass, so that every connection on it should be.
fn is_of_underpass(customer: Option<&CustomerGatewayId>, view: &View) -> bool {
    let gateway = customer.and_then(|id| view.customer_gateways.get(id));
    gateway.is_some_and(|it| listed::site_of(&it.tags).is_some())
}

/// The decision about one that exists.
pub(super) fn present(
    end: End,
    inputs: &Inputs,
    seen: &Seen,
    view: &View,
    policy: Policy,
) -> Result<Decision, KindError> {
    let Some(connection) = connection(view, &seen.id) else {
        return Ok(Decision::new(Change::Keep, "is there"));
    };
    let fixed = fixed_differences(end, inputs, connection)?;
    let wanted: Option<[TunnelOptions; 2]> = inputs.given(NAME, "tunnels")?;
    let drifts = wanted
        .as_ref()
        .map(|wanted| diff::drift(wanted, connection))
        .unwrap_or_default();
    match &seen.ownership {
        Ownership::Adopted(why) => adopted(why, connection, &fixed, drifts, policy),
        Ownership::Ours if fixed.is_empty() => Ok(ours(seen, connection, drifts)),
        Ownership::Ours => Ok(replace(connection, fixed)),
    }
}

/// What AWS cannot change in place: routing and the two ends.
fn fixed_differences(
    end: End,
    inputs: &Inputs,
    connection: &VpnConnection,
) -> Result<Vec<Difference>, KindError> {
    let mut differences = Vec::new();
    let routing = routing_of(connection);
    if let Some(wanted) = inputs.given::<Routing>(NAME, "routing")?
        && wanted != routing
    {
        let (is, wanted) = (routing.as_str(), wanted.as_str());
        differences.push(("routing".to_owned(), is.to_owned(), wanted.to_owned()));
    }
    let customer = connection
        .customer_gateway
        .as_ref()
        .map(ToString::to_string);
    let vpn = connection.vpn_gateway.as_ref().map(ToString::to_string);
    let transit = connection.transit_gateway.as_ref().map(ToString::to_string);
    let ends = [
        ("customer_gateway", customer),
        (end.input(), vpn.or(transit)),
        (
            "transport",
            connection.transport.as_ref().map(ToString::to_string),
        ),
    ];
    for (name, is) in ends {
        let wanted = match inputs.optional::<String>(NAME, name)? {
            None => continue,
            Some(Maybe::Known(id)) => id,
            Some(Maybe::Later(awaited)) => format!("a new one ({awaited})"),
        };
        let is = is.unwrap_or_else(|| "none".to_owned());
        if is != wanted {
            differences.push((name.to_owned(), is, wanted));
        }
    }
    let switches = [
        ("accelerated", connection.accelerated),
        ("large_bandwidth", connection.large_bandwidth),
    ];
    for (name, is) in switches {
        let wanted: bool = inputs.given(NAME, name)?.unwrap_or(is);
        if is != wanted {
            differences.push((name.to_owned(), is.to_string(), wanted.to_string()));
        }
    }
    Ok(differences)
}

fn names(differences: &[Difference]) -> String {
    let names: Vec<&str> = differences.iter().map(|it| it.0.as_str()).collect();
    names.join(" and ")
}

fn replace(connection: &VpnConnection, fixed: Vec<Difference>) -> Decision {
    Decision {
        change: Change::Replace,
        reason: format!(
            "{} cannot be changed in place; the new connection has other outside addresses and \
             keys, so the site's router must be configured anew",
            names(&fixed)
        ),
        differences: fixed,
        impact: TunnelImpact::Both(outside_addresses(connection)),
    }
}

fn ours(seen: &Seen, connection: &VpnConnection, drifts: Vec<Drift<'_>>) -> Decision {
    let tags = listed::keep_or_tag(seen, &connection.tags);
    if drifts.is_empty() {
        return tags;
    }
    let mut decision = update(connection, drifts);
    decision.differences.extend(tags.differences);
    decision
}

/// The decision to change tunnels, one after the other.
fn update(connection: &VpnConnection, drifts: Vec<Drift<'_>>) -> Decision {
    let sole = diff::sole_carrier(&drifts, connection);
    let reason = match (drifts.len(), sole) {
        (_, Some(outside)) => format!(
            "the options of tunnel {outside} differ, and no other tunnel is up: it is changed only \
             when the other one is"
        ),
        (1, None) => "the options of one tunnel differ".to_owned(),
        (_, None) => "the options of both tunnels differ: one is changed, and the other only when \
                      the first is up again"
            .to_owned(),
    };
    Decision {
        change: Change::Update,
        reason,
        impact: TunnelImpact::OneByOne(drifts.iter().filter_map(|it| it.outside).collect()),
        differences: drifts.into_iter().flat_map(|it| it.differences).collect(),
    }
}

fn adopted(
    why: &str,
    connection: &VpnConnection,
    fixed: &[Difference],
    drifts: Vec<Drift<'_>>,
    policy: Policy,
) -> Result<Decision, KindError> {
    if let Some(site) = listed::site_of(&connection.tags) {
        return Err(KindError::Conflict {
            problem: format!("{} belongs to site {site}", connection.id),
            help: "leave out `aws.connection`: a connection serves one site".into(),
        });
    }
    if let Some((name, is, wanted)) = fixed.first() {
        let help = match name.as_str() {
            "customer_gateway" => format!("name its gateway too: `aws.customer_gateway: {is}`"),
            "vpn_gateway" | "transit_gateway" => {
                "name the gateway that it ends on in `aws.attach_to`".to_owned()
            }
            _ => format!("set `routing: {is}`"),
        };
        return Err(KindError::Conflict {
            problem: format!(
                "{} has the {name} {is}, this site needs {wanted}",
                connection.id
            ),
            help: format!("{help}, or leave out `aws.connection` to have one made"),
        });
    }
    if drifts.is_empty() {
        return Ok(Decision::new(Change::Adopt, why));
    }
    let mut decision = update(connection, drifts);
    if !policy.adopt_changes {
        decision.change = Change::Adopt;
        decision.impact = TunnelImpact::None;
        decision.reason = format!("{why}; its tunnels differ and are left as they are");
    }
    Ok(decision)
}
