//! Where everything of Direct Connect is kept.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::connection::DxConnection;
use super::gateway::{DxAssociation, DxGateway, DxProposal};
use super::interface::VirtualInterface;
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::ResourceId;
use crate::sandbox::lifecycle::Lifecycle;
use crate::sandbox::world::{Region, Tags};

/// How long a deleted virtual interface stays listed (API reference, DescribeVirtualInterfaces).
const LISTED: SignedDuration = SignedDuration::from_mins(15);

/// An account's Direct Connect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DirectConnect {
    /// Connections, of all regions.
    pub connections: BTreeMap<ResourceId, DxConnection>,
    /// Virtual interfaces, of all regions.
    pub interfaces: BTreeMap<ResourceId, VirtualInterface>,
    /// Direct Connect gateways.
    pub gateways: BTreeMap<ResourceId, DxGateway>,
    /// What is associated with them.
    pub associations: BTreeMap<ResourceId, DxAssociation>,
    /// What was proposed to be.
    pub proposals: BTreeMap<ResourceId, DxProposal>,
}

impl DirectConnect {
    /// Forgets what has been deleted for more than an hour.
    pub(in crate::sandbox) fn sweep(&mut self, now: Timestamp) {
        self.connections.retain(|_, it| !it.life.is_expired(now));
        self.interfaces.retain(|_, it| !it.life.is_expired(now));
        self.gateways.retain(|_, it| !it.life.is_expired(now));
        self.associations.retain(|_, it| !it.life.is_expired(now));
        self.proposals.retain(|_, it| !it.life.is_expired(now));
    }

    /// The ports of a region that AWS charges for by the hour at a time. Virtual interfaces, gateways
    /// and associations cost nothing; what stands for an association on a transit gateway does, see
    /// [`Region::billed`].
    pub fn billed(&self, region: &str, now: Timestamp) -> Vec<&ResourceId> {
        let connections = self.connections.values();
        connections
            .filter(|it| it.region == region && it.is_billed(now))
            .map(|it| &it.id)
            .collect()
    }

    /// The virtual interfaces on a connection that are not deleted.
    pub fn interfaces_on(
        &self,
        connection: &ResourceId,
        now: Timestamp,
    ) -> impl Iterator<Item = &VirtualInterface> {
        let all = self.interfaces.values();
        all.filter(move |it| it.connection == *connection && it.life.exists(now))
    }

    /// The virtual interfaces on a Direct Connect gateway that are not deleted.
    pub fn interfaces_of(
        &self,
        gateway: &ResourceId,
        now: Timestamp,
    ) -> impl Iterator<Item = &VirtualInterface> {
        let all = self.interfaces.values();
        all.filter(move |it| it.gateway.as_ref() == Some(gateway) && it.life.exists(now))
    }

    /// The associations of a Direct Connect gateway that are not ended.
    pub fn associations_of(
        &self,
        gateway: &ResourceId,
        now: Timestamp,
    ) -> impl Iterator<Item = &DxAssociation> {
        let all = self.associations.values();
        all.filter(move |it| it.gateway == *gateway && it.life.exists(now))
    }

    /// Whether something of Direct Connect ends on a virtual private gateway.
    pub(in crate::sandbox) fn uses(&self, vpn_gateway: &ResourceId, now: Timestamp) -> bool {
        let mut interfaces = self.interfaces.values();
        let mut associations = self.associations.values();
        interfaces.any(|it| it.vpn_gateway.as_ref() == Some(vpn_gateway) && it.life.exists(now))
            || associations.any(|it| it.associated == *vpn_gateway && it.life.exists(now))
    }

    /// The VLANs in use on a connection.
    pub(in crate::sandbox) fn vlans(
        &self,
        connection: &ResourceId,
        now: Timestamp,
    ) -> BTreeSet<u16> {
        self.interfaces_on(connection, now)
            .map(|it| it.vlan)
            .collect()
    }

    /// Brings what stands for associations on transit gateways to their state.
    pub(in crate::sandbox) fn tell(&self, regions: &mut BTreeMap<String, Region>) {
        for association in self.associations.values() {
            let region = regions.get_mut(&association.region);
            let attachment = association.attachment.as_ref();
            let found = region
                .zip(attachment)
                .and_then(|(region, attachment)| region.transit_attachments.get_mut(attachment));
            if let Some(attachment) = found {
                attachment.life.deleting_at = association.life.deleting_at;
                attachment.life.deleted_at = association.life.deleted_at;
            }
        }
    }
}

/// A kind of thing that Direct Connect keeps.
pub(in crate::sandbox) trait DxResource: Sized {
    fn shelf(direct: &DirectConnect) -> &BTreeMap<ResourceId, Self>;
    fn shelf_mut(direct: &mut DirectConnect) -> &mut BTreeMap<ResourceId, Self>;
    fn life(&self) -> &Lifecycle;
    /// What is said of one that is not there.
    fn missing(id: &str) -> String;

    /// The region that alone shows it.
    fn region(&self) -> Option<&str> {
        None
    }

    fn tags_mut(&mut self) -> Option<&mut Tags> {
        None
    }

    /// Whether lists show it.
    fn is_listed(&self, region: &str, now: Timestamp) -> bool {
        self.life().is_visible(now) && self.region().is_none_or(|its| its == region)
    }
}

/// One that exists in a region.
pub(in crate::sandbox) fn find<'a, R: DxResource>(
    direct: &'a DirectConnect,
    region: &str,
    id: &str,
    now: Timestamp,
) -> Result<&'a R, ApiError> {
    R::shelf(direct)
        .get(&ResourceId::from(id))
        .filter(|it| it.is_listed(region, now) && it.life().exists(now))
        .ok_or_else(|| missing::<R>(id))
}

/// One that exists in a region, to change it.
pub(in crate::sandbox) fn find_mut<'a, R: DxResource>(
    direct: &'a mut DirectConnect,
    region: &str,
    id: &str,
    now: Timestamp,
) -> Result<&'a mut R, ApiError> {
    R::shelf_mut(direct)
        .get_mut(&ResourceId::from(id))
        .filter(|it| it.is_listed(region, now) && it.life().exists(now))
        .ok_or_else(|| missing::<R>(id))
}

pub(in crate::sandbox) fn missing<R: DxResource>(id: &str) -> ApiError {
    ApiError::new("DirectConnectClientException", R::missing(id))
}

macro_rules! kept {
    ($type:ty, $shelf:ident, $missing:literal $(, $region:ident)? $(; $tags:ident)?) => {
        impl DxResource for $type {
            fn shelf(direct: &DirectConnect) -> &BTreeMap<ResourceId, Self> {
                &direct.$shelf
            }

            fn shelf_mut(direct: &mut DirectConnect) -> &mut BTreeMap<ResourceId, Self> {
                &mut direct.$shelf
            }

            fn life(&self) -> &Lifecycle {
                &self.life
            }

            fn missing(id: &str) -> String {
                format!($missing, id)
            }

            $(fn region(&self) -> Option<&str> {
                Some(&self.$region)
            })?

            $(fn tags_mut(&mut self) -> Option<&mut Tags> {
                Some(&mut self.$tags)
            })?
        }
    };
}

// Terraform's provider tells what is gone by these words: "Could not find Connection with ID", "does
// not exist", "is not found". The rest of each sentence is a guess.
kept!(DxConnection, connections, "Could not find Connection with ID {}", region; tags);
kept!(DxGateway, gateways, "Direct Connect Gateway {} does not exist."; tags);
kept!(
    DxAssociation,
    associations,
    "Direct Connect Gateway Association {} does not exist."
);
kept!(
    DxProposal,
    proposals,
    "Direct Connect Gateway Association Proposal {} is not found."
);

impl DxResource for VirtualInterface {
    fn shelf(direct: &DirectConnect) -> &BTreeMap<ResourceId, Self> {
        &direct.interfaces
    }

    fn shelf_mut(direct: &mut DirectConnect) -> &mut BTreeMap<ResourceId, Self> {
        &mut direct.interfaces
    }

    fn life(&self) -> &Lifecycle {
        &self.life
    }

    fn missing(id: &str) -> String {
        format!("Virtual Interface {id} does not exist.")
    }

    fn region(&self) -> Option<&str> {
        Some(&self.region)
    }

    fn tags_mut(&mut self) -> Option<&mut Tags> {
        Some(&mut self.tags)
    }

    fn is_listed(&self, region: &str, now: Timestamp) -> bool {
        let deleted = self.life.deleted_at;
        let recent = deleted.is_none_or(|deleted| now.duration_since(deleted) < LISTED);
        recent && self.life.is_visible(now) && self.region == region
    }
}
