//! Single values of tunnel options: how they are read, checked and picked.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

use ipnet::{Ipv4Net, Ipv6Net};

use super::error::ApiError;
use super::secret::PreSharedKey;
use super::wire::Params;
use crate::clock::IdSource;

const KEY_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
const LINK_LOCAL: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 0, 0), 16);

/// The last two bytes of the inside networks that AWS keeps for itself.
const RESERVED: [(u8, u8); 7] = [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (169, 252)];

/// A free inside network, picked at random as AWS does.
pub(super) fn pick_inside_cidr(used: &[Ipv4Net], ids: &IdSource) -> Ipv4Net {
    let start = ids.below(1 << 14);
    (0..1_u64 << 14)
        .map(|step| (start + step) % (1 << 14))
        .map(|index| {
            let host = u32::try_from(index).unwrap_or(0) * 4;
            let network = u32::from(LINK_LOCAL.network()) | host;
            Ipv4Net::new_assert(Ipv4Addr::from(network), 30)
        })
        .find(|network| !is_reserved(*network) && !used.contains(network))
        .unwrap_or(LINK_LOCAL)
}

pub(super) fn given<'a>(params: &Params<'a>, name: &str) -> Option<&'a str> {
    params.text(name).filter(|text| !text.is_empty())
}

pub(super) fn inside_cidr(text: &str) -> Result<Ipv4Net, ApiError> {
    let refused = |why| ApiError::value("TunnelInsideCidr", text, why);
    let network: Ipv4Net = text
        .parse()
        .map_err(|_| refused("Must be an IPv4 CIDR block."))?;
    let network = network.trunc();
    if network.prefix_len() != 30 || !LINK_LOCAL.contains(&network) {
        return Err(refused(
            "Must be a size /30 CIDR block from 169.254.0.0/16.",
        ));
    }
    if is_reserved(network) {
        return Err(refused("The CIDR block is reserved."));
    }
    Ok(network)
}

/// A free inside network of an IPv6 connection, picked at random as AWS does.
pub(super) fn pick_inside_ipv6_cidr(used: &[Ipv6Net], ids: &IdSource) -> Ipv6Net {
    loop {
        let host = u128::from(ids.below(u64::MAX)) << 2;
        let network = Ipv6Net::new_assert(Ipv6Addr::from(0xfd_u128 << 120 | host), 126).trunc();
        if !used.contains(&network) {
            return network;
        }
    }
}

pub(super) fn inside_ipv6_cidr(text: &str) -> Result<Ipv6Net, ApiError> {
    let unique_local = Ipv6Net::new_assert(Ipv6Addr::from(0xfd_u128 << 120), 8);
    match text.parse::<Ipv6Net>() {
        Ok(network) if network.prefix_len() == 126 && unique_local.contains(&network) => {
            Ok(network.trunc())
        }
        _ => Err(ApiError::value(
            "TunnelInsideIpv6Cidr",
            text,
            "Must be a size /126 CIDR block from fd00::/8.",
        )),
    }
}

fn is_reserved(network: Ipv4Net) -> bool {
    let [_, _, third, fourth] = network.network().octets();
    RESERVED.contains(&(third, fourth))
}

pub(super) fn pre_shared_key(text: &str) -> Result<PreSharedKey, ApiError> {
    let valid = (8..=64).contains(&text.len())
        && !text.starts_with('0')
        && text.bytes().all(|byte| KEY_ALPHABET.contains(&byte));
    if valid {
        Ok(PreSharedKey::new(text.to_owned()))
    } else {
        // AWS repeats no key either.
        Err(ApiError::new(
            "InvalidParameterValue",
            "Value for parameter PreSharedKey is invalid.",
        ))
    }
}

pub(super) fn random_key(ids: &IdSource) -> PreSharedKey {
    let letter = || {
        let index = usize::try_from(ids.below(KEY_ALPHABET.len() as u64)).unwrap_or(0);
        char::from(KEY_ALPHABET.get(index).copied().unwrap_or(b'x'))
    };
    let mut key: String = (0..32).map(|_| letter()).collect();
    if key.starts_with('0') {
        key.replace_range(..1, "_");
    }
    PreSharedKey::new(key)
}

pub(super) fn host(network: Ipv4Net, number: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(network.network()) | number)
}

pub(super) fn lowest<'a>(order: &[&str], configured: &'a [String]) -> Option<&'a String> {
    configured
        .iter()
        .min_by_key(|value| order.iter().position(|known| known == value))
}

pub(super) fn number(
    params: &Params<'_>,
    name: &str,
    range: &RangeInclusive<u32>,
    target: &mut u32,
) -> Result<(), ApiError> {
    if let Some(value) = params.parsed::<u32>(name)? {
        if !range.contains(&value) {
            let why = format!("Must be between {} and {}.", range.start(), range.end());
            return Err(ApiError::value(name, &value.to_string(), &why));
        }
        *target = value;
    }
    Ok(())
}

pub(super) fn choice(
    params: &Params<'_>,
    name: &str,
    known: &[&str],
    target: &mut String,
) -> Result<(), ApiError> {
    if let Some(value) = given(params, name) {
        if !known.contains(&value) {
            return Err(ApiError::value(
                name,
                value,
                &format!("Known: {}.", known.join(", ")),
            ));
        }
        value.clone_into(target);
    }
    Ok(())
}

pub(super) fn values(
    params: &Params<'_>,
    name: &str,
    known: &[&str],
    target: &mut Vec<String>,
) -> Result<(), ApiError> {
    let given = params.list(name);
    if given.is_empty() {
        return Ok(());
    }
    let mut values = Vec::new();
    for item in given {
        let value = item.required("Value")?;
        if !known.contains(&value) {
            return Err(ApiError::value(
                name,
                value,
                &format!("Known: {}.", known.join(", ")),
            ));
        }
        values.push(value.to_owned());
    }
    *target = values;
    Ok(())
}

pub(super) fn groups(
    params: &Params<'_>,
    name: &str,
    known: &[u16],
    target: &mut Vec<u16>,
) -> Result<(), ApiError> {
    let given = params.list(name);
    if given.is_empty() {
        return Ok(());
    }
    let mut values = Vec::new();
    for item in given {
        let text = item.required("Value")?;
        match text.parse() {
            Ok(group) if known.contains(&group) => values.push(group),
            _ => return Err(ApiError::value(name, text, "Not a supported group.")),
        }
    }
    *target = values;
    Ok(())
}
