//! IPv4 networks with a meaning of their own (IANA special-purpose registry, RFC 6890).

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

/// What a special network may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// By nothing that has an address of its own.
    Nothing,
    /// By machines and routers behind a NAT, but not on the Internet.
    BehindNat,
    /// By examples.
    Documentation,
}

/// A special network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Special {
    pub(super) net: Ipv4Net,
    pub(super) what: &'static str,
    pub(super) good_for: Use,
}

const fn special(octets: [u8; 4], length: u8, what: &'static str, good_for: Use) -> Special {
    let [a, b, c, d] = octets;
    Special {
        net: Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length),
        what,
        good_for,
    }
}

const SPECIAL: [Special; 15] = [
    special([0, 0, 0, 0], 8, "\"this network\"", Use::Nothing),
    special([10, 0, 0, 0], 8, "private", Use::BehindNat),
    special([100, 64, 0, 0], 10, "a carrier's NAT", Use::BehindNat),
    special([127, 0, 0, 0], 8, "the loopback", Use::Nothing),
    special([169, 254, 0, 0], 16, "link-local", Use::Nothing),
    special([172, 16, 0, 0], 12, "private", Use::BehindNat),
    special([192, 0, 0, 0], 24, "reserved by the IETF", Use::BehindNat),
    special([192, 0, 2, 0], 24, "for documentation", Use::Documentation),
    special([192, 168, 0, 0], 16, "private", Use::BehindNat),
    special([198, 18, 0, 0], 15, "for benchmarks", Use::BehindNat),
    special(
        [198, 51, 100, 0],
        24,
        "for documentation",
        Use::Documentation,
    ),
    special(
        [203, 0, 113, 0],
        24,
        "for documentation",
        Use::Documentation,
    ),
    special([224, 0, 0, 0], 4, "multicast", Use::Nothing),
    special(
        [255, 255, 255, 255],
        32,
        "the broadcast address",
        Use::Nothing,
    ),
    special([240, 0, 0, 0], 4, "reserved", Use::Nothing),
];

/// The special network that an address is in.
pub(super) fn of(address: Ipv4Addr) -> Option<Special> {
    SPECIAL
        .into_iter()
        .find(|special| special.net.contains(&address))
}

/// The special network, unusable for machines, that shares addresses with `net`.
pub(super) fn unusable_in(net: Ipv4Net) -> Option<Special> {
    SPECIAL
        .into_iter()
        .filter(|special| special.good_for == Use::Nothing)
        .find(|special| special.net.contains(&net) || net.contains(&special.net))
}
