//! What is said of a transit gateway on which one thing is not as it should be.

use super::*;
use crate::aws::{Call, Collection, Subnet, TransitCall, TransitRoute, Vpc};
use crate::resource::testing::{apply, new_table, nth};
use crate::spec::{TransitGatewayRouteTableId, TransitTarget};
use crate::verify::transit::{attached, checks};

/// A site that is up on somebody's transit gateway: its subject, and what AWS says.
fn healthy_hub(routing: Routing) -> (Subject, View) {
    let mut view = View {
        looked_at: Collection::ALL.map(|it| (it, now())).into(),
        ..View::default()
    };
    let vpc = Vpc {
        id: VPC.parse().unwrap(),
        cidrs: vec!["10.0.0.0/16".parse().unwrap()],
        tags: Tags::new(),
    };
    view.vpcs.insert(vpc.id.clone(), vpc);
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
        amazon_side_asn: 64600.try_into().unwrap(),
        cidrs: Vec::new(),
        tags: Tags::new(),
    };
    apply(&mut view, &Call::Transit(create)).unwrap();
    let attach = TransitCall::AttachVpc {
        transit_gateway: nth("tgw", 1),
        vpc: VPC.parse().unwrap(),
        subnets: [nth("subnet", 1)].into(),
        tags: Tags::new(),
    };
    apply(&mut view, &Call::Transit(attach)).unwrap();
    let vpc = view.transit_attachments.values().next().unwrap().clone();
    let mut vpn = vpc.clone();
    vpn.id = nth("tgw-attach", 2);
    vpn.resource_type = "vpn".to_owned();
    vpn.resource = CONNECTION.to_owned();
    let table = vpc.association.as_ref().unwrap().table.clone();
    let contents = view.transit_table_contents.get_mut(&table).unwrap();
    let mut learned = contents.propagations[0].clone();
    learned.attachment = vpn.id.clone();
    contents.propagations.push(learned);
    contents.routes = vec![to("10.0.0.0/16", &vpc.id, true)];
    for net in site(routing).lan {
        let learned = routing == Routing::Bgp;
        contents.routes.push(to(&net.to_string(), &vpn.id, learned));
    }
    view.transit_attachments.insert(vpn.id.clone(), vpn);
    let mut subject = subject(routing);
    subject.end = ConnectionEnd::TransitGateway(nth("tgw", 1));
    let target = TransitTarget::Existing(nth("tgw", 1));
    subject.site.aws.attach_to = AttachTo::TransitGateway(target);
    (subject, view)
}

fn to(net: &str, id: &crate::spec::TransitGatewayAttachmentId, propagated: bool) -> TransitRoute {
    TransitRoute {
        destination: net.parse().unwrap(),
        attachments: [id.clone()].into_iter().collect(),
        propagated,
        state: State::new("active"),
    }
}

fn default_table(view: &View) -> TransitGatewayRouteTableId {
    let hub = view.transit_gateways.values().next().unwrap();
    hub.association_table.clone().unwrap()
}

/// What did not pass: the check, and whether traffic stops.
fn missed(subject: &Subject, view: &View) -> Vec<(CheckId, Verdict, bool)> {
    let mut all = vec![attached(subject, view)];
    all.extend(checks(subject, &nth("tgw", 1), view, true));
    let missed = all.into_iter().filter(|it| it.verdict != Verdict::Pass);
    missed
        .map(|it| {
            assert!(it.likely_cause.is_some() && it.next.is_some(), "{it:?}");
            (it.id, it.verdict, it.stops_traffic)
        })
        .collect()
}

#[test]
fn each_break_is_one_miss_of_its_own() {
    use Verdict::Fail;
    type Break = fn(&mut Subject, &mut View);
    type Missed = &'static [(CheckId, Verdict, bool)];
    let breaks: [(Break, Missed); 7] = [
        (|_, _| {}, &[]),
        (
            |_, view| {
                let vpc = view.transit_attachments.values_mut().next().unwrap();
                vpc.state = State::new("pendingAcceptance");
            },
            &[(CheckId::GatewayAttached, Fail, true)],
        ),
        (
            |_, view| {
                let vpn = view.transit_attachments.values_mut().nth(1).unwrap();
                vpn.state = State::new("modifying");
            },
            &[(CheckId::ConnectionAttached, Fail, true)],
        ),
        (
            |subject, view| {
                let other = new_table(view, &nth("tgw", 1));
                subject.site.aws.transit.route_table = Some(other);
            },
            &[(CheckId::Association, Fail, false)],
        ),
        (
            |_, view| {
                let table = default_table(view);
                let contents = view.transit_table_contents.get_mut(&table).unwrap();
                contents.propagations.truncate(1);
            },
            &[(CheckId::TransitPropagation, Fail, true)],
        ),
        (
            |_, view| {
                let table = default_table(view);
                let contents = view.transit_table_contents.get_mut(&table).unwrap();
                contents.routes.remove(0);
            },
            &[(CheckId::WayToVpc, Fail, true)],
        ),
        (
            |subject, view| {
                subject.site.aws.transit.ecmp = true;
                view.transit_gateways.values_mut().next().unwrap().vpn_ecmp = false;
            },
            &[(CheckId::EqualCost, Fail, false)],
        ),
    ];
    for (number, (breaks, wanted)) in breaks.into_iter().enumerate() {
        let (mut subject, mut view) = healthy_hub(Routing::Bgp);
        breaks(&mut subject, &mut view);
        assert_eq!(missed(&subject, &view), wanted, "break {number}");
    }
}

#[test]
fn a_route_that_is_missing_or_leads_elsewhere_stops_what_goes_there() {
    for routing in [Routing::Bgp, Routing::Static] {
        let (subject, whole) = healthy_hub(routing);
        assert_eq!(missed(&subject, &whole), []);
        let route = [(CheckId::TransitRoute, Verdict::Fail, true)];
        let table = default_table(&whole);

        let mut none = whole.clone();
        let contents = none.transit_table_contents.get_mut(&table).unwrap();
        contents.routes.remove(1);
        assert_eq!(missed(&subject, &none), route);

        // A written route wins over one that is learned.
        let mut taken = whole.clone();
        let vpc = taken.transit_attachments.keys().next().unwrap().clone();
        let contents = taken.transit_table_contents.get_mut(&table).unwrap();
        contents
            .routes
            .retain(|it| routing == Routing::Bgp || it.propagated);
        let nets = subject.site.lan.iter().map(ToString::to_string);
        contents
            .routes
            .extend(nets.map(|net| to(&net, &vpc, false)));
        assert_eq!(missed(&subject, &taken), [route[0], route[0]]);

        let mut dead = whole.clone();
        let contents = dead.transit_table_contents.get_mut(&table).unwrap();
        let last = contents.routes.last_mut().unwrap();
        (last.state, last.attachments) = (State::new("blackhole"), [].into_iter().collect());
        assert_eq!(missed(&subject, &dead), route);
    }
}
