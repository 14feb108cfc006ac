//! The real SDK client against the sandbox: everything that a connection lives through.

use std::time::Duration;

use ipnet::Ipv4Net;

use crate::aws::testing::{
    create_customer_gateway, create_vpn_connection, create_vpn_gateway, key, options, sandboxed,
    tags,
};
use crate::aws::{Call, Client, Collection, FaultKind, State, View};
use crate::sandbox::{Faults, Sandbox};
use crate::spec::{CustomerGatewayId, RouteTableId, VpcId, VpnConnectionId, VpnGatewayId};

/// Waits in the world's time until `what` is in a state that pleases.
async fn until(
    sandbox: &Sandbox,
    client: &Client,
    collection: Collection,
    what: impl Fn(&View) -> Option<State>,
    word: &str,
) {
    for _ in 0..400 {
        let view = client.view(&[collection]).await.unwrap();
        if what(&view).is_some_and(|state| state.is(word)) {
            return;
        }
        sandbox.clock().sleep(Duration::from_secs(5)).await;
    }
    panic!("never {word}");
}

async fn make<T: std::str::FromStr<Err: std::fmt::Debug>>(client: &Client, call: Call) -> T {
    let answer = client.call(&call).await.unwrap();
    assert!(answer.request_id.is_some(), "{}", call.action());
    answer.id.unwrap().parse().unwrap()
}

/// A customer gateway, an attached gateway and an available connection.
struct World {
    customer: CustomerGatewayId,
    gateway: VpnGatewayId,
    connection: VpnConnectionId,
    vpc: VpcId,
    table: RouteTableId,
}

fn connection_state(id: &VpnConnectionId) -> impl Fn(&View) -> Option<State> {
    |view| Some(view.vpn_connections.get(id)?.state.clone())
}

fn attachment_state(id: &VpnGatewayId) -> impl Fn(&View) -> Option<State> {
    |view| {
        Some(
            view.vpn_gateways
                .get(id)?
                .attachments
                .first()?
                .state
                .clone(),
        )
    }
}

async fn build(sandbox: &Sandbox, client: &Client, asn: u32) -> World {
    let vpc: VpcId = "vpc-0a1b2c3d4e5f67890".parse().unwrap();
    let table: RouteTableId = "rtb-0a1b2c3d4e5f60002".parse().unwrap();
    let customer: CustomerGatewayId = make(client, create_customer_gateway(asn)).await;
    let gateway: VpnGatewayId = make(client, create_vpn_gateway()).await;
    sandbox.clock().sleep(Duration::from_secs(30)).await;
    let attach = Call::AttachVpnGateway {
        vpn_gateway: gateway.clone(),
        vpc: vpc.clone(),
    };
    client.call(&attach).await.unwrap();
    let create = create_vpn_connection(customer.as_str(), gateway.as_str());
    let connection: VpnConnectionId = make(client, create).await;
    let attached = attachment_state(&gateway);
    until(
        sandbox,
        client,
        Collection::VpnGateways,
        attached,
        "attached",
    )
    .await;
    let available = connection_state(&connection);
    until(
        sandbox,
        client,
        Collection::VpnConnections,
        available,
        "available",
    )
    .await;
    World {
        customer,
        gateway,
        connection,
        vpc,
        table,
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_lives_and_dies_and_every_call_does_what_it_says() {
    let (sandbox, client) = sandboxed(Faults::default()).await;
    let caller = client.caller().await.unwrap();
    assert_eq!(caller.account.as_str(), "111122223333");
    let world = build(&sandbox, &client, 4_200_000_001).await;
    let propagation = Call::EnableVgwRoutePropagation {
        route_table: world.table.clone(),
        vpn_gateway: world.gateway.clone(),
    };
    client.call(&propagation).await.unwrap();
    let label = Call::CreateTags {
        resource: world.connection.to_string(),
        tags: tags("renamed"),
    };
    client.call(&label).await.unwrap();
    sandbox.clock().sleep(Duration::from_secs(300)).await;

    let view = client.view(&Collection::ALL).await.unwrap();
    assert_eq!(view.looked_at.len(), Collection::ALL.len());
    let customer = &view.customer_gateways[&world.customer];
    assert_eq!(customer.bgp_asn.unwrap().get(), 4_200_000_001);
    assert_eq!(customer.device_name.as_deref(), Some("plant-7"));
    assert_eq!(customer.tags, tags("plant-7"));
    let gateway = view.vpn_gateway_of(&world.vpc).unwrap();
    assert_eq!(gateway.id, world.gateway);
    assert_eq!(gateway.amazon_side_asn.unwrap().get(), 4_200_000_000);
    assert!(
        view.route_tables[&world.table]
            .propagating
            .contains(&world.gateway)
    );
    let connection = view.connections_on(&world.gateway).next().unwrap();
    assert_eq!(view.connections_of(&world.customer).count(), 1);
    assert_eq!(connection.tags, tags("renamed"));
    assert!(connection.configuration.is_some());

    // The sandbox echoes what it understood: both tunnels as asked for, joined by inside CIDR.
    for (inside, logs) in [("169.254.10.0/30", true), ("169.254.10.4/30", false)] {
        let asked = options(inside);
        let seen = connection
            .tunnels
            .iter()
            .find(|tunnel| tunnel.inside_cidr == Some(asked.inside_cidr));
        let seen = seen.unwrap();
        assert_eq!(seen.phase1_encryption, [asked.phase1.encryption.as_str()]);
        assert_eq!(seen.phase2_integrity, [asked.phase2.integrity.as_str()]);
        assert_eq!(seen.phase1_dh_groups, [asked.phase1.dh_group.0]);
        assert_eq!(seen.phase2_dh_groups, [asked.phase2.dh_group.0]);
        assert_eq!(seen.ike_versions, ["ikev2"]);
        assert_eq!(seen.dpd_action.as_deref(), Some("restart"));
        assert_eq!(seen.startup_action.as_deref(), Some("start"));
        assert_eq!(seen.lifecycle_control, Some(true));
        assert_eq!(seen.log_group_arn.is_some(), logs);
        let outside = seen.outside.unwrap();
        assert!(
            connection.telemetry_of(outside).unwrap().up,
            "the site's router is online"
        );
        let negotiated = client.negotiated(&connection.id, outside).await.unwrap();
        assert_eq!(negotiated.phase2_dh_group, Some(21));
        assert_eq!(negotiated.phase1_encryption.as_deref(), Some("AES256"));
    }
    let routes = &view.route_tables[&world.table].routes;
    assert!(
        routes
            .iter()
            .any(|route| route.propagated && route.target == world.gateway.as_str())
    );

    modify_one_tunnel(&sandbox, &client, &world).await;
    take_down(&sandbox, &client, &world, &propagation).await;
}

async fn modify_one_tunnel(sandbox: &Sandbox, client: &Client, world: &World) {
    let tunnels = |view: &View| view.vpn_connections[&world.connection].tunnels.clone();
    let before = tunnels(&client.view(&[Collection::VpnConnections]).await.unwrap());
    let mut changed = options("169.254.10.0/30");
    changed.dpd_timeout = 45;
    (changed.log_group_arn, changed.bgp_log_group_arn) = (None, None);
    let inside = Some(changed.inside_cidr);
    let first = before
        .iter()
        .find(|tunnel| tunnel.inside_cidr == inside)
        .unwrap();
    let modify = Call::ModifyVpnTunnelOptions {
        connection: world.connection.clone(),
        outside: first.outside.unwrap(),
        options: Box::new(changed),
        key: Some(key(1)),
    };
    client.call(&modify).await.unwrap();
    let modifying = connection_state(&world.connection);
    until(
        sandbox,
        client,
        Collection::VpnConnections,
        modifying,
        "modifying",
    )
    .await;
    let again = client.call(&modify).await.unwrap_err();
    assert_eq!(again.kind, FaultKind::NotYet);
    let available = connection_state(&world.connection);
    until(
        sandbox,
        client,
        Collection::VpnConnections,
        available,
        "available",
    )
    .await;
    let after = tunnels(&client.view(&[Collection::VpnConnections]).await.unwrap());
    for tunnel in after {
        let was = before
            .iter()
            .find(|was| was.outside == tunnel.outside)
            .unwrap();
        if tunnel.inside_cidr == inside {
            assert_eq!(tunnel.dpd_timeout, Some(45));
            assert_eq!(
                tunnel.log_group_arn, None,
                "a log that is not wanted is switched off"
            );
        } else {
            assert_eq!(tunnel, *was, "the other tunnel is left alone");
        }
    }
}

async fn take_down(sandbox: &Sandbox, client: &Client, world: &World, propagation: &Call) {
    let Call::EnableVgwRoutePropagation {
        route_table,
        vpn_gateway,
    } = propagation.clone()
    else {
        panic!("not a propagation");
    };
    let disable = Call::DisableVgwRoutePropagation {
        route_table,
        vpn_gateway,
    };
    client.call(&disable).await.unwrap();
    let in_use = client
        .call(&Call::DeleteCustomerGateway(world.customer.clone()))
        .await;
    assert_eq!(in_use.unwrap_err().kind, FaultKind::NotYet);
    client
        .call(&Call::DeleteVpnConnection(world.connection.clone()))
        .await
        .unwrap();
    let deleted = connection_state(&world.connection);
    until(
        sandbox,
        client,
        Collection::VpnConnections,
        deleted,
        "deleted",
    )
    .await;
    let detach = Call::DetachVpnGateway {
        vpn_gateway: world.gateway.clone(),
        vpc: world.vpc.clone(),
    };
    client.call(&detach).await.unwrap();
    let detached = attachment_state(&world.gateway);
    until(
        sandbox,
        client,
        Collection::VpnGateways,
        detached,
        "detached",
    )
    .await;
    let repeated = client.call(&detach).await.unwrap_err();
    assert_eq!(repeated.kind, FaultKind::NotFound);
    client
        .call(&Call::DeleteCustomerGateway(world.customer.clone()))
        .await
        .unwrap();
    client
        .call(&Call::DeleteVpnGateway(world.gateway.clone()))
        .await
        .unwrap();
    sandbox.clock().sleep(Duration::from_secs(60)).await;
    let view = client.view(&Collection::ALL).await.unwrap();
    let connection = &view.vpn_connections[&world.connection];
    assert!(connection.state.is_ending() && connection.configuration.is_none());
    assert_eq!(view.connections_on(&world.gateway).count(), 0);
    assert!(view.vpn_gateway_of(&world.vpc).is_none());
}

#[tokio::test(start_paused = true)]
async fn static_routes_come_and_go() {
    let (sandbox, client) = sandboxed(Faults::default()).await;
    let customer: CustomerGatewayId = make(&client, create_customer_gateway(65000)).await;
    let gateway: VpnGatewayId = make(&client, create_vpn_gateway()).await;
    sandbox.clock().sleep(Duration::from_secs(30)).await;
    let mut create = create_vpn_connection(customer.as_str(), gateway.as_str());
    if let Call::CreateVpnConnection { traits, .. } = &mut create {
        traits.static_routes_only = true;
    }
    let connection: VpnConnectionId = make(&client, create).await;
    let available = connection_state(&connection);
    until(
        &sandbox,
        &client,
        Collection::VpnConnections,
        available,
        "available",
    )
    .await;
    let destination: Ipv4Net = "10.20.0.0/24".parse().unwrap();
    let add = Call::CreateVpnConnectionRoute {
        connection: connection.clone(),
        destination,
    };
    assert!(
        client.dry_run(&add).await.is_none(),
        "EC2 would carry it out"
    );
    client.call(&add).await.unwrap();
    let route_state = |view: &View| {
        let seen = &view.vpn_connections[&connection];
        assert!(seen.static_routes_only);
        seen.routes.first().map(|route| route.state.clone())
    };
    until(
        &sandbox,
        &client,
        Collection::VpnConnections,
        route_state,
        "available",
    )
    .await;
    let remove = Call::DeleteVpnConnectionRoute {
        connection: connection.clone(),
        destination,
    };
    client.call(&remove).await.unwrap();
    sandbox.clock().sleep(Duration::from_secs(60)).await;
    let view = client.view(&[Collection::VpnConnections]).await.unwrap();
    let routes = &view.vpn_connections[&connection].routes;
    assert!(
        routes.iter().all(|route| route.state.is_ending()),
        "{routes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_leaves_the_world_as_it_was() {
    let (sandbox, client) = sandboxed(Faults::default()).await;
    let world = build(&sandbox, &client, 65010).await;
    let (customer, gateway) = (world.customer.as_str(), world.gateway.as_str());
    let vpc: VpcId = "vpc-0c1b2c3d4e5f67890".parse().unwrap();
    let free: VpnGatewayId = make(&client, create_vpn_gateway()).await;
    sandbox.clock().sleep(Duration::from_secs(30)).await;
    let calls = [
        create_customer_gateway(65011),
        create_vpn_gateway(),
        create_vpn_connection(customer, gateway),
        Call::AttachVpnGateway {
            vpn_gateway: free.clone(),
            vpc,
        },
        Call::DeleteVpnGateway(free),
        Call::DeleteVpnConnection(world.connection.clone()),
        Call::EnableVgwRoutePropagation {
            route_table: world.table.clone(),
            vpn_gateway: world.gateway.clone(),
        },
        Call::CreateTags {
            resource: customer.to_owned(),
            tags: tags("other"),
        },
    ];
    let before = sandbox.world();
    for call in &calls {
        let allowed = client.dry_run(call).await.unwrap();
        assert_eq!(allowed, Ok(()), "{}", call.action());
    }
    assert_eq!(sandbox.world(), before);
    sandbox.set_faults(Faults::default().deny("CreateVpnConnection"));
    let denied = client.dry_run(&calls[2]).await.unwrap().unwrap_err();
    assert_eq!(denied.kind, FaultKind::Denied);
    assert!(denied.hint().unwrap().contains("condition"));
}
