//! A commented site file from a few answers.

use std::fmt;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use jiff::SignedDuration;

use super::check;
use super::durations;
use super::id::VpcId;
use super::net::{Asn, InvalidValue, Region, SiteName};
use super::site::Routing;

/// What is asked for a new site file; everything else has a default.
#[derive(Clone, Debug, PartialEq)]
pub struct InitAnswers {
    /// The site's name.
    pub site: SiteName,
    /// The VPC's Region.
    pub region: Region,
    /// How long it shall live; none makes a production site.
    pub expires_after: Option<SignedDuration>,
    /// The router's family, in the alphabet of [`answer::device`].
    pub device: String,
    /// The address that AWS sees.
    pub outside_ip: Ipv4Addr,
    /// The router's own address, behind a NAT.
    pub local_ip: Option<Ipv4Addr>,
    /// BGP or static.
    pub routing: Routing,
    /// The site's ASN; BGP needs one.
    pub asn: Option<Asn>,
    /// The site's networks.
    pub lan: Vec<Ipv4Net>,
    /// The VPC.
    pub vpc: VpcId,
}

/// The answers' readers, one for each question; the error is a sentence for the prompt.
pub mod answer {
    use super::{
        Asn, InvalidValue, Ipv4Addr, Ipv4Net, Region, SignedDuration, SiteName, VpcId, check,
    };

    fn sentence<E: Into<InvalidValue>>(error: E) -> String {
        let error: InvalidValue = error.into();
        format!("{}: {}", error.problem, error.help)
    }

    /// Reads the site's name.
    pub fn site(text: &str) -> Result<SiteName, String> {
        text.trim().parse().map_err(sentence)
    }

    /// Reads the Region.
    pub fn region(text: &str) -> Result<Region, String> {
        text.trim().parse().map_err(sentence)
    }

    /// Reads the life of a test site: 10m to 30d.
    pub fn expires_after(text: &str) -> Result<SignedDuration, String> {
        check::expiry(text.trim()).map_err(sentence)
    }

    /// Reads the router's family; whether it exists, the devices know.
    pub fn device(text: &str) -> Result<String, String> {
        check::word(text.trim(), "a device's name").map_err(sentence)
    }

    /// Reads the address that AWS sees.
    pub fn outside_ip(text: &str) -> Result<Ipv4Addr, String> {
        check::outside_ip(text.trim()).map_err(sentence)
    }

    /// Reads the router's own address behind a NAT; nothing means that there is no NAT.
    pub fn local_ip(text: &str) -> Result<Option<Ipv4Addr>, String> {
        match text.trim() {
            "" => Ok(None),
            text => check::local_ip(text).map(Some).map_err(sentence),
        }
    }

    /// Reads the site's ASN; whether AWS accepts it in the Region is checked with the whole file.
    pub fn asn(text: &str) -> Result<Asn, String> {
        check::asn(text.trim()).map_err(sentence)
    }

    /// Reads the site's networks, separated by commas or spaces.
    pub fn lan(text: &str) -> Result<Vec<Ipv4Net>, String> {
        let nets = text
            .split([',', ' '])
            .filter(|net| !net.is_empty())
            .map(|net| check::network(net).map_err(sentence))
            .collect::<Result<Vec<_>, _>>()?;
        if nets.is_empty() {
            return Err("give at least one network, such as 10.20.0.0/24".to_owned());
        }
        for (at, net) in nets.iter().enumerate() {
            let mut earlier = nets.iter().take(at);
            let clash = earlier.find(|other| other.contains(net) || net.contains(*other));
            if let Some(other) = clash {
                return Err(format!("{net} and {other} overlap: give each address once"));
            }
        }
        Ok(nets)
    }

    /// Reads the VPC's id.
    pub fn vpc(text: &str) -> Result<VpcId, String> {
        text.trim().parse().map_err(sentence)
    }
}

/// Writes the site file: what was answered, and the rest commented out with its default.
pub fn template(answers: &InitAnswers) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, answers);
    text
}

fn write(out: &mut impl fmt::Write, answers: &InitAnswers) -> fmt::Result {
    out.write_str(
        "# A site: a router, the networks behind it, and the VPC that they shall reach.\n\
         # `underpass plan` shows what would be made of it. What is commented out is the default\n\
         # or an example.\n",
    )?;
    head(out, answers)?;
    gateway(out, answers)?;
    networks(out, answers)?;
    aws(out, answers)?;
    for (setting, note) in TAIL {
        noted(out, setting, note)?;
    }
    Ok(())
}

/// A line of the file and what is to be known about it.
fn noted(out: &mut impl fmt::Write, setting: &str, note: &str) -> fmt::Result {
    match note {
        "" => writeln!(out, "{setting}"),
        note => writeln!(out, "{setting:<36}  # {note}"),
    }
}

fn head(out: &mut impl fmt::Write, answers: &InitAnswers) -> fmt::Result {
    let site = format!("site: {}", answers.site);
    noted(out, &site, "unique per account and Region")?;
    noted(out, &format!("region: {}", answers.region), "the VPC's")?;
    let reap = "then `underpass reap` removes it: 10m to 30d";
    match answers.expires_after {
        Some(life) => {
            noted(
                out,
                "environment: test",
                "or production, which never expires",
            )?;
            let life = format!("expires_after: {}", durations::format(life));
            noted(out, &life, reap)
        }
        None => {
            noted(
                out,
                "environment: production",
                "teardown asks for the name; or test",
            )?;
            noted(out, "# expires_after: 8h", &format!("test only: {reap}"))
        }
    }
}

fn gateway(out: &mut impl fmt::Write, answers: &InitAnswers) -> fmt::Result {
    noted(out, "", "")?;
    noted(out, "gateway:", "")?;
    let device = format!("  device: {}", answers.device);
    noted(out, &device, "`underpass devices` lists them")?;
    let outside = format!("  outside_ip: {}", answers.outside_ip);
    noted(
        out,
        &outside,
        "as AWS sees it: the router's, or that of its NAT",
    )?;
    let local = match answers.local_ip {
        Some(local) => format!("  local_ip: {local}"),
        None => "  # local_ip: 192.168.1.2".to_owned(),
    };
    noted(out, &local, "the router's own, behind a NAT")?;
    let asn = match answers.asn {
        Some(asn) => format!("  asn: {asn}"),
        None => format!("  # asn: {}", Asn::STATIC_DEFAULT),
    };
    noted(out, &asn, "the site's; BGP needs one")?;
    noted(out, "  # uplink_mtu: 1500", "less on PPPoE (1492) and LTE")?;
    noted(
        out,
        "  # options: {}",
        "such as interface names; see the device",
    )
}

fn networks(out: &mut impl fmt::Write, answers: &InitAnswers) -> fmt::Result {
    noted(out, "", "")?;
    noted(out, "lan:", "the networks behind the router")?;
    for net in &answers.lan {
        noted(out, &format!("  - {net}"), "")?;
    }
    noted(
        out,
        "# appliances:",
        "machines whose traffic shall be private",
    )?;
    let host = answers.lan.first().and_then(|net| net.hosts().nth(9));
    let host = host.map_or_else(|| "10.20.0.10".to_owned(), |host| host.to_string());
    noted(
        out,
        &format!("#   - {{ name: cam-hub-1, address: {host} }}"),
        "",
    )
}

fn aws(out: &mut impl fmt::Write, answers: &InitAnswers) -> fmt::Result {
    noted(out, "", "")?;
    noted(out, "aws:", "")?;
    noted(
        out,
        "  # account: \"111122223333\"",
        "another account is refused",
    )?;
    noted(out, &format!("  vpc: {}", answers.vpc), "")?;
    noted(
        out,
        "  attach_to: virtual-private-gateway",
        "the VPC's own, else a new one",
    )?;
    noted(
        out,
        "  # attach_to: { transit_gateway: tgw-... }",
        "an existing one",
    )?;
    noted(out, "  # amazon_side_asn: 64512", "of a new gateway")?;
    noted(out, "  # route_tables: all", "or a list: [rtb-...]")?;
    noted(out, "  # customer_gateway: cgw-...", "an existing one")?;
    noted(out, "  # connection: vpn-...", "an existing one")?;
    noted(out, "", "")?;
    let routing = format!("routing: {}", answers.routing.as_str());
    noted(out, &routing, "bgp or static")
}

/// What nobody has to think about at first.
const TAIL: [(&str, &str); 18] = [
    (
        "# security: strong",
        "or compatible, for routers without AES-256 and SHA-256",
    ),
    ("", ""),
    (
        "# tunnel_options:",
        "both tunnels; the strongest that the router has is the default",
    ),
    ("#   ike_versions: [ikev2]", ""),
    ("#   phase1_lifetime: 28800", "seconds"),
    ("#   phase2_lifetime: 3600", ""),
    ("#   rekey_margin: 270", ""),
    ("#   replay_window: 1024", "packets"),
    ("#   dpd_timeout: 30", ""),
    (
        "#   lifecycle_control: false",
        "true: you decide when AWS replaces an endpoint",
    ),
    ("# tunnels:", "one tunnel each; goes before tunnel_options"),
    (
        "#   - inside_cidr: 169.254.10.0/30",
        "left out, a free one is chosen",
    ),
    (
        "#     pre_shared_key_file: tunnel-1.psk",
        "mode 0600; left out, a key is generated",
    ),
    ("#   - inside_cidr: 169.254.10.4/30", ""),
    ("#     pre_shared_key_file: tunnel-2.psk", ""),
    ("", ""),
    ("# tags:", "on every AWS object"),
    ("#   cost-centre: \"4711\"", ""),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Environment, load};
    use super::*;

    fn answers(routing: Routing) -> InitAnswers {
        InitAnswers {
            site: answer::site("plant-7").unwrap(),
            region: answer::region(" eu-central-1 ").unwrap(),
            expires_after: answer::expires_after("1d 12h").ok(),
            device: answer::device("strongswan").unwrap(),
            outside_ip: answer::outside_ip("52.29.10.7").unwrap(),
            local_ip: answer::local_ip("").unwrap(),
            routing,
            asn: answer::asn("65010").ok(),
            lan: answer::lan("10.20.0.0/24, 10.21.0.0/24").unwrap(),
            vpc: answer::vpc("vpc-0a1b2c3d4e5f67890").unwrap(),
        }
    }

    #[test]
    fn the_template_loads_as_it_is_and_with_every_comment_taken_away() {
        let bgp = answers(Routing::Bgp);
        let text = template(&bgp);
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("init", text);
        });
        let site = load(&text, Path::new("site.yaml")).unwrap().site;
        assert_eq!(
            (site.name, site.lan, site.gateway.asn),
            (bgp.site, bgp.lan, Asn::try_from(65010).unwrap())
        );
        assert_eq!(site.expires_after, bgp.expires_after);

        let production = InitAnswers {
            expires_after: None,
            local_ip: answer::local_ip("192.168.1.2").unwrap(),
            asn: None,
            ..answers(Routing::Static)
        };
        let site = load(&template(&production), Path::new("s")).unwrap().site;
        assert_eq!(site.environment, Environment::Production);
        assert!(site.gateway.behind_nat());

        // What is commented out must be right too: whoever takes a `#` away expects it to work.
        let uncommented: String = text
            .lines()
            .skip(3)
            .filter(|line| !line.contains("-...") || line.contains("route_tables"))
            .map(|line| match line.split_once("# ") {
                Some((indent, rest)) if indent.trim().is_empty() => format!("{indent}{rest}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        let loaded = load(&uncommented, Path::new("site.yaml"));
        let site =
            loaded.unwrap_or_else(|errors| panic!("{uncommented}\n{:#?}", errors.problems()));
        assert_eq!(site.site.appliances.len(), 1);
        assert_eq!(site.site.tags.len(), 1);
        assert!(site.site.tunnels[1].inside_cidr.is_some());
    }

    #[test]
    fn a_bad_answer_is_answered_with_its_remedy() {
        assert_eq!(
            answer::asn("AS65010").unwrap_err(),
            "`AS65010` is not an ASN in plain notation: write 65010"
        );
        assert_eq!(
            answer::lan("10.0.0.0/8 10.20.0.0/24").unwrap_err(),
            "10.20.0.0/24 and 10.0.0.0/8 overlap: give each address once"
        );
        assert!(
            answer::outside_ip("10.0.0.1")
                .unwrap_err()
                .contains("10.0.0.0/8 is private")
        );
        assert!(
            answer::local_ip("224.0.0.1")
                .unwrap_err()
                .contains("multicast")
        );
        assert!(
            answer::expires_after("5m")
                .unwrap_err()
                .contains("10m to 30d")
        );
        assert!(answer::site("a\nb").is_err() && answer::device("a b").is_err());
    }
}
