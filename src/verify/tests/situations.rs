use super::*;
use crate::aws::{Fault, FaultKind};
use crate::spec::InsideCidr;

fn judged(subject: &Subject, view: &View) -> Report {
    judge(
        subject,
        view,
        &both_as_planned(),
        &Answers::default(),
        now(),
    )
}

#[test]
fn a_healthy_vpn_is_up_in_whatever_order_aws_lists_its_tunnels() {
    for routing in [Routing::Bgp, Routing::Static] {
        let mut view = healthy(routing);
        let report = judged(&subject(routing), &view);
        assert!(report.is_up());
        insta::assert_snapshot!(format!("healthy-{}", routing.as_str()), lines(&report));

        connection(&mut view).tunnels.reverse();
        connection(&mut view).telemetry.reverse();
        assert_eq!(report, judged(&subject(routing), &view));
        let known: Vec<_> = report
            .tunnels
            .iter()
            .map(|t| (t.number, t.outside))
            .collect();
        assert_eq!(known, [(Some(1), Some(ONE)), (Some(2), Some(TWO))]);
    }
}

#[test]
fn one_tunnel_down_is_degraded_and_says_who_has_to_begin() {
    let mut view = healthy(Routing::Bgp);
    connection(&mut view).telemetry[0] = telemetry(TWO, false, "IPSEC IS DOWN", 0);
    let report = judged(&subject(Routing::Bgp), &view);
    assert_eq!(report.health, Health::Degraded);
    insta::assert_snapshot!("one-tunnel-down", lines(&report));
}

#[test]
fn a_tunnel_that_the_device_keeps_in_reserve_is_rightly_down_and_the_other_one_is_not() {
    let report = |device: &str, outside| {
        let mut view = healthy(Routing::Static);
        let down = connection(&mut view).telemetry.iter_mut();
        for seen in down.filter(|seen| seen.outside == outside) {
            *seen = telemetry(outside, false, "IPSEC IS DOWN", 2);
        }
        let mut subject = subject(Routing::Static);
        subject.site.gateway.device = device.to_owned();
        judged(&subject, &view)
    };
    let reserve = report("mikrotik-routeros", TWO);
    assert_eq!(reserve.health, Health::Up, "{}", lines(&reserve));
    assert!(lines(&reserve).contains("keeps it in reserve"));
    assert_eq!(report("mikrotik-routeros", ONE).health, Health::Degraded);
    assert_eq!(report("strongswan", TWO).health, Health::Degraded);
}

#[test]
fn bgp_down_on_both_tunnels_stops_traffic_and_missing_routes_are_no_further_news() {
    let mut view = healthy(Routing::Bgp);
    for seen in &mut connection(&mut view).telemetry {
        *seen = telemetry(seen.outside, false, "IPSEC IS UP", 0);
    }
    table(&mut view).routes.truncate(2);
    let report = judged(&subject(Routing::Bgp), &view);
    assert_eq!(report.health, Health::Down);
    insta::assert_snapshot!("bgp-down", lines(&report));

    let gateway = view.vpn_gateways.values_mut().next().unwrap();
    gateway.amazon_side_asn = Some(Asn::try_from(65010).unwrap());
    let report = judged(&subject(Routing::Bgp), &view);
    let up = report
        .failures()
        .find(|check| check.id == CheckId::TunnelUp);
    let cause = up.unwrap().likely_cause.as_deref().unwrap();
    assert!(cause.contains("both ends have the ASN 65010"), "{cause}");
}

#[test]
fn the_number_of_static_routes_does_not_make_a_dead_tunnel_look_alive() {
    let mut view = healthy(Routing::Static);
    for seen in &mut connection(&mut view).telemetry {
        *seen = telemetry(seen.outside, false, "", 2);
    }
    connection(&mut view).routes[1].state = State::new("pending");
    let mut subject = subject(Routing::Static);
    subject.site.gateway.local_ip = Some(Ipv4Addr::new(192, 168, 1, 2));
    subject.site.gateway.device = "generic".to_owned();
    let report = judged(&subject, &view);
    assert_eq!(report.health, Health::Down);
    insta::assert_snapshot!("static-down", lines(&report));
}

#[test]
fn a_connection_that_is_gone_is_one_failure_and_not_twenty() {
    let mut view = healthy(Routing::Bgp);
    connection(&mut view).state = State::new("deleted");
    table(&mut view).routes.truncate(2);
    let report = judged(&subject(Routing::Bgp), &view);
    assert_eq!(failed(&report), [(CheckId::ConnectionAvailable, "deleted")]);
    assert_eq!(report.health, Health::Down);
    assert_eq!(report.tunnels.len(), 2);

    view.vpn_connections.clear();
    let report = judged(&subject(Routing::Bgp), &view);
    let gone = (CheckId::ConnectionAvailable, "AWS does not list it");
    assert_eq!(failed(&report), [gone]);
}

#[test]
fn routes_that_win_against_the_sites_are_found_and_a_plain_default_route_is_not_one() {
    let igw = "igw-0a1b2c3d4e5f60001";
    let eni = "eni-0a1b2c3d4e5f60001";
    let winners = |more: Vec<Route>| {
        let mut view = healthy(Routing::Bgp);
        table(&mut view).routes.extend(more);
        let report = judged(&subject(Routing::Bgp), &view);
        let mut failures = failed(&report).into_iter();
        let found = failures.next().map(|(id, saw)| (id, saw.to_owned()));
        assert_eq!(failures.next(), None);
        assert_eq!(report.health == Health::Down, found.is_some());
        found.map(|(id, saw)| {
            assert_eq!(id, CheckId::RoutePrecedence);
            saw
        })
    };
    assert_eq!(winners(vec![route("10.0.0.0/8", igw, false)]), None);
    assert_eq!(
        winners(vec![route("10.21.0.0/16", eni, false)]).unwrap(),
        format!("10.21.0.0/16 → {eni}")
    );
    assert_eq!(
        winners(vec![route("10.21.4.0/24", eni, false)]).unwrap(),
        format!("10.21.4.0/24 → {eni}")
    );
    // The VPC's own route wins even where the propagated one is longer.
    assert_eq!(
        winners(vec![route("10.20.0.0/15", "local", false)]).unwrap(),
        "10.20.0.0/15 → local"
    );
    let gone = Route {
        state: State::new("blackhole"),
        ..route("10.20.0.0/24", eni, false)
    };
    assert_eq!(
        winners(vec![gone]).unwrap(),
        format!("10.20.0.0/24 → {eni}")
    );
}

#[test]
fn what_the_router_announces_is_held_against_the_sites_networks() {
    let mut view = healthy(Routing::Bgp);
    // A summary covers both; a part of a network does not cover the network.
    table(&mut view).routes = vec![
        route("10.0.0.0/16", "local", false),
        route("10.20.0.0/15", VGW, true),
    ];
    assert!(judged(&subject(Routing::Bgp), &view).is_up());
    table(&mut view).routes = vec![
        route("10.20.0.0/24", VGW, true),
        route("10.21.0.0/17", VGW, true),
        route("10.21.128.0/17", VGW, true),
    ];
    assert!(judged(&subject(Routing::Bgp), &view).is_up());

    // A summary is worth nothing when the table has a longer route to somewhere else.
    let nat = "nat-0a1b2c3d4e5f60001";
    table(&mut view).routes = vec![
        route("10.0.0.0/8", VGW, true),
        route("10.20.0.0/15", nat, false),
    ];
    let report = judged(&subject(Routing::Bgp), &view);
    let saw = format!("10.20.0.0/15 → {nat}");
    assert_eq!(failed(&report), [(CheckId::RoutePrecedence, saw.as_str())]);
    let cause = report
        .failures()
        .next()
        .unwrap()
        .likely_cause
        .as_deref()
        .unwrap();
    assert!(cause.contains("announce the site's networks"), "{cause}");

    table(&mut view).routes = vec![
        route("0.0.0.0/0", "igw-0a1b2c3d4e5f60001", false),
        route("10.21.128.0/17", VGW, true),
        route("0.0.0.0/0", VGW, true),
    ];
    for seen in &mut connection(&mut view).telemetry {
        seen.accepted_routes = 101;
    }
    let report = judged(&subject(Routing::Bgp), &view);
    insta::assert_snapshot!("announcements", lines(&report));

    for seen in &mut connection(&mut view).telemetry {
        *seen = telemetry(seen.outside, true, "0 BGP ROUTES", 0);
    }
    table(&mut view).routes.truncate(1);
    let report = judged(&subject(Routing::Bgp), &view);
    assert_eq!(report.health, Health::Down);
    let ids: BTreeSet<CheckId> = report.failures().map(|check| check.id).collect();
    assert_eq!(
        ids,
        BTreeSet::from([CheckId::TunnelRoutes, CheckId::SiteRoute])
    );
}

#[test]
fn a_forgotten_static_connection_on_the_same_gateway_is_named() {
    let mut view = healthy(Routing::Bgp);
    let mut other = healthy(Routing::Static)
        .vpn_connections
        .into_values()
        .next()
        .unwrap();
    other.id = "vpn-0a1b2c3d4e5f60002".parse().unwrap();
    view.vpn_connections.insert(other.id.clone(), other.clone());
    let report = judged(&subject(Routing::Bgp), &view);
    assert_eq!(report.health, Health::Down);
    let saw: Vec<_> = failed(&report);
    assert_eq!(saw[0].0, CheckId::RivalConnection);
    assert_eq!(
        saw[0].1,
        "vpn-0a1b2c3d4e5f60002 has a static route to 10.20.0.0/24"
    );
    assert_eq!(saw.len(), 2);

    // One whose tunnels are down waits for its hour.
    other.telemetry.clear();
    view.vpn_connections.insert(other.id.clone(), other.clone());
    assert_eq!(
        judged(&subject(Routing::Bgp), &view).health,
        Health::Degraded
    );
    // One that is going, and one to somewhere else, are none.
    other.state = State::new("deleting");
    view.vpn_connections.insert(other.id.clone(), other.clone());
    assert!(judged(&subject(Routing::Bgp), &view).is_up());
    other.state = State::new("available");
    other.routes.truncate(1);
    other.routes[0].destination = "10.0.0.0/8".parse().unwrap();
    view.vpn_connections.insert(other.id.clone(), other);
    assert!(judged(&subject(Routing::Bgp), &view).is_up());
}

#[test]
fn what_was_negotiated_is_compared_as_far_as_aws_tells() {
    let weaker = NegotiatedTunnel {
        phase1_dh_group: Some(14),
        phase2_encryption: Some("AES128".to_owned()),
        phase2_integrity: Some("SHA1".to_owned()),
        ..as_planned()
    };
    let denied = Fault {
        action: "GetActiveVpnTunnelStatus".to_owned(),
        kind: FaultKind::Denied,
        code: Some("UnauthorizedOperation".to_owned()),
        message: "You are not authorized".to_owned(),
        request_id: None,
    };
    let negotiated = Negotiated::from([(ONE, Ok(weaker)), (TWO, Err(denied))]);
    let view = healthy(Routing::Bgp);
    let report = judge(
        &subject(Routing::Bgp),
        &view,
        &negotiated,
        &Answers::default(),
        now(),
    );
    assert_eq!(report.health, Health::Degraded);
    let crypto: Vec<_> = report
        .checks
        .iter()
        .filter(|check| check.id == CheckId::TunnelCrypto)
        .map(|check| (check.verdict, check.saw.as_str()))
        .collect();
    assert_eq!(
        crypto,
        [
            (
                Verdict::Fail,
                "phase 2 encryption AES128 instead of AES256-GCM-16, phase 1 group 14 instead \
                 of 20"
            ),
            (
                Verdict::Unknown,
                "GetActiveVpnTunnelStatus: UnauthorizedOperation: You are not authorized"
            ),
        ]
    );
}

#[test]
fn the_log_of_the_right_tunnel_beats_guessing() {
    let mut view = healthy(Routing::Bgp);
    for seen in &mut connection(&mut view).telemetry {
        *seen = telemetry(seen.outside, false, "IPSEC IS DOWN", 0);
    }
    let mut subject = subject(Routing::Bgp);
    let group = "arn:aws:logs:eu-central-1:111122223333:log-group:/vpn/plant 7:*";
    subject.tunnels[1].options.log_group_arn = Some(group.to_owned());
    // The first address is contained in a longer one of the last line.
    subject.ike_log = vec![
        format!("{TWO} AWS tunnel Timeout: deleting un-established Phase 1 IKE_SA"),
        format!("{TWO} AWS tunnel detected a pre-shared key mismatch with cgw"),
        format!("{ONE} No Proposal Match Found. Notifying with \"No proposal chosen\""),
        "1198.51.100.2019 something that explains nothing".to_owned(),
    ];
    let report = judged(&subject, &view);
    let causes: Vec<_> = report
        .failures()
        .filter(|check| check.id == CheckId::TunnelUp)
        .map(|check| {
            let cause = check.likely_cause.as_deref().unwrap();
            (
                cause.split(':').nth(1).unwrap(),
                check.next.as_deref().unwrap(),
            )
        })
        .collect();
    assert!(causes[0].0.contains("different algorithms"), "{causes:?}");
    assert!(causes[1].0.contains("pre-shared key"), "{causes:?}");
    assert_eq!(causes[0].1, "swanctl --list-sas");
    assert_eq!(
        causes[1].1,
        format!(
            "aws logs --region eu-central-1 get-log-events --log-group-name '/vpn/plant 7' \
             --log-stream-name {CONNECTION}_{TWO}-IKE.log"
        )
    );
}

#[test]
fn what_somebody_changed_behind_our_back_is_found() {
    let mut view = healthy(Routing::Bgp);
    let moved: InsideCidr = "169.254.99.0/30".parse().unwrap();
    connection(&mut view).tunnels[1].inside_cidr = Some(moved);
    view.vpn_gateways.values_mut().next().unwrap().attachments[1].state = State::new("detaching");
    view.customer_gateways
        .values_mut()
        .next()
        .unwrap()
        .ip_address = Some("203.0.113.8".parse().unwrap());
    table(&mut view).propagating.clear();
    table(&mut view).routes.truncate(2);
    let report = judged(&subject(Routing::Bgp), &view);
    insta::assert_snapshot!("changed", lines(&report));
    // AWS's second tunnel is still shown, as one that nobody planned.
    let known: Vec<_> = report
        .tunnels
        .iter()
        .map(|t| (t.number, t.outside))
        .collect();
    assert_eq!(
        known,
        [(Some(1), Some(ONE)), (Some(2), None), (None, Some(TWO))]
    );
}

#[test]
fn while_aws_changes_the_connection_nothing_is_claimed() {
    let mut view = healthy(Routing::Bgp);
    connection(&mut view).state = State::new("modifying");
    connection(&mut view).telemetry.clear();
    let report = judge(
        &subject(Routing::Bgp),
        &view,
        &Negotiated::new(),
        &Answers::default(),
        now(),
    );
    assert_eq!(failed(&report), []);
    assert_eq!(report.health, Health::Down);
    assert!(
        report.summary().starts_with("down: 0 of 2 tunnels up"),
        "{}",
        report.summary()
    );

    let mut view = healthy(Routing::Bgp);
    for seen in &mut connection(&mut view).telemetry {
        *seen = telemetry(seen.outside, false, "IPSEC IS DOWN", 0);
        seen.changed_at = Some("2026-11-22T03:58:00Z".parse().unwrap());
    }
    let report = judged(&subject(Routing::Bgp), &view);
    let cause = report
        .failures()
        .next()
        .unwrap()
        .likely_cause
        .as_deref()
        .unwrap();
    assert!(cause.ends_with("look again"), "{cause}");
}

#[test]
fn a_check_is_called_the_same_in_json_and_on_screen() {
    for routing in [Routing::Bgp, Routing::Static] {
        let report = judged(&subject(routing), &healthy(routing));
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["health"], "up");
        for (check, json) in report.checks.iter().zip(json["checks"].as_array().unwrap()) {
            assert_eq!(json["id"], check.id.to_string());
        }
    }
}
