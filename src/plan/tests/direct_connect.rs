//! What preflight says of a Direct Connect: one world for each code, and one that passes.

use std::collections::BTreeSet;

use crate::aws::{
    BgpPeer, Call, Collection, DxAssociation, DxConnection, DxGateway, State, Subnet, Tags,
    TransitCall, View, VirtualInterface,
};
use crate::plan::onboard;
use crate::plan::testing::{VPC, as_tags, nets, planned, question, refused, site, view, warned};
use crate::resource::Change;
use crate::resource::testing::{apply, nth};
use crate::spec::{
    AttachTo, DirectConnectSide, DxConnectionId, DxGatewayId, DxTarget, LinkAddresses, Site,
    TransitTarget,
};

const PORT: &str = "dxcon-fg31dyv6";
const GATEWAY: &str = "5f294f92-bafb-4011-916d-9b0b7e2f3c41";
const HUB: &str = "tgw-00000000000000001";

fn side() -> DirectConnectSide {
    DirectConnectSide {
        connection: DxTarget::Existing(PORT.parse().unwrap()),
        vlan: 101,
        gateway: Some(GATEWAY.parse().unwrap()),
        gateway_asn: 64_513.try_into().unwrap(),
        addresses: None,
        mtu: 1500,
        allowed_prefixes: Vec::new(),
        bfd: true,
        private_vpn: None,
        macsec: None,
    }
}

fn port() -> DxConnection {
    DxConnection {
        id: PORT.parse().unwrap(),
        name: "meet-me".to_owned(),
        state: State::new("available"),
        owner: Some("111122223333".parse().unwrap()),
        region: Some("eu-central-1".parse().unwrap()),
        location: "EqFA5".to_owned(),
        bandwidth: "10Gbps".to_owned(),
        vlan: None,
        partner: None,
        loa_issued_at: None,
        jumbo: true,
        macsec_capable: false,
        encryption_mode: None,
        macsec_keys: Vec::new(),
        tags: Tags::new(),
    }
}

fn gateway(id: &str) -> DxGateway {
    DxGateway {
        id: id.parse().unwrap(),
        name: "core".to_owned(),
        state: State::new("available"),
        state_change_error: None,
        owner: Some("111122223333".parse().unwrap()),
        amazon_side_asn: Some(64_513.try_into().unwrap()),
        tags: Tags::new(),
    }
}

fn interface(number: u16, kind: &str) -> VirtualInterface {
    VirtualInterface {
        id: format!("dxvif-ff{number:06x}").parse().unwrap(),
        name: "another site's".to_owned(),
        kind: kind.to_owned(),
        state: State::new("available"),
        owner: Some("111122223333".parse().unwrap()),
        region: Some("eu-central-1".parse().unwrap()),
        connection: Some(PORT.parse().unwrap()),
        vlan: Some(200 + number),
        asn: Some(65_099.try_into().unwrap()),
        amazon_side_asn: Some(64_513.try_into().unwrap()),
        mtu: Some(1500),
        gateway: None,
        vpn_gateway: None,
        peers: vec![BgpPeer {
            id: "dxpeer-ff000001".to_owned(),
            family: "ipv4".to_owned(),
            amazon_address: Some("169.254.100.1/30".parse().unwrap()),
            customer_address: Some("169.254.100.2/30".parse().unwrap()),
            asn: Some(65_099.try_into().unwrap()),
            state: State::new("available"),
            status: "up".to_owned(),
            key: None,
        }],
        tags: Tags::new(),
    }
}

fn association(number: u8, with: &str, prefixes: &[&str]) -> DxAssociation {
    DxAssociation {
        id: format!("b9b159ec-1c9a-4a3e-a78d-{number:012}")
            .parse()
            .unwrap(),
        gateway: GATEWAY.parse().unwrap(),
        state: State::new("associated"),
        state_change_error: None,
        associated: with.to_owned(),
        region: Some("eu-central-1".parse().unwrap()),
        allowed_prefixes: prefixes.iter().map(|it| it.parse().unwrap()).collect(),
    }
}

/// The site with a Direct Connect, and AWS with a port and a Direct Connect gateway.
pub(super) fn private() -> (Site, View) {
    let (mut site, mut view) = (site(), view());
    let options = &mut site.gateway.options;
    options.insert("direct_connect_interface".into(), "eth2".into());
    site.aws.direct_connect = Some(side());
    let looked = Collection::DIRECT_CONNECT.map(|it| (it, crate::plan::testing::now()));
    view.looked_at.extend(looked);
    view.dx_connections.insert(PORT.parse().unwrap(), port());
    view.dx_gateways
        .insert(GATEWAY.parse().unwrap(), gateway(GATEWAY));
    (site, view)
}

/// The same on somebody's transit gateway.
pub(super) fn transit() -> (Site, View) {
    let (mut site, mut view) = private();
    let subnet = Subnet {
        id: nth("subnet", 1),
        vpc: VPC.parse().unwrap(),
        zone: "eu-central-1a".to_owned(),
        cidr: Some("10.0.1.0/24".parse().unwrap()),
        free_addresses: 11,
        tags: Tags::new(),
    };
    view.subnets.insert(subnet.id.clone(), subnet);
    let create = TransitCall::CreateGateway {
        amazon_side_asn: 64_600.try_into().unwrap(),
        cidrs: nets(&["10.255.0.0/24"]),
        tags: as_tags(&[("Name", "core")]),
    };
    apply(&mut view, &Call::Transit(create)).unwrap();
    let target = TransitTarget::Existing(HUB.parse().unwrap());
    site.aws.attach_to = AttachTo::TransitGateway(target);
    (site, view)
}

/// The tunnels over Direct Connect.
fn over_it() -> (Site, View) {
    let (mut site, view) = transit();
    site.gateway.outside_ip = [10, 254, 0, 1].into();
    direct(&mut site).private_vpn = Some("10.255.0.0/24".parse().unwrap());
    (site, view)
}

fn direct(site: &mut Site) -> &mut DirectConnectSide {
    site.aws.direct_connect.as_mut().unwrap()
}

fn hub(view: &mut View) -> &mut crate::aws::TransitGateway {
    view.transit_gateways
        .get_mut(&HUB.parse().unwrap())
        .unwrap()
}

fn add(view: &mut View, interface: VirtualInterface) {
    view.virtual_interfaces
        .insert(interface.id.clone(), interface);
}

fn join(view: &mut View, association: DxAssociation) {
    view.dx_associations
        .insert(association.id.clone(), association);
}

type World = fn() -> (Site, View);

fn refuses(world: World, change: impl FnOnce(&mut Site, &mut View), codes: &[&str]) {
    let (mut site, mut view) = world();
    change(&mut site, &mut view);
    assert_eq!(refused(&site, &view), codes);
}

fn warns(world: World, change: impl FnOnce(&mut Site, &mut View), codes: &[&str]) {
    let (mut site, mut view) = world();
    change(&mut site, &mut view);
    assert_eq!(warned(&planned(&site, &view).unwrap()), codes);
}

#[test]
fn the_plain_worlds_pass_without_a_word() {
    for world in [private, transit, over_it] {
        warns(world, |_, _| (), &[]);
    }
}

#[test]
fn what_the_port_has_no_room_for() {
    refuses(
        private,
        |_, view| {
            let mut other = interface(1, "private");
            other.vlan = Some(101);
            add(view, other);
        },
        &["preflight::dx_vlan_taken"],
    );
    refuses(
        private,
        |_, view| {
            let port = view.dx_connections.values_mut().next().unwrap();
            port.vlan = Some(301);
            port.partner = Some("Carrier".to_owned());
        },
        &["preflight::dx_vlan_fixed"],
    );
    let crowd = |kind: &'static str, count: u16| {
        move |_: &mut Site, view: &mut View| {
            (0..count).for_each(|number| add(view, interface(number, kind)));
        }
    };
    refuses(private, crowd("private", 50), &["preflight::dx_port_full"]);
    refuses(transit, crowd("transit", 4), &["preflight::dx_port_full"]);
    warns(private, crowd("private", 49), &[]);
    warns(private, crowd("transit", 4), &[]);
    refuses(
        private,
        |site, view| {
            direct(site).mtu = 9001;
            view.dx_connections.values_mut().next().unwrap().jumbo = false;
        },
        &["preflight::dx_not_jumbo"],
    );
    warns(
        private,
        |site, _| direct(site).mtu = 9001,
        &["preflight::dx_jumbo_beside_vpn"],
    );
}

#[test]
fn addresses_that_are_somebody_elses() {
    let ends = |amazon: &str, router: &str| {
        let link = LinkAddresses {
            amazon: amazon.parse().unwrap(),
            router: router.parse().unwrap(),
        };
        move |site: &mut Site, view: &mut View| {
            direct(site).addresses = Some(link);
            add(view, interface(1, "private"));
        }
    };
    for (amazon, router) in [
        ("10.20.0.1/30", "10.20.0.2/30"),
        ("10.0.9.1/30", "10.0.9.2/30"),
        ("169.254.100.1/29", "169.254.100.2/29"),
    ] {
        let codes = &["preflight::dx_addresses_taken"];
        refuses(private, ends(amazon, router), codes);
    }
    warns(private, ends("169.254.101.1/30", "169.254.101.2/30"), &[]);
}

#[test]
fn what_a_gateway_does_not_take() {
    refuses(
        private,
        |_, view| join(view, association(1, HUB, &["10.9.0.0/16"])),
        &["preflight::dx_gateway_mixed"],
    );
    refuses(
        transit,
        |_, view| join(view, association(1, "vgw-0c1b2c3d", &["10.9.0.0/16"])),
        &["preflight::dx_gateway_mixed"],
    );
    let joined = |count: u8, prefix: &'static str| {
        move |_: &mut Site, view: &mut View| {
            (0..count).for_each(|number| {
                let with = format!("{prefix}-0c1b2c{number:02x}");
                join(view, association(number, &with, &[]));
            });
        }
    };
    refuses(private, joined(20, "vgw"), &["preflight::dx_gateway_full"]);
    refuses(transit, joined(6, "tgw"), &["preflight::dx_gateway_full"]);
    warns(transit, joined(5, "tgw"), &[]);
    refuses(
        private,
        |_, view| {
            for number in 0..30 {
                let mut other = interface(number, "private");
                other.connection = Some("dxcon-ff000009".parse().unwrap());
                other.gateway = Some(GATEWAY.parse().unwrap());
                add(view, other);
            }
        },
        &["preflight::dx_gateway_full"],
    );
    refuses(
        transit,
        |_, view| join(view, association(1, "tgw-0c1b2c3d", &["10.0.0.0/8"])),
        &["preflight::dx_prefixes_overlap"],
    );
    let of_its_own = |site: &mut Site| direct(site).gateway = None;
    refuses(
        private,
        |site, view| {
            of_its_own(site);
            for number in 1..200 {
                let id = format!("5f294f92-bafb-4011-916d-{number:012}");
                let id: DxGatewayId = id.parse().unwrap();
                view.dx_gateways.insert(id.clone(), gateway(id.as_str()));
            }
        },
        &["preflight::quota_dx_gateways"],
    );
    refuses(
        private,
        |site, _| {
            of_its_own(site);
            direct(site).gateway_asn = 65_535_u32.saturating_add(10).try_into().unwrap();
        },
        &["preflight::dx_gateway_asn"],
    );
}

#[test]
fn numbers_that_never_meet() {
    refuses(
        transit,
        |_, view| hub(view).amazon_side_asn = Some(64_513.try_into().unwrap()),
        &["preflight::dx_asn_of_transit_gateway"],
    );
    refuses(
        private,
        |site, _| site.gateway.asn = 64_513.try_into().unwrap(),
        &["preflight::dx_asn_of_site"],
    );
}

#[test]
fn what_aws_would_announce_in_vain() {
    let allowed = |prefixes: &'static [&'static str]| {
        move |site: &mut Site, _: &mut View| direct(site).allowed_prefixes = nets(prefixes)
    };
    let nothing = &["preflight::dx_announces_nothing"];
    refuses(private, allowed(&["10.0.0.0/17"]), nothing);
    refuses(transit, allowed(&["10.7.0.0/16"]), nothing);
    warns(
        transit,
        allowed(&["10.0.0.0/17"]),
        &["preflight::dx_announces_part"],
    );
    refuses(
        private,
        allowed(&["10.0.0.0/16", "10.20.0.0/24"]),
        &["preflight::dx_announces_lan"],
    );
    // The tunnels announce 10.0.0.0/16, whatever is preferred.
    warns(
        transit,
        allowed(&["10.0.0.0/15"]),
        &["preflight::dx_tunnels_win"],
    );
    warns(transit, allowed(&["10.0.0.0/15", "10.0.0.0/16"]), &[]);
    // To a virtual private gateway the list is a filter: the VPC's own network is announced.
    warns(private, allowed(&["10.0.0.0/15"]), &[]);
}

#[test]
fn more_than_a_session_carries() {
    let lan = |count: u8| {
        move |site: &mut Site, _: &mut View| {
            let one = |it| format!("10.20.{it}.0/24").parse().unwrap();
            site.lan = (0..count).map(one).collect();
        }
    };
    warns(transit, lan(100), &[]);
    refuses(transit, lan(101), &["preflight::dx_too_many_networks"]);
    // Through the tunnels there is room for them.
    warns(over_it, lan(101), &[]);
    let allowed = |count: u8| {
        move |site: &mut Site, _: &mut View| {
            let one = |it| format!("10.30.{it}.0/24").parse().unwrap();
            let mut all: BTreeSet<_> = (1..count).map(one).collect();
            all.insert("10.0.0.0/16".parse().unwrap());
            direct(site).allowed_prefixes = all.into_iter().collect();
        }
    };
    warns(transit, allowed(200), &[]);
    refuses(transit, allowed(201), &["preflight::dx_too_many_prefixes"]);
}

#[test]
fn attachments_that_do_not_meet() {
    for (association, propagation) in [(true, false), (false, true)] {
        refuses(
            transit,
            |site, view| {
                let hub = hub(view);
                let table = hub.association_table.clone().unwrap();
                hub.association_table = association.then(|| table.clone());
                hub.propagation_table = propagation.then(|| table.clone());
                site.aws.transit.route_table = Some(table.clone());
                site.aws.transit.propagate_to = vec![table];
            },
            &["preflight::dx_in_no_table"],
        );
    }
    warns(
        transit,
        |site, view| {
            let own = hub(view).association_table.clone().unwrap();
            let mut other = view.transit_route_tables[&own].clone();
            other.id = "tgw-rtb-0c1b2c3d".parse().unwrap();
            site.aws.transit.route_table = Some(other.id.clone());
            view.transit_route_tables.insert(other.id.clone(), other);
        },
        &["preflight::dx_other_table"],
    );
}

#[test]
fn tunnels_over_it_and_nothing_beside_them() {
    refuses(
        over_it,
        |_, view| hub(view).cidrs.clear(),
        &["preflight::dx_no_transit_network"],
    );
    refuses(
        over_it,
        |site, _| direct(site).allowed_prefixes = nets(&["10.255.0.0/24", "10.0.0.0/16"]),
        &["preflight::dx_beside_tunnels"],
    );
    refuses(
        over_it,
        |site, _| site.gateway.outside_ip = [10, 0, 3, 4].into(),
        &["preflight::dx_ends_in_vpc"],
    );
    // One that is made for the site gets the network.
    let (mut site, view) = over_it();
    site.aws.attach_to = AttachTo::TransitGateway(TransitTarget::New);
    let plan = planned(&site, &view).unwrap();
    let step = plan
        .steps
        .iter()
        .find(|it| it.node.kind == "transit_gateway");
    let json = serde_json::to_string(&step.unwrap().node).unwrap();
    assert!(json.contains("10.255.0.0/24"), "{json}");
}

#[test]
fn a_router_that_cannot_be_told_is_refused_before_anything_is_ordered() {
    let (mut site, view) = private();
    site.gateway.options.remove("direct_connect_interface");
    assert_eq!(refused(&site, &view), ["preflight::dx_device"]);
    site.gateway.device = "sonicwall-sonicos".to_owned();
    let refusals = refused(&site, &view);
    assert!(
        refusals.iter().any(|it| it == "preflight::dx_device"),
        "{refusals:?}"
    );
}

/// What took people weeks is neither taken away by the way, nor left to bill unseen.
#[test]
fn a_direct_connect_that_is_no_longer_named_goes_only_when_that_is_accepted() {
    let (site, mut view) = private();
    let mut own = port();
    own.tags
        .insert("underpass:site".to_owned(), site.name.to_string());
    own.tags
        .insert("underpass:step".to_owned(), "dx-connection".to_owned());
    view.dx_connections.insert(own.id.clone(), own);
    let mut without = site.clone();
    without.aws.direct_connect = None;
    let code = "preflight::dx_no_longer_named";
    assert_eq!(refused(&without, &view), [code]);
    let accept = BTreeSet::from([code.to_owned()]);
    let mut question = question(&without, Some(&view));
    question.accept = &accept;
    let plan = onboard(&question).unwrap();
    let going = plan.steps.iter().filter(|it| it.change == Change::Delete);
    let going: Vec<&str> = going.map(|it| it.node.kind.as_str()).collect();
    assert_eq!(going, ["dx_connection"]);
}

#[test]
fn every_refusal_about_direct_connect_is_tested_here() {
    let tests = include_str!("direct_connect.rs");
    let codes = crate::plan::codes().iter().map(|it| it.code);
    let about = |code: &&str| {
        let word = code.strip_prefix("preflight::");
        word.is_some_and(|it| it.starts_with("dx_") || it == "quota_dx_gateways")
    };
    let missing: Vec<&str> = codes
        .filter(about)
        .filter(|code| !tests.contains(&format!("\"{code}\"")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_port_that_is_meant_is_the_one_that_is_named() {
    let id: DxConnectionId = PORT.parse().unwrap();
    let (site, view) = private();
    let plan = planned(&site, &view).unwrap();
    let step = plan.steps.iter().find(|it| it.node.kind == "dx_connection");
    assert_eq!(step.unwrap().existing.as_deref(), Some(id.as_str()));
}
