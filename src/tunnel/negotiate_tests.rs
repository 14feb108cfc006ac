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
