//! The filters of describe calls.

use super::error::ApiError;
use super::wire::Params;
use super::world::Tags;

/// The most values that one call's filters may have (EC2 user guide, "List and filter").
const MOST_VALUES: usize = 200;

/// The filters of one call: an object must match every filter, by any of its values.
#[derive(Clone, Debug, Default)]
pub(super) struct Filters(Vec<Filter>);

#[derive(Clone, Debug)]
struct Filter {
    name: String,
    patterns: Vec<String>,
}

impl Filters {
    /// Reads the filters; names other than `known`, `tag:<key>`, `tag-key` and `tag-value` are
    /// refused.
    pub(super) fn parse(params: &Params<'_>, known: &[&str]) -> Result<Self, ApiError> {
        let mut filters = Vec::new();
        for filter in params.list("Filter") {
            let name = filter.required("Name")?;
            let tags = name.starts_with("tag:") || name == "tag-key" || name == "tag-value";
            if !tags && !known.contains(&name) {
                return Err(ApiError::new(
                    "InvalidParameterValue",
                    format!("The filter '{name}' is invalid"),
                ));
            }
            let patterns: Vec<_> = filter
                .strings("Value")
                .into_iter()
                .map(str::to_owned)
                .collect();
            if patterns.is_empty() {
                return Err(ApiError::new(
                    "InvalidParameterValue",
                    format!("The filter '{name}' has no values"),
                ));
            }
            filters.push(Filter {
                name: name.to_owned(),
                patterns,
            });
        }
        if filters
            .iter()
            .map(|filter| filter.patterns.len())
            .sum::<usize>()
            > MOST_VALUES
        {
            return Err(ApiError::new(
                "FilterLimitExceeded",
                "The maximum number of filter values specified on a single call is 200",
            ));
        }
        Ok(Self(filters))
    }

    /// Takes a filter out that is not about equal values, and returns its patterns.
    pub(super) fn take(&mut self, name: &str) -> Option<Vec<String>> {
        let at = self.0.iter().position(|filter| filter.name == name)?;
        Some(self.0.remove(at).patterns)
    }

    /// Whether an object passes; `values` says what it has under a filter's name.
    pub(super) fn match_all(&self, tags: &Tags, values: impl Fn(&str) -> Vec<String>) -> bool {
        self.0.iter().all(|filter| {
            let found = match filter.name.strip_prefix("tag:") {
                Some(key) => tags.get(key).cloned().into_iter().collect(),
                None if filter.name == "tag-key" => tags.keys().cloned().collect(),
                None if filter.name == "tag-value" => tags.values().cloned().collect(),
                None => values(&filter.name),
            };
            found.iter().any(|value| {
                filter
                    .patterns
                    .iter()
                    .any(|pattern| matches(pattern, value))
            })
        })
    }
}

/// EC2's wildcards: `*` for any text, `?` for one character, `\` before either for itself.
fn matches(pattern: &str, value: &str) -> bool {
    let pattern = tokens(pattern);
    let value: Vec<char> = value.chars().collect();
    // Greedy match with one point to go back to: linear in memory, quadratic at worst.
    let (mut at, mut seen, mut star) = (0, 0, None);
    while seen < value.len() {
        match pattern.get(at) {
            Some(Token::Any) => {
                star = Some((at, seen));
                at += 1;
            }
            Some(Token::One) => {
                at += 1;
                seen += 1;
            }
            Some(Token::Char(wanted)) if value.get(seen) == Some(wanted) => {
                at += 1;
                seen += 1;
            }
            _ => match star {
                Some((back, taken)) => {
                    star = Some((back, taken + 1));
                    at = back + 1;
                    seen = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern
        .iter()
        .skip(at)
        .all(|token| matches!(token, Token::Any))
}

#[derive(Debug, PartialEq)]
enum Token {
    Any,
    One,
    Char(char),
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        tokens.push(match character {
            '*' => Token::Any,
            '?' => Token::One,
            '\\' => Token::Char(characters.next().unwrap_or('\\')),
            character => Token::Char(character),
        });
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn wildcards_are_ec2s() {
        for (pattern, value, expected) in [
            ("plant-*", "plant-7", true),
            ("plant-*", "Plant-7", false),
            ("*-7", "plant-7-7", true),
            ("*a*b", "xxaxxaxb", true),
            ("*a*b", "xxaxxbx", false),
            ("plant-?", "plant-", false),
            ("plant-\\*", "plant-*", true),
            ("plant-\\*", "plant-7", false),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, value), expected, "{pattern} on {value}");
        }
    }
}
