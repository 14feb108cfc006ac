//! The plan as a page of text.

use anstyle::Style;

use super::layout::{Page, padded, style_of};
use super::{sections, topology};
use crate::plan::model::{Mode, Plan, PlannedStep};
use crate::resource::Change;

/// How a plan is shown.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// Columns.
    pub width: usize,
    /// Whether to use ANSI colours.
    pub colour: bool,
    /// The site file, for the command to run next.
    pub origin: Option<&'a str>,
}

impl Default for Look<'_> {
    fn default() -> Self {
        Self {
            width: 100,
            colour: false,
            origin: None,
        }
    }
}

/// The whole plan as text; the last line is the command to run next.
pub fn text(plan: &Plan, look: &Look<'_>) -> String {
    let mut page = Page::new(look.width, look.colour);
    title(&mut page, plan);
    if let Some(lines) = topology::draw(plan, page.width) {
        page.gap();
        for line in lines {
            page.line(&line);
        }
    }
    steps(&mut page, plan);
    sections::tunnels(&mut page, plan);
    sections::traffic(&mut page, plan);
    sections::cost(&mut page, plan);
    sections::permissions(&mut page, plan);
    sections::unknowns(&mut page, plan);
    sections::warnings(&mut page, plan);
    next(&mut page, plan, look.origin);
    page.finish()
}

fn title(page: &mut Page, plan: &Plan) {
    let purpose = match plan.mode {
        Mode::Onboard => "Onboard",
        Mode::Teardown => "Tear down",
    };
    let account = plan.account.as_ref().map_or_else(
        || "account not looked at".to_owned(),
        |it| format!("account {it}"),
    );
    let mut environment = plan.owner.environment.as_str().to_owned();
    if let Some(at) = plan.owner.expires_at
        && (plan.changes().create > 0 || plan.mode == Mode::Teardown)
    {
        environment = format!("{environment}, expires {at}");
    }
    let heading = format!("{purpose} {} in {}, {account}", plan.site, plan.region);
    let heading = page.paint(&heading, Style::new().bold());
    page.line(&heading);
    if plan.mode == Mode::Onboard {
        environment = format!("{environment}, playbook {}", plan.playbook);
    }
    page.indented(0, &environment);
}

fn steps(page: &mut Page, plan: &Plan) {
    page.heading("Steps");
    if plan.steps.is_empty() {
        page.line("  none: nothing of this site exists");
        return;
    }
    let names = plan
        .steps
        .iter()
        .map(|step| step.node.id.as_str().chars().count());
    let name_width = names.max().unwrap_or(0).min(page.width / 2);
    for step in &plan.steps {
        one_step(page, step, name_width);
    }
    page.gap();
    page.indented(2, &legend(plan));
    page.indented(2, &summary(plan));
}

fn one_step(page: &mut Page, step: &PlannedStep, name_width: usize) {
    let glyph = page.paint(&step.change.glyph().to_string(), style_of(step.change));
    let lead = format!("  {glyph} {}  ", padded(step.node.id.as_str(), name_width));
    let about = about(step);
    let lead_width = 6 + name_width;
    let wider = step.node.id.as_str().chars().count() > name_width;
    if wider {
        page.line(&format!("  {glyph} {}", step.node.id));
        page.indented(lead_width, &about);
    } else {
        page.item(&lead, lead_width, &about);
    }
    for (name, is, wanted) in &step.differences {
        let arrow = if step.change == Change::Adopt {
            format!("{name}: is {is}, asked for {wanted}")
        } else {
            format!("{name}: {is} → {wanted}")
        };
        page.indented(lead_width, &arrow);
    }
}

/// What the step is about, and why: the id of what exists, or the kind where the name hides it.
fn about(step: &PlannedStep) -> String {
    let spoken = step.node.id.base().replace(['-', '_'], " ");
    match &step.existing {
        // An id that joins two others says nothing that the step's name does not.
        Some(id) if !id.contains(':') => format!("{id}: {}", step.reason),
        None if !step.title.contains(&spoken) => format!("{}: {}", step.title, step.reason),
        _ => step.reason.clone(),
    }
}

/// The signs that occur, with their meaning.
fn legend(plan: &Plan) -> String {
    let all = [
        (Change::Create, "make"),
        (Change::Update, "change"),
        (Change::Replace, "delete and make anew"),
        (Change::Delete, "delete"),
        (Change::Keep, "keep"),
        (Change::Adopt, "use, not ours"),
    ];
    let used = all
        .iter()
        .filter(|(change, _)| plan.steps.iter().any(|step| step.change == *change))
        .map(|(change, what)| format!("{} {what}", change.glyph()));
    used.collect::<Vec<_>>().join(" · ")
}

fn summary(plan: &Plan) -> String {
    if plan.is_noop() {
        return "Nothing to do: everything is as it should be.".to_owned();
    }
    let counts = plan.changes();
    let parts = [
        (counts.create, "to make"),
        (counts.update, "to change"),
        (counts.replace, "to replace"),
        (counts.delete, "to delete"),
        (counts.keep, "to keep"),
        (counts.adopt, "to use as it is"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let (from, to) = plan.usual();
    format!(
        "{}; usually takes {}.",
        parts.join(", "),
        range(from.as_secs(), to.as_secs())
    )
}

/// A range of seconds as a person says it.
fn range(from: u64, to: u64) -> String {
    let minutes = |seconds: u64| seconds.div_ceil(60);
    match (minutes(from), minutes(to)) {
        (_, 0 | 1) => "less than a minute".to_owned(),
        (from, to) if from == to => format!("about {to} minutes"),
        (from, to) => format!("{from} to {to} minutes"),
    }
}

fn next(page: &mut Page, plan: &Plan, origin: Option<&str>) {
    let Some(file) = origin else { return };
    page.gap();
    let leave = if plan.policy.adopt_changes {
        " --adopt-changes"
    } else {
        ""
    };
    let command = match plan.mode {
        Mode::Onboard if plan.is_noop() => format!("underpass verify {file}"),
        Mode::Onboard => format!("underpass onboard {file}{leave}"),
        Mode::Teardown if plan.is_noop() => return page.line("Nothing is left to do."),
        Mode::Teardown => format!("underpass teardown {file}"),
    };
    page.line(&format!("Next: {command}"));
}
