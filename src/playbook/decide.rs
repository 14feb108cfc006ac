//! Decides a `when`.

use serde_json::Value;

use super::expr::{Condition, Operand};
use super::graph::Input;
use super::model::Spot;
use super::problem::Problems;
use super::resolve::{Scope, describe};

/// How a condition turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    Yes,
    No,
    /// Only AWS can tell.
    Open,
}

impl Truth {
    const fn of(flag: bool) -> Self {
        if flag { Self::Yes } else { Self::No }
    }

    const fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Open => Self::Open,
        }
    }
}

/// Decides a condition; none when a problem was found.
pub(super) fn decide(
    when: &Spot<Condition>,
    scope: Scope<'_>,
    problems: &mut Problems<'_>,
) -> Option<Truth> {
    Decider {
        when,
        scope,
        problems,
    }
    .decide(&when.value)
}

struct Decider<'a, 'b, 's> {
    when: &'a Spot<Condition>,
    scope: Scope<'a>,
    problems: &'b mut Problems<'s>,
}

impl Decider<'_, '_, '_> {
    fn decide(&mut self, condition: &Condition) -> Option<Truth> {
        match condition {
            Condition::Is(operand) => self.flag(operand),
            Condition::Not(inner) => self.decide(inner).map(Truth::not),
            Condition::Equal(left, right) => self.equal(left, right),
            Condition::NotEqual(left, right) => self.equal(left, right).map(Truth::not),
            Condition::All(inner) => self.until(inner, Truth::No),
            Condition::Any(inner) => self.until(inner, Truth::Yes),
        }
    }

    /// Goes from left to right until one condition settles it; what stands behind that one is
    /// not looked at, so that `${a} != null && ${a.b}` is safe.
    fn until(&mut self, conditions: &[Condition], settles: Truth) -> Option<Truth> {
        let mut result = settles.not();
        for condition in conditions {
            match self.decide(condition)? {
                truth if truth == settles => return Some(settles),
                Truth::Open => result = Truth::Open,
                Truth::Yes | Truth::No => {}
            }
        }
        Some(result)
    }

    fn flag(&mut self, operand: &Operand) -> Option<Truth> {
        match self.value(operand)? {
            Input::Known(Value::Bool(flag)) => Some(Truth::of(flag)),
            Input::Known(other) => {
                let at = operand
                    .reference()
                    .map_or(&self.when.at, |reference| &reference.at);
                self.problems.add(
                    at,
                    "this value",
                    format!(
                        "`{operand}` is {}, neither true nor false",
                        describe(&other)
                    ),
                    format!("compare it: `{operand} == 'text'`, or `{operand} != null`"),
                );
                None
            }
            _ => Some(Truth::Open),
        }
    }

    fn equal(&mut self, left: &Operand, right: &Operand) -> Option<Truth> {
        let (Input::Known(one), Input::Known(other)) = (self.value(left)?, self.value(right)?)
        else {
            return Some(Truth::Open);
        };
        let same_type = std::mem::discriminant(&one) == std::mem::discriminant(&other);
        if !same_type && !one.is_null() && !other.is_null() {
            self.problems.add(
                &self.when.at,
                "this condition",
                format!(
                    "`{left}` is {} and `{right}` is {}: they are never the same",
                    describe(&one),
                    describe(&other)
                ),
                "text stands in single quotes, a number, true, false and null do not",
            );
            return None;
        }
        Some(Truth::of(one == other))
    }

    fn value(&mut self, operand: &Operand) -> Option<Input> {
        match operand {
            Operand::Literal(value) => Some(Input::Known(value.clone())),
            Operand::Reference(reference) => self.scope.reference(reference, self.problems),
        }
    }
}
