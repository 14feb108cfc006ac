use proptest::prelude::*;

use super::*;
use crate::tunnel::sample;

fn inside() -> [InsideCidr; 2] {
    sample::planned().map(|options| options.inside_cidr)
}

fn refused(site: &Site, abilities: &Abilities) -> String {
    negotiate(site, abilities, inside())
        .unwrap_err()
        .to_string()
}

#[test]
fn both_tunnels_get_the_strongest_that_all_share_and_every_option() {
    let [one, two] = negotiate(&sample::site(), &sample::able(), inside()).unwrap();
    assert_eq!(one, sample::options());
    assert_eq!(two, sample::planned()[1]);

    // A device without GCM in phase 1, elliptic curves and SHA-512.
    let mut old = sample::able();
    old.phase1_encryption = vec![Encryption::Aes128, Encryption::Aes256];
    old.phase1_integrity = vec![Integrity::Sha1, Integrity::Sha256];
    old.phase1_dh_groups = vec![DhGroup(24), DhGroup(2), DhGroup(14)];
    old.phase2_integrity = vec![];
    let [one, _] = negotiate(&sample::site(), &old, inside()).unwrap();
    assert_eq!(one.phase1.encryption, Encryption::Aes256);
    assert_eq!(one.phase1.integrity, Integrity::Sha256);
    assert_eq!(one.phase1.dh_group, DhGroup(14));
    // GCM needs no integrity algorithm of the device's.
    assert_eq!(one.phase2.encryption, Encryption::Aes256Gcm16);
}

#[test]
fn strong_never_goes_below_its_floor_and_says_what_the_device_could_do() {
    let mut site = sample::site();
    let mut weak = sample::able();
    weak.ike_versions = vec![IkeVersion::V1];
    weak.phase1_encryption = vec![Encryption::Aes128];
    weak.phase2_encryption = vec![Encryption::Aes128, Encryption::Aes128Gcm16];
    weak.phase1_integrity = vec![Integrity::Sha1];
    weak.phase1_dh_groups = vec![DhGroup(2), DhGroup(24)];
    weak.phase2_dh_groups = vec![DhGroup(22), DhGroup(23), DhGroup(24)];
    insta::assert_snapshot!(refused(&site, &weak));

    site.security = Security::Compatible;
    let error = refused(&site, &weak);
    assert_eq!(
        error.lines().count(),
        2,
        "groups 22 to 24 are never used: {error}"
    );
    weak.phase2_dh_groups.push(DhGroup(5));
    let [one, _] = negotiate(&site, &weak, inside()).unwrap();
    assert_eq!(one.ike_version, IkeVersion::V1);
    assert_eq!(one.phase1.dh_group, DhGroup(2));
    assert_eq!(one.phase2.dh_group, DhGroup(5));
    // AWS cannot start an IKEv1 session.
    assert_eq!(one.dpd_action, DpdAction::Clear);
}

#[test]
fn compatible_is_not_weaker_than_it_must_be() {
    let mut site = sample::site();
    site.security = Security::Compatible;
    let [one, _] = negotiate(&site, &sample::able(), inside()).unwrap();
    assert_eq!(one, sample::options());
    // AES-256 in CBC is above the floor, AES-128 in GCM below.
    let mut device = sample::able();
    device.phase2_encryption = vec![Encryption::Aes256, Encryption::Aes128Gcm16];
    let [one, _] = negotiate(&site, &device, inside()).unwrap();
    assert_eq!(one.phase2.encryption, Encryption::Aes256);
}

#[test]
fn ikev1_has_no_aead_in_its_own_messages() {
    let mut site = sample::site();
    site.tunnels[1].ike_versions = vec![IkeVersion::V1];
    let [one, two] = negotiate(&site, &sample::able(), inside()).unwrap();
    assert_eq!(one.ike_version, IkeVersion::V2);
    assert_eq!(two.ike_version, IkeVersion::V1);
    assert_eq!(two.phase1.encryption, Encryption::Aes256);
    assert_eq!(two.phase2.encryption, Encryption::Aes256Gcm16);
    site.tunnels[1].startup_action = Some(StartupAction::Start);
    site.tunnels[1].phase1_encryption = vec![Encryption::Aes256Gcm16];
    let error = refused(&site, &sample::able());
    assert!(
        error.contains("tunnel 2, phase 1 encryption: AES256-GCM-16 cannot be"),
        "{error}"
    );
    assert!(
        error.contains("AWS initiates IKEv2 sessions only"),
        "{error}"
    );
}

#[test]
fn wishes_narrow_and_a_bad_number_never_hides_another() {
    let mut site = sample::site();
    site.tunnels[0].phase2_dh_groups = vec![DhGroup(14), DhGroup(19)];
    site.tunnels[0].phase1_lifetime = Some(900);
    let error = refused(&site, &sample::able());
    assert!(
        error.contains("900 s is not less than phase 1's 900 s"),
        "{error}"
    );
    site.tunnels[0].phase1_lifetime = Some(3_000);
    let [one, two] = negotiate(&site, &sample::able(), inside()).unwrap();
    assert_eq!(
        (one.phase2.dh_group, two.phase2.dh_group),
        (DhGroup(19), DhGroup(21))
    );
    assert_eq!(one.phase2.lifetime, 2_999);

    for tunnel in &mut site.tunnels {
        tunnel.phase1_encryption = vec![Encryption::Aes128Gcm16];
        tunnel.dpd_timeout = Some(29);
        tunnel.replay_window = Some(5_000);
        tunnel.rekey_margin = Some(2_000);
        tunnel.rekey_fuzz = Some(101);
    }
    insta::assert_snapshot!(refused(&site, &sample::able()));
}

#[test]
fn the_device_rekeys_before_aws_does_and_never_at_once() {
    let options = sample::options();
    assert_eq!(options.device_rekey(3_600), 3_060);
    assert_eq!(options.device_rekey(28_800), 28_260);
    let mut greedy = options;
    greedy.rekey_margin = 450;
    assert_eq!(greedy.device_rekey(900), 450);
}

#[test]
fn a_site_that_the_device_cannot_route_is_refused() {
    let mut site = sample::site();
    let mut device = sample::able();
    device.bgp = false;
    device.static_routing = false;
    let cidr = inside()[0];
    let error = negotiate(&site, &device, [cidr, cidr]).unwrap_err();
    assert_eq!(error.errors.len(), 2, "{error}");
    site.routing = Routing::Static;
    assert!(refused(&site, &device).contains("set `routing: bgp`"));
}

/// Any part of a list, often a small one.
fn some_of<T: Clone + std::fmt::Debug + 'static>(
    all: &[T],
) -> impl Strategy<Value = Vec<T>> + use<T> {
    proptest::sample::subsequence(all.to_vec(), 0..=all.len())
}

fn any_groups() -> Vec<DhGroup> {
    [2, 5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]
        .map(DhGroup)
        .to_vec()
}

proptest! {
    /// What is chosen is the best of what everyone accepts; what is refused had no such choice.
    #[test]
    fn the_choice_is_the_best_that_all_accept(
        ciphers in some_of(Encryption::ALL),
        hashes in some_of(Integrity::ALL),
        groups in some_of(&any_groups()),
        wished in some_of(&any_groups()),
        strong in any::<bool>(),
    ) {
        let mut site = sample::site();
        site.security = if strong { Security::Strong } else { Security::Compatible };
        site.tunnels[0].phase2_dh_groups.clone_from(&wished);
        let mut device = sample::able();
        device.phase2_encryption.clone_from(&ciphers);
        device.phase2_integrity.clone_from(&hashes);
        device.phase2_dh_groups.clone_from(&groups);

        let usable: Vec<DhGroup> = (groups.iter().copied())
            .filter(|group| !(22..=24).contains(&group.0))
            .filter(|group| wished.is_empty() || wished.contains(group))
            .collect();
        let good = usable.iter().copied().filter(|group| group.strength() >= 112).max();
        let group = if strong { good } else { good.or(usable.iter().copied().max()) };
        match negotiate(&site, &device, inside()) {
            Ok([one, _]) => {
                let phase = one.phase2;
                prop_assert!(ciphers.contains(&phase.encryption));
                prop_assert!(phase.encryption.is_aead() || hashes.contains(&phase.integrity));
                prop_assert_eq!(Some(phase.dh_group), group);
                if strong {
                    prop_assert!(strong_cipher(phase.encryption) && strong_hash(phase.integrity));
                }
            }
            Err(refused) => {
                let concerns = |subject| {
                    refused.errors.iter().any(|e| e.subject == subject && e.tunnels.contains(&1))
                };
                prop_assert_eq!(concerns("phase 2 DH group"), group.is_none(), "{}", refused);
                let cipher = ciphers.iter().any(|cipher| !strong || strong_cipher(*cipher));
                prop_assert_eq!(concerns("phase 2 encryption"), !cipher, "{}", refused);
            }
        }
    }
}
