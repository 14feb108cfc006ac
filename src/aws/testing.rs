//! What the tests of this stage share: a wire that records and answers by script, a sandbox, and
//! one call of each kind.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use super::client::{Client, Target};
use super::in_process::{self, Exchange};
use super::testing_direct_connect;
use super::{Call, ConnectionEnd, ConnectionTraits, Tags, TransitCall, TransitPair};
use crate::clock::{Clock, IdSource};
use crate::sandbox::{Faults, GatewaySim, Sandbox, SandboxOptions};
use crate::spec::{
    Asn, DhGroup, DpdAction, Encryption, IkeVersion, Integrity, Region, StartupAction,
};
use crate::tunnel::{Phase, PreSharedKey, TunnelOptions};

/// The keys of the two tunnels: no output but the request itself may hold them.
pub(super) const KEYS: [&str; 2] = ["Key.of_tunnel_1.never_shown", "Key.of_tunnel_2.never_shown"];

pub(super) fn region() -> Region {
    "eu-central-1".parse().unwrap()
}

pub(super) fn target(sandbox: Option<Sandbox>) -> Target {
    Target {
        region: region(),
        profile: None,
        endpoint_url: None,
        sandbox,
    }
}

pub(super) fn clock() -> Clock {
    Clock::starting_at("2026-11-22T08:00:00Z".parse::<Timestamp>().unwrap(), 1.0)
}

/// An answer with a body of XML.
pub(super) fn xml(status: u16, body: &str) -> Exchange {
    Exchange {
        status,
        headers: vec![("content-type".to_owned(), "text/xml".to_owned())],
        body: body.as_bytes().to_vec(),
        delay: Duration::ZERO,
        lost: false,
    }
}

/// An EC2 error as EC2 words it.
pub(super) fn error(status: u16, code: &str, message: &str) -> Exchange {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code>\
         <Message>{message}</Message></Error></Errors><RequestID>req-{code}</RequestID></Response>"
    );
    let mut answer = xml(status, &body);
    let id = ("x-amzn-requestid".to_owned(), format!("req-{code}"));
    answer.headers.push(id);
    answer
}

/// EC2's answer to a call that it carried out; creates name what they made.
fn done(form: &str) -> Exchange {
    let action = form_urlencoded::parse(form.as_bytes())
        .find(|(name, _)| name == "Action")
        .map(|(_, action)| action.into_owned())
        .unwrap();
    let made = match action.as_str() {
        "CreateCustomerGateway" => {
            "<customerGateway><customerGatewayId>cgw-0a1b2c3d</customerGatewayId></customerGateway>"
        }
        "CreateVpnGateway" => "<vpnGateway><vpnGatewayId>vgw-0a1b2c3d</vpnGatewayId></vpnGateway>",
        "CreateVpnConnection" => {
            "<vpnConnection><vpnConnectionId>vpn-0a1b2c3d</vpnConnectionId></vpnConnection>"
        }
        "CreateTransitGateway" => {
            "<transitGateway><transitGatewayId>tgw-0a1b2c3d</transitGatewayId></transitGateway>"
        }
        "CreateTransitGatewayVpcAttachment" => {
            "<transitGatewayVpcAttachment><transitGatewayAttachmentId>tgw-attach-0a1b2c3d\
             </transitGatewayAttachmentId></transitGatewayVpcAttachment>"
        }
        _ => "",
    };
    xml(200, &format!("<{action}Response>{made}</{action}Response>"))
}

/// A client whose wire answers by script, and the forms that it sent.
///
/// Past the end of the script every request succeeds.
pub(super) fn scripted(script: Vec<Exchange>) -> (Client, Arc<Mutex<Vec<String>>>) {
    let (script, sent) = (Mutex::new(VecDeque::from(script)), Arc::default());
    let record: Arc<Mutex<Vec<String>>> = Arc::clone(&sent);
    let http = in_process::http_client(move |request| {
        let body = request.body().bytes().unwrap_or_default();
        let form = String::from_utf8(body.to_vec()).unwrap();
        let answer = script.lock().unwrap().pop_front();
        // Direct Connect says in a header what it is asked, and in JSON the rest.
        let target = request.headers().get("x-amz-target");
        let target = target.and_then(|it| it.rsplit('.').next().map(str::to_owned));
        let (form, answer) = match target {
            Some(action) => {
                let answer = answer.unwrap_or_else(|| testing_direct_connect::done(&action));
                (format!("Action={action}&{form}"), answer)
            }
            None => (form.clone(), answer.unwrap_or_else(|| done(&form))),
        };
        record.lock().unwrap().push(form);
        answer
    });
    let ids = IdSource::seeded(1);
    (Client::in_process(&target(None), http, clock(), ids), sent)
}

/// A sandbox, and a client in front of it.
pub(super) async fn sandboxed(faults: Faults) -> (Sandbox, Client) {
    let sandbox = Sandbox::open(SandboxOptions {
        clock: clock(),
        ids: IdSource::seeded(7),
        faults,
        file: None,
        gateway: GatewaySim::Online,
    })
    .unwrap();
    let clock = sandbox.clock().clone();
    let target = target(Some(sandbox.clone()));
    let client = Client::connect(&target, clock, IdSource::seeded(8)).await;
    (sandbox, client.unwrap())
}

pub(super) fn key(number: usize) -> PreSharedKey {
    PreSharedKey::new(SecretString::from(KEYS[number])).unwrap()
}

/// Options of which no two values of one type are equal, so that a swap shows.
pub(super) fn options(inside: &str) -> TunnelOptions {
    TunnelOptions {
        inside_cidr: inside.parse().unwrap(),
        ike_version: IkeVersion::V2,
        phase1: Phase {
            encryption: Encryption::Aes256,
            integrity: Integrity::Sha384,
            dh_group: DhGroup(20),
            lifetime: 28_800,
        },
        phase2: Phase {
            encryption: Encryption::Aes256Gcm16,
            integrity: Integrity::Sha512,
            dh_group: DhGroup(21),
            lifetime: 3600,
        },
        rekey_margin: 270,
        rekey_fuzz: 100,
        replay_window: 1024,
        dpd_timeout: 30,
        dpd_action: DpdAction::Restart,
        startup_action: StartupAction::Start,
        log_group_arn: Some("arn:aws:logs:eu-central-1:111122223333:log-group:ike".to_owned()),
        bgp_log_group_arn: Some("arn:aws:logs:eu-central-1:111122223333:log-group:bgp".to_owned()),
        lifecycle_control: true,
    }
}

pub(super) fn tags(name: &str) -> Tags {
    let pairs = [("Name", name), ("underpass:site", "plant-7")];
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

pub(super) fn create_customer_gateway(asn: u32) -> Call {
    Call::CreateCustomerGateway {
        ip_address: "198.51.100.7".parse().unwrap(),
        bgp_asn: Asn::try_from(asn).unwrap(),
        device_name: "plant-7".to_owned(),
        tags: tags("plant-7"),
    }
}

pub(super) fn create_vpn_gateway() -> Call {
    Call::CreateVpnGateway {
        amazon_side_asn: Asn::try_from(4_200_000_000).unwrap(),
        tags: tags("plant-7"),
    }
}

pub(super) fn create_vpn_connection(customer_gateway: &str, vpn_gateway: &str) -> Call {
    let mut second = options("169.254.10.4/30");
    second.log_group_arn = None;
    second.bgp_log_group_arn = None;
    Call::CreateVpnConnection {
        customer_gateway: customer_gateway.parse().unwrap(),
        end: ConnectionEnd::VpnGateway(vpn_gateway.parse().unwrap()),
        traits: ConnectionTraits::default(),
        tunnels: Box::new([(options("169.254.10.0/30"), key(0)), (second, key(1))]),
        tags: tags("plant-7"),
    }
}

/// One call of each kind, two where EC2 has two ways to say it.
pub(super) fn every_call() -> Vec<Call> {
    let (cgw, vgw) = ("cgw-0a1b2c3d4e5f60001", "vgw-0a1b2c3d4e5f60002");
    let (vpn, vpc) = ("vpn-0a1b2c3d4e5f60003", "vpc-0a1b2c3d4e5f67890");
    let table = "rtb-0a1b2c3d4e5f60002";
    let destination = "10.20.0.0/24";
    let mut silent = options("169.254.10.4/30");
    (silent.log_group_arn, silent.bgp_log_group_arn) = (None, None);
    let outside = Ipv4Addr::new(203, 0, 113, 9);
    let modify = |options: TunnelOptions, key| Call::ModifyVpnTunnelOptions {
        connection: vpn.parse().unwrap(),
        outside,
        options: Box::new(options),
        key,
    };
    let mut calls = vec![
        create_customer_gateway(65010),
        create_customer_gateway(4_200_000_001),
        Call::DeleteCustomerGateway(cgw.parse().unwrap()),
        create_vpn_gateway(),
        Call::DeleteVpnGateway(vgw.parse().unwrap()),
        Call::AttachVpnGateway {
            vpn_gateway: vgw.parse().unwrap(),
            vpc: vpc.parse().unwrap(),
        },
        Call::DetachVpnGateway {
            vpn_gateway: vgw.parse().unwrap(),
            vpc: vpc.parse().unwrap(),
        },
        create_vpn_connection(cgw, vgw),
        Call::DeleteVpnConnection(vpn.parse().unwrap()),
        Call::CreateVpnConnectionRoute {
            connection: vpn.parse().unwrap(),
            destination: destination.parse().unwrap(),
        },
        Call::DeleteVpnConnectionRoute {
            connection: vpn.parse().unwrap(),
            destination: destination.parse().unwrap(),
        },
        Call::EnableVgwRoutePropagation {
            route_table: table.parse().unwrap(),
            vpn_gateway: vgw.parse().unwrap(),
        },
        Call::DisableVgwRoutePropagation {
            route_table: table.parse().unwrap(),
            vpn_gateway: vgw.parse().unwrap(),
        },
        modify(options("169.254.10.0/30"), Some(key(0))),
        modify(silent, None),
        Call::CreateTags {
            resource: vpn.to_owned(),
            tags: tags("plant & 7"),
        },
    ];
    calls.extend(every_transit_call().into_iter().map(Call::Transit));
    let direct = testing_direct_connect::every_call().into_iter();
    calls.extend(direct.map(Call::DirectConnect));
    calls
}

fn every_transit_call() -> Vec<TransitCall> {
    let (tgw, vpc) = ("tgw-0a1b2c3d4e5f60009", "vpc-0a1b2c3d4e5f67890");
    let attachment = || "tgw-attach-0a1b2c3d4e5f60009".parse().unwrap();
    let subnet = |n: u32| format!("subnet-0a1b2c3d4e5f6001{n}").parse().unwrap();
    let pair = || TransitPair {
        table: "tgw-rtb-0a1b2c3d4e5f60009".parse().unwrap(),
        attachment: attachment(),
    };
    let gateway = |cidrs| TransitCall::CreateGateway {
        amazon_side_asn: Asn::try_from(4_200_000_001).unwrap(),
        cidrs,
        tags: tags("plant-7"),
    };
    vec![
        gateway(Vec::new()),
        gateway(vec!["192.0.2.0/24".parse().unwrap()]),
        TransitCall::DeleteGateway(tgw.parse().unwrap()),
        TransitCall::AttachVpc {
            transit_gateway: tgw.parse().unwrap(),
            vpc: vpc.parse().unwrap(),
            subnets: [subnet(1), subnet(2)].into(),
            tags: tags("plant-7"),
        },
        TransitCall::ModifyVpcAttachment {
            attachment: attachment(),
            add: [subnet(3)].into(),
            remove: [subnet(1)].into(),
        },
        TransitCall::ModifyVpcAttachment {
            attachment: attachment(),
            add: [subnet(1)].into(),
            remove: [].into(),
        },
        TransitCall::DetachVpc(attachment()),
        TransitCall::Associate(pair()),
        TransitCall::Disassociate(pair()),
        TransitCall::EnablePropagation(pair()),
        TransitCall::DisablePropagation(pair()),
        TransitCall::CreateRoute {
            pair: pair(),
            destination: "10.20.0.0/24".parse().unwrap(),
        },
        TransitCall::DeleteRoute {
            table: pair().table,
            destination: "10.20.0.0/24".parse().unwrap(),
        },
        TransitCall::CreateVpcRoute {
            route_table: "rtb-0a1b2c3d4e5f60002".parse().unwrap(),
            destination: "10.20.0.0/24".parse().unwrap(),
            transit_gateway: tgw.parse().unwrap(),
        },
        TransitCall::DeleteVpcRoute {
            route_table: "rtb-0a1b2c3d4e5f60002".parse().unwrap(),
            destination: "10.20.0.0/24".parse().unwrap(),
        },
    ]
}
