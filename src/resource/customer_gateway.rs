//! `customer_gateway`: AWS's record of the site's device.
//!
//! Pure metadata and immutable. AWS answers a second create of the same address, ASN and device
//! name with the gateway that exists, whoever made it (AWS VPN guide); the device name is ours so
//! that two sites behind one address stay two.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::inputs::{Inputs, KindError};
use super::keys::Keys;
use super::kind::{
    Change, Decision, Finding, Goal, InputSpec, Kind, Owned, Ownership, Policy, Progress, Seen,
    Usual,
};
use super::listed::{self, Listed};
use super::owner::Owner;
use super::rank;
use super::remembered::{Propagation, missing_by_gateway};
use super::remembered_routes::{WrittenRoutes, missing_routes};
use super::sharing::stranger_on_customer_gateway;
use crate::aws::{Call, Collection, CustomerGateway, Fault, Tags, View};
use crate::playbook::StepId;
use crate::spec::{Asn, CustomerGatewayId, SiteName};

const NAME: &str = "customer_gateway";
const TITLE: &str = "customer gateway";

/// The kind `customer_gateway`.
#[derive(Debug)]
pub(super) struct CustomerGatewayKind;

impl Kind for CustomerGatewayKind {
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
                    "ip_address",
                    "the device's public address, or that of the NAT in front of it",
                ),
                InputSpec::required(
                    "bgp_asn",
                    "the site's ASN; with static routing it is stored and not used",
                ),
                InputSpec::required(
                    "device_name",
                    "keeps apart gateways with the same address and ASN: the site's name",
                ),
                InputSpec::optional(
                    "remembers_propagation",
                    "route tables, by virtual private gateway, into which this site enables \
                     propagation from a gateway that is not its own; remembered in tags",
                ),
                InputSpec::optional(
                    "remembers_routes",
                    "the VPC's route tables, each with the networks that this site writes routes \
                     to; remembered in tags",
                ),
                InputSpec::optional("id", "an existing customer gateway to use"),
            ]
        }
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["id", "ip_address", "bgp_asn"]
    }

    fn collections(&self) -> &'static [Collection] {
        // Connections tell whether a gateway is in use.
        &[Collection::CustomerGateways, Collection::VpnConnections]
    }

    fn find(
        &self,
        step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        view: &View,
    ) -> Result<Finding, KindError> {
        let memory = memory(inputs)?;
        let seen = |gateway: &CustomerGateway, why: &str| {
            let mut seen = listed::seen(gateway, step, owner, why, outputs(gateway));
            seen.missing_tags = missing_tags(gateway, step, owner, &memory);
            seen
        };
        if let Some(id) = inputs.given::<CustomerGatewayId>(NAME, "id")? {
            let named = view.customer_gateways.get(&id).filter(|it| it.is_live());
            let named = named.map(|gateway| seen(gateway, "the site file names it"));
            return Ok(listed::finding(named.into_iter().collect()));
        }
        let rank = |gateway: &CustomerGateway| rank::customer_gateway(gateway, view);
        let ours = listed::ours(view.customer_gateways.values(), step, owner, rank);
        if !ours.is_empty() {
            let ours = ours.into_iter().map(|gateway| seen(gateway, ""));
            return Ok(listed::finding(ours.collect()));
        }
        let name: Option<String> = inputs.given(NAME, "device_name")?;
        let twin = twins(inputs, view)?
            .into_iter()
            .find(|gateway| gateway.device_name == name);
        let why = "AWS would return it instead of a new one: same address, ASN and device name";
        Ok(listed::finding(
            twin.map(|gateway| seen(gateway, why)).into_iter().collect(),
        ))
    }

    fn decide(
        &self,
        inputs: &Inputs,
        finding: &Finding,
        view: &View,
        _policy: Policy,
    ) -> Result<Decision, KindError> {
        let Some(seen) = finding.chosen() else {
            return decide_absent(inputs, view);
        };
        let Some(gateway) = gateway(view, &seen.id) else {
            return Ok(Decision::new(Change::Keep, "is there"));
        };
        let differences = differences(inputs, gateway)?;
        match &seen.ownership {
            Ownership::Adopted(why) if differences.is_empty() => {
                Ok(Decision::new(Change::Adopt, why))
            }
            Ownership::Adopted(_) => Err(KindError::Conflict {
                problem: format!("the customer gateway {} {}", seen.id, spell(&differences)),
                help: "a customer gateway cannot be changed: correct `gateway` in the site file, \
                       or leave out `aws.customer_gateway` to have one made"
                    .into(),
            }),
            Ownership::Ours if differences.is_empty() => {
                Ok(listed::keep_or_tag(seen, &gateway.tags))
            }
            Ownership::Ours => replace(gateway, differences, view),
        }
    }

    fn create(
        &self,
        step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        _keys: &Keys,
    ) -> Result<Call, KindError> {
        let mut tags = owner.tags(step);
        let memory = memory(inputs)?;
        tags.extend(memory.missing(&tags));
        Ok(Call::CreateCustomerGateway {
            ip_address: inputs.known(NAME, "ip_address")?,
            bgp_asn: inputs.known(NAME, "bgp_asn")?,
            device_name: inputs.known(NAME, "device_name")?,
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
        _keys: &Keys,
    ) -> Result<Option<Call>, KindError> {
        let memory = memory(inputs)?;
        let tags = gateway(view, &seen.id)
            .map(|gateway| missing_tags(gateway, step, owner, &memory))
            .unwrap_or_default();
        Ok((!tags.is_empty()).then(|| Call::CreateTags {
            resource: seen.id.clone(),
            tags,
        }))
    }

    fn delete(&self, seen: &Seen, view: &View) -> Result<Call, KindError> {
        listed::refuse_adopted(TITLE, seen)?;
        let tags = gateway(view, &seen.id).map(|gateway| &gateway.tags);
        let stranger = tags.and_then(|tags| stranger_on_customer_gateway(view, tags, &seen.id));
        if let Some(connection) = stranger {
            return Err(listed::in_use(TITLE, &seen.id, connection));
        }
        Ok(Call::DeleteCustomerGateway(listed::id(
            NAME, "id", &seen.id,
        )?))
    }

    fn progress(&self, _inputs: &Inputs, id: Option<&str>, goal: Goal, view: &View) -> Progress {
        let object = id.and_then(|id| gateway(view, id));
        listed::progress(object, id, TITLE, goal, Collection::CustomerGateways, view)
    }

    fn outputs_of(&self, _inputs: &Inputs, id: &str, view: &View) -> BTreeMap<String, Value> {
        gateway(view, id).map_or_else(|| listed::only_id(id), outputs)
    }

    fn usual(&self, goal: Goal) -> Usual {
        match goal {
            Goal::Ready => Usual::secs(1, 15, 600),
            // AWS refuses while a connection on it is still deleting, which may take ten minutes.
            Goal::Gone => Usual::secs(1, 15, 900),
        }
    }

    fn forgives(&self, call: &Call, fault: &Fault) -> bool {
        matches!(call, Call::DeleteCustomerGateway(_)) && listed::is_gone(fault)
    }

    fn owned(&self, site: &SiteName, view: &View) -> Vec<Owned> {
        let mut owned = Vec::new();
        for gateway in listed::of_site(view.customer_gateways.values(), site) {
            if stranger_on_customer_gateway(view, &gateway.tags, gateway.id()).is_some() {
                continue;
            }
            let mut inputs = outputs(gateway);
            inputs.insert("device_name".into(), json!(gateway.device_name));
            let inputs = inputs.iter().map(|(name, it)| (name.as_str(), it.clone()));
            let step = listed::step_of(&gateway.tags, "customer-gateway");
            listed::push_owned(&mut owned, step, gateway.id.to_string(), Inputs::of(inputs));
        }
        owned
    }

    fn deleted_after(&self) -> &'static [&'static str] {
        // Where the connection is lost, only this gateway's tags tell which propagation is ours.
        &[
            "vpn_connection",
            "transit_vpn_connection",
            "route_propagation",
            "vpc_route",
            "transit_gateway_route",
            // Which tells by what is remembered here which routes over it are others'.
            "transit_gateway_vpc_attachment",
            // Nobody looks at Direct Connect for a site that has nothing left in EC2.
            "dx_connection",
            "dx_gateway",
            "dx_gateway_association",
            "private_virtual_interface",
            "transit_virtual_interface",
        ]
    }
}

/// What is remembered of what has no tags of its own.
struct Memory {
    propagation: Propagation,
    routes: WrittenRoutes,
}

impl Memory {
    fn missing(&self, has: &Tags) -> Tags {
        let mut missing = missing_by_gateway(&self.propagation, has);
        missing.extend(missing_routes(&self.routes, has));
        missing
    }
}

fn memory(inputs: &Inputs) -> Result<Memory, KindError> {
    let propagation = inputs.given(NAME, "remembers_propagation")?;
    let routes = inputs.given(NAME, "remembers_routes")?;
    Ok(Memory {
        propagation: propagation.unwrap_or_default(),
        routes: routes.unwrap_or_default(),
    })
}

/// The tags that a gateway of ours lacks; others' are never tagged.
fn missing_tags(gateway: &CustomerGateway, step: &StepId, owner: &Owner, memory: &Memory) -> Tags {
    if !owner.owns_site(&gateway.tags) {
        return Tags::new();
    }
    let mut missing = owner.missing_tags(step, &gateway.tags);
    let mut then = gateway.tags.clone();
    then.extend(missing.clone());
    missing.extend(memory.missing(&then));
    missing
}

fn gateway<'a>(view: &'a View, id: &str) -> Option<&'a CustomerGateway> {
    view.customer_gateways.get(&id.parse().ok()?)
}

fn outputs(gateway: &CustomerGateway) -> BTreeMap<String, Value> {
    let mut outputs = listed::only_id(gateway.id());
    if let Some(address) = gateway.ip_address {
        outputs.insert("ip_address".into(), json!(address));
    }
    if let Some(asn) = gateway.bgp_asn {
        outputs.insert("bgp_asn".into(), json!(asn));
    }
    outputs
}

/// The live connections that end on a gateway.
fn connections_on<'a>(
    view: &'a View,
    gateway: &'a CustomerGateway,
) -> impl Iterator<Item = &'a str> {
    view.vpn_connections
        .values()
        .filter(|connection| connection.is_live())
        .filter(|connection| connection.customer_gateway.as_ref() == Some(&gateway.id))
        .map(|connection| connection.id.as_str())
}

/// Live gateways with the wanted address and ASN, whatever their device name.
fn twins<'a>(inputs: &Inputs, view: &'a View) -> Result<Vec<&'a CustomerGateway>, KindError> {
    let address: Option<IpAddr> = inputs.given(NAME, "ip_address")?;
    let asn: Option<Asn> = inputs.given(NAME, "bgp_asn")?;
    let same = |gateway: &&CustomerGateway| {
        gateway.is_live()
            && address.is_some()
            && gateway.ip_address == address
            && gateway.bgp_asn == asn
    };
    Ok(view.customer_gateways.values().filter(same).collect())
}

fn decide_absent(inputs: &Inputs, view: &View) -> Result<Decision, KindError> {
    if let Some(id) = inputs.given::<CustomerGatewayId>(NAME, "id")? {
        return listed::named_but_absent(
            TITLE,
            id.as_str(),
            "aws.customer_gateway",
            Collection::CustomerGateways,
            view,
        );
    }
    let twins = twins(inputs, view)?;
    let reason = match twins.first() {
        None => "this site has none yet".to_owned(),
        Some(twin) => format!(
            "this site has none yet; {} has the same address and ASN but {}, so it is another's \
             and stays apart",
            twin.id,
            twin.device_name.as_ref().map_or_else(
                || "no device name".to_owned(),
                |name| format!("the device name {name}")
            ),
        ),
    };
    Ok(Decision::new(Change::Create, reason))
}

fn differences(
    inputs: &Inputs,
    gateway: &CustomerGateway,
) -> Result<Vec<(String, String, String)>, KindError> {
    let mut differences = Vec::new();
    let address: Option<IpAddr> = inputs.given(NAME, "ip_address")?;
    if let (Some(is), Some(wanted)) = (gateway.ip_address, address)
        && is != wanted
    {
        differences.push(("ip_address".into(), is.to_string(), wanted.to_string()));
    }
    let asn: Option<Asn> = inputs.given(NAME, "bgp_asn")?;
    if let (Some(is), Some(wanted)) = (gateway.bgp_asn, asn)
        && is != wanted
    {
        differences.push(("bgp_asn".into(), is.to_string(), wanted.to_string()));
    }
    Ok(differences)
}

fn spell(differences: &[(String, String, String)]) -> String {
    let each = differences
        .iter()
        .map(|(name, is, wanted)| format!("has the {name} {is}, the site file says {wanted}"));
    each.collect::<Vec<_>>().join(" and ")
}

/// The decision about a gateway of ours that is wrong: AWS cannot change one, nor delete it while
/// a connection ends on it.
fn replace(
    gateway: &CustomerGateway,
    differences: Vec<(String, String, String)>,
    view: &View,
) -> Result<Decision, KindError> {
    if let Some(connection) = connections_on(view, gateway).next() {
        return Err(KindError::Conflict {
            problem: format!(
                "the customer gateway {} {}, and {connection} ends on it",
                gateway.id,
                spell(&differences)
            ),
            help: "a customer gateway cannot be changed and a used one not be replaced: tear the \
                   site down and onboard it again; its outside addresses and keys will change"
                .into(),
        });
    }
    let mut decision = Decision::new(
        Change::Replace,
        "a customer gateway cannot be changed, and no connection ends on this one",
    );
    decision.differences = differences;
    Ok(decision)
}
