//! `underpass render` for connections and devices that no site file describes.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use underpass::sandbox::{Faults, GatewaySim};

use crate::env::{Env, Ran, ran};
use crate::sandbox_clients;

const SITE: &str = "examples/plant-7.yaml";
const FLAGS: [&str; 3] = ["--sandbox", "--time-scale", "2000"];

/// A folder in whose sandbox plant 7 is onboarded, and the connection's id.
fn onboarded() -> (Env, String) {
    let env = Env::new();
    run(&env, &["onboard", SITE, "--yes"]).exits(0);
    let json = run(&env, &["status", SITE, "--format", "json"]).json();
    let steps = json["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["kind"] == "vpn_connection");
    let id = step.unwrap()["id"].as_str().unwrap().to_owned();
    (env, id)
}

fn run(env: &Env, args: &[&str]) -> Ran {
    env.run(&[args, &FLAGS].concat())
}

fn text(env: &Env, path: &str) -> String {
    std::fs::read_to_string(env.file(path)).unwrap()
}

/// The two keys out of the bundle that onboarding wrote.
fn keys(env: &Env) -> Vec<String> {
    let secrets = text(
        env,
        "plant-7.bundle/etc/swanctl/conf.d/underpass-plant-7-secrets.conf",
    );
    let lines = secrets
        .lines()
        .filter_map(|line| line.trim().strip_prefix("secret = "));
    let keys: Vec<_> = lines.map(|key| key.trim_matches('"').to_owned()).collect();
    assert_eq!(keys.len(), 2, "{secrets}");
    keys
}

/// Everything that is missing is told at once, and the command that is named next works.
#[test]
fn a_connection_without_a_site_file_asks_for_everything_at_once() {
    let (env, id) = onboarded();
    let from = ["render", "--from", &id];
    let bare = run(
        &env,
        &[&from[..], &["--device", "fortinet-fortios"]].concat(),
    )
    .exits(3);
    for flag in [
        "--region",
        "--option wan_interface",
        "--option lan_interface",
    ] {
        assert!(bare.stderr.contains(flag), "{}", bare.stderr);
    }
    let all = [&from[..], &["--region", "eu-central-1", "--device", "vyos"]].concat();
    let asked = run(&env, &all).exits(3);
    for flag in ["--lan", "--option wan_interface"] {
        assert!(asked.stderr.contains(flag), "{}", asked.stderr);
    }
    assert!(!asked.stderr.contains("--vpc CIDR"), "AWS tells the VPC's");
    let next = asked.stderr.lines().last().unwrap().trim();
    let next = next.strip_prefix("next: underpass ").unwrap();
    let words: Vec<&str> = next.split(' ').collect();
    env.run(&words).exits(0);
    let config = text(&env, &format!("{id}.bundle/config.vyos"));
    for key in keys(&env) {
        assert!(config.contains(&key));
    }
    // What the site file's own reader refuses, flags cannot say either.
    let wrong = ["--lan", "10.20.0.1/24", "--option", "wan_interface=eth0"];
    let wrong = run(&env, &[&all[..], &wrong].concat()).exits(3);
    assert!(wrong.stderr.contains("bits set"), "{}", wrong.stderr);
    let line = "wan_interface=eth0\nset system host-name x";
    let wrong = ["--lan", "10.20.0.0/24", "--option", line];
    let wrong = run(&env, &[&all[..], &wrong].concat()).exits(3);
    assert!(wrong.stdout.is_empty());
}

/// The site's own device is a strongSwan with GCM in phase 1; an EOS router has none there. The
/// AWS CLI runs what is named, and then it works.
#[test]
fn what_a_device_cannot_do_is_told_with_the_command_that_narrows_it() {
    let env = Env::served(2_000.0, Faults::default(), GatewaySim::Online);
    env.run(&["onboard", SITE, "--yes"]).exits(0);
    let other = ["render", SITE, "--device", "arista-eos", "--out", "eos"];
    let refused = env.run(&other).exits(5);
    let said = &refused.stderr;
    assert!(
        said.contains("both tunnels, phase 1 encryption: AES256-GCM-16"),
        "{said}"
    );
    assert!(said.contains("could use AES128, AES256"), "{said}");
    assert!(!env.file("eos").exists());
    let commands: Vec<String> = (said.lines())
        .filter_map(|line| Some(format!("aws ec2 {}", line.split_once("aws ec2 ")?.1)))
        .collect();
    assert_eq!(commands.len(), 2, "one for each tunnel: {said}");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let venv = sandbox_clients::environment();
    for command in commands {
        let output = runtime.block_on(async {
            sandbox_clients::client(&venv, env.path(), "sh")
                .args(["-c", &command])
                .env("AWS_ENDPOINT_URL", env.url())
                .output()
                .await
        });
        let output = output.unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{command}\n{complaint}");
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
    env.run(&other).exits(0);
    let config = text(&env, "eos/config.eos");
    assert!(config.contains("encryption aes256\n"), "{config}");
}

/// A saved document comes from a file or from stdin, and tells nothing of algorithms.
#[test]
fn a_saved_document_is_read_from_stdin() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let document = std::fs::read_to_string(fixtures.join("cgw-config-vgw-bgp.xml")).unwrap();
    let env = Env::new();
    let mut command = env.command(&[
        "render",
        "--xml",
        "-",
        "--region",
        "eu-central-1",
        "--device",
        "generic",
        "--lan",
        "10.20.0.0/24",
        "--vpc",
        "10.0.0.0/16",
        "--out",
        "saved",
    ]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(document.as_bytes()).unwrap();
    drop(stdin);
    let done = ran(child.wait_with_output().unwrap()).exits(0);
    assert!(
        done.stderr.contains("which algorithms AWS accepts"),
        "{}",
        done.stderr
    );
    let page = text(&env, "saved/tunnels.json");
    assert!(page.contains("AES256-GCM-16"), "{page}");
}

#[test]
fn remove_writes_only_what_takes_it_away() {
    let (env, _) = onboarded();
    let forti = [
        "--option",
        "wan_interface=wan1",
        "--option",
        "lan_interface=lan",
    ];
    for (device, options, files) in [
        ("strongswan", &[][..], &["install.sh"][..]),
        ("fortinet-fortios", &forti, &["remove.conf"]),
        ("pfsense", &[], &["merge.php", "pfsense.xml"]),
    ] {
        let args = [
            "render", SITE, "--remove", "--device", device, "--out", device,
        ];
        let json = run(&env, &[&args[..], options, &["--format", "json"]].concat());
        let json = json.exits(0).json();
        let written: Vec<&str> = (json["files"].as_array().unwrap().iter())
            .map(|file| file.as_str().unwrap())
            .collect();
        for file in files {
            assert!(written.contains(file), "{device}: {written:?}");
            assert!(env.file(device).join(file).exists());
        }
        assert!(
            !written.iter().any(|file| file.contains("README")),
            "{written:?}"
        );
    }
    assert!(!env.file("plant-7.remove").exists());
    let page = run(&env, &["render", SITE, "--remove", "--device", "generic"]).exits(5);
    assert!(page.stderr.contains("reverse order"), "{}", page.stderr);
}

/// A router's saved configuration with other things in it, then with a changed one, then with
/// another key; nothing is written, and no key is shown.
#[test]
fn diff_tells_by_its_exit_code_and_shows_no_key() {
    let (env, _) = onboarded();
    let args = [
        "render",
        SITE,
        "--device",
        "vyos",
        "--option",
        "wan_interface=eth0",
    ];
    run(&env, &[&args[..], &["--out", "vyos"]].concat()).exits(0);
    let config = text(&env, "vyos/config.vyos");
    let mut lines: Vec<&str> = config.lines().rev().collect();
    lines.push("set system login user admin authentication plaintext-password hunter2");
    let saved = lines.join("\n");
    env.write("router.txt", &saved);
    let diff = [&args[..], &["--diff", "router.txt", "--out", "never"]].concat();
    let same = run(&env, &diff).exits(0);
    assert!(same.stdout.contains("as it should be"), "{}", same.stdout);
    assert!(same.stdout.contains("1 line(s)"), "{}", same.stdout);
    let [one, two] = <[String; 2]>::try_from(keys(&env)).unwrap();
    let other = saved
        .replace(&one, "Another.Key_of1234")
        .replace("mtu '", "mtu '1");
    env.write("router.txt", &other);
    let differs = run(&env, &diff).exits(10);
    for secret in [&one, &two, "Another.Key_of1234", "hunter2"] {
        assert!(!differs.stdout.contains(secret), "{}", differs.stdout);
    }
    assert!(differs.stdout.contains("+set vpn ipsec authentication psk"));
    let mtu = differs
        .stdout
        .lines()
        .filter(|line| line.contains(" mtu "))
        .count();
    assert_eq!(mtu, 4, "{}", differs.stdout);
    assert!(!differs.stdout.contains('\u{1b}'), "colour in a pipe");
    let json = run(&env, &[&diff[..], &["--format", "json"]].concat()).exits(10);
    assert_eq!(json.json()["same"], false);
    let mut command = env.command(&[&diff[..], &FLAGS].concat());
    let coloured = ran(command.env("CLICOLOR_FORCE", "1").output().unwrap()).exits(10);
    assert!(
        coloured.stdout.contains("\u{1b}[32m+set"),
        "{}",
        coloured.stdout
    );
    assert!(!env.file("never").exists());
}

/// AWS's sample has its weaknesses, ours has none of them, and no key is shown of either.
#[test]
fn awss_own_sample_is_explained_by_value() {
    let (env, _) = onboarded();
    let keys = keys(&env);
    // PAN-OS has no GCM in phase 1, so it gets a connection of its own.
    let site = text(&env, SITE)
        .replace("site: plant-7", "site: plant-8")
        .replace("198.51.100.7", "198.51.100.8")
        .replace(
            "device: strongswan",
            "device: paloalto-panos\n  options: { wan_interface: ethernet1/1 }",
        );
    env.write("plant-8.yaml", &site);
    run(&env, &["onboard", "plant-8.yaml", "--yes"]).exits(0);
    let ios = ["--device", "cisco-ios-xe", "--option", "wan_interface=Gi1"];
    for (site, device, weak) in [
        (SITE, &[][..], &["28260 s", "1419"][..]),
        (SITE, &ios, &["0.0.0.0/0", "1379", "10, 10", "10 s, 30 s"]),
        ("plant-8.yaml", &[], &["1427", "10 s, 30 s"]),
    ] {
        let args = [&["render", site, "--compare-aws"][..], device].concat();
        let shown = run(&env, &args).exits(0).stdout;
        let always = ["ikev1", "AES128", "SHA1", "ikev2", "AES256-GCM-16"];
        for word in weak.iter().chain(&always) {
            assert!(shown.contains(word), "no {word} in\n{shown}");
        }
        assert!(!keys.iter().any(|key| shown.contains(key)), "{shown}");
        let json = run(&env, &[&args[..], &["--format", "json"]].concat()).exits(0);
        assert!(!keys.iter().any(|key| json.stdout.contains(key)));
        let json = json.json();
        let facts = &json["facts"];
        assert_eq!(facts["tunnels"], 2);
        assert_eq!(facts["groups"], serde_json::json!([2]));
        assert_eq!(facts["lifetimes"], serde_json::json!([3_600, 28_800]));
        assert_eq!(json["comparison"].as_array().unwrap().len(), 11);
    }
    let none = run(
        &env,
        &["render", SITE, "--compare-aws", "--device", "opnsense"],
    )
    .exits(0);
    assert!(none.stdout.contains("AWS has no sample"), "{}", none.stdout);
}
