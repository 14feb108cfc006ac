//! Sites, views and a model of AWS for this stage's tests.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use ipnet::{IpNet, Ipv4Net};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use ulid::Ulid;

use super::model::{Plan, PlannedStep};
use super::question::Question;
use super::resolve::{Outputs, resolve};
use super::{PlanErrors, onboard};
use crate::aws::{
    Attachment, Call, Collection, CustomerGateway, Route, RouteTable, State, Tags, View, Vpc,
    VpnConnection, VpnGateway,
};
use crate::playbook;
use crate::resource::testing::{apply, keys, set_up};
use crate::resource::{self, Change, Inputs, Keys, Kind, Policy};
use crate::spec::{AccountId, RouteTables, Routing, Site};
use crate::tunnel::TunnelOptions;

pub(super) const VPC: &str = "vpc-0a1b2c3d4e5f67890";
pub(super) const TABLES: [&str; 2] = ["rtb-0a1b2c3d4e5f60001", "rtb-0a1b2c3d4e5f60002"];
pub(super) const FOREIGN_VGW: &str = "vgw-0b1b2c3d4e5f60001";

static NOTHING: LazyLock<BTreeSet<String>> = LazyLock::new(BTreeSet::new);

pub(super) fn now() -> Timestamp {
    "2026-11-22T08:00:00Z".parse().unwrap()
}

pub(super) fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

/// A test site with BGP behind a strongSwan gateway.
pub(super) fn site() -> Site {
    let mut site = crate::tunnel::sample::site();
    site.gateway.outside_ip = [18, 184, 30, 7].into();
    site.expires_after = Some(SignedDuration::from_hours(8));
    site
}

pub(super) fn static_site() -> Site {
    let mut site = site();
    site.name = "shop-12".parse().unwrap();
    site.routing = Routing::Static;
    site.gateway.device = "generic".to_owned();
    site.lan = vec!["10.30.1.0/24".parse().unwrap()];
    site
}

/// A Region with the site's VPC, two route tables and nothing else.
pub(super) fn view() -> View {
    let vpc: Vpc = Vpc {
        id: VPC.parse().unwrap(),
        cidrs: vec!["10.0.0.0/16".parse().unwrap()],
        tags: Tags::new(),
    };
    let tables = TABLES.map(|id| RouteTable {
        id: id.parse().unwrap(),
        vpc: vpc.id.clone(),
        main: id == TABLES[0],
        routes: vec![
            route("10.0.0.0/16", "local"),
            route("0.0.0.0/0", "igw-0a1b2c3d"),
        ],
        propagating: BTreeSet::new(),
        tags: Tags::new(),
    });
    View {
        looked_at: Collection::ALL.map(|it| (it, now())).into(),
        vpcs: [(vpc.id.clone(), vpc)].into(),
        route_tables: tables.into_iter().map(|it| (it.id.clone(), it)).collect(),
        ..View::default()
    }
}

/// The same with a gateway that somebody else made and attached.
pub(super) fn view_with_gateway() -> View {
    let mut view = view();
    add_gateway(&mut view, FOREIGN_VGW, Some(VPC));
    view
}

pub(super) fn route(net: &str, target: &str) -> Route {
    Route {
        destination: Some(net.parse::<IpNet>().unwrap()),
        target: target.to_owned(),
        propagated: false,
        state: State::new("active"),
    }
}

pub(super) fn add_gateway(view: &mut View, id: &str, vpc: Option<&str>) {
    let gateway = VpnGateway {
        id: id.parse().unwrap(),
        state: State::new("available"),
        amazon_side_asn: Some(64512.try_into().unwrap()),
        attachments: vpc
            .into_iter()
            .map(|vpc| Attachment {
                vpc: vpc.parse().unwrap(),
                state: State::new("attached"),
            })
            .collect(),
        tags: Tags::new(),
    };
    view.vpn_gateways.insert(gateway.id.clone(), gateway);
}

/// A connection of somebody else on a gateway, with a customer gateway of its own.
pub(super) fn add_neighbour(view: &mut View, number: u32, gateway: &str, tags: Tags) -> String {
    let customer = CustomerGateway {
        id: format!("cgw-{number:017x}").parse().unwrap(),
        state: State::new("available"),
        ip_address: Some(std::net::Ipv4Addr::from(0x1234_0000 + number).into()),
        bgp_asn: Some(65100.try_into().unwrap()),
        device_name: None,
        tags: tags.clone(),
    };
    let id = format!("vpn-{number:017x}");
    let connection = VpnConnection {
        id: id.parse().unwrap(),
        state: State::new("available"),
        customer_gateway: Some(customer.id.clone()),
        vpn_gateway: Some(gateway.parse().unwrap()),
        transit_gateway: None,
        accelerated: false,
        large_bandwidth: false,
        transport: None,
        static_routes_only: false,
        tunnels: Vec::new(),
        telemetry: Vec::new(),
        routes: Vec::new(),
        configuration: None,
        tags,
    };
    view.customer_gateways.insert(customer.id.clone(), customer);
    view.vpn_connections
        .insert(connection.id.clone(), connection);
    id
}

pub(super) fn ulid(number: u128) -> Ulid {
    let millis = u64::try_from(now().as_millisecond()).unwrap();
    Ulid::from_parts(millis, number)
}

pub(super) fn question<'a>(site: &'a Site, view: Option<&'a View>) -> Question<'a> {
    Question {
        site,
        playbook: playbook::choose(site).unwrap_or(&playbook::builtin()[0]),
        view,
        account: view.map(|_| account()),
        run: ulid(7),
        now: now(),
        policy: Policy::default(),
        accept: &NOTHING,
    }
}

pub(super) fn planned(site: &Site, view: &View) -> Result<Plan, PlanErrors> {
    onboard(&question(site, Some(view)))
}

/// The codes of a refusal, in order.
pub(super) fn refused(site: &Site, view: &View) -> Vec<String> {
    match planned(site, view) {
        Ok(_) => Vec::new(),
        Err(PlanErrors::Refused(refusals)) => refusals.into_iter().map(|it| it.code).collect(),
        Err(error) => panic!("{error}"),
    }
}

pub(super) fn warned(plan: &Plan) -> Vec<&str> {
    plan.warnings.iter().map(|it| it.code.as_str()).collect()
}

/// The view after the plan was applied: each step's calls, done at once; every tunnel is up.
pub(super) fn applied(plan: &Plan, view: &View) -> View {
    let mut view = view.clone();
    let mut outputs = Outputs::new();
    let options: Vec<TunnelOptions> = plan.tunnels.iter().map(|it| it.options.clone()).collect();
    let keys = keys(&options);
    for step in &plan.steps {
        let kind = resource::registry().find(&step.node.kind).unwrap();
        let inputs = resolve(&step.node, &outputs);
        let find = |view: &View| {
            kind.find(&step.node.id, &inputs, &plan.owner, view)
                .unwrap()
        };
        match step.change {
            Change::Create if find(&view).chosen().is_some() => {
                made_by_aws(kind, step, &inputs, plan, &mut view);
            }
            Change::Create => {
                let call = kind
                    .create(&step.node.id, &inputs, &plan.owner, &keys)
                    .unwrap();
                assert_eq!(step.actions, [call.action()]);
                apply(&mut view, &call).unwrap();
            }
            Change::Update => update(kind, step, &inputs, plan, &keys, &mut view),
            Change::Delete => {
                let finding = find(&view);
                let call = kind.delete(finding.chosen().unwrap(), &view).unwrap();
                assert_eq!(step.actions, [call.action()]);
                apply(&mut view, &call).unwrap();
                continue;
            }
            Change::Keep | Change::Adopt => {}
            Change::Replace => {
                let away = kind.delete(find(&view).chosen().unwrap(), &view).unwrap();
                apply(&mut view, &away).unwrap();
                let call = kind.create(&step.node.id, &inputs, &plan.owner, &keys);
                apply(&mut view, &call.unwrap()).unwrap();
            }
        }
        for connection in view.vpn_connections.values_mut() {
            connection.telemetry.iter_mut().for_each(|it| it.up = true);
        }
        let finding = find(&view);
        let seen = finding.chosen().unwrap();
        outputs.insert(step.node.id.clone(), seen.outputs.clone());
    }
    view
}

/// What AWS has made meanwhile is put right as the engine does it.
fn made_by_aws(kind: &dyn Kind, step: &PlannedStep, inputs: &Inputs, plan: &Plan, view: &mut View) {
    assert!(kind.is_made_by_aws(), "{} is there already", step.node.id);
    let found = kind.find(&step.node.id, inputs, &plan.owner, view).unwrap();
    let decided = kind.decide(inputs, &found, view, Policy::default());
    if decided.unwrap().change == Change::Replace {
        let away = kind.delete(found.chosen().unwrap(), view).unwrap();
        apply(view, &away).unwrap();
        let call = kind.create(&step.node.id, inputs, &plan.owner, &Keys::new());
        apply(view, &call.unwrap()).unwrap();
    }
}

fn update(
    kind: &dyn Kind,
    step: &PlannedStep,
    inputs: &Inputs,
    plan: &Plan,
    keys: &Keys,
    view: &mut View,
) {
    let mut called = Vec::new();
    loop {
        let found = kind.find(&step.node.id, inputs, &plan.owner, view).unwrap();
        let seen = found.chosen().unwrap();
        let call = kind.update(&step.node.id, inputs, seen, view, &plan.owner, keys);
        let Some(call) = call.unwrap() else { break };
        called.push(call.action().to_owned());
        apply(view, &call).unwrap();
        if let Call::ModifyVpnTunnelOptions {
            connection,
            outside,
            ..
        } = call
        {
            set_up(
                view.vpn_connections.get_mut(&connection).unwrap(),
                outside,
                true,
            );
        }
    }
    called.sort();
    let mut foretold = step.actions.clone();
    foretold.sort();
    assert_eq!(called, foretold);
}

/// A site whose route tables are listed.
pub(super) fn listing(mut site: Site, tables: &[&str]) -> Site {
    site.aws.route_tables =
        RouteTables::Listed(tables.iter().map(|id| id.parse().unwrap()).collect());
    site
}

pub(super) fn nets(nets: &[&str]) -> Vec<Ipv4Net> {
    nets.iter().map(|net| net.parse().unwrap()).collect()
}

pub(super) fn as_tags(pairs: &[(&str, &str)]) -> Tags {
    let owned = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    owned.collect()
}

pub(super) fn as_json(plan: &Plan) -> String {
    format!("{:#}", json!(plan))
}
