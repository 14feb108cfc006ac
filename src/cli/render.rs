//! `underpass render`.

use std::io::Read as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use ipnet::Ipv4Net;
use serde_json::json;
use zeroize::Zeroizing;

use super::again::{Again, typed};
use super::args::Global;
use super::compare_aws;
use super::connect::{self, connect, connect_for};
use super::differ;
use super::exit::Exit;
use super::failure::Failure;
use super::foreign::{self, Known, Missing};
use super::handover::{self, Handover};
use super::harmless;
use super::output::{Line, Output};
use super::removal;
use super::survey::{HowToPlan, survey};
use super::{load, store};
use crate::aws::Client;
use crate::clock::Clock;
use crate::device;
use crate::engine;
use crate::resource::{Change, Keys, is_connection};
use crate::spec::{Region, Site, VpnConnectionId};
use crate::tunnel::{self, TunnelSet, xml};
use crate::{files, limits};

/// Write the router's configuration anew, or compare it: from AWS, or from a saved XML
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The site file; not needed with --from or --xml, where flags say what the connection cannot
    #[arg(required_unless_present_any = ["from", "xml"])]
    pub(super) site: Option<PathBuf>,
    #[command(flatten)]
    how: HowToPlan,
    /// Folder for the router's files [default: SITE.bundle, SITE.remove with --remove]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// For another device than the site's
    #[arg(long, value_name = "NAME")]
    pub(super) device: Option<String>,
    /// Write only what takes the configuration away again
    #[arg(long)]
    remove: bool,
    /// Compare with what was saved from the router instead of writing anything; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "remove")]
    diff: Option<PathBuf>,
    /// Explain how AWS's own sample for the device differs instead of writing anything
    #[arg(long, conflicts_with_all = ["xml", "remove", "diff"])]
    compare_aws: bool,
    /// Render this connection, whoever made it
    #[arg(long, value_name = "VPN-ID", conflicts_with = "xml")]
    from: Option<VpnConnectionId>,
    /// Read a saved CustomerGatewayConfiguration instead of asking AWS; `-` is stdin
    #[arg(long, value_name = "FILE")]
    xml: Option<PathBuf>,
    /// The connection's Region, where no site file tells it [default: that of the environment]
    #[arg(long, value_name = "REGION")]
    region: Option<Region>,
    /// The site's networks, where neither a site file nor the connection tells them
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    pub(super) lan: Vec<Ipv4Net>,
    /// The VPC's networks, where the connection does not tell them
    #[arg(long, value_name = "CIDR", value_delimiter = ',', alias = "vpc-cidr")]
    pub(super) vpc: Vec<Ipv4Net>,
    /// The router's own WAN address behind a NAT
    #[arg(long, value_name = "ADDRESS")]
    pub(super) wan_ip: Option<Ipv4Addr>,
    /// One of gateway.options, as NAME=VALUE; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(super) option: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// A connection that is ready to be rendered.
pub(super) struct Ready {
    pub(super) tunnels: TunnelSet,
    pub(super) connection: VpnConnectionId,
    pub(super) clock: Clock,
    /// Who asked AWS; none with a saved document.
    pub(super) client: Option<Client>,
}

pub(super) async fn run(args: &Args, global: &Global, output: Output) -> Result<Exit, Failure> {
    let ready = ready(args, global, output).await?;
    if let Some(client) = ready.client.as_ref().filter(|_| args.compare_aws) {
        return compare_aws::run(&ready, client, output).await;
    }
    if let Some(path) = &args.diff {
        return differ::run(&ready, path, output);
    }
    if args.remove {
        return removal::write(ready, args.out.as_deref(), output);
    }
    let out = handover::folder(args.out.as_deref(), &ready.tunnels.site.name);
    let handover = handover::render(ready.tunnels, ready.connection, &out, &ready.clock)?;
    let value = json!({ "schema_version": 1, "connection": handover.connection, "folder": out });
    output.result(&value, || text(&handover, args, global))?;
    Ok(Exit::Ok)
}

fn text(handover: &Handover, args: &Args, global: &Global) -> String {
    let next = match &args.site {
        Some(site) => {
            let verify = Again::new(site, &args.how.flags(), global).other("verify");
            format!("\nnext: {verify}\n")
        }
        None => handover.on_the_router(),
    };
    format!("{}{next}", handover.files())
}

/// Finds out everything about the connection.
async fn ready(args: &Args, global: &Global, output: Output) -> Result<Ready, Failure> {
    let Some(path) = &args.site else {
        return without_site(args, global, output).await;
    };
    let site = load::site(output, path)?;
    if let Some(xml) = &args.xml {
        let site = foreign::with_flags(site, args)?;
        return from_xml(args, global, &site, xml);
    }
    if let Some(id) = &args.from {
        let connection = connect_for(global, &site).await?;
        let site = foreign::with_flags(site, args)?;
        return adopted(args, global, output, &connection, site, id).await;
    }
    from_aws(args, global, output, &site, path).await
}

/// A connection whose options are AWS's: the site file says the rest.
async fn adopted(
    args: &Args,
    global: &Global,
    output: Output,
    connection: &connect::Connection,
    site: Site,
    id: &VpnConnectionId,
) -> Result<Ready, Failure> {
    let known = Known::of_aws(connection, &site.region, id).await?;
    let keys = store::keys_folder(global, &site.name)
        .keys(&connection.key_place())
        .map_err(|error| store::journal_failure(&error))?;
    let mut tunnels = known.tunnels(site, &args.vpc, &keys, output)?;
    let vpc = tunnels.vpc_cidrs.clone();
    let (site, own) = (&tunnels.site, keys.bgp.as_ref());
    let link =
        engine::direct_connect_link(&connection.client, site, known.gateway(), &vpc, own).await;
    tunnels.direct_connect = link.map_err(handover::failure)?;
    Ok(Ready {
        tunnels,
        connection: id.clone(),
        clock: connection.clock.clone(),
        client: Some(connection.client.clone()),
    })
}

/// A connection without a site file: flags say what it cannot tell.
async fn without_site(args: &Args, global: &Global, output: Output) -> Result<Ready, Failure> {
    let environment = || {
        let mut names = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter();
        let region = names.find_map(|name| std::env::var(name).ok());
        region.and_then(|text| text.parse().ok())
    };
    let Some(region) = args.region.clone().or_else(environment) else {
        let mut missing = Missing::default();
        let why = "the connection's Region, which its id does not tell";
        missing.add("--region REGION", why, "--region eu-central-1");
        missing.of_device(args)?;
        missing.told("the command line")?;
        return Err(Failure::new(Exit::Internal, "no Region").next(typed()));
    };
    let (known, clock, client) = match (&args.from, &args.xml) {
        (Some(id), _) => {
            let connection = connect(global, &region).await?;
            let known = Known::of_aws(&connection, &region, id).await?;
            (known, connection.clock, Some(connection.client))
        }
        (None, Some(path)) => {
            let text = saved(path, limits::CONFIGURATION)?;
            (Known::of_text(text, region)?, connect::clock(global), None)
        }
        (None, None) => {
            return Err(
                Failure::new(Exit::Input, "name a site file, or --from, or --xml")
                    .next("underpass render --help"),
            );
        }
    };
    let site = foreign::site(&known, args)?;
    let tunnels = known.tunnels(site, &args.vpc, &Keys::new(), output)?;
    let connection = known.connection();
    Ok(Ready {
        tunnels,
        connection,
        clock,
        client,
    })
}

/// A saved text of at most so many bytes: from a file or stdin, since it holds keys.
pub(super) fn saved(path: &Path, limit: usize) -> Result<secrecy::SecretString, Failure> {
    let failure = |error: std::io::Error| {
        Failure::new(
            Exit::Input,
            format!("cannot read {}: {error}", harmless::path(path)),
        )
    };
    if path != Path::new("-") {
        return files::read_text(path, limit)
            .map(Into::into)
            .map_err(failure);
    }
    let mut text = Zeroizing::new(String::new());
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let stdin = std::io::stdin().lock();
    stdin
        .take(most)
        .read_to_string(&mut text)
        .map_err(failure)?;
    if text.len() > limit {
        let error = format!("it has more than {limit} bytes");
        return Err(failure(std::io::Error::other(error)));
    }
    Ok(text.as_str().into())
}

async fn from_aws(
    args: &Args,
    global: &Global,
    output: Output,
    site: &Site,
    path: &Path,
) -> Result<Ready, Failure> {
    let connection = connect_for(global, site).await?;
    let plan = survey(site, path, &connection, &args.how).await?;
    let onboard = Again::new(path, &args.how.flags(), global).other("onboard");
    let step = plan
        .steps
        .iter()
        .find(|step| is_connection(&step.node.kind));
    let id = step
        .and_then(|step| step.existing.as_deref())
        .and_then(|id| id.parse().ok());
    let (Some(step), Some(id)) = (step, id) else {
        return Err(Failure::new(
            Exit::Refused,
            format!("site {} has no VPN connection in AWS yet", site.name),
        )
        .next(onboard));
    };
    let differs = args
        .device
        .as_ref()
        .is_some_and(|name| *name != site.gateway.device);
    if differs {
        // The site's own policy was met with another device: what AWS accepts now decides.
        let site = foreign::with_flags(site.clone(), args)?;
        return adopted(args, global, output, &connection, site, &id).await;
    }
    if matches!(step.change, Change::Update | Change::Replace) {
        output.say(
            Line::Warn,
            &format!(
                "AWS differs from the site file: {}; the files follow the site file",
                step.reason
            ),
        );
    }
    let keys = store::keys_folder(global, &site.name)
        .keys(&connection.key_place())
        .map_err(|error| store::journal_failure(&error))?;
    let site = &foreign::with_flags(site.clone(), args)?;
    let tunnels = engine::read_back(&connection.client, site, &plan, &id, &keys)
        .await
        .map_err(handover::failure)?;
    Ok(Ready {
        tunnels,
        connection: id,
        clock: connection.clock,
        client: Some(connection.client),
    })
}

/// Without AWS: the XML names the tunnels, the site's policy and device give the rest.
fn from_xml(args: &Args, global: &Global, site: &Site, path: &Path) -> Result<Ready, Failure> {
    use secrecy::ExposeSecret as _;
    if args.vpc.is_empty() {
        let mut missing = Missing::default();
        let why = "the VPC's networks, which the XML does not tell";
        missing.add("--vpc CIDR", why, "--vpc 10.0.0.0/16");
        missing.told("a saved document")?;
    }
    let text = saved(path, limits::CONFIGURATION)?;
    let read = xml::read(text.expose_secret())
        .map_err(|error| Failure::new(Exit::Input, format!("{}: {error}", harmless::path(path))))?;
    let inside = handover::inside_cidrs(&read)?;
    let device =
        device::find(&site.gateway.device).map_err(|error| super::devices::unknown(&error))?;
    let options = tunnel::negotiate(site, &device.abilities(), inside)
        .map_err(|errors| Failure::new(Exit::Refused, errors.to_string()))?;
    let keys: Keys = store::keys_folder(global, &site.name)
        .keys_in(&site.region)
        .map_err(|error| store::journal_failure(&error))?;
    Ok(Ready {
        tunnels: handover::join(site, &options, text.expose_secret(), &keys, &args.vpc)?,
        connection: read.connection.clone(),
        clock: connect::clock(global),
        client: None,
    })
}
