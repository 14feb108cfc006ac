//! A plan as data: shown, saved, diffed, linted, applied.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::duplicates::Duplicate;
use crate::playbook::Node;
use crate::resource::{Change, Owner, Policy, TunnelImpact, Usual};
use crate::spec::{AccountId, Region, SiteName};
use crate::tunnel::TunnelOptions;

/// The version of the plan's JSON; additive changes keep it.
pub const PLAN_SCHEMA: u32 = 1;

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Bring a site up.
    Onboard,
    /// Take it away.
    Teardown,
}

impl Mode {
    /// The command that carries it out.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Onboard => "onboard",
            Self::Teardown => "teardown",
        }
    }
}

/// What a plan rests on: applying it is refused when this has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// SHA-256 of the validated site.
    pub site: String,
    /// SHA-256 of what was observed of the objects that the plan touches; none offline.
    pub world: Option<String>,
    /// When it was observed.
    pub observed_at: Timestamp,
}

/// One step with what will be done about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedStep {
    /// The step: id, kind, inputs, needs.
    pub node: Node,
    /// The kind for people, such as `VPN connection`.
    pub title: String,
    /// What will be done.
    pub change: Change,
    /// Why.
    pub reason: String,
    /// Attributes that differ: name, as it is, as it should be.
    pub differences: Vec<(String, String, String)>,
    /// The id of what exists, if something does.
    pub existing: Option<String>,
    /// What it does to traffic.
    pub impact: TunnelImpact,
    /// How long it usually takes.
    pub usual: Usual,
    /// The API actions it will call, in order.
    pub actions: Vec<String>,
}

/// What one tunnel will be; never with its key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TunnelPlan {
    /// 1 or 2.
    pub number: u8,
    /// Its options.
    pub options: TunnelOptions,
    /// MTU of the tunnel interface.
    pub mtu: u16,
    /// TCP MSS to clamp to.
    pub mss: u16,
}

/// One line of the bill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostLine {
    /// What is billed.
    pub item: String,
    /// The step that causes it.
    pub step: String,
    /// USD per hour; negative when a teardown saves it.
    pub hourly_usd: f64,
    /// USD per month of 730 hours.
    pub monthly_usd: f64,
}

/// One IAM action that the plan needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionNeed {
    /// Such as `ec2:CreateVpnConnection`.
    pub action: String,
    /// Whether DryRun can check it.
    pub dry_run: bool,
    /// What needs it.
    pub why: String,
}

/// Something a person should know before saying yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warning {
    /// A code that `underpass explain` explains.
    pub code: String,
    /// What.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// Everything that one run will do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`PLAN_SCHEMA`].
    pub schema_version: u32,
    /// The version of underpass.
    pub tool_version: String,
    /// What it is for.
    pub mode: Mode,
    /// The site.
    pub site: SiteName,
    /// Where.
    pub region: Region,
    /// In which account; none offline.
    pub account: Option<AccountId>,
    /// The playbook.
    pub playbook: String,
    /// The run that this plan was made for.
    pub run: Ulid,
    /// Whose the objects will be.
    pub owner: Owner,
    /// How bold.
    pub policy: Policy,
    /// What it rests on.
    pub basis: Basis,
    /// The steps, each behind what it needs.
    pub steps: Vec<PlannedStep>,
    /// The tunnels; empty on teardown.
    pub tunnels: Vec<TunnelPlan>,
    /// The bill.
    pub cost: Vec<CostLine>,
    /// The date of the price table.
    pub prices_as_of: String,
    /// What the caller must be allowed to do.
    pub permissions: Vec<PermissionNeed>,
    /// What only AWS can tell.
    pub unknowns: Vec<String>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
    /// What of the site exists more than once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duplicates: Vec<Duplicate>,
}
