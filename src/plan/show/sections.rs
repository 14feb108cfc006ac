//! The sections of a plan's page below its steps.

use super::layout::{Page, padded, warning_style};
use crate::plan::cost::{HOURS_PER_MONTH, Prices};
use crate::plan::model::{Mode, Plan, TunnelPlan};
use crate::resource::{Change, TunnelImpact};
use crate::spec::{DpdAction, StartupAction};
use crate::tunnel::Phase;

/// Both tunnels side by side; what they share stands once.
pub(super) fn tunnels(page: &mut Page, plan: &Plan) {
    let [one, two] = plan.tunnels.as_slice() else {
        return;
    };
    page.heading("Tunnels");
    let rows = rows(one).into_iter().zip(rows(two));
    for ((name, first), (_, second)) in rows {
        let name = padded(&format!("  {name}"), 14);
        if first == second {
            page.item(&format!("{name}both  "), 20, &first);
        } else {
            page.item(&format!("{name}{}     ", one.number), 20, &first);
            page.item(
                &format!("{}{}     ", " ".repeat(14), two.number),
                20,
                &second,
            );
        }
    }
}

fn rows(tunnel: &TunnelPlan) -> Vec<(&'static str, String)> {
    let options = &tunnel.options;
    let inside = options.inside_cidr;
    let mut rows = vec![
        (
            "inside",
            format!(
                "{inside}, AWS {}, router {}",
                inside.aws(),
                inside.customer()
            ),
        ),
        (
            "phase 1",
            format!("{}, {}", options.ike_version, phase(&options.phase1, true)),
        ),
        ("phase 2", phase(&options.phase2, false)),
        (
            "dead peer",
            format!(
                "after {} s, then AWS {}; {} initiates",
                options.dpd_timeout,
                match options.dpd_action {
                    DpdAction::Restart => "starts anew",
                    DpdAction::Clear => "ends the session",
                    DpdAction::None => "does nothing",
                },
                match options.startup_action {
                    StartupAction::Add => "the router",
                    StartupAction::Start => "AWS",
                }
            ),
        ),
        (
            "packets",
            format!("MTU {}, TCP MSS {}", tunnel.mtu, tunnel.mss),
        ),
    ];
    if options.lifecycle_control {
        rows.push(("maintenance", "when you say so".to_owned()));
    }
    let logs = [&options.log_group_arn, &options.bgp_log_group_arn];
    rows.extend(logs.into_iter().flatten().map(|arn| ("log", arn.clone())));
    rows
}

/// A phase's proposal: an AEAD cipher has no integrity algorithm, but a PRF in phase 1.
fn phase(phase: &Phase, ike: bool) -> String {
    let integrity = match (phase.encryption.is_aead(), ike) {
        (true, true) => format!("PRF {}, ", phase.integrity),
        (true, false) => String::new(),
        (false, _) => format!("{}, ", phase.integrity),
    };
    format!(
        "{}, {integrity}DH group {} ({}), {} s",
        phase.encryption,
        phase.dh_group,
        phase.dh_group.name(),
        phase.lifetime
    )
}

/// What happens to traffic, in a sentence.
pub(super) fn traffic(page: &mut Page, plan: &Plan) {
    page.heading("Traffic");
    let list = |tunnels: &[std::net::Ipv4Addr]| {
        let names: Vec<String> = tunnels.iter().map(ToString::to_string).collect();
        names.join(" and ")
    };
    // AWS may not have told the addresses, as with a connection that is still being made.
    let both = |tunnels: &[std::net::Ipv4Addr]| match tunnels {
        [] => "Both tunnels".to_owned(),
        _ => format!("Both tunnels ({})", list(tunnels)),
    };
    let words = match plan.tunnel_impact() {
        TunnelImpact::None => "No tunnel drops.".to_owned(),
        TunnelImpact::OneByOne(tunnels) if tunnels.len() == 1 => format!(
            "Tunnel {} drops for minutes; the other one carries, if it is up.",
            list(&tunnels)
        ),
        TunnelImpact::OneByOne(tunnels) => format!(
            "Tunnels {} drop for minutes each, the second only when the first is up again.",
            list(&tunnels)
        ),
        TunnelImpact::Both(tunnels) if plan.mode == Mode::Teardown => {
            format!("{} end: the site loses the VPC.", both(&tunnels))
        }
        TunnelImpact::Both(tunnels) if only_duplicates(plan) => {
            format!("{} end: they are a duplicate's.", both(&tunnels))
        }
        TunnelImpact::Both(tunnels) => format!(
            "{} drop: the site is cut off until its router is configured anew.",
            both(&tunnels)
        ),
    };
    page.indented(2, &words);
}

/// Whether all that drops both tunnels of something is the removal of duplicates.
fn only_duplicates(plan: &Plan) -> bool {
    let mut drops = plan
        .steps
        .iter()
        .filter(|step| matches!(step.impact, TunnelImpact::Both(_)));
    drops.all(|step| step.change == Change::Delete)
}

/// The bill.
pub(super) fn cost(page: &mut Page, plan: &Plan) {
    page.heading("Cost");
    let hourly = plan.hourly_usd();
    let monthly = hourly * HOURS_PER_MONTH;
    let words = if plan.cost.is_empty() {
        "Nothing that is billed by the hour.".to_owned()
    } else if plan.mode == Mode::Teardown {
        format!(
            "Saves {:.2} USD a month, {} USD an hour.",
            -monthly,
            usd(-hourly)
        )
    } else if creates_cost(plan) {
        format!(
            "{monthly:.2} USD a month: {} USD for every hour that it stays, needed or forgotten.",
            usd(hourly)
        )
    } else {
        format!("{monthly:.2} USD a month, as now.")
    };
    page.indented(2, &words);
    let saved: f64 = plan
        .cost
        .iter()
        .filter(|line| plan.mode == Mode::Onboard && line.hourly_usd < 0.0)
        .map(|line| -line.monthly_usd)
        .sum();
    if saved > 0.0 {
        page.indented(
            2,
            &format!("Removing the duplicate saves {saved:.2} USD a month."),
        );
    }
    for line in &plan.cost {
        page.indented(
            4,
            &format!(
                "{}: {}, {} USD/h",
                line.step,
                line.item,
                usd(line.hourly_usd.abs())
            ),
        );
    }
    for step in plan.steps.iter().filter(|it| it.change == Change::Adopt) {
        let priced = Prices::builtin().hourly_usd(&step.node.kind, &plan.region);
        if priced.is_some() {
            let words = format!(
                "{}: {} is there already, and on the bill as before",
                step.node.id, step.title
            );
            page.indented(4, &words);
        }
    }
    if !plan.cost.is_empty() {
        page.indented(
            2,
            &format!(
                "List prices of {}, without tax; data out of AWS is extra.",
                plan.prices_as_of
            ),
        );
    }
}

/// An amount with at least the cents.
fn usd(amount: f64) -> String {
    let text = format!("{amount:.3}");
    text.strip_suffix('0').map_or(text.clone(), str::to_owned)
}

fn creates_cost(plan: &Plan) -> bool {
    plan.cost.iter().any(|line| {
        plan.steps.iter().any(|step| {
            step.node.id.as_str() == line.step
                && matches!(step.change, Change::Create | Change::Replace)
        })
    })
}

/// What the caller must be allowed to do, reads and writes apart.
pub(super) fn permissions(page: &mut Page, plan: &Plan) {
    page.heading("Permissions");
    let (reads, writes): (Vec<_>, Vec<_>) = plan
        .permissions
        .iter()
        .partition(|need| reads(&need.action));
    let names = |needs: &[&crate::plan::model::PermissionNeed]| {
        let names: Vec<&str> = needs.iter().map(|need| need.action.as_str()).collect();
        names.join(" ")
    };
    page.item("  read   ", 9, &names(&reads));
    if !writes.is_empty() {
        page.item("  write  ", 9, &names(&writes));
    }
    let unchecked: Vec<_> = writes.into_iter().filter(|need| !need.dry_run).collect();
    if !unchecked.is_empty() {
        page.indented(
            2,
            &format!(
                "AWS offers no way to check beforehand: {}",
                names(&unchecked)
            ),
        );
    }
}

fn reads(action: &str) -> bool {
    let name = action.split_once(':').map_or(action, |(_, name)| name);
    ["Describe", "Get", "Search"]
        .iter()
        .any(|verb| name.starts_with(verb))
}

/// What only AWS can tell.
pub(super) fn unknowns(page: &mut Page, plan: &Plan) {
    if plan.unknowns.is_empty() {
        return;
    }
    page.heading("Not known yet");
    for unknown in &plan.unknowns {
        page.indented(2, unknown);
    }
}

/// What a person should know before saying yes.
pub(super) fn warnings(page: &mut Page, plan: &Plan) {
    if plan.warnings.is_empty() {
        return;
    }
    page.heading("Warnings");
    for warning in &plan.warnings {
        let sign = page.paint("⚠", warning_style());
        page.item(
            &format!("  {sign} "),
            4,
            &format!("{} ({})", warning.message, warning.code),
        );
        page.indented(4, &warning.help);
    }
}
