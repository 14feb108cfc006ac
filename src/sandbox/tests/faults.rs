//! Injected failures, and the throttling that is always on.

use crate::sandbox::testing::{Client, client, pass};
use crate::sandbox::{Faults, Injected};

#[tokio::test(start_paused = true)]
async fn a_lost_reply_has_had_its_effect() {
    let client = client();
    client
        .sandbox
        .set_faults(Faults::default().lose_reply_of("CreateVpnGateway"));
    let lost = client.send("ec2", "CreateVpnGateway", &[("Type", "ipsec.1")]);
    assert!(lost.lost);
    pass(1).await;
    assert_eq!(
        client
            .ok("DescribeVpnGateways", &[])
            .all("vpnGatewayId")
            .len(),
        2
    );
    assert!(
        !client
            .send("ec2", "CreateVpnGateway", &[("Type", "ipsec.1")])
            .lost
    );
    let outcomes: Vec<_> = client
        .sandbox
        .calls()
        .into_iter()
        .map(|call| call.outcome)
        .collect();
    assert_eq!(outcomes, ["lost", "ok", "ok"]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_never_lost() {
    let client = client();
    client
        .sandbox
        .set_faults(Faults::default().lose_reply_of("DeleteVpnGateway"));
    let delete = [("VpnGatewayId", "vgw-0123456789abcdef0")];
    assert!(!client.send("ec2", "DeleteVpnGateway", &delete).lost);
}

#[tokio::test(start_paused = true)]
async fn scripted_failures_hit_one_call_and_have_no_effect() {
    let client = client();
    let faults = Faults::default()
        .script("CreateVpnGateway", 2, Injected::Unavailable)
        .script("CreateVpnGateway", 3, Injected::Throttled)
        .deny("DeleteVpnGateway");
    client.sandbox.set_faults(faults);
    client.vpn_gateway();
    let before = client.sandbox.world();
    let create = [("Type", "ipsec.1")];
    for (status, code) in [(503, "Unavailable"), (503, "RequestLimitExceeded")] {
        let failure = client.call("CreateVpnGateway", &create).unwrap_err();
        assert_eq!((failure.status, failure.code.as_str()), (status, code));
    }
    let denied = [
        ("VpnGatewayId", "vgw-0b1b2c3d4e5f60009"),
        ("DryRun", "true"),
    ];
    let failure = client.call("DeleteVpnGateway", &denied).unwrap_err();
    assert_eq!(
        (failure.status, failure.code.as_str()),
        (403, "UnauthorizedOperation")
    );
    assert!(
        failure
            .message
            .contains("is not authorized to perform: ec2:DeleteVpnGateway")
    );
    assert_eq!(client.sandbox.world(), before);
    client.vpn_gateway();
}

#[tokio::test(start_paused = true)]
async fn new_objects_stay_unseen_for_a_while() {
    let client = client();
    client
        .sandbox
        .set_faults("slow-consistency,seed:5".parse().unwrap());
    let gateways: Vec<_> = (0..4).map(|_| client.vpn_gateway()).collect();
    let seen = || {
        let found = |id: &&String| client.call("DescribeVpnGateways", &[("VpnGatewayId.1", id)]);
        gateways.iter().filter(|id| found(id).is_ok()).count()
    };
    assert_eq!(seen(), 0);
    pass(301).await;
    assert_eq!(seen(), 4, "five minutes is the most");
}

#[tokio::test(start_paused = true)]
async fn the_honest_default_hides_new_objects_for_moments_only() {
    let client = client();
    let gateways: Vec<_> = (0..4).map(|_| client.vpn_gateway()).collect();
    tokio::time::advance(std::time::Duration::from_millis(401)).await;
    for id in &gateways {
        client.ok("DescribeVpnGateways", &[("VpnGatewayId.1", id)]);
    }
}

#[tokio::test(start_paused = true)]
async fn changes_are_throttled_by_awss_buckets() {
    let client = client();
    let tagless = || {
        client.code(
            "DeleteCustomerGateway",
            &[("CustomerGatewayId", "cgw-0123456789abcdef0")],
        )
    };
    for _ in 0..50 {
        assert_eq!(tagless(), "InvalidCustomerGatewayID.NotFound");
    }
    assert_eq!(tagless(), "RequestLimitExceeded");
    client.ok("DescribeVpcs", &[]);
    let other = Client {
        key: "AKIDOTHER".to_owned(),
        ..client.clone()
    };
    let delete = [("CustomerGatewayId", "cgw-0123456789abcdef0")];
    assert_eq!(
        other.code("DeleteCustomerGateway", &delete),
        "InvalidCustomerGatewayID.NotFound"
    );
    pass(1).await;
    let codes: Vec<_> = (0..6).map(|_| tagless()).collect();
    assert_eq!(
        codes
            .iter()
            .filter(|code| *code == "RequestLimitExceeded")
            .count(),
        1,
        "5 per second"
    );
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_fail_everything() {
    let client = client();
    client
        .sandbox
        .set_faults("expired-credentials".parse().unwrap());
    assert_eq!(client.code("DescribeVpcs", &[]), "RequestExpired");
    let reply = client.send("sts", "GetCallerIdentity", &[]);
    let body = String::from_utf8(reply.body).unwrap();
    assert!(body.contains("<Code>ExpiredToken</Code>"), "{body}");
}

#[test]
fn unknown_profiles_name_the_known_ones() {
    for (given, known) in [("lost", "lost-replies"), ("quota:vpcs=1", "vpn-gateways")] {
        let message = given.parse::<Faults>().unwrap_err().to_string();
        assert!(
            message.contains(given) && message.contains(known),
            "{message}"
        );
    }
}
