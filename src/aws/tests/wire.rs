//! What each call looks like on the wire, parameter by parameter.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::aws::testing::{KEYS, create_vpn_connection, every_call, key, options, scripted};
use crate::aws::testing_direct_connect::BGP_KEY;
use crate::aws::{Call, ConnectionEnd, ConnectionTraits, FaultKind, tunnel_request};

/// The parameters of a form, one a line, in EC2's order of members.
fn parameters(form: &str) -> Vec<String> {
    // Direct Connect's parameters are JSON.
    if let Some((action, json)) = form.split_once("&{") {
        let value: serde_json::Value = serde_json::from_str(&format!("{{{json}")).unwrap();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let lines = pretty.lines().map(str::to_owned);
        return std::iter::once(action.replace('=', " = "))
            .chain(lines)
            .collect();
    }
    let pairs = form_urlencoded::parse(form.as_bytes());
    pairs
        .map(|(name, value)| format!("{name} = {value}"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn every_call_says_everything_it_has_to() {
    let calls = every_call();
    let actions: BTreeSet<_> = calls.iter().map(Call::action).collect();
    assert_eq!(actions, Call::ACTIONS.iter().copied().collect());
    let (client, sent) = scripted(Vec::new());
    let mut text = String::new();
    for call in calls {
        client.call(&call).await.unwrap();
        let form = sent.lock().unwrap().pop().unwrap();
        writeln!(text, "{}\n", parameters(&form).join("\n  ")).unwrap();
    }
    insta::assert_snapshot!(text);
}

#[tokio::test(start_paused = true)]
async fn a_connection_on_a_transit_gateway_names_it_and_its_traits_alone() {
    let plain = create_vpn_connection("cgw-0a1b2c3d", "vgw-0a1b2c3d");
    let mut transit = plain.clone();
    if let Call::CreateVpnConnection { end, traits, .. } = &mut transit {
        *end = ConnectionEnd::TransitGateway("tgw-0a1b2c3d".parse().unwrap());
        *traits = ConnectionTraits {
            static_routes_only: true,
            accelerated: true,
            large_bandwidth: true,
            transport: Some("tgw-attach-0a1b2c3d".parse().unwrap()),
        };
    }
    let (client, sent) = scripted(Vec::new());
    let said = |form: String| parameters(&form).into_iter().collect::<BTreeSet<_>>();
    client.call(&plain).await.unwrap();
    let plain = said(sent.lock().unwrap().pop().unwrap());
    client.call(&transit).await.unwrap();
    let transit = said(sent.lock().unwrap().pop().unwrap());
    let more: Vec<&String> = transit.difference(&plain).collect();
    assert_eq!(
        more,
        [
            "Options.EnableAcceleration = true",
            "Options.OutsideIpAddressType = PrivateIpv4",
            "Options.StaticRoutesOnly = true",
            "Options.TransportTransitGatewayAttachmentId = tgw-attach-0a1b2c3d",
            "Options.TunnelBandwidth = large",
            "TransitGatewayId = tgw-0a1b2c3d",
        ]
    );
    let less: Vec<&String> = plain.difference(&transit).collect();
    assert!(
        less.contains(&&"VpnGatewayId = vgw-0a1b2c3d".to_owned()),
        "{less:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_is_the_same_request_with_one_parameter_more() {
    let (client, sent) = scripted(Vec::new());
    for call in every_call() {
        client.call(&call).await.unwrap();
        let real = sent.lock().unwrap().pop().unwrap();
        assert!(!real.contains("DryRun"), "{}", call.action());
        let Some(asked) = client.dry_run(&call).await else {
            assert!(!call.has_dry_run());
            assert!(
                sent.lock().unwrap().is_empty(),
                "{} was sent",
                call.action()
            );
            continue;
        };
        // The wire said 200, as look-alikes do that carry a dry run out: that is no permission.
        let fault = asked.unwrap_err();
        assert_eq!(fault.kind, FaultKind::CarriedOut, "{fault}");
        let dry: BTreeSet<_> = parameters(&sent.lock().unwrap().pop().unwrap())
            .into_iter()
            .collect();
        let mut expected: BTreeSet<_> = parameters(&real).into_iter().collect();
        expected.insert("DryRun = true".to_owned());
        assert_eq!(dry, expected);
    }
}

/// A member that the SDK gains one day shows here as `None`: a tunnel option that we leave to AWS.
#[test]
fn no_tunnel_option_is_left_to_awss_defaults() {
    let shape = tunnel_request::created(&options("169.254.10.0/30"), &key(0));
    let shape = format!("{shape:#?}");
    let unset: Vec<_> = shape
        .lines()
        .filter(|line| line.contains(": None"))
        .collect();
    assert_eq!(unset.len(), 1, "{unset:?}");
    assert!(unset[0].contains("tunnel_inside_ipv6_cidr"));
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_is_modified_with_all_that_it_is_created_with() {
    let (client, sent) = scripted(Vec::new());
    let mut members = Vec::new();
    for call in every_call() {
        client.call(&call).await.unwrap();
        let form = sent.lock().unwrap().pop().unwrap();
        for prefix in ["Options.TunnelOptions.1.", "TunnelOptions."] {
            let own: BTreeSet<String> = form_urlencoded::parse(form.as_bytes())
                .filter_map(|(name, _)| Some(name.strip_prefix(prefix)?.to_owned()))
                .collect();
            members.push(own);
        }
    }
    members.retain(|own| !own.is_empty());
    // The connection, the tunnel with a new key, and the tunnel with its old one and no logs.
    let [created, modified, silent] = members.as_slice() else {
        panic!("three requests have tunnel options: {members:?}");
    };
    assert_eq!(created, modified);
    assert!(silent.is_subset(modified) && !silent.contains("PreSharedKey"));
    assert!(silent.contains("LogOptions.CloudWatchLogOptions.LogEnabled"));
}

#[tokio::test(start_paused = true)]
async fn no_debug_output_shows_a_key() {
    let (client, _) = scripted(Vec::new());
    for call in every_call() {
        let shown = format!("{call:?} {:#?} {} {client:?}", call, call.describe());
        let secrets = KEYS.into_iter().chain([BGP_KEY]);
        assert!(
            secrets.into_iter().all(|key| !shown.contains(key)),
            "{shown}"
        );
    }
}
