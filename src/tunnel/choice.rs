//! One algorithm out of what AWS has, what the device can, what the user wishes and what is safe.

use std::fmt::Display;

use crate::spec::{InvalidValue, Security};

/// What one choice is made from.
pub(super) struct Choice<'a, T, F> {
    /// What AWS has.
    pub(super) aws: &'a [T],
    /// What the device can.
    pub(super) device: &'a [T],
    /// What the user narrowed it to; empty means no wish.
    pub(super) wished: &'a [T],
    /// Whether a value is good enough for the policy `strong`.
    pub(super) floor: F,
    /// The policy.
    pub(super) security: &'a Security,
}

impl<T: Copy + Ord + Display, F: Fn(T) -> bool> Choice<'_, T, F> {
    /// The strongest value that everyone accepts.
    ///
    /// Also under `compatible` a value below the floor is taken only when none above it is left.
    pub(super) fn strongest(&self) -> Result<T, InvalidValue> {
        let possible = self.possible();
        let left: Vec<T> = (possible.iter().copied())
            .filter(|value| self.wished.is_empty() || self.wished.contains(value))
            .collect();
        if let Some(best) = left
            .iter()
            .copied()
            .filter(|value| (self.floor)(*value))
            .max()
        {
            return Ok(best);
        }
        match (self.security, left.iter().copied().max()) {
            (Security::Compatible, Some(best)) => Ok(best),
            (Security::Strong, Some(_)) => Err(self.below_floor(&possible, &left)),
            (_, None) => Err(self.nothing_left(&possible)),
        }
    }

    /// What device and AWS share, weakest first.
    fn possible(&self) -> Vec<T> {
        let mut possible: Vec<T> = (self.aws.iter().copied())
            .filter(|value| self.device.contains(value))
            .collect();
        possible.sort_unstable();
        possible
    }

    fn below_floor(&self, possible: &[T], left: &[T]) -> InvalidValue {
        let good: Vec<T> = (possible.iter().copied())
            .filter(|value| (self.floor)(*value))
            .collect();
        let problem = format!("{} is below the policy `strong`", list(left));
        let help = if good.is_empty() {
            format!(
                "the device has nothing better than {}: set `security: compatible` to accept it",
                list(possible)
            )
        } else {
            format!(
                "the device could do {}: ask for that, or set `security: compatible`",
                list(&good)
            )
        };
        InvalidValue::new(problem, help)
    }

    fn nothing_left(&self, possible: &[T]) -> InvalidValue {
        let problem = if self.wished.is_empty() {
            format!("the device has none of {}, which AWS has", list(self.aws))
        } else {
            format!(
                "{} cannot be used between this device and AWS",
                list(self.wished)
            )
        };
        let help = if possible.is_empty() {
            "no policy helps: take another device or newer firmware".to_owned()
        } else {
            format!("the two could use {}", list(possible))
        };
        InvalidValue::new(problem, help)
    }
}

fn list<T: Display>(values: &[T]) -> String {
    let words: Vec<String> = values.iter().map(ToString::to_string).collect();
    words.join(", ")
}
