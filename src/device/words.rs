//! AWS's names of algorithms in the words of several vendors.

use crate::spec::{DhGroup, Encryption, Integrity};
use crate::tunnel::TunnelSet;

/// AWS's name, then the words of Cisco IOS-XE, Juniper Junos, FortiOS, PAN-OS and strongSwan.
pub(super) type Words = [String; 6];

/// A row for every algorithm that the two tunnels use, each once.
pub(super) fn of(set: &TunnelSet) -> Vec<Words> {
    let mut rows: Vec<Words> = Vec::new();
    for tunnel in &set.tunnels {
        let (one, two) = (&tunnel.options.phase1, &tunnel.options.phase2);
        let mut new = vec![
            cipher(1, one.encryption),
            hash(1, one.integrity),
            group(1, one.dh_group),
            cipher(2, two.encryption),
        ];
        if !two.encryption.is_aead() {
            new.push(hash(2, two.integrity));
        }
        new.push(group(2, two.dh_group));
        rows.extend(new);
    }
    let mut seen = std::collections::BTreeSet::new();
    rows.retain(|row| seen.insert(row.clone()));
    rows
}

fn cipher(phase: u8, cipher: Encryption) -> Words {
    let bits = match cipher {
        Encryption::Aes128 | Encryption::Aes128Gcm16 => 128,
        Encryption::Aes256 | Encryption::Aes256Gcm16 => 256,
    };
    let (ios, junos, forti, pan, swan) = match (cipher.is_aead(), phase) {
        (true, 1) => (
            "aes-gcm-{}",
            "aes-{}-gcm",
            "aes{}gcm",
            "aes-{}-gcm",
            "aes{}gcm16",
        ),
        (true, _) => (
            "esp-gcm {}",
            "aes-{}-gcm",
            "aes{}gcm",
            "aes-{}-gcm",
            "aes{}gcm16",
        ),
        (false, 1) => ("aes-cbc-{}", "aes-{}-cbc", "aes{}", "aes-{}-cbc", "aes{}"),
        (false, _) => ("esp-aes {}", "aes-{}-cbc", "aes{}", "aes-{}-cbc", "aes{}"),
    };
    let row = [ios, junos, forti, pan, swan].map(|word| word.replace("{}", &bits.to_string()));
    labelled(format!("phase {phase} encryption {cipher}"), row)
}

fn hash(phase: u8, hash: Integrity) -> Words {
    let (plain, ike, ipsec, esp) = match hash {
        Integrity::Sha1 => ("sha1", "sha1", "hmac-sha1-96", "esp-sha-hmac"),
        Integrity::Sha256 => ("sha256", "sha-256", "hmac-sha-256-128", "esp-sha256-hmac"),
        Integrity::Sha384 => ("sha384", "sha-384", "hmac-sha-384", "esp-sha384-hmac"),
        Integrity::Sha512 => ("sha512", "sha-512", "hmac-sha-512", "esp-sha512-hmac"),
    };
    let row = if phase == 1 {
        [plain, ike, plain, plain, plain]
    } else {
        [esp, ipsec, plain, plain, plain]
    };
    let what = if phase == 1 {
        "integrity, PRF"
    } else {
        "integrity"
    };
    labelled(
        format!("phase {phase} {what} {hash}"),
        row.map(str::to_owned),
    )
}

fn group(phase: u8, group: DhGroup) -> Words {
    let number = group.to_string();
    let ios = if phase == 1 {
        "group "
    } else {
        "set pfs group"
    };
    labelled(
        format!("phase {phase} group {group}"),
        [
            format!("{ios}{number}"),
            format!("group{number}"),
            format!("dhgrp {number}"),
            format!("group{number}"),
            group.name().to_owned(),
        ],
    )
}

fn labelled(label: String, [ios, junos, forti, pan, swan]: [String; 5]) -> Words {
    [label, ios, junos, forti, pan, swan]
}
