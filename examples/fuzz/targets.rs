//! Everything that reads something from outside.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use underpass::aws::{Client, Collection, Target as AwsTarget};
use underpass::clock::{Clock, IdSource};
use underpass::journal::{LockOwner, Store};
use underpass::plan::{self, Plan, PolicyFor, Prices};
use underpass::sandbox::{Faults, GatewaySim, Request, Sandbox, SandboxOptions};
use underpass::spec::{self, SiteName, is_hostile};
use underpass::{files, journal, playbook, tunnel};

use super::{Target, corpus, skeleton};

/// A form of each action of EC2's that the sandbox has, to begin with.
const FORMS: [&str; 14] = [
    "Action=DescribeVpcs&Version=2016-11-15",
    "Action=DescribeRouteTables&MaxResults=100&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-0a1b2c3d4e5f67890",
    "Action=DescribeVpnConnections&VpnConnectionId.1=vpn-0a1b2c3d4e5f60001",
    "Action=DescribeVpnGateways",
    "Action=DescribeCustomerGateways&CustomerGatewayId.1=cgw-0a1b2c3d",
    "Action=CreateCustomerGateway&Type=ipsec.1&BgpAsn=65010&IpAddress=198.51.100.7&DeviceName=x",
    "Action=CreateVpnGateway&Type=ipsec.1&AmazonSideAsn=64512&TagSpecification.1.ResourceType=vpn-gateway&TagSpecification.1.Tag.1.Key=a&TagSpecification.1.Tag.1.Value=b",
    "Action=CreateVpnConnection&Type=ipsec.1&CustomerGatewayId=cgw-0a1b2c3d&VpnGatewayId=vgw-0a1b2c3d&Options.StaticRoutesOnly=true&Options.TunnelOptions.1.TunnelInsideCidr=169.254.10.0/30&Options.TunnelOptions.1.PreSharedKey=abcdefgh&Options.TunnelOptions.1.IKEVersion.1.Value=ikev2&Options.TunnelOptions.1.Phase1DHGroupNumber.1.Value=20",
    "Action=AttachVpnGateway&VpcId=vpc-0a1b2c3d4e5f67890&VpnGatewayId=vgw-0a1b2c3d",
    "Action=EnableVgwRoutePropagation&RouteTableId=rtb-0a1b2c3d4e5f60001&GatewayId=vgw-0a1b2c3d",
    "Action=ModifyVpnTunnelOptions&VpnConnectionId=vpn-0a1b2c3d&VpnTunnelOutsideIpAddress=203.0.113.1&TunnelOptions.DPDTimeoutSeconds=40",
    "Action=CreateTags&ResourceId.1=vpc-0a1b2c3d4e5f67890&Tag.1.Key=a&Tag.1.Value=b",
    "Action=CreateVpnConnectionRoute&VpnConnectionId=vpn-0a1b2c3d&DestinationCidrBlock=10.0.0.0/8",
    "Action=GetCallerIdentity&Version=2011-06-15",
];

pub(crate) fn all(root: &Path, scratch: &Path) -> Vec<Target> {
    let of = |folders: &[&str], ending| {
        let folders: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
        corpus(&folders, ending)
    };
    let texts = |all: &[&str]| all.iter().map(|text| text.as_bytes().to_vec()).collect();
    let sites = of(&["examples", "tests/scenarios/bad-sites"], "yaml");
    let journals = of(&["tests/fixtures"], "jsonl");
    let plans = journals
        .iter()
        .flat_map(|journal| plan_of(journal))
        .collect();
    vec![
        target("site", site, sites.clone()),
        target(
            "playbook",
            playbook,
            of(&["playbooks", "tests/scenarios/bad-playbooks"], "yaml"),
        ),
        target("xml", xml, of(&["tests/fixtures"], "xml")),
        target("journal", journal, journals),
        target("plan", saved_plan, plans),
        target("prices", prices, texts(&[PRICES])),
        target("lock", lock, texts(&[LOCK])),
        target(
            "faults",
            faults,
            texts(&[
                "throttle,lost-replies,slow-consistency,errors=0.2,denied:CreateVpnGateway",
                "expired-credentials",
            ]),
        ),
        target(
            "words",
            words,
            texts(&[
                "vpc-0a1b2c3d4e5f67890",
                "169.254.10.0/30",
                "4294967294",
                "eu-central-1",
                "198.51.100.7",
                "10m",
                "plant-7",
                "111122223333",
            ]),
        ),
        target("render", render, of(&["examples"], "yaml")),
        keys(scratch),
        world(scratch),
        request(),
        answers(),
    ]
}

const PRICES: &str = include_str!("../../src/plan/prices.yaml");
const LOCK: &str = r#"{"who":"ada","host":"desk","pid":4711,"since":"2026-11-22T04:33:53Z","run":null,"command":"underpass onboard site.yaml"}"#;

fn target(name: &'static str, read: fn(&[u8]), corpus: Vec<Vec<u8>>) -> Target {
    Target {
        name,
        read: Box::new(read),
        corpus,
    }
}

fn text(input: &[u8]) -> String {
    String::from_utf8_lossy(input).into_owned()
}

fn site(input: &[u8]) {
    if let Ok(loaded) = spec::load_bytes(input, Path::new("fuzz.yaml")) {
        let text = serde_json::to_string(&loaded.site).unwrap_or_default();
        assert!(
            !text.contains("\\n") && !text.contains("\\u00") && !text.contains(is_hostile),
            "a control character got through"
        );
    }
}

fn playbook(input: &[u8]) {
    match playbook::parse(&text(input), "fuzz.yaml") {
        Ok(read) => drop(playbook::Picture::of_playbook(&read).tree()),
        Err(errors) => drawn(&errors),
    }
}

/// What would be shown of a refusal.
fn drawn(errors: &impl miette::Diagnostic) {
    let theme = miette::GraphicalTheme::unicode_nocolor();
    let mut text = String::new();
    let handler = miette::GraphicalReportHandler::new_themed(theme);
    let shown = handler.render_report(&mut text, errors);
    assert!(
        shown.is_ok() && text.len() < 1 << 20,
        "a report of {} bytes",
        text.len()
    );
}

fn xml(input: &[u8]) {
    if let Ok(read) = tunnel::xml::read(&text(input)) {
        for tunnel in read.tunnels {
            let outside = tunnel.aws.outside;
            assert!(!outside.is_loopback() && !outside.is_unspecified() && !outside.is_multicast());
        }
    }
}

fn journal(input: &[u8]) {
    if let Ok(history) = journal::replay(input) {
        let _unfinished = history.is_worth_resuming(Clock::system().now());
    }
}

/// The plan that a journal begins with.
fn plan_of(journal: &[u8]) -> Option<Vec<u8>> {
    let first = journal.split(|byte| *byte == b'\n').next()?;
    let line: serde_json::Value = serde_json::from_slice(first).ok()?;
    serde_json::to_vec(&line["record"]["started"]["plan"]).ok()
}

fn saved_plan(input: &[u8]) {
    let Ok(plan) = serde_json::from_slice::<Plan>(input) else {
        return;
    };
    let look = plan::show::Look {
        width: 100,
        colour: false,
        origin: None,
    };
    let _texts = (
        plan::show::text(&plan, &look),
        plan::show::mermaid(&plan),
        plan::show::dot(&plan),
        plan.usual(),
        plan.tunnel_impact(),
    );
    if plan::lint(&plan).is_empty() {
        // What is granted by name is granted by a name that is one.
        let wild =
            |step: &plan::PlannedStep| step.existing.as_ref().is_some_and(|id| id.contains('*'));
        assert!(!plan.steps.iter().any(wild));
        drop(plan::policy(&PolicyFor::Plan(&plan)));
    }
}

fn prices(input: &[u8]) {
    drop(Prices::read(&text(input)));
}

fn lock(input: &[u8]) {
    if let Ok(owner) = serde_json::from_slice::<LockOwner>(input) {
        drop(owner.to_string());
    }
}

fn faults(input: &[u8]) {
    drop(text(input).parse::<Faults>());
}

/// Every text that becomes a type says the same again.
fn words(input: &[u8]) {
    fn same<T: std::str::FromStr + std::fmt::Display>(text: &str) {
        if let Ok(value) = text.parse::<T>() {
            let again = value.to_string();
            assert!(!again.contains(is_hostile), "{again:?}");
            assert!(again.parse::<T>().is_ok(), "{again:?}");
        }
    }
    let text = text(input);
    same::<SiteName>(&text);
    same::<spec::Region>(&text);
    same::<spec::AccountId>(&text);
    same::<spec::VpcId>(&text);
    same::<spec::SubnetId>(&text);
    same::<spec::RouteTableId>(&text);
    same::<spec::CustomerGatewayId>(&text);
    same::<spec::VpnGatewayId>(&text);
    same::<spec::TransitGatewayId>(&text);
    same::<spec::VpnConnectionId>(&text);
    same::<spec::InsideCidr>(&text);
    same::<ipnet::Ipv4Net>(&text);
    same::<underpass::device::InterfaceName>(&text);
    drop(text.parse::<spec::OutsideAddress>());
    drop(spec::durations::parse(&text));
    let asn = text.parse::<u32>().map(spec::Asn::try_from);
    drop(asn);
}

fn render(input: &[u8]) {
    if let Ok(loaded) = spec::load_bytes(input, Path::new("fuzz.yaml")) {
        skeleton::assert_same_lines(&loaded.site);
    }
}

fn keys(scratch: &Path) -> Target {
    let (home, site) = (scratch.join("home"), "plant-7");
    let read = move |input: &[u8]| {
        let folder = Store::open(&home).site(&site.parse().expect("a site's name"));
        files::private_folder(&folder.path()).expect("a folder");
        let file = folder.path().join("keys.json");
        files::write_secret(&file, input).expect("a file");
        drop(folder.keys_in(&"eu-central-1".parse().expect("a Region")));
    };
    let file = r#"{"schema":1,"keys":{"111122223333 eu-central-1":{"169.254.10.0/30":"abcdefgh","169.254.10.4/30":"ABCDEFGH.1234_"}}}"#;
    Target {
        name: "keys",
        read: Box::new(read),
        corpus: vec![file.into()],
    }
}

fn opened(file: Option<PathBuf>) -> Option<Sandbox> {
    let options = SandboxOptions {
        clock: Clock::system(),
        ids: IdSource::seeded(7),
        faults: Faults::default(),
        file,
        gateway: GatewaySim::Offline,
    };
    Sandbox::open(options).ok()
}

fn asked(sandbox: &Sandbox, form: &[u8]) -> Vec<u8> {
    let credential = "AWS4-HMAC-SHA256 Credential=AKID/20261122/eu-central-1/ec2/aws4_request";
    let headers = [
        ("authorization", credential),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    sandbox
        .handle(&Request::from_http("POST", "/", headers, form))
        .body
}

fn world(scratch: &Path) -> Target {
    let file = scratch.join("world.json");
    if let Some(sandbox) = opened(Some(file.clone())) {
        for form in FORMS {
            asked(&sandbox, form.as_bytes());
        }
    }
    let whole = std::fs::read(&file).unwrap_or_default();
    let read = move |input: &[u8]| {
        files::write_secret(&file, input).expect("a file");
        if let Some(sandbox) = opened(Some(file.clone())) {
            for form in FORMS {
                asked(&sandbox, form.as_bytes());
            }
        }
    };
    Target {
        name: "world",
        read: Box::new(read),
        corpus: vec![whole],
    }
}

fn request() -> Target {
    let sandbox = Mutex::new((0, opened(None)));
    let read = move |input: &[u8]| {
        let mut kept = sandbox.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0 += 1;
        if kept.0 % 500 == 0 {
            kept.1 = opened(None);
        }
        if let Some(sandbox) = &kept.1 {
            let answer = asked(sandbox, input);
            assert!(std::str::from_utf8(&answer).is_ok());
        }
    };
    let corpus = FORMS.iter().map(|form| form.as_bytes().to_vec()).collect();
    Target {
        name: "request",
        read: Box::new(read),
        corpus,
    }
}

/// EC2's answers, through the SDK to a view.
fn answers() -> Target {
    let corpus = opened(None).map_or_else(Vec::new, |sandbox| {
        let all = FORMS.iter().filter(|form| form.contains("=Describe"));
        all.map(|form| asked(&sandbox, form.as_bytes())).collect()
    });
    let mut corpus: Vec<Vec<u8>> = corpus;
    corpus.push(include_bytes!("../../src/aws/tests/data/describe-vpn-connections.xml").to_vec());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let answer: Arc<Mutex<Vec<u8>>> = Arc::default();
    let next = Arc::clone(&answer);
    let target = AwsTarget {
        region: "eu-central-1".parse().expect("a Region"),
        profile: None,
        endpoint_url: None,
        sandbox: None,
    };
    let client = Client::answered_by(&target, Clock::system(), IdSource::seeded(7), move |_| {
        (
            200,
            next.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        )
    });
    let read = move |input: &[u8]| {
        *answer.lock().unwrap_or_else(PoisonError::into_inner) = input.to_vec();
        for collection in Collection::ALL {
            let seen = runtime.block_on(client.view(&[collection]));
            let text = seen.map_or_else(
                |fault| fault.to_string(),
                |view| {
                    let all: BTreeSet<String> = [
                        serde_json::to_string(&view.vpn_connections.values().collect::<Vec<_>>()),
                        serde_json::to_string(&view.route_tables.values().collect::<Vec<_>>()),
                        serde_json::to_string(&view.vpn_gateways.values().collect::<Vec<_>>()),
                    ]
                    .into_iter()
                    .flatten()
                    .collect();
                    all.into_iter().collect()
                },
            );
            assert!(!text.contains(is_hostile), "{text:?}");
        }
    };
    Target {
        name: "answers",
        read: Box::new(read),
        corpus,
    }
}
