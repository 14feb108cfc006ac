//! `underpass render --compare-aws`: AWS's own sample beside ours, by value.

use std::collections::BTreeSet;
use std::fmt::Display;

use secrecy::ExposeSecret as _;
use serde_json::json;

use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::render::Ready;
use super::table::Table;
use crate::aws::{Client, DeviceType};
use crate::device::{self, Device, SampleFacts, read_sample};
use crate::spec::DhGroup;
use crate::tunnel::{RouteExchange, TunnelSet, mss, mtu};

/// Asks AWS for its sample, and prints how it differs and why; nothing is written.
pub(super) async fn run(ready: &Ready, client: &Client, output: Output) -> Result<Exit, Failure> {
    let name = &ready.tunnels.site.gateway.device;
    let device = device::find(name).map_err(|error| super::devices::unknown(&error))?;
    let types = client.device_types().await.map_err(Failure::untouched)?;
    let Some(chosen) = chosen(device, &types) else {
        let value = json!({ "schema_version": 1, "device": name, "sample": null });
        output.result(&value, || {
            format!(
                "AWS has no sample for {}: ours is the only one\n",
                device.title()
            )
        })?;
        return Ok(Exit::Ok);
    };
    let sample = client.device_sample(&ready.connection, chosen).await;
    let sample = sample.map_err(Failure::untouched)?;
    let outside = ready
        .tunnels
        .tunnels
        .iter()
        .map(|tunnel| tunnel.aws.outside);
    let outside: Vec<_> = outside.collect();
    let facts = read_sample(sample.expose_secret(), &outside);
    let rows = rows(&facts, &ready.tunnels);
    let value = json!({
        "schema_version": 1,
        "connection": ready.connection,
        "device": name,
        "sample": chosen,
        "facts": facts,
        "comparison": rows.iter().map(|row| json!({
            "what": row.what, "aws": row.aws, "ours": row.ours, "why": row.why,
        })).collect::<Vec<_>>(),
    });
    output.result(&value, || text(chosen, &rows))?;
    Ok(Exit::Ok)
}

/// The newest sample for the device's family that is a configuration and no walk through screens.
fn chosen<'a>(device: &dyn Device, types: &'a [DeviceType]) -> Option<&'a DeviceType> {
    let sample = device.profile().sample?;
    let of_family = types
        .iter()
        .filter(|one| one.vendor == sample.vendor && one.platform == sample.platform);
    of_family.max_by_key(|one| {
        let screens = one.software.contains("UI");
        (!screens, version(&one.software))
    })
}

/// The numbers of a version: `ASA 9.7+ VTI` is 9, 7.
fn version(software: &str) -> Vec<u32> {
    let numbers = software.split(|c: char| !c.is_ascii_digit());
    numbers.filter_map(|part| part.parse().ok()).collect()
}

struct Row {
    what: &'static str,
    aws: String,
    ours: String,
    why: &'static str,
}

fn list<T: Display>(all: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = all.into_iter().map(|one| one.to_string()).collect();
    if words.is_empty() {
        return "–".to_owned();
    }
    words.join(", ")
}

/// What both tunnels have, each value once and in order.
fn both<T: Ord>(
    set: &TunnelSet,
    of: impl Fn(&crate::tunnel::TunnelOptions) -> Vec<T>,
) -> BTreeSet<T> {
    let all = set.tunnels.iter();
    all.flat_map(|tunnel| of(&tunnel.options)).collect()
}

fn rows(aws: &SampleFacts, set: &TunnelSet) -> Vec<Row> {
    let gateway = &set.site.gateway;
    let (nat, uplink) = (gateway.behind_nat(), gateway.uplink_mtu);
    let suites = both(set, |options| {
        vec![options.phase1.encryption, options.phase2.encryption]
    });
    let hashes = both(set, |options| {
        let mut hashes = vec![options.phase1.integrity];
        if !options.phase2.encryption.is_aead() {
            hashes.push(options.phase2.integrity);
        }
        hashes
    });
    let groups: BTreeSet<DhGroup> = both(set, |options| {
        vec![options.phase1.dh_group, options.phase2.dh_group]
    });
    let rekeys = both(set, |options| {
        let (one, two) = (options.phase1.lifetime, options.phase2.lifetime);
        vec![options.device_rekey(two), options.device_rekey(one)]
    });
    let mut rows = vec![
        Row {
            what: "IKE version",
            aws: list(&aws.ike_versions),
            ours: list(both(set, |options| vec![options.ike_version])),
            why: "AWS's sample is IKEv1 unless another is asked for; ours is the one that both ends were given",
        },
        Row {
            what: "ciphers",
            aws: list(&aws.ciphers),
            ours: list(suites),
            why: "the sample has AWS's least, whatever the connection allows; AWS takes the lowest that both propose",
        },
        Row {
            what: "hashes, PRF",
            aws: list(&aws.hashes),
            ours: list(hashes),
            why: "SHA-1 is below what RFC 8247 asks for; with GCM the hash is the PRF of phase 1",
        },
        Row {
            what: "DH groups",
            aws: list(&aws.groups),
            ours: list(groups),
            why: "group 2 has 80 bits (RFC 8247: SHOULD NOT); the same for perfect forward secrecy",
        },
        Row {
            what: "rekeying after",
            aws: list(aws.lifetimes.iter().map(|seconds| format!("{seconds} s"))),
            ours: list(rekeys.iter().map(|seconds| format!("{seconds} s"))),
            why: "the device begins before AWS does, so that the two never rekey at once",
        },
        Row {
            what: "dead peer detection",
            aws: list(&aws.dpd),
            ours: list(both(set, |options| {
                vec![format!("gives up after {} s", options.dpd_timeout)]
            })),
            why: "the same time on both ends: neither believes in a tunnel that the other has given up",
        },
        Row {
            what: "MSS",
            aws: list(&aws.mss),
            ours: list(both(set, |options| vec![mss(options, nat, uplink)])),
            why: "computed from cipher, NAT and uplink; the sample's is the same for all of them",
        },
        Row {
            what: "tunnel MTU",
            aws: list(&aws.mtu),
            ours: list(both(set, |options| vec![mtu(options, nat, uplink)])),
            why: "what fits into one packet of the uplink; larger ones would be cut in two",
        },
        Row {
            what: "tunnels",
            aws: aws.tunnels.to_string(),
            ours: "2".to_owned(),
            why: "AWS takes either one down for maintenance: both have to be up",
        },
    ];
    if let RouteExchange::Bgp(bgp) = &set.routes {
        let keepalive = (bgp.hold_time / 3).max(1);
        rows.push(Row {
            what: "BGP timers",
            aws: list(aws.bgp_timers.iter().map(|seconds| format!("{seconds} s"))),
            ours: format!("{keepalive} s, {} s", bgp.hold_time),
            why: "AWS's own hold time, and a third of it (RFC 4271)",
        });
        rows.push(Row {
            what: "announced to AWS",
            aws: if aws.announces_default {
                "0.0.0.0/0".to_owned()
            } else {
                "–".to_owned()
            },
            ours: list(&set.site.lan),
            why: "a default route would draw the VPC's whole traffic to the site: ours has the LAN and a filter",
        });
    }
    rows
}

fn text(sample: &DeviceType, rows: &[Row]) -> String {
    let mut table = Table::new(["", "AWS's sample", "ours", "why"]);
    for row in rows {
        let why = if row.aws == row.ours {
            "the same"
        } else {
            row.why
        };
        table.add_row([row.what, &row.aws, &row.ours, why]);
    }
    format!(
        "AWS's sample is that for {} {}, {}\n\n{table}\n\n– means that it was not found in the sample.\n",
        sample.vendor, sample.platform, sample.software
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_sample_that_is_text_is_taken() {
        let one = |software: &str| DeviceType {
            id: software.to_owned(),
            vendor: "Cisco Systems, Inc.".to_owned(),
            platform: "ASA 5500 Series".to_owned(),
            software: software.to_owned(),
        };
        let types = ["ASA 8.2+", "ASA 9.7+ VTI", "ASA 9.x", "ASA 10.1 (GUI)"].map(one);
        let asa = device::find("cisco-asa").unwrap();
        assert_eq!(chosen(asa, &types).unwrap().software, "ASA 9.7+ VTI");
        let eos = device::find("arista-eos").unwrap();
        assert_eq!(chosen(eos, &types), None);
    }
}
