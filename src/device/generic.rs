//! A device without a template of its own: every value, to be typed in by hand.

use std::net::Ipv4Addr;

use askama::Template;
use ipnet::Ipv4Net;
use serde::Serialize;
use zeroize::Zeroizing;

use super::direct;
use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::OptionSpec;
use super::profile::{Check, Judged, Level, Profile, Removal, Sample, Tunnelling};
use super::value::ShownKey;
use super::words::{self, Words};
use crate::spec::{
    Encryption, IkeVersion, InsideCidr, Integrity, Site, StartupAction, VpnConnectionId,
};
use crate::tunnel::{
    AWS_PHASE1_GROUPS, AWS_PHASE2_GROUPS, Abilities, Bgp, Phase, RouteExchange, Tunnel,
    TunnelOptions, TunnelSet, mss, mtu,
};

/// The device.
pub(super) struct Generic;

impl Device for Generic {
    fn name(&self) -> &'static str {
        "generic"
    }

    fn title(&self) -> &'static str {
        "Any other IPsec router: every value written down, with vendors' words for it"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "any",
            versions: "any with IKEv2, or IKEv1 under `security: compatible`",
            tunnelling: Tunnelling::RouteBased,
            ipv6: false,
            name_limit: None,
            judged: Judged {
                level: Level::Structure,
                by: "our own reading of every value back out of the page",
            },
            sample: Some(Sample {
                vendor: "Generic",
                platform: "Generic",
            }),
        }
    }

    /// Everything that AWS has: what an unknown device lacks, only its owner can say, by naming
    /// what it has under `tunnels` in the site file.
    fn abilities(&self) -> Abilities {
        Abilities {
            ike_versions: IkeVersion::ALL.to_vec(),
            phase1_encryption: Encryption::ALL.to_vec(),
            phase1_integrity: Integrity::ALL.to_vec(),
            phase1_dh_groups: AWS_PHASE1_GROUPS.to_vec(),
            phase2_encryption: Encryption::ALL.to_vec(),
            phase2_integrity: Integrity::ALL.to_vec(),
            phase2_dh_groups: AWS_PHASE2_GROUPS.to_vec(),
            bgp: true,
            static_routing: true,
            route_based: true,
        }
    }

    fn options(&self) -> &'static [OptionSpec] {
        &[]
    }

    fn render(
        &self,
        set: &TunnelSet,
        context: &RenderContext,
    ) -> Result<Vec<BundleFile>, RenderError> {
        if let Some(problem) = self.check_options(&set.site.gateway).into_iter().next() {
            return Err(RenderError::Option(problem));
        }
        direct::check(self, set)?;
        let clear = Page::of(set, &context.tool_version, true);
        let redacted = Page::of(set, &context.tool_version, false);
        Ok(vec![
            BundleFile::secret("tunnels.md", &clear)?,
            BundleFile::public("tunnels-redacted.md", &redacted)?,
            json(set)?,
        ])
    }

    fn notes(&self, set: &TunnelSet) -> Vec<String> {
        let words = &set.tunnels[0].options;
        vec![
            format!(
                "make sure that the device has {} with group {} for IKE and {} with group {} for \
                 ESP; if not, name what it has under `tunnels` in the site file and onboard again",
                words.phase1.encryption,
                words.phase1.dh_group,
                words.phase2.encryption,
                words.phase2.dh_group
            ),
            "type the values of tunnels.md into the device, both tunnels".to_owned(),
            "set MTU and MSS clamp on both tunnel interfaces: AWS does no path MTU discovery"
                .to_owned(),
            "give a colleague tunnels-redacted.md, never tunnels.md: it holds the keys".to_owned(),
        ]
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        set.tunnels
            .iter()
            .map(|tunnel| {
                Check::new(
                    format!("ping {}", tunnel.aws.inside),
                    format!("answers through tunnel {}", tunnel.number),
                )
            })
            .collect()
    }

    fn removal(&self) -> Removal {
        Removal::ByHand
    }
}

#[derive(Template)]
#[template(path = "generic/tunnels.md", escape = "none")]
struct Page<'a> {
    secret: bool,
    version: &'a str,
    connection: &'a str,
    site: &'a Site,
    nat: bool,
    vpc: &'a [Ipv4Net],
    bgp: Option<Bgp>,
    tunnels: [Row<'a>; 2],
    words: Vec<Words>,
}

/// One tunnel of the page.
struct Row<'a> {
    number: u8,
    aws_outside: Ipv4Addr,
    aws_inside: Ipv4Addr,
    customer_inside: Ipv4Addr,
    options: &'a TunnelOptions,
    key: ShownKey<'a>,
    mtu: u16,
    mss: u16,
}

impl<'a> Page<'a> {
    fn of(set: &'a TunnelSet, version: &'a str, secret: bool) -> Self {
        let row = |tunnel: &'a Tunnel| {
            let gateway = &set.site.gateway;
            let (nat, uplink) = (gateway.behind_nat(), gateway.uplink_mtu);
            Row {
                number: tunnel.number,
                aws_outside: tunnel.aws.outside,
                aws_inside: tunnel.aws.inside,
                customer_inside: tunnel.customer.inside,
                options: &tunnel.options,
                key: if secret {
                    ShownKey::Clear(&tunnel.key)
                } else {
                    ShownKey::Redacted
                },
                mtu: mtu(&tunnel.options, nat, uplink),
                mss: mss(&tunnel.options, nat, uplink),
            }
        };
        Self {
            secret,
            version,
            connection: set
                .connection
                .as_ref()
                .map_or("a connection", VpnConnectionId::as_str),
            site: &set.site,
            nat: set.site.gateway.behind_nat(),
            vpc: &set.vpc_cidrs,
            bgp: bgp(set),
            tunnels: [row(&set.tunnels[0]), row(&set.tunnels[1])],
            words: words::of(set),
        }
    }
}

impl Row<'_> {
    fn ike(&self) -> &'static str {
        match self.options.ike_version {
            IkeVersion::V1 => "IKEv1",
            IkeVersion::V2 => "IKEv2 only",
        }
    }

    fn ike_rekey(&self) -> u32 {
        self.options.device_rekey(self.options.phase1.lifetime)
    }

    fn esp_rekey(&self) -> u32 {
        self.options.device_rekey(self.options.phase2.lifetime)
    }

    fn is_v1(&self) -> bool {
        self.options.ike_version == IkeVersion::V1
    }

    fn device_initiates(&self) -> bool {
        self.options.startup_action == StartupAction::Add
    }
}

fn bgp(set: &TunnelSet) -> Option<Bgp> {
    match &set.routes {
        RouteExchange::Bgp(bgp) => Some(*bgp),
        RouteExchange::Static => None,
    }
}

/// `tunnels.json`: the same values for a program.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    site: &'a str,
    connection: Option<&'a VpnConnectionId>,
    customer_outside: Ipv4Addr,
    customer_local: Ipv4Addr,
    behind_nat: bool,
    lan: &'a [Ipv4Net],
    vpc: &'a [Ipv4Net],
    bgp: Option<Bgp>,
    tunnels: Vec<Entry<'a>>,
}

/// One tunnel of the document; `phase1` and `phase2` in AWS's words.
#[derive(Serialize)]
struct Entry<'a> {
    number: u8,
    aws_outside: Ipv4Addr,
    aws_inside: Ipv4Addr,
    customer_inside: Ipv4Addr,
    inside_cidr: InsideCidr,
    pre_shared_key: &'a str,
    ike_version: IkeVersion,
    phase1: Phase,
    phase2: Phase,
    replay_window: u32,
    dpd_timeout: u32,
    mtu: u16,
    mss: u16,
}

fn json(set: &TunnelSet) -> Result<BundleFile, RenderError> {
    let gateway = &set.site.gateway;
    let (nat, uplink) = (gateway.behind_nat(), gateway.uplink_mtu);
    let entries = set.tunnels.iter().map(|tunnel| Entry {
        number: tunnel.number,
        aws_outside: tunnel.aws.outside,
        aws_inside: tunnel.aws.inside,
        customer_inside: tunnel.customer.inside,
        inside_cidr: tunnel.options.inside_cidr,
        pre_shared_key: tunnel.key.expose(),
        ike_version: tunnel.options.ike_version,
        phase1: tunnel.options.phase1,
        phase2: tunnel.options.phase2,
        replay_window: tunnel.options.replay_window,
        dpd_timeout: tunnel.options.dpd_timeout,
        mtu: mtu(&tunnel.options, nat, uplink),
        mss: mss(&tunnel.options, nat, uplink),
    });
    let document = Document {
        schema_version: 1,
        site: set.site.name.as_str(),
        connection: set.connection.as_ref(),
        customer_outside: gateway.outside_ip,
        customer_local: gateway.wan_address(),
        behind_nat: nat,
        lan: &set.site.lan,
        vpc: &set.vpc_cidrs,
        bgp: bgp(set),
        tunnels: entries.collect(),
    };
    let mut content = Zeroizing::new(Vec::with_capacity(16 * 1024));
    serde_json::to_writer_pretty(&mut *content, &document).map_err(|error| {
        RenderError::Template {
            path: "tunnels.json".to_owned(),
            source: askama::Error::Custom(Box::new(error)),
        }
    })?;
    content.push(b'\n');
    Ok(BundleFile::of_bytes("tunnels.json", 0o600, content))
}

#[cfg(test)]
#[path = "generic_tests.rs"]
mod tests;
