//! What speaks against a plan, and what a person should know: collected, never one at a time.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::codes;
use super::model::Warning;
use crate::playbook::PlaybookErrors;

/// One reason not to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// A code that `underpass explain` explains.
    pub code: String,
    /// What stands in the way, with ids and numbers.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// Whether `--accept CODE` turns it into a warning.
    pub acceptable: bool,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanErrors {
    /// The playbook does not fit the site or the kinds.
    #[error(transparent)]
    Playbook(#[from] PlaybookErrors),
    /// Applying it could not work, or would harm. Nothing was written.
    #[error("{}", listed(.0))]
    Refused(Vec<Refusal>),
}

fn listed(refusals: &[Refusal]) -> String {
    let mut text = match refusals.len() {
        1 => "there is a reason not to go on".to_owned(),
        count => format!("there are {count} reasons not to go on"),
    };
    for refusal in refusals {
        text.push_str("\n  ");
        text.push_str(&refusal.to_string());
    }
    text
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

/// What preflight finds before a kind would refuse the same.
const SAME_THEME: [(&str, &str); 13] = [
    ("customer_gateway", "preflight::customer_gateway_not_found"),
    ("private_virtual_interface", "preflight::dx_vlan_taken"),
    ("transit_gateway", "preflight::transit_gateway_not_found"),
    ("transit_virtual_interface", "preflight::dx_vlan_taken"),
    ("transit_vpn_connection", "preflight::connection_not_found"),
    ("vpn_connection", "preflight::connection_not_found"),
    ("vpn_gateway", "preflight::asn_equal"),
    ("vpn_gateway", "preflight::gateway_attached_elsewhere"),
    ("vpn_gateway", "preflight::gateway_not_found"),
    ("vpn_gateway", "preflight::vpc_has_other_gateway"),
    (
        "vpn_gateway_attachment",
        "preflight::gateway_attached_elsewhere",
    ),
    ("vpn_gateway_attachment", "preflight::gateway_not_found"),
    ("vpn_gateway_attachment", "preflight::vpc_has_other_gateway"),
];

/// Collects refusals and warnings in the order in which they are found.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    accepted: &'a BTreeSet<String>,
    refusals: Vec<Refusal>,
    warnings: Vec<Warning>,
}

impl<'a> Findings<'a> {
    /// An empty collection; refusals with an `accepted` code become warnings where the code allows.
    pub(super) fn new(accepted: &'a BTreeSet<String>) -> Self {
        Self {
            accepted,
            refusals: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Adds a refusal; the same one twice counts once.
    pub(super) fn refuse(
        &mut self,
        code: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let acceptable = codes::find(code).is_some_and(|code| code.acceptable);
        let message = message.into();
        if acceptable && self.accepted.contains(code) {
            let message = format!("{message} (accepted)");
            self.warn(code, message, help);
            return;
        }
        let refusal = Refusal {
            code: code.to_owned(),
            message,
            help: help.into(),
            acceptable,
        };
        if !self.refusals.contains(&refusal) {
            self.refusals.push(refusal);
        }
    }

    /// Adds a kind's refusal, unless preflight has refused already for the same reason.
    ///
    /// Preflight knows the themes of `kind` better: it names the field of the site file.
    pub(super) fn refuse_unless_told(
        &mut self,
        code: &str,
        kind: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let told = |refusal: &Refusal| {
            SAME_THEME
                .iter()
                .any(|(of, known)| *of == kind && *known == refusal.code)
        };
        if !self.refusals.iter().any(told) {
            self.refuse(code, message, help);
        }
    }

    /// Adds a warning; the same one twice counts once.
    pub(super) fn warn(&mut self, code: &str, message: impl Into<String>, help: impl Into<String>) {
        let warning = Warning {
            code: code.to_owned(),
            message: message.into(),
            help: help.into(),
        };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Whether something speaks against the plan.
    pub(super) fn refused(&self) -> bool {
        !self.refusals.is_empty()
    }

    /// What speaks against the plan.
    pub(super) fn into_errors(self) -> PlanErrors {
        PlanErrors::Refused(self.refusals)
    }

    /// The warnings, unless something was refused.
    pub(super) fn finish(self) -> Result<Vec<Warning>, PlanErrors> {
        if self.refusals.is_empty() {
            Ok(self.warnings)
        } else {
            Err(PlanErrors::Refused(self.refusals))
        }
    }
}
