//! The router's end of a Direct Connect, for every device that has one.

use super::sample::{context, rendered, set};
use crate::device::direct::DIRECT_CONNECT_INTERFACE;
use crate::device::{Device, DirectConnectSide, RenderError, registry};
use crate::spec::{Asn, AttachTo, Routing, TransitTarget};
use crate::tunnel::{BgpKey, DirectConnectLink, TunnelSet, Way, sample};

fn able() -> impl Iterator<Item = (&'static dyn Device, bool)> {
    registry()
        .iter()
        .filter_map(|device| match device.direct_connect() {
            DirectConnectSide::Able { beside_static } => Some((*device, beside_static)),
            DirectConnectSide::Unable { .. } => None,
        })
}

/// A connection with a link, and the option that goes with it.
fn linked(device: &dyn Device, bgp: bool, change: impl Fn(&mut DirectConnectLink)) -> TunnelSet {
    let mut set = set(device, bgp, false, true);
    let options = device.options().iter();
    for option in options.filter(|option| option.name == DIRECT_CONNECT_INTERFACE) {
        let example = option.example.to_owned();
        set.site
            .gateway
            .options
            .insert(option.name.to_owned(), example);
    }
    let mut link = sample::link();
    change(&mut link);
    set.direct_connect = Some(link);
    set
}

/// What a link adds to or changes of the files: the lines that are not there without it.
fn added(device: &dyn Device, with: &TunnelSet) -> String {
    let mut without = with.clone();
    without.direct_connect = None;
    let before = rendered(device, &without);
    let mut text = String::new();
    for (path, after) in rendered(device, with) {
        let old = before.iter().find(|(other, _)| *other == path);
        let old = old.map_or("", |(_, text)| text);
        let lines: Vec<String> = similar::TextDiff::from_lines(old, &after)
            .iter_all_changes()
            .filter(|change| change.tag() != similar::ChangeTag::Equal)
            .map(|change| format!("{}{}", change.tag(), change.value()))
            .collect();
        if !lines.is_empty() {
            text.push_str(&format!("== {path}\n{}", lines.concat()));
        }
    }
    text
}

#[test]
fn what_a_link_adds() {
    for (device, beside_static) in able() {
        for mtu in [1_500, 8_500] {
            for bfd in [true, false] {
                let set = linked(device, true, |link| (link.mtu, link.bfd) = (mtu, bfd));
                let ending = if bfd { "bfd" } else { "plain" };
                let name = format!("{}__{mtu}_{ending}", device.name());
                insta::assert_snapshot!(name, added(device, &set));
            }
        }
        if beside_static {
            let name = format!("{}__static", device.name());
            insta::assert_snapshot!(name, added(device, &linked(device, false, |_| ())));
        }
    }
}

/// What the device's own options hold changes nothing as long as there is no link.
#[test]
fn without_a_link_its_port_is_nobodys() {
    for (device, _) in able() {
        let mut with = linked(device, true, |_| ());
        with.direct_connect = None;
        let mut without = with.clone();
        without
            .site
            .gateway
            .options
            .remove(DIRECT_CONNECT_INTERFACE);
        assert_eq!(
            rendered(device, &with),
            rendered(device, &without),
            "{}",
            device.name()
        );
    }
}

#[test]
fn the_key_stands_in_files_for_their_owner_alone() {
    for (device, _) in able() {
        let set = linked(device, true, |_| ());
        let mut holders = 0;
        for file in device.render(&set, &context()).unwrap() {
            let text = String::from_utf8(file.content().to_vec()).unwrap();
            let holds = text.contains(sample::BGP_KEY);
            assert!(
                !holds || (file.secret && file.mode == 0o600),
                "{}",
                file.path
            );
            holders += usize::from(holds);
        }
        assert!(holders > 0, "{}: no file has the key", device.name());
        let shown = format!("{set:?}");
        assert!(!shown.contains(sample::BGP_KEY));
        let notes = format!("{:?} {:?}", device.notes(&set), device.checks(&set));
        assert!(!notes.contains(sample::BGP_KEY));
    }
}

/// Each value of a link, and the text that it has become.
fn changes() -> Vec<(&'static str, &'static str, fn(&mut DirectConnectLink))> {
    vec![
        ("301", "777", |link| link.vlan = 777),
        ("169.254.96.1", "169.254.96.2", |link| {
            link.amazon = "169.254.96.2/29".parse().unwrap();
        }),
        ("169.254.96.6", "169.254.96.5", |link| {
            link.router = "169.254.96.5/29".parse().unwrap();
        }),
        ("64513", "4200000007", |link| {
            link.amazon_asn = Asn::try_from(4_200_000_007).unwrap();
        }),
        (sample::BGP_KEY, "OTHERkeyOTHERkeyOTHERkey", |link| {
            link.key = BgpKey::new("OTHERkeyOTHERkeyOTHERkey".into()).unwrap();
        }),
        ("100.64.0.0", "100.64.99.0", |link| {
            link.allowed_prefixes[1] = "100.64.99.0/28".parse().unwrap();
        }),
    ]
}

/// The changed configuration is the old one with the value replaced, in the link's lines alone.
#[test]
fn a_changed_value_changes_exactly_its_own_places() {
    for (device, _) in able() {
        let before = linked(device, true, |_| ());
        for (old, new, change) in changes() {
            let after = linked(device, true, change);
            let mut places = 0;
            let files = rendered(device, &before).into_iter();
            for ((path, before), (_, after)) in files.zip(rendered(device, &after)) {
                assert_eq!(before.lines().count(), after.lines().count(), "{path}");
                for (was, is) in before.lines().zip(after.lines()).filter(|(a, b)| a != b) {
                    assert_eq!(was.replace(old, new), is, "{} {path}", device.name());
                    places += 1;
                }
            }
            assert!(places > 0, "{}: {old} stands nowhere", device.name());
        }
    }
}

/// Each family changes rules that stand already, so that loading the files over the old ones is enough:
/// no line comes or goes but in what people read, and the session's own lines stay.
#[test]
fn a_site_that_prefers_its_tunnels_lets_no_route_over_the_link() {
    for (device, _) in able() {
        let drained = linked(device, true, |link| link.prefers = Way::Vpn);
        let before = rendered(device, &linked(device, true, |_| ()));
        let mut text = String::new();
        for ((path, before), (_, after)) in before.iter().zip(rendered(device, &drained)) {
            if path.ends_with(".md") {
                assert!(after.contains("prefer"), "{path}");
                continue;
            }
            assert_eq!(before.lines().count(), after.lines().count(), "{path}");
            for (was, is) in before.lines().zip(after.lines()).filter(|(a, b)| a != b) {
                text.push_str(&format!("-{was}\n+{is}\n"));
                assert!(!is.contains("remote-as"), "{}: {is}", device.name());
            }
        }
        assert_eq!(text.lines().count(), 4, "{}:\n{text}", device.name());
        insta::assert_snapshot!(format!("{}__drained", device.name()), text);
    }
}

/// A transit gateway announces the allowed prefixes as they stand, a virtual private gateway the
/// VPC's networks within them; nobody takes a default route.
#[test]
fn what_may_be_learned_is_what_is_allowed() {
    for (device, _) in able() {
        let wide = |link: &mut DirectConnectLink| {
            link.allowed_prefixes =
                vec!["0.0.0.0/0".parse().unwrap(), "10.0.0.0/12".parse().unwrap()];
        };
        let private = added(device, &linked(device, true, wide));
        let mut set = linked(device, true, wide);
        set.site.aws.attach_to = AttachTo::TransitGateway(TransitTarget::New);
        let transit = added(device, &set);
        assert_ne!(private, transit, "{}", device.name());
        for text in [private, transit] {
            assert!(text.contains("10.0.0.0"), "{}", device.name());
            for line in text.lines().filter(|line| line.contains("0.0.0.0/0")) {
                assert!(!line.contains("permit"), "{}: {line}", device.name());
            }
        }
    }
}

#[test]
fn who_cannot_says_so_before_anything_is_ordered() {
    for device in registry() {
        let mut set = linked(*device, device.abilities().bgp, |_| ());
        let DirectConnectSide::Able { beside_static } = device.direct_connect() else {
            let problem = device.refuse_direct_connect(&set.site).unwrap();
            assert!(problem.problem.contains(device.name()), "{problem:?}");
            assert!(problem.help.contains("strongswan"), "{problem:?}");
            let rendered = device.render(&set, &context());
            assert!(
                matches!(rendered, Err(RenderError::Unsupported { .. })),
                "{}",
                device.name()
            );
            continue;
        };
        assert_eq!(
            device.refuse_direct_connect(&set.site),
            None,
            "{}",
            device.name()
        );
        assert!(device.notes(&set).len() >= 3);
        set.site.routing = Routing::Static;
        let refused = device.refuse_direct_connect(&set.site);
        assert_eq!(refused.is_none(), beside_static, "{}", device.name());
        set.site.routing = Routing::Bgp;
        set.site.gateway.options.remove(DIRECT_CONNECT_INTERFACE);
        let lacking = device.refuse_direct_connect(&set.site).unwrap();
        assert!(lacking.problem.contains(DIRECT_CONNECT_INTERFACE));
        assert!(
            device.render(&set, &context()).is_err(),
            "{}",
            device.name()
        );
        let mut other = linked(*device, true, |link| link.router_asn = Asn::AMAZON_DEFAULT);
        assert!(
            device.render(&other, &context()).is_err(),
            "{}",
            device.name()
        );
        other.direct_connect = None;
        assert!(device.render(&other, &context()).is_ok());
    }
}
