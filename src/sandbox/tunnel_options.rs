//! The options of a tunnel: AWS's defaults, its rules, and how they are echoed.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::log_options::LogOptions;
use super::secret::PreSharedKey;
use super::tunnel_values::{
    choice, given, groups, host, inside_cidr, inside_ipv6_cidr, lowest, number, pre_shared_key,
    random_key, values,
};
use super::wire::Params;
use super::xml::Xml;
use crate::clock::IdSource;

// Values and defaults: EC2 API reference, VpnTunnelOptionsSpecification. From the lowest up,
// which is the order that AWS's endpoints evaluate them in (Site-to-Site VPN user guide).
const ENCRYPTION: [&str; 4] = ["AES128", "AES256", "AES128-GCM-16", "AES256-GCM-16"];
const INTEGRITY: [&str; 4] = ["SHA1", "SHA2-256", "SHA2-384", "SHA2-512"];
const PHASE1_GROUPS: [u16; 12] = [2, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24];
const PHASE2_GROUPS: [u16; 13] = [2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24];
const IKE_VERSIONS: [&str; 2] = ["ikev1", "ikev2"];

/// The options of one tunnel, all of them known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TunnelOptions {
    /// The /30 inside the tunnel: AWS has the first host, the site the second.
    pub inside_cidr: Ipv4Net,
    /// The /126 inside the tunnel of an IPv6 connection, which has the /30 besides.
    #[serde(default)]
    pub inside_ipv6_cidr: Option<Ipv6Net>,
    /// The pre-shared key.
    pub pre_shared_key: PreSharedKey,
    /// Seconds, 900 to 28800.
    pub phase1_lifetime: u32,
    /// Seconds, 900 to 3600.
    pub phase2_lifetime: u32,
    /// Seconds before the end of a lifetime at which AWS rekeys.
    pub rekey_margin: u32,
    /// Percent of the margin by which that time is randomised.
    pub rekey_fuzz: u32,
    /// Packets.
    pub replay_window: u32,
    /// Seconds.
    pub dpd_timeout: u32,
    /// `clear`, `none` or `restart`.
    pub dpd_action: String,
    /// IKE encryption algorithms.
    pub phase1_encryption: Vec<String>,
    /// ESP encryption algorithms.
    pub phase2_encryption: Vec<String>,
    /// IKE integrity algorithms.
    pub phase1_integrity: Vec<String>,
    /// ESP integrity algorithms.
    pub phase2_integrity: Vec<String>,
    /// IKE Diffie-Hellman groups.
    pub phase1_groups: Vec<u16>,
    /// ESP Diffie-Hellman groups.
    pub phase2_groups: Vec<u16>,
    /// `ikev1`, `ikev2`.
    pub ike_versions: Vec<String>,
    /// `add`: the site initiates; `start`: AWS does.
    pub startup_action: String,
    /// What is logged to CloudWatch.
    pub logs: LogOptions,
    /// Whether the customer decides when an endpoint is replaced.
    pub lifecycle_control: bool,
    /// The request parameters that were given, now or earlier.
    pub given: BTreeSet<String>,
}

impl TunnelOptions {
    /// AWS's defaults, which allow everything; the network and the key are AWS's pick.
    pub(super) fn defaults(inside_cidr: Ipv4Net, ids: &IdSource) -> Self {
        let all = |values: &[&str]| {
            values
                .iter()
                .map(|&value| value.to_owned())
                .collect::<Vec<_>>()
        };
        Self {
            inside_cidr,
            inside_ipv6_cidr: None,
            pre_shared_key: random_key(ids),
            phase1_lifetime: 28_800,
            phase2_lifetime: 3_600,
            rekey_margin: 270,
            rekey_fuzz: 100,
            replay_window: 1_024,
            dpd_timeout: 30,
            dpd_action: "clear".to_owned(),
            phase1_encryption: all(&ENCRYPTION),
            phase2_encryption: all(&ENCRYPTION),
            phase1_integrity: all(&INTEGRITY),
            phase2_integrity: all(&INTEGRITY),
            phase1_groups: PHASE1_GROUPS.to_vec(),
            phase2_groups: PHASE2_GROUPS.to_vec(),
            ike_versions: all(&IKE_VERSIONS),
            startup_action: "add".to_owned(),
            logs: LogOptions::default(),
            lifecycle_control: false,
            given: BTreeSet::new(),
        }
    }

    /// Takes over what the request gives and checks the result as a whole.
    pub(super) fn apply(&mut self, params: &Params<'_>) -> Result<(), ApiError> {
        if let Some(text) = given(params, "TunnelInsideCidr") {
            self.inside_cidr = inside_cidr(text)?;
        }
        if let Some(text) = given(params, "TunnelInsideIpv6Cidr") {
            let Some(inside) = &mut self.inside_ipv6_cidr else {
                return Err(ApiError::value(
                    "TunnelInsideIpv6Cidr",
                    text,
                    "The connection carries IPv4 only.",
                ));
            };
            *inside = inside_ipv6_cidr(text)?;
        }
        if let Some(text) = given(params, "PreSharedKey") {
            self.pre_shared_key = pre_shared_key(text)?;
        }
        if let Some(on) = params.flag("EnableTunnelLifecycleControl")? {
            self.lifecycle_control = on;
        }
        let actions = ["clear", "none", "restart"];
        choice(params, "DPDTimeoutAction", &actions, &mut self.dpd_action)?;
        choice(
            params,
            "StartupAction",
            &["add", "start"],
            &mut self.startup_action,
        )?;
        self.apply_numbers(params)?;
        self.apply_lists(params)?;
        self.logs
            .apply(&params.within("LogOptions").within("CloudWatchLogOptions"))?;
        self.given.extend(params.names());
        self.check()
    }

    fn apply_numbers(&mut self, params: &Params<'_>) -> Result<(), ApiError> {
        for (name, range, target) in [
            (
                "Phase1LifetimeSeconds",
                900..=28_800,
                &mut self.phase1_lifetime,
            ),
            (
                "Phase2LifetimeSeconds",
                900..=3_600,
                &mut self.phase2_lifetime,
            ),
            ("RekeyMarginTimeSeconds", 60..=1_800, &mut self.rekey_margin),
            ("RekeyFuzzPercentage", 0..=100, &mut self.rekey_fuzz),
            ("ReplayWindowSize", 64..=2_048, &mut self.replay_window),
            ("DPDTimeoutSeconds", 30..=u32::MAX, &mut self.dpd_timeout),
        ] {
            number(params, name, &range, target)?;
        }
        Ok(())
    }

    fn apply_lists(&mut self, params: &Params<'_>) -> Result<(), ApiError> {
        for (name, known, target) in [
            (
                "Phase1EncryptionAlgorithm",
                &ENCRYPTION[..],
                &mut self.phase1_encryption,
            ),
            (
                "Phase2EncryptionAlgorithm",
                &ENCRYPTION,
                &mut self.phase2_encryption,
            ),
            (
                "Phase1IntegrityAlgorithm",
                &INTEGRITY,
                &mut self.phase1_integrity,
            ),
            (
                "Phase2IntegrityAlgorithm",
                &INTEGRITY,
                &mut self.phase2_integrity,
            ),
            ("IKEVersion", &IKE_VERSIONS, &mut self.ike_versions),
        ] {
            values(params, name, known, target)?;
        }
        groups(
            params,
            "Phase1DHGroupNumber",
            &PHASE1_GROUPS,
            &mut self.phase1_groups,
        )?;
        groups(
            params,
            "Phase2DHGroupNumber",
            &PHASE2_GROUPS,
            &mut self.phase2_groups,
        )
    }

    /// The rules that tie one option to another.
    fn check(&self) -> Result<(), ApiError> {
        if self.phase2_lifetime >= self.phase1_lifetime {
            return Err(ApiError::value(
                "Phase2LifetimeSeconds",
                &self.phase2_lifetime.to_string(),
                "Must be less than Phase1LifetimeSeconds.",
            ));
        }
        if self.rekey_margin > self.phase2_lifetime / 2 {
            return Err(ApiError::value(
                "RekeyMarginTimeSeconds",
                &self.rekey_margin.to_string(),
                "Must not be more than half of Phase2LifetimeSeconds.",
            ));
        }
        if self.startup_action == "start" && self.ike_versions != ["ikev2"] {
            return Err(ApiError::combination(
                "StartupAction start is supported for ikev2 only.",
            ));
        }
        Ok(())
    }

    /// AWS's address inside the tunnel.
    pub(super) fn aws_inside(&self) -> Ipv4Addr {
        host(self.inside_cidr, 1)
    }

    /// The site's address inside the tunnel.
    pub(super) fn site_inside(&self) -> Ipv4Addr {
        host(self.inside_cidr, 2)
    }

    /// An IPv6 address inside the tunnel: AWS has number 1, the site 2.
    pub(super) fn inside_ipv6(&self, number: u128) -> Option<Ipv6Addr> {
        let network = self.inside_ipv6_cidr?;
        Some(Ipv6Addr::from(u128::from(network.network()) | number))
    }

    /// What the two ends agree on: the lowest configured value of each list, since AWS evaluates
    /// from there, whatever the device prefers.
    pub(super) fn write_negotiated(&self, xml: &mut Xml) {
        xml.optional(
            "phase1EncryptionAlgorithm",
            lowest(&ENCRYPTION, &self.phase1_encryption),
        )
        .optional(
            "phase2EncryptionAlgorithm",
            lowest(&ENCRYPTION, &self.phase2_encryption),
        )
        .optional(
            "phase1IntegrityAlgorithm",
            lowest(&INTEGRITY, &self.phase1_integrity),
        )
        .optional(
            "phase2IntegrityAlgorithm",
            lowest(&INTEGRITY, &self.phase2_integrity),
        )
        .optional("phase1DHGroup", self.phase1_groups.iter().min())
        .optional("phase2DHGroup", self.phase2_groups.iter().min())
        .optional("ikeVersion", lowest(&IKE_VERSIONS, &self.ike_versions));
    }

    /// The options as `tunnelOptionSet` shows them; `sparse` leaves out what was never given.
    pub(super) fn write(&self, xml: &mut Xml, outside_ip: Ipv4Addr, hide_key: bool, sparse: bool) {
        let shown = |parameter: &str| !sparse || self.given.contains(parameter);
        let key = if hide_key {
            "REDACTED"
        } else {
            self.pre_shared_key.expose()
        };
        xml.text("outsideIpAddress", outside_ip)
            .text("tunnelInsideCidr", self.inside_cidr)
            .optional("tunnelInsideIpv6Cidr", self.inside_ipv6_cidr)
            .text("preSharedKey", key);
        for (parameter, element, value) in [
            (
                "Phase1LifetimeSeconds",
                "phase1LifetimeSeconds",
                self.phase1_lifetime,
            ),
            (
                "Phase2LifetimeSeconds",
                "phase2LifetimeSeconds",
                self.phase2_lifetime,
            ),
            (
                "RekeyMarginTimeSeconds",
                "rekeyMarginTimeSeconds",
                self.rekey_margin,
            ),
            (
                "RekeyFuzzPercentage",
                "rekeyFuzzPercentage",
                self.rekey_fuzz,
            ),
            ("ReplayWindowSize", "replayWindowSize", self.replay_window),
            ("DPDTimeoutSeconds", "dpdTimeoutSeconds", self.dpd_timeout),
        ] {
            xml.optional(element, shown(parameter).then_some(value));
        }
        xml.optional(
            "dpdTimeoutAction",
            shown("DPDTimeoutAction").then_some(&self.dpd_action),
        );
        self.write_lists(xml, shown);
        xml.optional(
            "startupAction",
            shown("StartupAction").then_some(&self.startup_action),
        );
        xml.within("logOptions", |xml| {
            xml.within("cloudWatchLogOptions", |xml| self.logs.write(xml));
        });
        let control = shown("EnableTunnelLifecycleControl").then_some(self.lifecycle_control);
        xml.optional("enableTunnelLifecycleControl", control);
    }

    fn write_lists(&self, xml: &mut Xml, shown: impl Fn(&str) -> bool) {
        let algorithms = [
            (
                "Phase1EncryptionAlgorithm",
                "phase1EncryptionAlgorithmSet",
                &self.phase1_encryption,
            ),
            (
                "Phase2EncryptionAlgorithm",
                "phase2EncryptionAlgorithmSet",
                &self.phase2_encryption,
            ),
            (
                "Phase1IntegrityAlgorithm",
                "phase1IntegrityAlgorithmSet",
                &self.phase1_integrity,
            ),
            (
                "Phase2IntegrityAlgorithm",
                "phase2IntegrityAlgorithmSet",
                &self.phase2_integrity,
            ),
            ("IKEVersion", "ikeVersionSet", &self.ike_versions),
        ];
        for (parameter, element, values) in algorithms {
            if shown(parameter) {
                write_values(xml, element, values);
            }
        }
        let groups = [
            (
                "Phase1DHGroupNumber",
                "phase1DHGroupNumberSet",
                &self.phase1_groups,
            ),
            (
                "Phase2DHGroupNumber",
                "phase2DHGroupNumberSet",
                &self.phase2_groups,
            ),
        ];
        for (parameter, element, values) in groups {
            if shown(parameter) {
                write_values(xml, element, values);
            }
        }
    }
}

fn write_values<T: ToString>(xml: &mut Xml, name: &str, values: &[T]) {
    xml.list(name, values, |xml, value| {
        xml.text("value", value.to_string());
    });
}
