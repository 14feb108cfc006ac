//! The `CustomerGatewayConfiguration` document of a connection.

use std::fmt::Display;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::world::{CustomerGateway, Tunnel, VpnConnection};

/// Writes the document, with the tunnels in the given order.
///
/// Element for element like public captures of AWS's own. Its crypto is **constant**, sha1,
/// aes-128-cbc and group2, whatever the tunnel options say: AWS does that too (aws-cli issue
/// 9421), and a reader that believes it configures the wrong tunnel.
pub(super) fn document(
    connection: &VpnConnection,
    customer: Option<&CustomerGateway>,
    aws_asn: Option<u32>,
    tunnels: [&Tunnel; 2],
) -> String {
    let mut out = Out::default();
    out.line(0, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    out.line(0, &format!("<vpn_connection id=\"{}\">", connection.id));
    out.text(1, "customer_gateway_id", &connection.customer_gateway);
    // Empty on a transit gateway, which the document does not name anywhere.
    let gateway_id = connection.vpn_gateway.as_ref().map(ToString::to_string);
    out.text(1, "vpn_gateway_id", gateway_id.unwrap_or_default());
    out.text(1, "vpn_connection_type", "ipsec.1");
    if connection.static_routes_only {
        out.text(1, "vpn_connection_attributes", "NoBGPVPNConnection");
    }
    for tunnel in tunnels {
        let ends = Ends {
            customer_ip: customer.and_then(|customer| customer.ip),
            asns: match (connection.static_routes_only, customer, aws_asn) {
                (false, Some(customer), Some(aws)) => Some((customer.asn, aws)),
                _ => None,
            },
        };
        out.tunnel(tunnel, &ends, connection.keys_in_secrets_manager);
    }
    out.text.push_str("</vpn_connection>");
    out.text
}

struct Ends {
    customer_ip: Option<IpAddr>,
    /// The site's and AWS's; absent without BGP.
    asns: Option<(u32, u32)>,
}

#[derive(Default)]
struct Out {
    text: String,
}

impl Out {
    fn line(&mut self, depth: usize, line: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{:width$}{line}", "", width = depth * 2);
    }

    fn text(&mut self, depth: usize, name: &str, value: impl Display) {
        self.line(depth, &format!("<{name}>{value}</{name}>"));
    }

    fn tunnel(&mut self, tunnel: &Tunnel, ends: &Ends, hide_key: bool) {
        let options = &tunnel.options;
        self.line(1, "<ipsec_tunnel>");
        let customer = ends
            .customer_ip
            .map(|ip| ip.to_string())
            .unwrap_or_default();
        let asns = ends
            .asns
            .map_or((None, None), |(site, aws)| (Some(site), Some(aws)));
        let host = |number| options.inside_ipv6(number);
        let inside = (options.site_inside(), host(2));
        self.end("customer_gateway", &customer, inside, asns.0);
        let inside = (options.aws_inside(), host(1));
        self.end("vpn_gateway", &tunnel.outside_ip, inside, asns.1);
        self.line(2, "<ike>");
        self.text(3, "authentication_protocol", "sha1");
        self.text(3, "encryption_protocol", "aes-128-cbc");
        self.text(3, "lifetime", 28_800);
        self.text(3, "perfect_forward_secrecy", "group2");
        self.text(3, "mode", "main");
        // The alphabet of the keys needs no escaping.
        let key = if hide_key {
            "REDACTED"
        } else {
            options.pre_shared_key.expose()
        };
        self.text(3, "pre_shared_key", key);
        self.line(2, "</ike>");
        self.ipsec();
        self.line(1, "</ipsec_tunnel>");
    }

    fn end(
        &mut self,
        name: &str,
        outside: &dyn Display,
        (inside, inside_ipv6): (Ipv4Addr, Option<Ipv6Addr>),
        asn: Option<u32>,
    ) {
        self.line(2, &format!("<{name}>"));
        self.line(3, "<tunnel_outside_address>");
        self.text(4, "ip_address", outside);
        self.line(3, "</tunnel_outside_address>");
        self.line(3, "<tunnel_inside_address>");
        self.text(4, "ip_address", inside);
        self.text(4, "network_mask", "255.255.255.252");
        self.text(4, "network_cidr", 30);
        self.line(3, "</tunnel_inside_address>");
        if let Some(inside) = inside_ipv6 {
            self.line(3, "<tunnel_inside_ipv6_address>");
            self.text(4, "ip_address", inside);
            self.text(4, "prefix_length", 128);
            self.line(3, "</tunnel_inside_ipv6_address>");
        }
        if let Some(asn) = asn {
            self.line(3, "<bgp>");
            self.text(4, "asn", asn);
            self.text(4, "hold_time", 30);
            self.line(3, "</bgp>");
        }
        self.line(2, &format!("</{name}>"));
    }

    fn ipsec(&mut self) {
        self.line(2, "<ipsec>");
        self.text(3, "protocol", "esp");
        self.text(3, "authentication_protocol", "hmac-sha1-96");
        self.text(3, "encryption_protocol", "aes-128-cbc");
        self.text(3, "lifetime", 3_600);
        self.text(3, "perfect_forward_secrecy", "group2");
        self.text(3, "mode", "tunnel");
        self.text(3, "clear_df_bit", true);
        self.text(3, "fragmentation_before_encryption", true);
        self.text(3, "tcp_mss_adjustment", 1_379);
        self.line(3, "<dead_peer_detection>");
        self.text(4, "interval", 10);
        self.text(4, "retries", 3);
        self.line(3, "</dead_peer_detection>");
        self.line(2, "</ipsec>");
    }
}
