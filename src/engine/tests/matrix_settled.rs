//! The accounts in which the lives of the matrix begin.

use std::sync::OnceLock;
use std::time::Duration;

use super::matrix::done;
use super::matrix_rows::Life;
use super::stage::Stage;
use super::wish::{OWN_TABLE, SITE_IP, VLAN, Wish};
use crate::journal::RunResult;
use crate::sandbox::{Faults, GatewaySim, World};

/// The connection that a partner offers.
pub(super) const OFFERED: &str = "dxcon-fh000000";

/// A table of the hub that takes nobody in.
pub(super) fn add_table(stage: &Stage) {
    stage.sandbox.edit(|world| {
        let region = world.regions.get_mut("eu-central-1").unwrap();
        let mut table = region.transit_route_tables.values().next().unwrap().clone();
        table.id = OWN_TABLE.into();
        table.propagations.clear();
        region.transit_route_tables.insert(table.id.clone(), table);
    });
}

/// No faults; `quick` shortens the hours in which there are nothing but looks.
pub(super) fn calm(quick: bool) -> Faults {
    let mut faults = Faults::default();
    faults.quick = quick;
    faults
}

/// A partner offers a connection.
pub(super) fn offer(stage: &Stage) {
    let id = stage
        .sandbox
        .order_hosted("eu-central-1", "SBX1", "500Mbps", VLAN);
    assert_eq!(id.as_str(), OFFERED);
}

/// People do their part: the letter is there, the cable, and light on it.
fn bring_up(stage: &Stage) {
    let now = stage.sandbox.now();
    let ports = stage.sandbox.world().direct_connect.connections;
    for port in ports.keys() {
        assert!(stage.sandbox.issue_letter(port, now));
        assert!(stage.sandbox.set_port(port, true, now));
    }
}

/// An account with a site, and how old it is.
pub(super) struct Settled {
    pub(super) world: World,
    pub(super) age: Duration,
}

/// The account in which a life begins; none for an empty one.
pub(super) fn settled(life: Life) -> Option<&'static Settled> {
    static OFFLINE: OnceLock<Settled> = OnceLock::new();
    static ONLINE: OnceLock<Settled> = OnceLock::new();
    static DYNAMIC: OnceLock<Settled> = OnceLock::new();
    static TRANSIT: OnceLock<Settled> = OnceLock::new();
    static SPREAD: OnceLock<Settled> = OnceLock::new();
    static ORDERED: OnceLock<Settled> = OnceLock::new();
    static ORDERED_TRANSIT: OnceLock<Settled> = OnceLock::new();
    static JOINED: OnceLock<Settled> = OnceLock::new();
    let (place, wish, online) = match life {
        Life::Onboarding | Life::Attaching | Life::Tables => return None,
        Life::Ordering | Life::Accepting => return None,
        Life::Joining => (&ORDERED, Wish::direct_private(), false),
        Life::Bridging => (&ORDERED_TRANSIT, Wish::direct_transit(), false),
        Life::Widening | Life::Unplugging => (&JOINED, Wish::direct_private(), false),
        Life::Subnets | Life::Detaching => (&TRANSIT, Wish::transit(), false),
        Life::Narrowing => (&SPREAD, Wish::on_hub(), false),
        Life::Tags | Life::Teardown => (&OFFLINE, Wish::fixed(), false),
        Life::Tunnels => (&ONLINE, Wish::fixed(), true),
        Life::Replacement => (&DYNAMIC, Wish::bgp(), false),
    };
    Some(place.get_or_init(|| {
        let joined = matches!(life, Life::Widening | Life::Unplugging);
        in_virtual_time(settle(wish, online, joined))
    }))
}

async fn settle(wish: Wish, online: bool, joined: bool) -> Settled {
    let stage = Stage::new(7).await;
    if wish.transit.as_ref().is_some_and(|it| it.table.is_some()) {
        add_table(&stage);
    }
    stage.sandbox.set_faults(calm(wish.direct.is_some()));
    let began = stage.clock.now();
    let report = stage.run(stage.onboard(&wish).await).await;
    if wish.direct.is_some() {
        assert_eq!(report.result, RunResult::Parked, "{:?}", report.steps);
        bring_up(&stage);
    } else {
        done(&report, "onboarding").unwrap();
    }
    if joined {
        let report = stage.run(stage.onboard(&wish).await).await;
        done(&report, "onboarding with the port up").unwrap();
    }
    if online {
        let router = Some(SITE_IP.parse().unwrap());
        stage.sandbox.set_gateway(router, GatewaySim::Online);
    }
    stage.clock.sleep(Duration::from_secs(300)).await;
    Settled {
        world: stage.sandbox.world(),
        age: stage.clock.since(began),
    }
}

/// Plays in a runtime of its own.
pub(super) fn in_virtual_time<T>(playing: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(playing)
}
