//! What a policy says about Direct Connect.
//!
//! Its objects are global or made by others, and ids are AWS's choice: what can be bound is bound by
//! the site's tag (AWS service authorization reference, "Actions, resources, and condition keys for
//! AWS Direct Connect").

use serde_json::{Value, json};

use super::{Scope, Subject, statement};
use crate::aws::{Collection, service_of};
use crate::plan::model::Plan;
use crate::plan::permissions::describing;
use crate::resource::TAG_SITE;

/// Actions that make something with tags in the request.
const MAKING: [&str; 4] = [
    "CreateConnection",
    "CreateDirectConnectGateway",
    "CreatePrivateVirtualInterface",
    "CreateTransitVirtualInterface",
];

/// What onboarding may call, whichever kind of virtual interface it makes.
const ONBOARDING: [&str; 6] = [
    "ConfirmConnection",
    "CreateConnection",
    "CreateDirectConnectGateway",
    "CreateDirectConnectGatewayAssociation",
    "UpdateDirectConnectGatewayAssociation",
    "UpdateVirtualInterfaceAttributes",
];
/// What tearing down may call.
const TEARING_DOWN: [&str; 4] = [
    "DeleteConnection",
    "DeleteDirectConnectGateway",
    "DeleteDirectConnectGatewayAssociation",
    "DeleteVirtualInterface",
];
/// What is asked about a virtual interface by whoever verifies.
pub(in crate::plan) const ASKING: [&str; 2] = [
    "ListVirtualInterfaceRoutes",
    "ListVirtualInterfaceTestHistory",
];
/// What chooses between a site's two ways, and tries the fail-over.
const STEERING: [&str; 4] = [
    "StartBgpFailoverTest",
    "StopBgpFailoverTest",
    "TagResource",
    "UntagResource",
];

/// What is done with a site's Direct Connect.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// There is none.
    None,
    /// It is looked at.
    Seen,
    /// It is chosen or left, and its fail-over tried.
    Steered,
}

/// What a site's Direct Connect may need, whatever its plan will be.
pub(super) fn actions(scope: Scope, transit: bool) -> Vec<&'static str> {
    match scope {
        Scope::Plan | Scope::Cutover => Vec::new(),
        Scope::Onboard => {
            let making = match transit {
                false => "CreatePrivateVirtualInterface",
                true => "CreateTransitVirtualInterface",
            };
            [&ONBOARDING[..], &[making]].concat()
        }
        Scope::Teardown => TEARING_DOWN.to_vec(),
    }
}

/// Whether a plan is about a Direct Connect.
pub(super) fn is_in(plan: &Plan) -> bool {
    let kinds = plan.steps.iter().map(|step| step.node.kind.as_str());
    kinds.into_iter().any(is_of_direct_connect)
}

/// Whether a kind is one of Direct Connect's.
fn is_of_direct_connect(kind: &str) -> bool {
    kind.starts_with("dx_") || kind.ends_with("virtual_interface")
}

impl Subject {
    /// Looking at Direct Connect, and what a plan does with it.
    pub(super) fn direct_connect(&self) -> Vec<Value> {
        let of_service = |action: &&String| service_of(action) == "directconnect";
        let actions: Vec<&String> = self.actions.iter().filter(of_service).collect();
        if actions.is_empty() && self.direct_connect == Use::None {
            return Vec::new();
        }
        let any = ["*".to_owned()];
        let looks = describing(Collection::DIRECT_CONNECT);
        let letter =
            (self.verifies && self.direct_connect != Use::Steered).then_some("DescribeLoa");
        let asks = ASKING.iter().copied().filter(|_| self.verifies);
        let looks = looks.into_iter().chain(letter).chain(asks);
        let looks: Vec<String> = looks.map(named).collect();
        let mut statements = vec![statement("LookAtDirectConnect", &looks, &any, None)];
        let (making, using): (Vec<&String>, Vec<&String>) = actions
            .into_iter()
            .partition(|action| MAKING.contains(&action.as_str()));
        if !making.is_empty() {
            let mut making: Vec<String> = making.into_iter().map(named).collect();
            making.push(named("TagResource"));
            let asked = format!("aws:RequestTag/{TAG_SITE}");
            let tagged = json!({ "StringEquals": { asked: self.site } });
            statements.push(statement("MakeDirectConnect", &making, &any, Some(tagged)));
        }
        let using: Vec<String> = using.into_iter().map(named).collect();
        if !using.is_empty() {
            statements.push(statement("UseDirectConnect", &using, &any, None));
        }
        if self.direct_connect == Use::Steered {
            // AWS knows the tags of virtual interfaces, and of nothing that they lead to.
            let interfaces = self.arn.replacen(":ec2:", ":directconnect:", 1);
            let own = [format!("{interfaces}dxvif/*")];
            let steering = STEERING.map(named);
            statements.push(statement(
                "SteerDirectConnect",
                &steering,
                &own,
                Some(self.has_tag()),
            ));
        }
        statements
    }
}

fn named(action: impl AsRef<str>) -> String {
    format!("directconnect:{}", action.as_ref())
}
