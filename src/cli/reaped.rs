//! What `underpass reap` tells: one line for each site, and an exit code for cron.

use serde_json::Value;

use super::connect::Connection;
use super::exit::Exit;
use super::failure::Failure;
use super::output::{Line, Output};
use super::reap::{Fate, Outcome};
use super::teardown;
use super::words::when;
use crate::plan::{ExpiredSite, Expiry, Plan};
use crate::spec::Region;

/// AWS's time; ours where AWS tells none.
pub(super) fn aws_now(connection: &Connection) -> jiff::Timestamp {
    connection.client.now()
}

/// The beginning of an outcome.
pub(super) fn of(site: &ExpiredSite, region: &Region) -> Outcome {
    Outcome {
        site: Some(site.site.to_string()),
        region: region.clone(),
        result: Fate::Removed,
        expired_at: Some(site.expired_at),
        objects: site.objects.clone(),
        saves_usd_per_month: 0.0,
        because: None,
        exit: Exit::Ok,
        hints: Vec::new(),
    }
}

pub(super) fn removed(site: &ExpiredSite, region: &Region, plan: &Plan) -> Outcome {
    let stays: Vec<&str> = teardown::stays(plan)
        .map(|it| it.message.as_str())
        .collect();
    let partly = !stays.is_empty();
    Outcome {
        result: if partly { Fate::Partly } else { Fate::Removed },
        exit: if partly { Exit::Left } else { Exit::Ok },
        objects: plan
            .steps
            .iter()
            .filter_map(|it| it.existing.clone())
            .collect(),
        saves_usd_per_month: teardown::saved(plan),
        because: partly.then(|| stays.join("; ")),
        ..of(site, region)
    }
}

/// Its time was extended, or it was removed, between the look and the lock.
pub(super) fn changed(site: &ExpiredSite, region: &Region) -> Outcome {
    Outcome {
        result: Fate::LeftAlone,
        because: Some("it is gone or its time was extended meanwhile".to_owned()),
        ..of(site, region)
    }
}

/// Somebody works on it, which is no failure, or the lock cannot be had at all.
pub(super) fn not_locked(site: &ExpiredSite, region: &Region, failure: &Failure) -> Outcome {
    if failure.exit != Exit::Refused {
        return failed(Some(site), region, failure);
    }
    Outcome {
        result: Fate::Locked,
        because: Some(failure.report.clone()),
        exit: Exit::Left,
        ..of(site, region)
    }
}

pub(super) fn failed(site: Option<&ExpiredSite>, region: &Region, failure: &Failure) -> Outcome {
    let next = failure.next.as_ref().map(|next| format!("; next: {next}"));
    let report = failure.text();
    let report: Vec<&str> = report.lines().map(str::trim).collect();
    Outcome {
        site: site.map(|site| site.site.to_string()),
        region: region.clone(),
        result: Fate::Failed,
        expired_at: site.map(|site| site.expired_at),
        objects: site.map(|site| site.objects.clone()).unwrap_or_default(),
        saves_usd_per_month: 0.0,
        because: Some(format!("{}{}", report.join("; "), next.unwrap_or_default())),
        exit: failure.exit,
        hints: failure.hints.clone(),
    }
}

/// What is left alone because its tags do not add up.
pub(super) fn doubtful(region: &Region, expiry: &Expiry) -> Vec<Outcome> {
    let sites = expiry.doubtful.iter();
    sites
        .map(|site| Outcome {
            site: Some(site.site.clone()),
            region: region.clone(),
            result: Fate::LeftAlone,
            expired_at: None,
            objects: site.objects.clone(),
            saves_usd_per_month: 0.0,
            because: Some(site.because.clone()),
            exit: Exit::Left,
            hints: Vec::new(),
        })
        .collect()
}

/// USD a month; not a `sum`, which is -0.00 for nothing.
pub(super) fn saved(outcomes: &[Outcome]) -> f64 {
    outcomes
        .iter()
        .map(|it| it.saves_usd_per_month)
        .fold(0.0, |sum, usd| sum + usd)
}

/// Prints the result, and ends with the worst of the sites' exits.
pub(super) fn finish(
    output: Output,
    value: &Value,
    outcomes: &[Outcome],
    regions: &[Region],
    next: Option<String>,
) -> Result<Exit, Failure> {
    output.result(value, || text(outcomes, regions, next.as_deref()))?;
    let worst = |it: &&Outcome| it.result == Fate::Failed;
    let failed = outcomes.iter().filter(worst).count();
    let left = outcomes.iter().filter(|it| it.exit == Exit::Left).count();
    let exit = outcomes.iter().find(worst).map(|it| it.exit);
    let (exit, words) = match (exit, left) {
        (Some(exit), _) => (exit, format!("{failed} not done, {left} left: see above")),
        (None, 0) => return Ok(Exit::Ok),
        (None, left) => (
            Exit::Left,
            format!("done, but {left} left for a person to look at: see above"),
        ),
    };
    let mut failure = Failure::new(exit, words);
    for hint in outcomes.iter().flat_map(|it| &it.hints) {
        if !failure.hints.contains(hint) {
            failure.hints.push(hint.clone());
        }
    }
    Err(failure.next(super::again::typed()).after_result())
}

fn text(outcomes: &[Outcome], regions: &[Region], next: Option<&str>) -> String {
    if outcomes.is_empty() {
        let regions: Vec<&str> = regions.iter().map(Region::as_str).collect();
        return format!("No test site in {} has expired.", regions.join(", "));
    }
    let mut text: String = outcomes.iter().map(line).collect();
    let removed = outcomes.iter().filter(|it| it.result == Fate::Removed);
    let would = outcomes.iter().any(|it| it.result == Fate::WouldRemove);
    let saves = saved(outcomes);
    if would {
        text.push_str(&format!("\nwould save {saves:.2} USD a month\n"));
    } else {
        text.push_str(&format!(
            "\n{} removed; saves {saves:.2} USD a month\n",
            removed.count()
        ));
    }
    if let Some(next) = next {
        text.push_str(&format!("\nnext: {next}\n"));
    }
    text
}

/// One site in one line, to be found by `grep`.
fn line(outcome: &Outcome) -> String {
    let (glyph, word) = match outcome.result {
        Fate::Removed => (Line::Ready, "removed"),
        Fate::Partly => (Line::Warn, "removed, but for what others need"),
        Fate::WouldRemove => (Line::Do, "would be removed"),
        Fate::LeftAlone => (Line::Warn, "left alone"),
        Fate::Locked => (Line::Warn, "skipped"),
        Fate::Failed if outcome.site.is_none() => (Line::Fail, "could not be looked at"),
        Fate::Failed => (Line::Fail, "not removed"),
    };
    let name = outcome.site.as_ref().map_or_else(
        || outcome.region.to_string(),
        |site| format!("{} in {}", site.escape_debug(), outcome.region),
    );
    let mut facts = Vec::new();
    if matches!(
        outcome.result,
        Fate::Removed | Fate::Partly | Fate::WouldRemove
    ) {
        facts.push(match outcome.objects.len() {
            1 => "1 object".to_owned(),
            count => format!("{count} objects"),
        });
        facts.push(format!("{:.2} USD a month", outcome.saves_usd_per_month));
    }
    facts.extend(outcome.expired_at.map(|at| format!("expired {}", when(at))));
    facts.extend(outcome.because.clone());
    format!("{} {name}: {word}; {}\n", glyph.glyph(), facts.join("; "))
}
