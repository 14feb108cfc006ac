//! Somebody else in the account, with a client of their own.

use jiff::Timestamp;
use underpass::resource::{TAG_SITE, TAG_STEP};
use underpass::sandbox::{
    Region, Reply, Request, Sandbox, Tags, TransitAttachment, TransitRoute, VpnConnection,
};

use super::draft::{CLINIC, HUB, NAMES};
use super::script::Deed;

/// The Region that everything happens in.
pub(crate) const REGION: &str = "eu-central-1";

/// The access key of whoever is not underpass.
pub(crate) const SOMEBODY: &str = "SOMEBODY";

/// A call of somebody else's; `form` without the version.
pub(crate) fn call(sandbox: &Sandbox, form: &str) -> Reply {
    sandbox.handle(&Request {
        region: REGION.to_owned(),
        service: "ec2".to_owned(),
        access_key: SOMEBODY.to_owned(),
        body: format!("{form}&Version=2016-11-15"),
        method: "POST".to_owned(),
        path: "/".to_owned(),
    })
}

/// What an answer says in an element.
pub(crate) fn element(reply: &Reply, name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once('<').map(|(value, _)| value.to_owned())
}

/// Route propagation of the clinic's own.
pub(crate) fn propagate(sandbox: &Sandbox) {
    let form = format!(
        "Action=EnableVgwRoutePropagation&RouteTableId=rtb-0b1b2c3d4e5f60001&GatewayId={CLINIC}"
    );
    call(sandbox, &form);
}

/// The router that sites share, registered by hand and without a site's name.
pub(crate) fn register_by_hand(sandbox: &Sandbox) {
    let form = "Action=CreateCustomerGateway&Type=ipsec.1&IpAddress=198.51.100.1&BgpAsn=65001\
        &DeviceName=by-hand";
    call(sandbox, form);
}

/// A gateway that nobody has attached.
pub(crate) fn spare_gateway(sandbox: &Sandbox) -> Option<String> {
    let form = "Action=CreateVpnGateway&Type=ipsec.1&AmazonSideAsn=64600\
        &TagSpecification.1.ResourceType=vpn-gateway\
        &TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=spare";
    element(&call(sandbox, form), "vpnGatewayId")
}

/// A second route table of the hub; everything to the Internet is dropped in it.
pub(crate) fn second_table(sandbox: &Sandbox) -> Option<String> {
    let form = format!(
        "Action=CreateTransitGatewayRouteTable&TransitGatewayId={HUB}\
         &TagSpecifications.1.ResourceType=transit-gateway-route-table\
         &TagSpecifications.1.Tag.1.Key=Name&TagSpecifications.1.Tag.1.Value=second"
    );
    element(&call(sandbox, &form), "transitGatewayRouteTableId")
}

/// What somebody did, and how to undo it, where a person would have to.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    /// What it was.
    pub(crate) deed: Deed,
    /// In words.
    pub(crate) what: String,
    /// A call that puts tags back.
    pub(crate) undo: Option<String>,
}

/// Does something to the objects of `site`; none when there are none to do it to.
pub(crate) fn meddle(sandbox: &Sandbox, site: &str, deed: Deed) -> Option<Done> {
    let plan = sandbox.inspect(|world, now| {
        let region = world.regions.get(REGION)?;
        Some(match deed {
            Deed::DeleteConnection => {
                let id = connection(region, site, now)?.id.to_string();
                (
                    format!("Action=DeleteVpnConnection&VpnConnectionId={id}"),
                    id,
                    None,
                )
            }
            Deed::Untag | Deed::Retag => {
                let seen = connection(region, site, now)?;
                let id = seen.id.to_string();
                let put = |value: &str| {
                    let step = seen.tags.get(TAG_STEP).map_or("", String::as_str);
                    format!(
                        "Action=CreateTags&ResourceId.1={id}&Tag.1.Key={TAG_SITE}\
                         &Tag.1.Value={value}&Tag.2.Key={TAG_STEP}&Tag.2.Value={step}"
                    )
                };
                let form = match deed {
                    Deed::Untag => format!(
                        "Action=DeleteTags&ResourceId.1={id}&Tag.1.Key={TAG_SITE}\
                         &Tag.2.Key={TAG_STEP}"
                    ),
                    _ => put("nobodys-site"),
                };
                let undo = put(site);
                (form, id, Some(undo))
            }
            Deed::DeleteCustomerGateway => {
                let mut all = region.customer_gateways.values();
                let of = |tags: &underpass::sandbox::Tags| {
                    tags.get(TAG_SITE).is_some_and(|it| it == site)
                };
                let id = all
                    .find(|it| of(&it.tags) && it.life.is_wanted(now))?
                    .id
                    .to_string();
                (
                    format!("Action=DeleteCustomerGateway&CustomerGatewayId={id}"),
                    id,
                    None,
                )
            }
            Deed::Detach => {
                let (form, id) = detach(region, site, now)?;
                (form, id, None)
            }
            Deed::DeleteRoute => {
                let (form, id) = delete_route(region, site, now)?;
                (form, id, None)
            }
        })
    });
    let (form, id, undo) = plan?;
    let status = call(sandbox, &form).status;
    let action = form.split('&').next().unwrap_or_default();
    let action = action.strip_prefix("Action=").unwrap_or(action);
    Some(Done {
        deed,
        what: format!("somebody else: {action} {id} ({deed:?}) -> {status}"),
        // A call that was answered with an error may have had its effect.
        undo,
    })
}

fn connection<'a>(region: &'a Region, site: &str, now: Timestamp) -> Option<&'a VpnConnection> {
    region
        .vpn_connections
        .values()
        .find(|it| it.tags.get(TAG_SITE).is_some_and(|it| it == site) && it.life.is_wanted(now))
}

fn is_of(site: &str, tags: &Tags) -> bool {
    tags.get(TAG_SITE).is_some_and(|it| it == site)
}

fn detach(region: &Region, site: &str, now: Timestamp) -> Option<(String, String)> {
    let mut attachments = region.transit_attachments.values();
    let attachment = attachments
        .find(|it| it.vpc().is_some() && is_of(site, &it.tags) && it.life.is_wanted(now));
    if let Some(attachment) = attachment {
        let id = &attachment.id;
        let form =
            format!("Action=DeleteTransitGatewayVpcAttachment&TransitGatewayAttachmentId={id}");
        return Some((form, id.to_string()));
    }
    let mut all = region.vpn_gateways.values();
    let gateway = all.find(|it| is_of(site, &it.tags) && it.life.is_wanted(now))?;
    let vpc = &gateway.attachment(now)?.vpc;
    let id = gateway.id.to_string();
    Some((
        format!("Action=DetachVpnGateway&VpnGatewayId={id}&VpcId={vpc}"),
        id,
    ))
}

/// A static route that leads to the site, else one of the VPC's to the gateway that it is on.
fn delete_route(region: &Region, site: &str, now: Timestamp) -> Option<(String, String)> {
    let connection = connection(region, site, now)?;
    let attachment = attachment_of(region, connection, now)?;
    for table in region.transit_route_tables.values() {
        let mut routes = table.routes.iter();
        let leads = |it: &&TransitRoute| {
            it.attachment.as_ref() == Some(&attachment.id) && it.life.is_wanted(now)
        };
        if let Some(route) = routes.find(leads) {
            let (id, to) = (&table.id, route.destination);
            let form = format!(
                "Action=DeleteTransitGatewayRoute&TransitGatewayRouteTableId={id}\
                 &DestinationCidrBlock={to}"
            );
            return Some((form, format!("{id}:{to}")));
        }
    }
    let number = NAMES.iter().position(|it| *it == site)?;
    let own = format!("10.{}.", 100 + number);
    region.route_tables.values().find_map(|table| {
        let mut routes = table.routes.iter();
        let route = routes.find(|it| {
            Some(&it.gateway) == connection.transit_gateway.as_ref()
                && it.destination.to_string().starts_with(&own)
        })?;
        let (id, to) = (&table.id, route.destination);
        let form = format!("Action=DeleteRoute&RouteTableId={id}&DestinationCidrBlock={to}");
        Some((form, format!("{id}:{to}")))
    })
}

/// A connection's attachment to its transit gateway.
pub(crate) fn attachment_of<'a>(
    region: &'a Region,
    connection: &VpnConnection,
    now: Timestamp,
) -> Option<&'a TransitAttachment> {
    let mut attachments = region.transit_attachments.values();
    attachments.find(|it| it.vpn() == Some(&connection.id) && it.life.is_wanted(now))
}
