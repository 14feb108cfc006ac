//! Asking AWS whether a plan's calls would be allowed, without making them.

use serde::Serialize;

use super::exit::Exit;
use super::failure::Failure;
use super::table::Table;
use crate::aws::{Client, Fault, FaultKind};
use crate::clock::IdSource;
use crate::plan::{self, Plan};
use crate::resource::Keys;
use crate::tunnel::key;

/// What AWS said of one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// It would be allowed.
    Allowed,
    /// It would be denied.
    Denied,
    /// EC2 has no DryRun for it.
    NoDryRun,
    /// It cannot be asked before an earlier step has made what it needs.
    NotYetAskable,
    /// AWS said something else.
    Unclear,
}

/// One call and what AWS said of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Checked {
    step: String,
    action: String,
    verdict: Verdict,
    detail: String,
}

impl Checked {
    /// Whether the call would be denied.
    pub(super) fn is_denied(&self) -> bool {
        self.verdict == Verdict::Denied
    }
}

/// Dry-runs every call of a plan that EC2 can dry-run.
///
/// The keys in these calls are thrown away: DryRun makes nothing. An endpoint that does make
/// something is asked nothing more.
pub(super) async fn check(
    client: &Client,
    plan: &Plan,
    ids: &IdSource,
) -> Result<Vec<Checked>, Failure> {
    let keys: Keys = plan
        .tunnels
        .iter()
        .map(|tunnel| (tunnel.options.inside_cidr, key::generate(ids)))
        .collect();
    let mut checked = Vec::new();
    for (step, call) in plan::calls(plan, &keys) {
        let Some(call) = call else { continue };
        let (verdict, detail) = match client.dry_run(&call).await {
            None => (
                Verdict::NoDryRun,
                "EC2 has no DryRun for this call".to_owned(),
            ),
            Some(Ok(())) => (Verdict::Allowed, String::new()),
            Some(Err(fault)) if fault.kind == FaultKind::Denied => {
                (Verdict::Denied, fault.message.clone())
            }
            // The made-up ids of what does not exist yet: EC2 looked past the permission.
            Some(Err(fault)) if fault.kind == FaultKind::NotFound => (
                Verdict::NotYetAskable,
                "what it needs does not exist yet".to_owned(),
            ),
            Some(Err(fault)) if fault.kind == FaultKind::CarriedOut => {
                return Err(carried_out(&fault));
            }
            Some(Err(fault)) if fault.kind == FaultKind::NoDryRun => {
                return Err(not_asked(&fault));
            }
            Some(Err(fault)) => (Verdict::Unclear, fault.to_string()),
        };
        checked.push(Checked {
            step: step.to_string(),
            action: format!("ec2:{}", call.action()),
            verdict,
            detail,
        });
    }
    Ok(checked)
}

fn carried_out(fault: &Fault) -> Failure {
    Failure::new(
        Exit::Aws,
        format!(
            "permissions cannot be asked here: {fault}\n  \
             left behind: what that call made, with this site's tags; no other call was asked"
        ),
    )
    .hint("this endpoint is not AWS: AWS answers a DryRun without making anything")
}

fn not_asked(fault: &Fault) -> Failure {
    Failure::new(
        Exit::Aws,
        format!(
            "permissions cannot be asked here: {}\n  \
             left behind: nothing; no call of the plan was asked",
            fault.message
        ),
    )
    .hint("AWS itself answers a DryRun without making anything")
}

/// The answers as a table.
pub(super) fn table(checked: &[Checked]) -> String {
    if checked.is_empty() {
        return "\nPermissions: this plan makes no call that could be asked about\n".to_owned();
    }
    let mut table = Table::new(["step", "action", "verdict", "detail"]);
    for row in checked {
        let verdict = match row.verdict {
            Verdict::Allowed => "✔ allowed",
            Verdict::Denied => "✗ denied",
            Verdict::NoDryRun => "◎ cannot be checked",
            Verdict::NotYetAskable => "◎ not yet askable",
            Verdict::Unclear => "⚠ unclear",
        };
        table.add_row([
            row.step.as_str(),
            row.action.as_str(),
            verdict,
            row.detail.as_str(),
        ]);
    }
    format!("\nPermissions, asked by DryRun (nothing was made)\n{table}\n")
}
