//! Connections that others made: what a device cannot do is told, with what would help.

use crate::device::registry;
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity, Security};
use crate::tunnel::{self, AWS_PHASE1_GROUPS, AWS_PHASE2_GROUPS, narrow, sample};

/// What the device lacks of a list.
fn lacks<T: Copy + PartialEq>(all: &[T], has: &[T]) -> Vec<T> {
    (all.iter().copied())
        .filter(|value| !has.contains(value))
        .collect()
}

/// A connection whose second tunnel allows only what the device cannot do, one list at a time:
/// that list of that tunnel is refused, and what is offered instead works.
#[test]
fn every_device_says_what_it_lacks_and_what_would_do() {
    let mut refused = 0;
    for device in registry() {
        let can = device.abilities();
        for list in 0..7 {
            let mut site = sample::site();
            device.name().clone_into(&mut site.gateway.device);
            site.security = Security::Compatible;
            let wishes = &mut site.tunnels[1];
            let (subject, option) = match list {
                0 => {
                    wishes.ike_versions = lacks(IkeVersion::ALL, &can.ike_versions);
                    ("IKE version", "IKEVersions")
                }
                1 => {
                    wishes.phase1_encryption = lacks(Encryption::ALL, &can.phase1_encryption);
                    ("phase 1 encryption", "Phase1EncryptionAlgorithms")
                }
                2 => {
                    wishes.phase1_integrity = lacks(Integrity::ALL, &can.phase1_integrity);
                    ("phase 1 integrity", "Phase1IntegrityAlgorithms")
                }
                3 => {
                    // 24 is AWS's, and nobody's who follows RFC 8247.
                    wishes.phase1_dh_groups = lacks(&AWS_PHASE1_GROUPS, &can.phase1_dh_groups);
                    wishes.phase1_dh_groups.push(DhGroup(24));
                    ("phase 1 DH group", "Phase1DHGroupNumbers")
                }
                4 => {
                    wishes.phase2_encryption = lacks(Encryption::ALL, &can.phase2_encryption);
                    ("phase 2 encryption", "Phase2EncryptionAlgorithms")
                }
                5 => {
                    wishes.phase2_encryption = vec![Encryption::Aes256];
                    wishes.phase2_integrity = lacks(Integrity::ALL, &can.phase2_integrity);
                    if wishes.phase2_integrity.is_empty() {
                        continue;
                    }
                    ("phase 2 integrity", "Phase2IntegrityAlgorithms")
                }
                _ => {
                    wishes.phase2_dh_groups = lacks(&AWS_PHASE2_GROUPS, &can.phase2_dh_groups);
                    wishes.phase2_dh_groups.push(DhGroup(24));
                    ("phase 2 DH group", "Phase2DHGroupNumbers")
                }
            };
            let empty = crate::spec::TunnelWishes::default();
            if *wishes == empty {
                continue;
            }
            let inside = sample::planned().map(|options| options.inside_cidr);
            let errors = tunnel::negotiate(&site, &can, inside).unwrap_err();
            let [error] = errors.errors.as_slice() else {
                panic!("{}: {errors}", device.name());
            };
            assert_eq!(
                (error.subject, error.tunnels.as_slice()),
                (subject, &[2_u8][..])
            );
            assert!(error.value.help.contains("could"), "{errors}");
            let [narrowing] = narrow(&errors, &can).try_into().unwrap();
            assert_eq!(narrowing.tunnel, 2);
            let [(name, value)] = narrowing.options.as_slice() else {
                panic!("{narrowing:?}");
            };
            assert_eq!(*name, option);
            let value = value
                .strip_prefix("[{Value=")
                .and_then(|rest| rest.strip_suffix("}]"))
                .unwrap();
            let wishes = &mut site.tunnels[1];
            match list {
                0 => wishes.ike_versions = vec![value.parse().unwrap()],
                1 => wishes.phase1_encryption = vec![value.parse().unwrap()],
                2 => wishes.phase1_integrity = vec![value.parse().unwrap()],
                3 => wishes.phase1_dh_groups = vec![DhGroup(value.parse().unwrap())],
                4 => wishes.phase2_encryption = vec![value.parse().unwrap()],
                5 => wishes.phase2_integrity = vec![value.parse().unwrap()],
                _ => wishes.phase2_dh_groups = vec![DhGroup(value.parse().unwrap())],
            }
            tunnel::negotiate(&site, &can, inside).unwrap();
            refused += 1;
        }
    }
    assert!(refused >= 2 * registry().len(), "{refused}");
}
