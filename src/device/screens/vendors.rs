//! What is known of each vendor's screens.

use super::{Can, Screens, Words, pages};
use crate::device::profile::Sample;
use crate::spec::{DhGroup, Encryption, IkeVersion, Integrity};

const V2: &[IkeVersion] = &[IkeVersion::V2];
const CBC: &[Encryption] = &[Encryption::Aes128, Encryption::Aes256];
const CBC_AND_GCM: &[Encryption] = &[
    Encryption::Aes128,
    Encryption::Aes256,
    Encryption::Aes128Gcm16,
    Encryption::Aes256Gcm16,
];
const SHA: &[Integrity] = &[
    Integrity::Sha1,
    Integrity::Sha256,
    Integrity::Sha384,
    Integrity::Sha512,
];

/// Cisco's specification of the dashboard API (`thirdPartyVPNPeers`): AES-CBC, SHA-1 and SHA-256,
/// groups 2, 5 and 14. Static routes follow a probe of HTTP alone, which nobody may have in the VPC;
/// BGP over IPsec came with MX 19.1 (IPsec VPN Monitoring, documentation.meraki.com).
pub(in crate::device) static MERAKI: Screens = Screens {
    name: "cisco-meraki",
    title: "Cisco Meraki MX 19.1+ (dashboard, step list)",
    vendor: "Cisco",
    versions: "MX 19.1 and later: BGP over IPsec; before that only policies, one tunnel at a time",
    sample: Some(Sample {
        vendor: "Cisco Meraki",
        platform: "MX Series",
    }),
    can: Can {
        ike: V2,
        phase1: CBC,
        phase2: CBC,
        integrity: &[Integrity::Sha1, Integrity::Sha256],
        phase1_groups: &[DhGroup(2), DhGroup(5), DhGroup(14)],
        phase2_groups: &[DhGroup(2), DhGroup(5), DhGroup(14)],
        bgp: true,
        static_routing: false,
    },
    words: Words {
        ciphers: ["AES 128", "AES 256", "", ""],
        hashes: ["SHA1", "SHA256", "", ""],
    },
    frr: false,
    page: pages::meraki,
    notes: &[
        "see that the MX runs 19.1 or later: Organization > Firmware upgrades",
        "take down what stands on the page Site-to-site VPN now (a picture will do): the dashboard \
         has no way back but your own hands",
    ],
    checks: &[
        (
            "Security & SD-WAN > Monitor > VPN status, IPsec VPN",
            "both peers green",
        ),
        (
            "Security & SD-WAN > Monitor > Route table",
            "the VPC's networks, type BGP",
        ),
    ],
};

/// Ubiquiti's controller (field patterns of `ipsec_*` in its API definitions): AES-CBC in both
/// phases, SHA-1 to SHA-512, groups up to 32. Its static routes follow no probe, so BGP alone.
pub(in crate::device) static UNIFI: Screens = Screens {
    name: "ubiquiti-unifi",
    title: "Ubiquiti UniFi gateway, Network 9+ (step list)",
    vendor: "Ubiquiti",
    versions: "UniFi Network 9 and later, on a gateway with BGP",
    sample: None,
    can: Can {
        ike: V2,
        phase1: CBC,
        phase2: CBC,
        integrity: SHA,
        phase1_groups: &[
            DhGroup(2),
            DhGroup(5),
            DhGroup(14),
            DhGroup(15),
            DhGroup(16),
            DhGroup(19),
            DhGroup(20),
            DhGroup(21),
        ],
        phase2_groups: &[
            DhGroup(2),
            DhGroup(5),
            DhGroup(14),
            DhGroup(15),
            DhGroup(16),
            DhGroup(19),
            DhGroup(20),
            DhGroup(21),
        ],
        bgp: true,
        static_routing: false,
    },
    words: Words {
        ciphers: ["AES-128", "AES-256", "", ""],
        hashes: ["SHA1", "SHA256", "SHA384", "SHA512"],
    },
    frr: true,
    page: pages::unifi,
    notes: &[
        "see that Settings > Routing has BGP: not every gateway has",
        "keep the way back: Settings > System > Backups > Download",
    ],
    checks: &[
        (
            "by SSH: ipsec statusall",
            "two connections ESTABLISHED, each with an INSTALLED child",
        ),
        (
            "by SSH: vtysh -c 'show ip bgp summary'",
            "two neighbors with a number under State/PfxRcd",
        ),
    ],
};

/// Sophos's API reference of 2025 (`VPNProfile`): AES-CBC and GCM in both phases, SHA-1 to SHA-512,
/// groups 1 to 31. GCM in phase 1 is left out: whether 19.5 has it was not read. BGP: the help's page
/// (19.5, 21.0). Static routing: its pages on gateways with a health check (21.0) and SD-WAN routes
/// (19.5). What stands of the screens in which source is on the page itself.
pub(in crate::device) static SOPHOS: Screens = Screens {
    name: "sophos-firewall",
    title: "Sophos Firewall, SFOS 19.5+ (step list)",
    vendor: "Sophos",
    versions: "SFOS 19.5 and later",
    sample: Some(Sample {
        vendor: "Sophos",
        platform: "Sophos Firewall",
    }),
    can: Can {
        ike: IkeVersion::ALL,
        phase1: CBC,
        phase2: CBC_AND_GCM,
        integrity: SHA,
        phase1_groups: &[
            DhGroup(2),
            DhGroup(5),
            DhGroup(14),
            DhGroup(15),
            DhGroup(16),
            DhGroup(17),
            DhGroup(18),
            DhGroup(19),
            DhGroup(20),
            DhGroup(21),
        ],
        phase2_groups: &[
            DhGroup(2),
            DhGroup(5),
            DhGroup(14),
            DhGroup(15),
            DhGroup(16),
            DhGroup(17),
            DhGroup(18),
            DhGroup(19),
            DhGroup(20),
            DhGroup(21),
        ],
        bgp: true,
        static_routing: true,
    },
    words: Words {
        ciphers: ["AES128", "AES256", "AES128GCM16", "AES256GCM16"],
        hashes: ["SHA1", "SHA2_256", "SHA2_384", "SHA2_512"],
    },
    frr: true,
    page: pages::sophos,
    notes: &["keep the way back: a backup of the whole configuration, off the firewall"],
    checks: &[
        (
            "Site-to-site VPN > IPsec",
            "both connections with two green lights",
        ),
        (
            "the routing table",
            "the VPC's networks by an xfrm interface",
        ),
    ],
};

/// Published notes on WatchGuard's study guide for Fireware 12.11: AES-CBC, in phase 2 GCM as well;
/// SHA-1 to SHA-512; groups 1, 2, 5, 14, 15, 19 and 20, from 12.10 on 21, which is left out. NAT
/// traversal and dead peer detection are always on with IKEv2. BGP: WatchGuard's help ("About Dynamic
/// Routing", "BGP Commands (FRR)"). Nothing read has a static route follow a probe, so BGP alone.
pub(in crate::device) static WATCHGUARD: Screens = Screens {
    name: "watchguard-firebox",
    title: "WatchGuard Firebox, Fireware 12.9+ (step list)",
    vendor: "WatchGuard",
    versions: "Fireware 12.9 and later, whose routing engine is FRR",
    sample: Some(Sample {
        vendor: "WatchGuard, Inc.",
        platform: "XTM, Firebox",
    }),
    can: Can {
        ike: V2,
        phase1: CBC,
        phase2: CBC_AND_GCM,
        integrity: SHA,
        phase1_groups: &[
            DhGroup(2),
            DhGroup(5),
            DhGroup(14),
            DhGroup(15),
            DhGroup(19),
            DhGroup(20),
        ],
        phase2_groups: &[
            DhGroup(2),
            DhGroup(5),
            DhGroup(14),
            DhGroup(15),
            DhGroup(19),
            DhGroup(20),
        ],
        bgp: true,
        static_routing: false,
    },
    words: Words {
        ciphers: [
            "AES (128-bit)",
            "AES (256-bit)",
            "AES-GCM (128-bit)",
            "AES-GCM (256-bit)",
        ],
        hashes: ["SHA1", "SHA2-256", "SHA2-384", "SHA2-512"],
    },
    frr: true,
    page: pages::watchguard,
    notes: &["keep the way back: a backup image of the Firebox, off the Firebox"],
    checks: &[
        (
            "the statistics of branch office VPNs",
            "both virtual interfaces up",
        ),
        (
            "the routing table",
            "the VPC's networks by a bvpn interface",
        ),
    ],
};

/// F5's own argument specifications (`bigip_ike_peer`, `bigip_ipsec_policy` of f5networks.f5_modules,
/// 2025): AES-CBC in phase 1, GCM as well in phase 2, SHA-1 to SHA-512, groups 2 to 21, in phase 2
/// those with MODP alone. 17 and 18 are left out: they cost seconds at every rekeying. The system
/// variables and the shape of the tunnel are from published scripts for BIG-IP and Azure. Nothing
/// read has a static route follow a probe inside a tunnel, so BGP alone.
pub(in crate::device) static BIGIP: Screens = Screens {
    name: "f5-bigip",
    title: "F5 BIG-IP 15+ (step list)",
    vendor: "F5",
    versions: "BIG-IP 15 and later with the advanced routing module",
    sample: Some(Sample {
        vendor: "F5 Networks, Inc.",
        platform: "BIG-IP",
    }),
    can: Can {
        ike: V2,
        phase1: CBC,
        phase2: CBC_AND_GCM,
        integrity: SHA,
        phase1_groups: &[
            DhGroup(2),
            DhGroup(5),
            DhGroup(14),
            DhGroup(15),
            DhGroup(16),
            DhGroup(19),
            DhGroup(20),
            DhGroup(21),
        ],
        phase2_groups: &[
            DhGroup(2),
            DhGroup(5),
            DhGroup(14),
            DhGroup(15),
            DhGroup(16),
        ],
        bgp: true,
        static_routing: false,
    },
    words: Words {
        ciphers: ["aes128", "aes256", "aes-gcm128", "aes-gcm256"],
        hashes: ["sha1", "sha256", "sha384", "sha512"],
    },
    frr: false,
    page: pages::bigip,
    notes: &[
        "see that the license has the advanced routing module",
        "keep the way back: an archive (UCS) of the configuration, off the BIG-IP",
    ],
    checks: &[
        (
            "tmsh show net ipsec ike-sa",
            "two SAs with the state established",
        ),
        (
            "imish, then show ip bgp summary",
            "two neighbors with a number under State/PfxRcd",
        ),
    ],
};

/// A provider's guide for H3C firewalls (IKEv2, AES-CBC, SHA-1, group 15, tunnel interface, BGP over
/// 169.254.0.0/16), a copy of H3C's command reference for a release with SHA-1 and `dh-group14` at most
/// (AES-CBC in `esp encryption-algorithm`), and published configurations of newer ones with SHA-256.
/// What newer releases have besides was not read. A static route's track was not read either, so BGP
/// alone.
pub(in crate::device) static H3C: Screens = Screens {
    name: "h3c-comware",
    title: "H3C MSR and SecPath, Comware 7 (list of commands)",
    vendor: "H3C",
    versions: "Comware 7 with IKEv2, SHA-256 and group 15, which early releases lack",
    sample: Some(Sample {
        vendor: "H3C",
        platform: "MSR800",
    }),
    can: Can {
        ike: V2,
        phase1: CBC,
        phase2: CBC,
        integrity: &[Integrity::Sha1, Integrity::Sha256],
        phase1_groups: &[DhGroup(14), DhGroup(15)],
        phase2_groups: &[DhGroup(14), DhGroup(15)],
        bgp: true,
        static_routing: false,
    },
    words: Words {
        ciphers: ["aes-cbc-128", "aes-cbc-256", "", ""],
        hashes: ["sha1", "sha256", "", ""],
    },
    frr: false,
    page: pages::h3c,
    notes: &[
        "see that the release has IKEv2 (`ikev2 ?` in system view), and SHA-256 and group 15 with it",
        "keep the way back: the present configuration in a file of its own",
    ],
    checks: &[
        (
            "display ipsec sa",
            "two tunnel interfaces with SAs in and out",
        ),
        (
            "display bgp peer ipv4",
            "two peers in the state Established",
        ),
        (
            "display ip routing-table",
            "the VPC's networks by Tunnel71 and Tunnel72",
        ),
    ],
};
