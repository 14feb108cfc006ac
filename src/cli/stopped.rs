//! A run that did not get to its end: what happened, what is there, what to do next.

use super::again::Again;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::words::wrapped;
use crate::aws::FaultKind;
use crate::engine::{JournalCause, JournalProblem, Leftover, RunReport, StepError, StepProblem};
use crate::journal::RunResult;
use crate::plan::{CostLine, Mode, Plan};
use crate::resource::Goal;

/// The failure of a run.
pub(super) fn failure(output: Output, report: &RunReport, plan: &Plan, again: &Again) -> Failure {
    let errors: Vec<&StepError> = report
        .steps
        .values()
        .filter_map(|step| step.failure.as_ref())
        .collect();
    let mut text = title(report, plan);
    for error in &errors {
        text.push_str(&told(output, error));
    }
    let told = |it: &&StepError| matches!(it.problem, StepProblem::Journal(_));
    if let Some(problem) = &report.journal_problem
        && !errors.iter().any(told)
    {
        let problem = wrapped(&problem.to_string(), 2, output.prose());
        text.push_str(&format!("\n  {problem}"));
    }
    text.push_str(&ready(output, report, plan));
    text.push_str(&still_there(output, report, plan));
    let mut failure = Failure::new(exit(report), text).next(next(&errors, plan, again));
    for error in &errors {
        if let Some(fault) = fault(&error.problem) {
            failure
                .hints
                .extend(fault.hint().map(|hint| hint.to_string()));
        }
    }
    if errors.iter().any(|error| is_stuck_attachment(error, plan)) {
        let hint = "AWS detaches a gateway when nothing hangs on it any more: look for Direct \
                    Connect virtual interfaces on it";
        failure.hints.push(hint.to_owned());
    }
    failure.hints.dedup();
    let lost = report.journal_problem.as_ref();
    if lost.is_some_and(JournalProblem::is_lost) {
        return failure.hint(
            "whoever took the site over goes on with what is there: wait until they are done; the \
             same command then does what is left",
        );
    }
    let mut failure =
        failure.hint("running the same command again finishes the job: nothing is made twice");
    if plan.mode == Mode::Onboard && again.site.is_some() {
        let teardown = again.teardown();
        failure = failure.hint(format!("to remove what is there instead: {teardown}"));
    }
    failure
}

fn title(report: &RunReport, plan: &Plan) -> String {
    let ready = report
        .steps
        .values()
        .filter(|step| step.failure.is_none() && step.skipped.is_none())
        .count();
    let why = match report.result {
        RunResult::Cancelled => "stopped as you asked",
        RunResult::TimedOut => "a wait gave up",
        RunResult::Parked => "waiting for people",
        RunResult::Done | RunResult::Failed => "not finished",
    };
    let done = if plan.mode == Mode::Teardown {
        "gone"
    } else {
        "ready"
    };
    format!("{why}: {ready} of {} steps are {done}", plan.steps.len())
}

/// A step's failure, with what it left.
fn told(output: Output, error: &StepError) -> String {
    let left = match error.left_behind() {
        Leftover::Nothing => "nothing".to_owned(),
        left => left.to_string(),
    };
    let width = output.prose();
    let problem = wrapped(&error.to_string(), 2, width);
    format!(
        "\n  {problem}\n    left behind: {}",
        wrapped(&left, 17, width)
    )
}

/// What the run has made so far, and what it costs to leave it there.
fn ready(output: Output, report: &RunReport, plan: &Plan) -> String {
    let made: Vec<String> = plan
        .steps
        .iter()
        .filter_map(|step| report.steps.get(&step.node.id))
        .filter(|step| step.failure.is_none() && step.skipped.is_none())
        .filter_map(|step| step.id.clone())
        .filter(|id| !id.contains(':'))
        .collect();
    if made.is_empty() || plan.mode == Mode::Teardown {
        return String::new();
    }
    let list = made.join(", ");
    format!("\n  ready: {}", wrapped(&list, 9, output.prose()))
}

/// What a teardown has not removed yet, and what it costs until it is.
fn still_there(output: Output, report: &RunReport, plan: &Plan) -> String {
    let there: Vec<_> = plan
        .steps
        .iter()
        .filter(|step| plan.mode == Mode::Teardown && !step.node.kind.contains("route"))
        .filter(|step| {
            let of_step = report.steps.get(&step.node.id);
            of_step.is_none_or(|it| it.failure.is_some() || it.skipped.is_some())
        })
        .collect();
    if there.is_empty() {
        return String::new();
    }
    let ids: Vec<&str> = there
        .iter()
        .filter_map(|it| it.existing.as_deref())
        .collect();
    let billed = |line: &&CostLine| there.iter().any(|it| it.node.id.as_str() == line.step);
    let hourly: f64 = plan
        .cost
        .iter()
        .filter(billed)
        .map(|it| -it.hourly_usd)
        .sum();
    let cost = if hourly > 0.0 {
        format!("{hourly:.3} USD for every hour until it is gone")
    } else {
        "nothing of it is billed by the hour".to_owned()
    };
    let words = format!("{}; {cost}", ids.join(", "));
    format!("\n  still there: {}", wrapped(&words, 15, output.prose()))
}

fn next(errors: &[&StepError], plan: &Plan, again: &Again) -> String {
    let Some(site) = &again.site else {
        return again.command.clone();
    };
    match errors.iter().find(|error| !error.is_cancelled()) {
        Some(error) if is_denied(&error.problem) && plan.mode == Mode::Teardown => {
            format!("{} --for teardown", again.other("policy"))
        }
        // The same again is what was typed, with every flag.
        Some(error) => {
            let next = error.next_command(plan.mode, site);
            let same = again.other(plan.mode.as_str());
            if next == same {
                again.command.clone()
            } else {
                next
            }
        }
        None => again.command.clone(),
    }
}

/// Whether a gateway does not come off its VPC, for a teardown or to make room for another one.
fn is_stuck_attachment(error: &StepError, plan: &Plan) -> bool {
    let mut steps = plan.steps.iter();
    matches!(
        &error.problem,
        StepProblem::TimedOut {
            goal: Goal::Gone,
            ..
        }
    ) && steps.any(|it| it.node.id == error.step && it.node.kind == "vpn_gateway_attachment")
}

fn fault(problem: &StepProblem) -> Option<&crate::aws::Fault> {
    match problem {
        StepProblem::Refused { fault } | StepProblem::NoAnswer { fault, .. } => Some(fault),
        _ => None,
    }
}

fn is_denied(problem: &StepProblem) -> bool {
    fault(problem).is_some_and(|fault| fault.kind == FaultKind::Denied)
}

fn exit(report: &RunReport) -> Exit {
    match report.result {
        RunResult::Done | RunResult::Parked => Exit::Ok,
        RunResult::Cancelled => Exit::Cancelled,
        RunResult::TimedOut => Exit::TimedOut,
        RunResult::Failed => {
            let of_journal = report.journal_problem.as_ref();
            of_journal.map_or_else(|| failed_exit(report), |it| journal_exit(it.cause))
        }
    }
}

/// A run that its journal ended: as if it had been refused the site, or its bucket, at the start.
fn journal_exit(cause: JournalCause) -> Exit {
    match cause {
        JournalCause::Lost => Exit::Refused,
        JournalCause::Bucket(FaultKind::Denied | FaultKind::Credentials) => Exit::Access,
        JournalCause::Bucket(_) => Exit::Aws,
        JournalCause::Machine => Exit::Internal,
    }
}

fn failed_exit(report: &RunReport) -> Exit {
    let problems: Vec<_> = report
        .steps
        .values()
        .filter_map(|step| step.failure.as_ref())
        .map(|error| &error.problem)
        .collect();
    let any = |test: fn(&StepProblem) -> bool| problems.iter().any(|problem| test(problem));
    let access = |problem: &StepProblem| {
        matches!(problem, StepProblem::Refused { fault } | StepProblem::NoAnswer { fault, .. }
            if matches!(fault.kind, FaultKind::Denied | FaultKind::Credentials))
    };
    if any(access) {
        Exit::Access
    } else if any(|problem| {
        matches!(
            problem,
            StepProblem::WorldChanged { .. }
                | StepProblem::Meddled { .. }
                | StepProblem::LastTunnel { .. }
        )
    }) {
        Exit::Refused
    } else if any(|problem| matches!(problem, StepProblem::Internal(_))) {
        Exit::Internal
    } else {
        Exit::Aws
    }
}
