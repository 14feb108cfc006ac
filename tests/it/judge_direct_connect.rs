//! A Linux router's end of a Direct Connect, judged by FRR, nftables, systemd and the kernel.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;
use underpass::spec::Routing;
use underpass::tunnel::{TunnelSet, Way};

use super::bundle_sample::{ok, run, site, text, tool, tunnel_set, written};
use super::judge::link;

const KEY: &str = "FAKEbgpKey0123456789abcd";

fn linked(device: &str, routing: Routing, mtu: u16, bfd: bool) -> TunnelSet {
    let mut site = site(routing);
    device.clone_into(&mut site.gateway.device);
    let options = &mut site.gateway.options;
    options.insert("direct_connect_interface".to_owned(), "enp3s0f1".to_owned());
    let mut set = tunnel_set(&site);
    set.direct_connect = Some(link(mtu, bfd));
    set
}

fn path(folder: &Path) -> &str {
    folder.to_str().unwrap()
}

/// The part of a script's output under a heading.
fn part<'a>(output: &'a str, heading: &str) -> &'a str {
    let rest = output.split_once(&format!("== {heading}\n")).unwrap().1;
    rest.split("\n== ").next().unwrap()
}

fn script(name: &str, args: &[&str]) -> String {
    let script = format!("{}/tests/it/{name}.sh", env!("CARGO_MANIFEST_DIR"));
    let mut all = vec!["-mnpf", "--mount-proc", "--kill-child", "sh", &script];
    all.extend(args);
    ok("unshare", &all)
}

#[test]
fn frr_nftables_and_the_kernel_take_every_line() {
    for name in ["vtysh", "nft", "ip"] {
        tool(name);
    }
    for (device, routing, mtu, bfd) in [
        ("strongswan", Routing::Bgp, 1_500, true),
        ("strongswan", Routing::Bgp, 8_500, false),
        ("libreswan", Routing::Static, 8_500, true),
    ] {
        let mut set = linked(device, routing, mtu, bfd);
        let bundle = written(&set);
        if let Some(link) = &mut set.direct_connect {
            link.prefers = Way::Vpn;
        }
        let drained = written(&set);
        let work = tempfile::tempdir().unwrap();
        let conf = bundle.path().join("etc/underpass/plant-7");
        for file in [
            "frr.conf",
            "frr-dx-key.conf",
            "frr-remove.conf",
            "frr-dx-remove.conf",
        ] {
            ok("vtysh", &["-C", "-f", path(&conf.join(file))]);
        }
        let seen = script(
            "judge_direct_connect",
            &[path(bundle.path()), path(work.path()), path(drained.path())],
        );

        let vlan = part(&seen, "link");
        let made = "link add link enp3s0f1 name dx-47f056 type vlan id 301\n";
        assert!(
            vlan.starts_with(made) && !vlan[made.len()..].contains(made),
            "{vlan}"
        );
        // The port carries what its VLAN does.
        let sizes = if mtu > 1_500 { 2 } else { 1 };
        assert!(
            vlan.matches(&format!("mtu {mtu} ")).count() >= sizes,
            "{vlan}"
        );
        assert!(vlan.contains("inet 169.254.96.6/29"), "{vlan}");
        assert_eq!(part(&seen, "down"), "");

        let firewall = part(&seen, "firewall");
        assert!(firewall.contains("chain direct_connect"), "{firewall}");
        assert_eq!(firewall.matches("\"dx-47f056\"").count(), 6, "{firewall}");

        let loaded = part(&seen, "loaded");
        let lines: Vec<&str> = loaded.lines().map(str::trim).collect();
        for file in ["frr.conf", "frr-dx-key.conf"] {
            let meant = fs::read_to_string(conf.join(file)).unwrap();
            let meant = meant.lines().map(str::trim);
            for line in meant.filter(|line| !line.starts_with('!')) {
                // BFD with a profile is one line, and defaults are not told.
                let told = lines.contains(&line)
                    || line.ends_with(" bfd")
                    || [
                        "detect-multiplier 3",
                        "receive-interval 300",
                        "transmit-interval 300",
                    ]
                    .contains(&line);
                assert!(told, "{device}: FRR has no `{line}`:\n{loaded}");
            }
        }
        assert_eq!(
            loaded.contains("bfd profile underpass-plant-7"),
            bfd,
            "{loaded}"
        );

        preferred(&seen, routing, bfd);
        steered(&seen, routing);
        assert!(!part(&seen, "forgotten").contains(KEY));
        let removed = part(&seen, "removed");
        for ours in [
            "neighbor 169",
            "prefix-list",
            "route-map",
            "network 10.",
            "profile",
        ] {
            assert!(!removed.contains(ours), "`{ours}` is left:\n{removed}");
        }
    }
}

#[test]
fn tunnels_over_the_vlan_leave_it_nothing_else() {
    for name in ["vtysh", "nft", "ip", "shellcheck"] {
        tool(name);
    }
    for device in ["strongswan", "libreswan"] {
        let mut set = linked(device, Routing::Bgp, 1_500, true);
        let link = set.direct_connect.as_mut().unwrap();
        link.tunnel_end = Some([10, 254, 0, 1].into());
        link.allowed_prefixes = vec!["10.255.0.0/24".parse().unwrap()];
        set.site.gateway.outside_ip = [10, 254, 0, 1].into();
        let bundle = written(&set);
        let work = tempfile::tempdir().unwrap();
        let links = "usr/local/lib/underpass/plant-7/links.sh";
        for script in [bundle.path().join("install.sh"), bundle.path().join(links)] {
            ok("shellcheck", &["-s", "sh", path(&script)]);
        }
        let seen = script(
            "judge_direct_connect",
            &[path(bundle.path()), path(work.path()), path(bundle.path())],
        );
        let vlan = part(&seen, "link");
        assert!(vlan.contains("inet 10.254.0.1/32"), "{vlan}");
        // Made twice and its own: the link's address has not gone.
        assert!(vlan.contains("inet 169.254.96.6/29"), "{vlan}");

        // AWS learns the end of the tunnels by the VLAN alone, and the site's network by a tunnel.
        let end = part(&seen, "announced");
        assert!(end.contains("169.254.96.6 from"), "{end}");
        assert!(!end.contains("169.254.15.194 from"), "{end}");
        let lan = part(&seen, "lan");
        assert!(lan.contains("169.254.15.194 from"), "{lan}");
        assert!(!lan.contains("169.254.96.6 from"), "{lan}");
        let kernel = part(&seen, "kernel");
        let way = |net: &str| {
            let mut lines = kernel.lines();
            lines.find(|line| line.starts_with(net)).unwrap_or_default()
        };
        assert!(way("10.255.0.0/24").contains("dev dx-47f056"), "{kernel}");
        assert!(way("10.0.0.0/16").contains("dev ipsec"), "{kernel}");

        let firewall = part(&seen, "firewall");
        let meant = firewall.lines().find(|line| line.contains("reject with"));
        let meant = meant.unwrap();
        assert!(
            meant.contains("ipsec-47f056-1\"") || meant.contains("\"ipsec"),
            "{meant}"
        );
        assert!(
            !meant.contains("dx-47f056"),
            "in clear beside the tunnels: {meant}"
        );
    }
}

/// The key matches, the community goes out, what is not allowed stays out, Direct Connect is used,
/// and the tunnels take over when it goes silent.
fn preferred(seen: &str, routing: Routing, bfd: bool) {
    let announced = part(seen, "announced");
    assert!(announced.contains("169.254.96.6 from"), "{announced}");
    assert_eq!(
        announced.matches("Community: 7224:7300").count(),
        1,
        "{announced}"
    );
    let kernel = part(seen, "kernel");
    let by_dx = "10.0.0.0/16 nhid";
    let line = kernel.lines().find(|line| line.starts_with(by_dx));
    assert!(
        line.is_some_and(|line| line.contains("via 169.254.96.1 dev dx-47f056 proto bgp")),
        "{kernel}"
    );
    for refused in ["default", "192.168.0.0", "10.20.0.0/25"] {
        assert!(!kernel.contains(refused), "{kernel}");
    }
    if routing == Routing::Static {
        // Why watch.sh writes such a metric: zebra would prefer any other.
        assert!(kernel.contains("10.0.0.0/16 [100/100]"), "{kernel}");
        assert!(kernel.contains("10.98.0.0/16 [0/100]"), "{kernel}");
    }
    if bfd {
        let silent = part(seen, "silent");
        let after = silent.strip_prefix("after ").unwrap();
        let after: u32 = after.split(' ').next().unwrap().parse().unwrap();
        assert!(after < 5_000, "{silent}");
        assert!(silent.contains("dev ipsec-47f056-1"), "{silent}");
        assert!(!silent.contains("dx-47f056"), "{silent}");
    }
}

/// The session stays up and carries nothing in either direction, and all of it comes back: by loading
/// the other file over the one that runs.
fn steered(seen: &str, routing: Routing) {
    let drained = part(seen, "drained");
    assert!(!drained.contains("169.254.96.6 from"), "{drained}");
    assert!(drained.contains("dev ipsec-47f056-1"), "{drained}");
    assert!(!drained.contains("dx-47f056"), "{drained}");
    assert!(drained.contains("BGP state = Established"), "{drained}");
    let by_tunnel = drained.contains("169.254.15.194 from");
    assert_eq!(by_tunnel, routing == Routing::Bgp, "{drained}");
    let back = part(seen, "back");
    assert!(back.contains("169.254.96.6 from"), "{back}");
    assert!(back.contains("dev dx-47f056 proto bgp"), "{back}");
}

#[test]
fn systemd_understands_the_vlan() {
    for name in ["systemd-analyze", "systemd-networkd"] {
        tool(name);
    }
    let bundle = written(&linked("strongswan", Routing::Bgp, 8_500, true));
    let seen = script("bundle_units", &[path(bundle.path())]);
    assert_eq!(seen, "== networkd\n== verify\n");
}

#[test]
fn the_scripts_pass_shellcheck() {
    tool("shellcheck");
    for (device, routing) in [
        ("strongswan", Routing::Bgp),
        ("libreswan", Routing::Static),
        ("strongswan-ipsecconf", Routing::Bgp),
    ] {
        let bundle = written(&linked(device, routing, 8_500, true));
        let lib = bundle.path().join("usr/local/lib/underpass/plant-7");
        let mut scripts = vec![bundle.path().join("install.sh")];
        scripts.extend(
            fs::read_dir(lib)
                .unwrap()
                .map(|entry| entry.unwrap().path()),
        );
        for script in scripts {
            ok("shellcheck", &["-s", "sh", path(&script)]);
        }
    }
}

/// A router with FRR as Debian ships it.
fn router(mode: u32, daemons: &str) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("etc/frr")).unwrap();
    for (name, content) in [("frr.conf", "hostname r1\n"), ("daemons", daemons)] {
        let path = root.path().join("etc/frr").join(name);
        #[expect(clippy::disallowed_methods, reason = "a fixture")]
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    root
}

#[test]
fn installing_starts_bfd_hides_the_key_and_can_be_undone() {
    let daemons = "bgpd=no\nbfdd=no\nvtysh_enable=yes\n";
    for routing in [Routing::Bgp, Routing::Static] {
        let bundle = written(&linked("strongswan", routing, 1_500, true));
        let root = router(0o640, daemons);
        let script = bundle.path().join("install.sh");
        let install = |more: &[&str]| {
            let mut all = vec![path(&script), "--root", path(root.path())];
            all.extend(more);
            ok("sh", &all)
        };
        let read = |name: &str| fs::read_to_string(root.path().join(name)).unwrap();
        let mode = |name: &str| {
            let found = fs::symlink_metadata(root.path().join(name)).unwrap();
            found.permissions().mode() & 0o777
        };
        let said = install(&["--check"]);
        assert!(!said.contains(KEY) && said.ends_with("ready\n"), "{said}");
        let said = install(&[]);
        assert!(!said.contains(KEY), "{said}");
        assert!(read("etc/frr/frr.conf").contains(&format!("password {KEY}")));
        assert_eq!(mode("etc/frr/frr.conf"), 0o640);
        assert_eq!(mode("etc/underpass/plant-7/frr-dx-key.conf"), 0o600);
        let running = read("etc/frr/daemons");
        assert!(
            running.contains("bgpd=yes\n") && running.contains("bfdd=yes\n"),
            "{running}"
        );
        let again = install(&[]);
        assert!(again.contains("every file is as it should be"), "{again}");
        install(&["--remove"]);
        assert_eq!(read("etc/frr/frr.conf"), "hostname r1\n");
        assert_eq!(read("etc/frr/daemons"), daemons);
        assert!(!root.path().join("etc/underpass").exists());
        assert!(!root.path().join("var/lib/underpass").exists());
    }
    // A configuration of FRR that everyone may read is no place for a key.
    let bundle = written(&linked("strongswan", Routing::Bgp, 1_500, true));
    let root = router(0o644, daemons);
    let script = bundle.path().join("install.sh");
    let output = run("sh", &[path(&script), "--root", path(root.path())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("chmod o="), "{}", text(&output));
}
