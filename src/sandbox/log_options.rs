//! What a tunnel logs to CloudWatch.

use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::tunnel_values::{choice, given};
use super::wire::Params;
use super::xml::Xml;

/// The CloudWatch log options of a tunnel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogOptions {
    /// Whether the IKE log is on.
    pub enabled: bool,
    /// Where it goes.
    pub group_arn: Option<String>,
    /// `json` or `text`.
    pub format: Option<String>,
    /// Whether the BGP log is on.
    pub bgp_enabled: bool,
    /// Where it goes.
    pub bgp_group_arn: Option<String>,
    /// `json` or `text`.
    pub bgp_format: Option<String>,
}

impl LogOptions {
    pub(super) fn apply(&mut self, params: &Params<'_>) -> Result<(), ApiError> {
        if let Some(on) = params.flag("LogEnabled")? {
            self.enabled = on;
        }
        if let Some(on) = params.flag("BgpLogEnabled")? {
            self.bgp_enabled = on;
        }
        for (name, target) in [
            ("LogGroupArn", &mut self.group_arn),
            ("BgpLogGroupArn", &mut self.bgp_group_arn),
        ] {
            if let Some(arn) = given(params, name) {
                if !arn.starts_with("arn:") {
                    return Err(ApiError::value(name, arn, "Must be an ARN."));
                }
                *target = Some(arn.to_owned());
            }
        }
        for (name, target) in [
            ("LogOutputFormat", &mut self.format),
            ("BgpLogOutputFormat", &mut self.bgp_format),
        ] {
            let mut format = target.take().unwrap_or_default();
            choice(params, name, &["json", "text"], &mut format)?;
            *target = Some(format).filter(|format| !format.is_empty());
        }
        if self.enabled && self.group_arn.is_none() {
            return Err(ApiError::missing("LogGroupArn"));
        }
        if self.bgp_enabled && self.bgp_group_arn.is_none() {
            return Err(ApiError::missing("BgpLogGroupArn"));
        }
        Ok(())
    }

    pub(super) fn write(&self, xml: &mut Xml) {
        xml.text("logEnabled", self.enabled)
            .optional("logGroupArn", self.group_arn.as_ref())
            .optional("logOutputFormat", self.format.as_ref())
            .text("bgpLogEnabled", self.bgp_enabled)
            .optional("bgpLogGroupArn", self.bgp_group_arn.as_ref())
            .optional("bgpLogOutputFormat", self.bgp_format.as_ref());
    }
}
