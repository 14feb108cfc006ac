//! A Linux router's bundle, judged by the programs that will read it on the router.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use underpass::spec::{DhGroup, Encryption, IkeVersion, Integrity, Routing, Security, Site};

use super::bundle_sample::{KEYS, ok, run, site, text, tool, tunnel_set, written};

macro_rules! script {
    ($name:literal) => {
        concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/it/bundle_",
            $name,
            ".sh"
        )
    };
}

fn bundle_of(site: &Site) -> TempDir {
    written(&tunnel_set(site))
}

/// Runs a script in network and mount namespaces of its own, which takes root.
fn isolated(shell: &str, script: &str, args: &[&str]) -> String {
    // Whatever the script started ends with it, however it ends itself.
    let mut all = vec!["-mnpf", "--mount-proc", "--kill-child", shell, script];
    all.extend(args);
    ok("unshare", &all)
}

fn path(folder: &Path) -> &str {
    folder.to_str().unwrap()
}

/// The part of a script's output under a heading.
fn part<'a>(output: &'a str, heading: &str) -> &'a str {
    let rest = output.split_once(&format!("== {heading}\n")).unwrap().1;
    rest.split("\n== ").next().unwrap()
}

/// An endpoint with one proposal per phase, as AWS has after the options that we send.
fn endpoint(number: usize, address: &str, version: u8, ike: &str, esp: &str) -> String {
    let key = KEYS[number - 1];
    format!(
        "connections {{
  t{number} {{
    version = {version}
    local_addrs = {address}
    proposals = {ike}
    local {{
      auth = psk
      id = {address}
    }}
    remote {{
      auth = psk
      id = 192.0.2.10
    }}
    children {{
      t{number} {{
        esp_proposals = {esp}
        local_ts = 0.0.0.0/0
        remote_ts = 0.0.0.0/0
      }}
    }}
  }}
}}
secrets {{
  ike-t{number} {{
    id-1 = {address}
    id-2 = 192.0.2.10
    secret = \"{key}\"
  }}
}}
"
    )
}

struct Handshake {
    connections: String,
    sessions: String,
}

/// Brings the site up against two endpoints with the given proposals.
fn handshake(site: &Site, wan: &str, one: (u8, &str, &str), two: (u8, &str, &str)) -> Handshake {
    for name in ["charon-systemd", "swanctl", "nft", "ip"] {
        tool(name);
    }
    let (bundle, work) = (bundle_of(site), tempfile::tempdir().unwrap());
    let conf = endpoint(1, "203.0.113.166", one.0, one.1, one.2)
        + &endpoint(2, "198.51.100.126", two.0, two.1, two.2);
    #[expect(clippy::disallowed_methods, reason = "a fixture")]
    fs::write(work.path().join("aws.conf"), conf).unwrap();
    let args = [path(bundle.path()), path(work.path()), wan];
    let output = isolated("sh", script!("handshake"), &args);
    assert!(
        output.matches("successfully loaded 2 connections").count() == 2,
        "{output}"
    );
    assert!(!output.contains("failed to load"), "{output}");
    Handshake {
        connections: part(&output, "connections").to_owned(),
        sessions: part(&output, "sessions").to_owned(),
    }
}

#[test]
fn both_tunnels_come_up_with_the_strong_proposal() {
    let strong = (2, "aes256gcm16-prfsha512-ecp521", "aes256gcm16-ecp521");
    let seen = handshake(&site(Routing::Bgp), "192.0.2.10", strong, strong);
    let sessions = &seen.sessions;
    assert_eq!(
        sessions.matches("ESTABLISHED, IKEv2").count(),
        2,
        "{sessions}"
    );
    assert_eq!(
        sessions
            .matches("AES_GCM_16-256/PRF_HMAC_SHA2_512/ECP_521")
            .count(),
        2
    );
    assert_eq!(
        sessions.matches("INSTALLED, TUNNEL").count(),
        2,
        "{sessions}"
    );
    // What swanctl's parser lets pass: values that are valid and not the ones that were meant.
    for number in [1, 2] {
        let endpoint = ["203.0.113.166", "198.51.100.126"][number - 1];
        let meant = format!(
            "plant-7-{number}: IKEv2, no reauthentication, rekeying every 28260s, dpd delay 10s
  local:  192.0.2.10
  remote: {endpoint}
  local pre-shared key authentication:
    id: 192.0.2.10
  remote pre-shared key authentication:
    id: {endpoint}
  plant-7-{number}: TUNNEL, rekeying every 3060s, dpd action is start
    local:  0.0.0.0/0
    remote: 0.0.0.0/0
"
        );
        let listed = format!("{}\n", seen.connections);
        assert!(listed.contains(&meant), "{meant}\n{listed}");
    }
}

#[test]
fn older_proposals_behind_a_nat_come_up_too() {
    let mut site = site(Routing::Static);
    site.security = Security::Compatible;
    site.gateway.local_ip = Some([192, 168, 77, 2].into());
    site.tunnels[0].phase1_encryption = vec![Encryption::Aes128];
    site.tunnels[0].phase1_integrity = vec![Integrity::Sha1];
    site.tunnels[0].phase1_dh_groups = vec![DhGroup(14)];
    site.tunnels[0].phase2_encryption = vec![Encryption::Aes256];
    site.tunnels[0].phase2_integrity = vec![Integrity::Sha384];
    site.tunnels[0].phase2_dh_groups = vec![DhGroup(5)];
    site.tunnels[1].ike_versions = vec![IkeVersion::V1];
    let one = (2, "aes128-sha1-modp2048", "aes256-sha384-modp1536");
    let two = (1, "aes256-sha512-ecp521", "aes256gcm16-ecp521");
    let seen = handshake(&site, "192.168.77.2", one, two).sessions;
    assert_eq!(
        seen.matches("INSTALLED, TUNNEL-in-UDP").count(),
        2,
        "{seen}"
    );
    assert!(
        seen.contains("AES_CBC-128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_2048"),
        "{seen}"
    );
    assert!(seen.contains("ESP:AES_CBC-256/HMAC_SHA2_384_192"), "{seen}");
    assert!(
        seen.contains("ESTABLISHED, IKEv1") && seen.contains("ESTABLISHED, IKEv2"),
        "{seen}"
    );
    // The identity is the public address, although the packets come from another.
    assert_eq!(
        seen.matches("local  '192.0.2.10' @ 192.168.77.2[4500]")
            .count(),
        2,
        "{seen}"
    );
}

#[test]
fn frr_takes_every_line_and_gives_every_line_back() {
    tool("vtysh");
    let mut site = site(Routing::Bgp);
    site.lan.push("10.20.8.0/22".parse().unwrap());
    let (bundle, work) = (bundle_of(&site), tempfile::tempdir().unwrap());
    let folder = bundle.path().join("etc/underpass/plant-7");
    ok("vtysh", &["-C", "-f", path(&folder.join("frr.conf"))]);
    let args = [path(bundle.path()), path(work.path())];
    let output = isolated("sh", script!("frr"), &args);
    let loaded: Vec<&str> = part(&output, "loaded").lines().map(str::trim).collect();
    let meant = fs::read_to_string(folder.join("frr.conf")).unwrap();
    for line in meant
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('!'))
    {
        assert!(loaded.contains(&line), "FRR has no `{line}`:\n{output}");
    }
    let removed = part(&output, "removed");
    for ours in ["neighbor 169", "prefix-list", "route-map", "network 10."] {
        assert!(!removed.contains(ours), "`{ours}` is left:\n{removed}");
    }
}

#[test]
fn the_firewall_lets_through_what_it_should_and_nothing_in_clear() {
    for name in ["nft", "ping", "python3"] {
        tool(name);
    }
    let bundle = bundle_of(&site(Routing::Bgp));
    let firewall = bundle.path().join("etc/underpass/plant-7/firewall.nft");
    let args = [path(&firewall), "ipsec-47f056-1"];
    let seen = isolated("bash", script!("firewall"), &args);
    // One of three IKE packets came from AWS; ssh is not touched.
    assert!(seen.contains("ike_in 1\nssh_in 1\n"), "{seen}");
    let clear = seen
        .lines()
        .find(|line| line.starts_with("clear:"))
        .unwrap();
    assert!(clear.contains("Packet filtered"), "{seen}");
    assert!(seen.contains("leaked 0\ninternet: reached\n"), "{seen}");
    assert!(seen.contains("tunnel: 64 bytes from 10.0.1.10"), "{seen}");
    // Both directions are clamped; what is small already is left alone.
    assert!(seen.contains("clamped 2\nsmall 1\n"), "{seen}");
    assert!(
        seen.contains("table inet host\n"),
        "the machine's own rules are gone: {seen}"
    );
}

#[test]
fn systemd_and_networkd_understand_every_unit() {
    for name in ["systemd-analyze", "systemd-networkd"] {
        tool(name);
    }
    for routing in [Routing::Bgp, Routing::Static] {
        let bundle = bundle_of(&site(routing));
        let seen = isolated("sh", script!("units"), &[path(bundle.path())]);
        assert_eq!(seen, "== networkd\n== verify\n");
    }
}

#[test]
fn static_routes_follow_the_tunnel_that_answers() {
    tool("ping");
    let bundle = bundle_of(&site(Routing::Static));
    let watch = bundle
        .path()
        .join("usr/local/lib/underpass/plant-7/watch.sh");
    let args = [path(&watch), "ipsec-47f056-1", "ipsec-47f056-2"];
    let seen = isolated("sh", script!("watch"), &args);
    let steps: Vec<&str> = seen.lines().collect();
    assert_eq!(
        steps,
        [
            "start: 10.0.0.0/16 dev ipsec-47f056-1 metric 100, dev ipsec-47f056-2 metric 200",
            "silent: 10.0.0.0/16 dev ipsec-47f056-2 metric 200, dev ipsec-47f056-1 metric 1100",
            "back: 10.0.0.0/16 dev ipsec-47f056-1 metric 100, dev ipsec-47f056-2 metric 200",
            "closed: 10.0.0.0/16 dev ipsec-47f056-2 metric 200, dev ipsec-47f056-1 metric 1100",
            "opened: 10.0.0.0/16 dev ipsec-47f056-1 metric 100, dev ipsec-47f056-2 metric 200",
        ]
    );
}

/// What `install.sh` does to a running machine, call by call.
#[test]
fn installing_on_a_running_machine() {
    for name in ["nft", "ip", "vtysh", "charon-systemd"] {
        tool(name);
    }
    let (bundle, work) = (bundle_of(&site(Routing::Bgp)), tempfile::tempdir().unwrap());
    let args = [path(bundle.path()), path(work.path())];
    insta::assert_snapshot!(isolated("sh", script!("live"), &args));
}

#[test]
fn shellcheck_finds_nothing() {
    for routing in [Routing::Bgp, Routing::Static] {
        let bundle = bundle_of(&site(routing));
        let lib = bundle.path().join("usr/local/lib/underpass/plant-7");
        let install = bundle.path().join("install.sh");
        for script in [install, lib.join("links.sh"), lib.join("watch.sh")] {
            let output = run("shellcheck", &["-x", path(&script)]);
            assert!(output.status.success(), "{}", text(&output));
        }
    }
    for script in [
        script!("handshake"),
        script!("frr"),
        script!("firewall"),
        script!("units"),
    ] {
        ok("shellcheck", &[script]);
    }
}
