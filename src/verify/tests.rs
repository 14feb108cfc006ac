//! Situations made by hand, and the same judgement over the sandbox's real answers.

mod direct;
mod situations;
mod transit;
mod with_the_sandbox;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::Ipv4Addr;

use ipnet::IpNet;
use jiff::Timestamp;

use super::*;
use crate::aws::{
    Attachment, ConnectionEnd, CustomerGateway, NegotiatedTunnel, Route, RouteTable, SeenTunnel,
    State, StaticRoute, Tags, Telemetry, View, VpnConnection, VpnGateway,
};
use crate::plan::TunnelPlan;
use crate::spec::{
    Asn, AttachTo, AwsSide, DhGroup, DpdAction, Encryption, Environment, Gateway, IkeVersion,
    Integrity, RouteTables, Routing, Security, Site, StartupAction, TransitSide, TunnelWishes,
};
use crate::tunnel::{Phase, TunnelOptions};

const ONE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 201);
const TWO: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 202);
const CONNECTION: &str = "vpn-0a1b2c3d4e5f60001";
const VGW: &str = "vgw-0a1b2c3d4e5f60001";
const CGW: &str = "cgw-0a1b2c3d4e5f60001";
const VPC: &str = "vpc-0a1b2c3d4e5f67890";
const TABLE: &str = "rtb-0a1b2c3d4e5f60001";

fn now() -> Timestamp {
    "2026-11-22T04:00:00Z".parse().unwrap()
}

fn site(routing: Routing) -> Site {
    Site {
        name: "plant-7".parse().unwrap(),
        region: "eu-central-1".parse().unwrap(),
        environment: Environment::Test,
        expires_after: None,
        gateway: Gateway {
            device: "strongswan".to_owned(),
            outside_ip: Ipv4Addr::new(203, 0, 113, 7),
            local_ip: None,
            asn: Asn::try_from(65010).unwrap(),
            uplink_mtu: 1500,
            options: BTreeMap::new(),
        },
        lan: vec![
            "10.20.0.0/24".parse().unwrap(),
            "10.21.0.0/16".parse().unwrap(),
        ],
        appliances: Vec::new(),
        aws: AwsSide {
            direct_connect: None,
            account: None,
            vpc: VPC.parse().unwrap(),
            attach_to: AttachTo::VirtualPrivateGateway(None),
            transit: TransitSide::default(),
            amazon_side_asn: Asn::AMAZON_DEFAULT,
            route_tables: RouteTables::All,
            customer_gateway: None,
            connection: None,
        },
        routing,
        security: Security::default(),
        tunnels: [TunnelWishes::default(), TunnelWishes::default()],
        tags: BTreeMap::new(),
    }
}

fn tunnel_plan(number: u8, inside: &str) -> TunnelPlan {
    let phase = |lifetime| Phase {
        encryption: Encryption::Aes256Gcm16,
        integrity: Integrity::Sha384,
        dh_group: DhGroup(20),
        lifetime,
    };
    TunnelPlan {
        number,
        options: TunnelOptions {
            inside_cidr: inside.parse().unwrap(),
            ike_version: IkeVersion::V2,
            phase1: phase(28_800),
            phase2: phase(3_600),
            rekey_margin: 270,
            rekey_fuzz: 100,
            replay_window: 1_024,
            dpd_timeout: 30,
            dpd_action: DpdAction::Restart,
            startup_action: StartupAction::Add,
            log_group_arn: None,
            bgp_log_group_arn: None,
            lifecycle_control: false,
        },
        mtu: 1_446,
        mss: 1_406,
    }
}

fn subject(routing: Routing) -> Subject {
    Subject {
        site: site(routing),
        site_file: "sites/plant 7.yaml".to_owned(),
        flags: " --profile night".to_owned(),
        tunnels: vec![
            tunnel_plan(1, "169.254.10.0/30"),
            tunnel_plan(2, "169.254.10.4/30"),
        ],
        connection: CONNECTION.parse().unwrap(),
        end: ConnectionEnd::VpnGateway(VGW.parse().unwrap()),
        vpc: VPC.parse().unwrap(),
        route_tables: vec![TABLE.parse().unwrap()],
        ike_log: Vec::new(),
    }
}

fn telemetry(outside: Ipv4Addr, up: bool, message: &str, accepted_routes: u32) -> Telemetry {
    Telemetry {
        outside,
        up,
        message: message.to_owned(),
        accepted_routes,
        changed_at: Some("2026-11-22T02:00:00Z".parse().unwrap()),
    }
}

fn route(destination: &str, target: &str, propagated: bool) -> Route {
    Route {
        destination: Some(destination.parse::<IpNet>().unwrap()),
        target: target.to_owned(),
        propagated,
        state: State::new("active"),
    }
}

/// Everything as it should be.
fn healthy(routing: Routing) -> View {
    let statically = routing == Routing::Static;
    let message = if statically { "" } else { "2 BGP ROUTES" };
    let seen = |outside, inside: &str| SeenTunnel {
        outside: Some(outside),
        inside_cidr: Some(inside.parse().unwrap()),
        ..SeenTunnel::default()
    };
    let static_route = |destination: &str| StaticRoute {
        destination: destination.parse().unwrap(),
        state: State::new("available"),
    };
    let connection = VpnConnection {
        id: CONNECTION.parse().unwrap(),
        state: State::new("available"),
        customer_gateway: Some(CGW.parse().unwrap()),
        vpn_gateway: Some(VGW.parse().unwrap()),
        transit_gateway: None,
        accelerated: false,
        large_bandwidth: false,
        transport: None,
        static_routes_only: statically,
        tunnels: vec![seen(ONE, "169.254.10.0/30"), seen(TWO, "169.254.10.4/30")],
        telemetry: vec![
            telemetry(TWO, true, message, 2),
            telemetry(ONE, true, message, 2),
        ],
        routes: if statically {
            vec![static_route("10.20.0.0/24"), static_route("10.21.0.0/16")]
        } else {
            Vec::new()
        },
        configuration: None,
        tags: Tags::new(),
    };
    let gateway = VpnGateway {
        id: VGW.parse().unwrap(),
        state: State::new("available"),
        amazon_side_asn: Some(Asn::AMAZON_DEFAULT),
        attachments: vec![
            Attachment {
                vpc: VPC.parse().unwrap(),
                state: State::new("detached"),
            },
            Attachment {
                vpc: VPC.parse().unwrap(),
                state: State::new("attached"),
            },
        ],
        tags: Tags::new(),
    };
    let customer = CustomerGateway {
        id: CGW.parse().unwrap(),
        state: State::new("available"),
        ip_address: Some("203.0.113.7".parse().unwrap()),
        bgp_asn: Some(Asn::try_from(65010).unwrap()),
        device_name: None,
        tags: Tags::new(),
    };
    let table = RouteTable {
        id: TABLE.parse().unwrap(),
        vpc: VPC.parse().unwrap(),
        main: true,
        routes: vec![
            route("10.0.0.0/16", "local", false),
            route("0.0.0.0/0", "igw-0a1b2c3d4e5f60001", false),
            route("10.20.0.0/24", VGW, true),
            route("10.21.0.0/16", VGW, true),
        ],
        propagating: BTreeSet::from([VGW.parse().unwrap()]),
        tags: Tags::new(),
    };
    let mut view = View::default();
    view.vpn_connections
        .insert(connection.id.clone(), connection);
    view.vpn_gateways.insert(gateway.id.clone(), gateway);
    view.customer_gateways.insert(customer.id.clone(), customer);
    view.route_tables.insert(table.id.clone(), table);
    view
}

fn connection(view: &mut View) -> &mut VpnConnection {
    view.vpn_connections.values_mut().next().unwrap()
}

fn table(view: &mut View) -> &mut RouteTable {
    view.route_tables.values_mut().next().unwrap()
}

fn as_planned() -> NegotiatedTunnel {
    NegotiatedTunnel {
        ike_version: Some("ikev2".to_owned()),
        phase1_encryption: Some("AES256-GCM-16".to_owned()),
        phase1_integrity: Some("SHA2-384".to_owned()),
        phase1_dh_group: Some(20),
        phase2_encryption: Some("AES256-GCM-16".to_owned()),
        phase2_integrity: None,
        phase2_dh_group: None,
        provisioning: Some("available".to_owned()),
        provisioning_reason: None,
    }
}

fn both_as_planned() -> Negotiated {
    Negotiated::from([(ONE, Ok(as_planned())), (TWO, Ok(as_planned()))])
}

/// A report as lines for a snapshot: every check, and what follows from those that did not pass.
fn lines(report: &Report) -> String {
    let mut text = format!("{}\n", report.summary());
    for check in &report.checks {
        let verdict = format!("{:?}", check.verdict).to_lowercase();
        let stops = if check.stops_traffic && check.verdict == Verdict::Fail {
            " (stops traffic)"
        } else {
            ""
        };
        writeln!(
            text,
            "{verdict:7} {} {}: {}{stops}",
            check.id, check.subject, check.saw
        )
        .unwrap();
        if let (Some(cause), Some(next)) = (&check.likely_cause, &check.next) {
            writeln!(
                text,
                "        expected {}\n        {cause}\n        $ {next}",
                check.expected
            )
            .unwrap();
        }
    }
    text
}

fn failed(report: &Report) -> Vec<(CheckId, &str)> {
    let failures = report.failures();
    failures
        .map(|check| (check.id, check.saw.as_str()))
        .collect()
}
