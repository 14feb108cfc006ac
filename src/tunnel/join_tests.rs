use super::*;
use crate::tunnel::{sample, xml};

const VGW_BGP: &str = include_str!("../../tests/fixtures/cgw-config-vgw-bgp.xml");
const VGW_STATIC: &str = include_str!("../../tests/fixtures/cgw-config-vgw-static.xml");
const EMULATOR: &str = include_str!("../../tests/fixtures/cgw-config-emulator.xml");
const KEY1: &str = "EXAMPLE.psk_tunnel1_0123456789ab";

fn joined(text: &str, keys: &[(usize, &str)]) -> Result<TunnelSet, JoinErrors> {
    let planned = sample::planned();
    let keys = (keys.iter())
        .map(|(index, key)| {
            let key = PreSharedKey::new((*key).into()).unwrap();
            (planned[*index].inside_cidr, key)
        })
        .collect();
    let mut site = sample::site();
    if text.contains("NoBGP") {
        site.routing = Routing::Static;
    }
    let xml = xml::read(text).unwrap();
    join(
        &site,
        &planned,
        &xml,
        &keys,
        vec!["10.0.0.0/16".parse().unwrap()],
    )
}

/// The document with its two tunnels the other way round, as AWS answers at times.
fn swapped(text: &str) -> String {
    let (head, rest) = text.split_once("<ipsec_tunnel>").unwrap();
    let (one, rest) = rest.split_once("<ipsec_tunnel>").unwrap();
    let (two, tail) = rest.rsplit_once("</vpn_connection>").unwrap();
    format!("{head}<ipsec_tunnel>{two}<ipsec_tunnel>{one}</vpn_connection>{tail}")
}

#[test]
fn the_order_of_the_document_means_nothing() {
    let set = joined(VGW_BGP, &[]).unwrap();
    let other = joined(&swapped(VGW_BGP), &[]).unwrap();
    for set in [&set, &other] {
        assert_eq!(set.tunnels[0].number, 1);
        assert_eq!(set.tunnels[0].aws.outside.to_string(), "203.0.113.166");
        assert_eq!(set.tunnels[0].customer.inside.to_string(), "169.254.15.194");
        assert_eq!(set.tunnels[0].key.expose(), KEY1);
        assert_eq!(set.tunnels[1].aws.outside.to_string(), "198.51.100.126");
        assert_eq!(
            set.tunnels[1].key.expose(),
            ".EXAMPLEpsk_tunnel2_0123456789a"
        );
    }
    // Crypto is what was asked for, not AWS's printed aes-128-cbc.
    assert_eq!(set.tunnels[0].options, sample::planned()[0]);
    assert!(matches!(set.routes, RouteExchange::Bgp(bgp) if bgp.aws_asn == Asn::AMAZON_DEFAULT));
    assert_eq!(
        joined(VGW_STATIC, &[]).unwrap().routes,
        RouteExchange::Static
    );
}

#[test]
fn our_key_wins_silence_and_loses_to_no_one_in_secret() {
    let redacted = VGW_BGP.replace(KEY1, "REDACTED");
    let set = joined(&redacted, &[(0, sample::KEYS[0])]).unwrap();
    assert_eq!(set.tunnels[0].key.expose(), sample::KEYS[0]);
    let none = joined(&redacted, &[]).unwrap_err();
    assert_eq!(none.errors, [JoinError::NoKey { number: 1 }]);
    let other = joined(VGW_BGP, &[(0, KEY1), (1, sample::KEYS[1])]).unwrap_err();
    assert_eq!(other.errors, [JoinError::OtherKey { number: 2 }]);
    let shown = format!("{other} {other:?}");
    assert!(
        !shown.contains("FAKE") && !shown.contains("EXAMPLE"),
        "{shown}"
    );
}

#[test]
fn every_difference_is_told_at_once() {
    let text = VGW_BGP
        .replace("192.0.2.10", "192.0.2.99")
        .replace(">65010<", ">65011<")
        .replacen(">64512<", ">64513<", 1)
        .replace("169.254.13.23", "169.254.14.23");
    let errors = joined(&text, &[]).unwrap_err().errors;
    let kinds: Vec<_> = errors.iter().map(std::mem::discriminant).collect();
    let cidr = sample::planned()[1].inside_cidr;
    let (wanted, found) = ([192, 0, 2, 10].into(), [192, 0, 2, 99].into());
    for expected in [
        JoinError::CustomerAddress {
            number: 1,
            found,
            wanted,
        },
        JoinError::NoTunnel {
            number: 2,
            wanted: cidr,
            found: String::new(),
        },
        JoinError::AwsAsns(Asn::AMAZON_DEFAULT, Asn::AMAZON_DEFAULT),
    ] {
        assert!(
            kinds.contains(&std::mem::discriminant(&expected)),
            "{errors:?}"
        );
    }
    assert_eq!(
        errors
            .iter()
            .filter(|e| matches!(e, JoinError::CustomerAsn { .. }))
            .count(),
        2
    );
    assert!(errors.iter().any(|e| {
        e.to_string()
            .contains("AWS has 169.254.15.192/30, 169.254.14")
    }));
}

#[test]
fn a_tunnel_that_cannot_be_told_from_the_other_is_refused() {
    let errors = joined(EMULATOR, &[]).unwrap_err();
    assert!(
        errors
            .errors
            .contains(&JoinError::SameOutside([203, 0, 113, 13].into()))
    );
    assert!(
        errors.to_string().contains("comes from an emulator"),
        "{errors}"
    );
    let one_route = joined(&VGW_STATIC.replace("NoBGPVPNConnection", ""), &[]);
    assert!(matches!(
        one_route.unwrap_err().errors[..],
        [JoinError::Routing { .. }]
    ));
}

#[test]
fn an_aws_that_is_said_to_be_at_home_is_refused() {
    for here in ["192.0.2.10", "10.20.0.1", "10.20.8.77"] {
        let errors = joined(&VGW_BGP.replacen("203.0.113.166", here, 1), &[]).unwrap_err();
        let at_home = JoinError::OutsideHere {
            number: 1,
            outside: here.parse().unwrap(),
        };
        assert!(errors.errors.contains(&at_home), "{errors}");
    }
}
