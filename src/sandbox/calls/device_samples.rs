//! Samples in the shape of AWS's for three devices, with AWS's own weaknesses.
//!
//! They say IKEv1, AES-128, SHA-1 and group 2 whatever the connection's options are, unless the
//! recommended kind is asked for; MSS and MTU are the same for every cipher.

use std::fmt::Write as _;

use crate::sandbox::calls::context::Context;
use crate::sandbox::world::VpnConnection;

/// What a sample is filled with.
pub(super) struct Facts {
    id: String,
    /// 1 or 2.
    version: u8,
    strong: bool,
    site: String,
    /// The site's and AWS's ASNs; none with static routes.
    asns: Option<(u32, u32)>,
    tunnels: Vec<Tunnel>,
}

struct Tunnel {
    number: usize,
    outside: String,
    aws: String,
    site: String,
    key: String,
}

impl Facts {
    pub(super) fn of(
        context: &Context<'_>,
        connection: &VpnConnection,
        ike: &str,
        strong: bool,
    ) -> Self {
        let region = &*context.region;
        let customer = region.customer_gateways.get(&connection.customer_gateway);
        let gateway = connection.vpn_gateway.as_ref();
        let gateway = gateway.and_then(|id| region.vpn_gateways.get(id));
        let site = customer.and_then(|customer| customer.ip);
        let tunnels = (1..).zip(connection.tunnels.iter());
        let tunnels = tunnels.map(|(number, tunnel)| Tunnel {
            number,
            outside: tunnel.outside_ip.to_string(),
            aws: tunnel.options.aws_inside().to_string(),
            site: tunnel.options.site_inside().to_string(),
            key: if connection.keys_in_secrets_manager {
                "REDACTED".to_owned()
            } else {
                tunnel.options.pre_shared_key.expose().to_owned()
            },
        });
        Self {
            id: connection.id.to_string(),
            version: if ike == "ikev2" || strong { 2 } else { 1 },
            strong,
            site: site.map(|ip| ip.to_string()).unwrap_or_default(),
            asns: match (connection.static_routes_only, customer, gateway) {
                (false, Some(customer), Some(gateway)) => Some((customer.asn, gateway.asn)),
                _ => None,
            },
            tunnels: tunnels.collect(),
        }
    }
}

/// The sample for a platform of the list; none for those that the sandbox has no shape of.
pub(super) fn sample(platform: &str, facts: &Facts) -> Option<String> {
    let mut text = String::new();
    match platform {
        "ISR Series Routers" => ios(&mut text, facts),
        "PA Series" => panos(&mut text, facts),
        "Ubuntu 16.04" => strongswan(&mut text, facts),
        _ => return None,
    }
    .ok()?;
    Some(text)
}

fn ios(text: &mut String, facts: &Facts) -> std::fmt::Result {
    let (bits, hash, group) = if facts.strong {
        (256, "sha256", 14)
    } else {
        (128, "sha", 2)
    };
    let (id, site) = (&facts.id, &facts.site);
    writeln!(
        text,
        "! Sample for VPN connection {id}, IKEv{}",
        facts.version
    )?;
    for tunnel in &facts.tunnels {
        let number = tunnel.number;
        writeln!(
            text,
            "! Tunnel {number}; groups 14 to 24 are possible as well"
        )?;
        if facts.version == 2 {
            writeln!(
                text,
                "crypto ikev2 proposal PROPOSAL{number}\n encryption aes-cbc-{bits}\n integrity {hash}\n group {group}\nexit"
            )?;
        } else {
            writeln!(
                text,
                "crypto isakmp policy {}\n encryption aes {bits}\n authentication pre-share\n group {group}\n lifetime 28800\n hash {hash}\nexit",
                199 + number
            )?;
        }
        let n = number - 1;
        writeln!(
            text,
            "crypto keyring keyring-{id}-{n}\n local-address {site}\n pre-shared-key address {} key {}\nexit",
            tunnel.outside, tunnel.key
        )?;
        writeln!(
            text,
            "crypto ipsec transform-set ipsec-prop-{id}-{n} esp-aes {bits} esp-{hash}-hmac\n mode tunnel\nexit"
        )?;
        writeln!(
            text,
            "crypto ipsec profile ipsec-{id}-{n}\n set pfs group{group}\n set security-association lifetime seconds 3600\n set transform-set ipsec-prop-{id}-{n}\nexit"
        )?;
        writeln!(
            text,
            "crypto ipsec df-bit clear\ncrypto isakmp keepalive 10 10\ncrypto ipsec fragmentation before-encryption"
        )?;
        writeln!(
            text,
            "interface Tunnel{number}\n ip address {} 255.255.255.252\n tunnel source {site}\n tunnel destination {}\n tunnel mode ipsec ipv4\n ip tcp adjust-mss 1379\nexit",
            tunnel.site, tunnel.outside
        )?;
        if let Some((ours, theirs)) = facts.asns {
            let aws = &tunnel.aws;
            writeln!(
                text,
                "router bgp {ours}\n neighbor {aws} remote-as {theirs}\n neighbor {aws} timers 10 30 30\n address-family ipv4 unicast\n  neighbor {aws} activate\n  neighbor {aws} default-originate\n  network 0.0.0.0\nexit"
            )?;
        }
    }
    Ok(())
}

fn panos(text: &mut String, facts: &Facts) -> std::fmt::Result {
    let (cipher, hash, group) = if facts.strong {
        ("aes-256-cbc", "sha256", 14)
    } else {
        ("aes-128-cbc", "sha1", 2)
    };
    let id = &facts.id;
    writeln!(
        text,
        "# Sample for VPN connection {id}, IKEv{}",
        facts.version
    )?;
    for tunnel in &facts.tunnels {
        let n = tunnel.number - 1;
        writeln!(
            text,
            "edit network ike crypto-profiles ike-crypto-profiles vpn-{id}-{n}\nset dh-group group{group}\nset hash {hash}\nset lifetime seconds 28800\nset encryption {cipher}\ntop"
        )?;
        writeln!(
            text,
            "edit network ike crypto-profiles ipsec-crypto-profiles vpn-{id}-{n}\nset esp authentication {hash}\nset esp encryption {cipher}\nset dh-group group{group}\nset lifetime seconds 3600\ntop"
        )?;
        writeln!(
            text,
            "edit network ike gateway vpn-{id}-{n}\nset protocol version ikev{v}\nset protocol ikev{v} dpd enable yes\nset protocol ikev{v} dpd interval 10\nset authentication pre-shared-key key {}\nset peer-address ip {}\ntop",
            tunnel.key,
            tunnel.outside,
            v = facts.version
        )?;
        writeln!(
            text,
            "edit network interface tunnel units tunnel.{}\nset ip {}/30\nset mtu 1427\ntop",
            tunnel.number, tunnel.site
        )?;
        if let Some((_, theirs)) = facts.asns {
            writeln!(
                text,
                "edit network virtual-router default protocol bgp peer-group AmazonBGP peer amazon-tunnel-{n}\nset peer-as {theirs}\nset connection-options keep-alive-interval 10\nset connection-options hold-time 30\nset peer-address ip {}\ntop",
                tunnel.aws
            )?;
        }
    }
    Ok(())
}

fn strongswan(text: &mut String, facts: &Facts) -> std::fmt::Result {
    let suite = if facts.strong {
        "aes256-sha256-modp2048"
    } else {
        "aes128-sha1-modp1024"
    };
    let (id, site) = (&facts.id, &facts.site);
    writeln!(
        text,
        "# Sample for VPN connection {id}, IKEv{}\n# /etc/ipsec.conf",
        facts.version
    )?;
    for tunnel in &facts.tunnels {
        let number = tunnel.number;
        writeln!(
            text,
            "conn Tunnel{number}\n\tauto=start\n\tleft=%defaultroute\n\tleftid={site}\n\tright={}\n\ttype=tunnel\n\tleftauth=psk\n\trightauth=psk\n\tkeyexchange=ikev{}\n\tike={suite}\n\tikelifetime=8h\n\tesp={suite}\n\tlifetime=1h\n\tleftsubnet=0.0.0.0/0\n\trightsubnet=0.0.0.0/0\n\tdpddelay=10s\n\tdpdtimeout=30s\n\tdpdaction=restart\n\tmark={number}00",
            tunnel.outside, facts.version
        )?;
    }
    writeln!(text, "# /etc/ipsec.secrets")?;
    for tunnel in &facts.tunnels {
        writeln!(text, "{site} {} : PSK \"{}\"", tunnel.outside, tunnel.key)?;
        writeln!(text, "ip link set Tunnel{} up mtu 1419", tunnel.number)?;
    }
    Ok(())
}
