//! What bills for months takes a word of its own: the flag names it, and who sits at a terminal types it.
//!
//! A flag without a value is copied from one script into the next. One that has to name the location
//! orders nothing where the site file says something else.

use std::path::Path;

use super::again::{self, Again};
use super::confirm::{confirm, confirm_words};
use super::exit::Exit;
use super::failure::Failure;
use super::harmless;
use super::output::Output;
use crate::plan::{Order, Plan};
use crate::spec::{DxTarget, Site};

/// Refuses an `--order` that does not name what the site file orders.
pub(super) fn check(site: &Site, path: &Path, named: Option<&str>) -> Result<(), Failure> {
    let Some(named) = named else {
        return Ok(());
    };
    let wanted = site.aws.direct_connect.as_ref().map(|it| &it.connection);
    let (wanted, what) = match wanted {
        Some(DxTarget::Order(order)) => (order.location.as_str(), "orders a port at"),
        Some(DxTarget::Existing(id)) => (id.as_str(), "names the connection"),
        None => {
            return Err(Failure::new(
                Exit::Refused,
                format!(
                    "nothing was changed: `--order {}`, and {} orders nothing",
                    named.escape_debug(),
                    harmless::path(path)
                ),
            )
            .hint("leave `--order` out")
            .next(again::typed()));
        }
    };
    if named == wanted {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Refused,
        format!(
            "nothing was changed: `--order {}`, but {} {what} {wanted}",
            named.escape_debug(),
            harmless::path(path)
        ),
    )
    .hint(format!(
        "it bills for months, so the two have to agree: `--order {wanted}`, if it is what you want"
    )))
}

/// Asks whether to carry a plan out; what it orders has to be typed, price in view.
pub(super) async fn consent(
    output: Output,
    yes: bool,
    plan: &Plan,
    question: &str,
    again: &Again,
) -> Result<(), Failure> {
    match plan.order() {
        // `--yes` and the flag's value, which was compared with the site file, say it.
        Some(order) if !yes && output.may_ask => {
            let question = format!("{} {question}", told(&order, plan));
            confirm_words(output, &order.words, &question, again).await
        }
        _ => confirm(output, yes, question, again).await,
    }
}

/// What is ordered, and what it costs.
fn told(order: &Order, plan: &Plan) -> String {
    let price = match &order.cost {
        Some(cost) => format!(
            "{:.2} USD an hour, {:.2} USD a month (list price of {}: {})",
            cost.hourly_usd, cost.monthly_usd, plan.prices_as_of, cost.item
        ),
        None => format!(
            "the price list of {} has no price for it: ask for it first",
            plan.prices_as_of
        ),
    };
    format!("This {}, which bills: {price}.", order.what)
}
