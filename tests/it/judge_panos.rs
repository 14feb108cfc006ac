//! PAN-OS: every statement against a grammar after Palo Alto's specifications.

use super::judge::passes;

#[test]
fn panos_configurations_follow_palo_altos_specifications() {
    const C: &str = "config.set";
    passes(
        "paloalto-panos",
        "panos.py",
        &[
            (
                "a cipher of PAN-OS 7",
                C,
                "encryption aes-256-cbc",
                "encryption aes256",
            ),
            (
                "a tunnel's settings in the wrong place",
                C,
                "interface tunnel units tunnel.101 ip",
                "interface tunnel ip",
            ),
            (
                "a tunnel without a router",
                C,
                "set network virtual-router default interface tunnel.102\n",
                "",
            ),
            (
                "a tunnel without a zone",
                C,
                "set zone up-plant-7 network layer3 tunnel.102\n",
                "",
            ),
            (
                "a version without its block",
                C,
                "set network ike gateway up-plant-7-1 protocol ikev2 ike-crypto-profile up-plant-7-1\n",
                "",
            ),
            (
                "no interface to start from",
                C,
                "set network ike gateway up-plant-7-1 local-address interface ethernet1/1\n",
                "",
            ),
            (
                "a BGP address without its length",
                C,
                "local-address ip 169.254.15.194/30",
                "local-address ip 169.254.15.194",
            ),
            (
                "an address of five numbers",
                C,
                "peer-address ip 203.0.113.166",
                "peer-address ip 203.0.113.6.166",
            ),
            (
                "the other tunnel's gateway",
                C,
                "up-plant-7-2 auto-key ike-gateway up-plant-7-2",
                "up-plant-7-2 auto-key ike-gateway up-plant-7-1",
            ),
            (
                "a group that 10.0 lacks",
                C,
                "dh-group group20",
                "dh-group group21",
            ),
            (
                "a hash with GCM",
                C,
                "esp authentication none",
                "esp authentication sha512",
            ),
            (
                "a comment",
                C,
                "set network ike crypto",
                "# keys\nset network ike crypto",
            ),
            (
                "an open end",
                C,
                "rules up-plant-7-rest action deny",
                "rules up-plant-7-rest action allow",
            ),
            (
                "a gateway that stays",
                "remove.set",
                "delete network ike gateway up-plant-7-2\n",
                "",
            ),
            (
                "a unit without its tag",
                C,
                "layer3 units ethernet1/3.301 tag 301",
                "layer3 units ethernet1/3.301 vlan 301",
            ),
            (
                "a key that no peer has",
                C,
                "connection-options authentication up-",
                "connection-options auth-profile up-",
            ),
            (
                "no preference over the tunnels",
                C,
                "action allow update local-preference 200",
                "action allow",
            ),
            (
                "a unit that stays",
                "remove.set",
                "delete network interface ethernet ethernet1/3 layer3 units ethernet1/3.301\n",
                "",
            ),
        ],
    );
}
