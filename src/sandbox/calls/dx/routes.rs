//! The routes of a virtual interface, as `ListVirtualInterfaceRoutes` has them since 2026.

use ipnet::{IpNet, Ipv4Net};
use serde_json::{Value, json};

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::dx::documents::{amazon_asn, device};
use crate::sandbox::calls::dx::params::{given, interface_id, page};
use crate::sandbox::direct_connect::{VirtualInterface, announced, find};

pub(super) fn list(context: &mut Context<'_>) -> Outcome {
    let id = interface_id(&context.params)?;
    let it: &VirtualInterface = find(context.direct, &context.region.name, id, context.now)?;
    let mut routes = Vec::new();
    if it.routes(context.beyond(), context.now) {
        let peer_asn = it.peers.first().map(|peer| peer.asn);
        for prefix in it.announced_by_site(context.site) {
            routes.push(route(context, it, prefix.into(), "accepted", peer_asn));
        }
        let asn = amazon_asn(context, it);
        for prefix in to_site(context, it) {
            routes.push(route(context, it, prefix, "advertised", asn));
        }
    }
    let wanted = context.params.within("filters");
    let direction = given(&wanted, "routeDirection");
    routes.retain(|route| direction.is_none_or(|word| route["routeDirection"] == word));
    let mut done = page(context, "routes", routes)?;
    if let Done {
        body: crate::sandbox::calls::Body::Json(Value::Object(document)),
        ..
    } = &mut done
    {
        document.insert("virtualInterfaceId".to_owned(), json!(id));
    }
    Ok(done)
}

/// What AWS announces: of transit gateways the allowed prefixes, of virtual private gateways the
/// blocks of their VPCs that the allowed prefixes let through.
fn to_site(context: &Context<'_>, it: &VirtualInterface) -> Vec<IpNet> {
    let mut prefixes = std::collections::BTreeSet::new();
    if let Some(gateway) = &it.gateway {
        let associations = context.direct.associations_of(gateway, context.now);
        for association in associations.filter(|it| it.is_transit && it.carries(context.now)) {
            prefixes.extend(association.allowed_at(context.now));
        }
    }
    for gateway in context.region.vpn_gateways.values() {
        let attached = gateway.attachment(context.now);
        let vpc = attached.and_then(|at| context.region.vpcs.get(&at.vpc));
        let block: Option<Ipv4Net> = vpc.map(|vpc| vpc.cidr);
        let told = |block: &Ipv4Net| {
            announced(context.beyond(), it, &gateway.id, *block, context.now).is_some()
        };
        prefixes.extend(block.filter(told).map(IpNet::from));
    }
    prefixes.into_iter().collect()
}

fn route(
    context: &Context<'_>,
    it: &VirtualInterface,
    prefix: IpNet,
    direction: &str,
    asn: Option<u32>,
) -> Value {
    let connection = context.direct.connections.get(&it.connection);
    let path: Vec<u32> = asn.into_iter().collect();
    json!({
        "cidr": prefix.to_string(),
        "routeDirection": direction,
        "addressFamily": if prefix.addr().is_ipv4() { "ipv4" } else { "ipv6" },
        "asPath": [{"pathType": "seq", "path": path}],
        "communities": [],
        "awsLogicalDeviceId": connection.map(device),
        "routeInstalledAt": it.life.available_at.as_second(),
    })
}
