//! Every mutating call × every fault on the wire × every kind of run: the full matrix.
//!
//! A cell plays a whole life in which the call happens, from an empty account to an empty account.
//! The sandbox's own world is what is checked, and its list of calls: the fault was met, the call
//! had its effect exactly as often as needed, there is one of each with the right tags, and nothing
//! is left in the end. The table is `docs/fault-matrix.md`; `UPDATE_DOCS=1` writes it anew.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt as _;

use super::stage::{SITE_IP, Stage, Wish, census, living};
use crate::aws::Call;
use crate::engine::RunReport;
use crate::journal::{Outcome, Record, RunResult};
use crate::plan::Plan;
use crate::resource::{TAG_RUN, TAG_SITE, TAG_STEP};
use crate::sandbox::{Faults, GatewaySim, Injected, World};

/// What a site is on its way to when the fault hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Onboarding,
    Tags,
    Tunnels,
    Replacement,
    Teardown,
}

/// A call, where it happens, and how often it must have its effect there.
#[derive(Clone, Copy, Debug)]
struct Row {
    action: &'static str,
    life: Life,
    effects: usize,
}

const ROWS: [Row; 16] = [
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

fn of_each(actions: &[&str]) -> BTreeMap<String, usize> {
    actions.iter().map(|it| ((*it).to_owned(), 0)).collect()
}

// === one cell ===

struct Cell {
    row: Row,
    injected: Injected,
    times: u32,
    run: Run,
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
        let before = living(&stage.sandbox);
        let plan = self.prelude(&stage).await?;
        let from = stage.calls();
        self.trouble(&mut stage, plan).await?;
        self.check_calls(&stage, from)?;
        if self.row.life == Life::Teardown {
            return empty(&stage, &before);
        }
        self.check_world(&stage, &before)?;
        // What nobody sees yet, a teardown cannot find.
        stage.sandbox.set_faults(Faults::default());
        stage.clock.sleep(Duration::from_secs(300)).await;
        done(&stage.run(stage.teardown().await).await, "teardown")?;
        empty(&stage, &before)
    }

    /// Everything before the plan that meets the fault; the account is as it was for a while.
    async fn prelude(&self, stage: &Stage) -> Result<Plan, String> {
        let first = match self.row.life {
            Life::Onboarding => return Ok(stage.onboard(&Wish::fixed()).await),
            Life::Replacement => Wish::bgp(),
            Life::Tags | Life::Tunnels | Life::Teardown => Wish::fixed(),
        };
        done(&stage.run(stage.onboard(&first).await).await, "onboarding")?;
        if self.row.life == Life::Tunnels {
            let router = Some(SITE_IP.parse().unwrap());
            stage.sandbox.set_gateway(router, GatewaySim::Online);
        }
        stage.clock.sleep(Duration::from_secs(300)).await;
        Ok(match self.row.life {
            Life::Teardown => stage.teardown().await,
            _ => stage.onboard(&self.wish()).await,
        })
    }

    /// What the site wants in the end.
    fn wish(&self) -> Wish {
        let mut wish = Wish::fixed();
        match self.row.life {
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
        let mut intents: BTreeMap<String, String> = BTreeMap::new();
        let intents = std::sync::Mutex::new(std::mem::take(&mut intents));
        journal.stop_when(move |entry| {
            let mut intents = intents.lock().unwrap();
            match &entry.record {
                Record::Intent { step, action, .. } => {
                    intents.insert(step.to_string(), action.clone());
                    false
                }
                Record::Result { step, outcome } => {
                    let _: &Outcome = outcome;
                    intents.get(step.as_str()).is_some_and(|it| it == action)
                }
                _ => false,
            }
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

    fn check_world(&self, stage: &Stage, before: &World) -> Result<(), String> {
        let counted = census(&stage.sandbox);
        ensure!(counted == [1, 2, 1, 2, 2, 2], "there are {counted:?}");
        let world = living(&stage.sandbox);
        let (now, then) = (
            &world.regions["eu-central-1"],
            &before.regions["eu-central-1"],
        );
        let wish = self.wish();
        let customers = now.customer_gateways.iter().map(|(id, it)| (id, &it.tags));
        let gateways = now.vpn_gateways.iter().map(|(id, it)| (id, &it.tags));
        let connections = now.vpn_connections.iter().map(|(id, it)| (id, &it.tags));
        for (id, tags) in customers.chain(gateways).chain(connections) {
            if then.vpn_gateways.contains_key(id) {
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
                connection.static_routes_only,
                "{} is not static",
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
        living(&stage.sandbox) == *before,
        "left: {:?}",
        census(&stage.sandbox)
    );
    Ok(())
}

// === the table ===

/// Plays a cell in a runtime of its own, in virtual time.
fn play(cell: &Cell) -> Result<(), String> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    let played = runtime.block_on(AssertUnwindSafe(cell.play()).catch_unwind());
    played.unwrap_or_else(|_| Err("a panic".to_owned()))
}

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for row in ROWS {
        for (injected, times, _) in FAULTS {
            for (run, _) in RUNS {
                cells.push(Cell {
                    row,
                    injected,
                    times,
                    run,
                });
            }
        }
    }
    cells
}

#[test]
fn every_call_survives_every_fault_in_every_run() {
    let mut cells = cells();
    if let Ok(only) = std::env::var("ONLY") {
        cells.retain(|it| {
            format!(
                "{:?}{:?}{:?}{:?}",
                it.row.action, it.row.life, it.injected, it.run
            )
            .contains(&only)
        });
    }
    let half = cells.len() / 2;
    let (one, two) = cells.split_at(half);
    let played: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let halves =
            [one, two].map(|half| scope.spawn(|| half.iter().map(play).collect::<Vec<_>>()));
        halves
            .into_iter()
            .flat_map(|half| half.join().unwrap())
            .collect()
    });
    let mut failed = Vec::new();
    let mut marks = BTreeMap::new();
    for (cell, result) in cells.iter().zip(&played) {
        let fault = FAULTS.iter().position(|it| it.0 == cell.injected);
        let run = RUNS.iter().position(|it| it.0 == cell.run);
        let Row { action, life, .. } = cell.row;
        if let Err(why) = result {
            failed.push(format!(
                "{action} ({life:?}), {:?}, {:?}: {why}",
                cell.injected, cell.run
            ));
        }
        let row = ROWS
            .iter()
            .position(|it| (it.action, it.life) == (action, life));
        marks.insert((row, fault, run), result.is_ok());
    }
    let table = table(&marks);
    assert!(failed.is_empty(), "{table}\n{}", failed.join("\n"));
    check_docs(&table);
}

/// The rows name every call that there is.
#[test]
fn no_mutating_call_is_missing() {
    let known = of_each(&ROWS.map(|row| row.action));
    for action in Call::ACTIONS {
        assert!(known.contains_key(*action), "{action} has no row");
    }
    assert_eq!(known.len(), Call::ACTIONS.len());
}

fn table(marks: &BTreeMap<(Option<usize>, Option<usize>, Option<usize>), bool>) -> String {
    let headings = FAULTS.map(|(_, _, heading)| heading);
    let mut table = format!("| call | while | {} |\n", headings.join(" | "));
    table.push_str(&"|---".repeat(2 + FAULTS.len()));
    table.push_str("|\n");
    for (at, row) in ROWS.iter().enumerate() {
        let cells = (0..FAULTS.len()).map(|fault| {
            let runs = (0..RUNS.len()).map(|run| {
                let held = marks.get(&(Some(at), Some(fault), Some(run)));
                if held == Some(&true) { "✔" } else { "✗" }
            });
            runs.collect::<Vec<_>>().join(" ")
        });
        let life = format!("{:?}", row.life).to_lowercase();
        let cells = cells.collect::<Vec<_>>().join(" | ");
        table.push_str(&format!("| `{}` | {life} | {cells} |\n", row.action));
    }
    table
}

const BEGIN: &str = "<!-- the table is written by UPDATE_DOCS=1 cargo test -->\n";

fn check_docs(table: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/fault-matrix.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, shown) = text.split_once(BEGIN).expect("the mark before the table");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{head}{BEGIN}{table}")).unwrap();
        return;
    }
    assert_eq!(shown, table, "{}: UPDATE_DOCS=1 writes it", path.display());
}
