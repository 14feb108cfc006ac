//! Libreswan's own `addconn` and `pluto` read, route and shake hands with what we write.

use std::fs;
use std::path::{Path, PathBuf};

use underpass::spec::{DhGroup, Encryption, Integrity, Routing, Security, Site};
use underpass::tunnel::TunnelSet;

use super::bundle_sample::{KEYS, ok, run, site, text, tool, tunnel_set, written};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/judge_libreswan.sh");
const CONF: &str = "etc/ipsec.d/underpass-plant-7.conf";
const SECRETS: &str = "etc/ipsec.d/underpass-plant-7.secrets";

/// Libreswan as `.ci/daemons` unpacks it.
fn programs() -> PathBuf {
    let folder = std::env::var_os("UNDERPASS_DAEMONS").map_or_else(
        || {
            let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
                || Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
                PathBuf::from,
            );
            target.join("underpass-daemons")
        },
        PathBuf::from,
    );
    let programs = folder.join("libreswan");
    assert!(
        programs.is_dir(),
        "{} is missing; run .ci/daemons once",
        programs.display()
    );
    programs
}

fn libreswan(routing: Routing) -> Site {
    let mut site = site(routing);
    "libreswan".clone_into(&mut site.gateway.device);
    site
}

/// strongSwan in AWS's place, with one proposal per phase.
pub(crate) fn endpoints(ike: &str, esp: &str) -> String {
    let endpoint = |number: usize, address: &str| {
        format!(
            "connections {{
  t{number} {{
    version = 2
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
    secret = \"{}\"
  }}
}}
",
            KEYS[number - 1]
        )
    };
    endpoint(1, "203.0.113.166") + &endpoint(2, "198.51.100.126")
}

/// What the daemon said, and what it ought to have said and did not.
struct Verdict {
    seen: String,
    problems: Vec<String>,
}

/// The part of a script's output under a heading.
pub(crate) fn part<'a>(output: &'a str, heading: &str) -> &'a str {
    let heading = format!("== {heading}");
    let at = output.find(&format!("{heading}\n")).unwrap() + heading.len();
    let rest = output[at..].split("\n== ").next().unwrap();
    rest.strip_prefix('\n').unwrap_or(rest)
}

/// Algorithms in Libreswan's own spelling.
struct Meant {
    ike: &'static str,
    esp: &'static str,
}

fn judge(set: &TunnelSet, bundle: &Path, aws: &str, meant: &Meant) -> Verdict {
    for name in ["charon-systemd", "swanctl", "certutil", "ip"] {
        tool(name);
    }
    let work = tempfile::tempdir().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a fixture")]
    fs::write(work.path().join("aws.conf"), aws).unwrap();
    let wan = set.site.gateway.wan_address();
    let seen = ok(
        "unshare",
        &[
            "-mn",
            "sh",
            SCRIPT,
            programs().to_str().unwrap(),
            bundle.to_str().unwrap(),
            work.path().to_str().unwrap(),
            &wan.to_string(),
        ],
    );
    let mut problems = Vec::new();
    let known = "warning IKEv2 liveness uses retransmit-timeout=, dpdtimeout= ignored";
    for heading in ["check", "add", "route"] {
        let lines = part(&seen, heading).lines();
        problems.extend(
            lines
                .filter(|line| !line.contains(known))
                .map(|line| format!("{heading}: {line}")),
        );
    }
    let status = part(&seen, "status");
    let handshakes = part(&seen, "handshakes");
    for tunnel in &set.tunnels {
        let name = format!("\"{}-{}\":", set.site.name, tunnel.number);
        let (aws, options) = (tunnel.aws.outside, &tunnel.options);
        let rekey = options.phase2.lifetime - options.device_rekey(options.phase2.lifetime);
        let wanted = [
            format!("0.0.0.0/0===192.0.2.10...{aws}===0.0.0.0/0; prospective erouted")
                .replace("===192.0.2.10", &selector(set)),
            format!(
                "ike_life: {}s; ipsec_life: {}s;",
                options.phase1.lifetime, options.phase2.lifetime
            ),
            format!(
                "replay_window: {}; rekey_margin: {rekey}s; rekey_fuzz: 0%; keyingtries: 0;",
                options.replay_window
            ),
            "policy: IKEv2+PSK+ENCRYPT+TUNNEL+PFS+IKE_FRAG_ALLOW+ESN_NO;".to_owned(),
            "my_updown=<disabled>;".to_owned(),
            format!("our id=192.0.2.10; their idtype: ID_IPV4_ADDR; their id={aws}"),
            "liveness: active; dpdaction:restart; dpddelay:10s; retransmit-timeout:20s".to_owned(),
            format!("IKE algorithms: {}", meant.ike),
            format!("ESP algorithms: {}", meant.esp),
        ];
        for wanted in wanted {
            let found = status
                .lines()
                .any(|line| line.starts_with(&name) && line.contains(&wanted));
            if !found {
                problems.push(format!("status: no `{name} {wanted}`"));
            }
        }
        let wanted = format!("authenticated peer using authby=secret and ID_IPV4_ADDR '{aws}'");
        if !handshakes.contains(&wanted) {
            problems.push(format!("handshake: not {wanted}"));
        }
    }
    Verdict { seen, problems }
}

/// Our end as pluto shows it: with the identity where that is not the address.
fn selector(set: &TunnelSet) -> String {
    let gateway = &set.site.gateway;
    if gateway.behind_nat() {
        format!("==={}[192.0.2.10]", gateway.wan_address())
    } else {
        format!("==={}", gateway.outside_ip)
    }
}

const STRONG: Meant = Meant {
    ike: "AES_GCM_16_256-HMAC_SHA2_512-DH21",
    esp: "AES_GCM_16_256-NONE-DH21",
};

#[test]
fn libreswan_takes_both_tunnels_side_by_side() {
    let strong = endpoints("aes256gcm16-prfsha512-ecp521", "aes256gcm16-ecp521");
    let set = tunnel_set(&libreswan(Routing::Bgp));
    let bundle = written(&set);
    let verdict = judge(&set, bundle.path(), &strong, &STRONG);
    assert!(
        verdict.problems.is_empty(),
        "{:#?}\n{}",
        verdict.problems,
        verdict.seen
    );
}

#[test]
fn libreswan_behind_a_nat_with_older_algorithms() {
    let mut site = libreswan(Routing::Static);
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
    let bundle = written(&set);
    let meant = Meant {
        ike: "AES_CBC_256-HMAC_SHA2_256-MODP2048",
        esp: "AES_CBC_256-HMAC_SHA2_384_192-DH19",
    };
    let aws = endpoints("aes256-sha256-modp2048", "aes256-sha384-ecp256");
    let verdict = judge(&set, bundle.path(), &aws, &meant);
    assert!(
        verdict.problems.is_empty(),
        "{:#?}\n{}",
        verdict.problems,
        verdict.seen
    );
}

/// Each is a mistake that people make; the daemon itself finds it.
#[test]
fn libreswan_finds_what_is_wrong() {
    let mistakes = [
        (CONF, "dh21", "modp1024"),
        (CONF, "ikev2=insist", "ikev2=no"),
        (CONF, "\tmark-out=", "\t# "),
        (CONF, "leftid=192.0.2.10", "leftid=192.0.2.11"),
        (CONF, "esp=aes_gcm256", "esp=aes128-sha1"),
        (CONF, "leftsubnet=0.0.0.0/0", "leftsubnet=10.20.0.0/24"),
        (CONF, "authby=secret", "auth=psk"),
        (CONF, "right=203.0.113.166", "right=198.51.100.126"),
        (SECRETS, "FAKEkeyOfTunnel1.", "FAKEkeyOfTunnel1_"),
    ];
    let strong = endpoints("aes256gcm16-prfsha512-ecp521", "aes256gcm16-ecp521");
    let set = tunnel_set(&libreswan(Routing::Bgp));
    for (file, right, wrong) in mistakes {
        let bundle = written(&set);
        let path = bundle.path().join(file);
        let content = fs::read_to_string(&path).unwrap();
        assert!(content.contains(right), "{right} is not in {file}");
        #[expect(clippy::disallowed_methods, reason = "a fixture")]
        fs::write(&path, content.replace(right, wrong)).unwrap();
        let verdict = judge(&set, bundle.path(), &strong, &STRONG);
        assert!(!verdict.problems.is_empty(), "`{wrong}` was let through");
    }
}

#[test]
fn libreswan_scripts_pass_shellcheck() {
    for routing in [Routing::Bgp, Routing::Static] {
        let bundle = written(&tunnel_set(&libreswan(routing)));
        let lib = bundle.path().join("usr/local/lib/underpass/plant-7");
        for script in [
            bundle.path().join("install.sh"),
            lib.join("links.sh"),
            lib.join("watch.sh"),
        ] {
            let output = run("shellcheck", &["-x", script.to_str().unwrap()]);
            assert!(output.status.success(), "{}", text(&output));
        }
    }
    ok("shellcheck", &[SCRIPT]);
}
