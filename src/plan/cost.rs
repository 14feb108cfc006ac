//! What a plan costs, out of a dated table of list prices.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use super::model::{CostLine, Mode, Plan, PlannedStep};
use crate::playbook::Input;
use crate::resource::Change;
use crate::spec::{Region, one_line};

/// Hours of a month, as AWS's own calculator counts.
pub const HOURS_PER_MONTH: f64 = 730.0;

/// Characters of a text of the table.
const LONGEST: usize = 100;

/// The table that is built in.
const BUILTIN: &str = include_str!("prices.yaml");

static TABLE: LazyLock<Prices> = LazyLock::new(|| Prices::read(BUILTIN).unwrap_or_default());

/// List prices in USD per hour, by kind of resource and Region.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The date of the list, `YYYY-MM-DD`.
    pub as_of: String,
    /// The Region whose price stands in for one that is not in the table.
    pub otherwise: Option<Region>,
    /// Prices by kind; a kind that is not here costs nothing by the hour.
    pub hourly: BTreeMap<String, Price>,
}

/// The price of one kind of resource.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// What is billed, for people.
    pub item: String,
    /// USD per hour by Region.
    pub usd: BTreeMap<Region, f64>,
}

/// Why a price file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// Not YAML of the right shape.
    #[error("the price file cannot be read: {0}")]
    Shape(String),
    /// A price that is none.
    #[error("the price of {kind} in {region} is {price}, not an amount of USD per hour")]
    Amount {
        /// The kind.
        kind: String,
        /// The Region.
        region: Region,
        /// What stands there.
        price: String,
    },
}

impl Prices {
    /// The table that is built in.
    pub fn builtin() -> &'static Self {
        &TABLE
    }

    /// Reads a table of the same shape as the built-in one, `docs/plan.md` shows it.
    pub fn read(yaml: &str) -> Result<Self, PriceError> {
        let mut prices: Self =
            serde_saphyr::from_str(yaml).map_err(|error| PriceError::Shape(error.to_string()))?;
        prices.as_of = one_line(&prices.as_of, LONGEST);
        for price in prices.hourly.values_mut() {
            price.item = one_line(&price.item, LONGEST);
        }
        for (kind, price) in &prices.hourly {
            for (region, usd) in &price.usd {
                if !usd.is_finite() || *usd < 0.0 {
                    return Err(PriceError::Amount {
                        kind: kind.clone(),
                        region: region.clone(),
                        price: usd.to_string(),
                    });
                }
            }
        }
        Ok(prices)
    }

    /// USD per hour of a kind in a Region; none when it costs nothing by the hour.
    pub fn hourly_usd(&self, kind: &str, region: &Region) -> Option<f64> {
        let price = self.hourly.get(kind)?;
        let otherwise = || price.usd.get(self.otherwise.as_ref()?);
        price.usd.get(region).or_else(otherwise).copied()
    }

    /// The line of the bill for one resource; none when the kind costs nothing by the hour.
    fn line(&self, step: &PlannedStep, region: &Region, sign: f64) -> Option<CostLine> {
        let item = priced_as(step);
        let price = self.hourly.get(&item)?;
        let hourly = self.hourly_usd(&item, region)?;
        let item = match &self.otherwise {
            Some(other) if !price.usd.contains_key(region) => {
                format!(
                    "{} (price of {other}: {region} is not in the table)",
                    price.item
                )
            }
            _ => price.item.clone(),
        };
        Some(CostLine {
            item,
            step: step.node.id.to_string(),
            hourly_usd: sign * hourly,
            monthly_usd: sign * hourly * HOURS_PER_MONTH,
        })
    }

    /// The bill of a plan's steps: what the site costs once it is applied, or what a teardown saves.
    ///
    /// What was adopted is on somebody's bill already and is left out.
    pub(super) fn bill(&self, steps: &[PlannedStep], region: &Region) -> Vec<CostLine> {
        steps
            .iter()
            .filter_map(|step| match step.change {
                Change::Create | Change::Keep | Change::Update | Change::Replace => {
                    self.line(step, region, 1.0)
                }
                Change::Delete => self.line(step, region, -1.0),
                Change::Adopt => None,
            })
            .collect()
    }
}

/// What a step is called in the table: its kind, and of a port its speed as well.
fn priced_as(step: &PlannedStep) -> String {
    let kind = &step.node.kind;
    match step.node.inputs.get("order") {
        Some(Input::Known(order)) => match order.get("bandwidth").and_then(Value::as_str) {
            Some(bandwidth) => format!("{kind} {bandwidth}"),
            None => kind.clone(),
        },
        _ => kind.clone(),
    }
}

impl Plan {
    /// Puts other prices on the plan, such as those that `--prices FILE` names.
    pub fn reprice(&mut self, prices: &Prices) {
        self.cost = prices.bill(&self.steps, &self.region);
        self.prices_as_of.clone_from(&prices.as_of);
    }

    /// USD per hour: what the site costs, negative when a teardown saves it.
    ///
    /// A duplicate that an onboarding removes is no part of what the site costs afterwards.
    pub fn hourly_usd(&self) -> f64 {
        let lines = self.cost.iter().map(|line| line.hourly_usd);
        match self.mode {
            Mode::Onboard => lines.filter(|usd| *usd > 0.0).sum(),
            Mode::Teardown => lines.sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_is_read_and_dated() {
        let prices = Prices::read(BUILTIN).unwrap();
        assert_eq!(&prices, Prices::builtin());
        assert!(prices.as_of.parse::<jiff::civil::Date>().is_ok());
        let connection = &prices.hourly["vpn_connection"];
        assert!(connection.usd.contains_key(&prices.otherwise.unwrap()));
    }

    #[test]
    fn a_price_file_is_refused_with_its_reason() {
        let table = |price: &str| {
            format!(
                "as_of: 2026-01-01\nhourly:\n  vpn_connection:\n    item: x\n    usd:\n      \
                 eu-west-1: {price}\n"
            )
        };
        assert!(Prices::read(&table("0.07")).is_ok());
        for bad in ["-1", ".nan", ".inf", "cheap"] {
            assert!(Prices::read(&table(bad)).is_err(), "{bad}");
        }
        assert!(Prices::read("as_of: 2026-01-01\nhourly: {}\nextra: 1\n").is_err());
    }
}
