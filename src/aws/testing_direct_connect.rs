//! One Direct Connect call of each kind, and what the service says to it.

use super::direct_connect_call::VirtualInterfaceOptions;
use super::in_process::Exchange;
use super::testing::{tags, xml};
use super::{ConnectionEnd, DirectConnectCall, VirtualInterfaceKind};
use crate::spec::Asn;
use crate::tunnel::BgpKey;

/// The key of a BGP session: no output but the request itself may hold it.
pub(super) const BGP_KEY: &str = "BgpKeyNeverShown0123";

/// The answer to a call that was carried out; creates name what they made.
pub(super) fn done(action: &str) -> Exchange {
    let id = "5f294f92-bafb-4011-916d-9b0b7e2f3c41";
    let made = match action {
        "CreateConnection" => r#"{"connectionId":"dxcon-fg31dyv6"}"#.to_owned(),
        "CreateDirectConnectGateway" => {
            format!(r#"{{"directConnectGateway":{{"directConnectGatewayId":"{id}"}}}}"#)
        }
        "CreateDirectConnectGatewayAssociation" => {
            format!(r#"{{"directConnectGatewayAssociation":{{"associationId":"{id}"}}}}"#)
        }
        "CreatePrivateVirtualInterface" => r#"{"virtualInterfaceId":"dxvif-fg31dyv6"}"#.to_owned(),
        "CreateTransitVirtualInterface" => {
            r#"{"virtualInterface":{"virtualInterfaceId":"dxvif-fg31dyv6"}}"#.to_owned()
        }
        _ => "{}".to_owned(),
    };
    let mut answer = xml(200, &made);
    answer.headers = vec![(
        "content-type".to_owned(),
        "application/x-amz-json-1.1".to_owned(),
    )];
    answer
}

/// One call of each kind, two where there are two ways to say it.
pub(super) fn every_call() -> Vec<DirectConnectCall> {
    let gateway = "5f294f92-bafb-4011-916d-9b0b7e2f3c41";
    let association = "7c0c51d5-3a4f-4ac5-9f0a-2f1f3c6f0b11";
    let order = |provider: Option<&str>, macsec| DirectConnectCall::OrderConnection {
        name: "underpass-plant-7".to_owned(),
        location: "EqFA5".to_owned(),
        bandwidth: "1Gbps".to_owned(),
        provider: provider.map(str::to_owned),
        macsec,
        tags: tags("plant-7"),
    };
    let joined = |with| DirectConnectCall::Associate {
        gateway: gateway.parse().unwrap(),
        with,
        allowed_prefixes: [
            "10.0.0.0/16".parse().unwrap(),
            "10.1.0.0/16".parse().unwrap(),
        ]
        .into(),
    };
    let interface = |kind, addresses| DirectConnectCall::CreateVirtualInterface {
        kind,
        connection: "dxcon-fg31dyv6".parse().unwrap(),
        gateway: gateway.parse().unwrap(),
        options: VirtualInterfaceOptions {
            name: "underpass-plant-7".to_owned(),
            vlan: 101,
            asn: Asn::try_from(4_200_000_001).unwrap(),
            mtu: 8500,
            addresses,
        },
        key: BgpKey::new(BGP_KEY.to_owned().into()).unwrap(),
        tags: tags("plant-7"),
    };
    let link = ("169.254.100.1/30", "169.254.100.2/30");
    let link = (link.0.parse().unwrap(), link.1.parse().unwrap());
    vec![
        order(Some("Equinix"), true),
        order(None, false),
        DirectConnectCall::ConfirmConnection("dxcon-fg31dyv6".parse().unwrap()),
        DirectConnectCall::DeleteConnection("dxcon-fg31dyv6".parse().unwrap()),
        DirectConnectCall::AssociateMacsecKey {
            connection: "dxcon-fg31dyv6".parse().unwrap(),
            secret_arn: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:macsec-4f2a9c"
                .to_owned(),
        },
        DirectConnectCall::SetEncryption {
            connection: "dxcon-fg31dyv6".parse().unwrap(),
            mode: "must_encrypt".to_owned(),
        },
        DirectConnectCall::CreateGateway {
            name: "underpass-plant-7".to_owned(),
            amazon_side_asn: Asn::try_from(64_513).unwrap(),
            tags: tags("plant-7"),
        },
        DirectConnectCall::DeleteGateway(gateway.parse().unwrap()),
        joined(ConnectionEnd::VpnGateway("vgw-0a1b2c3d".parse().unwrap())),
        joined(ConnectionEnd::TransitGateway(
            "tgw-0a1b2c3d".parse().unwrap(),
        )),
        DirectConnectCall::UpdateAllowedPrefixes {
            association: association.parse().unwrap(),
            add: ["10.2.0.0/16".parse().unwrap()].into(),
            remove: ["10.1.0.0/16".parse().unwrap()].into(),
        },
        DirectConnectCall::Disassociate(association.parse().unwrap()),
        interface(VirtualInterfaceKind::Private, None),
        interface(VirtualInterfaceKind::Transit, Some(link)),
        DirectConnectCall::SetMtu {
            interface: "dxvif-fg31dyv6".parse().unwrap(),
            mtu: 1500,
        },
        DirectConnectCall::DeleteVirtualInterface("dxvif-fg31dyv6".parse().unwrap()),
        DirectConnectCall::StartFailoverTest {
            interface: "dxvif-fg31dyv6".parse().unwrap(),
            minutes: 10,
        },
        DirectConnectCall::StopFailoverTest("dxvif-fg31dyv6".parse().unwrap()),
        DirectConnectCall::Tag {
            arn: "arn:aws:directconnect:eu-central-1:111122223333:dxcon/dxcon-fg31dyv6".to_owned(),
            tags: tags("plant-7"),
        },
        DirectConnectCall::Untag {
            arn: "arn:aws:directconnect:eu-central-1:111122223333:dxvif/dxvif-fg31dyv6".to_owned(),
            key: "underpass:prefers".to_owned(),
        },
    ]
}
