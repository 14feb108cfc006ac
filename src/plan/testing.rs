//! Sites, views and a model of AWS for this stage's tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use ipnet::{IpNet, Ipv4Net};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use ulid::Ulid;

use super::model::Plan;
use super::question::Question;
use super::resolve::{Outputs, resolve};
use super::{PlanErrors, onboard, wire};
use crate::aws::{
    Attachment, Call, Collection, CustomerGateway, Route, RouteTable, SeenTunnel, State,
    StaticRoute, Tags, Telemetry, View, Vpc, VpnConnection, VpnGateway,
};
use crate::playbook;
use crate::resource::{self, Change, Policy};
use crate::spec::{AccountId, RouteTables, Routing, Site, VpnGatewayId};
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
        playbook: playbook::choose(site).unwrap(),
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

/// The view after the plan was applied: each step's calls, done at once and without a mistake.
pub(super) fn applied(plan: &Plan, view: &View) -> View {
    let mut view = view.clone();
    let mut outputs = Outputs::new();
    let keys = wire::made_up_keys(
        plan.tunnels
            .iter()
            .map(|it| it.options.clone())
            .collect::<Vec<TunnelOptions>>()
            .try_into()
            .ok()
            .as_ref(),
    );
    for step in &plan.steps {
        let kind = resource::registry().find(&step.node.kind).unwrap();
        let inputs = resolve(&step.node, &outputs);
        let find = |view: &View| {
            kind.find(&step.node.id, &inputs, &plan.owner, view)
                .unwrap()
        };
        match step.change {
            Change::Create => {
                let call = kind
                    .create(&step.node.id, &inputs, &plan.owner, &keys)
                    .unwrap();
                apply(&call, &mut view);
            }
            Change::Update => loop {
                let finding = find(&view);
                let seen = finding.chosen().unwrap();
                let call = kind
                    .update(&step.node.id, &inputs, seen, &view, &plan.owner, &keys)
                    .unwrap();
                match call {
                    Some(call) => apply(&call, &mut view),
                    None => break,
                }
            },
            Change::Delete => {
                let finding = find(&view);
                let call = kind.delete(finding.chosen().unwrap(), &view).unwrap();
                apply(&call, &mut view);
                continue;
            }
            Change::Keep | Change::Adopt => {}
            Change::Replace => unimplemented!(),
        }
        let finding = find(&view);
        let seen = finding.chosen().unwrap();
        outputs.insert(step.node.id.clone(), seen.outputs.clone());
    }
    view
}

fn next_id(prefix: &str, count: usize) -> String {
    format!("{prefix}-0{count:016x}")
}

/// One call's effect.
#[expect(clippy::too_many_lines, reason = "one arm per call")]
pub(super) fn apply(call: &Call, view: &mut View) {
    let available = || State::new("available");
    match call.clone() {
        Call::CreateCustomerGateway {
            ip_address,
            bgp_asn,
            device_name,
            tags,
        } => {
            let id = next_id("cgw", 0xc00 + view.customer_gateways.len());
            let made = CustomerGateway {
                id: id.parse().unwrap(),
                state: available(),
                ip_address: Some(ip_address),
                bgp_asn: Some(bgp_asn),
                device_name: Some(device_name),
                tags,
            };
            view.customer_gateways.insert(made.id.clone(), made);
        }
        Call::CreateVpnGateway {
            amazon_side_asn,
            tags,
        } => {
            let id = next_id("vgw", 0xf00 + view.vpn_gateways.len());
            add_gateway(view, &id, None);
            let made = view.vpn_gateways.get_mut(&id.parse().unwrap()).unwrap();
            made.amazon_side_asn = Some(amazon_side_asn);
            made.tags = tags;
        }
        Call::AttachVpnGateway { vpn_gateway, vpc } => {
            let gateway = view.vpn_gateways.get_mut(&vpn_gateway).unwrap();
            gateway.attachments.push(Attachment {
                vpc,
                state: State::new("attached"),
            });
        }
        Call::DetachVpnGateway { vpn_gateway, .. } => {
            let gateway = view.vpn_gateways.get_mut(&vpn_gateway).unwrap();
            gateway.attachments.clear();
        }
        Call::CreateVpnConnection {
            customer_gateway,
            vpn_gateway,
            static_routes_only,
            tunnels,
            tags,
        } => {
            let id = next_id("vpn", 0xa00 + view.vpn_connections.len());
            let outside = |n: u8| [203, 0, 113, n].into();
            let made = VpnConnection {
                id: id.parse().unwrap(),
                state: available(),
                customer_gateway: Some(customer_gateway),
                vpn_gateway: Some(vpn_gateway),
                transit_gateway: None,
                static_routes_only,
                // In AWS's order, which is not ours.
                tunnels: vec![
                    seen(&tunnels[1].0, outside(9)),
                    seen(&tunnels[0].0, outside(8)),
                ],
                telemetry: [8, 9]
                    .map(|n| Telemetry {
                        outside: outside(n),
                        up: true,
                        message: String::new(),
                        accepted_routes: 1,
                        changed_at: Some(now()),
                    })
                    .into(),
                routes: Vec::new(),
                configuration: None,
                tags,
            };
            view.vpn_connections.insert(made.id.clone(), made);
        }
        Call::CreateVpnConnectionRoute {
            connection,
            destination,
        } => {
            let routes = &mut view.vpn_connections.get_mut(&connection).unwrap().routes;
            routes.push(StaticRoute {
                destination,
                state: available(),
            });
        }
        Call::DeleteVpnConnectionRoute {
            connection,
            destination,
        } => {
            let routes = &mut view.vpn_connections.get_mut(&connection).unwrap().routes;
            routes.retain(|it| it.destination != destination);
        }
        Call::EnableVgwRoutePropagation {
            route_table,
            vpn_gateway,
        } => {
            let table = view.route_tables.get_mut(&route_table).unwrap();
            table.propagating.insert(vpn_gateway);
        }
        Call::DisableVgwRoutePropagation {
            route_table,
            vpn_gateway,
        } => {
            let table = view.route_tables.get_mut(&route_table).unwrap();
            assert!(table.propagating.remove(&vpn_gateway));
        }
        Call::ModifyVpnTunnelOptions {
            connection,
            outside,
            options,
            ..
        } => {
            let tunnels = &mut view.vpn_connections.get_mut(&connection).unwrap().tunnels;
            let changed = tunnels.iter_mut().find(|it| it.outside == Some(outside));
            *changed.unwrap() = seen(&options, outside);
        }
        Call::CreateTags { resource, tags } => tags_of(view, &resource).extend(tags),
        Call::DeleteCustomerGateway(id) => {
            assert!(view.customer_gateways.remove(&id).is_some());
        }
        Call::DeleteVpnGateway(id) => {
            let gateway = view.vpn_gateways.remove(&id).unwrap();
            assert!(gateway.attachments.is_empty());
            assert!(!view.vpn_connections.values().any(|it| ends_on(it, &id)));
        }
        Call::DeleteVpnConnection(id) => {
            assert!(view.vpn_connections.remove(&id).is_some());
        }
    }
}

fn ends_on(connection: &VpnConnection, gateway: &VpnGatewayId) -> bool {
    connection.vpn_gateway.as_ref() == Some(gateway)
}

pub(super) fn tags_of<'a>(view: &'a mut View, id: &str) -> &'a mut Tags {
    match id.split('-').next().unwrap() {
        "cgw" => {
            &mut view
                .customer_gateways
                .get_mut(&id.parse().unwrap())
                .unwrap()
                .tags
        }
        "vgw" => {
            &mut view
                .vpn_gateways
                .get_mut(&id.parse().unwrap())
                .unwrap()
                .tags
        }
        _ => {
            &mut view
                .vpn_connections
                .get_mut(&id.parse().unwrap())
                .unwrap()
                .tags
        }
    }
}

/// Options as AWS echoes them.
pub(super) fn seen(options: &TunnelOptions, outside: std::net::Ipv4Addr) -> SeenTunnel {
    let one = |word: &dyn std::fmt::Display| vec![word.to_string()];
    SeenTunnel {
        outside: Some(outside),
        inside_cidr: Some(options.inside_cidr),
        ike_versions: one(&options.ike_version),
        phase1_encryption: one(&options.phase1.encryption),
        phase1_integrity: one(&options.phase1.integrity),
        phase1_dh_groups: vec![options.phase1.dh_group.0],
        phase1_lifetime: Some(options.phase1.lifetime),
        phase2_encryption: one(&options.phase2.encryption),
        phase2_integrity: one(&options.phase2.integrity),
        phase2_dh_groups: vec![options.phase2.dh_group.0],
        phase2_lifetime: Some(options.phase2.lifetime),
        rekey_margin: Some(options.rekey_margin),
        rekey_fuzz: Some(options.rekey_fuzz),
        replay_window: Some(options.replay_window),
        dpd_timeout: Some(options.dpd_timeout),
        dpd_action: Some(options.dpd_action.to_string()),
        startup_action: Some(options.startup_action.to_string()),
        log_group_arn: None,
        bgp_log_group_arn: None,
        lifecycle_control: Some(options.lifecycle_control),
    }
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
    owned.collect::<BTreeMap<_, _>>()
}

pub(super) fn as_json(plan: &Plan) -> String {
    format!("{:#}", json!(plan))
}
