//! Tunnel options and the configuration document.

use crate::sandbox::testing::{CLINIC_VGW, Document, client, pass};

#[tokio::test(start_paused = true)]
async fn tunnel_options_are_checked_like_awss() {
    let client = client();
    let customer = client.customer_gateway("198.51.100.7", "65010");
    pass(10).await;
    let code = |options: &[(&str, &str)]| {
        let options: Vec<_> = options
            .iter()
            .map(|(name, value)| (format!("Options.TunnelOptions.{name}"), *value))
            .collect();
        let params: Vec<_> = options
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        client
            .vpn(&customer, CLINIC_VGW, &params)
            .expect_err("must be refused")
            .code
    };
    let long = "x".repeat(65);
    let refused: &[(&str, &str)] = &[
        ("1.PreSharedKey", "short77"),
        ("1.PreSharedKey", "0leading.zero"),
        ("1.PreSharedKey", "has+plus/and="),
        ("1.PreSharedKey", &long),
        ("1.TunnelInsideCidr", "169.254.169.252/30"),
        ("1.TunnelInsideCidr", "169.254.5.0/30"),
        ("1.TunnelInsideCidr", "169.254.10.0/29"),
        ("1.TunnelInsideCidr", "10.0.0.0/30"),
        ("2.Phase1LifetimeSeconds", "899"),
        ("2.Phase2LifetimeSeconds", "3601"),
        ("2.RekeyMarginTimeSeconds", "1801"),
        ("1.DPDTimeoutSeconds", "29"),
        ("1.DPDTimeoutAction", "reboot"),
        ("1.Phase1EncryptionAlgorithm.1.Value", "3DES"),
        ("1.Phase1DHGroupNumber.1.Value", "5"),
        ("1.Phase2DHGroupNumber.1.Value", "1"),
        ("1.IKEVersion.1.Value", "ikev3"),
        ("3.StartupAction", "add"),
    ];
    for option in refused {
        let given: Vec<_> = if option.0.starts_with('3') {
            vec![
                ("1.StartupAction", "add"),
                ("2.StartupAction", "add"),
                *option,
            ]
        } else {
            vec![*option]
        };
        assert_eq!(code(&given), "InvalidParameterValue", "{option:?}");
    }
    let pairs: &[(&[(&str, &str)], &str)] = &[
        (
            &[
                ("1.Phase1LifetimeSeconds", "900"),
                ("1.Phase2LifetimeSeconds", "900"),
            ],
            "InvalidParameterValue",
        ),
        (
            &[
                ("1.Phase2LifetimeSeconds", "900"),
                ("1.RekeyMarginTimeSeconds", "451"),
            ],
            "InvalidParameterValue",
        ),
        (
            &[
                ("1.TunnelInsideCidr", "169.254.10.0/30"),
                ("2.TunnelInsideCidr", "169.254.10.0/30"),
            ],
            "InvalidParameterValue",
        ),
        (
            &[("1.StartupAction", "start")],
            "InvalidParameterCombination",
        ),
        (
            &[("1.LogOptions.CloudWatchLogOptions.LogEnabled", "true")],
            "MissingParameter",
        ),
    ];
    for (options, expected) in pairs {
        assert_eq!(code(options), *expected, "{options:?}");
    }
    // Group 5 is for phase 2 alone; 1800 is half of 3600.
    let fine = [
        ("Options.TunnelOptions.1.Phase2DHGroupNumber.1.Value", "5"),
        ("Options.TunnelOptions.1.RekeyMarginTimeSeconds", "1800"),
        (
            "Options.TunnelOptions.1.TunnelInsideCidr",
            "169.254.10.0/30",
        ),
    ];
    client.vpn(&customer, CLINIC_VGW, &fine).unwrap();
    let second = client.customer_gateway("198.51.100.8", "65011");
    pass(1).await;
    let clash = [(
        "Options.TunnelOptions.2.TunnelInsideCidr",
        "169.254.10.0/30",
    )];
    let clash = client.vpn(&second, CLINIC_VGW, &clash).unwrap_err();
    assert_eq!(clash.code, "InvalidParameterValue", "unique on a gateway");
}

/// One connection whose keys, networks and options are all given.
const EXPLICIT: [(&str, &str); 8] = [
    (
        "Options.TunnelOptions.1.TunnelInsideCidr",
        "169.254.10.0/30",
    ),
    (
        "Options.TunnelOptions.1.PreSharedKey",
        "tunnel.one_0123456789",
    ),
    (
        "Options.TunnelOptions.1.Phase1EncryptionAlgorithm.1.Value",
        "AES256-GCM-16",
    ),
    ("Options.TunnelOptions.1.Phase1DHGroupNumber.1.Value", "20"),
    (
        "Options.TunnelOptions.2.TunnelInsideCidr",
        "169.254.10.4/30",
    ),
    (
        "Options.TunnelOptions.2.PreSharedKey",
        "tunnel.two_0123456789",
    ),
    ("Options.TunnelOptions.2.DPDTimeoutAction", "restart"),
    (
        "Options.TunnelOptions.2.EnableTunnelLifecycleControl",
        "true",
    ),
];

#[tokio::test(start_paused = true)]
async fn options_are_echoed_and_the_rest_is_awss_default() {
    let client = client();
    let (_, _, vpn) = client.site(&EXPLICIT).await;
    let described = client.describe_vpn(&vpn);
    let tunnel = |outside: &str| {
        let set = described.inside("options", "tunnelOptionSet").remove(0);
        let marker = format!("<outsideIpAddress>{outside}<");
        Document(
            set.split("<outsideIpAddress>")
                .map(|part| format!("<outsideIpAddress>{part}"))
                .find(|part| part.starts_with(&marker))
                .unwrap(),
        )
    };
    let outside = described.inside("tunnelOptionSet", "outsideIpAddress");
    let (one, two) = {
        let first = tunnel(&outside[0]);
        let second = tunnel(&outside[1]);
        if first.text("tunnelInsideCidr") == "169.254.10.0/30" {
            (first, second)
        } else {
            (second, first)
        }
    };
    assert_eq!(one.text("preSharedKey"), "tunnel.one_0123456789");
    assert_eq!(
        one.inside("phase1EncryptionAlgorithmSet", "value"),
        ["AES256-GCM-16"]
    );
    assert_eq!(one.inside("phase1DHGroupNumberSet", "value"), ["20"]);
    assert_eq!(one.inside("phase2IntegrityAlgorithmSet", "value").len(), 4);
    assert_eq!(one.text("dpdTimeoutSeconds"), "30");
    assert_eq!(two.text("dpdTimeoutAction"), "restart");
    assert_eq!(two.text("enableTunnelLifecycleControl"), "true");
    assert_eq!(
        two.inside("phase1DHGroupNumberSet", "value").len(),
        12,
        "everything is allowed"
    );
    assert_eq!(two.inside("ikeVersionSet", "value"), ["ikev1", "ikev2"]);
}

/// The document, with what is random replaced.
fn configuration(document: &Document) -> String {
    let mut text = document.text("customerGatewayConfiguration");
    for (id, name) in [
        ("vpnConnectionId", "VPN"),
        ("customerGatewayId", "CGW"),
        ("vpnGatewayId", "VGW"),
    ] {
        text = text.replace(&document.text(id), name);
    }
    for outside in document.inside("tunnelOptionSet", "outsideIpAddress") {
        text = text.replace(&outside, "OUTSIDE");
    }
    text
}

#[tokio::test(start_paused = true)]
async fn the_configuration_is_awss_weak_crypto_included() {
    let client = client();
    let (_, _, vpn) = client.site(&EXPLICIT).await;
    insta::assert_snapshot!("bgp", configuration(&client.describe_vpn(&vpn)));
    let other = crate::sandbox::testing::client();
    let mut options = EXPLICIT.to_vec();
    options.push(("Options.StaticRoutesOnly", "true"));
    let (_, _, vpn) = other.site(&options).await;
    insta::assert_snapshot!("static", configuration(&other.describe_vpn(&vpn)));
}

/// The position of the first tunnel in each of the three lists.
fn orders(document: &Document) -> [bool; 3] {
    let mut outside = document.inside("tunnelOptionSet", "outsideIpAddress");
    let options = outside.clone();
    outside.sort();
    let configuration = document.text("customerGatewayConfiguration");
    let in_configuration = configuration.find(&outside[0]) < configuration.find(&outside[1]);
    let telemetry = document.inside("vgwTelemetry", "outsideIpAddress");
    [
        in_configuration,
        options[0] == outside[0],
        telemetry[0] == outside[0],
    ]
}

#[tokio::test(start_paused = true)]
async fn tunnel_order_means_nothing() {
    let client = client();
    let (_, _, vpn) = client.site(&[]).await;
    let looks: Vec<_> = (0..20)
        .map(|_| orders(&client.describe_vpn(&vpn)))
        .collect();
    assert!(
        looks.iter().all(|[xml, options, _]| xml != options),
        "never the same order"
    );
    assert!(
        looks.iter().all(|look| look[0] == looks[0][0]),
        "stable for a connection"
    );
    assert!(looks.iter().any(|look| look[2]) && looks.iter().any(|look| !look[2]));
    client.sandbox.set_faults("shuffle".parse().unwrap());
    let looks: Vec<_> = (0..20)
        .map(|_| orders(&client.describe_vpn(&vpn)))
        .collect();
    for place in 0..3 {
        assert!(looks.iter().any(|look| look[place]) && looks.iter().any(|look| !look[place]));
    }
}

#[tokio::test(start_paused = true)]
async fn options_that_were_not_given_can_be_left_out() {
    let client = client();
    let (_, _, vpn) = client.site(&EXPLICIT).await;
    client.sandbox.set_faults("sparse-options".parse().unwrap());
    let described = client.describe_vpn(&vpn);
    let count = |name| described.inside("tunnelOptionSet", name).len();
    assert_eq!((count("preSharedKey"), count("tunnelInsideCidr")), (2, 2));
    assert_eq!(
        (
            count("dpdTimeoutAction"),
            count("enableTunnelLifecycleControl")
        ),
        (1, 1)
    );
    assert_eq!(
        (
            count("phase1EncryptionAlgorithmSet"),
            count("phase2EncryptionAlgorithmSet")
        ),
        (1, 0)
    );
    assert_eq!(
        (count("phase1LifetimeSeconds"), count("startupAction")),
        (0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn keys_in_secrets_manager_are_not_shown() {
    let client = client();
    let (_, _, vpn) = client
        .site(&[("PreSharedKeyStorage", "SecretsManager")])
        .await;
    let described = client.describe_vpn(&vpn);
    assert_eq!(
        described.inside("tunnelOptionSet", "preSharedKey"),
        ["REDACTED", "REDACTED"]
    );
    assert!(
        described
            .text("customerGatewayConfiguration")
            .contains("<pre_shared_key>REDACTED<")
    );
    assert!(described.text("preSharedKeyArn").contains("secret:s2svpn!"));
}

#[tokio::test(start_paused = true)]
async fn lifecycle_control_can_skip_the_replacement() {
    let client = client();
    let (_, _, vpn) = client.site(&[]).await;
    let outside = client
        .describe_vpn(&vpn)
        .inside("tunnelOptionSet", "outsideIpAddress");
    let mut modify = vec![
        ("VpnConnectionId", vpn.as_str()),
        ("VpnTunnelOutsideIpAddress", outside[0].as_str()),
        ("TunnelOptions.EnableTunnelLifecycleControl", "true"),
        ("SkipTunnelReplacement", "true"),
    ];
    assert_eq!(
        client.ok("ModifyVpnTunnelOptions", &modify).text("state"),
        "available"
    );
    modify.pop();
    assert_eq!(
        client.ok("ModifyVpnTunnelOptions", &modify).text("state"),
        "modifying"
    );
    let elsewhere = [
        ("VpnConnectionId", vpn.as_str()),
        ("VpnTunnelOutsideIpAddress", "192.0.2.1"),
        ("TunnelOptions.StartupAction", "add"),
    ];
    pass(481).await;
    assert_eq!(
        client.code("ModifyVpnTunnelOptions", &elsewhere),
        "InvalidParameterValue"
    );
}

#[tokio::test(start_paused = true)]
async fn samples_name_the_device_and_the_tunnels() {
    let client = client();
    let (_, _, vpn) = client.site(&EXPLICIT).await;
    let types = client.ok("GetVpnConnectionDeviceTypes", &[]);
    assert!(types.all("vpnConnectionDeviceTypeId").len() > 40);
    let sample = [
        ("VpnConnectionId", vpn.as_str()),
        ("VpnConnectionDeviceTypeId", "9005b6c1"),
    ];
    let text = client
        .ok("GetVpnConnectionDeviceSampleConfiguration", &sample)
        .text("vpnConnectionDeviceSampleConfiguration");
    assert!(
        text.contains("tunnel.two_0123456789") && text.contains("169.254.10.6"),
        "{text}"
    );
    let mut recommended = sample.to_vec();
    recommended.extend([
        ("SampleType", "recommended"),
        ("InternetKeyExchangeVersion", "ikev1"),
    ]);
    let code = client.code("GetVpnConnectionDeviceSampleConfiguration", &recommended);
    assert_eq!(code, "UnsupportedOperation");
}
