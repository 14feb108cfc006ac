//! The end of an onboarding: the router's files and one page of what is what.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::connect::Connection;
use super::exit::Exit;
use super::failure::Failure;
use super::harmless;
use super::table::Table;
use super::words::{esp, ike, wrapped};
use crate::clock::Clock;
use crate::device::bundle::{self, Change, Manifest};
use crate::device::{self, BundleFile, Device, RenderContext};
use crate::engine::{self, HandoverError};
use crate::plan::Plan;
use crate::resource::Keys;
use crate::spec::{InsideCidr, Site, SiteName, VpnConnectionId};
use crate::tunnel::xml::ConnectionXml;
use crate::tunnel::{TunnelOptions, TunnelSet};
use crate::verify::Report;

/// What was written, and what it was written from.
#[derive(Debug)]
pub(super) struct Handover {
    /// The tunnels as both ends know them.
    pub(super) tunnels: TunnelSet,
    /// The connection.
    pub(super) connection: VpnConnectionId,
    folder: PathBuf,
    manifest: Manifest,
    notes: Vec<String>,
}

/// Where a site's files go.
pub(super) fn folder(asked: Option<&Path>, site: &SiteName) -> PathBuf {
    asked.map_or_else(|| PathBuf::from(format!("{site}.bundle")), Path::to_owned)
}

/// Reads the connection back from AWS and writes the router's files.
pub(super) async fn write(
    connection: &Connection,
    site: &Site,
    plan: &Plan,
    id: &VpnConnectionId,
    keys: &Keys,
    folder: &Path,
) -> Result<Handover, Failure> {
    let tunnels = engine::read_back(&connection.client, site, plan, id, keys)
        .await
        .map_err(failure)?;
    render(tunnels, id.clone(), folder, &connection.clock)
}

/// The two inside CIDRs of AWS's document, the lower first: the order of our own choice.
pub(super) fn inside_cidrs(read: &ConnectionXml) -> Result<[InsideCidr; 2], Failure> {
    let mut inside: Vec<_> = read
        .tunnels
        .iter()
        .map(|tunnel| tunnel.inside_cidr)
        .collect();
    inside.sort_unstable();
    inside.try_into().map_err(|inside: Vec<_>| {
        Failure::new(
            Exit::Input,
            format!("the configuration has {} tunnels, not 2", inside.len()),
        )
    })
}

/// Joins what was asked with what AWS assigned.
pub(super) fn join(
    site: &Site,
    options: &[TunnelOptions; 2],
    text: &str,
    keys: &Keys,
    vpc_cidrs: &[ipnet::Ipv4Net],
) -> Result<TunnelSet, Failure> {
    engine::join_xml(site, options, text, keys, vpc_cidrs).map_err(failure)
}

/// What a read-back that failed means for the command.
pub(super) fn failure(error: HandoverError) -> Failure {
    let exit = match &error {
        HandoverError::Aws(fault) => return fault.clone().into(),
        HandoverError::NoConfiguration(_)
        | HandoverError::Unreadable(_)
        | HandoverError::Incomplete { .. } => Exit::Aws,
        HandoverError::Disagree(_) | HandoverError::OtherKey(_) => Exit::Drift,
        HandoverError::Tunnels(_) => Exit::Internal,
    };
    Failure::new(exit, error.to_string())
}

/// The files for the site's device.
pub(super) fn files(
    tunnels: &TunnelSet,
    clock: &Clock,
) -> Result<(&'static dyn Device, Vec<BundleFile>, RenderContext), Failure> {
    let name = &tunnels.site.gateway.device;
    let device = device::find(name).map_err(|error| super::devices::unknown(&error))?;
    let context = RenderContext {
        generated_at: clock.now(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let files = device.render(tunnels, &context).map_err(|error| {
        Failure::new(
            Exit::Refused,
            format!("{} cannot be configured: {error}", device.title()),
        )
    })?;
    Ok((device, files, context))
}

/// Renders for the site's device and writes the folder.
pub(super) fn render(
    tunnels: TunnelSet,
    connection: VpnConnectionId,
    folder: &Path,
    clock: &Clock,
) -> Result<Handover, Failure> {
    let (device, files, context) = files(&tunnels, clock)?;
    write_files(device, &files, &context, tunnels, connection, folder)
}

/// Writes files of a device into the folder.
pub(super) fn write_files(
    device: &dyn Device,
    files: &[BundleFile],
    context: &RenderContext,
    tunnels: TunnelSet,
    connection: VpnConnectionId,
    folder: &Path,
) -> Result<Handover, Failure> {
    let manifest = bundle::write(folder, files, &tunnels, device.name(), context)
        .map_err(|error| Failure::new(Exit::Internal, error.to_string()))?;
    let notes = device.notes(&tunnels);
    Ok(Handover {
        tunnels,
        connection,
        folder: folder.to_owned(),
        manifest,
        notes,
    })
}

impl Handover {
    /// The summary for people.
    pub(super) fn text(&self, plan: &Plan, report: &Report, next: &str) -> String {
        let state = match report.tunnels.iter().filter(|tunnel| tunnel.up).count() {
            0 => "no tunnel is up yet",
            1 => "one tunnel is up",
            _ => "its tunnels are up",
        };
        let connection = &self.connection;
        let mut text = format!(
            "\nSite {} is deployed as {connection}; {state}.\n\n",
            plan.site
        );
        text.push_str(&self.tunnels(report));
        text.push_str(&self.files());
        text.push_str(&self.on_the_router());
        text.push_str(&format!("\nnext: {next}\n"));
        text
    }

    /// What the user does next on the router.
    pub(super) fn on_the_router(&self) -> String {
        let mut text = String::new();
        if !self.notes.is_empty() {
            text.push_str("\nOn the router\n");
            for (number, note) in self.notes.iter().enumerate() {
                let note = wrapped(note, 5, super::output::columns());
                text.push_str(&format!("  {}. {note}\n", number + 1));
            }
        }
        text
    }

    /// A table of addresses, then what both ends agree on: most often the same for both tunnels.
    fn tunnels(&self, report: &Report) -> String {
        let mut table = Table::new([
            "tunnel",
            "AWS outside",
            "AWS inside",
            "site inside",
            "state",
        ]);
        let mut suites: Vec<(String, Vec<String>)> = Vec::new();
        for tunnel in &self.tunnels.tunnels {
            let seen = report
                .tunnels
                .iter()
                .find(|seen| seen.outside == Some(tunnel.aws.outside));
            let state = seen.map_or("unknown", |seen| if seen.up { "✔ up" } else { "◎ down" });
            let number = tunnel.number.to_string();
            table.add_row([
                number.clone(),
                tunnel.aws.outside.to_string(),
                tunnel.aws.inside.to_string(),
                tunnel.customer.inside.to_string(),
                state.to_owned(),
            ]);
            let options = &tunnel.options;
            let suite = format!(
                "  IKE  {}\n  ESP  {}\n",
                ike(options.ike_version.as_str(), options.phase1),
                esp(options.phase2)
            );
            match suites.iter_mut().find(|(known, _)| *known == suite) {
                Some((_, numbers)) => numbers.push(number),
                None => suites.push((suite, vec![number])),
            }
        }
        let mut text = format!("{table}\n\n");
        for (suite, numbers) in suites {
            let plural = if numbers.len() == 1 {
                "tunnel"
            } else {
                "tunnels"
            };
            text.push_str(&format!(
                "Both ends of {plural} {}\n{suite}\n",
                numbers.join(" and ")
            ));
        }
        text
    }

    /// Where the router's files are, in a sentence.
    pub(super) fn where_to(&self) -> String {
        let folder = harmless::path(&self.folder);
        format!(
            "the router's files are in {folder}/: install them now, {folder}/README.md tells how"
        )
    }

    /// The list of files.
    pub(super) fn files(&self) -> String {
        let mut text = format!(
            "Files for the router ({}) in {}/\n",
            self.tunnels.site.gateway.device,
            harmless::path(&self.folder)
        );
        for file in &self.manifest.files {
            let secret = if file.secret { "secret" } else { "" };
            text.push_str(&format!(
                "  {} {:7} {secret:6} {}\n",
                file.mode,
                change(file.change),
                file.path
            ));
        }
        text
    }

    /// What was written, for machines; without any secret.
    pub(super) fn written(&self) -> Value {
        let files: Vec<_> = self
            .manifest
            .files
            .iter()
            .map(|file| {
                json!({
                    "path": file.path,
                    "mode": file.mode,
                    "secret": file.secret,
                    "sha256": file.sha256,
                    "change": change(file.change),
                })
            })
            .collect();
        json!({
            "connection": self.connection,
            "bundle": { "folder": self.folder, "files": files },
            "notes": self.notes,
        })
    }

    /// The summary for machines.
    pub(super) fn to_json(&self, plan: &Plan, report: &Report) -> Value {
        let mut value = json!({
            "schema_version": 1,
            "site": plan.site,
            "run": plan.run,
            "verification": report,
        });
        if let (Value::Object(all), Value::Object(written)) = (&mut value, self.written()) {
            all.extend(written);
        }
        value
    }
}

/// What writing a file did, in a word.
fn change(change: Change) -> &'static str {
    match change {
        Change::New => "new",
        Change::Changed => "changed",
        Change::Same => "same",
    }
}
