use std::time::Duration;

use super::*;
use crate::aws::{Call, Client, Collection, ConnectionEnd, ConnectionTraits, Target};
use crate::clock::{Clock, IdSource};
use crate::sandbox::{Faults, GatewaySim, Sandbox, SandboxOptions};
use crate::spec::{CustomerGatewayId, RouteTableId, VpnConnectionId, VpnGatewayId};
use crate::tunnel::PreSharedKey;

struct World {
    sandbox: Sandbox,
    client: Client,
    clock: Clock,
    subject: Subject,
}

impl World {
    /// The AWS half of a site in the sandbox's first VPC, made call by call and awaited.
    async fn with(routing: Routing) -> Self {
        let clock = Clock::starting_at(now(), 1.0);
        let ids = IdSource::seeded(7);
        let sandbox = Sandbox::open(SandboxOptions {
            clock: clock.clone(),
            ids: ids.clone(),
            faults: Faults::default(),
            file: None,
            gateway: GatewaySim::Offline,
        })
        .unwrap();
        let mut subject = subject(routing);
        let target = Target {
            region: subject.site.region.clone(),
            profile: None,
            endpoint_url: None,
            sandbox: Some(sandbox.clone()),
        };
        let client = Client::connect(&target, clock.clone(), ids.clone())
            .await
            .unwrap();
        let customer: CustomerGatewayId = made(
            &client,
            &Call::CreateCustomerGateway {
                ip_address: subject.site.gateway.outside_ip.into(),
                bgp_asn: subject.site.gateway.asn,
                device_name: "underpass-plant-7".to_owned(),
                tags: Tags::new(),
            },
        )
        .await
        .parse()
        .unwrap();
        let gateway: VpnGatewayId = made(
            &client,
            &Call::CreateVpnGateway {
                amazon_side_asn: Asn::AMAZON_DEFAULT,
                tags: Tags::new(),
            },
        )
        .await
        .parse()
        .unwrap();
        clock.sleep(Duration::from_mins(2)).await;
        let key = PreSharedKey::new("only_for_the_sandbox".to_owned().into()).unwrap();
        let keyed = |index: usize| -> (TunnelOptions, PreSharedKey) {
            (subject.tunnels[index].options.clone(), key.clone())
        };
        let connection: VpnConnectionId = made(
            &client,
            &Call::CreateVpnConnection {
                customer_gateway: customer,
                end: ConnectionEnd::VpnGateway(gateway.clone()),
                traits: ConnectionTraits {
                    static_routes_only: routing == Routing::Static,
                    ..ConnectionTraits::default()
                },
                tunnels: Box::new([keyed(0), keyed(1)]),
                tags: Tags::new(),
            },
        )
        .await
        .parse()
        .unwrap();
        let attach = Call::AttachVpnGateway {
            vpn_gateway: gateway.clone(),
            vpc: subject.vpc.clone(),
        };
        client.call(&attach).await.unwrap();
        clock.sleep(Duration::from_mins(20)).await;
        let view = client.view(&[Collection::RouteTables]).await.unwrap();
        let tables: Vec<RouteTableId> = view
            .route_tables_of(&subject.vpc)
            .map(|table| table.id.clone())
            .collect();
        assert_eq!(tables.len(), 3);
        for route_table in tables.iter().cloned() {
            let vpn_gateway = gateway.clone();
            let call = Call::EnableVgwRoutePropagation {
                route_table,
                vpn_gateway,
            };
            client.call(&call).await.unwrap();
        }
        subject.connection = connection;
        subject.end = ConnectionEnd::VpnGateway(gateway);
        subject.route_tables = tables;
        Self {
            sandbox,
            client,
            clock,
            subject,
        }
    }

    async fn gateway(&self, sim: GatewaySim) -> Report {
        let address = self.subject.site.gateway.outside_ip;
        self.sandbox
            .set_lan(address.into(), self.subject.site.lan.clone());
        self.sandbox.set_gateway(Some(address.into()), sim);
        self.clock.sleep(Duration::from_mins(10)).await;
        inspect(&self.client, &self.subject, self.clock.now())
            .await
            .unwrap()
    }
}

async fn made(client: &Client, call: &Call) -> String {
    client.call(call).await.unwrap().id.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_site_comes_up_half_up_without_bgp_and_wholly() {
    let world = World::with(Routing::Bgp).await;

    let report = world.gateway(GatewaySim::Offline).await;
    assert_eq!(report.health, Health::Down, "{}", lines(&report));
    let stopping: Vec<_> = report
        .failures()
        .filter(|check| check.stops_traffic)
        .collect();
    assert_eq!(stopping.len(), 1, "{}", lines(&report));
    assert_eq!(stopping[0].id, CheckId::Redundancy);

    let report = world.gateway(GatewaySim::NoBgp).await;
    assert_eq!(report.health, Health::Down);
    let up = report
        .failures()
        .find(|check| check.id == CheckId::TunnelUp)
        .unwrap();
    assert_eq!(up.saw, "DOWN, IPSEC IS UP");
    assert!(up.likely_cause.as_deref().unwrap().contains("TCP 179"));

    let report = world.gateway(GatewaySim::HalfUp).await;
    assert_eq!(report.health, Health::Degraded, "{}", lines(&report));
    assert_eq!(report.tunnels.iter().filter(|tunnel| tunnel.up).count(), 1);

    let report = world.gateway(GatewaySim::Online).await;
    assert!(report.is_up(), "{}", lines(&report));
    let crypto = report
        .checks
        .iter()
        .filter(|check| check.id == CheckId::TunnelCrypto);
    assert!(crypto.clone().all(|check| check.verdict == Verdict::Pass));
    assert_eq!(crypto.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn static_routing_lacks_its_routes_until_they_are_there() {
    let world = World::with(Routing::Static).await;
    let report = world.gateway(GatewaySim::Online).await;
    let absent: Vec<_> = report
        .failures()
        .filter(|check| check.id == CheckId::StaticRoute)
        .map(|check| check.saw.as_str())
        .collect();
    assert_eq!(absent, ["absent", "absent"], "{}", lines(&report));
    for destination in world.subject.site.lan.clone() {
        let connection = world.subject.connection.clone();
        let call = Call::CreateVpnConnectionRoute {
            connection,
            destination,
        };
        world.client.call(&call).await.unwrap();
    }
    let report = world.gateway(GatewaySim::Online).await;
    assert!(report.is_up(), "{}", lines(&report));
}
