//! From the global options to a clock and a client.

use super::args::Global;
use super::exit::Exit;
use super::failure::Failure;
use crate::aws::{Caller, Client, Target};
use crate::clock::{Clock, IdSource};
use crate::files;
use crate::journal::KeyPlace;
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::spec::{AttachTo, Region, Site};

/// How much faster than the wall the sandbox runs unless told otherwise.
const SANDBOX_TIME_SCALE: f64 = 30.0;

/// AWS, or what stands for it, and the clock that goes with it.
#[derive(Debug)]
pub(super) struct Connection {
    /// The client.
    pub(super) client: Client,
    /// Real time for AWS, faster for a sandbox.
    pub(super) clock: Clock,
    /// Ids, keys and jitter.
    pub(super) ids: IdSource,
    /// Who we are.
    pub(super) caller: Caller,
    /// The sandbox, if it is one in this process.
    pub(super) sandbox: Option<Sandbox>,
}

impl Connection {
    /// Where the keys of connections made through this one belong.
    pub(super) fn key_place(&self) -> KeyPlace {
        KeyPlace::new(&self.caller.account, self.client.region())
    }
}

/// The clock for the target that the options name.
pub(super) fn clock(global: &Global) -> Clock {
    let usual = if global.sandbox {
        SANDBOX_TIME_SCALE
    } else {
        1.0
    };
    Clock::scaled(global.time_scale.unwrap_or(usual))
}

/// Connects for a site; in a sandbox its router announces what the site file says.
pub(super) async fn connect_for(global: &Global, site: &Site) -> Result<Connection, Failure> {
    let connection = connect_with(global, &site.region, |sandbox| {
        sandbox.set_lan(site.gateway.outside_ip.into(), site.lan.clone());
    })
    .await?;
    if matches!(site.aws.attach_to, AttachTo::TransitGateway(_)) {
        connection.client.expect_transit();
    }
    if site.aws.direct_connect.is_some() {
        connection.client.expect_direct_connect();
    }
    Ok(connection)
}

/// Connects and asks who we are.
pub(super) async fn connect(global: &Global, region: &Region) -> Result<Connection, Failure> {
    connect_with(global, region, |_| {}).await
}

async fn connect_with(
    global: &Global,
    region: &Region,
    prepare: impl FnOnce(&Sandbox),
) -> Result<Connection, Failure> {
    let clock = clock(global);
    let ids = IdSource::system();
    let sandbox = if global.sandbox {
        Some(open_sandbox(global, &clock)?)
    } else {
        None
    };
    // The sandbox's time goes on from where its world stood.
    let clock = sandbox
        .as_ref()
        .map_or(clock, |sandbox| sandbox.clock().clone());
    if let Some(sandbox) = &sandbox {
        prepare(sandbox);
    }
    let target = Target {
        region: region.clone(),
        profile: global.profile.clone(),
        endpoint_url: global.endpoint_url.clone().filter(|_| !global.sandbox),
        sandbox: sandbox.clone(),
    };
    let client = Client::connect(&target, clock.clone(), ids.clone())
        .await
        .map_err(Failure::untouched)?;
    let caller = client.caller().await.map_err(Failure::untouched)?;
    Ok(Connection {
        client,
        clock,
        ids,
        caller,
        sandbox,
    })
}

/// Opens the sandbox whose world lives in the home folder.
pub(super) fn open_sandbox(global: &Global, clock: &Clock) -> Result<Sandbox, Failure> {
    let folder = global.home.join("sandbox");
    files::private_folder(&folder).map_err(|error| Failure::file("create", &folder, &error))?;
    let ignore = global.home.join(".gitignore");
    files::write_public(&ignore, b"*\n")
        .map_err(|error| Failure::file("write", &ignore, &error))?;
    let ids = global.seed.map_or_else(IdSource::system, IdSource::seeded);
    let mut faults = global.faults.clone().unwrap_or_default();
    if let Some(seed) = global.seed {
        faults.seed = seed;
    }
    Sandbox::open(SandboxOptions {
        clock: clock.clone(),
        ids,
        faults,
        file: Some(folder.join("world.json")),
        gateway: global.gateway.unwrap_or_default(),
    })
    .map_err(|error| {
        Failure::new(
            Exit::Internal,
            format!("the sandbox cannot open its world: {error}"),
        )
        .hint("`underpass sandbox --reset` begins a new one")
    })
}
