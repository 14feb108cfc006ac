//! What a plan orders: the one thing of it that bills for months and cannot be taken back.

use serde_json::Value;

use super::model::{CostLine, Plan, PlannedStep};
use crate::playbook::Input;

/// The actions after which somebody gets a bill every month.
pub(super) const ORDERS: [&str; 2] = ["ConfirmConnection", "CreateConnection"];

/// What a plan orders.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// In words, such as `orders a 1Gbps port at EqFA5`.
    pub what: String,
    /// What a person types to agree: `EqFA5 1Gbps`, or the id of the connection to accept.
    pub words: String,
    /// What it costs, where the price list has it.
    pub cost: Option<CostLine>,
}

impl Plan {
    /// What it orders; nothing most often, and never more than one port.
    pub fn order(&self) -> Option<Order> {
        let step = self.steps.iter().find(|step| orders(step))?;
        let mut lines = self.cost.iter();
        let cost = lines.find(|line| step.node.id.as_str() == line.step);
        let asked = match step.node.inputs.get("order") {
            Some(Input::Known(order)) if step.existing.is_none() => Some(order),
            _ => None,
        };
        let word = |name: &str| asked?.get(name).and_then(Value::as_str);
        let (what, words) = match (word("bandwidth"), word("location"), &step.existing) {
            (Some(bandwidth), Some(location), _) => (
                format!("orders a {bandwidth} port at {location}"),
                format!("{location} {bandwidth}"),
            ),
            (_, _, Some(id)) => (format!("accepts the hosted connection {id}"), id.clone()),
            _ => ("orders a connection".to_owned(), self.site.to_string()),
        };
        Some(Order {
            what,
            words,
            cost: cost.cloned(),
        })
    }
}

/// Whether a step orders.
pub(super) fn orders(step: &PlannedStep) -> bool {
    step.actions.iter().any(|it| ORDERS.contains(&it.as_str()))
}
