//! Connections that underpass did not make: what AWS tells of them, and what flags have to add.

use std::path::Path;

use ipnet::Ipv4Net;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::again::typed;
use super::connect::Connection;
use super::exit::Exit;
use super::failure::Failure;
use super::handover;
use super::output::{Line, Output};
use super::render::Args;
use crate::aws::{Collection, SeenTunnel, View, VpnConnection};
use crate::device::{self, Device};
use crate::resource::Keys;
use crate::spec::{self, InsideCidr, Region, Security, Site, TunnelWishes, VpnConnectionId};
use crate::tunnel::xml::{self, ConnectionXml};
use crate::tunnel::{self, Narrowing, TunnelOptions, TunnelSet};

/// What is known of a connection before its tunnels are negotiated.
pub(super) struct Known {
    /// AWS's document.
    text: secrecy::SecretString,
    read: ConnectionXml,
    region: Region,
    /// The connection as EC2 lists it; none from a saved document alone.
    listed: Option<VpnConnection>,
    /// The VPC's networks, when the connection leads to one.
    vpc: Vec<Ipv4Net>,
}

impl Known {
    /// The gateway of the VPC that the connection ends on, as EC2 lists it.
    pub(super) fn gateway(&self) -> Option<&str> {
        self.listed.as_ref()?.regional_gateway()
    }

    /// Asks AWS.
    pub(super) async fn of_aws(
        connection: &Connection,
        region: &Region,
        id: &VpnConnectionId,
    ) -> Result<Self, Failure> {
        let collections = [
            Collection::VpnConnections,
            Collection::VpnGateways,
            Collection::Vpcs,
        ];
        let view = connection.client.view(&collections).await;
        let view = view.map_err(Failure::untouched)?;
        let Some(listed) = view.vpn_connections.get(id) else {
            return Err(Failure::new(
                Exit::Input,
                format!("there is no connection {id} in {region}"),
            )
            .hint("look in another Region with --region, or another account with --profile")
            .next(typed()));
        };
        let Some(text) = listed.configuration.clone() else {
            let report = format!(
                "{id} is {}: AWS tells its configuration only while it is pending or available",
                listed.state
            );
            return Err(Failure::new(Exit::Aws, report).next(typed()));
        };
        Ok(Self {
            read: read(&text)?,
            text,
            region: region.clone(),
            vpc: vpc_of(&view, listed),
            listed: Some(listed.clone()),
        })
    }

    /// Reads a saved document.
    pub(super) fn of_text(text: secrecy::SecretString, region: Region) -> Result<Self, Failure> {
        Ok(Self {
            read: read(&text)?,
            text,
            region,
            listed: None,
            vpc: Vec::new(),
        })
    }

    /// The connection.
    pub(super) fn connection(&self) -> VpnConnectionId {
        self.read.connection.clone()
    }

    /// The tunnels for a site whose addresses and networks stand.
    ///
    /// Where EC2 lists the tunnels' options, what AWS accepts and the device can do is negotiated;
    /// a saved document does not tell them.
    pub(super) fn tunnels(
        &self,
        mut site: Site,
        vpc: &[Ipv4Net],
        keys: &Keys,
        output: Output,
    ) -> Result<TunnelSet, Failure> {
        let device = device_of(&site)?;
        let inside = handover::inside_cidrs(&self.read)?;
        if let Some(listed) = &self.listed {
            for (index, cidr) in inside.iter().enumerate() {
                site.tunnels[index] = self.wishes(listed, *cidr)?;
            }
        } else {
            output.say(
                Line::Warn,
                "a saved document does not tell which algorithms AWS accepts; the files have the \
                 strongest that AWS has and the device can: where the connection was narrowed, \
                 use --from",
            );
        }
        let abilities = device.abilities();
        let options = tunnel::negotiate(&site, &abilities, inside).map_err(|errors| {
            let report = format!(
                "{} cannot meet {} as it is: {errors}",
                device.title(),
                self.read.connection
            );
            let mut failure = Failure::new(Exit::Refused, report);
            for narrowing in tunnel::narrow(&errors, &abilities) {
                let command = self.command(inside, &narrowing);
                if failure.next.is_none() {
                    failure = failure
                        .hint(
                            "AWS can be told to take what the device can; that takes the tunnel \
                             down for minutes, so one tunnel after the other",
                        )
                        .next(command);
                } else {
                    failure = failure.hint(format!("then: {command}"));
                }
            }
            failure
        })?;
        self.warn(inside, &options, output);
        let vpc = if vpc.is_empty() { &self.vpc } else { vpc };
        handover::join(&site, &options, self.text.expose_secret(), keys, vpc)
    }

    fn wishes(&self, listed: &VpnConnection, cidr: InsideCidr) -> Result<TunnelWishes, Failure> {
        let outside = (self.read.tunnels.iter())
            .find(|tunnel| tunnel.inside_cidr == cidr)
            .map(|tunnel| tunnel.aws.outside);
        let same = |seen: &&SeenTunnel| {
            seen.inside_cidr == Some(cidr) || (seen.outside.is_some() && seen.outside == outside)
        };
        let Some(seen) = listed.tunnels.iter().find(same) else {
            return Ok(TunnelWishes::default());
        };
        seen.wishes().map_err(|problems| {
            let problems: Vec<_> = (problems.iter())
                .map(|it| format!("\n  tunnel {cidr}: {}; {}", it.problem, it.help))
                .collect();
            Failure::new(
                Exit::Refused,
                format!("the connection cannot be read:{}", problems.concat()),
            )
        })
    }

    /// The AWS CLI's command that changes a tunnel's options.
    fn command(&self, inside: [InsideCidr; 2], narrowing: &Narrowing) -> String {
        let cidr = inside[usize::from(narrowing.tunnel == 2)];
        let outside = (self.read.tunnels.iter())
            .find(|tunnel| tunnel.inside_cidr == cidr)
            .map(|tunnel| tunnel.aws.outside.to_string())
            .unwrap_or_default();
        format!(
            "aws ec2 modify-vpn-tunnel-options --region {} --vpn-connection-id {} \
             --vpn-tunnel-outside-ip-address {outside} --tunnel-options '{}'",
            self.region,
            self.read.connection,
            narrowing.shorthand()
        )
    }

    /// AWS picks the lowest proposal that both sides have: what it accepts should be what is used.
    fn warn(&self, inside: [InsideCidr; 2], options: &[TunnelOptions; 2], output: Output) {
        let Some(listed) = &self.listed else { return };
        for (number, options) in (1..).zip(options) {
            let cidr = inside[usize::from(number == 2)];
            let Ok(wishes) = self.wishes(listed, cidr) else {
                continue;
            };
            let weak = tunnel::weak_of(&wishes);
            if !weak.is_empty() {
                let command = self.command(inside, &Narrowing::to(number, options));
                output.say(
                    Line::Warn,
                    &format!(
                        "tunnel {number}: AWS also accepts {}; the files propose nothing of it. To \
                         close it on AWS's side too (the tunnel is down for minutes):\n    {command}",
                        weak.join(", ")
                    ),
                );
            }
        }
    }
}

fn read(text: &secrecy::SecretString) -> Result<ConnectionXml, Failure> {
    xml::read(text.expose_secret())
        .map_err(|error| Failure::new(Exit::Input, error.to_string()).next(typed()))
}

fn vpc_of(view: &View, listed: &VpnConnection) -> Vec<Ipv4Net> {
    let gateway = listed.vpn_gateway.as_ref();
    let gateway = gateway.and_then(|id| view.vpn_gateways.get(id));
    let attachment = gateway.and_then(|gateway| {
        let mut attachments = gateway.attachments.iter();
        attachments.rfind(|attachment| !attachment.state.is_ending())
    });
    let vpc = attachment.and_then(|attachment| view.vpcs.get(&attachment.vpc));
    vpc.map(|vpc| vpc.cidrs.clone()).unwrap_or_default()
}

fn device_of(site: &Site) -> Result<&'static dyn Device, Failure> {
    let device =
        device::find(&site.gateway.device).map_err(|error| super::devices::unknown(&error))?;
    let problems = device.check_options(&site.gateway);
    if problems.is_empty() {
        return Ok(device);
    }
    let lines: String = (problems.iter())
        .map(|it| format!("\n  {}; {}", it.problem, it.help))
        .collect();
    Err(Failure::new(
        Exit::Input,
        format!("{} needs other options:{lines}", device.title()),
    )
    .hint("give them under gateway.options, or here with --option NAME=VALUE")
    .next(format!("underpass devices show {}", device.name())))
}

/// The site's device and options as the flags have them; another device takes no options of the
/// site's own but those that it has as well.
pub(super) fn with_flags(mut site: Site, args: &Args) -> Result<Site, Failure> {
    let gateway = &mut site.gateway;
    if let Some(name) = &args.device {
        let device = device::find(name).map_err(|error| super::devices::unknown(&error))?;
        if gateway.device != *name {
            let known = device.options();
            gateway.options.retain(|name, value| {
                known
                    .iter()
                    .any(|it| it.name == name && (it.check)(value).is_ok())
            });
        }
        gateway.device.clone_from(name);
    }
    for (name, value) in &args.option {
        gateway.options.insert(name.clone(), value.clone());
    }
    if !args.lan.is_empty() {
        site.lan.clone_from(&args.lan);
    }
    if let Some(wan) = args.wan_ip {
        site.gateway.local_ip = Some(wan);
    }
    device_of(&site)?;
    Ok(site)
}

/// A site for a connection that nobody has written a site file for.
///
/// Names everything that is missing at once, with the command that would have it.
pub(super) fn site(known: &Known, args: &Args) -> Result<Site, Failure> {
    let routes = known.listed.iter().flat_map(|listed| &listed.routes);
    let lan: Vec<Ipv4Net> = if args.lan.is_empty() {
        routes.map(|route| route.destination).collect()
    } else {
        args.lan.clone()
    };
    let mut missing = Missing::default();
    missing.of_device(args)?;
    if lan.is_empty() {
        missing.add(
            "--lan CIDR",
            "the site's networks, which a BGP connection does not tell",
            "--lan 10.20.0.0/24",
        );
    }
    if args.vpc.is_empty() && known.vpc.is_empty() {
        missing.add(
            "--vpc CIDR",
            "the VPC's networks, which the site may reach",
            "--vpc 10.0.0.0/16",
        );
    }
    missing.told(&format!("connection {}", known.read.connection))?;
    let outside = known
        .read
        .tunnels
        .iter()
        .find_map(|tunnel| tunnel.customer_outside);
    let Some(outside) = outside else {
        return Err(Failure::new(
            Exit::Refused,
            "the connection has a certificate instead of the router's address and a key, which is not supported",
        ));
    };
    let asn = known.read.tunnels.iter().find_map(|tunnel| tunnel.bgp);
    let options: serde_json::Map<String, Value> = (args.option.iter())
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    // JSON is YAML, so the site file's own reader finds every problem.
    let mut file = json!({
        "site": known.read.connection,
        "region": known.region,
        "environment": "production",
        "gateway": { "device": args.device, "outside_ip": outside, "options": options },
        "lan": lan,
        "aws": { "vpc": "vpc-00000000000000000" },
        "routing": if asn.is_some() { "bgp" } else { "static" },
    });
    if let Some(wan) = args.wan_ip {
        file["gateway"]["local_ip"] = json!(wan);
    }
    if let Some(bgp) = asn {
        file["gateway"]["asn"] = json!(bgp.customer_asn);
    }
    if known.read.vpn_gateway.is_none() {
        let listed = known.listed.as_ref();
        let id = listed.and_then(|listed| listed.transit_gateway.as_ref());
        let id = id.map_or("tgw-00000000000000000", |id| id.as_str());
        file["aws"]["attach_to"] = json!({ "transit_gateway": id });
    }
    let loaded = spec::load(&file.to_string(), Path::new("flags")).map_err(|errors| {
        let problems = errors.problems().iter().filter(|problem| !problem.warning);
        let lines: String = problems
            .map(|problem| {
                let help = problem.help.as_deref().unwrap_or_default();
                format!("\n  {}; {help}", problem.message)
            })
            .collect();
        Failure::new(
            Exit::Input,
            format!(
                "the flags and {} do not fit together:{lines}",
                known.read.connection
            ),
        )
        .next(typed())
    })?;
    let mut site = loaded.site;
    // What others chose is rendered as strong as it allows, and warned of.
    site.security = if known.listed.is_some() {
        Security::Compatible
    } else {
        Security::Strong
    };
    device_of(&site)?;
    Ok(site)
}

/// Everything that flags have to add.
#[derive(Default)]
pub(super) struct Missing {
    lines: String,
    examples: String,
}

impl Missing {
    pub(super) fn add(&mut self, flag: &str, why: &str, example: &str) {
        self.lines.push_str(&format!("\n  {flag}: {why}"));
        self.examples.push_str(&format!(" {example}"));
    }

    /// The device, and what it must be told.
    pub(super) fn of_device(&mut self, args: &Args) -> Result<(), Failure> {
        let Some(name) = &args.device else {
            let why = "the router: `underpass devices` lists them";
            self.add("--device NAME", why, "--device strongswan");
            return Ok(());
        };
        let device = device::find(name).map_err(|error| super::devices::unknown(&error))?;
        for option in device.options() {
            if option.required && !args.option.iter().any(|(name, _)| name == option.name) {
                let flag = format!("--option {}=VALUE", option.name);
                let example = format!("--option {}={}", option.name, option.example);
                self.add(&flag, option.what, &example);
            }
        }
        Ok(())
    }

    /// Refuses when anything is missing.
    pub(super) fn told(self, what: &str) -> Result<(), Failure> {
        if self.lines.is_empty() {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Input,
            format!(
                "{what} does not tell everything that the files need; missing are{}",
                self.lines
            ),
        )
        .hint("behind a NAT also --wan-ip, the router's own address")
        .next(format!("{}{}", typed(), self.examples)))
    }
}
