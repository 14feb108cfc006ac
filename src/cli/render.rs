//! `underpass render`.

use std::path::PathBuf;

use ipnet::Ipv4Net;
use serde_json::json;

use super::again::Again;
use super::args::Global;
use super::connect::{self, connect_for};
use super::exit::Exit;
use super::failure::Failure;
use super::handover::{self, Handover};
use super::harmless;
use super::output::{Line, Output};
use super::survey::{HowToPlan, survey};
use super::{load, store};
use crate::device;
use crate::resource::{Change, Keys};
use crate::spec::Site;
use crate::tunnel::{self, xml};
use crate::{files, limits};

/// Write the router's configuration anew from what is in AWS, or from a saved XML
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The site file
    site: PathBuf,
    #[command(flatten)]
    how: HowToPlan,
    /// Folder for the router's files [default: SITE.bundle]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Read a saved CustomerGatewayConfiguration instead of asking AWS
    #[arg(long, value_name = "FILE", requires = "vpc_cidr")]
    xml: Option<PathBuf>,
    /// With --xml: the VPC's networks, which the XML does not tell
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    vpc_cidr: Vec<Ipv4Net>,
}

pub(super) async fn run(args: &Args, global: &Global, output: Output) -> Result<Exit, Failure> {
    let site = load::site(output, &args.site)?;
    let out = handover::folder(args.out.as_deref(), &site.name);
    let handover = match &args.xml {
        Some(xml) => from_xml(args, global, &site, xml, &out)?,
        None => from_aws(args, global, output, &site, &out).await?,
    };
    let value = json!({ "schema_version": 1, "connection": handover.connection, "folder": out });
    let verify = Again::new(&args.site, &args.how.flags(), global).other("verify");
    output.result(&value, || format!("{}\nnext: {verify}\n", handover.files()))?;
    Ok(Exit::Ok)
}

async fn from_aws(
    args: &Args,
    global: &Global,
    output: Output,
    site: &Site,
    out: &std::path::Path,
) -> Result<Handover, Failure> {
    let connection = connect_for(global, site).await?;
    let plan = survey(site, &args.site, &connection, &args.how).await?;
    let onboard = Again::new(&args.site, &args.how.flags(), global).other("onboard");
    let step = plan
        .steps
        .iter()
        .find(|step| step.node.kind == "vpn_connection");
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
    handover::write(&connection, site, &plan, &id, &keys, out).await
}

/// Without AWS: the XML names the tunnels, the site's policy and device give the rest.
fn from_xml(
    args: &Args,
    global: &Global,
    site: &Site,
    path: &std::path::Path,
    out: &std::path::Path,
) -> Result<Handover, Failure> {
    let text = files::read_text(path, limits::CONFIGURATION).map_err(|error| {
        Failure::new(
            Exit::Input,
            format!("cannot read {}: {error}", harmless::path(path)),
        )
    })?;
    let read = xml::read(&text)
        .map_err(|error| Failure::new(Exit::Input, format!("{}: {error}", harmless::path(path))))?;
    let inside = handover::inside_cidrs(&read)?;
    let device =
        device::find(&site.gateway.device).map_err(|error| super::devices::unknown(&error))?;
    let options = tunnel::negotiate(site, &device.abilities(), inside)
        .map_err(|errors| Failure::new(Exit::Refused, errors.to_string()))?;
    let keys: Keys = store::keys_folder(global, &site.name)
        .keys_in(&site.region)
        .map_err(|error| store::journal_failure(&error))?;
    let tunnels = handover::join(site, &options, &text, &keys, &args.vpc_cidr)?;
    handover::render(
        site,
        tunnels,
        read.connection.clone(),
        out,
        &connect::clock(global),
    )
}
