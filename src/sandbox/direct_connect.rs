//! Direct Connect gateways on transit gateways: no more of Direct Connect than VPNs need.

use std::collections::BTreeSet;

use ipnet::Ipv4Net;

use super::ids::{Kind, ResourceId};
use super::lifecycle::Lifecycle;
use super::sandbox::Sandbox;
use super::transit::{Attached, TransitAssociation, TransitAttachment};
use super::world::Tags;

impl Sandbox {
    /// Attaches a Direct Connect gateway to a transit gateway, as its owner would by another
    /// service's API, and lets it bring prefixes of a site. Associated and propagated as the
    /// gateway's options say. The attachment's id; none when there is no such gateway.
    pub fn attach_direct_connect(
        &self,
        region: &str,
        transit_gateway: &ResourceId,
        prefixes: Vec<Ipv4Net>,
    ) -> Option<ResourceId> {
        let mut made = None;
        self.edit(|world| {
            let region = world.region(region);
            let Some(gateway) = region.transit_gateways.get(transit_gateway) else {
                return;
            };
            let options = gateway.options.clone();
            let digits = transit_gateway.as_str().rsplit('-').next();
            let number = region.transit_attachments.len();
            let tail = digits.unwrap_or_default().get(1..14).unwrap_or_default();
            let kind = Kind::TransitGatewayAttachment.prefix();
            let id = ResourceId::fixed(format!("{kind}-0{tail:0>13}{number:03x}"));
            let life = Lifecycle::settled();
            region.transit_attachments.insert(
                id.clone(),
                TransitAttachment {
                    id: id.clone(),
                    transit_gateway: transit_gateway.clone(),
                    resource: Attached::DirectConnectGateway {
                        gateway: format!("0d1c0000-0000-4000-8000-{number:012x}"),
                        prefixes,
                    },
                    association: options.association_table.map(|table| TransitAssociation {
                        table,
                        associated_at: life.available_at,
                        disassociated_at: None,
                    }),
                    modifying_until: None,
                    life,
                    tags: Tags::new(),
                },
            );
            let table = options
                .propagation_table
                .and_then(|table| region.transit_route_tables.get_mut(&table));
            let propagations: Option<&mut BTreeSet<ResourceId>> =
                table.map(|table| &mut table.propagations);
            if let Some(propagations) = propagations {
                propagations.insert(id.clone());
            }
            made = Some(id);
        });
        made
    }
}
