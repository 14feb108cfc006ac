//! SonicOS: every line of both sessions against a grammar after SonicWall's own specification.

use super::judge::passes;

#[test]
fn sonicos_sessions_follow_sonicwalls_specification() {
    const C: &str = "config.sonicos";
    passes(
        "sonicwall-sonicos",
        "sonicos.py",
        &[
            (
                "AWS's cipher",
                C,
                "ike encryption aes-256",
                "ike encryption aes256",
            ),
            (
                "GCM in IKE",
                C,
                "ike encryption aes-256",
                "ike encryption aes-gcm16-256",
            ),
            (
                "AWS's hash",
                C,
                "ike authentication sha-512",
                "ike authentication sha512",
            ),
            (
                "a group that SonicOS lacks",
                C,
                "ike dh-group 21",
                "ike dh-group 18",
            ),
            (
                "a hash with GCM",
                C,
                " anti-replay\n",
                " proposal ipsec authentication sha-512\n anti-replay\n",
            ),
            ("AWS's protocol", C, "protocol esp", "protocol ESP"),
            ("AWS's identity", C, "ike-id local ipv4", "ike-id local ip"),
            (
                "the own address as the identity",
                C,
                "ike-id local ipv4 192.0.2.10",
                "ike-id local ipv4 192.168.77.2",
            ),
            (
                "the secret outside its mode",
                C,
                "  exit\n proposal ike exchange",
                " proposal ike exchange",
            ),
            ("an open mode", C, "\nexit\ncommit\n", "\ncommit\n"),
            ("main mode left on", C, "exchange ikev2", "exchange main"),
            ("selectors of one host", C, " suppress-trigger-packet\n", ""),
            ("no BGP over the tunnel", C, " advanced-routing\n", ""),
            ("NAT in the tunnel", C, "no apply-nat", "apply-nat"),
            (
                "the other tunnel's key",
                C,
                "shared-secret FAKEkeyOfTunnel1.",
                "shared-secret ._FAKEkeyOfTunnel2_",
            ),
            (
                "an interface without its policy",
                C,
                " policy up-plant-7-2\n",
                "",
            ),
            (
                "the other tunnel's policy",
                C,
                " policy up-plant-7-2\n",
                " policy up-plant-7-1\n",
            ),
            (
                "a length for a mask",
                C,
                "netmask 255.255.255.252",
                "netmask /30",
            ),
            ("IOS's timers", C, "timers 10 30\n", "timers 10 30 30\n"),
            (
                "the default route from AWS",
                C,
                "permit 10.0.0.0/16 le 28",
                "permit 0.0.0.0/0 le 32",
            ),
            (
                "anything to AWS",
                C,
                "prefix-list up-plant-7-out out",
                "prefix-list up-plant-7-in out",
            ),
            ("no probe", C, " probe up-plant-7-1\n", ""),
            (
                "the other tunnel's probe",
                C,
                " probe up-plant-7-1\n",
                " probe up-plant-7-2\n",
            ),
            (
                "a way out to the Internet",
                C,
                "action deny",
                "action allow",
            ),
            ("a comment", C, "vpn\n", "! the tunnels\nvpn\n"),
            (
                "an object that stays",
                "remove.sonicos",
                "no address-object ipv4 up-plant-7-2-aws\n",
                "",
            ),
            (
                "a policy before its interface",
                "remove.sonicos",
                "no tunnel-interface vpn up-plant-7-1\ncommit\nno vpn policy tunnel-interface up-plant-7-1\n",
                "no vpn policy tunnel-interface up-plant-7-1\ncommit\nno tunnel-interface vpn up-plant-7-1\n",
            ),
        ],
    );
}
