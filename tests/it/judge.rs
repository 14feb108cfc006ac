//! Every device's files for judges that nobody here wrote, and the way to call them.
//!
//! A judge is a program of `tests/judges` that runs in the environment of `.ci/judges`. It reads
//! what was rendered and what was meant as JSON, and answers with the problems of each case.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};
use underpass::device::{self, Device, DirectConnectSide};
use underpass::spec::{Asn, DhGroup, Encryption, IkeVersion, Integrity, Routing, Security, Site};
use underpass::tunnel::{BgpKey, DirectConnectLink, RouteExchange, TunnelSet, Way, mss, mtu};

use super::bundle_sample::{site, tunnel_set};

/// What was rendered for a site, and what was meant.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) intent: Value,
}

/// A planted error: its name, the file, and what is replaced by what.
pub(crate) type Mutation = (&'static str, &'static str, &'static str, &'static str);

/// The answer of a judge.
#[derive(Deserialize)]
struct Verdicts(BTreeMap<String, Vec<String>>);

/// BGP and static × public address and NAT × proposals of every kind that the device has.
pub(crate) fn cases(device: &str) -> Vec<Case> {
    let device = device::find(device).unwrap();
    let abilities = device.abilities();
    let mut cases = Vec::new();
    for routing in [Routing::Bgp, Routing::Static] {
        let can = match routing {
            Routing::Bgp => abilities.bgp,
            Routing::Static => abilities.static_routing,
        };
        for nat in [false, true] {
            for kind in ["strong", "cbc", "weak", "ikev1"] {
                let old = abilities.ike_versions.contains(&IkeVersion::V1);
                if can && (kind != "ikev1" || old) {
                    let site = sample(device, routing, nat, kind);
                    let place = if nat { "nat" } else { "public" };
                    let name = format!("{} {routing:?} {place} {kind}", device.name());
                    cases.push(case(device, name, &site, None));
                }
            }
        }
    }
    cases.extend(linked(device));
    assert!(!cases.is_empty());
    cases
}

/// With a Direct Connect, where the device has an end of it: every size, with and without BFD, and
/// beside static tunnels.
fn linked(device: &dyn Device) -> Vec<Case> {
    let DirectConnectSide::Able { beside_static } = device.direct_connect() else {
        return Vec::new();
    };
    let mut cases = Vec::new();
    for (routing, mtu, bfd, prefers) in [
        (Routing::Bgp, 1_500, true, Way::DirectConnect),
        (Routing::Bgp, 8_500, false, Way::DirectConnect),
        (Routing::Static, 8_500, true, Way::DirectConnect),
        (Routing::Bgp, 8_500, true, Way::Vpn),
        (Routing::Static, 1_500, false, Way::Vpn),
    ] {
        let can = match routing {
            Routing::Bgp => device.abilities().bgp,
            Routing::Static => beside_static,
        };
        // Every option with its example, the port among them.
        let site = sample(device, routing, true, "strong");
        if can {
            let name = device.name();
            let name = format!("{name} {routing:?} direct connect {mtu} {bfd} {prefers}");
            let link = DirectConnectLink {
                prefers,
                ..link(mtu, bfd)
            };
            cases.push(case(device, name, &site, Some(link)));
        }
    }
    cases
}

/// A virtual interface whose allowed prefixes are wider than the VPC.
pub(crate) fn link(mtu: u16, bfd: bool) -> DirectConnectLink {
    DirectConnectLink {
        vlan: 301,
        mtu,
        amazon: "169.254.96.1/29".parse().unwrap(),
        router: "169.254.96.6/29".parse().unwrap(),
        amazon_asn: Asn::try_from(64_513).unwrap(),
        router_asn: Asn::try_from(65_010).unwrap(),
        key: BgpKey::new("FAKEbgpKey0123456789abcd".into()).unwrap(),
        bfd,
        tunnel_end: None,
        allowed_prefixes: vec![
            "10.0.0.0/15".parse().unwrap(),
            "100.64.0.0/28".parse().unwrap(),
        ],
        prefers: Way::DirectConnect,
    }
}

fn sample(device: &dyn Device, routing: Routing, nat: bool, kind: &str) -> Site {
    let mut site = site(routing);
    device.name().clone_into(&mut site.gateway.device);
    // A name of 40 characters, and networks of every awkward length.
    if nat {
        site.name = "plant-7-of-the-northern-region-building-"
            .trim_end_matches('-')
            .parse()
            .unwrap();
        site.gateway.local_ip = Some([192, 168, 77, 2].into());
    }
    site.lan.push("10.20.8.0/22".parse().unwrap());
    site.lan.push("198.51.100.7/32".parse().unwrap());
    for option in device.options() {
        if option.required || nat {
            let options = &mut site.gateway.options;
            options.insert(option.name.to_owned(), option.example.to_owned());
        }
    }
    if kind != "strong" {
        site.security = Security::Compatible;
    }
    let abilities = device.abilities();
    for wishes in &mut site.tunnels {
        match kind {
            "cbc" => {
                wishes.phase1_encryption = vec![Encryption::Aes256];
                wishes.phase2_encryption = vec![Encryption::Aes256];
                wishes.phase1_dh_groups = vec![DhGroup(14)];
                wishes.phase2_dh_groups = vec![DhGroup(14)];
                wishes.dpd_timeout = Some(60);
                wishes.phase2_lifetime = Some(1_800);
                wishes.phase1_integrity = vec![Integrity::Sha256];
                wishes.phase2_integrity = vec![Integrity::Sha256];
            }
            "weak" => {
                wishes.phase1_encryption = weakest(&abilities.phase1_encryption);
                wishes.phase2_encryption = weakest(&abilities.phase2_encryption);
                wishes.phase1_integrity = weakest(&abilities.phase1_integrity);
                wishes.phase2_integrity = weakest(&abilities.phase2_integrity);
                wishes.phase1_dh_groups = abilities.phase1_dh_groups[..1].to_vec();
                wishes.phase2_dh_groups = abilities.phase2_dh_groups[..1].to_vec();
            }
            "ikev1" => wishes.ike_versions = vec![IkeVersion::V1],
            _ => {}
        }
    }
    site
}

fn weakest<T: Copy + Ord>(all: &[T]) -> Vec<T> {
    all.iter().min().copied().into_iter().collect()
}

fn case(device: &dyn Device, name: String, site: &Site, link: Option<DirectConnectLink>) -> Case {
    let mut set = tunnel_set(site);
    set.direct_connect = link;
    // A second network, whose subnets are as long as AWS allows.
    set.vpc_cidrs.push("100.64.0.0/28".parse().unwrap());
    let context = device::RenderContext {
        generated_at: jiff::Timestamp::UNIX_EPOCH,
        tool_version: "0.0.0".to_owned(),
    };
    let files = device.render(&set, &context);
    let files = files.unwrap_or_else(|error| panic!("{name}: {error}"));
    let files = files.iter().map(|file| {
        let text = String::from_utf8(file.content().to_vec()).unwrap();
        (file.path.clone(), text)
    });
    Case {
        files: files.collect(),
        intent: intent(&set),
        name,
    }
}

/// What a configuration has to say, in the words of the model.
fn intent(set: &TunnelSet) -> Value {
    let gateway = &set.site.gateway;
    let legs: Vec<Value> = (set.tunnels.iter())
        .map(|tunnel| {
            let options = &tunnel.options;
            json!({
                "number": tunnel.number,
                "aws_outside": tunnel.aws.outside,
                "aws_inside": tunnel.aws.inside,
                "customer_inside": tunnel.customer.inside,
                "key": tunnel.key.expose(),
                "mtu": mtu(options, gateway.behind_nat(), gateway.uplink_mtu),
                "mss": mss(options, gateway.behind_nat(), gateway.uplink_mtu),
                "ike": options.ike_version,
                "phase1": options.phase1,
                "phase2": options.phase2,
                "dpd": options.dpd_timeout,
                "phase1_rekey": options.device_rekey(options.phase1.lifetime),
                "phase2_rekey": options.device_rekey(options.phase2.lifetime),
            })
        })
        .collect();
    let bgp = match &set.routes {
        RouteExchange::Bgp(bgp) => Some(bgp),
        RouteExchange::Static => None,
    };
    json!({
        "site": set.site.name,
        "wan": gateway.wan_address(),
        "public": gateway.outside_ip,
        "nat": gateway.behind_nat(),
        "options": gateway.options,
        "lan": set.site.lan,
        "vpc": set.vpc_cidrs,
        "bgp": bgp,
        "legs": legs,
        "direct": set.direct_connect.as_ref().map(direct),
    })
}

fn direct(link: &DirectConnectLink) -> Value {
    json!({
        "vlan": link.vlan,
        "mtu": link.mtu,
        "amazon": link.amazon.addr(),
        "router": link.router.addr(),
        "address": link.router,
        "mask": link.router.netmask(),
        "amazon_asn": link.amazon_asn,
        "router_asn": link.router_asn,
        "key": link.key.expose(),
        "bfd": link.bfd,
        "carries": link.prefers == Way::DirectConnect,
        "allowed": link.allowed_prefixes,
        // Without BFD the tunnels' times, with it AWS's own.
        "hold": if link.bfd { 90 } else { 30 },
    })
}

/// The Python environment that holds the judges' schemas and models.
pub(crate) fn environment() -> PathBuf {
    let folder = std::env::var_os("UNDERPASS_JUDGES").map_or_else(
        || {
            let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
                || Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
                PathBuf::from,
            );
            target.join("underpass-judges")
        },
        PathBuf::from,
    );
    assert!(
        folder.join(".pins").exists(),
        "{} holds no judges; run .ci/judges once",
        folder.display()
    );
    folder
}

/// The problems that a judge finds in each case.
pub(crate) fn problems(judge: &str, cases: &[Case]) -> BTreeMap<String, Vec<String>> {
    let input: BTreeMap<&str, Value> = cases
        .iter()
        .map(|case| {
            let value = json!({ "files": case.files, "intent": case.intent });
            (case.name.as_str(), value)
        })
        .collect();
    assert_eq!(input.len(), cases.len(), "two cases of one name");
    let environment = environment();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges");
    let mut child = Command::new(environment.join("bin/python"))
        .arg("-B")
        .arg(folder.join(judge))
        .env("UNDERPASS_JUDGES", &environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = serde_json::to_string(&input).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{judge} failed");
    let Verdicts(verdicts) = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        verdicts.len(),
        cases.len(),
        "{judge} has not judged every case"
    );
    verdicts
}

/// Asserts that a judge finds nothing in any of the device's files, and something in each file
/// with a planted error.
pub(crate) fn passes(device: &str, judge: &str, mutations: &[Mutation]) {
    let verdicts = problems(judge, &with_planted(device, mutations));
    conclude(device, &verdicts);
}

/// The same for a judge that is a function.
pub(crate) fn passes_by(
    device: &str,
    judge: impl Fn(&Case) -> Vec<String>,
    mutations: &[Mutation],
) {
    let all = with_planted(device, mutations);
    let verdicts = all.iter().map(|case| (case.name.clone(), judge(case)));
    conclude(device, &verdicts.collect());
}

/// The device's cases, and for each planted error one that has it.
fn with_planted(device: &str, mutations: &[Mutation]) -> Vec<Case> {
    let good = cases(device);
    let mut all = good.clone();
    for (name, path, from, to) in mutations {
        let spoilt = good.iter().find(|case| {
            let text = case.files.get(*path);
            text.is_some_and(|text| text.contains(from))
        });
        let mut spoilt = spoilt
            .unwrap_or_else(|| panic!("{name}: {path} has no {from}"))
            .clone();
        let text = spoilt.files.get_mut(*path).unwrap();
        *text = text.replacen(from, to, 1);
        spoilt.name = format!("planted: {name}");
        all.push(spoilt);
    }
    all
}

fn conclude(device: &str, verdicts: &BTreeMap<String, Vec<String>>) {
    let mut wrong = Vec::new();
    for (name, found) in verdicts {
        let planted = name.starts_with("planted: ");
        if planted && found.is_empty() {
            wrong.push(format!("{name}: not found"));
        }
        if !planted {
            wrong.extend(found.iter().map(|problem| format!("{name}: {problem}")));
        }
    }
    assert!(wrong.is_empty(), "{device}:\n{}", wrong.join("\n"));
}
