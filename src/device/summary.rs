//! A device in the facts by which people choose one.

use serde::Serialize;

use super::model::Device;
use super::profile::{Judged, Tunnelling};
use crate::spec::{Encryption, IkeVersion};
use crate::tunnel::{Phase, strongest};

/// A row of `underpass devices` and of `docs/devices.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The name in the site file.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// Who makes it.
    pub vendor: &'static str,
    /// The software that the files are meant for.
    pub versions: &'static str,
    /// IKE versions.
    pub ike_versions: Vec<IkeVersion>,
    /// Whether it speaks BGP.
    pub bgp: bool,
    /// Whether static routes fail over from one tunnel to the other.
    pub static_routing: bool,
    /// Whether its tunnels can carry IPv6.
    pub ipv6: bool,
    /// Whether its files can hold the router's end of a Direct Connect.
    pub direct_connect: bool,
    /// Whether phase 1 has a GCM cipher.
    pub phase1_gcm: bool,
    /// Whether phase 2 has a GCM cipher.
    pub phase2_gcm: bool,
    /// How traffic finds the tunnels.
    pub tunnelling: Tunnelling,
    /// The strongest options that AWS and it share.
    pub strongest: Option<Strongest>,
    /// What has judged its files.
    pub judged: Judged,
}

/// The strongest options that AWS and a device share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Strongest {
    /// The IKE version.
    pub ike_version: IkeVersion,
    /// IKE.
    pub phase1: Phase,
    /// ESP.
    pub phase2: Phase,
}

impl Summary {
    /// A device's row.
    pub fn of(device: &dyn Device) -> Self {
        let (abilities, profile) = (device.abilities(), device.profile());
        let gcm = |ciphers: &[Encryption]| ciphers.iter().any(|cipher| cipher.is_aead());
        Self {
            name: device.name(),
            title: device.title(),
            vendor: profile.vendor,
            versions: profile.versions,
            phase1_gcm: gcm(&abilities.phase1_encryption),
            phase2_gcm: gcm(&abilities.phase2_encryption),
            bgp: abilities.bgp,
            static_routing: abilities.static_routing,
            ipv6: profile.ipv6,
            direct_connect: device.direct_connect().is_able(),
            tunnelling: profile.tunnelling,
            strongest: strongest(&abilities).map(|options| Strongest {
                ike_version: options.ike_version,
                phase1: options.phase1,
                phase2: options.phase2,
            }),
            judged: profile.judged,
            ike_versions: abilities.ike_versions,
        }
    }

    /// The IKE versions in a word: `1 2`, `2`.
    pub fn ike(&self) -> String {
        let versions: Vec<&str> = (self.ike_versions.iter())
            .map(|version| version.as_str().trim_start_matches("ikev"))
            .collect();
        versions.join(" ")
    }

    /// The phases that have a GCM cipher: `1 2`, `2`, or a dash.
    pub fn gcm(&self) -> String {
        match (self.phase1_gcm, self.phase2_gcm) {
            (true, true) => "1 2",
            (true, false) => "1",
            (false, true) => "2",
            (false, false) => "–",
        }
        .to_owned()
    }
}

impl Strongest {
    /// Phase 1 as cipher, PRF or integrity, group: `AES256-GCM-16/SHA2-512/21`.
    pub fn ike(&self) -> String {
        let phase = &self.phase1;
        format!(
            "{}/{}/{}",
            phase.encryption, phase.integrity, phase.dh_group
        )
    }

    /// Phase 2 as cipher, integrity where the cipher has none, group: `AES256-GCM-16/21`.
    pub fn esp(&self) -> String {
        let phase = &self.phase2;
        if phase.encryption.is_aead() {
            format!("{}/{}", phase.encryption, phase.dh_group)
        } else {
            format!(
                "{}/{}/{}",
                phase.encryption, phase.integrity, phase.dh_group
            )
        }
    }
}
