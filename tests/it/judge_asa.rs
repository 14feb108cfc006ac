//! ASA: every statement against a grammar after Cisco's command reference.

use super::judge::passes;

#[test]
fn asa_configurations_follow_the_command_reference() {
    const C: &str = "config.asa";
    passes(
        "cisco-asa",
        "asa.py",
        &[
            (
                "IKE's hash in ESP",
                C,
                "protocol esp integrity null",
                "protocol esp integrity sha256",
            ),
            ("ESP's hash in IKE", C, " prf sha512", " prf sha-512"),
            ("a group that 9.8 lacks", C, " group 21\n", " group 16\n"),
            (
                "no group policy's protocol",
                C,
                " vpn-tunnel-protocol ikev2\n",
                "",
            ),
            (
                "one half of the keys",
                C,
                " ikev2 local-authentication pre-shared-key FAKEkeyOfTunnel1.0123456789abcdefghijklmnopqrstu\n",
                "",
            ),
            (
                "a tunnel group of another name",
                C,
                "tunnel-group 203.0.113.166 type",
                "tunnel-group AWS-1 type",
            ),
            (
                "IOS's clamp in a tunnel",
                C,
                " no shutdown",
                " ip tcp adjust-mss 1379",
            ),
            ("IOS's MTU in a tunnel", C, " no shutdown", " ip mtu 1446"),
            ("no clamp", C, "sysopt connection tcpmss 1380\n", ""),
            (
                "IOS's tunnel source",
                C,
                " tunnel source interface outside",
                " tunnel source outside",
            ),
            (
                "IOS's prefix list",
                C,
                "prefix-list UP-PLANT-7-OUT seq 5",
                "ip prefix-list UP-PLANT-7-OUT seq 5",
            ),
            (
                "a tunnel beyond 100",
                C,
                "interface Tunnel51",
                "interface Tunnel151",
            ),
            (
                "an access list on nothing",
                C,
                "in interface UP-PLANT-7-2",
                "in interface aws2",
            ),
            (
                "a group policy that stays",
                "remove.asa",
                "clear configure group-policy UP-PLANT-7\n",
                "",
            ),
        ],
    );
}
