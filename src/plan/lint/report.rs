//! What is found, and the two ways of asking.

use serde::Serialize;

use super::{duplicate, effect, foreign, identity, order, secret, tunnel};
use crate::aws::View;
use crate::limits;
use crate::plan::model::{PLAN_SCHEMA, Plan};
use crate::playbook::StepId;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The plan can be applied; a person should look.
    Warning,
    /// The plan must not be applied.
    Error,
}

/// Something that is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LintFinding {
    /// A code that `underpass explain` explains.
    pub code: &'static str,
    /// How bad.
    pub severity: Severity,
    /// The step, if it is about one.
    pub step: Option<StepId>,
    /// What.
    pub message: String,
}

/// Checks a plan by itself; empty when nothing is wrong.
pub fn lint(plan: &Plan) -> Vec<LintFinding> {
    let mut report = Report::default();
    if plan.schema_version != PLAN_SCHEMA {
        report.plan(
            "lint::schema",
            format!(
                "its format is {}, this version's {PLAN_SCHEMA}",
                plan.schema_version
            ),
        );
    }
    if plan.steps.len() > limits::STEPS {
        let many = plan.steps.len();
        let message = format!("it has {many} steps, more than {}", limits::STEPS);
        report.plan("lint::steps", message);
        // The other checks compare steps with each other.
        return report.findings;
    }
    identity::check(plan, &mut report);
    order::check(plan, &mut report);
    duplicate::check(plan, &mut report);
    effect::check(plan, &mut report);
    tunnel::check(plan, &mut report);
    secret::check(plan, &mut report);
    report.findings
}

/// Checks a plan by itself and against what exists: whose is what it deletes or changes?
pub fn lint_in(plan: &Plan, view: &View) -> Vec<LintFinding> {
    let mut report = Report {
        findings: lint(plan),
    };
    duplicate::check_in(plan, view, &mut report);
    foreign::check(plan, view, &mut report);
    report.findings
}

/// Checks a plan that a run has begun with, out of its journal: what is gone already is nobody's.
pub fn lint_begun(plan: &Plan, view: &View) -> Vec<LintFinding> {
    let mut report = Report {
        findings: lint(plan),
    };
    foreign::check_begun(plan, view, &mut report);
    report.findings
}

/// Collects findings.
#[derive(Debug, Default)]
pub(super) struct Report {
    findings: Vec<LintFinding>,
}

impl Report {
    pub(super) fn plan(&mut self, code: &'static str, message: impl Into<String>) {
        self.add(code, Severity::Error, None, message.into());
    }

    pub(super) fn step(&mut self, code: &'static str, step: &StepId, message: impl Into<String>) {
        self.add(code, Severity::Error, Some(step.clone()), message.into());
    }

    pub(super) fn look(&mut self, code: &'static str, step: &StepId, message: impl Into<String>) {
        self.add(code, Severity::Warning, Some(step.clone()), message.into());
    }

    fn add(
        &mut self,
        code: &'static str,
        severity: Severity,
        step: Option<StepId>,
        message: String,
    ) {
        self.findings.push(LintFinding {
            code,
            severity,
            step,
            message,
        });
    }
}
