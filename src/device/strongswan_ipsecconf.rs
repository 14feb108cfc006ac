//! strongSwan 5.3 and later with `ipsec.conf`, VTI interfaces and marks: an older Linux router.

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
use crate::spec::{DhGroup, Encryption, Gateway, IkeVersion, Integrity, InvalidValue};
use crate::tunnel::{Abilities, RouteExchange, TunnelSet};

/// The device.
pub(super) struct StrongSwanIpsecConf;

const SERVICE: &str = "service";
const NEWER: &str = "strongswan-starter";
const OLDER: &str = "strongswan";

const OPTIONS: &[OptionSpec] = &[
    WAN_INTERFACE_OPTION,
    FIREWALL_OPTION,
    DIRECT_CONNECT_OPTION,
    OptionSpec {
        name: SERVICE,
        what: "strongSwan's systemd unit: `strongswan` on Debian 9, Ubuntu 18.04 and before, \
               `strongswan-starter` since",
        pattern: "strongswan|strongswan-starter",
        default: Some(NEWER),
        required: false,
        example: OLDER,
        check: |value| match value {
            NEWER | OLDER => Ok(()),
            other => Err(InvalidValue::new(
                format!("`{}` is not strongSwan's unit", other.escape_debug()),
                "use `strongswan-starter` or `strongswan`",
            )),
        },
    },
];

impl Device for StrongSwanIpsecConf {
    fn name(&self) -> &'static str {
        "strongswan-ipsecconf"
    }

    fn title(&self) -> &'static str {
        "older Linux router: strongSwan 5.3+ (ipsec.conf), VTI, FRR 7.5+, iptables"
    }

    fn profile(&self) -> Profile {
        Profile {
            vendor: "Linux",
            versions: "strongSwan 5.3 to 5.9 with ipsec.conf (Debian, Ubuntu), kernel 3.16 with VTI, \
                       systemd, FRR 7.5",
            tunnelling: Tunnelling::RouteBased,
            ipv6: false,
            // IFNAMSIZ - 1
            name_limit: Some(15),
            judged: Judged {
                level: Level::Daemon,
                by: "starter, stroke and charon 5.9.8, iptables 1.8",
            },
            sample: Some(Sample {
                vendor: "Strongswan",
                platform: "Ubuntu 16.04",
            }),
        }
    }

    /// strongSwan's own proposal keywords, with the openssl plugin for the elliptic groups.
    fn abilities(&self) -> Abilities {
        let groups = [2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24].map(DhGroup);
        Abilities {
            ike_versions: IkeVersion::ALL.to_vec(),
            phase1_encryption: Encryption::ALL.to_vec(),
            phase1_integrity: Integrity::ALL.to_vec(),
            phase1_dh_groups: groups.to_vec(),
            phase2_encryption: Encryption::ALL.to_vec(),
            phase2_integrity: Integrity::ALL.to_vec(),
            phase2_dh_groups: groups.to_vec(),
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
        let mut daemon = linux_daemon::STARTER;
        daemon.unit = unit(&set.site.gateway);
        let v = &View::of(set, daemon)?;
        let site = v.site;
        let conf = format!("etc/ipsec.d/underpass-{site}");
        let lib = v.lib();
        let lib = lib.trim_start_matches('/');
        let mut files = vec![
            BundleFile::public(format!("{conf}.conf"), &Conf { v })?,
            BundleFile::secret(format!("{conf}.secrets"), &Secrets { v })?,
            BundleFile::public(
                format!("etc/strongswan.d/underpass-{site}.conf"),
                &Charon { v },
            )?,
            BundleFile::program(format!("{lib}/links.sh"), &Links { v })?,
            BundleFile::program(format!("{lib}/firewall.sh"), &Firewall { v })?,
            BundleFile::public(
                format!("etc/systemd/system/underpass-{site}-firewall.service"),
                &FirewallUnit { v },
            )?,
        ];
        let shared = linux_files::network(v)?.into_iter();
        // Interfaces and firewall are of an older kind here.
        let own = ["links.sh", "firewall.nft", "-firewall.service"];
        files.extend(shared.filter(|file| !own.iter().any(|name| file.path.ends_with(name))));
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
        files.push(paper::readme(self, set, context, &about(v), &listed)?);
        Ok(files)
    }

    fn notes(&self, set: &TunnelSet) -> Vec<String> {
        let site = &set.site.name;
        let mut notes = vec![
            "copy this folder to the router, keeping its modes: `scp -pr . root@router:underpass`"
                .to_owned(),
            format!(
                "let strongSwan read its own folder: put the line `include \
                 /etc/ipsec.d/underpass-{site}.conf` at the end of `/etc/ipsec.conf` and `include \
                 /etc/ipsec.d/underpass-{site}.secrets` at the end of `/etc/ipsec.secrets`; \
                 install.sh refuses without"
            ),
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
            "ipsec statusall",
            format!(
                "`{0}-1` and `{0}-2`, each ESTABLISHED and INSTALLED, TUNNEL",
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

fn unit(gateway: &Gateway) -> &'static str {
    match gateway.options.get(SERVICE).map(String::as_str) {
        Some(OLDER) => OLDER,
        _ => NEWER,
    }
}

fn about(v: &View<'_>) -> Vec<String> {
    let mut about = vec![
        String::new(),
        "For machines that have no swanctl, no XFRM interfaces or no nftables; prefer the device \
         `strongswan` on newer ones."
            .to_owned(),
    ];
    about.extend(v.about().into_iter().skip(2));
    about
}

impl Link<'_> {
    fn keyexchange(&self) -> &'static str {
        if self.is_v1() { "ikev1" } else { "ikev2" }
    }

    /// Names the chains of the firewall: iptables allows 28 characters.
    fn short(&self) -> String {
        format!("{:07x}", self.if_id >> 4)
    }
}

templates! {
    Conf = "strongswan-ipsecconf/ipsec.conf" {}
    Secrets = "strongswan-ipsecconf/ipsec.secrets" {}
    Charon = "strongswan-ipsecconf/strongswan.conf" {}
    Links = "strongswan-ipsecconf/links.sh" {}
    Firewall = "strongswan-ipsecconf/firewall.sh" {}
    FirewallUnit = "strongswan-ipsecconf/firewall.service" {}
}
