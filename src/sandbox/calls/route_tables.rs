//! Route tables and their static routes.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::describe::Describe;
use crate::sandbox::calls::{propagation, tags};
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::resource::{existing, find_mut};
use crate::sandbox::world::{Region, Route, RouteTable, VpnGateway};
use crate::sandbox::xml::Xml;

/// A route as describes show it.
pub(super) struct Shown {
    pub(super) destination: Ipv4Net,
    pub(super) gateway: String,
    pub(super) origin: &'static str,
    pub(super) state: &'static str,
}

pub(super) fn describe_route_tables(context: &mut Context<'_>) -> Outcome {
    let describe = Describe {
        ids: "RouteTableId",
        set: "routeTableSet",
        filters: &[
            "association.main",
            "association.route-table-association-id",
            "association.route-table-id",
            "association.subnet-id",
            "owner-id",
            "route-table-id",
            "route.destination-cidr-block",
            "route.gateway-id",
            "route.origin",
            "route.state",
            "vpc-id",
        ],
        paged: true,
    };
    let account = context.account;
    describe.run::<RouteTable>(
        context,
        |table, filter| {
            let routes = || routes(context, table).into_iter();
            match filter {
                "association.main" if table.main => vec!["true".to_owned()],
                "association.main" => table.subnets.iter().map(|_| "false".to_owned()).collect(),
                "association.route-table-association-id" => {
                    associations(table).into_iter().map(|(id, _)| id).collect()
                }
                "association.route-table-id" => associations(table)
                    .into_iter()
                    .map(|_| table.id.to_string())
                    .collect(),
                "association.subnet-id" => table.subnets.iter().map(ToString::to_string).collect(),
                "owner-id" => vec![account.to_owned()],
                "route.destination-cidr-block" => routes()
                    .map(|route| route.destination.to_string())
                    .collect(),
                "route.gateway-id" => routes().map(|route| route.gateway).collect(),
                "route.origin" => routes().map(|route| route.origin.to_owned()).collect(),
                "route.state" => routes().map(|route| route.state.to_owned()).collect(),
                "vpc-id" => vec![table.vpc.to_string()],
                _ => vec![table.id.to_string()],
            }
        },
        |xml, table| write(xml, context, table),
    )
}

pub(super) fn create_route(context: &mut Context<'_>) -> Outcome {
    let id = context.params.id("RouteTableId", Kind::RouteTable)?;
    let destination = destination(context)?;
    let target = context.params.required("GatewayId")?;
    let kind = ResourceId::kind_of(target)
        .filter(|kind| matches!(kind, Kind::VpnGateway | Kind::InternetGateway))
        .ok_or_else(|| unknown_gateway(target))?;
    let target = ResourceId::parse(kind, target)?;
    context.gate()?;
    let now = context.now;
    let table: &RouteTable = existing(context.region, &id, now)?;
    if kind == Kind::VpnGateway {
        let gateway: &VpnGateway =
            existing(context.region, &target, now).map_err(|_| unknown_gateway(target.as_str()))?;
        if !gateway.is_attached_to(&table.vpc, now) {
            return Err(not_attached(&target, &table.vpc));
        }
    }
    if table
        .routes
        .iter()
        .any(|route| route.destination == destination)
        || local(context.region, table) == Some(destination)
    {
        return Err(ApiError::new(
            "RouteAlreadyExists",
            format!("The route identified by {destination} already exists."),
        ));
    }
    let table: &mut RouteTable = find_mut(context.region, &id, now)?;
    table.routes.push(Route {
        destination,
        gateway: target,
    });
    Ok(Done::truth(&id))
}

pub(super) fn delete_route(context: &mut Context<'_>) -> Outcome {
    let id = context.params.id("RouteTableId", Kind::RouteTable)?;
    let destination = destination(context)?;
    context.gate()?;
    let now = context.now;
    let table: &RouteTable = existing(context.region, &id, now)?;
    if local(context.region, table) == Some(destination) {
        return Err(ApiError::new(
            "InvalidParameterValue",
            format!("cannot remove local route {destination} in route table {id}"),
        ));
    }
    let table: &mut RouteTable = find_mut(context.region, &id, now)?;
    let before = table.routes.len();
    table
        .routes
        .retain(|route| route.destination != destination);
    if table.routes.len() == before {
        return Err(ApiError::new(
            "InvalidRoute.NotFound",
            format!("no route with destination-cidr-block {destination} in route table {id}"),
        ));
    }
    Ok(Done::truth(&id))
}

pub(in crate::sandbox) fn not_attached(gateway: &ResourceId, vpc: &ResourceId) -> ApiError {
    ApiError::new(
        "Gateway.NotAttached",
        format!("resource {gateway} is not attached to network {vpc}"),
    )
}

fn unknown_gateway(target: &str) -> ApiError {
    ApiError::new(
        "InvalidGatewayID.NotFound",
        format!("The gateway ID '{target}' does not exist"),
    )
}

fn destination(context: &Context<'_>) -> Result<Ipv4Net, ApiError> {
    let text = context.params.required("DestinationCidrBlock")?;
    let network: Ipv4Net = text
        .parse()
        .map_err(|_| ApiError::value("destinationCidrBlock", text, "Not a CIDR block."))?;
    Ok(network.trunc())
}

/// The VPC's own block, which every table routes to itself.
fn local(region: &Region, table: &RouteTable) -> Option<Ipv4Net> {
    region.vpcs.get(&table.vpc).map(|vpc| vpc.cidr)
}

fn routes(context: &Context<'_>, table: &RouteTable) -> Vec<Shown> {
    let local = local(context.region, table).map(|destination| Shown {
        destination,
        gateway: "local".to_owned(),
        origin: "CreateRouteTable",
        state: "active",
    });
    let mut routes: Vec<Shown> = local.into_iter().collect();
    routes.extend(table.routes.iter().map(|route| Shown {
        destination: route.destination,
        gateway: route.gateway.to_string(),
        origin: "CreateRoute",
        state: if leads_somewhere(context, table, route) {
            "active"
        } else {
            "blackhole"
        },
    }));
    let taken: BTreeSet<Ipv4Net> = routes.iter().map(|route| route.destination).collect();
    // For the same destination a static route wins over a propagated one.
    let learned = propagation::learned(context, table);
    routes.extend(
        learned
            .into_iter()
            .filter(|route| !taken.contains(&route.destination)),
    );
    routes
}

fn leads_somewhere(context: &Context<'_>, table: &RouteTable, route: &Route) -> bool {
    match ResourceId::kind_of(route.gateway.as_str()) {
        Some(Kind::VpnGateway) => context
            .region
            .vpn_gateways
            .get(&route.gateway)
            .is_some_and(|gateway| gateway.is_attached_to(&table.vpc, context.now)),
        _ => true,
    }
}

/// The ids of a table's associations, with the subnet; the main one has none.
fn associations(table: &RouteTable) -> Vec<(String, Option<&ResourceId>)> {
    let digits = |id: &ResourceId| {
        id.as_str()
            .split_once('-')
            .map_or("", |(_, digits)| digits)
            .to_owned()
    };
    let main = table
        .main
        .then(|| (format!("rtbassoc-{}", digits(&table.id)), None));
    let subnets = table
        .subnets
        .iter()
        .map(|subnet| (format!("rtbassoc-{}", digits(subnet)), Some(subnet)));
    main.into_iter().chain(subnets).collect()
}

fn write(xml: &mut Xml, context: &Context<'_>, table: &RouteTable) {
    xml.text("routeTableId", &table.id)
        .text("vpcId", &table.vpc)
        .text("ownerId", context.account);
    xml.list("routeSet", routes(context, table), |xml, route| {
        xml.text("destinationCidrBlock", route.destination)
            .text("gatewayId", route.gateway)
            .text("state", route.state)
            .text("origin", route.origin);
    });
    xml.list(
        "associationSet",
        associations(table),
        |xml, (id, subnet)| {
            xml.text("routeTableAssociationId", id)
                .text("routeTableId", &table.id)
                .optional("subnetId", subnet)
                .text("main", subnet.is_none())
                .within("associationState", |xml| {
                    xml.text("state", "associated");
                });
        },
    );
    xml.list("propagatingVgwSet", &table.propagating, |xml, gateway| {
        xml.text("gatewayId", gateway);
    });
    tags::write(xml, &table.tags);
}
