//! Customer gateways.

use std::net::{IpAddr, Ipv4Addr};

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::describe::Describe;
use crate::sandbox::calls::tags;
use crate::sandbox::error::ApiError;
use crate::sandbox::ids::Kind;
use crate::sandbox::lifecycle::{GATEWAY_CREATE, GATEWAY_DELETE};
use crate::sandbox::quota::Quota;
use crate::sandbox::resource::find_mut;
use crate::sandbox::wire::Params;
use crate::sandbox::world::CustomerGateway;
use crate::sandbox::xml::Xml;

/// What AWS stores when the request has no ASN.
const DEFAULT_ASN: u32 = 65000;
/// The largest number that fits `BgpAsn`; above stands `BgpAsnExtended`.
const LARGEST_SHORT_ASN: u32 = 2_147_483_647;

pub(super) fn describe(context: &mut Context<'_>) -> Outcome {
    let describe = Describe {
        ids: "CustomerGatewayId",
        set: "customerGatewaySet",
        filters: &[
            "bgp-asn",
            "customer-gateway-id",
            "ip-address",
            "state",
            "type",
        ],
        paged: false,
    };
    let now = context.now;
    describe.run::<CustomerGateway>(
        context,
        |gateway, filter| {
            vec![match filter {
                "bgp-asn" => gateway.asn.to_string(),
                "ip-address" => gateway.ip.map(|ip| ip.to_string()).unwrap_or_default(),
                "state" => gateway.life.state(now).as_str().to_owned(),
                "type" => "ipsec.1".to_owned(),
                _ => gateway.id.to_string(),
            }]
        },
        |xml, gateway| {
            let state = gateway.life.state(now).as_str();
            write(xml, gateway, context.shown(gateway.id.as_str(), state));
        },
    )
}

pub(super) fn create(context: &mut Context<'_>) -> Outcome {
    let params = &context.params;
    require_ipsec1(params)?;
    let asn = asn(params, &context.region.name)?;
    let ip = address(params)?;
    let certificate_arn = text(params, "CertificateArn");
    if ip.is_none() && certificate_arn.is_none() {
        return Err(ApiError::missing("IpAddress"));
    }
    let device_name = text(params, "DeviceName");
    if device_name
        .as_ref()
        .is_some_and(|name| name.chars().count() > 255)
    {
        return Err(ApiError::value(
            "DeviceName",
            "…",
            "Must have at most 255 characters.",
        ));
    }
    let given = tags::at_creation(params, Kind::CustomerGateway)?;
    context.gate()?;
    let now = context.now;
    let twin = context.region.customer_gateways.values().find(|gateway| {
        gateway.life.is_wanted(now)
            && gateway.ip == ip
            && gateway.asn == asn
            && gateway.device_name == device_name
            && gateway.certificate_arn == certificate_arn
    });
    if let Some(twin) = twin {
        // The same gateway again is no error and no second one; the new tags are dropped.
        let mut done = answer(twin, twin.life.state(now).as_str());
        done.effect = false;
        return Ok(done);
    }
    let existing = context.region.customer_gateways.values();
    Quota::CustomerGateways.check(
        existing.filter(|gateway| gateway.life.exists(now)).count(),
        context.faults.quotas(),
    )?;
    let id = context.new_id::<CustomerGateway>();
    let gateway = CustomerGateway {
        id: id.clone(),
        asn,
        ip,
        certificate_arn,
        device_name,
        life: context.begin(&id, GATEWAY_CREATE),
        tags: given,
    };
    let done = answer(&gateway, "pending");
    context.region.customer_gateways.insert(id, gateway);
    Ok(done)
}

pub(super) fn delete(context: &mut Context<'_>) -> Outcome {
    let id = context
        .params
        .id("CustomerGatewayId", Kind::CustomerGateway)?;
    context.gate()?;
    let now = context.now;
    let takes = context.takes(id.as_str(), "delete", GATEWAY_DELETE);
    let in_use = context
        .region
        .vpn_connections
        .values()
        .any(|connection| connection.customer_gateway == id && connection.life.exists(now));
    let gateway: &mut CustomerGateway = find_mut(context.region, &id, now)?;
    if in_use {
        return Err(ApiError::new(
            "IncorrectState",
            "The customer gateway is in use.",
        ));
    }
    let begins = gateway.life.delete(now, takes);
    Ok(Done::truth(&id).if_changed(begins))
}

fn answer(gateway: &CustomerGateway, state: &str) -> Done {
    Done::changed(&gateway.id, |xml| {
        xml.within("customerGateway", |xml| write(xml, gateway, state));
    })
}

fn write(xml: &mut Xml, gateway: &CustomerGateway, state: &str) {
    let name = if gateway.asn > LARGEST_SHORT_ASN {
        "bgpAsnExtended"
    } else {
        "bgpAsn"
    };
    xml.text("customerGatewayId", &gateway.id)
        .text("state", state)
        .text("type", "ipsec.1")
        .optional("ipAddress", gateway.ip)
        .text(name, gateway.asn)
        .optional("certificateArn", gateway.certificate_arn.as_ref())
        .optional("deviceName", gateway.device_name.as_ref());
    tags::write(xml, &gateway.tags);
}

/// `Type`, which has one value.
pub(super) fn require_ipsec1(params: &Params<'_>) -> Result<(), ApiError> {
    match params.required("Type")? {
        "ipsec.1" => Ok(()),
        other => Err(ApiError::value(
            "Type",
            other,
            "The only supported type is ipsec.1.",
        )),
    }
}

fn asn(params: &Params<'_>, region: &str) -> Result<u32, ApiError> {
    let short: Option<u32> = params.parsed("BgpAsn")?;
    let long: Option<u32> = params.parsed("BgpAsnExtended")?;
    let asn = match (short, long) {
        (Some(_), Some(_)) => {
            return Err(ApiError::combination(
                "The parameters BgpAsn and BgpAsnExtended cannot be used together.",
            ));
        }
        (Some(asn), None) if (1..=LARGEST_SHORT_ASN).contains(&asn) => asn,
        (Some(asn), None) => {
            return Err(ApiError::value(
                "BgpAsn",
                &asn.to_string(),
                "Invalid BGP ASN.",
            ));
        }
        (None, Some(asn)) if asn > LARGEST_SHORT_ASN => asn,
        (None, Some(asn)) => {
            return Err(ApiError::value(
                "BgpAsnExtended",
                &asn.to_string(),
                "Invalid BGP ASN.",
            ));
        }
        (None, None) => DEFAULT_ASN,
    };
    if is_amazons(asn, region) {
        return Err(ApiError::value(
            "BgpAsn",
            &asn.to_string(),
            "The ASN is reserved by Amazon.",
        ));
    }
    Ok(asn)
}

/// The ASNs that AWS keeps for itself (Site-to-Site VPN user guide, "Customer gateway options").
fn is_amazons(asn: u32, region: &str) -> bool {
    matches!(
        (asn, region),
        (7224, _) | (9059, "eu-west-1") | (10124, "ap-northeast-1") | (17943, "ap-southeast-1")
    )
}

fn address(params: &Params<'_>) -> Result<Option<IpAddr>, ApiError> {
    let Some(text) = text(params, "IpAddress").or_else(|| text(params, "PublicIp")) else {
        return Ok(None);
    };
    let refused = || ApiError::value("IpAddress", &text, "Not a usable address.");
    let ip: IpAddr = text.parse().map_err(|_| refused())?;
    let unusable = match ip {
        // Private addresses are fine: private IP VPN over Direct Connect uses them.
        IpAddr::V4(ip) => {
            ip.is_loopback()
                || ip.is_multicast()
                || ip.is_link_local()
                || ip == Ipv4Addr::BROADCAST
                || ip.octets().first() == Some(&0)
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_multicast() || ip.is_unspecified(),
    };
    if unusable {
        Err(refused())
    } else {
        Ok(Some(ip))
    }
}

fn text(params: &Params<'_>, name: &str) -> Option<String> {
    params
        .text(name)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}
