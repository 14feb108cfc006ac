//! BGP sessions of virtual interfaces.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde_json::json;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::dx::interface_changes::change;
use crate::sandbox::calls::dx::params::{given, refused, required};
use crate::sandbox::direct_connect::{AddressFamily, BgpPeer};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::ResourceId;
use crate::sandbox::lifecycle::DX_PEER;
use crate::sandbox::secret::PreSharedKey;
use crate::sandbox::wire::Params;

/// The characters of a key that somebody chose (API reference).
const KEY: std::ops::RangeInclusive<usize> = 6..=80;
/// What AWS's own keys begin with, as its examples have it, and how many letters follow.
const OWN_KEY: (&str, usize) = ("0x", 24);
/// The largest ASN that the member `asn` takes; larger ones are for `asnLong` (API reference).
const LARGEST_SHORT_ASN: u32 = 2_147_483_646;

pub(super) fn create(context: &mut Context<'_>) -> Outcome {
    let (id, document) = change(context, |context, it| {
        let params = context.params.within("newBGPPeer");
        let peer = make(context, &params, &it.connection)?;
        let mut known = it.peers_at(context.now);
        if known.any(|known| known.family == peer.family) {
            return Err(refused(format!(
                "Virtual Interface {} already has a BGP peer of address family {}.",
                it.id,
                peer.family.as_str()
            )));
        }
        drop(known);
        it.peers.push(peer);
        Ok(())
    })?;
    Ok(Done::change(&id, json!({"virtualInterface": document})))
}

/// By its id, or by its ASN and the site's address. The last one cannot be deleted (API reference).
pub(super) fn delete(context: &mut Context<'_>) -> Outcome {
    let (id, document) = change(context, |context, it| {
        let params = &context.params;
        let now = context.now;
        if it.peers_at(now).count() < 2 {
            return Err(refused(
                "The last BGP peer of a virtual interface cannot be deleted.",
            ));
        }
        let asn: Option<u32> = params.parsed("asnLong")?.or(params.parsed("asn")?);
        let (peer_id, customer) = (given(params, "bgpPeerId"), given(params, "customerAddress"));
        let wanted = |peer: &&mut BgpPeer| match peer_id {
            Some(id) => peer.id.as_str() == id,
            None => {
                Some(peer.asn) == asn
                    && customer.is_none_or(|address| peer.customer.to_string() == address)
            }
        };
        let takes = context.takes(it.id.as_str(), "peer", DX_PEER);
        let mut peers = it.peers.iter_mut().filter(|peer| peer.life.exists(now));
        let peer = peers.find(wanted);
        let peer = peer.ok_or_else(|| refused("The specified BGP peer does not exist."))?;
        peer.life.delete(now, takes);
        Ok(())
    })?;
    Ok(Done::change(&id, json!({"virtualInterface": document})))
}

/// A session as a request wants it; what it leaves open AWS chooses.
pub(super) fn make(
    context: &Context<'_>,
    params: &Params<'_>,
    connection: &ResourceId,
) -> Result<BgpPeer, ApiError> {
    let asn = asn(params)?;
    let family = match given(params, "addressFamily") {
        None | Some("ipv4") => AddressFamily::Ipv4,
        Some("ipv6") => AddressFamily::Ipv6,
        Some(other) => return Err(refused(format!("Address family {other} is not valid."))),
    };
    let (amazon, customer) = addresses(context, params, connection, family)?;
    let auth_key = match given(params, "authKey") {
        Some(key) if KEY.contains(&key.chars().count()) => key.to_owned(),
        Some(_) => return Err(refused("The BGP auth key must have 6 to 80 characters.")),
        None => own_key(context),
    };
    let id = ResourceId::short("dxpeer", context.ids);
    let life = context.begin(&id, DX_PEER);
    Ok(BgpPeer {
        id,
        asn,
        family,
        amazon,
        customer,
        auth_key: PreSharedKey::new(auth_key),
        life,
    })
}

fn asn(params: &Params<'_>) -> Result<u32, ApiError> {
    let long: Option<u32> = params.parsed("asnLong")?;
    let short: Option<u32> = params.parsed("asn")?;
    // The Rust SDK has no way to leave `asn` out: it sends 0.
    let short = short.filter(|asn| *asn != 0);
    match (long, short) {
        (Some(asn @ 1..=4_294_967_294), _) => Ok(asn),
        (None, Some(asn @ 1..=LARGEST_SHORT_ASN)) => Ok(asn),
        (None, None) => {
            required(params, "asn")?;
            Err(refused("BGP ASN 0 is not valid."))
        }
        (long, short) => Err(refused(format!(
            "BGP ASN {} is not valid.",
            long.or(short).unwrap_or_default()
        ))),
    }
}

fn own_key(context: &Context<'_>) -> String {
    const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let (start, length) = OWN_KEY;
    let letter = || {
        let at = usize::try_from(context.ids.below(62)).unwrap_or(0);
        LETTERS.get(at).map_or('0', |letter| char::from(*letter))
    };
    let tail: String = std::iter::repeat_with(letter).take(length).collect();
    format!("{start}{tail}")
}

/// AWS's end and the site's. Some words are those that Terraform's tests have from AWS.
fn addresses(
    context: &Context<'_>,
    params: &Params<'_>,
    connection: &ResourceId,
    family: AddressFamily,
) -> Result<(IpNet, IpNet), ApiError> {
    let given = |name| given(params, name);
    let (amazon, customer) = match (given("amazonAddress"), given("customerAddress"), family) {
        (None, None, AddressFamily::Ipv4) => return Ok(free_ipv4(context, connection)),
        (None, None, AddressFamily::Ipv6) => return Ok(free_ipv6(context)),
        (_, _, AddressFamily::Ipv6) => {
            return Err(refused(
                "IPv6 addresses are assigned by Amazon and cannot be specified.",
            ));
        }
        (Some(amazon), Some(customer), AddressFamily::Ipv4) => (amazon, customer),
        _ => {
            return Err(refused(
                "Specify both Amazon Address and Customer Address, or neither.",
            ));
        }
    };
    let read = |what: &str, text: &str| -> Result<Ipv4Net, ApiError> {
        let net: Option<Ipv4Net> = text.contains('/').then(|| text.parse().ok()).flatten();
        let net = net.ok_or_else(|| refused(format!("{what} is not a valid CIDR address.")))?;
        if net.prefix_len() < 31 && net.addr() == net.network() {
            return Err(refused(format!("{what} is address 0 on its subnet.")));
        }
        if net.prefix_len() < 31 && net.addr() == net.broadcast() {
            return Err(refused(format!(
                "{what} is the broadcast address of its subnet."
            )));
        }
        Ok(net)
    };
    let amazon = read("Amazon Address", amazon)?;
    let customer = read("Customer Address", customer)?;
    if amazon.trunc() != customer.trunc() {
        return Err(refused(
            "Amazon Address and Customer Address must be in the same CIDR",
        ));
    }
    if amazon == customer || amazon.prefix_len() > 31 {
        return Err(refused(
            "Amazon Address and Customer Address must be different.",
        ));
    }
    let ours = IpAddr::V4(amazon.addr());
    let mut others = context.direct.interfaces_on(connection, context.now);
    if others.any(|other| other.uses(ours, context.now)) {
        return Err(refused(format!(
            "Amazon Address {amazon} is already in use on connection {connection}."
        )));
    }
    Ok((amazon.into(), customer.into()))
}

/// A /30 of 169.254.0.0/16 that nothing on the connection has.
fn free_ipv4(context: &Context<'_>, connection: &ResourceId) -> (IpNet, IpNet) {
    loop {
        let number = u16::try_from(context.ids.below(1 << 14)).unwrap_or(0) << 2;
        let [third, fourth] = number.to_be_bytes();
        let end = |host| {
            let address = Ipv4Addr::new(169, 254, third, fourth | host);
            IpNet::V4(Ipv4Net::new_assert(address, 30))
        };
        let mut others = context.direct.interfaces_on(connection, context.now);
        // Where the instance metadata and the clocks are.
        if third == 169 || others.any(|other| other.uses(end(1).addr(), context.now)) {
            continue;
        }
        return (end(1), end(2));
    }
}

/// A /125; out of the block for documentation.
fn free_ipv6(context: &Context<'_>) -> (IpNet, IpNet) {
    let number = u128::from(context.ids.below(1 << 48)) << 3;
    let base = u128::from(Ipv6Addr::new(0x2001, 0xdb8, 0x1100, 0x2f0, 0, 0, 0, 0)) | number;
    let end = |host| IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::from(base | host), 125));
    (end(1), end(6))
}
