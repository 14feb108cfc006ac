//! Route tables and their static routes.

use ipnet::Ipv4Net;

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::describe::Describe;
use crate::sandbox::calls::tags;
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::resource::{existing, find_mut};
use crate::sandbox::vpc_routing::{self, VpcRoute};
use crate::sandbox::world::{Route, RouteTable, VpnGateway};
use crate::sandbox::xml::Xml;

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
            "route.transit-gateway-id",
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
                "route.gateway-id" => routes()
                    .map(|route| route.gateway)
                    .filter(|gateway| !is_transit(gateway))
                    .collect(),
                "route.transit-gateway-id" => routes()
                    .map(|route| route.gateway)
                    .filter(|gateway| is_transit(gateway))
                    .collect(),
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
    let target = target(context)?;
    context.gate()?;
    let now = context.now;
    let table: &RouteTable = existing(context.region, &id, now)?;
    check_target(context, &target, &table.vpc)?;
    if table
        .routes
        .iter()
        .any(|route| route.destination == destination)
        || vpc_routing::local(context.region, table) == Some(destination)
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

/// Changes where a static route leads to. To the VPC's own route no other target can be given here.
pub(super) fn replace_route(context: &mut Context<'_>) -> Outcome {
    let id = context.params.id("RouteTableId", Kind::RouteTable)?;
    let destination = destination(context)?;
    let target = target(context)?;
    context.gate()?;
    let now = context.now;
    let table: &RouteTable = existing(context.region, &id, now)?;
    check_target(context, &target, &table.vpc)?;
    let table: &mut RouteTable = find_mut(context.region, &id, now)?;
    let mut routes = table.routes.iter_mut();
    let Some(route) = routes.find(|route| route.destination == destination) else {
        return Err(ApiError::new(
            "InvalidParameterValue",
            format!(
                "There is no route defined for '{destination}' in the route table. \
                 Use CreateRoute instead."
            ),
        ));
    };
    let changed = route.gateway != target;
    route.gateway = target;
    Ok(Done::truth(&id).if_changed(changed))
}

/// What a route is to lead to: exactly one thing.
fn target(context: &Context<'_>) -> Result<ResourceId, ApiError> {
    let params = &context.params;
    if let Some(id) = params.optional_id("TransitGatewayId", Kind::TransitGateway)? {
        return match params.text("GatewayId").filter(|id| !id.is_empty()) {
            None => Ok(id),
            Some(_) => Err(ApiError::combination(
                "Only one of GatewayId and TransitGatewayId can be given.",
            )),
        };
    }
    let target = params.required("GatewayId")?;
    let kind = ResourceId::kind_of(target)
        .filter(|kind| matches!(kind, Kind::VpnGateway | Kind::InternetGateway))
        .ok_or_else(|| unknown_gateway(target))?;
    ResourceId::parse(kind, target)
}

/// Refuses a gateway that the VPC is not attached to.
fn check_target(
    context: &Context<'_>,
    target: &ResourceId,
    vpc: &ResourceId,
) -> Result<(), ApiError> {
    let now = context.now;
    match ResourceId::kind_of(target.as_str()) {
        Some(Kind::VpnGateway) => {
            let gateway: &VpnGateway = existing(context.region, target, now)
                .map_err(|_| unknown_gateway(target.as_str()))?;
            if gateway.is_attached_to(vpc, now) {
                return Ok(());
            }
            Err(not_attached(target, vpc))
        }
        // The same answer to a gateway that does not exist and to one that the VPC has no
        // available attachment to (terraform-provider-aws retries it in `aws_route`).
        Some(Kind::TransitGateway)
            if context
                .region
                .transit_attachment_of(vpc, target, now)
                .is_none() =>
        {
            Err(unknown_transit_gateway(target))
        }
        _ => Ok(()),
    }
}

/// The words of the calls that are not of transit gateways.
pub(in crate::sandbox) fn unknown_transit_gateway(id: &ResourceId) -> ApiError {
    ApiError::new(
        "InvalidTransitGatewayID.NotFound",
        format!("The transitGateway ID '{id}' does not exist"),
    )
}

pub(super) fn delete_route(context: &mut Context<'_>) -> Outcome {
    let id = context.params.id("RouteTableId", Kind::RouteTable)?;
    let destination = destination(context)?;
    context.gate()?;
    let now = context.now;
    let table: &RouteTable = existing(context.region, &id, now)?;
    if vpc_routing::local(context.region, table) == Some(destination) {
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

fn routes(context: &Context<'_>, table: &RouteTable) -> Vec<VpcRoute> {
    vpc_routing::of_table(context.region, context.site, table, context.now)
}

fn is_transit(target: &str) -> bool {
    ResourceId::kind_of(target) == Some(Kind::TransitGateway)
}

/// The element that a route's target stands in.
fn element(target: &str) -> &'static str {
    if is_transit(target) {
        "transitGatewayId"
    } else {
        "gatewayId"
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
            .text(element(&route.gateway), &route.gateway)
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
