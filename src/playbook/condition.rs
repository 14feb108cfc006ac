//! Reads the condition of a `when`; the grammar stands in `expr.rs`.

use serde_json::Value;

use super::expr::{Condition, ExprError, Operand, Place, read_braced};
use super::limits;

/// Reads a condition.
pub(super) fn parse(text: &str, place: &Place) -> Result<Condition, ExprError> {
    let mut reader = Reader {
        text,
        place,
        at: 0,
        depth: 0,
    };
    let condition = reader.any()?;
    reader.skip_space();
    if reader.rest().is_empty() {
        Ok(condition)
    } else {
        let mut error = reader.unexpected("`&&`, `||` or the end");
        if matches!(condition, Condition::Not(_)) && reader.rest().starts_with(['=', '!']) {
            error.help =
                "negate all of a comparison: `!(${a} == 'b')`, or `${a} != 'b'`".to_owned();
        }
        Err(error)
    }
}

struct Reader<'a> {
    text: &'a str,
    place: &'a Place,
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Steps over `symbol` if it comes next.
    fn take(&mut self, symbol: &str) -> bool {
        self.skip_space();
        let there = self.rest().starts_with(symbol);
        if there {
            self.at += symbol.len();
        }
        there
    }

    fn any(&mut self) -> Result<Condition, ExprError> {
        let first = self.all()?;
        self.joined(first, "||", Self::all, Condition::Any)
    }

    fn all(&mut self) -> Result<Condition, ExprError> {
        let first = self.term()?;
        self.joined(first, "&&", Self::term, Condition::All)
    }

    fn joined(
        &mut self,
        first: Condition,
        symbol: &str,
        next: fn(&mut Self) -> Result<Condition, ExprError>,
        join: fn(Vec<Condition>) -> Condition,
    ) -> Result<Condition, ExprError> {
        let mut conditions = vec![first];
        while self.take(symbol) {
            conditions.push(next(self)?);
        }
        Ok(match conditions.len() {
            1 => conditions.remove(0),
            _ => join(conditions),
        })
    }

    fn term(&mut self) -> Result<Condition, ExprError> {
        self.skip_space();
        if !self.rest().starts_with("!=") && self.take("!") {
            return self.deeper(Self::negated);
        }
        if self.take("(") {
            return self.deeper(Self::closed);
        }
        let left = self.operand()?;
        if self.take("==") {
            Ok(Condition::Equal(left, self.operand()?))
        } else if self.take("!=") {
            Ok(Condition::NotEqual(left, self.operand()?))
        } else {
            Ok(Condition::Is(left))
        }
    }

    /// What follows `!`.
    fn negated(&mut self) -> Result<Condition, ExprError> {
        let inner = if self.take("!") {
            self.deeper(Self::negated)?
        } else if self.take("(") {
            self.deeper(Self::closed)?
        } else {
            self.skip_space();
            if !self.rest().starts_with("${") {
                return Err(self.unexpected("a reference, `!` or `(` after `!`"));
            }
            Condition::Is(self.operand()?)
        };
        Ok(Condition::Not(Box::new(inner)))
    }

    /// What follows `(`.
    fn closed(&mut self) -> Result<Condition, ExprError> {
        let condition = self.any()?;
        if self.take(")") {
            Ok(condition)
        } else {
            Err(self.unexpected("`)`"))
        }
    }

    fn deeper(
        &mut self,
        read: fn(&mut Self) -> Result<Condition, ExprError>,
    ) -> Result<Condition, ExprError> {
        if self.depth == limits::NESTING {
            return Err(self.error(
                format!("the condition nests deeper than {}", limits::NESTING),
                "say it in fewer parentheses",
            ));
        }
        self.depth += 1;
        let condition = read(self);
        self.depth -= 1;
        condition
    }

    fn operand(&mut self) -> Result<Operand, ExprError> {
        self.skip_space();
        let rest = self.rest();
        if rest.starts_with("${") {
            let (reference, length) = read_braced(rest, self.at, self.place)?;
            self.at += length;
            return Ok(Operand::Reference(reference));
        }
        if rest.starts_with('\'') {
            return self.text().map(Operand::Literal);
        }
        let length = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .unwrap_or(rest.len());
        let word = &rest[..length];
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ => match word.parse::<i64>() {
                Ok(number) => Value::from(number),
                Err(_) => return Err(self.not_an_operand(word)),
            },
        };
        self.at += length;
        Ok(Operand::Literal(value))
    }

    /// A text in single quotes, in which a quote is written twice.
    fn text(&mut self) -> Result<Value, ExprError> {
        let mut text = String::new();
        let mut at = self.at + 1;
        while let Some(length) = self.text[at..].find('\'') {
            text.push_str(&self.text[at..at + length]);
            at += length + 1;
            if self.text[at..].starts_with('\'') {
                text.push('\'');
                at += 1;
            } else {
                self.at = at;
                return Ok(Value::String(text));
            }
        }
        Err(self.error(
            "the text has no closing `'`".to_owned(),
            "a quote inside the text is written twice: `'it''s'`",
        ))
    }

    fn not_an_operand(&self, word: &str) -> ExprError {
        let mut error = self.unexpected("a value");
        if word.contains('.') {
            error.help = format!("a reference is written `${{{word}}}`, a text `'{word}'`");
        } else if !word.is_empty() {
            error.help = format!("a text is written `'{word}'`");
        }
        error
    }

    fn unexpected(&self, wanted: &str) -> ExprError {
        let rest = self.rest();
        let found = rest.split_whitespace().next().unwrap_or_default();
        let problem = if found.is_empty() {
            format!("expected {wanted}, but the condition ends")
        } else {
            format!("expected {wanted}, found `{}`", found.escape_debug())
        };
        ExprError {
            at: self.place.at(self.at, self.at + found.len()),
            ..self.error(
                problem,
                "write for example `${site.routing} == 'static' && !${vpc.shared}`",
            )
        }
    }

    fn error(&self, problem: String, help: &str) -> ExprError {
        ExprError {
            problem,
            help: help.to_owned(),
            at: self.place.at(self.at, self.text.len()),
        }
    }
}
