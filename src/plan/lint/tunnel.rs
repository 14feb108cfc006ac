//! Are there two tunnels, different in place and equal in strength, as AWS will be asked for?

use serde_json::json;

use super::report::Report;
use crate::plan::model::{Mode, Plan, TunnelPlan};
use crate::playbook::Input;
use crate::resource::{Change, is_connection};
use crate::spec::{Encryption, IkeVersion, Integrity};
use crate::tunnel::Phase;

/// Groups of 2048 bits and more, and the NIST curves (RFC 8247 § 2.4).
const GOOD_GROUPS: [u16; 8] = [14, 15, 16, 17, 18, 19, 20, 21];

pub(super) fn check(plan: &Plan, report: &mut Report) {
    if plan.mode == Mode::Teardown {
        return;
    }
    let numbers: Vec<u8> = plan.tunnels.iter().map(|tunnel| tunnel.number).collect();
    if numbers != [1, 2] {
        report.plan(
            "lint::tunnels",
            format!("its tunnels are {numbers:?}, not 1 and 2"),
        );
    }
    if let [one, two] = plan.tunnels.as_slice()
        && one.options.inside_cidr == two.options.inside_cidr
    {
        report.plan(
            "lint::tunnels",
            format!(
                "both tunnels have the inside CIDR {}",
                one.options.inside_cidr
            ),
        );
    }
    asked_for(plan, report);
    let told = plan
        .warnings
        .iter()
        .any(|warning| warning.code == "preflight::weak_cryptography");
    for tunnel in &plan.tunnels {
        sizes(tunnel, report);
        let weak = weak(tunnel);
        if !weak.is_empty() && !told {
            report.plan(
                "lint::weak",
                format!("tunnel {} has {}", tunnel.number, weak.join(", ")),
            );
        }
    }
}

/// What the connection's step asks of AWS is what the plan shows and the device will get.
fn asked_for(plan: &Plan, report: &mut Report) {
    let shown: Vec<_> = plan.tunnels.iter().map(|tunnel| &tunnel.options).collect();
    let shown = json!(shown);
    for step in plan
        .steps
        .iter()
        .filter(|step| is_connection(&step.node.kind) && step.change != Change::Delete)
    {
        match step.node.inputs.get("tunnels") {
            Some(Input::Known(asked)) if *asked == shown => {}
            _ => report.step(
                "lint::tunnels",
                &step.node.id,
                "asks AWS for other tunnels than the plan shows",
            ),
        }
    }
}

fn sizes(tunnel: &TunnelPlan, report: &mut Report) {
    let options = &tunnel.options;
    let (one, two) = (options.phase1.lifetime, options.phase2.lifetime);
    // The limits of VpnTunnelOptionsSpecification.
    let rules = [
        (
            (900..=28_800).contains(&one),
            "phase 1 does not last 900 to 28800 s",
        ),
        (
            (900..=3_600).contains(&two),
            "phase 2 does not last 900 to 3600 s",
        ),
        (two < one, "phase 2 does not end before phase 1"),
        (
            (60..=two / 2).contains(&options.rekey_margin),
            "the rekey margin is not 60 s to half of phase 2",
        ),
        (
            options.rekey_fuzz <= 100,
            "the rekey fuzz is over 100 percent",
        ),
        (
            (64..=2_048).contains(&options.replay_window),
            "the replay window is not 64 to 2048 packets",
        ),
        (
            options.dpd_timeout >= 30,
            "dead peers are declared before 30 s",
        ),
        (
            (576..1_500).contains(&tunnel.mtu) && tunnel.mss + 40 == tunnel.mtu,
            "MTU and MSS do not fit",
        ),
    ];
    for (holds, what) in rules {
        if !holds {
            report.plan("lint::tunnels", format!("tunnel {}: {what}", tunnel.number));
        }
    }
}

fn weak(tunnel: &TunnelPlan) -> Vec<String> {
    let options = &tunnel.options;
    let mut weak = Vec::new();
    if options.ike_version != IkeVersion::V2 {
        weak.push("IKEv1".to_owned());
    }
    for (name, phase) in [("phase 1", &options.phase1), ("phase 2", &options.phase2)] {
        weak.extend(
            weak_phase(phase)
                .into_iter()
                .map(|what| format!("{what} in {name}")),
        );
    }
    weak
}

fn weak_phase(phase: &Phase) -> Vec<String> {
    let mut weak = Vec::new();
    if !matches!(
        phase.encryption,
        Encryption::Aes256 | Encryption::Aes256Gcm16
    ) {
        weak.push(phase.encryption.to_string());
    }
    if phase.integrity == Integrity::Sha1 {
        weak.push("SHA1".to_owned());
    }
    if !GOOD_GROUPS.contains(&phase.dh_group.0) {
        weak.push(format!("DH group {}", phase.dh_group));
    }
    weak
}
