//! Libreswan 4.9 and later with XFRM interfaces, FRR for BGP and nftables: a Linux router.

use askama::Template;

use super::linux::{DIRECT_CONNECT_OPTION, FIREWALL_OPTION, Link, View, WAN_INTERFACE_OPTION};
use super::linux_files::templates;
use super::model::{BundleFile, Device, RenderContext, RenderError};
use super::option::OptionSpec;
use super::paper::{self, Listed};
use super::profile::{
    Check, DirectConnectSide, Judged, Level, Profile, Removal, Sample, Tunnelling,
};
use super::{linux_daemon, linux_files};
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity};
use crate::tunnel::{Abilities, Phase, RouteExchange, TunnelSet};

/// The device.
pub(super) struct Libreswan;

const OPTIONS: &[OptionSpec] = &[WAN_INTERFACE_OPTION, FIREWALL_OPTION, DIRECT_CONNECT_OPTION];

impl Device for Libreswan {
    fn name(&self) -> &'static str {
        "libreswan"
    }

    fn title(&self) -> &'static str {
        "Linux router: Libreswan 4.9+, FRR 8+, nftables"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "Linux",
            versions: "Libreswan 4.9 to 5.x (RHEL 9, Debian 12 and later), FRR 8, nftables 1.0, \
                       kernel 4.19 with XFRM interfaces",
            tunnelling: Tunnelling::RouteBased,
            ipv6: true,
            // IFNAMSIZ - 1
            name_limit: Some(15),
            judged: Judged {
                level: Level::Daemon,
                by: "addconn and pluto 4.10, hands shaken with charon 5.9.8",
            },
            sample: Some(Sample {
                vendor: "Openswan",
                platform: "Openswan",
            }),
        }
    }

    /// What `algparse` of Debian's and RHEL's builds takes: no group 2 and none of 22 to 24. Only
    /// version 2 of IKE: 5.x drops version 1 unless told otherwise.
    fn abilities(&self) -> Abilities {
        let groups = |all: &[u16]| all.iter().copied().map(DhGroup).collect::<Vec<_>>();
        Abilities {
            ike_versions: vec![IkeVersion::V2],
            phase1_encryption: Encryption::ALL.to_vec(),
            phase1_integrity: Integrity::ALL.to_vec(),
            phase1_dh_groups: groups(&[14, 15, 16, 17, 18, 19, 20, 21]),
            phase2_encryption: Encryption::ALL.to_vec(),
            phase2_integrity: Integrity::ALL.to_vec(),
            phase2_dh_groups: groups(&[5, 14, 15, 16, 17, 18, 19, 20, 21]),
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
        let v = &View::of(set, linux_daemon::LIBRESWAN)?;
        let conf = format!("etc/ipsec.d/underpass-{}", v.site);
        let mut files = vec![
            BundleFile::public(format!("{conf}.conf"), &Conf { v })?,
            BundleFile::secret(format!("{conf}.secrets"), &Secrets { v })?,
        ];
        files.extend(linux_files::network(v)?);
        files.extend(linux_files::frr(v)?);
        files.push(linux_files::install(v, &files)?);
        let listed = [
            Listed {
                path: format!("{conf}.conf"),
                what: "both tunnels",
            },
            Listed {
                path: format!("{conf}.secrets"),
                what: "the keys",
            },
            Listed {
                path: "install.sh".to_owned(),
                what: "puts every file in its place, on trial if you like, and takes it away again",
            },
        ];
        files.push(paper::readme(self, set, context, &v.about(), &listed)?);
        Ok(files)
    }

    fn notes(&self, set: &TunnelSet) -> Vec<String> {
        let mut notes = vec![
            "copy this folder to the router, keeping its modes: `scp -pr . root@router:underpass`"
                .to_owned(),
            "see that `/etc/ipsec.conf` has the line `include /etc/ipsec.d/*.conf` and \
             `/etc/ipsec.secrets` the line `include /etc/ipsec.d/*.secrets`; install.sh refuses \
             without"
                .to_owned(),
            "on the router, see what would happen: `./install.sh --check`".to_owned(),
            "install on trial, with an automatic way back: `./install.sh --try 10`".to_owned(),
            "when both tunnels are up: `./install.sh --confirm`".to_owned(),
        ];
        if set.site.gateway.behind_nat() {
            notes.push("let the NAT in front pass UDP 500 and 4500 from the router out".to_owned());
        }
        notes.extend(linux_files::direct_notes(set));
        notes
    }

    fn checks(&self, set: &TunnelSet) -> Vec<Check> {
        let mut checks = vec![Check::new(
            "ipsec whack --trafficstatus",
            format!(
                "a line each for `{0}-1` and `{0}-2`, `type=ESP`",
                set.site.name
            ),
        )];
        for tunnel in &set.tunnels {
            checks.push(Check::new(
                format!("ping -c 3 {}", tunnel.aws.inside),
                format!("answers through tunnel {}", tunnel.number),
            ));
        }
        checks.push(match set.routes {
            RouteExchange::Bgp(_) => Check::new(
                "vtysh -c 'show bgp ipv4 unicast summary'",
                "two neighbors with a number under State/PfxRcd",
            ),
            RouteExchange::Static => Check::new(
                format!("systemctl status underpass-{}-watch", set.site.name),
                "active (running)",
            ),
        });
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

impl Link<'_> {
    /// Libreswan's words for phase 1; an AEAD cipher's hash is its PRF.
    fn libreswan_ike(&self) -> String {
        let phase = self.options.phase1;
        format!("{}-{};{}", cipher(phase), hash(phase), group(phase))
    }

    /// Libreswan's words for phase 2.
    fn libreswan_esp(&self) -> String {
        let phase = self.options.phase2;
        if phase.encryption.is_aead() {
            format!("{};{}", cipher(phase), group(phase))
        } else {
            format!("{}-{};{}", cipher(phase), hash(phase), group(phase))
        }
    }
}

const fn cipher(phase: Phase) -> &'static str {
    match phase.encryption {
        Encryption::Aes128 => "aes128",
        Encryption::Aes256 => "aes256",
        Encryption::Aes128Gcm16 => "aes_gcm128",
        Encryption::Aes256Gcm16 => "aes_gcm256",
    }
}

const fn hash(phase: Phase) -> &'static str {
    match phase.integrity {
        Integrity::Sha1 => "sha1",
        Integrity::Sha256 => "sha2_256",
        Integrity::Sha384 => "sha2_384",
        Integrity::Sha512 => "sha2_512",
    }
}

/// Debian's Libreswan knows the elliptic groups by `dh` and their number alone.
fn group(phase: Phase) -> String {
    match phase.dh_group.0 {
        19..=21 => format!("dh{}", phase.dh_group),
        _ => phase.dh_group.name().to_owned(),
    }
}

templates! {
    Conf = "libreswan/ipsec.conf" {}
    Secrets = "libreswan/ipsec.secrets" {}
}
