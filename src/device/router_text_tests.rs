use super::*;
use crate::tunnel::sample::{BGP_KEY, link};

/// The shapes of the Direct Connect guide ("Example router configuration files"), filled in.
const IOS: &str = r#"interface GigabitEthernet0/1
no ip address

interface GigabitEthernet0/1.301
description "Direct Connect to your Amazon VPC or AWS Cloud"
encapsulation dot1Q 301
ip address 169.254.96.6 255.255.255.248

router bgp 65010
neighbor 169.254.96.1 remote-as 64513
neighbor 169.254.96.1 password KEY
network 0.0.0.0
exit

! Optionally configure Bidirectional Forwarding Detection (BFD).

interface GigabitEthernet0/1.301
bfd interval 300 min_rx 300 multiplier 3
router bgp 65010
neighbor 169.254.96.1 fall-over bfd
"#;

const NXOS: &str = r#"feature interface-vlan
vlan 301
name "Direct Connect to your Amazon VPC or AWS Cloud"

interface Vlan301
  mtu 1500
  ip address 169.254.96.6/29
  no shutdown

interface Ethernet0/1
  mtu 9216
  switchport
  switchport mode trunk
  switchport trunk allowed vlan 301
  no shutdown

router bgp 65010
  address-family ipv4 unicast
    network 0.0.0.0
  neighbor 169.254.96.1 remote-as 64513
    password 0 KEY
    address-family ipv4 unicast
"#;

const JUNOS: &str = r#"configure exclusive
edit interfaces ge-0/0/1
set description "Direct Connect to your Amazon VPC or AWS Cloud"
set flexible-vlan-tagging
set mtu 1522
edit unit 0
set vlan-id 301
set family inet mtu 1500
set family inet address 169.254.96.6/29
top

edit policy-options policy-statement EXPORT-DEFAULT
edit term DEFAULT
set from route-filter 0.0.0.0/0 exact
set then accept
up
top

set routing-options autonomous-system 65010

edit protocols bgp group EBGP
set type external
set peer-as 64513

edit neighbor 169.254.96.1
set local-address 169.254.96.6
set export EXPORT-DEFAULT
set authentication-key "KEY"
top
commit check
commit and-quit
"#;

fn texts() -> [String; 3] {
    [IOS, NXOS, JUNOS].map(|text| text.replace("KEY", BGP_KEY))
}

#[test]
fn awss_text_and_our_link_agree() {
    for text in texts() {
        let read = read_router_text(&text);
        assert_eq!(read.differences(&link()), [], "{text}");
        assert!(read.announces_default, "{text}");
        assert_eq!(read.vlans, BTreeSet::from([301]), "{text}");
    }
    // The size of the port is not that of the virtual interface.
    let sizes = texts().map(|text| read_router_text(&text).mtus);
    assert_eq!(sizes[1], BTreeSet::from([1_500]));
    assert_eq!(sizes[2], BTreeSet::from([1_500]));
}

#[test]
fn each_value_that_differs_is_told_and_no_key_is() {
    let changes = [
        ("301", "302", "VLAN"),
        ("169.254.96.6", "169.254.96.5", "router's address"),
        ("169.254.96.1", "169.254.96.2", "AWS's address"),
        ("65010", "65011", "site's AS"),
        ("64513", "64512", "AWS's AS"),
        (BGP_KEY, "OTHERkeyOTHERkeyOTHERkey", "BGP key"),
    ];
    for text in texts() {
        for (from, to, what) in changes {
            let changed = text.replace(from, to);
            let found = read_router_text(&changed).differences(&link());
            let told: Vec<&str> = found.iter().map(|one| one.what).collect();
            assert_eq!(told, [what], "{changed}");
            let shown = format!("{found:?} {:?}", read_router_text(&changed));
            assert!(!shown.contains("OTHERkey") && !shown.contains(BGP_KEY));
        }
    }
    let mut jumbo = link();
    jumbo.mtu = 8_500;
    let told = read_router_text(&texts()[2]).differences(&jumbo);
    assert_eq!(
        told[0].to_string(),
        "MTU: ours is 8500, AWS's text has 1500"
    );
    // Nothing at all is no agreement.
    assert_eq!(read_router_text("").differences(&link()).len(), 6);
}

/// What we render ourselves for the same families is read back as the same link.
#[test]
fn our_own_configurations_agree_with_our_own_link() {
    for (name, file, port) in [
        ("cisco-ios-xe", "config.ios", "GigabitEthernet0/0/2"),
        ("juniper-srx", "config.set", "ge-0/0/3"),
    ] {
        let device = crate::device::find(name).unwrap();
        let mut set = crate::tunnel::sample::tunnel_set();
        for option in device.options().iter().filter(|option| option.required) {
            let options = &mut set.site.gateway.options;
            options.insert(option.name.to_owned(), option.example.to_owned());
        }
        let options = &mut set.site.gateway.options;
        options.insert("direct_connect_interface".to_owned(), port.to_owned());
        set.site.gateway.device = name.to_owned();
        let inside = crate::tunnel::sample::planned().map(|options| options.inside_cidr);
        let planned = crate::tunnel::negotiate(&set.site, &device.abilities(), inside).unwrap();
        for (tunnel, options) in set.tunnels.iter_mut().zip(planned) {
            tunnel.options = options;
        }
        set.direct_connect = Some(link());
        let context = crate::device::RenderContext {
            generated_at: jiff::Timestamp::UNIX_EPOCH,
            tool_version: "0".to_owned(),
        };
        let files = device.render(&set, &context).unwrap();
        let ours = files.iter().find(|other| other.path == file).unwrap();
        let text = String::from_utf8(ours.content().to_vec()).unwrap();
        // The tunnels' own values stand beside the link's.
        let mut kept = String::new();
        let mut within = false;
        for line in text.lines() {
            let own = [
                "169.254.1",
                "tunnel",
                "Tunnel",
                "st0",
                "64512",
                "security ike",
            ];
            if line.starts_with("interface ") {
                within = line.contains("Tunnel");
            }
            let group = line.contains("bgp group up-plant-7 ");
            if !within && !group && !own.iter().any(|word| line.contains(word)) {
                kept.push_str(line);
                kept.push('\n');
            }
        }
        assert_eq!(read_router_text(&kept).differences(&link()), [], "{kept}");
    }
}
