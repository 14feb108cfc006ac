//! strongSwan 5.9 and later with XFRM interfaces, FRR for BGP and nftables: a Linux router.

use askama::Template;

use super::linux::View;
use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::{InterfaceName, OptionSpec};
use super::profile::{Check, Judged, Level, Profile, Removal, Sample, Tunnelling};
use crate::spec::{Encryption, IkeVersion, Integrity, InvalidValue};
use crate::tunnel::{AWS_PHASE1_GROUPS, AWS_PHASE2_GROUPS, Abilities, RouteExchange, TunnelSet};

/// The device.
pub(super) struct StrongSwan;

/// The option that names the WAN interface.
pub(super) const WAN_INTERFACE: &str = "wan_interface";
/// The option that chooses how far the firewall goes.
pub(super) const FIREWALL: &str = "firewall";

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: WAN_INTERFACE,
        what: "the interface that leads to the Internet; install.sh refuses if the route to AWS \
               leaves by another",
        pattern: "[A-Za-z0-9][A-Za-z0-9_.-]{0,14}",
        default: Some("the one that the route to AWS leaves by"),
        required: false,
        example: "eth0",
        check: |value| value.parse::<InterfaceName>().map(drop),
    },
    OptionSpec {
        name: FIREWALL,
        what: "`strict` lets the WAN address speak IKE and ESP with AWS's two endpoints alone, \
               `shared` leaves IKE and ESP of other VPNs on the same machine in peace",
        pattern: "strict|shared",
        default: Some("strict"),
        required: false,
        example: "shared",
        check: |value| match value {
            "strict" | "shared" => Ok(()),
            other => Err(InvalidValue::new(
                format!("`{}` is not a firewall mode", other.escape_debug()),
                "use `strict` or `shared`",
            )),
        },
    },
];

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
        if set.vpc_cidrs.is_empty() {
            return Err(RenderError::Unsupported {
                device: self.name(),
                problem: "the VPC has no network to route to".to_owned(),
            });
        }
        let view = View::of(set)?;
        let v = &view;
        let mut files = ipsec_files(v)?;
        files.extend(network_files(v)?);
        files.extend(frr_files(v)?);
        let installed: Vec<Installed> = files.iter().map(Installed::of).collect();
        files.push(BundleFile::program(
            "install.sh",
            &Install {
                v,
                files: &installed,
            },
        )?);
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
        checks
    }

    fn removal(&self) -> Removal {
        Removal::Command("./install.sh --remove")
    }
}

/// A file that `install.sh` puts under `/`.
struct Installed {
    path: String,
    mode: u32,
}

impl Installed {
    fn of(file: &BundleFile) -> Self {
        Self {
            path: file.path.clone(),
            mode: file.mode,
        }
    }

    fn mode(&self) -> String {
        format!("{:04o}", self.mode)
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

fn network_files(v: &View<'_>) -> Result<Vec<BundleFile>, RenderError> {
    let site = v.site;
    let (units, lib) = ("etc/systemd/system", v.lib());
    let lib = lib.trim_start_matches('/');
    let mut files = vec![
        BundleFile::public(
            format!("etc/sysctl.d/60-underpass-{site}.conf"),
            &Sysctl { v },
        )?,
        BundleFile::public(
            format!("etc/underpass/{site}/firewall.nft"),
            &Firewall { v },
        )?,
        BundleFile::public(
            format!("etc/systemd/networkd.conf.d/50-underpass-{site}.conf"),
            &Networkd { v },
        )?,
        BundleFile::program(format!("{lib}/links.sh"), &Links { v })?,
        BundleFile::program(format!("{lib}/watch.sh"), &Watch { v })?,
        BundleFile::public(
            format!("{units}/underpass-{site}.service"),
            &LinksUnit { v },
        )?,
        BundleFile::public(
            format!("{units}/underpass-{site}-firewall.service"),
            &FirewallUnit { v },
        )?,
        BundleFile::public(
            format!("{units}/underpass-{site}-watch.service"),
            &WatchUnit { v },
        )?,
    ];
    for link in &v.links {
        let unit = format!("etc/systemd/network/50-underpass-{site}-{}", link.number);
        files.push(BundleFile::public(
            format!("{unit}.netdev"),
            &NetDev { v, link },
        )?);
        files.push(BundleFile::public(
            format!("{unit}.network"),
            &Network { v, link },
        )?);
    }
    Ok(files)
}

fn frr_files(v: &View<'_>) -> Result<Vec<BundleFile>, RenderError> {
    let Some(bgp) = &v.bgp else {
        return Ok(Vec::new());
    };
    let folder = format!("etc/underpass/{}", v.site);
    Ok(vec![
        BundleFile::public(format!("{folder}/frr.conf"), &Frr { v, bgp })?,
        BundleFile::public(format!("{folder}/frr-remove.conf"), &FrrRemove { v, bgp })?,
    ])
}

macro_rules! templates {
    ($($name:ident = $path:literal { $($field:ident: $type:ty),* })+) => {
        $(
            #[derive(Template)]
            #[template(path = $path, escape = "none")]
            struct $name<'a> {
                v: &'a View<'a>,
                $($field: $type),*
            }
        )+
    };
}

templates! {
    Swanctl = "strongswan/swanctl.conf" {}
    Secrets = "strongswan/secrets.conf" {}
    Charon = "strongswan/strongswan.conf" {}
    Sysctl = "strongswan/sysctl.conf" {}
    Firewall = "strongswan/firewall.nft" {}
    Networkd = "strongswan/networkd.conf" {}
    NetDev = "strongswan/link.netdev" { link: &'a super::linux::Link<'a> }
    Network = "strongswan/link.network" { link: &'a super::linux::Link<'a> }
    Links = "strongswan/links.sh" {}
    Watch = "strongswan/watch.sh" {}
    LinksUnit = "strongswan/links.service" {}
    FirewallUnit = "strongswan/firewall.service" {}
    WatchUnit = "strongswan/watch.service" {}
    Frr = "strongswan/frr.conf" { bgp: &'a crate::tunnel::Bgp }
    FrrRemove = "strongswan/frr-remove.conf" { bgp: &'a crate::tunnel::Bgp }
    Install = "strongswan/install.sh" { files: &'a [Installed] }
    Readme = "strongswan/README.md" { version: &'a str }
}

#[cfg(test)]
#[path = "strongswan_tests.rs"]
mod tests;
