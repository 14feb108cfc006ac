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
        check::word(text.trim()).map_err(sentence)
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
            let earlier = nets.iter().take(at);
            if let Some(other) = earlier
                .filter(|other| other.contains(net) || net.contains(*other))
                .next()
            {
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
    head(out, answers)?;
    gateway(out, answers)?;
    networks(out, answers)?;
    aws(out, answers)?;
    out.write_str(TAIL)
}

fn head(out: &mut impl fmt::Write, answers: &InitAnswers) -> fmt::Result {
    writeln!(
        out,
        "# A site: a router, the networks behind it, and the VPC that they shall reach.\n\
         # `underpass plan` shows what would be made of it; `underpass schema` gives an editor its\n\
         # fields. What is commented out shows the default.\n\
         site: {}                # unique per account and Region\n\
         region: {}",
        answers.site, answers.region
    )?;
    match answers.expires_after {
        Some(life) => writeln!(
            out,
            "environment: test\nexpires_after: {}           # then `underpass reap` removes it: 10m to 30d",
            durations::format(life)
        ),
        None => writeln!(
            out,
            "environment: production     # teardown asks for the site's name; `test` may expire\n\
             # expires_after: 8h         # test only: then `underpass reap` removes it"
        ),
    }
}

fn gateway(out: &mut impl fmt::Write, answers: &InitAnswers) -> fmt::Result {
    writeln!(
        out,
        "\ngateway:\n  device: {}        # `underpass devices` lists them\n  \
         outside_ip: {}            # as AWS sees it: the router's, or that of the NAT before it",
        answers.device, answers.outside_ip
    )?;
    match answers.local_ip {
        Some(local) => writeln!(
            out,
            "  local_ip: {local}            # the router's own, behind the NAT"
        )?,
        None => writeln!(
            out,
            "  # local_ip: 192.168.1.2   # the router's own, where a NAT is before it"
        )?,
    }
    match (answers.asn, answers.routing) {
        (Some(asn), _) => writeln!(out, "  asn: {asn}")?,
        (None, _) => writeln!(
            out,
            "  # asn: 65000              # BGP needs the site's own"
        )?,
    }
    out.write_str(
        "  # uplink_mtu: 1500        # less on PPPoE (1492) and LTE\n\
         \x20 # options: {}             # what the device needs besides, such as interface names\n",
    )
}

fn networks(out: &mut impl fmt::Write, answers: &InitAnswers) -> fmt::Result {
    out.write_str("\nlan:                        # the networks behind the router\n")?;
    for net in &answers.lan {
        writeln!(out, "  - {net}")?;
    }
    out.write_str(
        "# appliances:               # machines whose traffic shall be private\n\
         #   - { name: cam-hub-1, address: 10.20.0.10, profile: greengrass }\n",
    )
}

fn aws(out: &mut impl fmt::Write, answers: &InitAnswers) -> fmt::Result {
    write!(
        out,
        "\naws:\n\
         \x20 # account: \"111122223333\" # another account is refused\n\
         \x20 vpc: {}\n\
         \x20 attach_to: virtual-private-gateway  # the VPC's own, else a new one; or an existing one:\n\
         \x20 # attach_to: {{ virtual_private_gateway: vgw-... }}\n\
         \x20 # attach_to: {{ transit_gateway: tgw-... }}\n\
         \x20 # amazon_side_asn: 64512  # of a new gateway\n\
         \x20 # route_tables: all       # or a list: [rtb-...]\n\
         \x20 # customer_gateway: cgw-...          # to use an existing one\n\
         \x20 # connection: vpn-...                # to use an existing one\n\
         \n\
         routing: {}{}\n",
        answers.vpc,
        answers.routing.as_str(),
        match answers.routing {
            Routing::Bgp => "                # or static",
            Routing::Static => "             # or bgp, with gateway.asn",
        }
    )
}

/// What nobody has to think about at first.
const TAIL: &str = "\
# security: strong          # AES-256, SHA-256, group 14 or better; `compatible` for old routers

# tunnel_options:           # both tunnels; left out, the strongest that the router has is chosen
#   ike_versions: [ikev2]
#   phase1_lifetime: 28800
#   phase2_lifetime: 3600
#   rekey_margin: 270
#   rekey_fuzz: 100
#   replay_window: 1024
#   dpd_timeout: 30
#   lifecycle_control: false
# tunnels:                  # one tunnel each; goes before tunnel_options
#   - inside_cidr: 169.254.10.0/30
#     pre_shared_key_file: tunnel-1.psk   # mode 0600; left out, a key is generated
#   - inside_cidr: 169.254.10.4/30
#     pre_shared_key_file: tunnel-2.psk

# tags:                     # on every AWS object
#   cost-centre: \"4711\"
";
