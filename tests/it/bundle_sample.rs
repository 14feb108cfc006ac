//! A site taken all the way: negotiated, joined with a document of AWS's, rendered and written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use jiff::Timestamp;
use tempfile::TempDir;
use underpass::device::{self, RenderContext, bundle};
use underpass::spec::{
    Asn, AttachTo, AwsSide, Environment, Gateway, InsideCidr, RouteTables, Routing, Security, Site,
    TransitSide, TunnelWishes,
};
use underpass::tunnel::{self, PreSharedKey, TunnelSet, xml};

/// What the tests need on the machine.
const PACKAGES: &str = include_str!("../../.ci/apt-packages");

pub(crate) const KEYS: [&str; 2] = [
    "FAKEkeyOfTunnel1.0123456789abcdefghijklmnopqrstu",
    "._FAKEkeyOfTunnel2_0123456789abcdefghijklmnopqrs",
];

pub(crate) fn site(routing: Routing) -> Site {
    let wishes = |cidr: &str| TunnelWishes {
        inside_cidr: Some(cidr.parse().unwrap()),
        ..TunnelWishes::default()
    };
    Site {
        name: "plant-7".parse().unwrap(),
        region: "eu-central-1".parse().unwrap(),
        environment: Environment::Test,
        expires_after: None,
        gateway: Gateway {
            device: "strongswan".to_owned(),
            outside_ip: [192, 0, 2, 10].into(),
            local_ip: None,
            asn: Asn::try_from(65010).unwrap(),
            uplink_mtu: 1500,
            options: BTreeMap::new(),
        },
        lan: vec!["10.20.0.0/24".parse().unwrap()],
        appliances: Vec::new(),
        aws: AwsSide {
            account: None,
            vpc: "vpc-0a1b2c3d4e5f67890".parse().unwrap(),
            attach_to: AttachTo::VirtualPrivateGateway(None),
            transit: TransitSide::default(),
            amazon_side_asn: Asn::AMAZON_DEFAULT,
            route_tables: RouteTables::All,
            customer_gateway: None,
            connection: None,
        },
        routing,
        security: Security::Strong,
        tunnels: [wishes("169.254.15.192/30"), wishes("169.254.13.236/30")],
        tags: BTreeMap::new(),
    }
}

/// The site's tunnels, as AWS's document of the fixtures completes them.
pub(crate) fn tunnel_set(site: &Site) -> TunnelSet {
    let document = match site.routing {
        Routing::Bgp => include_str!("../fixtures/cgw-config-vgw-bgp.xml"),
        Routing::Static => include_str!("../fixtures/cgw-config-vgw-static.xml"),
    };
    // AWS answers with the keys that it was sent.
    let document = document
        .replace("EXAMPLE.psk_tunnel1_0123456789ab", KEYS[0])
        .replace(".EXAMPLEpsk_tunnel2_0123456789a", KEYS[1]);
    let fixed: [Option<InsideCidr>; 2] = [0, 1].map(|index| site.tunnels[index].inside_cidr);
    let used = std::collections::BTreeSet::new();
    let inside = tunnel::inside::choose(&site.name, fixed, &used, &site.lan).unwrap();
    let abilities = device::find(&site.gateway.device).unwrap().abilities();
    let planned = tunnel::negotiate(site, &abilities, inside).unwrap();
    let keys: BTreeMap<_, _> = (planned.iter().zip(KEYS))
        .map(|(options, key)| (options.inside_cidr, PreSharedKey::new(key.into()).unwrap()))
        .collect();
    let document = xml::read(&document).unwrap();
    let vpc = vec!["10.0.0.0/16".parse().unwrap()];
    tunnel::join(site, &planned, &document, &keys, vpc).unwrap()
}

/// The site's bundle in a folder of its own.
pub(crate) fn written(set: &TunnelSet) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(set, folder.path());
    folder
}

/// Writes the site's bundle into a folder.
pub(crate) fn write(set: &TunnelSet, folder: &Path) -> bundle::Manifest {
    let context = RenderContext {
        generated_at: Timestamp::UNIX_EPOCH,
        tool_version: "0.0.0".to_owned(),
    };
    let name = set.site.gateway.device.as_str();
    let files = device::find(name).unwrap().render(set, &context).unwrap();
    bundle::write(folder, &files, set, name, &context).unwrap()
}

/// A program of the machine; the test fails with the command that installs it.
pub(crate) fn tool(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/sbin", "/sbin", "/usr/bin", "/usr/lib/systemd"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(more)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| {
            let packages = PACKAGES.lines().collect::<Vec<_>>().join(" ");
            panic!("`{name}` is missing; install it with: apt-get install {packages}")
        })
}

/// Runs a program to its end.
pub(crate) fn run(program: &str, args: &[&str]) -> Output {
    Command::new(tool(program)).args(args).output().unwrap()
}

/// Both streams of a program that must succeed.
pub(crate) fn ok(program: &str, args: &[&str]) -> String {
    let output = run(program, args);
    let text = text(&output);
    assert!(output.status.success(), "{program} {args:?}: {text}");
    text
}

pub(crate) fn text(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}
