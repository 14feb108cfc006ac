//! The files that every Linux router gets, whichever IKE daemon it runs.

use askama::Template;

use super::linux::View;
use super::model::{BundleFile, RenderError};

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

/// FRR's block and its removal; nothing where routing is static.
pub(super) fn frr(v: &View<'_>) -> Result<Vec<BundleFile>, RenderError> {
    let Some(bgp) = &v.bgp else {
        return Ok(Vec::new());
    };
    let folder = format!("etc/underpass/{}", v.site);
    Ok(vec![
        BundleFile::public(format!("{folder}/frr.conf"), &Frr { v, bgp })?,
        BundleFile::public(format!("{folder}/frr-remove.conf"), &FrrRemove { v, bgp })?,
    ])
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
    Frr = "strongswan/frr.conf" { bgp: &'a crate::tunnel::Bgp }
    FrrRemove = "strongswan/frr-remove.conf" { bgp: &'a crate::tunnel::Bgp }
    Install = "strongswan/install.sh" { files: &'a [Installed] }
}
