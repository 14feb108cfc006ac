//! Sample configurations of routers, filled with a virtual interface's values.

use crate::sandbox::direct_connect::{BgpPeer, VirtualInterface};

/// The language that a type of router speaks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dialect {
    Ios,
    NxOs,
    JunOs,
    PanOs,
}

/// The text for one interface.
pub(super) fn text(
    dialect: Dialect,
    it: &VirtualInterface,
    amazon_asn: Option<u32>,
    mac_sec: bool,
) -> String {
    let amazon_asn = amazon_asn.unwrap_or_default();
    let mut out = String::new();
    let (comment, end) = match dialect {
        Dialect::JunOs => ("#", ""),
        Dialect::PanOs => ("<!--", " -->"),
        _ => ("!", ""),
    };
    let mut say = |text: &str| out.push_str(&format!("{comment} {text}{end}\n"));
    say("Amazon Web Services");
    say("Direct Connect");
    say(&format!("Virtual interface {} on {}", it.id, it.connection));
    if mac_sec {
        say("The port runs MACsec: set its CKN and CAK on the physical interface.");
    }
    for peer in &it.peers {
        let sample = match dialect {
            Dialect::Ios => ios(it, peer, amazon_asn),
            Dialect::NxOs => nx_os(it, peer, amazon_asn),
            Dialect::JunOs => jun_os(it, peer, amazon_asn),
            Dialect::PanOs => pan_os(it, peer, amazon_asn),
        };
        out.push_str(&sample);
    }
    out
}

fn ios(it: &VirtualInterface, peer: &BgpPeer, amazon_asn: u32) -> String {
    let (vlan, site, amazon) = (it.vlan, peer.customer, peer.amazon.addr());
    let (key, mtu) = (peer.auth_key.expose(), it.mtu);
    format!(
        "interface GigabitEthernet0/1\n no ip address\n mtu {mtu}\n!\n\
         interface GigabitEthernet0/1.{vlan}\n \
         description \"Direct Connect to your Amazon VPC or AWS Cloud\"\n \
         encapsulation dot1Q {vlan}\n ip address {} {}\n!\n\
         router bgp {}\n neighbor {amazon} remote-as {amazon_asn}\n \
         neighbor {amazon} password {key}\n network 0.0.0.0\n exit\n",
        site.addr(),
        site.netmask(),
        peer.asn,
    )
}

fn nx_os(it: &VirtualInterface, peer: &BgpPeer, amazon_asn: u32) -> String {
    let (vlan, site, amazon) = (it.vlan, peer.customer, peer.amazon.addr());
    let (key, mtu) = (peer.auth_key.expose(), it.mtu);
    format!(
        "feature interface-vlan\nvlan {vlan}\n name \"Direct Connect to your Amazon VPC or AWS \
         Cloud\"\n!\ninterface Vlan{vlan}\n mtu {mtu}\n ip address {site}\n no shutdown\n!\n\
         interface Ethernet0/1\n switchport\n switchport mode trunk\n \
         switchport trunk allowed vlan {vlan}\n no shutdown\n!\n\
         router bgp {}\n address-family ipv4 unicast\n  network 0.0.0.0\n \
         neighbor {amazon} remote-as {amazon_asn}\n  password 0 {key}\n  \
         address-family ipv4 unicast\n",
        peer.asn,
    )
}

fn jun_os(it: &VirtualInterface, peer: &BgpPeer, amazon_asn: u32) -> String {
    let (vlan, site, amazon) = (it.vlan, peer.customer, peer.amazon.addr());
    let (key, mtu, asn) = (peer.auth_key.expose(), it.mtu, peer.asn);
    format!(
        "edit interfaces ge-0/0/1\nset description \"Direct Connect to your Amazon VPC or AWS \
         Cloud\"\nset flexible-vlan-tagging\nset mtu {mtu}\nedit unit 0\nset vlan-id {vlan}\n\
         set family inet mtu {mtu}\nset family inet address {site}\nexit\nexit\n\
         edit policy-options policy-statement EXPORT-DEFAULT\nedit term DEFAULT\n\
         set from route-filter 0.0.0.0/0 exact\nset then accept\nexit\nedit term REJECT\n\
         set then reject\nexit\nexit\nset routing-options autonomous-system {asn}\n\
         edit protocols bgp group EBGP\nset type external\nset peer-as {amazon_asn}\n\
         edit neighbor {amazon}\nset local-address {}\nset export EXPORT-DEFAULT\n\
         set authentication-key \"{key}\"\n",
        site.addr(),
    )
}

fn pan_os(it: &VirtualInterface, peer: &BgpPeer, amazon_asn: u32) -> String {
    let (vlan, site, amazon) = (it.vlan, peer.customer, peer.amazon.addr());
    let (key, mtu, asn) = (peer.auth_key.expose(), it.mtu, peer.asn);
    format!(
        "set network interface ethernet ethernet1/1 layer3 units ethernet1/1.{vlan} tag {vlan}\n\
         set network interface ethernet ethernet1/1 layer3 units ethernet1/1.{vlan} ip {site}\n\
         set network interface ethernet ethernet1/1 layer3 units ethernet1/1.{vlan} mtu {mtu}\n\
         set network virtual-router default interface ethernet1/1.{vlan}\n\
         set network virtual-router default protocol bgp enable yes\n\
         set network virtual-router default protocol bgp local-as {asn}\n\
         set network virtual-router default protocol bgp auth-profile amazon secret {key}\n\
         set network virtual-router default protocol bgp peer-group amazon peer dx peer-as \
         {amazon_asn}\n\
         set network virtual-router default protocol bgp peer-group amazon peer dx peer-address ip \
         {amazon}\n\
         set network virtual-router default protocol bgp peer-group amazon peer dx \
         connection-options authentication amazon\n"
    )
}
