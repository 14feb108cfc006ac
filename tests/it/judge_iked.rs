//! OpenBSD's iked and OpenBGPD, in Debian's packages, read what we write.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use underpass::spec::{DhGroup, Encryption, Integrity, Routing, Security, Site};
use underpass::tunnel::TunnelSet;

use super::bundle_sample::{KEYS, ok, run, site, text, tool, tunnel_set, written};
use super::judge_libreswan::part;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/judge_iked.sh");

fn openbsd(routing: Routing) -> Site {
    let mut site = site(routing);
    "openbsd-iked".clone_into(&mut site.gateway.device);
    site
}

/// iked shows keys in hexadecimal.
fn hex(key: &str) -> String {
    key.bytes().fold("0x".to_owned(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Both daemons' reading, and where it is not what was meant.
///
/// iked prints no childsa with an AEAD cipher, so that line is compared with the file itself.
fn judge(set: &TunnelSet, bundle: &Path, phases: [&str; 2]) -> (String, Vec<String>) {
    for name in ["iked", "bgpd", "ip"] {
        tool(name);
    }
    let work = tempfile::tempdir().unwrap();
    let folders = [bundle, work.path()].map(|path| path.to_str().unwrap());
    let seen = ok(
        "unshare",
        &[
            "-mn", "sh", SCRIPT, folders[0], folders[1], "sec101", "sec102",
        ],
    );
    let mut problems = Vec::new();
    let iked = part(&seen, "iked");
    if !iked.trim_end().ends_with("configuration OK") {
        problems.push(format!("iked: {iked}"));
    }
    let wan = set.site.gateway.wan_address();
    let [ike, esp] = phases;
    let aead = esp.contains("gcm");
    for tunnel in &set.tunnels {
        let (number, aws, options) = (tunnel.number, tunnel.aws.outside, &tunnel.options);
        let child = if aead {
            String::new()
        } else {
            format!("childsa {esp} noesn ")
        };
        let wanted = format!(
            "ikev2 \"underpass-plant-7-{number}\" active tunnel esp inet from 0.0.0.0/0 to 0.0.0.0/0 \
             from ::/0 to ::/0 local {wan} peer {aws} ikesa {ike} {child}srcid 192.0.2.10 \
             dstid {aws} ikelifetime {} lifetime {} bytes 549755813888 psk {} iface sec{}",
            options.device_rekey(options.phase1.lifetime),
            options.device_rekey(options.phase2.lifetime),
            hex(KEYS[usize::from(number) - 1]),
            100 + number,
        );
        if !iked.lines().any(|line| line.trim() == wanted) {
            problems.push(format!("iked has no `{wanted}`"));
        }
    }
    let file = fs::read_to_string(bundle.join("iked.conf")).unwrap();
    if file.matches(&format!("childsa {esp} noesn")).count() != 2 {
        problems.push(format!("childsa {esp} does not stand twice"));
    }
    if seen.contains("== bgpd") {
        problems.extend(bgpd_problems(set, part(&seen, "bgpd")));
    }
    (seen, problems)
}

fn bgpd_problems(set: &TunnelSet, bgpd: &str) -> Vec<String> {
    let lines: Vec<&str> = bgpd.lines().map(str::trim).collect();
    let mut wanted = vec![
        "AS 65010".to_owned(),
        "network 10.20.0.0/24".to_owned(),
        "10.0.0.0/16 maxlen 28".to_owned(),
        "10.20.0.0/24 or-longer".to_owned(),
        "remote-as 64512".to_owned(),
        "holdtime 30".to_owned(),
        "announce restart no".to_owned(),
        "announce IPv4 unicast".to_owned(),
        "max-prefix 1000 restart 5".to_owned(),
        "deny quick from group \"underpass-plant-7\" prefix-set \"underpass-plant-7-own\""
            .to_owned(),
        "allow quick from group \"underpass-plant-7\" prefix-set \"underpass-plant-7-in\""
            .to_owned(),
        "deny quick from group \"underpass-plant-7\"".to_owned(),
        "allow quick to group \"underpass-plant-7\" prefix-set \"underpass-plant-7-out\""
            .to_owned(),
        "deny quick to group \"underpass-plant-7\"".to_owned(),
    ];
    for tunnel in &set.tunnels {
        wanted.push(format!("neighbor {} {{", tunnel.aws.inside));
        wanted.push(format!("local-address {}", tunnel.customer.inside));
    }
    wanted
        .into_iter()
        .filter(|wanted| !lines.contains(&wanted.as_str()))
        .map(|wanted| format!("bgpd has no `{wanted}`:\n{bgpd}"))
        .collect()
}

const STRONG: [&str; 2] = [
    "enc aes-256-gcm prf hmac-sha2-512 group ecp521",
    "enc aes-256-gcm group ecp521",
];

#[test]
fn iked_and_bgpd_understand_what_was_meant() {
    let set = tunnel_set(&openbsd(Routing::Bgp));
    let (seen, problems) = judge(&set, written(&set).path(), STRONG);
    assert!(problems.is_empty(), "{problems:#?}\n{seen}");
}

#[test]
fn iked_behind_a_nat_with_older_algorithms() {
    let mut site = openbsd(Routing::Static);
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
    let phases = [
        "enc aes-256 prf hmac-sha2-256 auth hmac-sha2-256 group modp2048",
        "enc aes-256 auth hmac-sha2-384 group ecp256",
    ];
    let (seen, problems) = judge(&set, written(&set).path(), phases);
    assert!(problems.is_empty(), "{problems:#?}\n{seen}");
}

/// Each is a mistake that people make; the daemons themselves find it.
#[test]
fn iked_and_bgpd_find_what_is_wrong() {
    let mistakes = [
        ("iked.conf", "aes-256-gcm", "aes256-gcm"),
        ("iked.conf", "hmac-sha2-512", "sha512"),
        ("iked.conf", "group ecp521", "group 21"),
        ("iked.conf", "iface sec102", "iface sec101"),
        ("iked.conf", "peer 203.0.113.166", "peer 203.0.113.999"),
        ("iked.conf", "lifetime 3060", "lifetime 3600"),
        ("iked.conf", " \\\n\tpsk", "\n\tpsk"),
        ("bgpd.conf", "announce restart no", "graceful-restart no"),
        ("bgpd.conf", "holdtime 30", "timers 10 30 30"),
        ("bgpd.conf", "maxlen 28", "le 28"),
        ("bgpd.conf", "deny quick to", "allow quick to"),
        ("bgpd.conf", "remote-as 64512", "remote-as 65010"),
    ];
    let set = tunnel_set(&openbsd(Routing::Bgp));
    for (file, right, wrong) in mistakes {
        let bundle = written(&set);
        let path = bundle.path().join(file);
        let content = fs::read_to_string(&path).unwrap();
        assert!(content.contains(right), "{right} is not in {file}");
        #[expect(clippy::disallowed_methods, reason = "a fixture")]
        fs::write(&path, content.replace(right, wrong)).unwrap();
        let (_, problems) = judge(&set, bundle.path(), STRONG);
        assert!(!problems.is_empty(), "`{wrong}` was let through");
    }
}

#[test]
fn the_openbsd_script_passes_shellcheck() {
    for routing in [Routing::Bgp, Routing::Static] {
        let bundle = written(&tunnel_set(&openbsd(routing)));
        let script = bundle.path().join("install.sh");
        let output = run("shellcheck", &["-x", script.to_str().unwrap()]);
        assert!(output.status.success(), "{}", text(&output));
    }
    ok("shellcheck", &[SCRIPT]);
}
