//! What a connection accepts below the policy `strong`.

use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity, TunnelWishes};

/// The weak values that a tunnel accepts, in words; an empty list of AWS means all of them.
pub fn weak_of(accepted: &TunnelWishes) -> Vec<String> {
    let mut weak = Vec::new();
    let mut add = |word: String| {
        if !weak.contains(&word) {
            weak.push(word);
        }
    };
    if takes(&accepted.ike_versions, &IkeVersion::V1) {
        add("IKEv1".to_owned());
    }
    for list in [&accepted.phase1_encryption, &accepted.phase2_encryption] {
        for cipher in [Encryption::Aes128, Encryption::Aes128Gcm16] {
            if takes(list, &cipher) {
                add(cipher.to_string());
            }
        }
    }
    for list in [&accepted.phase1_integrity, &accepted.phase2_integrity] {
        if takes(list, &Integrity::Sha1) {
            add("SHA1".to_owned());
        }
    }
    for (list, groups) in [
        (&accepted.phase1_dh_groups, &[2, 22, 23, 24][..]),
        (&accepted.phase2_dh_groups, &[2, 5, 22, 23, 24][..]),
    ] {
        for group in groups {
            if takes(list, &DhGroup(*group)) {
                add(format!("DH group {group}"));
            }
        }
    }
    weak
}

fn takes<T: PartialEq>(list: &[T], value: &T) -> bool {
    list.is_empty() || list.contains(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_means_everything_and_a_narrow_tunnel_has_nothing_weak() {
        let all = weak_of(&TunnelWishes::default());
        assert!(all.len() == 9 && all[0] == "IKEv1", "{all:?}");
        let mut narrow = TunnelWishes {
            ike_versions: vec![IkeVersion::V2],
            phase1_encryption: vec![Encryption::Aes256],
            phase1_integrity: vec![Integrity::Sha256],
            phase1_dh_groups: vec![DhGroup(14)],
            phase2_encryption: vec![Encryption::Aes256Gcm16],
            phase2_integrity: vec![Integrity::Sha256],
            phase2_dh_groups: vec![DhGroup(20)],
            ..TunnelWishes::default()
        };
        assert_eq!(weak_of(&narrow), Vec::<String>::new());
        narrow.phase2_dh_groups.push(DhGroup(5));
        assert_eq!(weak_of(&narrow), ["DH group 5"]);
    }
}
