//! A look at AWS that also finds what a stopped run has just made.

use super::connect::Connection;
use super::failure::Failure;
use super::output::{Line, Output};
use super::progress::plain;
use super::store::journal_failure;
use crate::aws::{Breadth, View};
use crate::engine::{self, Awaited};
use crate::journal::{SiteFolder, Unseen};

/// Said when two looks in a row tell different things.
const DISAGREE: &str = "looking again: AWS's lists do not agree yet (a minute at most)";

/// Looks at everything, with patience for what the site's last runs may have made.
///
/// Takes one look when no run of this folder called anything in the last minutes, or when all
/// that they made is listed.
pub(super) async fn look(
    output: Output,
    connection: &Connection,
    folder: &SiteFolder,
    breadth: Breadth<'_>,
) -> Result<View, Failure> {
    let (account, region) = (&connection.caller.account, connection.client.region());
    let runs = folder.recent(account, region, connection.clock.now()).await;
    let runs = runs.map_err(|error| journal_failure(&error))?;
    let mut said = None;
    let view = engine::look_patiently(
        &connection.client,
        &connection.clock,
        &connection.ids,
        breadth,
        &runs,
        |awaited| {
            let text = match awaited {
                Awaited::Unseen(missing) => told(connection, missing),
                Awaited::Agreement => DISAGREE.to_owned(),
            };
            let steps: Vec<_> = match awaited {
                Awaited::Unseen(missing) => missing.iter().map(|it| it.step.clone()).collect(),
                Awaited::Agreement => Vec::new(),
            };
            if said.as_ref() != Some(&steps) {
                output.say(Line::Wait, &text);
                said = Some(steps);
            }
        },
    )
    .await
    .map_err(Failure::untouched)?;
    if said.is_some() {
        output.say(Line::Ready, "AWS lists everything that it will list");
    }
    Ok(view)
}

/// What is looked for, and for how long at most.
fn told(connection: &Connection, missing: &[Unseen]) -> String {
    let what: Vec<String> = missing
        .iter()
        .map(|it| {
            let ago = plain(connection.clock.since(it.at));
            match &it.id {
                _ if it.is_leaving() => {
                    format!("the end of {}: {} was called {ago} ago", it.step, it.action)
                }
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
        "looking for {} (AWS may take minutes to list it)",
        what.join("; and for ")
    )
}
