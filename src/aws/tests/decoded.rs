//! A client that decodes nothing twice sees what any other sees.

use std::time::Duration;

use super::super::decoded::Decoded;
use crate::aws::testing::{
    create_customer_gateway, create_vpn_connection, create_vpn_gateway, sandboxed, target,
};
use crate::aws::{Call, Client, Collection};
use crate::clock::IdSource;
use crate::sandbox::{Faults, Trouble};

/// What a client sees of a life in which everything changes and much goes wrong, look by look.
async fn story(rounds: u32, faults: Faults, decoded: Option<&Decoded>) -> Vec<String> {
    fastrand::seed(7);
    let (sandbox, plain) = sandboxed(Faults::default()).await;
    let (clock, ids) = (sandbox.clock().clone(), IdSource::seeded(8));
    let client = match decoded {
        Some(decoded) => Client::remembering(&target(None), &sandbox, decoded, clock.clone(), ids),
        None => plain,
    };
    let made = |call: Call| {
        let client = client.clone();
        async move { client.call(&call).await.unwrap().id.unwrap() }
    };
    let customer = made(create_customer_gateway(65010)).await;
    let gateway = made(create_vpn_gateway()).await;
    // Until everybody at AWS has heard of them.
    clock.sleep(Duration::from_secs(30)).await;
    let vpc = "vpc-0a1b2c3d4e5f67890".parse().unwrap();
    let vpn_gateway = gateway.parse().unwrap();
    let attach = Call::AttachVpnGateway { vpn_gateway, vpc };
    client.call(&attach).await.unwrap();
    made(create_vpn_connection(&customer, &gateway)).await;
    sandbox.set_faults(faults);
    let mut seen = Vec::new();
    for _ in 0..rounds {
        for collection in Collection::ALL {
            let view = client.view(&[collection]).await;
            let mut view = view.map_err(|fault| (fault.kind, fault.code));
            if let Ok(view) = &mut view {
                // Retries wait as long as chance has it.
                view.looked_at.clear();
            }
            let keys = view.as_ref().ok().map(|view| {
                let connections = view.vpn_connections.values();
                connections
                    .map(|it| it.configuration.is_some())
                    .collect::<Vec<_>>()
            });
            seen.push(format!(
                "{view:?} {keys:?} {:?}",
                client.clock_ahead().is_some()
            ));
        }
        clock.sleep(Duration::from_secs(20)).await;
    }
    seen.push(sandbox.calls().len().to_string());
    seen
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_it_sees_the_same() {
    use Trouble::{
        Errors, Resets, Shuffle, SlowConsistency, SparseOptions, Spikes, StaleReads, Throttle,
        UnknownStates,
    };
    let decoded = Decoded::default();
    let repeated = [Errors, Resets, Throttle, Spikes];
    let odd = [
        Shuffle,
        SlowConsistency,
        SparseOptions,
        StaleReads,
        UnknownStates,
    ];
    for trouble in repeated.into_iter().chain(odd) {
        let faults = Faults::default().with(trouble).with_seed(3);
        let whole = !repeated.contains(&trouble);
        // A known look gives the SDK's quota of retries nothing back: for long it would be empty.
        let rounds = if whole { 60 } else { 12 };
        let plain = story(rounds, faults.clone(), None).await;
        assert!(plain.len() > 60 && plain.iter().any(|it| it.contains("vpn-")));
        // Where the SDK repeats a look, chance says when, and the world is a moment older.
        let part = |it: &&String| {
            if whole {
                (*it).clone()
            } else {
                it[..2].to_owned()
            }
        };
        // The second time everything is known.
        for _ in 0..2 {
            let quick = story(rounds, faults.clone(), Some(&decoded)).await;
            let both = plain.iter().zip(&quick);
            let differs = both.clone().find(|(one, other)| part(one) != part(other));
            assert_eq!(differs, None, "{trouble:?}");
        }
    }
}
