//! `install.sh` of a Linux router's bundle, run for real below a folder that plays `/`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use underpass::spec::Routing;

use super::bundle_sample::{ok, run, site, text, tunnel_set, write, written};

/// Every path below a folder with its mode and content.
fn tree(root: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let mode = fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o7777;
            let name = path.strip_prefix(root).unwrap().display().to_string();
            let content = if path.is_dir() {
                Vec::new()
            } else {
                fs::read(&path).unwrap()
            };
            if path.is_dir() {
                open.push(path);
            }
            found.insert(name, (mode, content));
        }
    }
    found
}

/// A router with FRR as Debian ships it, except that somebody has used it already.
fn router() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let put = |path: &str, mode: u32, content: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a fixture")]
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    // Without an end of its last line.
    put(
        "etc/frr/frr.conf",
        0o640,
        "log syslog informational\nhostname r1",
    );
    put(
        "etc/frr/daemons",
        0o640,
        "bgpd=no\nospfd=no\nvtysh_enable=yes\n",
    );
    put(
        "etc/sysctl.d/60-underpass-plant-7.conf",
        0o600,
        "# written by hand\n",
    );
    root
}

fn install(bundle: &Path, root: &Path, args: &[&str]) -> String {
    let script = bundle.join("install.sh");
    let mut all = vec![script.to_str().unwrap(), "--root", root.to_str().unwrap()];
    all.extend(args);
    ok("sh", &all)
}

fn refuse(bundle: &Path, root: &Path, args: &[&str]) -> String {
    let script = bundle.join("install.sh");
    let mut all = vec![script.to_str().unwrap(), "--root", root.to_str().unwrap()];
    all.extend(args);
    let output = run("sh", &all);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    text(&output)
}

#[test]
fn installing_twice_is_installing_once_and_removing_restores() {
    for routing in [Routing::Bgp, Routing::Static] {
        let (bundle, root) = (written(&tunnel_set(&site(routing))), router());
        let (bundle, root) = (bundle.path(), root.path());
        let before = tree(root);

        let check = install(bundle, root, &["--check"]);
        assert!(
            check.contains("would write") && check.ends_with("ready\n"),
            "{check}"
        );
        assert_eq!(tree(root), before, "--check changed something");

        install(bundle, root, &[]);
        let installed = tree(root);
        let secrets = &installed["etc/swanctl/conf.d/underpass-plant-7-secrets.conf"];
        assert_eq!(secrets.0, 0o600);
        let sysctl = &installed["etc/sysctl.d/60-underpass-plant-7.conf"];
        assert!(sysctl.0 == 0o644 && sysctl.1.ends_with(b"rp_filter = 2\n"));
        let frr = String::from_utf8_lossy(&installed["etc/frr/frr.conf"].1);
        assert_eq!(
            frr.starts_with("log syslog informational\nhostname r1\n! "),
            { routing == Routing::Bgp }
        );
        assert!(!installed.contains_key("etc/systemd/networkd.conf.d/50-underpass-plant-7.conf"));

        let again = install(bundle, root, &[]);
        assert!(again.contains("every file is as it should be"), "{again}");
        assert_eq!(tree(root), installed);

        install(bundle, root, &["--remove"]);
        assert_eq!(tree(root), before, "--remove left something");
    }
}

#[test]
fn a_newer_bundle_replaces_the_older_one() {
    let (folder, root) = (tempfile::tempdir().unwrap(), router());
    let (bundle, root) = (folder.path(), root.path());
    fs::create_dir_all(root.join("run/systemd/netif")).unwrap();
    let before = tree(root);
    let old = tunnel_set(&site(Routing::Bgp));
    write(&old, bundle);
    install(bundle, root, &[]);
    assert!(
        root.join("etc/systemd/network/50-underpass-plant-7-1.netdev")
            .exists()
    );
    assert!(root.join("etc/underpass/plant-7/frr.conf").exists());

    // The site moves to static routing and the bundle with it.
    let manifest = write(&tunnel_set(&site(Routing::Static)), bundle);
    assert!(
        manifest
            .removed
            .contains(&"etc/underpass/plant-7/frr.conf".to_owned())
    );
    install(bundle, root, &[]);
    assert!(!root.join("etc/underpass/plant-7/frr.conf").exists());
    let watch = fs::read_to_string(root.join("usr/local/lib/underpass/plant-7/watch.sh"));
    assert!(watch.unwrap().contains("probe 1"));
    let frr = fs::read_to_string(root.join("etc/frr/frr.conf")).unwrap();
    assert!(!frr.contains("underpass"), "{frr}");
    install(bundle, root, &["--remove"]);
    assert_eq!(tree(root), before);
}

#[test]
fn a_trial_that_nobody_confirms_is_taken_back() {
    let (bundle, root) = (written(&tunnel_set(&site(Routing::Bgp))), router());
    let (bundle, root) = (bundle.path(), root.path());
    let before = tree(root);
    let output = install(bundle, root, &["--try", "5s"]);
    assert!(output.contains("taken back in 5 s"), "{output}");
    assert!(
        root.join("etc/swanctl/conf.d/underpass-plant-7.conf")
            .exists()
    );
    assert!(refuse(bundle, root, &[]).contains("a trial is running"));
    assert!(refuse(bundle, root, &["--remove"]).contains("a trial is running"));
    // Nothing of the bundle is needed for the way back.
    let moved = tempfile::tempdir().unwrap();
    fs::rename(bundle.join("install.sh"), moved.path().join("install.sh")).unwrap();
    // The last folder that goes.
    wait_for(|| !root.join("etc/strongswan.d").exists());
    assert_eq!(tree(root), before, "the trial left something");
}

#[test]
fn a_trial_that_is_confirmed_stays_and_one_over_an_older_version_goes_back_to_it() {
    let (folder, root) = (tempfile::tempdir().unwrap(), router());
    let (bundle, root) = (folder.path(), root.path());
    let before = tree(root);
    let old = tunnel_set(&site(Routing::Bgp));
    write(&old, bundle);
    install(bundle, root, &["--try", "1"]);
    install(bundle, root, &["--confirm"]);
    let confirmed = tree(root);
    assert!(refuse(bundle, root, &["--confirm"]).contains("no trial"));
    assert!(refuse(bundle, root, &["--rollback"]).contains("no trial"));

    let mut newer = site(Routing::Bgp);
    newer.gateway.uplink_mtu = 1_400;
    newer.lan.push("10.21.0.0/24".parse().unwrap());
    write(&tunnel_set(&newer), bundle);
    install(bundle, root, &["--try", "1"]);
    let frr = fs::read_to_string(root.join("etc/frr/frr.conf")).unwrap();
    assert!(frr.contains("10.21.0.0/24"));
    install(bundle, root, &["--rollback"]);
    assert_eq!(tree(root), confirmed);
    install(bundle, root, &["--remove"]);
    assert_eq!(
        tree(root),
        before,
        "the confirmed trial could not be removed whole"
    );
}

#[test]
fn what_cannot_work_is_refused_before_anything_changes() {
    let (bundle, root) = (written(&tunnel_set(&site(Routing::Bgp))), router());
    let (bundle, root) = (bundle.path(), root.path());
    #[expect(clippy::disallowed_methods, reason = "a fixture")]
    fs::write(
        root.join("etc/frr/frr.conf"),
        "router bgp 64999\n neighbor 192.0.2.1\n",
    )
    .unwrap();
    let before = tree(root);
    let problems = refuse(bundle, root, &[]);
    assert!(
        problems.contains("FRR already runs BGP as AS 64999"),
        "{problems}"
    );
    assert_eq!(tree(root), before);

    // FRR has rewritten its file, our marks are gone and our lines are not.
    install_then_forget_marks(bundle, root);
    assert!(refuse(bundle, root, &["--check"]).contains("frr-remove.conf"));

    // A folder that was copied in part.
    fs::remove_file(bundle.join("etc/swanctl/conf.d/underpass-plant-7-secrets.conf")).unwrap();
    fs::remove_file(root.join("etc/frr/daemons")).unwrap();
    let problems = refuse(bundle, root, &[]);
    assert!(problems.contains("copy the whole folder"), "{problems}");
    assert!(
        problems.contains("apt-get install") && problems.contains("frr"),
        "{problems}"
    );
    assert!(
        problems.contains("3 problem(s), nothing was changed"),
        "{problems}"
    );
}

fn install_then_forget_marks(bundle: &Path, root: &Path) {
    #[expect(clippy::disallowed_methods, reason = "a fixture")]
    fs::write(root.join("etc/frr/frr.conf"), "router bgp 65010\n").unwrap();
    install(bundle, root, &[]);
    let path = root.join("etc/frr/frr.conf");
    let text = fs::read_to_string(&path).unwrap();
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with('!')).collect();
    #[expect(clippy::disallowed_methods, reason = "a fixture")]
    fs::write(&path, kept.join("\n")).unwrap();
}

fn wait_for(condition: impl Fn() -> bool) {
    #[expect(clippy::disallowed_methods, reason = "waits for a real program")]
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "nothing happened for 20 s"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}
