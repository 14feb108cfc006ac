//! The whole program against moto, and the same against our sandbox: both must end alike.
//!
//! moto knows nothing of ours, so what both agree on is not our own invention. Where moto is not
//! like AWS, the difference is listed in [`moto_differences`].
//!
//! moto has no route propagation (HTTP 500), so the playbook is the built-in one without it.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use underpass::sandbox::{Faults, GatewaySim};

use crate::env::{Env, Ran, ran};
use crate::moto::moto;
use crate::moto_differences::{self, differences};
use crate::sandbox_clients::{client, environment};

/// Faster would let the sandbox forget what was deleted while Python starts.
const SCALE: f64 = 200.0;
const PLAYBOOK: &str = "without-propagation.yaml";
/// The VPC that the example names, and that the sandbox has.
const VPC: &str = "vpc-0a1b2c3d4e5f67890";

/// One endpoint with a folder of its own.
struct Place {
    env: Env,
    url: String,
    vpc: String,
}

impl Place {
    fn new(env: Env, url: String) -> Self {
        let builtin = fs::read_to_string(format!(
            "{}/playbooks/vgw-bgp.yaml",
            env!("CARGO_MANIFEST_DIR")
        ))
        .unwrap();
        let (playbook, propagation) = builtin.split_once("  - id: propagation\n").unwrap();
        assert!(!propagation.contains("- id:"), "it is the last step");
        let playbook = playbook.replace("playbook: vgw-bgp", "playbook: without-propagation");
        env.write(PLAYBOOK, &playbook);
        Self {
            env,
            url,
            vpc: VPC.to_owned(),
        }
    }

    /// Makes a VPC, and a site file that names it.
    fn own_vpc(mut self) -> Self {
        self.vpc = self.python(&["vpc"]).trim().to_owned();
        let example = fs::read_to_string(self.env.file("examples/plant-7.yaml")).unwrap();
        self.env
            .write("examples/plant-7.yaml", &example.replace(VPC, &self.vpc));
        self
    }

    fn run(&self, args: &[&str]) -> Ran {
        let [command, rest @ ..] = args else {
            panic!("no command")
        };
        let mut all = vec![*command, "examples/plant-7.yaml"];
        all.extend_from_slice(rest);
        if *command != "teardown" {
            all.extend(["--playbook", PLAYBOOK]);
        }
        let mut command = self.env.command(&all);
        command
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "example");
        ran(command.output().unwrap())
    }

    /// Steps and changes of a plan.
    fn plan(&self) -> Vec<String> {
        let plan = self.run(&["plan", "--format", "json"]).exits(0).json();
        let steps = plan["steps"].as_array().unwrap().iter();
        let steps = steps.map(|step| format!("{} {}", step["change"], step["node"]["id"]));
        steps.collect()
    }

    fn python(&self, args: &[&str]) -> String {
        let mut command = client(&environment(), self.env.path(), "python").into_std();
        let output = command
            .arg("boto3_end_state.py")
            .args(args)
            .env("AWS_ENDPOINT_URL", &self.url)
            .output()
            .unwrap();
        let seen = ran(output).exits(0);
        seen.stdout
    }

    /// What boto3 sees: everything as it is, and the site in words.
    fn look(&self) -> Seen {
        let keys = self.env.file(".underpass/plant-7/keys.json");
        let seen = self.python(&["look", &self.vpc, keys.to_str().unwrap()]);
        let mut seen: Value = serde_json::from_str(&seen).unwrap();
        Seen {
            everything: seen["everything"].take(),
            site: seen["site"].take(),
        }
    }
}

struct Seen {
    everything: Value,
    site: Value,
}

/// Asserts that nothing was written between two looks at the same places.
fn unchanged(before: &[Seen; 2], after: &[Seen; 2], what: &str) {
    for (before, after) in before.iter().zip(after) {
        let mut found = BTreeSet::new();
        differences("", &before.everything, &after.everything, &mut found);
        assert!(found.is_empty(), "{what} wrote: {found:#?}");
    }
}

#[test]
fn the_same_job_ends_alike_on_moto_and_in_the_sandbox() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (mut server, url) = runtime.block_on(moto());
    let moto = Place::new(Env::new(), url).own_vpc();
    let env = Env::served(SCALE, Faults::default(), GatewaySim::Offline);
    let url = env.url().to_owned();
    let sandbox = Place::new(env, url);

    plans_are_alike_and_make_nothing(&moto, &sandbox);
    let [on_moto, in_sandbox] = brought_up(&moto, &sandbox);
    as_expected(&on_moto, &in_sandbox);
    taken_down(&moto, &sandbox);
    an_endpoint_that_ignores_dry_runs_is_asked_none(&moto);
    runtime.block_on(server.kill()).unwrap();
}

fn plans_are_alike_and_make_nothing(moto: &Place, sandbox: &Place) {
    let before = [moto, sandbox].map(Place::look);
    let plans = [moto, sandbox].map(Place::plan);
    assert_eq!(plans[0].len(), 4, "{plans:?}");
    assert_eq!(plans[0], plans[1]);
    let asked = sandbox.run(&["plan", "--check-permissions"]).exits(0);
    assert!(asked.stdout.contains("allowed"), "{}", asked.stdout);
    unchanged(&before, &[moto, sandbox].map(Place::look), "a plan");
}

fn brought_up(moto: &Place, sandbox: &Place) -> [Seen; 2] {
    for (place, code) in [(moto, 10), (sandbox, 0)] {
        let run = place.run(&["onboard", "--yes"]).exits(code);
        let stderr = &run.stderr;
        let bundle = place.env.file("plant-7.bundle");
        if code == 0 {
            assert!(bundle.join("manifest.json").exists(), "{stderr}");
            continue;
        }
        for said in [
            "both tunnels have the outside address 52.2.144.13: real AWS gives each its own",
            "tunnel 1: AWS expects the site's ASN to be 65000, the site file says 65010",
            "left behind: AWS's half",
            "underpass teardown examples/plant-7.yaml",
            "next: underpass onboard examples/plant-7.yaml --yes --playbook without-propagation.yaml",
        ] {
            assert!(stderr.contains(said), "{said} is not in:\n{stderr}");
        }
        assert!(!bundle.exists(), "a router must not be given this");
    }
    let up = [moto, sandbox].map(Place::look);
    let calls = sandbox.env.sandbox().calls();
    let writes = calls.iter().filter(|call| call.mutating).count();

    let plans = [moto, sandbox].map(Place::plan);
    assert!(
        plans[0].iter().all(|step| step.starts_with("\"keep\"")),
        "{plans:?}"
    );
    assert_eq!(plans[0], plans[1]);
    moto.run(&["onboard", "--yes"]).exits(10);
    sandbox.run(&["onboard", "--yes"]).exits(0);
    // Nothing is left to ask, so that not even moto makes anything.
    moto.run(&["plan", "--check-permissions"]).exits(0);
    unchanged(&up, &[moto, sandbox].map(Place::look), "a second run");
    let calls = sandbox.env.sandbox().calls();
    assert_eq!(calls.iter().filter(|call| call.mutating).count(), writes);
    up
}

fn as_expected(moto: &Seen, sandbox: &Seen) {
    moto_differences::exactly(&moto.site, &sandbox.site);
    // What is compared is really there, with the tags that make it ours.
    for kind in ["customer_gateways", "vpn_gateways", "vpn_connections"] {
        let [one] = sandbox.site[kind].as_array().unwrap().as_slice() else {
            panic!("{kind}: {}", sandbox.site[kind])
        };
        assert_eq!(one["State"], "available");
        assert_eq!(one["Tags"]["underpass:site"], "plant-7");
        assert_eq!(one["Tags"]["underpass:environment"], "test");
        assert_eq!(one["Tags"]["underpass:expires-at"], "<time>");
        assert_eq!(one["Tags"]["underpass:run"], "<run>");
    }
    let attachment = &sandbox.site["vpn_gateways"][0]["VpcAttachments"];
    assert_eq!(attachment[0]["State"], "attached");
    assert_eq!(attachment[0]["VpcId"], "<vpc>");
}

fn taken_down(moto: &Place, sandbox: &Place) {
    for place in [moto, sandbox] {
        place.run(&["teardown", "--yes"]).exits(0);
    }
    let [moto, sandbox] = [moto, sandbox].map(|place| place.look().site);
    assert_eq!(moto, sandbox);
    for (kind, left) in moto.as_object().unwrap() {
        assert_eq!(left.as_array().unwrap().len(), 0, "{kind}: {left}");
    }
}

/// moto carries some dry runs out: asked about something harmless first, it is not trusted with more.
fn an_endpoint_that_ignores_dry_runs_is_asked_none(moto: &Place) {
    let asked = moto.run(&["plan", "--check-permissions"]).exits(6);
    let seen = moto.look().site;
    for kind in ["customer_gateways", "vpn_gateways", "vpn_connections"] {
        assert_eq!(seen[kind].as_array().unwrap().len(), 0, "{kind}: {seen}");
    }
    let said = "the endpoint is not AWS and ignores DryRun";
    assert!(asked.stderr.contains(said), "{}", asked.stderr);
}
