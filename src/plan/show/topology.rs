//! The router, its two tunnels, the gateway and the VPC in three lines.

use super::layout::padded;
use crate::plan::model::{Plan, PlannedStep, TunnelPlan};
use crate::playbook::Input;
use crate::resource::Change;

/// The drawing; none when the plan's steps do not tell enough, as with playbooks of one's own.
pub(super) fn draw(plan: &Plan, width: usize) -> Option<Vec<String>> {
    let [one, two] = plan.tunnels.as_slice() else {
        return None;
    };
    let customer = of_kind(plan, "customer_gateway")?;
    let gateway = of_kind(plan, "vpn_gateway")?;
    let vpc = known(gateway, "vpc")?;
    let left = [
        format!("router {}", known(customer, "ip_address")?),
        format!("AS{}", known(customer, "bgp_asn")?),
    ];
    let left_width = left.iter().map(|it| it.chars().count()).max()?;
    let begin = |left: &str, plan: &TunnelPlan| {
        let inside = plan.options.inside_cidr;
        format!(
            "  {}  ═══ tunnel {}, {inside}",
            padded(left, left_width),
            plan.number
        )
    };
    let (first, second) = (begin(&left[0], one), begin(&left[1], two));
    let reach = first.chars().count().max(second.chars().count());
    let drawn = |line: &str| format!("{line} {}", "═".repeat(reach + 3 - line.chars().count()));
    let asn = known(gateway, "amazon_side_asn").filter(|_| gateway.change != Change::Adopt);
    let asn = asn.map_or_else(String::new, |asn| format!(", AS{asn}"));
    let lines = vec![
        format!("{}╗", drawn(&first)),
        format!("{}╩═ {}{asn}", drawn(&second), name(gateway)),
        format!("{}└─ {vpc}", " ".repeat(reach + 7)),
    ];
    let fits = lines.iter().all(|line| line.chars().count() <= width);
    fits.then_some(lines)
}

fn name(gateway: &PlannedStep) -> String {
    match &gateway.existing {
        Some(id) => id.clone(),
        None => "new virtual private gateway".to_owned(),
    }
}

fn of_kind<'a>(plan: &'a Plan, kind: &str) -> Option<&'a PlannedStep> {
    plan.steps.iter().find(|step| step.node.kind == kind)
}

fn known(step: &PlannedStep, input: &str) -> Option<String> {
    match step.node.inputs.get(input)? {
        Input::Known(serde_json::Value::String(text)) => Some(text.clone()),
        Input::Known(serde_json::Value::Number(number)) => Some(number.to_string()),
        _ => None,
    }
}
