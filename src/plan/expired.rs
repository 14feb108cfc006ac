//! Test sites whose time is up.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::cost::Prices;
use super::teardown::tagged;
use crate::aws::{Tags, View};
use crate::resource::{TAG_ENVIRONMENT, TAG_EXPIRES_AT, TAG_SITE};
use crate::spec::{Environment, SiteName};

/// A test site that `reap` may take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExpiredSite {
    /// The site.
    pub site: SiteName,
    /// When its time was up.
    pub expired_at: Timestamp,
    /// What of it still exists, by id.
    pub objects: Vec<String>,
    /// How many VPN connections of it are billed by the hour.
    pub connections: usize,
}

impl ExpiredSite {
    /// USD per hour that it costs, by the price of `region`.
    pub fn hourly_usd(&self, prices: &Prices, region: &crate::spec::Region) -> f64 {
        // A count of connections is far below the 2^52 where f64 stops counting.
        let connections = u32::try_from(self.connections).unwrap_or(u32::MAX);
        prices.hourly_usd("vpn_connection", region).unwrap_or(0.0) * f64::from(connections)
    }
}

/// The sites whose time is up, by name.
///
/// Never one of production, and never one of which a single object lacks the environment or the
/// expiry: then a person has touched it, and a person shall decide. Where expiries differ, the
/// latest counts.
pub fn expired(view: &View, now: Timestamp) -> Vec<ExpiredSite> {
    let mut sites: BTreeMap<SiteName, Vec<(&str, &Tags)>> = BTreeMap::new();
    for (id, tags) in tagged(view) {
        if let Some(site) = tags.get(TAG_SITE).and_then(|site| site.parse().ok()) {
            sites.entry(site).or_default().push((id, tags));
        }
    }
    sites
        .into_iter()
        .filter_map(|(site, objects)| expired_site(site, &objects, now))
        .collect()
}

fn expired_site(site: SiteName, objects: &[(&str, &Tags)], now: Timestamp) -> Option<ExpiredSite> {
    let mut expired_at: Option<Timestamp> = None;
    for (_, tags) in objects {
        if tags.get(TAG_ENVIRONMENT)? != Environment::Test.as_str() {
            return None;
        }
        let at: Timestamp = tags.get(TAG_EXPIRES_AT)?.parse().ok()?;
        expired_at = expired_at.max(Some(at));
    }
    let connections = objects
        .iter()
        .filter(|(id, _)| id.starts_with("vpn-"))
        .count();
    Some(ExpiredSite {
        site,
        expired_at: expired_at.filter(|at| *at <= now)?,
        objects: objects.iter().map(|(id, _)| (*id).to_owned()).collect(),
        connections,
    })
}
