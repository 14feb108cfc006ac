//! A sandbox as a process of its own, and people with machines who work against it: what is killed
//! is theirs, never AWS.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use underpass::sandbox::{Region, World};

use crate::env::{Ran, ran};

pub(crate) const REGION: &str = "eu-central-1";
/// The gateway that somebody else has in the clinic's VPC.
const CLINIC: &str = "vgw-0b1b2c3d4e5f60009";
/// The transit gateway that is somebody else's.
const HUB: &str = "tgw-0c1b2c3d4e5f60009";

/// An AWS that outlives its clients.
pub(crate) struct Town {
    folder: tempfile::TempDir,
    server: Child,
    url: String,
    scale: u32,
}

/// What is there once everything that is under way has come to its end.
#[derive(Debug)]
pub(crate) struct Survey {
    region: Region,
    /// The keys of every connection.
    pub(crate) keys: BTreeMap<String, [String; 2]>,
}

/// What one site has: kind → ids.
pub(crate) type Holdings = BTreeMap<&'static str, Vec<String>>;

impl Town {
    /// A world in which an hour takes `3600 / scale` seconds and every router is online.
    pub(crate) fn open(scale: u32, seed: u64) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("underpass-town-")
            .tempdir()
            .unwrap();
        fs::create_dir(folder.path().join("examples")).unwrap();
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        for name in ["plant-7", "shop-12", "clinic-3", "warehouse-4"] {
            let name = format!("{name}.yaml");
            fs::copy(
                examples.join(&name),
                folder.path().join("examples").join(&name),
            )
            .unwrap();
        }
        let (server, url) = serve(folder.path(), scale, seed);
        Self {
            folder,
            server,
            url,
            scale,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// AWS does not answer any more, whatever it is asked.
    pub(crate) fn freeze(&self) {
        signal(&self.server, "STOP");
    }

    /// AWS answers again.
    pub(crate) fn thaw(&self) {
        signal(&self.server, "CONT");
    }

    /// A copy of an example with words replaced.
    pub(crate) fn variant(&self, from: &str, to: &str, words: &[(&str, &str)]) -> String {
        let mut text = fs::read_to_string(self.file(from)).unwrap();
        for (old, new) in words {
            assert!(text.contains(old), "{old} is not in {from}");
            text = text.replace(old, new);
        }
        underpass::files::write_public(&self.file(to), text.as_bytes()).unwrap();
        to.to_owned()
    }

    /// A command on the machine whose home is `home`, not yet started.
    pub(crate) fn command(&self, home: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_underpass"));
        self.dress(&mut command, home);
        command
            .args(args)
            .args(["--time-scale", &self.scale.to_string()]);
        command
    }

    /// Gives any command this town's folder, endpoint and environment.
    pub(crate) fn dress(&self, command: &mut Command, home: &str) {
        command
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("USER", format!("user-of-{home}"))
            .env("UNDERPASS_HOME", home)
            .env("CI", "true")
            .env("COLUMNS", "100")
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "example")
            .env("AWS_ENDPOINT_URL", &self.url)
            .stdin(Stdio::null());
    }

    /// Starts a command.
    pub(crate) fn start(&self, home: &str, args: &[&str]) -> Child {
        self.command(home, args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, home: &str, args: &[&str]) -> Ran {
        ran(self.command(home, args).output().unwrap())
    }

    /// Asks one of the endpoints for people and scripts.
    pub(crate) fn ask(&self, method: &str, path: &str) -> String {
        let address = self.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        write!(
            stream,
            "{method} /_underpass/{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
             Content-Length: 0\r\n\r\n"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {text}");
        body.to_owned()
    }

    /// Replaces the faults on the wire; none with an empty list.
    pub(crate) fn faults(&self, set: &str, seed: u64) {
        self.ask("POST", &format!("faults?set={set}&seed={seed}"));
    }

    /// The calls that changed something or tried to, as `action outcome`.
    pub(crate) fn changes(&self) -> Vec<String> {
        let calls: Value = serde_json::from_str(&self.ask("GET", "calls")).unwrap();
        let calls = calls.as_array().unwrap();
        calls
            .iter()
            .filter(|call| call["mutating"] == true && call["dry_run"] == false)
            .map(|call| {
                let word = |key: &str| call[key].as_str().unwrap_or_default().to_owned();
                format!(
                    "{} {} {}",
                    word("action"),
                    word("outcome"),
                    word("resource")
                )
            })
            .collect()
    }

    /// Looks behind the scenes, at the file in which the sandbox keeps its world.
    pub(crate) fn survey(&self) -> Survey {
        let text = fs::read(self.file("aws/sandbox/world.json")).unwrap();
        let mut saved: Value = serde_json::from_slice(&text).unwrap();
        let keys = serde_json::from_value(saved["keys"].take()).unwrap();
        let world: World = serde_json::from_value(saved["world"].take()).unwrap();
        Survey {
            region: world.regions[REGION].clone(),
            keys,
        }
    }

    /// How many records there are in all journals of a site.
    pub(crate) fn records(&self, home: &str, site: &str) -> usize {
        let runs = self.file(&format!("{home}/{site}/runs"));
        let Ok(entries) = fs::read_dir(runs) else {
            return 0;
        };
        let journals = entries.filter_map(|entry| Some(entry.ok()?.path()));
        journals
            .filter(|path| path.extension().is_some_and(|kind| kind == "jsonl"))
            .filter_map(|path| fs::read(path).ok())
            .map(|text| text.split(|byte| *byte == b'\n').count() - 1)
            .sum()
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        let _gone = self.server.kill();
        let _reaped = self.server.wait();
    }
}

fn serve(folder: &Path, scale: u32, seed: u64) -> (Child, String) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_underpass"))
        .current_dir(folder)
        .args(["sandbox", "--sandbox", "--listen", "127.0.0.1:0"])
        .args(["--gateway", "online", "--home", "aws"])
        .args(["--time-scale", &scale.to_string()])
        .args(["--seed", &seed.to_string()])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stdout = server.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").map(str::to_owned);
    (server, url.unwrap_or_else(|| panic!("it says {line:?}")))
}

/// Long after everything that is under way: what is being made is there, what goes is gone.
fn later() -> Timestamp {
    "2999-01-01T00:00:00Z".parse().unwrap()
}

impl Survey {
    /// What one site has, by its tags and by what hangs on them.
    pub(crate) fn holdings(&self, site: &str) -> Holdings {
        let now = later();
        let ours = |tags: &BTreeMap<String, String>| {
            tags.get("underpass:site").is_some_and(|name| name == site)
        };
        let Region {
            customer_gateways,
            vpn_gateways,
            vpn_connections,
            ..
        } = &self.region;
        let mut held = Holdings::new();
        let mut hold = |kind, id: String| held.entry(kind).or_default().push(id);
        for gateway in customer_gateways.values() {
            if gateway.life.exists(now) && ours(&gateway.tags) {
                whole(&gateway.tags);
                hold("customer gateway", gateway.id.to_string());
            }
        }
        for gateway in vpn_gateways.values() {
            if gateway.life.exists(now) && ours(&gateway.tags) {
                whole(&gateway.tags);
                hold("VPN gateway", gateway.id.to_string());
                if let Some(there) = gateway.attachment(now) {
                    hold("attachment", there.vpc.to_string());
                }
            }
        }
        for gateway in self.region.transit_gateways.values() {
            if gateway.life.exists(now) && ours(&gateway.tags) {
                whole(&gateway.tags);
                hold("transit gateway", gateway.id.to_string());
            }
        }
        for attachment in self.region.transit_attachments.values() {
            if attachment.life.exists(now) && ours(&attachment.tags) {
                whole(&attachment.tags);
                hold("VPC attachment", attachment.id.to_string());
            }
        }
        for connection in vpn_connections.values() {
            if connection.life.exists(now) && ours(&connection.tags) {
                whole(&connection.tags);
                hold("connection", connection.id.to_string());
                for route in connection.routes.iter().filter(|it| it.life.exists(now)) {
                    hold("route", route.destination.to_string());
                }
            }
        }
        held
    }

    /// Every propagation as `table gateway`.
    pub(crate) fn propagations(&self) -> Vec<String> {
        let tables = self.region.route_tables.values();
        tables
            .flat_map(|table| {
                let id = &table.id;
                table.propagating.iter().map(move |by| format!("{id} {by}"))
            })
            .collect()
    }

    /// The networks that VPCs have routes to over a transit gateway, sorted.
    pub(crate) fn written(&self) -> Vec<String> {
        let tables = self.region.route_tables.values();
        let routes = tables.flat_map(|table| &table.routes);
        let over = routes.filter(|it| it.gateway.as_str().starts_with("tgw-"));
        let mut nets: Vec<String> = over.map(|it| it.destination.to_string()).collect();
        nets.sort();
        nets
    }

    /// The networks that transit gateways have static routes to, sorted.
    pub(crate) fn transit_routes(&self) -> Vec<String> {
        let tables = self.region.transit_route_tables.values();
        let routes = tables
            .filter(|it| it.life.exists(later()))
            .flat_map(|table| &table.routes);
        let routes = routes.filter(|it| it.life.exists(later()));
        let mut nets: Vec<String> = routes.map(|it| it.destination.to_string()).collect();
        nets.sort();
        nets
    }

    /// What of ours or of nobody's is left; empty when only the clinic's own gateway is.
    pub(crate) fn left(&self) -> Vec<String> {
        let now = later();
        let region = &self.region;
        let gateways = region.customer_gateways.values();
        let mut left: Vec<String> = gateways
            .filter(|it| it.life.exists(now))
            .map(|it| format!("{} {:?}", it.id, it.tags))
            .collect();
        let gateways = region.vpn_gateways.values();
        left.extend(
            gateways
                .filter(|it| it.life.exists(now) && it.id.as_str() != CLINIC)
                .map(|it| format!("{} {:?}", it.id, it.tags)),
        );
        let connections = region.vpn_connections.values();
        left.extend(
            connections
                .filter(|it| it.life.exists(now))
                .map(|it| format!("{} {:?}", it.id, it.tags)),
        );
        let hubs = region.transit_gateways.values();
        left.extend(
            hubs.filter(|it| it.life.exists(now) && it.id.as_str() != HUB)
                .map(|it| format!("{} {:?}", it.id, it.tags)),
        );
        // A connection's has no tags, and goes with it.
        let attachments = region.transit_attachments.values();
        left.extend(
            attachments
                .filter(|it| it.life.exists(now) && it.vpn().is_none())
                .filter(|it| it.tags.get("Name").is_none_or(|name| name != "shop"))
                .map(|it| format!("{} {:?}", it.id, it.tags)),
        );
        left.extend(self.propagations());
        left.extend(self.written().iter().map(|it| format!("rtb- to {it}")));
        let fixed = self.transit_routes();
        left.extend(fixed.iter().map(|it| format!("rtb- of a hub to {it}")));
        let clinic = region
            .vpn_gateways
            .values()
            .find(|it| it.id.as_str() == CLINIC);
        let attached = clinic.and_then(|it| it.attachment(now)).is_some();
        if !attached || clinic.is_none_or(|it| it.tags.len() != 1) {
            left.push(format!("the clinic's gateway was touched: {clinic:?}"));
        }
        left
    }

    /// Objects without our tags that the account did not have before.
    pub(crate) fn untagged(&self) -> Vec<String> {
        let left = self.left();
        left.into_iter()
            .filter(|it| !it.starts_with("rtb-") && !it.contains("underpass:site"))
            .collect()
    }

    /// The two keys of a site's only connection.
    pub(crate) fn keys_of(&self, site: &str) -> [String; 2] {
        let held = self.holdings(site);
        let [id] = held["connection"].as_slice() else {
            panic!("{held:?}");
        };
        self.keys[id].clone()
    }
}

/// The tags that a create sets, all of them.
fn whole(tags: &BTreeMap<String, String>) {
    for key in ["site", "step", "run", "environment"] {
        assert!(tags.contains_key(&format!("underpass:{key}")), "{tags:?}");
    }
}

/// One of each of what a site with a VPN gateway of its own has.
pub(crate) fn assert_one_of_each(held: &Holdings, own_gateway: bool, when: &str) {
    for kind in ["customer gateway", "connection"] {
        assert_eq!(held.get(kind).map_or(0, Vec::len), 1, "{when}: {held:?}");
    }
    let expected = usize::from(own_gateway);
    for kind in ["VPN gateway", "attachment"] {
        let count = held.get(kind).map_or(0, Vec::len);
        assert_eq!(count, expected, "{when}: {held:?}");
    }
}

/// Waits until `done`, at most `seconds`; answers whether it was.
pub(crate) fn until(seconds: u64, mut done: impl FnMut() -> bool) -> bool {
    for _ in 0..seconds * 1000 {
        if done() {
            return true;
        }
        thread::sleep(Duration::from_millis(1));
    }
    false
}

/// Sends a signal to a process that this test started.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success(), "kill -{name}");
}
