//! The site, its two tunnels and the VPC in three lines.

use super::layout::padded;
use crate::plan::model::{Plan, PlannedStep};
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
    let tunnel =
        |number: u8, cidr: String| padded(&format!("{number} ══ {cidr} "), 24).replace("  ", "══");
    let tunnels = [
        tunnel(1, one.options.inside_cidr.to_string()),
        tunnel(2, two.options.inside_cidr.to_string()),
    ];
    let asn = known(gateway, "amazon_side_asn").filter(|_| gateway.change != Change::Adopt);
    let right = [
        name(gateway),
        asn.map_or_else(String::new, |asn| format!("AS{asn}")),
    ];
    let lines = vec![
        format!(
            "  {} ══ tunnel {}══╗",
            padded(&left[0], left_width),
            tunnels[0]
        ),
        format!(
            "  {} ══ tunnel {}══╩══ {} ── {vpc}",
            padded(&left[1], left_width),
            tunnels[1],
            right.join(" ").trim_end(),
        ),
    ];
    let fits = lines.iter().all(|line| line.chars().count() <= width);
    fits.then_some(lines)
}

fn name(gateway: &PlannedStep) -> String {
    match &gateway.existing {
        Some(id) => id.clone(),
        None => "new gateway".to_owned(),
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
