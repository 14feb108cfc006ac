//! The options of transit gateways: AWS's defaults, its rules, and how they are echoed.

use ipnet::IpNet;

use crate::sandbox::calls::context::Context;
use crate::sandbox::calls::vpn_gateways::amazon_side_asn;
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::{Kind, ResourceId};
use crate::sandbox::quota::Quota;
use crate::sandbox::resource::existing;
use crate::sandbox::transit::{TransitGateway, TransitGatewayOptions, TransitRouteTable};
use crate::sandbox::wire::Params;
use crate::sandbox::xml::Xml;

/// What a new gateway is to be like; its default table is made later.
pub(super) struct Asked {
    asn: u32,
    pub(super) cidr_blocks: Vec<IpNet>,
    pub(super) associates: bool,
    pub(super) propagates: bool,
    auto_accept: bool,
    vpn_ecmp: bool,
    dns: bool,
    security_groups: bool,
    multicast: bool,
}

/// Reads the options of a create call (EC2 API reference, `TransitGatewayRequestOptions`).
pub(super) fn at_creation(params: &Params<'_>) -> Result<Asked, ApiError> {
    let option = |name, default| Ok(toggle(params, name)?.unwrap_or(default));
    Ok(Asked {
        asn: amazon_side_asn(params)?,
        cidr_blocks: cidr_blocks(params, "TransitGatewayCidrBlocks")?,
        associates: option("DefaultRouteTableAssociation", true)?,
        propagates: option("DefaultRouteTablePropagation", true)?,
        auto_accept: option("AutoAcceptSharedAttachments", false)?,
        vpn_ecmp: option("VpnEcmpSupport", true)?,
        dns: option("DnsSupport", true)?,
        security_groups: option("SecurityGroupReferencingSupport", false)?,
        multicast: option("MulticastSupport", false)?,
    })
}

impl Asked {
    /// The options, without default tables.
    pub(super) fn into_options(self) -> TransitGatewayOptions {
        TransitGatewayOptions {
            asn: self.asn,
            cidr_blocks: self.cidr_blocks,
            association_table: None,
            propagation_table: None,
            auto_accept: self.auto_accept,
            vpn_ecmp: self.vpn_ecmp,
            dns: self.dns,
            security_groups: self.security_groups,
            multicast: self.multicast,
        }
    }
}

/// What a modify call asks for.
pub(super) struct Changes {
    asn: Option<u32>,
    add: Vec<IpNet>,
    remove: Vec<IpNet>,
    association: DefaultTable,
    propagation: DefaultTable,
    auto_accept: Option<bool>,
    vpn_ecmp: Option<bool>,
    dns: Option<bool>,
    security_groups: Option<bool>,
}

impl Changes {
    pub(super) fn parse(params: &Params<'_>) -> Result<Self, ApiError> {
        let given = params.text("AmazonSideAsn").is_some();
        Ok(Self {
            asn: given.then(|| amazon_side_asn(params)).transpose()?,
            add: cidr_blocks(params, "AddTransitGatewayCidrBlocks")?,
            remove: cidr_blocks(params, "RemoveTransitGatewayCidrBlocks")?,
            association: DefaultTable::parse(
                params,
                "DefaultRouteTableAssociation",
                "AssociationDefaultRouteTableId",
            )?,
            propagation: DefaultTable::parse(
                params,
                "DefaultRouteTablePropagation",
                "PropagationDefaultRouteTableId",
            )?,
            auto_accept: toggle(params, "AutoAcceptSharedAttachments")?,
            vpn_ecmp: toggle(params, "VpnEcmpSupport")?,
            dns: toggle(params, "DnsSupport")?,
            security_groups: toggle(params, "SecurityGroupReferencingSupport")?,
        })
    }

    /// The options of a gateway after the change.
    pub(super) fn apply(
        self,
        context: &Context<'_>,
        gateway: &TransitGateway,
    ) -> Result<TransitGatewayOptions, ApiError> {
        let mut options = gateway.options.clone();
        options.association_table =
            self.association
                .apply(context, &gateway.id, options.association_table)?;
        options.propagation_table =
            self.propagation
                .apply(context, &gateway.id, options.propagation_table)?;
        options
            .cidr_blocks
            .retain(|block| !self.remove.contains(block));
        options.cidr_blocks.extend(self.add);
        check_cidr_blocks(context, &options.cidr_blocks)?;
        if let Some(asn) = self.asn.filter(|asn| *asn != options.asn) {
            refuse_bgp(context, &gateway.id)?;
            options.asn = asn;
        }
        options.auto_accept = self.auto_accept.unwrap_or(options.auto_accept);
        options.vpn_ecmp = self.vpn_ecmp.unwrap_or(options.vpn_ecmp);
        options.dns = self.dns.unwrap_or(options.dns);
        options.security_groups = self.security_groups.unwrap_or(options.security_groups);
        Ok(options)
    }
}

/// A default table as a modify call asks for it. The flag and the id are judged against the
/// gateway as it is (a live account's answers, floci 2329).
struct DefaultTable {
    flag: Option<bool>,
    id: Option<ResourceId>,
    flag_name: &'static str,
    id_name: &'static str,
}

impl DefaultTable {
    fn parse(
        params: &Params<'_>,
        flag_name: &'static str,
        id_name: &'static str,
    ) -> Result<Self, ApiError> {
        Ok(Self {
            flag: toggle(params, flag_name)?,
            id: params.optional_id(id_name, Kind::TransitGatewayRouteTable)?,
            flag_name,
            id_name,
        })
    }

    fn apply(
        self,
        context: &Context<'_>,
        gateway: &ResourceId,
        current: Option<ResourceId>,
    ) -> Result<Option<ResourceId>, ApiError> {
        let (flag_name, id_name) = (self.flag_name, self.id_name);
        match (self.flag.unwrap_or(current.is_some()), self.id) {
            (false, None) => Ok(None),
            (false, Some(id)) => Err(ApiError::combination(&format!(
                "disable {flag_name} conflicts with {id_name} {id}"
            ))),
            (true, None) if current.is_none() => Err(ApiError::combination(&format!(
                "enable {flag_name} conflicts with {id_name} null"
            ))),
            (true, None) => Ok(current),
            (true, Some(id)) => {
                let table: &TransitRouteTable = existing(context.region, &id, context.now)?;
                if table.transit_gateway != *gateway {
                    let code = "InvalidRouteTableID.NotFound";
                    let message = format!(
                        "Transit Gateway Route Table {id} was deleted or does not exist in \
                         Transit Gateway {gateway}."
                    );
                    return Err(ApiError::new(code, message));
                }
                Ok(Some(id))
            }
        }
    }
}

/// The ASN stays while anything but VPCs is attached (EC2 API reference,
/// `ModifyTransitGatewayOptions`). The code is an assumption.
fn refuse_bgp(context: &Context<'_>, gateway: &ResourceId) -> Result<(), ApiError> {
    let mut attachments = context.region.transit_attachments.values();
    let speaker = attachments.find(|attachment| {
        attachment.transit_gateway == *gateway
            && attachment.vpc().is_none()
            && attachment.life.exists(context.now)
    });
    match speaker {
        None => Ok(()),
        Some(attachment) => Err(ApiError::new(
            "IncorrectState",
            format!("The ASN of {gateway} is in use by {}.", attachment.id),
        )),
    }
}

/// Refuses blocks too many. Whether AWS compares them with other networks is not documented.
pub(super) fn check_cidr_blocks(context: &Context<'_>, blocks: &[IpNet]) -> Result<(), ApiError> {
    match blocks.len().checked_sub(1) {
        Some(others) => Quota::TransitCidrBlocks.check(others, context.faults.quotas()),
        None => Ok(()),
    }
}

fn cidr_blocks(params: &Params<'_>, name: &str) -> Result<Vec<IpNet>, ApiError> {
    let mut blocks = Vec::new();
    for text in params.strings(name) {
        let refused = |why| ApiError::value(name, text, why);
        let block: IpNet = text.parse().map_err(|_| refused("Not a CIDR block."))?;
        let longest = if matches!(block, IpNet::V4(_)) {
            24
        } else {
            64
        };
        if block.prefix_len() > longest {
            return Err(refused(
                "Must be of size /24 or larger for IPv4, /64 or larger for IPv6.",
            ));
        }
        if !blocks.contains(&block.trunc()) {
            blocks.push(block.trunc());
        }
    }
    Ok(blocks)
}

/// An option that is `enable` or `disable`.
pub(super) fn toggle(params: &Params<'_>, name: &str) -> Result<Option<bool>, ApiError> {
    match params.text(name) {
        None | Some("") => Ok(None),
        Some("enable") => Ok(Some(true)),
        Some("disable") => Ok(Some(false)),
        Some(other) => Err(ApiError::value(name, other, "Must be enable or disable.")),
    }
}

/// AWS's word for an option.
pub(super) fn word(on: bool) -> &'static str {
    if on { "enable" } else { "disable" }
}

/// What an option's filter finds.
pub(super) fn value(options: &TransitGatewayOptions, filter: &str) -> Option<String> {
    let id = |id: Option<&ResourceId>| id.map(ToString::to_string);
    let on = match filter {
        "options.amazon-side-asn" => return Some(options.asn.to_string()),
        "options.association-default-route-table-id" => {
            return id(options.association_table.as_ref());
        }
        "options.propagation-default-route-table-id" => {
            return id(options.propagation_table.as_ref());
        }
        "options.auto-accept-shared-attachments" => options.auto_accept,
        "options.default-route-table-association" => options.association_table.is_some(),
        "options.default-route-table-propagation" => options.propagation_table.is_some(),
        "options.dns-support" => options.dns,
        _ => options.vpn_ecmp,
    };
    Some(word(on).to_owned())
}

pub(super) fn write(xml: &mut Xml, options: &TransitGatewayOptions) {
    let (association, propagation) = (&options.association_table, &options.propagation_table);
    xml.text("amazonSideAsn", options.asn);
    if !options.cidr_blocks.is_empty() {
        xml.within("transitGatewayCidrBlocks", |xml| {
            for block in &options.cidr_blocks {
                xml.text("item", block);
            }
        });
    }
    xml.text("autoAcceptSharedAttachments", word(options.auto_accept))
        .text("defaultRouteTableAssociation", word(association.is_some()))
        .optional("associationDefaultRouteTableId", association.as_ref())
        .text("defaultRouteTablePropagation", word(propagation.is_some()))
        .optional("propagationDefaultRouteTableId", propagation.as_ref())
        .text("vpnEcmpSupport", word(options.vpn_ecmp))
        .text("dnsSupport", word(options.dns))
        .text(
            "securityGroupReferencingSupport",
            word(options.security_groups),
        )
        .text("multicastSupport", word(options.multicast));
}
