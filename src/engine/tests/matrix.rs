//! Every mutating call × every fault on the wire × every kind of run: the full matrix.
//!
//! A cell plays a whole life in which the call happens, from an empty account to an empty account.
//! The sandbox's own world is what is checked, and its list of calls: the fault was met, the call
//! had its effect exactly as often as needed, there is one of each with the right tags, and nothing
//! is left in the end. `UNDERPASS_MATRIX=part` plays a third of it; the table is in
//! `docs/fault-matrix.md`, and `UPDATE_DOCS=1` writes it anew.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use futures_util::FutureExt as _;

use super::stage::{OWN_TABLE, SITE_IP, Stage, Wish, census, living, transit_census};
use crate::aws::Call;
use crate::engine::RunReport;
use crate::journal::{Record, RunResult};
use crate::plan::Plan;
use crate::resource::{TAG_RUN, TAG_SITE, TAG_STEP};
use crate::sandbox::{Attached, Faults, GatewaySim, Injected, World};

/// What a site is on its way to when the fault hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Onboarding,
    Tags,
    Tunnels,
    Replacement,
    Teardown,
    /// Onboarding on a transit gateway of the site's own.
    Attaching,
    /// Other subnets for the VPC's attachment.
    Subnets,
    /// Onboarding on somebody's transit gateway, with a table that the site file names.
    Tables,
    /// The same site, whose file names no table any more.
    Narrowing,
    /// Teardown of the first.
    Detaching,
}

impl Life {
    const fn is_transit(self) -> bool {
        matches!(
            self,
            Self::Attaching | Self::Subnets | Self::Tables | Self::Narrowing | Self::Detaching
        )
    }
}

/// A call, where it happens, and how often it must have its effect there.
#[derive(Clone, Copy, Debug)]
struct Row {
    action: &'static str,
    life: Life,
    effects: usize,
}

const ROWS: [Row; 33] = [
    row("CreateCustomerGateway", Life::Onboarding, 1),
    row("CreateVpnGateway", Life::Onboarding, 1),
    row("AttachVpnGateway", Life::Onboarding, 1),
    row("CreateVpnConnection", Life::Onboarding, 1),
    row("CreateVpnConnectionRoute", Life::Onboarding, 2),
    row("EnableVgwRoutePropagation", Life::Onboarding, 2),
    row("CreateTags", Life::Tags, 3),
    row("ModifyVpnTunnelOptions", Life::Tunnels, 2),
    row("DeleteVpnConnection", Life::Replacement, 1),
    row("CreateVpnConnection", Life::Replacement, 1),
    row("DeleteVpnConnectionRoute", Life::Teardown, 2),
    row("DisableVgwRoutePropagation", Life::Teardown, 2),
    row("DeleteVpnConnection", Life::Teardown, 1),
    row("DetachVpnGateway", Life::Teardown, 1),
    row("DeleteCustomerGateway", Life::Teardown, 1),
    row("DeleteVpnGateway", Life::Teardown, 1),
    row("CreateTransitGateway", Life::Attaching, 1),
    row("CreateTransitGatewayVpcAttachment", Life::Attaching, 1),
    row("CreateVpnConnection", Life::Attaching, 1),
    row("CreateTransitGatewayRoute", Life::Attaching, 2),
    row("CreateRoute", Life::Attaching, 4),
    row("ModifyTransitGatewayVpcAttachment", Life::Subnets, 1),
    row("DisassociateTransitGatewayRouteTable", Life::Tables, 1),
    row("AssociateTransitGatewayRouteTable", Life::Tables, 1),
    row("EnableTransitGatewayRouteTablePropagation", Life::Tables, 1),
    row("CreateVpnConnection", Life::Tables, 1),
    row(
        "DisableTransitGatewayRouteTablePropagation",
        Life::Narrowing,
        1,
    ),
    row("DeleteRoute", Life::Detaching, 4),
    row("DeleteTransitGatewayRoute", Life::Detaching, 2),
    row("DeleteVpnConnection", Life::Detaching, 1),
    row("DeleteCustomerGateway", Life::Detaching, 1),
    row("DeleteTransitGatewayVpcAttachment", Life::Detaching, 1),
    row("DeleteTransitGateway", Life::Detaching, 1),
];

const fn row(action: &'static str, life: Life, effects: usize) -> Row {
    Row {
        action,
        life,
        effects,
    }
}

/// A fault, how often in a row it hits the call, and its heading.
const FAULTS: [(Injected, u32, &str); 8] = [
    (Injected::Reset, 1, "reset before"),
    (Injected::LostReply, 1, "lost reply"),
    (Injected::Throttled, 5, "throttle ×5"),
    (Injected::InternalError, 1, "500"),
    (Injected::Unavailable, 1, "503"),
    (Injected::LateInternalError, 1, "500 after"),
    (Injected::Spike, 1, "too late"),
    (Injected::Unseen, 1, "unseen"),
];

/// Which run meets the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    /// The first, which has to cope by itself.
    First,
    /// The first, whose process dies before it can write down the answer; the next goes on.
    Dies,
    /// The one that goes on after a death between the intent and the call.
    Resumed,
}

const RUNS: [(Run, &str); 3] = [
    (Run::First, "first"),
    (Run::Dies, "dies"),
    (Run::Resumed, "resumed"),
];

// === one cell ===

struct Cell {
    row: Row,
    injected: Injected,
    times: u32,
    run: Run,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row { action, life, .. } = self.row;
        write!(
            f,
            "{action} ({life:?}), {:?}, {:?}",
            self.injected, self.run
        )
    }
}

/// What has to be true; the rest of the sentence says what is.
macro_rules! ensure {
    ($holds:expr, $($words:tt)*) => {
        if !$holds {
            return Err(format!($($words)*));
        }
    };
}

impl Cell {
    fn script(&self) -> Faults {
        (1..=self.times).fold(Faults::default(), |faults, nth| {
            faults.script(self.row.action, nth, self.injected)
        })
    }

    async fn play(&self) -> Result<(), String> {
        let mut stage = Stage::new(7).await;
        if matches!(self.row.life, Life::Tables | Life::Narrowing) {
            add_table(&stage);
        }
        let before = living(&stage.sandbox);
        let plan = self.prelude(&stage).await;
        let from = stage.calls();
        self.trouble(&mut stage, plan).await?;
        self.check_calls(&stage, from)?;
        if matches!(self.row.life, Life::Teardown | Life::Detaching) {
            return empty(&stage, &before);
        }
        self.check_world(&stage, &before)?;
        // What nobody sees yet, a teardown cannot find.
        stage.sandbox.set_faults(Faults::default());
        stage.clock.sleep(Duration::from_secs(300)).await;
        done(&stage.run(stage.teardown().await).await, "teardown")?;
        empty(&stage, &before)
    }

    /// The plan that meets the fault, in an account that is as it was for a while.
    async fn prelude(&self, stage: &Stage) -> Plan {
        if let Some(settled) = settled(self.row.life) {
            stage.clock.sleep(settled.age).await;
            stage.sandbox.edit(|world| *world = settled.world.clone());
        }
        match self.row.life {
            Life::Teardown | Life::Detaching => stage.teardown().await,
            _ => stage.onboard(&self.wish()).await,
        }
    }

    /// What the site wants in the end.
    fn wish(&self) -> Wish {
        let mut wish = match self.row.life {
            Life::Tables | Life::Narrowing => Wish::on_hub(),
            life if life.is_transit() => Wish::transit(),
            _ => Wish::fixed(),
        };
        match self.row.life {
            Life::Subnets => {
                let transit = wish.transit.as_mut().unwrap();
                transit.subnets = vec!["subnet-0a1b2c3d4e5f60012", "subnet-0a1b2c3d4e5f60013"];
            }
            Life::Narrowing => wish.transit.as_mut().unwrap().table = None,
            Life::Attaching | Life::Tables | Life::Detaching => {}
            Life::Tags => {
                wish.tags
                    .insert("cost-centre".to_owned(), "4711".to_owned());
            }
            Life::Tunnels => wish.phase1_lifetime = 14_400,
            Life::Onboarding | Life::Replacement | Life::Teardown => {}
        }
        wish
    }

    /// Runs the plan, with the fault.
    async fn trouble(&self, stage: &mut Stage, plan: Plan) -> Result<(), String> {
        match self.run {
            Run::First => {
                stage.sandbox.set_faults(self.script());
                done(&stage.run(plan).await, "the run")
            }
            Run::Dies => {
                stage.sandbox.set_faults(self.script());
                self.die(stage, &plan).await?;
                done(&stage.resume(plan.run).await, "the resumed run")
            }
            Run::Resumed => {
                // The call never leaves the machine.
                let never = Faults::default().script(self.row.action, 1, Injected::Reset);
                stage.sandbox.set_faults(never);
                self.die(stage, &plan).await?;
                stage.sandbox.set_faults(self.script());
                done(&stage.resume(plan.run).await, "the resumed run")
            }
        }
    }

    /// Runs the plan until the process dies, with the call's intent on disk and not its result.
    async fn die(&self, stage: &mut Stage, plan: &Plan) -> Result<(), String> {
        let journal = stage.begin(plan).await;
        let action = self.row.action;
        // Which steps are making the call.
        let calling = Mutex::new(BTreeSet::new());
        journal.stop_when(move |entry| match &entry.record {
            Record::Intent {
                step,
                action: called,
                ..
            } if called == action => {
                calling.lock().unwrap().insert(step.clone());
                false
            }
            Record::Result { step, .. } => calling.lock().unwrap().contains(step),
            _ => false,
        });
        let report = stage.play(stage.job(plan.clone(), journal)).await.0;
        ensure!(report.journal_problem.is_some(), "the process did not die");
        stage.fresh_client().await;
        Ok(())
    }

    fn check_calls(&self, stage: &Stage, from: usize) -> Result<(), String> {
        let calls = stage.sandbox.calls();
        let of_action = || {
            calls[from..]
                .iter()
                .filter(|it| it.action == self.row.action)
        };
        let hits = of_action().filter(|it| it.injected == Some(self.injected));
        let wanted = usize::try_from(self.times).unwrap();
        let hits = hits.count();
        // The call that "never left the machine" is a reset, too.
        let extra = usize::from(self.run == Run::Resumed && self.injected == Injected::Reset);
        ensure!(
            hits == wanted + extra,
            "the fault was met {hits} times, not {wanted}"
        );
        let effects = of_action().filter(|it| it.effect).count();
        let needed = self.row.effects;
        ensure!(effects == needed, "{effects} effects, not {needed}");
        Ok(())
    }

    fn check_count(&self, stage: &Stage) -> Result<(), String> {
        let counted = (census(&stage.sandbox), transit_census(&stage.sandbox));
        let expected = match self.row.life {
            Life::Tables => ([1, 1, 1, 1, 0, 0], [1, 2, 3, 0, 1]),
            Life::Narrowing => ([1, 1, 1, 1, 0, 0], [1, 2, 2, 0, 1]),
            life if life.is_transit() => ([1, 1, 1, 1, 0, 0], [2, 3, 3, 2, 4]),
            _ => ([1, 2, 1, 2, 2, 2], [1, 1, 1, 0, 0]),
        };
        ensure!(counted == expected, "there are {counted:?}");
        let world = living(&stage.sandbox);
        for attachment in world.regions["eu-central-1"].transit_attachments.values() {
            match &attachment.resource {
                Attached::Vpn { .. } if self.row.life == Life::Tables => {
                    let table = attachment.association.as_ref().map(|it| it.table.as_str());
                    ensure!(
                        table == Some(OWN_TABLE),
                        "routes are looked up in {table:?}"
                    );
                }
                Attached::Vpc { subnets, .. } if self.row.life == Life::Subnets => {
                    let gone = "subnet-0a1b2c3d4e5f60011";
                    ensure!(
                        subnets.iter().all(|it| it.as_str() != gone),
                        "{gone} is in the attachment"
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_world(&self, stage: &Stage, before: &World) -> Result<(), String> {
        self.check_count(stage)?;
        let world = living(&stage.sandbox);
        let (now, then) = (
            &world.regions["eu-central-1"],
            &before.regions["eu-central-1"],
        );
        let wish = self.wish();
        let customers = now.customer_gateways.iter().map(|(id, it)| (id, &it.tags));
        let gateways = now.vpn_gateways.iter().map(|(id, it)| (id, &it.tags));
        let connections = now.vpn_connections.iter().map(|(id, it)| (id, &it.tags));
        let hubs = now.transit_gateways.iter().map(|(id, it)| (id, &it.tags));
        let attachments = now.transit_attachments.iter();
        let attachments = attachments.filter(|(_, it)| matches!(it.resource, Attached::Vpc { .. }));
        let attachments = attachments.map(|(id, it)| (id, &it.tags));
        let all = customers.chain(gateways).chain(connections);
        for (id, tags) in all.chain(hubs).chain(attachments) {
            let was =
                then.transit_gateways.contains_key(id) || then.transit_attachments.contains_key(id);
            if was || then.vpn_gateways.contains_key(id) {
                continue;
            }
            let ours = tags.get(TAG_SITE).is_some_and(|site| site == "plant-7")
                && [TAG_STEP, TAG_RUN]
                    .iter()
                    .all(|tag| tags.contains_key(*tag))
                && wish
                    .tags
                    .iter()
                    .all(|(key, value)| tags.get(key) == Some(value));
            ensure!(ours, "{id} has the tags {tags:?}");
        }
        for connection in now.vpn_connections.values() {
            ensure!(
                connection.static_routes_only == (wish.routing == "static"),
                "{} is routed otherwise",
                connection.id
            );
            for tunnel in &connection.tunnels {
                let lifetime = tunnel.options.phase1_lifetime;
                ensure!(
                    lifetime == wish.phase1_lifetime,
                    "a tunnel has {lifetime} s"
                );
            }
        }
        Ok(())
    }
}

/// A table of the hub that takes nobody in.
fn add_table(stage: &Stage) {
    stage.sandbox.edit(|world| {
        let region = world.regions.get_mut("eu-central-1").unwrap();
        let mut table = region.transit_route_tables.values().next().unwrap().clone();
        table.id = OWN_TABLE.into();
        table.propagations.clear();
        region.transit_route_tables.insert(table.id.clone(), table);
    });
}

fn done(report: &RunReport, what: &str) -> Result<(), String> {
    let failures = || {
        let failures = report
            .steps
            .values()
            .filter_map(|step| step.failure.as_ref());
        failures
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ")
    };
    ensure!(
        report.result == RunResult::Done,
        "{what} ended {:?}: {}",
        report.result,
        failures()
    );
    Ok(())
}

fn empty(stage: &Stage, before: &World) -> Result<(), String> {
    ensure!(
        living(&stage.sandbox).regions == before.regions,
        "left: {:?}",
        census(&stage.sandbox)
    );
    Ok(())
}

// === what was there before ===

/// An account with a site, and how old it is.
struct Settled {
    world: World,
    age: Duration,
}

/// The account in which a life begins; none for an empty one.
fn settled(life: Life) -> Option<&'static Settled> {
    static OFFLINE: OnceLock<Settled> = OnceLock::new();
    static ONLINE: OnceLock<Settled> = OnceLock::new();
    static DYNAMIC: OnceLock<Settled> = OnceLock::new();
    static TRANSIT: OnceLock<Settled> = OnceLock::new();
    static SPREAD: OnceLock<Settled> = OnceLock::new();
    let (place, wish, online) = match life {
        Life::Onboarding | Life::Attaching | Life::Tables => return None,
        Life::Subnets | Life::Detaching => (&TRANSIT, Wish::transit(), false),
        Life::Narrowing => (&SPREAD, Wish::on_hub(), false),
        Life::Tags | Life::Teardown => (&OFFLINE, Wish::fixed(), false),
        Life::Tunnels => (&ONLINE, Wish::fixed(), true),
        Life::Replacement => (&DYNAMIC, Wish::bgp(), false),
    };
    Some(place.get_or_init(|| in_virtual_time(settle(wish, online))))
}

async fn settle(wish: Wish, online: bool) -> Settled {
    let stage = Stage::new(7).await;
    if wish.transit.as_ref().is_some_and(|it| it.table.is_some()) {
        add_table(&stage);
    }
    let began = stage.clock.now();
    done(&stage.run(stage.onboard(&wish).await).await, "onboarding").unwrap();
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
fn in_virtual_time<T>(playing: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(playing)
}

// === the table ===

fn play(cell: &Cell) -> Result<(), String> {
    settled(cell.row.life);
    let played = in_virtual_time(AssertUnwindSafe(cell.play()).catch_unwind());
    played.unwrap_or_else(|_| Err("a panic".to_owned()))
}

fn is_full() -> bool {
    std::env::var("UNDERPASS_MATRIX").map_or(true, |it| it != "part")
}

/// The cells to play: all of them, with `UNDERPASS_MATRIX=part` every call with every fault in one
/// kind of run, in turn.
fn cells() -> Vec<Cell> {
    let full = is_full();
    let mut cells = Vec::new();
    for (r, row) in ROWS.into_iter().enumerate() {
        for (f, (injected, times, _)) in FAULTS.into_iter().enumerate() {
            for (n, (run, _)) in RUNS.into_iter().enumerate() {
                if full || n == (r + f) % RUNS.len() {
                    cells.push(Cell {
                        row,
                        injected,
                        times,
                        run,
                    });
                }
            }
        }
    }
    cells
}

#[test]
fn every_call_survives_every_fault_in_every_run() {
    let cells = cells();
    let next = AtomicUsize::new(0);
    let play_some = || {
        let mut failed = Vec::new();
        while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
            failed.extend(play(cell).err().map(|why| format!("{cell}: {why}")));
        }
        failed
    };
    let failed: Vec<String> = std::thread::scope(|scope| {
        let players = [(); 2].map(|()| scope.spawn(play_some));
        let failed = players
            .into_iter()
            .flat_map(|player| player.join().unwrap());
        failed.collect()
    });
    assert!(
        failed.is_empty(),
        "of {}:\n{}",
        cells.len(),
        failed.join("\n")
    );
    // A third of the cells is no ground for a table of all.
    if is_full() {
        check_docs(&table());
    }
}

/// The rows name every call that there is.
#[test]
fn no_mutating_call_is_missing() {
    let known = BTreeSet::from(ROWS.map(|row| row.action));
    let all: BTreeSet<&str> = Call::ACTIONS.iter().copied().collect();
    assert_eq!(known, all);
}

/// The table of a matrix that holds.
fn table() -> String {
    let headings = FAULTS.map(|(_, _, heading)| heading);
    let mut table = format!("| call | while | {} |\n", headings.join(" | "));
    table.push_str(&"|---".repeat(2 + FAULTS.len()));
    table.push_str("|\n");
    let runs = ["✔"; RUNS.len()].join(" ");
    for Row { action, life, .. } in ROWS {
        let life = format!("{life:?}").to_lowercase();
        let cells = [runs.as_str(); FAULTS.len()].join(" | ");
        table.push_str(&format!("| `{action}` | {life} | {cells} |\n"));
    }
    table
}

const BEGIN: &str = "<!-- the table is written by UPDATE_DOCS=1 cargo test -->\n";

fn check_docs(table: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/fault-matrix.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, shown) = text.split_once(BEGIN).expect("the mark before the table");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        crate::files::write_public(&path, format!("{head}{BEGIN}{table}").as_bytes()).unwrap();
        return;
    }
    assert_eq!(shown, table, "{}: UPDATE_DOCS=1 writes it", path.display());
}
