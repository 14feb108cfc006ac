//! SRX: every statement against a grammar after Juniper's models, and Juniper's schema of Junos.

use super::judge::passes;

#[test]
fn srx_configurations_follow_junipers_models() {
    const C: &str = "config.set";
    passes(
        "juniper-srx",
        "srx.py",
        &[
            (
                "ESP's hash in IKE",
                C,
                "authentication-algorithm sha-384",
                "authentication-algorithm hmac-sha-256-128",
            ),
            (
                "IKE's hash in ESP",
                C,
                "authentication-algorithm hmac-sha-256-128",
                "authentication-algorithm sha-256",
            ),
            (
                "a cipher of another vendor",
                C,
                "encryption-algorithm aes-256-cbc",
                "encryption-algorithm aes256",
            ),
            (
                "the other tunnel's policy",
                C,
                "up-plant-7-2 ike ipsec-policy up-plant-7-2",
                "up-plant-7-2 ike ipsec-policy up-plant-7-1",
            ),
            (
                "a unit without a zone",
                C,
                "set security zones security-zone up-plant-7 interfaces st0.102\n",
                "",
            ),
            (
                "IKE not let in",
                C,
                "set security zones security-zone untrust host-inbound-traffic system-services ike\n",
                "",
            ),
            (
                "BGP not let in",
                C,
                "set security zones security-zone up-plant-7 host-inbound-traffic protocols bgp\n",
                "",
            ),
            (
                "either IKE version",
                C,
                "set security ike gateway up-plant-7-1 version v2-only\n",
                "",
            ),
            (
                "a line twice",
                C,
                "set protocols bgp group up-plant-7 type external\n",
                "set protocols bgp group up-plant-7 type external\nset protocols bgp group up-plant-7 type external\n",
            ),
            (
                "a type of BGP that is not",
                C,
                "group up-plant-7 type external",
                "group up-plant-7 type ebgp",
            ),
            ("IOS's filter", C, "upto /28", "le 28"),
            (
                "no clamp",
                C,
                "set security flow tcp-mss ipsec-vpn mss 1406\n",
                "",
            ),
            (
                "an open end",
                C,
                "term rest then reject",
                "term rest then accept",
            ),
            (
                "a zone that stays",
                "remove.set",
                "delete security zones security-zone up-plant-7\n",
                "",
            ),
            (
                "a VLAN without its tag",
                C,
                "unit 301 vlan-id 301",
                "unit 301 vlan 301",
            ),
            (
                "IOS's key",
                C,
                "authentication-key \"FAKE",
                "password \"FAKE",
            ),
            (
                "no preference over the tunnels",
                C,
                "then local-preference 200",
                "then local-preference 100",
            ),
            (
                "a community of no name",
                C,
                "then community add ",
                "then community append ",
            ),
            (
                "BFD that the zone does not let in",
                C,
                "host-inbound-traffic protocols bfd",
                "host-inbound-traffic protocols ospf",
            ),
            (
                "a unit that stays",
                "remove.set",
                "delete interfaces ge-0/0/3 unit 301\n",
                "",
            ),
        ],
    );
}
