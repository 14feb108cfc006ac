//! The files that every Linux router gets, whichever IKE daemon it runs.

use askama::Template;

use super::linux::View;
use super::model::{BundleFile, RenderError};
use super::profile::Check;
use crate::tunnel::TunnelSet;

/// Declares templates that show a [`View`] and perhaps more.
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
pub(super) use templates;

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

/// Kernel settings, interfaces, firewall and the watch over the tunnels.
pub(super) fn network(v: &View<'_>) -> Result<Vec<BundleFile>, RenderError> {
    let site = v.site;
    let (units, lib) = ("etc/systemd/system", v.lib());
    let lib = lib.trim_start_matches('/');
    Ok(vec![
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
    ])
}

/// FRR's block and its removal, and a block of its own for the key of a Direct Connect; nothing where
/// nobody speaks BGP.
pub(super) fn frr(v: &View<'_>) -> Result<Vec<BundleFile>, RenderError> {
    let Some(asn) = v.asn() else {
        return Ok(Vec::new());
    };
    let folder = format!("etc/underpass/{}", v.site);
    let mut files = vec![
        BundleFile::public(format!("{folder}/frr.conf"), &Frr { v, asn })?,
        BundleFile::public(format!("{folder}/frr-remove.conf"), &FrrRemove { v, asn })?,
    ];
    if let Some(d) = &v.direct {
        let (key, remove) = (FrrKey { v, d }, FrrKeyRemove { v, d });
        files.push(BundleFile::secret(
            format!("{folder}/frr-dx-key.conf"),
            &key,
        )?);
        files.push(BundleFile::public(
            format!("{folder}/frr-dx-remove.conf"),
            &remove,
        )?);
    }
    Ok(files)
}

/// What is to be seen of a Direct Connect.
pub(super) fn direct_checks(set: &TunnelSet) -> Vec<Check> {
    let Some(link) = &set.direct_connect else {
        return Vec::new();
    };
    let amazon = link.amazon.addr();
    let mut checks = vec![
        Check::new(format!("ping -c 3 {amazon}"), "answers over Direct Connect"),
        Check::new(
            format!("vtysh -c 'show bgp neighbors {amazon}'"),
            "BGP state = Established, and a count of accepted prefixes",
        ),
    ];
    if link.bfd {
        checks.push(Check::new(
            "vtysh -c 'show bfd peers brief'",
            format!("{amazon} with the status up"),
        ));
    }
    checks
}

/// What is to be done for a Direct Connect.
pub(super) fn direct_notes(set: &TunnelSet) -> Option<String> {
    let link = set.direct_connect.as_ref()?;
    let mut note = format!(
        "for Direct Connect, let BGP (TCP 179) in from {} on its VLAN where an input chain drops by \
         default",
        link.amazon.addr()
    );
    if link.bfd {
        note.push_str(", and BFD (UDP 3784 and 3785)");
    }
    if link.mtu > 1_500 {
        note.push_str(&format!(
            "; what stands between the port and AWS has to carry frames of {} bytes and their headers",
            link.mtu
        ));
    }
    Some(note)
}

/// The program that puts `files` in their places and takes them away again.
pub(super) fn install(v: &View<'_>, files: &[BundleFile]) -> Result<BundleFile, RenderError> {
    let files: Vec<Installed> = files.iter().map(Installed::of).collect();
    BundleFile::program("install.sh", &Install { v, files: &files })
}

templates! {
    Sysctl = "strongswan/sysctl.conf" {}
    Firewall = "strongswan/firewall.nft" {}
    Networkd = "strongswan/networkd.conf" {}
    Links = "strongswan/links.sh" {}
    Watch = "strongswan/watch.sh" {}
    LinksUnit = "strongswan/links.service" {}
    FirewallUnit = "strongswan/firewall.service" {}
    WatchUnit = "strongswan/watch.service" {}
    Frr = "strongswan/frr.conf" { asn: crate::spec::Asn }
    FrrRemove = "strongswan/frr-remove.conf" { asn: crate::spec::Asn }
    FrrKey = "strongswan/frr-dx-key.conf" { d: &'a super::direct::Direct<'a> }
    FrrKeyRemove = "strongswan/frr-dx-remove.conf" { d: &'a super::direct::Direct<'a> }
    Install = "strongswan/install.sh" { files: &'a [Installed] }
}
