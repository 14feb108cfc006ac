//! Every value of the model appears where it must, and for the right tunnel.

use super::sample::{cases, rendered, vendors};
use crate::device::Device;
use crate::tunnel::{PreSharedKey, TunnelSet};

/// Changes one value of the model and says what its text was and has become.
type Swap = fn(&mut TunnelSet, usize) -> (String, String);

const SWAPS: &[(&str, Swap)] = &[
    ("outside address", |set, tunnel| {
        let old = set.tunnels[tunnel].aws.outside;
        let new = [203, 0, 113, 77 + u8::try_from(tunnel).unwrap()].into();
        set.tunnels[tunnel].aws.outside = new;
        (old.to_string(), new.to_string())
    }),
    ("key", |set, tunnel| {
        let old = set.tunnels[tunnel].key.expose().to_owned();
        let new = format!("SWAPPEDkeyOfTunnel{tunnel}.swapped");
        set.tunnels[tunnel].key = PreSharedKey::new(new.clone().into()).unwrap();
        (old, new)
    }),
];

/// The changed file is the old one with the value replaced, and nothing else.
#[test]
fn a_changed_value_changes_exactly_its_own_places() {
    for device in vendors() {
        for case in cases(device) {
            for (what, swap) in SWAPS {
                for tunnel in 0..2 {
                    let mut changed = case.set.clone();
                    let (old, new) = swap(&mut changed, tunnel);
                    let name = format!("{} {what} of tunnel {}", case.name, tunnel + 1);
                    compare(device, &case.set, &changed, (&old, &new), &name);
                }
            }
        }
    }
}

fn compare(
    device: &dyn Device,
    before: &TunnelSet,
    after: &TunnelSet,
    (old, new): (&str, &str),
    name: &str,
) {
    let mut places = 0;
    for ((path, before), (_, after)) in rendered(device, before).iter().zip(rendered(device, after))
    {
        places += before.matches(old).count();
        assert_eq!(before.replace(old, new), after, "{name}: {path}");
    }
    assert!(places > 0, "{name}: {old} stands nowhere");
}

/// Inside addresses come in fours (network, AWS, customer, broadcast), so lines are compared.
#[test]
fn inside_addresses_stand_only_with_their_own_tunnel() {
    for device in vendors() {
        for case in cases(device) {
            for tunnel in 0..2 {
                let mut changed = case.set.clone();
                let (aws, customer) = {
                    let it = &mut changed.tunnels[tunnel];
                    let old = (it.aws.inside, it.customer.inside);
                    it.options.inside_cidr = ["169.254.201.4/30", "169.254.202.8/30"][tunnel]
                        .parse()
                        .unwrap();
                    it.aws.inside = it.options.inside_cidr.aws();
                    it.customer.inside = it.options.inside_cidr.customer();
                    old
                };
                let it = &changed.tunnels[tunnel];
                let mut places = [0, 0];
                let after = rendered(device, &changed);
                for ((path, before), (_, after)) in rendered(device, &case.set).iter().zip(&after) {
                    places[0] += before.matches(&aws.to_string()).count();
                    places[1] += before.matches(&customer.to_string()).count();
                    assert!(!after.contains(&aws.to_string()), "{} {path}", case.name);
                    assert!(
                        !after.contains(&customer.to_string()),
                        "{} {path}",
                        case.name
                    );
                    let lines = before.lines().zip(after.lines());
                    for (old, new) in lines.filter(|(old, new)| old != new) {
                        let words = old.contains("169.254.") && new.contains("169.254.20");
                        assert!(words, "{} {path}:\n- {old}\n+ {new}", case.name);
                    }
                    assert_eq!(before.lines().count(), after.lines().count());
                }
                let story = format!("{} tunnel {}", case.name, it.number);
                assert!(places[0] > 0 && places[1] > 0, "{story}: {places:?}");
            }
        }
    }
}

/// The second tunnel's proposal, alone changed, changes something and leaves the first's alone.
#[test]
fn each_tunnel_has_its_own_proposal() {
    for device in vendors() {
        for bgp in [true, false] {
            let abilities = device.abilities();
            if (bgp && !abilities.bgp) || (!bgp && !abilities.static_routing) {
                continue;
            }
            let strong = super::sample::set(device, bgp, false, true);
            let mut weak = super::sample::set(device, bgp, false, false);
            if weak.tunnels[1].options == strong.tunnels[1].options {
                // The best of this device is what others do for compatibility.
                for tunnel in &mut weak.tunnels {
                    tunnel.options.phase1.dh_group = abilities.phase1_dh_groups[0];
                    tunnel.options.phase2.dh_group = abilities.phase2_dh_groups[0];
                }
            }
            let mut mixed = strong.clone();
            mixed.tunnels[1].options = weak.tunnels[1].options.clone();
            let all = |set: &TunnelSet| -> String {
                let files = rendered(device, set);
                files.into_iter().map(|(_, text)| text).collect()
            };
            let (strong, mixed, weak) = (all(&strong), all(&mixed), all(&weak));
            assert!(mixed != strong && mixed != weak, "{}", device.name());
        }
    }
}
