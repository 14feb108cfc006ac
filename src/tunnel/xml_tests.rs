use proptest::prelude::*;

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../tests/fixtures/cgw-config-", $name, ".xml"))
    };
}

const VGW_BGP: &str = fixture!("vgw-bgp");
const ALL: [&str; 9] = [
    VGW_BGP,
    fixture!("vgw-static"),
    fixture!("tgw-bgp"),
    fixture!("tgw-static"),
    fixture!("tgw-ipv6-inside"),
    fixture!("certificate-auth.UNVERIFIED"),
    fixture!("psk-in-secretsmanager.UNVERIFIED"),
    fixture!("tgw-bgp-4byte-asn.UNVERIFIED"),
    fixture!("tgw-private-ip-vpn.UNVERIFIED"),
];

#[test]
fn every_known_document_is_read() {
    for text in ALL {
        let xml = read(text).unwrap();
        assert_eq!(xml.tunnels.len(), 2, "{text}");
        for tunnel in &xml.tunnels {
            assert_eq!(tunnel.aws.inside, tunnel.inside_cidr.aws());
            assert_eq!(tunnel.bgp.is_none(), xml.static_routes_only);
        }
    }
}

#[test]
fn addresses_asns_and_keys_come_out() {
    let xml = read(VGW_BGP).unwrap();
    assert_eq!(xml.connection.as_str(), "vpn-0a1b2c3d4e5f60001");
    assert_eq!(
        xml.customer_gateway.unwrap().as_str(),
        "cgw-0a1b2c3d4e5f60002"
    );
    assert_eq!(xml.vpn_gateway.unwrap().as_str(), "vgw-0a1b2c3d4e5f60003");
    let [one, two] = xml.tunnels.as_slice() else {
        panic!("two tunnels");
    };
    assert_eq!(one.inside_cidr.to_string(), "169.254.15.192/30");
    assert_eq!(one.aws.outside.to_string(), "203.0.113.166");
    assert_eq!(one.customer_outside.unwrap().to_string(), "192.0.2.10");
    assert_eq!(
        two.key.as_ref().unwrap().expose(),
        ".EXAMPLEpsk_tunnel2_0123456789a"
    );
    let bgp = one.bgp.unwrap();
    let numbers = (bgp.customer_asn.get(), bgp.aws_asn.get(), bgp.hold_time);
    assert_eq!(numbers, (65010, 64512, 30));

    let transit = read(fixture!("tgw-bgp-4byte-asn.UNVERIFIED")).unwrap();
    assert_eq!(transit.vpn_gateway, None);
    assert!(transit.tunnels[0].bgp.unwrap().customer_asn.get() > 65_535);
}

#[test]
fn a_key_kept_elsewhere_is_no_key() {
    for text in [
        fixture!("certificate-auth.UNVERIFIED"),
        fixture!("psk-in-secretsmanager.UNVERIFIED"),
        &VGW_BGP.replace("EXAMPLE.psk_tunnel1_0123456789ab", " "),
    ] {
        assert!(read(text).unwrap().tunnels[0].key.is_none());
    }
}

#[test]
fn an_emulators_white_space_is_read_too() {
    let xml = read(fixture!("emulator")).unwrap();
    assert_eq!(xml.vpn_gateway.unwrap().as_str(), "vgw-0a1b2c3d4e5f60093");
    assert_eq!(xml.tunnels[0].bgp.unwrap().hold_time, 30);
    let key = xml.tunnels[0].key.as_ref().unwrap();
    assert_eq!(key.expose(), "Iw2IAN9XUsQeYUrkMGP3kP59ugFDkfHg");
    assert_eq!(xml.tunnels[0].aws.outside, xml.tunnels[1].aws.outside);
}

/// The weak crypto that AWS prints is never looked at: any other text there changes nothing.
#[test]
fn crypto_is_not_read() {
    let changed = VGW_BGP
        .replace("aes-128-cbc", "rot13")
        .replace("group2", "")
        .replace("<lifetime>28800</lifetime>", "<lifetime>never</lifetime>");
    let same = format!("{:?}", read(VGW_BGP).unwrap());
    assert_eq!(format!("{:?}", read(&changed).unwrap()), same);
}

#[test]
fn a_hostile_document_is_refused() {
    let deep = format!("{}{}", "<a>".repeat(17), "</a>".repeat(17));
    let bomb = r#"<!DOCTYPE x [<!ENTITY a "aaaa">]><vpn_connection id="vpn-12345678"/>"#;
    let file = r#"<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>"#;
    let entity = r#"<vpn_connection id="vpn-12345678">&a;</vpn_connection>"#;
    let long = format!("<vpn_connection>{}</vpn_connection>", " ".repeat(300_000));
    let cut = &VGW_BGP[..VGW_BGP.len() / 2];
    for (text, why) in [
        (deep.as_str(), "more than 16 levels"),
        (bomb, "a document type declaration"),
        (file, "a document type declaration"),
        (entity, "an entity that XML does not define"),
        (&long, "bytes are more than"),
        (cut, "ends before its elements do"),
        ("", "no element"),
        ("<a/><b/>", "more than one root"),
        ("<a></b>", "byte"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(why), "{why}: {error}");
    }
}

#[test]
fn what_is_wrong_is_named_by_its_place_and_never_shows_a_key() {
    let name = VGW_BGP.replace("<pre_shared_key>EXAMPLE", "<pre_shared_key><EXAMPLE");
    assert!(!read(&name).unwrap_err().to_string().contains("EXAMPLE"));
    for (from, to, says) in [
        (">64512<", ">23456<", "ipsec_tunnel[1]/vpn_gateway/bgp/asn"),
        (
            "203.0.113.166",
            "2001:db8::1",
            "IPv6 outside is not supported",
        ),
        (
            "169.254.15.193",
            "169.254.15.194",
            "the first host of its /30",
        ),
        (
            "169.254.15.193",
            "169.254.16.193",
            "the /30 of AWS's inside address",
        ),
        ("169.254.15.193", "10.0.0.1", "169.254.0.0/16"),
        (
            "EXAMPLE.psk_tunnel1_0123456789ab",
            "sneaky-secret!",
            "ike/pre_shared_key",
        ),
        ("vpn-0a1b2c3d4e5f60001", "vpn-x", "vpn_connection/@id"),
        ("203.0.113.166", "0.0.0.0", "the IPv4 address of a host"),
        ("203.0.113.166", "127.0.0.1", "the IPv4 address of a host"),
        (
            "203.0.113.166",
            "169.254.169.254",
            "the IPv4 address of a host",
        ),
        ("203.0.113.166", "224.0.0.5", "the IPv4 address of a host"),
        (
            "203.0.113.166",
            "255.255.255.255",
            "the IPv4 address of a host",
        ),
        (">64512<", ">-1<", "ipsec_tunnel[1]/vpn_gateway/bgp/asn"),
        (
            ">64512<",
            ">4294967296<",
            "ipsec_tunnel[1]/vpn_gateway/bgp/asn",
        ),
        (
            "<hold_time>30<",
            "<hold_time>0<",
            "a number of seconds from 3 on",
        ),
        (
            "<hold_time>30<",
            "<hold_time>2<",
            "a number of seconds from 3 on",
        ),
        (
            "EXAMPLE.psk_tunnel1_0123456789ab",
            "EXAMPLE&#10;secret = sneaky",
            "ike/pre_shared_key",
        ),
    ] {
        // The hold time of AWS's side is the second one.
        let count = if from.contains("hold_time") { 2 } else { 1 };
        let error = read(&VGW_BGP.replacen(from, to, count)).unwrap_err();
        assert!(error.to_string().contains(says), "{says}: {error}");
        assert!(!format!("{error} {error:?}").contains("sneaky"));
    }
}

proptest! {
    /// A damaged document is read or refused, and the refusal shows none of its keys.
    #[test]
    fn a_damaged_document_does_no_harm(from in 0..VGW_BGP.len(), length in 0_usize..400, with in "[<>&;a-z\"0 ]{0,4}") {
        let to = (from + length).min(VGW_BGP.len());
        let text = format!("{}{with}{}", &VGW_BGP[..from], &VGW_BGP[to..]);
        if let Err(error) = read(&text) {
            let shown = format!("{error} {error:?}");
            prop_assert!(!shown.contains("EXAMPLE") && !shown.contains("psk_tunnel"), "{shown}");
        }
    }
}
