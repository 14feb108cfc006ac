//! Durations as people write them: `8h`, `90m`, `2d 12h`.

use jiff::fmt::friendly::{Designator, SpanParser, SpanPrinter};
use jiff::{SignedDuration, Span, SpanRelativeTo};

use super::net::InvalidValue;
use super::problem::quoted;

/// Reads a duration; a day has 24 hours.
pub fn parse(text: &str) -> Result<SignedDuration, InvalidValue> {
    static PARSER: SpanParser = SpanParser::new();
    let wrong = || {
        InvalidValue::new(
            format!("{} is not a duration", quoted(text)),
            "write a number and a unit, such as 8h, 90m or 2d",
        )
    };
    PARSER
        .parse_span(text)
        .and_then(|span: Span| span.to_duration(SpanRelativeTo::days_are_24_hours()))
        .map_err(|_| wrong())
}

/// Writes a duration so that [`parse`] reads it, in days, hours, minutes and seconds.
pub fn format(duration: SignedDuration) -> String {
    static PRINTER: SpanPrinter = SpanPrinter::new().designator(Designator::Compact);
    let seconds = duration.as_secs();
    let span = Span::new()
        .days(seconds / 86_400)
        .hours(seconds / 3_600 % 24)
        .minutes(seconds / 60 % 60)
        .seconds(seconds % 60);
    PRINTER.span_to_string(&span)
}
