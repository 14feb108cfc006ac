//! strongSwan 5.9 and later with XFRM interfaces, FRR for BGP and nftables: a Linux router.

use askama::Template;

use super::linux::{DIRECT_CONNECT_OPTION, FIREWALL_OPTION, View, WAN_INTERFACE_OPTION};
use super::linux_files::templates;
use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::OptionSpec;
use super::profile::{
    Check, DirectConnectSide, Judged, Level, Profile, Removal, Sample, Tunnelling,
};
use super::{direct, linux_daemon, linux_files};
use crate::spec::{Encryption, IkeVersion, Integrity};
use crate::tunnel::{AWS_PHASE1_GROUPS, AWS_PHASE2_GROUPS, Abilities, RouteExchange, TunnelSet};

/// The device.
pub(super) struct StrongSwan;

const OPTIONS: &[OptionSpec] = &[WAN_INTERFACE_OPTION, FIREWALL_OPTION, DIRECT_CONNECT_OPTION];

impl Device for StrongSwan {
    fn name(&self) -> &'static str {
        "strongswan"
    }

    fn title(&self) -> &'static str {
        "Linux router: strongSwan 5.9+ (swanctl), FRR 8+, nftables"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "Linux",
            versions: "strongSwan 5.9, FRR 8, nftables 1.0, kernel 4.19 with XFRM interfaces",
            tunnelling: Tunnelling::RouteBased,
            ipv6: true,
            // IFNAMSIZ - 1
            name_limit: Some(15),
            judged: Judged {
                level: Level::Daemon,
                by: "charon 5.9.8, zebra and bgpd 8.4, nft 1.0.6, systemd 252",
            },
            sample: Some(Sample {
                vendor: "Strongswan",
                platform: "Ubuntu 16.04",
            }),
        }
    }

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

    fn direct_connect(&self) -> DirectConnectSide {
        DirectConnectSide::Able {
            beside_static: true,
        }
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
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
        let view = View::of(set, linux_daemon::SWANCTL)?;
        let v = &view;
        let mut files = ipsec_files(v)?;
        files.extend(linux_files::network(v)?);
        files.extend(networkd_files(v)?);
        files.extend(linux_files::frr(v)?);
        files.push(linux_files::install(v, &files)?);
        let version = &context.tool_version;
        files.push(BundleFile::public("README.md", &Readme { v, version })?);
        Ok(files)
    }

    fn notes(&self, set: &TunnelSet) -> Vec<String> {
        let mut notes = vec![
            "copy this folder to the router, keeping its modes: scp -pr . root@router:underpass"
                .to_owned(),
            "on the router, see what would happen: ./install.sh --check".to_owned(),
            "install on trial, with an automatic way back: ./install.sh --try 10".to_owned(),
            "when both tunnels are up (swanctl --list-sas): ./install.sh --confirm".to_owned(),
        ];
        if matches!(set.routes, RouteExchange::Bgp(_)) {
            notes.push("see both sessions established: vtysh -c 'show bgp summary'".to_owned());
        }
        if set.site.gateway.behind_nat() {
            notes.push("let the NAT in front pass UDP 500 and 4500 from the router out".to_owned());
        }
        notes.extend(linux_files::direct_notes(set));
        notes
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        let mut checks = vec![Check::new(
            "swanctl --list-sas",
            "two IKE_SAs ESTABLISHED, each with one CHILD_SA INSTALLED",
        )];
        for tunnel in &set.tunnels {
            checks.push(Check::new(
                format!("ping -c 3 {}", tunnel.aws.inside),
                format!("answers through tunnel {}", tunnel.number),
            ));
        }
        if matches!(set.routes, RouteExchange::Bgp(_)) {
            checks.push(Check::new(
                "vtysh -c 'show bgp ipv4 unicast summary'",
                "two neighbors with a number under State/PfxRcd",
            ));
        }
        checks.push(Check::new(
            "nft list table inet underpass_SITE",
            "the chains of this site, SITE with `_` for `-`",
        ));
        checks.extend(linux_files::direct_checks(set));
        checks
    }

    fn spreads(&self) -> bool {
        true
    }

    fn removal(&self) -> Removal {
        Removal::Command("./install.sh --remove")
    }
}

fn ipsec_files(v: &View<'_>) -> Result<Vec<BundleFile>, RenderError> {
    let site = v.site;
    let conf = format!("etc/swanctl/conf.d/underpass-{site}");
    Ok(vec![
        BundleFile::public(format!("{conf}.conf"), &Swanctl { v })?,
        BundleFile::secret(format!("{conf}-secrets.conf"), &Secrets { v })?,
        BundleFile::public(
            format!("etc/strongswan.d/underpass-{site}.conf"),
            &Charon { v },
        )?,
    ])
}

/// The interfaces, for machines where systemd-networkd makes them.
fn networkd_files(v: &View<'_>) -> Result<Vec<BundleFile>, RenderError> {
    let mut files = Vec::new();
    for link in &v.links {
        let unit = format!(
            "etc/systemd/network/50-underpass-{}-{}",
            v.site, link.number
        );
        files.push(BundleFile::public(
            format!("{unit}.netdev"),
            &NetDev { v, link },
        )?);
        files.push(BundleFile::public(
            format!("{unit}.network"),
            &Network { v, link },
        )?);
    }
    if let Some(dx) = &v.dx {
        let unit = |number: u8, end: &str| {
            format!("etc/systemd/network/{number}-underpass-{}-{end}", v.site)
        };
        let (netdev, network) = (unit(50, "dx.netdev"), unit(50, "dx.network"));
        files.push(BundleFile::public(netdev, &VlanDev { v, dx })?);
        files.push(BundleFile::public(network, &VlanNetwork { v, dx })?);
        // Last: whoever configures the port already goes on doing so.
        let port = unit(90, "dx-port.network");
        files.push(BundleFile::public(port, &PortNetwork { v, dx })?);
    }
    Ok(files)
}

templates! {
    Swanctl = "strongswan/swanctl.conf" {}
    Secrets = "strongswan/secrets.conf" {}
    Charon = "strongswan/strongswan.conf" {}
    NetDev = "strongswan/link.netdev" { link: &'a super::linux::Link<'a> }
    Network = "strongswan/link.network" { link: &'a super::linux::Link<'a> }
    VlanDev = "strongswan/dx.netdev" { dx: &'a super::linux::Vlan<'a> }
    VlanNetwork = "strongswan/dx.network" { dx: &'a super::linux::Vlan<'a> }
    PortNetwork = "strongswan/dx-port.network" { dx: &'a super::linux::Vlan<'a> }
    Readme = "strongswan/README.md" { version: &'a str }
}

#[cfg(test)]
#[path = "strongswan_tests.rs"]
mod tests;
