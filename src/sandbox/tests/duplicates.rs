//! What a second, equal call does.

use crate::sandbox::testing::{client, pass};

#[tokio::test(start_paused = true)]
async fn an_equal_customer_gateway_is_the_existing_one() {
    let client = client();
    let tagged = |name| {
        [
            ("Type", "ipsec.1"),
            ("IpAddress", "198.51.100.7"),
            ("BgpAsn", "65010"),
            ("TagSpecification.1.ResourceType", "customer-gateway"),
            ("TagSpecification.1.Tag.1.Key", "Name"),
            ("TagSpecification.1.Tag.1.Value", name),
        ]
    };
    let first = client
        .ok("CreateCustomerGateway", &tagged("first"))
        .text("customerGatewayId");
    let second = client.ok("CreateCustomerGateway", &tagged("second"));
    assert_eq!(second.text("customerGatewayId"), first);
    assert_eq!(
        second.inside("tagSet", "value"),
        ["first"],
        "the second call's tags are dropped"
    );

    let mut named = tagged("named").to_vec();
    named.push(("DeviceName", "cam-hub"));
    let named = client
        .ok("CreateCustomerGateway", &named)
        .text("customerGatewayId");
    assert_ne!(named, first, "a device name makes it another one");

    pass(1).await;
    client.ok("DeleteCustomerGateway", &[("CustomerGatewayId", &named)]);
    client.ok("DeleteCustomerGateway", &[("CustomerGatewayId", &first)]);
    let third = client.ok("CreateCustomerGateway", &tagged("third"));
    assert_ne!(
        third.text("customerGatewayId"),
        first,
        "one that goes away is not returned"
    );
}

#[tokio::test(start_paused = true)]
async fn an_equal_connection_is_the_existing_one() {
    let client = client();
    let (customer, gateway, vpn) = client.site(&[("Options.StaticRoutesOnly", "true")]).await;
    let before = client.sandbox.world();
    let again = client
        .vpn(
            &customer,
            &gateway,
            &[
                ("Options.StaticRoutesOnly", "false"),
                ("TagSpecification.1.ResourceType", "vpn-connection"),
                ("TagSpecification.1.Tag.1.Key", "Name"),
                ("TagSpecification.1.Tag.1.Value", "again"),
            ],
        )
        .unwrap();
    assert_eq!(again.text("vpnConnectionId"), vpn);
    assert_eq!(
        again.text("staticRoutesOnly"),
        "true",
        "nor are its options applied"
    );
    assert!(again.has("customerGatewayConfiguration"));
    assert_eq!(client.sandbox.world(), before);

    client.ok("DeleteVpnConnection", &[("VpnConnectionId", &vpn)]);
    let new = client
        .vpn(&customer, &gateway, &[])
        .unwrap()
        .text("vpnConnectionId");
    assert_ne!(new, vpn);
}

#[tokio::test(start_paused = true)]
async fn gateways_and_unassociated_connections_are_made_anew() {
    let client = client();
    let (first, second) = (client.vpn_gateway(), client.vpn_gateway());
    assert_ne!(first, second);
    let customer = client.customer_gateway("198.51.100.7", "65010");
    pass(1).await;
    let create = [
        ("Type", "ipsec.1"),
        ("CustomerGatewayId", customer.as_str()),
    ];
    let one = client.ok("CreateVpnConnection", &create);
    let other = client.ok("CreateVpnConnection", &create);
    assert_ne!(one.text("vpnConnectionId"), other.text("vpnConnectionId"));
    assert_eq!(one.text("gatewayAssociationState"), "not-associated");
    assert!(!one.has("vpnGatewayId"));
}

#[tokio::test(start_paused = true)]
async fn quotas_count_what_is_not_deleted() {
    let client = client();
    // One belongs to the clinic.
    let gateways: Vec<_> = (0..4).map(|_| client.vpn_gateway()).collect();
    let create = [("Type", "ipsec.1")];
    assert_eq!(
        client.code("CreateVpnGateway", &create),
        "VpnGatewayLimitExceeded"
    );
    pass(10).await;
    client.ok("DeleteVpnGateway", &[("VpnGatewayId", &gateways[0])]);
    assert_eq!(
        client.code("CreateVpnGateway", &create),
        "VpnGatewayLimitExceeded"
    );
    pass(10).await;
    client.ok("CreateVpnGateway", &create);

    client
        .sandbox
        .set_faults("quota:customer-gateways=1".parse().unwrap());
    client.customer_gateway("198.51.100.7", "65010");
    let second = [("Type", "ipsec.1"), ("IpAddress", "198.51.100.8")];
    assert_eq!(
        client.code("CreateCustomerGateway", &second),
        "CustomerGatewayLimitExceeded"
    );
}

#[tokio::test(start_paused = true)]
async fn a_gateway_carries_ten_connections() {
    let client = client();
    let gateway = client.vpn_gateway();
    let customers: Vec<_> = (1..=11)
        .map(|host| client.customer_gateway(&format!("192.0.2.{host}"), "65010"))
        .collect();
    pass(10).await;
    let (last, first_ten) = customers.split_last().unwrap();
    let mut outside = std::collections::BTreeSet::new();
    let mut inside = std::collections::BTreeSet::new();
    for customer in first_ten {
        let made = client.vpn(customer, &gateway, &[]).unwrap();
        outside.extend(made.inside("tunnelOptionSet", "outsideIpAddress"));
        inside.extend(made.inside("tunnelOptionSet", "tunnelInsideCidr"));
    }
    assert_eq!(
        (outside.len(), inside.len()),
        (20, 20),
        "every tunnel has its own addresses"
    );
    assert_eq!(
        client.vpn(last, &gateway, &[]).unwrap_err().code,
        "VpnConnectionLimitExceeded"
    );
}
