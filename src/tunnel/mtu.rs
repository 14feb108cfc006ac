//! How large a packet fits through a tunnel, from the sizes of the headers around it.

use super::model::{Phase, TunnelOptions};
use crate::spec::{Encryption, Integrity};

/// An IPv4 header without options (RFC 791).
const IPV4_HEADER: u16 = 20;
/// A UDP header around ESP behind a NAT (RFC 3948).
const UDP_HEADER: u16 = 8;
/// SPI and sequence number (RFC 4303 § 2).
const ESP_HEADER: u16 = 8;
/// Pad length and next header at the end of the encrypted part (RFC 4303 § 2).
const ESP_TRAILER: u16 = 2;
/// A TCP header without options (RFC 9293).
const TCP_HEADER: u16 = 20;

/// The largest IPv4 packet that fits through the tunnel unfragmented, in bytes.
///
/// `nat` says that ESP travels in UDP 4500, `uplink_mtu` is that of the path to AWS. At 1500 the
/// results are those of AWS's own table ("Best practices for an AWS Site-to-Site VPN customer
/// gateway device").
pub fn mtu(options: &TunnelOptions, nat: bool, uplink_mtu: u16) -> u16 {
    let phase = options.phase2;
    let outside = IPV4_HEADER + if nat { UDP_HEADER } else { 0 } + ESP_HEADER;
    let (iv, block) = cipher_sizes(phase.encryption);
    let room = uplink_mtu.saturating_sub(outside + iv + icv(phase));
    // What is encrypted fills whole blocks, its last two bytes are the trailer.
    (room - room % block).saturating_sub(ESP_TRAILER)
}

/// The TCP maximum segment size that fits through the tunnel, in bytes.
pub fn mss(options: &TunnelOptions, nat: bool, uplink_mtu: u16) -> u16 {
    mtu(options, nat, uplink_mtu).saturating_sub(IPV4_HEADER + TCP_HEADER)
}

/// Bytes of the initialisation vector and of the alignment (RFC 4106, RFC 3602).
const fn cipher_sizes(cipher: Encryption) -> (u16, u16) {
    match cipher {
        Encryption::Aes128Gcm16 | Encryption::Aes256Gcm16 => (8, 4),
        Encryption::Aes128 | Encryption::Aes256 => (16, 16),
    }
}

/// Bytes of the integrity check value (RFC 4106, RFC 2404, RFC 4868).
const fn icv(phase: Phase) -> u16 {
    if phase.encryption.is_aead() {
        return 16;
    }
    match phase.integrity {
        Integrity::Sha1 => 12,
        Integrity::Sha256 => 16,
        Integrity::Sha384 => 24,
        Integrity::Sha512 => 32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tunnel::sample;

    fn sizes(cipher: Encryption, hash: Integrity, nat: bool, uplink: u16) -> (u16, u16) {
        let mut options = sample::options();
        options.phase2.encryption = cipher;
        options.phase2.integrity = hash;
        (mtu(&options, nat, uplink), mss(&options, nat, uplink))
    }

    /// Every row of AWS's table.
    #[test]
    fn the_sizes_are_those_that_aws_publishes() {
        use Encryption::{Aes128, Aes128Gcm16, Aes256, Aes256Gcm16};
        use Integrity::{Sha1, Sha256, Sha384, Sha512};
        for hash in [Sha1, Sha256, Sha384, Sha512] {
            for cipher in [Aes128Gcm16, Aes256Gcm16] {
                assert_eq!(sizes(cipher, hash, false, 1500), (1446, 1406));
                assert_eq!(sizes(cipher, hash, true, 1500), (1438, 1398));
            }
        }
        for cipher in [Aes128, Aes256] {
            for hash in [Sha1, Sha256] {
                assert_eq!(sizes(cipher, hash, false, 1500), (1438, 1398));
                assert_eq!(sizes(cipher, hash, true, 1500), (1422, 1382));
            }
            assert_eq!(sizes(cipher, Sha384, false, 1500), (1422, 1382));
            assert_eq!(sizes(cipher, Sha384, true, 1500), (1422, 1382));
            assert_eq!(sizes(cipher, Sha512, false, 1500), (1422, 1382));
            assert_eq!(sizes(cipher, Sha512, true, 1500), (1406, 1366));
        }
    }

    #[test]
    fn a_smaller_uplink_still_fills_whole_blocks() {
        // PPPoE: 1492 - 20 - 8 - 8 - 16 = 1440, a multiple of 4.
        assert_eq!(
            sizes(Encryption::Aes256Gcm16, Integrity::Sha256, false, 1492).0,
            1438
        );
        // 1492 - 20 - 8 - 16 - 16 = 1432, of which 1424 are whole blocks.
        assert_eq!(
            sizes(Encryption::Aes256, Integrity::Sha256, false, 1492).0,
            1422
        );
        for uplink in 1280..=1500 {
            for nat in [false, true] {
                let mtu = sizes(Encryption::Aes256, Integrity::Sha512, nat, uplink).0;
                let padded = (mtu + ESP_TRAILER).next_multiple_of(16);
                let wire = IPV4_HEADER + if nat { 8 } else { 0 } + ESP_HEADER + 16 + padded + 32;
                assert!(wire <= uplink && wire + 16 > uplink, "{uplink} {nat} {mtu}");
            }
        }
    }
}
