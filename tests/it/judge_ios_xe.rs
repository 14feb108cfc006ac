//! IOS-XE: every statement against Cisco's own YANG models.

use super::judge::passes;

#[test]
fn ios_xe_configurations_stand_in_ciscos_models() {
    const C: &str = "config.ios";
    passes(
        "cisco-ios-xe",
        "ios_xe.py",
        &[
            (
                "a word of isakmp",
                C,
                " encryption aes-gcm-256",
                " encryption aes 256",
            ),
            ("another word of isakmp", C, " prf sha512", " hash sha512"),
            ("integrity with GCM", C, " prf sha512", " integrity sha512"),
            ("a group that IOS-XE lacks", C, " group 21\n", " group 18\n"),
            ("no mode tunnel", C, " mode tunnel\n", ""),
            (
                "another transform set",
                C,
                " set transform-set UP-PLANT-7-1",
                " set transform-set UP-PLANT-7-2",
            ),
            ("the lifetime left out", C, " lifetime 28260\n", ""),
            (
                "the public address as source",
                C,
                " match address local 192.168.77.2",
                " match address local 192.0.2.10",
            ),
            ("no activate", C, "  neighbor 169.254.15.193 activate\n", ""),
            (
                "dpd too often",
                C,
                " dpd 10 2 periodic",
                " dpd 5 2 periodic",
            ),
            (
                "a window that IOS-XE lacks",
                C,
                "replay window-size 1024",
                "replay window-size 2048",
            ),
            (
                "an MSS beyond the range",
                C,
                " ip tcp adjust-mss 1406",
                " ip tcp adjust-mss 1461",
            ),
            (
                "a track object over 1000",
                C,
                "track 101 ip sla",
                "track 1101 ip sla",
            ),
            (
                "the other tunnel's key",
                C,
                " pre-shared-key FAKE",
                " pre-shared-key ._FAKE",
            ),
            (
                "a route that stays",
                "remove.ios",
                "no ip route 10.0.0.0 255.255.0.0 Null0 254\n",
                "",
            ),
            (
                "another VLAN than the session's",
                C,
                " encapsulation dot1Q 301",
                " encapsulation dot1Q 302",
            ),
            (
                "a key without its kind",
                C,
                " password 0 FAKE",
                " password FAKE",
            ),
            (
                "communities that stay at home",
                C,
                "  neighbor 169.254.96.1 send-community\n",
                "",
            ),
            (
                "no preference over the tunnels",
                C,
                " set local-preference 200\n",
                "",
            ),
            (
                "Junos's BFD",
                C,
                " bfd interval 300 min_rx 300 multiplier 3",
                " bfd minimum-interval 300 multiplier 3",
            ),
            (
                "everything learned",
                C,
                " neighbor 169.254.96.1 route-map UP-PLANT-7-OF-THE-NORTHERN-REGION-BUILDING-DX-IN in\n",
                "\n",
            ),
            (
                "static routes that win",
                C,
                "Tunnel71 210 name",
                "Tunnel71 10 name",
            ),
            (
                "a VLAN that stays",
                "remove.ios",
                "no interface GigabitEthernet0/0/2.301\n",
                "",
            ),
        ],
    );
}
