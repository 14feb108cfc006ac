//! The one list of devices.

use super::arista_eos::AristaEos;
use super::checkpoint_gaia::CheckPointGaia;
use super::cisco_asa::CiscoAsa;
use super::cisco_ios_xe::CiscoIosXe;
use super::edgeos::EdgeOs;
use super::fortinet_fortios::FortinetFortiOs;
use super::generic::Generic;
use super::juniper_srx::JuniperSrx;
use super::libreswan::Libreswan;
use super::mikrotik_routeros::MikroTikRouterOs;
use super::model::Device;
use super::openbsd_iked::OpenBsdIked;
use super::opnsense::OpnSense;
use super::paloalto_panos::PaloAltoPanOs;
use super::pfsense::PfSense;
use super::screens::{BIGIP, H3C, MERAKI, SOPHOS, UNIFI, WATCHGUARD};
use super::sonicwall_sonicos::SonicWallSonicOs;
use super::strongswan::StrongSwan;
use super::strongswan_ipsecconf::StrongSwanIpsecConf;
use super::vyos::VyOs;
use super::yamaha_rtx::YamahaRtx;
use crate::spec::InvalidValue;

/// Every device, in the order in which `underpass devices` shows them.
static DEVICES: &[&dyn Device] = &[
    &StrongSwan,
    &AristaEos,
    &CheckPointGaia,
    &CiscoAsa,
    &CiscoIosXe,
    &FortinetFortiOs,
    &JuniperSrx,
    &PaloAltoPanOs,
    &SonicWallSonicOs,
    &Libreswan,
    &StrongSwanIpsecConf,
    &OpenBsdIked,
    &EdgeOs,
    &MikroTikRouterOs,
    &VyOs,
    &YamahaRtx,
    &OpnSense,
    &PfSense,
    &MERAKI,
    &UNIFI,
    &SOPHOS,
    &WATCHGUARD,
    &BIGIP,
    &H3C,
    &Generic,
];

/// Every device.
pub fn registry() -> &'static [&'static dyn Device] {
    DEVICES
}

/// The device of that name; the refusal suggests the nearest one.
pub fn find(name: &str) -> Result<&'static dyn Device, InvalidValue> {
    if let Some(device) = DEVICES.iter().find(|device| device.name() == name) {
        return Ok(*device);
    }
    let names: Vec<&str> = DEVICES.iter().map(|device| device.name()).collect();
    let help = match similar::get_close_matches(name, &names, 1, 0.5).first() {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!(
            "use one of {}; `generic` writes every value down for a device that is not listed",
            names.join(", ")
        ),
    };
    Err(InvalidValue::new(
        format!("there is no device `{}`", name.escape_debug()),
        help,
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn names() -> BTreeSet<String> {
        DEVICES
            .iter()
            .map(|device| device.name().to_owned())
            .collect()
    }

    #[test]
    fn a_device_that_is_not_registered_is_found_out() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let marker = ["impl", "Device", "for "].join(" ");
        let mut files = BTreeSet::new();
        for entry in fs::read_dir(root.join("src/device")).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap_or_default();
            if text.lines().any(|line| line.starts_with(&marker)) {
                files.insert(stem(&path).replace('_', "-"));
            }
        }
        // Step lists share one file; each has a page instead of a folder.
        assert!(files.remove("screens"));
        let pages: BTreeSet<String> = fs::read_dir(root.join("templates/screens"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "md"))
            .map(|path| stem(&path))
            .collect();
        let folders: BTreeSet<String> = fs::read_dir(root.join("templates"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !["common", "screens"].contains(&name.as_str()))
            .collect();
        let all = |own: &BTreeSet<String>| own.union(&pages).cloned().collect::<BTreeSet<_>>();
        assert_eq!(
            all(&files),
            names(),
            "src/device/*.rs and registry.rs differ"
        );
        assert_eq!(all(&folders), names(), "templates/* and registry.rs differ");
        assert_eq!(names().len(), DEVICES.len(), "two devices of one name");
    }

    fn stem(path: &Path) -> String {
        path.file_stem().unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn a_misspelt_device_is_guessed() {
        assert_eq!(find("generic").unwrap().name(), "generic");
        assert_eq!(
            find("strongswam").unwrap_err().help,
            "did you mean `strongswan`?"
        );
        assert!(find("a\nb").unwrap_err().problem.contains("a\\nb"));
    }

    /// A device whose own abilities do not meet its policy could never be onboarded.
    #[test]
    fn every_device_meets_the_policy_strong() {
        for device in DEVICES {
            let inside = crate::tunnel::sample::planned().map(|options| options.inside_cidr);
            let mut site = crate::tunnel::sample::site();
            device.name().clone_into(&mut site.gateway.device);
            crate::tunnel::negotiate(&site, &device.abilities(), inside).unwrap();
            for spec in device.options() {
                assert_eq!(spec.required, spec.default.is_none(), "{}", spec.name);
                (spec.check)(spec.example).unwrap();
            }
        }
    }
}
