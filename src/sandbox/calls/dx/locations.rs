//! Places, and what an account has nothing of here.

use serde_json::{Value, json};

use crate::sandbox::calls::context::{Context, Done, Outcome};
use crate::sandbox::calls::dx::params::{given, page, refused};

/// A place where connections can be ordered.
pub(super) struct Location {
    pub(super) code: String,
    name: String,
    speeds: &'static [&'static str],
    mac_sec: &'static [&'static str],
}

impl Location {
    pub(super) fn offers(&self, bandwidth: &str, mac_sec: bool) -> bool {
        let speeds = if mac_sec { self.mac_sec } else { self.speeds };
        speeds.contains(&bandwidth)
    }
}

/// Places that really have these codes (Direct Connect locations).
const REAL: [(&str, &str, &str); 4] = [
    ("eu-central-1", "EqFA5", "Equinix FA5, Frankfurt, DEU"),
    ("eu-west-1", "EirCL", "Eircom Clonshaugh, Dublin, IRL"),
    ("us-east-1", "EqDC2", "Equinix DC2/DC11, Ashburn, VA"),
    ("us-west-2", "EqSe2-EQ", "Equinix SE2/SE3, Seattle, WA"),
];

/// The places of a region: a real one where its code is known, and two that the sandbox made up, of
/// which one is slow and has no MACsec.
pub(super) fn locations(region: &str) -> Vec<Location> {
    let real = REAL.iter().find(|(its, ..)| *its == region);
    let (code, name) = real.map_or(("SBX0".to_owned(), format!("Sandbox 0, {region}")), |it| {
        (it.1.to_owned(), it.2.to_owned())
    });
    vec![
        Location {
            code,
            name,
            speeds: &["1Gbps", "10Gbps", "100Gbps", "400Gbps"],
            mac_sec: &["10Gbps", "100Gbps", "400Gbps"],
        },
        Location {
            code: "SBX1".to_owned(),
            name: format!("Sandbox 1, {region}"),
            speeds: &["1Gbps", "10Gbps"],
            mac_sec: &[],
        },
        Location {
            code: "SBX2".to_owned(),
            name: format!("Sandbox 2, {region}"),
            speeds: &["1Gbps", "10Gbps", "100Gbps"],
            mac_sec: &["10Gbps", "100Gbps"],
        },
    ]
}

pub(super) fn describe(context: &mut Context<'_>) -> Outcome {
    let region = &context.region.name;
    let locations: Vec<Value> = locations(region)
        .iter()
        .map(|it| {
            json!({
                "locationCode": it.code,
                "locationName": it.name,
                "region": region,
                "availablePortSpeeds": it.speeds,
                "availableProviders": ["Sandbox Carrier"],
                "availableMacSecPortSpeeds": it.mac_sec,
                "availableBillingModes": [{
                    "billingMode": "PayAsYouGo",
                    "availablePortSpeeds": it.speeds,
                    "includedRegions": [region],
                }],
            })
        })
        .collect();
    Ok(Done::shown(json!({"locations": locations})))
}

/// The account has no link aggregation groups, and none can be made.
pub(super) fn lags(context: &mut Context<'_>) -> Outcome {
    match given(&context.params, "lagId") {
        // The words are those that Terraform's provider looks for.
        Some(id) => Err(refused(format!("Could not find Lag with ID {id}"))),
        None => page(context, "lags", Vec::new()),
    }
}

/// Interconnects are for partners.
pub(super) fn interconnects(context: &mut Context<'_>) -> Outcome {
    match given(&context.params, "interconnectId") {
        Some(id) => Err(refused(format!("Could not find Interconnect with ID {id}"))),
        None => page(context, "interconnects", Vec::new()),
    }
}

pub(super) fn customer_metadata(_: &mut Context<'_>) -> Outcome {
    let document = json!({"agreements": [], "nniPartnerType": "nonPartner"});
    Ok(Done::shown(document))
}

pub(super) fn virtual_gateways(context: &mut Context<'_>) -> Outcome {
    let known = context.region.vpn_gateways.values();
    let gateways: Vec<Value> = known
        .filter(|it| it.life.is_visible(context.now))
        .map(|it| {
            json!({
                "virtualGatewayId": it.id.as_str(),
                "virtualGatewayState": it.life.state(context.now).as_str(),
            })
        })
        .collect();
    Ok(Done::shown(json!({"virtualGateways": gateways})))
}
