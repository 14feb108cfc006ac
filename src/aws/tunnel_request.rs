//! [`TunnelOptions`] → EC2's two shapes of them, with every option said.
//!
//! What is left out gets AWS's default, which for every list of algorithms is "all of them", and
//! of those AWS takes the weakest that the peer offers. So each list goes out with one element.

use aws_sdk_ec2::types as ec2;

use crate::tunnel::{PreSharedKey, TunnelOptions};

/// EC2's other log format is `text`; logs are for machines first.
const JSON: &str = "json";

/// A list of one, in one of EC2's many list types.
macro_rules! only {
    ($list:ident, $value:expr) => {
        ec2::$list::builder().value($value).build()
    };
}

/// The SDK has one type for creating and one for modifying, with the same members.
macro_rules! with_options {
    ($builder:expr, $options:expr) => {{
        let options: &TunnelOptions = $options;
        let (ike, esp) = (&options.phase1, &options.phase2);
        $builder
            .tunnel_inside_cidr(options.inside_cidr.to_string())
            .ike_versions(only!(
                IkeVersionsRequestListValue,
                options.ike_version.as_str()
            ))
            .phase1_encryption_algorithms(only!(
                Phase1EncryptionAlgorithmsRequestListValue,
                ike.encryption.as_str()
            ))
            .phase1_integrity_algorithms(only!(
                Phase1IntegrityAlgorithmsRequestListValue,
                ike.integrity.as_str()
            ))
            .phase1_dh_group_numbers(only!(
                Phase1DhGroupNumbersRequestListValue,
                i32::from(ike.dh_group.0)
            ))
            .phase1_lifetime_seconds(number(ike.lifetime))
            .phase2_encryption_algorithms(only!(
                Phase2EncryptionAlgorithmsRequestListValue,
                esp.encryption.as_str()
            ))
            .phase2_integrity_algorithms(only!(
                Phase2IntegrityAlgorithmsRequestListValue,
                esp.integrity.as_str()
            ))
            .phase2_dh_group_numbers(only!(
                Phase2DhGroupNumbersRequestListValue,
                i32::from(esp.dh_group.0)
            ))
            .phase2_lifetime_seconds(number(esp.lifetime))
            .rekey_margin_time_seconds(number(options.rekey_margin))
            .rekey_fuzz_percentage(number(options.rekey_fuzz))
            .replay_window_size(number(options.replay_window))
            .dpd_timeout_seconds(number(options.dpd_timeout))
            .dpd_timeout_action(options.dpd_action.as_str())
            .startup_action(options.startup_action.as_str())
            .enable_tunnel_lifecycle_control(options.lifecycle_control)
    }};
}

/// A tunnel of a new connection.
pub(super) fn created(
    options: &TunnelOptions,
    key: &PreSharedKey,
) -> ec2::VpnTunnelOptionsSpecification {
    let wanted = options.log_group_arn.is_some() || options.bgp_log_group_arn.is_some();
    with_options!(ec2::VpnTunnelOptionsSpecification::builder(), options)
        .pre_shared_key(key.expose())
        .set_log_options(wanted.then(|| logs(options)))
        .build()
}

/// All options of a tunnel that exists; its key only when that changes.
///
/// The logs are always mentioned: left out, a log that is no longer wanted would go on.
pub(super) fn modified(
    options: &TunnelOptions,
    key: Option<&PreSharedKey>,
) -> ec2::ModifyVpnTunnelOptionsSpecification {
    with_options!(ec2::ModifyVpnTunnelOptionsSpecification::builder(), options)
        .set_pre_shared_key(key.map(|key| key.expose().to_owned()))
        .log_options(logs(options))
        .build()
}

fn logs(options: &TunnelOptions) -> ec2::VpnTunnelLogOptionsSpecification {
    let format = |arn: &Option<String>| arn.is_some().then(|| JSON.to_owned());
    let (ike, bgp) = (&options.log_group_arn, &options.bgp_log_group_arn);
    let cloud_watch = ec2::CloudWatchLogOptionsSpecification::builder()
        .log_enabled(ike.is_some())
        .set_log_group_arn(ike.clone())
        .set_log_output_format(format(ike))
        .bgp_log_enabled(bgp.is_some())
        .set_bgp_log_group_arn(bgp.clone())
        .set_bgp_log_output_format(format(bgp))
        .build();
    ec2::VpnTunnelLogOptionsSpecification::builder()
        .cloud_watch_log_options(cloud_watch)
        .build()
}

/// EC2's numbers are signed; none of ours comes near the limit.
fn number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
