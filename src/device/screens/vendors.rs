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

/// Sophos's administrator help, IPsec profiles: AES-CBC in phase 1, GCM as well in phase 2, SHA-1 to
/// SHA-512, groups 14 to 21 and older.
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
        hashes: ["SHA1", "SHA2 256", "SHA2 384", "SHA2 512"],
    },
    frr: true,
    page: pages::sophos,
    notes: &["keep the way back: Backup & firmware > Backup and restore > Download"],
    checks: &[
        (
            "Site-to-site VPN > IPsec",
            "both connections with two green lights",
        ),
        (
            "Routing > Information > Routes",
            "the VPC's networks by an xfrm interface",
        ),
    ],
};

/// WatchGuard's Fireware help, BOVPN virtual interfaces: GCM in both phases with IKEv2, SHA-1 to
/// SHA-512, groups 2, 5, 14, 15, 19 and 20. Its static routes follow the interface, not a probe.
pub(in crate::device) static WATCHGUARD: Screens = Screens {
    name: "watchguard-firebox",
    title: "WatchGuard Firebox, Fireware 12.4+ (step list)",
    vendor: "WatchGuard",
    versions: "Fireware 12.4 and later",
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
    notes: &["keep the way back: System > Backup and Restore Image"],
    checks: &[
        (
            "System Status > VPN Statistics > Branch Office",
            "both virtual interfaces up",
        ),
        (
            "System Status > Routes, Dynamic",
            "the VPC's networks by a bvpn interface",
        ),
    ],
};

/// F5's own argument specifications (`bigip_ike_peer`, `bigip_ipsec_policy` of f5networks.f5_modules):
/// AES-CBC in phase 1, GCM as well in phase 2, groups 2 to 21, in phase 2 those with MODP
/// alone. 17 and 18 are left out: they cost seconds at every rekeying.
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
        ciphers: ["AES-128", "AES-256", "AES-GCM128", "AES-GCM256"],
        hashes: ["SHA-1", "SHA-256", "SHA-384", "SHA-512"],
    },
    frr: false,
    page: pages::bigip,
    notes: &[
        "see that the module is there: System > License, `Routing Bundle`",
        "keep the way back: System > Archives > Create",
    ],
    checks: &[
        (
            "tmsh show net ipsec ike-sa",
            "two SAs with the state established",
        ),
        (
            "imish -e 'show ip bgp summary'",
            "two neighbors with a number under State/PfxRcd",
        ),
    ],
};
