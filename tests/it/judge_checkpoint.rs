//! Check Point: every call of the Management API against Check Point's own argument specifications,
//! every command of the gateway against Gaia's.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::judge::{cases, passes};

#[test]
fn check_point_calls_stand_in_check_points_specifications() {
    const G: &str = "gateway.clish";
    const M: &str = "management.sh";
    passes(
        "checkpoint-gaia",
        "checkpoint.py",
        &[
            (
                "IOS's word for it",
                M,
                "phase-1.encryption-algorithm aes-256",
                "phase-1.encryption-algorithm aes-cbc-256",
            ),
            (
                "GCM in phase 1",
                M,
                "phase-1.encryption-algorithm aes-256",
                "phase-1.encryption-algorithm aes-gcm-256",
            ),
            (
                "a group without its dash",
                M,
                "diffie-hellman-group group-20",
                "diffie-hellman-group group20",
            ),
            (
                "a group that R81.20 lacks",
                M,
                "ike-p2-pfs-dh-grp group-20",
                "ike-p2-pfs-dh-grp group-21",
            ),
            (
                "a lifetime in seconds",
                M,
                "ike-p1-rekey-time ",
                "ike-p1-rekey-time 28260 #",
            ),
            (
                "a pair of subnets a tunnel",
                M,
                "tunnel-granularity universal",
                "tunnel-granularity per_subnet",
            ),
            (
                "a parameter of the community in the wrong place",
                M,
                "granular-encryptions.1.encryption-suite",
                "granular-encryptions.1.ike-suite",
            ),
            (
                "no forward secrecy",
                M,
                "ike-p2-use-pfs true",
                "ike-p2-use-pfs false",
            ),
            (
                "IKEv1 as well",
                M,
                "\"ikev2 only\"",
                "\"prefer ikev2 but support ikev1\"",
            ),
            (
                "the other tunnel's key",
                M,
                "\"FAKEkeyOfTunnel1.",
                "\"._FAKEkeyOfTunnel2_",
            ),
            (
                "a domain that is not empty",
                M,
                "vpn-settings.vpn-domain up-plant-7-empty",
                "vpn-settings.vpn-domain up-plant-7-vpc",
            ),
            (
                "a list without numbers",
                M,
                "source.1 up-plant-7-vpc",
                "source up-plant-7-vpc source.x up-plant-7-vpc",
            ),
            ("nothing published", M, "run publish\n", ""),
            (
                "a group that is not there",
                M,
                "groups.1 up-plant-7-lan",
                "groups.1 up-plant-7-site",
            ),
            (
                "a peer of another name",
                G,
                "peer up-plant-7-2\n",
                "peer up-plant-7-aws-2\n",
            ),
            (
                "AWS's address on the wrong side",
                G,
                "local 169.254.15.194 remote 169.254.15.193",
                "local 169.254.15.193 remote 169.254.15.194",
            ),
            ("IOS's timers", G, "holdtime 30", "timers 10 30"),
            (
                "the default route from AWS",
                G,
                "match network 10.0.0.0/16 between 16 and 28",
                "match network 0.0.0.0/0 all",
            ),
            (
                "an open end",
                G,
                "-in id 65535 restrict",
                "-in id 65535 allow",
            ),
            ("no probe", G, "set static-route 10.0.0.0/17 ping on\n", ""),
            ("IOS's route", G, "nexthop gateway address", "via"),
            (
                "a last resort before BGP's routes",
                G,
                "rank 250",
                "rank 60",
            ),
            (
                "a rule that stays",
                "remove-management.sh",
                "name up-plant-7-own\n",
                "name up-plant-7-in\n",
            ),
            (
                "a tunnel that stays",
                "remove-gateway.clish",
                "delete vpn tunnel 22\n",
                "",
            ),
        ],
    );
}

/// A management server that writes down what it is asked, and refuses what `REFUSED` names.
const SERVER: &str = r#"#!/bin/sh
printf '%s\n' "$*" >> "$LOG"
case "$*" in
  *"${REFUSED:-nothing at all}"*) echo 'code: "generic_err_object_not_found"'; exit 1 ;;
esac
"#;

fn fixture(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    #[expect(clippy::disallowed_methods, reason = "a fixture")]
    std::fs::write(&path, content).unwrap();
    path
}

/// Runs a script against that server: whether it ended well, what it said, what it asked.
fn run(script: &str, refused: Option<&str>) -> (bool, String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let server = fixture(folder.path(), "mgmt_cli", SERVER);
    std::fs::set_permissions(&server, PermissionsExt::from_mode(0o755)).unwrap();
    let file = fixture(folder.path(), "script.sh", script);
    let log = folder.path().join("log");
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("sh");
    command
        .arg(&file)
        .env("PATH", format!("{}:{path}", folder.path().display()))
        .env("LOG", &log);
    if let Some(refused) = refused {
        command.env("REFUSED", refused);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let asked = std::fs::read_to_string(log).unwrap_or_default();
    let asked = asked.lines().map(str::to_owned).collect();
    (output.status.success(), said, asked)
}

#[test]
fn all_of_a_script_is_published_or_nothing() {
    let case = cases("checkpoint-gaia").remove(0);
    for name in ["management.sh", "remove-management.sh"] {
        let script = &case.files[name];
        let (well, said, asked) = run(script, None);
        assert!(well, "{said}");
        let calls: Vec<&str> = script.lines().filter(|l| l.starts_with("run ")).collect();
        assert_eq!(asked.len(), calls.len() + 2, "login, logout and every call");
        assert!(asked[0].starts_with("login ") && asked[asked.len() - 2].starts_with("publish "));
        assert!(asked.iter().all(|call| !call.starts_with("discard")));
        let keys = ["FAKEkeyOfTunnel1", "FAKEkeyOfTunnel2"];
        assert!(
            keys.iter()
                .all(|key| name != "management.sh" || script.contains(key))
        );
        let told = |call: &&String| keys.iter().any(|key| call.contains(key));
        assert_eq!(
            asked.iter().find(told),
            None,
            "a key is among the arguments"
        );

        let (well, said, asked) = run(script, Some("vpn-community-star"));
        assert!(
            !well && said.contains("generic_err_object_not_found"),
            "{said}"
        );
        assert!(asked.last().unwrap().starts_with("discard "), "{asked:?}");
        assert!(asked.iter().all(|call| !call.starts_with("publish")));
    }
}

#[test]
fn check_point_scripts_pass_shellcheck() {
    for case in cases("checkpoint-gaia") {
        for name in ["management.sh", "remove-management.sh"] {
            let folder = tempfile::tempdir().unwrap();
            let file = fixture(folder.path(), name, &case.files[name]);
            let output = Command::new("shellcheck").arg(&file).output();
            let output = output.expect("shellcheck; see .ci/packages");
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{}: {said}", case.name);
        }
    }
}
