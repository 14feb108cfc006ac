//! CloudWatch log groups.

use super::super::codes::Code;
use super::super::field::{Field, Spot};
use super::super::net::InvalidValue;
use super::super::problem::{Checked, Problem, Sink, quoted};
use super::super::raw::RawSite;
use super::values::value;

/// The parts of a log group's ARN that other fields are compared with.
struct LogGroup<'a> {
    region: &'a str,
    account: &'a str,
}

/// Checks the ARN's shape, and that it lies beside the VPC.
pub(super) fn log_group(
    field: &Field<String>,
    site: &RawSite,
    sink: &Sink,
) -> Checked<Option<String>> {
    let Some(spot) = field.get()? else {
        return Ok(None);
    };
    value(spot, Code::InvalidValue, sink, |text| {
        parse(text).map(|_| ()).ok_or_else(|| {
            InvalidValue::new(
                format!("{} is not the ARN of a log group", quoted(text)),
                "write it like arn:aws:logs:eu-central-1:111122223333:log-group:vpn",
            )
        })
    })?;
    let Some(group) = parse(&spot.value) else {
        return Ok(None);
    };
    let account = site.aws.given().map(|aws| &aws.value.account);
    let account = account.and_then(Field::given);
    beside(spot, group.region, site.region.given(), "Region", sink)?;
    beside(spot, group.account, account, "account", sink)?;
    Ok(Some(spot.value.clone()))
}

fn parse(text: &str) -> Option<LogGroup<'_>> {
    let text = text.strip_suffix(":*").unwrap_or(text);
    let parts: Vec<&str> = text.split(':').collect();
    let [arn, partition, logs, region, account, kind, name] = parts.as_slice() else {
        return None;
    };
    // The alphabet of a log group's name: CreateLogGroup.
    let named = (1..=512).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-/#".contains(&b));
    let shaped = *arn == "arn"
        && partition.starts_with("aws")
        && *logs == "logs"
        && *kind == "log-group"
        && !region.is_empty()
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit());
    (named && shaped).then_some(LogGroup { region, account })
}

fn beside(
    spot: &Spot<String>,
    found: &str,
    wanted: Option<&Spot<String>>,
    what: &str,
    sink: &Sink,
) -> Checked<()> {
    match wanted {
        Some(wanted) if wanted.value != found => Err(sink.report(
            Problem::new(
                Code::LogGroupElsewhere,
                format!(
                    "the log group is in {what} {found}, the site in {}",
                    quoted(&wanted.value)
                ),
            )
            .at(&spot.span, "this log group")
            .at(&wanted.span, format!("the site's {what}"))
            .help("a VPN connection logs only to its own account and Region"),
        )),
        _ => Ok(()),
    }
}
