//! A look at AWS that also finds what a stopped run has just made.

use super::connect::Connection;
use super::failure::Failure;
use super::output::{Line, Output};
use super::progress::plain;
use super::store::journal_failure;
use crate::aws::View;
use crate::engine;
use crate::journal::{History, LISTED_AFTER, SiteFolder, Unseen};

/// Looks at everything, with patience for what the site's last runs may have made.
///
/// Takes one look when no run of this folder called anything in the last five minutes, or when all
/// that they made is listed.
pub(super) async fn look(
    output: Output,
    connection: &Connection,
    folder: &SiteFolder,
) -> Result<View, Failure> {
    let runs = recent(connection, folder).await?;
    let mut said = Vec::new();
    let view = engine::look_patiently(
        &connection.client,
        &connection.clock,
        &connection.ids,
        &runs,
        |missing| {
            let steps: Vec<_> = missing.iter().map(|it| it.step.clone()).collect();
            if steps != said {
                output.say(Line::Wait, &told(connection, missing));
                said = steps;
            }
        },
    )
    .await
    .map_err(Failure::untouched)?;
    if !said.is_empty() {
        output.say(Line::Ready, "AWS lists everything that it will list");
    }
    Ok(view)
}

/// The runs in this account and Region that wrote something lately.
async fn recent(connection: &Connection, folder: &SiteFolder) -> Result<Vec<History>, Failure> {
    let now = connection.clock.now();
    let mut recent = Vec::new();
    let runs = folder
        .runs()
        .await
        .map_err(|error| journal_failure(&error))?;
    for run in runs {
        // A journal that cannot be read tells nothing; `underpass runs` says why.
        let late = run
            .last_at
            .is_some_and(|at| now.duration_since(at) < LISTED_AFTER);
        if run.problem.is_some() || !late {
            continue;
        }
        let history = folder
            .read(run.run)
            .await
            .map_err(|error| journal_failure(&error))?;
        let account = history.plan.account.as_ref();
        if history.plan.region == *connection.client.region()
            && account.is_none_or(|account| *account == connection.caller.account)
        {
            recent.push(history);
        }
    }
    Ok(recent)
}

/// What is looked for, and for how long at most.
fn told(connection: &Connection, missing: &[Unseen]) -> String {
    let what: Vec<String> = missing
        .iter()
        .map(|it| {
            let ago = plain(connection.clock.since(it.at));
            match &it.id {
                Some(id) => format!("{id}, which {} made {ago} ago", it.step),
                None => format!(
                    "what {} may have made: {} was called {ago} ago, and the run stopped before \
                     an answer came",
                    it.step, it.action
                ),
            }
        })
        .collect();
    format!(
        "looking for {} (AWS may take five minutes to list it)",
        what.join("; and for ")
    )
}
