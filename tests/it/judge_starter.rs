//! starter, stroke and charon read our `ipsec.conf`, and iptables our firewall.

use std::fs;
use std::path::Path;

use underpass::spec::{DhGroup, Encryption, Integrity, Routing, Security, Site};
use underpass::tunnel::TunnelSet;

use super::bundle_sample::{ok, run, site, text, tool, tunnel_set, written};
use super::judge_libreswan::{endpoints, part};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/judge_starter.sh");
const CONF: &str = "etc/ipsec.d/underpass-plant-7.conf";
const SECRETS: &str = "etc/ipsec.d/underpass-plant-7.secrets";

fn older(routing: Routing) -> Site {
    let mut site = site(routing);
    "strongswan-ipsecconf".clone_into(&mut site.gateway.device);
    site
}

/// What the daemons said, and what they ought to have said and did not.
fn judge(set: &TunnelSet, bundle: &Path, aws: &str, meant: &str) -> (String, Vec<String>) {
    for name in ["charon-systemd", "swanctl", "iptables", "ip"] {
        tool(name);
    }
    let work = tempfile::tempdir().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a fixture")]
    fs::write(work.path().join("aws.conf"), aws).unwrap();
    let wan = set.site.gateway.wan_address().to_string();
    let folders = [bundle, work.path()].map(|path| path.to_str().unwrap());
    let seen = ok(
        "unshare",
        &["-mn", "sh", SCRIPT, folders[0], folders[1], &wan],
    );
    let mut problems: Vec<String> = part(&seen, "starter")
        .lines()
        .map(|line| format!("starter: {line}"))
        .collect();
    let log = part(&seen, "log");
    for word in ["skipped", "invalid", "unknown", "failed"] {
        problems.extend(
            log.lines()
                .filter(|line| line.contains(word))
                .map(|line| format!("charon: {line}")),
        );
    }
    let status = part(&seen, "status");
    for tunnel in &set.tunnels {
        let name = format!("{}-{}", set.site.name, tunnel.number);
        let aws = tunnel.aws.outside;
        let wanted = [
            format!("{name}:  {wan}...{aws}  IKEv2, dpddelay=10s"),
            format!("{name}:   local:  [192.0.2.10] uses pre-shared key authentication"),
            format!("{name}:   remote: [{aws}] uses pre-shared key authentication"),
            format!("{name}:   child:  0.0.0.0/0 === 0.0.0.0/0 TUNNEL, dpdaction="),
        ];
        for wanted in wanted {
            // One word of dpdaction changed between versions: `restart`, `start`.
            if !status
                .lines()
                .any(|line| line.trim_start().starts_with(&wanted))
            {
                problems.push(format!("status: no `{wanted}`"));
            }
        }
        let established = format!("{wan}[192.0.2.10]...{aws}[{aws}]");
        if !status.contains(&established) {
            problems.push(format!("handshake: no `{established}`"));
        }
    }
    if status.matches("INSTALLED, TUNNEL").count() != 2 {
        problems.push("two children are not installed".to_owned());
    }
    if status.matches(meant).count() != 2 {
        problems.push(format!("{meant} is not what was agreed on"));
    }
    (seen, problems)
}

const STRONG: &str = "AES_GCM_16_256/PRF_HMAC_SHA2_512/ECP_521";

#[test]
fn starter_brings_both_tunnels_up() {
    let strong = endpoints("aes256gcm16-prfsha512-ecp521", "aes256gcm16-ecp521");
    let set = tunnel_set(&older(Routing::Bgp));
    let (seen, problems) = judge(&set, written(&set).path(), &strong, STRONG);
    assert!(problems.is_empty(), "{problems:#?}\n{seen}");
    // Loaded twice and taken away once, nothing is there twice and nothing is left.
    insta::assert_snapshot!(part(&seen, "firewall"));
}

#[test]
fn starter_behind_a_nat_with_older_algorithms() {
    let mut site = older(Routing::Static);
    site.security = Security::Compatible;
    site.gateway.local_ip = Some([192, 168, 77, 2].into());
    for wishes in &mut site.tunnels {
        wishes.phase1_encryption = vec![Encryption::Aes256];
        wishes.phase1_integrity = vec![Integrity::Sha256];
        wishes.phase1_dh_groups = vec![DhGroup(14)];
        wishes.phase2_encryption = vec![Encryption::Aes256];
        wishes.phase2_integrity = vec![Integrity::Sha384];
        wishes.phase2_dh_groups = vec![DhGroup(19)];
    }
    let set = tunnel_set(&site);
    let aws = endpoints("aes256-sha256-modp2048", "aes256-sha384-ecp256");
    let meant = "AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048";
    let (seen, problems) = judge(&set, written(&set).path(), &aws, meant);
    assert!(problems.is_empty(), "{problems:#?}\n{seen}");
}

/// Each is a mistake that people make; the daemons themselves find it.
#[test]
fn starter_finds_what_is_wrong() {
    let mistakes = [
        (CONF, "keyexchange=ikev2", "version=2"),
        (CONF, "ecp521!", "dh21!"),
        (CONF, "closeaction=restart", "closeaction=start"),
        (CONF, "ikelifetime=28800s", "ikelifetime=8hours"),
        (CONF, "leftid=192.0.2.10", "leftid=192.0.2.11"),
        (CONF, "rightsubnet=0.0.0.0/0", "rightsubnet=10.0.0.0/16"),
        (CONF, "right=203.0.113.166", "right=198.51.100.126"),
        (SECRETS, "FAKEkeyOfTunnel1.", "FAKEkeyOfTunnel1_"),
    ];
    let strong = endpoints("aes256gcm16-prfsha512-ecp521", "aes256gcm16-ecp521");
    let set = tunnel_set(&older(Routing::Bgp));
    for (file, right, wrong) in mistakes {
        let bundle = written(&set);
        let path = bundle.path().join(file);
        let content = fs::read_to_string(&path).unwrap();
        assert!(content.contains(right), "{right} is not in {file}");
        #[expect(clippy::disallowed_methods, reason = "a fixture")]
        fs::write(&path, content.replace(right, wrong)).unwrap();
        let (_, problems) = judge(&set, bundle.path(), &strong, STRONG);
        assert!(!problems.is_empty(), "`{wrong}` was let through");
    }
}

#[test]
fn the_older_routers_scripts_pass_shellcheck() {
    for routing in [Routing::Bgp, Routing::Static] {
        let bundle = written(&tunnel_set(&older(routing)));
        let lib = bundle.path().join("usr/local/lib/underpass/plant-7");
        for script in [
            bundle.path().join("install.sh"),
            lib.join("links.sh"),
            lib.join("firewall.sh"),
            lib.join("watch.sh"),
        ] {
            let output = run("shellcheck", &["-x", script.to_str().unwrap()]);
            assert!(output.status.success(), "{}", text(&output));
        }
    }
    ok("shellcheck", &[SCRIPT]);
}
