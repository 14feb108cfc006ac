//! The router, its two tunnels, the gateway and the VPC in three or four lines.

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
    let mut lines = vec![
        format!("{}╗", drawn(&first)),
        format!("{}╩═ ", drawn(&second)),
    ];
    match of_kind(plan, "transit_gateway") {
        Some(gateway) => transit(plan, gateway, reach + 8, &mut lines)?,
        None => virtual_private(of_kind(plan, "vpn_gateway")?, reach + 7, &mut lines)?,
    }
    let fits = lines.iter().all(|line| line.chars().count() <= width);
    fits.then_some(lines)
}

/// The gateway behind the tunnels, and the VPC below it.
fn virtual_private(gateway: &PlannedStep, indent: usize, lines: &mut Vec<String>) -> Option<()> {
    let vpc = known(gateway, "vpc")?;
    let gateway = format!("{}{}", name(gateway), asn(gateway));
    lines.last_mut()?.push_str(&gateway);
    lines.push(format!("{}└─ {vpc}", " ".repeat(indent)));
    Some(())
}

/// The connection behind the tunnels; the transit gateway that it is attached to, with the table in
/// which it looks routes up; the VPC with its attachment.
fn transit(plan: &Plan, gateway: &PlannedStep, end: usize, lines: &mut Vec<String>) -> Option<()> {
    let connection = of_kind(plan, "transit_vpn_connection")?;
    let attachment = of_kind(plan, "transit_gateway_vpc_attachment")?;
    let vpc = known(attachment, "vpc")?;
    lines.last_mut()?.push_str(&name(connection));
    let table = of_kind(plan, "transit_gateway_association");
    let table = table.and_then(|step| known(step, "route_table"));
    let table = table.unwrap_or_else(|| "its default table".to_owned());
    let hub = format!("  {}{} ({table}) ", name(gateway), asn(gateway));
    let line = "─".repeat(end.saturating_sub(hub.chars().count()));
    lines.push(format!("{hub}{line}┘"));
    lines.push(format!("  └─ {} ─ {vpc}", name(attachment)));
    Some(())
}

/// The ASN of a gateway that is the site's own.
fn asn(gateway: &PlannedStep) -> String {
    let asn = known(gateway, "amazon_side_asn").filter(|_| gateway.change != Change::Adopt);
    asn.map_or_else(String::new, |asn| format!(", AS{asn}"))
}

fn name(step: &PlannedStep) -> String {
    match &step.existing {
        Some(id) => id.clone(),
        None => format!("new {}", step.title),
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
