//! A site with two ways, by hand: what each state of Direct Connect makes of a report.

use super::*;
use crate::aws::{
    BgpPeer, DxAssociation, DxConnection, DxGateway, Fault, FaultKind, InterfaceRoutes,
    VirtualInterface,
};
use crate::resource::{TAG_PREFERS, TAG_SITE, TAG_STEP};
use crate::spec::{DirectConnectSide, DxTarget};
use crate::tunnel::Way;

const PORT: &str = "dxcon-fg31dyv6";
const HUB: &str = "5f294f92-bafb-4011-916d-9b0b7e2f3c41";

fn asn(number: u32) -> Option<Asn> {
    Some(Asn::try_from(number).unwrap())
}

fn state(word: &str) -> State {
    State::new(word)
}

fn two_ways() -> Subject {
    let mut subject = subject(Routing::Bgp);
    subject.site.aws.direct_connect = Some(DirectConnectSide {
        connection: DxTarget::Existing(PORT.parse().unwrap()),
        vlan: 101,
        gateway: None,
        gateway_asn: asn(64_513).unwrap(),
        addresses: None,
        mtu: 8_500,
        allowed_prefixes: vec!["10.0.0.0/16".parse().unwrap()],
        bfd: true,
        private_vpn: None,
        macsec: None,
    });
    subject
}

fn own() -> Tags {
    [(TAG_SITE, "plant-7"), (TAG_STEP, "virtual-interface")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

fn interface() -> VirtualInterface {
    VirtualInterface {
        id: "dxvif-ff000001".parse().unwrap(),
        name: "plant-7".to_owned(),
        kind: "private".to_owned(),
        state: state("available"),
        owner: None,
        region: None,
        connection: Some(PORT.parse().unwrap()),
        vlan: Some(101),
        asn: asn(65_010),
        amazon_side_asn: asn(64_513),
        mtu: Some(8_500),
        gateway: Some(HUB.parse().unwrap()),
        vpn_gateway: None,
        peers: vec![BgpPeer {
            id: "dxpeer-ff000001".to_owned(),
            family: "ipv4".to_owned(),
            amazon_address: Some("169.254.100.1/30".parse().unwrap()),
            customer_address: Some("169.254.100.2/30".parse().unwrap()),
            asn: asn(65_010),
            state: state("available"),
            status: "up".to_owned(),
            key: None,
        }],
        tags: own(),
    }
}

/// Both ways up.
fn world() -> View {
    let mut view = healthy(Routing::Bgp);
    let port = DxConnection {
        id: PORT.parse().unwrap(),
        name: "meet-me".to_owned(),
        state: state("available"),
        owner: None,
        region: None,
        location: "EqFA5".to_owned(),
        bandwidth: "10Gbps".to_owned(),
        vlan: None,
        partner: None,
        loa_issued_at: None,
        jumbo: true,
        macsec_capable: false,
        macsec_keys: Vec::new(),
        encryption_mode: None,
        tags: Tags::new(),
    };
    let gateway = DxGateway {
        id: HUB.parse().unwrap(),
        name: "plant-7".to_owned(),
        state: state("available"),
        state_change_error: None,
        owner: None,
        amazon_side_asn: asn(64_513),
        tags: own(),
    };
    let association = DxAssociation {
        id: "b9b159ec-1c9a-4a3e-a78d-000000000001".parse().unwrap(),
        gateway: gateway.id.clone(),
        state: state("associated"),
        state_change_error: None,
        associated: VGW.to_owned(),
        region: None,
        allowed_prefixes: BTreeSet::from(["10.0.0.0/16".parse().unwrap()]),
    };
    view.dx_connections.insert(port.id.clone(), port);
    view.dx_gateways.insert(gateway.id.clone(), gateway);
    view.dx_associations
        .insert(association.id.clone(), association);
    view.virtual_interfaces.insert(interface().id, interface());
    view
}

fn vif(view: &mut View) -> &mut VirtualInterface {
    view.virtual_interfaces.values_mut().next().unwrap()
}

fn tunnels_down(view: &mut View) {
    for telemetry in &mut connection(view).telemetry {
        telemetry.up = false;
        telemetry.accepted_routes = 0;
        "IPSEC IS DOWN".clone_into(&mut telemetry.message);
    }
}

fn accepting(nets: &[&str]) -> Answers {
    let accepted = nets.iter().map(|net| net.parse().unwrap()).collect();
    Answers {
        routes: Some(Ok(InterfaceRoutes {
            accepted,
            advertised: BTreeSet::new(),
        })),
        ..Answers::default()
    }
}

const BOTH: [&str; 2] = ["10.20.0.0/24", "10.21.0.0/16"];

fn judged(view: &View, answers: &Answers) -> Report {
    judge(&two_ways(), view, &both_as_planned(), answers, now())
}

fn direct_lines(report: &Report) -> String {
    let mut report = report.clone();
    report
        .checks
        .retain(|it| it.id.is_of_direct_connect() || it.id == CheckId::SameNetworks);
    let heading = lines(&report);
    let rest = heading.split_once('\n').unwrap().1;
    format!(
        "{}, {}\n{rest}",
        report.health.as_str(),
        report.direct_connect.unwrap().going()
    )
}

fn ids(checks: &[Check]) -> Vec<String> {
    checks.iter().map(|it| it.id.to_string()).collect()
}

#[test]
fn both_ways_up_is_up_and_either_alone_is_degraded() {
    let mut view = world();
    let report = judged(&view, &accepting(&BOTH));
    assert!(report.is_up(), "{}", lines(&report));
    insta::assert_snapshot!("direct-up", direct_lines(&report));
    for way in [Way::DirectConnect, Way::Vpn] {
        assert!(readiness(&report, way).is_ready());
    }
    tunnels_down(&mut view);
    let alone = judged(&view, &accepting(&BOTH));
    assert_eq!(alone.health, Health::Degraded, "{}", lines(&alone));
    assert!(alone.summary().ends_with("traffic goes by dx"));
    let readiness = readiness(&alone, Way::Vpn);
    assert_eq!(
        ids(&readiness.problems),
        ["tunnel-up", "tunnel-up", "redundancy"]
    );

    let mut view = world();
    vif(&mut view).state = state("down");
    "down".clone_into(&mut vif(&mut view).peers[0].status);
    let down = judged(&view, &accepting(&[]));
    assert_eq!(down.health, Health::Degraded);
    insta::assert_snapshot!("direct-down", direct_lines(&down));
    tunnels_down(&mut view);
    assert_eq!(judged(&view, &accepting(&[])).health, Health::Down);
}

#[test]
fn who_waits_for_people_is_up_by_the_tunnels() {
    let mut view = world();
    view.virtual_interfaces.clear();
    view.dx_associations.clear();
    for (word, rungs) in [
        ("requested", 4),
        ("pending", 4),
        ("down", 4),
        ("unheard-of", 4),
    ] {
        let port = view.dx_connections.values_mut().next().unwrap();
        port.state = state(word);
        let report = judged(&view, &Answers::default());
        assert!(report.is_up(), "{word}: {}", lines(&report));
        let direct = report.direct_connect.as_ref().unwrap();
        assert_eq!(direct.waiting_for_people.len(), rungs, "{word}");
        if word == "requested" {
            insta::assert_snapshot!("direct-waiting", direct_lines(&report));
        }
        assert!(!readiness(&report, Way::DirectConnect).is_ready(), "{word}");
    }
    let port = view.dx_connections.values_mut().next().unwrap();
    port.state = state("available");
    let report = judged(&view, &Answers::default());
    assert_eq!(
        failed(&report)[0].0,
        CheckId::DxInterface,
        "{}",
        lines(&report)
    );
}

/// The preference is a tag; what the router does about it is seen in the routes.
#[test]
fn a_site_that_prefers_its_tunnels_is_up_when_direct_connect_brings_nothing() {
    let mut view = world();
    let tags = &mut vif(&mut view).tags;
    tags.insert(TAG_PREFERS.to_owned(), "vpn".to_owned());
    let half = judged(&view, &accepting(&BOTH));
    assert_eq!(failed(&half)[0].0, CheckId::DxRoutes, "{}", lines(&half));
    let moved = judged(&view, &accepting(&[]));
    assert!(moved.is_up(), "{}", lines(&moved));
    insta::assert_snapshot!("direct-drained", direct_lines(&moved));
    // With the tunnels down nothing carries, and a way back is open.
    tunnels_down(&mut view);
    let cut = judged(&view, &accepting(&[]));
    assert_eq!(cut.health, Health::Down);
    assert!(
        cut.failures()
            .any(|it| it.id == CheckId::Way && it.stops_traffic)
    );
    assert!(
        readiness(&cut, Way::DirectConnect).is_ready(),
        "{}",
        lines(&cut)
    );
}

#[test]
fn what_nobody_may_ask_is_unknown_and_says_what_to_allow() {
    let denied = || {
        Fault::of_kind(
            "ListVirtualInterfaceRoutes",
            FaultKind::Denied,
            "not allowed",
        )
    };
    let answers = Answers {
        routes: Some(Err(denied())),
        ..Answers::default()
    };
    let report = judged(&world(), &answers);
    assert!(report.is_up(), "{}", lines(&report));
    insta::assert_snapshot!("direct-denied", direct_lines(&report));
    assert!(readiness(&report, Way::Vpn).is_ready());
    let answers = Answers {
        unseen: Some(denied()),
        ..Answers::default()
    };
    let blind = judged(&healthy(Routing::Bgp), &answers);
    assert!(blind.is_up(), "{}", lines(&blind));
    assert!(!readiness(&blind, Way::DirectConnect).is_ready());
}

#[test]
fn each_thing_that_could_leave_traffic_without_a_way_is_found() {
    type Change = fn(&mut View);
    let onto_dx: [(Change, &[&str]); 5] = [
        (|view| view.dx_associations.clear(), &["dx-association"]),
        (
            |view| {
                let it = view.dx_associations.values_mut().next().unwrap();
                it.allowed_prefixes.clear();
            },
            &["dx-allowed-prefixes"],
        ),
        (
            |view| {
                let it = view.dx_gateways.values_mut().next().unwrap();
                it.amazon_side_asn = asn(65_010);
            },
            &["dx-asn"],
        ),
        (|view| vif(view).state = state("testing"), &["dx-interface"]),
        (
            |view| {
                let gateway = view.vpn_gateways.values_mut().next().unwrap();
                gateway.attachments.clear();
            },
            &["gateway-attached"],
        ),
    ];
    for (change, problems) in onto_dx {
        let mut view = world();
        change(&mut view);
        let report = judged(&view, &accepting(&BOTH));
        let readiness = readiness(&report, Way::DirectConnect);
        assert_eq!(ids(&readiness.problems), problems, "{}", lines(&report));
    }
    // A prefix that only Direct Connect brings, and a tunnel that brings too little.
    let wide = judged(
        &world(),
        &accepting(&["10.20.0.0/24", "10.21.0.0/16", "10.9.0.0/16"]),
    );
    assert_eq!(ids(&readiness(&wide, Way::Vpn).problems), ["same-networks"]);
    let mut view = world();
    connection(&mut view).telemetry[0].accepted_routes = 1;
    let short = judged(&view, &accepting(&BOTH));
    assert_eq!(
        ids(&readiness(&short, Way::Vpn).problems),
        ["same-networks"]
    );
    assert!(readiness(&short, Way::DirectConnect).is_ready());
}
