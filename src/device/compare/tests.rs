use super::*;
use crate::device::{BundleFile, Device, Removal, RenderContext, example, registry};
use crate::spec::load;
use crate::tunnel::TunnelSet;

const FOREIGN: &str = "Some0ther.Secret";

fn set(device: &dyn Device) -> TunnelSet {
    let text = example::site_file(device);
    let site = load(&text, std::path::Path::new("x.yaml")).unwrap().site;
    example::connection(device, site, &crate::clock::IdSource::seeded(3)).unwrap()
}

fn files(device: &dyn Device, set: &TunnelSet) -> Vec<BundleFile> {
    let context = RenderContext {
        generated_at: jiff::Timestamp::UNIX_EPOCH,
        tool_version: "0.1.0".to_owned(),
    };
    device.render(set, &context).unwrap()
}

/// The file with the keys of a device whose configuration is loaded into its own.
fn config(device: &dyn Device, set: &TunnelSet) -> Option<BundleFile> {
    matches!(device.removal(), Removal::File(_)).then_some(())?;
    files(device, set).into_iter().find(|file| file.secret)
}

fn text(file: &BundleFile) -> String {
    String::from_utf8(file.content().to_vec()).unwrap()
}

/// Nothing differs from itself, whatever stands around it; in set commands order means nothing.
#[test]
fn a_device_that_has_it_all_differs_in_nothing() {
    for device in registry() {
        let set = set(*device);
        for file in files(*device, &set).iter().filter(|file| file.secret) {
            let compared = compare(*device, file, &text(file), "saved", &set);
            assert_eq!(compared.diff, "", "{} {}", device.name(), file.path);
            assert_eq!(
                (compared.others, compared.sealed),
                (0, 0),
                "{}",
                device.name()
            );
        }
        let Some(file) = config(*device, &set) else {
            continue;
        };
        let mut lines: Vec<String> = text(&file).lines().map(str::to_owned).collect();
        let flat = (lines.iter())
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .all(|line| line.starts_with("set "));
        if flat {
            lines.reverse();
        }
        lines.insert(0, "hostname edge-1".to_owned());
        lines.push(format!("snmp-server community {FOREIGN} ro"));
        let saved = lines.join("\n");
        let compared = compare(*device, &file, &saved, "saved", &set);
        assert_eq!(compared.diff, "", "{}", device.name());
        assert_eq!(compared.others, 2, "{}", device.name());
    }
}

/// Every line that is taken away, changed or added within ours is shown, each of them alone.
#[test]
fn each_line_that_is_missing_is_shown() {
    for device in registry() {
        let set = set(*device);
        let Some(file) = config(*device, &set) else {
            continue;
        };
        let full = text(&file);
        let lines: Vec<&str> = full.lines().collect();
        let mut seen = 0;
        for (at, line) in lines.iter().enumerate() {
            let twice = lines
                .iter()
                .filter(|other| other.trim() == line.trim())
                .count()
                > 1;
            let nested = lines.get(at + 1).is_some_and(|next| {
                next.len() - next.trim_start().len() > line.len() - line.trim_start().len()
            });
            let says = super::tree::read(std::iter::once(*line)).len();
            if twice || nested || says == 0 || line.trim_start().starts_with('/') {
                continue;
            }
            let mut less = lines.clone();
            less.remove(at);
            let compared = compare(*device, &file, &less.join("\n"), "saved", &set);
            let added: Vec<&str> = compared
                .diff
                .lines()
                .skip(2)
                .filter(|it| it.starts_with('+'))
                .collect();
            assert_eq!(
                added.len(),
                1,
                "{}: {line}\n{}",
                device.name(),
                compared.diff
            );
            assert!(
                !compared.diff.lines().skip(2).any(|it| it.starts_with('-')),
                "{}",
                compared.diff
            );
            seen += 1;
        }
        assert!(seen > 20, "{}: {seen}", device.name());
    }
}

/// Keys are shown in no case: neither ours nor the device's, in clear, changed or sealed.
#[test]
fn no_key_is_ever_shown() {
    for device in registry() {
        let set = set(*device);
        for file in files(*device, &set).iter().filter(|file| file.secret) {
            let ours = text(file);
            let [one, two] = &set.tunnels;
            let other = ours.replace(one.key.expose(), FOREIGN);
            let compared = compare(*device, file, &other, "saved", &set);
            let sealed = ours.replace(one.key.expose(), "$9$abcdefghijklmnop");
            let sealed = compare(*device, file, &sealed, "saved", &set);
            let nothing = compare(*device, file, "", "saved", &set);
            for diff in [&compared.diff, &sealed.diff, &nothing.diff] {
                for key in [one.key.expose(), two.key.expose(), FOREIGN, "$9$abc"] {
                    assert!(
                        !diff.contains(key),
                        "{} {}:\n{diff}",
                        device.name(),
                        file.path
                    );
                }
            }
            if ours.contains(one.key.expose()) {
                assert!(
                    compared.diff.contains("<key of tunnel 1>"),
                    "{}:\n{}",
                    device.name(),
                    compared.diff
                );
            }
        }
    }
}

/// Nor is that of a Direct Connect, in clear, changed or sealed.
#[test]
fn no_key_of_direct_connect_is_ever_shown() {
    for (name, port) in [
        ("cisco-ios-xe", "GigabitEthernet0/0/2"),
        ("fortinet-fortios", "port3"),
        ("juniper-srx", "ge-0/0/3"),
        ("strongswan", "eth3"),
    ] {
        let device = crate::device::find(name).unwrap();
        let mut set = set(device);
        let options = &mut set.site.gateway.options;
        options.insert("direct_connect_interface".to_owned(), port.to_owned());
        set.direct_connect = Some(crate::tunnel::sample::link());
        let key = crate::tunnel::sample::BGP_KEY;
        let mut held = 0;
        for file in files(device, &set).iter().filter(|file| file.secret) {
            let ours = text(file);
            held += ours.matches(key).count();
            assert_eq!(compare(device, file, &ours, "saved", &set).diff, "");
            for saved in [ours.replace(key, FOREIGN), String::new()] {
                let diff = compare(device, file, &saved, "saved", &set).diff;
                assert!(
                    !diff.contains(key) && !diff.contains(FOREIGN),
                    "{name}:\n{diff}"
                );
            }
        }
        assert_eq!(held, 1, "{name}");
    }
}

#[test]
fn what_the_device_has_besides_is_shown_where_it_is_about_us() {
    let device = crate::device::find("cisco-ios-xe").unwrap();
    let set = set(device);
    let file = config(device, &set).unwrap();
    let outside = set.tunnels[0].aws.outside;
    let mut saved = text(&file)
        .replace("lifetime 2", "lifetime 9")
        .replace(set.tunnels[1].key.expose(), FOREIGN);
    saved.push_str(&format!(
        "\ninterface GigabitEthernet1\n description uplink\n ip address 192.0.2.1 255.255.255.0\n\
         crypto ikev2 keyring OTHER\n peer X\n  address 198.18.0.1\n  pre-shared-key {FOREIGN}\n\
         ip route {outside} 255.255.255.255 192.0.2.254\n"
    ));
    let compared = compare(device, &file, &saved, "running-config", &set);
    insta::assert_snapshot!(compared.diff);
    assert_eq!((compared.others, compared.sealed), (7, 0));
}

#[test]
fn a_sealed_key_is_neither_the_same_nor_another() {
    let device = crate::device::find("fortinet-fortios").unwrap();
    let set = set(device);
    let file = config(device, &set).unwrap();
    let saved = (set.tunnels.iter()).fold(text(&file), |text, tunnel| {
        let plain = format!("psksecret \"{}\"", tunnel.key.expose());
        text.replace(&plain, "psksecret ENC Xb7dsa8dsaHGasd==")
    });
    let compared = compare(device, &file, &saved, "saved", &set);
    assert_eq!(compared.diff, "");
    assert_eq!(compared.sealed, 2);
}
