//! The IAM policy for exactly one plan, or for one site.
//!
//! Creating is allowed only with the site's tag in the request, changing and deleting only on what
//! carries it. Which action knows which resource and which condition key is what the service
//! authorization reference says of EC2.

mod direct_connect;
mod named;
mod transit;

use std::collections::BTreeSet;

use serde_json::{Value, json};

pub(super) use self::direct_connect::ASKING;
use self::direct_connect::Use;
use self::named::{foreign_connections, foreign_gateways, networks};
use self::transit::has_transit;
use super::model::{Mode, Plan};
use super::permissions::describing;
use crate::aws::{Collection, service_of};
use crate::resource::TAG_SITE;
use crate::spec::{AccountId, Region, SiteName};

/// Characters that a managed policy may have, white space not counted (IAM quotas).
pub const LARGEST_POLICY: usize = 6144;

/// What a policy is for.
#[derive(Clone, Copy, Debug)]
pub enum PolicyFor<'a> {
    /// Exactly this plan: what it adopts is named by its ARN.
    Plan(&'a Plan),
    /// One site, whatever its plan will be.
    Site {
        /// The site.
        site: &'a SiteName,
        /// Where.
        region: &'a Region,
        /// In which account; none stands for any.
        account: Option<&'a AccountId>,
        /// What for.
        scope: Scope,
        /// Whether it is reached over a transit gateway.
        transit: bool,
        /// Whether it has a Direct Connect as well.
        direct_connect: bool,
    },
}

/// How much a site's policy allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Looking.
    Plan,
    /// Bringing the site up and changing it.
    Onboard,
    /// Taking it away.
    Teardown,
    /// Moving its traffic between its two ways, and trying that.
    Cutover,
}

/// Actions that make something, with what they make.
const CREATING: [(&str, &str); 5] = [
    ("CreateCustomerGateway", "customer-gateway/*"),
    ("CreateTransitGateway", "transit-gateway/*"),
    (
        "CreateTransitGatewayVpcAttachment",
        "transit-gateway-attachment/*",
    ),
    ("CreateVpnConnection", "vpn-connection/*"),
    ("CreateVpnGateway", "vpn-gateway/*"),
];
const ONBOARDING: [&str; 7] = [
    "AttachVpnGateway",
    "CreateCustomerGateway",
    "CreateVpnConnection",
    "CreateVpnConnectionRoute",
    "CreateVpnGateway",
    "EnableVgwRoutePropagation",
    "ModifyVpnTunnelOptions",
];
const TEARING_DOWN: [&str; 6] = [
    "DeleteCustomerGateway",
    "DeleteVpnConnection",
    "DeleteVpnConnectionRoute",
    "DeleteVpnGateway",
    "DetachVpnGateway",
    "DisableVgwRoutePropagation",
];
/// Actions between a gateway and a network that AWS checks on both.
const JOINING: [&str; 4] = [
    "AttachVpnGateway",
    "DetachVpnGateway",
    "DisableVgwRoutePropagation",
    "EnableVgwRoutePropagation",
];

/// The policy document, version 2012-10-17.
pub fn policy(subject: &PolicyFor<'_>) -> Value {
    let subject = Subject::of(subject);
    let mut statements = vec![subject.look()];
    statements.extend(subject.create());
    statements.extend(subject.connect());
    statements.extend(subject.join());
    statements.extend(subject.attach_vpc());
    statements.extend(subject.route());
    statements.extend(subject.direct_connect());
    statements.extend(subject.change());
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// What the statements are made of.
struct Subject {
    site: String,
    arn: String,
    actions: BTreeSet<String>,
    /// Whether to allow setting tags on what exists.
    retags: bool,
    /// Whether to read what the two ends agreed on.
    verifies: bool,
    /// What is done with a Direct Connect besides what the actions say.
    direct_connect: Use,
    /// Gateways that are used and not the site's; none means any.
    gateways: Option<BTreeSet<String>>,
    /// Connections that are used and not, or perhaps not, the site's.
    connections: BTreeSet<String>,
    /// VPCs and route tables; none means any.
    networks: Option<BTreeSet<String>>,
    /// Whether transit gateways come into it.
    transit: bool,
}

impl Subject {
    fn of(subject: &PolicyFor<'_>) -> Self {
        match subject {
            PolicyFor::Plan(plan) => Self::of_plan(plan),
            PolicyFor::Site {
                site,
                region,
                account,
                scope,
                transit,
                direct_connect,
            } => {
                let actions: &[&str] = match (scope, transit) {
                    (Scope::Plan | Scope::Cutover, _) => &[],
                    (Scope::Onboard, false) => &ONBOARDING,
                    (Scope::Onboard, true) => &transit::ONBOARDING,
                    (Scope::Teardown, false) => &TEARING_DOWN,
                    (Scope::Teardown, true) => &transit::TEARING_DOWN,
                };
                let more = match direct_connect {
                    true => direct_connect::actions(*scope, *transit),
                    false => Vec::new(),
                };
                let actions = actions.iter().chain(&more);
                Self {
                    site: site.to_string(),
                    arn: arn(region, *account),
                    actions: actions.map(|action| (*action).to_owned()).collect(),
                    retags: *scope == Scope::Onboard,
                    verifies: matches!(scope, Scope::Onboard | Scope::Cutover),
                    direct_connect: match (direct_connect, scope) {
                        (false, _) => Use::None,
                        (true, Scope::Cutover) => Use::Steered,
                        (true, _) => Use::Seen,
                    },
                    gateways: None,
                    connections: BTreeSet::new(),
                    networks: None,
                    transit: *transit,
                }
            }
        }
    }

    fn of_plan(plan: &Plan) -> Self {
        let actions = plan.steps.iter().flat_map(|step| &step.actions).cloned();
        let mut actions: BTreeSet<String> = actions.collect();
        let retags = actions.remove("CreateTags");
        Self {
            site: plan.site.to_string(),
            arn: arn(&plan.region, plan.account.as_ref()),
            actions,
            retags,
            verifies: plan.mode == Mode::Onboard,
            direct_connect: match direct_connect::is_in(plan) {
                true => Use::Seen,
                false => Use::None,
            },
            gateways: Some(foreign_gateways(plan)),
            connections: foreign_connections(plan),
            networks: networks(plan),
            transit: has_transit(plan),
        }
    }

    fn resource(&self, name: &str) -> String {
        // A transit gateway may be another account's that shares it, and its ARN is that account's.
        match (
            name.starts_with("transit-gateway/"),
            self.arn.rsplitn(3, ':').nth(2),
        ) {
            (true, Some(before_account)) => format!("{before_account}:*:{name}"),
            _ => format!("{}{name}", self.arn),
        }
    }

    fn owned(&self) -> Vec<String> {
        let names: &[&str] = match self.transit {
            false => &["customer-gateway/*", "vpn-connection/*", "vpn-gateway/*"],
            true => &[
                "customer-gateway/*",
                "vpn-connection/*",
                "transit-gateway/*",
                "transit-gateway-attachment/*",
            ],
        };
        names.iter().map(|name| self.resource(name)).collect()
    }

    fn has_tag(&self) -> Value {
        json!({ "StringEquals": { format!("aws:ResourceTag/{TAG_SITE}"): self.site } })
    }

    fn chosen(&self, of: &[&str]) -> Vec<String> {
        of.iter()
            .filter(|action| self.actions.contains(**action))
            .map(|action| format!("ec2:{action}"))
            .collect()
    }

    fn look(&self) -> Value {
        let mut actions = vec!["sts:GetCallerIdentity".to_owned()];
        let looks = describing(Collection::ALL);
        actions.extend(looks.into_iter().map(|action| format!("ec2:{action}")));
        statement("Look", &actions, &["*".to_owned()], None)
    }

    /// Creating is allowed on the resource that is made, and only with the site's tag on it.
    fn create(&self) -> Vec<Value> {
        let made: Vec<_> = CREATING
            .iter()
            .filter(|(action, _)| self.actions.contains(*action))
            .collect();
        if made.is_empty() {
            return Vec::new();
        }
        let asked = format!("aws:RequestTag/{TAG_SITE}");
        let tagged = json!({ "StringEquals": { &asked: self.site } });
        let mut statements: Vec<Value> = made
            .iter()
            .map(|(action, resource)| {
                statement(
                    action,
                    &[format!("ec2:{action}")],
                    &[self.resource(resource)],
                    Some(tagged.clone()),
                )
            })
            .collect();
        let creating: Vec<&str> = made.iter().map(|(action, _)| *action).collect();
        let resources: Vec<String> = made.iter().map(|(_, it)| self.resource(it)).collect();
        statements.push(statement(
            "TagWhatIsCreated",
            &["ec2:CreateTags".to_owned()],
            &resources,
            Some(json!({
                "StringEquals": { asked: self.site, "ec2:CreateAction": creating }
            })),
        ));
        statements
    }

    /// A connection is checked on its two gateways as well, which the request does not tag.
    fn connect(&self) -> Vec<Value> {
        let action = self.chosen(&["CreateVpnConnection"]);
        if action.is_empty() {
            return Vec::new();
        }
        let gateway = match self.transit {
            false => "vpn-gateway/*",
            true => "transit-gateway/*",
        };
        let any = ["customer-gateway/*", gateway].map(|name| self.resource(name));
        let Some(foreign) = &self.gateways else {
            return vec![statement("ConnectGateways", &action, &any, None)];
        };
        let mut statements = vec![statement(
            "ConnectOwnGateways",
            &action,
            &any,
            Some(self.has_tag()),
        )];
        let foreign: Vec<String> = foreign.iter().map(|name| self.resource(name)).collect();
        if !foreign.is_empty() {
            statements.push(statement("ConnectAdopted", &action, &foreign, None));
        }
        statements
    }

    /// Attaching and propagating are checked on the gateway and on the network.
    fn join(&self) -> Vec<Value> {
        let actions = self.chosen(&JOINING);
        if actions.is_empty() {
            return Vec::new();
        }
        let any = [self.resource("vpn-gateway/*")];
        let networks = match &self.networks {
            Some(named) => named.iter().map(|name| self.resource(name)).collect(),
            None => vec![self.resource("route-table/*"), self.resource("vpc/*")],
        };
        let mut statements = vec![statement("JoinNetworks", &actions, &networks, None)];
        match &self.gateways {
            Some(foreign) => {
                statements.push(statement("JoinOwn", &actions, &any, Some(self.has_tag())));
                let foreign = foreign
                    .iter()
                    .filter(|name| name.starts_with("vpn-gateway/"));
                let foreign: Vec<String> = foreign.map(|name| self.resource(name)).collect();
                if !foreign.is_empty() {
                    statements.push(statement("JoinAdopted", &actions, &foreign, None));
                }
            }
            // An adopted gateway has no tag of ours; detaching one is never needed.
            None => {
                let (own, free): (Vec<_>, Vec<_>) = actions
                    .into_iter()
                    .partition(|action| action == "ec2:DetachVpnGateway");
                if !own.is_empty() {
                    statements.push(statement("DetachOwn", &own, &any, Some(self.has_tag())));
                }
                statements.push(statement("JoinGateways", &free, &any, None));
            }
        }
        statements
    }

    fn change(&self) -> Vec<Value> {
        let mut statements = Vec::new();
        let mut actions: Vec<String> = self
            .actions
            .iter()
            .filter(|action| CREATING.iter().all(|(making, _)| making != action))
            .filter(|action| !JOINING.contains(&action.as_str()))
            .filter(|action| !transit::ROUTING.contains(&action.as_str()))
            .filter(|action| service_of(action) == "ec2")
            .map(|action| format!("ec2:{action}"))
            .collect();
        // A static route made right after its connection is the connection's change.
        if self.retags {
            actions.push("ec2:CreateTags".to_owned());
        }
        if !actions.is_empty() {
            statements.push(statement(
                "ChangeOwn",
                &actions,
                &self.owned(),
                Some(self.has_tag()),
            ));
        }
        if self.verifies {
            // This action knows EC2's own spelling of the condition only.
            let own =
                json!({ "StringEquals": { format!("ec2:ResourceTag/{TAG_SITE}"): self.site } });
            statements.push(statement(
                "VerifyOwn",
                &["ec2:GetActiveVpnTunnelStatus".to_owned()],
                &[self.resource("vpn-connection/*")],
                Some(own),
            ));
        }
        statements.extend(self.change_adopted());
        statements
    }
}

impl Subject {
    /// What is done to a connection that may not carry the site's tag, named by its ARN.
    fn change_adopted(&self) -> Option<Value> {
        let named: Vec<String> = self
            .connections
            .iter()
            .map(|id| self.resource(id))
            .collect();
        let mut actions = self.chosen(&["CreateVpnConnectionRoute", "ModifyVpnTunnelOptions"]);
        if self.verifies {
            actions.push("ec2:GetActiveVpnTunnelStatus".to_owned());
        }
        (!named.is_empty()).then(|| statement("ChangeAdopted", &actions, &named, None))
    }
}

pub(super) fn statement(
    sid: &str,
    actions: &[String],
    resources: &[String],
    when: Option<Value>,
) -> Value {
    let mut statement = json!({
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions,
        "Resource": resources,
    });
    if let (Some(when), Some(fields)) = (when, statement.as_object_mut()) {
        fields.insert("Condition".to_owned(), when);
    }
    statement
}

/// The part of AWS that a Region belongs to, as ARNs name it.
pub(super) fn partition(region: &Region) -> &'static str {
    match region.as_str() {
        code if code.starts_with("cn-") => "aws-cn",
        code if code.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

fn arn(region: &Region, account: Option<&AccountId>) -> String {
    let partition = partition(region);
    let account = account.map_or("*", AccountId::as_str);
    format!("arn:{partition}:ec2:{region}:{account}:")
}
