use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::device::linux::{FIREWALL, WAN_INTERFACE};
use crate::spec::{Appliance, Routing, Site};
use crate::tunnel::{Phase, PreSharedKey, sample};

fn context() -> RenderContext {
    RenderContext {
        generated_at: Timestamp::UNIX_EPOCH,
        tool_version: "0.1.0".to_owned(),
    }
}

fn rendered(set: &TunnelSet) -> Vec<(String, String)> {
    let files = StrongSwan.render(set, &context()).unwrap();
    files
        .into_iter()
        .map(|file| {
            (
                file.path.clone(),
                String::from_utf8(file.content().to_vec()).unwrap(),
            )
        })
        .collect()
}

fn static_set() -> TunnelSet {
    let mut set = sample::tunnel_set();
    set.site.routing = Routing::Static;
    set.routes = RouteExchange::Static;
    set
}

/// BGP behind a NAT, on PPPoE, with the older cipher and other options.
fn nat_set() -> TunnelSet {
    let mut set = sample::tunnel_set();
    let gateway = &mut set.site.gateway;
    gateway.local_ip = Some([192, 168, 77, 2].into());
    gateway.uplink_mtu = 1_492;
    gateway
        .options
        .insert(WAN_INTERFACE.to_owned(), "enp1s0.7".to_owned());
    gateway
        .options
        .insert(FIREWALL.to_owned(), "shared".to_owned());
    set.site.appliances = vec![Appliance {
        name: "cam-hub-1".parse().unwrap(),
        address: [10, 20, 0, 10].into(),
        profile: None,
    }];
    let cbc = |phase: &mut Phase| {
        phase.encryption = Encryption::Aes256;
        phase.integrity = Integrity::Sha256;
    };
    cbc(&mut set.tunnels[1].options.phase1);
    cbc(&mut set.tunnels[1].options.phase2);
    set.tunnels[1].options.ike_version = IkeVersion::V1;
    set
}

fn snapshot(name: &str, set: &TunnelSet) {
    for (path, text) in rendered(set) {
        let path = path.replace(['/', '.'], "_");
        insta::assert_snapshot!(format!("{name}__{path}"), text);
    }
}

#[test]
fn bgp_files() {
    snapshot("bgp", &sample::tunnel_set());
}

#[test]
fn static_files() {
    snapshot("static", &static_set());
}

#[test]
fn nat_files() {
    snapshot("nat", &nat_set());
}

#[test]
fn keys_stand_in_one_file_that_only_root_may_read() {
    for set in [sample::tunnel_set(), static_set(), nat_set()] {
        for file in StrongSwan.render(&set, &context()).unwrap() {
            let text = String::from_utf8(file.content().to_vec()).unwrap();
            let holds = sample::KEYS.iter().any(|key| text.contains(key));
            let own = file.path.ends_with("-secrets.conf");
            assert_eq!(
                (holds, file.secret, file.mode == 0o600),
                (own, own, own),
                "{}",
                file.path
            );
            let shown = format!("{file:?} {set:?}");
            assert!(!sample::KEYS.iter().any(|key| shown.contains(key)));
        }
    }
}

#[test]
fn what_cannot_be_rendered_is_refused() {
    let mut set = sample::tunnel_set();
    set.vpc_cidrs.clear();
    assert!(matches!(
        StrongSwan.render(&set, &context()),
        Err(RenderError::Unsupported { .. })
    ));
    let mut gateway = sample::site().gateway;
    for (name, value) in [
        ("wan-interface", "eth0"),
        (WAN_INTERFACE, "eth0\"; x"),
        (FIREWALL, ""),
    ] {
        gateway.options.insert(name.to_owned(), value.to_owned());
    }
    let problems = StrongSwan.check_options(&gateway);
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(
        problems
            .iter()
            .any(|p| p.help == "did you mean `wan_interface`?"),
        "{problems:?}"
    );
    let mut set = sample::tunnel_set();
    set.site.gateway = gateway;
    assert!(matches!(
        StrongSwan.render(&set, &context()),
        Err(RenderError::Option(_))
    ));
}

/// Names that are valid and as hostile as valid names can be.
fn hostile_site() -> impl Strategy<Value = Site> {
    let name = "[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?";
    let words = [
        "begin", "end", "neighbor", "no", "exit", "secrets", "include", "0", "a--b",
    ];
    let name = prop_oneof![
        name,
        proptest::sample::select(words.to_vec()).prop_map(str::to_owned)
    ];
    (
        name,
        proptest::option::of("[A-Za-z0-9][A-Za-z0-9_.-]{0,14}"),
        any::<bool>(),
    )
        .prop_map(|(name, interface, strict)| {
            let mut site = sample::site();
            site.name = name.parse().unwrap();
            let mode = if strict { "strict" } else { "shared" };
            // The chains differ by mode alone; the shape is compared within one.
            site.gateway
                .options
                .insert(FIREWALL.to_owned(), mode.to_owned());
            if let Some(interface) = interface {
                site.gateway
                    .options
                    .insert(WAN_INTERFACE.to_owned(), interface);
            }
            site
        })
}

/// A line without what the site is free to choose: its words' number, and its braces and quotes.
fn shape(text: &str) -> Vec<(usize, usize, usize, usize)> {
    let count = |line: &str, char| line.matches(char).count();
    text.lines()
        .map(|line| {
            let words = line.split_whitespace().count();
            (
                words,
                count(line, '{'),
                count(line, '}'),
                count(line, '"') + count(line, '\''),
            )
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No valid site and no valid key can add a line, a brace or a quote to any file.
    #[test]
    fn a_site_cannot_change_the_shape_of_a_file(
        site in hostile_site(),
        keys in ["[A-Za-z1-9._][A-Za-z0-9._]{7,63}", "[._][A-Za-z0-9._]{7,63}"],
    ) {
        let mut plain = sample::tunnel_set();
        let mode = site.gateway.options[FIREWALL].clone();
        plain.site.gateway.options.insert(FIREWALL.to_owned(), mode);
        let mut set = plain.clone();
        set.site = site;
        for (tunnel, key) in set.tunnels.iter_mut().zip(keys) {
            tunnel.key = PreSharedKey::new(key.into()).unwrap();
        }
        let (plain, hostile) = (rendered(&plain), rendered(&set));
        prop_assert_eq!(plain.len(), hostile.len());
        for ((_, wanted), (path, text)) in plain.iter().zip(&hostile) {
            prop_assert_eq!(shape(wanted), shape(text), "{}:\n{}", path, text);
        }
    }
}

/// What the kernel needs besides two equal routes to use both of them.
#[test]
fn both_tunnels_carry_at_once_where_the_site_wants_it_and_bgp_brings_the_routes() {
    let of = |set: &TunnelSet, path: &str| {
        let files = rendered(set).into_iter();
        let mut found = files.filter(|(it, _)| it.ends_with(path));
        found.next().map(|(_, text)| text).unwrap_or_default()
    };
    let hashing = "\nnet.ipv4.fib_multipath_hash_policy = 1\n";
    let sysctl = "60-underpass-plant-7.conf";
    let mut set = sample::tunnel_set();
    assert!(!of(&set, sysctl).contains("multipath"));
    set.site.aws.transit.ecmp = true;
    assert!(of(&set, sysctl).ends_with(hashing));
    assert!(of(&set, "frr.conf").contains("\n  maximum-paths 2\n"));
    let mut fixed = static_set();
    fixed.site.aws.transit.ecmp = true;
    assert!(!of(&fixed, sysctl).contains("multipath"));
}
