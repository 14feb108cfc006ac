//! What verification found.

use std::fmt;
use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::Serialize;

use super::direct_report::DirectConnectReport;
use crate::aws::NegotiatedTunnel;
use crate::spec::{SiteName, VpnConnectionId};

/// The version of the report's JSON; additive changes keep it.
const SCHEMA: u32 = 1;

/// What was checked. The words are stable: scripts may look for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckId {
    /// The connection exists and is available.
    ConnectionAvailable,
    /// It ends on the right gateway and routes as the site says.
    ConnectionEnds,
    /// AWS's record of the router has the site's address and ASN.
    CustomerGateway,
    /// The gateway is attached to the VPC.
    GatewayAttached,
    /// The options of a planned tunnel are those of the connection.
    TunnelPlanned,
    /// A tunnel is up.
    TunnelUp,
    /// A tunnel brings the site's networks by BGP.
    TunnelRoutes,
    /// Both ends agreed on the planned cryptography.
    TunnelCrypto,
    /// Both tunnels are up.
    Redundancy,
    /// A network of the site is an available static route of the connection.
    StaticRoute,
    /// No other connection of the gateway attracts the site's traffic.
    RivalConnection,
    /// The connection is attached to the transit gateway.
    ConnectionAttached,
    /// The connection looks routes up in the right table of the transit gateway.
    Association,
    /// A table of the transit gateway learns the site's routes.
    TransitPropagation,
    /// The transit gateway leads from the VPC to a network of the site.
    TransitRoute,
    /// The transit gateway leads from the site to the VPC.
    WayToVpc,
    /// The transit gateway uses both tunnels at once.
    EqualCost,
    /// A route table learns from the gateway.
    Propagation,
    /// A route table leads to a network of the site through the gateway.
    SiteRoute,
    /// No other route of the table wins.
    RoutePrecedence,
    /// No router announces a way to everywhere.
    DefaultRoute,
    /// The port, or the partner's share of one, is up.
    DxConnection,
    /// The virtual interface is there.
    DxInterface,
    /// Its BGP session is up.
    DxSession,
    /// Its gateway is joined to that of the VPC.
    DxAssociation,
    /// AWS announces over it what was planned.
    DxAllowedPrefixes,
    /// No other end has the AS of its gateway.
    DxAsn,
    /// AWS learns over it what the site prefers that it learns.
    DxRoutes,
    /// How large packets may be on either way.
    DxMtu,
    /// Both ways bring AWS the same networks.
    SameNetworks,
    /// The site's traffic goes the way that the site prefers.
    Way,
}

impl CheckId {
    /// Whether it is about Direct Connect.
    pub const fn is_of_direct_connect(self) -> bool {
        matches!(
            self,
            Self::DxConnection
                | Self::DxInterface
                | Self::DxSession
                | Self::DxAssociation
                | Self::DxAllowedPrefixes
                | Self::DxAsn
                | Self::DxRoutes
                | Self::DxMtu
                | Self::Way
        )
    }
}

impl fmt::Display for CheckId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConnectionAvailable => "connection-available",
            Self::ConnectionEnds => "connection-ends",
            Self::CustomerGateway => "customer-gateway",
            Self::GatewayAttached => "gateway-attached",
            Self::TunnelPlanned => "tunnel-planned",
            Self::TunnelUp => "tunnel-up",
            Self::TunnelRoutes => "tunnel-routes",
            Self::TunnelCrypto => "tunnel-crypto",
            Self::Redundancy => "redundancy",
            Self::StaticRoute => "static-route",
            Self::RivalConnection => "rival-connection",
            Self::ConnectionAttached => "connection-attached",
            Self::Association => "association",
            Self::TransitPropagation => "transit-propagation",
            Self::TransitRoute => "transit-route",
            Self::WayToVpc => "way-to-vpc",
            Self::EqualCost => "equal-cost",
            Self::Propagation => "propagation",
            Self::SiteRoute => "site-route",
            Self::RoutePrecedence => "route-precedence",
            Self::DefaultRoute => "default-route",
            Self::DxConnection => "dx-connection",
            Self::DxInterface => "dx-interface",
            Self::DxSession => "dx-session",
            Self::DxAssociation => "dx-association",
            Self::DxAllowedPrefixes => "dx-allowed-prefixes",
            Self::DxAsn => "dx-asn",
            Self::DxRoutes => "dx-routes",
            Self::DxMtu => "dx-mtu",
            Self::SameNetworks => "same-networks",
            Self::Way => "way",
        })
    }
}

/// How a check turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// Not as it should be.
    Fail,
    /// AWS does not say, or something that was found before makes the question pointless.
    Unknown,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which check.
    pub id: CheckId,
    /// What it is about: `vpn-0a…`, `tunnel 1 (52.29.1.1)`, `rtb-0a… → 10.20.0.0/24`.
    pub subject: String,
    /// How it turned out.
    pub verdict: Verdict,
    /// What was seen.
    pub saw: String,
    /// What should have been seen.
    pub expected: String,
    /// Why it probably is so; none when it passed.
    pub likely_cause: Option<String>,
    /// The command to run next; none when it passed.
    pub next: Option<String>,
    /// Whether no traffic flows while this fails.
    pub stops_traffic: bool,
}

impl Check {
    /// A check that passed until something says otherwise.
    pub(super) fn new(
        id: CheckId,
        subject: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            id,
            subject: subject.into(),
            verdict: Verdict::Unknown,
            saw: String::new(),
            expected: expected.into(),
            likely_cause: None,
            next: None,
            stops_traffic: false,
        }
    }

    pub(super) fn passed(self, saw: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Pass,
            saw: saw.into(),
            ..self
        }
    }

    pub(super) fn failed(
        self,
        saw: impl Into<String>,
        likely_cause: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Fail,
            saw: saw.into(),
            likely_cause: Some(likely_cause.into()),
            next: Some(next.into()),
            ..self
        }
    }

    pub(super) fn unknown(
        self,
        saw: impl Into<String>,
        likely_cause: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self {
            verdict: Verdict::Unknown,
            ..self.failed(saw, likely_cause, next)
        }
    }

    pub(super) fn stopping_traffic(self) -> Self {
        Self {
            stops_traffic: true,
            ..self
        }
    }
}

/// One tunnel as AWS sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TunnelReport {
    /// Its number in the plan and on the device; none for a tunnel that was not planned.
    pub number: Option<u8>,
    /// AWS's outside address; none when AWS does not say which tunnel is the planned one.
    pub outside: Option<Ipv4Addr>,
    /// Whether it is up: with BGP the session, with static routing IPsec.
    pub up: bool,
    /// AWS's message, such as `3 BGP ROUTES` or `IPSEC IS DOWN`.
    pub message: String,
    /// Accepted routes; proves nothing with static routing.
    pub accepted_routes: u32,
    /// When the status last changed; lags by minutes.
    pub changed_at: Option<Timestamp>,
    /// What both ends agreed on, when AWS says.
    pub negotiated: Option<NegotiatedTunnel>,
}

impl TunnelReport {
    /// The tunnel for people: `tunnel 1 (52.29.1.1)`.
    pub fn title(&self) -> String {
        match (self.number, self.outside) {
            (Some(number), Some(outside)) => format!("tunnel {number} ({outside})"),
            (Some(number), None) => format!("tunnel {number}"),
            (None, Some(outside)) => format!("tunnel {outside}"),
            (None, None) => "a tunnel".to_owned(),
        }
    }
}

/// How the VPN is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// No traffic flows, as far as AWS says.
    Down,
    /// Traffic flows, but something is not as it should be.
    Degraded,
    /// Everything that could be checked is as it should be.
    Up,
}

impl Health {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Degraded => "degraded",
            Self::Up => "up",
        }
    }
}

/// Everything that verification found about one connection.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub schema_version: u32,
    /// The site.
    pub site: SiteName,
    /// The connection.
    pub connection: VpnConnectionId,
    /// When it was looked at.
    pub at: Timestamp,
    /// The conclusion.
    pub health: Health,
    /// What was checked, from the connection outwards.
    pub checks: Vec<Check>,
    /// The tunnels, planned ones first, by number.
    pub tunnels: Vec<TunnelReport>,
    /// The other way to the VPC; none where the site file has no Direct Connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_connect: Option<DirectConnectReport>,
}

impl Report {
    pub(super) fn new(
        site: SiteName,
        connection: VpnConnectionId,
        at: Timestamp,
        checks: Vec<Check>,
        tunnels: Vec<TunnelReport>,
        direct_connect: Option<DirectConnectReport>,
    ) -> Self {
        let failed = |check: &&Check| check.verdict == Verdict::Fail;
        let direct = direct_connect.as_ref();
        let by_other_way = direct.is_some_and(DirectConnectReport::carries);
        let nothing_up = !by_other_way && !tunnels.iter().any(|tunnel| tunnel.up);
        let mut failures = checks.iter().filter(failed);
        let health = if nothing_up || failures.any(|check| check.stops_traffic) {
            Health::Down
        } else if checks.iter().any(|check| failed(&check)) {
            Health::Degraded
        } else {
            Health::Up
        };
        Self {
            schema_version: SCHEMA,
            site,
            connection,
            at,
            health,
            checks,
            tunnels,
            direct_connect,
        }
    }

    /// Whether everything that could be checked is as it should be.
    pub fn is_up(&self) -> bool {
        self.health == Health::Up
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks
            .iter()
            .filter(|check| check.verdict == Verdict::Fail)
    }

    /// The report in one line, such as
    /// `degraded: 1 of 2 tunnels up, 1 of 14 checks failed (redundancy)`.
    pub fn summary(&self) -> String {
        let planned = self.tunnels.iter().filter(|tunnel| tunnel.number.is_some());
        let up = planned.clone().filter(|tunnel| tunnel.up).count();
        let count = |verdict| {
            self.checks
                .iter()
                .filter(|check| check.verdict == verdict)
                .count()
        };
        let (failed, unknown) = (count(Verdict::Fail), count(Verdict::Unknown));
        let checks = if failed == 0 {
            format!("{} checks passed", count(Verdict::Pass))
        } else {
            let mut ids: Vec<String> = self.failures().map(|check| check.id.to_string()).collect();
            ids.dedup();
            let all = self.checks.len();
            format!("{failed} of {all} checks failed ({})", ids.join(", "))
        };
        let unknown = match unknown {
            0 => String::new(),
            unknown => format!(", {unknown} unknown"),
        };
        let (health, all) = (self.health.as_str(), planned.count());
        let way = self.direct_connect.as_ref();
        let way = way
            .map(|it| format!(", {}", it.going()))
            .unwrap_or_default();
        format!("{health}: {up} of {all} tunnels up, {checks}{unknown}{way}")
    }
}
