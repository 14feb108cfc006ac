//! The commands that a report sends people to.

use std::net::Ipv4Addr;

use super::subject::Subject;
use crate::plan::TunnelPlan;
use crate::spec::VpnConnectionId;

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:@%+=,".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

impl Subject {
    /// Brings the AWS side to what the site file says.
    pub(super) fn onboard(&self) -> String {
        format!(
            "underpass onboard {}{}",
            quoted(&self.site_file),
            self.flags
        )
    }

    /// Looks again.
    pub(super) fn verify(&self) -> String {
        format!("underpass verify {}{}", quoted(&self.site_file), self.flags)
    }

    /// Writes the router's configuration anew.
    pub(super) fn render(&self) -> String {
        format!("underpass render {}{}", quoted(&self.site_file), self.flags)
    }

    /// Shows a connection as AWS has it, without its keys.
    pub(super) fn show_connection(&self, connection: &VpnConnectionId) -> String {
        self.aws(&format!(
            "describe-vpn-connections --vpn-connection-ids {connection} --query \
             'VpnConnections[].[State,VgwTelemetry,Routes]'"
        ))
    }

    /// Shows a route table.
    pub(super) fn show_route_table(&self, table: &str) -> String {
        self.aws(&format!(
            "describe-route-tables --route-table-ids {table} --query 'RouteTables[].Routes'"
        ))
    }

    /// Shows what is in a route table of a transit gateway.
    pub(super) fn show_transit_table(&self, table: &str) -> String {
        self.aws(&format!(
            "search-transit-gateway-routes --transit-gateway-route-table-id {table} --filters \
             Name=state,Values=active,blackhole"
        ))
    }

    /// Asks Direct Connect itself.
    pub(super) fn dx_aws(&self, command: &str) -> String {
        format!("aws directconnect --region {} {command}", self.site.region)
    }

    /// Ends a fail-over test.
    pub(super) fn stop_drill(&self) -> String {
        format!(
            "underpass cutover {}{} --drill --stop",
            quoted(&self.site_file),
            self.flags
        )
    }

    /// Prints what AWS has to allow.
    pub(super) fn policy(&self) -> String {
        format!("underpass policy {} --for cutover", quoted(&self.site_file))
    }

    /// Shows the session over Direct Connect on the router.
    pub(super) fn show_dx_session(&self, amazon: std::net::IpAddr) -> String {
        let linux = ["strongswan", "strongswan-ipsecconf", "libreswan"];
        match linux.contains(&self.site.gateway.device.as_str()) {
            true => format!("vtysh -c 'show bgp neighbors {amazon}'"),
            false => format!("ping -c 3 {amazon}"),
        }
    }

    fn aws(&self, command: &str) -> String {
        format!("aws ec2 --region {} {command}", self.site.region)
    }

    /// Shows the IKE sessions: on the router where we know its command, else the tunnel's log at
    /// AWS where it is on, else AWS's telemetry.
    pub(super) fn show_ike(&self, tunnel: &TunnelPlan, outside: Ipv4Addr) -> String {
        let log = tunnel.options.log_group_arn.as_deref();
        self.show_log(log, outside, "IKE").unwrap_or_else(|| {
            if self.site.gateway.device == "strongswan" {
                "swanctl --list-sas".to_owned()
            } else {
                self.show_connection(&self.connection)
            }
        })
    }

    /// Shows the BGP session, in the same order of preference.
    pub(super) fn show_bgp(&self, tunnel: &TunnelPlan, outside: Ipv4Addr) -> String {
        let log = tunnel.options.bgp_log_group_arn.as_deref();
        self.show_log(log, outside, "BGP").unwrap_or_else(|| {
            if self.site.gateway.device == "strongswan" {
                "vtysh -c 'show bgp summary'".to_owned()
            } else {
                format!("ping -c 3 {}", tunnel.options.inside_cidr.aws())
            }
        })
    }

    /// AWS names the streams `<connection>_<outside address>-IKE.log` and `…-BGP.log`
    /// (AWS VPN guide, tunnel logs).
    fn show_log(&self, group: Option<&str>, outside: Ipv4Addr, which: &str) -> Option<String> {
        let (_, name) = group?.split_once(":log-group:")?;
        Some(format!(
            "aws logs --region {} get-log-events --log-group-name {} --log-stream-name \
             {}_{outside}-{which}.log",
            self.site.region,
            quoted(name.trim_end_matches(":*")),
            self.connection
        ))
    }
}
