//! Is this the right account, Region, VPC and gateway, and is the site's name free?

use std::collections::BTreeMap;

use crate::aws::{Tags, VpnGateway};
use crate::plan::findings::Findings;
use crate::plan::world::{World, is_of};
use crate::resource::TAG_ENVIRONMENT;
use crate::spec::{AccountId, RouteTables};

pub(super) fn check(world: &World<'_>, account: Option<&AccountId>, findings: &mut Findings<'_>) {
    right_account(world, account, findings);
    if world.view.is_none() {
        return;
    }
    if world.vpc.is_some() {
        route_tables(world, findings);
    } else {
        vpc_missing(world, findings);
    }
    gateway(world, findings);
    named_objects(world, findings);
    environment(world, findings);
}

fn right_account(world: &World<'_>, account: Option<&AccountId>, findings: &mut Findings<'_>) {
    if let (Some(meant), Some(is)) = (&world.site.aws.account, account)
        && meant != is
    {
        findings.refuse(
            "preflight::account_mismatch",
            format!("the credentials belong to account {is}, the site file means {meant}"),
            "choose the right profile with --profile, or correct `aws.account`",
        );
    }
}

fn vpc_missing(world: &World<'_>, findings: &mut Findings<'_>) {
    let region = &world.site.region;
    let seen: Vec<String> = world
        .view
        .into_iter()
        .flat_map(|view| view.vpcs.keys())
        .take(5)
        .map(ToString::to_string)
        .collect();
    let hint = if seen.is_empty() {
        format!("there is no VPC at all in {region}: most likely it is in another Region")
    } else {
        format!("{region} has {}", seen.join(", "))
    };
    findings.refuse(
        "preflight::vpc_not_found",
        format!(
            "{} does not exist in {region} of this account",
            world.site.aws.vpc
        ),
        format!("{hint}; correct `region` or `aws.vpc`, or choose another profile"),
    );
}

fn route_tables(world: &World<'_>, findings: &mut Findings<'_>) {
    let vpc = &world.site.aws.vpc;
    if let RouteTables::Listed(ids) = &world.site.aws.route_tables {
        let of_vpc: Vec<String> = world.all_tables().map(|it| it.id.to_string()).collect();
        for id in ids {
            let elsewhere = world.view.and_then(|view| view.route_tables.get(id));
            let problem = match elsewhere {
                Some(table) if table.vpc == *vpc => continue,
                Some(table) => format!("{id} is a route table of {}, not of {vpc}", table.vpc),
                None => format!("{id} does not exist in {}", world.site.region),
            };
            findings.refuse(
                "preflight::route_table_not_found",
                problem,
                format!(
                    "{vpc} has {}; correct `aws.route_tables`",
                    of_vpc.join(", ")
                ),
            );
        }
    }
    if world.route_tables.is_empty() {
        findings.warn(
            "preflight::no_route_tables",
            format!("no route table of {vpc} is selected, so nothing in it learns the way back"),
            "list them in `aws.route_tables`, or write the routes by hand",
        );
    }
}

fn gateway(world: &World<'_>, findings: &mut Findings<'_>) {
    let vpc = &world.site.aws.vpc;
    let Some(named) = world.named_gateway() else {
        return;
    };
    let Some(gateway) = world.gateway else {
        findings.refuse(
            "preflight::gateway_not_found",
            format!("{named} does not exist in {}", world.site.region),
            "correct `aws.attach_to`, or leave the id out to use the VPC's own or a new one",
        );
        return;
    };
    if let Some(attached) = world.attached_gateway().filter(|it| it.id != *named) {
        findings.refuse(
            "preflight::vpc_has_other_gateway",
            format!(
                "{vpc} is attached to {}, so it cannot be attached to {named}",
                attached.id
            ),
            format!(
                "a VPC has one virtual private gateway: name {} instead",
                attached.id
            ),
        );
    }
    if let Some(other) = attached_elsewhere(gateway, world) {
        findings.refuse(
            "preflight::gateway_attached_elsewhere",
            format!("{named} is attached to {other}, so it cannot be attached to {vpc}"),
            "name another gateway, or leave the id out to use the VPC's own or a new one",
        );
    }
}

fn attached_elsewhere(gateway: &VpnGateway, world: &World<'_>) -> Option<String> {
    let live = gateway
        .attachments
        .iter()
        .find(|attachment| !attachment.state.is_ending() && attachment.vpc != world.site.aws.vpc);
    live.map(|attachment| attachment.vpc.to_string())
}

fn named_objects(world: &World<'_>, findings: &mut Findings<'_>) {
    let region = &world.site.region;
    if let Some(named) = &world.site.aws.connection
        && world.connection.is_none()
    {
        findings.refuse(
            "preflight::connection_not_found",
            format!("{named} does not exist in {region}"),
            "correct `aws.connection`, or leave it out to have a connection made",
        );
    }
    let exists = |id| {
        let gateways = world.view.map(|view| &view.customer_gateways);
        gateways
            .and_then(|gateways| gateways.get(id))
            .is_some_and(|gateway| !gateway.state.is_ending())
    };
    if let Some(named) = &world.site.aws.customer_gateway
        && !exists(named)
    {
        findings.refuse(
            "preflight::customer_gateway_not_found",
            format!("{named} does not exist in {region}"),
            "correct `aws.customer_gateway`, or leave it out to have one made",
        );
    }
}

/// A site's name belongs to one environment: a test site must not take over a production one.
fn environment(world: &World<'_>, findings: &mut Findings<'_>) {
    let wanted = world.site.environment.as_str();
    let others: BTreeMap<&str, &str> = tagged(world)
        .into_iter()
        .filter(|(_, tags)| is_of(&world.site.name, tags))
        .filter_map(|(id, tags)| Some((id, tags.get(TAG_ENVIRONMENT)?.as_str())))
        .filter(|(_, is)| *is != wanted)
        .collect();
    if let Some((id, is)) = others.first_key_value() {
        findings.refuse(
            "preflight::environment_differs",
            format!(
                "{id} belongs to a site {} of the environment {}, this one is {wanted}",
                world.site.name,
                is.escape_debug()
            ),
            "give this site another name, or correct `environment`",
        );
    }
}

fn tagged<'a>(world: &World<'a>) -> Vec<(&'a str, &'a Tags)> {
    let Some(view) = world.view else {
        return Vec::new();
    };
    let customer_gateways = view
        .customer_gateways
        .values()
        .filter(|it| !it.state.is_ending())
        .map(|it| (it.id.as_str(), &it.tags));
    let gateways = world.live_gateways().map(|it| (it.id.as_str(), &it.tags));
    let connections = world
        .live_connections()
        .map(|it| (it.id.as_str(), &it.tags));
    customer_gateways
        .chain(gateways)
        .chain(connections)
        .collect()
}
