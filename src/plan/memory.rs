//! Will a teardown know what this site enables on somebody else's gateway?

use serde_json::Value;

use super::findings::Findings;
use super::model::PlannedStep;
use crate::playbook::Input;
use crate::resource::Change;

/// What remembers it, with the input that says what.
const BEARERS: [(&str, &str); 2] = [
    ("customer_gateway", "remembers_propagation"),
    ("vpn_connection", "enables_propagation"),
];

/// Tells when nothing of the site's own remembers what it enables, or only one of two does.
///
/// What was adopted is never tagged, and a playbook of one's own may leave the inputs out.
pub(super) fn judge(steps: &[PlannedStep], findings: &mut Findings<'_>) {
    routes(steps, findings);
    let of = |kind: &'static str| steps.iter().filter(move |step| step.node.kind == kind);
    let enabled: Vec<&Value> = of("route_propagation")
        .filter(|step| step.change == Change::Create)
        .filter_map(|step| match step.node.inputs.get("route_table")? {
            Input::Known(table) => Some(table),
            _ => None,
        })
        .collect();
    let adopts = of("vpn_gateway").any(|step| step.change == Change::Adopt);
    if !adopts || enabled.is_empty() {
        return;
    }
    let own = |(kind, input)| {
        of(kind)
            .filter(|step| step.change != Change::Adopt)
            .map(move |step| (step, input))
    };
    let bearers: Vec<(&PlannedStep, &str)> = BEARERS.into_iter().flat_map(own).collect();
    let (told, untold): (Vec<_>, Vec<_>) = bearers
        .into_iter()
        .partition(|(step, input)| is_told(step, input, &enabled));
    let what = "this site enables route propagation from a gateway that is not its own";
    match (told.is_empty(), untold.first()) {
        (true, None) => findings.warn(
            "plan::not_remembered",
            format!("{what}, and makes nothing that could remember it"),
            "a teardown leaves it on: disable it by hand then",
        ),
        (_, Some((step, input))) => findings.warn(
            "plan::not_remembered",
            format!("{what}, and the playbook does not tell {} so", step.node.id),
            format!("give that step `{input}: ${{vpc.{input}}}`, as the built-in playbooks do"),
        ),
        (false, None) => {}
    }
}

/// Tells when the routes that the site writes into the VPC are remembered by nothing of its own.
fn routes(steps: &[PlannedStep], findings: &mut Findings<'_>) {
    const BEARERS: [(&str, &str); 2] = [
        ("customer_gateway", "remembers_routes"),
        ("transit_vpn_connection", "writes_routes"),
    ];
    let is_written = |it: &&PlannedStep| it.node.kind == "vpc_route" && it.change == Change::Create;
    let remembers = |step: &PlannedStep| {
        step.change != Change::Adopt
            && BEARERS.iter().any(|(kind, input)| {
                step.node.kind == *kind && step.node.inputs.contains_key(*input)
            })
    };
    if steps.iter().find(is_written).is_some() && !steps.iter().any(remembers) {
        findings.warn(
            "plan::not_remembered",
            "this site writes routes into the VPC, and nothing of its own remembers which",
            "a teardown leaves them: delete them by hand then, or give the connection's step \
             `writes_routes: ${vpc.writes_routes}`, as the built-in playbooks do",
        );
    }
}

fn is_told(step: &PlannedStep, input: &str, enabled: &[&Value]) -> bool {
    match step.node.inputs.get(input) {
        None => false,
        Some(Input::Known(told)) => enabled.iter().all(|table| names(told, table)),
        Some(_) => true,
    }
}

/// Whether a list, or one of the lists of a mapping, has the table.
fn names(told: &Value, table: &Value) -> bool {
    match told {
        Value::Array(tables) => tables.contains(table),
        Value::Object(by_gateway) => by_gateway.values().any(|tables| names(tables, table)),
        _ => false,
    }
}
