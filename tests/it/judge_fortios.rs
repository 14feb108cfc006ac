//! FortiOS: every statement against Fortinet's own versioned schemas.

use super::judge::passes;

#[test]
fn fortios_configurations_stand_in_fortinets_schemas() {
    const C: &str = "config.conf";
    passes(
        "fortinet-fortios",
        "fortios.py",
        &[
            (
                "a name of 16",
                C,
                "edit \"up-plant-7-1\"",
                "edit \"up-plant-7-1-aws\"",
            ),
            ("dpd of FortiOS 5", C, "set dpd on-idle", "set dpd enable"),
            (
                "keylife in phase 2",
                C,
                "set keylifeseconds ",
                "set keylife ",
            ),
            ("IOS's comments", C, "# The tunnels'", "! The tunnels'"),
            ("no next", C, "    next\n", ""),
            ("no end", C, "end\n# One zone", "# One zone"),
            (
                "a /30 as the own address",
                C,
                "255.255.255.255\n",
                "255.255.255.252\n",
            ),
            ("IKEv1 left on", C, "set ike-version 2", "set ike-version 1"),
            (
                "a dial-up interface",
                C,
                "set net-device disable",
                "set net-device enable",
            ),
            (
                "a policy without a number",
                C,
                "    edit 1",
                "    edit 0\n#",
            ),
            (
                "the cipher without its PRF",
                C,
                "aes256gcm-prfsha512",
                "aes256gcm",
            ),
            (
                "a group that FortiOS lacks",
                C,
                "set dhgrp 21",
                "set dhgrp 24",
            ),
            (
                "the other tunnel's key",
                C,
                "\"FAKEkeyOfTunnel1.",
                "\"._FAKEkeyOfTunnel2_",
            ),
            (
                "the public address as source",
                C,
                "set local-gw 192.168.77.2",
                "set local-gw 192.0.2.10",
            ),
            (
                "a list that is not there",
                C,
                "set prefix-list-in \"up-plant-7-in\"",
                "set prefix-list-in \"x\"",
            ),
            (
                "no way to the VPC",
                C,
                "set device \"up-plant-7-2\"",
                "set device \"up-plant-7-1\"",
            ),
            (
                "IOS's timers",
                C,
                "set keep-alive-timer 10",
                "set timers 10 30",
            ),
            (
                "an entry that stays",
                "remove.conf",
                "    delete \"up-plant-7-2\"\n",
                "",
            ),
            ("IOS's VLAN", C, "set vlanid 301", "set vlan-id 301"),
            ("another VDOM", C, "set vdom \"plant\"", "set vdom \"root\""),
            (
                "no preference over the tunnels",
                C,
                "set set-local-preference 200",
                "set local-preference 200",
            ),
            (
                "communities that stay at home",
                C,
                "            set send-community standard\n",
                "            set send-community disable\n",
            ),
            (
                "static routes that win",
                C,
                "set distance 210",
                "set distance 10",
            ),
            (
                "a map that stays",
                "remove.conf",
                "config router route-map\n",
                "config router access-list\n",
            ),
        ],
    );
}
