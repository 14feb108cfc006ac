//! The page of a run that has stopped for what people have to do.

use std::path::Path;

use serde_json::{Value, json};

use super::harmless;
use super::output::columns;
use super::table::Table;
use super::words::{when, wrapped};
use crate::aws::FailoverTest;
use crate::engine::{RunReport, StepProblem};
use crate::resource::{CROSS_CONNECT, Errand, Standing};
use crate::tunnel::Way;
use crate::verify::DirectConnectReport;

/// The ladders of a run's steps that wait for people, with the object of each.
fn ladders<'a>(
    report: &'a RunReport,
    letter: Option<&Path>,
) -> impl Iterator<Item = (&'a str, Vec<Errand>)> {
    let failures = report.steps.values().filter_map(|it| it.failure.as_ref());
    failures.filter_map(move |failure| match &failure.problem {
        StepProblem::Parked { object, ladder, .. } => {
            Some((object.as_str(), with_letter(ladder, letter)))
        }
        _ => None,
    })
}

/// A ladder that says where the letter is, once it is saved.
pub(super) fn with_letter(ladder: &[Errand], letter: Option<&Path>) -> Vec<Errand> {
    let mut ladder = ladder.to_vec();
    if let Some(path) = letter {
        let takes_it = ladder.iter_mut().find(|it| it.what == CROSS_CONNECT);
        if let Some(errand) = takes_it {
            let place = format!("the letter is {}: ", harmless::path(path));
            errand.todo.insert_str(0, &place);
        }
    }
    ladder
}

/// What a run waits for, for machines; none when it waits for nobody.
pub(super) fn to_json(report: &RunReport, letter: Option<&Path>) -> Option<Value> {
    let all: Vec<Value> = ladders(report, letter)
        .map(|(object, ladder)| json!({ "object": object, "ladder": ladder }))
        .collect();
    (!all.is_empty()).then(|| json!(all))
}

/// The page: every rung, who has to act, and the command that goes on.
pub(super) fn page(report: &RunReport, letter: Option<&Path>, again: &str) -> Option<String> {
    let mut steps = report.steps.values();
    // A step that made nothing because another one waits has no id.
    let connected = steps.any(|it| it.id.as_deref().is_some_and(|id| id.starts_with("vpn-")));
    let pages: Vec<String> = ladders(report, letter)
        .map(|(object, ladder)| format!("\nWaiting for people: {object}\n\n{}", rungs(&ladder)))
        .collect();
    (!pages.is_empty()).then(|| {
        format!(
            "{}\n{}next: when that has happened, or every day from cron: {again}\n",
            pages.join(""),
            match connected {
                true =>
                    "Nothing here is lost by waiting: the VPN connection carries the site \
                     meanwhile.\n",
                false => "",
            }
        )
    })
}

/// A ladder as a table.
pub(super) fn rungs(ladder: &[Errand]) -> String {
    let mut table = Table::new(["", "what", "who", "usually", "what to do"]);
    for errand in ladder {
        let (glyph, usual, todo) = match errand.standing {
            Standing::Done(at) => ("✔", at.map(|at| format!("{at:.0}")).unwrap_or_default(), ""),
            Standing::Now => ("◎", errand.usual.clone(), errand.todo.as_str()),
            Standing::Later => ("·", errand.usual.clone(), ""),
        };
        table.add_row([
            glyph.to_owned(),
            errand.what.clone(),
            errand.who.clone(),
            usual,
            todo.to_owned(),
        ]);
    }
    table.fitted(100)
}

/// A site's Direct Connect for people: the ladder as long as somebody has to act, then which way
/// traffic goes and when that was tried last.
pub(super) fn of_direct_connect(direct: &DirectConnectReport) -> String {
    let object = direct.connection.as_ref().map(ToString::to_string);
    let object = object.as_deref().unwrap_or("Direct Connect");
    if !direct.waiting_for_people.is_empty() {
        let meanwhile = match direct.all_go(Way::Vpn) {
            true => "The VPN connection carries the site meanwhile.",
            false => "Nothing carries the site meanwhile: see the tunnels.",
        };
        let ladder = ladder(object, &direct.waiting_for_people);
        return format!("{ladder}{meanwhile}\n");
    }
    let preferred = match direct.prefers {
        Way::Vpn if direct.carries_tunnels => ", in tunnels over Direct Connect",
        Way::Vpn if direct.all_go(Way::Vpn) => {
            ", as the site prefers since `cutover --to vpn`: Direct Connect is no backup now"
        }
        Way::Vpn => {
            "; since `cutover --to vpn` the site prefers its tunnels, and its router does not yet"
        }
        Way::DirectConnect => "",
    };
    let going = wrapped(&format!("{}{preferred}", direct.going()), 0, columns());
    let mut text = format!("\nDirect Connect: {going}.\n");
    if let Some(drill) = &direct.last_drill {
        text.push_str(&format!("Last drill: {}.\n", told(drill)));
    }
    text
}

/// When a test was, and how it went.
fn told(test: &FailoverTest) -> String {
    let began = test
        .started_at
        .map_or_else(|| "some time ago".to_owned(), when);
    let minutes = test
        .minutes
        .map(|it| format!(", {it} min"))
        .unwrap_or_default();
    format!("{began}{minutes}, {}", test.status)
}

/// A ladder under the port that it leads to.
pub(super) fn ladder(object: &str, ladder: &[Errand]) -> String {
    format!("\nWaiting for people: {object}\n\n{}\n", rungs(ladder))
}
