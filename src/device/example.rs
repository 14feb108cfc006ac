//! An example for each device: a site file that loads, and the connection that goes with it.
//!
//! For documents, the JSON Schema and tests of speed; the addresses are those of documentation
//! (RFC 5737).

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use super::model::Device;
use crate::clock::IdSource;
use crate::spec::{InsideCidr, Routing, Site};
use crate::tunnel::{self, Bgp, Endpoint, RouteExchange, Tunnel, TunnelOptions, TunnelSet, key};

/// AWS's ends.
const OUTSIDE: [Ipv4Addr; 2] = [
    Ipv4Addr::new(203, 0, 113, 11),
    Ipv4Addr::new(203, 0, 113, 12),
];
/// Which /30s of 169.254.0.0/16 are inside: 169.254.11.0/30 and 169.254.12.0/30.
const INSIDE: [u32; 2] = [11 * 64, 12 * 64];
/// The VPC's network.
const VPC: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 16);

/// The `gateway:` block of a site file, ready to be pasted: what is required with an example, what
/// has a default behind a `#`.
pub fn gateway_block(device: &dyn Device) -> String {
    let mut block = format!(
        "gateway:\n  device: {}\n  outside_ip: 198.51.100.7  # the public address that AWS sees\n",
        device.name()
    );
    if device.abilities().bgp {
        block.push_str("  asn: 65010                # the site's own AS, for BGP\n");
    }
    let options = device.options();
    if !options.is_empty() {
        let required = options.iter().any(|option| option.required);
        let mark = if required { "" } else { "#" };
        block.push_str(&format!("  {mark}options:\n"));
    }
    for option in options {
        let (mark, what) = match option.default {
            Some(default) => ("#", format!("{}; without it {default}", option.what)),
            None => ("", option.what.to_owned()),
        };
        for line in lines(&what) {
            block.push_str(&format!("    # {line}\n"));
        }
        let (name, value) = (option.name, quoted(option.example));
        block.push_str(&format!("    {mark}{name}: {value}\n"));
    }
    block
}

/// Words in lines of a comment.
fn lines(words: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words.split_whitespace() {
        let used = lines.last().map_or(0, String::len);
        if used > 0 && used + word.len() > 72 {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// A scalar that YAML reads as this text.
fn quoted(value: &str) -> String {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'/' | b'-');
    let begins = value.starts_with(|c: char| c.is_ascii_alphabetic());
    if begins && value.bytes().all(word) && !["none", "yes", "no", "on", "off"].contains(&value) {
        value.to_owned()
    } else {
        format!("\"{}\"", value.escape_default())
    }
}

/// A whole site file for the device.
pub fn site_file(device: &dyn Device) -> String {
    let routing = if device.abilities().bgp {
        "bgp"
    } else {
        "static"
    };
    format!(
        "site: plant-7\nregion: eu-central-1\n{}lan: [10.20.0.0/24]\n\
         aws:\n  vpc: vpc-0a1b2c3d4e5f67890\nrouting: {routing}\n",
        gateway_block(device)
    )
}

/// The connection of a site, with AWS's answers made up; its options are negotiated as ever.
///
/// None for a site that the device cannot serve.
pub fn connection(device: &dyn Device, site: Site, ids: &IdSource) -> Option<TunnelSet> {
    let inside = [InsideCidr::nth(INSIDE[0])?, InsideCidr::nth(INSIDE[1])?];
    let [one, two] = tunnel::negotiate(&site, &device.abilities(), inside).ok()?;
    let make = |number: u8, aws: Ipv4Addr, options: TunnelOptions| Tunnel {
        number,
        aws: Endpoint {
            outside: aws,
            inside: options.inside_cidr.aws(),
        },
        customer: Endpoint {
            outside: site.gateway.outside_ip,
            inside: options.inside_cidr.customer(),
        },
        options,
        key: key::generate(ids),
    };
    Some(TunnelSet {
        connection: None,
        tunnels: [make(1, OUTSIDE[0], one), make(2, OUTSIDE[1], two)],
        routes: match site.routing {
            Routing::Bgp => RouteExchange::Bgp(Bgp {
                customer_asn: site.gateway.asn,
                aws_asn: site.aws.amazon_side_asn,
                hold_time: 30,
            }),
            Routing::Static => RouteExchange::Static,
        },
        vpc_cidrs: vec![VPC],
        direct_connect: None,
        site,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::device::registry;
    use crate::spec::load;

    /// The example as it stands, and with every option that has a default.
    #[test]
    fn the_example_of_every_device_loads_and_renders() {
        for device in registry() {
            let plain = site_file(*device);
            let lines = plain
                .lines()
                .filter(|line| !line.trim_start().starts_with("# "));
            let full: String = lines
                .map(|line| {
                    format!(
                        "{}\n",
                        line.replacen(" #", " ", usize::from(!line.contains("  # ")))
                    )
                })
                .collect();
            for text in [plain, full] {
                let site = load(&text, Path::new("example.yaml"))
                    .unwrap_or_else(|errors| panic!("{text}\n{:#?}", errors.problems()))
                    .site;
                assert_eq!(device.check_options(&site.gateway), [], "{text}");
                let given = site.gateway.options.len();
                let required = device.options().iter().filter(|o| o.required).count();
                assert!(
                    given == device.options().len() || given == required,
                    "{text}"
                );
                connection(*device, site, &IdSource::seeded(1)).expect("it can be negotiated");
            }
        }
    }

    #[test]
    fn scalars_stay_text() {
        assert_eq!(quoted("ge-0/0/0.0"), "ge-0/0/0.0");
        assert_eq!(quoted("71"), "\"71\"");
        assert_eq!(quoted("no"), "\"no\"");
        assert_eq!(quoted("192.168.77.2/24"), "\"192.168.77.2/24\"");
    }
}
