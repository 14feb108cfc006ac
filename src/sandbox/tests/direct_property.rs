//! Whatever Direct Connect is asked, it answers, and keeps its house in order.

use std::cell::RefCell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::sandbox::testing::{CLINIC_VGW, Client, client, pass};
use crate::sandbox::{Sandbox, World};

const HUB: &str = "tgw-0c1b2c3d4e5f60009";

/// One step of a life.
#[derive(Clone, Debug)]
struct Step {
    action: usize,
    /// Which of the things that are there it is about.
    which: usize,
    number: u16,
    text: String,
    wait: u32,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        0..30_usize,
        0..4_usize,
        0..5_000_u16,
        "[ -~]{0,12}",
        0..4_000_u32,
    );
    let step = step.prop_map(|(action, which, number, text, wait)| Step {
        action,
        which,
        number,
        text,
        wait,
    });
    prop::collection::vec(step, 1..60)
}

/// The id of one of the things, or of none.
fn nth<'a, T: 'a>(ids: impl Iterator<Item = (T, &'a str)>, which: usize) -> String {
    let ids: Vec<&str> = ids.map(|(_, id)| id).collect();
    let index = which.checked_rem(ids.len()).unwrap_or(0);
    ids.get(index)
        .copied()
        .unwrap_or("dxcon-fabcdefg")
        .to_owned()
}

fn asked(world: &World, step: &Step) -> (&'static str, Value) {
    let direct = &world.direct_connect;
    let port = nth(
        direct.connections.keys().map(|id| ((), id.as_str())),
        step.which,
    );
    let vif = nth(
        direct.interfaces.keys().map(|id| ((), id.as_str())),
        step.which,
    );
    let gateway = nth(
        direct.gateways.keys().map(|id| ((), id.as_str())),
        step.which,
    );
    let association = nth(
        direct.associations.keys().map(|id| ((), id.as_str())),
        step.which,
    );
    let proposal = nth(
        direct.proposals.keys().map(|id| ((), id.as_str())),
        step.which,
    );
    let (number, text) = (step.number, step.text.as_str());
    let other = if number % 2 == 0 { HUB } else { CLINIC_VGW };
    let cidr = format!("10.{}.0.0/16", number % 4);
    let prefixes = json!([{"cidr": cidr}]);
    let interface = json!({"virtualInterfaceName": text, "vlan": number % 8, "asn": 65_010,
        "directConnectGatewayId": gateway});
    let of_port = json!({"connectionId": port});
    let of_vif = json!({"virtualInterfaceId": vif});
    let of_gateway = json!({"directConnectGatewayId": gateway});
    let of_association = json!({"associationId": association});
    match step.action {
        0..=2 => (
            "CreateConnection",
            json!({"location": "EqFA5", "bandwidth": "10Gbps",
            "connectionName": text, "requestMACSec": number % 2 == 0}),
        ),
        3 => ("DeleteConnection", of_port),
        4 => ("DescribeLoa", of_port),
        5 => (
            "AssociateMacSecKey",
            json!({"connectionId": port, "secretARN": text}),
        ),
        6..=8 => (
            "CreateDirectConnectGateway",
            json!({"directConnectGatewayName": text,
            "amazonSideAsn": 64_512 + u32::from(number % 3)}),
        ),
        9 => ("DeleteDirectConnectGateway", of_gateway),
        10 | 11 => (
            "CreateDirectConnectGatewayAssociation",
            json!({
            "directConnectGatewayId": gateway, "gatewayId": other,
            "addAllowedPrefixesToDirectConnectGateway": prefixes}),
        ),
        12 => (
            "UpdateDirectConnectGatewayAssociation",
            json!({"associationId": association,
            "addAllowedPrefixesToDirectConnectGateway": prefixes}),
        ),
        13 => ("DeleteDirectConnectGatewayAssociation", of_association),
        14 => (
            "CreateDirectConnectGatewayAssociationProposal",
            json!({
            "directConnectGatewayId": gateway, "gatewayId": other,
            "directConnectGatewayOwnerAccount": "111122223333"}),
        ),
        15 => (
            "AcceptDirectConnectGatewayAssociationProposal",
            json!({
            "directConnectGatewayId": gateway, "proposalId": proposal,
            "associatedGatewayOwnerAccount": "111122223333"}),
        ),
        16..=18 => (
            "CreateTransitVirtualInterface",
            json!({"connectionId": port, "newTransitVirtualInterface": interface}),
        ),
        19 | 20 => (
            "CreatePrivateVirtualInterface",
            json!({"connectionId": port, "newPrivateVirtualInterface": interface}),
        ),
        21 => ("DeleteVirtualInterface", of_vif),
        22 => (
            "UpdateVirtualInterfaceAttributes",
            json!({"virtualInterfaceId": vif, "mtu": if number % 2 == 0 { 1500 } else { 8500 }}),
        ),
        23 => (
            "CreateBGPPeer",
            json!({"virtualInterfaceId": vif,
            "newBGPPeer": {"asn": number, "addressFamily": if number % 2 == 0 { "ipv4" } else { "ipv6" }}}),
        ),
        24 => (
            "DeleteBGPPeer",
            json!({"virtualInterfaceId": vif, "asn": 65_010}),
        ),
        25 => (
            "StartBgpFailoverTest",
            json!({"virtualInterfaceId": vif, "testDurationInMinutes": number}),
        ),
        26 => ("StopBgpFailoverTest", of_vif),
        27 => ("DescribeRouterConfiguration", of_vif),
        28 => ("ListVirtualInterfaceRoutes", of_vif),
        _ => (
            "TagResource",
            json!({"resourceArn": text, "tags": [{"key": text}]}),
        ),
    }
}

fn check(sandbox: &Sandbox) {
    sandbox.inspect(|world, now| {
        let direct = &world.direct_connect;
        let mut vlans = BTreeSet::new();
        for it in direct.interfaces.values().filter(|it| it.life.exists(now)) {
            assert!(
                vlans.insert((&it.connection, it.vlan)),
                "a VLAN twice: {it:?}"
            );
            let port = &direct.connections[&it.connection];
            assert!(port.life.is_wanted(now), "{it:?} on {port:?}");
            let gateway = &direct.gateways[it.gateway.as_ref().unwrap()];
            assert!(gateway.life.is_wanted(now), "{it:?} on {gateway:?}");
            let families: BTreeSet<_> = it
                .peers_at(now)
                .map(|peer| peer.amazon.addr().is_ipv4())
                .collect();
            assert_eq!(families.len(), it.peers_at(now).count());
        }
        for it in direct
            .associations
            .values()
            .filter(|it| it.life.exists(now))
        {
            assert!(direct.gateways[&it.gateway].life.is_wanted(now), "{it:?}");
            let kinds = direct.associations_of(&it.gateway, now);
            assert!(
                kinds
                    .into_iter()
                    .all(|other| other.is_transit == it.is_transit)
            );
            if let Some(attachment) = &it.attachment {
                let attachments = &world.regions["eu-central-1"].transit_attachments;
                assert_eq!(attachments[attachment].life, it.life);
            }
        }
    });
}

async fn live(steps: Vec<Step>, succeeded: &Succeeded) {
    let client: Client = client();
    client.dx_port().await;
    client.dx_gateway(64_600).await;
    client.dx_gateway(64_601).await;
    for step in steps {
        let (action, input) = client.sandbox.inspect(|world, _| asked(world, &step));
        match client.dx_cbor(action, &input) {
            Ok(_) => {
                succeeded.borrow_mut().insert(action);
            }
            Err(failure) => {
                let known = matches!(failure.status, 400 | 500);
                assert!(known, "{action} {input}: {failure:?}");
            }
        }
        let ports: Vec<_> = client.sandbox.inspect(|world, _| {
            let ports = world.direct_connect.connections.keys();
            ports.cloned().collect()
        });
        if let Some(port) = ports.get(step.which) {
            client.sandbox.issue_letter(port, client.sandbox.now());
            client
                .sandbox
                .set_port(port, step.number % 5 != 0, client.sandbox.now());
        }
        pass(u64::from(step.wait)).await;
        check(&client.sandbox);
        for action in ["DescribeConnections", "DescribeVirtualInterfaces"] {
            client.dx_ok(action, json!({}));
        }
    }
}

/// The actions that did what they were asked to.
type Succeeded = RefCell<BTreeSet<&'static str>>;

#[test]
fn every_life_keeps_the_rules() {
    let mut runner = TestRunner::deterministic();
    let succeeded = Succeeded::default();
    let lived = runner.run(&steps(), |steps| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(live(steps, &succeeded));
        Ok(())
    });
    lived.unwrap();
    // Random tags name nothing; all else comes about somewhere.
    let succeeded = succeeded.into_inner();
    assert_eq!(succeeded.len(), 21, "{succeeded:?}");
}
