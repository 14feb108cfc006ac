//! EOS: every line against Arista's own data model and renderer.

use super::judge::passes;

#[test]
fn eos_configurations_are_what_arista_renders() {
    const C: &str = "config.eos";
    passes(
        "arista-eos",
        "eos.py",
        &[
            (
                "a lifetime in seconds",
                C,
                "ike-lifetime 7",
                "ike-lifetime 28260",
            ),
            ("a key without its form", C, "shared-key 0 ", "shared-key "),
            (
                "dpd in another order",
                C,
                "dpd 10 30 restart",
                "dpd 30 10 restart",
            ),
            (
                "no profile",
                C,
                "   tunnel ipsec profile UP-PLANT-7-2\n",
                "",
            ),
            (
                "the other tunnel's profile",
                C,
                "tunnel ipsec profile UP-PLANT-7-2",
                "tunnel ipsec profile UP-PLANT-7-1",
            ),
            (
                "IOS's address",
                C,
                "ip address 169.254.15.194/30",
                "ip address 169.254.15.194 255.255.255.252",
            ),
            (
                "IOS's clamp",
                C,
                "tcp mss ceiling ipv4 ",
                "ip tcp adjust-mss ",
            ),
            (
                "the public address as source",
                C,
                "tunnel source 192.168.77.2",
                "tunnel source 192.0.2.10",
            ),
            (
                "GCM in IKE",
                C,
                "encryption aes256\n",
                "encryption aes256gcm128\n",
            ),
            ("IOS's timers", C, "timers 10 30", "timers 10 30 30"),
            (
                "no activate",
                C,
                "      neighbor 169.254.15.193 activate\n",
                "",
            ),
            (
                "a route that stays",
                "remove.eos",
                "no ip route 10.0.0.0/16 Null0 254\n",
                "",
            ),
            (
                "IOS's VLAN",
                C,
                "encapsulation dot1q vlan 301",
                "encapsulation dot1Q 301",
            ),
            ("IOS's BFD", C, "min-rx 300", "min_rx 300"),
            (
                "communities that stay at home",
                C,
                "   neighbor 169.254.96.1 send-community standard\n",
                "",
            ),
            (
                "no preference over the tunnels",
                C,
                "set local-preference 200",
                "set local-preference 100",
            ),
            (
                "a port that stays",
                "remove.eos",
                "no interface Ethernet3.301\n",
                "",
            ),
        ],
    );
}
