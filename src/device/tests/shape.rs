//! No text of a site file can add or break a line.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::sample::{rendered, set, vendors};
use crate::device::Device;
use crate::spec::Appliance;
use crate::tunnel::sample::link;
use crate::tunnel::{BgpKey, PreSharedKey};

/// A line without what the site is free to choose: its words' number, its brackets and quotes.
fn shape(text: &str) -> Vec<[usize; 6]> {
    let count = |line: &str, all: &[char]| line.matches(all).count();
    text.lines()
        .map(|line| {
            [
                line.split_whitespace().count(),
                count(line, &['{', '}']),
                count(line, &['<', '>']),
                count(line, &['"', '\'', '`']),
                count(line, &[';', '$', '\\', '&', '|']),
                count(line, &['#', '!', '?']),
            ]
        })
        .collect()
}

/// Values that an option accepts, hostile ones among them.
fn accepted(device: &dyn Device, tries: &[String]) -> Vec<(String, String)> {
    let mut options = Vec::new();
    for option in device.options() {
        for text in tries.iter().filter(|text| (option.check)(text).is_ok()) {
            options.push((option.name.to_owned(), text.clone()));
        }
    }
    options
}

#[test]
fn a_site_cannot_change_the_shape_of_a_file() {
    for device in vendors() {
        let mut runner = TestRunner::new(Config::with_cases(24));
        let input = (
            "[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?",
            [
                "[A-Za-z1-9._][A-Za-z0-9._]{7,63}",
                "[._][A-Za-z0-9._]{7,63}",
            ],
            prop::collection::vec(
                "[ -~\\n\\r\\t\u{85}\u{2028}]{0,20}|[A-Za-z0-9][A-Za-z0-9/._-]{0,14}",
                6,
            ),
            any::<bool>(),
            "[A-Za-z0-9]{6,80}",
        );
        runner
            .run(&input, |(name, keys, mut words, bgp, bgp_key)| {
                let abilities = device.abilities();
                let bgp = (bgp && abilities.bgp) || !abilities.static_routing;
                words.extend(
                    ["\n", "a\nb", "x\"y", "end", "no", "$(id)", "`id`", "{{"].map(str::to_owned),
                );
                // With every option, the port of a Direct Connect among them.
                let mut plain = set(device, bgp, true, true);
                let able = device.refuse_direct_connect(&plain.site).is_none();
                plain.direct_connect = able.then(link);
                let mut hostile = plain.clone();
                hostile.site.name = name.parse().unwrap();
                hostile.site.appliances = vec![Appliance {
                    name: name.parse().unwrap(),
                    address: [10, 20, 0, 10].into(),
                    profile: None,
                }];
                let mut tame = plain.clone();
                tame.site.appliances.clone_from(&hostile.site.appliances);
                tame.site.appliances[0].name = "a".parse().unwrap();
                if let Some(link) = &mut hostile.direct_connect {
                    link.key = BgpKey::new(bgp_key.into()).unwrap();
                }
                for (tunnel, key) in hostile.tunnels.iter_mut().zip(keys) {
                    tunnel.key = PreSharedKey::new(key.into()).unwrap();
                }
                let before = rendered(device, &tame);
                compare(device, &before, &hostile)?;
                for (option, text) in accepted(device, &words) {
                    let spec = device
                        .options()
                        .iter()
                        .find(|spec| spec.name == option)
                        .unwrap();
                    // A choice among words may well choose other lines.
                    if spec.pattern.contains('|') {
                        continue;
                    }
                    let mut hostile = hostile.clone();
                    hostile.site.gateway.options.insert(option, text);
                    if device.check_options(&hostile.site.gateway).is_empty() {
                        compare(device, &before, &hostile)?;
                    }
                }
                Ok(())
            })
            .unwrap_or_else(|error| panic!("{}: {error}", device.name()));
    }
}

fn compare(
    device: &dyn Device,
    before: &[(String, String)],
    hostile: &crate::tunnel::TunnelSet,
) -> Result<(), TestCaseError> {
    let after = rendered(device, hostile);
    prop_assert_eq!(before.len(), after.len());
    for ((_, wanted), (path, text)) in before.iter().zip(&after) {
        prop_assert_eq!(shape(wanted), shape(text), "{}:\n{}", path, text);
    }
    Ok(())
}
