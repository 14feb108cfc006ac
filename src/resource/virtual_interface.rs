//! `private_virtual_interface` and `transit_virtual_interface`: one VLAN with a BGP session.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::dx_gateway_association::TAG_ASSOCIATES;
use super::inputs::{Inputs, KindError};
use super::keys::Keys;
use super::kind::{
    Change, Decision, Finding, Goal, InputSpec, Kind, Owned, Policy, Progress, Seen, Usual,
};
use super::listed::{self, Listed};
use super::owner::Owner;
use crate::aws::{
    Call, Collection, DirectConnectCall, Fault, View, VirtualInterface, VirtualInterfaceKind,
    VirtualInterfaceOptions,
};
use crate::playbook::StepId;
use crate::spec::{Asn, DxConnectionId, DxGatewayId, SiteName, VirtualInterfaceId};

/// On a virtual interface: `vpn` where the site prefers its tunnels to Direct Connect. The router's
/// files follow it, whoever writes them and wherever.
pub const TAG_PREFERS: &str = "underpass:prefers";

/// The two kinds.
#[derive(Debug)]
pub(super) struct InterfaceKind {
    leads_to: VirtualInterfaceKind,
}

impl InterfaceKind {
    /// `private_virtual_interface`.
    pub(super) const PRIVATE: Self = Self {
        leads_to: VirtualInterfaceKind::Private,
    };
    /// `transit_virtual_interface`.
    pub(super) const TRANSIT: Self = Self {
        leads_to: VirtualInterfaceKind::Transit,
    };

    /// The virtual interfaces of this kind.
    fn all<'a>(&self, view: &'a View) -> impl Iterator<Item = &'a VirtualInterface> {
        let word = self.leads_to.as_str();
        view.virtual_interfaces
            .values()
            .filter(move |it| it.kind == word)
    }
}

impl Kind for InterfaceKind {
    fn name(&self) -> &'static str {
        match self.leads_to {
            VirtualInterfaceKind::Private => "private_virtual_interface",
            VirtualInterfaceKind::Transit => "transit_virtual_interface",
        }
    }

    fn title(&self) -> &'static str {
        match self.leads_to {
            VirtualInterfaceKind::Private => "private virtual interface",
            VirtualInterfaceKind::Transit => "transit virtual interface",
        }
    }

    fn inputs(&self) -> &'static [InputSpec] {
        const {
            &[
                InputSpec::required("connection", "the Direct Connect connection"),
                InputSpec::required("gateway", "the Direct Connect gateway that it leads to"),
                InputSpec::required("name", "its name"),
                InputSpec::required("vlan", "its VLAN, 1 to 4094"),
                InputSpec::required("asn", "the site's ASN"),
                InputSpec::required("mtu", "1500, 8500 or 9001 bytes"),
                InputSpec::optional("addresses", "both ends' addresses; AWS chooses otherwise"),
                InputSpec::optional(
                    "associates",
                    "the gateway that is associated for it, to be remembered",
                ),
            ]
        }
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["id", "amazon_address", "router_address", "mtu"]
    }

    fn collections(&self) -> &'static [Collection] {
        &[Collection::VirtualInterfaces]
    }

    fn find(
        &self,
        step: &StepId,
        _inputs: &Inputs,
        owner: &Owner,
        view: &View,
    ) -> Result<Finding, KindError> {
        let up = |it: &VirtualInterface| {
            let sessions = it.peers.iter().filter(|peer| peer.is_up()).count();
            [sessions, usize::from(it.state.is("available")), 0, 0]
        };
        let ours = listed::ours(self.all(view), step, owner, up);
        let seen = ours
            .into_iter()
            .map(|it| listed::seen(it, step, owner, "", outputs(it)));
        Ok(listed::finding(seen.collect()))
    }

    fn decide(
        &self,
        inputs: &Inputs,
        finding: &Finding,
        view: &View,
        _policy: Policy,
    ) -> Result<Decision, KindError> {
        let name = self.name();
        let Some(seen) = finding.chosen() else {
            return match self.in_the_place(inputs, view)? {
                None => Ok(Decision::new(Change::Create, "this site has none yet")),
                Some(other) => Err(KindError::Conflict {
                    problem: format!(
                        "VLAN {} of the connection is taken by {} ({})",
                        other.vlan.unwrap_or_default(),
                        other.id,
                        other.name
                    ),
                    help: "choose another `aws.direct_connect.vlan`, or delete that virtual \
                           interface if nobody needs it"
                        .to_owned(),
                }),
            };
        };
        let Some(it) = interface(view, &seen.id) else {
            return Ok(Decision::new(Change::Keep, "is there"));
        };
        let fixed = fixed_differences(name, inputs, it)?;
        if !fixed.is_empty() {
            let names: Vec<&str> = fixed.iter().map(|it| it.0.as_str()).collect();
            let mut decision = Decision::new(
                Change::Replace,
                format!(
                    "{} cannot be changed in place; the path over Direct Connect is gone until the \
                     new one is up, and the site's router must be configured anew",
                    names.join(" and ")
                ),
            );
            decision.differences = fixed;
            return Ok(decision);
        }
        let mtu: Option<u16> = inputs.given(name, "mtu")?;
        if let Some((is, wanted)) = it.mtu.zip(mtu).filter(|(is, wanted)| is != wanted) {
            let mut decision = Decision::new(
                Change::Update,
                "a new MTU interrupts every virtual interface of the connection for half a minute",
            );
            decision.differences = vec![("mtu".into(), is.to_string(), wanted.to_string())];
            return Ok(decision);
        }
        Ok(listed::keep_or_tag(seen, &it.tags))
    }

    fn create(
        &self,
        step: &StepId,
        inputs: &Inputs,
        owner: &Owner,
        keys: &Keys,
    ) -> Result<Call, KindError> {
        let name = self.name();
        let Some(key) = keys.bgp.clone() else {
            return Err(KindError::NotYet {
                kind: name,
                input: "key".to_owned(),
                awaited: "the BGP key is made when you onboard".to_owned(),
            });
        };
        let mut tags = owner.tags(step);
        if let Some(associates) = inputs.given::<String>(name, "associates")? {
            tags.insert(TAG_ASSOCIATES.to_owned(), associates);
        }
        Ok(Call::DirectConnect(
            DirectConnectCall::CreateVirtualInterface {
                kind: self.leads_to,
                connection: inputs.known(name, "connection")?,
                gateway: inputs.known(name, "gateway")?,
                options: VirtualInterfaceOptions {
                    name: inputs.known(name, "name")?,
                    vlan: inputs.known(name, "vlan")?,
                    asn: inputs.known(name, "asn")?,
                    mtu: inputs.known(name, "mtu")?,
                    addresses: addresses(name, inputs)?,
                },
                key,
                tags,
            },
        ))
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
        let Some(it) = interface(view, &seen.id) else {
            return Ok(None);
        };
        let mtu: Option<u16> = inputs.given(self.name(), "mtu")?;
        if let Some(mtu) = mtu.filter(|wanted| it.mtu.is_some_and(|is| is != *wanted)) {
            let interface = it.id.clone();
            return Ok(Some(Call::DirectConnect(DirectConnectCall::SetMtu {
                interface,
                mtu,
            })));
        }
        Ok(listed::tag_direct_connect(it, it.arn(), step, owner))
    }

    fn delete(&self, seen: &Seen, _view: &View) -> Result<Call, KindError> {
        listed::refuse_adopted(self.title(), seen)?;
        let id: VirtualInterfaceId = listed::id(self.name(), "id", &seen.id)?;
        Ok(Call::DirectConnect(
            DirectConnectCall::DeleteVirtualInterface(id),
        ))
    }

    fn progress(&self, _inputs: &Inputs, id: Option<&str>, goal: Goal, view: &View) -> Progress {
        let object = id.and_then(|id| interface(view, id));
        if goal == Goal::Ready
            && let Some(it) = object.filter(|it| it.is_live())
        {
            let (object, state) = (it.id.to_string(), it.state.to_string());
            // Down means that the router does not answer yet: it needs this one's addresses first.
            return match state.as_str() {
                "available" | "down" | "testing" => Progress::Done,
                "rejected" => Progress::Hopeless {
                    object,
                    state,
                    why: "the owner of the connection has rejected it".to_owned(),
                },
                _ => Progress::Waiting { object, state },
            };
        }
        listed::progress(
            object,
            id,
            self.title(),
            goal,
            Collection::VirtualInterfaces,
            view,
        )
    }

    fn room(&self, inputs: &Inputs, view: &View) -> Progress {
        let connection = inputs.given::<DxConnectionId>(self.name(), "connection");
        let vlan = inputs.given::<u16>(self.name(), "vlan");
        let (Ok(Some(connection)), Ok(Some(vlan))) = (connection, vlan) else {
            return Progress::Done;
        };
        let mut all = view.virtual_interfaces.values();
        let leaving = all.find(|it| {
            it.connection.as_ref() == Some(&connection)
                && it.vlan == Some(vlan)
                && it.state.is("deleting")
        });
        leaving.map_or(Progress::Done, |it| Progress::Waiting {
            object: it.id.to_string(),
            state: it.state.to_string(),
        })
    }

    fn outputs_of(&self, _inputs: &Inputs, id: &str, view: &View) -> BTreeMap<String, Value> {
        interface(view, id).map_or_else(|| listed::only_id(id), outputs)
    }

    fn usual(&self, _goal: Goal) -> Usual {
        Usual::secs(30, 300, 1800)
    }

    fn forgives(&self, call: &Call, fault: &Fault) -> bool {
        let deletes = matches!(
            call,
            Call::DirectConnect(DirectConnectCall::DeleteVirtualInterface(_))
        );
        deletes && listed::is_gone(fault)
    }

    fn owned(&self, site: &SiteName, view: &View) -> Vec<Owned> {
        let mut owned = Vec::new();
        for it in listed::of_site(self.all(view), site) {
            let mut inputs = vec![("name", json!(it.name))];
            inputs.extend(it.connection.as_ref().map(|id| ("connection", json!(id))));
            inputs.extend(it.gateway.as_ref().map(|id| ("gateway", json!(id))));
            let step = listed::step_of(&it.tags, "virtual-interface");
            listed::push_owned(&mut owned, step, it.id.to_string(), Inputs::of(inputs));
        }
        owned
    }

    fn deleted_after(&self) -> &'static [&'static str] {
        &[]
    }
}

impl InterfaceKind {
    /// Another virtual interface where this one shall be.
    fn in_the_place<'a>(
        &self,
        inputs: &Inputs,
        view: &'a View,
    ) -> Result<Option<&'a VirtualInterface>, KindError> {
        let connection: Option<DxConnectionId> = inputs.given(self.name(), "connection")?;
        let vlan: Option<u16> = inputs.given(self.name(), "vlan")?;
        let Some((connection, vlan)) = connection.zip(vlan) else {
            return Ok(None);
        };
        let mut all = view.virtual_interfaces.values().filter(|it| it.is_live());
        Ok(all.find(|it| it.connection.as_ref() == Some(&connection) && it.vlan == Some(vlan)))
    }
}

/// The virtual interface with this id, deleted ones included.
fn interface<'a>(view: &'a View, id: &str) -> Option<&'a VirtualInterface> {
    view.virtual_interfaces.get(&id.parse().ok()?)
}

/// What differs and can never be changed: name, as it is, as it should be.
fn fixed_differences(
    kind: &'static str,
    inputs: &Inputs,
    it: &VirtualInterface,
) -> Result<Vec<(String, String, String)>, KindError> {
    let mut differences = Vec::new();
    let mut compare = |name: &str, is: Option<String>, wanted: Option<String>| {
        if let Some((is, wanted)) = is.zip(wanted).filter(|(is, wanted)| is != wanted) {
            differences.push((name.to_owned(), is, wanted));
        }
    };
    let connection: Option<DxConnectionId> = inputs.given(kind, "connection")?;
    let gateway: Option<DxGatewayId> = inputs.given(kind, "gateway")?;
    let vlan: Option<u16> = inputs.given(kind, "vlan")?;
    let asn: Option<Asn> = inputs.given(kind, "asn")?;
    let text = |it: &dyn std::fmt::Display| it.to_string();
    compare(
        "connection",
        it.connection.as_ref().map(|it| text(it)),
        connection.map(|it| text(&it)),
    );
    compare(
        "gateway",
        it.gateway.as_ref().map(|it| text(it)),
        gateway.map(|it| text(&it)),
    );
    compare(
        "vlan",
        it.vlan.map(|it| text(&it)),
        vlan.map(|it| text(&it)),
    );
    compare("asn", it.asn.map(|it| text(&it)), asn.map(|it| text(&it)));
    if let Some((amazon, router)) = addresses(kind, inputs)? {
        let peer = it.peers.iter().find(|peer| peer.family != "ipv6");
        let amazon_is = peer.and_then(|it| it.amazon_address);
        let router_is = peer.and_then(|it| it.customer_address);
        compare(
            "addresses.amazon",
            amazon_is.map(|it| text(&it)),
            Some(text(&amazon)),
        );
        compare(
            "addresses.router",
            router_is.map(|it| text(&it)),
            Some(text(&router)),
        );
    }
    Ok(differences)
}

fn addresses(kind: &'static str, inputs: &Inputs) -> Result<Option<(Ipv4Net, Ipv4Net)>, KindError> {
    let addresses: Option<crate::spec::LinkAddresses> = inputs.given(kind, "addresses")?;
    Ok(addresses.map(|it| (it.amazon, it.router)))
}

fn outputs(it: &VirtualInterface) -> BTreeMap<String, Value> {
    let mut outputs = listed::only_id(it.id());
    let peer = it.peers.iter().find(|peer| peer.family != "ipv6");
    let amazon = peer.and_then(|it| it.amazon_address);
    let router = peer.and_then(|it| it.customer_address);
    outputs.extend(amazon.map(|it| ("amazon_address".to_owned(), json!(it))));
    outputs.extend(router.map(|it| ("router_address".to_owned(), json!(it))));
    outputs.extend(it.mtu.map(|it| ("mtu".to_owned(), json!(it))));
    outputs
}
