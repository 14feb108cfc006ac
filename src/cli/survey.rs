//! From a site to a plan: choose the playbook, look at AWS once, plan, lint.

use std::path::{Path, PathBuf};

use serde_json::json;
use ulid::Ulid;

use super::again;
use super::connect::Connection;
use super::exit::Exit;
use super::failure::Failure;
use super::harmless;
use super::order;
use super::words::report;
use crate::aws::{Breadth, View};
use crate::clock::{Clock, IdSource};
use crate::plan::{self, LintFinding, Plan, PlanErrors, Prices, Question, Severity};
use crate::playbook::{self, Playbook, PlaybookErrors};
use crate::resource::{self, Policy};
use crate::spec::{AccountId, Site};
use crate::{files, limits};

/// How to plan, as the command line says it.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct HowToPlan {
    /// Use your own playbook instead of a built-in one
    #[arg(long, value_name = "FILE")]
    pub(super) playbook: Option<PathBuf>,
    /// Turn a refusal that a person may overrule into a warning
    #[arg(long, value_name = "CODE")]
    pub(super) accept: Vec<String>,
    /// Also change what exists and was adopted, where AWS can change it in place
    #[arg(long)]
    pub(super) adopt_changes: bool,
    /// Prices of your own, in the shape of docs/plan.md
    #[arg(long, value_name = "FILE")]
    pub(super) prices: Option<PathBuf>,
    /// Order what bills for months: the location of the Direct Connect port, or the id of the
    /// partner's connection to accept, as the site file has it
    #[arg(long, value_name = "WHAT")]
    pub(super) order: Option<String>,
    /// Set by the commands that offer `--remove-duplicates`.
    #[arg(skip)]
    pub(super) remove_duplicates: bool,
}

impl HowToPlan {
    /// The same, with `--remove-duplicates` or without.
    pub(super) fn removing(&self, remove_duplicates: bool) -> Self {
        Self {
            remove_duplicates,
            ..self.clone()
        }
    }

    /// The same flags for another command on the site.
    pub(super) fn flags(&self) -> String {
        let file = |flag: &str, path: &Option<PathBuf>| {
            path.as_deref()
                .map(|it| format!(" {flag} {}", again::path(it)))
                .unwrap_or_default()
        };
        format!(
            "{}{}{}{}{}",
            self.ordered(),
            file("--playbook", &self.playbook),
            self.accepted(),
            if self.adopt_changes {
                " --adopt-changes"
            } else {
                ""
            },
            file("--prices", &self.prices)
        )
    }

    /// What is ordered, as a flag.
    fn ordered(&self) -> String {
        let word = self.order.as_deref().map(again::quoted);
        word.map(|word| format!(" --order {word}"))
            .unwrap_or_default()
    }

    /// The accepted codes as flags.
    pub(super) fn accepted(&self) -> String {
        self.accept
            .iter()
            .map(|code| format!(" --accept {}", again::quoted(code)))
            .collect()
    }

    /// How bold the plan may be.
    pub(super) fn policy(&self) -> Policy {
        Policy {
            adopt_changes: self.adopt_changes,
            remove_duplicates: self.remove_duplicates,
            order: self.order.is_some(),
        }
    }
}

/// Looks at AWS and plans.
pub(super) async fn survey(
    site: &Site,
    path: &Path,
    connection: &Connection,
    how: &HowToPlan,
) -> Result<Plan, Failure> {
    let view = observe(site, path, connection).await?;
    planned(site, path, &view, connection, how)
}

/// Looks at everything in AWS that a plan may depend on.
pub(super) async fn observe(
    site: &Site,
    path: &Path,
    connection: &Connection,
) -> Result<View, Failure> {
    let seen = connection
        .client
        .whole_view(Breadth::Site(&site.name))
        .await;
    seen.map_err(|fault| with_policy(Failure::untouched(fault), path))
}

/// A look that AWS refused, with the command that tells what it has to allow.
pub(super) fn with_policy(failure: Failure, path: &Path) -> Failure {
    match (failure.exit, &failure.next) {
        (Exit::Access, None) => {
            failure.next(format!("underpass policy {} --for plan", again::path(path)))
        }
        _ => failure,
    }
}

/// Plans for what was seen.
pub(super) fn planned(
    site: &Site,
    path: &Path,
    view: &View,
    connection: &Connection,
    how: &HowToPlan,
) -> Result<Plan, Failure> {
    let run = connection.ids.ulid(connection.clock.now());
    let account = Some(connection.caller.account.clone());
    make(site, path, Some(view), account, run, &connection.clock, how)
}

/// Plans without AWS: everything is assumed absent.
pub(super) fn offline(site: &Site, path: &Path, how: &HowToPlan) -> Result<Plan, Failure> {
    let clock = Clock::system();
    let run = IdSource::system().ulid(clock.now());
    make(site, path, None, None, run, &clock, how)
}

fn make(
    site: &Site,
    path: &Path,
    view: Option<&View>,
    account: Option<AccountId>,
    run: Ulid,
    clock: &Clock,
    how: &HowToPlan,
) -> Result<Plan, Failure> {
    let own = how.playbook.as_deref().map(read_playbook).transpose()?;
    let Some(playbook) = own.as_ref().or_else(|| playbook::choose(site)) else {
        return Err(Failure::new(
            Exit::Refused,
            "nothing was changed: no built-in playbook fits this site",
        )
        .hint("aws.attach_to and routing choose the playbook; `--playbook FILE` brings your own")
        .next("underpass playbooks"));
    };
    order::check(site, path, how.order.as_deref())?;
    let policy = how.policy();
    let now = clock.now();
    let accept = how.accept.iter().cloned().collect();
    let question = Question {
        site,
        playbook,
        view,
        account,
        run,
        now,
        policy,
        accept: &accept,
    };
    let mut plan = plan::onboard(&question).map_err(|errors| refused(path, &errors))?;
    if let Some(file) = &how.prices {
        plan.reprice(&prices(file)?);
    }
    linted(plan, view)
}

fn prices(path: &Path) -> Result<Prices, Failure> {
    let text = files::read_text(path, limits::PRICES).map_err(|error| error.to_string());
    text.and_then(|text| Prices::read(&text).map_err(|error| error.to_string()))
        .map_err(|error| {
            let text = format!("cannot use the prices in {}: {error}", harmless::path(path));
            Failure::new(Exit::Input, text).next(again::typed())
        })
}

/// Reads a saved plan.
pub(super) fn read_plan(path: &Path) -> Result<Plan, Failure> {
    let bytes = files::read_bounded(path, limits::SAVED_PLAN).map_err(|error| {
        let text = format!("cannot read {}: {error}", harmless::path(path));
        Failure::new(Exit::Input, text)
    })?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let text = format!("{} is not a saved plan: {error}", harmless::path(path));
        Failure::new(Exit::Input, text)
    })
}

/// Refuses a plan that the independent checker finds fault with.
///
/// With a `view` it also checks in AWS's own tags that nothing foreign is changed.
pub(super) fn linted(plan: Plan, view: Option<&View>) -> Result<Plan, Failure> {
    let findings = match view {
        Some(view) => plan::lint_in(&plan, view),
        None => plan::lint(&plan),
    };
    passed(findings).map_err(|list| {
        Failure::new(
            Exit::Internal,
            format!("nothing was changed: the plan does not pass its own linter\n{list}"),
        )
        .hint("this is a defect of underpass: please report it with `underpass plan --format json`")
    })?;
    Ok(plan)
}

/// Refuses to go on with a run whose plan cannot have been made by us.
///
/// A journal's checksums are found by accidents, not by somebody who computes them anew.
pub(super) fn unforged(plan: &Plan, view: &View) -> Result<(), Failure> {
    passed(plan::lint_begun(plan, view)).map_err(|list| {
        Failure::new(
            Exit::Refused,
            format!(
                "nothing was changed: the plan in the journal of run {} is none that underpass \
                 makes\n{list}",
                plan.run
            ),
        )
        .hint("somebody has edited it; `underpass onboard` plans anew once it is moved away")
    })
}

/// The findings that forbid to apply a plan, as lines.
fn passed(findings: Vec<LintFinding>) -> Result<(), String> {
    const SHOWN: usize = 20;
    let bad: Vec<_> = findings
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect();
    if bad.is_empty() {
        return Ok(());
    }
    let more = bad.len().saturating_sub(SHOWN);
    let mut list: Vec<_> = bad
        .iter()
        .take(SHOWN)
        .map(|finding| format!("  {}: {}", finding.code, finding.message))
        .collect();
    if more > 0 {
        list.push(format!("  and {more} more"));
    }
    Err(list.join("\n"))
}

/// Reads and checks a playbook of the user's own.
pub(super) fn read_playbook(path: &Path) -> Result<Playbook, Failure> {
    let text = files::read_text(path, limits::PLAYBOOK).map_err(|error| {
        Failure::new(
            Exit::Input,
            format!("cannot read {}: {error}", harmless::path(path)),
        )
    })?;
    playbook::parse(&text, &harmless::path(path))
        .and_then(|own| playbook::check(&own, resource::registry()).map(|()| own))
        .map_err(|errors| playbook_refused(path, &errors))
}

fn playbook_refused(path: &Path, errors: &PlaybookErrors) -> Failure {
    let text = format!(
        "nothing was changed: {} cannot be used\n{}",
        harmless::path(path),
        report(errors)
    );
    let problems: Vec<_> = errors
        .problems()
        .iter()
        .map(|problem| {
            json!({
                "message": problem.message,
                "help": problem.help,
                "line": problem.line,
                "column": problem.column,
            })
        })
        .collect();
    Failure::new(Exit::Input, text)
        .details(json!(problems))
        .hint("`underpass playbooks vgw-bgp` shows one that works")
        .next(again::typed())
}

/// Why there is no plan: what preflight refused, all of it, each with its code.
pub(super) fn refused(path: &Path, errors: &PlanErrors) -> Failure {
    let refusals = match errors {
        PlanErrors::Playbook(errors) => return playbook_refused(path, errors),
        PlanErrors::Refused(refusals) => refusals,
    };
    let mut list = String::new();
    for refusal in refusals {
        list.push_str(&format!(
            "\n  {}\n    {}\n    help: {}",
            refusal.code, refusal.message, refusal.help
        ));
        if refusal.acceptable {
            list.push_str(&format!(
                "\n    or, knowing the risk: --accept {}",
                refusal.code
            ));
        }
    }
    let title = match refusals.len() {
        0 | 1 => "nothing was changed, for this reason".to_owned(),
        count => format!("nothing was changed, for {count} reasons"),
    };
    let failure = Failure::new(Exit::Refused, format!("{title}{list}")).details(json!(refusals));
    match refusals.first() {
        Some(first) => failure.next(format!("underpass explain {}", first.code)),
        None => failure.next(format!("underpass plan {}", again::path(path))),
    }
}
