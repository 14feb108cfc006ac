//! Whether a way can take all of a site's traffic.

use super::judge::is_of_tunnels;
use super::report::{Check, CheckId, Report, Verdict};
use crate::tunnel::Way;

/// What stands between a site's traffic and a way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Readiness {
    /// Each of them could leave traffic without a way.
    pub problems: Vec<Check>,
    /// What is to be known beforehand and hinders nothing.
    pub warnings: Vec<Check>,
}

impl Readiness {
    /// Whether nothing stands in the way.
    pub fn is_ready(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Judges a report: what of it could leave traffic that is moved `to` a way without any.
///
/// What AWS does not say of the way that is left hinders nothing: a move may be the mend of just
/// that. Of the way that is taken it does, but for young questions that a policy may not allow.
pub fn readiness(report: &Report, to: Way) -> Readiness {
    let mut readiness = Readiness::default();
    let one_tunnel = report
        .tunnels
        .iter()
        .any(|it| it.up && it.accepted_routes > 0);
    let some_tunnel = report.tunnels.iter().any(|it| it.up);
    for check in &report.checks {
        if check.verdict == Verdict::Pass {
            continue;
        }
        let failed = check.verdict == Verdict::Fail;
        let hinders = match check.id {
            // That the router does not run what was written is what a cut-over is for.
            CheckId::DxRoutes | CheckId::Way | CheckId::DxMtu => continue,
            CheckId::TunnelUp | CheckId::Redundancy => failed && !some_tunnel && to == Way::Vpn,
            CheckId::TunnelRoutes => failed && !one_tunnel && to == Way::Vpn,
            CheckId::TunnelCrypto | CheckId::TunnelPlanned | CheckId::CustomerGateway => false,
            CheckId::SameNetworks => failed && to == Way::Vpn,
            id if is_of_tunnels(id) => failed && to == Way::Vpn,
            CheckId::DxConnection
            | CheckId::DxInterface
            | CheckId::DxSession
            | CheckId::DxAssociation
            | CheckId::DxAllowedPrefixes
            | CheckId::DxAsn => to == Way::DirectConnect,
            // The VPC's side, which both ways need.
            _ => failed,
        };
        match hinders {
            true => readiness.problems.push(check.clone()),
            false => readiness.warnings.push(check.clone()),
        }
    }
    readiness
}
