//! "Rendered output has exactly the lines that we meant": a site's bundle against that of a twin
//! in which every text is harmless.
//!
//! Shared by the tests and by `examples/fuzz.rs`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use underpass::device::{self, BundleFile, Device, RenderContext};
use underpass::spec::{InsideCidr, Routing, Site, is_hostile};
use underpass::tunnel::{self, PreSharedKey, TunnelSet, xml};

const KEYS: [&str; 2] = ["FuzzKey_1.0123456789", "FuzzKey_2.9876543210"];

/// The site with every text replaced by a harmless one of the same kind.
pub(crate) fn twin(site: &Site) -> Site {
    let mut twin = site.clone();
    twin.name = "twin".parse().expect("a site's name");
    for (number, appliance) in twin.appliances.iter_mut().enumerate() {
        appliance.name = format!("a{number}").parse().expect("a site's name");
        appliance.profile = appliance.profile.as_ref().map(|_| "greengrass".to_owned());
    }
    let option = |(name, value): (String, String)| match name.as_str() {
        "wan_interface" => (name, "eth0".to_owned()),
        _ => (name, value),
    };
    twin.gateway.options = twin.gateway.options.into_iter().map(option).collect();
    twin.tags = (0..twin.tags.len())
        .map(|number| (format!("k{number}"), "v".to_owned()))
        .collect();
    for wishes in &mut twin.tunnels {
        let group = "arn:aws:logs:eu-central-1:111122223333:log-group:vpn";
        for arn in [&mut wishes.log_group_arn, &mut wishes.bgp_log_group_arn] {
            *arn = arn.as_ref().map(|_| group.to_owned());
        }
    }
    twin
}

/// The site's tunnels, as a document of AWS's would complete them.
pub(crate) fn tunnel_set(site: &Site, device: &dyn Device) -> Option<TunnelSet> {
    let fixed: [Option<InsideCidr>; 2] = [0, 1].map(|index| site.tunnels[index].inside_cidr);
    let name = "twin".parse().expect("a site's name");
    let inside = tunnel::inside::choose(&name, fixed, &BTreeSet::new(), &site.lan)?;
    let planned = tunnel::negotiate(site, &device.abilities(), inside).ok()?;
    let keys: BTreeMap<_, _> = (planned.iter().zip(KEYS))
        .map(|(options, key)| {
            let key = PreSharedKey::new(key.into()).expect("in AWS's alphabet");
            (options.inside_cidr, key)
        })
        .collect();
    let document = xml::read(&document(site, inside)).expect("a document of AWS's");
    let vpc = vec!["10.0.0.0/16".parse().expect("a network")];
    tunnel::join(site, &planned, &document, &keys, vpc).ok()
}

fn document(site: &Site, inside: [InsideCidr; 2]) -> String {
    let tunnels: String = (inside.iter().zip(["203.0.113.166", "198.51.100.126"]))
        .map(|(cidr, outside)| {
            let side = |element: &str, outside: &str, inside: String, asn: u32| {
                let bgp = match site.routing {
                    Routing::Bgp => {
                        format!("<bgp><asn>{asn}</asn><hold_time>30</hold_time></bgp>")
                    }
                    Routing::Static => String::new(),
                };
                format!(
                    "<{element}><tunnel_outside_address><ip_address>{outside}</ip_address>\
                     </tunnel_outside_address><tunnel_inside_address><ip_address>{inside}\
                     </ip_address></tunnel_inside_address>{bgp}</{element}>"
                )
            };
            let gateway = &site.gateway;
            let customer = gateway.outside_ip.to_string();
            let (asn, aws) = (gateway.asn.get(), site.aws.amazon_side_asn.get());
            format!(
                "<ipsec_tunnel>{}{}</ipsec_tunnel>",
                side(
                    "customer_gateway",
                    &customer,
                    cidr.customer().to_string(),
                    asn
                ),
                side("vpn_gateway", outside, cidr.aws().to_string(), aws)
            )
        })
        .collect();
    let attribute = match site.routing {
        Routing::Bgp => "",
        Routing::Static => "NoBGPVPNConnection",
    };
    format!(
        "<vpn_connection id=\"vpn-0a1b2c3d4e5f60001\"><vpn_connection_attributes>{attribute}\
         </vpn_connection_attributes>{tunnels}</vpn_connection>"
    )
}

fn rendered(site: &Site, device: &dyn Device) -> Option<Vec<BundleFile>> {
    let mut site = site.clone();
    site.gateway.device = device.name().to_owned();
    if !device.check_options(&site.gateway).is_empty() {
        return None;
    }
    let context = RenderContext {
        generated_at: Timestamp::UNIX_EPOCH,
        tool_version: "0.0.0".to_owned(),
    };
    device.render(&tunnel_set(&site, device)?, &context).ok()
}

/// What a line is without its values: its first word, unless the site's name may be a part of it,
/// and every character that means something to a shell, to strongSwan, FRR, nftables, systemd or
/// Markdown.
fn bones(line: &str, site: &Site) -> (String, String) {
    let first = line.split_whitespace().next().unwrap_or_default();
    let word = first.chars().take_while(char::is_ascii_alphabetic);
    let meant = |c: &char| "'\"`$;&|<>(){}[]\\#!*?~=%@^\t".contains(*c);
    let named = line.contains(site.name.as_str()) || line.contains("twin");
    let word = if named { String::new() } else { word.collect() };
    (word, line.chars().filter(meant).collect())
}

/// Panics when a file of any device has other lines for this site than for its twin; answers how
/// many files were compared.
pub(crate) fn assert_same_lines(site: &Site) -> usize {
    let mut compared = 0;
    let twin = twin(site);
    for device in device::registry() {
        let files = rendered(site, *device);
        let Some(files) = files else { continue };
        let plain = rendered(&twin, *device).expect("a twin renders where the site does");
        assert_eq!(files.len(), plain.len(), "{} files", device.name());
        for (file, plain) in files.iter().zip(&plain) {
            compared += 1;
            let text = String::from_utf8(file.content().to_vec()).expect("text");
            let plain = String::from_utf8(plain.content().to_vec()).expect("text");
            let hostile = |c: char| is_hostile(c) && !matches!(c, '\n' | '\t');
            assert!(
                !text.contains(hostile),
                "{}: a control character",
                file.path
            );
            assert_eq!(text.lines().count(), plain.lines().count(), "{}", file.path);
            for (line, meant) in text.lines().zip(plain.lines()) {
                let (found, wanted) = (bones(line, site), bones(meant, &twin));
                let word = found.0 == wanted.0 || found.0.is_empty() || wanted.0.is_empty();
                assert!(
                    word && found.1 == wanted.1,
                    "{}: `{line}` is not shaped like `{meant}`",
                    file.path
                );
            }
        }
    }
    compared
}
