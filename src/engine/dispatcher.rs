//! The run: owns its state, starts workers, and hears from them when they end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{Id, JoinError, JoinSet};

use super::cancel::{Cancel, CancelLevel};
use super::error::{Leftover, StepError, StepProblem};
use super::event::{Event, StepSummary};
use super::order::Order;
use super::run::{Job, RunReport, StepReport};
use super::task::{Context, Task};
use super::unwritten::JournalProblem;
use super::worker::{StepDone, StepRun, Worker};
use crate::clock::Mark;
use crate::journal::{History, Record, RunResult};
use crate::plan::{Outputs, PlannedStep, resolve};
use crate::playbook::StepId;
use crate::resource;

/// More steps at once than this only queue at AWS's rate limits.
const AT_ONCE: usize = 32;

/// A run while it goes on.
pub(super) struct Dispatcher {
    run: Arc<Context>,
    began: Timestamp,
    began_at: Mark,
    history: Option<History>,
    planned: BTreeMap<StepId, PlannedStep>,
    order: Order,
    outputs: Outputs,
    workers: JoinSet<StepRun>,
    steps_of: BTreeMap<Id, StepId>,
    reports: BTreeMap<StepId, StepReport>,
    journal_problem: Option<JournalProblem>,
}

impl Dispatcher {
    pub(super) fn new(job: Job, events: UnboundedSender<Event>, cancel: Cancel) -> Self {
        let planned = job
            .plan
            .steps
            .iter()
            .map(|step| (step.node.id.clone(), step.clone()))
            .collect();
        Self {
            began: job.clock.now(),
            began_at: job.clock.mark(),
            history: job.history,
            order: Order::new(&job.plan.steps),
            planned,
            outputs: Outputs::new(),
            workers: JoinSet::new(),
            steps_of: BTreeMap::new(),
            reports: BTreeMap::new(),
            journal_problem: None,
            run: Arc::new(Context {
                plan: job.plan,
                keys: job.keys,
                client: job.client,
                journal: job.journal,
                clock: job.clock,
                ids: job.ids,
                cancel,
                events,
                calls: AtomicU64::new(0),
            }),
        }
    }

    pub(super) async fn run(mut self) -> RunReport {
        self.begin().await;
        loop {
            self.start_what_can();
            let Some(ended) = self.workers.join_next_with_id().await else {
                break;
            };
            self.hear(ended);
            if self.journal_problem.is_some() {
                // Whatever the others do now could not be written down.
                self.workers.shutdown().await;
            }
        }
        self.end().await
    }

    async fn begin(&mut self) {
        let resumed = self.history.is_some();
        if resumed {
            let pid = std::process::id();
            self.write(Record::Resumed { pid }).await;
        }
        let plan = &self.run.plan;
        let steps = plan.steps.iter().map(|step| StepSummary {
            step: step.node.id.clone(),
            title: step.title.clone(),
            change: step.change,
            usual: step.usual,
        });
        self.run.tell(Event::RunStarted {
            at: self.began,
            run: plan.run,
            site: plan.site.clone(),
            mode: plan.mode,
            resumed,
            steps: steps.collect(),
        });
    }

    /// Starts every step whose needs are ready, the longest way first.
    fn start_what_can(&mut self) {
        while self.workers.len() < AT_ONCE
            && self.journal_problem.is_none()
            && self.run.cancel.level() == CancelLevel::GoOn
            && let Some(step) = self.order.take_next()
        {
            match self.worker(&step) {
                Ok(worker) => {
                    let id = self.workers.spawn(worker.work()).id();
                    self.steps_of.insert(id, step);
                }
                Err(problem) => self.failed(&step, Duration::ZERO, never_begun(&step, problem)),
            }
        }
    }

    fn worker(&self, step: &StepId) -> Result<Worker, StepProblem> {
        let planned = self
            .planned
            .get(step)
            .ok_or_else(|| StepProblem::Internal(format!("{step} is not in the plan")))?;
        let kind = resource::registry()
            .find(&planned.node.kind)
            .ok_or_else(|| StepProblem::Unworkable {
                problem: format!("there is no kind `{}`", planned.node.kind),
                help: None,
            })?;
        let past = self.history.as_ref().and_then(|history| history.step(step));
        let task = Task {
            run: Arc::clone(&self.run),
            step: planned.clone(),
            kind,
            inputs: resolve(&planned.node, &self.outputs),
        };
        Ok(Worker::new(task, past.cloned().unwrap_or_default()))
    }

    fn hear(&mut self, ended: Result<(Id, StepRun), JoinError>) {
        match ended {
            Ok((id, StepRun { took, result })) => {
                let Some(step) = self.steps_of.remove(&id) else {
                    return;
                };
                match result {
                    Ok(done) => self.ready(&step, took, done),
                    Err(error) => self.failed(&step, took, error),
                }
            }
            Err(error) => {
                let Some(step) = self.steps_of.remove(&error.id()) else {
                    return;
                };
                let error = StepError {
                    step: step.clone(),
                    problem: StepProblem::Internal("its worker panicked".to_owned()),
                    left: Leftover::Maybe(format!("what the journal says about {step}")),
                };
                self.failed(&step, Duration::ZERO, error);
            }
        }
    }

    fn ready(&mut self, step: &StepId, took: Duration, done: StepDone) {
        self.order.ready(step);
        self.run.tell(Event::Ready {
            at: self.run.now(),
            step: step.clone(),
            change: done.change,
            id: done.id.clone(),
            took,
        });
        self.outputs.insert(step.clone(), done.outputs.clone());
        let report = StepReport {
            change: done.change,
            id: done.id,
            outputs: done.outputs,
            took,
            failure: None,
            skipped: None,
        };
        self.reports.insert(step.clone(), report);
    }

    fn failed(&mut self, step: &StepId, took: Duration, error: StepError) {
        if let StepProblem::Journal(problem) = &error.problem {
            self.journal_problem.get_or_insert_with(|| problem.clone());
        }
        self.run.tell(Event::Failed {
            at: self.run.now(),
            step: step.clone(),
            problem: error.problem.to_string(),
            left_behind: error.left.to_string(),
        });
        let id = match &error.left {
            Leftover::Known(id) => Some(id.clone()),
            _ => None,
        };
        let word = if error.is_cancelled() {
            "was stopped"
        } else {
            "failed"
        };
        let because = format!("{step} {word}");
        let mut report = self.unstarted(step);
        report.id = id.or(report.id);
        report.took = took;
        report.failure = Some(error);
        self.reports.insert(step.clone(), report);
        for skipped in self.order.failed(step) {
            self.skipped(&skipped, &because);
        }
    }

    fn skipped(&mut self, step: &StepId, because: &str) {
        self.run.tell(Event::Skipped {
            at: self.run.now(),
            step: step.clone(),
            because: because.to_owned(),
        });
        let mut report = self.unstarted(step);
        report.skipped = Some(because.to_owned());
        self.reports.insert(step.clone(), report);
    }

    /// The report of a step that did nothing: the plan's words.
    fn unstarted(&self, step: &StepId) -> StepReport {
        let planned = self.planned.get(step);
        StepReport {
            change: planned.map_or(resource::Change::Keep, |planned| planned.change),
            id: planned.and_then(|planned| planned.existing.clone()),
            outputs: BTreeMap::new(),
            took: Duration::ZERO,
            failure: None,
            skipped: None,
        }
    }

    async fn end(mut self) -> RunReport {
        for step in self.order.running() {
            // Only a journal that cannot be written ends the run over its workers' heads.
            let problem = match self.journal_problem.clone() {
                Some(problem) => StepProblem::Journal(problem),
                None => StepProblem::Internal("its worker is gone".to_owned()),
            };
            let error = StepError {
                step: step.clone(),
                problem,
                left: Leftover::Maybe(format!("what the journal says about {step}")),
            };
            self.failed(&step, Duration::ZERO, error);
        }
        let stopped = self.run.cancel.level() > CancelLevel::GoOn;
        for step in self.order.never_started() {
            let because = if stopped {
                "the run was stopped"
            } else {
                "nothing in the plan provides what it needs"
            };
            self.skipped(&step, because);
        }
        let result = self.result(stopped);
        if self.journal_problem.is_none() {
            self.write(Record::Finished { result }).await;
        }
        let took = self.run.clock.passed(self.began_at);
        self.run.tell(Event::RunEnded {
            at: self.run.now(),
            result,
            took,
        });
        RunReport {
            run: self.run.plan.run,
            result,
            steps: self.reports,
            calls: self.run.calls.load(Ordering::Relaxed),
            took,
            journal_problem: self.journal_problem,
        }
    }

    /// A failure counts more than a stop, a stop more than a wait that gave up.
    fn result(&self, stopped: bool) -> RunResult {
        let failures = || {
            self.reports
                .values()
                .filter_map(|report| report.failure.as_ref())
        };
        let broken = |error: &StepError| !error.is_cancelled() && !error.is_timeout();
        let unready = |report: &StepReport| report.failure.is_some() || report.skipped.is_some();
        if self.journal_problem.is_some() || failures().any(broken) {
            RunResult::Failed
        } else if stopped && self.reports.values().any(unready) {
            RunResult::Cancelled
        } else if failures().any(StepError::is_timeout) {
            RunResult::TimedOut
        } else if self.reports.values().any(unready) {
            RunResult::Failed
        } else {
            RunResult::Done
        }
    }

    async fn write(&mut self, record: Record) {
        if let Err(error) = self.run.journal.append(record).await {
            self.journal_problem
                .get_or_insert_with(|| JournalProblem::of(&error));
        }
    }
}

/// A step whose worker could not even begin.
fn never_begun(step: &StepId, problem: StepProblem) -> StepError {
    StepError {
        step: step.clone(),
        problem,
        left: Leftover::Nothing,
    }
}
