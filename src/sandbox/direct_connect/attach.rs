//! Those who are not AWS: people at the colocation, and the site's router.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};
use jiff::Timestamp;

use super::connection::{DxConnection, Line};
use super::gateway::{DxAssociation, DxGateway};
use super::interface::{AddressFamily, BgpPeer, DxRouter, InterfaceKind, VirtualInterface};
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::lifecycle::Lifecycle;
use crate::sandbox::sandbox::Sandbox;
use crate::sandbox::secret::PreSharedKey;
use crate::sandbox::transit::{Attached, TransitAssociation, TransitAttachment, TransitGateway};
use crate::sandbox::world::{Region, Tags, World};

impl Sandbox {
    /// Makes the cross connect of a connection, or puts its light out: `up` from `at` on. Whether
    /// there is such a connection.
    ///
    /// A port whose letter of authorization is not issued comes up when it is. A hosted connection
    /// has no port that anybody here could reach; only its light goes out and on again.
    pub fn set_port(&self, connection: &ResourceId, up: bool, at: Timestamp) -> bool {
        let now = self.now();
        let mut found = false;
        self.edit(|world| {
            let connections = &mut world.direct_connect.connections;
            let Some(connection) = connections.get_mut(connection) else {
                return;
            };
            found = true;
            let ready = connection.ready_at().is_some_and(|ready| ready <= now);
            connection.dark_since = (!up && ready).then_some(at);
            if let Line::Dedicated { patched_at, .. } = &mut connection.line
                && !ready
            {
                *patched_at = up.then_some(at);
            }
        });
        found
    }

    /// Lets AWS issue a letter of authorization at a time, instead of within three days. Whether there
    /// is such a port.
    pub fn issue_letter(&self, connection: &ResourceId, at: Timestamp) -> bool {
        let mut found = false;
        self.edit(|world| {
            let connections = &mut world.direct_connect.connections;
            let line = connections.get_mut(connection).map(|it| &mut it.line);
            if let Some(Line::Dedicated { loa_at, .. }) = line {
                *loa_at = at;
                found = true;
            }
        });
        found
    }

    /// Lets AWS fail to make or to change an association: it ends, and says why. Whether there is
    /// such an association.
    pub fn fail_association(&self, association: &ResourceId, why: &str) -> bool {
        let now = self.now();
        let mut found = false;
        self.edit(|world| {
            let direct = &mut world.direct_connect;
            if let Some(association) = direct.associations.get_mut(association) {
                association.life.deleting_at = Some(now);
                association.life.deleted_at = Some(now);
                association.state_change_error = Some(why.to_owned());
                found = true;
            }
            direct.tell(&mut world.regions);
        });
        found
    }

    /// Plays the site's router on a virtual interface, and sets what it announces there. Whether
    /// there is such an interface.
    pub fn set_dx_router(
        &self,
        interface: &ResourceId,
        up: Option<bool>,
        lan: Option<Vec<Ipv4Net>>,
    ) -> bool {
        let now = self.now();
        let mut found = false;
        self.edit(|world| {
            let site = world.site.clone();
            let interfaces = &mut world.direct_connect.interfaces;
            let Some(interface) = interfaces.get_mut(interface) else {
                return;
            };
            found = true;
            if let Some(up) = up
                && interface.router_at(&site).up != up
            {
                interface.router = Some(DxRouter { up, since: now });
            }
            if lan.is_some() {
                interface.lan = lan;
            }
        });
        found
    }

    /// A partner's order for this account: a hosted connection that its owner has to confirm.
    pub fn order_hosted(
        &self,
        region: &str,
        location: &str,
        bandwidth: &str,
        vlan: u16,
    ) -> ResourceId {
        let now = self.now();
        let mut made = None;
        self.edit(|world| {
            let known = &world.direct_connect.connections;
            let mut ids =
                (0_u32..).map(|number| ResourceId::fixed(format!("dxcon-fh{number:06x}")));
            let Some(id) = ids.find(|id| !known.contains_key(id)) else {
                return;
            };
            let connection = DxConnection {
                line: Line::Hosted {
                    vlan,
                    partner: "Sandbox Carrier".to_owned(),
                    confirmed_at: None,
                    ready_at: None,
                },
                life: Lifecycle::begin(now, std::time::Duration::ZERO, std::time::Duration::ZERO),
                ..dedicated(id.clone(), region, location, bandwidth)
            };
            world
                .direct_connect
                .connections
                .insert(id.clone(), connection);
            made = Some(id);
        });
        // `edit` leaves the change out only when the world's file cannot be read.
        made.unwrap_or_else(|| ResourceId::fixed("dxcon-none"))
    }

    /// Gives a transit gateway a Direct Connect that has been up for years and brings prefixes of a
    /// site: a port, a gateway, a transit virtual interface, and an association that announces every
    /// VPC of the region and the transit gateway's own blocks. Associated and propagated as the
    /// transit gateway's options say. The attachment's id; none when there is no such gateway.
    pub fn attach_direct_connect(
        &self,
        region: &str,
        transit_gateway: &ResourceId,
        prefixes: Vec<Ipv4Net>,
    ) -> Option<ResourceId> {
        let mut made = None;
        self.edit(|world| {
            world.region(region);
            made = attach(world, region, transit_gateway, prefixes);
        });
        made
    }
}

fn attach(
    world: &mut World,
    region: &str,
    transit_gateway: &ResourceId,
    prefixes: Vec<Ipv4Net>,
) -> Option<ResourceId> {
    let home = world.regions.get_mut(region)?;
    let hub = home.transit_gateways.get(transit_gateway)?.clone();
    let direct = &mut world.direct_connect;
    let of = |number: u32, kind: u8| {
        ResourceId::fixed(format!("{kind}d1c0000-0000-4000-8000-{number:012x}"))
    };
    let number = (0..=u32::MAX).find(|number| !direct.gateways.contains_key(&of(*number, 0)))?;
    let uuid = |kind| of(number, kind);
    let gateway = DxGateway {
        id: uuid(0),
        name: format!("settled-{number}"),
        asn: if hub.options.asn == 64_512 {
            65_100
        } else {
            64_512
        },
        life: Lifecycle::settled(),
        tags: Tags::new(),
    };
    let attachment = attachment_on(home, &hub, &gateway.id);
    let port = ResourceId::fixed(format!("dxcon-ff{number:06x}"));
    let connection = dedicated(port.clone(), region, "EqFA5", "10Gbps");
    let interface = settled(number, &connection, &gateway.id, prefixes);
    let blocks = home.vpcs.values().map(|vpc| IpNet::from(vpc.cidr));
    let allowed: BTreeSet<IpNet> = blocks.chain(hub.options.cidr_blocks.clone()).collect();
    let association = DxAssociation {
        id: uuid(1),
        gateway: gateway.id.clone(),
        associated: transit_gateway.clone(),
        region: region.to_owned(),
        is_transit: true,
        allowed,
        update: None,
        attachment: Some(attachment.clone()),
        state_change_error: None,
        life: Lifecycle::settled(),
    };
    direct.connections.insert(port, connection);
    direct.interfaces.insert(interface.id.clone(), interface);
    direct
        .associations
        .insert(association.id.clone(), association);
    direct.gateways.insert(gateway.id.clone(), gateway);
    Some(attachment)
}

/// A port of one's own that has been up for years.
fn dedicated(id: ResourceId, region: &str, location: &str, bandwidth: &str) -> DxConnection {
    DxConnection {
        name: id.to_string(),
        id,
        region: region.to_owned(),
        location: location.to_owned(),
        bandwidth: bandwidth.to_owned(),
        line: Line::Dedicated {
            loa_at: Timestamp::UNIX_EPOCH,
            patched_at: Some(Timestamp::UNIX_EPOCH),
        },
        provider: None,
        billing_mode: "PayAsYouGo".to_owned(),
        mac_sec: false,
        encryption_mode: "no_encrypt".to_owned(),
        mac_sec_keys: Vec::new(),
        dark_since: None,
        life: Lifecycle::settled(),
        tags: Tags::new(),
    }
}

/// A transit virtual interface that has been up for years.
fn settled(
    number: u32,
    connection: &DxConnection,
    gateway: &ResourceId,
    prefixes: Vec<Ipv4Net>,
) -> VirtualInterface {
    let ends = |host| {
        let address = Ipv4Addr::new(169, 254, 255, host);
        IpNet::V4(Ipv4Net::new_assert(address, 30))
    };
    let peer = BgpPeer {
        id: ResourceId::fixed(format!("dxpeer-ff{number:06x}")),
        asn: 65_010,
        family: AddressFamily::Ipv4,
        amazon: ends(1),
        customer: ends(2),
        auth_key: PreSharedKey::new("0xSandboxSettledKey".to_owned()),
        life: Lifecycle::settled(),
    };
    VirtualInterface {
        id: ResourceId::fixed(format!("dxvif-ff{number:06x}")),
        region: connection.region.clone(),
        connection: connection.id.clone(),
        kind: InterfaceKind::Transit,
        name: connection.name.clone(),
        vlan: 101,
        mtu: 1_500,
        vpn_gateway: None,
        gateway: Some(gateway.clone()),
        site_link: false,
        confirming: false,
        disturbed_until: None,
        peers: vec![peer],
        router: Some(DxRouter {
            up: true,
            since: Timestamp::UNIX_EPOCH,
        }),
        lan: Some(prefixes),
        tests: Vec::new(),
        life: Lifecycle::settled(),
        tags: Tags::new(),
    }
}

/// What stands for a Direct Connect gateway on a transit gateway, since ever.
fn attachment_on(region: &mut Region, hub: &TransitGateway, gateway: &ResourceId) -> ResourceId {
    let digits = hub.id.as_str().rsplit('-').next();
    let number = region.transit_attachments.len();
    let tail = digits.unwrap_or_default().get(1..14).unwrap_or_default();
    let kind = Kind::TransitGatewayAttachment.prefix();
    let id = ResourceId::fixed(format!("{kind}-0{tail:0>13}{number:03x}"));
    let life = Lifecycle::settled();
    let options = &hub.options;
    let association = options.association_table.clone();
    let attachment = TransitAttachment {
        id: id.clone(),
        transit_gateway: hub.id.clone(),
        resource: Attached::DirectConnectGateway {
            gateway: gateway.to_string(),
        },
        association: association.map(|table| TransitAssociation {
            table,
            associated_at: life.available_at,
            disassociated_at: None,
        }),
        modifying_until: None,
        life,
        tags: Tags::new(),
    };
    region.transit_attachments.insert(id.clone(), attachment);
    let table = options.propagation_table.as_ref();
    if let Some(table) = table.and_then(|table| region.transit_route_tables.get_mut(table)) {
        table.propagations.insert(id.clone());
    }
    id
}
