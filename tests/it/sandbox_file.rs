//! Worlds in files, under the worst: processes killed in the middle of a write.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use underpass::clock::{Clock, IdSource};
use underpass::sandbox::{Faults, GatewaySim, Request, ResourceId, Sandbox, SandboxOptions};

const FILE: &str = "UNDERPASS_TEST_WORLD";

fn open(file: &Path) -> Sandbox {
    Sandbox::open(SandboxOptions {
        // Fast, so that the token buckets do not slow the writer down.
        clock: Clock::scaled(100_000.0),
        ids: IdSource::system(),
        faults: "quota:customer-gateways=100000".parse::<Faults>().unwrap(),
        file: Some(file.to_owned()),
        gateway: GatewaySim::Offline,
    })
    .unwrap()
}

/// Not a test: the process that the test below kills. Says each id once its call was answered.
#[test]
#[ignore = "started by no_answered_call_is_lost_when_killed"]
fn writes_until_killed() {
    let file = PathBuf::from(std::env::var_os(FILE).unwrap());
    let sandbox = open(&file);
    let scope = "AWS4-HMAC-SHA256 Credential=AKIDSANDBOX/20261122/eu-central-1/ec2/aws4_request";
    for number in 0_u32.. {
        let [_, second, third, fourth] = number.to_be_bytes();
        let process = std::process::id() % 200;
        let body = format!(
            "Action=CreateCustomerGateway&Type=ipsec.1&BgpAsn={}&IpAddress=10.{second}.{third}.{fourth}",
            process + 1
        );
        let request = Request::from_http("POST", "/", [("authorization", scope)], body.as_bytes());
        let reply = sandbox.handle(&request);
        let body = String::from_utf8(reply.body).unwrap();
        if let Some((_, rest)) = body.split_once("<customerGatewayId>") {
            let id = rest.split('<').next().unwrap();
            writeln!(std::io::stdout(), "made {id}").unwrap();
        }
    }
}

#[test]
fn no_answered_call_is_lost_when_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.json");
    let mut answered = Vec::new();
    for round in 0..6_u64 {
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "sandbox_file::writes_until_killed",
                "--ignored",
                "--nocapture",
            ])
            .env(FILE, &file)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(writer.stdout.take().unwrap());
        let mut lines = output.lines();
        // It has begun to write; now at some moment between two writes or in one.
        let first = lines.find_map(|line| {
            line.unwrap()
                .split_once("made ")
                .map(|(_, id)| id.to_owned())
        });
        answered.extend(first);
        std::thread::sleep(Duration::from_millis(20 + round * 7));
        writer.kill().unwrap();
        writer.wait().unwrap();
        // The last line may be cut off by the kill; what was said completely was done.
        answered.extend(
            lines
                .map_while(Result::ok)
                .filter_map(|line| line.split_once("made ").map(|(_, id)| id.to_owned()))
                .filter(|id| id.len() == 21),
        );
        let region = open(&file).world().regions.remove("eu-central-1").unwrap();
        for id in &answered {
            let id = ResourceId::from(id.as_str());
            assert!(
                region.customer_gateways.contains_key(&id),
                "{id} was answered and is gone"
            );
        }
    }
    assert!(answered.len() >= 6, "the writer wrote nothing");
}
