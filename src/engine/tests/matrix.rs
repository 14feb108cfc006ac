//! Every mutating call × every fault on the wire × every kind of run: the full matrix.
//!
//! A cell plays a whole life in which the call happens, from an empty account to an empty account.
//! The sandbox's own world is what is checked, and its list of calls: the fault was met, the call
//! had its effect exactly as often as needed, there is one of each with the right tags, and nothing
//! is left in the end. `UNDERPASS_MATRIX=part` plays a third of it, and `UNDERPASS_MATRIX=ordering`
//! the rows of that life; the table is in `docs/fault-matrix.md`, and `UPDATE_DOCS=1` writes it anew.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;

use super::matrix_check::{empty, ensure};
use super::matrix_rows::{ELSEWHERE, FAULTS, Life, ROWS, RUNS, Row, Run};
use super::matrix_settled::{OFFERED, add_table, calm, in_virtual_time, offer, settled};
use super::stage::{Stage, living};
use super::wish::Wish;
use crate::aws::Call;
use crate::engine::RunReport;
use crate::journal::{Record, RunResult};
use crate::plan::Plan;
use crate::sandbox::{Faults, Injected};

// === one cell ===

pub(super) struct Cell {
    pub(super) row: Row,
    pub(super) injected: Injected,
    pub(super) times: u32,
    pub(super) run: Run,
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

impl Cell {
    /// No faults; Direct Connect's hours, in which there are nothing but looks, are made shorter.
    fn calm(&self) -> Faults {
        calm(self.row.life.is_quick())
    }

    fn script(&self) -> Faults {
        (1..=self.times).fold(self.calm(), |faults, nth| {
            faults.script(self.row.action, nth, self.injected)
        })
    }

    async fn play(&self) -> Result<(), String> {
        let mut stage = Stage::new(7).await;
        if matches!(self.row.life, Life::Tables | Life::Narrowing) {
            add_table(&stage);
        }
        stage.sandbox.set_faults(self.calm());
        if self.row.life == Life::Accepting {
            offer(&stage);
        }
        let before = living(&stage.sandbox);
        let plan = self.prelude(&stage).await;
        let from = stage.calls();
        self.trouble(&mut stage, plan).await?;
        self.check_calls(&stage, from)?;
        if self.row.life.ends() {
            return empty(&stage, &before);
        }
        self.check_world(&stage, &before)?;
        // What nobody sees yet, a teardown cannot find.
        stage.sandbox.set_faults(self.calm());
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
            life if life.ends() => stage.teardown().await,
            _ => stage.onboard(&self.wish()).await,
        }
    }

    /// What the site wants in the end.
    pub(super) fn wish(&self) -> Wish {
        let mut wish = match self.row.life {
            Life::Tables | Life::Narrowing => Wish::on_hub(),
            Life::Bridging => Wish::direct_transit(),
            Life::Ordering
            | Life::Accepting
            | Life::Joining
            | Life::Widening
            | Life::Unplugging => Wish::direct_private(),
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
            Life::Accepting => {
                wish.direct.as_mut().unwrap().connection = Some(OFFERED.to_owned());
            }
            Life::Widening => {
                let direct = wish.direct.as_mut().unwrap();
                direct.prefixes.push("10.1.0.0/16");
                direct.mtu = 8500;
                wish.tags
                    .insert("cost-centre".to_owned(), "4711".to_owned());
            }
            Life::Tunnels => wish.phase1_lifetime = 14_400,
            Life::Onboarding | Life::Replacement | Life::Teardown => {}
            Life::Ordering | Life::Joining | Life::Bridging | Life::Unplugging => {}
        }
        wish
    }

    /// Runs the plan, with the fault.
    async fn trouble(&self, stage: &mut Stage, plan: Plan) -> Result<(), String> {
        match self.run {
            Run::First => {
                stage.sandbox.set_faults(self.script());
                self.went(&stage.run(plan).await, "the run")
            }
            Run::Dies => {
                stage.sandbox.set_faults(self.script());
                self.die(stage, &plan).await?;
                self.went(&stage.resume(plan.run).await, "the resumed run")
            }
            Run::Resumed => {
                // The call never leaves the machine.
                let never = self.calm().script(self.row.action, 1, Injected::Reset);
                stage.sandbox.set_faults(never);
                self.die(stage, &plan).await?;
                stage.sandbox.set_faults(self.script());
                self.went(&stage.resume(plan.run).await, "the resumed run")
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

    /// How the run has to end.
    fn went(&self, report: &RunReport, what: &str) -> Result<(), String> {
        match self.row.life.parks() {
            true => ended(report, &RunResult::Parked, what),
            false => done(report, what),
        }
    }
}

/// Whether a run ended as it should.
pub(super) fn done(report: &RunReport, what: &str) -> Result<(), String> {
    ended(report, &RunResult::Done, what)
}

fn ended(report: &RunReport, wanted: &RunResult, what: &str) -> Result<(), String> {
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
        report.result == *wanted,
        "{what} ended {:?}: {}",
        report.result,
        failures()
    );
    Ok(())
}

// === the table ===

fn play(cell: &Cell) -> Result<(), String> {
    settled(cell.row.life);
    let played = in_virtual_time(AssertUnwindSafe(cell.play()).catch_unwind());
    played.unwrap_or_else(|_| Err("a panic".to_owned()))
}

fn wanted() -> String {
    std::env::var("UNDERPASS_MATRIX").unwrap_or_default()
}

/// The cells to play: all of them, with `UNDERPASS_MATRIX=part` every call with every fault in one
/// kind of run, in turn, and with a life's name in it those of that life alone.
fn cells() -> Vec<Cell> {
    let wanted = wanted();
    let full = wanted != "part";
    let mut cells = Vec::new();
    let is_played = |row: &Row| matches!(&*wanted, "" | "part") || row.is_in(&wanted);
    for (r, row) in ROWS.into_iter().filter(is_played).enumerate() {
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
    // A part of the cells is no ground for a table of all.
    if wanted().is_empty() {
        check_docs(&table());
    }
}

/// The rows name every call that there is.
#[test]
fn no_mutating_call_is_missing() {
    let mut known = BTreeSet::from(ROWS.map(|row| row.action));
    known.extend(ELSEWHERE);
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
        let life = life.name();
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
