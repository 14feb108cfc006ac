//! What goes wrong in the sandbox, and a fleet's behaviour in front of it.

use std::time::Duration;

use futures_util::future::join_all;

use crate::aws::testing::{create_vpn_gateway, sandboxed, tags};
use crate::aws::{Call, Collection, FaultKind};
use crate::sandbox::{Faults, Injected};
use crate::spec::VpcId;

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_lost_and_its_effect_is_there() {
    let faults = Faults::default()
        .lose_reply_of("CreateVpnGateway")
        .lose_reply_of("AttachVpnGateway");
    let (sandbox, client) = sandboxed(faults).await;
    let fault = client.call(&create_vpn_gateway()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Lost);
    assert!(fault.message.contains("connection broke"), "{fault}");
    sandbox.clock().sleep(Duration::from_secs(30)).await;
    let view = client.view(&[Collection::VpnGateways]).await.unwrap();
    let ours = |gateway: &&crate::aws::VpnGateway| gateway.tags == tags("plant-7");
    let found: Vec<_> = view.vpn_gateways.values().filter(ours).collect();
    assert_eq!(found.len(), 1, "made once, and found by its tags");
    let vpc: VpcId = "vpc-0a1b2c3d4e5f67890".parse().unwrap();
    let attach = Call::AttachVpnGateway {
        vpn_gateway: found[0].id.clone(),
        vpc: vpc.clone(),
    };
    assert_eq!(
        client.call(&attach).await.unwrap_err().kind,
        FaultKind::Lost
    );
    sandbox.clock().sleep(Duration::from_secs(30)).await;
    let view = client.view(&[Collection::VpnGateways]).await.unwrap();
    assert!(view.vpn_gateway_of(&vpc).is_some());
    let made = sandbox.calls().iter().filter(|call| call.mutating).count();
    assert_eq!(made, 2, "nothing was sent twice");
}

#[tokio::test(start_paused = true)]
async fn reads_get_through_throttles_and_errors() {
    let faults = Faults::default()
        .script("DescribeVpcs", 1, Injected::Throttled)
        .script("DescribeVpcs", 2, Injected::InternalError)
        .script("DescribeVpcs", 3, Injected::Unavailable);
    let (sandbox, client) = sandboxed(faults).await;
    let view = client.view(&[Collection::Vpcs]).await.unwrap();
    assert_eq!(view.vpcs.len(), 3);
    assert_eq!(sandbox.calls().len(), 4);
    sandbox.set_faults("expired-credentials".parse().unwrap());
    let fault = client.view(&Collection::ALL).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Credentials);
}

#[tokio::test(start_paused = true)]
async fn a_fleet_that_waits_together_looks_once_and_is_never_throttled() {
    let (sandbox, client) = sandboxed(Faults::default()).await;
    let clock = sandbox.clock().clone();
    let waits = (0..50).map(|_| {
        let (client, clock) = (client.clone(), clock.clone());
        async move {
            for _ in 0..10 {
                let (since, asked) = (clock.mark(), clock.now());
                let wanted = [Collection::VpnConnections, Collection::VpnGateways];
                let view = client.view_since(&wanted, since).await.unwrap();
                assert!(view.looked_at.values().all(|began| *began >= asked));
                clock.sleep(Duration::from_secs(15)).await;
            }
        }
    });
    join_all(waits).await;
    let described = |action| {
        let calls = sandbox.calls();
        calls.iter().filter(|call| call.action == action).count()
    };
    assert_eq!(described("DescribeVpnConnections"), 10);
    assert_eq!(described("DescribeVpnGateways"), 10);
    // Three hundred tags at once are more than EC2's bucket holds: our pace keeps below it.
    let before = sandbox.calls().len();
    let writes = (0..300).map(|n| {
        let client = client.clone();
        let call = Call::CreateTags {
            resource: "vpc-0a1b2c3d4e5f67890".to_owned(),
            tags: tags(&format!("tag {n}")),
        };
        async move { client.call(&call).await }
    });
    assert!(join_all(writes).await.iter().all(Result::is_ok));
    let outcomes = sandbox.calls()[before..]
        .iter()
        .filter(|call| call.outcome != "ok")
        .count();
    assert_eq!(outcomes, 0);
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_calls_never_meets_the_buckets_of_aws() {
    let (sandbox, client) = sandboxed(Faults::default()).await;
    let tag = |n: usize| Call::CreateTags {
        resource: "vpc-0a1b2c3d4e5f67890".to_owned(),
        tags: [("n".to_owned(), n.to_string())].into(),
    };
    let writes = join_all((0..150).map(|_| {
        let client = client.clone();
        async move { client.call(&create_vpn_gateway()).await.map(drop) }
    }));
    let tags = join_all((0..250).map(|n| {
        let (client, call) = (client.clone(), tag(n));
        async move { client.call(&call).await.map(drop) }
    }));
    let looks = join_all((0..250).map(|_| {
        let client = client.clone();
        async move { client.view(&[Collection::Vpcs]).await.map(drop) }
    }));
    let (writes, tags, looks) = tokio::join!(writes, tags, looks);
    let quota = |it: &Result<(), crate::aws::Fault>| {
        it.as_ref()
            .is_err_and(|fault| fault.kind == FaultKind::Quota)
    };
    assert!(writes.iter().all(|it| it.is_ok() || quota(it)));
    assert!(tags.iter().chain(&looks).all(Result::is_ok));
    let calls = sandbox.calls();
    assert_eq!(calls.len(), 650, "each was made once");
    assert!(calls.iter().all(|it| it.outcome != "RequestLimitExceeded"));
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_ignores_dry_run_is_not_asked_and_makes_nothing() {
    let (sandbox, client) = sandboxed("ignored-dry-run".parse().unwrap()).await;
    let before = sandbox.world();
    for _ in 0..2 {
        let fault = client.dry_run(&create_vpn_gateway()).await.unwrap();
        assert_eq!(fault.unwrap_err().kind, FaultKind::NoDryRun);
    }
    assert_eq!(sandbox.world(), before);
    // Refusing DryRun is no sign of ignoring it.
    for seed in 0..6 {
        let faults: Faults = "partial-dry-run".parse().unwrap();
        let (sandbox, client) = sandboxed(faults.with_seed(seed)).await;
        let before = sandbox.world();
        match client.dry_run(&create_vpn_gateway()).await.unwrap() {
            Ok(()) => {}
            Err(fault) => assert_eq!(fault.code.as_deref(), Some("UnsupportedOperation")),
        }
        assert_eq!(sandbox.world(), before);
    }
}
